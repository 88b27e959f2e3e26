import os

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

import pipelines
from pipelines.images import to_uint8

NAMES = ["zero", "one", "two"]


def numbered(count=11, side=6):
    """Images with a gradient from left to right, which start at their own number."""
    columns = np.arange(side, dtype=np.uint8)[None, None, :, None]
    return 20 * np.arange(count, dtype=np.uint8)[:, None, None, None] + np.repeat(columns, side, 1)


def source_of(count=11, **options):
    options = {"labels": np.arange(count) % 3, "augment": False, **options}
    return pipelines.from_arrays(numbered(count), **options)


def batches(dataset, count=None):
    dataset = dataset if count is None else dataset.take(count)
    return list(dataset.as_numpy_iterator())


def numbers(images):
    """Number of each image, and whether it is mirrored."""
    levels = to_uint8(images)
    rows = levels[:, 0, :, 0].astype(int)
    return rows.min(axis=1) // 20, rows[:, 0] > rows[:, -1]


def assert_same(first, second):
    assert len(first) == len(second) > 0
    for (images, labels), (others, expected) in zip(first, second, strict=True):
        np.testing.assert_array_equal(images, others)
        np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(
    "options", [{}, {"start_step": 5}, {"shuffle": False}, {"mirror": True}, {"image_size": 4}]
)
def test_labels_stay_with_their_images(options):
    dataset = pipelines.labelled(source_of(), 4, **options)
    for images, labels in batches(dataset, 5):
        assert (images.dtype, labels.dtype, labels.ndim) == (np.float32, np.int32, 1)
        np.testing.assert_array_equal(labels, numbers(images)[0] % 3)


@pytest.mark.parametrize("options", [{}, {"start_step": 2}, {"shuffle": False}])
def test_unlabelled_gives_the_images_of_labelled(options):
    options = {"seed": 3, "mirror": True, "image_size": 5, **options}
    with_labels = batches(pipelines.labelled(source_of(), 4, **options), 2)
    without = batches(pipelines.unlabelled(source_of(labels=None), 4, **options), 2)
    for (images, _), others in zip(with_labels, without, strict=True):
        np.testing.assert_array_equal(images, others)


@pytest.mark.parametrize("start_step", [1, 5])
def test_resuming_gives_the_tail_of_the_uninterrupted_stream(start_step):
    options = {"seed": 7, "mirror": True, "image_size": 8}
    whole = pipelines.labelled(source_of(), 4, start_step=0, **options)
    resumed = pipelines.labelled(source_of(), 4, start_step=start_step, **options)
    assert_same(batches(whole.skip(start_step), 4), batches(resumed, 4))
    other = pipelines.labelled(source_of(), 4, start_step=0, **{**options, "seed": 8})
    pairs = zip(batches(whole, 4), batches(other, 4), strict=True)
    assert not any(np.array_equal(images, others) for (images, _), (others, _) in pairs)


def test_a_pass_is_finite_shows_no_image_twice_and_each_one_is_different():
    dataset = pipelines.unlabelled(source_of(12), 4)
    assert dataset.cardinality() == 3
    orders = [tuple(numbers(np.concatenate(batches(dataset)))[0]) for _ in range(3)]
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert len(set(orders)) == 3
    again = pipelines.unlabelled(source_of(12), 4)
    assert tuple(numbers(np.concatenate(batches(again)))[0]) == orders[0]


@pytest.mark.parametrize("image_size", [None, 4])
def test_all_images_in_order(image_size):
    dataset = pipelines.labelled(source_of(), 4, shuffle=False, image_size=image_size)
    assert dataset.cardinality() == 3
    first = batches(dataset)
    assert [len(images) for images, _ in first] == [4, 4, 3]
    assert list(numbers(np.concatenate([images for images, _ in first]))[0]) == list(range(11))
    assert_same(first, batches(dataset))


