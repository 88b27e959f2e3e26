"""An image network wrapped to take and give pixels in an image's own dtype."""

import weakref

import keras
import numpy as np
import tensorflow as tf

from zoo.core.precision import inference_policy, with_policy
from zoo.core.receptive_field import receptive_field

_LEVELS = {"uint8": 255.0, "uint16": 65535.0}
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow converts colour to gray


def makes_colours(network):
    """Whether a network colours gray images."""
    return any(getattr(layer, "makes_colours", False) for layer in network._flatten_layers())


class TileNetwork:
    """A network with what tiling has to know about it, and its compiled functions.

    It does not keep `network` alive. Its functions use the network's own variables, in every
    precision: training on changes what they compute.

    Args:
        network: Functional `keras.Model`, `(None, None, None, C)` to an image, C 1 or 3; or with
            a mask as one more channel to an image with C, which is 1 or 3.
        precision: `"float32"` or `"bfloat16"`.
    """

    is_traced = True

    def __init__(self, network, precision):
        policy = inference_policy(precision)
        self.precision = precision
        self.field = receptive_field(network)
        channels, self.output_channels = _check_ends(network, self.field)
        self.takes_mask = channels in (2, 4)
        self.colours_gray = makes_colours(network)
        self.input_channels = channels - self.takes_mask
        self._copy = None if _computes_in(network, policy) else _shared_copy(network, policy)
        self._network = weakref.ref(network)
        self._functions = {}

    def function(self, dtype, channels, stays_gray=False):
        """The function that restores windows of an image.

        Args:
            dtype: NumPy dtype of the image.
            channels: 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGB and alpha).
            stays_gray: Bool, for RGB whose channels are alike: those of the result are, too,
                unless the network is one that colours gray images. Defaults to `False`.

        Returns:
            A `WindowFunction`, traced once for windows of any size. If the network takes a mask,
            that is the last channel of the windows, in addition to `channels`, above 0 in holes.

        Raises:
            ValueError: If the network takes gray images and the image has colour.
        """
        if self.input_channels == 1 and channels >= 3:
            raise ValueError(
                "`image` must be gray for a model with one input channel. "
                f"Received: {channels} channels. Convert it, e.g. `image.convert('L')` in PIL, or "
                "restore the channels one by one."
            )
        key = np.dtype(dtype).name, channels, stays_gray and not self.colours_gray
        if key not in self._functions:
            self._functions[key] = WindowFunction(self, *key)
        return self._functions[key]

    def tile(self, pixels):
        """Side of tiles that suits an image, or `None` for the usual one."""
        return None

    def __call__(self, images):
        """The network's output, float32, for float32 images in [-1, 1]."""
        network = self._network() if self._copy is None else self._copy
        return tf.cast(network(images, training=False), tf.float32)


