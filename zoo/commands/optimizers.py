"""How a run's options become the optimizers of both players."""


def compile_as_in_the_paper(model, settings, metrics=()):
    """Compile with the paper's optimizers, at other learning rates where they are given.

    Args:
        model: `zoo.AdversarialModel`.
        settings: `zoo.commands.training.Settings`.
        metrics: As of `AdversarialModel.compile`.
    """
    rate = settings.learning_rate
    rates = rate, settings.discriminator_learning_rate or rate
    optimizers = [
        optimizer if rate is None else _at_rate(optimizer, rate)
        for optimizer, rate in zip(model.default_optimizers(), rates, strict=True)
    ]
    steps = settings.discriminator_steps
    model.compile(*optimizers, discriminator_steps=steps, metrics=metrics)


def _at_rate(optimizer, rate):
    return type(optimizer).from_config({**optimizer.get_config(), "learning_rate": rate})
