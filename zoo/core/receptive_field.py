"""How far, and on which grid, an image network looks: what exact tiling has to know."""

import dataclasses
import math
from fractions import Fraction
from typing import NamedTuple

import keras

from zoo.core import layer_probe
from zoo.core.layer_probe import Span


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """What one output pixel of an image-to-image network depends on.

    Attributes:
        radius: Pixels of the input around an output pixel's place that can change it, at
            least 0; `math.inf` if a layer looks at the whole image.
        multiple: The input's height and width must be multiples of this many pixels (8 for a
            U-net that halves three times), and a crop must start at a multiple of it to be
            computed as part of the whole.
        scale: Output pixels for each input pixel along each side: an `int`, or a `Fraction`
            if the output is smaller than the input or the ratio is not whole.
        global_layers: Names of the layers that see the whole image, such as instance
            normalization and global pooling, in the order in which they are met.
    """

    radius: int | float
    multiple: int
    scale: int | Fraction
    global_layers: tuple[str, ...] = ()

    @property
    def is_finite(self):
        """Whether tiles with enough overlap give exactly what the whole image gives."""
        return math.isfinite(self.radius)


class _Extent(NamedTuple):
    """What a tensor of the graph sees; `spans` is (height, width), or None if it has neither."""

    spans: tuple[Span, Span] | None
    global_layers: tuple[str, ...] = ()


def receptive_field(model):
    """Computes the receptive field, size multiple and scale of a convolutional network.

    The graph of the model is walked once. For each tensor, the walk keeps the interval of input
    pixels that an element depends on and the step between neighbouring elements, in exact
    fractions. Standard Keras layers are computed from their configuration. A layer of any
    other type is run on small arrays and its outputs are compared, see `layer_probe.probe`.

    Args:
        model: Functional or sequential `keras.Model` with one image input of shape
            `(batch, height, width, channels)` and one image output.

    Returns:
        A `ReceptiveField`.

    Raises:
        ValueError: If `model` has no graph, more than one input or output, or an output that is
            not an image whose size is proportional to the input's.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> x = keras.layers.Conv2D(8, 3, padding="same")(inputs)
    >>> outputs = keras.layers.Conv2D(3, 5, padding="same")(x)
    >>> receptive_field(keras.Model(inputs, outputs)).radius
    3

    Reference:
        [Computing Receptive Fields of Convolutional Neural Networks](
        https://distill.pub/2019/computing-receptive-fields), equations 1 to 6, extended here
        to upsampling, transposed convolution, unequal paths and layers known only by running.
    """
    graph = _graph(model)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ValueError(
            "`model` must have exactly one input and one output. "
            f"Received: {len(graph.inputs)} inputs and {len(graph.outputs)} outputs. "
            "Pass the image-to-image part of the network."
        )
    walk = _Walk()
    (extent,) = walk.run(graph, [_Extent((Span(), Span()))])
    if extent.spans is None:
        raise ValueError(
            "`model` must map an image to an image whose size is proportional to its input's. "
            f"Received: a model whose output has shape {tuple(graph.outputs[0].shape)}, "
            f"through {', '.join(extent.global_layers) or 'layers without a spatial grid'}. "
            "Use a network without fixed sizes between its input and its output."
        )
    return _summary(extent, walk.multiple)


def _summary(extent, multiple):
    """Turns the output's intervals into a radius: the margin that a crop needs on each side."""
    height, width = extent.spans
    if height.step != width.step:
        raise ValueError(
            "`model` must scale height and width by the same factor. "
            f"Received: {1 / height.step} and {1 / width.step}."
        )
    # Cut the image at pixel c. The output elements from c / step on depend on pixels from c + low
    # on, those before it on pixels up to c - step + high; pixels are whole.
    reaches = [(-span.low, span.high + 1 - span.step) for span in extent.spans]
    radius = max(0, *(math.floor(reach) for pair in reaches for reach in pair))
    scale = 1 / height.step
    return ReceptiveField(
        radius=math.inf if extent.global_layers else radius,
        multiple=multiple,
        scale=int(scale) if scale.denominator == 1 else scale,
        global_layers=extent.global_layers,
    )


