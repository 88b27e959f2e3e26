import gzip
import shutil
import struct

import numpy as np
import pytest

import pipelines
from pipelines.images import to_uint8

TRAIN, TEST = "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"
RANDOM = np.random.default_rng(0)
GRAY = RANDOM.integers(0, 256, (6, 7, 5)).astype(np.uint8)
COLOUR = RANDOM.integers(0, 256, (6, 7, 5, 3)).astype(np.uint8)
LABELS = np.array([2, 0, 1, 1, 0, 2])


def pixels(source):
    return to_uint8(np.stack([image for _, image in source.ordered().as_numpy_iterator()]))


def idx_bytes(array):
    """As http://yann.lecun.com/exdb/mnist describes it."""
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_idx(folder, name, array, compressed):
    data = idx_bytes(array)
    path = folder / (name + ".gz" * compressed)
    path.write_bytes(gzip.compress(data) if compressed else data)
    return path


def labels_name(name):
    return name.replace("images-idx3", "labels-idx1").replace("images.idx3", "labels.idx1")


@pytest.fixture
def mnist(tmp_path):
    write_idx(tmp_path, labels_name(TRAIN), LABELS, compressed=True)
    return write_idx(tmp_path, TRAIN, GRAY, compressed=True)


@pytest.fixture
def cifar(tmp_path):
    path = tmp_path / "cifar.npz"
    np.savez_compressed(
        path, x_train=COLOUR, y_train=LABELS.astype(np.uint8), x_test=COLOUR[:2],
        y_test=LABELS[:2].astype(np.uint8), class_names=np.array(["cat", "dog", "emu"]),
    )  # fmt: skip
    return str(path)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("labels_compressed", [True, False])
@pytest.mark.parametrize("name", [TRAIN, TEST, "train-images.idx3-ubyte"])
def test_idx_images_and_the_labels_beside_them(tmp_path, name, compressed, labels_compressed):
    path = write_idx(tmp_path, name, GRAY, compressed)
    write_idx(tmp_path, labels_name(name), LABELS, labels_compressed)
    source = pipelines.from_source(str(path), augment=False)
    assert (source.image_shape, source.channels, source.augment) == ((7, 5, 1), 1, False)
    np.testing.assert_array_equal(pixels(source)[..., 0], GRAY)
    np.testing.assert_array_equal(source.labels, LABELS)
    assert source.class_names is None


def test_a_download_that_was_unpacked_under_its_old_name(tmp_path):
    path = write_idx(tmp_path, TRAIN, GRAY, compressed=False)
    source = pipelines.from_source(path.rename(path.with_name(TRAIN + ".gz")))
    np.testing.assert_array_equal(pixels(source)[..., 0], GRAY)


def test_idx_without_labels(mnist):
    mnist.with_name(labels_name(TRAIN) + ".gz").unlink()
    source = pipelines.from_idx(mnist)
    assert source.labels is None
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte', or the same with \.gz"):
        pipelines.labelled(source, 2)


def test_idx_files_that_cannot_be_used(tmp_path, mnist):
    labels = mnist.with_name(labels_name(TRAIN) + ".gz")
    message = r"labels-.*\.gz' must be an IDX file of images, .* 08 03\. Received: 00 00 08 01"
    with pytest.raises(ValueError, match=message):
        pipelines.from_source(labels)
    write_idx(tmp_path, labels_name(TRAIN), LABELS[:5], compressed=True)
    with pytest.raises(ValueError, match=r"labels-.*' must hold a label for each of the 6 images"):
        pipelines.from_source(mnist)
    shutil.copy(mnist, labels)
    with pytest.raises(ValueError, match=r"labels-.*' must be an IDX file of labels"):
        pipelines.from_source(mnist)
    with pytest.raises(ValueError, match=r"There is no file '.*absent-images-idx3-ubyte'"):
        pipelines.from_source(tmp_path / "absent-images-idx3-ubyte")


@pytest.mark.parametrize("keep", [0, 3, 4, 9, 16, -1])
def test_an_idx_file_that_is_truncated(tmp_path, keep):
    path = tmp_path / TRAIN
    path.write_bytes(idx_bytes(GRAY)[:keep])
    with pytest.raises(ValueError, match=rf"'.*{TRAIN}' (is truncated|must be an IDX file)"):
        pipelines.from_source(path)


@pytest.mark.parametrize("change", ["truncate", "flip", "append"])
def test_a_compressed_idx_file_that_is_damaged(mnist, change):
    data = bytearray(mnist.read_bytes())
    if change == "truncate":
        del data[-20:]
    elif change == "flip":
        data[-6] ^= 255  # in the checksum
    else:
        data += gzip.compress(b"more")
    mnist.write_bytes(data)
    with pytest.raises(ValueError, match=rf"'.*{TRAIN}\.gz'.*[Dd]ownload it again"):
        pipelines.from_source(mnist)


