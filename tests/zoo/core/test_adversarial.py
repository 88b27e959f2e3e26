"""The adversarial step on one device: what moves, by how much, and what `compile` promises."""

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.losses import NonSaturating

SGD = keras.optimizers.SGD


@keras.saving.register_keras_serializable(package="cases")
class Counter(keras.layers.Layer):
    """Passes its input on and counts how often it is called."""

    calls = 0

    def call(self, inputs):
        self.calls += 1
        return inputs


def counting_model(**options):
    """A model whose generator counts its evaluations; returns both."""
    model = cases.TinyGAN()
    counter = Counter()
    inputs = keras.Input((None, None, 3))
    model.generator = keras.Model(inputs, counter(cases.tiny_generator()(inputs)))
    model.compile(**options)
    counter.calls = 0
    return model, counter


def compiled(generator_optimizer, discriminator_optimizer, eager=True, **options):
    model = cases.TinyGAN(**options)
    model.compile(generator_optimizer, discriminator_optimizer, run_eagerly=eager)
    return model


def values(variables):
    return [variable.numpy() for variable in variables]


def total_change(before, variables):
    changes = [np.sum((old - new) ** 2) for old, new in zip(before, values(variables), strict=True)]
    return float(np.sqrt(np.sum(changes)))


def test_variant_contract(tmp_path, mirrored):
    cases.run_variant_test(cases.TinyGAN, cases.pairs(4), folder=tmp_path, strategy=mirrored)


def test_step_equals_a_step_by_hand():
    """The discriminator moves first; then the generator, by its own terms alone."""
    model, data = compiled(SGD(0.5), SGD(0.3)), cases.pairs(4)
    generator, discriminator = cases.tiny_generator(), cases.tiny_discriminator()
    generator.set_weights(model.generator.get_weights())
    discriminator.set_weights(model.discriminator.get_weights())
    degraded, clean = map(tf.constant, data)
    loss = NonSaturating()
    with tf.GradientTape() as tape:
        fake = generator(degraded, training=True)
        value = loss.discriminator(discriminator(clean), discriminator(tf.stop_gradient(fake)))
    by_hand(discriminator, tape.gradient(value, discriminator.trainable_variables), 0.3)
    with tf.GradientTape() as tape:
        fake = generator(degraded, training=True)
        value = tf.reduce_mean(tf.abs(clean - fake)) + 0.1 * loss.generator(discriminator(fake))
    by_hand(generator, tape.gradient(value, generator.trainable_variables), 0.5)

    logs = model.train_on_batch(*data, return_dict=True)

    assert logs["generator_loss"] == pytest.approx(float(value), rel=1e-5)
    for network, expected in ((model.generator, generator), (model.discriminator, discriminator)):
        for actual, wanted in zip(network.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_allclose(actual, wanted, atol=1e-6)


def by_hand(network, gradients, rate):
    for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
        variable.assign(variable - rate * gradient)


def test_discriminator_terms_give_the_generator_no_gradient():
    received = []

    class Watched(cases.TinyGAN):
        def discriminator_terms(self, batch):
            received.append(batch["restored"])
            return super().discriminator_terms(batch)

    model = Watched()
    model.compile(run_eagerly=True)
    with tf.GradientTape() as tape:
        batch = model.forward(model._prepare(cases.pairs(2), 0))
        model.update_discriminator(batch)
        detached = tf.reduce_sum(received[0])
    assert tape.gradient(detached, model.generator_variables) == [None] * 4


@pytest.mark.parametrize(
    ("rates", "moves"), [((0.1, 0.0), (True, False)), ((0.0, 0.1), (False, True))]
)
def test_each_player_has_its_own_learning_rate(rates, moves):
    model = compiled(SGD(rates[0]), SGD(rates[1]))
    players = (model.generator_variables, model.discriminator_variables)
    before = [values(variables) for variables in players]
    model.train_on_batch(*cases.pairs(2))
    changed = tuple(total_change(b, v) > 0 for b, v in zip(before, players, strict=True))
    assert changed == moves


def test_generator_runs_once_a_step():
    model, counter = counting_model(run_eagerly=True)
    model.train_on_batch(*cases.pairs(4))
    assert counter.calls == 1
    model, counter = counting_model(run_eagerly=True, discriminator_steps=2)
    model.train_on_batch(*cases.pairs(4))
    assert counter.calls == 2  # once for each part of the batch


def test_step_is_traced_once():
    model, counter = counting_model()
    model.fit(cases.batches(8, 2), epochs=2, verbose=0)
    assert counter.calls == 1


def test_discriminator_steps_take_fresh_parts_of_the_batch():
    seen = []

    class Watched(cases.TinyGAN):
        def discriminator_terms(self, batch):
            seen.append(("discriminator", batch["clean"].numpy()))
            return super().discriminator_terms(batch)

        def generator_terms(self, batch):
            seen.append(("generator", batch["clean"].numpy()))
            return super().generator_terms(batch)

    model, data = Watched(), cases.pairs(6)
    model.compile(discriminator_steps=3, run_eagerly=True)
    model.train_on_batch(*data)
    assert [player for player, _ in seen] == ["discriminator"] * 3 + ["generator"]
    np.testing.assert_array_equal(np.concatenate([part for _, part in seen[:3]]), data[1])
    np.testing.assert_array_equal(seen[3][1], data[1][4:])
    assert int(model.discriminator_optimizer.iterations) == 3
    assert model.step == 1
    with pytest.raises(ValueError, match=r"multiple of `discriminator_steps` = 3.*batch of 4"):
        model.train_on_batch(*cases.pairs(4))


@pytest.mark.parametrize("clipping", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_gradients_are_clipped(clipping):
    model = compiled(SGD(1.0, **{clipping: 1e-3}), SGD(0.0))
    before = values(model.generator_variables)
    model.train_on_batch(*cases.pairs(4))
    changes = [b - a for b, a in zip(before, values(model.generator_variables), strict=True)]
    norms = [np.linalg.norm(change) for change in changes]
    largest = {
        "clipnorm": max(norms),
        "global_clipnorm": np.linalg.norm(norms),
        "clipvalue": max(np.abs(change).max() for change in changes),
    }[clipping]
    assert largest == pytest.approx(1e-3, rel=1e-2)


def test_learning_rate_schedule():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.1, 0.0])
    model = compiled(SGD(schedule), SGD(0.0))
    moved = []
    for _ in range(2):
        before = values(model.generator_variables)
        model.train_on_batch(*cases.pairs(2))
        moved.append(total_change(before, model.generator_variables) > 0)
    assert moved == [True, False]


