import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from zoo.metrics import (
    Embedded,
    Embedding,
    Moments,
    class_score,
    classifier_score,
    compare,
    frechet_distance,
    kernel_distance,
    manifold,
    sample_scores,
)
from zoo.networks.feature_inputs import Scaled
from zoo.networks.features import FeatureExtractor


def identity(name="identity"):
    """Layer "same" returns its input, layer "mean" its mean over space."""
    inputs = keras.Input((None, None, 3))
    eye = keras.initializers.Constant(np.eye(3)[None, None])
    x = keras.layers.Conv2D(3, 1, kernel_initializer=eye, name="same")(inputs)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="mean")(x), name=name)


def pixels(size):
    inputs = keras.Input((size, size, 3))
    return keras.Model(inputs, keras.layers.Flatten()(inputs), name="pixels")


def _images(count=10, side=12, channels=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, side, side, channels)).astype("f4")


def _fill(*values):
    return np.ones((len(values), 8, 8, 3), "f4") * np.reshape(np.array(values, "f4"), (-1, 1, 1, 1))


@pytest.fixture
def offline(monkeypatch):
    """In the place of Inception: a small network, made with the arguments that were asked for."""
    asked = {}

    def small(**kwargs):
        asked.update(kwargs)
        return identity("inception_v3")

    monkeypatch.setattr(keras.applications, "InceptionV3", small)
    return asked


def test_rounding_and_clipping_by_hand():
    # 0.1 is level 140.25, so 140; 0.5 / 127.5 - 1 lies half-way, up to 1; 1.3 is clipped to 255.
    vectors = Embedding.from_file(identity(), image_size=4)(
        _fill(0.1, 0.5 / 127.5 - 1, 1.3)
    ).vectors
    assert vectors.dtype == np.float32
    expected = np.repeat([[140 / 127.5 - 1], [1 / 127.5 - 1], [1.0]], 3, axis=1)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


@pytest.mark.parametrize(("side", "size"), [(24, 9), (8, 24), (12, 12)])
def test_resizer_is_pillows_antialiased_bicubic(side, size):
    images = _images(2, side)
    vectors = Embedding.from_file(pixels(size), image_size=size)(images).vectors
    levels = np.floor((images + 1) * 127.5 + 0.5) / 127.5 - 1
    expected = [
        [PIL.Image.fromarray(x[..., c]).resize((size, size), PIL.Image.BICUBIC) for c in range(3)]
        for x in levels.astype("f4")
    ]
    expected = np.moveaxis(np.array(expected), 1, -1).clip(-1, 1).reshape(2, -1)
    np.testing.assert_allclose(vectors, expected, atol=1e-4)


def test_maps_are_averaged_and_pooled_outputs_taken():
    images = _images()
    pooled = Embedding.from_file(identity(), image_size=16, layer="mean")(images)
    mapped = Embedding.from_file(identity(), image_size=16, layer="same")(images)
    np.testing.assert_allclose(pooled.vectors, mapped.vectors, atol=1e-6)
    assert pooled.vectors.std(axis=0).min() > 0.01
    assert pooled.protocol != mapped.protocol


def test_gray_is_three_equal_channels():
    gray = _images(channels=1)
    embedding = Embedding.from_file(identity(), image_size=16)
    np.testing.assert_array_equal(
        embedding(gray).vectors, embedding(np.repeat(gray, 3, axis=-1)).vectors
    )


def test_every_source_gives_the_same_vectors():
    images = _images()
    embedding = Embedding.from_file(identity(), image_size=16)
    expected = embedding(images).vectors
    assert expected.shape == (10, 3)
    dataset = tf.data.Dataset.from_tensor_slices((images, np.arange(10))).batch(4)
    sources = [
        tf.constant(images),
        dataset,  # of tuples
        dataset.map(lambda image, label: image),
        [images[:7], images[7:]],
        iter([(images[:1],), (images[1:],)]),
    ]
    for source in sources:
        vectors = embedding(source, batch_size=3).vectors
        np.testing.assert_allclose(vectors, expected, atol=1e-6)
    mixed = embedding([images[:1], _images(2, 20), images[1:2]])  # of several sizes
    np.testing.assert_allclose(mixed.vectors[[0, 3]], expected[:2], atol=1e-6)


@pytest.mark.parametrize("batch_size", [2, 4, 64])
def test_batch_size_is_the_most_that_the_network_sees(batch_size, monkeypatch):
    seen = []
    embedding = Embedding.from_file(identity(), image_size=16)
    embed = embedding._embed
    monkeypatch.setattr(embedding, "_embed", lambda x: seen.append(len(x)) or embed(x))
    embedding(_images(), batch_size=batch_size)
    assert sum(seen) == 10
    assert max(seen) == min(batch_size, 10)


