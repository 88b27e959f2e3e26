"""Callbacks, with what they wrote read back from disk."""

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

import zoo
from zoo.callbacks import Alarm, BestCheckpoint, Checkpoints, ImageGrid, TensorBoard, TrainingAlarm
from zoo.core import checkpoints

SGD = keras.optimizers.SGD


def compiled(generator_optimizer=None, **options):
    model = cases.TinyGAN(**options)
    model.compile(
        generator_optimizer or SGD(0.1),
        SGD(0.2),
        metrics=[zoo.metrics.PSNR("rgb")],
        run_eagerly=True,
    )
    return model


def events(folder):
    """Everything in the event files below a folder: dict of tag to list of (step, array)."""
    found = {}
    for path in sorted(folder.rglob("events*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                entry = (event.step, tf.make_ndarray(value.tensor))
                found.setdefault(value.tag, []).append(entry)
    return found


def test_tensorboard_has_all_terms_and_both_learning_rates(tmp_path):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.1, 0.05])
    model = compiled(SGD(schedule))
    history = model.fit(
        cases.batches(4, 2),
        epochs=2,
        validation_data=cases.batches(2, 2),
        callbacks=[TensorBoard(tmp_path)],
        verbose=0,
    ).history
    scalars = {
        tag: [(step, float(x)) for step, x in each]
        for tag, each in events(tmp_path).items()
        if not each[0][1].shape
    }
    for name in (
        "discriminator/adversarial", "discriminator_loss", "generator/adversarial",
        "generator/pixel", "generator_loss",
    ):  # fmt: skip
        assert scalars[f"epoch_{name}"] == [(0, history[name][0]), (1, history[name][1])]
    assert [step for step, _ in scalars["epoch_psnr"]] == [0, 1]
    assert [value for _, value in scalars["epoch_psnr"]] == pytest.approx(history["val_psnr"])
    rates = [value for _, value in scalars["epoch_generator/learning_rate"]]
    assert rates == pytest.approx([0.05, 0.05])  # after 2 and 4 steps
    rates = [value for _, value in scalars["epoch_discriminator/learning_rate"]]
    assert rates == pytest.approx([0.2, 0.2])


def test_learning_rates_under_a_strategy_and_loss_scaling(mirrored):
    keras.config.set_dtype_policy("mixed_float16")
    with mirrored.scope():
        model = cases.TinyGAN()
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 9)), SGD(0.2)
        )
    rates = zoo.core.watching.learning_rates(model)
    assert rates == pytest.approx(
        {"generator/learning_rate": 0.1, "discriminator/learning_rate": 0.2}
    )


def test_image_grid(tmp_path):
    """Rows of input | output | target; smaller images are padded."""
    examples = [cases.pairs(1, size=size, seed=size) for size in (4, 6)]
    signature = (tf.TensorSpec((None, None, None, 3)),) * 2
    data = tf.data.Dataset.from_generator(lambda: iter(examples), output_signature=signature)
    model = compiled()
    callback = ImageGrid(tmp_path, data, every_epochs=2, count=5)
    model.fit(cases.batches(2, 2), epochs=4, callbacks=[callback], verbose=0)
    written = events(tmp_path)["input | output | target"]
    assert [step for step, _ in written] == [1, 3]
    width, height, *pngs = written[-1][1]
    assert (int(width), int(height), len(pngs)) == (18, 10, 1)
    grid = tf.io.decode_png(pngs[0]).numpy().astype(int)
    (small_in, small_out), (large_in, large_out) = (
        [degraded, model(degraded).numpy()] for degraded, _ in examples
    )
    for image, top, left in (
        (small_in, 0, 0), (small_out, 0, 4), (examples[0][1], 0, 8),
        (large_in, 4, 0), (large_out, 4, 6), (examples[1][1], 4, 12),
    ):  # fmt: skip
        side = image.shape[1]
        shown = grid[top : top + side, left : left + side]
        levels = np.clip((image[0] + 1) * 127.5, 0, 255)
        assert np.abs(shown - levels).max() <= 1
    assert (grid[:4, 12:] == 0).all()


def test_image_grid_of_a_gray_upscaler(tmp_path):
    """The input is enlarged without smoothing, and gray is shown as gray."""
    model = zoo.SRGAN(scale=2, channels=1, filters=2, blocks=1, compact=True)
    degraded = tf.constant([[-1.0, 1.0], [0.0, -1.0]])[None, :, :, None]
    clean = tf.zeros((1, 4, 4, 1))
    callback = ImageGrid(tmp_path, tf.data.Dataset.from_tensors((degraded, clean)))
    callback.set_model(model)
    grid = callback._grid().numpy()
    assert grid.shape == (4, 12, 3)
    expected = np.kron([[0.0, 1.0], [0.5, 0.0]], np.ones((2, 2)))
    np.testing.assert_allclose(grid[:, :4], np.repeat(expected[..., None], 3, -1))