def test_average_follows_the_generator():
    model = compiled(SGD(0.1), SGD(0.0), ema_halflife_images=1e9)
    old = values(model.averaged_generator.variables)
    model.train_on_batch(*cases.pairs(4))
    # 4 images seen: the halflife is 5 % of them, 0.2 images, so old weights keep 0.5 ** 20.
    share = 0.5**20
    for start, now, average in zip(
        old,
        values(model.generator.variables),
        values(model.averaged_generator.variables),
        strict=True,
    ):
        np.testing.assert_allclose(average, share * start + (1 - share) * now, atol=1e-7)
    assert not model.averaged_generator.trainable_variables


def test_logs_are_means_over_samples():
    degraded, clean = cases.pairs(5)
    model = compiled(SGD(0.0), SGD(0.0))
    history = model.fit(cases.batches(5, 3), verbose=0).history
    restored = model.generator(degraded, training=True)
    assert history["generator/pixel"][0] == pytest.approx(
        float(tf.reduce_mean(abs(restored - clean)))
    )
    assert history["generator_loss"][0] == pytest.approx(
        history["generator/pixel"][0] + history["generator/adversarial"][0]
    )


def test_validation_takes_images_of_any_size():
    model = cases.TinyGAN()
    metric = zoo.metrics.PSNR("rgb")
    model.compile(metrics=[metric])
    images = [cases.pairs(1, size=size) for size in (8, 12)]
    signature = (tf.TensorSpec((None, None, None, 3)),) * 2
    data = tf.data.Dataset.from_generator(lambda: iter(images), output_signature=signature)
    score = model.evaluate(data, verbose=0, return_dict=True)["psnr"]
    each = [metric.per_image(clean, model(degraded)) for degraded, clean in images]
    assert score == pytest.approx(float(np.mean(each)), rel=1e-5)


def test_file_brings_back_the_arguments_of_compile(tmp_path):
    model = cases.TinyGAN(ema_halflife_images=5, seed=3)
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 10)
    model.compile(
        keras.optimizers.Adam(schedule, global_clipnorm=0.5),
        SGD(0.2, momentum=0.9),
        discriminator_steps=2,
        metrics=[zoo.metrics.PSNR("rgb", border=1)],
        run_eagerly=True,
    )
    model.train_on_batch(*cases.pairs(4))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_compile_config() == model.get_compile_config()
    assert loaded.generator_optimizer.global_clipnorm == 0.5
    assert loaded.discriminator_optimizer.momentum == 0.9
    assert (loaded.discriminator_steps, loaded.seed, loaded.run_eagerly) == (2, 3, True)
    assert loaded.image_metrics[0].protocol == model.image_metrics[0].protocol
    cases.assert_same_state(loaded, model)


def test_model_without_discriminator(tmp_path):
    model = cases.TinyGAN(objective=zoo.PairedObjective())
    model.compile(run_eagerly=True)
    assert model.discriminator is None
    logs = model.train_on_batch(*cases.pairs(2), return_dict=True)
    assert set(logs) == {"generator/pixel", "generator_loss"}
    model.save(tmp_path / "model.keras")
    cases.assert_same_state(keras.models.load_model(tmp_path / "model.keras"), model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adam"}, "`optimizer`: two players have two"),
        ({"loss": "mse"}, "`loss`: the objective is stated by the model's constructor"),
        ({"steps_per_execution": 2}, "`steps_per_execution`: .*distribution strategy"),
        ({"weighted_metrics": []}, "`weighted_metrics`: images have no sample weights"),
        ({"nonsense": 1}, "`nonsense`: unknown argument"),
        ({"discriminator_steps": 0}, "`discriminator_steps` must be .* Received: .*=0"),
        (
            {"generator_optimizer": SGD(0.1, use_ema=True)},
            "`generator_optimizer`.*ema_halflife_images",
        ),
        (
            {"discriminator_optimizer": SGD(0.1, gradient_accumulation_steps=2)},
            "`discriminator_optimizer` accumulates .*Received: gradient_accumulation_steps=2",
        ),
    ],
)
def test_compile_says_why_it_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        cases.TinyGAN().compile(**arguments)


def test_constructor_says_why_it_refuses():
    with pytest.raises(ValueError, match=r"`ema_halflife_images` .*Received: .*=-1"):
        cases.TinyGAN(ema_halflife_images=-1)
    with pytest.raises(ValueError, match=r"`objective` must be a zoo\.PairedObjective"):
        cases.TinyGAN(objective="mse")
