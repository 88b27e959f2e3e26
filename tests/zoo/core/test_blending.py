import numpy as np
import pytest

from zoo.core.blending import poisson


def ramp(height, width, channels=2):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows + 2.0 * columns] * channels, axis=-1)


def test_a_piece_that_differs_by_a_constant_leaves_no_trace():
    image = ramp(9, 7)
    mask = np.zeros((9, 7))
    mask[2:6, 3:7] = 1  # up to the border of the image
    np.testing.assert_allclose(poisson(image, image + 5.0, mask), image, atol=1e-5)


def test_a_flat_piece_takes_the_smoothest_colours_between_those_of_the_rim():
    image = ramp(6, 8)  # harmonic: each pixel is the mean of its neighbours
    mask = np.zeros((6, 8))
    mask[1:5, 2:6] = 1
    np.testing.assert_allclose(poisson(image, np.zeros_like(image), mask), image, atol=1e-5)


def test_gradients_are_those_of_the_piece():
    rng = np.random.default_rng(0)
    piece = rng.uniform(size=(8, 8, 1))
    mask = np.zeros((8, 8))
    mask[2:6, 2:6] = 1
    image = np.where(mask[..., None] > 0, 0.0, 10 * piece)
    filled = poisson(image, piece, mask)
    visible = mask == 0
    np.testing.assert_allclose(filled[visible], image[visible], rtol=1e-6)

    def laplacian(x):
        return 4 * x[1:-1, 1:-1] - x[:-2, 1:-1] - x[2:, 1:-1] - x[1:-1, :-2] - x[1:-1, 2:]

    inside = mask[1:-1, 1:-1] > 0
    np.testing.assert_allclose(laplacian(filled)[inside], laplacian(piece)[inside], atol=1e-5)


def test_no_hole_and_nothing_but_a_hole():
    image, piece = ramp(3, 3), ramp(3, 3) + 1
    np.testing.assert_array_equal(poisson(image, piece, np.zeros((3, 3))), image)
    np.testing.assert_array_equal(poisson(image, piece, np.ones((3, 3))), piece)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"`mask`.*Received"):
        poisson(ramp(3, 3), ramp(3, 3), np.zeros((3, 4)))
