"""The receptive field is computed, and it is the true one."""

import math
from fractions import Fraction

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from zoo.core import receptive_field as module
from zoo.core.layer_probe import probe
from zoo.core.receptive_field import receptive_field


class Unknown(layers.Layer):
    """A layer of a type that the tables do not know, around a function."""

    def __init__(self, function, shape=lambda s: s, **kwargs):
        super().__init__(**kwargs)
        self.function, self.shape = function, shape

    def call(self, inputs):
        return self.function(inputs)

    def compute_output_shape(self, input_shape):
        return self.shape(input_shape)


def model_of(*stack, channels=4):
    x = inputs = keras.Input((None, None, channels))
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, x)


def conv(size=3, **kwargs):
    return layers.Conv2D(4, size, padding="same", **kwargs)


@pytest.mark.parametrize(
    ("stack", "radius", "multiple", "scale"),
    [
        ([conv(3)], 1, 1, 1),
        ([conv(3), conv(5), conv(1)], 3, 1, 1),
        ([conv(3, dilation_rate=4)], 4, 1, 1),
        ([conv((1, 9))], 4, 1, 1),
        # Pixel 2 of a 2x nearest enlargement, convolved by 5, sees half pixels 0 to 4: pixels 0..2.
        ([layers.UpSampling2D(2), conv(5)], 1, 1, 2),
        ([layers.UpSampling2D(4), conv(3)], 1, 1, 4),
        # A 3x3 of stride 2 starts on its own pixel: pixels 0..2, and both halves of the result.
        ([conv(3, strides=2), layers.UpSampling2D(2)], 2, 2, 1),
        # A 3x3 convolution on 2x2 blocks of pixels sees a block to each side: 3 from the far pixel.
        ([layers.MaxPooling2D(2), conv(3), layers.UpSampling2D(2)], 3, 2, 1),
        ([layers.ZeroPadding2D(3), layers.Conv2D(4, 7)], 3, 1, 1),
        # Trimmed at the end, convolved and filled up again: the last 3 columns of a crop are wrong.
        ([layers.Cropping2D(((0, 2), (0, 2))), conv(3), layers.ZeroPadding2D(((0, 2), (0, 2)))],
         3, 1, 1),
        ([layers.AveragePooling2D(3, 3), layers.MaxPooling2D(2), layers.UpSampling2D(6)], 5, 6, 1),
    ],
)  # fmt: skip
def test_radius_multiple_and_scale_by_hand(stack, radius, multiple, scale):
    field = receptive_field(model_of(*stack))
    assert (field.radius, field.multiple, field.scale) == (radius, multiple, scale)


def test_u_net_with_skips_takes_the_longest_path():
    inputs = keras.Input((None, None, 3))
    a = conv()(inputs)
    b = conv(strides=2)(a)
    c = conv(strides=2)(b)
    x = layers.Concatenate()([conv()(layers.UpSampling2D(2)(c)), b])
    x = layers.Add()([conv()(layers.UpSampling2D(2)(x)), a])
    field = receptive_field(keras.Model(inputs, x))
    # To the right: 1 (a) + 2 (b) + 4 (c) and one step of 2 and 1 on the way up, counted from the
    # first of the 4 pixels that one element of c stands for; to the left: 1, 0, 0, 2, 1 and 3.
    assert (field.radius, field.multiple, field.scale) == (10, 4, 1)


