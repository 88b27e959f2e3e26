"""What the signatures compute, before anything is written."""

import io

import keras
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import tensorflow as tf
from keras import layers

from export.signatures import (
    bytes_signature,
    exportable_network,
    field_of,
    float_signature,
    restore_unit_range,
)
from zoo.networks.super_resolution import compact_srresnet


def encode(image, kind="PNG", **options):
    file = io.BytesIO()
    image = image if isinstance(image, PIL.Image.Image) else PIL.Image.fromarray(image.squeeze())
    image.save(file, kind, **options)
    return file.getvalue()


def decode(contents):
    return np.asarray(PIL.Image.open(io.BytesIO(contents)))


def identity(channels=3):
    inputs = keras.Input((None, None, channels))
    return keras.Model(inputs, layers.Identity()(inputs))


@pytest.fixture(scope="module")
def unchanged():
    """Files through a network that changes nothing, by its number of channels."""
    functions = {}

    def run(*files, channels=3):
        if channels not in functions:
            functions[channels] = bytes_signature(identity(channels), max_pixels=10_000)
        outputs = functions[channels](tf.constant(files, tf.string))
        return [decode(x) for x in outputs["restored_bytes"].numpy()]

    return run


# ---------------------------------------------------------------------- floats


def test_float_signature_is_the_network_in_another_range(super_resolution):
    network = super_resolution()
    images = np.random.default_rng(0).uniform(0, 1, (2, 7, 9, 3)).astype("float32")
    expected = np.clip(network(images * 2 - 1, training=False) * 0.5 + 0.5, 0, 1)
    restored = float_signature(network)(images)["restored_images"]
    assert restored.shape == (2, 14, 18, 3)
    assert restored.dtype == tf.float32
    assert expected.min() < 0.4  # not all clipped
    assert expected.max() > 0.6
    np.testing.assert_allclose(restored, expected, atol=1e-6)


def test_output_is_clipped_to_the_unit_range():
    inputs = keras.Input((None, None, 1))
    double = keras.Model(inputs, layers.Rescaling(2.0)(inputs))
    images = np.array([0.0, 0.25, 0.5, 0.6, 1.0], "float32").reshape(1, 1, 5, 1)
    restored = float_signature(double)(images)["restored_images"]
    np.testing.assert_allclose(np.ravel(restored), [0, 0, 0.5, 0.7, 1], atol=1e-6)


@pytest.mark.parametrize("bad", [255.0, -1.0, float("nan"), float("inf")])
def test_values_outside_the_unit_range_name_the_image(bad):
    images = np.full((3, 4, 4, 1), 0.5, "float32")
    images[1, 2, 2, 0] = bad
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"images\[1\] must hold float32"):
        float_signature(identity(1))(images)


@pytest.mark.parametrize("size", [(8, 12), (9, 13), (7, 5), (3, 1), (1, 1)])
def test_alignment_pads_by_reflection_and_crops(unet, size):
    network = unet()
    images = np.random.default_rng(0).uniform(0, 1, (2, *size, 3)).astype("float32")
    pad = [(0, 0), (0, -size[0] % 4), (0, -size[1] % 4), (0, 0)]
    padded = np.pad(images, pad, mode="reflect")
    expected = network(padded * 2 - 1, training=False)[:, : size[0], : size[1]] * 0.5 + 0.5
    restored = restore_unit_range(network, tf.constant(images), alignment=4)
    np.testing.assert_allclose(restored, np.clip(expected, 0, 1), atol=1e-6)


def test_alignment_crops_at_the_scale_of_the_network(super_resolution):
    restored = restore_unit_range(super_resolution(), tf.zeros((1, 5, 6, 3)), alignment=4)
    assert restored.shape == (1, 10, 12, 3)


def test_alignment_is_computed_from_the_strides(unet, super_resolution):
    assert field_of(unet()).multiple == 4
    assert field_of(super_resolution()).multiple == 1
    assert field_of(unet(), 16).multiple == 16
    with pytest.raises(ValueError, match=r"`alignment` must be an integer.*alignment=0"):
        field_of(unet(), 0)


