"""Clients of a server: the same pictures as without one, retries, deadlines, many files."""

import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import keras
import numpy as np
import PIL.Image
import pytest
from serving_cases import pixels, png

import export
import zoo

pytest.importorskip("tensorflow_serving")
from export.client import (
    AsyncGrpcClient,
    AsyncRestClient,
    GrpcClient,
    RemoteModel,
    RestClient,
    ServingError,
    connect,
)
from export.serve import Server


def sharpener(channels=3):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((None, None, channels))
    x = keras.layers.Conv2D(4, 5, strides=2, padding="same", activation="relu")(inputs)
    x = keras.layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
    return keras.Model(inputs, keras.layers.Add()([inputs, x]), name="sharpener")


def filler():
    keras.utils.set_random_seed(2)
    inputs = keras.Input((None, None, 4))
    return keras.Model(inputs, keras.layers.Conv2D(3, 5, padding="same")(inputs), name="filler")


@pytest.fixture(scope="module")
def models():
    return {"sharpener": sharpener(), "filler": filler()}


@pytest.fixture(scope="module")
def server(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    for name, model in models.items():
        export.serving_bundle(model, folder, name, precision="float32", max_pixels=10_000,
                              warmup=(16,))  # fmt: skip
    with Server(folder, grpc_port=0, rest_port=0) as running:
        yield running


def urls(server, name="sharpener"):
    return f"{server.rest_address}/v1/models/{name}", f"grpc://{server.grpc_address}/{name}"


@pytest.fixture(params=[0, 1], ids=["rest", "grpc"])
def url(request, server):
    return urls(server)[request.param]


def photo(size=(70, 90), dtype="uint8", channels=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, np.iinfo(dtype).max, (*size, channels), endpoint=True).astype(dtype)


@pytest.mark.parametrize(
    "image",
    [
        photo(),
        photo((300, 410)),  # more pixels than the model takes: in tiles
        64 + photo(channels=1)[..., 0] // 2,  # a server cuts colours off at the ends, one by one
        photo(channels=4),
        photo((40, 50), "uint16"),
    ],
    ids=["colour", "large", "gray", "alpha", "16 bit"],
)
def test_server_restores_as_the_model_does(url, models, image):
    expected = zoo.restore(models["sharpener"], image, precision="float32")
    with connect(url) as client:
        restored = client.restore(image)
    assert (restored.dtype, restored.shape) == (expected.dtype, expected.shape)
    step = 1 if image.dtype == np.uint8 else 2
    assert np.abs(restored.astype(int) - expected).max() <= step


def test_holes_are_filled_on_a_server(server, models):
    image, mask = photo((150, 130)), np.zeros((150, 130), bool)
    mask[20:60, 30:90] = True
    expected = zoo.inpaint(models["filler"], image, mask, precision="float32")
    for address in urls(server, "filler"):
        with connect(address) as client:
            restored = client.restore(image, mask)
            assert np.abs(restored.astype(int) - expected).max() <= 1
            np.testing.assert_array_equal(restored[~mask], image[~mask])


def test_facts_and_states(url):
    with connect(url) as client:
        facts = client.describe()
        assert (facts["model"], facts["alignment"], facts["max_pixels"]) == ("sharpener", 2, 10_000)
        assert client.status() == {1: "AVAILABLE"}


def test_many_files_come_back_in_order(url):
    levels = range(0, 220, 20)
    files = [png(level, (8 + level % 3, 10)) for level in levels]
    with connect(url) as client:
        expected = [client.run_files([file])[0] for file in files]
        assert client.run_files(files, batch_size=3, concurrency=3) == expected
    assert [pixels(each).shape for each in expected] == [pixels(each).shape for each in files]


@pytest.mark.parametrize("kind", [AsyncRestClient, AsyncGrpcClient])
def test_asyncio(server, kind):
    address = urls(server)[kind is AsyncGrpcClient]
    files = [png(level) for level in (0, 50, 100)]

    async def use():
        async with kind(address) as client:
            facts, states = await asyncio.gather(client.describe(), client.status())
            return facts, states, await client.run_files(files, batch_size=1)

    facts, states, answers = asyncio.run(use())
    with connect(address) as client:
        assert (facts, states) == (client.describe(), client.status())
        assert answers == client.run_files(files)


def test_refusals_are_not_tried_again(url):
    with connect(url, attempts=5, first_delay_s=5.0) as client:
        began = time.monotonic()
        with pytest.raises(ServingError, match="neither a JPEG nor a PNG") as caught:
            client.run_files([b"no image"])
        assert caught.value.code == "INVALID_ARGUMENT"
        with pytest.raises(ServingError, match="too many pixels") as caught:
            client.run_files([png(0, (200, 200))])
        assert caught.value.max_pixels == 10_000
        with pytest.raises(ServingError, match=r"no signature 'paint', but .*restore_bytes"):
            client.predict({}, "paint")
        assert time.monotonic() - began < 4.0


def test_unknown_model_is_not_found(server):
    for address in urls(server, "nobody"):
        with connect(address) as client, pytest.raises(ServingError, match="NOT_FOUND"):
            client.describe()


class Flaky(BaseHTTPRequestHandler):
    """Answers 503 until the last attempt, and 429, 500 or nothing at all where the path says so."""

    protocol_version = "HTTP/1.1"
    seen = 0

    def do_GET(self):
        type(self).seen += 1
        if "slow" in self.path:
            time.sleep(3)
        if "fatal" in self.path:
            self._reply(500, {"error": "It broke"})
        elif "page" in self.path:
            self._reply(502, "<html>Bad gateway</html>")
        elif self.seen < 3:
            self._reply(503, {"error": "Busy"})
        else:
            self._reply(200, {"model_version_status": [{"version": "7", "state": "AVAILABLE"}]})

    def _reply(self, status, contents):
        body = contents.encode() if isinstance(contents, str) else json.dumps(contents).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def flaky():
    Flaky.seen = 0
    running = ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/v1/models"
    running.shutdown()
    running.server_close()


def test_busy_server_is_asked_again(flaky):
    with RestClient(f"{flaky}/m", first_delay_s=0.01) as client:
        assert client.status() == {7: "AVAILABLE"}
    assert Flaky.seen == 3


def test_attempts_end(flaky):
    with (
        RestClient(f"{flaky}/m", first_delay_s=0.01, attempts=2) as client,
        pytest.raises(ServingError, match="UNAVAILABLE: Busy"),
    ):
        client.status()
    assert Flaky.seen == 2


@pytest.mark.parametrize(("name", "message"), [("fatal", "It broke"), ("page", "Bad gateway")])
def test_message_of_the_server_is_shown(flaky, name, message):
    with (
        RestClient(f"{flaky}/{name}", attempts=1) as client,
        pytest.raises(ServingError, match=message),
    ):
        client.status()


def test_deadline_holds_for_all_attempts_together(flaky):
    began = time.monotonic()
    with (
        RestClient(f"{flaky}/slow", seconds=0.4, first_delay_s=0.01) as client,
        pytest.raises(ServingError, match="DEADLINE_EXCEEDED"),
    ):
        client.status()
    assert time.monotonic() - began < 2.0


def test_server_that_is_not_there():
    for address in ("http://127.0.0.1:9/v1/models/m", "grpc://127.0.0.1:9/m"):
        with (
            connect(address, attempts=2, first_delay_s=0.01, seconds=5) as client,
            pytest.raises(ServingError, match="UNAVAILABLE"),
        ):
            client.status()


@pytest.mark.parametrize(
    "address", ["localhost:8501", "http://localhost:8501", "grpc://localhost/m", "grpc://h:1/",
                "grpc://h:1/m?version=x", "grpc://h:1/m?labels=a", "http://h/v2/models/m"]
)  # fmt: skip
def test_addresses_are_checked(address):
    with pytest.raises(ValueError, match="`url` must be like"):
        connect(address)


def test_versions_and_labels_are_asked_for(server):
    rest, grpc = urls(server)
    for address in (f"{rest}/versions/1", f"{rest}/labels/stable", f"{grpc}?version=1",
                    f"{grpc}?label=stable"):  # fmt: skip
        with connect(address) as client:
            assert client.describe()["model"] == "sharpener"
    for address in (f"{rest}/versions/2", f"{grpc}?version=2"):
        with connect(address) as client, pytest.raises(ServingError, match="NOT_FOUND"):
            client.describe()


def test_options_are_checked(server):
    with pytest.raises(ValueError, match="`seconds` must be positive"):
        GrpcClient(urls(server)[1], seconds=0)
    with connect(urls(server)[0]) as client:
        with pytest.raises(ValueError, match="`others` must be \\[\\] for this model"):
            RemoteModel(client, {"texts": "darker"})
        with pytest.raises(ValueError, match="`others` must be as many"):
            client.run_files([png(0)], {"mask_bytes": []})


def test_command_line(server, models, tmp_path, monkeypatch):
    from zoo import cli

    PIL.Image.fromarray(photo()).save(tmp_path / "in.png")
    out = tmp_path / "out.png"
    line = ["zoo", "restore", str(tmp_path / "in.png"), "-o", str(out), "--server"]
    monkeypatch.setattr("sys.argv", [*line, urls(server)[1]])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    expected = zoo.restore(models["sharpener"], photo(), precision="float32")
    assert np.abs(np.asarray(PIL.Image.open(out)).astype(int) - expected).max() <= 1
