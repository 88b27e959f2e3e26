"""Variants by the names that the command line uses."""

import inspect
import re

import keras

import zoo
from zoo.commands import objectives


def all_variants():
    """Return the variants: dict of command-line name (`srgan`, `old_photo_gan`) to class."""
    bases = (zoo.AdversarialModel, zoo.PairedGAN, zoo.LatentGAN)
    found = (value for value in vars(zoo).values() if isinstance(value, type))
    return {
        snake_case(cls.__name__): cls
        for cls in found
        if issubclass(cls, zoo.AdversarialModel) and cls not in bases
    }


def snake_case(name):
    """`OldPhotoGAN` -> `old_photo_gan`, `SRGAN` -> `srgan`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def variant(name):
    """Return the variant of a name, or `None` where it names none, but a preset."""
    return {_bare(each): cls for each, cls in all_variants().items()}.get(_bare(name))


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
    common = {"ema_halflife_images": ema_halflife_images, "seed": seed}
    cls = variant(name)
    if cls is not None:
        return cls(**_made(cls, options, objective), **common)
    trained = zoo.from_preset(name)
    cls = type(trained)
    options = _serialized(_made(cls, options, objective))
    model = cls.from_config({**trained.get_config(), **options, **common})
    model.generator.set_weights(trained.kept_network.get_weights())
    return model


def _bare(name):
    """Names are looked up without regard to `_` and case: `stylegan2`, `wgan_gp`."""
    return str(name).replace("_", "").lower()


def _made(cls, options, objective):
    """Constructor arguments: what is given in words made into objects, all names checked."""
    known = _arguments(cls)
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(
            f"`--set` takes arguments of {cls.__name__}: {', '.join(sorted(known))}. "
            f"Received: {', '.join(unknown)}"
        )
    options = dict(options)
    if isinstance(options.get("latents"), dict):
        options["latents"] = _latents(options["latents"])
    if isinstance(options.get("augmentation"), dict):
        options["augmentation"] = zoo.AdaptiveAugmentation(**options["augmentation"])
    if objective is not None:
        options["objective"] = objectives.builder_of(cls)(objective)
    return options


def _arguments(cls):
    """Names of the constructor's arguments, those that are handed on to its bases included."""
    names = set()
    for base in cls.__mro__:
        if base is zoo.AdversarialModel:
            break
        if "__init__" in vars(base):
            parameters = inspect.signature(base.__init__).parameters.values()
            names |= {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
            if not any(each.kind is each.VAR_KEYWORD for each in parameters):
                break
    return names - {"self", "generator", "discriminator", "objective"}


def _latents(spec):
    """`{"mixture": {"size": 64, "components": 10}}` -> `zoo.latents.Mixture(64, 10)`."""
    kinds = {
        snake_case(cls.__name__): cls
        for cls in vars(zoo.latents).values()
        if isinstance(cls, type) and issubclass(cls, zoo.latents.LatentDistribution)
    }
    del kinds["latent_distribution"]
    name, options = next(iter(spec.items()), (None, None))
    if len(spec) != 1 or name not in kinds or not isinstance(options, dict):
        raise ValueError(
            "`latents` must be one of "
            f"{', '.join(kinds)} with its arguments, such as {{'normal': {{'size': 100}}}}. "
            f"Received: {spec!r}"
        )
    try:
        return kinds[name](**options)
    except TypeError as error:
        raise ValueError(f"`latents`: {error}. Received: {spec!r}") from None


def _serialized(options):
    return {key: keras.saving.serialize_keras_object(value) for key, value in options.items()}