def test_mirroring_flips_half_of_the_images_and_nothing_else():
    plain = batches(pipelines.unlabelled(source_of(), 8, start_step=0), 40)
    mirrored = batches(pipelines.unlabelled(source_of(), 8, start_step=0, mirror=True), 40)
    flipped = 0
    for images, others in zip(plain, mirrored, strict=True):
        _, turned = numbers(others)
        expected = np.where(turned[:, None, None, None], images[:, :, ::-1], images)
        np.testing.assert_array_equal(others, expected)
        flipped += turned.sum()
    # 320 fair draws: a standard deviation of 9.
    assert 120 < flipped < 200
    assert not any(numbers(images)[1].any() for images in plain)


def test_every_batch_draws_its_own_flips():
    constant = pipelines.from_arrays(np.repeat(numbered(1), 40, axis=0), augment=False)
    # Two passes of two batches; the one in order is the same at each iteration.
    for options, different in (({}, 4), ({"start_step": 0}, 4), ({"shuffle": False}, 2)):
        dataset = pipelines.unlabelled(constant, 20, mirror=True, **options).repeat(2).take(4)
        draws = {tuple(numbers(images)[1]) for images in batches(dataset)}
        assert len(draws) == different


@pytest.mark.parametrize(("size", "side"), [((50, 40), 16), ((40, 50), 16), ((41, 40), 56)])
def test_the_centred_square_is_scaled_as_pillow_does(size, side):
    levels = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    [image] = batches(pipelines.unlabelled(pipelines.from_arrays(levels[None]), 1,
                                           shuffle=False, image_size=side))  # fmt: skip
    top, left = ((length - 40 + 1) // 2 for length in size)
    square = np.float32(levels[top : top + 40, left : left + 40]) / 127.5 - 1
    planes = [Image.fromarray(np.ascontiguousarray(square[..., c])) for c in range(3)]
    expected = np.stack([plane.resize((side, side), Image.BICUBIC) for plane in planes], axis=-1)
    np.testing.assert_allclose(image[0], np.clip(expected, -1, 1), atol=1e-4)


def test_scaling_never_leaves_the_range_and_keeps_images_of_the_right_size():
    edge = np.zeros((1, 8, 8, 1), np.uint8)
    edge[:, :, 4:] = 255
    for side in (3, 8, 31):
        dataset = pipelines.unlabelled(pipelines.from_arrays(edge), 1, shuffle=False,
                                       image_size=side)  # fmt: skip
        [image] = batches(dataset)
        assert (image.min(), image.max()) == (-1, 1)
    one_of_two_sizes = pipelines.from_arrays([edge[0], np.zeros((9, 9), np.uint8)])
    image = batches(pipelines.unlabelled(one_of_two_sizes, 2, shuffle=False, image_size=8))[0][0]
    np.testing.assert_array_equal(to_uint8(image), edge[0])


def test_images_of_several_sizes_make_batches_when_they_are_scaled(photo_folder):
    photos = pipelines.from_source(photo_folder, augment=False)
    dataset = pipelines.unlabelled(photos, 3, image_size=16)
    assert dataset.element_spec.shape == (3, 16, 16, 3)
    assert [images.shape for images in batches(dataset)] == [(3, 16, 16, 3)] * 2
    whole = [image for _, image in photos.ordered().as_numpy_iterator()]
    single = batches(pipelines.unlabelled(photos, 1, shuffle=False))
    assert [images.shape[1:] for images in single] == [image.shape for image in whole]


def test_sources_without_augmentation_never_turn_images(photo_folder):
    photos = pipelines.from_source(photo_folder, augment=False)
    upright = dict(photos.ordered().as_numpy_iterator())
    for index, image in photos.stream(0).take(21).as_numpy_iterator():
        np.testing.assert_array_equal(image, upright[index])


def test_folders_are_classes(photo_folder):
    with pytest.raises(ValueError, match=r"a\.jpg' is in no subfolder of '.*photos'; put the"):
        pipelines.labelled(pipelines.from_folder(photo_folder), 2, image_size=8)
    photo_folder.rename(photo_folder.parent / "b")
    pixels = np.zeros((9, 9, 3), np.uint8)
    for name in ("c/deep/er/a.png", "A/x.png", "A/y.png"):
        path = photo_folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    source = pipelines.from_source(photo_folder.parent, augment=False)
    assert source.class_names == ("A", "b", "c")
    assert source.labels.dtype == np.int32
    np.testing.assert_array_equal(source.labels, [0, 0, *[1] * 7, 2])
    [(_, labels)] = batches(pipelines.labelled(source, 10, shuffle=False, image_size=8))
    np.testing.assert_array_equal(labels, source.labels)


def test_damaged_files_do_not_renumber_the_classes(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (9, 9)).save(tmp_path / name / "x.png")
    (tmp_path / "b" / "x.png").write_bytes(b"not an image")
    with pytest.warns(UserWarning, match="Skipped 1 of 3 images"):
        source = pipelines.from_folder(tmp_path, on_error="skip")
    assert source.class_names == ("a", "b", "c")
    assert list(source.labels) == [0, 2]


def test_labels_of_your_own():
    source = source_of(labels=None)
    assert (source.labels, source.class_names) == (None, None)
    labels = np.arange(11)[:, None] % 2
    mine = source.with_labels(labels.astype(np.uint8), ["even", "odd"])
    assert (mine.labels.shape, mine.labels.dtype) == ((11,), np.int32)
    assert mine.class_names == ("even", "odd")
    assert source.labels is None
    assert list(mine.with_labels([5] * 11).labels) == [5] * 11
    assert source_of(class_names=NAMES).class_names == ("zero", "one", "two")


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        ([0] * 10, None, r"`labels` must be ints of shape \(11,\).*int64 of shape \(10,\)"),
        ([0.0] * 11, None, "`labels` must be ints .*float64"),
        (["cat"] * 11, None, "`labels` must be ints .*<U3"),
        (np.zeros((11, 3), int), None, r"of shape \(11, 3\)"),
        (
            [-2] + [2] * 10,
            None,
            "`labels` must count from 0, -1 for none. Received: labels from -2",
        ),
        (
            [2**31] * 11,
            None,
            "`labels` must count from 0, -1 for none. Received: labels from 2147483648",
        ),
        ([3] * 11, NAMES, "`class_names` must name all classes. Received: 3 names.* up to 3. Give"),
    ],
)
def test_labels_that_do_not_fit(labels, names, message):
    with pytest.raises(ValueError, match=message):
        source_of(labels=labels, class_names=names)
    with pytest.raises(ValueError, match=message):
        source_of().with_labels(labels, names)


