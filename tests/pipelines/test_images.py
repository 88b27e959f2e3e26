import itertools

import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines.images import place_window, to_float, to_uint8


def coordinates(count=5, height=20, width=24):
    """Images whose three channels are the image number, the row and the column."""
    grid = np.mgrid[0:count, 0:height, 0:width]
    return np.moveaxis(grid, 0, -1).astype(np.uint8)


def numpy_list(dataset, count=None):
    dataset = dataset if count is None else dataset.take(count)
    return [(int(index), image) for index, image in dataset.as_numpy_iterator()]


def assert_same(first, second):
    assert len(first) == len(second)
    for (index_1, image_1), (index_2, image_2) in zip(first, second, strict=True):
        assert index_1 == index_2
        np.testing.assert_array_equal(image_1, image_2)


@pytest.mark.parametrize("start", [1, 5, 127, 130])
def test_stream_from_start_is_the_tail_of_the_stream(start):
    source = pipelines.from_arrays(coordinates(), image_size=8)
    whole = numpy_list(source.stream(seed=3), 140)
    assert_same(whole[start:], numpy_list(source.stream(seed=3, start=start), 140 - start))


def test_stream_depends_on_its_seed_and_nothing_else():
    source = pipelines.from_arrays(coordinates(), image_size=8)
    dataset = source.stream(seed=3)
    first = numpy_list(dataset, 12)
    tf.random.set_seed(99)
    assert_same(first, numpy_list(dataset, 12))
    assert_same(first, numpy_list(pipelines.from_arrays(coordinates(), 8).stream(seed=3), 12))
    other = numpy_list(source.stream(seed=4), 12)
    assert any(not np.array_equal(a[1], b[1]) for a, b in zip(first, other, strict=True))


def test_each_epoch_visits_every_image_once_in_its_own_order():
    source = pipelines.from_arrays(coordinates(count=16), image_size=4)
    visits = [index for index, _ in numpy_list(source.stream(seed=0), 16 * 4)]
    epochs = [tuple(visits[start : start + 16]) for start in range(0, 64, 16)]
    assert all(sorted(epoch) == list(range(16)) for epoch in epochs)
    assert len(set(epochs)) == 4


def test_index_names_the_image_and_crops_are_windows_of_it():
    source = pipelines.from_arrays(coordinates(), image_size=6, augment=False)
    corners = set()
    for index, image in numpy_list(source.stream(seed=0), 200):
        number, rows, columns = np.moveaxis(np.rint((image + 1) * 127.5).astype(int), -1, 0)
        assert (number == index).all()
        np.testing.assert_array_equal(rows - rows[0, 0], np.mgrid[0:6, 0:6][0])
        np.testing.assert_array_equal(columns - columns[0, 0], np.mgrid[0:6, 0:6][1])
        corners.add((rows[0, 0], columns[0, 0]))
    tops, lefts = zip(*corners, strict=True)
    assert {min(tops), max(tops)} == {0, 14}
    assert {min(lefts), max(lefts)} == {0, 18}
    assert len(corners) > 100


def test_augmentation_shows_all_eight_views_of_a_square():
    square = np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1)
    views = {
        np.rot90(view, turns).tobytes()
        for view, turns in itertools.product([square[0, ..., 0], square[0, ..., 0].T], range(4))
    }
    source = pipelines.from_arrays(square)
    seen = {to_uint8(image[..., 0]).tobytes() for _, image in numpy_list(source.stream(0), 120)}
    assert seen == views
    plain = pipelines.from_arrays(square, augment=False)
    assert {to_uint8(image[..., 0]).tobytes() for _, image in numpy_list(plain.stream(0), 20)} == {
        square.tobytes()
    }


def test_mirroring_keeps_up_where_it_is():
    square = np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1)
    source = pipelines.from_arrays(square, augment="mirror")
    seen = {to_uint8(image[..., 0]).tobytes() for _, image in numpy_list(source.stream(0), 40)}
    assert seen == {square[0, ..., 0].tobytes(), square[0, :, ::-1, 0].tobytes()}
    with pytest.raises(ValueError, match="`augment` must be True, False or 'mirror'"):
        pipelines.from_arrays(square, augment="turn")


def test_whole_images_that_are_not_square_are_flipped_but_not_turned():
    source = pipelines.from_arrays(coordinates(count=2))
    images = [image for _, image in numpy_list(source.stream(0), 40)]
    assert {image.shape for image in images} == {(20, 24, 3)}
    assert len({image.tobytes() for image in images}) == 2 * 4


