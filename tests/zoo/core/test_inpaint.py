"""`zoo.inpaint`: pictures of any size, kind and bit depth, with holes."""

from unittest import mock

import cases
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.core import tiling


@pytest.fixture(scope="module")
def model():
    model = zoo.InpaintingGAN(filters=(4, 6), dilations=(2,), objective=zoo.PairedObjective())
    return cases.awake(model)


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (45, 61, 3), "uint8")


@pytest.fixture
def holes():
    mask = np.zeros((45, 61), bool)
    mask[10:30, 20:50] = True
    mask[40:, 55:] = True
    return mask


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32", "gray", "alpha"])
def test_only_holes_change(model, picture, holes, kind):
    image = {
        "uint8": picture,
        "uint16": picture.astype("uint16") * 257,
        "float32": (picture / 255).astype("float32"),
        "gray": picture[..., 0],
        "alpha": np.dstack([picture, picture[..., 0]]),
    }[kind]
    filled = zoo.inpaint(model, image, holes, precision="bfloat16")
    assert (filled.dtype, filled.shape) == (image.dtype, image.shape)
    np.testing.assert_array_equal(filled[~holes], image[~holes])
    assert (filled[holes] != image[holes]).mean() > 0.5


def test_holes_are_filled_by_the_network(model, picture, holes):
    visible = np.where(holes[..., None], 0.0, picture / 127.5 - 1.0)
    masked = np.concatenate([visible, holes[..., None]], axis=-1)
    padded = np.pad(masked, [(0, 3), (0, 3), (0, 0)], mode="reflect")[None].astype("float32")
    output = np.asarray(model(padded, training=False))[0, :45, :61]
    expected = np.rint(np.clip((output + 1) * 127.5, 0, 255))
    filled = zoo.inpaint(model, picture, holes, precision="float32").astype(float)
    assert np.abs(filled - expected).max() <= 1


def test_what_is_in_a_hole_does_not_matter(model, picture, holes):
    other = picture.copy()
    other[holes] = 255
    first, second = (zoo.inpaint(model, each, holes) for each in (picture, other))
    np.testing.assert_array_equal(first, second)


def test_tiles_without_a_hole_are_not_computed(model, picture):
    holes = np.zeros((45, 61), bool)
    holes[20:24, 40:44] = True
    rows = tiling.RestoredRows(model, picture, tile=8, overlap=0, holes=holes)
    run = mock.Mock(wraps=rows._run, scale=1, output_channels=3)
    rows._run = run
    filled = rows.into(np.empty(rows.shape, rows.dtype))
    assert run.call_count == 1
    assert (filled[holes] != picture[holes]).mean() > 0.5
    np.testing.assert_array_equal(filled[~holes], picture[~holes])


def test_tiles_are_exact(model):
    rng = np.random.default_rng(1)
    image, holes = rng.integers(0, 256, (150, 170, 3), "uint8"), rng.random((150, 170)) < 0.3
    whole = zoo.inpaint(model, image, holes, tile=512, precision="float32").astype(int)
    tiled = zoo.inpaint(model, image, holes, tile=64, precision="float32").astype(int)
    assert np.abs(whole - tiled).max() <= 1


def test_kinds_of_masks(model, picture, holes, tmp_path):
    expected = zoo.inpaint(model, picture, holes)
    gray = (holes * 255).astype("uint8")
    Image.fromarray(gray).save(tmp_path / "mask.png")
    for mask in (gray, gray[..., None], holes.astype("float64"), Image.fromarray(gray),
                 str(tmp_path / "mask.png"), holes.astype("uint16") * 65535):  # fmt: skip
        np.testing.assert_array_equal(zoo.inpaint(model, picture, mask), expected)
    filled = zoo.inpaint(model, Image.fromarray(picture), gray)
    np.testing.assert_array_equal(np.asarray(filled), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:-1], r"as large as the image, \(45, 61\). Received: \(44, 61\)"),
        (lambda x: np.dstack([x] * 3), "`mask` must be a gray image"),
        (lambda x: x * 2.0, r"`mask` of dtype float64 must be in \[0, 1\]"),
        (lambda x: x.astype("int32"), "bool, unsigned integers or floats"),
    ],
)
def test_masks_that_do_not_fit(model, picture, holes, change, message):
    with pytest.raises(ValueError, match=message):
        zoo.inpaint(model, picture, change(holes))


def test_each_kind_of_model_has_its_function(model, picture, holes):
    with pytest.raises(ValueError, match=r"takes a mask: use `zoo\.inpaint"):
        zoo.restore(model, picture)
    other = zoo.DenoisingGAN(filters=(4,), blocks=1, objective=zoo.PairedObjective())
    with pytest.raises(ValueError, match=r"takes no mask: use `zoo\.restore"):
        zoo.inpaint(other, picture, holes)
