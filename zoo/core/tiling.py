"""Restore images of any size: exact tiles, one at a time, in the image's own bit depth."""

import math
import os
import warnings
import weakref
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from zoo.core.hardware import chosen_precision
from zoo.core.photos import Photo
from zoo.core.tile_network import TileNetwork

_WHOLE_SIDE = 512  # images up to this many pixels a side are not tiled
_WHOLE_AREA = 2**21  # pixels; networks that see the whole image are tiled above this only
_LARGEST_DEFAULT_TILE = 384
_SMALLEST_DEFAULT_TILE = 256
_DEFAULT_OVERLAP = 64  # pixels, where no overlap is enough
_ALPHA_OVERLAP = 4  # pixels that the Lanczos filter reaches when it enlarges, rounded up
_SMALLEST_TILE = 32  # pixels; no point in retrying below this

# One entry a network; the entries do not keep their networks alive.
_tile_networks = weakref.WeakKeyDictionary()


def restore(model, image, tile=None, overlap=None, *, precision="auto", progress=False, out=None):
    """Run an image-to-image model on a picture of any size, kind and bit depth.

    Large images are cut into overlapping tiles that go through the network one at a time, as
    8 or 16 bit integers until they are on the device: neither device memory nor temporary host
    memory grows with the image. With the default overlap, the result is the one that the network
    gives on the whole image (in bfloat16, up to its rounding): tiles overlap by its receptive
    field, start on its grid, and lie flush with the image's border, so that the padding inside
    the network acts where it would have acted. Sizes off the network's grid are continued by
    reflection and cut back.

    Networks with a layer that sees the whole image (instance normalization, attention, global
    pooling) have no exact tiles. They are run on the whole image up to 2 megapixels; tiling
    them gives a `UserWarning`.

    Args:
        model: A `zoo.AdversarialModel`, of which the `inference_network` is used, or a functional
            `keras.Model` from `(None, None, None, C)` to an image `scale` times larger, both in
            [-1, 1]; C is 1 or 3.
        image: One of
            a NumPy array `(H, W)` or `(H, W, C)` of dtype uint8, uint16 or floating in [0, 1], with
            C = 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGB and alpha), `np.memmap` included;
            a `PIL.Image.Image`, with its EXIF orientation applied;
            a path (`str` or `os.PathLike`) of an image file, or a `zoo.Photo`.
        tile: Side in pixels of the square that one run of the network restores, the overlap on
            each side not included. `None` (default) takes the whole image up to 512 px a side,
            else 256 to 384 px, more for networks that see far.
        overlap: Pixels that a tile sees beyond its square on each side. `None` (default) is the
            receptive field of the network, which makes tiles exact; less is faster, not exact.
        precision: `"auto"` (default), which is bfloat16 where that is faster (a CPU with AMX, a
            GPU of compute capability 8 and later) and float32 elsewhere; `"float32"`, which gives
            the same on every machine; or `"bfloat16"`. In bfloat16 the last layer with weights
            and what follows it keep float32, so that 8 bit images lose next to nothing; prefer
            float32 where the lowest of 16 bits count.
        progress: `True` shows a progress bar; a function is called as `progress(done, total)`
            with pixels of the input. Defaults to `False`.
        out: Array to write the result into, `np.memmap` for results larger than memory. Only with
            an array as `image`. `None` (default) allocates.

    Returns:
        The restored image in the kind, dtype and bit depth of `image`: an array for an array, a
        `PIL.Image.Image` for one, a `zoo.Photo` with the file's metadata for a path or a photo
        (`.save(path)` writes it, `.pixels` is its array). Gray stays gray unless the network makes
        colour of gray; alpha is enlarged with a Lanczos filter.

    Raises:
        ValueError: If an argument is unusable, or the network does not return `scale` times the
            size of its input.
        FloatingPointError: If the network returns NaN or infinity.
        tf.errors.ResourceExhaustedError: If tiles of 32 px are out of memory too. Larger ones are
            retried at half the size first.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> network = keras.Model(inputs, keras.layers.UpSampling2D(2)(inputs))
    >>> restore(network, np.zeros((30, 50), "uint8")).shape
    (60, 100)
    """
    network = _inference_network(model)
    precision = chosen_precision(precision)
    photo, rewrap = _unwrap(image, out)
    pixels = _checked_pixels(photo.pixels)
    runner = _tile_network(network, precision)
    run = runner.function(pixels.dtype, pixels.shape[2])
    grid = _Grid(pixels, runner.field, tile, overlap)
    result = _result_array(out, pixels.shape, photo.pixels.ndim, pixels.dtype, run)
    _run_tiles(run, pixels, result, grid, _reporter(progress, pixels.shape))
    return rewrap(result, model.name)


