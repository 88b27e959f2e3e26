import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from pipelines.decoding import Window, decode, naming, read_header


def encoded(image, kind, **options):
    file = io.BytesIO()
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(data, window=None, channels=3):
    return decode(data, read_header(data), window, channels)


def by_pillow(data, mode="RGB"):
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert(mode))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_lossless_formats_give_the_pixels_back(kind, pixels):
    data = encoded(pixels, kind, lossless=True)
    np.testing.assert_array_equal(decoded(data), pixels)
    window = Window(3, 5, 16, 20)
    np.testing.assert_array_equal(decoded(data, window), pixels[3:19, 5:25])


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_whole_jpeg_equals_pillow(options, pixels):
    data = encoded(pixels, "JPEG", quality=80, **options)
    difference = decoded(data).astype(int) - by_pillow(data)
    assert abs(difference).max() <= 1


def test_jpeg_window_is_a_window_of_the_whole(pixels):
    data = encoded(pixels, "JPEG", quality=95, subsampling=0)
    whole = decoded(data).astype(int)
    for window in [Window(0, 0, 16, 16), Window(7, 13, 20, 31), Window(24, 40, 16, 16)]:
        part = whole[window.top :, window.left :][: window.height, : window.width]
        assert abs(decoded(data, window) - part).max() <= 1


def test_gray_becomes_colour_and_colour_becomes_gray(pixels):
    gray = pixels[..., 0]
    for data in (encoded(gray, "PNG"), encoded(gray, "BMP")):
        np.testing.assert_array_equal(decoded(data), np.stack([gray] * 3, axis=-1))
    expected = np.rint(pixels @ [0.299, 0.587, 0.114])
    got = decoded(encoded(pixels, "PNG"), channels=1)
    assert got.shape == (40, 56, 1)
    assert abs(got[..., 0] - expected).max() <= 1
    jpeg_gray = encoded(gray, "JPEG", quality=95)
    assert abs(decoded(jpeg_gray).astype(int) - by_pillow(jpeg_gray)).max() <= 1
    jpeg_colour = encoded(pixels, "JPEG", quality=100, subsampling=0)
    assert abs(decoded(jpeg_colour, channels=1)[..., 0] - expected).max() <= 3


def test_alpha_is_dropped_not_blended(pixels):
    alpha = np.full((40, 56, 1), 17, np.uint8)
    for kind in ("PNG", "WEBP"):
        data = encoded(np.concatenate([pixels, alpha], -1), kind, lossless=True, exact=True)
        np.testing.assert_array_equal(decoded(data), pixels)


def test_palette_and_one_bit_images(pixels):
    palette = Image.fromarray(pixels).quantize(16)
    np.testing.assert_array_equal(decoded(encoded(palette, "PNG")), palette.convert("RGB"))
    bits = Image.fromarray(pixels[..., 0] > 127)
    expected = np.where(pixels > 127, 255, 0)[..., :1].repeat(3, axis=-1)
    np.testing.assert_array_equal(decoded(encoded(bits, "PNG")), expected)


@pytest.mark.parametrize("stored", [1, 2, 3, 4])
def test_16_bit_png_keeps_its_precision(stored):
    values = np.random.default_rng(0).integers(0, 65536, (9, 11, stored)).astype(np.uint16)
    data = tf.io.encode_png(values).numpy()
    got = decoded(data, Window(1, 2, 8, 7))
    colour = values[..., :3] if stored > 2 else values[..., :1].repeat(3, axis=-1)
    assert got.dtype == np.uint16
    np.testing.assert_array_equal(got, colour[1:, 2:9])
    gray = decoded(data, channels=1)
    expected = colour @ np.array([0.299, 0.587, 0.114])
    assert gray.shape == (9, 11, 1)
    assert abs(gray[..., 0] - expected).max() <= 0.5 + 1e-6


def test_cmyk_jpeg_equals_pillow(pixels):
    data = encoded(Image.fromarray(pixels).convert("CMYK"), "JPEG", quality=95)
    np.testing.assert_array_equal(decoded(data), by_pillow(data))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_exif_orientation_is_applied_to_windows_too(orientation, kind, pixels):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    data = encoded(pixels, kind, exif=exif, **options)
    header, upright = read_header(data), by_pillow(data).astype(int)
    assert (header.height, header.width) == upright.shape[:2]
    assert abs(decoded(data) - upright).max() <= 1
    part = decoded(data, Window(2, 9, 18, 13))
    assert abs(part - upright[2:20, 9:22]).max() <= 1


def test_unknown_orientation_and_damaged_metadata_mean_upright(pixels):
    exif = Image.Exif()
    exif[0x0112] = 0
    for metadata in (exif, b"Exif\0\0garbage!!"):
        np.testing.assert_array_equal(decoded(encoded(pixels, "PNG", exif=metadata)), pixels)


@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
def test_other_formats_are_refused_by_name(kind, pixels):
    with pytest.raises(ValueError, match=f"{kind} is not supported; convert it to PNG"):
        read_header(encoded(pixels, kind))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused(kind, pixels):
    frames = [Image.fromarray(pixels), Image.fromarray(255 - pixels)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match="animated"):
        read_header(data)


@pytest.mark.filterwarnings("ignore:Image size:PIL.Image.DecompressionBombWarning")
def test_decompression_bomb_is_refused_from_its_header(monkeypatch, pixels):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 56 // 2 - 1)
    with pytest.raises(ValueError, match=r"decompression bomb.*MAX_IMAGE_PIXELS"):
        read_header(encoded(pixels, "PNG"))
    # Twice the limit is Pillow's line between a warning and an error; large photographs pass.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 56 // 2)
    assert read_header(encoded(pixels, "PNG")).height == 40


def test_naming_keeps_the_cause():
    message = r"Cannot read image 'x': oh no\. Mend it"
    with pytest.raises(ValueError, match=message) as caught, naming("'x'", "Mend it."):
        raise OSError("oh no")
    assert isinstance(caught.value.__cause__, OSError)
