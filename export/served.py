"""The kinds of models that are served: they restore, fill, edit or make images."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from export import editing, inpainting, sampling, signatures
from export.photographs import photographs
from zoo.core.tile_network import makes_colours

_CALIBRATION_PHOTOGRAPHS = 64
_CALIBRATION_SIDE = 256
_WHOLE_PIXELS = 2**22
_TILED_PIXELS = 25_000_000  # of the larger of what comes and what goes out


def served(model, precision="float32", alignment=None):
    """Return what of a model is served.

    Args:
        model: A model of the zoo, or a functional `keras.Model`.
        precision: `"float32"` (default) or `"bfloat16"`.
        alignment: Integer, for a model on images, or `None`; see `export.saved_model`.

    Returns:
        A `Restoration`, an `Inpainting`, an `Editing` or a `Generation`.

    Raises:
        ValueError: If the model cannot be served, or has no use for `alignment`.
    """
    signatures.check_alignment(alignment)
    if editing.edits(model):
        alignment = getattr(model, "size_multiple", 1) if alignment is None else alignment
        network = editing.editing_network(model, precision)
        parts = {name: getattr(model, name, None) for name in ("tokenizer", "attributes")}
        return Editing(network, alignment, **parts)
    if inpainting.fills_holes(model):
        return _tiled(Inpainting, inpainting.inpainting_network(model, precision), alignment)
    if not sampling.makes_samples(model):
        return _tiled(Restoration, signatures.exportable_network(model, precision), alignment)
    if alignment is not None:
        raise ValueError(
            "`alignment` is for models on images; this one makes images from noise. "
            f"Received: alignment={alignment!r}"
        )
    return Generation(sampling.sampling_network(model, precision))


def _tiled(kind, network, alignment):
    field = signatures.field_of(network, alignment)
    alignment = alignment if field is None else field.multiple
    tiles = field is not None and isinstance(field.scale, int)
    return kind(network, alignment, field if tiles else None)


@dataclasses.dataclass(frozen=True)
class _OnImages:
    """What networks on images have in common.

    Attributes:
        network: Functional `keras.Model`.
        alignment: Integer, height and width that it can take are multiples of it.
        field: `zoo.core.receptive_field.ReceptiveField`, or `None` if large images are not tiled.
    """

    network: keras.Model
    alignment: int
    field: object = None

    #: Module with the signatures of this kind of network.
    functions = None
    #: Name of the signature on files.
    on_files = "restore_bytes"
    #: How many of the network's channels are no image.
    mask_channels = 0
    #: What a SavedModel holds beside the network's variables.
    resources = None

    @property
    def max_pixels(self):
        """Most pixels of a file, unless others are asked for."""
        return _WHOLE_PIXELS if self.field is None else _TILED_PIXELS // self.field.scale**2

    def signatures(self, max_pixels):
        """Dict of the names of a SavedModel's signatures to `tf.function`s."""
        parts = self.network, self.alignment
        return {
            "serving_default": self.functions.float_signature(*parts),
            self.on_files: self.functions.bytes_signature(*parts, max_pixels, self.field),
        }

    def facts(self, max_pixels):
        """What `export.record`, and the signature `describe`, say of it."""
        sees = self.field is not None and self.field.is_finite
        return {
            "alignment": self.alignment,
            "max_pixels": max_pixels,
            "scale": 1 if self.field is None else self.field.scale,
            "radius": self.field.radius if sees else None,
            "makes_colors": makes_colours(self.network),
        }

    def lite_function(self, size=None):
        """The `tf.function` of a TFLite file, for images of any size or of `(height, width)`."""
        if size is None:
            return self.functions.lite_function(self.network, self.alignment)
        if any(side % self.alignment for side in size):
            raise ValueError(
                f"`size` must be multiples of {self.alignment} for this network. Received: {size}"
            )
        return self.functions.lite_function(self.network, 1, size)

    def calibration(self, representative, size=None):
        """Inputs of `lite_function`, a dict of arrays for each photograph."""
        channels = self.network.inputs[0].shape[-1] - self.mask_channels
        images = photographs(representative, channels, _CALIBRATION_PHOTOGRAPHS, _CALIBRATION_SIDE)
        if size is not None:
            images = [np.asarray(tf.image.resize(image, size)).astype(np.uint8) for image in images]
        return self.inputs_of(images)

    def inputs_of(self, images):
        """Inputs of `lite_function` for uint8 images, a dict of float32 arrays for each."""
        raise NotImplementedError(f"{type(self).__name__} must define `inputs_of(images)`.")


