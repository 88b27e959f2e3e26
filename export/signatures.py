"""What is served of a model on images: functions on floats and on files, as TensorFlow graphs.

Inside the project images are float32 in [-1, 1]; outside they are float32 in [0, 1] or files.
This module holds the conversion between the two.
"""

import dataclasses

import keras
import tensorflow as tf

from export.image_files import check_file, decode_file, require
from export.tiles import tile_by_tile
from zoo.core.alignment import run_aligned
from zoo.core.precision import inference_policy, with_policy
from zoo.core.receptive_field import receptive_field

FLOAT_INPUT, FLOAT_OUTPUT = "images", "restored_images"
# TF-Serving's REST interface sends and takes base64 for names that end in `_bytes`.
BYTES_INPUT, BYTES_OUTPUT = "image_bytes", "restored_bytes"

_RANGE_SLACK = 1e-3


def exportable_network(model, precision="float32"):
    """Return a copy of the network that `model` is served with.

    Args:
        model: A `zoo.core.AdversarialModel` (its `inference_network` is taken) or a functional
            `keras.Model` from images `(None, None, None, C)`, C = 1 or 3, to images, in [-1, 1].
            It may have been built under any dtype policy.
        precision: `"float32"` (default) or `"bfloat16"`, in which the copy computes. In bfloat16
            the ends of the network keep float32, see `zoo.core.precision.with_policy`.

    Returns:
        A functional `keras.Model` with weights of its own.

    Raises:
        ValueError: When the network is no such model.
    """
    network = getattr(model, "inference_network", model)
    if not isinstance(network, keras.Model) or not network.built:
        raise ValueError(
            "`model` must be a built functional keras.Model, or a model of the zoo. "
            f"Received: model={model!r}"
        )
    if len(network.inputs or ()) != 1 or len(network.outputs or ()) != 1:
        raise ValueError(
            "`model` must turn one image into one image. "
            f"Received: {len(network.inputs or ())} inputs and {len(network.outputs or ())} outputs"
        )
    shape, output = tuple(network.inputs[0].shape), tuple(network.outputs[0].shape)
    if len(shape) != 4 or shape[-1] not in (1, 3) or len(output) != 4 or output[-1] not in (1, 3):
        raise ValueError(
            "`model` must turn gray or RGB images into gray or RGB images: shapes "
            f"(None, None, None, 1 or 3). Received: {shape} to {output}"
        )
    if shape[:3] != (None, None, None):
        raise ValueError(
            "`model` must take any height and width, or it cannot be served: build it with "
            f"keras.Input((None, None, {shape[-1]})) and load the weights. Received: {shape}"
        )
    return with_policy(network, inference_policy(precision))


def check_alignment(alignment):
    """Refuse what is neither a positive integer nor `None`."""
    if alignment is not None and (
        isinstance(alignment, bool) or not isinstance(alignment, int) or alignment < 1
    ):
        raise ValueError(
            "`alignment` must be an integer of at least 1, or None to compute it from the "
            f"network. Received: alignment={alignment!r}"
        )


def field_of(network, alignment=None):
    """Return how far the network sees, and which sizes it takes.

    Args:
        network: Functional `keras.Model`.
        alignment: Integer, height and width must be multiples of it; `None` to compute it.

    Returns:
        `zoo.core.receptive_field.ReceptiveField`, whose `multiple` is `alignment` if that is given;
        `None` if it is, and nothing else can be computed for such a network.
    """
    check_alignment(alignment)
    try:
        field = receptive_field(network)
    except ValueError as error:
        if alignment is not None:
            return None
        raise ValueError(
            "The multiple that height and width must be of cannot be computed for this network; "
            f"pass it as `alignment` (1 when any size works). Received: {error}"
        ) from error
    return field if alignment is None else dataclasses.replace(field, multiple=alignment)


def restore_unit_range(network, images, alignment=1):
    """Run `network` on images in [0, 1].

    Sides that are not multiples of `alignment` are extended by reflection at the bottom and at
    the right, and the output is cut back to (its scale times) the size that came in.

    Args:
        network: Functional `keras.Model` on float32 images in [-1, 1].
        images: float32 tensor `(N, H, W, C)` in [0, 1].
        alignment: Integer, see above. Defaults to 1.

    Returns:
        float32 tensor `(N, H scale, W scale, C)` in [0, 1].
    """
    outputs = run_aligned(network, tf.convert_to_tensor(images) * 2.0 - 1.0, alignment)
    return unit_range(outputs)


