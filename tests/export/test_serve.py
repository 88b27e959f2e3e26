"""What the local server does when versions come and go, and when requests are wrong or many."""

import concurrent.futures
import gc
import json
import shutil
import socket
import threading
import time
import weakref

import grpc
import keras
import numpy as np
import pytest
import serving_cases
import tensorflow as tf
from google.protobuf import text_format
from serving_cases import b64, png
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2
from tensorflow_serving.config import model_server_config_pb2

import export
import zoo
from export.serve import Limits, Server
from export.serve.batching import Batcher
from export.serve.errors import Code, RequestError, of_tensorflow
from export.serve.store import Version

GRAY = np.full((1, 2, 3, 3), 0.5, "float32")
FAST = Limits(max_body_bytes=100_000, poll_seconds=0.05, seconds=20)


def write(folder, factor, **options):
    inputs = keras.Input((None, None, 3))
    outputs = keras.layers.Rescaling(factor, offset=factor - 1)(inputs)
    return export.saved_model(keras.Model(inputs, outputs), folder, **options)


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "models" / "dim", 0.5)
    return tmp_path / "models"


@pytest.fixture
def server(folder):
    with Server(folder, grpc_port=0, rest_port=0, limits=FAST) as server:
        yield server


def client_of(server):
    return serving_cases.Client(server.grpc_address, server.rest_address)


def factor(client, **version):
    return float(client.predict("dim", {"images": GRAY}, **version)["restored_images"].max() * 2)


def test_a_new_version_takes_over_and_the_old_one_goes(folder, server):
    client = client_of(server)
    assert factor(client) == pytest.approx(0.5)
    answers, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            answers.append(round(factor(client), 2))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        write(folder / "dim", 0.25)
        until(lambda: answers and answers[-1] == 0.25)
        stop.set()
        for each in asking:
            each.result()  # no request failed
    assert set(answers) == {0.5, 0.25}
    versions = server.store.models["dim"].versions
    until(lambda: versions[1].state == "END")
    assert not versions[1].signatures
    with pytest.raises(grpc.RpcError) as caught:
        factor(client, version=1)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_the_memory_of_a_version_goes_with_it(folder):
    version = Version(folder / "dim" / "1")
    version.load(threading.Lock())
    left = weakref.ref(version._loaded)
    gc.disable()  # what frees it is not the collector's next turn
    try:
        version.unload()
        assert left() is None
    finally:
        gc.enable()


def test_a_version_that_is_broken_changes_nothing(folder, server):
    client = client_of(server)
    broken = folder / "dim" / "2"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"nonsense")
    until(lambda: 2 in server.store.models["dim"].versions)
    until(lambda: server.store.models["dim"].versions[2].error)
    assert factor(client) == pytest.approx(0.5)
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "dim"
    states = {each.version: each for each in
              client.models.GetModelStatus(request, timeout=10).model_version_status}  # fmt: skip
    assert states[2].state == get_model_status_pb2.ModelVersionStatus.END
    assert states[2].status.error_message
    write(folder / "dim", 0.25)
    until(lambda: factor(client) == pytest.approx(0.25))


def test_a_half_written_version_is_left_alone(folder, server):
    (folder / "dim" / "2").mkdir()
    (folder / "dim" / ".writing-3").mkdir()
    time.sleep(0.3)
    assert set(server.store.models["dim"].versions) == {1}


def test_a_model_that_is_removed_is_no_longer_served(folder, server):
    write(folder / "other", 0.5)
    until(lambda: "other" in server.store.models)
    shutil.rmtree(folder / "other")
    until(lambda: "other" not in server.store.models)
    assert factor(client_of(server)) == pytest.approx(0.5)


def test_labels_move_to_versions_that_are_loaded(tmp_path):
    serving_cases.write_models(tmp_path)
    config = tmp_path / "config" / "models.config"
    with Server(tmp_path, grpc_port=0, rest_port=0, limits=FAST) as server:
        client, model = client_of(server), server.store.models["dim"]
        assert factor(client, label="stable") == pytest.approx(0.5)
        export.move_label(tmp_path, "dim", "stable", 2)
        until(lambda: model.labels["stable"] == 2)
        assert factor(client, label="stable") == pytest.approx(0.25)
        text = config.read_text()
        config.write_text("in the middle of an edit {")
        time.sleep(0.2)
        assert factor(client, label="stable") == pytest.approx(0.25)
        config.write_text(text.replace("value: 2", "value: 9", 1))
        time.sleep(0.2)
        assert set(model.labels.values()) == {2}


