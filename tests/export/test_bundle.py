"""The folder that TF-Serving runs from."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from google.protobuf import text_format
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

import export
import zoo
from export import serving_config
from export.saved_model import versions


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


def test_versions_and_labels(bundle):
    models = models_of(bundle)
    assert models["dim"].base_path == "/models/dim"
    assert models["dim"].model_platform == "tensorflow"
    assert list(models["dim"].model_version_policy.specific.versions) == [2, 7]
    assert dict(models["dim"].version_labels) == {"stable": 2, "canary": 7}
    assert dict(models["texts"].version_labels) == {"stable": 1}


def test_labels_that_were_moved_by_hand_stay(tmp_path):
    for _ in range(2):
        export.serving_bundle(network(), tmp_path, "dim", warmup=())
    path = tmp_path / "config" / "models.config"
    path.write_text(path.read_text().replace("value: 2", "value: 1"))  # rolled back
    export.serving_bundle(network(), tmp_path, "dim", label="canary", keep=1, warmup=())
    model = models_of(tmp_path)["dim"]
    assert dict(model.version_labels) == {"stable": 1, "canary": 3}
    assert list(model.model_version_policy.specific.versions) == [1, 3]
    path.write_text("nonsense {")
    with pytest.raises(ValueError, match="cannot be read as a ModelServerConfig"):
        export.serving_bundle(network(), tmp_path, "dim", warmup=())
    assert versions(tmp_path / "models" / "dim") == [1, 2, 3]


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
    assert "**`dim`**: versions 2, 7; `canary` is 7, `stable` is 2" in text
    assert "`texts` string (any)" in text
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(code) == 2
    for block in code:
        compile(block, "README", "exec")


def test_wrong_arguments_leave_nothing(tmp_path):
    for arguments, message in (
        ({"name": "Dim"}, "`name` must consist of"),
        ({"label": "a b"}, "`label` must be a word"),
        ({"keep": 0}, "`keep` at least 1"),
        ({"version": 0}, "`version` must be a positive"),
        ({"warmup": (0,)}, "`warmup` must be sides"),
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