def test_npz_parts_are_chosen_by_key_or_word(cifar):
    train, test = pipelines.from_source(cifar), pipelines.from_source(f"{cifar}:test")
    np.testing.assert_array_equal(pixels(train), COLOUR)
    np.testing.assert_array_equal(train.labels, LABELS)
    np.testing.assert_array_equal(pixels(test), COLOUR[:2])
    np.testing.assert_array_equal(test.labels, LABELS[:2])
    assert train.class_names == test.class_names == ("cat", "dog", "emu")
    assert len(pipelines.from_npz(f"{cifar}:x_test")) == 2
    with pytest.raises(ValueError, match=r"`name` must .* one of \['x_test', 'x_train'\]"):
        pipelines.from_source(f"{cifar}:y_train")


def test_npz_labels_of_parts_of_one_length(tmp_path):
    path = str(tmp_path / "medical.npz")
    arrays = {"val_images": GRAY, "val_labels": LABELS[:, None], "test_images": GRAY,
              "test_labels": LABELS[::-1, None], "train_images": GRAY}  # fmt: skip
    np.savez(path, **arrays)
    np.testing.assert_array_equal(pipelines.from_source(f"{path}:val").labels, LABELS)
    np.testing.assert_array_equal(pipelines.from_source(f"{path}:test").labels, LABELS[::-1])
    assert pipelines.from_source(path).labels is None


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({}, "must hold one array of 6 ints >= -1 for 'images'.* are \\[\\]"),
        ({"labels": LABELS - 2}, "those that may be meant are \\[\\]"),
        ({"labels": LABELS[:5]}, "those that may be meant are \\[\\]"),
        ({"labels": LABELS, "ages": LABELS}, "those that may be meant are \\['labels', 'ages'\\]"),
        (
            {"labels": LABELS, "names": np.array(["a", "b"])},
            "used: `class_names` .*None. Or",
        ),
    ],
)
def test_npz_without_labels(tmp_path, others, reason):
    path = tmp_path / "x.npz"
    np.savez(path, images=GRAY, **others)
    source = pipelines.from_npz(path, augment=False)
    assert source.labels is None
    np.testing.assert_array_equal(pixels(source)[..., 0], GRAY)
    with pytest.raises(ValueError, match=rf"x\.npz.*{reason}"):
        pipelines.labelled(source, 2)


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": GRAY / 255.0},
        {"image": COLOUR[0]},
        {"images": np.moveaxis(COLOUR, -1, 1)},
        {"images": COLOUR[:0]},
        {"labels": LABELS},
        {"images": np.array([None, GRAY], object)},
        {},
    ],
)
def test_npz_without_images(tmp_path, arrays):
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=r"x\.npz' must hold a uint8 or uint16 array of images"):
        pipelines.from_source(path)


def test_npz_files_that_are_damaged(tmp_path, cifar):
    with pytest.raises(ValueError, match=r"There is no file '.*absent\.npz'"):
        pipelines.from_source(tmp_path / "absent.npz:test")
    with open(cifar, "rb") as file:
        data = bytearray(file.read())
    for name, content in [("cut", data[:-30]), ("text", b"no zip"), ("empty", b"")]:
        path = tmp_path / f"{name}.npz"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"Cannot read '.*{name}\.npz': .*damaged, truncated"):
            pipelines.from_source(path)
    data[len(data) // 4 : len(data) // 4 + 8] = bytes(8)  # inside the first array of images
    (tmp_path / "hole.npz").write_bytes(data)
    with pytest.raises(ValueError, match=r"Cannot read '.*hole\.npz': .*damaged"):
        pipelines.from_source(tmp_path / "hole.npz")
    with pytest.raises(ValueError, match=r"`name` must be 'FILE\.npz' or 'FILE\.npz:KEY'"):
        pipelines.from_npz(tmp_path / "x.npy")


def test_channels_crops_and_sixteen_bits(tmp_path, mnist, cifar):
    as_colour = pipelines.from_source(mnist, channels=3)
    np.testing.assert_array_equal(pixels(as_colour), np.repeat(GRAY[..., None], 3, axis=-1))
    as_gray = pipelines.from_source(cifar, channels=1)
    expected = np.rint(COLOUR @ np.array([0.299, 0.587, 0.114]))
    np.testing.assert_array_equal(pixels(as_gray)[..., 0], expected)
    crops = pipelines.from_source(cifar, image_size=4)
    np.testing.assert_array_equal(pixels(crops), COLOUR[:, 2:6, 1:5])
    for path in (cifar, mnist):
        with pytest.raises(ValueError, match=r"'.*' cannot be cropped: .*7 x 5 px.*size=6`"):
            pipelines.from_source(path, image_size=6)
        with pytest.raises(ValueError, match="`channels` must be 3"):
            pipelines.from_source(path, channels=2)
    np.savez(tmp_path / "deep.npz", x=np.array([[[0, 65535, 0, 0, 0]]], np.uint16))
    [(_, image)] = pipelines.from_source(tmp_path / "deep.npz").ordered().as_numpy_iterator()
    np.testing.assert_array_equal(image[0, :2, 0], [-1, 1])


def test_options_of_folders_are_refused(cifar):
    with pytest.raises(ValueError, match="`on_error` and `cache` are for folders of images"):
        pipelines.from_source(cifar, cache=True)


def test_batches_with_labels(mnist):
    source = pipelines.from_source(mnist, augment=False)
    [(images, labels)] = pipelines.labelled(source, 6, image_size=8, mirror=True)
    assert images.shape == (6, 8, 8, 1)
    assert sorted(labels.numpy()) == sorted(LABELS)
