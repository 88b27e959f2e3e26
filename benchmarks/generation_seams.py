"""How visible the borders of regions are."""

import numpy as np


def seam_ratio(images, border, reach=3):
    """Mean step across a border, over that at the next few rows and columns on both sides.

    Args:
        images: Array `(N, H, W, C)`.
        border: Integer: it lies before this row and before this column.
        reach: Integer, rows and columns on each side to compare with. Defaults to 3.

    Returns:
        Float: 1 where the border is like its surroundings. Real images say what to expect, since
        what they show may have an edge there.
    """
    ratios = []
    for axis in (1, 2):
        steps = np.abs(np.diff(images, axis=axis)).mean(axis=(0, 3 - axis, 3))
        beside = [border - 1 + k for k in range(-reach, reach + 1) if k]
        ratios.append(steps[border - 1] / steps[beside].mean())
    return float(np.mean(ratios))