def test_limit():
    images = _images()
    embedding = Embedding.from_file(identity(), image_size=16)
    endless = tf.data.Dataset.from_tensor_slices(images).batch(4).repeat()
    np.testing.assert_allclose(
        embedding(endless, limit=7, batch_size=3).vectors, embedding(images[:7]).vectors, atol=1e-6
    )
    assert len(embedding(images, limit=7)) == 7
    with pytest.raises(ValueError, match="limit=11, 10 images"):
        embedding(images, limit=11)
    with pytest.raises(ValueError, match="`images` must end"):
        embedding(endless)


def test_preprocess_reaches_the_network_and_the_protocol():
    plain = Embedding.from_file(identity(), image_size=16)
    scaled = Embedding.from_file(identity(), preprocess=Scaled(0, 1), image_size=16)
    images = _fill(-1, 1)
    np.testing.assert_allclose(scaled(images).vectors, [[0] * 3, [255] * 3], atol=1e-3)
    assert "RGB by Scaled(offset=0.0, scale=1.0)" in scaled.protocol
    with pytest.raises(ValueError, match="embedded in the same way"):
        sample_scores(plain(images), scaled(images))


def test_the_policy_does_not_change_the_vectors():
    images = _images()
    expected = Embedding.from_file(identity(), image_size=16)(images)
    keras.config.set_dtype_policy("mixed_bfloat16")
    found = Embedding.from_file(identity(), image_size=16)(images)
    np.testing.assert_array_equal(found.vectors, expected.vectors)
    assert found.protocol == expected.protocol


def test_protocol(tmp_path):
    identity().save(tmp_path / "same.keras")
    embedding = Embedding.from_file(tmp_path / "same.keras", image_size=16)
    fingerprint = embedding.features.fingerprint
    assert embedding.protocol == (
        f"same.keras {fingerprint} at output, RGB in [-1, 1], 8-bit rounded, "
        "tf.image.resize bicubic antialiased to 16x16, clipped"
    )
    assert embedding.network == "same"


def test_save_and_load(tmp_path):
    embedded = Embedding.from_file(identity(), image_size=16)(_images())
    path = embedded.save(tmp_path / "real" / "cats.npz")
    back = Embedded.load(path)
    assert (back.network, back.protocol) == (embedded.network, embedded.protocol)
    assert back.vectors.dtype == np.float32
    np.testing.assert_array_equal(back.vectors, embedded.vectors)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = Embedded(np.ones((2, 3), "f4"), "a", "old").save(tmp_path / "cats.npz")

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        Embedded(np.zeros((2, 3), "f4"), "a", "new").save(path)
    assert Embedded.load(path).protocol == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_inception_gives_fid(offline, tmp_path):
    images = _images(), _images(seed=1)
    inception = Embedding.inception()
    expected = {"include_top": False, "weights": "imagenet", "pooling": "avg"}
    assert offline == {**expected, "input_shape": (299, 299, 3)}
    assert inception.protocol.startswith("keras.applications/InceptionV3 ")
    assert "to 299x299" in inception.protocol
    shares = ["precision", "recall", "density", "coverage"]
    scores = sample_scores(*(inception(x) for x in images))
    assert list(scores) == ["FID", "KID", *shares]

    identity().save(tmp_path / "keras.applications.InceptionV3.keras")
    for source in (identity("inception_v3"), tmp_path / "keras.applications.InceptionV3.keras"):
        other = Embedding.from_file(source, image_size=299)
        name = other.network
        assert name in ("inception_v3", "keras.applications.InceptionV3")
        scores = sample_scores(*(other(x) for x in images))
        assert list(scores) == [f"FD-{name}", f"KD-{name}", *shares]


def test_inception_gives_2048_pooled_features(monkeypatch):
    real = keras.applications.InceptionV3
    monkeypatch.setattr(
        keras.applications, "InceptionV3", lambda **kwargs: real(**{**kwargs, "weights": None})
    )
    embedded = Embedding.inception()(_images(1, 32))
    assert embedded.is_inception
    assert embedded.vectors.shape == (1, 2048)
    assert embedded.vectors.std() > 0
    # It takes [-1, 1] as it is.
    levels = np.arange(256.0).reshape(1, 16, 16, 1)
    expected = keras.applications.inception_v3.preprocess_input(levels.copy())
    np.testing.assert_allclose(levels / 127.5 - 1, expected)


def test_unreachable_weights_are_a_clear_error(monkeypatch):
    def fail(**kwargs):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "InceptionV3", fail)
    with pytest.raises(RuntimeError, match=r"(?s)inception_v3_weights.*from_file.*URL fetch"):
        Embedding.inception()


def _scores(embedding, seed=1, count=10, **kwargs):
    return sample_scores(embedding(_images(12)), embedding(_images(count, seed=seed)), **kwargs)


