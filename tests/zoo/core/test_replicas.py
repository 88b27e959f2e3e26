"""The adversarial step on two replicas equals the step on one."""

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.core import randomness

SGD = keras.optimizers.SGD


class PenalizedGAN(cases.TinyGAN):
    """Adds a gradient penalty, whose mixing weights are noise."""

    def discriminator_terms(self, batch):
        def critic(images):
            return self.discriminator(images, training=True)

        count = tf.shape(batch["clean"])[0]
        mixing = randomness.uniform(batch["seed"], "mixing", count)
        penalty = zoo.losses.gradient_penalty(critic, batch["clean"], batch["restored"], mixing)
        return {**super().discriminator_terms(batch), "penalty": tf.reduce_mean(penalty)}


def trained(data, strategy=None, build=cases.TinyGAN, optimizer=lambda: SGD(0.1)):
    """Train a new model of fixed initial weights for one epoch; return it and its logs."""
    keras.utils.set_random_seed(0)
    with (strategy or tf.distribute.get_strategy()).scope():
        model = build(ema_halflife_images=20)
        # Tracing takes longer than these few steps: only what is under test is traced.
        model.compile(optimizer(), optimizer(), run_eagerly=strategy is None)
    return model, model.fit(data, verbose=0).history


def assert_replicas_equal(model):
    for variable in model.weights:
        first, second = cases.copies(variable)
        np.testing.assert_array_equal(first, second, err_msg=variable.path)


def test_two_replicas_equal_one_with_a_gradient_penalty(mirrored):
    data = cases.batches(16, 4)  # 4 steps
    one, logs = trained(data, build=PenalizedGAN)
    two, mirrored_logs = trained(data, mirrored, build=PenalizedGAN)
    assert two.step == 4
    assert_replicas_equal(two)
    cases.assert_same_state(two, one, atol=2e-6)
    for name, value in logs.items():
        np.testing.assert_allclose(mirrored_logs[name], value, rtol=1e-4, err_msg=name)


def test_uneven_batches_and_clipping(mirrored):
    """Batches of 4, 3 and 1 samples: 2 + 1 and 1 + 0 on the replicas."""
    data = cases.batches(7, 4).concatenate(cases.batches(1, 1, seed=1))

    def optimizer():
        return SGD(0.1, momentum=0.9, global_clipnorm=0.05)

    one, logs = trained(data, optimizer=optimizer)
    two, mirrored_logs = trained(data, mirrored, optimizer=optimizer)
    assert_replicas_equal(two)
    cases.assert_same_state(two, one, atol=2e-6)
    for name, value in logs.items():
        np.testing.assert_allclose(mirrored_logs[name], value, rtol=1e-4, err_msg=name)


def test_metrics_of_one_image_at_a_time(mirrored):
    data = cases.batches(3, 1, size=12)
    metrics = [zoo.metrics.PSNR("rgb"), zoo.metrics.SSIM("rgb")]
    scores = []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            model = cases.TinyGAN()
            model.compile(metrics=metrics)
        scores.append(model.evaluate(data, verbose=0, return_dict=True))
    assert scores[0] == pytest.approx(scores[1], rel=1e-5)


def test_noise_differs_between_replicas_and_is_that_of_one_replica(mirrored):
    seed = randomness.step_seed(7, 3)
    for draw in (randomness.uniform, randomness.normal):
        per_replica = mirrored.run(lambda draw=draw: draw(seed, "latent", 2, (3,)))
        parts = [part.numpy() for part in mirrored.experimental_local_results(per_replica)]
        assert np.abs(parts[0] - parts[1]).min() > 1e-4
        np.testing.assert_array_equal(np.concatenate(parts), draw(seed, "latent", 4, (3,)))


def test_noise_depends_on_everything_that_it_should():
    def draw(seed=0, step=0, part=0, stream="a"):
        return randomness.uniform(randomness.step_seed(seed, step, part), stream, 4).numpy()

    np.testing.assert_array_equal(draw(), draw())
    for other in (draw(seed=1), draw(step=1), draw(part=1), draw(stream="b")):
        assert np.abs(draw() - other).max() > 1e-3


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(mirrored, policy):
    keras.config.set_dtype_policy(policy)
    model, logs = trained(cases.batches(8, 4), mirrored, build=PenalizedGAN)
    scaled = isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    assert isinstance(model.discriminator_optimizer, type(model.generator_optimizer))
    assert model.step == 2
    assert np.isfinite(list(logs.values())).all()
    assert_replicas_equal(model)
    exact, _ = trained_in_float32(cases.batches(8, 4))
    cases.assert_same_state(weights_of(model), weights_of(exact), atol=5e-3)


def trained_in_float32(data):
    keras.config.set_dtype_policy("float32")
    return trained(data, build=PenalizedGAN)


def weights_of(model):
    return {v.path + str(i): cases.copies(v)[0] for i, v in enumerate(model.weights)}


class OverflowingGAN(cases.TinyGAN):
    """The gradient overflows where a clean image holds a huge value."""

    def generator_terms(self, batch):
        return {"product": tf.reduce_mean(batch["restored"] * batch["clean"])}


@pytest.mark.parametrize("clipping", [{}, {"clipvalue": 0.1}, {"global_clipnorm": 0.1}])
def test_overflow_on_one_replica_skips_the_update_on_all(mirrored, clipping):
    keras.config.set_dtype_policy("mixed_float16")
    degraded, clean = cases.pairs(4)
    clean[3] = 1e38  # the second replica's
    data = tf.data.Dataset.from_tensor_slices((degraded, clean)).batch(4)
    keras.utils.set_random_seed(0)
    with mirrored.scope():
        model = OverflowingGAN()
        model.compile(SGD(0.1, **clipping), SGD(0.0), run_eagerly=True)
    before = model.generator.get_weights()
    model.fit(data, verbose=0)
    for old, new in zip(before, model.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    assert_replicas_equal(model)
    assert model.step == 0
    assert [float(x) for x in cases.copies(model.generator_optimizer.dynamic_scale)] == [
        2.0**14
    ] * 2
