"""Versions on disk: numbering, atomicity, content, and who can load them."""

import json
import os
import stat
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from export import record, saved_model
from export.saved_model import nodes, publish, versions
from zoo.core import hardware

# What a server does, with no project code and no TF2 behaviour.
_TF1_LOADER = """
import json, sys
import tensorflow as tf

path, photo, result = sys.argv[1:]
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    meta = tf.compat.v1.saved_model.load(session, ["serve"], path)
    floats = meta.signature_def["serving_default"]
    files = meta.signature_def["restore_bytes"]
    value = [[[[0.2, 0.4, 0.6]] * 6] * 5]
    restored = session.run(
        floats.outputs["restored_images"].name, {floats.inputs["images"].name: value}
    )
    contents = session.run(
        files.outputs["restored_bytes"].name,
        {files.inputs["image_bytes"].name: [open(photo, "rb").read()]},
    )
    variables = [v.name for v in tf.compat.v1.global_variables()]
try:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], path)
        files = meta.signature_def["restore_bytes"]
        session.run(files.outputs["restored_bytes"].name,
                    {files.inputs["image_bytes"].name: [b"nothing"]})
    error = ""
except tf.errors.InvalidArgumentError as raised:
    error = raised.message
open(result, "wb").write(contents[0])
print(json.dumps({"restored": restored.tolist(), "error": error, "project": "zoo" in sys.modules}))
"""


def test_versions_count_up_and_older_ones_stay(super_resolution, tmp_path):
    network = super_resolution()
    first = saved_model(network, tmp_path / "served" / "model")
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    network.set_weights([w * 0 for w in network.get_weights()])
    second = saved_model(network, str(tmp_path / "served" / "model"))
    assert first == tmp_path / "served" / "model" / "1"
    assert second == tmp_path / "served" / "model" / "2"
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(os.listdir(first.parent)) == ["1", "2"]  # nothing left behind
    images = tf.fill((1, 4, 4, 3), 0.25)
    outputs = [
        tf.saved_model.load(str(version)).signatures["serving_default"](images=images)
        for version in (first, second)
    ]
    assert not np.allclose(outputs[0]["restored_images"], 0.25, atol=1e-3)
    np.testing.assert_allclose(outputs[1]["restored_images"], 0.25, atol=1e-6)


def test_numbering_skips_gaps_and_ignores_other_names(tmp_path):
    for name in ("2", "9", "10", "notes", "11.tmp", ".writing-1"):
        (tmp_path / name).mkdir()
    assert versions(tmp_path) == [2, 9, 10]
    unfinished = tmp_path / ".writing-x"
    unfinished.mkdir()
    (unfinished / "saved_model.pb").write_bytes(b"x")
    assert publish(unfinished, tmp_path) == tmp_path / "11"
    assert versions(tmp_path / "absent") == []


