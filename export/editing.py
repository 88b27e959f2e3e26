"""What is served of a model that edits images by something else: a style image, attributes, a text.

The inputs of such a network are known by their names: `images`, and after it what says how they
are edited, images (`styles`) or vectors (`attributes`). Outside of the project images are float32
in [0, 1] or files; vectors are what the network takes. Of `tokens`, the numbers of a text's words,
a server makes them from strings, `texts`, and it scales `styles` as `zoo.stylize` does; TFLite,
which can do neither, takes them as they are.
"""

import numpy as np
import tensorflow as tf

from export.image_files import check_file, decode_file, require
from export.signatures import check_range, to_levels, unit_range
from zoo.core.alignment import run_aligned
from zoo.core.precision import inference_policy, with_policy
from zoo.editing.stylize import STYLE_PX, scaled

IMAGES, EDITED = "images", "edited_images"
TOKENS, TEXTS = "tokens", "texts"
EDITED_BYTES = "edited_bytes"


def edits(model):
    """Whether a model takes images and something that says how to edit them.

    Args:
        model: A model of the zoo, or a functional `keras.Model`.
    """
    network = getattr(model, "inference_network", model)
    inputs = getattr(network, "inputs", None) or ()
    return len(inputs) > 1 and inputs[0].name == IMAGES


def editing_network(model, precision="float32"):
    """Return a copy of the network that `model` edits with.

    Args:
        model: A model for which `edits` holds.
        precision: `"float32"` (default) or `"bfloat16"`, see `export.signatures`.

    Raises:
        ValueError: If it takes images of one size only, or something that is not served.
    """
    network = getattr(model, "inference_network", model)
    shapes = {each.name: tuple(each.shape) for each in network.inputs}
    ranks = {len(shape) for shape in shapes.values()}
    if shapes[IMAGES][1:3] != (None, None) or not ranks <= {2, 4}:
        raise ValueError(
            "`model` must take `images` of any height and width, and images or vectors that say "
            f"how to edit them. Received: {shapes}"
        )
    return with_policy(network, inference_policy(precision))


def edit_unit_range(network, inputs, alignment=1):
    """Edit images in [0, 1].

    Args:
        network: As of `editing_network`.
        inputs: List of its inputs, float32 tensors, images in [0, 1].
        alignment: Integer, sides of `images` that the network takes are multiples of it.

    Returns:
        float32 tensor `(N, H, W, C)` in [0, 1].
    """
    images, *others = [each * 2.0 - 1.0 if each.shape.rank == 4 else each for each in inputs]
    outputs = run_aligned(
        lambda padded, training: network([padded, *others], training=training), images, alignment
    )
    return unit_range(outputs)


def specs(network, count=None, size=None):
    """What the network takes, `tf.TensorSpec` each.

    Args:
        network: As of `editing_network`.
        count: Integer, how many of each. Defaults to `None`: any number.
        size: `(height, width)` of `images`, where that is decided; styles are then squares of the
            size that they are looked at in. Defaults to `None`: any.
    """

    def shape(each):
        if len(each.shape) != 4:
            return each.shape[1:]
        if size is None:
            return [None, None, each.shape[3]]
        return [*(size if each.name == IMAGES else (STYLE_PX, STYLE_PX)), each.shape[3]]

    return [tf.TensorSpec([count, *shape(each)], each.dtype, each.name) for each in network.inputs]


def served_specs(network, tokenizer=None):
    """What a server takes: the inputs of the network, with strings where it has a tokenizer."""
    if tokenizer is None:
        return specs(network)
    texts = tf.TensorSpec([None], tf.string, TEXTS)
    return [texts if spec.name == TOKENS else spec for spec in specs(network)]


def float_signature(network, alignment=1, tokenizer=None):
    """Return a `tf.function`: images and what says how to edit them to edited images.

    Args:
        network: As of `editing_network`.
        alignment: Integer, see `edit_unit_range`. Defaults to 1.
        tokenizer: `keras.layers.TextVectorization` of a network that takes tokens.
    """

    names = [spec.name for spec in served_specs(network, tokenizer)]

    @tf.function(input_signature=served_specs(network, tokenizer), autograph=False)
    def serving_default(*inputs):
        inputs = _tokenized(inputs, tokenizer)
        with tf.control_dependencies(_checks(names, inputs)):
            inputs = [tf.identity(each) for each in inputs]
        inputs = [inputs[0], *(_looked_at(each) for each in inputs[1:])]
        return {EDITED: edit_unit_range(network, inputs, alignment)}

    return serving_default


def lite_function(network, alignment=1, size=None):
    """As `export.signatures.lite_function`; for the size of styles see `specs`."""

    @tf.function(input_signature=specs(network, 1, size), autograph=False)
    def serving_default(*inputs):
        return {EDITED: edit_unit_range(network, inputs, alignment)}

    return serving_default


def bytes_name(name):
    """Name of an input of files: `style_bytes` of `styles`."""
    return f"{name.removesuffix('s')}_bytes"


