"""Requests that arrive together are run together."""

import threading

import numpy as np

from export.serve.errors import RequestError


class Batcher:
    """Runs requests of the same signature and shapes as one, in the thread of the first of them.

    Args:
        max_size: Integer, examples in a batch. Defaults to 8.
        timeout_seconds: Float, how long the first request waits for others. Defaults to 0.005.
    """

    def __init__(self, max_size=8, timeout_seconds=0.005):
        self.max_size, self.timeout_seconds = max_size, timeout_seconds
        self._open, self._lock = {}, threading.Lock()

    def run(self, key, function, inputs):
        """Run a request, alone or with others of its key.

        Args:
            key: What requests that may share a batch have in common, hashable.
            function: Function of a dict of arrays to a dict of arrays, with as many examples.
            inputs: Dict of arrays whose first dimension counts examples.

        Returns:
            Dict of arrays, of the examples of `inputs`.
        """
        shapes = tuple((name, x.dtype.str, x.shape[1:]) for name, x in sorted(inputs.items()))
        counts = {len(x) for x in inputs.values()}
        if len(counts) != 1 or counts == {0} or max(counts) >= self.max_size:
            return function(inputs)
        key, (count,) = (key, shapes), counts
        with self._lock:
            batch = self._open.get(key)
            leads = batch is None or batch.count + count > self.max_size
            if leads:
                batch = self._open[key] = _Batch()
            place = batch.add(inputs, count)
            if batch.count >= self.max_size:
                batch.full.set()
        if leads:
            batch.full.wait(self.timeout_seconds)
            with self._lock:
                if self._open.get(key) is batch:
                    del self._open[key]
            batch.run(function)
        return batch.result(place, function)


class _Batch:
    """Requests that wait for each other."""

    def __init__(self):
        self.count = 0
        self.full, self._done = threading.Event(), threading.Event()
        self._inputs, self._places, self._outputs = [], [], None

    def add(self, inputs, count):
        """Take a request; returns its place."""
        self._inputs.append(inputs)
        self._places.append(slice(self.count, self.count + count))
        self.count += count
        return len(self._inputs) - 1

    def run(self, function):
        """Run all of them."""
        try:
            if len(self._inputs) > 1:
                together = {name: np.concatenate([each[name] for each in self._inputs])
                            for name in self._inputs[0]}  # fmt: skip
                outputs = function(together)
                if all(len(x) == self.count for x in outputs.values()):
                    self._outputs = outputs
        except RequestError:
            pass  # one of them is at fault: each is run for itself
        finally:
            self._done.set()

    def result(self, place, function):
        """What became of one of them."""
        self._done.wait()
        if self._outputs is None:
            return function(self._inputs[place])
        return {name: x[self._places[place]] for name, x in self._outputs.items()}
