import os

import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines.images import to_float


def numbered(count=10):
    """Images of several sizes whose pixels tell their number."""
    return [np.full((8 + n % 3, 9, 3), 20 * n, np.uint8) for n in range(count)]


def images(dataset):
    return [image for _, image in dataset.as_numpy_iterator()]


@pytest.mark.parametrize(("shards", "names"), [(1, 1), (3, 3), (10, 10)])
def test_written_images_come_back_in_order(tmp_path, shards, names):
    source = pipelines.from_arrays(numbered())
    paths = pipelines.write_tfrecord(source, tmp_path / "new" / "x.tfrecord", shards)
    assert len(paths) == names
    assert sorted(os.listdir(tmp_path / "new")) == [os.path.basename(path) for path in paths]
    read = pipelines.from_tfrecord(tmp_path / "new" / "*.tfrecord")
    assert len(read) == 10
    for image, expected in zip(images(read.ordered()), numbered(), strict=True):
        np.testing.assert_array_equal(image, to_float(expected))


def test_names_of_shards(tmp_path):
    source = pipelines.from_arrays(numbered())
    paths = pipelines.write_tfrecord(source, str(tmp_path / "x.tfrecord"), shards=2)
    assert [os.path.basename(path) for path in paths] == [
        "x-00000-of-00002.tfrecord",
        "x-00001-of-00002.tfrecord",
    ]


def test_tensorflow_reads_the_files_too(tmp_path, photo_folder):
    source = pipelines.from_folder(photo_folder)
    [path] = pipelines.write_tfrecord(source, tmp_path / "x.tfrecord")
    records = list(tf.data.TFRecordDataset(path).as_numpy_iterator())
    for record, name in zip(records, source.paths, strict=True):
        features = tf.train.Example.FromString(record).features.feature
        assert features["image/filename"].bytes_list.value == [name.encode()]
        with open(name, "rb") as file:
            assert features["image/encoded"].bytes_list.value == [file.read()]


def test_sixteen_bits_and_floats(tmp_path):
    sixteen = np.random.default_rng(0).integers(0, 65536, (2, 8, 8, 3)).astype(np.uint16)
    pipelines.write_tfrecord(pipelines.from_arrays(sixteen), tmp_path / "a.tfrecord")
    read = pipelines.from_tfrecord(tmp_path / "a.tfrecord")
    np.testing.assert_array_equal(np.stack(images(read.ordered())), to_float(sixteen))
    floats = pipelines.from_arrays(sixteen / 65535, value_range=(0, 1))
    pipelines.write_tfrecord(floats, tmp_path / "b.tfrecord")
    read = pipelines.from_tfrecord(tmp_path / "b.tfrecord")
    error = np.stack(images(read.ordered())) - to_float(sixteen)
    assert 0 < abs(error).max() <= 0.5 / 127.5 + 1e-6


def test_streams_resume_and_equal_those_of_the_original(tmp_path):
    source = pipelines.from_arrays(numbered(), image_size=6)
    pipelines.write_tfrecord(source, tmp_path / "x.tfrecord", shards=3)
    read = pipelines.from_tfrecord(tmp_path / "x-*.tfrecord", image_size=6)
    whole = list(read.stream(5).take(25).as_numpy_iterator())
    originals = source.stream(5).take(25).as_numpy_iterator()
    tail = read.stream(5, start=12).take(13).as_numpy_iterator()
    for (index, image), (expected, original) in zip(whole, originals, strict=True):
        assert index == expected
        np.testing.assert_array_equal(image, original)
    for (index, image), (expected, original) in zip(tail, whole[12:], strict=True):
        assert index == expected
        np.testing.assert_array_equal(image, original)


def test_shards_can_be_written_from_shards(tmp_path, photo_folder):
    source = pipelines.from_folder(photo_folder)
    pipelines.write_tfrecord(source, tmp_path / "a.tfrecord")
    first = pipelines.from_tfrecord(tmp_path / "a.tfrecord")
    pipelines.write_tfrecord(first, tmp_path / "b.tfrecord", shards=2)
    second = pipelines.from_tfrecord(tmp_path / "b-*.tfrecord")
    assert list(source.encoded()) == list(first.encoded()) == list(second.encoded())


