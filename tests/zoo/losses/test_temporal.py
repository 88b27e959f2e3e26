import numpy as np
import pytest

from zoo.losses import temporal_consistency


def test_only_changes_count():
    rng = np.random.default_rng(0)
    real, made = rng.normal(size=(2, 2, 4, 3, 3, 1)).astype("float32")
    expected = np.abs(np.diff(real, axis=1) - np.diff(made, axis=1)).mean()
    assert float(temporal_consistency(real, made)) == pytest.approx(expected, rel=1e-5)
    assert float(temporal_consistency(real, real + 7)) == pytest.approx(0, abs=1e-5)
