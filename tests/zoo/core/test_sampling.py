import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import shapes

import zoo
from zoo.core.sampling import image_grid


@pytest.fixture
def embedding():
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(3, 3, strides=2, activation="relu")(inputs)
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x), name="edges")
    return zoo.metrics.Embedding.from_file(network, image_size=12)


def tiny(**kwargs):
    model = zoo.GAN(image_shape=(8, 8, 1), **kwargs)
    model.compile()
    return model


def test_grid_places_images_row_by_row():
    images = np.linspace(-1, 1, 5)[:, None, None, None] * np.ones((5, 2, 3, 1))
    grid = image_grid(images, columns=3)
    assert grid.shape == (4, 9, 1)
    np.testing.assert_array_equal(grid[0, ::3, 0], [0, 64, 128])
    np.testing.assert_array_equal(grid[2, ::3, 0], [191, 255, 0])
    assert image_grid(images).shape == (4, 9, 1)


def test_grid_clips():
    np.testing.assert_array_equal(image_grid(np.full((1, 1, 1, 3), 7.0)), 255)


def test_sample_grid_is_of_the_same_latents_each_time(tmp_path):
    model = tiny()
    callback = zoo.callbacks.SampleGrid(tmp_path, every_epochs=2, count=4)
    model.fit(shapes(4), batch_size=2, epochs=4, callbacks=[callback], verbose=0)
    (path,) = (tmp_path / "images").glob("events*")
    events = [
        (event.step, value.tensor.string_val[2])
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    ]
    assert [step for step, _ in events] == [1, 3]
    last = tf.io.decode_png(events[-1][1]).numpy()
    np.testing.assert_array_equal(last, image_grid(model.generate(4)))


def test_quality_is_logged_recorded_and_continued(embedding, tmp_path):
    model = tiny()
    path = tmp_path / "quality.json"

    def train(epochs, initial_epoch=0):
        callback = zoo.callbacks.SampleQuality(embedding, shapes(16, seed=1), 16, path=path)
        return model.fit(
            shapes(4), batch_size=2, epochs=epochs, initial_epoch=initial_epoch, verbose=0,
            callbacks=[callback, zoo.callbacks.BestCheckpoint(tmp_path / "best", callback.monitor,
                                                              "min")],
        )  # fmt: skip

    history = train(2).history
    rows = json.loads(path.read_text())
    assert [row["step"] for row in rows] == [2, 4]
    assert [row["FD-edges"] for row in rows] == history["val_FD-edges"]
    assert "16 real and 16 made" in rows[0]["protocol"]
    assert rows[1]["seconds"] >= rows[0]["seconds"]
    made, real = embedding(model.sample(16)), embedding(shapes(16, seed=1))
    expected = zoo.metrics.sample_scores(real, made)["FD-edges"].value
    np.testing.assert_allclose(rows[1]["FD-edges"], expected, rtol=1e-6)
    best = zoo.preset_record(tmp_path / "best")["best"]
    assert best["value"] == min(history["val_FD-edges"])
    path.write_text(json.dumps([rows[0], {**rows[1], "seconds": 1000.0}]))
    train(3, initial_epoch=2)
    rows = json.loads(path.read_text())
    assert [row["step"] for row in rows] == [2, 4, 6]
    assert 1000 <= rows[2]["seconds"] < 1060


def test_the_first_epoch_is_scored_and_then_each_third(embedding, tmp_path):
    callback = zoo.callbacks.SampleQuality(
        embedding, shapes(8, seed=1), 8, every_epochs=3, path=tmp_path / "quality.json"
    )
    tiny().fit(shapes(2), batch_size=2, epochs=6, verbose=0, callbacks=[callback])
    rows = json.loads((tmp_path / "quality.json").read_text())
    assert [row["step"] for row in rows] == [1, 3, 6]


@pytest.mark.parametrize("options", [{"count": 0}, {"every_epochs": 1.5}])
def test_counts_are_checked(options, tmp_path):
    with pytest.raises(ValueError, match=r"must be an integer of at least 1\. Received"):
        zoo.callbacks.SampleGrid(tmp_path, **options)
