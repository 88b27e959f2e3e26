"""LocalGAN: local generators with positions."""

import keras

from zoo.core import latents as distributions
from zoo.core.regional import RegionalGAN
from zoo.layers.regions import CropRegions, region_boxes
from zoo.networks.convolutional import dcgan_discriminator
from zoo.networks.local import local_discriminator, local_generator


@keras.saving.register_keras_serializable(package="zoo")
class LocalGAN(RegionalGAN):
    """Make each region of an image from noise and its position, without seams.

    Three things keep seams away. Regions overlap and fade into each other. They are made from the
    same noise, so that neighbours agree; only a quarter of the latents is shared out, and changes
    one region alone. And the assembled image is judged in windows of which every other one lies
    across the borders of regions, where it would see a seam.

    Args:
        image_size: Integer, side in px, as of `DCGAN`. Defaults to 64.
        channels: Integer, 1 for gray, 3 for colour (default).
        filters: Integer, of the largest hidden maps. Defaults to 64.
        regions: `(rows, columns)` of the grid of regions. Defaults to `(2, 2)`.
        overlap: Float, px that neighbouring regions share at least. Defaults to `None`: an eighth
            of the image, or half a region if that is less.
        shared: Bool, one generator for all regions, which only differ by the position that it is
            given (default); `False`: each region has a generator of its own.
        spectral_norm: Bool, bound the gain of the discriminators' layers. Defaults to `False`.
        **kwargs: `latents`, a `zoo.latents.LatentDistribution` (100 normal numbers if absent);
            `objective`, a `zoo.LatentObjective` (the non-saturating loss if absent);
            `whole_weight` and `local_weight`, the weights of the verdicts on the whole image and
            on windows in the generator's loss, 1 by default, 0 to do without;
            `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: If there is no such grid.

    Example:

    >>> LocalGAN(image_size=28, channels=1, filters=8, regions=(2, 2)).generate(2).shape
    (2, 28, 28, 1)

    Reference:
        Lin et al. 2019 (COCO-GAN), https://arxiv.org/abs/1904.00284: generation by parts from
        coordinates, judged across their borders. There, parts are put edge to edge and the
        discriminator predicts the position; here they overlap, and it is told the position.
    """

    def __init__(
        self,
        image_size=64,
        channels=3,
        filters=64,
        regions=(2, 2),
        overlap=None,
        shared=True,
        spectral_norm=False,
        **kwargs,
    ):
        latents = kwargs.pop("latents", None)
        latents = distributions.given_or(distributions.Normal(100), latents)
        objective = kwargs.pop("objective", None) or self.default_objective()
        shared_px = _default_overlap(image_size, regions) if overlap is None else overlap
        boxes = region_boxes(image_size, regions, shared_px)
        super().__init__(
            local_generator(
                boxes,
                channels,
                latents.size,
                filters,
                shared=shared,
                local_latents=latents.size // (4 * len(boxes)),
            ),
            dcgan_discriminator(
                image_size,
                channels,
                filters,
                batch_norm=not (spectral_norm or objective.penalises_gradients),
                spectral_norm=spectral_norm,
            ),
            latents,
            objective,
            **kwargs,
        )
        windows = border_windows(image_size, regions)
        self.judge_regions(
            CropRegions(windows, dtype="float32"),
            local_discriminator(
                windows, channels, max(1, filters // 2), shared=True, spectral_norm=spectral_norm
            ),
        )
        self._architecture = {
            "image_size": image_size,
            "channels": channels,
            "filters": filters,
            "regions": tuple(regions),
            "overlap": overlap,
            "shared": shared,
            "spectral_norm": spectral_norm,
        }

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}


def border_windows(image_size, regions):
    """Windows of the size of a region without overlap: on the regions, and midway between them.

    Args:
        image_size: Integer, side of the image in px.
        regions: `(rows, columns)`.

    Returns:
        Boxes as of `zoo.layers.region_boxes`, `(2 rows - 1) * (2 columns - 1)` of them.

    Example:

    >>> [left for top, left, height, width in border_windows(8, (1, 2))]
    [0, 2, 4]
    """
    counts = tuple(2 * count - 1 for count in regions)
    halves = tuple(image_size / (2 * count) for count in regions)
    return region_boxes(image_size, counts, halves)


def _default_overlap(image_size, regions):
    """Room for a slope that no discriminator takes for an edge, and for no third region."""
    _, _, height, width = region_boxes(image_size, regions)[0]
    return min(image_size / 8, height / 2, width / 2)
