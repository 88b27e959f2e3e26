"""Image file formats: what Pillow reads and writes, and the 16 bit files that it does not."""

import itertools
import shutil
import struct
import tempfile
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tifffile
from PIL import Image, TiffImagePlugin, TiffTags

from zoo.core import photo_bands, provenance

# What the decoders used here raise on damaged files, besides OSError and SyntaxError.
DECODING_ERRORS = (EOFError, struct.error, tf.errors.OpError, tifffile.TiffFileError, zlib.error)
XMP_TAG, ICC_TAG = 700, 34675  # of TIFF
_PNG_BIT_DEPTH = 24  # its place: signature, then the IHDR chunk
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TIFF_MOST_BYTES = 2**32 - 2**24  # places in the file are 32 bit; some room for the directory
_TIFF_ROWS = 64  # rows that are compressed together
_JPEG_XMP_LIMIT = 65_500  # bytes; one APP1 segment, less its own header
_JPEG_WHOLE = 2**26  # pixels; larger images are compressed in bands


class Metadata(NamedTuple):
    """What a file says next to its pixels; `None` where it says nothing.

    Attributes:
        icc_profile: Bytes of the colour profile.
        exif: Bytes of the EXIF data.
        xmp: Bytes of the XMP packet.
        restored_by: Name of the model that made the pixels.
    """

    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    restored_by: str | None = None


def read_16_bit_png(path, image):
    """Pixels of a PNG file that has 16 bits, which Pillow would reduce to 8 if it has colour.

    Args:
        path: `pathlib.Path` of the file.
        image: The same file, opened by Pillow.

    Returns:
        uint16 array `(H, W)` or `(H, W, C)`, or `None` for other files.
    """
    if image.format != "PNG":
        return None
    with open(path, "rb") as file:
        bits = file.read(_PNG_BIT_DEPTH + 1)[-1]
    if bits != 16:
        return None
    with tf.device("/CPU:0"):
        pixels = tf.io.decode_png(tf.io.read_file(str(path)), dtype=tf.uint16).numpy()
    return _without_single_channel(pixels)


def read_16_bit_tiff(path):
    """Pixels and tags of a TIFF file that has 16 bits; Pillow reads only gray ones in full.

    Args:
        path: `pathlib.Path` of the file.

    Returns:
        (uint16 array `(H, W)` or `(H, W, C)`, `PIL.Image.Exif` of all tags), or `None` for other
        files.

    Raises:
        ValueError: If the pictures in the file are several, or not gray, RGB, or with alpha.
        PIL.Image.DecompressionBombError: If the picture is larger than Pillow allows.
    """
    with open(path, "rb") as file:
        if file.read(4) not in _TIFF_SIGNATURES:
            return None
        file.seek(0)
        with tifffile.TiffFile(file) as tiff:
            page = tiff.pages.first
            if page.bitspersample != 16:
                return None
            _check_tiff(page, len(tiff.pages))
            pixels = page.asarray()
        exif = Image.Exif()
        file.seek(0)
        exif.load_from_fp(file)
        for directory in provenance.SUBDIRECTORIES:
            exif.get_ifd(directory)  # read now, while the file is open
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    return _without_single_channel(pixels), exif


def _check_tiff(page, pages):
    known = {tifffile.PHOTOMETRIC.RGB: (3, 4), tifffile.PHOTOMETRIC.MINISBLACK: (1, 2)}
    channels = page.samplesperpixel
    layout = page.dtype == np.uint16 and channels in known.get(page.photometric, ())
    if pages != 1 or not layout:
        raise ValueError(
            "16 bit TIFF files must hold one picture, gray or RGB, with or without alpha. "
            f"Received: {pages} pictures, {page.photometric!s} with {channels} channels of dtype "
            f"{page.dtype}."
        )
    limit, count = Image.MAX_IMAGE_PIXELS, page.imagewidth * page.imagelength
    if limit is not None and count > 2 * limit:  # as Pillow decides for all other files
        raise Image.DecompressionBombError(f"Image size ({count} pixels) exceeds {2 * limit}.")