def test_a_configuration_by_grpc(tmp_path):
    serving_cases.write_models(tmp_path)
    with Server(tmp_path, grpc_port=0, rest_port=0, limits=FAST) as server:
        client = client_of(server)
        config = text_format.Parse(
            'model_config_list { config { name: "dim" base_path: "/models/dim" '
            "model_version_policy { specific { versions: 1 } } } }",
            model_server_config_pb2.ModelServerConfig(),
        )
        request = model_management_pb2.ReloadConfigRequest(config=config)
        assert not client.models.HandleReloadConfigRequest(request, timeout=10).status.error_code
        assert list(server.store.models) == ["dim"]
        assert factor(client) == pytest.approx(0.5)
        request.config.model_config_list.config[0].base_path = "/models/none"
        reply = client.models.HandleReloadConfigRequest(request, timeout=10)
        assert "Missing: ['dim']" in reply.status.error_message
        assert factor(client) == pytest.approx(0.5)


def test_one_model_alone(folder):
    with Server(folder / "dim", grpc_port=0, rest_port=0, limits=FAST) as server:
        assert factor(client_of(server)) == pytest.approx(0.5)


def test_nothing_to_serve(tmp_path):
    with pytest.raises(ValueError, match="`directory` must hold versions"):
        Server(tmp_path, grpc_port=0, rest_port=0)


def test_long_bodies_are_refused(server):
    client = client_of(server)
    body = json.dumps({"instances": [b64(bytes(200_000))], "signature_name": "restore_bytes"})
    reply = client.rest.post("/v1/models/dim:predict", content=body)
    assert reply.status_code == 413
    assert "longer than 100000 bytes" in reply.json()["error"]

    def parts():
        for _ in range(40):
            yield b" " * 5000

    assert client.rest.post("/v1/models/dim:predict", content=parts()).status_code == 413
    with pytest.raises(grpc.RpcError) as caught:
        client.predict("dim", {"image_bytes": [bytes(200_000)]}, "restore_bytes")
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert factor(client) == pytest.approx(0.5)


