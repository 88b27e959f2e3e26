"""Variants by the names that the command line uses."""

import re

import keras

import zoo

_PIXEL_LOSSES = {
    "l1": keras.losses.MeanAbsoluteError,
    "l2": keras.losses.MeanSquaredError,
    "psnr": zoo.losses.PSNRLoss,
}


def all_variants():
    """Return the variants: dict of command-line name (`srgan`, `old_photo_gan`) to class."""
    bases = (zoo.AdversarialModel, zoo.PairedGAN)
    found = (value for value in vars(zoo).values() if isinstance(value, type))
    return {
        snake_case(cls.__name__): cls
        for cls in found
        if issubclass(cls, zoo.AdversarialModel) and cls not in bases
    }


def snake_case(name):
    """`OldPhotoGAN` -> `old_photo_gan`, `SRGAN` -> `srgan`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def make(name, options, pixel_only=None, ema_halflife_images=0, seed=0):
    """Make a model from the name of a variant, or from a preset to continue with.

    Args:
        name: Name of `all_variants()`, of a preset, or a preset folder.
        options: Dict of constructor arguments of the variant (must be empty for a preset).
        pixel_only: `"l1"`, `"l2"` or `"psnr"` to train with this loss alone, `None` (default)
            for the objective of the variant.
        ema_halflife_images: Float.
        seed: Integer.

    Raises:
        ValueError: If the name or an option is unknown.
    """
    known = all_variants()
    if pixel_only is not None:
        options = {**options, "objective": zoo.PairedObjective(_pixel_loss(pixel_only))}
    common = {"ema_halflife_images": ema_halflife_images, "seed": seed}
    if name in known:
        return known[name](**{**options, **common})
    trained = zoo.from_preset(name)
    model = type(trained).from_config({**trained.get_config(), **_serialized(options), **common})
    model.generator.set_weights(trained.inference_network.get_weights())
    return model


def _pixel_loss(name):
    if name not in _PIXEL_LOSSES:
        raise ValueError(
            f"`--pixel-only` must be one of {', '.join(_PIXEL_LOSSES)}. Received: {name!r}"
        )
    return _PIXEL_LOSSES[name]()


def _serialized(options):
    return {key: keras.saving.serialize_keras_object(value) for key, value in options.items()}
