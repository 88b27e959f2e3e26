"""How an image is cut into tiles."""

import math
import warnings
from typing import NamedTuple

WHOLE_SIDE = 512  # images up to this many pixels a side are not tiled
WHOLE_AREA = 2**21  # pixels; networks that see the whole image are tiled above this only
_SMALLEST_DEFAULT_TILE = 256
_LARGE_DEFAULT_TILE = 384  # not exceeded where the window is larger than this:
_LARGEST_DEFAULT_WINDOW = 2048  # pixels a side of the output; bounds memory
DEFAULT_OVERLAP = 64  # pixels, where no overlap is enough
_ALPHA_OVERLAP = 4  # pixels that the Lanczos filter reaches when it enlarges, rounded up
_SMALLEST_TILE = 32  # pixels; no point in retrying below this


class Area(NamedTuple):
    """A rectangle of the input image, in pixels."""

    top: int
    bottom: int
    left: int
    right: int

    def seen_from(self, top, left, scale):
        """Its place in the output of a window that begins at `top`, `left` of the input."""
        return (
            slice((self.top - top) * scale, (self.bottom - top) * scale),
            slice((self.left - left) * scale, (self.right - left) * scale),
        )


class TileGrid:
    """Where tiles lie: areas that partition the image, and the windows that the network sees.

    All windows have the same size. They start at multiples of the network's size multiple and lie
    within the image, continued by reflection to such a multiple.
    """

    def __init__(self, pixels, field, tile, overlap):
        self.field = field
        self.size = pixels.shape[:2]
        self.padded = tuple(self._up(side) for side in self.size)
        self.overlap = self._up(_chosen_overlap(field, overlap, pixels.shape[2] in (2, 4)))
        if isinstance(tile, tuple):  # what takes windows of one size
            around = 2 * self.overlap
            self.tile = tuple(
                padded if side + around >= padded else side
                for side, padded in zip(tile, self.padded, strict=True)
            )
        else:
            side = _chosen_tile(field, self.size, tile, self.overlap)
            self.tile = tuple(self._fit(side, axis) for axis in (0, 1))

    def _up(self, value):
        return math.ceil(value / self.field.multiple) * self.field.multiple

    def _fit(self, side, axis):
        """`side` or less, so that tiles of equal size cover the axis."""
        if side + 2 * self.overlap >= self.padded[axis]:
            return self.padded[axis]
        return self._up(self.size[axis] / math.ceil(self.size[axis] / side))

    @property
    def window(self):
        """Height and width of what the network sees at once."""
        return tuple(
            min(t + 2 * self.overlap, p) for t, p in zip(self.tile, self.padded, strict=True)
        )

    def split(self, area):
        """Cuts `area` into tiles of at most the current size, row by row."""
        height, width = self.tile
        return [
            Area(top, min(top + height, area.bottom), left, min(left + width, area.right))
            for top in range(area.top, area.bottom, height)
            for left in range(area.left, area.right, width)
        ]

    def window_start(self, area):
        """Top left corner of the window for a tile."""
        starts = (area.top, area.left)
        return tuple(
            min(max(start - self.overlap, 0), padded - window)
            for start, padded, window in zip(starts, self.padded, self.window, strict=True)
        )

    def halve(self):
        """Makes the windows smaller; False if tiles have reached the smallest useful size."""
        before, side = self.window, max(self.tile)
        while self.window == before:
            if side <= _SMALLEST_TILE:
                return False
            side = max(side // 2, _SMALLEST_TILE)
            self.tile = tuple(min(self._up(side), tile) for tile in self.tile)
        return True

    def warn_if_inexact(self):
        """Says that tiles of this network are approximate, if they are and there are several."""
        covered = all(t >= s for t, s in zip(self.tile, self.size, strict=True))
        if self.field.is_finite or covered:
            return
        names = ", ".join(f"'{name}'" for name in self.field.global_layers[:3])
        warnings.warn(
            f"Tiles are not exact for this network: {names} "
            f"({len(self.field.global_layers)} in all) see the whole image, here only a window of "
            f"{self.window[0]} x {self.window[1]} of {self.size[0]} x {self.size[1]} pixels. For "
            f"the exact result pass tile={max(self.size)}, if memory allows.",
            stacklevel=4,
        )


def _chosen_overlap(field, overlap, has_alpha):
    if overlap is not None and (not isinstance(overlap, int) or overlap < 0):
        raise ValueError(
            "`overlap` must be an integer of at least 0, in pixels of the input, or None for the "
            f"receptive field. Received: overlap={overlap!r}"
        )
    if overlap is None:
        overlap = field.radius if field.is_finite else DEFAULT_OVERLAP
    return max(overlap, _ALPHA_OVERLAP) if has_alpha and field.scale != 1 else overlap


def _chosen_tile(field, size, tile, overlap):
    if tile is not None:
        if not isinstance(tile, int) or tile < 1:
            raise ValueError(
                "`tile` must be an integer of at least 1, in pixels of the input, or None to "
                f"choose by size. Received: tile={tile!r}"
            )
        return tile
    small = max(size) <= WHOLE_SIDE
    if small or (not field.is_finite and size[0] * size[1] <= WHOLE_AREA):
        return max(size)
    return default_side(field.scale, overlap)


def default_side(scale, overlap):
    """Side of tiles, px, of a network that enlarges by `scale` and sees `overlap` px beyond."""
    # The network runs on (1 + 2 overlap / tile)^2 times the image: 2.8 for three times the overlap.
    largest = max(_LARGEST_DEFAULT_WINDOW // scale - 2 * overlap, _LARGE_DEFAULT_TILE)
    return min(max(3 * overlap, _SMALLEST_DEFAULT_TILE), largest)
