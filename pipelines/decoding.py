"""Encoded image bytes to upright pixels, decoding no more than the window that is asked for."""

import contextlib
import io
import struct
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError

SUPPORTED_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
# The other two are opened only to be refused by name.
_OPENED_FORMATS = (*SUPPORTED_FORMATS, "GIF", "TIFF")
_ORIENTATION_TAG = 0x0112
# EXIF orientation -> (transpose, then flip left-right, then flip up-down) that makes it upright.
_UPRIGHT = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}


class Header(NamedTuple):
    """What the start of an image file says; height and width are those of the upright image."""

    format: str
    height: int
    width: int
    mode: str
    orientation: int
    is_16_bit: bool


class Window(NamedTuple):
    """A rectangle of an upright image, in pixels."""

    top: int
    left: int
    height: int
    width: int


@contextlib.contextmanager
def naming(name, fix="Replace or remove it."):
    """Re-raises whatever happens inside as a `ValueError` that says which image was being read."""
    try:
        yield
    except Exception as error:
        # Broad on purpose: decoders fail in many ways on damaged files, and none says where.
        reason = str(error).rstrip(". ") or type(error).__name__
        raise ValueError(f"Cannot read image {name}: {reason}. {fix}") from error


def decode_record(data, place, channels):
    """Decodes the window `place(height, width)`, or all if `place` is `None`, of encoded bytes."""
    header = read_header(data)
    return decode(data, header, place and place(header.height, header.width), channels)


def read_header(file):
    """Reads format, size, mode and orientation without decoding any pixel.

    Args:
        file: the encoded bytes, or a binary file object.

    Returns:
        A `Header`.

    Raises:
        ValueError: for anything other than JPEG, PNG, WebP or BMP, for an animation, and for an
            image that announces more pixels than Pillow's limit (179 million by default).
    """
    stream = io.BytesIO(file) if isinstance(file, bytes) else file
    try:
        with Image.open(stream, formats=_OPENED_FORMATS) as image:
            return _header_of(image, stream)
    except UnidentifiedImageError as error:
        raise ValueError(
            "it is no JPEG, PNG, WebP or BMP image, or its start is damaged."
        ) from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"{error} If you trust it, raise PIL.Image.MAX_IMAGE_PIXELS.") from error


def _header_of(image, stream):
    kind = "JPEG" if image.format == "MPO" else image.format
    if kind not in SUPPORTED_FORMATS:
        raise ValueError(f"{kind} is not supported; convert it to PNG, JPEG, WebP or BMP.")
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise ValueError(f"it is an animated {kind}; save the frames as single images.")
    orientation = _orientation_of(image)
    width, height = image.size
    if _UPRIGHT[orientation][0]:
        height, width = width, height
    return Header(kind, height, width, image.mode, orientation, _bit_depth(kind, stream) == 16)


def _orientation_of(image):
    try:
        # The base method, because the one of PNG decodes the whole image to look for a late chunk.
        value = Image.Image.getexif(image).get(_ORIENTATION_TAG, 1)
    except (SyntaxError, ValueError, struct.error):
        # Damaged metadata is common, says nothing about pixels, and means "upright" to viewers.
        return 1
    return value if value in _UPRIGHT else 1


def _bit_depth(kind, stream):
    """Bits of a channel. Pillow does not tell: it opens 16-bit colour as if it had 8 bits."""
    if kind != "PNG":
        return 8
    # Signature (8), length and type of the first chunk (8), width and height (8), bit depth.
    stream.seek(24)
    return stream.read(1)[0]


def decode(data, header, window=None, channels=3):
    """Decodes a window of an image.

    EXIF orientation is applied, alpha is dropped, palettes are expanded, colour is reduced to gray
    by the ITU-R 601 weights, and gray is repeated to colour. ICC profiles are not applied.

    Args:
        data: the encoded bytes.
        header: what `read_header` said about them.
        window: `Window` in upright pixels, or `None` for the whole image.
        channels: 3 or 1.

    Returns:
        A uint8 array, or uint16 for a PNG of 16 bits, of shape `(height, width, channels)`.
    """
    window = window or Window(0, 0, header.height, header.width)
    stored = _stored_window(header, window)
    if header.format == "JPEG" and header.mode in ("L", "RGB"):
        pixels = _decode_jpeg(data, stored, channels)
    elif header.is_16_bit:
        pixels = _cut(_decode_16_bit_png(data, channels), stored)
    else:
        pixels = _decode_with_pillow(data, stored, channels)
    return _upright(pixels, header.orientation)


def _stored_window(header, window):
    """The same rectangle in the coordinates of the file, before its orientation is applied."""
    transpose, left_right, up_down = _UPRIGHT[header.orientation]
    top, left, height, width = window
    if left_right:
        left = header.width - width - left
    if up_down:
        top = header.height - height - top
    return Window(left, top, width, height) if transpose else Window(top, left, height, width)


def _upright(pixels, orientation):
    transpose, left_right, up_down = _UPRIGHT[orientation]
    pixels = pixels.transpose(1, 0, 2) if transpose else pixels
    pixels = pixels[:, ::-1] if left_right else pixels
    return pixels[::-1] if up_down else pixels


def _cut(pixels, window):
    top, left, height, width = window
    return pixels[top : top + height, left : left + width]


def _decode_jpeg(data, window, channels):
    with tf.device("/CPU:0"):
        # TF's default DCT is the fast one, several levels off; this one agrees with Pillow.
        return tf.io.decode_and_crop_jpeg(
            data, list(window), channels=channels, dct_method="INTEGER_ACCURATE"
        ).numpy()


def _decode_16_bit_png(data, channels):
    with tf.device("/CPU:0"):
        pixels = tf.io.decode_png(data, dtype=tf.uint16).numpy()
    pixels = pixels[..., :1] if pixels.shape[-1] < 3 else pixels[..., :3]
    if channels == 1 and pixels.shape[-1] == 3:
        return np.rint(pixels @ np.array([[0.299], [0.587], [0.114]])).astype(np.uint16)
    return np.broadcast_to(pixels, (*pixels.shape[:2], channels))


def _decode_with_pillow(data, window, channels):
    top, left, height, width = window
    with Image.open(io.BytesIO(data), formats=_OPENED_FORMATS) as image:
        image = image.crop((left, top, left + width, top + height))
        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(height, width, channels)
