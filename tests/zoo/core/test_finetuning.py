"""A warm start copies what fits and says what did not; frozen and slowed layers stay behind."""

import contextlib
import json

import cases
import keras
import numpy as np
import pytest

import zoo
from zoo.core import checkpoints, finetuning, watching


def gan(image_size=28, **kwargs):
    return zoo.DCGAN(image_size=image_size, channels=1, filters=4, **kwargs)


def train(model, steps=1):
    for _ in range(steps):
        model.train_on_batch(cases.shapes(4, model.generator.output_shape[1]))
    return model


def assert_equal_weights(network, other):
    for weight, expected in zip(network.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy(), err_msg=weight.path)


def trained_gan(**kwargs):
    model = gan(ema_halflife_images=8, **kwargs)
    model.compile(run_eagerly=True)
    return train(model)


# ---------------------------------------------------------------------- warm start


def test_copies_both_networks_and_the_average():
    trained, model = trained_gan(), gan(ema_halflife_images=8)
    report = finetuning.warm_start(model, trained, strict=True)
    assert not report.kept
    for name in ("generator", "discriminator", "averaged_generator"):
        assert_equal_weights(getattr(model, name), getattr(trained, name))
    moved = trained.averaged_generator.get_weights()[0] - trained.generator.get_weights()[0]
    assert np.abs(moved).max() > 0  # or the average was not told apart from the generator


def test_copies_the_discriminators_of_regions():
    trained, model = (zoo.GlobalGAN(image_size=12, channels=1, filters=4) for _ in range(2))
    finetuning.warm_start(model, trained, strict=True)
    assert_equal_weights(model.local_discriminator, trained.local_discriminator)


def test_without_an_average_the_generator_serves_for_it():
    trained, model = gan(), gan(ema_halflife_images=8)
    finetuning.warm_start(model, trained)
    assert_equal_weights(model.averaged_generator, trained.generator)


def test_from_a_preset_with_and_without_training_state(tmp_path):
    trained = trained_gan()
    trained.save_to_preset(tmp_path / "all", training_state=True)
    trained.save_to_preset(tmp_path / "served")
    model = gan()
    assert not finetuning.warm_start(model, tmp_path / "all").kept
    assert_equal_weights(model.discriminator, trained.discriminator)
    other = gan()
    report = finetuning.warm_start(other, tmp_path / "served")
    assert {name.split("/")[0] for name in report.kept} == {"discriminator"}
    assert_equal_weights(other.generator, trained.inference_network)
    with pytest.raises(ValueError, match="strict=True"):
        finetuning.warm_start(gan(), tmp_path / "served", strict=True)


def test_from_the_newest_checkpoint_of_a_run(tmp_path):
    trained = trained_gan()
    checkpoints.save(trained, tmp_path / "checkpoints")
    train(trained)
    checkpoints.save(trained, tmp_path / "checkpoints")
    settings = {
        "model": "dcgan",
        "options": {"image_size": 28, "channels": 1, "filters": 4},
        "objective": None,
        "ema_halflife_images": 8,
        "seed": 0,
    }
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    model = gan(ema_halflife_images=8)
    finetuning.warm_start(model, tmp_path, strict=True)
    for name in ("generator", "discriminator", "averaged_generator"):
        assert_equal_weights(getattr(model, name), getattr(trained, name))


def test_another_image_size_gets_the_layers_that_fit():
    trained, model = gan(28), gan(56)
    report = finetuning.warm_start(model, trained)
    first, original = model.discriminator.layers[1], trained.discriminator.layers[1]
    np.testing.assert_array_equal(first.kernel, original.kernel)
    assert f"discriminator/{first.name}" in report.copied
    head = model.discriminator.get_layer("score")
    assert f"discriminator/{head.name}" in report.kept
    layers = sum(bool(layer.weights) for layer in model.generator.layers)
    layers += sum(bool(layer.weights) for layer in model.discriminator.layers)
    assert len(report.copied) + len(report.kept) == layers
    assert head.name in str(report)


