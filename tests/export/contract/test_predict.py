"""Predictions by gRPC and by REST, as TF-Serving documents them."""

import base64
import io
import re
import struct
import zlib

import grpc
import numpy as np
import pytest
from PIL import Image
from serving_cases import b64, pixels, png

GRAY = np.full((1, 2, 3, 3), 0.5, "float32")


def test_grpc_floats(client):
    outputs = client.predict("dim", {"images": GRAY})
    np.testing.assert_allclose(outputs["restored_images"], 0.25 * GRAY, atol=1e-6)  # the latest


@pytest.mark.parametrize(
    ("version", "factor"),
    [({"version": 1}, 0.5), ({"version": 2}, 0.25), ({"label": "stable"}, 0.5),
     ({"label": "canary"}, 0.25)],
)  # fmt: skip
def test_grpc_versions_and_labels(client, version, factor):
    outputs = client.predict("dim", {"images": GRAY}, "serving_default", **version)
    np.testing.assert_allclose(outputs["restored_images"], factor * GRAY, atol=1e-6)


def test_grpc_files(client):
    outputs = client.predict(
        "dim", {"image_bytes": [png(200), png(100, (5, 3))]}, "restore_bytes", version=1
    )
    first, second = map(pixels, outputs["restored_bytes"])
    assert first.shape == (4, 6, 3)
    assert (first == 100).all()
    assert second.shape == (5, 3, 3)
    assert (second == 50).all()


def test_grpc_several_inputs(client):
    inputs = {"images": GRAY, "styles": np.zeros((1, 2, 3, 3), "float32")}
    np.testing.assert_allclose(
        client.predict("mean", inputs)["edited_images"], 0.5 * GRAY, atol=1e-6
    )


@pytest.mark.parametrize(
    ("model", "inputs", "options", "code"),
    [
        ("nothing", {"images": GRAY}, {}, "NOT_FOUND"),
        ("dim", {"images": GRAY}, {"version": 9}, "NOT_FOUND"),
        ("dim", {"images": GRAY}, {"signature": "nothing"}, "INVALID_ARGUMENT"),
        ("dim", {"pictures": GRAY}, {}, "INVALID_ARGUMENT"),
        ("dim", {"images": GRAY, "styles": GRAY}, {}, "INVALID_ARGUMENT"),
        ("dim", {"images": GRAY.astype("float64")}, {}, "INVALID_ARGUMENT"),
        ("dim", {"images": GRAY[0]}, {}, "INVALID_ARGUMENT"),
        ("dim", {"images": 2 * GRAY + 1}, {}, "INVALID_ARGUMENT"),
        ("dim", {"image_bytes": [b"x"]}, {"signature": "restore_bytes"}, "INVALID_ARGUMENT"),
        ("dim", {"image_bytes": [png(1, (100, 100))]}, {"signature": "restore_bytes"},
         "INVALID_ARGUMENT"),
        ("dim", {"image_bytes": [png(1)[:40]]}, {"signature": "restore_bytes"}, "INVALID_ARGUMENT"),
    ],
)  # fmt: skip
def test_grpc_errors(client, model, inputs, options, code):
    with pytest.raises(grpc.RpcError) as caught:
        client.predict(model, inputs, **options)
    assert caught.value.code().name == code
    assert caught.value.details()
    client.predict("dim", {"images": GRAY})  # nothing else is affected


def test_rest_rows(client):
    status, reply = client.post("dim", {"instances": GRAY.tolist()})
    assert status == 200
    np.testing.assert_allclose(reply["predictions"], 0.25 * GRAY, atol=1e-6)
    rows = [{"images": image} for image in np.concatenate([GRAY, 0.2 * GRAY]).tolist()]
    status, reply = client.post("dim", {"instances": rows, "signature_name": "serving_default"})
    assert status == 200
    np.testing.assert_allclose(np.ravel(reply["predictions"][1])[0], 0.025, atol=1e-6)