# ---------------------------------------------------------------------- files


def test_files_of_different_sizes_come_back_exactly(unchanged, photo):
    images = [photo(5, 7), photo(11, 4, seed=1)]
    restored = unchanged(*[encode(x) for x in images])
    for image, output in zip(images, restored, strict=True):
        np.testing.assert_array_equal(output, image)


def test_an_empty_batch_gives_an_empty_batch(unchanged):
    assert unchanged() == []


def test_output_is_rounded_to_the_nearest_level(photo):
    inputs = keras.Input((None, None, 3))
    shift = keras.Model(inputs, layers.Rescaling(1.0, offset=2 * 0.6 / 255)(inputs))
    image = photo() // 2
    (restored,) = bytes_signature(shift)(tf.constant([encode(image)]))["restored_bytes"].numpy()
    np.testing.assert_array_equal(decode(restored), image + 1)


def test_gray_files_become_rgb_and_gray_models_stay_gray(unchanged, photo):
    gray = photo(channels=1)
    np.testing.assert_array_equal(unchanged(encode(gray))[0], np.repeat(gray, 3, axis=2))
    np.testing.assert_array_equal(unchanged(encode(gray), channels=1)[0], gray[..., 0])


def test_palette_and_one_bit_files(unchanged, photo):
    palette = PIL.Image.fromarray(photo() // 64 * 64).quantize(64)
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(unchanged(encode(palette))[0], expected)
    bits = PIL.Image.fromarray(photo(channels=1)[..., 0]).convert("1")
    expected = np.asarray(bits.convert("L"))
    np.testing.assert_array_equal(unchanged(encode(bits), channels=1)[0], expected)


def test_jpeg_is_decoded_as_pillow_does(unchanged, photo):
    contents = encode(photo(40, 33), "JPEG", quality=80)
    np.testing.assert_array_equal(unchanged(contents)[0], decode(contents))


@pytest.mark.parametrize("big_endian", [False, True])
def test_exif_orientation_is_applied(unchanged, photo, big_endian):
    files, expected = [], []
    for orientation in range(1, 9):
        exif = PIL.Image.Exif()
        exif.endian = ">" if big_endian else "<"
        exif[0x010F] = "A camera, and a name that is longer than four bytes"
        exif[0x0112] = orientation
        block = b"Exif\x00\x00" + tiff(big_endian, orientation)
        files.append(encode(photo(16, 24), "JPEG", exif=block))
        upright = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(files[-1])))
        expected.append(np.asarray(upright))
    assert {x.shape for x in expected} == {(16, 24, 3), (24, 16, 3)}
    for output, wanted in zip(unchanged(*files), expected, strict=True):
        np.testing.assert_array_equal(output, wanted)


def tiff(big_endian, orientation):
    """A TIFF block with two entries, orientation second (TIFF 6.0, section 2)."""
    order = "big" if big_endian else "little"

    def number(value, size):
        return value.to_bytes(size, order)

    width = number(0x0100, 2) + number(3, 2) + number(1, 4) + number(24, 2) + number(0, 2)
    entry = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + number(0, 2)
    head = (b"MM" if big_endian else b"II") + number(42, 2) + number(8, 4)
    return head + number(2, 2) + width + entry + number(0, 4)


