"""What is compared of each kind of model: the examples, and how each format is called."""

import io

import numpy as np
import PIL.Image
import tensorflow as tf

from export import editing, inpainting, sampling
from export.photographs import photographs
from export.served import Editing, Generation, Inpainting, Restoration, served
from export.signatures import BYTES_INPUT, BYTES_OUTPUT, FLOAT_INPUT, FLOAT_OUTPUT

_HALF_LEVEL = 0.5 / 255.0
_MOST_PHOTOGRAPHS = 16
_SAMPLES = 8


def comparison(model, source, alignment):
    """Return the comparison of a model's kind.

    Args:
        model: What `export.check` takes.
        source: Photographs, or what images are made from; `None` for some.
        alignment: As of `export.check`.
    """
    what = served(model, alignment=alignment)
    kinds = {
        Restoration: RestorationComparison,
        Inpainting: InpaintingComparison,
        Editing: EditingComparison,
        Generation: GenerationComparison,
    }
    return kinds[type(what)](what, model, source)


class RestorationComparison:
    """A model on images: both signatures and TFLite, on photographs.

    Attributes:
        examples: List of uint8 images.
        signatures: Dict of the name of a signature to how it is called (with the function and an
            example, it returns a float image in [0, 1]) and how far rounding takes its result.
    """

    def __init__(self, what, model, source):
        self.network, self.alignment = what.network, what.alignment
        channels = self.network.inputs[0].shape[-1]
        self.examples = photographs(source, channels, _MOST_PHOTOGRAPHS)
        self.signatures = {
            "serving_default": (self._floats, 0.0),
            "restore_bytes": (self._bytes, _HALF_LEVEL),
        }

    def expected(self, image):
        """What the network gives in Keras, with padding that shares nothing with the export's."""
        height, width = image.shape[:2]
        pad = [(0, -height % self.alignment), (0, -width % self.alignment), (0, 0)]
        batch = np.pad(_unit(image), pad, mode="reflect")[None]
        output = np.asarray(self.network(batch * 2.0 - 1.0, training=False))[0]
        height = height * output.shape[0] // batch.shape[1]
        width = width * output.shape[1] // batch.shape[2]
        return np.clip((output[:height, :width] + 1.0) * 0.5, 0.0, 1.0)

    def size(self, image):
        """`(height, width)` that the report names for an example."""
        return image.shape[:2]

    def lite(self, runner, image):
        """Call a TFLite signature runner, which resizes its interpreter to the image."""
        return runner(**{FLOAT_INPUT: _unit(image)[None]})[FLOAT_OUTPUT][0]

    @staticmethod
    def _floats(function, image):
        return function(**{FLOAT_INPUT: tf.constant(_unit(image)[None])})[FLOAT_OUTPUT][0].numpy()

    @staticmethod
    def _bytes(function, image):
        files = function(**{BYTES_INPUT: tf.constant([_png(image)])})[BYTES_OUTPUT]
        return _pixels(files[0].numpy())


class InpaintingComparison:
    """A model that fills holes: both signatures and TFLite, on photographs with a box cut out.

    Attributes as of `RestorationComparison`; an example is a uint8 image and its mask.
    """

    def __init__(self, what, model, source):
        self.network, self.alignment = what.network, what.alignment
        channels = self.network.outputs[0].shape[-1]
        images = photographs(source, channels, _MOST_PHOTOGRAPHS)
        self.examples = list(zip(images, inpainting.box_masks(images), strict=True))
        self.signatures = {
            "serving_default": (self._floats, 0.0),
            "restore_bytes": (self._bytes, _HALF_LEVEL),
        }

    def expected(self, example):
        """What the network gives in Keras, with padding that shares nothing with the export's."""
        image, mask = example
        height, width = image.shape[:2]
        visible = np.where(mask > 0, 0.0, _unit(image) * 2.0 - 1.0)
        pad = [(0, -height % self.alignment), (0, -width % self.alignment), (0, 0)]
        batch = np.pad(np.concatenate([visible, mask], -1), pad, mode="reflect")[None]
        output = np.asarray(self.network(batch.astype("float32"), training=False))[0]
        drawn = np.clip((output[:height, :width] + 1.0) * 0.5, 0.0, 1.0)
        return np.where(mask > 0, drawn, _unit(image))

    def size(self, example):
        """`(height, width)` that the report names for an example."""
        return example[0].shape[:2]

    def lite(self, runner, example):
        """Call a TFLite signature runner."""
        image, mask = example
        inputs = {inpainting.IMAGES: _unit(image)[None], inpainting.MASKS: mask[None]}
        return runner(**inputs)[inpainting.RESTORED][0]

    @staticmethod
    def _floats(function, example):
        image, mask = example
        inputs = {inpainting.IMAGES: _unit(image)[None], inpainting.MASKS: mask[None]}
        return function(**_tensors(inputs))[inpainting.RESTORED][0].numpy()

    @staticmethod
    def _bytes(function, example):
        image, mask = example
        files = {
            inpainting.IMAGE_BYTES: tf.constant([_png(image)]),
            inpainting.MASK_BYTES: tf.constant([_png((255 * mask).astype(np.uint8))]),
        }
        return _pixels(function(**files)[inpainting.RESTORED_BYTES][0].numpy())


