import keras
import numpy as np
import pytest

import export
import zoo


@pytest.fixture
def network():
    """Doubles the size and adds a quarter, after a convolution with some reach."""
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(3, 3, padding="same", kernel_initializer="glorot_normal")(inputs)
    x = zoo.layers.Resize(2)(x)
    return keras.Model(inputs, keras.layers.Rescaling(1.0, offset=0.25)(x))


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (2, 24, 20, 3)).astype("float32")


def test_strength_mixes_with_the_enlarged_input(network, images):
    restored = network(images)
    plain = zoo.with_fidelity(network, strength=0.0)(images)
    np.testing.assert_allclose(plain, zoo.layers.Resize(2, smooth=True)(images), atol=1e-6)
    mixed = zoo.with_fidelity(network, strength=0.25)(images)
    np.testing.assert_allclose(mixed, 0.75 * plain + 0.25 * restored, atol=1e-6)
    np.testing.assert_array_equal(zoo.with_fidelity(network)(images), restored)


def test_colours_are_kept(network):
    image = np.full((1, 24, 24, 3), 0.1, "float32")
    kept = zoo.with_fidelity(network, keep_color_px=2.0)(image)
    np.testing.assert_allclose(np.mean(kept), 0.1, atol=1e-3)


def test_weights_are_shared(network, images):
    half = zoo.with_fidelity(network, strength=0.5)
    before = half(images).numpy()
    network.set_weights([x * 0 for x in network.get_weights()])
    assert np.abs(half(images) - before).max() > 0.01


def test_tiles_and_export_are_exact(network, tmp_path):
    model = zoo.with_fidelity(network, strength=0.6, keep_color_px=2.0)
    photo = np.random.default_rng(1).integers(0, 256, (70, 90, 3), "uint8")
    whole = zoo.restore(model, photo, precision="float32")
    tiled = zoo.restore(model, photo, tile=32, precision="float32")
    assert np.abs(whole.astype(int) - tiled).max() <= 1  # the last bit of a sum may round
    version = export.saved_model(model, tmp_path / "served", precision="float32")
    lite = export.tflite(model, tmp_path / "model.tflite")
    assert export.check(model, saved_model=version, tflite=lite).passed


def test_colouring_has_a_strength_of_its_own():
    model = zoo.ColorizationGAN(filters=(4, 4), reduction=2, discriminator_filters=4)
    rng = np.random.default_rng(0)
    model.generator.set_weights(
        [rng.normal(0, 0.1, w.shape) for w in model.generator.get_weights()]
    )
    image = rng.uniform(-1, 1, (1, 8, 8, 3)).astype("float32")
    gray = zoo.layers.Luminance()(image)
    for strength in (0.0, 0.5):
        made = zoo.with_fidelity(model, strength=strength)(image)
        np.testing.assert_allclose(zoo.layers.Luminance()(made), gray, atol=2e-6)
        assert (np.ptp(made, axis=-1).max() > 0.01) == (strength > 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"strength": 1.5}, "`strength` must be in"), ({"keep_color_px": -1}, "at least 0")],
)
def test_arguments_are_checked(network, arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.with_fidelity(network, **arguments)


def test_channels_must_agree():
    inputs = keras.Input((None, None, 1))
    network = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
    with pytest.raises(ValueError, match="Received: 1 and 3 channels"):
        zoo.with_fidelity(network, strength=0.5)