def test_sources_without_labels(tmp_path):
    pipelines.write_tfrecord(source_of(), tmp_path / "x.tfrecord")
    for source, reason in [
        (source_of(labels=None), "`from_arrays` was not given `labels`"),
        (pipelines.from_tfrecord(tmp_path / "x.tfrecord", image_size=6), "TFRecord shards are"),
        (pipelines.sample(image_size=6), "nothing says which class its images show"),
    ]:
        message = rf"`source` must say .*: <.*>; {reason}.*source\.with_labels\(labels\)"
        with pytest.raises(ValueError, match=message):
            pipelines.labelled(source, 4)
        mine = source.with_labels(range(len(source)))
        assert batches(pipelines.labelled(mine, 4), 1)[0][1].shape == (4,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be a positive int"),
        ({"batch_size": 12}, "`batch_size` must not exceed the number of images, 11"),
        ({"start_step": 1, "shuffle": False}, "`start_step`.*needs `shuffle=True`"),
        ({"seed": -1}, "`seed` must be an int"),
        ({"image_size": 0}, "`image_size` must be the side"),
    ],
)
def test_arguments_that_do_not_fit(options, message):
    for function in (pipelines.labelled, pipelines.unlabelled):
        with pytest.raises(ValueError, match=message):
            function(source_of(), **{"batch_size": 4, **options})


def test_sources_that_do_not_fit():
    with pytest.raises(ValueError, match="`source` must be an ImageSource"):
        pipelines.unlabelled("photos/", image_size=8)
    with pytest.raises(ValueError, match="`batch_size` must be 1 for whole images of several"):
        pipelines.unlabelled(pipelines.sample(), 2)


