import inspect
from math import log

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.losses as losses

L = log(
    3.0
)  # sigmoid(L) = 3/4, sigmoid(-L) = 1/4, softplus(2L) = log 10, softplus(-2L) = log(10/9)
ALL = [
    losses.Minimax,
    losses.NonSaturating,
    losses.LeastSquares,
    losses.Wasserstein,
    losses.Hinge,
    losses.RelativisticAverage,
]
LABELLED = [losses.Minimax, losses.NonSaturating, losses.LeastSquares, losses.Hinge]


@pytest.mark.parametrize(
    ("loss", "real", "fake", "discriminator", "generator"),
    [
        # D(real) = 3/4, 1/2 and D(fake) = 1/4, 1/2:
        # -mean(log 3/4, log 1/2) - mean(log 3/4, log 1/2) = -log 3/8; G: mean(log 3/4, log 1/2).
        (losses.Minimax(), [L, 0], [-L, 0], -log(3 / 8), 0.5 * log(3 / 8)),
        # G: -mean(log 1/4, log 1/2) = log(8) / 2.
        (losses.NonSaturating(), [L, 0], [-L, 0], -log(3 / 8), 0.5 * log(8)),
        # Label 0.9 on real: 0.9 softplus(-L) + 0.1 softplus(L) = 0.9 log(4/3) + 0.1 log 4.
        (losses.NonSaturating(0.1), [L], [-50], 0.9 * log(4 / 3) + 0.1 * log(4), 50.0),
        # (mean(0, 4) + mean(0, 4)) / 2 = 2; G: mean(1, 1) / 2.
        (losses.LeastSquares(), [1, 3], [0, 2], 2.0, 0.5),
        # a = -1, b = 1, c = 0: (0 + mean(1, 9)) / 2 = 2.5; G: mean(0, 4) / 2 = 1.
        (losses.LeastSquares(1, -1, 0), [1, 1], [0, 2], 2.5, 1.0),
        (losses.Wasserstein(), [1, 3], [0, 2], 1.0 - 2.0, -1.0),
        # mean(1/2, 0) + mean(0, 1) = 3/4; G: -mean(-2, 0).
        (losses.Hinge(), [0.5, 3], [-2, 0], 0.75, 1.0),
        # mean(real) = L, mean(fake) = 0. D: mean softplus(-real) = (log(10/9) + log 2) / 2 and
        # mean softplus(fake - L) = (log 2 + log(10/9)) / 2: together log(20/9).
        # G: mean softplus(L - fake) + mean softplus(real) = log 2 + log 10 = log 20.
        (losses.RelativisticAverage(), [2 * L, 0], [L, -L], log(20 / 9), log(20)),
    ],
    ids=lambda value: repr(value) if isinstance(value, losses.AdversarialLoss) else "",
)
def test_golden(loss, real, fake, discriminator, generator):
    real, fake = np.array([real], "float32"), np.array([fake], "float32")
    assert float(loss.discriminator(real, fake)) == pytest.approx(discriminator, abs=1e-6)
    assert float(loss.generator(fake, real)) == pytest.approx(generator, abs=1e-6)


