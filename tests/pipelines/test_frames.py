import numpy as np
import pytest
import tensorflow as tf

import pipelines


def described(length=0.0, angle=0.0, light=0.0, start=(0, 0), end=(0, 0), count=3):
    return pipelines.effects([length], [angle], [light], [start], [end], count)


def test_no_effect_leaves_images_alone():
    images = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype("float32")
    frames = pipelines.apply_effects(images, described())
    assert frames.shape == (1, 3, 16, 16, 3)
    np.testing.assert_allclose(frames[0], np.repeat(images, 3, axis=0), atol=1e-5)


@pytest.mark.parametrize(("angle", "axis"), [(0.0, 2), (90.0, 1)])
def test_blur_grows_in_its_direction(angle, axis):
    images = np.full((1, 33, 33, 1), -1, "float32")
    images[0, 16, 16] = 1
    frames = pipelines.apply_effects(images, described(length=9.0, angle=angle)).numpy()
    light = (frames[0, ..., 0] + 1) / 2
    reach = [(each.sum(axis=axis % 2) > 0.02).sum() for each in light]
    assert reach[0] == 1
    assert reach[0] < reach[1] < reach[2] <= 11
    across = [(each.sum(axis=(axis + 1) % 2) > 0.02).sum() for each in light]
    assert max(across) <= 3
    np.testing.assert_allclose(light.sum(axis=(1, 2)), 1, atol=1e-3)


def test_light_moves_from_start_to_end():
    images = np.zeros((1, 21, 21, 3), "float32")
    frames = pipelines.apply_effects(
        images, described(light=1.0, start=(-1, -1), end=(1, 0), count=3)
    ).numpy()
    for frame, place in zip(frames[0], [(0, 0), (5, 10), (10, 20)], strict=True):
        assert np.unravel_index(frame[..., 0].argmax(), (21, 21)) == place
    assert frames[0, 0, 0, 0, 0] > 0.5
    assert frames[0, 0, 20, 20, 0] < -0.5


def source(count=8):
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), "uint8")
    return pipelines.from_arrays(images, augment=False)


def test_frames_follow_from_images_and_effects():
    batches = pipelines.frames(source(), 4, count=3, seed=1)
    (images, effects), frames = next(iter(batches))
    np.testing.assert_allclose(frames, pipelines.apply_effects(images, effects), atol=1e-5)
    assert not np.asarray(effects)[:, 0, :2].any()  # sequences begin sharp
    assert np.unique(np.asarray(effects)[:, 0, 3]).size == 4


def test_resuming_gives_the_tail_of_the_uninterrupted_stream():
    whole = list(pipelines.frames(source(), 2, count=2, start_step=0).take(5))
    tail = list(pipelines.frames(source(), 2, count=2, start_step=3).take(2))
    for one, other in zip(whole[3:], tail, strict=True):
        for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
            np.testing.assert_array_equal(a, b)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`count` must be at least 2"):
        pipelines.frames(source(), count=1)