@pytest.mark.parametrize("options", [{}, {"start_step": 3}, {"shuffle": False}])
def test_replicas_share_the_batch(mirrored, options):
    def dataset():
        return pipelines.labelled(source_of(8), 4, mirror=True, image_size=5, **options)

    parts = iter(mirrored.experimental_distribute_dataset(dataset()))
    for pair in batches(dataset(), 2):
        for values, whole in zip(next(parts), pair, strict=True):
            halves = mirrored.experimental_local_results(values)
            assert [len(half) for half in halves] == [2, 2]
            np.testing.assert_array_equal(np.concatenate(halves), whole)


def test_tfds_labels_are_the_class_feature():
    only_labels = tfds.decode.PartialDecoding({"label": True})
    with tfds.testing.mock_data(num_examples=7):
        source = pipelines.from_tfds("cifar10:test", augment=False)
        expected = tfds.load("cifar10", split="test", decoders=only_labels).as_numpy_iterator()
        np.testing.assert_array_equal(source.labels, [record["label"] for record in expected])
        assert (source.labels.dtype, len(source.class_names)) == (np.int32, 10)
        [_, (_, labels)] = batches(pipelines.labelled(source, 4, shuffle=False))
        np.testing.assert_array_equal(labels, source.labels[4:])


def test_tfds_sets_without_classes():
    with tfds.testing.mock_data(num_examples=3):
        source = pipelines.from_tfds("div2k", image_size=8)
        assert (source.labels, source.class_names) == (None, None)
        with pytest.raises(ValueError, match="the data set 'div2k' has no feature `label`"):
            pipelines.labelled(source, 2)


def test_tfds_labels_go_with_the_images_of_several_files(tmp_path):
    """A data set on disk, because the mocked ones invent images and labels apart."""
    examples = [
        {"image": np.full((4, 4, 3), 20 * number, np.uint8), "kind": NAMES[number % 3]}
        for number in range(12)
    ]
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(4, 4, 3)),
            "kind": tfds.features.ClassLabel(names=NAMES),
        }
    )
    folder = str(tmp_path / "numbered" / "1.0.0")
    identity = tfds.core.dataset_info.DatasetIdentity(
        name="numbered", version=tfds.core.Version("1.0.0"), data_dir=folder, module_name=""
    )
    os.makedirs(folder)
    features.save_config(folder)
    info = tfds.core.DatasetInfo(builder=identity, features=features)
    writer = tfds.core.SequentialWriter(info, max_examples_per_shard=4)
    writer.initialize_splits(["train"])
    writer.add_examples({"train": examples})
    writer.close_all()
    assert len(list(tmp_path.glob("**/*.tfrecord*"))) == 3
    source = pipelines.from_tfds("numbered", data_dir=tmp_path, augment=False)
    assert source.class_names == tuple(NAMES)
    whole = batches(pipelines.labelled(source, 5, start_step=0), 6)
    for images, labels in whole:
        np.testing.assert_array_equal(labels, np.rint((images[:, 0, 0, 0] + 1) * 127.5) // 20 % 3)
    assert_same(whole[2:], batches(pipelines.labelled(source, 5, start_step=2), 4))


def test_images_in_memory_are_read_in_blocks_to_the_same_effect():
    images = np.random.default_rng(0).integers(0, 256, (100, 6, 6, 3)).astype(np.uint8)
    blocks = pipelines.from_arrays(images, augment=False).stream(5, start=3).take(150)
    # Its images are flipped and turned, which leaves their sums.
    singles = pipelines.from_arrays(images).stream(5, start=3).take(150)
    for (index, image), (other, turned) in tf.data.Dataset.zip((blocks, singles)):
        assert index == other
        np.testing.assert_array_equal(to_uint8(image), images[index])
        np.testing.assert_allclose(tf.reduce_sum(image), tf.reduce_sum(turned), atol=1e-4)
