"""`restore` gives what the network gives on the whole image, for every kind of image."""

import functools
import gc
import tracemalloc
import types
import warnings
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

from zoo.core import tiling
from zoo.core.photos import Photo
from zoo.core.receptive_field import receptive_field
from zoo.core.tile_grid import Area, TileGrid

# Exact on every machine; what "auto" means is tested in test_tile_network.py.
restore = functools.partial(tiling.restore, precision="float32")
RNG = np.random.default_rng(0)


@keras.saving.register_keras_serializable(package="test_tiling")
class Shuffle(layers.Layer):
    """Pixel shuffle by 2, of a type that the receptive field does not know."""

    def call(self, inputs):
        return tf.nn.depth_to_space(inputs, 2)

    def compute_output_shape(self, shape):
        return (shape[0], *(n and 2 * n for n in shape[1:3]), shape[3] // 4)


class Instrument(layers.Layer):
    """Passes images on, after showing their height and width to a function on the host."""

    observe = staticmethod(lambda shape: None)

    def call(self, inputs):
        def look(shape):
            self.observe(tuple(int(n) for n in shape))
            return np.float32(0)

        nothing = tf.numpy_function(look, [tf.shape(inputs)[1:3]], tf.float32)
        return inputs + tf.ensure_shape(nothing, ())


def instrumented(observe, *stack):
    """A network that shows `observe` what `restore` runs, and not what measures the layers."""
    model = network(Instrument(), *stack)
    tiling._tile_network(model, "float32")
    model.layers[1].observe = observe
    return model


def conv(filters, size=3, **kwargs):
    return layers.Conv2D(filters, size, padding="same", bias_initializer="normal", **kwargs)


def network(*stack, channels=3):
    x = inputs = keras.Input((None, None, channels))
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, x, name="net")


def identity(channels=3):
    return network(layers.Identity(), channels=channels)


def u_net():
    inputs = keras.Input((None, None, 3))
    a = conv(4, activation="relu")(inputs)
    b = conv(4, strides=2, activation="relu")(a)
    c = conv(4, 4, strides=2, activation="relu")(b)
    x = layers.Concatenate()([layers.UpSampling2D(2)(c), b])
    x = layers.Conv2DTranspose(4, 4, strides=2, padding="same")(conv(4)(x))
    return keras.Model(inputs, conv(3)(layers.Add()([x, a])))


NETWORKS = {
    "convolutions": lambda: network(conv(4, activation="relu"), conv(3, 5)),
    "U-net": u_net,
    "sub-pixel x2": lambda: network(conv(4), conv(12), Shuffle(), conv(3)),
    "pooled": lambda: network(conv(4), layers.AveragePooling2D(3, 2, "same"), conv(4),
                              layers.UpSampling2D(2), conv(3)),
    "padded and trimmed": lambda: network(layers.ZeroPadding2D(2), layers.Conv2D(4, 5),
                                          layers.Cropping2D(((0, 2), (1, 1))), conv(3),
                                          layers.ZeroPadding2D(((0, 2), (1, 1)))),
}  # fmt: skip


def photo_of(height, width, channels=3):
    return RNG.uniform(0.2, 0.8, (height, width, channels)).astype("float32")


def by_hand(model, image):
    """What `restore` promises: reflect to the grid, run the whole image, cut, clip."""
    field = receptive_field(model)
    height, width = image.shape[:2]
    beyond = [(0, -n % field.multiple) for n in (height, width)]
    padded = np.pad(image, [*beyond, (0, 0)], mode="reflect")
    output = model(padded[np.newaxis] * 2 - 1, training=False)[0].numpy()
    output = output[: height * field.scale, : width * field.scale]
    return (np.clip(output, -1, 1) + 1) / 2


@pytest.mark.parametrize("name", NETWORKS)
def test_tiles_with_enough_overlap_equal_the_whole(name):
    model = NETWORKS[name]()
    radius = receptive_field(model).radius
    assert radius >= 2
    image = photo_of(41, 50)
    whole = by_hand(model, image)
    assert whole.std() > 0.01
    np.testing.assert_allclose(restore(model, image), whole, atol=1e-5)
    for tile, overlap in [(8, None), (5, radius), (13, radius + 1), (30, radius)]:
        tiled = restore(model, image, tile=tile, overlap=overlap)
        np.testing.assert_allclose(tiled, whole, atol=1e-5, err_msg=f"{tile} {overlap}")


def test_less_overlap_than_the_receptive_field_is_not_exact():
    """Else the test above would pass with any receptive field that is too large."""
    model = network(conv(4, 5), conv(3, 5))
    image = photo_of(40, 40)
    whole = restore(model, image)
    assert receptive_field(model).radius == 4
    assert np.abs(restore(model, image, tile=8, overlap=3) - whole).max() > 1e-4