def test_concurrent_exporters_do_not_clash(tmp_path):
    start = threading.Barrier(8)
    published = []

    def write_and_publish(number):
        unfinished = tmp_path / f".writing-{number}"
        unfinished.mkdir()
        (unfinished / "content").write_text(str(number))
        start.wait()
        published.append(publish(unfinished, tmp_path))

    threads = [threading.Thread(target=write_and_publish, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(path.name) for path in published) == list(range(1, 9))
    assert sorted((path / "content").read_text() for path in published) == list("01234567")


def test_a_failed_export_leaves_nothing(super_resolution, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        saved_model(super_resolution(), tmp_path)
    assert os.listdir(tmp_path) == []


def test_other_users_may_read_a_version(super_resolution, tmp_path):
    before = os.umask(0o022)
    try:
        version = saved_model(super_resolution(), tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(version.stat().st_mode) == 0o755


@pytest.fixture(scope="module")
def trained(unet, tmp_path_factory):
    """A gray network that holds an optimizer, and its export."""
    network = unet(1)
    network.compile("adam", "mse")
    network.train_on_batch(np.ones((1, 8, 8, 1)), np.zeros((1, 8, 8, 1)))
    return network, saved_model(network, tmp_path_factory.mktemp("served"))


def test_only_the_variables_of_the_inference_network(trained):
    network, version = trained
    reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    saved = [name for name in reader.get_variable_to_shape_map() if "VARIABLE_VALUE" in name]
    assert len(saved) == len(network.weights)
    assert sum(reader.get_tensor(name).size for name in saved) == network.count_params()


def test_any_size_and_batch(trained):
    served = tf.saved_model.load(str(trained[1]))
    for shape in ((1, 8, 8, 1), (3, 5, 11, 1), (1, 1, 2, 1)):
        outputs = served.signatures["serving_default"](images=tf.fill(shape, 0.5))
        assert outputs["restored_images"].shape == shape


@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-5), ("bfloat16", 0.01)])
def test_plain_tf1_session_loads_and_runs_it(super_resolution, photo, tmp_path, precision, bound):
    network = super_resolution()
    version = saved_model(network, tmp_path, precision=precision)
    image = photo(6, 5)
    source, result = tmp_path / "in.png", tmp_path / "out.png"
    keras.utils.save_img(source, image, scale=False)
    process = subprocess.run(
        [sys.executable, "-c", _TF1_LOADER, str(version), str(source), str(result)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert process.returncode == 0, process.stderr
    answer = json.loads(process.stdout.splitlines()[-1])
    assert not answer["project"]
    value = np.full((1, 5, 6, 3), [0.2, 0.4, 0.6], "float32")
    expected = np.clip(network(value * 2 - 1, training=False) * 0.5 + 0.5, 0, 1)
    np.testing.assert_allclose(answer["restored"], expected, atol=bound)
    value = image[None].astype("float32") / 127.5 - 1
    expected = np.clip(network(value, training=False)[0] * 0.5 + 0.5, 0, 1) * 255
    restored = keras.utils.img_to_array(keras.utils.load_img(result))
    np.testing.assert_allclose(restored, expected, atol=0.5 + 255 * bound)
    assert "image_bytes[0] is neither a JPEG nor a PNG" in answer["error"]


# ---------------------------------------------------------------------- precision


def convolutions(version):
    """Data type of each convolution in the graph of `serving_default`, in order."""
    served = tf.saved_model.load(str(version)).signatures["serving_default"]
    found = [x for x in nodes(served.graph.as_graph_def()) if x.op == "Conv2D"]
    return [tf.as_dtype(x.attr["T"].type).name for x in found]


def test_bfloat16_version_computes_in_bfloat16_and_keeps_its_end(super_resolution, tmp_path):
    network = super_resolution()
    versions_ = {x: saved_model(network, tmp_path, precision=x) for x in ("float32", "bfloat16")}
    assert convolutions(versions_["float32"]) == ["float32", "float32"]
    assert convolutions(versions_["bfloat16"]) == ["bfloat16", "float32"]
    images = np.random.default_rng(0).uniform(0, 1, (2, 9, 14, 3)).astype("float32")
    exact, fast = (
        tf.saved_model.load(str(version)).signatures["serving_default"](images=tf.constant(images))
        for version in versions_.values()
    )
    assert fast["restored_images"].dtype == tf.float32
    difference = np.abs(exact["restored_images"] - fast["restored_images"])
    assert 1e-5 < difference.max() < 0.01


def test_bfloat16_version_keeps_float32_weights(super_resolution, tmp_path):
    network = super_resolution()
    version = saved_model(network, tmp_path, precision="bfloat16")
    reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    saved = [name for name in reader.get_variable_to_shape_map() if "VARIABLE_VALUE" in name]
    found = sorted(reader.get_tensor(name).tobytes() for name in saved)
    assert found == sorted(weight.tobytes() for weight in network.get_weights())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_default_precision_asks_the_hardware(unet, tmp_path, monkeypatch, precision):
    policy = "float32" if precision == "float32" else "mixed_bfloat16"
    monkeypatch.setattr(hardware, "fast_policy", lambda: policy)
    version = saved_model(unet(), tmp_path)
    assert ("bfloat16" in convolutions(version)) == (precision == "bfloat16")
    facts = record(version)
    assert facts["precision"] == precision
    assert facts["requested_precision"] == "auto"
    assert facts["model"] == "unet"
    assert facts["alignment"] == 4
    assert facts["software"]["tensorflow"] == tf.__version__


def test_record_states_what_the_graph_computes_in(tmp_path):
    inputs = keras.Input((None, None, 3))
    only_ends = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
    version = saved_model(only_ends, tmp_path / "served", precision="bfloat16")
    assert convolutions(version) == ["float32"]
    assert record(version)["precision"] == "float32"
    with pytest.raises(ValueError, match="`version` must be a folder that export"):
        record(tmp_path)


# ---------------------------------------------------------------------- errors


def test_python_operations_are_refused(through, python_layer, tmp_path):
    with pytest.raises(ValueError, match=r"only in this Python process.*PyFunc"):
        saved_model(through(python_layer), tmp_path, alignment=1)
    assert os.listdir(tmp_path) == []


def test_errors_name_the_argument(super_resolution, tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="`directory` must be a folder"):
        saved_model(super_resolution(), file)
    with pytest.raises(ValueError, match=r"`max_pixels` must be an integer.*max_pixels=0"):
        saved_model(super_resolution(), tmp_path, max_pixels=0)
    with pytest.raises(ValueError, match=r"`precision` must be 'auto'.*'int8'"):
        saved_model(super_resolution(), tmp_path, precision="int8")
