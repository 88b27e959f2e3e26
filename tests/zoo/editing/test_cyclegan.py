import functools

import cases
import numpy as np
import pytest
import tensorflow as tf

import zoo

build = functools.partial(
    zoo.CycleGAN, image_size=24, filters=2, blocks=1, discriminator_filters=4, pool_size=8
)


def kinds(count=4, size=24):
    a, _ = cases.pairs(count, size=size)
    return a, cases.shapes(count, size, channels=3)


def test_variant_contract(tmp_path, mirrored):
    data = kinds()
    cases.run_variant_test(build, data, folder=tmp_path, strategy=mirrored)
    cases.check_equality(build, data, mirrored)


def test_terms_are_equations_1_to_3():
    model = build(objective=zoo.CycleObjective(identity_weight=2.0))
    a, b = kinds(2)
    batch = {**model.prepare((a, b), None), "seed": (0, 0)}
    batch = model.forward(batch)
    terms = model.generator_terms(batch)
    to_b, to_a = model.inference_network, model.backward_network
    expected = {
        "cycle_a": 10 * np.abs(to_a(to_b(a)) - a).mean(),
        "cycle_b": 10 * np.abs(to_b(to_a(b)) - b).mean(),
        "identity_a": 2 * np.abs(to_a(a) - a).mean(),
        "identity_b": 2 * np.abs(to_b(b) - b).mean(),
    }
    for name, value in expected.items():
        assert float(terms[name]) == pytest.approx(value, rel=1e-4), name
    for side, made in (("a", to_a(b)), ("b", to_b(a))):
        logits = np.asarray(model.discriminator.get_layer(f"judge_{side}")(made, training=False))
        # The spectral norm moves a little with each training call.
        expected = ((logits - 1) ** 2).mean()
        assert float(terms[f"adversarial_{side}"]) == pytest.approx(expected, rel=2e-2)
    assert len(terms) == 6


def test_both_generators_get_both_halves_of_the_cycle():
    model = build(objective=zoo.CycleObjective(identity_weight=0.0))
    a, b = kinds(2)
    gradients = {}
    for half in ("cycle_a", "cycle_b"):
        with tf.GradientTape() as tape:
            batch = model.forward(model.prepare((a, b), None))
            term = model.generator_terms(batch)[half]
        gradients[half] = tape.gradient(term, model.generator_variables)
    for variable, *each in zip(model.generator_variables, *gradients.values(), strict=True):
        assert all(np.abs(gradient).max() > 0 for gradient in each), variable.path


def test_no_identity_term_without_a_weight():
    model = build(objective=zoo.CycleObjective(identity_weight=0.0))
    batch = model.forward(model.prepare(kinds(1), None))
    assert not [name for name in model.generator_terms(batch) if "identity" in name]


def test_presets_keep_both_directions(tmp_path):
    model = build()
    a, b = kinds(1)
    copy = zoo.from_preset(model.save_to_preset(tmp_path / "preset"))
    np.testing.assert_array_equal(copy.inference_network(a), model.inference_network(a))
    np.testing.assert_array_equal(copy.backward_network(b), model.backward_network(b))
    assert np.abs(copy.inference_network(a) - copy.backward_network(a)).max() > 1e-3


def test_validation_is_the_way_there_and_back():
    model = build()
    a, b = kinds(1)
    target, output = model.evaluation_pair((a, b))
    np.testing.assert_array_equal(target, a)
    np.testing.assert_allclose(output, model.backward_network(model(a)), atol=1e-6)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`cycle_weight` must be a number of 0"):
        zoo.CycleObjective(cycle_weight=-1)
    with pytest.raises(ValueError, match="`adversarial_loss` must be"):
        zoo.CycleObjective(adversarial_loss="hinge")
    with pytest.raises(ValueError, match=r"`objective` must be a zoo\.CycleObjective"):
        build(objective=zoo.PairedObjective())
    with pytest.raises(ValueError, match="`adversarial_loss` must be"):
        zoo.CycleObjective(adversarial_loss=None, adversarial_weight=0)
    with pytest.raises(ValueError, match="`image_size` must be at least 24"):
        zoo.CycleGAN(image_size=16)
    model = build()
    model.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="with `image_size`"):
        model.train_on_batch(*kinds(2, size=32))
