"""GlobalGAN: a global generator with local discriminators."""

import keras

from zoo.core.regional import RegionalGAN
from zoo.layers.regions import CropRegions, region_boxes
from zoo.networks.local import local_discriminator
from zoo.synthesis.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="zoo")
class GlobalGAN(RegionalGAN, DCGAN):
    """Make the whole image at once, and be judged in each region as well as on the whole.

    A `DCGAN` with further discriminators: each sees one region of a grid, at half the filters and
    without batch normalisation, and sends its own gradient to the generator. Details that the
    discriminator of the whole image overlooks are all that these see.

    Args:
        regions: `(rows, columns)` of the grid of regions. Defaults to `(2, 2)`.
        overlap: Float, px that neighbouring regions share at least. Defaults to 0.
        shared: Bool, one network for all regions, which is told the place of each pixel. Defaults
            to `False`: each region has a discriminator of its own.
        **kwargs: As of `DCGAN` (`spectral_norm` holds for all discriminators), and `whole_weight`
            and `local_weight`, the weights of the verdicts in the generator's loss, 1 by default;
            0 leaves discriminators out.

    Raises:
        ValueError: If there is no such grid.

    Example:

    >>> model = GlobalGAN(image_size=28, channels=1, filters=8, regions=(2, 2), local_weight=0.5)
    >>> model.generate(2).shape
    (2, 28, 28, 1)

    Reference:
        - Radford et al. 2015, https://arxiv.org/abs/1511.06434, the networks
        - Iizuka et al. 2017, https://doi.org/10.1145/3072959.3073659, section 3.3, which judges
          inpainted images as a whole and in one region
    """

    def __init__(self, regions=(2, 2), overlap=0, shared=False, **kwargs):
        super().__init__(**kwargs)
        architecture = self._architecture
        boxes = region_boxes(architecture["image_size"], regions, overlap)
        self.judge_regions(
            CropRegions(boxes, dtype="float32"),
            local_discriminator(
                boxes,
                architecture["channels"],
                max(1, architecture["filters"] // 2),
                shared=shared,
                spectral_norm=architecture["spectral_norm"],
            ),
        )
        self._regional = {"regions": tuple(regions), "overlap": overlap, "shared": shared}

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._regional}