def test_file_systems_of_tensorflow():
    source = pipelines.from_arrays(numbered())
    pipelines.write_tfrecord(source, "ram://folder/x.tfrecord", shards=2)
    read = pipelines.from_tfrecord("ram://folder/x-*.tfrecord")
    assert list(read.encoded()) == list(source.encoded())
    assert not tf.io.gfile.glob("ram://folder/*.partial")


def test_writing_that_cannot_work(tmp_path):
    source = pipelines.from_arrays(numbered())
    with pytest.raises(ValueError, match=r"`path` must end in '\.tfrecord'"):
        pipelines.write_tfrecord(source, tmp_path / "x")
    for shards in (0, 11):
        with pytest.raises(ValueError, match="`shards` must be from 1 to the number of images, 10"):
            pipelines.write_tfrecord(source, tmp_path / "x.tfrecord", shards)
    [path] = pipelines.write_tfrecord(source, tmp_path / "x.tfrecord")
    before = os.stat(path).st_mtime_ns
    with pytest.raises(ValueError, match=r"`path` must be new.*x\.tfrecord' exists"):
        pipelines.write_tfrecord(source, tmp_path / "x.tfrecord")
    assert os.stat(path).st_mtime_ns == before


def test_a_failure_leaves_nothing_behind(tmp_path, photo_folder):
    source = pipelines.from_folder(photo_folder)
    os.remove(source.paths[4])
    with pytest.raises(FileNotFoundError, match=r"e\.JPG"):
        pipelines.write_tfrecord(source, tmp_path / "out" / "x.tfrecord", shards=3)
    assert os.listdir(tmp_path / "out") == []


def test_files_that_cannot_be_read(tmp_path):
    source = pipelines.from_arrays(numbered())
    paths = pipelines.write_tfrecord(source, tmp_path / "x.tfrecord", shards=3)
    with pytest.raises(ValueError, match="`pattern` matches no file"):
        pipelines.from_tfrecord(tmp_path / "absent*.tfrecord")
    os.truncate(paths[2], os.path.getsize(paths[2]) - 1)
    with pytest.raises(ValueError, match=r"x-00002-of-00003\.tfrecord' is truncated, compressed"):
        pipelines.from_tfrecord(tmp_path / "x-*.tfrecord")
    os.remove(paths[1])
    with pytest.raises(ValueError, match=r"x-00001-of-00003\.tfrecord' is missing, but '.*x-0000"):
        pipelines.from_tfrecord(tmp_path / "x-*.tfrecord")
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(tmp_path / "gz.tfrecord"), options) as writer:
        writer.write(b"x" * 1000)
    with pytest.raises(ValueError, match="compressed"):
        pipelines.from_tfrecord(tmp_path / "gz.tfrecord")
    open(tmp_path / "empty.tfrecord", "wb").close()
    with pytest.raises(ValueError, match=r"no image in 1 files, e\.g\. '.*empty\.tfrecord'"):
        pipelines.from_tfrecord(tmp_path / "empty.tfrecord")


def test_another_key_and_a_record_that_is_damaged(tmp_path):
    good = tf.io.encode_png(numbered()[1]).numpy()

    def record(image):
        value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
        features = tf.train.Features(feature={"jpg": value})
        return tf.train.Example(features=features).SerializeToString()

    path = str(tmp_path / "x.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for image in (good, good[:40]):
            writer.write(record(image))
    wrong = pipelines.from_tfrecord(path)
    message = r"no `feature='image/encoded'` but \['jpg'\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        next(iter(wrong.ordered()))
    iterator = iter(pipelines.from_tfrecord(path, feature="jpg").ordered())
    np.testing.assert_array_equal(next(iterator)[1], to_float(numbered()[1]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"record 1 of '.*x\.tfrecord': "):
        next(iterator)
    small = pipelines.from_tfrecord(path, feature="jpg", image_size=32)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"record 0 of .*smaller than the crop"
    ):
        next(iter(small.ordered()))