def test_broken_exif_is_ignored(unchanged, photo):
    contents = encode(photo(16, 24), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff" + b"x" * 9)
    assert unchanged(contents)[0].shape == (16, 24, 3)


def wrong_files():
    rgb = PIL.Image.new("RGB", (6, 5))
    return {
        "text": (b"not an image", r"image_bytes\[1\] is neither a JPEG nor a PNG"),
        "empty": (b"", r"image_bytes\[1\] is neither a JPEG nor a PNG.*0 bytes"),
        "stub": (encode(rgb)[:20], r"image_bytes\[1\] is neither a JPEG nor a PNG"),
        "webp": (encode(rgb, "WEBP"), r"image_bytes\[1\] is neither a JPEG nor a PNG"),
        "rgba": (encode(rgb.convert("RGBA")), r"image_bytes\[1\] must be RGB.*Received: 4"),
        "gray alpha": (encode(rgb.convert("LA")), r"image_bytes\[1\] must be RGB.*Received: 2"),
        "cmyk": (encode(rgb.convert("CMYK"), "JPEG"), r"image_bytes\[1\] is a CMYK JPEG"),
        "bomb": (encode(PIL.Image.new("L", (101, 100))), r"\[1\] has too many pixels.*100 x 101"),
        "big jpeg": (encode(PIL.Image.new("L", (101, 100)), "JPEG"), r"\[1\] has too many pixels"),
    }


@pytest.mark.parametrize("case", wrong_files())
def test_a_wrong_file_is_refused_by_its_place_in_the_batch(unchanged, photo, case):
    contents, message = wrong_files()[case]
    good = encode(photo())
    assert len(unchanged(good)) == 1
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        unchanged(good, contents)


def test_colour_is_refused_by_a_gray_model(unchanged, photo):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image_bytes\[0\] must be gray"):
        unchanged(encode(photo()), channels=1)


def test_a_truncated_file_is_an_error(unchanged, photo):
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"image_bytes\[0\] is damaged or cut off"
    ):
        unchanged(encode(photo())[:-30])


# ---------------------------------------------------------------------- models


def test_mixed_precision_network_is_served_in_float32(super_resolution):
    exact = super_resolution()
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = super_resolution()
    mixed.set_weights(exact.get_weights())
    images = np.random.default_rng(0).uniform(0, 1, (1, 8, 8, 3)).astype("float32")
    served = float_signature(exportable_network(mixed))(images)["restored_images"]
    expected = float_signature(exact)(images)["restored_images"]
    np.testing.assert_array_equal(served, expected)
    rounded = float_signature(mixed)(images)["restored_images"]
    assert np.abs(rounded - expected).max() > 1e-4


def test_inference_network_of_a_trainer_is_taken():
    class Trainer(keras.Model):
        inference_network = compact_srresnet(scale=2, filters=4, blocks=1)

    network = exportable_network(Trainer())
    assert network.name == "compact_srresnet"
    assert network is not Trainer.inference_network


def test_models_that_cannot_be_served():
    fixed = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(3, 1)])
    with pytest.raises(ValueError, match=r"any height and width.*keras.Input\(\(None, None, 3\)"):
        exportable_network(fixed)
    with pytest.raises(ValueError, match=r"gray or RGB images.*\(None, None, None, 4\)"):
        exportable_network(identity(4))
    classifier = keras.Sequential([keras.Input((None, None, 3)), layers.GlobalMaxPooling2D()])
    with pytest.raises(ValueError, match="gray or RGB images"):
        exportable_network(classifier)
    with pytest.raises(ValueError, match="`model` must be a built functional"):
        exportable_network(lambda x: x)
    two = [keras.Input((None, None, 3)), keras.Input((None, None, 3))]
    with pytest.raises(ValueError, match=r"one image into one image.*2 inputs"):
        exportable_network(keras.Model(two, layers.Add()(two)))


def exif_thumbnail():
    """A JPEG file whose EXIF data hold a whole JPEG file, as those of cameras do."""
    small, large = io.BytesIO(), io.BytesIO()
    image = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), "uint8"))
    image.resize((16, 16)).save(small, "JPEG")
    image.save(large, "JPEG", exif=b"Exif\x00\x00" + small.getvalue())
    return large.getvalue()


@pytest.mark.parametrize("keep", [1.0, 0.9, 0.5, 0.3])
def test_thumbnail_is_not_the_end_of_a_file(unchanged, keep):
    whole = exif_thumbnail()
    cut = whole[: round(keep * len(whole))]
    if keep == 1.0:
        assert unchanged(cut, cut + b"trailer" * 99)[1].shape == (40, 60, 3)
        return
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image_bytes\[1\] is damaged or cut"):
        unchanged(whole, cut)
