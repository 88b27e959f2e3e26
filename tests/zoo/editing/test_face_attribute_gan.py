import functools

import cases
import numpy as np
import pytest

import zoo

build = functools.partial(
    zoo.FaceAttributeGAN,
    {"age": (20, 60), "gender": (0, 1)},
    filters=2,
    blocks=1,
    discriminator_filters=4,
)


def data(count=4, size=24):
    images, _ = cases.pairs(count, size=size)
    attributes = np.random.default_rng(0).uniform(0, 1, (count, 2)).astype("float32")
    return images, attributes


def test_variant_contract(tmp_path, mirrored):
    cases.run_editing_test(build, data(), folder=tmp_path, strategy=mirrored)


def test_the_discriminator_looks_through_noise_in_training_alone():
    images, _ = data(2)
    noisy, clear = (build(discriminator_noise=each).discriminator for each in (0.5, 0.0))
    clear.set_weights(noisy.get_weights())
    for network, same in ((noisy, False), (clear, True)):
        trained, (patches, seen) = network(images, training=True), network(images, training=False)
        assert np.allclose(trained[0], patches, atol=1e-3) is same
        assert np.allclose(trained[1], seen, atol=1e-4) is same
    np.testing.assert_allclose(patches, noisy(images, training=False)[0], atol=1e-3)


def test_terms_by_hand():
    model = build(discriminator_noise=0.0)
    images, attributes = data(3)
    batch = model.forward(model.prepare((images, attributes), None))
    terms = model.generator_terms(batch)
    targets = attributes[[2, 0, 1]]
    np.testing.assert_array_equal(batch["targets"], targets)
    network = model.inference_network
    edited = network([images, targets - attributes]).numpy()
    np.testing.assert_allclose(batch["edited"], edited, atol=1e-6)
    expected = {
        "cycle": 10 * np.abs(network([edited, attributes - targets]) - images).mean(),
        "reconstruction": 10 * np.abs(network([images, 0 * targets]) - images).mean(),
        "change": 2 * np.square(edited - images).mean(),
    }
    for name, value in expected.items():
        assert float(terms[name]) == pytest.approx(value, rel=1e-4), name
    logits, seen = (x.numpy() for x in model.discriminator(edited, training=False))
    # The spectral norm moves a little with each training call.
    assert float(terms["adversarial"]) == pytest.approx(0.5 * ((logits - 1) ** 2).mean(), rel=2e-2)
    chances = 1 / (1 + np.exp(-seen))
    entropy = -(targets * np.log(chances) + (1 - targets) * np.log(1 - chances)).mean()
    assert float(terms["attributes"]) == pytest.approx(entropy, rel=1e-2)
    assert len(terms) == 5


def test_the_discriminator_names_what_edited_images_were():
    images, attributes = data(3)
    model = build(discriminator_noise=0.0, objective=zoo.AttributeObjective(source_weight=0.5))
    batch = model.forward(model.prepare((images, attributes), None))
    terms = model.discriminator_terms(batch)
    # The spectral norm moves a little with each training call.
    for name, pictures, weight in (("attributes", images, 1.0), ("source", batch["edited"], 0.5)):
        chances = 1 / (1 + np.exp(-model.discriminator(pictures, training=False)[1].numpy()))
        entropy = -(attributes * np.log(chances) + (1 - attributes) * np.log(1 - chances)).mean()
        assert float(terms[name]) == pytest.approx(weight * entropy, rel=3e-2)
    without = build(objective=zoo.AttributeObjective(source_weight=0))
    assert set(without.discriminator_terms(batch)) == {"adversarial", "attributes"}


def test_a_weight_of_zero_leaves_its_term_out():
    objective = zoo.AttributeObjective(cycle_weight=0, change_weight=0, adversarial_weight=0)
    model = build(objective=objective)
    batch = model.forward(model.prepare(data(2), None))
    assert set(model.generator_terms(batch)) == {"attributes", "reconstruction"}


def test_pixels_outside_of_the_mask_stay():
    model = build()
    layer = model.generator.get_layer("mask")
    kernel, bias = layer.get_weights()
    layer.set_weights([0 * kernel, 0 * bias - 100])  # a mask of nothing
    images, attributes = data(2)
    np.testing.assert_allclose(model([images, attributes]), images, atol=1e-6)


def test_changes_by_name():
    model = build()
    np.testing.assert_array_equal(model.changes({"gender": -0.5}), np.float32([0, -0.5]))
    images, _ = data(2)
    raised = model.editor_of({"age": 1.0})(images)
    wanted = model([images, np.float32([[1, 0]] * 2)])
    np.testing.assert_allclose(raised, wanted, atol=1e-6)
    photo = np.random.default_rng(0).integers(0, 256, (30, 21, 3), "uint8")
    assert zoo.restore(model.editor_of({}), photo, precision="float32").shape == photo.shape
    for changes in ({"beard": 1.0}, {"age": 2.0}):
        with pytest.raises(ValueError, match="takes age, gender, each in"):
            model.changes(changes)


def test_the_discriminator_learns_to_see_attributes():
    rng = np.random.default_rng(0)
    attributes = rng.uniform(0, 1, (16, 2)).astype("float32")
    images = np.zeros((16, 16, 16, 3), "float32")
    images[..., :2] = 2 * attributes[:, None, None] - 1
    model = build(filters=4, discriminator_filters=8)
    model.compile()
    logs = [model.train_on_batch(images, attributes, return_dict=True) for _ in range(60)]
    assert logs[-1]["discriminator/attributes"] < 0.9 * logs[0]["discriminator/attributes"]


def test_one_face_has_no_other_to_take_attributes_from():
    model = build()
    model.compile()
    images, attributes = data()
    with pytest.raises(ValueError, match="needs at least 2 images"):
        model.train_on_batch(images[:1], attributes[:1])
    assert model.evaluation_pair((images[:1], attributes[:1]))[0].shape[0] == 1


def test_arguments_are_checked():
    for attributes in ({}, {"age": (1, 1)}, ["age"], {"age": 20}, {"age": (float("nan"), 1)}):
        with pytest.raises(ValueError, match="`attributes` must be a dict"):
            zoo.FaceAttributeGAN(attributes)
    with pytest.raises(ValueError, match="`cycle_weight` must be a number of 0"):
        zoo.AttributeObjective(cycle_weight=-1)
    with pytest.raises(ValueError, match="`objective` must be a"):
        build(objective=zoo.PairedObjective())