def test_checkpoints(tmp_path):
    model = compiled(ema_halflife_images=4)
    callback = Checkpoints(tmp_path, every_steps=2, keep=2)
    model.fit(cases.batches(5, 1), callbacks=[callback], verbose=0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-000000004.weights.h5", "step-000000005.weights.h5"]
    other = compiled(ema_halflife_images=4)
    assert checkpoints.restore_latest(other, tmp_path) == 5
    cases.assert_same_state(other, model)
    assert checkpoints.restore_latest(other, tmp_path / "nothing") == 0


def test_broken_weights_are_not_saved(tmp_path):
    model = compiled()
    callback = Checkpoints(tmp_path, every_steps=1)
    model.fit(cases.batches(1, 1), callbacks=[callback], verbose=0)
    model.generator.weights[0].assign(model.generator.weights[0] * np.nan)
    with pytest.raises(TrainingAlarm, match=r"conv2d.*NaN or infinity.*step-000000001"):
        model.fit(cases.batches(1, 1), callbacks=[callback], verbose=0)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001.weights.h5"]


def test_best_checkpoint_keeps_the_best(tmp_path):
    model = compiled(ema_halflife_images=4)
    callback = BestCheckpoint(tmp_path / "best", record={"recipe": "blur"})
    callback.set_model(model)
    callback.on_train_begin()
    saved = []
    for step, score in enumerate([20.0, 18.0, float("nan"), 21.0, 20.5]):
        model.averaged_generator.weights[1].assign([step] * 4)
        callback.on_epoch_end(step, {"val_psnr": score})
        saved.append(zoo.from_preset(tmp_path / "best").inference_network.weights[1].numpy()[0])
    assert saved == [0, 0, 0, 3, 3]
    record = zoo.core.presets.preset_record(tmp_path / "best")
    assert record["best"] == {"monitor": "val_psnr", "value": 21.0, "step": 0}
    assert record["recipe"] == "blur"
    resumed = BestCheckpoint(tmp_path / "best")
    resumed.set_model(model)
    resumed.on_train_begin()
    assert resumed.best == 21.0


def test_best_checkpoint_knows_the_direction(tmp_path):
    model = compiled()
    for monitor, mode, sign in (
        ("val_psnr", "auto", 1), ("generator/pixel", "auto", -1), ("generator_loss", "auto", -1),
        ("val_psnr", "min", -1), ("anything", "max", 1),
    ):  # fmt: skip
        callback = BestCheckpoint(tmp_path / "best", monitor, mode)
        callback.set_model(model)
        callback.on_train_begin()
        assert callback._sign == sign, monitor


def test_best_checkpoint_errors(tmp_path):
    model = compiled()
    with pytest.raises(ValueError, match=r"`mode` must be .*Received: mode='up'"):
        BestCheckpoint(tmp_path, mode="up")
    validation = {"validation_data": cases.batches(2, 2), "verbose": 0}
    with pytest.raises(ValueError, match=r"\['val_psnr'\].*Received: monitor='val_fid'"):
        model.fit(
            cases.batches(2, 2), callbacks=[BestCheckpoint(tmp_path, "val_fid")], **validation
        )
    callback = BestCheckpoint(tmp_path / "best", "val_fid", "min")
    with pytest.raises(ValueError, match="must be in the logs"):
        model.fit(cases.batches(2, 2), callbacks=[callback], **validation)
    with pytest.warns(UserWarning, match="no epoch logged 'val_psnr'"):
        model.fit(cases.batches(2, 2), callbacks=[BestCheckpoint(tmp_path / "best")], verbose=0)
    assert not (tmp_path / "best").exists()


def test_alarm_on_divergence(tmp_path):
    model = compiled()
    data = cases.batches(4, 1)
    broken = data.concatenate(data.map(lambda x, y: (x * np.nan, y)))
    callbacks = [Alarm(), Checkpoints(tmp_path, every_steps=1)]
    with pytest.raises(TrainingAlarm, match=r"diverged at step 5: .*generator/pixel is nan"):
        model.fit(broken, callbacks=callbacks, verbose=0)
    assert checkpoints.latest(tmp_path).name == "step-000000004.weights.h5"


def test_alarm_on_collapse():
    model = compiled(SGD(0.0))
    degraded, _ = cases.pairs(3)
    callback = Alarm(degraded, patience=2)
    model.fit(cases.batches(2, 2), epochs=3, callbacks=[callback], verbose=0)
    inputs = keras.Input((None, None, 3))
    model.generator = keras.Model(inputs, 0.0 * inputs + 0.3)
    callback.set_model(model)
    callback.on_epoch_end(0, {})
    with pytest.raises(TrainingAlarm, match=r"collapsed: for 2 epochs .* on 3 different inputs"):
        callback.on_epoch_end(1, {})


def test_alarm_on_a_discriminator_that_has_won():
    def run(losses, **options):
        callback = Alarm(won_below=0.1, patience=2, **options)
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"discriminator/adversarial": loss})

    with pytest.warns(UserWarning, match="discriminator has won") as warned:
        run([0.05, 0.5, 0.05, 0.04, 0.03, 0.02])
    assert len(warned) == 1
    with pytest.raises(TrainingAlarm, match=r"below 0\.1 for 2 epochs"):
        run([0.05, 0.04], stop_when_won=True)
    run([-3.0, -4.0, -5.0], stop_when_won=True)  # Wasserstein losses have no floor
    run([0.05, 0.5, 0.05, 0.5], stop_when_won=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: Checkpoints(path, every_steps=0), "every_steps=0"),
        (lambda path: ImageGrid(path, cases.batches(1, 1), count=0), "count=0"),
        (lambda path: ImageGrid(path, cases.batches(1, 1).take(0)), "empty dataset"),
        (lambda path: ImageGrid(path, cases.pairs(1)), "Received: tuple"),
        (lambda path: Alarm(tf.zeros((1, 4, 4, 3))), "at least 2 different inputs"),
        (lambda path: Alarm(patience=0), "Received: 0"),
    ],
)
def test_arguments_are_checked(make, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        make(tmp_path)