@pytest.mark.parametrize("cls", ALL)
def test_each_player_pulls_the_scores_its_own_way(cls):
    """Catches the reversed signs that are printed and copied."""
    loss, real, fake = cls(), tf.constant([[0.3], [-0.2]]), tf.constant([[0.1], [0.4]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        for_discriminator = loss.discriminator(real, fake)
        for_generator = loss.generator(fake, real)
    assert np.all(tape.gradient(for_discriminator, real) < 0), "a critic raises real scores"
    assert np.all(tape.gradient(for_discriminator, fake) > 0), "a critic lowers fake scores"
    assert np.all(tape.gradient(for_generator, fake) < 0), "a generator raises fake scores"


@pytest.mark.parametrize("cls", ALL)
def test_maps_count_alike_whatever_their_size(cls):
    loss = cls()
    small, large = tf.fill((2, 1, 1, 1), 0.5), tf.fill((2, 8, 8, 1), -1.5)
    parts = [loss.discriminator(x, -x) for x in (small, large)]
    both = loss.discriminator([small, large], [-small, -large])
    assert float(both) == pytest.approx(float(sum(parts)) / 2, abs=1e-6)
    parts = [loss.generator(x, -x) for x in (small, large)]
    both = loss.generator((small, large), (-small, -large))
    assert float(both) == pytest.approx(float(sum(parts)) / 2, abs=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("cls", ALL)
def test_half_precision_logits_are_summed_in_float32(cls, dtype):
    rng = np.random.default_rng(0)
    # 300^2 is beyond float16; a bfloat16 mean of 4,096 values keeps 2 digits.
    real, fake = (tf.cast(rng.uniform(200, 300, (4, 1024)), dtype) for _ in range(2))
    loss = cls()
    for low, full in (
        (loss.discriminator(real, fake), loss.discriminator(*_float32(real, fake))),
        (loss.generator(fake, real), loss.generator(*_float32(fake, real))),
    ):
        assert low.dtype == tf.float32
        assert np.isfinite(full)
        assert float(low) == pytest.approx(float(full), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("cls", LABELLED)
def test_extreme_scores_stay_finite(cls):
    loss, far = cls(), tf.constant([[1e4], [-1e4]])
    assert np.isfinite(loss.discriminator(far, far))
    assert np.isfinite(loss.generator(far))


@pytest.mark.parametrize("size", [4, 3], ids=["even", "uneven"])
def test_relativistic_average_spans_the_replicas(mirrored, size):
    """Two replicas give the weights the gradient that one gives for the global batch."""
    loss = losses.RelativisticAverage()
    real = tf.constant([1.0, 2.0, -1.0, 0.5])[:size]
    fake = tf.constant([0.0, -2.0, 3.0, 1.0])[:size]

    def gradient(weight, real, fake):
        with tf.GradientTape() as tape:
            verdicts = weight * real, weight * fake**2
            total = loss.discriminator(*verdicts) + loss.generator(*reversed(verdicts))
            total *= tf.cast(tf.size(real), tf.float32) / size  # this replica's share
        return tape.gradient(total, weight)

    expected = gradient(tf.Variable(0.7), real, fake)
    with mirrored.scope():
        weight = tf.Variable(0.7)
    data = tf.data.Dataset.from_tensor_slices((real, fake)).batch(size)
    batch = next(iter(mirrored.experimental_distribute_dataset(data)))
    sizes = [len(x) for x in mirrored.experimental_local_results(batch[0])]
    assert sizes == [2, size - 2]
    step = tf.function(lambda: mirrored.run(gradient, args=(weight, *batch)))
    total = mirrored.reduce(tf.distribute.ReduceOp.SUM, step(), axis=None)
    assert float(total) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize(
    "loss", [cls() for cls in ALL] + [losses.Minimax(0.2), losses.LeastSquares(2, 1, 3)]
)
def test_config_round_trip(loss):
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(back) is type(loss)
    real, fake = [[0.3, -2.0]], [[1.5, 0.1]]
    assert float(back.discriminator(real, fake)) == float(loss.discriminator(real, fake))
    assert float(back.generator(fake, real)) == float(loss.generator(fake, real))


@pytest.mark.parametrize("cls", ALL)
def test_every_argument_is_in_the_config(cls):
    arguments = set(inspect.signature(cls).parameters)
    assert set(cls().get_config()) == arguments - {"args", "kwargs"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.Minimax(1.0), "label_smoothing.*Received: label_smoothing=1.0"),
        (lambda: losses.LeastSquares(1, 1), "real_label.*must differ"),
        (lambda: losses.Hinge().discriminator([[[0.0]], [[1.0]]], [[[0.0]]]), "2 map"),
        (lambda: losses.Hinge().discriminator(tf.zeros(3), [tf.zeros(3)]), "one tensor"),
        (lambda: losses.Hinge().discriminator(None, tf.zeros(3)), "real_logits"),
        (lambda: losses.Hinge().generator([]), "`fake_logits`.*non-empty"),
        (lambda: losses.RelativisticAverage().generator(tf.zeros(3)), "`real_logits` must be"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call()


def _float32(*tensors):
    return [tf.cast(x, tf.float32) for x in tensors]