def _graph(model):
    """The object that holds the nodes: the model itself, or what a sequential model wraps."""
    graph = model
    if isinstance(model, keras.Sequential):
        graph = getattr(model, "_functional", None)
    if not hasattr(graph, "_nodes_by_depth"):
        raise ValueError(
            "`model` must be a functional `keras.Model`, built from `keras.Input`, so that its "
            f"layers can be walked. Received: {model!r} of type {type(model).__name__}. "
            "For an adversarial model pass its `inference_network`."
        )
    return graph


def nodes_in_order(model):
    """Yields the layer calls of a functional model, each after the calls that feed it.

    Args:
        model: Functional or sequential `keras.Model`.

    Yields:
        Keras graph nodes with `operation`, `input_tensors` and `outputs`.

    Raises:
        ValueError: If `model` has no graph.
    """
    nodes_by_depth = _graph(model)._nodes_by_depth
    for depth in sorted(nodes_by_depth, reverse=True):
        for node in nodes_by_depth[depth]:
            if node.operation is not None and not node.is_input:
                yield node


class _Walk:
    """Carries extents through a graph and collects the size multiple that it needs."""

    def __init__(self):
        self.multiple = 1
        self._probed = {}

    def run(self, graph, input_extents):
        extents = {id(t): extent for t, extent in zip(graph.inputs, input_extents, strict=True)}
        for node in nodes_in_order(graph):
            sources = [extents[id(tensor)] for tensor in node.input_tensors]
            for tensor, extent in zip(node.outputs, self._visit(node, sources), strict=True):
                extents[id(tensor)] = extent
                self._require_whole(extent)
        return [extents[id(tensor)] for tensor in graph.outputs]

    def _require_whole(self, extent):
        for span in extent.spans or ():
            # A tensor with one element for p / q input pixels exists only for multiples of p.
            self.multiple = math.lcm(self.multiple, span.step.numerator)

    def _visit(self, node, sources):
        operation = node.operation
        if isinstance(operation, keras.Model):
            return self.run(_graph(operation), sources)
        _refuse_channels_first(operation)
        seen = tuple(dict.fromkeys(name for s in sources for name in s.global_layers))
        spatial = [source for source in sources if source.spans is not None]
        if not spatial:
            return [_Extent(None, seen) for _ in node.outputs]
        if type(operation) in _WHOLE_IMAGE:
            return [_Extent(None, (*seen, operation.name))]
        rule = _RULES.get(type(operation), lambda layer: None)
        spans = rule(operation)
        if spans is None:
            return self._by_probe(node, sources, seen)
        return [_merged([_after(source, spans) for source in spatial], seen, operation)]

    def _by_probe(self, node, sources, seen):
        result = self._probe_once(node, sources)
        self.multiple = math.lcm(self.multiple, result.multiple)
        names = seen if result.is_local else (*seen, node.operation.name)
        if result.spans is None:
            return [_Extent(None, names) for _ in node.outputs]
        pairs = zip(sources, result.spans, strict=True)
        placed = [_after(source, spans) for source, spans in pairs if spans]
        return [_merged(placed, names, node.operation) for _ in node.outputs]

    def _probe_once(self, node, sources):
        """Networks repeat their blocks: equal calls are measured once."""
        steps = tuple(source.spans and source.spans[0].step for source in sources)
        key = layer_probe.signature(node, steps)
        if key is None:
            return layer_probe.probe(node, steps)
        if key not in self._probed:
            self._probed[key] = layer_probe.probe(node, steps)
        return self._probed[key]


def _after(source, layer_spans):
    """The spans of a layer's output, as intervals of the network's input."""
    return tuple(mine.then(layer) for mine, layer in zip(source.spans, layer_spans, strict=True))


