"""Put a piece of one image into another without a visible rim."""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

_NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def poisson(image, piece, mask):
    """Fill a hole with the gradients of another image, on the colours at the hole's rim.

    Args:
        image: Float array `(H, W, C)`.
        piece: Float array `(H, W, C)`, what the hole takes its gradients from.
        mask: Array `(H, W)`, above 0 in the hole.

    Returns:
        float32 array `(H, W, C)`: `image` but for the hole. A hole without a rim, the whole image,
        becomes `piece`.

    Raises:
        ValueError: If shapes differ.

    Example:

    >>> image, piece = np.full((3, 3, 1), 0.2), np.full((3, 3, 1), 0.9)
    >>> mask = np.zeros((3, 3))
    >>> mask[1, 1] = 1
    >>> bool(np.isclose(poisson(image, piece, mask)[1, 1, 0], 0.2))
    True

    Reference:
        Perez et al. 2003, Poisson image editing, https://doi.org/10.1145/882262.882269, equation 7.
    """
    image, piece = np.asarray(image, "float64"), np.asarray(piece, "float64")
    hole = np.asarray(mask) > 0
    if image.ndim != 3 or piece.shape != image.shape or hole.shape != image.shape[:2]:
        raise ValueError(
            "`image` and `piece` must have one shape (H, W, C) and `mask` (H, W). "
            f"Received: {image.shape}, {piece.shape} and {hole.shape}"
        )
    filled = np.where(hole[..., None], piece, image)
    if hole.any() and not hole.all():
        filled[hole] = _solved(image, piece, hole)
    return filled.astype("float32")


def _solved(image, piece, hole):
    """The pixels of the hole, `(count, C)`: each differs from its neighbours as in `piece`."""
    height, width = hole.shape
    places = np.argwhere(hole)
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(len(places))
    diagonal = np.zeros(len(places))
    right = np.zeros((len(places), image.shape[-1]))
    rows, columns = [], []
    for step in _NEIGHBOURS:
        others = places + step
        inside = ((others >= 0) & (others < (height, width))).all(axis=1)
        here, there = places[inside], others[inside]
        index = np.flatnonzero(inside)
        diagonal[index] += 1
        right[index] += piece[tuple(here.T)] - piece[tuple(there.T)]
        unknown = hole[tuple(there.T)]
        rows.append(index[unknown])
        columns.append(number[tuple(there[unknown].T)])
        right[index[~unknown]] += image[tuple(there[~unknown].T)]
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    links = scipy.sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), [len(places)] * 2)
    solve = scipy.sparse.linalg.factorized((scipy.sparse.diags(diagonal) - links).tocsc())
    return np.stack([solve(channel) for channel in right.T], axis=1)