def _inference_network(model):
    network = getattr(model, "inference_network", model)
    if not isinstance(network, keras.Model):
        raise ValueError(
            "`model` must be a keras.Model or have an `inference_network` that is one. "
            f"Received: {model!r} of type {type(model).__name__}."
        )
    return network


def _tile_network(network, precision):
    per_precision = _tile_networks.setdefault(network, {})
    if precision not in per_precision:
        per_precision[precision] = TileNetwork(network, precision)
    return per_precision[precision]


def _unwrap(image, out):
    """The image as a `Photo`, and the function that makes the result what the image was."""
    if isinstance(image, np.ndarray):
        return Photo(image), lambda pixels, name: pixels
    if out is not None:
        raise ValueError(
            f"`out` needs an array as `image`. Received: `image` of type {type(image).__name__}."
        )
    if isinstance(image, Image.Image):
        photo = Photo.from_pil(image)
        return photo, lambda pixels, name: photo.restored(pixels, name).to_pil()
    if isinstance(image, (str, os.PathLike)):
        image = Photo.open(image)
    if isinstance(image, Photo):
        return image, image.restored
    raise ValueError(
        "`image` must be a NumPy array, a PIL image, a zoo.Photo or a path. "
        f"Received: type {type(image).__name__}. Convert tensors with `.numpy()`."
    )


def _checked_pixels(pixels):
    """The pixels as (height, width, channels), without a copy."""
    dtype = pixels.dtype
    known = dtype.kind == "f" or (dtype.kind == "u" and dtype.itemsize <= 2)
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 2, 3, 4))
    if not known or not shaped or pixels.size == 0:
        raise ValueError(
            "`image` must be (height, width) or (height, width, 1 to 4 channels), neither empty, "
            "of dtype uint8, uint16 or floating in [0, 1]. "
            f"Received: shape {pixels.shape}, dtype {dtype}. "
            "Restore the images of a batch one by one."
        )
    if dtype.kind == "f":
        low, high = pixels.min(), pixels.max()
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"`image` of dtype {dtype} must be in [0, 1] and finite. "
                f"Received: values from {low} to {high}. Divide by 255, or convert to uint8; "
                "images in [-1, 1] as in training are (image + 1) / 2 here."
            )
    return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]


def _result_array(out, shape, ndim, dtype, run):
    height, width, _ = shape
    channels = () if ndim == 2 and run.output_channels == 1 else (run.output_channels,)
    expected = (height * run.scale, width * run.scale, *channels)
    dtype = dtype.newbyteorder("=")
    if out is None:
        return np.empty(expected, dtype)
    if out.shape != expected or out.dtype != dtype:
        raise ValueError(
            f"`out` must have shape {expected} and dtype {dtype}. "
            f"Received: shape {out.shape} and dtype {out.dtype}."
        )
    return out


def _reporter(progress, shape):
    total = shape[0] * shape[1]
    if not progress:
        return lambda done: None
    if callable(progress):
        return lambda done: progress(done, total)
    return keras.utils.Progbar(total, unit_name="pixel").update


class _Area(NamedTuple):
    """A rectangle of the input image, in pixels."""

    top: int
    bottom: int
    left: int
    right: int