def writer(path, pixels):
    """The function that writes `pixels` in the format that `path` is named after.

    Args:
        path: `pathlib.Path`.
        pixels: uint8 or uint16 array `(H, W)` or `(H, W, 1 to 4)`, or what yields its rows, see
            `photo_bands`.

    Returns:
        A function of `(file, pixels, metadata, quality)`; metadata is a `Metadata`.

    Raises:
        ValueError: If there is no such format, or it cannot hold the pixels.
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise ValueError(f"`path` must end in one of {', '.join(_FORMATS)}. Received: {path}")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            "Only uint8 and uint16 pixels can be written. "
            f"Received: dtype {pixels.dtype}. Convert, e.g. (pixels * 255).round().astype('uint8')."
        )
    kind = _FORMATS[suffix]
    if pixels.dtype == np.uint16 and not kind.keeps_16_bit:
        raise ValueError(
            f"`path` names a format of 8 bits, the photo has 16. Received: {path}. "
            "Write .png or .tif, or reduce it: (pixels // 257).astype('uint8')."
        )
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4) and not kind.keeps_alpha:
        raise ValueError(
            f"`path` names a format without transparency, the photo has an alpha channel. "
            f"Received: {path}. Write .png, .webp or .tif, or drop it: pixels[..., :-1]."
        )
    if max(pixels.shape[:2]) > kind.largest_side:
        raise ValueError(
            f"`path` names a format of at most {kind.largest_side} pixels a side. Received: {path} "
            f"for {pixels.shape[1]} x {pixels.shape[0]} pixels. Write .png or .tif."
        )
    return kind.write


def _write_png(file, pixels, metadata, quality):
    photo_bands.write_png(file, pixels, _png_chunks(metadata))


def _png_chunks(metadata):
    """Chunks of the PNG specification (third edition), section 11.3, in front of the pixels."""
    chunk = photo_bands.png_chunk
    if metadata.icc_profile:
        yield chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc_profile))
    if metadata.exif:
        yield chunk(b"eXIf", metadata.exif.removeprefix(b"Exif\0\0"))
    if metadata.xmp:
        yield chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp)
    if metadata.restored_by is not None:
        comment = f"Restored by the model '{metadata.restored_by}'."
        for keyword, text in (("Software", provenance.software()), ("Comment", comment)):
            yield chunk(b"iTXt", f"{keyword}\0\0\0\0\0{text}".encode())


def _write_jpeg(file, pixels, metadata, quality):
    if metadata.xmp and len(metadata.xmp) > _JPEG_XMP_LIMIT:
        warnings.warn("The XMP metadata is too large for JPEG and is not kept.", stacklevel=3)
        model = metadata.restored_by
        shorter = None if model is None else provenance.stamped_xmp(None, model)
        metadata = metadata._replace(xmp=shorter)
    options = _pillow_options(metadata)
    if pixels.shape[0] * pixels.shape[1] > _JPEG_WHOLE:
        photo_bands.write_jpeg(file, pixels, {"quality": quality}, options)
        return
    image = Image.fromarray(photo_bands.whole(pixels))
    image.save(file, "JPEG", quality=quality, subsampling=0, **options)


def _write_webp(file, pixels, metadata, quality):
    image = Image.fromarray(photo_bands.whole(pixels))
    image = image.convert("RGBA") if image.mode == "LA" else image
    lossless = quality == 100
    image.save(
        file, "WEBP", quality=quality, lossless=lossless, exact=True, **_pillow_options(metadata)
    )


def _pillow_options(metadata):
    options = {"icc_profile": metadata.icc_profile, "exif": metadata.exif, "xmp": metadata.xmp}
    return {key: value for key, value in options.items() if value}


def _write_tiff(file, pixels, metadata, quality):
    """TIFF 6.0 with Adobe's Deflate; Pillow alone would not write 16 bit colour."""
    # The directory says how long the strips are, and Pillow writes it in front of them.
    with tempfile.TemporaryFile(dir=Path(file.name).parent) as strips:
        sizes = []
        for band in photo_bands.bands(pixels, _TIFF_ROWS):
            sizes.append(strips.write(_tiff_strip(band)))
            if strips.tell() > _TIFF_MOST_BYTES:
                raise ValueError(
                    "`path` names a format of at most 4 GiB, which the image exceeds when "
                    "compressed. Write .png."
                )
        _tiff_directory(pixels, sizes, metadata).save(file)
        strips.seek(0)
        shutil.copyfileobj(strips, file)


def _tiff_directory(pixels, sizes, metadata):
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    if metadata.exif:
        exif = Image.Exif()
        exif.load(metadata.exif)
        subdirectories = {tag: exif.get_ifd(tag) for tag in provenance.SUBDIRECTORIES}
        for tag, value in {**exif, **subdirectories}.items():
            if value != {}:
                directory[tag] = value
    for tag, value in _tiff_layout(pixels, sizes).items():
        directory[tag] = value
    for tag, kind, value in (
        (XMP_TAG, TiffTags.BYTE, metadata.xmp),
        (ICC_TAG, TiffTags.UNDEFINED, metadata.icc_profile),
    ):
        if value:
            directory.tagtype[tag] = kind
            directory[tag] = value
    return directory


def _tiff_strip(rows):
    """Rows as differences to their left neighbours (predictor 2), little-endian, compressed."""
    differences = rows.copy()
    differences[:, 1:] -= rows[:, :-1]  # wraps around, as it should
    return zlib.compress(differences.astype(rows.dtype.newbyteorder("<")).tobytes())


def _tiff_layout(pixels, sizes):
    """Tags of TIFF 6.0 that say how the strips hold the pixels."""
    height, width, channels = (*pixels.shape, 1)[:3]
    # Pillow adds the end of the directory to the offsets when it writes them.
    starts = (0, *itertools.accumulate(sizes[:-1]))
    tags = {
        256: width,
        257: height,
        258: (pixels.dtype.itemsize * 8,) * channels,
        259: 8,  # Adobe Deflate
        262: 1 if channels < 3 else 2,  # black is zero, or RGB
        273: starts,
        277: channels,
        278: _TIFF_ROWS,
        279: tuple(sizes),
        284: 1,  # channels interleaved
        317: 2,  # horizontal differences
    }
    if channels in (2, 4):
        tags[338] = (2,)  # alpha that is not multiplied into the colours
    return tags


def _without_single_channel(pixels):
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels


class _Format(NamedTuple):
    keeps_alpha: bool
    keeps_16_bit: bool
    largest_side: int
    write: Callable


_JPEG = _Format(False, False, 65_500, _write_jpeg)
_TIFF = _Format(True, True, 2**32 - 1, _write_tiff)
_FORMATS = {
    ".png": _Format(True, True, 2**31 - 1, _write_png),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _Format(True, False, 16_383, _write_webp),
    ".tif": _TIFF,
    ".tiff": _TIFF,
}
