import keras
import numpy as np
import pytest

from zoo.layers import ColorStatistics, ColorTransfer, DrawOver

OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])
LEAST = 0.04**2


def colourful(seed, size=(40, 30)):
    """Images `(1, H, W, 3)` whose channels go together in their own way."""
    rng = np.random.default_rng(seed)
    mixing = 0.4 * np.eye(3) + rng.uniform(-0.2, 0.2, (3, 3))
    mixed = rng.normal(size=(*size, 3)) @ mixing + rng.uniform(-0.3, 0.3, 3)
    return mixed[None].astype("float32")


def statistics(image):
    colors = image.reshape(-1, 3) @ OPPONENT.T
    mean, covariance = colors.mean(0), np.cov(colors.T, bias=True)
    return mean, covariance


def transferred(image, wanted):
    """`image` in the colours of `wanted`, an image or its numbers."""
    statistics = ColorStatistics()
    wanted = wanted if np.ndim(wanted) == 2 else statistics(wanted)
    return ColorTransfer()([image, statistics(image), wanted]).numpy()


def test_statistics_are_mean_and_cholesky_factor():
    image = colourful(0)
    found = ColorStatistics()(image).numpy()[0]
    mean, covariance = statistics(image)
    np.testing.assert_allclose(found[:3], mean, atol=1e-5)
    factor = np.linalg.cholesky(covariance + LEAST * np.eye(3))
    np.testing.assert_allclose(found[3:], factor[np.tril_indices(3)], atol=1e-5)


def test_colours_become_those_of_the_other_image():
    image, other = colourful(1), colourful(2, (25, 50))
    moved = transferred(image, other)
    (mean, covariance), (wanted_mean, wanted) = statistics(moved), statistics(other)
    np.testing.assert_allclose(mean, wanted_mean, atol=1e-4)
    np.testing.assert_allclose(covariance, wanted, atol=0.1 * wanted.max())


def test_own_colours_change_nothing():
    image = colourful(3)
    np.testing.assert_allclose(transferred(image, image), image, atol=1e-5)


def test_what_is_lighter_stays_lighter():
    image, other = colourful(4), colourful(5)
    moved = transferred(image, other)
    before, after = (each.sum(-1).ravel() for each in (image, moved))
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(1, abs=1e-5)


def test_gray_images_get_colours_and_their_noise_does_not():
    rng = np.random.default_rng(6)
    gray = rng.uniform(-1, 1, (1, 40, 40, 1)).astype("float32") + np.zeros(3, "float32")
    noise = 0.004 * rng.normal(size=gray.shape).astype("float32")
    wanted = ColorStatistics()(colourful(7))
    clean, noisy = (transferred(each, wanted) for each in (gray, gray + noise))
    assert np.ptp(clean, axis=-1).max() > 0.1
    deviation = np.sqrt(np.diag(statistics(colourful(7))[1])).max()
    assert np.std(noisy - clean) < 0.004 * deviation / 0.04 * 1.5


def test_flat_images_take_the_mean_colour():
    wanted = ColorStatistics()(colourful(8))
    flat = np.full((1, 8, 8, 3), 0.25, "float32")
    moved = transferred(flat, wanted)
    np.testing.assert_allclose(moved[0, 0, 0] @ OPPONENT.T, wanted[0, :3], atol=1e-5)
    assert np.isfinite(moved).all()


def drawn(image, strokes=0.0, gain=0.0):
    """`image` with the same strokes and gain everywhere, or arrays of them."""
    drawing = np.zeros((*image.shape[:3], 4), "float32")
    drawing[..., :3], drawing[..., 3] = strokes, gain
    return DrawOver()([image, drawing]).numpy()


def test_drawing_nothing_changes_nothing():
    image = np.random.default_rng(9).uniform(-1.5, 1.5, (1, 9, 9, 3)).astype("float32")
    np.testing.assert_allclose(drawn(image), np.clip(image, -0.99, 0.99), atol=1e-5)


def test_drawing_never_leaves_the_range():
    rng = np.random.default_rng(10)
    image = rng.uniform(-1.5, 1.5, (1, 9, 9, 3)).astype("float32")
    strokes = rng.choice([-20, 20], size=image.shape)
    found = drawn(image, strokes)
    np.testing.assert_allclose(found, np.sign(strokes), atol=1e-6)
    assert np.abs(found).max() <= 1


def test_details_are_taken_away_and_the_rest_stays():
    rows, columns = np.mgrid[:48, :48]
    slope = np.repeat(np.linspace(-0.5, 0.5, 48)[None, None, :, None], 48, 1).astype("float32")
    slope = np.repeat(slope, 3, -1)
    checks = 0.2 * ((rows + columns) % 2 * 2 - 1)[None, ..., None].astype("float32")
    inside = np.s_[:, 8:-8, 8:-8]
    np.testing.assert_allclose(drawn(slope + checks, gain=-1)[inside], slope[inside], atol=0.02)
    assert np.std(drawn(slope + checks, gain=1) - slope) > 1.5 * np.std(checks)


@pytest.mark.parametrize("layer", [ColorStatistics(), ColorTransfer(), DrawOver()])
def test_layers_are_remade_from_their_config(layer):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(copy) is type(layer)
