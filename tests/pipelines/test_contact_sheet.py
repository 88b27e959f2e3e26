"""The contact sheet shows the right pixels in the right places."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import degradations as ops
from pipelines.contact_sheet import contact_sheet
from pipelines.recipes import Recipe, recipe


@pytest.fixture
def images():
    levels = np.random.default_rng(0).integers(0, 256, (3, 8, 12, 3))
    return levels, tf.constant(levels / 127.5 - 1, tf.float32)


def test_layout(tmp_path, images):
    levels, photos = images
    path = contact_sheet(photos, "bicubic-x4", (0, 1), tmp_path / "deep" / "sheet.png", columns=2)
    sheet = np.asarray(Image.open(path)).astype(int)
    # Two columns of 12 px and two rows of pairs of 8 px, with gaps of 4 px around everything.
    assert sheet.shape == (4 + 4 * (8 + 4), 4 + 2 * (12 + 4), 3)
    np.testing.assert_array_equal(sheet[4:12, 4:16], levels[0])
    np.testing.assert_array_equal(sheet[4:12, 20:32], levels[1])
    np.testing.assert_array_equal(sheet[28:36, 4:16], levels[2])
    small = (recipe("bicubic-x4")(photos, (0, 1)).numpy() + 1) * 127.5
    enlarged = np.rint(small[2]).repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(sheet[40:48, 4:16], enlarged)
    assert (sheet[28:, 20:] == 255).all()


def test_holes_are_red_and_scenes_are_above(tmp_path, images):
    levels, photos = images
    half = Recipe("half", [ops.BorderMask(share=0.5, side_probability=1.0)])
    sheet = np.asarray(Image.open(contact_sheet(photos, half, (0, 1), tmp_path / "a.png")))
    np.testing.assert_array_equal(sheet[4:12, 4:16], levels[0])
    assert (sheet[16:24, 4:16] == [200, 40, 40]).all()
    gray = Recipe("gray", [ops.Clip()], scene=[ops.Grayscale()])
    sheet = np.asarray(Image.open(contact_sheet(photos, gray, (0, 1), tmp_path / "b.png")))
    assert (sheet[4:12, 4:16, 0] == sheet[4:12, 4:16, 2]).all()


def test_wrong_arguments(tmp_path, images):
    with pytest.raises(ValueError, match=r"`columns`.*0"):
        contact_sheet(images[1], "jpeg", (0, 1), tmp_path / "a.png", columns=0)
    with pytest.raises(ValueError, match="`recipe`"):
        contact_sheet(images[1], "jpg", (0, 1), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
