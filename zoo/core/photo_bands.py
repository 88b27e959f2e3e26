"""Images written a band of rows at a time, so that memory need not hold them whole.

"Pixels" are an array `(H, W)` or `(H, W, C)`, or an object with its `shape`, `dtype` and `ndim`
that yields the image from top to bottom as arrays of some rows each, such as
`tiling.RestoredRows`.
"""

import io
import math
import struct
import zlib

import numpy as np
from PIL import Image

_PNG_ROWS = 64  # rows that are filtered together
_PNG_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}  # colour type of 1 to 4 channels
_JPEG_BLOCK = 8  # pixels, without subsampling
_JPEG_ROWS = 512  # most rows in a band
_JPEG_MOST_BLOCKS = 65_535  # between two restart markers


def bands(pixels, rows):
    """Cut pixels into arrays `(rows, W, C)`, of which the last may be lower."""
    rest = None
    for part in [pixels] if isinstance(pixels, np.ndarray) else pixels:
        part = part if part.ndim == 3 else part[..., np.newaxis]
        part = part if rest is None else np.concatenate([rest, part])
        cut = len(part) - len(part) % rows
        yield from (part[top : top + rows] for top in range(0, cut, rows))
        rest = part[cut:]
    if len(rest):
        yield rest


def whole(pixels):
    """Return pixels as one array, `(H, W)` if there is one channel."""
    array = pixels if isinstance(pixels, np.ndarray) else np.concatenate(list(pixels))
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


# ---------------------------------------------------------------------- PNG


def write_png(file, pixels, chunks):
    """Write a PNG file (third edition of the specification).

    Args:
        file: Binary file.
        pixels: See above; uint8 or uint16, 1 to 4 channels.
        chunks: Iterable of chunks, as `png_chunk` makes them, to stand in front of the pixels.
    """
    height, width, channels = (*pixels.shape, 1)[:3]
    depth = pixels.dtype.itemsize
    header = struct.pack(">IIBBBBB", width, height, 8 * depth, _PNG_COLOUR[channels], 0, 0, 0)
    file.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header))
    for chunk in chunks:
        file.write(chunk)
    compressor = zlib.compressobj(strategy=zlib.Z_FILTERED)
    above = np.zeros((1, width * channels * depth), np.uint8)
    for band in bands(pixels, _PNG_ROWS):
        raw = np.ascontiguousarray(band, f">u{depth}").view(np.uint8).reshape(len(band), -1)
        data = compressor.compress(_filtered(raw, above, channels * depth))
        if data:
            file.write(png_chunk(b"IDAT", data))
        above = raw[-1:]
    file.write(png_chunk(b"IDAT", compressor.flush()) + png_chunk(b"IEND", b""))


def png_chunk(kind, data):
    """Return a chunk, ready to be written."""
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return b"".join([struct.pack(">I", len(data)), kind, data, struct.pack(">I", checksum)])


def _filtered(raw, above, step):
    """Rows of bytes, each behind the type of the filter that leaves the least (section 12.7)."""
    up = np.concatenate([above, raw[:-1]])
    left, corner = (np.pad(x[:, :-step], ((0, 0), (step, 0))) for x in (raw, up))
    residuals = {1: raw - left, 2: raw - up, 4: raw - _paeth(left, up, corner)}
    # The sum of magnitudes, of bytes as signed numbers.
    costs = [np.minimum(x, -x).sum(axis=1, dtype=np.int64) for x in residuals.values()]
    best = np.argmin(costs, axis=0)
    rows = np.empty((raw.shape[0], 1 + raw.shape[1]), np.uint8)
    for index, (kind, residual) in enumerate(residuals.items()):
        rows[best == index, 0] = kind
        rows[best == index, 1:] = residual[best == index]
    return rows


def _paeth(left, up, corner):
    """Of three neighbours, the one that is nearest to left + up - corner (section 9.4)."""
    a, b, c = (x.astype(np.int16) for x in (left, up, corner))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest = np.where(to_b <= to_c, up, corner)
    return np.where((to_a <= to_b) & (to_a <= to_c), left, nearest)


# ---------------------------------------------------------------------- JPEG


def write_jpeg(file, pixels, encoding, metadata):
    """Write a baseline JPEG file without subsampling, which decodes as if written at once.

    Every band is a JPEG of its own. A restart marker sets a decoder back to where it is at the
    start of a file (ITU-T T.81, E.1.4), so the scans of the bands can follow each other.

    Args:
        file: Binary file.
        pixels: See above; uint8, 1 or 3 channels.
        encoding: Dict of Pillow's options that every band needs.
        metadata: Dict of Pillow's options that belong into the file once.
    """
    height, width = pixels.shape[:2]
    blocks = math.ceil(width / _JPEG_BLOCK)
    lines = min(_JPEG_MOST_BLOCKS // blocks, _JPEG_ROWS // _JPEG_BLOCK)
    for index, band in enumerate(bands(pixels, lines * _JPEG_BLOCK)):
        head, scan = _parts(_encoded(band, {**encoding, **({} if index else metadata)}))
        if index == 0:
            file.write(_with_restarts(head, height, lines * blocks))
        else:
            file.write(bytes((0xFF, 0xD0 + (index - 1) % 8)))
        file.write(scan)
    file.write(b"\xff\xd9")


def _encoded(band, options):
    buffer = io.BytesIO()
    Image.fromarray(whole(band)).save(buffer, "JPEG", subsampling=0, **options)
    return buffer.getvalue()


def _segments(data):
    """Marker and place of each segment of a JPEG file, up to its first scan."""
    place = 2
    while True:
        marker, (length,) = data[place + 1], struct.unpack_from(">H", data, place + 2)
        yield marker, place
        if marker == 0xDA:
            yield None, place + 2 + length
            return
        place += 2 + length


def _parts(data):
    """Everything in front of the compressed blocks, and these without the end of the image."""
    start = dict(_segments(data))[None]
    return data[:start], data[start:-2]


def _with_restarts(head, height, interval):
    """`head` of the first band, for an image of another height with restart markers."""
    places = dict(_segments(head))
    frame, scan = places.get(0xC0, places.get(0xC1)), places[0xDA]
    restarts = struct.pack(">HHH", 0xFFDD, 4, interval)
    size = struct.pack(">H", height)
    return head[: frame + 5] + size + head[frame + 7 : scan] + restarts + head[scan:]