def test_border_tiles_see_the_true_border():
    """A network of zero-padded box filters darkens the border, and only the border."""
    box = layers.Conv2D(1, 3, padding="same", use_bias=False, kernel_initializer="ones")
    model = network(box, layers.Rescaling(1 / 9), channels=1)
    image = np.ones((40, 40), "float32")
    restored = restore(model, image, tile=8)
    expected = np.ones((40, 40))
    expected[[0, -1]] = expected[:, [0, -1]] = (6 / 9 + 1) / 2
    expected[np.ix_([0, -1], [0, -1])] = (4 / 9 + 1) / 2
    np.testing.assert_allclose(restored, expected, atol=1e-6)


def test_any_size():
    model = u_net()
    for size in [(1, 1), (1, 9), (3, 2), (5, 31), (17, 4), (33, 35)]:
        image = photo_of(*size)
        expected = by_hand(model, image)
        np.testing.assert_allclose(restore(model, image), expected, atol=1e-5)
        np.testing.assert_allclose(restore(model, image, tile=8), expected, atol=1e-5)


def test_large_images_are_tiled_by_default_and_small_ones_are_not():
    seen = []
    model = instrumented(seen.append, conv(3, 9))
    restore(model, np.zeros((512, 512, 3), "uint8"))
    assert seen == [(512, 512)]
    del seen[:]
    restore(model, np.zeros((530, 1100, 3), "uint8"))
    sizes = set(seen)
    assert len(sizes) == 1, "the network must see one window size"
    assert max(*sizes) <= 384 + 2 * 4
    assert len(seen) == 3 * 5


def test_pil_images_keep_their_mode():
    model = network(layers.UpSampling2D(2))
    modes = {"L": (4, 6), "LA": (4, 6, 2), "RGB": (4, 6, 3), "RGBA": (4, 6, 4), "I;16": (4, 6)}
    for mode, shape in modes.items():
        dtype = np.uint16 if mode == "I;16" else np.uint8
        image = Image.fromarray(RNG.integers(0, 256, shape, dtype=dtype))
        assert image.mode == mode
        restored = restore(model, image)
        assert isinstance(restored, Image.Image)
        assert (restored.mode, restored.size) == (mode, (12, 8))


def test_files_come_back_as_photos_and_stay_as_they_are(tmp_path):
    source = tmp_path / "a.png"
    Image.fromarray(RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8)).save(source)
    before = source.read_bytes()
    for image in (source, str(source), Photo.open(source)):
        restored = restore(identity(), image)
        assert isinstance(restored, Photo)
        assert restored.restored_by == "net"
        np.testing.assert_array_equal(restored.pixels, Photo.open(source).pixels)
        with pytest.raises(ValueError, match="must not be the file"):
            restored.save(source)
    assert source.read_bytes() == before


def test_adversarial_models_say_which_network_a_photograph_of_a_size_gets():
    asked = []
    trainer = types.SimpleNamespace(
        network_for=lambda *size: asked.append(size) or identity(), name="srgan"
    )
    photo = Photo(np.zeros((4, 4, 3), "uint8"))
    assert restore(trainer, photo).restored_by == "srgan"
    assert asked == [(4, 4)]


def peak_of_restoring(height, tmp_path):
    """Peak bytes that NumPy holds while a memory-mapped image is restored."""
    model = network(conv(3))
    image = np.memmap(tmp_path / f"in{height}", "uint8", "w+", shape=(height, 256, 3))
    out = np.memmap(tmp_path / f"out{height}", "uint8", "w+", shape=image.shape)
    restore(model, image[:64], tile=64)  # tracing needs memory, once
    tracemalloc.start()
    assert restore(model, image, tile=64, out=out) is out
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_image(tmp_path):
    small, large = peak_of_restoring(256, tmp_path), peak_of_restoring(2048, tmp_path)
    pixels = (2048 - 256) * 256 * 3
    assert large - small < 0.05 * pixels


def test_rows_are_those_of_the_whole_image_and_are_computed_when_they_are_read():
    seen = []
    model = instrumented(seen.append, conv(4), layers.UpSampling2D(2), conv(3))
    image = photo_of(70, 50)
    whole = restore(model, image, tile=16)
    calls = len(seen)
    for pixels, expected in ((image, whole), (image[..., 0], restore(model, image[..., 0], 16))):
        del seen[:]
        rows = tiling.RestoredRows(model, pixels, tile=16, precision="float32")
        assert (rows.shape, rows.ndim) == (expected.shape, expected.ndim)
        assert rows.dtype == expected.dtype
        bands = iter(rows)
        first = next(bands)
        assert len(seen) == calls / 5  # one row of tiles
        np.testing.assert_array_equal(np.concatenate([first, *bands]), expected)
        assert len(seen) == calls


def test_rows_survive_tiles_that_are_out_of_memory():
    image = photo_of(200, 130)
    model = out_of_memory_above(40, [])
    without_limit = network(*model.layers[2:])
    rows = tiling.RestoredRows(model, image, tile=90, overlap=2, precision="float32")
    bands = list(rows)
    assert len(bands[0]) > len(bands[1]) > 20  # the first row was begun with larger tiles
    expected = restore(without_limit, image)
    np.testing.assert_allclose(np.concatenate(bands), expected, atol=1e-5)


