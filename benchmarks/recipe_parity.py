"""Check that the recipes of `opencv_recipes.py` do the work of the zoo's, step by step.

Three comparisons: each step with the *same* drawn parameters, by the mean PSNR of its output to its
input; the drawn parameters themselves, by their moments and probabilities; and whole recipes with
draws of their own.
"""

import cv2
import numpy as np
import opencv_recipes
import tensorflow as tf
from opencv_wear import old_photo

import pipelines
from pipelines.degradations import OneOf, Sequence
from pipelines.degradations.draws import Draws

OPENCV = {"real-esrgan-x4": opencv_recipes.real_esrgan, "old-photo": old_photo}
LIMIT_DB = 0.7
_CAP_DB = 60.0  # of images that hardly change, whose PSNR would outweigh all others
_STEP_SIDE = 128
#: More standard errors than chance makes of some two hundred comparisons.
_LIMIT_ERRORS = 5.0


def compare(name, photographs, crop_px, samples):
    """Return the figures of all three comparisons, and `agrees`.

    Args:
        name: Of the recipe.
        photographs: List of uint8 RGB images.
        crop_px: Side of the crops for the whole recipe.
        samples: Number of crops.
    """
    tf.get_logger().setLevel("ERROR")  # one graph for each step is not a mistake here
    recipe, theirs = pipelines.recipe(name), OPENCV[name](_STEP_SIDE)
    ours = (*recipe.scene, *recipe.steps)
    pairs = list(_leaves(ours, (*theirs.scene, *theirs.steps)))
    small = crops(photographs, _STEP_SIDE, samples)
    steps = [_compare_step(*pair, small) for pair in pairs]
    draws = [row for pair in pairs for row in _compare_draws(*pair, 4 * samples)]
    worst = max(draws, key=lambda row: row["standard_errors"])
    whole = _compare_whole(recipe, OPENCV[name](crop_px), crops(photographs, crop_px, samples))
    agree = all(
        abs(row["difference"]) <= max(LIMIT_DB, 3 * row["standard_error"])
        for row in (*steps, whole)
    )
    return {
        "unit": f"mean PSNR in dB of the output to the input, each at most {_CAP_DB:g}",
        "limit": f"a difference of {LIMIT_DB} dB, or of three standard errors if that is more",
        "samples": samples,
        "steps": steps,
        "draws": {"compared": len(draws), "largest_deviation": worst},
        "whole": whole,
        "agrees": agree and worst["standard_errors"] <= _LIMIT_ERRORS,
    }


def crops(photographs, side, count):
    """Return random crops, float32 `(count, side, side, 3)` in [-1, 1]."""
    rng = np.random.default_rng(0)
    cut = [opencv_recipes.crop(rng, photographs, side) for _ in range(count)]
    return np.stack(cut)


def _leaves(ours, theirs):
    """Pairs of steps at the same place; raise if structure, weights or probabilities differ."""
    for one, other in zip(ours, theirs, strict=True):
        if (type(one).__name__, one.probability) != (other.name, other.probability):
            raise ValueError(f"steps differ: {one} and {other.name}, {other.probability}")
        if isinstance(one, OneOf):
            shares = [np.array(weights) / sum(weights) for weights in (one.weights, other.weights)]
            np.testing.assert_allclose(*shares)
        if isinstance(one, (OneOf, Sequence)):
            yield from _leaves(one.steps, other.steps)
        else:
            yield one, other


def _compare_step(ours, theirs, images):
    rng, scores = np.random.default_rng(1), []
    count = 1 if ours.changes_size else len(images)  # a batch shares its size
    for first in range(0, len(images), count):
        batch = images[first : first + count]
        params = ours.sample(Draws(*_seed_and_shape(first, batch)))
        degraded = ours.transform(tf.constant(batch), params).numpy()
        params = tf.nest.map_structure(lambda value: value.numpy(), params)
        for index, image in enumerate(batch):
            own = {name: value[index] for name, value in params.items()}
            other = theirs.apply(rng, image, own)
            scores.append((psnr(degraded[index], image), psnr(other, image)))
    both = np.array(scores)
    error = (both[:, 1] - both[:, 0]).std() / np.sqrt(len(both))
    return {"step": theirs.name, **_figures(*both.mean(axis=0), error)}


def _seed_and_shape(seed, batch):
    return tf.constant([2, seed], tf.int32), tf.constant(batch.shape, tf.int32)


def _figures(ours, theirs, error):
    figures = {
        "zoo": ours,
        "opencv": theirs,
        "difference": theirs - ours,
        "standard_error": error,
    }
    return {name: round(float(value), 2) for name, value in figures.items()}


def _compare_draws(ours, theirs, count):
    """First and second moment of every parameter, in standard errors of their difference."""
    shape = (_STEP_SIDE, _STEP_SIDE, 3)
    mine = _drawn(ours, count, shape)
    rng = np.random.default_rng(3)
    other = [theirs.draw(rng, shape) for _ in range(count)]
    for name in other[0]:
        for power in (1, 2):
            one = _moments([np.asarray(value, float) ** power for value in mine[name]])
            two = _moments([np.asarray(each[name], float) ** power for each in other])
            error = np.sqrt(one.var() / len(one) + two.var() / len(two)) + 1e-6
            deviation = round(float(abs(one.mean() - two.mean()) / error), 1)
            yield {"parameter": f"{theirs.name}.{name}^{power}", "standard_errors": deviation}


def _moments(values):
    return np.array([value.mean() for value in values])


def _drawn(step, count, shape):
    @tf.function(autograph=False)
    def draw(seed, batch):
        return step.sample(Draws(seed, batch))

    each = 1 if step.changes_size else count
    batches = [
        draw(tf.constant([4, number], tf.int32), tf.constant((each, *shape), tf.int32))
        for number in range(count // each)
    ]
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def _compare_whole(recipe, theirs, images):
    def pair(number, image):
        return recipe.pair(image[None], tf.stack([5, tf.cast(number, tf.int32)]))

    # One image a batch, because a batch shares its sizes.
    dataset = tf.data.Dataset.from_tensor_slices(images).enumerate()
    dataset = dataset.map(pair, num_parallel_calls=tf.data.AUTOTUNE)
    ours = [psnr(degraded[0], clean[0]) for degraded, clean in dataset.as_numpy_iterator()]
    rng = np.random.default_rng(6)
    other = [psnr(*theirs.pair(rng, image)) for image in images]
    error = np.sqrt(np.var(ours) / len(ours) + np.var(other) / len(other))
    return _figures(np.mean(ours), np.mean(other), error)


def psnr(output, target):
    """PSNR in dB of images in [-1, 1], of another size after bicubic resizing, capped."""
    if output.shape != target.shape:
        size = target.shape[1::-1]
        output = cv2.resize(output, size, interpolation=cv2.INTER_CUBIC)
    difference = np.clip(output, -1, 1) - np.clip(target, -1, 1)
    mean = float(np.mean(np.square(difference, dtype=np.float64)))
    return min(_CAP_DB, 10 * np.log10(4 / max(mean, 1e-12)))
