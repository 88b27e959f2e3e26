"""Start from a trained model: copied weights, frozen layers, learning rates by layer."""

import dataclasses
import difflib
import json
from pathlib import Path

import keras

from zoo.core import checkpoints, presets


@dataclasses.dataclass(frozen=True)
class WarmStart:
    """What `warm_start` copied.

    Args:
        copied: Names of the layers that were copied into, such as `"generator/conv2d"`.
        kept: Names of the layers that keep their own weights, since none of the source fits.
    """

    copied: tuple
    kept: tuple

    def __str__(self):
        kept = f"; not copied: {', '.join(self.kept)}" if self.kept else ""
        return f"{len(self.copied)} layers copied, {len(self.kept)} not{kept}"


def warm_start(model, source, *, strict=False):
    """Copy the weights of a trained model, layer by layer where shapes agree.

    Layers are paired in the order of the networks by kind and shape, so that a source of another
    image size or number of classes lends all that fits. Optimizers start anew.

    The discriminator matters most: one that starts from nothing soon spoils a trained generator.
    A preset holds it if it was saved with `training_state=True`, a run if it has a checkpoint.

    Args:
        model: `AdversarialModel` to copy into.
        source: `AdversarialModel`, the name or the folder of a preset, or the folder of a run of
            `zoo train`, of which the newest checkpoint counts.
        strict: Bool, raise unless every layer is copied into. Defaults to `False`.

    Returns:
        A `WarmStart`. Print it: it names the layers that were not copied.

    Raises:
        ValueError: If nothing fits, or with `strict` not everything; nothing is copied then.

    Example:

    >>> import zoo
    >>> trained = zoo.DCGAN(image_size=28, channels=1, filters=4)
    >>> model = zoo.ConditionalGAN(2, image_size=28, channels=1, filters=4)
    >>> report = warm_start(model, trained)
    >>> len(report.copied), len(report.kept)
    (7, 4)
    """
    lender, has_discriminator = _resolve(source)
    pairs, kept = [], []
    for name, target, origin in _networks(model, lender, has_discriminator):
        found, missing = _paired_layers(target, origin)
        pairs += [(f"{name}/{layer.name}", layer, other) for layer, other in found]
        kept += [f"{name}/{layer.name}" for layer in missing]
    report = WarmStart(tuple(name for name, _, _ in pairs), tuple(kept))
    if not pairs or (strict and kept):
        raise ValueError(
            "`source` must have layers of the kinds and shapes of the model's"
            f"{', all of them (strict=True)' if strict else ''}. Received: "
            f"{type(lender).__name__} for {type(model).__name__}: {report}"
        )
    for _, layer, other in pairs:
        layer.set_weights(other.get_weights())
    return report


def _resolve(source):
    """Return the model that lends its weights, and whether its discriminator is trained."""
    if isinstance(source, keras.Model):
        if not hasattr(source, "inference_network"):
            raise ValueError(
                "`source` must be an AdversarialModel, a preset or a run. "
                f"Received: a {type(source).__name__}"
            )
        return source, True
    folder = Path(source)
    checkpoint = checkpoints.latest(folder / "checkpoints")
    if checkpoint is not None and (folder / "settings.json").is_file():
        model = _model_of_run(folder)
        model.load_weights(checkpoint)
        return model, True
    model = presets.from_preset(source)
    return model, model.compiled  # compiled if it was saved with its training state


def _model_of_run(folder):
    from zoo.commands import variants  # a layer above: only runs of the command line need it

    settings = json.loads((folder / "settings.json").read_text())
    arguments = [settings[name] for name in ("model", "options", "objective")]
    return variants.make(*arguments, settings["ema_halflife_images"], settings["seed"])


def _networks(model, lender, has_discriminator):
    """Yield `(name, network to copy into, network to copy from or None)`."""
    yield "generator", model.generator, lender.generator
    if model.averaged_generator is not None:
        yield "averaged_generator", model.averaged_generator, lender.kept_network
    for name in ("discriminator", "local_discriminator"):  # the latter of models with regions
        network = getattr(model, name, None)
        if network is not None:
            yield name, network, getattr(lender, name, None) if has_discriminator else None


def _paired_layers(target, origin):
    """Return pairs of layers that agree, in the order of both networks, and those left alone."""
    layers, others = _with_weights(target), _with_weights(origin) if origin is not None else []
    kinds, other_kinds = ([_kind(layer) for layer in each] for each in (layers, others))
    matcher = difflib.SequenceMatcher(None, kinds, other_kinds, autojunk=False)
    pairs = {
        block.a + k: others[block.b + k]
        for block in matcher.get_matching_blocks()
        for k in range(block.size)
    }
    found = [(layers[index], other) for index, other in sorted(pairs.items(), key=lambda p: p[0])]
    return found, [layer for index, layer in enumerate(layers) if index not in pairs]


def _kind(layer):
    return type(layer).__name__, tuple(tuple(weight.shape) for weight in layer.weights)


def _with_weights(network):
    """Layers that hold weights, from the input to the output, those of nested models included."""
    found = []
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            found += _with_weights(layer)
        elif layer.weights:
            found.append(layer)
    return found


