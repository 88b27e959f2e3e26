import functools

import cases
import numpy as np
import pytest
import tensorflow as tf

import export
import zoo

WORDS = ["darker", "brighter", "make", "it"]
build = functools.partial(zoo.MultimodalGAN, WORDS, filters=4, blocks=1, discriminator_filters=4)


def drawing(**options):
    """A model whose texts matter: the last layers of a new one are zeros."""
    model = build(**options)
    for number, variable in enumerate(model.generator.get_layer("renderer").weights[-4:]):
        variable.assign(np.random.default_rng(number).normal(0, 0.2, variable.shape))
    return model


def data(count=4, size=24):
    images, targets = cases.pairs(count, size=size)
    texts = (["make it darker", "make it brighter", "darker", "brighter"] * count)[:count]
    return (images, build().read(texts)), targets


def test_variant_contract(tmp_path, mirrored):
    given = data()
    # The last layers start from zeros: the others move from step 2 on.
    cases.run_editing_test(build, given, folder=tmp_path, strategy=mirrored,
                           inputs=given[0], steps=2)  # fmt: skip


def test_terms_by_hand():
    objective = zoo.MultimodalObjective(keep_weight=2, reconstruction_weight=3)
    model = drawing(objective=objective)
    (images, texts), targets = data(3)
    batch = model.forward(model.prepare(((images, texts), targets), None))
    texts, targets = batch["texts"], batch["targets"]
    np.testing.assert_array_equal(batch["mismatched"], np.roll(texts, 1, axis=0))
    edited = model([images, texts])
    np.testing.assert_allclose(batch["edited"], edited, atol=1e-6)
    terms = model.generator_terms(batch)
    expected = {
        "pixel": 10 * np.abs(edited - targets).mean(),
        "keep": 2 * np.abs(edited - images).mean(),
        "reconstruction": 3 * np.abs(model([targets, texts]) - targets).mean(),
    }
    for name, value in expected.items():
        assert value > 0.1
        assert float(terms[name]) == pytest.approx(value, rel=1e-4), name
    judge = functools.partial(model.discriminator, training=False)
    fake, real = judge([edited, texts]).numpy(), judge([targets, texts]).numpy()
    other = judge([targets, batch["mismatched"]]).numpy()
    # The spectral norm moves a little with each training call.
    assert float(terms["adversarial"]) == pytest.approx(0.05 * ((fake - 1) ** 2).mean(), rel=2e-2)
    terms = model.discriminator_terms(batch)
    for name, logits in {"adversarial": fake, "mismatched": other}.items():
        value = 0.25 * (((real - 1) ** 2).mean() + (logits**2).mean())
        assert float(terms[name]) == pytest.approx(value, rel=5e-2), name


def test_a_weight_of_zero_leaves_its_term_out():
    objective = zoo.MultimodalObjective(pixel_weight=0, adversarial_weight=0, keep_weight=1)
    model = build(objective=objective)
    batch = model.forward(model.prepare(data(2), None))
    assert set(model.generator_terms(batch)) == {"keep"}


def test_it_learns_what_texts_ask_for():
    rng = np.random.default_rng(0)
    images = rng.uniform(-0.5, 0.5, (8, 8, 8, 3)).astype("float32")
    signs = np.float32([1, -1] * 4)
    model = build(filters=8)
    texts = model.read(["brighter" if sign > 0 else "make it darker" for sign in signs])
    targets = images + 0.4 * signs[:, None, None, None]
    model.compile(generator_optimizer=cases.keras.optimizers.Adam(1e-2))
    for _ in range(80):
        model.train_on_batch((images, texts), targets)
    darker, brighter = (
        float(np.mean(model.editor_of(text)(images))) for text in ("make it darker", "brighter")
    )
    assert darker - images.mean() < -0.2 < 0.2 < brighter - images.mean()