def test_rest_columns(client):
    status, reply = client.post("dim", {"inputs": GRAY.tolist()})
    assert status == 200
    np.testing.assert_allclose(reply["outputs"], 0.25 * GRAY, atol=1e-6)
    both = {"images": GRAY.tolist(), "styles": (0 * GRAY).tolist()}
    status, reply = client.post("mean", {"inputs": both})
    assert status == 200
    np.testing.assert_allclose(reply["outputs"], 0.5 * GRAY, atol=1e-6)


@pytest.mark.parametrize("place", ["/versions/1", "/labels/stable"])
def test_rest_files(client, place):
    files = [b64(png(200)), b64(png(100, (5, 3)))]
    for body, key in (
        ({"instances": [{"image_bytes": each} for each in files]}, "predictions"),
        ({"instances": files}, "predictions"),
        ({"inputs": {"image_bytes": files}}, "outputs"),
        ({"inputs": files}, "outputs"),
    ):
        status, reply = client.post(f"dim{place}", {"signature_name": "restore_bytes", **body})
        assert status == 200, reply
        first, second = (pixels(base64.b64decode(each["b64"])) for each in reply[key])
        assert (first == 100).all()
        assert second.shape == (5, 3, 3)


def jpeg():
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), "uint8")).save(
        file, "JPEG"
    )
    return file.getvalue()


def bomb():
    """A PNG file that says it has 30,000 x 30,000 pixels."""
    file = png(0)
    header = b"IHDR" + struct.pack(">II", 30_000, 30_000) + file[24:29]
    return file[:12] + header + struct.pack(">I", zlib.crc32(header)) + file[33:]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (jpeg()[:300], r"image_bytes\[1\] is damaged or cut off"),
        (jpeg()[:-200], r"image_bytes\[1\] is damaged or cut off"),
        (png(0)[:-20], r"image_bytes\[1\] is damaged or cut off"),
        (bomb(), "too many pixels: this model was exported for at most 4096. "
                 "Received: 30000 x 30000"),
    ],
    ids=["head of a JPEG", "cut JPEG", "cut PNG", "bomb"],
)  # fmt: skip
def test_broken_files(client, file, message):
    body = {"instances": [b64(png(0)), b64(file)], "signature_name": "restore_bytes"}
    status, reply = client.post("dim", body)
    assert status == 400
    assert re.search(message, reply["error"]), reply
    body["instances"].pop()
    assert client.post("dim", body)[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("nothing", {"instances": GRAY.tolist()}, 404),
        ("dim/versions/9", {"instances": GRAY.tolist()}, 404),
        ("dim/versions/x", {"instances": GRAY.tolist()}, 400),
        ("dim", {}, 400),
        ("dim", [1], 400),
        ("dim", {"instances": []}, 400),
        ("dim", {"instances": ["a"]}, 400),
        ("dim", {"instances": [[1, [2]]]}, 400),
        ("dim", {"instances": (2 * GRAY + 1).tolist()}, 400),
        ("dim", {"instances": GRAY.tolist(), "signature_name": "nothing"}, 400),
        ("dim", {"inputs": {"pictures": GRAY.tolist()}}, 400),
        ("dim", {"instances": [{"b64": "%"}], "signature_name": "restore_bytes"}, 400),
        ("dim", {"instances": [b64(b"x")], "signature_name": "restore_bytes"}, 400),
        ("mean", {"instances": GRAY.tolist()}, 400),
    ],
)
def test_rest_errors(client, path, body, status):
    code, reply = client.post(path, body)
    assert (code, list(reply)) == (status, ["error"])
    assert reply["error"]


def test_rest_malformed(client):
    reply = client.rest.post("/v1/models/dim:predict", content=b'{"instances": [')
    assert reply.status_code == 400
    assert "JSON Parse error" in reply.json()["error"]
    assert client.rest.get("/v1/model/dim").status_code == 404