def freeze_lower_layers(model, count):
    """Keep the discriminator's lowest layers, those nearest to the image, as they are (FreezeD).

    What they see is common to many kinds of images; with few images of a new kind, the rest
    learns the difference and overfits later. Call it before `compile()`, also in a script that
    goes on from a checkpoint. `.keras` files and presets with their training state remember it.

    A layer is a convolution or a dense layer with the normalisation that follows it; batch norm
    in the frozen part uses its moving statistics and does not update them. Spectral normalisation
    goes on bounding a frozen kernel, which changes it by what its estimate was off.

    Args:
        model: `AdversarialModel`, not compiled.
        count: Integer, how many layers to freeze: fewer than there are. 0 lets all train again.

    Returns:
        The names of the frozen layers of the discriminator, a tuple.

    Raises:
        ValueError: If the model is compiled or has no discriminator, or `count` is out of range.

    Example:

    >>> import zoo
    >>> model = zoo.DCGAN(image_size=28, channels=1, filters=4)
    >>> len(freeze_lower_layers(model, 1))
    1

    Reference:
        Mo et al. 2020, https://arxiv.org/abs/2002.10964, section 3.
    """
    if model.compiled:
        raise ValueError(
            "`model` must not be compiled yet, as optimizers hold the weights that train. "
            "Call `freeze_lower_layers` first and `compile()` after it."
        )
    if model.discriminator is None and count == 0:
        return ()
    if model.discriminator is None:
        raise ValueError(f"`model` must have a discriminator. Received: {model!r}")
    levels = _levels(model.discriminator)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < len(levels):
        raise ValueError(
            f"`count` must be an integer from 0 to {len(levels) - 1}: the discriminator has "
            f"{len(levels)} layers, and the last must train. Received: count={count!r}"
        )
    for index, level in enumerate(levels):
        for layer in level:
            layer.trainable = index >= count
    return tuple(layer.name for level in levels[:count] for layer in level)


def frozen_layers(model):
    """How many of the discriminator's lowest layers are frozen: the `count` they were frozen with.

    Args:
        model: `AdversarialModel`.
    """
    if model.discriminator is None:
        return 0
    levels = _levels(model.discriminator)
    trains = [any(layer.trainable for layer in level) for level in levels]
    return trains.index(True) if any(trains) else 0


def _levels(network):
    """Layers with weights, grouped: each kernel with the vectors (normalisation) that follow."""
    levels = []
    for layer in _with_weights(network):
        if isinstance(layer, keras.layers.Embedding):
            continue  # of labels, which are no lower layer of the image
        if not levels or any(len(weight.shape) > 1 for weight in _kernels(layer)):
            levels.append([])
        levels[-1].append(layer)
    return levels


def _kernels(layer):
    # The vector of spectral normalisation is stored as a matrix of one row.
    return [weight for weight in layer.weights if len(weight.shape) > 1 and weight.shape[0] > 1]


def learning_rate_groups(variables, groups, learning_rate=1e-4, **options):
    """Make an Adam whose learning rate differs by layer.

    Args:
        variables: List of the weights that the optimizer is for, `model.generator_variables` or
            `model.discriminator_variables`, after `freeze_lower_layers`.
        groups: Sequence of `(layers, factor)`: a list of layers, and what the learning rate is
            multiplied by for their weights. All others learn at the learning rate.
        learning_rate: Float or schedule. Defaults to 1e-4.
        **options: Of `keras.optimizers.Adam`.

    Returns:
        A `GroupedAdam`.

    Raises:
        ValueError: If a layer of `groups` has none of the `variables`, or is in two groups.

    Example:

    >>> import zoo
    >>> model = zoo.DCGAN(image_size=28, channels=1, filters=4)
    >>> first = model.generator.layers[1]  # the dense layer
    >>> optimizer = learning_rate_groups(model.generator_variables, [([first], 0.1)], beta_1=0.5)
    >>> model.compile(generator_optimizer=optimizer)
    """
    factors = dict.fromkeys(map(id, variables))
    for layers, factor in groups:
        for layer in layers:
            own = [id(weight) for weight in layer.weights if id(weight) in factors]
            if not own or any(factors[key] is not None for key in own):
                raise ValueError(
                    "`groups` must name layers that hold some of `variables`, each layer once. "
                    f"Received: layer {layer.name!r}, {'a second time' if own else 'without any'}"
                )
            factors.update(dict.fromkeys(own, factor))
    factors = [1.0 if factor is None else factor for factor in factors.values()]
    return GroupedAdam(learning_rate, factors=factors, **options)


@keras.saving.register_keras_serializable(package="zoo")
class GroupedAdam(keras.optimizers.Adam):
    """Adam with a factor on the learning rate of each weight; made by `learning_rate_groups`.

    `keras.optimizers.MultiOptimizer` has no learning rate to log and schedule, clips each group
    by itself on each replica, and finds weights by automatic names, which a loaded model does not
    have. One optimizer with factors has one learning rate, one step count and one gradient norm.

    Args:
        learning_rate: Float or schedule. Defaults to 1e-3, as of `Adam`.
        factors: Sequence of floats of 0 or more, one for each weight in the order in which the
            optimizer is built.
        **options: Of `keras.optimizers.Adam`, but not `weight_decay`.

    Raises:
        ValueError: If a factor is negative, or there are not as many as weights.
    """

    def __init__(self, learning_rate=1e-3, factors=(), **options):
        if options.get("weight_decay"):
            raise ValueError(
                "`weight_decay` is not scaled by group, so it is not taken. "
                f"Received: weight_decay={options['weight_decay']}"
            )
        if any(isinstance(each, bool) or not each >= 0 for each in factors):
            raise ValueError(f"`factors` must be numbers of 0 or more. Received: {factors!r}")
        super().__init__(learning_rate, **options)
        self.factors = [float(each) for each in factors]

    def build(self, variables):
        """Make the memory of each weight."""
        if len(variables) != len(self.factors):
            raise ValueError(
                f"`factors` must be one for each of the {len(variables)} weights. Received: "
                f"{len(self.factors)}. Make the optimizer after freezing, for the right player."
            )
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        """Update one weight at its own learning rate."""
        factor = self.factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "factors": self.factors}
