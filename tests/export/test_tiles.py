"""Large images in a graph: the tiles of `zoo.restore`, and what it gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import export
import zoo
from export.signatures import field_of
from export.tiles import _Grid, tile_by_tile
from zoo.core.receptive_field import ReceptiveField
from zoo.core.tile_grid import TileGrid

SIZES = [(1, 1), (512, 512), (513, 20), (600, 700), (1111, 1500), (513, 4000), (1501, 1399)]


@pytest.mark.parametrize(
    ("radius", "multiple", "scale"),
    [(3, 1, 1), (20, 8, 1), (70, 16, 1), (30, 1, 4), (400, 32, 2), (np.inf, 4, 1)],
)
def test_grid_in_a_graph_is_that_of_restore(radius, multiple, scale):
    field = ReceptiveField(radius, multiple, scale)
    for size in SIZES:
        expected = TileGrid(np.zeros((*size, 3), bool), field, None, None)
        grid = _Grid(tf.constant(size), field)
        assert tuple(grid.tile.numpy()) == expected.tile, size
        assert tuple(grid.window.numpy()) == expected.window, size
        for start in ((0, 0), (size[0] // 2, size[1] - 1)):
            area = type("Area", (), {"top": start[0], "left": start[1]})
            start = tuple(grid.window_start(tf.constant(start)).numpy())
            assert start == expected.window_start(area), size


def test_every_pixel_comes_from_its_own_place():
    pixels = np.random.default_rng(0).integers(0, 256, (700, 1100, 3)).astype("uint8")
    field = ReceptiveField(5, 4, 2)
    windows = []

    def enlarge(window):
        windows.append(window.shape)
        return tf.repeat(tf.repeat(window, 2, 0), 2, 1)

    result = tile_by_tile(enlarge, tf.constant(pixels), field, 3)
    np.testing.assert_array_equal(result, pixels.repeat(2, 0).repeat(2, 1))
    assert len(windows) == 15
    assert all(max(window) < 300 for window in windows)


def far_seeing_unet():
    inputs = keras.Input((None, None, 3))
    down = keras.layers.Conv2D(6, 5, strides=2, padding="same", activation="relu")(inputs)
    deep = keras.layers.Conv2D(6, 7, strides=2, padding="same", activation="relu")(down)
    up = keras.layers.Conv2DTranspose(6, 4, strides=2, padding="same")(deep)
    up = keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same")(up + down)
    return keras.Model(inputs, keras.layers.Add()([inputs, up]))


@pytest.mark.parametrize("size", [(530, 37), (601, 1103)])
def test_large_files_come_back_as_restore_has_them(tmp_path, size):
    keras.utils.set_random_seed(0)
    network = far_seeing_unet()
    assert field_of(network).radius > 8
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype("uint8")
    version = export.saved_model(network, tmp_path, precision="float32")
    served = tf.saved_model.load(str(version)).signatures["restore_bytes"]
    contents = tf.io.encode_png(pixels)[None]
    restored = tf.io.decode_png(served(image_bytes=contents)["restored_bytes"][0]).numpy()
    expected = zoo.restore(network, pixels, precision="float32")
    assert np.abs(restored.astype(int) - expected).max() <= 1
    assert export.record(version)["max_pixels"] == 25_000_000


def test_large_files_with_holes_come_back_as_inpaint_has_them(tmp_path):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, 4))
    x = keras.layers.Conv2D(6, 5, padding="same", activation="relu")(inputs)
    network = keras.Model(inputs, keras.layers.Conv2D(3, 5, padding="same")(x))
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (520, 900, 3)).astype("uint8")
    mask = (rng.uniform(size=(520, 900, 1)) > 0.7).astype("uint8") * 255
    version = export.saved_model(network, tmp_path, precision="float32")
    served = tf.saved_model.load(str(version)).signatures["restore_bytes"]
    files = {"image_bytes": tf.io.encode_png(pixels)[None]}
    files["mask_bytes"] = tf.io.encode_png(mask)[None]
    restored = tf.io.decode_png(served(**files)["restored_bytes"][0]).numpy()
    expected = zoo.inpaint(network, pixels, mask, precision="float32")
    assert np.abs(restored.astype(int) - expected).max() <= 1


def test_limit_holds_for_what_goes_out_as_well(tmp_path, super_resolution):
    version = export.saved_model(super_resolution(), tmp_path, precision="float32")
    assert export.record(version)["max_pixels"] == 25_000_000 // 4
