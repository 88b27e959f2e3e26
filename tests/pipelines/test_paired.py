import keras
import numpy as np
import pytest
import tensorflow as tf

import pipelines


class Noise:
    """A recipe in three lines: halves the image and adds seeded noise."""

    scale = 2

    def __call__(self, images, seed):
        images = tf.nn.avg_pool2d(images, 2, 2, "VALID")
        return images + 0.1 * tf.random.stateless_normal(tf.shape(images), seed)


def identity(images, seed):
    return images


def source_of(count=11, side=12, image_size=8):
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 3)).astype(np.uint8)
    return pipelines.from_arrays(images, image_size)


def batches(dataset, count=None):
    dataset = dataset if count is None else dataset.take(count)
    return [tuple(pair) for pair in dataset.as_numpy_iterator()]


def equal(first, second):
    assert len(first) == len(second) > 0
    return [
        all(np.array_equal(a, b) for a, b in zip(pair_1, pair_2, strict=True))
        for pair_1, pair_2 in zip(first, second, strict=True)
    ]


@pytest.mark.parametrize("start_step", [1, 2, 5])
def test_resuming_gives_the_tail_of_the_uninterrupted_stream(start_step):
    source = source_of()
    whole = batches(pipelines.paired(source, Noise(), 4, seed=7, start_step=0), 8)
    resumed = pipelines.paired(source_of(), Noise(), 4, seed=7, start_step=start_step)
    assert all(equal(whole[start_step:], batches(resumed, 8 - start_step)))
    other = pipelines.paired(source, Noise(), 4, seed=8, start_step=0)
    assert not any(equal(whole, batches(other, 8)))


def test_every_batch_has_its_own_noise():
    flat = pipelines.from_arrays(np.full((4, 8, 8, 3), 128, np.uint8))
    pairs = batches(pipelines.paired(flat, Noise(), 4, start_step=0), 6)
    assert len({degraded.tobytes() for degraded, _ in pairs}) == 6


def test_the_recipe_gets_seed_and_number_of_the_batch():
    def report(images, seed):
        assert seed.dtype == tf.int32
        return tf.ensure_shape(seed, (2,))

    resumed = pipelines.paired(source_of(), report, 4, seed=7, start_step=5)
    assert [list(seeds) for seeds, _ in batches(resumed, 3)] == [[7, 5], [7, 6], [7, 7]]
    finite = pipelines.paired(source_of(), report, 4, seed=7)
    assert [list(seeds) for seeds, _ in batches(finite)] == [[7, 0], [7, 1]]
    assert [list(seeds) for seeds, _ in batches(finite)] == [[7, 2], [7, 3]]
    ordered = pipelines.paired(source_of(), report, 4, seed=7, shuffle=False)
    assert [list(seeds) for seeds, _ in batches(ordered)] == [[7, 0], [7, 1], [7, 2]]


def test_a_pass_is_finite_and_each_one_is_different():
    dataset = pipelines.paired(source_of(), Noise(), 4)
    assert dataset.cardinality() == 2
    first, second = batches(dataset), batches(dataset)
    assert [clean.shape for _, clean in first] == [(4, 8, 8, 3)] * 2
    assert not any(equal(first, second))
    again = pipelines.paired(source_of(), Noise(), 4)
    assert all(equal(first, batches(again)))
    assert all(equal(second, batches(again)))


def test_a_pass_starts_like_the_endless_stream():
    finite = batches(pipelines.paired(source_of(), Noise(), 4, seed=3))
    assert all(
        equal(finite, batches(pipelines.paired(source_of(), Noise(), 4, seed=3, start_step=0), 2))
    )


def test_a_pass_shows_no_image_twice_and_passes_differ_in_order():
    numbers = np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1)
    dataset = pipelines.paired(pipelines.from_arrays(numbers), identity, 4)
    orders = [
        tuple(np.rint((np.concatenate([c for _, c in batches(dataset)]) + 1) * 127.5).ravel())
        for _ in range(3)
    ]
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert len(set(orders)) == 3


