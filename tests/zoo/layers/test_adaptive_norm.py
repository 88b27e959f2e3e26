import numpy as np

from zoo.layers import AdaptiveInstanceNorm, ChannelStatistics


def test_features_get_the_statistics_that_the_style_asks_for():
    rng = np.random.default_rng(0)
    features = rng.normal(3, 5, (2, 16, 16, 3)).astype("float32")
    style = rng.normal(size=(2, 4)).astype("float32")
    layer = AdaptiveInstanceNorm()
    outputs = layer([features, style]).numpy()
    scale, offset = np.split(layer.affine(style).numpy(), 2, axis=-1)
    np.testing.assert_allclose(outputs.mean(axis=(1, 2)), offset, atol=1e-3)
    np.testing.assert_allclose(outputs.std(axis=(1, 2)), np.abs(1 + scale), rtol=1e-2)
    statistics = ChannelStatistics()(outputs).numpy()
    np.testing.assert_allclose(statistics[:, :3], offset, atol=1e-3)
    np.testing.assert_allclose(statistics[:, 3:], np.abs(1 + scale), rtol=1e-2)


def test_config():
    layer = AdaptiveInstanceNorm(epsilon=0.5)
    assert AdaptiveInstanceNorm.from_config(layer.get_config()).epsilon == 0.5
