"""Restore images of any size: exact tiles, one at a time, in the image's own bit depth."""

import os
import weakref

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from zoo.core.hardware import chosen_precision
from zoo.core.photos import Photo
from zoo.core.tile_grid import Area, TileGrid
from zoo.core.tile_network import TileNetwork

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
    them gives a `UserWarning`. Of a photograph that a `zoo.ColorizationGAN` looks at from further
    away, it sees the whole as well.

    Args:
        model: A `zoo.AdversarialModel`, of which `network_for(height, width)` is used, which is the
            `inference_network` except where a variant says otherwise, or a functional `keras.Model`
            from `(None, None, None, C)` to an image `scale` times larger, both in
            [-1, 1]; C is 1 or 3. Or a model that runs elsewhere: `export.TFLiteModel`, or
            `export.client.RemoteModel` of a server.
        image: One of
            a NumPy array `(H, W)` or `(H, W, C)` of dtype uint8, uint16 or floating in [0, 1], with
            C = 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGB and alpha), `np.memmap` included;
            a `PIL.Image.Image`, with its EXIF orientation applied;
            a path (`str` or `os.PathLike`) of an image file, or a `zoo.Photo`.
        tile: Side in pixels of the square that one run of the network restores, the overlap on
            each side not included. `None` (default) takes the whole image up to 512 px a side,
            else 256 px, more for networks that see far.
        overlap: Pixels that a tile sees beyond its square on each side. `None` (default) is the
            receptive field of the network, which makes tiles exact; less is faster, not exact.
        precision: `"auto"` (default), which is bfloat16 for 8 bit images where that is faster (a
            CPU with AMX, a GPU of compute capability 8 and later) and float32 otherwise;
            `"float32"`, which gives the same on every machine; or `"bfloat16"`. In bfloat16 the
            last layer with weights and what follows it keep float32, so that 8 bit images lose
            next to nothing.
        progress: `True` shows a progress bar; a function is called as `progress(done, total)`
            with pixels of the input. Defaults to `False`.
        out: Array to write the result into, `np.memmap` for results larger than memory. Only with
            an array as `image`. `None` (default) allocates.

    Returns:
        The restored image in the kind, dtype and bit depth of `image`: an array for an array, a
        `PIL.Image.Image` for one, a `zoo.Photo` with the file's metadata for a path or a photo
        (`.save(path)` writes it, `.pixels` is its array). Gray stays gray, in one channel or in
        three that are alike, unless the network is made to colour or to translate it; alpha is
        enlarged with a Lanczos filter.

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
    photo, rewrap = _unwrap(image, out)
    rows = RestoredRows(model, photo.pixels, tile, overlap, precision, progress)
    return rewrap(rows.into(_result_array(out, rows)), model.name)


def inpaint(model, image, mask, tile=None, overlap=None, *, precision="auto", progress=False):
    """Fill holes in a picture of any size, kind and bit depth.

    Pixels outside of the holes come back as they are, bit for bit. Tiles without holes cost
    nothing.

    Args:
        model: As of `restore`, but a network that takes a mask, such as `zoo.InpaintingGAN`.
        image: As of `restore`. What is in the holes does not matter.
        mask: Where the holes are, as large as the image: an array `(H, W)` or `(H, W, 1)`, bool, or
            unsigned integers or floats in [0, 1] of which the upper half is a hole; a gray
            `PIL.Image.Image`; or a path of such an image file.
        tile: As of `restore`, like the other arguments.
        overlap: As of `restore`.
        precision: As of `restore`.
        progress: As of `restore`.

    Returns:
        The completed image in the kind, dtype and bit depth of `image`, as of `restore`.

    Raises:
        ValueError: As of `restore`; or if the mask does not fit the image.

    Example:

    >>> model = zoo.InpaintingGAN(filters=(8, 16))
    >>> mask = np.zeros((30, 50), bool)
    >>> mask[10:20, 10:20] = True
    >>> inpaint(model, np.zeros((30, 50, 3), "uint8"), mask).shape
    (30, 50, 3)
    """
    photo, rewrap = _unwrap(image, None)
    holes = as_holes(mask)
    rows = RestoredRows(model, photo.pixels, tile, overlap, precision, progress, holes)
    return rewrap(rows.into(_result_array(None, rows)), model.name)


