"""Recipes as data: names, files, replay, shapes."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import degradations as ops
from pipelines.recipes import Recipe, list_recipes, recipe

NAMES = [
    "bicubic-x2",
    "bicubic-x3",
    "bicubic-x4",
    "denoise-15",
    "denoise-25",
    "denoise-50",
    "denoise-blind",
    "gfpgan",
    "grayscale",
    "jpeg",
    "lama-medium",
    "lama-thick",
    "lama-thin",
    "low-light",
    "old-photo",
    "old-photo-damage",
    "real-esrgan-x4",
]


@pytest.fixture(scope="module")
def images():
    noise = tf.random.stateless_uniform((2, 6, 6, 3), (1, 2), -0.9, 0.9)
    return ops.resize(noise, (24, 24), "bilinear")


def test_names():
    assert list_recipes() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_named_recipe(name, images):
    built = recipe(name)
    degraded, params = built(images, (5, 6), return_params=True)
    side = 24 // built.scale
    assert degraded.shape == (2, side, side, built.output_channels)
    assert built.output_channels == (4 if name.startswith(("lama", "old-photo-d")) else 3)
    assert np.isfinite(degraded).all()
    assert np.abs(degraded).max() <= 1
    assert np.abs(degraded[0] - degraded[1]).max() > 0
    for value in tf.nest.flatten(params):
        assert value.shape[0] == 2
    np.testing.assert_array_equal(built.replay(images, params), degraded)

    text = json.dumps(built.to_config())
    again = Recipe.from_config(json.loads(text))
    assert json.dumps(again.to_config()) == text
    np.testing.assert_array_equal(again(images, (5, 6)), degraded)
    if built.rounding:
        levels = (degraded.numpy() + 1) * 127.5
        np.testing.assert_allclose(levels, np.round(levels), atol=1e-4)
    assert built.description


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("bicubic-x2", "bicubic-x3")])
def test_other_seeds_and_other_images_differ(name, images):
    built = recipe(name)
    twins = tf.repeat(images[:1], 4, axis=0)
    degraded = built(twins, (1, 2)).numpy()
    if name in ("bicubic-x4", "grayscale"):
        np.testing.assert_array_equal(degraded[0], degraded[3])
    else:
        assert np.abs(degraded - built(twins, (1, 3))).max() > 0.01
        assert max(np.abs(degraded[0] - other).max() for other in degraded[1:]) > 0.01


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_equals_pillow(scale):
    levels = np.random.default_rng(0).integers(0, 256, (24, 36, 3)).astype(np.uint8)
    small = recipe(f"bicubic-x{scale}")(levels[None] / np.float32(127.5) - 1, (0, 0))
    pillow = Image.fromarray(levels).resize((36 // scale, 24 // scale), Image.BICUBIC)
    assert np.abs((small[0] + 1) * 127.5 - np.asarray(pillow, np.float32)).max() < 1.001


def test_denoise_blind_covers_its_range():
    flat = tf.zeros((64, 16, 16, 3))
    deviations = recipe("denoise-blind")(flat, (0, 0)).numpy().std((1, 2, 3)) * 127.5
    assert deviations.min() < 5
    assert 48 < deviations.max() < 58


def assert_almost_equal_levels(ours, theirs):
    # A value between two levels of an 8-bit file may be rounded the other way.
    assert np.abs(ours - theirs).max() < 0.05
    assert np.abs(ours - theirs).mean() < 1e-3


def test_graph_with_unknown_sizes_equals_eager(images):
    built = recipe("old-photo")
    spec = tf.TensorSpec((None, None, None, 3), tf.float32), tf.TensorSpec((2,), tf.int32)
    graph = tf.function(lambda *args: built(*args, return_params=True), input_signature=spec)
    degraded, params = graph(images, tf.constant([5, 6]))
    eager, eager_params = built(images, (5, 6), return_params=True)
    tf.nest.assert_same_structure(params, eager_params)
    for ours, theirs in zip(tf.nest.flatten(params), tf.nest.flatten(eager_params), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert_almost_equal_levels(degraded, eager)
    wide = tf.repeat(images[:1], 2, axis=2)
    assert graph(wide, tf.constant([0, 0]))[0].shape == (1, 24, 48, 3)


def test_tf_data_knows_the_size_although_sizes_are_drawn(images):
    built = recipe("real-esrgan-x4")
    dataset = tf.data.Dataset.from_tensors(images).map(lambda batch: built(batch, (0, 1)))
    assert dataset.element_spec.shape == (2, 6, 6, 3)
    assert_almost_equal_levels(next(iter(dataset)), built(images, (0, 1)))


def test_save_and_load(tmp_path, images):
    built = recipe("old-photo")
    path = built.save(tmp_path / "deep" / "mine.json")
    assert [file.name for file in path.parent.iterdir()] == ["mine.json"]
    for again in (Recipe.load(path), recipe(path), recipe(str(path))):
        assert again.to_config() == built.to_config()
    np.testing.assert_array_equal(recipe(path)(images, (0, 1)), built(images, (0, 1)))


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = recipe("jpeg").save(tmp_path / "mine.json")
    before = path.read_text()
    monkeypatch.setattr(json, "dump", lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        recipe("old-photo").save(path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_scene_belongs_to_the_clean_image(images):
    built = Recipe("gray", [ops.GaussianNoise(10)], scene=[ops.Grayscale(probability=0.5)])
    many = tf.repeat(images, 4, axis=0)
    degraded, clean = built.pair(many, (0, 1))
    np.testing.assert_array_equal(built(many, (0, 1)), degraded)
    gray = (clean.numpy().std(-1) < 1e-6).all((1, 2))
    assert 0 < gray.sum() < 8
    np.testing.assert_array_equal(clean[~gray], many[~gray])
    assert np.abs(degraded - clean).mean() < 0.1
    same = recipe("jpeg")
    np.testing.assert_array_equal(same.pair(images, (0, 1))[1], images)


def test_rounding_and_clipping(images):
    bright = [ops.Fading(black=1.0, white=1.0), ops.GaussianNoise(sigma_levels=30)]
    smooth, rounded = (Recipe("x", bright, rounding=value)(images, (0, 0)) for value in (0, 1))
    assert smooth.numpy().max() == rounded.numpy().max() == 1.0
    assert 0 < np.abs(smooth - rounded).max() <= 1 / 255 + 1e-6


def test_replay_refuses_other_parameters(images):
    _, params = recipe("jpeg")(images, (0, 0), return_params=True)
    with pytest.raises(ValueError, match=r"`params`.*'denoise-blind'.*00_GaussianNoise"):
        recipe("denoise-blind").replay(images, params)


def test_sizes_must_divide():
    with pytest.raises(ValueError, match=r"divisible by 4.*'bicubic-x4'.*\(1, 10, 8, 3\).*Crop"):
        recipe("bicubic-x4")(tf.zeros((1, 10, 8, 3)), (0, 0))


@pytest.mark.parametrize("wrong", ["bicubic-x5", "missing.json", 7])
def test_unknown_recipes_name_the_available_ones(wrong):
    with pytest.raises(ValueError, match=rf"one of .*'bicubic-x2'.*'real-esrgan-x4'.*{wrong}"):
        recipe(wrong)


def test_a_recipe_is_returned_unchanged():
    built = recipe("jpeg")
    assert recipe(built) is built
    assert "JPEG" in repr(built)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Recipe("", [ops.Clip()]), "`name`"),
        (lambda: Recipe("x", []), "`steps`.*at least one"),
        (lambda: Recipe("x", [ops.Clip()], scale=2.5), "`scale`.*2.5"),
        (lambda: Recipe("x", [ops.Clip()], scene=[ops.Resize()]), "`scene`.*shape"),
        (lambda: Recipe.from_config({"name": "x"}), "`name` and `steps`"),
        (lambda: Recipe.from_config({"name": "x", "steps": [], "colour": 1}), "colour"),
        (lambda: Recipe.from_config({"name": "x", "steps": [], "format": 9}), "format 1.*9"),
    ],
)
def test_wrong_arguments(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_file_that_is_no_recipe(tmp_path):
    path = tmp_path / "photo.json"
    path.write_text("not json")
    with pytest.raises(ValueError, match=r"`path`.*JSON recipe.*photo.json"):
        recipe(path)
    path.write_text("[1]")
    with pytest.raises(ValueError, match=r"`name` and `steps`"):
        recipe(path)