def test_refuses_what_does_not_fit_and_leaves_the_model_alone():
    model = zoo.GAN(image_shape=(8, 8, 1), latents=zoo.latents.Normal(3))
    before = model.generator.get_weights()
    trained = cases.TinyGAN()
    with pytest.raises(ValueError, match=r"`source` must have layers.*TinyGAN for GAN: 0 layers"):
        finetuning.warm_start(model, trained)
    with pytest.raises(ValueError, match=r"all of them.*not copied: generator/"):
        finetuning.warm_start(gan(56), gan(28), strict=True)
    np.testing.assert_array_equal(model.generator.get_weights()[0], before[0])
    with pytest.raises(ValueError, match=r"`source` must be an AdversarialModel.*Functional"):
        finetuning.warm_start(model, model.generator)


# ---------------------------------------------------------------------- frozen layers


def test_frozen_layers_stay_bit_for_bit_and_the_others_move():
    model = gan()
    names = finetuning.freeze_lower_layers(model, 2)
    assert [name.split("_")[0] for name in names] == ["conv2d", "conv2d", "batch"]
    model.compile(run_eagerly=True)
    before = {v.path: v.numpy() for v in model.weights}
    train(model, 2)
    for layer in model.discriminator.layers:
        for weight in layer.weights:
            same = np.array_equal(weight.numpy(), before[weight.path])
            assert same == (layer.name in names), weight.path
    assert all(np.any(v.numpy() != before[v.path]) for v in model.generator.trainable_variables)
    # A frozen layer does as in inference: on its moving statistics.
    norm = model.discriminator.get_layer(names[-1])
    x = np.random.default_rng(0).normal(3, 2, (2, 7, 7, 8)).astype("float32")
    np.testing.assert_array_equal(norm(x, training=True), norm(x, training=False))


def test_frozen_layers_can_be_let_go():
    model = gan()
    finetuning.freeze_lower_layers(model, 2)
    assert finetuning.frozen_layers(model) == 2
    frozen = len(model.discriminator_variables)
    assert finetuning.freeze_lower_layers(model, 0) == ()
    assert finetuning.frozen_layers(model) == 0
    assert len(model.discriminator_variables) > frozen
    assert len(model.discriminator_variables) == len(gan().discriminator_variables)


def test_labels_are_no_lower_layer():
    model = zoo.ConditionalGAN(2, image_size=28, channels=1, filters=4)
    (name,) = finetuning.freeze_lower_layers(model, 1)
    assert name.startswith("conv2d")


def test_a_spectrally_bounded_layer_is_one_layer():
    model = gan(spectral_norm=True)
    assert len(finetuning.freeze_lower_layers(model, 2)) == 2
    with pytest.raises(ValueError, match=r"from 0 to 2.*Received: count=3"):
        finetuning.freeze_lower_layers(model, 3)


def test_freezing_comes_before_compile():
    model = gan()
    model.compile()
    with pytest.raises(ValueError, match="must not be compiled yet"):
        finetuning.freeze_lower_layers(model, 1)
    alone = cases.TinyGAN(objective=zoo.PairedObjective())
    with pytest.raises(ValueError, match="must have a discriminator"):
        finetuning.freeze_lower_layers(alone, 1)


def test_frozen_layers_survive_saving(tmp_path):
    model = gan(ema_halflife_images=8)
    finetuning.freeze_lower_layers(model, 2)
    model.compile(run_eagerly=True)
    train(model)
    model.save(tmp_path / "model.keras")
    model.save_to_preset(tmp_path / "preset", training_state=True)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    copies = [loaded, zoo.from_preset(tmp_path / "preset")]
    train(model)
    for copy in copies:
        assert finetuning.frozen_layers(copy) == 2
        cases.assert_same_state(train(copy), model, rtol=1e-5, atol=1e-6)


