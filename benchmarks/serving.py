"""Load `zoo serve` on this machine: throughput, latency, batching, and reloads under mixed load.

The server is a process of its own on the loopback interface; so is what it is compared with, the
same SavedModel called in the process of the clients. Writes `benchmarks/results/serving.json`.

    python benchmarks/serving.py
    python benchmarks/serving.py --minutes 10   # with mixed load and hot reloads
"""

import argparse
import concurrent.futures
import contextlib
import functools
import io
import itertools
import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import skimage.data
import tensorflow as tf
from PIL import Image
from timing import record, write_json

import export
import zoo
from export.client import ServingError, connect
from export.saved_model import versions

RESULTS = Path(__file__).resolve().parent / "results" / "serving.json"
_SIZES, _CLIENTS = (128, 512), (1, 4, 16)
_ROUNDS, _RELOAD_SECONDS = 2, 30
_MODEL = "served"


def main():
    """Parse arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="srresnet_x2")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--minutes", type=float, default=0.0, help="of mixed load; 0: none")
    parser.add_argument("--only", choices=("load", "batching", "mixed"), help="the rest stays")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    protocol = {
        "preset": arguments.preset,
        "seconds": arguments.seconds,
        "rounds": _ROUNDS,
        "ways": "in process: the SavedModel called by as many threads, one at a time; "
        "gRPC floats: serving_default; REST files: restore_bytes, PNG",
    }
    result = record("serving", protocol, ("tensorflow", "grpcio", "starlette", "uvicorn"))
    with tempfile.TemporaryDirectory() as folder:
        model = zoo.from_preset(arguments.preset)
        sizes = dict(warmup=_SIZES, precision="float32")
        export.serving_bundle(model, folder, _MODEL, **sizes)
        stages = {
            "load": lambda: load(folder, arguments.seconds),
            "batching": lambda: batching(folder, arguments.seconds),
        }
        if arguments.minutes:
            stages["mixed"] = lambda: mixed(folder, 60 * arguments.minutes)
        if arguments.only:
            known = json.loads(arguments.output.read_text())
            result |= {name: known[name] for name in ("load", "batching", "mixed") if name in known}
            stages = {arguments.only: stages[arguments.only]}
        for name, measure in stages.items():
            result[name] = measure()
            write_json(arguments.output, result)


@contextlib.contextmanager
def served(folder, *options):
    """Yield the process of a server and the URLs of its model, by gRPC and by REST."""
    line = [sys.executable, "-m", "zoo", "serve", str(folder), "--grpc-port", "0"]
    server = subprocess.Popen(
        [*line, "--rest-port", "0", *options],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        grpc, rest = re.search(r"gRPC at (\S+), REST at (\S+)", server.stdout.readline()).groups()
        yield server, f"grpc://{grpc}/{_MODEL}", f"{rest}/v1/models/{_MODEL}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def picture(side):
    """A photograph as float32 `(1, side, side, 3)` in [0, 1], and as a PNG file."""
    image = Image.fromarray(skimage.data.astronaut()).resize((side, side))
    file = io.BytesIO()
    image.save(file, "PNG")
    return np.asarray(image, np.float32)[None] / 255.0, file.getvalue()


def load(folder, seconds):
    """Rows: size, clients, way, images/s, ms at the median and the 99th percentile."""
    version = str(Path(folder) / "models" / _MODEL / "1")
    signatures = tf.saved_model.load(version).signatures
    turns = threading.Lock()  # the server computes one at a time, too

    def here(name, **inputs):
        with turns:
            (output,) = signatures[name](**inputs).values()
            return output.numpy()

    rows = []
    with served(folder) as (_, grpc_url, rest_url):
        for side, clients in itertools.product(_SIZES, _CLIENTS):
            floats, file = picture(side)
            tensor, files = tf.constant(floats), tf.constant([file])
            ways = {
                "in process, floats": functools.partial(here, "serving_default", images=tensor),
                "gRPC, floats": by_floats(grpc_url, floats),
                "in process, files": functools.partial(here, "restore_bytes", image_bytes=files),
                "REST, files": by_files(rest_url, file),
            }
            rows += compared(ways, clients, seconds, side)
    return rows


def by_floats(url, floats):
    """A function that has a server restore an array; threads may share it."""
    client = connect(url)
    return lambda: client.predict({"images": floats})


def by_files(url, file):
    """A function that has a server restore a file."""
    client = connect(url)
    return lambda: client.run_files([file])


def batching(folder, seconds, side=128, clients=16):
    """Rows as of `load`, with and without requests that are run together."""
    floats, _ = picture(side)
    with served(folder) as (_, alone, _), served(folder, "--batching") as (_, together, _):
        ways = {"alone": by_floats(alone, floats), "together": by_floats(together, floats)}
        return compared(ways, clients, seconds, side)


def compared(ways, clients, seconds, side):
    """Measure ways in turns."""
    latencies, speeds = ({way: [] for way in ways} for _ in range(2))
    for _ in range(_ROUNDS):
        for way, call in ways.items():
            times, wall = hammer(call, clients, seconds / _ROUNDS)
            latencies[way] += times
            speeds[way].append(len(times) / wall)
    rows = []
    for way in ways:
        rows.append({
            "px": side,
            "clients": clients,
            "way": way,
            "requests": len(latencies[way]),
            "images_per_s": {"median": statistics.median(speeds[way]), "rounds": speeds[way]},
            "p50_ms": 1000 * float(np.percentile(latencies[way], 50)),
            "p99_ms": 1000 * float(np.percentile(latencies[way], 99)),
        })  # fmt: skip
        print(json.dumps(rows[-1]), flush=True)
    return rows


def hammer(call, clients, seconds):
    """Call a function again and again from some threads; latencies, and how long it took."""
    call()  # connects, takes memory
    began = now()

    def work():
        times = []
        while now() < began + seconds or not times:
            started = now()
            call()
            times.append(now() - started)
        return times

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(work) for _ in range(clients)]
        times = [each for run in running for each in run.result()]
    return times, now() - began


def now():
    """Seconds of a clock that only goes forwards."""
    return time.perf_counter()


def mixed(folder, seconds):
    """Requests of all kinds while versions come and go: failures, and memory at both ends."""
    models = Path(folder) / "models" / _MODEL
    stop, failures, done, memory = threading.Event(), [], [0], []
    pictures = {side: picture(side) for side in (64, 128, 200)}

    def ask(url, by_files):
        with connect(url, attempts=1) as client:
            for side in itertools.cycle(pictures):
                if stop.is_set():
                    return
                floats, file = pictures[side]
                try:
                    if by_files:
                        client.run_files([file, file])
                    else:
                        client.predict({"images": floats})
                except ServingError as error:
                    failures.append(str(error))
                done[0] += 1

    # Versions come by number, as in a folder that no configuration describes.
    (Path(folder) / "config" / "models.config").unlink()
    with served(folder) as (server, grpc_url, rest_url):
        urls = [(grpc_url, False), (rest_url, True), (grpc_url, True), (rest_url, True)]
        with concurrent.futures.ThreadPoolExecutor(len(urls)) as pool:
            asking = [pool.submit(ask, *each) for each in urls]
            end, reloads = now() + seconds, 0
            while now() < end:
                time.sleep(min(_RELOAD_SECONDS, max(end - now(), 0)))
                newest = versions(models)[-1]
                publish(models, newest)
                reloads += 1
                memory.append(resident_mib(server.pid))
            stop.set()
            for each in asking:
                each.result()
        answering = server.poll() is None
    return {
        "seconds": seconds,
        "requests": done[0],
        "failed": len(failures),
        "failures": failures[:5],
        "reloads": reloads,
        "answering_at_the_end": answering,
        "resident_mib": memory,
    }


def publish(models, newest):
    """Copy a version under the next number, and remove the one before it."""
    unfinished = models / ".writing"
    shutil.copytree(models / str(newest), unfinished)
    unfinished.rename(models / str(newest + 1))
    for old in models.iterdir():
        if old.name.isdigit() and int(old.name) < newest:
            shutil.rmtree(old)


def resident_mib(process):
    """Memory of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    return round(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)


if __name__ == "__main__":
    main()