def test_texts_are_read():
    model = build()
    tokens = model.read(["Make it DARKER!", "unknown brighter"])
    assert tokens.shape == (2, 16)
    np.testing.assert_array_equal(tokens[:, :4], [[4, 5, 2, 0], [1, 3, 0, 0]])
    words = tf.data.Dataset.from_tensors(["Make it DARKER!", "unknown brighter"])
    np.testing.assert_array_equal(next(iter(words.map(model.read))), tokens)
    for text, message in (
        ("", "not empty"), ("  ", "not empty"), ("hello", "a word of the vocabulary"),
        (17 * "it ", "at most 16 words"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            model.read([text])
        with pytest.raises(ValueError, match=message):
            model.editor_of(text)


def test_a_text_that_is_the_same_is_no_mismatch():
    model = build()
    (images, texts), targets = data(3)
    texts[1] = texts[0]
    batch = model.forward(model.prepare(((images, texts), targets), None))
    np.testing.assert_array_equal(batch["differs"], [True, False, True])
    judge = functools.partial(model.discriminator, training=False)
    real, fake = (judge([batch[name], batch["texts"]]) for name in ("targets", "edited"))
    other = np.array(judge([batch["targets"], batch["mismatched"]]))
    other[1] = fake[1]
    expected = 0.25 * (np.square(real - 1).mean() + np.square(other).mean())
    terms = model.discriminator_terms(batch)
    assert float(terms["mismatched"]) == pytest.approx(expected, rel=5e-2)


def test_editor_is_the_network_with_its_text():
    model = drawing()
    (images, _), _ = data(2)
    wanted = model([images, model.read(["make it darker"] * 2)])
    np.testing.assert_allclose(model.editor_of("make it darker")(images), wanted, atol=1e-6)
    assert np.abs(model.editor_of("brighter")(images) - wanted).max() > 1e-3
    photo = np.random.default_rng(0).integers(0, 256, (30, 21, 3), "uint8")
    assert zoo.restore(model.editor_of("darker"), photo, precision="float32").shape == photo.shape


def lengths(texts):
    """A text encoder: how long a text is, and how many words it has."""
    return np.array([[len(text), len(text.split())] for text in texts], "float32")


def test_an_external_encoder_reads(tmp_path):
    encoder = zoo.FrozenTextEncoder(lengths, size=2)
    model = zoo.MultimodalGAN(text_encoder=encoder, filters=4, blocks=1, discriminator_filters=4)
    np.testing.assert_array_equal(model.read(["make it darker"]), [[14, 3]])
    words = tf.data.Dataset.from_tensors(["make it darker", "warm"])
    texts = next(iter(words.map(model.read)))
    np.testing.assert_array_equal(texts, [[14, 3], [4, 1]])
    (images, _), targets = data(2)
    model.compile(run_eagerly=True)
    logs = model.train_on_batch((images, texts.numpy()), targets, return_dict=True)
    assert np.isfinite(list(logs.values())).all()
    model.save_to_preset(tmp_path / "preset")
    loaded = zoo.from_preset(tmp_path / "preset")
    with pytest.raises(ValueError, match="must be given again"):
        loaded.read(["darker"])
    loaded.text_encoder = encoder
    inputs = [tf.constant(images), texts]
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    version = export.saved_model(loaded, tmp_path / "served")
    assert export.record(version)["inputs"]["embeddings"] == [2]


def test_an_encoder_from_a_file(tmp_path):
    words = cases.keras.layers.TextVectorization(vocabulary=WORDS, output_mode="multi_hot")
    inputs = cases.keras.Input((), dtype="string")
    network = cases.keras.Model(inputs, words(inputs))
    network.save(tmp_path / "encoder.keras")
    encoder = zoo.FrozenTextEncoder(tmp_path / "encoder.keras", size=5)
    np.testing.assert_array_equal(encoder(["make it darker"]), [[0, 1, 0, 1, 1]])
    with pytest.raises(ValueError, match=r"must return \(1, 4\) numbers"):
        zoo.FrozenTextEncoder(tmp_path / "encoder.keras", size=4)(["darker"])
    with pytest.raises(ValueError, match="`source` must be"):
        zoo.FrozenTextEncoder(3, size=4)


def test_arguments_are_checked():
    for arguments in ({}, {"vocabulary": WORDS, "text_encoder": 1}):
        with pytest.raises(ValueError, match="Either `vocabulary` or `text_encoder`"):
            zoo.MultimodalGAN(**arguments)
    for words in ([], ["dark", "dark"], [3], [""]):
        with pytest.raises(ValueError, match="`vocabulary` must be words"):
            zoo.MultimodalGAN(words)
    for word in ("Darker", "t-shirt", "two words"):
        with pytest.raises(ValueError, match=f"single lower-case words .* Received: '{word}'"):
            zoo.MultimodalGAN(["fine", word])
    with pytest.raises(ValueError, match="`text` must be one string"):
        zoo.MultimodalGAN(WORDS, filters=4, blocks=1).editor_of(WORDS[:2])
    with pytest.raises(ValueError, match="`text_encoder` must be a"):
        zoo.MultimodalGAN(text_encoder=lengths)
    with pytest.raises(ValueError, match="`objective` must be a"):
        build(objective=zoo.PairedObjective())