def test_clients_that_are_slow_or_leave_hurt_nobody(server):
    host, port = server.rest_address.removeprefix("http://").split(":")
    slow = socket.create_connection((host, int(port)))
    slow.sendall(
        b"POST /v1/models/dim:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    )
    assert factor(client_of(server)) == pytest.approx(0.5)
    slow.close()
    garbage = socket.create_connection((host, int(port)))
    garbage.sendall(b"\x00\x01nonsense\r\n\r\n")
    assert b"400" in garbage.recv(1000)
    garbage.close()
    assert client_of(server).post("dim", {"instances": GRAY.tolist()})[0] == 200


def test_images_of_several_sizes_at_the_same_time(tmp_path):
    # With oneDNN, TensorFlow 2.21 crashes when threads compute them; the server must not let them.
    export.saved_model(zoo.SRGAN(scale=2, compact=True), tmp_path / "up", warmup=(24,))
    with Server(tmp_path, grpc_port=0, rest_port=0, limits=FAST) as server:
        client = client_of(server)

        def ask(side):
            images = np.full((1, side, side + 5, 3), 0.5, "float32")
            return client.predict("up", {"images": images})["restored_images"].shape[1]

        sides = [16 + 7 * (k % 9) for k in range(60)]
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            assert list(pool.map(ask, sides)) == [2 * side for side in sides]
    with pytest.raises(ValueError, match="`concurrency` must be 1, or more with TF_ENABLE_ONEDNN"):
        Server(tmp_path, grpc_port=0, rest_port=0, concurrency=2)


def test_deadlines(folder):
    limits = Limits(poll_seconds=5, seconds=0.2)
    with Server(folder, grpc_port=0, rest_port=0, concurrency=1, limits=limits) as server:
        client = client_of(server)
        running = server.store.models["dim"].versions[1].signatures
        slow = running["serving_default"]

        def wait(**inputs):
            time.sleep(1.0)
            return slow(**inputs)

        wait.structured_outputs = slow.structured_outputs
        wait.structured_input_signature = slow.structured_input_signature
        running["serving_default"] = wait
        status, reply = client.post("dim", {"instances": GRAY.tolist()})
        assert (status, reply["error"]) == (504, "The request took too long")


def test_requests_of_one_shape_share_a_batch():
    batcher, sizes = Batcher(max_size=4, timeout_seconds=0.5), []

    def double(inputs):
        sizes.append(len(inputs["x"]))
        return {"y": 2 * inputs["x"]}

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        wanted = [np.full((1, 3), k, "float32") for k in range(4)]
        found = list(pool.map(lambda x: batcher.run("key", double, {"x": x})["y"], wanted))
    for x, y in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(y, 2 * x)
    assert sizes == [4]
    batcher = Batcher(max_size=4, timeout_seconds=0.01)
    np.testing.assert_array_equal(batcher.run("key", double, {"x": np.ones((1, 5))})["y"], 2)
    batcher.run("key", double, {"x": np.ones((6, 5))})
    assert sizes == [4, 1, 6]


def test_one_wrong_request_of_a_batch_fails_alone():
    def check(inputs):
        if (inputs["x"] < 0).any():
            raise RequestError(Code.INVALID_ARGUMENT, "negative")
        return {"y": inputs["x"]}

    batcher = Batcher(max_size=3, timeout_seconds=0.5)

    def ask(value):
        try:
            return batcher.run("key", check, {"x": np.array([value])})["y"].item()
        except RequestError as error:
            return error.message

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ask, [1, -1, 2])) == [1, "negative", 2]


def test_batching_on_the_wire(folder):
    with Server(folder, grpc_port=0, rest_port=0, batching=True, limits=FAST) as server:
        client = client_of(server)
        levels = [20, 60, 100, 140]

        def ask(level):
            made = client.predict("dim", {"image_bytes": [png(level)]}, "restore_bytes")
            return serving_cases.pixels(made["restored_bytes"][0]).max()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, levels)) == [level // 2 for level in levels]


def test_two_servers_do_not_share_a_port(server, folder):
    for name, address in (("grpc_port", server.grpc_address), ("rest_port", server.rest_address)):
        ports = {"grpc_port": 0, "rest_port": 0, name: int(address.rsplit(":", 1)[1])}
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{ports[name]}"):
            Server(folder, **ports)


def test_warmup_is_run_before_a_version_answers(tmp_path):
    version = write(tmp_path / "dim", 0.5, warmup=(8,))
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"")  # a request of no signature
    with Server(tmp_path, grpc_port=0, rest_port=0, limits=FAST) as server:
        assert "KeyError" in server.store.models["dim"].versions[1].error


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("assertion failed: [image_bytes[0] is no file. Received: 15 bytes]\n\t "
         "[[{{node map/while/Assert/Assert}}]] [Op:__inference_signature_wrapper_11742]",
         "image_bytes[0] is no file. Received: 15 bytes"),
        ("{{function_node __wrapped__AddV2}} Shapes differ: [2] vs. [3] [Op:AddV2]",
         "Shapes differ: [2] vs. [3]"),
        ("Graph execution error:\n\nDetected at node add defined at (most recent call last):\n"
         "<stack traces unavailable>\nShapes differ\n\t [[{{node add}}]]", "Shapes differ"),
        ("{{function_node f}} assertion failed: [a [1, 2] b] [Op:Assert]", "a [1, 2] b"),
        ("Incompatible shapes: [1,2] vs. [3]\n\t [[{{node add}}]]\n\nStack trace for op: x",
         "Incompatible shapes: [1,2] vs. [3]"),
    ],
)  # fmt: skip
def test_errors_leave_out_where_in_the_graph_they_are(said, told):
    error = of_tensorflow(tf.errors.InvalidArgumentError(None, None, said))
    assert (error.code, error.message) == (Code.INVALID_ARGUMENT, told)