class _Grid:
    """Where tiles lie: areas that partition the image, and the windows that the network sees.

    All windows have the same size. They start at multiples of the network's size multiple and lie
    within the image, continued by reflection to such a multiple.
    """

    def __init__(self, pixels, field, tile, overlap):
        self.field = field
        self.size = pixels.shape[:2]
        self.padded = tuple(self._up(side) for side in self.size)
        self.overlap = self._up(_chosen_overlap(field, overlap, pixels.shape[2] in (2, 4)))
        side = _chosen_tile(field, self.size, tile, self.overlap)
        self.tile = tuple(self._fit(side, axis) for axis in (0, 1))

    def _up(self, value):
        return math.ceil(value / self.field.multiple) * self.field.multiple

    def _fit(self, side, axis):
        """`side` or less, so that tiles of equal size cover the axis."""
        if side + 2 * self.overlap >= self.padded[axis]:
            return self.padded[axis]
        return self._up(self.size[axis] / math.ceil(self.size[axis] / side))

    @property
    def window(self):
        """Height and width of what the network sees at once."""
        return tuple(
            min(t + 2 * self.overlap, p) for t, p in zip(self.tile, self.padded, strict=True)
        )

    def split(self, area):
        """Cuts `area` into tiles of at most the current size, row by row."""
        height, width = self.tile
        return [
            _Area(top, min(top + height, area.bottom), left, min(left + width, area.right))
            for top in range(area.top, area.bottom, height)
            for left in range(area.left, area.right, width)
        ]

    def window_start(self, area):
        """Top left corner of the window for a tile."""
        starts = (area.top, area.left)
        return tuple(
            min(max(start - self.overlap, 0), padded - window)
            for start, padded, window in zip(starts, self.padded, self.window, strict=True)
        )

    def halve(self):
        """Makes the windows smaller; False if tiles have reached the smallest useful size."""
        before, side = self.window, max(self.tile)
        while self.window == before:
            if side <= _SMALLEST_TILE:
                return False
            side = max(side // 2, _SMALLEST_TILE)
            self.tile = tuple(min(self._up(side), tile) for tile in self.tile)
        return True

    def warn_if_inexact(self):
        """Says that tiles of this network are approximate, if they are and there are several."""
        covered = all(t >= s for t, s in zip(self.tile, self.size, strict=True))
        if self.field.is_finite or covered:
            return
        names = ", ".join(f"'{name}'" for name in self.field.global_layers[:3])
        warnings.warn(
            f"Tiles are not exact for this network: {names} "
            f"({len(self.field.global_layers)} in all) see the whole image, here only a window of "
            f"{self.window[0]} x {self.window[1]} of {self.size[0]} x {self.size[1]} pixels. For "
            f"the exact result pass tile={max(self.size)}, if memory allows.",
            stacklevel=4,
        )


def _chosen_overlap(field, overlap, has_alpha):
    if overlap is not None and (not isinstance(overlap, int) or overlap < 0):
        raise ValueError(
            "`overlap` must be an integer of at least 0, in pixels of the input, or None for the "
            f"receptive field. Received: overlap={overlap!r}"
        )
    if overlap is None:
        overlap = field.radius if field.is_finite else _DEFAULT_OVERLAP
    return max(overlap, _ALPHA_OVERLAP) if has_alpha and field.scale != 1 else overlap


def _chosen_tile(field, size, tile, overlap):
    if tile is not None:
        if not isinstance(tile, int) or tile < 1:
            raise ValueError(
                "`tile` must be an integer of at least 1, in pixels of the input, or None to "
                f"choose by size. Received: tile={tile!r}"
            )
        return tile
    small = max(size) <= _WHOLE_SIDE
    if small or (not field.is_finite and size[0] * size[1] <= _WHOLE_AREA):
        return max(size)
    return min(max(2 * overlap, _SMALLEST_DEFAULT_TILE), _LARGEST_DEFAULT_TILE)


def _run_tiles(run, pixels, result, grid, report):
    grid.warn_if_inexact()
    done = 0
    pending = [_Area(0, grid.size[0], 0, grid.size[1])]
    while pending:
        area, *rest = grid.split(pending.pop())
        pending.extend(reversed(rest))
        try:
            _run_tile(run, pixels, result, grid, area)
        except tf.errors.ResourceExhaustedError as error:
            if not grid.halve():
                raise _out_of_memory(grid, error) from error
            grid.warn_if_inexact()
            pending.append(area)
            continue
        done += (area.bottom - area.top) * (area.right - area.left)
        report(done)


def _run_tile(run, pixels, result, grid, area):
    top, left = grid.window_start(area)
    height, width = grid.window
    restored = run(_window(pixels, top, height, left, width))
    scale = run.scale
    rows = slice((area.top - top) * scale, (area.bottom - top) * scale)
    columns = slice((area.left - left) * scale, (area.right - left) * scale)
    target = result[area.top * scale : area.bottom * scale, area.left * scale : area.right * scale]
    target[...] = restored[rows, columns].reshape(target.shape)


def _window(pixels, top, height, left, width):
    """A copy of a part of the image, continued by reflection below and to the right."""
    if top + height <= pixels.shape[0] and left + width <= pixels.shape[1]:
        return pixels[top : top + height, left : left + width]
    rows = _reflected(top, height, pixels.shape[0])
    columns = _reflected(left, width, pixels.shape[1])
    return pixels[np.ix_(rows, columns)]


def _reflected(start, count, length):
    """Indices that walk back and forth between the first and the last element."""
    period = max(2 * (length - 1), 1)
    places = np.arange(start, start + count) % period
    return np.minimum(places, period - places) if length > 1 else np.zeros(count, int)


def _out_of_memory(grid, error):
    height, width = grid.window
    return tf.errors.ResourceExhaustedError(
        None,
        None,
        f"A window of {height} x {width} pixels ({max(grid.tile)} px tiles with an overlap of "
        f"{grid.overlap} px) is out of memory, and tiles get no smaller. Pass a smaller `overlap` "
        f"(tiles are then not exact), free memory, or use the CPU. The first error was: {error}",
    )
