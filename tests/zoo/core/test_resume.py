"""A run of `zoo train` that is killed and started again ends where an uninterrupted one ends."""

import json
import signal
import time

import h5py
import numpy as np
import processes
import pytest
from PIL import Image

STEPS = 24
PER_EPOCH = 9
SAVE_EVERY = 7  # so that a checkpoint lies in the middle of an epoch


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folders of an uninterrupted run and of one that was killed and resumed."""
    root = tmp_path_factory.mktemp("resume")
    photos = root / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for index in range(3):
        noise = rng.integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(noise).resize((40, 36)).save(photos / f"{index}.png")
    whole, broken = root / "whole", root / "broken"
    (root / "first").mkdir()
    (root / "again").mkdir()
    commands = [train(photos, out) for out in (whole, broken)]
    with processes.started(*commands, log_dir=root / "first") as (steady, victim):
        kill_after_checkpoint(victim, broken / "checkpoints", root / "first" / "1.log")
        assert steady.wait(600) == 0, (root / "first" / "0.log").read_text()[-6000:]
    assert not (broken / "preset").exists()
    assert int(newest(broken)[5:14]) % PER_EPOCH  # in the middle of an epoch
    processes.run_together(train(photos, broken), log_dir=root / "again")
    return whole, broken, (root / "again" / "0.log").read_text()


def train(photos, out):
    return f"""-m zoo train denoising_gan --data {photos} --out {out} --validation {photos}
        --set filters=(4,8) --set blocks=1 --crop 24 --batch-size 2 --policy float32
        --ema-halflife-images 20 --steps {STEPS} --steps-per-epoch {PER_EPOCH}
        --save-every {SAVE_EVERY} --learning-rate 1e-3""".split()


def kill_after_checkpoint(process, directory, log, timeout=600):
    """Send SIGKILL a moment after the first checkpoint appears."""
    until = time.monotonic() + timeout
    while not list(directory.glob("step-*.h5")):
        assert process.poll() is None, log.read_text()[-6000:]
        assert time.monotonic() < until, f"no checkpoint after {timeout} s"
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def newest(run):
    return max(path.name for path in (run / "checkpoints").glob("step-*.h5"))


def arrays(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def test_resumed_run_equals_an_uninterrupted_one(folders):
    whole, broken, _ = folders
    assert newest(whole) == newest(broken) == f"step-{STEPS:09d}.weights.h5"
    expected = arrays(whole / "checkpoints" / newest(whole))
    actual = arrays(broken / "checkpoints" / newest(broken))
    parts = ("averaged_generator", "discriminator", "discriminator_optimizer", "generator",
             "generator_optimizer")  # fmt: skip
    assert {name.split("/")[0] for name in expected} == set(parts)
    assert expected.keys() == actual.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=1e-6, atol=1e-6, err_msg=name)


def test_resumed_run_says_where_it_goes_on(folders):
    _, broken, log = folders
    assert f"step {SAVE_EVERY}" in log or f"step {2 * SAVE_EVERY}" in log
    files = {path.name for path in broken.iterdir()}
    assert files >= {"best", "checkpoints", "logs", "preset", "seconds.json", "settings.json"}
    assert not list((broken / "checkpoints").glob("unfinished*"))


def test_other_settings_are_refused(folders):
    from zoo.commands import training

    whole, _, _ = folders
    settings = training.Settings("denoising_gan", "elsewhere", options={"filters": (4, 8)})
    with pytest.raises(ValueError, match=r"holds a run with other settings \(.*data: "):
        training._claim(whole, settings)


def test_time_is_kept_with_each_checkpoint(tmp_path, monkeypatch):
    """A run that is killed has taken as long as it took until its newest checkpoint."""
    import types

    from zoo.commands import training

    path, now = tmp_path / "seconds.json", [100.0]
    monkeypatch.setattr(training.time, "time", lambda: now[0])

    def start():
        stopwatch = training._Stopwatch(path, every_steps=2)
        stopwatch.set_model(types.SimpleNamespace(step=0))
        return stopwatch

    def work(stopwatch, steps, seconds):
        for _ in range(steps):
            now[0] += seconds
            stopwatch.model.step += 1
            stopwatch.on_train_batch_end(0)

    work(start(), steps=3, seconds=5.0)  # killed after the third step; the second was saved
    again = start()
    work(again, steps=2, seconds=7.0)
    assert again.keep() == json.loads(path.read_text()) == 10 + 14
