"""Measures what a layer of unknown type looks at, by running it on small arrays."""

import dataclasses
import json
import math
from fractions import Fraction
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

_UNITS = (48, 144)  # side of the test images in grid units; the second for layers that reach far
_MARGIN = Fraction(10, 48)  # share of the side that border effects may take on each side
_PERIODS = (1, 2, 3, 4, 6, 8, 12, 16)
_PERTURBATIONS = (3.0, -3.0, math.nan)


class Span(NamedTuple):
    """Element i along one axis depends on the elements `i * step + low` to `i * step + high`."""

    step: Fraction
    low: Fraction
    high: Fraction

    def then(self, other):
        """The span of `other` applied to what this span describes."""
        low = self.low + self.step * other.low
        high = self.high + self.step * other.high
        # Cropping may move an element off its own place. The place still counts: a tensor is
        # cut and padded there, wherever its contents come from.
        return Span(self.step * other.step, min(low, Fraction(0)), max(high, Fraction(0)))


@dataclasses.dataclass(frozen=True)
class Probe:
    """What a layer looks at.

    Attributes:
        spans: For each input its (height, width) spans, or `None` for an input without height
            and width; `None` if the output has no size proportional to the inputs'.
        multiple: Pixels of the network's input after which the layer's behaviour repeats.
        is_local: False if an output element depends on the whole image or on its own place.
    """

    spans: tuple[tuple[Span, Span] | None, ...] | None
    multiple: int = 1
    is_local: bool = True


def signature(node, steps):
    """A hashable key that calls which look at the same places share, or `None`.

    Args:
        node: Keras graph node.
        steps: As for `probe`.
    """
    layer = node.operation
    arguments = keras.tree.flatten([node.arguments.args, node.arguments.kwargs])
    if not isinstance(layer, keras.Layer) or len(arguments) != len(node.input_tensors):
        return None
    try:
        config = {k: v for k, v in layer.get_config().items() if k not in ("name", "trainable")}
    except NotImplementedError:  # Keras requires a config only of layers that are saved
        return None
    shapes = tuple(tuple(tensor.shape) for tensor in node.input_tensors)
    return type(layer), json.dumps(config, sort_keys=True, default=repr), shapes, steps


def probe(node, steps):
    """Finds the stride, reach and period of one layer call by running it.

    The size of the output for large inputs gives the stride. Single elements of the inputs are
    then changed, by plus and minus 3 and to NaN: outputs that change depend on them. NaN crosses
    weights that are zero and activations that are saturated; the finite changes cross comparisons,
    which may ignore NaN. Finally the layer must give the same on a shifted crop: the smallest shift
    for which it does is its period, and a layer without one knows its absolute place.

    Args:
        node: Keras graph node; its operation is called on arrays, on the CPU.
        steps: Tuple with, for each input tensor, the pixels of the network's input between two of
            its elements (a `Fraction`), or `None` for a tensor without height and width.

    Returns:
        A `Probe`.

    Raises:
        ValueError: If the layer cannot be run on test images.
    """
    call = _Call(node, steps)
    try:
        with tf.device("/CPU:0"):
            return _measure(call)
    except (tf.errors.OpError, TypeError, ValueError) as error:
        raise ValueError(
            f"Layer '{node.operation.name}' of type {type(node.operation).__name__} cannot be run "
            "on test images, so its receptive field is unknown. Check the layer's `call` and "
            f"`compute_output_shape`, or use standard layers. Received: {error}"
        ) from error


def _measure(call):
    if call.output_step is None:
        return Probe(None, is_local=False)
    for units in _UNITS:
        if call.reach(units, 1) is None:
            continue
        period = next((p for p in _PERIODS if call.repeats(units, p)), None)
        spans = None if period is None else call.reach(units, period)
        if spans is not None:
            return Probe(spans, multiple=(period * call.unit).numerator)
    blind = tuple(
        step and (Span(call.output_step / step, Fraction(0), Fraction(0)),) * 2
        for step in call.steps
    )
    return Probe(blind, multiple=call.unit.numerator, is_local=False)


def _common(fractions):
    """The smallest length that holds a whole number of each of these lengths."""
    fractions = list(fractions)
    numerator = math.lcm(*(f.numerator for f in fractions))
    return Fraction(numerator, math.gcd(*(f.denominator for f in fractions)))


