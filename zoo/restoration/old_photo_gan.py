"""OldPhotoGAN: repair scratches, fading, blur and noise of old photographs in one pass."""

import keras

from zoo.restoration.unet_gan import UNetGAN


@keras.saving.register_keras_serializable(package="zoo")
class OldPhotoGAN(UNetGAN):
    """Restore old photographs with a residual U-Net and a discriminator of patches.

    The U-Net has five levels, the lowest at 1/32 of the size, since fading and uneven light can
    be judged only from large surroundings, scratches and grain from small ones.

    Args:
        channels: Integer, 3 for colour (default; gray photographs stay gray only if the training
            pairs say so), 1 for gray.
        filters: Sequence of integers, filters of each level. Defaults to
            `(32, 64, 96, 128, 128)`.
        blocks: Integer, residual blocks a level, on each side. Defaults to 2.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to
            64.
        objective: `zoo.PairedObjective`, or `None` for L1 + 1e-3 least-squares adversarial.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = OldPhotoGAN(filters=(8, 16), blocks=1)
    >>> model(keras.ops.zeros((1, 16, 24, 3))).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Wan et al. 2020, https://arxiv.org/abs/2004.09484 (the task, its degradations);
        Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597 (the network).
    """

    task = "old photographs"
    default_recipe = "old-photo"
    default_filters = (32, 64, 96, 128, 128)
