import numpy as np
import pytest

from zoo.losses import MaskLoss


def mask(*values):
    return np.reshape(np.array(values, "float32"), (1, 1, -1, 1))


def test_by_hand():
    wanted, found = mask(1, -1, -1), mask(0.6, -0.2, -1)
    entropy = -(3 * np.log(0.8) + np.log(0.6)) / 3
    dice = (2 * 0.8 + 1) / (1 + 1.2 + 1)
    loss = MaskLoss(positive_weight=3.0, dice_weight=2.0)
    assert float(loss(wanted, found)) == pytest.approx(entropy + 2 * (1 - dice), rel=1e-4)


def test_a_perfect_mask_costs_nothing_and_the_opposite_is_finite():
    for wanted in (mask(1, -1, 1), mask(-1, -1, -1)):
        assert float(MaskLoss()(wanted, wanted)) == pytest.approx(0, abs=1e-4)
        assert 5 < float(MaskLoss()(wanted, -wanted)) < 100


def test_config_and_arguments():
    loss = MaskLoss(2.0, 0.5)
    assert MaskLoss.from_config(loss.get_config()).get_config() == loss.get_config()
    with pytest.raises(ValueError, match="`positive_weight` must be more than 0"):
        MaskLoss(positive_weight=0)