class _Call:
    """One call of a layer, repeatable on arrays whose sides are counted in whole units."""

    def __init__(self, node, steps):
        self.node = node
        self.steps = steps
        self._random = np.random.default_rng(0)
        self.unit = _common(step for step in steps if step is not None)
        self.output_step = self._find_output_step()
        if self.output_step is not None:
            self.unit = _common([self.unit, self.output_step])

    def _inputs(self):
        return zip(self.node.input_tensors, self.steps, strict=True)

    def _find_output_step(self):
        """From shapes alone, so that it costs nothing to ask for large images."""
        sizes = []
        for units in (5040, 10080):  # divisible by all strides in use
            specs = {id(t): keras.KerasTensor(self._shape(t, s, units), t.dtype)
                     for t, s in self._inputs()}
            args, kwargs = self.node.arguments.fill_in(specs)
            output = self.node.operation.compute_output_spec(*args, **kwargs)
            shapes = [tensor.shape for tensor in keras.tree.flatten(output)]
            if any(len(shape) != 4 or None in shape[1:3] for shape in shapes):
                return None
            sizes.append([shape[1] for shape in shapes])
        # The difference, because padding and cropping add a constant.
        gains = {large - small for small, large in zip(*sizes, strict=True)}
        gain = gains.pop()
        return None if gains or gain == 0 else 5040 * self.unit / gain

    def _shape(self, tensor, step, units):
        side = None if step is None else int(units * self.unit / step)
        return (1, *(size or side or 1 for size in tensor.shape[1:]))

    def _values(self, units):
        return {
            id(t): self._random.uniform(-1, 1, self._shape(t, s, units)) for t, s in self._inputs()
        }

    def _run(self, values):
        tensors = {id(t): tf.constant(values[id(t)], t.dtype) for t in self.node.input_tensors}
        args, kwargs = self.node.arguments.fill_in(tensors)
        output = keras.tree.flatten(self.node.operation(*args, **kwargs))[0]
        return tf.cast(output, tf.float32).numpy()

    def reach(self, units, period):
        """The spans of every input, or `None` if an element reaches the edge of the test image."""
        spans = []
        for tensor, step in self._inputs():
            spans.append(None if step is None else self._reach_of(tensor, step, units, period))
            if step is not None and spans[-1] is None:
                return None
        return tuple(spans)

    def _reach_of(self, tensor, step, units, period):
        stride = self.output_step / step
        low, high = [[], []], [[], []]
        start = int(units // 2 * self.unit / step)
        for place in range(start, start + int(period * self.unit / step)):
            changed = self._changed_by(tensor, place, units)
            for axis, touched in enumerate((changed.any(axis=1), changed.any(axis=0))):
                indices = np.flatnonzero(touched)
                if not len(indices):
                    continue
                if indices[0] == 0 or indices[-1] == len(touched) - 1:
                    return None
                low[axis].append(place - int(indices[-1]) * stride)
                high[axis].append(place - int(indices[0]) * stride)
        none = Fraction(0)  # no output depends on this input
        return tuple(
            Span(stride, min(low[axis], default=none), max(high[axis], default=none))
            for axis in range(2)
        )

    def _changed_by(self, tensor, place, units):
        """Map (height, width) of the output elements that input element (place, place) changes."""
        values = self._values(units)
        batch = {k: np.repeat(v, 1 + len(_PERTURBATIONS), axis=0) for k, v in values.items()}
        for row, change in enumerate(_PERTURBATIONS, start=1):
            batch[id(tensor)][row, place, place] += change
        base, *others = self._run(batch)
        tolerance = 1e-5 * np.nanmax(np.abs(base), initial=1e-30)
        same = [np.isclose(y, base, rtol=0, atol=tolerance, equal_nan=True) for y in others]
        return ~np.all(same, axis=(0, 3))

    def repeats(self, units, period):
        """Whether the layer gives the same on a crop that starts `period` units further on."""
        large = self._values(units + period)

        def crop(start):
            windows = {}
            for tensor, step in self._inputs():
                value = large[id(tensor)]
                if step is not None:
                    first, size = int(start * self.unit / step), int(units * self.unit / step)
                    value = value[:, first : first + size, first : first + size]
                windows[id(tensor)] = value
            return self._run(windows)[0]

        first, second = crop(0), crop(period)
        shift, margin = (int(n * self.unit / self.output_step) for n in (period, units * _MARGIN))
        stop = len(first) - margin
        first = first[margin + shift : stop, margin + shift : stop]
        second = second[margin : stop - shift, margin : stop - shift]
        tolerance = 1e-4 * np.nanmax(np.abs(first), initial=1e-30)
        return np.allclose(first, second, rtol=0, atol=tolerance, equal_nan=True)
