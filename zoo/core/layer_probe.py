"""Measures what a layer of unknown type looks at, by running it on small arrays."""

import dataclasses
import json
import math
from fractions import Fraction
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

_UNITS = (48, 96)  # side of the test images in grid units; the second for layers that reach far
_MARGIN = Fraction(10, 48)  # share of the side that border effects may take on each side
_PERIODS = (1, 2, 3, 4, 6, 8, 12, 16)
_PERTURBATIONS = (math.nan, 3.0, -3.0)


class Span(NamedTuple):
    """What elements along one axis of a tensor depend on, in pixels of an earlier tensor.

    Attributes:
        step: Pixels between two neighbouring elements.
        low: Element i depends on pixels from `i * step + low` ...
        high: ... to `i * step + high`.
        extra: Elements that the axis has beyond one for each `step` pixels.
    """

    step: Fraction = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    extra: Fraction = Fraction(0)

    def then(self, layer):
        """The span behind a layer whose own span, in elements of this tensor, is `layer`."""
        step = self.step * layer.step
        low = self.low + self.step * layer.low
        high = self.high + self.step * layer.high
        extra = self.extra / layer.step + layer.extra
        # What lies before the first or behind the last element is missing in a crop, though its
        # own pixels may be there if the layer trims its input. It counts as looking outside.
        return Span(step, min(low, step - 1), max(high, -extra * step), extra)


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


def _touches_edge(changed):
    return changed[0].any() or changed[-1].any() or changed[:, 0].any() or changed[:, -1].any()


def _outermost(ends):
    """Of several (low, high), the lowest and the highest; nothing depends on nothing."""
    lows, highs = zip(*ends, strict=True) if ends else ((Fraction(0),), (Fraction(0),))
    return min(lows), max(highs)


class _Call:
    """One call of a layer, repeatable on arrays whose sides are counted in whole units."""

    def __init__(self, node, steps):
        self.node = node
        self.steps = steps
        self._random = np.random.default_rng(0)
        self.unit = _common(step for step in steps if step is not None)
        self.extra = 0
        self.output_step = self._find_output_step()
        if self.output_step is not None:
            self.unit = _common([self.unit, self.output_step])

    def _inputs(self):
        return zip(self.node.input_tensors, self.steps, strict=True)

    def _find_output_step(self):
        """From shapes alone, so that it costs nothing to ask for large images."""
        sizes = []
        for units in (5040, 10080):  # divisible by all strides in use
            specs = {
                id(t): keras.KerasTensor(self._shape(t, s, units), t.dtype)
                for t, s in self._inputs()
            }
            args, kwargs = self.node.arguments.fill_in(specs)
            output = self.node.operation.compute_output_spec(*args, **kwargs)
            shapes = [tensor.shape for tensor in keras.tree.flatten(output)]
            if any(len(shape) != 4 or None in shape[1:3] for shape in shapes):
                return None
            sizes.append([shape[1] for shape in shapes])
        # The difference, because padding and cropping add a constant.
        gains = {large - small for small, large in zip(*sizes, strict=True)}
        gain = gains.pop()
        if gains or gain == 0:
            return None
        self.extra = sizes[0][0] - gain
        return 5040 * self.unit / gain

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
        reached = [], []  # (low, high) for each axis and place
        start = int(units // 2 * self.unit / step)
        for place in range(start, start + int(period * self.unit / step)):
            changed = self._changed_by(tensor, place, units)
            if _touches_edge(changed):
                return None
            for axis, indices in enumerate(np.nonzero(changed)):
                if len(indices):
                    ends = int(indices.max()), int(indices.min())
                    reached[axis].append([place - end * stride for end in ends])
        return tuple(Span(stride, *_outermost(axis), Fraction(self.extra)) for axis in reached)

    def _changed_by(self, tensor, place, units):
        """Map (height, width) of the output elements that input element (place, place) changes."""
        values = self._values(units)
        original = values[id(tensor)]
        # One image at a time: attention needs memory for the square of the number of pixels.
        base = self._run(values)
        tolerance = 1e-5 * np.nanmax(np.abs(base), initial=1e-30)
        changed = np.zeros(base.shape[1:3], bool)
        for change in _PERTURBATIONS:
            values[id(tensor)] = original.copy()
            values[id(tensor)][0, place, place] += change
            same = np.isclose(self._run(values), base, rtol=0, atol=tolerance, equal_nan=True)
            changed |= ~same.all(axis=(0, 3))
            if _touches_edge(changed):
                break
        return changed

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