def test_validation_is_complete_ordered_and_the_same_each_time():
    source = source_of()
    dataset = pipelines.paired(source, Noise(), 4, shuffle=False)
    assert dataset.cardinality() == 3
    first = batches(dataset)
    assert [len(clean) for _, clean in first] == [4, 4, 3]
    assert all(equal(first, batches(dataset)))
    clean = np.concatenate([clean for _, clean in first])
    ordered = np.stack([image for _, image in source.ordered().as_numpy_iterator()])
    np.testing.assert_array_equal(clean, ordered)


def test_clean_is_cut_to_multiples_of_the_scale():
    sizes = [(9, 12), (8, 7)]
    images = [np.random.default_rng(0).integers(0, 256, (*size, 1), np.uint8) for size in sizes]
    whole = pipelines.from_arrays(images)
    pairs = batches(pipelines.paired(whole, Noise(), 1, shuffle=False))
    assert [clean.shape for _, clean in pairs] == [(1, 8, 12, 1), (1, 8, 6, 1)]
    assert [degraded.shape for degraded, _ in pairs] == [(1, 4, 6, 1), (1, 4, 3, 1)]
    np.testing.assert_allclose(pairs[0][1][0], images[0][:8] / 127.5 - 1, atol=1e-6)
    dataset = pipelines.paired(source_of(image_size=7), Noise(), 2)
    degraded, clean = dataset.element_spec
    assert (degraded.shape, clean.shape) == ((2, 3, 3, 3), (2, 6, 6, 3))


def test_recipes_by_name_and_as_objects():
    source = source_of(image_size=8)
    named = batches(pipelines.paired(source, "bicubic-x2", 4, shuffle=False))
    given = batches(pipelines.paired(source, pipelines.recipe("bicubic-x2"), 4, shuffle=False))
    assert named[0][0].shape == (4, 4, 4, 3)
    assert all(equal(named, given))
    with pytest.raises(ValueError, match="no-such-recipe"):
        pipelines.paired(source, "no-such-recipe", 4)


def test_fit_knows_the_number_of_steps():
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 1)])
    model.compile("sgd", "mse")
    source = source_of()
    pairs = pipelines.paired(source, identity, 4)
    held_out = pipelines.paired(source, identity, 4, shuffle=False)
    history = model.fit(pairs, validation_data=held_out, epochs=2, verbose=0)
    assert len(history.history["val_loss"]) == 2
    assert model.optimizer.iterations == 2 * 2


@pytest.mark.parametrize("options", [{}, {"start_step": 3}, {"shuffle": False}])
def test_replicas_share_the_batch(mirrored, options):
    def dataset():
        return pipelines.paired(source_of(count=8), Noise(), 4, **options)

    expected = batches(dataset(), 2)
    parts = iter(mirrored.experimental_distribute_dataset(dataset()))
    for pair in expected:
        for values, whole in zip(next(parts), pair, strict=True):
            halves = mirrored.experimental_local_results(values)
            assert [len(half) for half in halves] == [2, 2]
            np.testing.assert_array_equal(np.concatenate(halves), whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be a positive int"),
        ({"batch_size": 12}, "`batch_size` must not exceed the number of images, 11"),
        ({"start_step": -1}, "`start_step` must be None or an int >= 0"),
        ({"start_step": 1, "shuffle": False}, "`start_step`.*needs `shuffle=True`"),
        ({"seed": -1}, "`seed` must be an int"),
        ({"device": "/GPU:7"}, r"`device` must be None.*device:CPU:1.*Received: '/GPU:7'"),
    ],
)
def test_arguments_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        pipelines.paired(source_of(), identity, **{"batch_size": 4, **options})


def test_sources_that_do_not_fit():
    with pytest.raises(ValueError, match="`source` must be an ImageSource"):
        pipelines.paired("photos/", identity)
    with pytest.raises(ValueError, match="`batch_size` must be 1 for whole images of several"):
        pipelines.paired(pipelines.sample(), identity, batch_size=2)
    with pytest.raises(ValueError, match="`recipe` reduces images by 2 and needs at least 2 px"):
        pipelines.paired(source_of(image_size=1), Noise(), 2)