def as_holes(mask):
    """Read a mask.

    Args:
        mask: As of `inpaint`.

    Returns:
        Bool array `(H, W)`, `True` in holes.

    Raises:
        ValueError: If it is no gray image.
    """
    if isinstance(mask, (str, os.PathLike)):
        mask = Photo.open(mask).pixels
    values = np.asarray(mask)
    values = values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values
    if values.ndim != 2 or values.dtype.kind not in "bfu":
        raise ValueError(
            "`mask` must be a gray image or an array (H, W) of bool, unsigned integers or floats "
            f"in [0, 1]. Received: {values.dtype} of shape {values.shape}. Convert a picture in "
            "colour, e.g. `mask.convert('L')` in PIL."
        )
    if values.dtype.kind == "f" and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"`mask` of dtype {values.dtype} must be in [0, 1]. "
            f"Received: values from {values.min()} to {values.max()}"
        )
    half = {"b": 0, "f": 0.5}.get(values.dtype.kind)
    return values > (np.iinfo(values.dtype).max // 2 if half is None else half)


class RestoredRows:
    """A restored image that is computed while it is read, a row of tiles at a time.

    Iteration yields it from top to bottom as arrays of some rows each, so that it can be written to
    a file without ever being in memory (`zoo.Photo.save` does). Arguments are those of `restore`;
    `holes` are those of `as_holes`, for a network that takes a mask.

    Attributes:
        shape: Of the restored image.
        dtype: NumPy dtype of it.
        ndim: Number of its axes.
        precision: What the network computes in, `"float32"` or `"bfloat16"`.
    """

    def __init__(
        self,
        model,
        pixels,
        tile=None,
        overlap=None,
        precision="auto",
        progress=False,
        holes=None,
    ):
        self._pixels = checked_pixels(pixels)
        precision = chosen_precision(precision, self._pixels.dtype)
        # The cache alone would not keep the network alive.
        self._network, runner = _runner(model, self._pixels.shape[:2], precision)
        self.precision = runner.precision
        self._run = runner.function(
            self._pixels.dtype, self._pixels.shape[2], _is_gray(self._pixels)
        )
        tile = runner.tile(self._pixels) if tile is None else tile
        self._grid = TileGrid(self._pixels, runner.field, tile, overlap)
        self._pixels = _with_holes(self._pixels, holes, runner.takes_mask)
        self._masked = holes is not None
        self._progress = progress
        height, width = (side * self._run.scale for side in self._grid.size)
        channels = self._run.output_channels
        self.shape = (height, width, *([] if pixels.ndim == 2 and channels == 1 else [channels]))
        self.dtype = self._pixels.dtype.newbyteorder("=")
        self.ndim = len(self.shape)

    def __iter__(self):
        self._grid.warn_if_inexact()
        report = _reporter(self._progress, self._grid.size)
        height, width = self._grid.size
        bottom = 0
        while bottom < height:
            top, bottom = bottom, min(bottom + self._grid.tile[0], height)
            band = np.empty(((bottom - top) * self._run.scale, *self.shape[1:]), self.dtype)
            self._run_tiles(Area(top, bottom, 0, width), band, report)
            yield band

    def into(self, result):
        """Computes the whole image into an array of its shape and dtype, and returns that."""
        self._grid.warn_if_inexact()
        height, width = self._grid.size
        self._run_tiles(
            Area(0, height, 0, width), result, _reporter(self._progress, (height, width))
        )
        return result

    def _run_tiles(self, band, result, report):
        """Restores the rows of `band`, which are all that `result` holds."""
        pending = [band]
        while pending:
            area, *rest = self._grid.split(pending.pop())
            pending.extend(reversed(rest))
            try:
                restored = self._run_tile(area)
            except tf.errors.ResourceExhaustedError as error:
                if not self._grid.halve():
                    raise _out_of_memory(self._grid, error) from error
                self._grid.warn_if_inexact()
                pending.append(area)
                continue
            target = result[area.seen_from(band.top, 0, self._run.scale)]
            target[...] = restored.reshape(target.shape)
            report((area.bottom - area.top) * (area.right - area.left))

    def _run_tile(self, area):
        if self._masked:
            tile = self._pixels[area.top : area.bottom, area.left : area.right]
            if not tile[..., -1].any():  # nothing to fill
                return tile[..., :-1]
        top, left = self._grid.window_start(area)
        height, width = self._grid.window
        restored = self._run(_window(self._pixels, top, height, left, width))
        return restored[area.seen_from(top, left, self._run.scale)]


def _network_for(model, size):
    network = model.network_for(*size) if hasattr(model, "network_for") else model
    if not isinstance(network, keras.Model):
        raise ValueError(
            "`model` must be a keras.Model or a zoo.AdversarialModel. "
            f"Received: {model!r} of type {type(model).__name__}."
        )
    return network


def _runner(model, size, precision):
    """What is to be kept alive, and the `TileNetwork` or what stands in for it."""
    if hasattr(model, "tile_network"):
        return model, model.tile_network()
    network = _network_for(model, size)
    return network, _tile_network(network, precision)


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


def checked_pixels(pixels):
    """The pixels as (height, width, channels), without a copy.

    Raises:
        ValueError: If they are no image as `restore` takes it.
    """
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


def _is_gray(pixels):
    """Whether RGB pixels hold a gray image, as many scans do."""
    if pixels.shape[2] < 3:
        return False
    rows = range(0, len(pixels), 256)  # a band at a time: most photographs end with the first
    return all(
        (pixels[top : top + 256, :, 1:3] == pixels[top : top + 256, :, :1]).all() for top in rows
    )


def _with_holes(pixels, holes, takes_mask):
    """The pixels with the mask as one more channel, if the network takes one."""
    if takes_mask != (holes is not None):
        raise ValueError(
            "`model` takes a mask: use `zoo.inpaint(model, image, mask)`, or `zoo restore --mask`."
            if takes_mask
            else "`model` takes no mask: use `zoo.restore(model, image)`."
        )
    if holes is None:
        return pixels
    if holes.shape != pixels.shape[:2]:
        raise ValueError(
            f"`mask` must be as large as the image, {pixels.shape[:2]}. Received: {holes.shape}"
        )
    return np.concatenate([pixels, holes[..., np.newaxis].astype(pixels.dtype)], axis=-1)


def _result_array(out, rows):
    if out is None:
        return np.empty(rows.shape, rows.dtype)
    if out.shape != rows.shape or out.dtype != rows.dtype:
        raise ValueError(
            f"`out` must have shape {rows.shape} and dtype {rows.dtype}. "
            f"Received: shape {out.shape} and dtype {out.dtype}."
        )
    return out


def _reporter(progress, size):
    """A function to call with the number of pixels that have been restored since its last call."""
    total = size[0] * size[1]
    if not progress:
        return lambda more: None
    if not callable(progress):
        return keras.utils.Progbar(total, unit_name="pixel").add
    done = 0

    def report(more):
        nonlocal done
        done += more
        progress(done, total)

    return report


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
