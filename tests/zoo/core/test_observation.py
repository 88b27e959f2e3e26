"""What TensorBoard is told about both players, against the same by hand."""

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams import plugin_data_pb2

import zoo
from zoo.callbacks import TensorBoard
from zoo.core import observation

SGD = keras.optimizers.SGD
NORMS = {"generator/gradient_norm", "discriminator/gradient_norm"}
VERDICTS = {"discriminator/D(real)", "discriminator/D(fake)", "generator/D(fake)"}


def tiny():
    keras.utils.set_random_seed(1)
    return cases.TinyGAN()


def fitted(tmp_path, data=None, observed=True, optimizers=None, **options):
    """A model after one step, with its logs."""
    model = tiny()
    model.compile(*(optimizers or (SGD(0.1), SGD(0.2))))
    batches = tf.data.Dataset.from_tensor_slices(data or cases.pairs(4)).batch(4)
    callbacks = [TensorBoard(tmp_path, **options)] if observed else []
    return model, model.fit(batches, callbacks=callbacks, verbose=0).history


def summaries(folder):
    for path in sorted(folder.rglob("events*")):
        for event in EventFileLoader(str(path)).Load():
            yield from event.summary.value


def test_nothing_more_is_logged_unless_somebody_looks(tmp_path):
    _, watched = fitted(tmp_path)
    model, plain = fitted(tmp_path, observed=False)
    assert {*watched} - {*plain} == NORMS | VERDICTS
    # A model that has been fitted is traced anew, both ways.
    batches = tf.data.Dataset.from_tensor_slices(cases.pairs(4)).batch(4)
    again = model.fit(batches, callbacks=[TensorBoard(tmp_path)], verbose=0).history
    assert {*again} == {*watched}
    assert {*model.fit(batches, verbose=0).history} == {*plain}
    # Keras takes a callback by itself, and a list of its own.
    alone = model.fit(batches, callbacks=TensorBoard(tmp_path), verbose=0).history
    assert {*alone} == {*watched}
    made = keras.callbacks.CallbackList([TensorBoard(tmp_path)], add_history=True, model=model)
    assert {*model.fit(batches, callbacks=made, verbose=0).history} == {*watched}


def test_norms_and_verdicts_are_those_of_the_step(tmp_path):
    degraded, clean = cases.pairs(4)
    model, logs = fitted(tmp_path, (degraded, clean))
    model.set_weights(tiny().get_weights())
    fake = model.generator(degraded)
    assert logs["discriminator/D(real)"][0] == pytest.approx(
        np.mean(model.discriminator(clean)), abs=1e-6
    )
    assert logs["discriminator/D(fake)"][0] == pytest.approx(
        np.mean(model.discriminator(fake)), abs=1e-6
    )
    with tf.GradientTape() as tape:
        loss = zoo.losses.NonSaturating().discriminator(
            model.discriminator(clean), model.discriminator(fake)
        )
    gradients = tape.gradient(loss, model.discriminator.trainable_variables)
    norm = np.sqrt(sum(np.sum(np.square(each)) for each in gradients))
    assert logs["discriminator/gradient_norm"][0] == pytest.approx(norm, rel=1e-4)
    # The generator is judged after the discriminator has been updated.
    for variable, gradient in zip(model.discriminator.trainable_variables, gradients, strict=True):
        variable.assign_sub(0.2 * gradient)
    assert logs["generator/D(fake)"][0] == pytest.approx(
        np.mean(model.discriminator(fake)), abs=1e-5
    )


def test_two_replicas_see_what_one_sees(tmp_path, mirrored):
    """Also with clipping, and where the last batch is split unevenly."""
    data = cases.pairs(3)
    clipped = [SGD(0.1, global_clipnorm=1e-3), SGD(0.2, global_clipnorm=1e-3)]
    _, alone = fitted(tmp_path, data, optimizers=clipped)
    with mirrored.scope():
        model = tiny()
        model.compile(SGD(0.1, global_clipnorm=1e-3), SGD(0.2, global_clipnorm=1e-3))
    batches = tf.data.Dataset.from_tensor_slices(data).batch(4)
    both = model.fit(batches, callbacks=[TensorBoard(tmp_path)], verbose=0).history
    for name in NORMS | VERDICTS:
        assert both[name] == pytest.approx(alone[name], rel=1e-4), name
    assert all(alone[name][0] > 1e-3 for name in NORMS)  # before clipping


def test_a_step_that_overflows_under_float16_has_no_norm():
    variable = tf.Variable([1.0])
    optimizer = keras.optimizers.LossScaleOptimizer(SGD(), initial_scale=8.0)
    optimizer.build([keras.Variable([1.0])])
    norms = tf.distribute.get_strategy().run(
        lambda: [
            observation.gradient_norm([variable * each, None], optimizer) for each in (24.0, np.inf)
        ]
    )
    assert [float(norm) for norm in norms] == [3.0, 0.0]


def test_verdicts_of_several_discriminators_are_averaged():
    loss = zoo.losses.Wasserstein()
    loss.discriminator(tf.ones(2), tf.zeros(2))  # noted by nobody
    with observation.noted() as notes:
        loss.discriminator([tf.ones(2), 3 * tf.ones(4)], [tf.zeros(2), tf.zeros(4)])
        loss.generator(5 * tf.ones(2))
    assert {name: [float(each) for each in found] for name, found in notes.items()} == {
        "D(real)": [2.0],
        "D(fake)": [0.0, 5.0],
    }


def test_hyperparameters_are_written_once_and_read_back(tmp_path):
    given = {"batch_size": 16, "options": {"filters": [3, 4], "mirror": True}, "crop": None}
    fitted(tmp_path, hyperparameters=given)
    assert started(tmp_path) == [
        {"batch_size": 16.0, "options.filters": "[3, 4]", "options.mirror": True}
    ]
    fitted(tmp_path / "stated")
    stated = started(tmp_path / "stated")[0]
    assert stated["model"] == "TinyGAN"
    assert stated["objective.adversarial_loss"] == "NonSaturating"
    assert stated["generator_optimizer.learning_rate"] == pytest.approx(0.1)
    assert stated["discriminator_optimizer.learning_rate"] == pytest.approx(0.2)


def test_a_model_that_cannot_be_saved_can_be_watched(tmp_path):
    class Unsaved(cases.TinyGAN):
        def get_config(self):
            raise ValueError("features in memory")

    model = Unsaved()
    model.compile()
    model.fit(cases.batches(4, 4), callbacks=[TensorBoard(tmp_path)], verbose=0)
    (stated,) = started(tmp_path)
    assert stated["model"] == "Unsaved"
    assert stated["generator_optimizer"] == "Adam"


def started(folder):
    """The hyperparameters of all runs below a folder, as the plugin reads them."""
    found, ended = [], 0
    for value in summaries(folder):
        if value.metadata.plugin_data.plugin_name == "hparams":
            data = plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
            ended += data.HasField("session_end_info")
            if data.HasField("session_start_info"):
                given = data.session_start_info.hparams
                found.append({key: getattr(x, x.WhichOneof("kind")) for key, x in given.items()})
    assert ended == 1
    return found


def test_histograms_of_all_weights_on_request(tmp_path):
    model, _ = fitted(tmp_path, histogram_freq=1)
    tags = {value.tag for value in summaries(tmp_path)}
    trained = model.generator.weights + model.discriminator.weights
    assert {f"{weight.path}/histogram" for weight in trained} <= tags