KNOWN = [
    *(layers.Conv2D(2, k, strides=s, padding=p)
      for k, s in ((1, 2), (2, 2), (3, 1), (3, 2), (4, 2), (4, 3)) for p in ("same", "valid")),
    layers.Conv2D(2, 3, dilation_rate=3, padding="same"),
    layers.Conv2D(2, (5, 2), padding="same"),
    layers.DepthwiseConv2D(5, strides=2, padding="same"),
    layers.SeparableConv2D(2, 3, padding="same"),
    *(layers.Conv2DTranspose(2, k, strides=s, padding="same")
      for k, s in ((2, 2), (3, 2), (4, 2), (4, 3), (3, 1))),
    *(kind(k, strides=s, padding=p) for kind in (layers.MaxPooling2D, layers.AveragePooling2D)
      for k, s in ((2, 2), (3, 2), (5, 1)) for p in ("same", "valid")),
    layers.UpSampling2D((2, 2)), layers.UpSampling2D((3, 3)),
    layers.ZeroPadding2D(((1, 2), (3, 0))), layers.Cropping2D(((0, 2), (1, 1))),
    layers.BatchNormalization(), layers.LayerNormalization(), layers.Softmax(),
    layers.Activation("gelu"), layers.Dense(3), layers.PReLU(shared_axes=[1, 2]),
    layers.UnitNormalization(axis=-1),
]  # fmt: skip


def test_rules_agree_with_measurement():
    for layer in KNOWN:  # one test: a test for each would spend its time on cleaning up
        (node,) = module.nodes_in_order(model_of(layer))
        measured = probe(node, (Fraction(1),))
        assert measured.is_local
        for ruled, seen in zip(module._RULES[type(layer)](layer), measured.spans[0], strict=True):
            assert ruled[:3] == seen[:3], layer.get_config()
            # A rule cannot know how a size is rounded.
            assert 0 <= seen.extra - ruled.extra < 1, layer.get_config()


def attention(x):
    keys = tf.reshape(x, (tf.shape(x)[0], -1, x.shape[-1]))
    return tf.reshape(tf.nn.softmax(keys @ tf.transpose(keys, (0, 2, 1))) @ keys, tf.shape(x))


def coordinates(x):
    return x + tf.cast(tf.range(tf.shape(x)[2]), x.dtype)[None, None, :, None] * 0.01


def gate(x):
    return x * tf.sigmoid(100.0 + tf.reduce_mean(x, axis=(1, 2), keepdims=True))


@pytest.mark.parametrize(
    "layer",
    [
        layers.GroupNormalization(groups=2),
        layers.LayerNormalization(axis=(1, 2, 3), scale=False, center=False),
        Unknown(attention), Unknown(coordinates), Unknown(gate),
        Unknown(lambda x: tf.abs(tf.signal.fft2d(tf.cast(x, tf.complex64)))),
        Unknown(lambda x: tf.reverse(x, axis=[1])),
    ],
    ids=["group norm", "layer norm", "attention", "coordinates", "saturated gate", "fft", "flip"],
)  # fmt: skip
def test_layers_that_see_the_whole_image_make_the_radius_infinite(layer):
    if isinstance(layer, layers.LayerNormalization):
        layer = Unknown(layer)
    field = receptive_field(model_of(conv(), layer))
    assert math.isinf(field.radius)
    assert not field.is_finite
    assert field.global_layers == (layer.name,)


def test_squeeze_and_excitation_is_global_and_keeps_its_scale():
    inputs = keras.Input((None, None, 4))
    x = conv(strides=2)(inputs)
    pooled = layers.GlobalAveragePooling2D(keepdims=True, name="pooled")(x)
    x = layers.Multiply()([x, layers.Conv2D(4, 1, activation="sigmoid")(pooled)])
    field = receptive_field(keras.Model(inputs, layers.UpSampling2D(4)(x)))
    assert field == module.ReceptiveField(math.inf, 2, 2, ("pooled",))


def block_with_a_period(x):
    """Halves and doubles inside: same size, but right only from multiples of 2 on."""
    y = tf.nn.avg_pool2d(x, 2, 2, "VALID")
    return tf.repeat(tf.repeat(y, 2, axis=1), 2, axis=2)