class Restoration(_OnImages):
    """A network from images to images."""

    functions = signatures

    def inputs_of(self, images):
        """The images themselves."""
        return [{signatures.FLOAT_INPUT: image[None].astype("float32") / 255.0} for image in images]


class Inpainting(_OnImages):
    """A network from images and masks to images."""

    functions = inpainting
    mask_channels = 1

    def inputs_of(self, images):
        """The images with a hole each."""
        return [
            {
                inpainting.IMAGES: image[None].astype("float32") / 255.0,
                inpainting.MASKS: mask[None],
            }
            for image, mask in zip(images, inpainting.box_masks(images), strict=True)
        ]


@dataclasses.dataclass(frozen=True)
class Editing(_OnImages):
    """A network from images and what says how to edit them to images.

    Attributes:
        tokenizer: `keras.layers.TextVectorization` of a network that takes the numbers of words.
        attributes: Dict of names to `(low, high)` of a network that takes changes of attributes.
    """

    tokenizer: keras.layers.Layer | None = None
    attributes: dict | None = None

    functions = editing
    on_files = "edit_bytes"

    def signatures(self, max_pixels):
        """Dict of the names of a SavedModel's signatures to `tf.function`s."""
        parts = self.network, self.alignment
        return {
            "serving_default": editing.float_signature(*parts, self.tokenizer),
            self.on_files: editing.bytes_signature(*parts, max_pixels, self.tokenizer),
        }

    @property
    def resources(self):
        """What a SavedModel holds beside the network's variables."""
        return self.tokenizer

    def facts(self, max_pixels):
        """What `export.record` says of it."""
        facts = {
            **super().facts(max_pixels),
            "inputs": {
                spec.name: list(spec.shape[1:])
                for spec in editing.served_specs(self.network, self.tokenizer)
            },
        }
        if self.tokenizer is not None:
            facts["vocabulary"] = self.tokenizer.get_vocabulary()
        if self.attributes is not None:
            facts["attributes"] = self.attributes
        return facts

    def inputs_of(self, images):
        """Each image with the next one as its style."""
        return editing.examples(self.network, images)


@dataclasses.dataclass(frozen=True)
class Generation:
    """A network from latents, and labels if it has them, to images.

    Attributes:
        network: Functional `keras.Model`.
    """

    network: keras.Model

    resources = None
    max_pixels = None

    def signatures(self, max_pixels):
        """Dict of the names of a SavedModel's signatures to `tf.function`s."""
        sample = sampling.sample_signature(self.network)
        return {
            "serving_default": sample,
            "sample": sample,
            "sample_bytes": sampling.sample_bytes_signature(self.network),
        }

    def facts(self, max_pixels):
        """What `export.record` says of it."""
        return {
            "latent_size": sampling.latent_size(self.network),
            "class_count": sampling.class_count(self.network),
        }

    def lite_function(self, size=None):
        """The `tf.function` of a TFLite file; images have one size anyway."""
        if size is not None:
            raise ValueError(f"`size` is for models on images. Received: size={size}")
        return sampling.lite_sample_function(self.network)

    def calibration(self, representative, size=None):
        """Inputs of `lite_function`, a dict of arrays for each sample."""
        return sampling.one_by_one(self.network, representative)
