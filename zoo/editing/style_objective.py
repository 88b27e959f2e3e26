"""What a network that paints in styles minimises."""

import dataclasses

import keras

from zoo.core.objectives import Objective
from zoo.losses import AdversarialLoss, FeatureLoss, PerceptualLoss, StatisticsStyleLoss
from zoo.networks.feature_inputs import CaffeBGR
from zoo.networks.features import FeatureExtractor

_VGG19 = "keras.applications.VGG19"


def _vgg19(*layers):
    """A feature network that is downloaded when it is first needed, not here."""
    return FeatureExtractor(_VGG19, layers, CaffeBGR())


@keras.saving.register_keras_serializable(package="zoo")
@dataclasses.dataclass(frozen=True)
class StyleObjective(Objective):
    """Keep what the image shows, take how the style image is painted, and be convincing.

    A term whose weight is 0 is not computed. Without an adversarial term there is no discriminator.

    Args:
        content_loss: `zoo.losses.PerceptualLoss` between the image and the painted one. Defaults
            to VGG19's `block4_conv1`, whose weights Keras downloads before the first step.
        content_weight: Float. Defaults to 1.
        style_loss: `zoo.losses.StatisticsStyleLoss` or `GramStyleLoss` between the style image and
            the painted one. Defaults to four layers of VGG19.
        style_weight: Float. Defaults to 10.
        total_variation_weight: Float, against speckles. Defaults to 0.
        adversarial_loss: `zoo.losses.AdversarialLoss`, or `None` (default).
        adversarial_weight: Float. Defaults to 0.

    Raises:
        ValueError: If a weight is negative, or a loss of another kind.

    Reference:
        Huang and Belongie 2017, https://arxiv.org/abs/1703.06868, equations 11 and 13; Johnson
        et al. 2016, https://arxiv.org/abs/1603.08155, equation 2 (content).
    """

    content_loss: object = dataclasses.field(
        default_factory=lambda: PerceptualLoss(_vgg19("block4_conv1"))
    )
    content_weight: float = 1.0
    style_loss: object = dataclasses.field(
        default_factory=lambda: StatisticsStyleLoss(
            _vgg19("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1")
        )
    )
    style_weight: float = 10.0
    total_variation_weight: float = 0.0
    adversarial_loss: object = None
    adversarial_weight: float = 0.0

    def __post_init__(self):
        self.check_weights()
        self.check_loss("content", FeatureLoss)
        self.check_loss("style", FeatureLoss)
        self.check_loss("adversarial", AdversarialLoss)

    @property
    def features(self):
        """The feature networks that the terms need."""
        return [
            getattr(self, f"{name}_loss").features
            for name in ("content", "style")
            if getattr(self, f"{name}_weight")
        ]