def _merged(placed, global_layers, operation):
    """Joins the spans that several inputs give to one output."""
    spans = []
    for axis in zip(*placed, strict=True):
        if len({span.step for span in axis}) > 1:
            raise ValueError(
                f"Layer '{operation.name}' joins tensors of different resolution. Received: "
                f"steps of {', '.join(str(span.step) for span in axis)} input pixels."
            )
        low, high = min(span.low for span in axis), max(span.high for span in axis)
        spans.append(Span(axis[0].step, low, high, min(span.extra for span in axis)))
    return _Extent(tuple(spans), global_layers)


def _refuse_channels_first(layer):
    if getattr(layer, "data_format", None) == "channels_first":
        raise ValueError(
            "`model` must use the channels_last data format. Received: layer "
            f"'{layer.name}' with data_format='channels_first'."
        )


_SAME = (Span(), Span())


def _span(stride, low, high, extra=0):
    return Span(Fraction(stride), Fraction(low), Fraction(high), Fraction(extra))


def _windows(sizes, strides, padding, dilations=(1, 1)):
    """Spans of a layer that slides a window; None if its padding has another meaning."""
    if padding not in ("same", "valid"):
        return None
    spans = []
    for size, stride, dilation in zip(sizes, strides, dilations, strict=True):
        reach = (size - 1) * dilation
        # "same" puts the smaller half of the padding first; sizes are multiples of the stride.
        before = max(reach + 1 - stride, 0) // 2 if padding == "same" else 0
        lost = Fraction(reach, stride) if padding == "valid" else 0
        spans.append(_span(stride, -before, reach - before, -lost))
    return tuple(spans)


def _convolution(layer):
    return _windows(layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate)


def _pooling(layer):
    return _windows(layer.pool_size, layer.strides, layer.padding)


def _transposed(layer):
    if layer.output_padding is not None or layer.padding != "same":
        return None
    spans = []
    axes = zip(layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    for size, stride, dilation in axes:
        reach = (size - 1) * dilation
        if dilation != 1 and stride != 1:
            return None
        before = max(reach + 1 - stride, 0) // 2
        spans.append(
            _span(Fraction(1, stride), Fraction(before - reach, stride), Fraction(before, stride))
        )
    return tuple(spans)


def _upsampling(layer):
    if layer.interpolation != "nearest":
        return None
    return tuple(_span(Fraction(1, n), Fraction(1 - n, n), 0) for n in layer.size)


def _padding(layer):
    return tuple(_span(1, -before, -before, before + after) for before, after in layer.padding)


def _cropping(layer):
    return tuple(_span(1, before, before, -before - after) for before, after in layer.cropping)


def _along_channels(layer):
    axis = layer.axis
    axes = tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)
    return _SAME if axes in ((-1,), (3,)) else None


_L = keras.layers
_POINTWISE = (
    _L.Activation, _L.ReLU, _L.LeakyReLU, _L.PReLU, _L.ELU, _L.Identity, _L.Dense,
    _L.Rescaling, _L.Dropout, _L.SpatialDropout2D, _L.GaussianDropout, _L.GaussianNoise,
    _L.Add, _L.Subtract, _L.Multiply, _L.Average, _L.Maximum, _L.Minimum,
)  # fmt: skip
_WHOLE_IMAGE = (_L.GlobalAveragePooling2D, _L.GlobalMaxPooling2D, _L.Flatten)
# Exact types only: a subclass may compute something else, so it is probed.
_RULES = {
    **{kind: lambda layer: _SAME for kind in _POINTWISE},
    **{kind: _along_channels for kind in
       (_L.BatchNormalization, _L.LayerNormalization, _L.UnitNormalization, _L.Softmax,
        _L.Concatenate)},
    **{kind: _convolution for kind in (_L.Conv2D, _L.DepthwiseConv2D, _L.SeparableConv2D)},
    **{kind: _pooling for kind in (_L.MaxPooling2D, _L.AveragePooling2D)},
    _L.Conv2DTranspose: _transposed,
    _L.UpSampling2D: _upsampling,
    _L.ZeroPadding2D: _padding,
    _L.Cropping2D: _cropping,
}  # fmt: skip
