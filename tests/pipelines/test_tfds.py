import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import pipelines
import pipelines.tfds as tfds_module


@pytest.fixture(autouse=True)
def mock():
    with tfds.testing.mock_data(num_examples=7):
        yield


def elements(dataset, count):
    return [(int(index), image) for index, image in dataset.take(count).as_numpy_iterator()]


def assert_same(first, second):
    for (index, image), (expected, original) in zip(first, second, strict=True):
        assert index == expected
        np.testing.assert_array_equal(image, original)


def test_cifar10_pixels_are_those_of_tfds():
    source = pipelines.from_tfds("cifar10:test")
    assert (len(source), source.image_shape) == (7, (32, 32, 3))
    only_images = tfds.decode.PartialDecoding({"image": True})
    expected = tfds.load("cifar10", split="test", decoders=only_images).as_numpy_iterator()
    for (_, image), record in zip(elements(source.ordered(), 7), expected, strict=True):
        np.testing.assert_allclose(image, record["image"] / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("name", ["celeb_a", "lsun/bedroom", "imagenet2012", "div2k"])
def test_sets_of_photographs_of_several_sizes(name):
    source = pipelines.from_tfds(name, image_size=16, channels=1)
    assert len(source) == 7
    image = elements(source.stream(0), 1)[0][1]
    assert image.shape == (16, 16, 1)
    assert -1 <= image.min() < image.max() <= 1


@pytest.mark.parametrize("block", [3, 1024])
def test_stream_resumes_without_replay(monkeypatch, block):
    monkeypatch.setattr(tfds_module, "_BLOCK", block)
    source = pipelines.from_tfds("cifar10", image_size=24)
    dataset = source.stream(seed=2)
    whole = elements(dataset, 20)
    tf.random.set_seed(5)
    assert_same(whole, elements(dataset, 20))
    for start in (5, 13):
        assert_same(whole[start:], elements(source.stream(seed=2, start=start), 20 - start))
    epochs = [[index for index, _ in whole[first : first + 7]] for first in (0, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_paired_passes_and_resumption():
    def noise(images, seed):
        return images + tf.random.stateless_normal(tf.shape(images), seed)

    source = pipelines.from_tfds("cifar10", image_size=16)
    dataset = pipelines.paired(source, noise, 3)
    assert dataset.cardinality() == 2
    first, second = (list(dataset.as_numpy_iterator()) for _ in range(2))
    assert not any(np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True))
    whole = pipelines.paired(source, noise, 3, start_step=0).take(5).as_numpy_iterator()
    tail = pipelines.paired(source, noise, 3, start_step=3).take(2).as_numpy_iterator()
    for resumed, expected in zip(tail, list(whole)[3:], strict=True):
        for one, other in zip(resumed, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_names_of_versions_splits_and_features():
    parse = tfds_module._NAME.fullmatch
    for text, name, split in [
        ("cifar10", "cifar10", None),
        ("cifar10:test", "cifar10", "test"),
        ("lsun/bedroom:3.0.0", "lsun/bedroom:3.0.0", None),
        ("lsun/bedroom:3.*.*:train[:10%]", "lsun/bedroom:3.*.*", "train[:10%]"),
        ("cifar10:train[10:20]", "cifar10", "train[10:20]"),
    ]:
        assert (parse(text)["name"], parse(text)["split"]) == (name, split)
    low = pipelines.from_tfds("div2k", feature="lr")
    assert len(low) == 7
    with pytest.raises(ValueError, match=r"`feature` must be the key of an image in 'div2k'.*'hr'"):
        pipelines.from_tfds("div2k", feature="label")


def test_names_that_do_not_exist():
    with pytest.raises(ValueError, match="`name` must be a data set of TensorFlow Datasets"):
        pipelines.from_tfds("no_such_data_set")
    with pytest.raises(ValueError, match="`name` must be 'NAME' or 'NAME:SPLIT'"):
        pipelines.from_tfds(":train")
    with pytest.raises(ValueError, match="`feature` must be the key of an image in 'imdb_reviews'"):
        pipelines.from_tfds("imdb_reviews")
    with pytest.raises(ValueError, match=r"32 x 32 px .*smaller than the crop"):
        pipelines.from_tfds("cifar10", image_size=33)


def test_shards_keep_the_bytes_of_the_data_set(tmp_path):
    source = pipelines.from_tfds("cifar10")
    pipelines.write_tfrecord(source, tmp_path / "x.tfrecord", shards=2)
    read = pipelines.from_tfrecord(tmp_path / "x-*.tfrecord")
    assert [data for _, data in read.encoded()] == [data for _, data in source.encoded()]
    assert_same(elements(read.ordered(), 7), elements(source.ordered(), 7))
