"""Variants by the names that the command line uses."""

import re

import keras

import zoo
from zoo.commands import objectives


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


def make(name, options, objective=None, ema_halflife_images=0, seed=0):
    """Make a model from the name of a variant, or from a preset to continue with.

    Args:
        name: Name of `all_variants()`, of a preset, or a preset folder.
        options: Dict of constructor arguments of the variant (of a preset, those to change).
        objective: What `objectives.build` takes, or `None` (default) for the objective of the
            variant or of the preset.
        ema_halflife_images: Float.
        seed: Integer.

    Raises:
        ValueError: If the name or an option is unknown.
    """
    known = all_variants()
    if objective is not None:
        options = {**options, "objective": objectives.build(objective)}
    common = {"ema_halflife_images": ema_halflife_images, "seed": seed}
    if name in known:
        return known[name](**{**options, **common})
    trained = zoo.from_preset(name)
    model = type(trained).from_config({**trained.get_config(), **_serialized(options), **common})
    model.generator.set_weights(trained.inference_network.get_weights())
    return model


def _serialized(options):
    return {key: keras.saving.serialize_keras_object(value) for key, value in options.items()}
