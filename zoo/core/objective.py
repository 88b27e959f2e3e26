"""What the generator of a paired model minimises."""

import dataclasses

import keras

from zoo.losses import AdversarialLoss, PerceptualLoss


@keras.saving.register_keras_serializable(package="zoo")
@dataclasses.dataclass(frozen=True)
class PairedObjective:
    """`pixel_weight * pixel + perceptual_weight * perceptual + adversarial_weight * adversarial`.

    A term whose weight is 0 is not computed. Without an adversarial term the model has no
    discriminator: that is the pixel-loss network from which a GAN is usually warm-started.

    Args:
        pixel_loss: `keras.losses.Loss` of `(clean, restored)`. Defaults to the mean absolute error.
        pixel_weight: Float. Defaults to 1.
        perceptual_loss: `zoo.losses.PerceptualLoss`, or `None` (default).
        perceptual_weight: Float. Defaults to 0.
        adversarial_loss: `zoo.losses.AdversarialLoss`, or `None` (default).
        adversarial_weight: Float. Defaults to 0.
    """

    pixel_loss: object = dataclasses.field(default_factory=keras.losses.MeanAbsoluteError)
    pixel_weight: float = 1.0
    perceptual_loss: object = None
    perceptual_weight: float = 0.0
    adversarial_loss: object = None
    adversarial_weight: float = 0.0

    def __post_init__(self):
        kinds = {
            "pixel": keras.losses.Loss,
            "perceptual": PerceptualLoss,
            "adversarial": AdversarialLoss,
        }
        for name, kind in kinds.items():
            weight, loss = getattr(self, f"{name}_weight"), getattr(self, f"{name}_loss")
            if weight < 0:
                raise ValueError(f"`{name}_weight` must not be negative. Received: {weight}")
            if weight and not isinstance(loss, kind):
                raise ValueError(
                    f"`{name}_weight` is {weight}, so `{name}_loss` must be a {kind.__name__}. "
                    f"Received: {loss!r}"
                )
        if not (self.pixel_weight or self.perceptual_weight or self.adversarial_weight):
            raise ValueError("At least one weight of the objective must be positive.")

    @property
    def adversarial(self):
        """Whether a discriminator takes part."""
        return self.adversarial_weight > 0

    def get_config(self):
        """The constructor's arguments."""
        serialize = keras.saving.serialize_keras_object
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: serialize(value) for name, value in fields.items()}

    @classmethod
    def from_config(cls, config):
        """Remake an objective from `get_config()`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value) for name, value in config.items()})