def unit_range(images):
    """Images in [-1, 1] and beyond as images in [0, 1]."""
    # One number for each channel: TFLite's converter makes it the bias of a transposed convolution
    # before it, and from a single number a bias of the wrong size.
    ones = tf.ones([images.shape[-1]])
    return tf.clip_by_value((images + ones) * 0.5, 0.0, 1.0)


def to_levels(images):
    """Floats in [0, 1] as uint8."""
    return tf.cast(tf.round(images * 255.0), tf.uint8)


def float_signature(network, alignment=1):
    """Return a `tf.function`: float32 images in [0, 1] of any size to restored ones.

    Values outside of [0, 1] or not finite stop the request with an error that names the image.
    """
    channels = network.inputs[0].shape[-1]

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, None, channels], tf.float32, FLOAT_INPUT)],
        autograph=False,
    )
    def serving_default(images):
        with tf.control_dependencies([check_range(images)]):
            images = tf.clip_by_value(images, 0.0, 1.0)
        return {FLOAT_OUTPUT: restore_unit_range(network, images, alignment)}

    return serving_default


def check_range(images, name=FLOAT_INPUT):
    """Return an operation that fails unless `images`, the input `name`, are in [0, 1]."""
    # NaN fails both comparisons.
    inside = (images >= -_RANGE_SLACK) & (images <= 1.0 + _RANGE_SLACK)
    inside = tf.reduce_all(inside, axis=[1, 2, 3])

    def message():
        index = tf.argmin(tf.cast(inside, tf.int32))
        values = images[index]
        return tf.strings.format(
            name + "[{}] must hold float32 values in [0, 1]; divide 8-bit values by 255. "
            "Received: values from {} to {}",
            (index, tf.reduce_min(values), tf.reduce_max(values)),
        )

    return require(tf.reduce_all(inside), message)


def lite_function(network, alignment=1, size=(None, None)):
    """Return a `tf.function` for TFLite: one image, without checks, which the format lacks.

    Args:
        network: As of `float_signature`.
        alignment: As of `float_signature`.
        size: Height and width that it takes alone. Defaults to any.
    """
    channels = network.inputs[0].shape[-1]

    @tf.function(
        input_signature=[tf.TensorSpec([1, *size, channels], tf.float32, FLOAT_INPUT)],
        autograph=False,
    )
    def serving_default(images):
        images = tf.clip_by_value(images, 0.0, 1.0)
        return {FLOAT_OUTPUT: restore_unit_range(network, images, alignment)}

    return serving_default


def bytes_signature(network, alignment=1, max_pixels=2**22, field=None):
    """Return a `tf.function`: a batch of JPEG or PNG files to restored PNG files.

    The images of a batch may differ in size; they are restored one after the other.

    Args:
        network: Functional `keras.Model` on float32 images in [-1, 1].
        alignment: Integer, see `restore_unit_range`. Defaults to 1.
        max_pixels: Integer, an image with more pixels is refused before it is decoded.
        field: `zoo.core.receptive_field.ReceptiveField` of the network, to restore large images
            tile by tile. Defaults to `None`: every image as a whole.
    """
    channels, restored_channels = (each[0].shape[-1] for each in (network.inputs, network.outputs))

    def run(pixels):
        images = tf.cast(pixels[None], tf.float32) / 255.0
        return to_levels(restore_unit_range(network, images, alignment)[0])

    def restore(item):
        index, contents = item
        pixels = decode_file(contents, index, channels)
        if field is None:
            return tf.io.encode_png(run(pixels))
        return tf.io.encode_png(tile_by_tile(run, pixels, field, restored_channels))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, BYTES_INPUT)], autograph=False)
    def restore_bytes(image_bytes):
        items = (tf.range(tf.size(image_bytes)), image_bytes)
        # All files are looked at before the first is restored.
        checked = tf.map_fn(
            lambda item: check_file(*reversed(item), max_pixels),
            items,
            fn_output_signature=tf.bool,
        )
        with tf.control_dependencies([checked]):
            items = tf.nest.map_structure(tf.identity, items)
        # One at a time: the memory of a request is that of its largest image.
        restored = tf.map_fn(restore, items, fn_output_signature=tf.string, parallel_iterations=1)
        return {BYTES_OUTPUT: restored}

    return restore_bytes