def test_progress_counts_over_all_rows():
    steps = []
    rows = tiling.RestoredRows(
        identity(),
        np.zeros((20, 30, 3), "uint8"),
        tile=8,
        progress=lambda *step: steps.append(step),
    )
    assert len(list(rows)) == 3
    assert len(steps) == 12
    assert steps[-1] == (600, 600)


def test_tiles_of_networks_that_see_far_are_not_mostly_overlap():
    image = np.broadcast_to(np.uint8(0), (4000, 6000, 3))
    for radius, scale, most_work, largest in ((400, 1, 3.1, 2048), (15, 4, 1.3, 512)):
        field = types.SimpleNamespace(
            radius=radius, scale=scale, multiple=1, is_finite=True, global_layers=()
        )
        grid = TileGrid(image, field, None, None)
        tiles = grid.split(Area(0, 4000, 0, 6000))
        assert len(tiles) * np.prod(grid.window) < most_work * 4000 * 6000
        assert max(grid.window) <= largest


def out_of_memory_above(side, seen):
    def observe(shape):
        seen.append(shape)
        if max(shape) > side:
            raise MemoryError("a device that is too small")

    return instrumented(observe, conv(3))


def test_tiles_that_are_out_of_memory_are_retried_smaller():
    seen = []
    model = out_of_memory_above(80, seen)
    image = photo_of(200, 130)
    restored = restore(model, image)
    failed = [shape for shape in seen if max(shape) > 80]
    worked = [shape for shape in seen if max(shape) <= 80]
    assert len(failed) == 2  # the whole image, then half of it; never again
    assert len(set(worked)) == 1
    without_limit = network(*model.layers[2:])
    np.testing.assert_allclose(restored, restore(without_limit, image), atol=1e-5)


def test_out_of_memory_at_the_smallest_tile_raises():
    seen = []
    with pytest.raises(tf.errors.ResourceExhaustedError, match="smaller `overlap`"):
        restore(out_of_memory_above(8, seen), photo_of(200, 200))
    assert len(seen) == len(set(seen)) <= 4  # every try was smaller


def test_other_failures_raise_at_once():
    seen = []

    def fail(shape):
        seen.append(shape)
        raise ValueError("broken layer")

    with pytest.raises(tf.errors.OpError, match="broken layer"):
        restore(instrumented(fail, conv(3)), photo_of(64, 64), tile=16)
    assert len(seen) == 1


def test_networks_that_see_the_whole_image_warn_when_tiled():
    model = network(conv(4), layers.GroupNormalization(groups=2, name="norm"), conv(3))
    image = photo_of(64, 64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(restore(model, image), by_hand(model, image), atol=1e-5)
    with pytest.warns(UserWarning, match="not exact.*'norm'.*tile=64"):
        restore(model, image, tile=16, overlap=4)


def test_networks_are_traced_once_and_not_kept_alive():
    model = network(conv(3))
    for size in (8, 9, 20):
        restore(model, np.zeros((size, 2 * size, 3), "uint8"), tile=8)
    (compiled,) = tiling._tile_networks[model]["float32"]._functions.values()
    restore(model, np.zeros((30, 31, 3), "uint8"))
    assert list(tiling._tile_networks[model]["float32"]._functions.values()) == [compiled]
    alive = weakref.ref(model)
    del model, compiled
    keras.backend.clear_session()
    gc.collect()
    assert alive() is None


def test_progress_reaches_the_end():
    steps = []
    restore(
        identity(),
        np.zeros((20, 30, 3), "uint8"),
        tile=8,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert len(steps) == 12
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert steps[-1] == (600, 600)


def test_progress_bar_is_shown_on_request_only(capfd):
    restore(identity(), np.zeros((20, 30, 3), "uint8"), tile=8)
    assert "600" not in capfd.readouterr().out
    restore(identity(), np.zeros((20, 30, 3), "uint8"), tile=8, progress=True)
    assert "600/600" in capfd.readouterr().out


def test_bad_arguments_are_named():
    defaults = {"model": identity(), "image": np.zeros((4, 4, 3), "uint8")}
    for message, arguments in {
        "dtype int32": {"image": np.zeros((4, 4, 3), "int32")},
        "dtype uint32": {"image": np.zeros((4, 4, 3), "uint32")},
        "one by one": {"image": np.zeros((2, 4, 4, 3), "uint8")},
        "neither empty": {"image": np.zeros((0, 4, 3), "uint8")},
        r"\[0, 1\].*values from -0.5": {"image": np.full((4, 4, 3), -0.5, "float32")},
        "finite": {"image": np.full((4, 4, 3), np.nan, "float32")},
        "type list": {"image": [[1, 2], [3, 4]]},
        "`tile`.*tile=0": {"tile": 0},
        "`tile`.*tile=8.0": {"tile": 8.0},
        "`overlap`.*overlap=-1": {"overlap": -1},
        "`precision`.*float16": {"precision": "float16"},
        "`out` must have shape": {"out": np.zeros((4, 4, 3), "float32")},
        "`out` needs an array": {"out": np.zeros((4, 4)), "image": Image.new("L", (4, 4))},
        "`model` must be a keras.Model": {"model": "srgan"},
    }.items():
        with pytest.raises(ValueError, match=message):
            restore(**{**defaults, **arguments})
