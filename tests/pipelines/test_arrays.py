import numpy as np
import pytest

import pipelines


def only(source):
    return [image for _, image in source.ordered().as_numpy_iterator()]


def test_gray_and_lists_of_several_sizes():
    assert pipelines.from_arrays(np.zeros((2, 5, 6), np.uint8)).image_shape == (5, 6, 1)
    images = [np.full((5, 6, 3), 255, np.uint8), np.zeros((7, 4, 3), np.uint8)]
    source = pipelines.from_arrays(images)
    assert source.image_shape == (None, None, 3)
    assert [image.shape for image in only(source)] == [(5, 6, 3), (7, 4, 3)]
    assert [image.max() for image in only(source)] == [1, -1]


def test_types_and_ranges():
    sixteen = np.array([[[[0], [65535]]]], np.uint16)
    np.testing.assert_array_equal(only(pipelines.from_arrays(sixteen))[0].ravel(), [-1, 1])
    floats = np.array([[[[0], [255], [51]]]], np.float64)
    got = only(pipelines.from_arrays(floats, value_range=(0, 255)))[0]
    assert got.dtype == np.float32
    np.testing.assert_allclose(got.ravel(), [-1, 1, -0.6], atol=1e-6)
    signed = np.array([[[[-1.0], [0.5]]]])
    got = only(pipelines.from_arrays(signed, value_range=(-1, 1)))[0]
    np.testing.assert_array_equal(got.ravel(), [-1, 0.5])


def test_nothing_is_copied():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    source = pipelines.from_arrays(images)
    images[1] = 255
    assert only(source)[1].min() == 1


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        ([], {}, "at least one image"),
        (np.zeros((4, 4, 3), np.uint8), {}, "looks like a single one"),
        (np.zeros((2, 3, 8, 8), np.uint8), {}, "channels last"),
        (np.zeros((2, 8, 8, 4), np.uint8), {}, "1 or 3 channels"),
        (np.zeros((2, 0, 8, 3), np.uint8), {}, r"shape \(0, 8, 3\)"),
        (np.zeros((2, 8, 8, 3), np.int32), {}, "uint8, uint16 or float.*int32"),
        (np.zeros((2, 8, 8, 3)), {}, r"`value_range` must say"),
        (np.zeros((2, 8, 8, 3)), {"value_range": (1, 0)}, r"`value_range` must say"),
        (np.zeros((2, 8, 8, 3), np.uint8), {"value_range": (0, 1)}, "is for float images"),
        (np.full((2, 8, 8, 3), 1.5), {"value_range": (0, 1)}, "number 0 with values from 1.5"),
        (np.full((2, 8, 8, 3), np.nan), {"value_range": (0, 1)}, "number 0 with values from nan"),
        (np.zeros((2, 8, 8, 3), np.uint8), {"image_size": 9}, "number 0.*smaller than the crop"),
        (
            [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8)],
            {},
            "one type and one channel count",
        ),
    ],
)
def test_arrays_that_do_not_fit(images, options, message):
    with pytest.raises(ValueError, match=message):
        pipelines.from_arrays(images, **options)
