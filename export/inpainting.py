"""What is served of a model that fills holes: functions on images and masks.

Outside of the project images are float32 in [0, 1] or files; a mask is above one half in holes.
Every other pixel comes back as it came in.
"""

import numpy as np
import tensorflow as tf

from export.image_files import check_file, decode_file, require
from export.signatures import check_range, to_levels, unit_range
from export.tiles import tile_by_tile
from zoo.core.alignment import run_aligned
from zoo.core.precision import inference_policy, with_policy

IMAGES, MASKS, RESTORED = "images", "masks", "restored_images"
IMAGE_BYTES, MASK_BYTES, RESTORED_BYTES = "image_bytes", "mask_bytes", "restored_bytes"


def fills_holes(model):
    """Whether a model takes images with a mask as one more channel.

    Args:
        model: A model of the zoo, or a functional `keras.Model`.
    """
    network = getattr(model, "inference_network", model)
    inputs, outputs = (getattr(network, name, None) or () for name in ("inputs", "outputs"))
    if len(inputs) != 1 or len(outputs) != 1:
        return False
    shape, output = inputs[0].shape, outputs[0].shape
    return len(shape) == len(output) == 4 and output[-1] in (1, 3) and shape[-1] == output[-1] + 1


def inpainting_network(model, precision="float32"):
    """Return a copy of the network that `model` fills holes with.

    Args:
        model: A model for which `fills_holes` holds.
        precision: `"float32"` (default) or `"bfloat16"`, see `export.signatures`.

    Raises:
        ValueError: If it takes images of one size only.
    """
    network = getattr(model, "inference_network", model)
    shape = tuple(network.inputs[0].shape)
    if shape[:3] != (None, None, None):
        raise ValueError(
            "`model` must take any height and width, or it cannot be served: build it with "
            f"keras.Input((None, None, {shape[-1]})) and load the weights. Received: {shape}"
        )
    return with_policy(network, inference_policy(precision))


def fill_unit_range(network, images, masks, alignment=1):
    """Fill holes of images in [0, 1].

    Args:
        network: Functional `keras.Model` on images in [-1, 1] with the mask as last channel.
        images: float32 tensor `(N, H, W, C)` in [0, 1].
        masks: float32 tensor `(N, H, W, 1)`, above one half in holes.
        alignment: Integer, sides that the network takes are multiples of it. Defaults to 1.

    Returns:
        float32 tensor `(N, H, W, C)` in [0, 1].
    """
    holes = tf.cast(masks > 0.5, tf.float32)
    # What is in a hole must not reach the network, whatever it is.
    visible = (images * 2.0 - 1.0) * (1.0 - holes)
    outputs = run_aligned(network, tf.concat([visible, holes], axis=-1), alignment)
    return tf.where(holes > 0, unit_range(outputs), images)


def specs(network, count=None, size=(None, None)):
    """The inputs of the float signature, `tf.TensorSpec` each; `count` images or any number."""
    channels = network.outputs[0].shape[-1]
    return [
        tf.TensorSpec([count, *size, channels], tf.float32, IMAGES),
        tf.TensorSpec([count, *size, 1], tf.float32, MASKS),
    ]


def float_signature(network, alignment=1):
    """Return a `tf.function`: images and masks, float32 in [0, 1], to completed images."""

    @tf.function(input_signature=specs(network), autograph=False)
    def serving_default(images, masks):
        checks = [
            check_range(images, IMAGES),
            check_range(masks, MASKS),
            _check_sizes(images, masks),
        ]
        with tf.control_dependencies(checks):
            images, masks = tf.clip_by_value(images, 0.0, 1.0), tf.identity(masks)
        return {RESTORED: fill_unit_range(network, images, masks, alignment)}

    return serving_default


def lite_function(network, alignment=1, size=(None, None)):
    """As `export.signatures.lite_function`."""

    @tf.function(input_signature=specs(network, 1, size), autograph=False)
    def serving_default(images, masks):
        images = tf.clip_by_value(images, 0.0, 1.0)
        return {RESTORED: fill_unit_range(network, images, masks, alignment)}

    return serving_default


def bytes_signature(network, alignment=1, max_pixels=2**22, field=None):
    """Return a `tf.function`: JPEG or PNG files and gray files of their masks to PNG files.

    Args:
        network: As of `fill_unit_range`.
        alignment: Integer, see `fill_unit_range`. Defaults to 1.
        max_pixels: Integer, an image with more pixels is refused before it is decoded.
        field: As of `export.signatures.bytes_signature`.
    """
    channels = network.outputs[0].shape[-1]

    def run(pixels):
        units = tf.cast(pixels[None], tf.float32) / 255.0
        return to_levels(fill_unit_range(network, units[..., :-1], units[..., -1:], alignment)[0])

    def fill(item):
        index, image, mask = item
        image = decode_file(image, index, channels)
        mask = decode_file(mask, index, 1, MASK_BYTES)
        with tf.control_dependencies([_check_sizes(image[None], mask[None], index)]):
            pixels = tf.concat([image, mask], axis=-1)
        if field is None:
            return tf.io.encode_png(run(pixels))
        return tf.io.encode_png(tile_by_tile(run, pixels, field, channels))

    def check(item):
        index, image, mask = item
        checks = (
            check_file(image, index, max_pixels),
            check_file(mask, index, max_pixels, MASK_BYTES),
        )
        return checks[0] & checks[1]

    names = (IMAGE_BYTES, MASK_BYTES)

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name) for name in names], autograph=False
    )
    def restore_bytes(image_bytes, mask_bytes):
        counts = tf.size(image_bytes), tf.size(mask_bytes)
        text = "mask_bytes must be as many as image_bytes. Received: {} and {}"
        same = require(tf.equal(*counts), lambda: tf.strings.format(text, (counts[1], counts[0])))
        with tf.control_dependencies([same]):
            items = (tf.range(counts[0]), tf.identity(image_bytes), tf.identity(mask_bytes))
        # All files are looked at before the first is filled.
        checked = tf.map_fn(check, items, fn_output_signature=tf.bool)
        with tf.control_dependencies([checked]):
            items = tf.nest.map_structure(tf.identity, items)
        # One at a time: the memory of a request is that of its largest image.
        filled = tf.map_fn(fill, items, fn_output_signature=tf.string, parallel_iterations=1)
        return {RESTORED_BYTES: filled}

    return restore_bytes


def box_masks(images):
    """Masks with a hole in the middle, a third of each side: to calibrate and to compare with.

    Args:
        images: Sequence of arrays `(H, W, C)`.

    Returns:
        List of float32 arrays `(H, W, 1)`.
    """
    masks = [np.zeros((*image.shape[:2], 1), np.float32) for image in images]
    for mask in masks:
        height, width = mask.shape[:2]
        mask[height // 3 : -(-2 * height // 3), width // 3 : -(-2 * width // 3)] = 1.0
    return masks


def _check_sizes(images, masks, index=None):
    sizes = tf.shape(images)[:3], tf.shape(masks)[:3]
    which, values = ("", sizes) if index is None else (" at {}", (index, *sizes))
    text = "masks must have the number, height and width of the images" + which
    text += ". Received: {} and {}"
    return require(tf.reduce_all(sizes[0] == sizes[1]), lambda: tf.strings.format(text, values))
