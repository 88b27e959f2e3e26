"""Start programs for a test, wait for them with a limit, and never leave one behind."""

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def free_ports(count):
    """Return `count` different TCP ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def started(*commands, log_dir):
    """Start Python with each of `commands` (lists of arguments) in the repository's root.

    Yields a list of `subprocess.Popen` whose output is in `log_dir/N.log`; those that still run at
    the end are killed.
    """
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    processes = []
    try:
        for index, command in enumerate(commands):
            with open(Path(log_dir) / f"{index}.log", "w") as log:
                processes.append(
                    subprocess.Popen(
                        [sys.executable, *map(str, command)],
                        cwd=ROOT,
                        env=environment,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run_together(*commands, log_dir, timeout=600):
    """Run `commands` at the same time and fail with their output unless all succeed."""
    with started(*commands, log_dir=log_dir) as processes:
        for index, process in enumerate(processes):
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                code = f"none after {timeout} s"
            log = (Path(log_dir) / f"{index}.log").read_text()
            assert code == 0, f"{commands[index]}: exit code {code}\n{log[-6000:]}"