class WindowFunction:
    """Restores windows of images of one dtype and channel count.

    Args:
        network: `TileNetwork`, or what stands in for one that runs elsewhere: a function of images
            with its attributes, `is_traced` being `False`.
        dtype: As of `TileNetwork.function`, like `channels` and `stays_gray`.
        channels: See there.
        stays_gray: See there.

    Attributes:
        scale: Output pixels for each input pixel along each side.
        output_channels: Channels of what it returns.
    """

    def __init__(self, network, dtype, channels, stays_gray):
        self.scale = network.field.scale
        self._has_alpha = channels in (2, 4)
        self._colours = channels - self._has_alpha
        # Gray through a colour network comes back gray; a network that colours gray is believed.
        self._to_gray = (
            self._colours == 1 and network.input_channels == 3 and not network.colours_gray
        )
        self._stays_gray = stays_gray and network.output_channels == 3
        colours = 1 if self._to_gray else network.output_channels
        self.output_channels = colours + self._has_alpha
        self._dtype = np.dtype(dtype)
        self._repeats = network.input_channels // self._colours
        self._function = self._traced(network, channels)

    def __call__(self, window):
        """Restores `window`, (height, width, channels), and returns an array of its dtype."""
        window = np.ascontiguousarray(window, self._dtype)[np.newaxis]
        restored, is_finite = self._function(tf.constant(window))
        if not is_finite:
            raise FloatingPointError(
                "`model` returned NaN or infinity. Its weights have diverged, or it does not take "
                "images in [-1, 1]; in bfloat16, try precision='float32'."
            )
        restored = restored.numpy()[0]
        expected = tuple(side * self.scale for side in window.shape[1:3])
        if restored.shape[:2] != expected:
            raise ValueError(
                f"`model` must return an image {self.scale} times larger than its input, "
                f"{expected} here. Received: {restored.shape[:2]}. Pad with 'same' inside the "
                "network, so that it keeps its borders."
            )
        return restored

    def _traced(self, network, channels):
        takes_mask = network.takes_mask

        def restore_window(window):
            given, holes = (window[..., :channels], window[..., channels:] > 0)
            levels = _LEVELS.get(self._dtype.name, 1.0)
            images = tf.cast(given, tf.float32) * (2.0 / levels) - 1.0
            colours = tf.repeat(images[..., : self._colours], self._repeats, axis=-1)
            if takes_mask:
                # What is in a hole must not reach the network, whatever it is.
                visible = tf.where(holes, 0.0, colours)
                colours = tf.concat([visible, tf.cast(holes, tf.float32)], axis=-1)
            restored = network(colours)
            is_finite = tf.reduce_all(tf.math.is_finite(restored))
            if self._to_gray and network.output_channels == 3:
                restored = tf.reduce_sum(restored * _LUMA, axis=-1, keepdims=True)
            if self._stays_gray:
                restored = tf.repeat(tf.reduce_sum(restored * _LUMA, -1, keepdims=True), 3, -1)
            if self._has_alpha:
                restored = tf.concat([restored, self._enlarged_alpha(images, restored)], axis=-1)
            restored = (tf.clip_by_value(restored, -1.0, 1.0) + 1.0) * (levels / 2.0)
            if self._dtype.kind == "u":
                restored = tf.round(restored)
            restored = tf.cast(restored, self._dtype)
            return tf.where(holes, restored, given) if takes_mask else restored, is_finite

        if not network.is_traced:
            return restore_window
        spec = tf.TensorSpec((1, None, None, channels + takes_mask), self._dtype)
        return tf.function(restore_window, autograph=False).get_concrete_function(spec)

    def _enlarged_alpha(self, images, restored):
        alpha = images[..., self._colours :]
        if self.scale == 1:
            return alpha
        return tf.image.resize(alpha, tf.shape(restored)[1:3], method="lanczos3")


def _check_ends(network, field):
    """Channels of input and output, after checks of everything else."""
    shape, output = network.inputs[0].shape, network.outputs[0].shape
    takes_mask = len(shape) == 4 and shape[3] in (2, 4) and output[3] == shape[3] - 1
    known = takes_mask or (len(shape) == 4 and shape[3] in (1, 3))
    if not known or shape[1:3] != (None, None):
        raise ValueError(
            "`model` must take images of any size: inputs of shape (None, None, None, C) with "
            "C = 1 or 3, or with a mask as one more channel. "
            f"Received: {tuple(shape)}. Build it with keras.Input((None, None, C))."
        )
    if output[3] not in (1, 3):
        raise ValueError(
            "`model` must return images of 1 or 3 channels. "
            f"Received: outputs of shape {tuple(output)}."
        )
    if not isinstance(field.scale, int):
        raise ValueError(
            "`model` must return images as large as its input or a whole number of times larger. "
            f"Received: a model that scales by {field.scale}."
        )
    return shape[3], output[3]


def _computes_in(network, policy):
    """Whether a network already does all of its work as `policy` says."""
    skip = (keras.Model, keras.layers.InputLayer)
    layers = [x for x in network._flatten_layers(include_self=False) if not isinstance(x, skip)]
    if policy == "float32":
        return all(layer.compute_dtype == "float32" for layer in layers)
    return any(layer.dtype_policy.name == policy for layer in layers)


def _shared_copy(network, policy):
    """A copy of `network` that computes under `policy` on the network's own variables."""
    copy = with_policy(network, policy)
    for mine, original in zip(copy.variables, network.variables, strict=True):
        # Below the Keras variable, which is part of the copied layer, lies the TensorFlow one.
        mine._value = original._value
    return copy
