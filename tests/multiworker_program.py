"""What each worker of test_multiworker.py runs: `python multiworker_program.py INDEX PORTS OUT`."""

import json
import os
import sys
from pathlib import Path

import cases
import keras
import numpy as np
import tensorflow as tf

import zoo
from zoo.core import distribution


@keras.saving.register_keras_serializable(package="cases")
class RecordingGAN(cases.TinyGAN):
    """Notes which samples this worker was given: they are numbered in a corner pixel."""

    seen = None

    def prepare(self, data, seed):
        tf.numpy_function(self._note, [data[0][:, 0, 0, 0]], [], stateful=True)
        return super().prepare(data, seed)

    def _note(self, numbers):
        self.seen.append([int(each) for each in numbers])


def numbered(count, batch_size):
    degraded, clean = cases.pairs(count)
    degraded[:, 0, 0, 0] = np.arange(count)
    return tf.data.Dataset.from_tensor_slices((degraded, clean)).batch(batch_size)


def train(strategy, out):
    """Train for two epochs of 4, 4 and 3 samples; return the model and the history."""
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = RecordingGAN(batch_norm=True, ema_halflife_images=20)
        rate = keras.optimizers.schedules.CosineDecay(1e-2, 10)
        model.compile(keras.optimizers.Adam(rate), metrics=[zoo.metrics.PSNR("rgb")])
    model.seen = []
    validation = cases.batches(3, 1, size=12)
    history = model.fit(
        numbered(11, 4),
        epochs=2,
        validation_data=validation,
        verbose=0,
        callbacks=[
            zoo.callbacks.Alarm(cases.pairs(2)[0]),
            zoo.callbacks.Checkpoints(out / "checkpoints", every_steps=2),
            zoo.callbacks.BestCheckpoint(out / "best"),
            zoo.callbacks.TensorBoard(out / "logs"),
            zoo.callbacks.ImageGrid(out / "logs", validation),
            keras.callbacks.TensorBoard(out / "keras_logs", write_graph=False),
            keras.callbacks.ModelCheckpoint(out / "model.keras"),
            keras.callbacks.CSVLogger(out / "log.csv"),
        ],
    )
    return model, history.history


def main(index, ports, out):
    workers = [f"127.0.0.1:{port}" for port in ports.split(",")]
    task = {"type": "worker", "index": int(index)}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": workers}, "task": task})
    out = Path(out) / f"worker-{index}"
    strategy = distribution.strategy("multiworker")
    model, history = train(strategy, out)
    scores = model.evaluate(cases.batches(5, 2), return_dict=True, verbose=0)
    with_error = ""
    try:
        distribution.require_agreement(strategy, float(index), "They differ.")
    except ValueError as error:
        with_error = str(error)
    distribution.require_agreement(strategy, 7, "They do not differ.")
    results = {"history": history, "seen": model.seen, "scores": scores, "error": with_error}
    out.with_suffix(".json").write_text(json.dumps(results))
    np.savez(out.with_suffix(".npz"), **cases.state(model))


if __name__ == "__main__":
    main(*sys.argv[1:])
