"""Two processes train one model through plain `fit()`: they run `multiworker_program.py`."""

import json

import cases
import keras
import multiworker_program
import numpy as np
import processes
import pytest
import tensorflow as tf

import zoo
from zoo.core import distribution


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder of what two workers left behind."""
    out = tmp_path_factory.mktemp("multiworker")
    ports = ",".join(map(str, processes.free_ports(2)))
    program = multiworker_program.__file__
    processes.run_together(*([program, worker, ports, out] for worker in (0, 1)), log_dir=out)
    return out


@pytest.fixture(scope="module")
def results(out):
    return [json.loads((out / f"worker-{worker}.json").read_text()) for worker in (0, 1)]


def test_workers_end_with_identical_weights_and_optimizers(out):
    chief, other = (np.load(out / f"worker-{worker}.npz") for worker in (0, 1))
    assert set(chief.files) == set(other.files)
    assert any("moving_variance" in name for name in chief.files)
    for name in chief.files:
        assert np.isfinite(chief[name]).all(), name
        np.testing.assert_array_equal(chief[name], other[name], err_msg=name)


def test_workers_log_the_same(results):
    chief, other = results
    assert chief["history"] == other["history"]
    assert chief["scores"] == other["scores"]
    expected = {"generator/pixel", "generator/adversarial", "discriminator/adversarial", "val_psnr"}
    expected |= {"generator_loss", "discriminator_loss"}
    for player, names in {  # what TensorBoard asks for, although only the chief has one
        "generator": ("D(fake)", "gradient_norm"),
        "discriminator": ("D(real)", "D(fake)", "gradient_norm"),
    }.items():
        expected |= {f"{player}/{name}" for name in names}
    assert set(chief["history"]) == expected
    pixel = chief["history"]["generator/pixel"]
    assert pixel[1] < pixel[0]


def test_workers_see_different_samples(results):
    chief, other = (each["seen"] for each in results)
    assert chief == [[0, 1], [4, 5], [8, 9]] * 2
    assert other == [[2, 3], [6, 7], [10]] * 2  # the last batch holds 3


def test_only_the_chief_writes_files(out):
    chief = {path.name for path in (out / "worker-0").iterdir()}
    assert chief == {"best", "checkpoints", "keras_logs", "log.csv", "logs", "model.keras"}
    assert not (out / "worker-1").exists()


def test_files_hold_what_was_trained(out):
    trained = np.load(out / "worker-0.npz")
    loaded = keras.models.load_model(out / "worker-0" / "model.keras")
    assert loaded.step == 6
    restored = multiworker_program.RecordingGAN(batch_norm=True, ema_halflife_images=20)
    rate = keras.optimizers.schedules.CosineDecay(1e-2, 10)
    restored.compile(keras.optimizers.Adam(rate))
    assert zoo.core.checkpoints.restore_latest(restored, out / "worker-0" / "checkpoints") == 6
    for model in (loaded, restored):
        values = cases.state(model)
        for value, name in zip(values.values(), trained.files, strict=True):
            np.testing.assert_array_equal(value, trained[name], err_msg=name)


def test_two_workers_equal_two_replicas_of_one_process(out, results, mirrored, tmp_path):
    model, history = multiworker_program.train(mirrored, tmp_path)
    for name, values in history.items():
        np.testing.assert_allclose(values, results[0]["history"][name], rtol=1e-4, err_msg=name)
    trained = np.load(out / "worker-0.npz")
    for value, name in zip(cases.state(model).values(), trained.files, strict=True):
        np.testing.assert_allclose(value, trained[name], rtol=1e-3, atol=1e-5, err_msg=name)


def test_workers_that_disagree_all_raise(results):
    for result in results:
        assert result["error"] == "They differ. Received: ['0', '1'] on the replicas"


def as_worker(monkeypatch, index, **cluster):
    cluster = cluster or {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}
    kind = "worker" if "worker" in cluster else next(iter(cluster))
    config = {"cluster": cluster, "task": {"type": kind, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))


def test_backup_and_restore_is_refused_with_several_workers(monkeypatch, tmp_path):
    callback = keras.callbacks.BackupAndRestore(tmp_path)
    assert distribution.callbacks_of_this_worker(callback) == [callback]
    as_worker(monkeypatch, 0)
    with pytest.raises(ValueError, match=r"zoo\.callbacks\.Checkpoints.*Received: 2 workers"):
        distribution.callbacks_of_this_worker([callback])


def test_callbacks_that_write_are_left_to_the_chief(monkeypatch, tmp_path):
    stopper = keras.callbacks.EarlyStopping()
    mine = keras.callbacks.LambdaCallback()
    mine.chief_only = True
    given = [stopper, keras.callbacks.CSVLogger(tmp_path / "log.csv"), mine]
    as_worker(monkeypatch, 0)
    assert distribution.callbacks_of_this_worker(given) == given
    as_worker(monkeypatch, 1)
    assert distribution.callbacks_of_this_worker(given) == [stopper]
    assert distribution.callbacks_of_this_worker(None) == []
    whole = keras.callbacks.CallbackList(given)
    assert distribution.callbacks_of_this_worker(whole).callbacks == [stopper]


def test_chief_and_number_of_workers(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert (distribution.is_chief(), distribution.worker_count()) == (True, 1)
    as_worker(monkeypatch, 1)
    assert (distribution.is_chief(), distribution.worker_count()) == (False, 2)
    as_worker(monkeypatch, 0, worker=["a:1", "b:1"], chief=["c:1"])
    assert (distribution.is_chief(), distribution.worker_count()) == (False, 3)


def test_policy_of_a_dataset(monkeypatch):
    policies = tf.data.experimental.AutoShardPolicy
    data = tf.data.Dataset.range(4)
    assert distribution.split_by_element(data) is data
    as_worker(monkeypatch, 0)
    split = distribution.split_by_element(data)
    assert split.options().experimental_distribute.auto_shard_policy == policies.DATA
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = policies.OFF
    chosen = data.with_options(options)
    assert distribution.split_by_element(chosen) is chosen
    arrays = (np.zeros(2), np.zeros(2))
    assert distribution.split_by_element(arrays) is arrays


def test_strategy_by_name(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG"):
        distribution.strategy("multiworker")
    with pytest.raises(ValueError, match=r"'none', 'mirrored' or 'multiworker'.*'tpu'"):
        distribution.strategy("tpu")
    assert distribution.strategy("none").num_replicas_in_sync == 1