def test_a_frozen_run_resumes_from_its_checkpoint(tmp_path):
    def frozen():
        model = gan()
        finetuning.freeze_lower_layers(model, 1)
        model.compile(run_eagerly=True)
        return model

    model = train(frozen())
    checkpoints.save(model, tmp_path)
    resumed = frozen()
    checkpoints.restore_latest(resumed, tmp_path)
    cases.assert_same_state(train(resumed), train(model), rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------------- learning rates


def grouped(model, factor, **options):
    layers = model.generator.layers[1:3]
    return finetuning.learning_rate_groups(
        model.generator_variables, [([layers[0]], factor)], 1e-3, **options
    )


def test_groups_move_at_different_speed():
    model = gan()
    model.compile(generator_optimizer=grouped(model, 0.1), run_eagerly=True)
    before = [v.numpy() for v in model.generator_variables]
    train(model)
    moves = [
        np.abs(v.numpy() - old).max()
        for v, old in zip(model.generator_variables, before, strict=True)
    ]
    np.testing.assert_allclose(moves[0], 1e-4, rtol=0.02)  # Adam's first step is its rate
    np.testing.assert_allclose(moves[1:], 1e-3, rtol=0.02)


def test_groups_survive_saving(tmp_path):
    model = gan(ema_halflife_images=8)
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 10)
    options = {"global_clipnorm": 1.0, "beta_1": 0.5}
    optimizer = finetuning.learning_rate_groups(
        model.generator_variables, [(model.generator.layers[1:2], 0.1)], schedule, **options
    )
    model.compile(generator_optimizer=optimizer, run_eagerly=True)
    train(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.generator_optimizer.factors == optimizer.factors
    assert 0.1 in optimizer.factors
    cases.assert_same_state(train(loaded), train(model), rtol=1e-5, atol=1e-6)
    assert watching.learning_rates(model)["generator/learning_rate"] < 1e-3


def test_groups_on_two_replicas_equal_one(mirrored):
    states = []
    for scope in (contextlib.nullcontext(), mirrored.scope()):
        keras.utils.set_random_seed(0)
        with scope:
            model = zoo.GAN(image_shape=(4, 4, 1), latents=zoo.latents.Normal(4))
            optimizer = finetuning.learning_rate_groups(
                model.generator_variables,
                [(model.generator.layers[1:2], 0.1)],
                1e-2,
                global_clipnorm=0.1,
                epsilon=1e-3,
            )
            model.compile(optimizer, keras.optimizers.SGD(0.1), run_eagerly=True)
        model.fit(cases.shapes(8, 4), batch_size=4, shuffle=False, verbose=0)
        states.append(cases.state(model))
    cases.assert_same_state(*reversed(states), atol=1e-5)


def test_groups_with_loss_scaling():
    keras.config.set_dtype_policy("mixed_float16")
    model = gan()
    model.compile(generator_optimizer=grouped(model, 0.1), run_eagerly=True)
    assert isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    train(model)
    assert model.step == 1


def test_groups_refuse_what_has_no_effect():
    model = gan()
    dense, *_ = model.generator.layers[1:]
    for groups, message in (
        ([([model.discriminator.layers[1]], 0.1)], "without any"),
        ([([dense], 0.1), ([dense], 0.2)], "a second time"),
    ):
        with pytest.raises(ValueError, match=rf"`groups` must name layers.*{message}"):
            finetuning.learning_rate_groups(model.generator_variables, groups)
    with pytest.raises(ValueError, match=r"`factors` must be one for each"):
        model.compile(discriminator_optimizer=grouped(model, 0.1))
    with pytest.raises(ValueError, match="`weight_decay` is not scaled"):
        grouped(model, 0.1, weight_decay=0.1)
    with pytest.raises(ValueError, match="numbers of 0 or more"):
        grouped(model, -1.0)
