"""Restorers that are several models one after the other."""

import keras
import numpy as np
import tensorflow as tf

from zoo.core import presets, tiling
from zoo.core.photos import Photo

# What is beside damage is damaged if it differs from a fill in the same direction, by this share of
# what damage within a few pixels differs by, and by more than noise does.
_SHARE, _LEAST, _WITHIN_PX = 0.7, 0.1, 4


class TwoStageRestorer:
    """Restore with one model after the other: enhance satellite images, then repair them.

    Args:
        first: A model as of `zoo.restore`, or the name of a preset.
        second: The same, for what the first one makes.

    Example:

    >>> gray = keras.Input((None, None, 3))
    >>> dim = keras.Model(gray, keras.layers.Rescaling(0.5)(gray))
    >>> restorer = TwoStageRestorer(dim, dim)
    >>> restorer(np.full((8, 8, 3), 1.0))[0, 0].round(3).tolist()
    [0.625, 0.625, 0.625]

    Reference:
        Zamir et al. 2021, https://arxiv.org/abs/2102.02808 (stages that restore progressively).
    """

    task = "restoration in two stages"
    #: Names of the stages, in order.
    stages = ("first", "second")

    def __init__(self, first, second):
        self.models = {"first": _model(first), "second": _model(second)}

    def __call__(self, image, off=(), **options):
        """Restore an image.

        Args:
            image: As of `zoo.restore`.
            off: Names of stages to leave out.
            **options: `tile`, `overlap`, `precision`, `progress` of `zoo.restore`.

        Returns:
            The image after the last stage, in the kind of `image`.
        """
        for _, picture in self.steps(image, off, **options):
            image = picture
        return image

    def steps(self, image, off=(), **options):
        """Restore an image stage by stage.

        Args:
            image: As of `zoo.restore`, like the other arguments of a call.
            off: Names of stages to leave out.
            **options: As of a call.

        Yields:
            `(name, image)`: the name of each stage and the image after it.

        Raises:
            ValueError: If there is no stage of a name in `off`.
        """
        unknown = sorted(set(off) - set(self.stages))
        if unknown:
            raise ValueError(f"`off` takes {', '.join(self.stages)}. Received: {unknown}")
        for name in self.stages:
            if name not in off and self.models.get(name) is not None:
                image = self.run(name, image, options)
                yield name, image

    def run(self, name, image, options):
        """Return an image after one stage."""
        return tiling.restore(self.models[name], image, **options)


