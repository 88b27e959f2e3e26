"""The kinds of models that are served: they restore, fill, edit or make images."""

import dataclasses

import keras

from export import editing, inpainting, sampling, signatures
from export.photographs import photographs

_CALIBRATION_PHOTOGRAPHS = 64
_CALIBRATION_SIDE = 256


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
    if editing.edits(model):
        alignment = getattr(model, "size_multiple", 1) if alignment is None else alignment
        network = editing.editing_network(model, precision)
        return Editing(network, signatures.alignment_of(network, alignment))
    if inpainting.fills_holes(model):
        network = inpainting.inpainting_network(model, precision)
        return Inpainting(network, signatures.alignment_of(network, alignment))
    if not sampling.makes_samples(model):
        network = signatures.exportable_network(model, precision)
        return Restoration(network, signatures.alignment_of(network, alignment))
    if alignment is not None:
        raise ValueError(
            "`alignment` is for models on images; this one makes images from noise. "
            f"Received: alignment={alignment!r}"
        )
    return Generation(sampling.sampling_network(model, precision))


@dataclasses.dataclass(frozen=True)
class Restoration:
    """A network from images to images.

    Attributes:
        network: Functional `keras.Model`.
        alignment: Integer, height and width that it can take are multiples of it.
    """

    network: keras.Model
    alignment: int

    def signatures(self, max_pixels):
        """Dict of the names of a SavedModel's signatures to `tf.function`s."""
        parts = self.network, self.alignment
        return {
            "serving_default": signatures.float_signature(*parts),
            "restore_bytes": signatures.bytes_signature(*parts, max_pixels),
        }

    def facts(self, max_pixels):
        """What `export.record` says of it."""
        return {"alignment": self.alignment, "max_pixels": max_pixels}

    def lite_function(self):
        """The `tf.function` of a TFLite file."""
        return signatures.lite_function(self.network, self.alignment)

    def calibration(self, representative):
        """Inputs of `lite_function`, a dict of arrays for each photograph."""
        images = photographs(
            representative,
            self.network.inputs[0].shape[-1],
            _CALIBRATION_PHOTOGRAPHS,
            _CALIBRATION_SIDE,
        )
        return [{signatures.FLOAT_INPUT: image[None].astype("float32") / 255.0} for image in images]


@dataclasses.dataclass(frozen=True)
class Inpainting:
    """A network from images and masks to images.

    Attributes as of `Restoration`.
    """

    network: keras.Model
    alignment: int

    def signatures(self, max_pixels):
        """Dict of the names of a SavedModel's signatures to `tf.function`s."""
        parts = self.network, self.alignment
        return {
            "serving_default": inpainting.float_signature(*parts),
            "restore_bytes": inpainting.bytes_signature(*parts, max_pixels),
        }

    def facts(self, max_pixels):
        """What `export.record` says of it."""
        return {"alignment": self.alignment, "max_pixels": max_pixels}

    def lite_function(self):
        """The `tf.function` of a TFLite file."""
        return inpainting.lite_function(self.network, self.alignment)

    def calibration(self, representative):
        """Inputs of `lite_function`, a dict of arrays for each photograph, with a hole each."""
        images = photographs(
            representative,
            self.network.outputs[0].shape[-1],
            _CALIBRATION_PHOTOGRAPHS,
            _CALIBRATION_SIDE,
        )
        return [
            {
                inpainting.IMAGES: image[None].astype("float32") / 255.0,
                inpainting.MASKS: mask[None],
            }
            for image, mask in zip(images, inpainting.box_masks(images), strict=True)
        ]


@dataclasses.dataclass(frozen=True)
class Editing:
    """A network from images and what says how to edit them to images.

    Attributes as of `Restoration`.
    """

    network: keras.Model
    alignment: int

    def signatures(self, max_pixels):
        """Dict of the names of a SavedModel's signatures to `tf.function`s."""
        parts = self.network, self.alignment
        return {
            "serving_default": editing.float_signature(*parts),
            "edit_bytes": editing.bytes_signature(*parts, max_pixels),
        }

    def facts(self, max_pixels):
        """What `export.record` says of it."""
        inputs = {spec.name: list(spec.shape[1:]) for spec in editing.specs(self.network)}
        return {"alignment": self.alignment, "max_pixels": max_pixels, "inputs": inputs}

    def lite_function(self):
        """The `tf.function` of a TFLite file."""
        return editing.lite_function(self.network, self.alignment)

    def calibration(self, representative):
        """Inputs of `lite_function`, a dict of arrays for each photograph."""
        images = photographs(
            representative,
            self.network.inputs[0].shape[-1],
            _CALIBRATION_PHOTOGRAPHS,
            _CALIBRATION_SIDE,
        )
        return editing.examples(self.network, images)


@dataclasses.dataclass(frozen=True)
class Generation:
    """A network from latents, and labels if it has them, to images.

    Attributes:
        network: Functional `keras.Model`.
    """

    network: keras.Model

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

    def lite_function(self):
        """The `tf.function` of a TFLite file."""
        return sampling.lite_sample_function(self.network)

    def calibration(self, representative):
        """Inputs of `lite_function`, a dict of arrays for each sample."""
        return sampling.one_by_one(self.network, representative)