def test_scores_are_those_of_the_plain_functions():
    embedding = Embedding.from_file(identity(), image_size=16)
    real, made = embedding(_images(12)), embedding(_images(10, seed=1))
    scores = sample_scores(real, made, neighbours=3, subsets=7, subset_size=4, seed=5)
    values = {name: score.value for name, score in scores.items()}
    found = manifold(real.vectors, made.vectors, 3)
    kernel = kernel_distance(real.vectors, made.vectors, subsets=7, subset_size=4, seed=5)[0]
    assert values == {
        "FD-identity": frechet_distance(Moments.of(real.vectors), Moments.of(made.vectors)),
        "KD-identity": kernel,
        **{name: getattr(found, name) for name in ("precision", "recall", "density", "coverage")},
    }
    assert all(name == score.name and score.images == 10 for name, score in scores.items())
    start = f"{embedding.protocol}, 12 real and 10 made, "
    assert scores["FD-identity"].protocol == f"{start}unbiased covariances"
    subsets = "cubic kernel, 7 subsets of at most 4, seed 5"
    assert scores["KD-identity"].protocol == f"{start}{subsets}"
    assert scores["coverage"].protocol == f"{start}k = 3"


def test_real_images_are_nearer_to_real_ones():
    embedding = Embedding.from_file(identity(), image_size=16)
    real, alike = embedding(_images(40)), embedding(_images(40, seed=1))
    darker = embedding(_images(40, seed=1) - 0.2)
    good, bad = sample_scores(real, alike), sample_scores(real, darker)
    for name in ("FD-identity", "KD-identity"):
        assert compare(bad[name], good[name]) > 0.002
    for name in ("precision", "recall", "density", "coverage"):
        assert compare(good[name], bad[name]) > 0.2


def test_scores_of_other_protocols_are_not_compared():
    embedding = Embedding.from_file(identity(), image_size=16)
    base = _scores(embedding)
    assert compare(base["coverage"], _scores(embedding, seed=1)["coverage"]) == 0.0
    others = {
        "coverage": [_scores(embedding, neighbours=2), _scores(embedding, count=8)],
        "KD-identity": [_scores(embedding, subsets=3), _scores(embedding, subset_size=5)],
        "FD-identity": [_scores(Embedding.from_file(identity(), image_size=8))],
    }
    for name, scores in others.items():
        for other in scores:
            with pytest.raises(ValueError, match="protocol is the same"):
                compare(base[name], other[name])


def test_other_weights_are_not_compared():
    other = identity()
    other.set_weights([weights + 0.01 for weights in other.get_weights()])
    one, two = (Embedding.from_file(x, image_size=16)(_images()) for x in (identity(), other))
    assert one.network == two.network
    with pytest.raises(ValueError, match="embedded in the same way"):
        sample_scores(one, two)


def test_classifier_score():
    body = identity()
    layers = [keras.layers.Rescaling(10.0), keras.layers.Softmax()]
    network = keras.Model(body.inputs, keras.Sequential(layers)(body.outputs[0]), name="shades")
    made = Embedding.from_file(network, image_size=16)(_images())
    score = classifier_score(made, splits=2)
    assert (score.name, score.images) == ("CS-shades", 10)
    assert score.value == class_score(made.vectors, 2)[0]
    assert 1 < score.value < 3
    assert score.protocol == f"{made.protocol}, 10 made, splits = 2"


def _embed(images, **kwargs):
    return Embedding.from_file(identity(), image_size=16)(images, **kwargs)


def _two_outputs():
    network = identity()
    outputs = [network.get_layer(name).output for name in ("same", "mean")]
    return Embedding.from_file(keras.Model(network.inputs, outputs), image_size=16)(_images())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Embedding.from_file("nowhere.keras"), "existing .keras file"),
        (lambda: Embedding.from_file(identity(), image_size=0), "image_size=0"),
        (lambda: Embedding.from_file(identity(), layer="head"), r"unknown \['head'\]"),
        (lambda: Embedding(FeatureExtractor.from_file(identity()), 16), "dtype='float32'"),
        (_two_outputs, "one output.*name a `layer`"),
        (lambda: _embed(_images(channels=4)), r"`images`.*\(10, 12, 12, 4\)"),
        (lambda: _embed(_images()[0]), r"`images`.*\(12, 12, 3\)"),
        (lambda: _embed(np.zeros((1, 8, 8, 3), "uint8")), "float images.*uint8"),
        (lambda: _embed(127.5 * (_images() + 1)), "divide levels of 0..255"),
        (lambda: _embed(_images() * np.nan), "makes NaN.*a value of nan"),
        (lambda: _embed("photos"), "`images`.*'photos'"),
        (lambda: _embed([1.0, 2.0]), "`images` must give batches"),
        (lambda: _embed([]), "at least one image"),
        (lambda: _embed(_images(), batch_size=0), "batch_size=0"),
        (lambda: _embed(_images(), limit=0), "limit=0"),
        (lambda: Embedded(np.zeros(3), "a", "a"), r"`vectors`.*\(3,\)"),
        (lambda: Embedded.load("nowhere.npz"), "`path` must be a file that"),
        (lambda: Embedded.load(__file__), "`path` must be a file that"),
        (lambda: _scores(Embedding.from_file(identity(), image_size=16), count=5), "5 made"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call()
