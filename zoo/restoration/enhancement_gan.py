"""EnhancementGAN: dark, faded, flat and blurred photographs as they should have been."""

import keras

from zoo.core.objective import PairedObjective
from zoo.losses import BlurredColorLoss, LeastSquares, SSIMLoss, WeightedSum
from zoo.restoration.unet_gan import UNetGAN


@keras.saving.register_keras_serializable(package="zoo")
class EnhancementGAN(UNetGAN):
    """Enhance photographs with a residual U-Net, for structure and for colour.

    How bright a scene was is judged from all of it, so the U-Net has five levels, and it corrects
    by a gain as well as by an offset. Besides the pixels, the objective compares structure (SSIM)
    and colour (blurred images); with an objective of yours, other forms of both, such as
    `zoo.losses.BoundedSimilarityLoss` and `ColorHistogramLoss`.

    Args:
        channels: Integer, 3 for colour (default), 1 for gray.
        filters: Sequence of integers, filters of each level. Defaults to `(32, 64, 96, 128, 128)`.
        blocks: Integer, residual blocks a level, on each side. Defaults to 1.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to
            64.
        objective: `zoo.PairedObjective`, or `None` for L1 + 0.2 SSIM + 0.5 colour + 1e-3
            least-squares adversarial.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = EnhancementGAN(filters=(8, 16))
    >>> model(keras.ops.zeros((1, 16, 24, 3))).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Ignatov et al. 2017 (DPED), https://arxiv.org/abs/1704.02470, section 3.1 (colour, content
        and adversarial losses); Zhao et al. 2015, https://arxiv.org/abs/1511.08861 (SSIM and L1).
    """

    task = "enhancement"
    default_recipe = "low-light"
    default_filters, default_blocks = (32, 64, 96, 128, 128), 1

    @staticmethod
    def default_objective():
        """Pixels, structure and colour, and a weak least-squares adversary."""
        terms = [keras.losses.MeanAbsoluteError(), SSIMLoss(), BlurredColorLoss()]
        return PairedObjective(
            pixel_loss=WeightedSum(terms, [1.0, 0.2, 0.5]),
            adversarial_loss=LeastSquares(),
            adversarial_weight=1e-3,
        )
