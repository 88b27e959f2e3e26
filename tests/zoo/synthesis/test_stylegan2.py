import functools

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import run_latent_test, shapes

import zoo
from zoo.core import randomness
from zoo.layers import MinibatchDeviation
from zoo.networks import style_based
from zoo.synthesis import stylegan2

TINY = {"image_size": 8, "channels": 1, "filters": 4, "style_size": 8}


def build(**kwargs):
    return zoo.StyleGAN2(**TINY, **kwargs)


def test_contract(tmp_path, mirrored):
    def with_augmentation(**kwargs):
        return build(augmentation=zoo.AdaptiveAugmentation(initial=0.2), **kwargs)

    run_latent_test(with_augmentation, (shapes(4),), folder=tmp_path, strategy=mirrored)


class Frequent(zoo.StyleGAN2):
    """Penalties on every other step."""

    penalty_interval, path_interval = 2, 2


def trained(strategy):
    """Train four steps: eagerly on one device, traced with branches under a strategy."""
    keras.utils.set_random_seed(0)
    with (strategy or tf.distribute.get_strategy()).scope():
        model = Frequent(
            **TINY,
            augmentation=zoo.AdaptiveAugmentation(initial=0.3, images=100),
            objective=zoo.LatentObjective(r1_gamma=1.0),
            ema_halflife_images=20,
        )
        sgd = keras.optimizers.SGD
        model.compile(sgd(0.02), sgd(0.02), run_eagerly=strategy is None)
    data = tf.data.Dataset.from_tensor_slices(shapes(16)).batch(4)
    return model, model.fit(data, verbose=0).history


@pytest.fixture
def unoptimized():
    """Graphs run as they are traced: for a few steps, optimizing them takes longer than they do."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False, **before})


@pytest.mark.usefixtures("unoptimized")
def test_two_replicas_equal_one(mirrored, monkeypatch):
    # Samples are compared in groups, of which each replica must hold whole ones.
    pairs = functools.partial(MinibatchDeviation, group_size=2)
    monkeypatch.setattr(style_based, "MinibatchDeviation", pairs)
    shallow = functools.partial(style_based.mapping_network, depth=2)  # to trace less
    monkeypatch.setattr(stylegan2, "mapping_network", shallow)
    one, logs = trained(None)
    two, mirrored_logs = trained(mirrored)
    for variable in two.weights:
        first, second = cases.copies(variable)
        np.testing.assert_array_equal(first, second, err_msg=variable.path)
    cases.assert_same_state(two, one, atol=2e-5)
    for name, value in logs.items():
        np.testing.assert_allclose(mirrored_logs[name], value, rtol=1e-3, err_msg=name)
    assert one.path_penalty.mean.numpy() > 0


def test_penalties_are_lazy():
    model = build(objective=zoo.LatentObjective(r1_gamma=1.0))
    model.compile(run_eagerly=True)
    seen = []
    for _ in range(3):
        mean = model.path_penalty.mean.numpy()
        model.reset_metrics()
        logs = model.train_on_batch(shapes(4), return_dict=True)
        seen.append((logs["generator/path_length"] > 0, logs["discriminator/r1"] > 0))
        assert (model.path_penalty.mean.numpy() != mean) == seen[-1][0]
    assert seen == [(True, True), (False, False), (False, False)]


def test_a_lazy_penalty_weighs_as_much_as_all_that_it_stands_for():
    """The first step of a penalty on every 8th is that of one on each, 8 times as heavy."""

    class Always(zoo.StyleGAN2):
        penalty_interval, path_interval = 1, 1

    logs = []
    for variant, weight in ((zoo.StyleGAN2, 1.0), (Always, 8.0)):
        keras.utils.set_random_seed(0)
        model = variant(**TINY, path_length=2.0 * weight)
        model.compile(run_eagerly=True)
        logs.append(model.train_on_batch(shapes(4), return_dict=True)["generator/path_length"])
    assert logs[0] == pytest.approx(logs[1], rel=1e-5)


def test_optimizers_make_up_for_lazy_penalties():
    generator, discriminator = build().default_optimizers()
    assert float(generator.learning_rate) == pytest.approx(2e-3 * 8 / 9)
    assert float(discriminator.learning_rate) == pytest.approx(2e-3 * 16 / 17)
    assert (generator.beta_1, discriminator.beta_2) == (0.0, pytest.approx(0.99 ** (16 / 17)))


def test_training_mixes_styles():
    model = build(mixing=0.5)
    latents, seed = (
        model.latents.sample(randomness.step_seed(1, 0), 400),
        randomness.step_seed(2, 0),
    )
    styles = model._styles(latents, seed, "mixing").numpy()
    own = model.mapping(latents).numpy()[:, None]
    is_own = np.isclose(styles, own, atol=1e-5).all(axis=-1)
    assert is_own[:, 0].all()
    assert is_own.all(axis=1).mean() == pytest.approx(0.5, abs=0.08)
    # Own styles come first, then those of another latent, from a layer that varies.
    assert (np.diff(is_own.astype(int), axis=1) <= 0).all()
    assert set(is_own.sum(axis=1)) == {1, 2, 3, 4}
    np.testing.assert_allclose(
        build(mixing=0.0)._styles(latents, seed, "mixing")[:, 0].shape, own[:, 0].shape
    )


def test_truncation():
    model = build()
    whole, half, none = (model.generate(4, truncation=psi) for psi in (1.0, 0.5, 0.0))
    np.testing.assert_array_equal(whole, model.generate(4))
    mean = model.images_of(model.mean_style()[None])
    np.testing.assert_allclose(none, np.repeat(mean, 4, axis=0), atol=1e-6)
    assert 0 < half.std(axis=0).mean() < whole.std(axis=0).mean()
    styles = model.styles_of(model.inputs(4))
    np.testing.assert_allclose(model.images_of(styles), whole, atol=1e-6)
    halfway = 0.5 * (styles + model.mean_style())
    np.testing.assert_allclose(model.styles_of(model.inputs(4), 0.5), halfway, atol=1e-6)


def test_truncated_network_is_what_is_served():
    model = build()
    network = model.truncated_network(0.6)
    expected = model.generate(3, truncation=0.6)
    np.testing.assert_allclose(network(model.inputs(3)), expected, atol=1e-6)
    clone = keras.models.clone_model(network)
    clone.set_weights(network.get_weights())
    np.testing.assert_allclose(clone(model.inputs(3)), expected, atol=1e-6)


def test_average_is_on_by_default():
    assert build().ema_halflife_images == 10_000
    assert build(ema_halflife_images=0).averaged_generator is None


@pytest.mark.parametrize(
    "options", [{"path_length": -1}, {"mixing": 1.1}, {"mixing": -0.1}], ids=str
)
def test_refuses_numbers_out_of_range(options):
    (name,) = options
    with pytest.raises(ValueError, match=rf"`{name}`.*Received: .*{name}={options[name]}"):
        build(**options)


@pytest.mark.parametrize("shape", [(8,), (2, 7), (2, 3, 8), (0, 8)])
def test_refuses_what_are_no_styles(shape):
    with pytest.raises(ValueError, match=r"`styles` must have shape \(N, 8\) or \(N, 4, 8\)"):
        build().images_of(np.zeros(shape))
