"""`zoo demo`: the page on which photographs are restored in a browser."""

import signal
import threading

from zoo.demo.workshop import Workshop


def demo(presets=None, host="127.0.0.1", port=7860, tile=None):
    """Serve the page until SIGINT or SIGTERM.

    Args:
        presets: Names or folders of presets; all if empty.
        host: String.
        port: Integer.
        tile: As of `zoo.restore`.

    Raises:
        ValueError: If what the page needs is not installed.
    """
    try:
        from zoo.demo.page import launched
    except ImportError as error:
        raise ValueError(
            f"`zoo demo` needs more: pip install 'keras-gan-zoo[demo]'. Missing: {error.name}"
        ) from error
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with launched(Workshop(presets or None, tile), host, port) as address:
        print(f"Open {address} in a browser; Ctrl-C ends it.", flush=True)
        ended.wait()
