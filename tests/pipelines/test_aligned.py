import numpy as np
import pytest
from PIL import Image

import pipelines
from pipelines.images import to_float


@pytest.fixture
def halves():
    """Five images of 40 x 60 px: the left half has a pattern, the right one its negative."""
    rng = np.random.default_rng(0)
    left = rng.integers(64, 192, (5, 40, 30, 3), "uint8")
    return pipelines.from_arrays(np.concatenate([left, 255 - left], axis=2), augment=False)


def batches(dataset, count=None):
    dataset = dataset if count is None else dataset.take(count)
    return list(dataset.as_numpy_iterator())


def test_validation_shows_all_pairs_in_order_scaled_as_pillow_does(halves):
    pairs = batches(pipelines.aligned(halves, batch_size=2, image_size=20, shuffle=False))
    assert [len(left) for left, _ in pairs] == [2, 2, 1]
    _, whole = next(iter(halves.ordered()))
    pixels = np.rint((whole.numpy() + 1) * 127.5).astype("uint8")
    for place, made in ((slice(0, 30), pairs[0][0][0]), (slice(30, 60), pairs[0][1][0])):
        wanted = Image.fromarray(pixels[:, place]).resize((20, 20), Image.Resampling.BICUBIC)
        np.testing.assert_allclose(made, to_float(np.asarray(wanted)), atol=1.2 / 127.5)


def test_training_crops_and_flips_both_halves_alike(halves):
    pairs = batches(pipelines.aligned(halves, batch_size=5, image_size=20, seed=1), 1)
    left, right = pairs[0]
    assert left.shape == right.shape == (5, 20, 20, 3)
    np.testing.assert_allclose(left, -right, atol=0.02)
    other, _ = batches(pipelines.aligned(halves, batch_size=5, image_size=20, seed=2), 1)[0]
    assert np.abs(other - left).max() > 0.1


def test_reverse_swaps_the_roles(halves):
    options = {"batch_size": 2, "image_size": 20, "shuffle": False}
    left, right = batches(pipelines.aligned(halves, **options))[0]
    inputs, targets = batches(pipelines.aligned(halves, reverse=True, **options))[0]
    np.testing.assert_array_equal(inputs, right)
    np.testing.assert_array_equal(targets, left)


def test_resuming_gives_the_tail_of_the_uninterrupted_stream(halves):
    options = {"batch_size": 2, "image_size": 20, "seed": 4}
    whole = batches(pipelines.aligned(halves, start_step=0, **options), 6)
    tail = batches(pipelines.aligned(halves, start_step=4, **options), 2)
    np.testing.assert_array_equal(whole[4:], tail)


def test_targets_of_their_own_stay_with_their_inputs():
    photos = (
        np.zeros((6, 24, 24, 3), "uint8") + 40 * np.arange(6, dtype="uint8")[:, None, None, None]
    )
    sources = [
        pipelines.from_arrays(photos, augment=False),
        pipelines.from_arrays(photos[..., :1], augment=False),
    ]
    for left, right in batches(pipelines.aligned(*sources, batch_size=3, image_size=16, seed=3)):
        assert right.shape == (3, 16, 16, 1)
        np.testing.assert_allclose(left[:, 0, 0, 0], right[:, 0, 0, 0], atol=1e-5)
        assert len(set(left[:, 0, 0, 0].round(3))) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 0}, "`image_size`"),
        ({"batch_size": 6}, "`batch_size` must not exceed"),
        ({"targets": pipelines.from_arrays(np.zeros((4, 8, 8, 3), "uint8"))}, "as many images"),
        ({"targets": 3}, "`source` must be an ImageSource"),
    ],
)
def test_what_does_not_fit_is_refused(halves, arguments, message):
    with pytest.raises(ValueError, match=message):
        pipelines.aligned(halves, **arguments)