@keras.saving.register_keras_serializable(package="zoo")
class OldPhotoRestorer(TwoStageRestorer):
    """Restore scans of old prints in stages, each of which is a model of its own.

    1. `detector` finds scratches, creases and tears, and `inpainter` fills them;
    2. `repairer` takes away grain, noise, blur and fading;
    3. `colorizer` gives colours, if there is one;
    4. `upscaler` enlarges, if there is one;
    5. `painter` paints, if there is one, e.g. `zoo.styled_network(model, None, painting)`.

    Any of them may be left out here, or for one image with `off`.

    Args:
        detector: Model as of `zoo.restore` that returns masks, such as `zoo.DamageDetector`; name
            of a preset; or `None` (default).
        inpainter: Model as of `zoo.inpaint`, name or `None`; with `detector`, or not at all.
        repairer: Model as of `zoo.restore`, such as `zoo.OldPhotoGAN`, name or `None`.
        colorizer: Model, such as `zoo.ColorizationGAN`, name or `None`.
        upscaler: Model, such as `zoo.SRGAN`, name or `None`.
        painter: Model, as of `zoo.styled_network`, name or `None`.
        grow_px: Integer, how far from what the detector finds damage may reach. A pixel there is
            filled as well if it differs from what a first fill made of it as the damage beside it
            does: it is lighter too, or darker too. Defaults to 2.
        threshold: Float, more than 0 and less than 1, from where on what the detector returns is
            damage. Defaults to 0.5. With 0.95, and `grow_px=0`, less of the photograph is
            replaced, and of the damage as well.

    Raises:
        ValueError: If there is no stage at all, or a detector without inpainter or vice versa, or
            `grow_px` or `threshold` is out of range.

    Example:

    >>> restorer = OldPhotoRestorer(repairer=zoo.OldPhotoGAN(filters=(4, 8), blocks=1))
    >>> restorer(np.zeros((20, 30, 3), "uint8")).shape
    (20, 30, 3)

    Reference:
        Wan et al. 2020, https://arxiv.org/abs/2004.09484, which mends both kinds of damage in one
        network.
    """

    task = "old photographs"
    stages = ("inpainter", "repairer", "colorizer", "upscaler", "painter")

    def __init__(
        self,
        detector=None,
        inpainter=None,
        repairer=None,
        colorizer=None,
        upscaler=None,
        painter=None,
        grow_px=2,
        threshold=0.5,
    ):
        given = {
            "detector": detector,
            "inpainter": inpainter,
            "repairer": repairer,
            "colorizer": colorizer,
            "upscaler": upscaler,
            "painter": painter,
        }
        if (detector is None) != (inpainter is None) or not any(given.values()):
            raise ValueError(
                "`detector` and `inpainter` need each other, and one stage must be given. "
                f"Received: {given}"
            )
        if grow_px < 0:
            raise ValueError(f"`grow_px` must not be negative. Received: {grow_px}")
        if not 0 < threshold < 1:
            raise ValueError(
                f"`threshold` must be more than 0 and less than 1. Received: {threshold}"
            )
        self.grow_px, self.threshold = grow_px, threshold
        self.models = {name: _model(each) for name, each in given.items()}
        self._given = given

    def mask(self, image, **options):
        """Return where an image is damaged, a bool array `(H, W)`.

        Args:
            image: As of `zoo.restore`.
            **options: `tile`, `overlap`, `precision`, `progress` of `zoo.restore`.
        """
        pixels = Photo.of(image).pixels
        if pixels.ndim == 3 and pixels.shape[2] in (2, 4):  # alpha is no damage
            pixels = pixels[..., :-1]
        found = np.asarray(tiling.restore(self.models["detector"], pixels, **options))
        found = found[..., 0] if found.ndim == 3 else found
        damaged = found > self.threshold * _full(found)
        if not self.grow_px or not damaged.any():
            return damaged
        near = _pooled(tf.nn.max_pool2d, damaged, self.grow_px) > 0
        filled = tiling.inpaint(self.models["inpainter"], pixels, near, **options)
        return damaged | (near & _alike(_lightness(pixels) - _lightness(filled), damaged))

    def run(self, name, image, options):
        """Return an image after one stage."""
        if name != "inpainter":
            return super().run(name, image, options)
        return tiling.inpaint(self.models[name], image, self.mask(image, **options), **options)

    def get_config(self):
        """The names of the stages' presets.

        Raises:
            ValueError: If a stage was given as a model.
        """
        unnamed = [name for name, each in self._given.items() if not isinstance(each, str | None)]
        if unnamed:
            raise ValueError(
                "Stages are saved by the names of their presets; save these models as presets "
                f"first. Received models for: {', '.join(unnamed)}"
            )
        return {**self._given, "grow_px": self.grow_px, "threshold": self.threshold}

    @classmethod
    def from_config(cls, config):
        """Make the restorer again; its presets are loaded."""
        return cls(**config)


def _model(given):
    return presets.from_preset(given) if isinstance(given, str) else given


def _full(pixels):
    return 1.0 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max


def _lightness(pixels):
    light = pixels if pixels.ndim == 2 else pixels.mean(axis=-1, dtype=np.float32)
    return (light / _full(pixels)).astype(np.float32)


def _alike(off, damaged):
    """Where `off`, the difference to a fill, is as it is in the damage nearby."""
    damage = _pooled(tf.nn.avg_pool2d, np.where(damaged, off, 0.0), _WITHIN_PX)
    damage /= np.maximum(_pooled(tf.nn.avg_pool2d, damaged, _WITHIN_PX), 1e-6)
    return off * np.sign(damage) > np.maximum(_SHARE * np.abs(damage), _LEAST)


def _pooled(pool, plane, reach_px):
    planes = plane[None, ..., None].astype(np.float32)
    return pool(planes, 2 * reach_px + 1, 1, "SAME").numpy()[0, ..., 0]
