"""Files that are written a band at a time are those that are written at once."""

import io
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image

from zoo.core import photo_bands, photo_formats
from zoo.core.photos import Photo

RNG = np.random.default_rng(0)


class Rows:
    """An image that is only ever yielded in parts."""

    def __init__(self, image, sizes):
        self.shape, self.dtype, self.ndim = image.shape, image.dtype, image.ndim
        self._image, self._sizes = image, sizes

    def __iter__(self):
        top = 0
        for size in self._sizes:
            yield self._image[top : top + size]
            top += size
        assert top == len(self._image)


def smooth(height, width, channels=3, dtype=np.uint8):
    """Something that filters predict well, with a little noise."""
    y, x = np.mgrid[:height, :width]
    top = np.iinfo(dtype).max
    waves = [np.sin(x / 9 + k) + np.cos(y / 7 - k) for k in range(channels)]
    image = (np.stack(waves, axis=-1) / 4.2 + 0.5) * top + RNG.normal(0, 1, (height, width, 1))
    return np.clip(image, 0, top).astype(dtype)[..., : channels if channels > 1 else None]


def test_bands_are_cut_across_the_parts():
    image = np.arange(11 * 2, dtype=np.uint8).reshape(11, 2)
    for parts in (image, Rows(image, [11]), Rows(image, [1, 6, 4]), Rows(image, [3] * 3 + [2])):
        found = list(photo_bands.bands(parts, 4))
        assert [band.shape for band in found] == [(4, 2, 1), (4, 2, 1), (3, 2, 1)]
        np.testing.assert_array_equal(np.concatenate(found)[..., 0], image)
        np.testing.assert_array_equal(photo_bands.whole(parts), image)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg", "webp"])
def test_files_of_rows_are_the_files_of_arrays(tmp_path, suffix):
    for channels in (1, 3):
        image = smooth(150, 40, channels)
        image = image[..., 0] if channels == 1 else image
        expected = Photo(image).save(tmp_path / f"array.{suffix}").read_bytes()
        rows = Photo(Rows(image, [70, 70, 10]))
        assert rows.save(tmp_path / f"rows.{suffix}").read_bytes() == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_is_lossless_for_every_filter(channels, dtype):
    # Rows of noise, rows that repeat, rows with a slope: each is best filtered in its own way.
    top = np.iinfo(dtype).max + 1
    noise = RNG.integers(0, top, (70, 33, channels), dtype=dtype)
    slope = np.broadcast_to(np.arange(33, dtype=dtype)[None, :, None] * 5, noise.shape)
    image = np.concatenate([noise, np.repeat(noise[:1], 70, axis=0), slope])
    file = io.BytesIO()
    photo_bands.write_png(file, image, [])
    decoded = tf.io.decode_png(file.getvalue(), dtype=tf.as_dtype(dtype)).numpy()
    np.testing.assert_array_equal(decoded, image)


def test_png_is_about_as_small_as_pillows():
    image = smooth(300, 400)
    ours, theirs = io.BytesIO(), io.BytesIO()
    photo_bands.write_png(ours, image, [])
    Image.fromarray(image).save(theirs, "PNG")
    assert len(ours.getvalue()) < 1.05 * len(theirs.getvalue())


@pytest.mark.parametrize("size", [(600, 77), (1111, 16), (513, 9), (8, 8), (5, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_of_many_bands_decodes_as_if_written_at_once(size, channels, monkeypatch):
    image = smooth(*size, channels)
    monkeypatch.setattr(photo_bands, "_JPEG_ROWS", 32)  # more than eight bands: markers wrap around
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    bands, at_once = io.BytesIO(), io.BytesIO()
    photo_bands.write_jpeg(bands, image, {"quality": 90}, {"exif": exif.tobytes()})
    Image.fromarray(photo_bands.whole(image)).save(at_once, "JPEG", quality=90, subsampling=0)
    with Image.open(bands) as opened:
        assert opened.size == size[::-1]
        assert opened.getexif()[ExifTags.Base.Make] == "Maker"
        np.testing.assert_array_equal(np.asarray(opened), np.asarray(Image.open(at_once)))
    pixels = [tf.io.decode_jpeg(file.getvalue()).numpy() for file in (bands, at_once)]
    np.testing.assert_array_equal(*pixels)
    assert bands.getvalue().count(b"Maker") == 1


def test_widest_jpeg_has_few_enough_blocks_between_markers():
    image = np.zeros((24, 65_500), np.uint8)
    image[::5] = 200
    file = io.BytesIO()
    photo_bands.write_jpeg(file, image, {"quality": 95}, {})
    assert np.abs(np.asarray(Image.open(file)).astype(int) - image).max() <= 6


def test_large_jpeg_takes_the_way_of_bands(tmp_path, monkeypatch):
    image = smooth(530, 40)
    expected = Photo.open(Photo(image).save(tmp_path / "a.jpg")).pixels
    monkeypatch.setattr(photo_formats, "_JPEG_WHOLE", 1000)
    path = Photo(image).save(tmp_path / "b.jpg")
    assert b"\xff\xdd\x00\x04" in path.read_bytes()
    np.testing.assert_array_equal(Photo.open(path).pixels, expected)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_memory_does_not_grow_with_the_rows(tmp_path, suffix):
    part = smooth(64, 300)

    def peak(parts):
        shape = (64 * parts, 300, 3)
        rows = Rows(np.broadcast_to(part[:1, :1], shape), [64] * parts)
        tracemalloc.start()
        Photo(rows).save(tmp_path / f"{parts}.{suffix}")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    small, large = peak(4), peak(64)
    assert large - small < 0.05 * 60 * part.nbytes


def test_images_too_large_for_a_format_are_refused_before_they_are_computed(tmp_path):
    class Unread(Rows):
        def __iter__(self):
            raise AssertionError("nothing may be computed")

    for name, side in (("a.webp", 16_384), ("a.jpg", 65_501)):
        photo = Photo(Unread(np.broadcast_to(np.uint8(0), (side, 4, 3)), []))
        with pytest.raises(ValueError, match=rf"{name} for 4 x {side} pixels. Write .png or .tif"):
            photo.save(tmp_path / name)
    assert not list(tmp_path.iterdir())