def test_ordered_is_the_order_of_the_source_with_centre_crops():
    images = coordinates()
    source = pipelines.from_arrays(images, image_size=8)
    got = numpy_list(source.ordered())
    assert [index for index, _ in got] == list(range(5))
    expected = [(number, to_float(images[number, 6:14, 8:16])) for number in range(5)]
    assert_same(got, expected)
    assert_same(got, numpy_list(source.ordered()))
    whole = pipelines.from_arrays(images)
    assert_same(numpy_list(whole.ordered()), [(n, to_float(images[n])) for n in range(5)])


def test_element_spec_is_static_where_it_can_be():
    source = pipelines.from_arrays(coordinates(), image_size=8)
    for dataset in (source.stream(0), source.ordered()):
        index, image = dataset.element_spec
        assert (index.shape, index.dtype) == ((), tf.int64)
        assert (image.shape, image.dtype) == ((8, 8, 3), tf.float32)
    assert source.ordered().cardinality() == 5
    mixed = pipelines.from_arrays([np.zeros((8, 9), np.uint8), np.zeros((9, 9), np.uint8)])
    assert mixed.ordered().element_spec[1].shape.as_list() == [None, None, 1]


def test_a_source_of_one_image():
    source = pipelines.from_arrays(coordinates(count=1), image_size=4)
    assert [index for index, _ in numpy_list(source.stream(seed=1, start=7), 3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("draws", "corner"), [((0, 0), (0, 0)), ((0.5, 0.5), (5, 10)), ((0.9999, 0.9999), (10, 20))]
)
def test_place_window_covers_the_image_evenly(draws, corner):
    window = place_window(6, *draws, height=16, width=26)
    assert (window.top, window.left) == corner
    assert (window.height, window.width) == (6, 6)


def test_place_window_survives_a_draw_that_rounds_to_one():
    assert place_window(4, np.float32(1), np.float32(1), 5, 6)[:2] == (1, 2)


def test_to_float_and_back_are_exact():
    levels = np.arange(256, dtype=np.uint8)
    floats = to_float(levels)
    assert floats.dtype == np.float32
    assert (floats[0], floats[255]) == (-1, 1)
    np.testing.assert_array_equal(to_uint8(floats), levels)
    sixteen = to_float(np.array([0, 65535], np.uint16))
    np.testing.assert_array_equal(sixteen, [-1, 1])
    np.testing.assert_array_equal(to_uint8([-7.0, 7.0]), [0, 255])
    np.testing.assert_allclose(to_float(np.array([0.0, 0.25, 1.0]), (0, 1)), [-1, -0.5, 1])


@pytest.mark.parametrize("seed", [-1, 2**31, 0.5, None, True])
def test_bad_seeds(seed):
    with pytest.raises(ValueError, match="`seed` must be an int from 0"):
        pipelines.from_arrays(coordinates()).stream(seed)


@pytest.mark.parametrize("image_size", [0, -3, 2.5, "64", True])
def test_bad_image_sizes(image_size):
    with pytest.raises(ValueError, match="`image_size` must be the side"):
        pipelines.from_arrays(coordinates(), image_size=image_size)


def test_repr_says_what_is_inside():
    assert repr(pipelines.from_arrays(coordinates(), 8)) == "<ArraySource: 5 images, 8 x 8 x 3>"


def test_a_slice_has_its_images_and_their_labels():
    levels = np.arange(10, dtype="uint8")[:, None, None, None] * np.ones((1, 4, 4, 1), "uint8")
    source = pipelines.from_arrays(levels, labels=np.arange(10) % 3, class_names="abc")
    kept = source[-3:]
    numbers = [int(pipelines.to_uint8(image)[0, 0, 0]) for _, image in kept.ordered()]
    assert numbers == [7, 8, 9]
    assert len(kept) == 3
    assert kept.labels.tolist() == [1, 2, 0]
    assert kept.class_names == ("a", "b", "c")
    assert kept.describe(0) == "images[0]"
    drawn = {int(pipelines.to_uint8(image)[0, 0, 0]) for _, image in source[::5].stream(0).take(20)}
    assert drawn == {0, 5}
    assert len(source) == 10
    assert len(source.labels) == 10


def test_a_slice_of_files_has_their_paths():
    photos = pipelines.sample(image_size=16)
    assert photos[1:3].paths == photos.paths[1:3]
    whole = [image for _, image in photos.ordered()]
    ((_, last),) = photos[-1:].ordered()
    np.testing.assert_array_equal(last, whole[-1])


def test_what_cannot_be_sliced(tmp_path):
    photos = pipelines.sample(image_size=16)
    with pytest.raises(TypeError, match="Sources are sliced"):
        photos[0]
    with pytest.raises(ValueError, match="There is no image in"):
        photos[4:]
    pipelines.write_tfrecord(photos, str(tmp_path / "photos.tfrecord"))
    with pytest.raises(TypeError, match="TFRecordSource cannot be sliced"):
        pipelines.from_tfrecord(str(tmp_path / "photos.tfrecord"))[:2]
