"""What the timing benchmarks share: workers that take turns, medians, and the record of a run."""

import contextlib
import datetime
import importlib
import importlib.metadata
import json
import multiprocessing
import os
import platform
import shlex
import statistics
import sys
import traceback
from pathlib import Path

# Libraries read these when they are imported, so they are set before a worker starts.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def cores():
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


class Worker:
    """A contender in a process of its own, which computes only while `call` waits for it.

    Thread pools of two frameworks in one process disturb each other; in two processes of which
    one sleeps they do not.

    Args:
        factory: `"module:name"` of a function or class; imported and called in the new process, so
            that this one need not import any framework.
        *args: Its arguments.
        threads: Integer, threads of every library in the process. Defaults to all cores.
        **kwargs: Its keyword arguments.
    """

    def __init__(self, factory, *args, threads=None, **kwargs):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, factory, args, kwargs))
        with _environment(threads or cores()):
            self._process.start()
        theirs.close()
        self.receive()

    def call(self, method, *args):
        """Return `method(*args)` of the object that the factory made."""
        self.send(method, *args)
        return self.receive()

    def send(self, method, *args):
        """Start `method(*args)`; its value is to be received before the next one starts."""
        self._pipe.send((method, args))

    def receive(self):
        """Wait for the value of what `send` started."""
        try:
            failure, value = self._pipe.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"A worker died, exit code {self._process.exitcode}.") from None
        if failure:
            raise RuntimeError(f"A worker failed:\n{failure}")
        return value

    def fileno(self):
        """File to wait for with `multiprocessing.connection.wait`, ready when a value is."""
        return self._pipe.fileno()

    def close(self):
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(None)
        self._process.join()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def in_process(function, *args, **kwargs):
    """Return what `"module:function"` returns, computed in a process that ends with it."""
    with Worker("timing:Once", function, args, kwargs) as worker:
        return worker.call("result")


class Once:
    """Holds what a function returned."""

    def __init__(self, function, args, kwargs):
        self._value = _load(function)(*args, **kwargs)

    def result(self):
        """Return it."""
        return self._value


def _load(path):
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _serve(pipe, factory, args, kwargs):
    try:
        served = _load(factory)(*args, **kwargs)
        pipe.send((None, None))
        while (request := pipe.recv()) is not None:
            method, arguments = request
            pipe.send((None, getattr(served, method)(*arguments)))
    except (EOFError, KeyboardInterrupt):
        return
    except BaseException:
        pipe.send((traceback.format_exc(), None))


@contextlib.contextmanager
def _environment(threads):
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Comparisons on the CPU: an accelerator would only serve the framework that finds it.
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def alternate(measures, rounds):
    """Measure in turns, so that a slow minute of the machine hits all contenders.

    Args:
        measures: Dict of name to a function without arguments that returns a number.
        rounds: Integer; each round calls every function once, in a rotated order.

    Returns:
        Dict of name to the list of numbers, one a round.
    """
    names, results = list(measures), {name: [] for name in measures}
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            results[name].append(measures[name]())
    return results


def summary(values, digits=4):
    """Return the median of `values` and what it was taken from, `digits` significant digits."""
    rounded = [float(f"{value:.{digits}g}") for value in values]
    return {"median": statistics.median(rounded), "rounds": rounded}


def record(name, protocol, packages, **results):
    """Return the JSON record of a benchmark: protocol, machine, versions, command, results.

    Args:
        name: Of the benchmark.
        protocol: Dict of plain values: how it was measured.
        packages: Names of the distributions whose versions matter.
        **results: Plain values.
    """
    versions = {package: importlib.metadata.version(package) for package in packages}
    return {
        "benchmark": name,
        "command": shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "machine": machine(),
        "versions": {"python": platform.python_version(), **versions},
        "protocol": protocol,
        **results,
    }


def opencv_distribution():
    """Return under which name OpenCV is installed."""
    return importlib.metadata.packages_distributions()["cv2"][0]


def machine():
    """Return what decides how fast this machine computes."""
    name, flags = _cpu()
    return {
        "cpu": name,
        "cores": cores(),
        "avx512": "avx512f" in flags,
        "amx_bf16": "amx_bf16" in flags,
        "system": f"{platform.system()} {platform.machine()}",
        "memory_gib": _memory_gib(),
    }


def _cpu():
    fields = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    return fields.get("model name", platform.processor()), set(fields.get("flags", "").split())


def _memory_gib():
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def write_json(path, data):
    """Write `data` under another name, and rename it when complete."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(json.dumps(data, indent=2) + "\n")
    os.replace(temporary, path)
