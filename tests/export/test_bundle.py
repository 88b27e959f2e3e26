"""The folder that TF-Serving runs from."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from google.protobuf import text_format
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

import export
import zoo
from export import serving_config
from export.saved_model import versions
from export.serve import Server


def network(value=0.5):
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, keras.layers.Rescaling(value)(inputs))


def models_of(folder):
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((folder / "config" / "models.config").read_text(), config)
    return {each.name: each for each in config.model_config_list.config}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    for value in (0.5, 0.6):
        export.serving_bundle(network(value), folder, "dim", warmup=(24, 40))
    export.serving_bundle(network(0.7), folder, "dim", label="canary", version=7, warmup=())
    texts = zoo.MultimodalGAN(["darker"], filters=4, blocks=1, discriminator_filters=4)
    export.serving_bundle(texts, folder, "texts", warmup=(16,))
    return folder


def served(folder, name="dim"):
    model = models_of(folder)[name]
    return list(model.model_version_policy.specific.versions), dict(model.version_labels)


def test_versions_and_labels(bundle):
    models = models_of(bundle)
    assert models["dim"].base_path == "/models/dim"
    assert models["dim"].model_platform == "tensorflow"
    # A label stays where it is: a running server has not loaded the new version yet.
    assert served(bundle) == ([1, 2, 7], {"stable": 1, "canary": 7})
    assert served(bundle, "texts") == ([1], {"stable": 1})


def test_labels_are_moved_when_a_version_is_released(tmp_path):
    for _ in range(2):
        export.serving_bundle(network(), tmp_path, "dim", warmup=())
    assert served(tmp_path) == ([1, 2], {"stable": 1})
    export.move_label(tmp_path, "dim", "stable", 2)
    assert served(tmp_path) == ([1, 2], {"stable": 2})  # 1 stays, to roll back to
    path = tmp_path / "config" / "models.config"
    path.write_text(path.read_text().replace("value: 2", "value: 1"))  # rolled back by hand
    export.serving_bundle(network(), tmp_path, "dim", label="canary", keep=1, warmup=())
    assert served(tmp_path) == ([1, 3], {"stable": 1, "canary": 3})
    for arguments, message in (
        (("dim", "stable", 2), r"one that is served of 'dim': \[1, 3\]"),
        (("none", "stable", 1), "one that is served of 'none'"),
        (("dim", "Stable", 1), "`label` must consist of"),
    ):
        with pytest.raises(ValueError, match=message):
            export.move_label(tmp_path, *arguments)
    with pytest.raises(ValueError, match="`label`: 'canary' means version 3"):
        export.serving_bundle(network(), tmp_path, "dim", label="canary", warmup=())


def test_configs_that_do_not_fit_are_found_before_anything_is_written(tmp_path):
    export.serving_bundle(network(), tmp_path, "dim", warmup=())
    path = tmp_path / "config" / "models.config"
    good = path.read_text()
    for text, message in (
        ("nonsense {", "cannot be read as a ModelServerConfig"),
        (good.replace("value: 1", "value: 9"), "means version 9, which is not there"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            export.serving_bundle(network(), tmp_path, "dim", warmup=())
    assert versions(tmp_path / "models" / "dim") == [1]


def test_other_configs_are_parsed():
    text = serving_config.batching_config(max_batch_size=4, queue=7)
    batching = serving_config.parse(text, "BatchingParameters")
    assert (batching.max_batch_size.value, batching.max_enqueued_batches.value) == (4, 7)
    text = serving_config.monitoring_config()
    monitoring = serving_config.parse(text, "MonitoringConfig")
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"
    with pytest.raises(text_format.ParseError):
        serving_config.parse("max_batch_size: 4", "BatchingParameters")


@pytest.mark.parametrize("name", ["dim/1", "texts/1"])
def test_warmup_requests_are_answered(bundle, name):
    version = bundle / "models" / name
    signatures = tf.saved_model.load(str(version)).signatures
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    seen = []
    for entry in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(entry)
        request = log.predict_log.request
        function = signatures[request.model_spec.signature_name]
        inputs = {key: tf.constant(tf.make_ndarray(each)) for key, each in request.inputs.items()}
        assert all(len(each) == 1 for each in function(**inputs).values())
        seen.append(request.model_spec.signature_name)
    expected = {"dim/1": ["restore_bytes", "serving_default"] * 2,
                "texts/1": ["edit_bytes", "serving_default"]}  # fmt: skip
    assert sorted(seen) == sorted(expected[name])


def test_manifests(bundle):
    compose = yaml.safe_load((bundle / "docker-compose.yml").read_text())["services"]
    assert {name: each["profiles"] for name, each in compose.items()} == {
        "serving-cpu": ["cpu"], "serving-gpu": ["gpu"],
    }  # fmt: skip
    for service in compose.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    kinds = {}
    for path in (bundle / "kubernetes").iterdir():
        contents = yaml.safe_load(path.read_text())
        assert "&id" not in path.read_text()
        kinds[contents["kind"]] = contents["spec"]
    assert set(kinds) == {"Deployment", "Service", "HorizontalPodAutoscaler"}
    container = kinds["Deployment"]["template"]["spec"]["containers"][0]
    assert container["readinessProbe"]["httpGet"]["path"] == "/v1/models/dim"
    selector = kinds["Service"]["selector"]
    assert selector == kinds["Deployment"]["template"]["metadata"]["labels"]
    arguments = json.loads(
        re.search(r"^CMD (.*)$", (bundle / "Dockerfile").read_text(), re.MULTILINE)[1]
    )
    assert arguments == container["args"] == compose["serving-cpu"]["command"]


def test_the_readme_names_what_is_there(bundle):
    text = (bundle / "README.md").read_text()
    assert "**`dim`**: versions 1, 2, 7; `canary` is 7, `stable` is 1" in text
    assert "`texts` string (any)" in text
    assert "`stable` is 1" in text


def test_the_calls_of_the_readme_work(bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (12, 10), (200, 100, 0)).save("image.png")
    code = re.findall(r"```python\n(.*?)```", (bundle / "README.md").read_text(), re.DOTALL)
    with Server(bundle, grpc_port=0, rest_port=0) as server:
        addresses = {"http://localhost:8501": server.rest_address,
                     "localhost:8500": server.grpc_address}  # fmt: skip
        for block in code:
            for there, here in addresses.items():
                block = block.replace(there, here)
            exec(block, {})
            assert Image.open("result.png").size == (12, 10)
            (tmp_path / "result.png").unlink()
    assert len(code) == 2


def test_wrong_arguments_leave_nothing(tmp_path):
    for arguments, message in (
        ({"name": "Dim"}, "`name` must consist of"),
        ({"label": "a b"}, "`label` must consist of"),
        ({"keep": 0}, "`keep` must be at least 1"),
        ({"version": 0}, "`version` must be a positive"),
        ({"warmup": (0,)}, "`warmup` must be sides"),
        ({"warmup": 24}, "`warmup` must be sides"),
        ({"warmup": (64,), "max_pixels": 100}, "of at most `max_pixels`=100"),
    ):
        with pytest.raises(ValueError, match=message):
            export.serving_bundle(network(), tmp_path / "new", **{"name": "dim", **arguments})
    assert not list(tmp_path.rglob("saved_model.pb"))


def test_versions_by_number_and_by_time(tmp_path):
    assert export.saved_model(network(), tmp_path, version=5).name == "5"
    assert export.saved_model(network(), tmp_path).name == "6"
    assert int(export.saved_model(network(), tmp_path, version="time").name) > 1_700_000_000
    with pytest.raises(ValueError, match="holds version 5 already"):
        export.saved_model(network(), tmp_path, version=5)


def test_the_record_describes_signatures(bundle):
    signatures = export.record(bundle / "models" / "dim" / "1")["signatures"]
    images = {"dtype": "float32", "shape": [None, None, None, 3]}
    assert signatures["serving_default"]["inputs"] == {"images": images}
    assert signatures["restore_bytes"]["outputs"] == {
        "restored_bytes": {"dtype": "string", "shape": [None]}
    }
    assert np.all([set(each) == {"inputs", "outputs"} for each in signatures.values()])


def test_a_version_that_differs_is_not_published(tmp_path, monkeypatch):
    from export import parity

    monkeypatch.setitem(parity.TOLERANCES, "saved_model float32", -1.0)
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(inputs))
    with pytest.raises(export.ParityError, match="differs from the Keras model"):
        export.serving_bundle(model, tmp_path, "odd", precision="float32", warmup=())
    assert list((tmp_path / "models" / "odd").iterdir()) == []
    monkeypatch.undo()
    version = export.serving_bundle(model, tmp_path, "odd", precision="float32", warmup=())
    (floats, files) = export.record(version)["parity"]
    assert floats["target"] == "saved_model float32 serving_default"
    assert files["max_abs_difference"] < 0.003


def test_a_model_describes_itself_over_the_wire(tmp_path):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 5, padding="same")(inputs), name="plain")
    version = export.saved_model(model, tmp_path, precision="float32")
    describe = tf.saved_model.load(str(version)).signatures["describe"]
    values = describe(names=tf.constant(["radius", "*", "nothing"]))["values"].numpy()
    record = export.record(version)
    assert json.loads(values[0]) == record["radius"] == 2
    assert json.loads(values[1]).items() <= record.items()
    assert values[2] == b""
