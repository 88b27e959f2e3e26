"""What goes wrong between a client and a server."""

import re

_TOO_MANY_PIXELS = re.compile(r"too many pixels.*at most (\d+)")
_AGAIN = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED")


class ServingError(OSError):
    """A request that a server refused, or that did not reach it.

    Args:
        code: Name of the gRPC status, such as `"INVALID_ARGUMENT"`, also of REST's errors.
        message: What the server said.

    Attributes:
        code: See above.
        message: See above.
        again: Whether the same request may succeed later: the server is not there, or busy.
        max_pixels: Most pixels of a file that the model takes, if there were more; else `None`.
    """

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message
        # A message of this kind stays too long, however often it is sent.
        self.again = code in _AGAIN and "larger than max" not in message
        found = _TOO_MANY_PIXELS.search(message)
        self.max_pixels = int(found[1]) if found else None
