"""Checks of what `compile` is given."""

import keras


def ready_optimizer(optimizer, variables, argument, dtype_policy):
    """Wrap for float16 and build: under a strategy no variable may be made inside a step."""
    optimizer = keras.optimizers.get(optimizer)
    if getattr(optimizer, "use_ema", False):
        raise ValueError(
            f"`{argument}` averages weights by itself (use_ema=True), which would overwrite "
            "the generator at the end of training. Use `ema_halflife_images` of the model."
        )
    if getattr(optimizer, "gradient_accumulation_steps", None):
        raise ValueError(
            f"`{argument}` accumulates gradients, which fails under a distribution strategy. "
            "Use a smaller crop, or more replicas. Received: gradient_accumulation_steps="
            f"{optimizer.gradient_accumulation_steps}"
        )
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if dtype_policy.name == "mixed_float16" and not scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    if not optimizer.built:
        optimizer.build(variables)
    return optimizer


def check_steps(discriminator_steps):
    """Raise unless the number of discriminator updates is a positive integer."""
    if not isinstance(discriminator_steps, int) or discriminator_steps < 1:
        raise ValueError(
            "`discriminator_steps` must be an integer of at least 1. "
            f"Received: discriminator_steps={discriminator_steps!r}"
        )


_REASONS = {
    "optimizer": "two players have two: pass `generator_optimizer` and `discriminator_optimizer`",
    "loss": "the objective is stated by the model's constructor",
    "steps_per_execution": "several steps in one call fail under a distribution strategy",
    "weighted_metrics": "images have no sample weights; use `metrics`",
}


def why_unsupported(arguments):
    """Return the message about arguments of Keras' `compile` that have no meaning here."""
    lines = [f"`{name}`: {_REASONS.get(name, 'unknown argument')}" for name in arguments]
    return "`compile` received arguments that it does not take. " + "; ".join(lines) + "."