class EditingComparison:
    """A model that edits: both signatures and TFLite, on photographs, each by the next one.

    Attributes as of `RestorationComparison`; an example is a dict of arrays.
    """

    def __init__(self, what, model, source):
        self.network, self.alignment = what.network, what.alignment
        self._tokenizer = what.tokenizer
        channels = self.network.inputs[0].shape[-1]
        images = photographs(source, channels, _MOST_PHOTOGRAPHS)
        self.examples = editing.examples(self.network, images)
        self.signatures = {
            "serving_default": (self._floats, 0.0),
            "edit_bytes": (self._bytes, _HALF_LEVEL),
        }

    def expected(self, inputs):
        """What the network gives in Keras, with padding that shares nothing with the export's."""
        height, width = self.size(inputs)
        pad = [(0, 0), (0, -height % self.alignment), (0, -width % self.alignment), (0, 0)]
        first = np.pad(inputs[editing.IMAGES], pad, mode="reflect")
        others = [each for name, each in inputs.items() if name != editing.IMAGES]
        arrays = [each * 2.0 - 1.0 if each.ndim == 4 else each for each in (first, *others)]
        output = np.asarray(self.network(arrays, training=False))[0, :height, :width]
        return np.clip((output + 1.0) * 0.5, 0.0, 1.0)

    def size(self, inputs):
        """`(height, width)` that the report names for an example."""
        return inputs[editing.IMAGES].shape[1:3]

    def lite(self, runner, inputs):
        """Call a TFLite signature runner."""
        return runner(**inputs)[editing.EDITED][0]

    def _floats(self, function, inputs):
        return function(**_tensors(self._with_texts(inputs)))[editing.EDITED][0].numpy()

    def _bytes(self, function, inputs):
        files = {
            editing.bytes_name(name) if each.ndim == 4 else name: tf.constant(
                [_png(np.rint(each[0] * 255).astype(np.uint8))] if each.ndim == 4 else each
            )
            for name, each in self._with_texts(inputs).items()
        }
        return _pixels(function(**files)[editing.EDITED_BYTES][0].numpy())

    def _with_texts(self, inputs):
        """What a server takes: a text in place of the numbers of its words."""
        inputs = dict(inputs)
        tokens = inputs.pop(editing.TOKENS, None)
        if tokens is None:
            return inputs
        words = np.array(self._tokenizer.get_vocabulary())
        return {**inputs, editing.TEXTS: np.array([" ".join(words[each]) for each in tokens])}


class GenerationComparison:
    """A model that makes images from noise: all signatures and TFLite, on the same latents.

    Attributes as of `RestorationComparison`; an example is a dict of the arrays of one sample.
    """

    def __init__(self, what, model, source):
        self.network = what.network
        source = self._drawn(model) if source is None else source
        self.examples = sampling.one_by_one(self.network, source)
        self.signatures = {
            "serving_default": (self._floats, 0.0),
            "sample": (self._floats, 0.0),
            "sample_bytes": (self._bytes, _HALF_LEVEL),
        }

    def _drawn(self, model):
        if hasattr(model, "latents"):
            return model.inputs(_SAMPLES)
        latents = np.random.default_rng(0).standard_normal(
            (_SAMPLES, sampling.latent_size(self.network))
        )
        known = sampling.class_count(self.network)
        return [latents] if known is None else [latents, np.arange(_SAMPLES) % known]

    def expected(self, inputs):
        """What the network gives in Keras."""
        arrays = list(inputs.values())
        image = np.asarray(self.network(arrays if len(arrays) > 1 else arrays[0], training=False))
        return np.clip((image[0] + 1.0) * 0.5, 0.0, 1.0)

    def size(self, inputs):
        """`(height, width)` that the report names for an example."""
        return self.network.output_shape[1:3]

    def lite(self, runner, inputs):
        """Call a TFLite signature runner."""
        return runner(**inputs)[sampling.SAMPLES][0]

    @staticmethod
    def _floats(function, inputs):
        return function(**_tensors(inputs))[sampling.SAMPLES][0].numpy()

    @staticmethod
    def _bytes(function, inputs):
        return _pixels(function(**_tensors(inputs))[sampling.SAMPLE_BYTES][0].numpy())


def _tensors(inputs):
    return {name: tf.constant(array) for name, array in inputs.items()}


def _unit(image):
    return image.astype(np.float32) / 255.0


def _png(image):
    file = io.BytesIO()
    PIL.Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG")
    return file.getvalue()


def _pixels(contents):
    image = np.asarray(PIL.Image.open(io.BytesIO(contents)), np.float32) / 255.0
    return image[..., None] if image.ndim == 2 else image