def bytes_signature(network, alignment=1, max_pixels=2**22, tokenizer=None):
    """Return a `tf.function`: JPEG or PNG files, and vectors as they are, to PNG files.

    Args:
        network: As of `edit_unit_range`.
        alignment: Integer, see `edit_unit_range`. Defaults to 1.
        max_pixels: Integer, an image with more pixels is refused before it is decoded.
        tokenizer: As of `float_signature`.
    """
    files = [len(each.shape) == 4 for each in network.inputs]
    channels = [each.shape[-1] for each in network.inputs]
    given = [
        tf.TensorSpec([None], tf.string, bytes_name(spec.name)) if is_file else spec
        for spec, is_file in zip(served_specs(network, tokenizer), files, strict=True)
    ]
    names = [spec.name for spec in given]

    def edit(item):
        index, *parts = item
        inputs = [
            tf.cast(decode_file(part, index, width, name), tf.float32) / 255.0 if is_file else part
            for part, width, name, is_file in zip(parts, channels, names, files, strict=True)
        ]
        image, *others = [each[None] for each in inputs]
        inputs = [image, *(_looked_at(each) for each in others)]
        edited = edit_unit_range(network, inputs, alignment)[0]
        return tf.io.encode_png(to_levels(edited))

    def check(item):
        index, *parts = item
        checks = [
            check_file(part, index, max_pixels, name)
            for part, name, is_file in zip(parts, names, files, strict=True)
            if is_file
        ]
        return tf.reduce_all(tf.stack(checks))

    @tf.function(input_signature=given, autograph=False)
    def edit_bytes(*inputs):
        inputs = [
            each if is_file else _tokenized([each], tokenizer)[0]
            for each, is_file in zip(inputs, files, strict=True)
        ]
        vectors = [each for each, is_file in zip(inputs, files, strict=True) if not is_file]
        checks = [_same_number(names, inputs), *(_usable(each) for each in vectors)]
        with tf.control_dependencies(checks):
            items = (tf.range(tf.shape(inputs[0])[0]), *(tf.identity(each) for each in inputs))
        # All files are looked at before the first is edited.
        checked = tf.map_fn(check, items, fn_output_signature=tf.bool)
        with tf.control_dependencies([checked]):
            items = tf.nest.map_structure(tf.identity, items)
        edited = tf.map_fn(edit, items, fn_output_signature=tf.string, parallel_iterations=1)
        return {EDITED_BYTES: edited}

    return edit_bytes


def examples(network, images):
    """Inputs to calibrate and to compare with, a dict of float32 arrays for each image.

    Args:
        network: As of `editing_network`.
        images: Sequence of uint8 arrays `(H, W, C)`. The style of one is a square of the next one.
    """
    rng = np.random.default_rng(0)

    def example(index, spec):
        if spec.shape.rank != 4:
            return _example(rng, spec)
        if spec.name == IMAGES:
            return images[index][None].astype(np.float32) / 255.0
        return _square(images[(index + 1) % len(images)])

    return [
        {spec.name: example(index, spec) for spec in specs(network)} for index in range(len(images))
    ]


def _looked_at(each):
    """What the network takes of what it is given beside images."""
    return scaled(each) if each.shape.rank == 4 else each


def _square(image):
    """The middle of an image in the size that styles are looked at in, in 256 levels still."""
    whole = np.rint(scaled(image[None].astype(np.float32)).numpy())
    top, left = ((side - STYLE_PX) // 2 for side in whole.shape[1:3])
    return whole[:, top : top + STYLE_PX, left : left + STYLE_PX] / np.float32(255.0)


def _example(rng, spec):
    if spec.dtype == tf.int32:  # 0 fills texts up, and the first word has the number 2
        return np.pad([[2, 1]], ((0, 0), (0, spec.shape[1] - 2))).astype(np.int32)
    return rng.uniform(0, 1, (1, spec.shape[1])).astype(np.float32)


def _tokenized(inputs, tokenizer):
    """Inputs with the numbers of their words in place of strings."""
    return [
        tf.cast(tokenizer(each), tf.int32) if each.dtype == tf.string else each for each in inputs
    ]


def _checks(names, inputs):
    checks = [_same_number(names, inputs)]
    for name, each in zip(names, inputs, strict=True):
        checks.append(check_range(each, name) if each.shape.rank == 4 else _usable(each))
    return checks


def _same_number(names, inputs):
    counts = [tf.shape(each)[0] for each in inputs]
    text = f"{', '.join(names)} must be as many. Received: " + ", ".join(["{}"] * len(counts))
    return require(
        tf.reduce_all([tf.equal(counts[0], each) for each in counts[1:]]),
        lambda: tf.strings.format(text, tuple(counts)),
    )


def _usable(vectors):
    if vectors.dtype == tf.int32:
        known = tf.reduce_all(tf.reduce_max(vectors, axis=-1) > 1)
        return require(known, lambda: tf.constant(f"{TEXTS} must hold a word that is known each."))
    finite = tf.reduce_all(tf.math.is_finite(vectors))
    return require(finite, lambda: tf.constant("Vectors must hold finite numbers."))
