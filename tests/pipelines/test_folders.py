import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import pipelines
from pipelines.images import to_uint8


def names(source, folder):
    return [str(path)[len(str(folder)) + 1 :] for path in source.paths]


def truncate(path, keep=0.6):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


def test_finds_images_in_the_order_of_their_paths(photo_folder):
    (photo_folder / "notes.txt").write_text("no image")
    (photo_folder / "._a.jpg").write_bytes(b"what macOS leaves behind")
    (photo_folder / ".cache").mkdir()
    (photo_folder / ".cache" / "x.jpg").write_bytes(b"hidden")
    source = pipelines.from_folder(photo_folder)
    expected = ["a.jpg", "b.png", "c.webp", "d.jpeg", "e.JPG", "f/a.png", "f/g/b.jpg"]
    assert names(source, photo_folder) == expected
    flat = pipelines.from_folder(photo_folder, recursive=False)
    assert names(flat, photo_folder) == [name for name in expected if "/" not in name]


def test_pixels_are_those_of_pillow(photo_folder):
    source = pipelines.from_folder(photo_folder)
    for path, (_, image) in zip(source.paths, source.ordered().as_numpy_iterator(), strict=True):
        expected = np.asarray(Image.open(path).convert("RGB")).astype(int)
        assert abs(to_uint8(image) - expected).max() <= 1
    gray = pipelines.from_folder(photo_folder, image_size=16, channels=1)
    assert next(iter(gray.stream(0)))[1].shape == (16, 16, 1)


def test_the_extension_need_not_tell_the_truth(photo_folder, pixels):
    Image.fromarray(pixels).save(photo_folder / "a.jpg", "PNG")
    _, image = next(iter(pipelines.from_folder(photo_folder).ordered()))
    np.testing.assert_array_equal(to_uint8(image), pixels)


def test_cache_changes_nothing_but_the_reading(photo_folder):
    plain = pipelines.from_folder(photo_folder, image_size=16)
    cached = pipelines.from_folder(photo_folder, image_size=16, cache=True)
    first = list(cached.stream(0).take(21).as_numpy_iterator())
    for path in cached.paths:
        open(path, "wb").close()
    again = list(cached.stream(0).take(21).as_numpy_iterator())
    for (_, image), (_, second) in zip(first, again, strict=True):
        np.testing.assert_array_equal(image, second)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Cannot read image"):
        next(iter(plain.stream(0)))


def test_cached_crops_equal_decoded_crops(photo_folder):
    plain = pipelines.from_folder(photo_folder, image_size=16)
    cached = pipelines.from_folder(photo_folder, image_size=16, cache=True)
    pairs = tf.data.Dataset.zip((plain.stream(5), cached.stream(5))).take(30)
    for (index, image), (cached_index, cached_image) in pairs.as_numpy_iterator():
        assert index == cached_index
        # Windows of a JPEG with subsampled colour differ a little at their borders.
        assert abs(image - cached_image)[2:-2, 2:-2].max() <= 2 / 127.5


@pytest.mark.parametrize("name", ["a.jpg", "b.png", "c.webp"])
def test_a_truncated_file_raises_at_once_with_its_path(photo_folder, name):
    truncate(photo_folder / name)
    with pytest.raises(ValueError, match=f"Cannot read image '.*{name}': .*on_error='skip'"):
        pipelines.from_folder(photo_folder)


