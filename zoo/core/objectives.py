"""What all objectives share: they are frozen data classes of losses and their weights."""

import dataclasses

import keras


class Objective:
    """Base class: checks weights and losses, and serialises both."""

    @classmethod
    def or_default(cls, objective, default=None):
        """Return `objective`, or a default if it is `None`.

        Args:
            objective: What the caller of a model gave.
            default: Function that returns the default. Defaults to the class itself.

        Raises:
            ValueError: If it is of another class.
        """
        objective = (default or cls)() if objective is None else objective
        if not isinstance(objective, cls):
            raise ValueError(
                f"`objective` must be a zoo.{cls.__name__}, or None for its defaults. "
                f"Received: objective={objective!r}"
            )
        return objective

    def check_weights(self):
        """Raise unless every field but losses is a number of 0 or more.

        Raises:
            ValueError: If one is not.
        """
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not field.name.endswith("_loss") and not (is_number and value >= 0):
                raise ValueError(
                    f"`{field.name}` must be a number of 0 or more. Received: {value!r}"
                )

    def check_loss(self, name, kind, always=False):
        """Raise unless a term that has a weight has a loss.

        Args:
            name: Name of the term, such as `"adversarial"`.
            kind: Class that its loss must have.
            always: Bool, whether the loss is used without a weight, too: a discriminator learns
                even if the generator does not heed it. Defaults to `False`.

        Raises:
            ValueError: If it has none.
        """
        weight, loss = getattr(self, f"{name}_weight", 1.0), getattr(self, f"{name}_loss")
        if (weight or always) and not isinstance(loss, kind):
            raise ValueError(
                f"`{name}_loss` must be a {kind.__name__} (its weight is {weight}). "
                f"Received: {loss!r}"
            )

    def get_config(self):
        """The constructor's arguments."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: keras.saving.serialize_keras_object(each) for name, each in fields.items()}

    @classmethod
    def from_config(cls, config):
        """Remake an objective from `get_config()`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value) for name, value in config.items()})
