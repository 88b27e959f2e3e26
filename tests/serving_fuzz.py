"""Requests that nobody meant, sent to a server of `zoo serve`: it refuses them and stays well.

    python tests/serving_fuzz.py --minutes 10

starts a server in a process of its own, and says how many requests it got, how it answered, and how
its memory went. A few of them are part of the test suite.
"""

import argparse
import collections
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc
import hypothesis
import hypothesis.strategies as st
import numpy as np
import serving_cases
import tensorflow as tf
from PIL import Image
from serving_cases import b64
from tensorflow_serving.apis import predict_pb2

_WORDS = ("instances", "inputs", "signature_name", "b64", "images", "image_bytes", "styles",
          "restore_bytes", "serving_default", "describe", "names", "outputs")  # fmt: skip
_KEYS = st.sampled_from(_WORDS) | st.text(max_size=5)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=30,
)  # fmt: skip


def _files():
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (24, 20, 3)).astype("uint8"))
    found = []
    for mode in ("RGB", "L", "CMYK", "RGBA", "P", "1"):
        for kind in ("PNG", "JPEG"):
            if (mode, kind) in (("CMYK", "PNG"), ("RGBA", "JPEG"), ("P", "JPEG"), ("1", "JPEG")):
                continue
            file = io.BytesIO()
            image.convert(mode).save(file, kind)
            found.append(file.getvalue())
    return found


@st.composite
def broken_files(draw):
    """Image files with some bytes changed, removed or added."""
    contents = bytearray(draw(st.sampled_from(_files())))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(contents)))
        what = draw(st.sampled_from(("change", "cut", "add", "drop")))
        some = draw(st.binary(min_size=1, max_size=8))
        if what == "cut":
            contents = contents[:place] or bytearray(b"x")
        elif what == "add":
            contents[place:place] = some
        else:
            contents[place : place + len(some)] = some if what == "change" else b""
    return bytes(contents)


@st.composite
def bodies(draw):
    """Bodies of REST predictions: no JSON, other JSON, and JSON that is nearly right."""
    kind = draw(st.sampled_from(("bytes", "json", "inputs", "files")))
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    if kind == "json":
        contents = draw(_JSON)
    elif kind == "inputs":
        contents = {draw(st.sampled_from(("inputs", "instances"))): draw(_JSON)}
        contents["signature_name"] = draw(st.sampled_from(_WORDS))
    else:
        files = draw(st.lists(broken_files(), min_size=1, max_size=3))
        contents = {"signature_name": "restore_bytes", "instances": [b64(each) for each in files]}
    return json.dumps(contents).encode()


@st.composite
def messages(draw):
    """Bytes of gRPC predictions: no message, and tensors of any kind."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    request = predict_pb2.PredictRequest()
    request.model_spec.name = draw(st.sampled_from(("dim", "mean", "none")))
    request.model_spec.signature_name = draw(st.sampled_from((*_WORDS, "")))
    for name in draw(st.lists(st.sampled_from(_WORDS), max_size=3)):
        tensor = request.inputs[name]
        tensor.dtype = draw(st.integers(0, 24))
        for size in draw(st.lists(st.integers(-2, 2**40), max_size=4)):
            tensor.tensor_shape.dim.add().size = size
        tensor.tensor_content = draw(st.binary(max_size=64))
        tensor.float_val.extend(draw(st.lists(st.floats(width=32), max_size=4)))
        tensor.string_val.extend(draw(st.lists(broken_files(), max_size=2)))
    return request.SerializeToString()


class Fuzzer:
    """Sends requests and sees to it that each is answered as it should be.

    Args:
        client: `serving_cases.Client`.

    Attributes:
        answers: `collections.Counter` of how they were answered.
    """

    def __init__(self, client):
        self._client = client
        self._predict = client.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        self.answers = collections.Counter()

    def rest(self, body, model="dim"):
        """One request by REST."""
        reply = self._client.rest.post(f"/v1/models/{model}:predict", content=body)
        self.answers[f"REST {reply.status_code}"] += 1
        assert reply.status_code < 500, (reply.status_code, reply.text, body[:500])
        assert reply.status_code == 200 or reply.json()["error"], body

    def grpc(self, message):
        """One request by gRPC."""
        code, details = "OK", ""
        try:
            self._predict(message, timeout=60)
        except grpc.RpcError as error:
            code, details = error.code().name, error.details()
        # Of bytes that are no message gRPC says so by itself.
        ours = ("OK", "INVALID_ARGUMENT", "NOT_FOUND")
        assert code in ours or "deserializing" in details, (code, details, message[:500])
        self.answers[f"gRPC {code}"] += 1

    def well(self):
        """Whether the server still does its work."""
        gray = np.full((1, 2, 3, 3), 0.5, "float32")
        made = self._client.predict("dim", {"images": gray})["restored_images"]
        return np.allclose(made, 0.25) or np.allclose(made, 0.125)

    def run(self, examples, seed):
        """Send as many requests of each kind."""
        options = hypothesis.settings(
            max_examples=examples, deadline=None, database=None, derandomize=False,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        models = st.sampled_from(("dim", "mean"))
        for send in (
            hypothesis.given(bodies(), models)(lambda body, model: self.rest(body, model)),
            hypothesis.given(messages())(lambda message: self.grpc(message)),
        ):
            hypothesis.seed(seed)(options(send))()


def resident_mib(process):
    """Memory of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def main():
    """Fuzz a server in another process for some minutes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        serving_cases.write_models(folder)
        line = [
            sys.executable,
            "-m",
            "zoo",
            "serve",
            folder,
            "--grpc-port",
            "0",
            "--rest-port",
            "0",
        ]
        server = subprocess.Popen(line, stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            found = re.search(r"gRPC at (\S+), REST at (\S+)", server.stdout.readline())
            fuzzer = Fuzzer(serving_cases.Client(*found.groups()))
            end, memory, seed = time.monotonic() + 60 * minutes, [], 0
            while time.monotonic() < end:
                fuzzer.run(100, seed)
                seed += 1
                assert fuzzer.well()
                memory.append(round(resident_mib(server.pid)))
            print(json.dumps({"minutes": minutes, "answers": dict(fuzzer.answers),
                              "mib_first_tenth": int(np.median(memory[: 1 + len(memory) // 10])),
                              "mib_last_tenth": int(np.median(memory[-1 - len(memory) // 10 :]))},
                             indent=2))  # fmt: skip
            assert server.poll() is None
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tf.get_logger().setLevel("ERROR")
    main()