def test_a_truncated_bmp_raises_at_once_with_its_path(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.bmp")
    truncate(tmp_path / "a.bmp")
    with pytest.raises(ValueError, match=r"Cannot read image '.*a\.bmp': "):
        pipelines.from_folder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\xff\xd8\xff\xe0 no more"])
def test_a_file_that_is_no_image_raises_at_once_with_its_path(photo_folder, content):
    (photo_folder / "d.jpeg").write_bytes(content)
    with pytest.raises(ValueError, match=r"Cannot read image '.*d\.jpeg': "):
        pipelines.from_folder(photo_folder)


def test_bytes_after_the_end_of_an_image_are_no_damage(photo_folder):
    for name in ("a.jpg", "b.png"):
        with open(photo_folder / name, "ab") as file:
            file.write(b"a maker's note" * 10)
    assert len(pipelines.from_folder(photo_folder)) == 7


def test_damage_in_the_middle_is_reported_with_the_path_when_it_is_read(photo_folder):
    path = photo_folder / "b.png"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    source = pipelines.from_folder(photo_folder)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Cannot read image '.*b\.png': "):
        list(source.ordered())
    with pytest.warns(UserWarning, match=r"Skipped 1 of 7 images.*b\.png"):
        assert len(pipelines.from_folder(photo_folder, on_error="skip")) == 6


def test_skip_leaves_out_counts_and_reports(photo_folder):
    truncate(photo_folder / "a.jpg")
    (photo_folder / "e.JPG").write_bytes(b"not an image")
    Image.new("RGB", (48, 20)).save(photo_folder / "small.png")
    Image.new("P", (48, 48)).save(photo_folder / "moving.gif")
    with pytest.warns(UserWarning, match=r"Skipped 4 of 9 images in '.*'. The first: .*a\.jpg"):
        source = pipelines.from_folder(photo_folder, image_size=32, on_error="skip")
    assert len(source) == 5
    skipped = {path.rsplit("/", 1)[1]: reason for path, reason in source.skipped}
    assert set(skipped) == {"a.jpg", "e.JPG", "small.png", "moving.gif"}
    assert "20 x 48 px" in skipped["small.png"]
    assert "GIF is not supported" in skipped["moving.gif"]
    assert len(list(source.ordered())) == 5


def test_skipping_everything_is_an_error(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"not an image")
    with pytest.raises(ValueError, match="no usable image is left"):
        pipelines.from_folder(tmp_path, on_error="skip")


def test_gif_is_refused_by_name_not_overlooked(photo_folder):
    Image.new("P", (48, 48)).save(photo_folder / "moving.gif")
    with pytest.raises(ValueError, match=r"moving\.gif': GIF is not supported; convert it to PNG"):
        pipelines.from_folder(photo_folder)


def test_an_image_smaller_than_the_crop(photo_folder):
    assert len(pipelines.from_folder(photo_folder, image_size=36)) == 7
    with pytest.raises(ValueError, match=r"a\.jpg': an image of 36 x 48 px .*`image_size=37`"):
        pipelines.from_folder(photo_folder, image_size=37)


@pytest.mark.filterwarnings("ignore:Image size:PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb(photo_folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 42 * 48 // 2 - 1)
    with pytest.raises(ValueError, match=r"f/g/b\.jpg': .*decompression bomb"):
        pipelines.from_folder(photo_folder)


def test_folders_that_cannot_be_used(tmp_path, photo_folder):
    with pytest.raises(ValueError, match=r"`path` must be a folder.*does not exist"):
        pipelines.from_folder(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"`path` must be a folder.*is a file"):
        pipelines.from_folder(photo_folder / "a.jpg")
    (tmp_path / "empty" / "below").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"`path` must hold images \(\.bmp.*none in it or below"):
        pipelines.from_folder(tmp_path / "empty")
    Image.new("RGB", (8, 8)).save(tmp_path / "empty" / "below" / "a.png")
    with pytest.raises(ValueError, match=r"none directly in it \(`recursive=False`\)"):
        pipelines.from_folder(tmp_path / "empty", recursive=False)
    with pytest.raises(ValueError, match="`on_error` must be 'raise' or 'skip'"):
        pipelines.from_folder(photo_folder, on_error="ignore")
    with pytest.raises(ValueError, match="`channels` must be 3"):
        pipelines.from_folder(photo_folder, channels=4, on_error="skip")


def test_links_are_followed_once(tmp_path, photo_folder):
    (tmp_path / "linked").symlink_to(photo_folder)
    (photo_folder / "f" / "loop").symlink_to(photo_folder)
    assert len(pipelines.from_folder(tmp_path / "linked")) == 7
