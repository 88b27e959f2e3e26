import numpy as np
import tensorflow as tf

from zoo.layers.fidelity import Blend, KeepColor, gaussian_blur


def test_blur_of_a_point_is_a_gaussian():
    image = np.zeros((1, 21, 21, 2), "float32")
    image[0, 10, 10, 1] = 1
    blurred = gaussian_blur(image, 2.0).numpy()
    ys, xs = np.mgrid[-10:11, -10:11]
    expected = np.exp(-(ys**2 + xs**2) / 8) * (np.abs(ys) <= 6) * (np.abs(xs) <= 6)
    np.testing.assert_allclose(blurred[0, ..., 1], expected / expected.sum(), atol=1e-6)
    assert not blurred[..., 0].any()


def test_colour_comes_from_the_original_and_detail_from_the_restored():
    rng = np.random.default_rng(0)
    detail = rng.normal(size=(1, 64, 64, 3)).astype("float32") * 0.1
    original = np.full((1, 64, 64, 3), (0.2, -0.4, 0.0), "float32")
    restored = np.full((1, 64, 64, 3), (-0.3, 0.3, 0.5), "float32") + detail
    kept = KeepColor(4.0)([original, restored]).numpy()
    np.testing.assert_allclose(kept.mean(axis=(0, 1, 2)), [0.2, -0.4, 0.0], atol=5e-3)
    assert np.corrcoef((kept - original).ravel(), detail.ravel())[0, 1] > 0.98


def test_borders_are_corrected_as_much_as_the_middle():
    kept = KeepColor(3.0)([tf.ones((1, 20, 20, 1)), tf.zeros((1, 20, 20, 1))])
    np.testing.assert_allclose(kept, 1.0, atol=1e-5)


def test_layers_come_back_from_their_configs():
    for layer in (Blend(0.3), KeepColor(2.5)):
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