def doubled(shape):
    return (shape[0], *(n and 2 * n for n in shape[1:3]), shape[3] // 4)


def quartered(shape):
    return (shape[0], *(n and n // 2 for n in shape[1:3]), shape[3] * 4)


@pytest.mark.parametrize(
    ("stack", "radius", "multiple", "scale"),
    [
        ([Unknown(lambda x: tf.nn.depth_to_space(x, 2), doubled)], 0, 1, 2),
        ([conv(), Unknown(lambda x: tf.nn.depth_to_space(x, 2), doubled)], 1, 1, 2),
        ([Unknown(lambda x: tf.nn.space_to_depth(x, 2), quartered),
          Unknown(lambda x: tf.nn.depth_to_space(x, 2), doubled)], 1, 2, 1),
        ([Unknown(block_with_a_period)], 1, 2, 1),
        ([Unknown(lambda x: tf.nn.relu(x) * 0.0)], 0, 1, 1),
        ([Unknown(lambda x: tf.nn.max_pool2d(x, 5, 1, "SAME"))], 2, 1, 1),
        # Reaches 20 pixels: further than the first test image shows.
        ([Unknown(lambda x: tf.nn.avg_pool2d(x, 41, 1, "SAME"))], 20, 1, 1),
        ([layers.UpSampling2D(2, interpolation="bilinear")], 1, 1, 2),
        ([layers.UpSampling2D(2, interpolation="bicubic")], 2, 1, 2),
        ([layers.SpectralNormalization(conv(5))], 2, 1, 1),
        ([Unknown(lambda x: tf.pad(x, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT"),
                  lambda s: (s[0], *(n and n + 4 for n in s[1:3]), s[3])),
          layers.Conv2D(3, 5)], 2, 1, 1),
    ],
)  # fmt: skip
def test_unknown_layers_are_measured(stack, radius, multiple, scale):
    field = receptive_field(model_of(*stack))
    assert (field.radius, field.multiple, field.scale) == (radius, multiple, scale)


def test_zero_weights_do_not_hide_what_a_layer_sees():
    # A residual branch that starts at zero looks local until it is trained.
    wrapped = layers.Conv2D(4, 7, padding="same", kernel_initializer="zeros")
    assert receptive_field(model_of(Unknown(wrapped))).radius == 3


def test_models_in_models_and_operators_are_walked():
    block = keras.Sequential([keras.Input((None, None, 4)), conv(3), conv(3)], name="block")
    inputs = keras.Input((None, None, 4))
    x = block(block(inputs)) * 0.5 + inputs[..., :4]
    assert receptive_field(keras.Model(inputs, keras.ops.relu(x))).radius == 4
    assert receptive_field(keras.Sequential([keras.Input((None, None, 4)), conv(9)])).radius == 4


def test_radius_is_tight_for_a_strided_network():
    """Changing an input pixel just outside the radius changes nothing; inside, it does."""
    model = model_of(conv(3, strides=2), conv(3), layers.Conv2DTranspose(4, 4, 2, padding="same"))
    radius = receptive_field(model).radius
    base = np.random.default_rng(0).uniform(-1, 1, (1, 48, 48, 4)).astype("float32")
    reference = model(base, training=False)
    reached = 0
    for place in range(16, 32):
        changed = base.copy()
        changed[0, place, place] += 1
        touched = np.any(model(changed, training=False) != reference, axis=(0, 2, 3))
        rows = np.flatnonzero(touched)
        reached = max(reached, place - rows[0], rows[-1] - place)
    assert reached <= radius <= reached + 1


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="functional"):
        receptive_field(keras.Sequential([conv()]))
    with pytest.raises(ValueError, match="proportional"):
        receptive_field(model_of(layers.GlobalAveragePooling2D()))
    inputs = keras.Input((None, None, 4))
    joined = layers.Add()([inputs, layers.UpSampling2D(2)(inputs)])
    with pytest.raises(ValueError, match="different resolution"):
        receptive_field(keras.Model(inputs, joined))
    with pytest.raises(ValueError, match="one input and one output"):
        receptive_field(keras.Model(inputs, [conv()(inputs), inputs]))
    with pytest.raises(ValueError, match="channels_last"):
        receptive_field(model_of(layers.MaxPooling2D(2, data_format="channels_first")))
