"""What is served of a model that makes images from noise, as TensorFlow graphs.

Inside the project made images are about in [-1, 1]; outside they are float32 in [0, 1] or files.
"""

import keras
import numpy as np
import tensorflow as tf

from export.image_files import require
from zoo.core.precision import inference_policy, with_policy

LATENTS, LABELS = "latents", "labels"
SAMPLES, SAMPLE_BYTES = "images", "sampled_bytes"


def makes_samples(model):
    """Whether a model makes images from latents, and from labels if it has them.

    Args:
        model: A model of the zoo, or a `keras.Model`; its inputs are known by their names.
    """
    network = getattr(model, "inference_network", model)
    inputs = getattr(network, "inputs", None) or ()
    return [each.name for each in inputs] in ([LATENTS], [LATENTS, LABELS])


def sampling_network(model, precision="float32"):
    """Return a copy of the network that `model` makes images with.

    Args:
        model: A model for which `makes_samples` holds.
        precision: `"float32"` (default) or `"bfloat16"`, see `export.signatures`.

    Returns:
        A functional `keras.Model` with weights of its own, from latents `(N, size)`, and labels
        `(N,)` if it has them, to images `(N, H, W, C)`, about in [-1, 1].

    Raises:
        ValueError: When shapes are others.
    """
    network = getattr(model, "inference_network", model)
    shapes = [tuple(each.shape) for each in (*network.inputs, *network.outputs)]
    latents, *labels, images = shapes
    fits = len(latents) == 2 and latents[1] and labels in ([], [(None,)])
    if not fits or len(images) != 4 or None in images[1:3] or images[3] not in (1, 3):
        raise ValueError(
            "`model` must turn latents (None, size), and labels (None,) if there are any, into "
            f"gray or RGB images (None, H, W, 1 or 3) of one size. Received: shapes {shapes}"
        )
    return with_policy(network, inference_policy(precision))


def latent_size(network):
    """Numbers in one latent of a sampling network."""
    return network.inputs[0].shape[-1]


def class_count(network):
    """Number of classes of a sampling network: an integer, or `None` if it takes no labels."""
    if len(network.inputs) == 1:
        return None
    return _embedding(network).input_dim


def _embedding(network):
    """The layer that looks the labels up."""
    for layer in network._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Embedding):
            return layer
    raise ValueError(
        "`model` must look its labels up in a keras.layers.Embedding, whose size says how many "
        f"classes there are. Received: model={network.name!r}"
    )


def specs(network, count=None):
    """The inputs of the signatures, `tf.TensorSpec` each.

    Args:
        network: As returned by `sampling_network`.
        count: Integer, samples at once; `None` (default) for any number.
    """
    latents = tf.TensorSpec([count, latent_size(network)], tf.float32, LATENTS)
    labels = tf.TensorSpec([count], tf.int32, LABELS)
    return [latents, labels][: len(network.inputs)]


def one_by_one(network, inputs):
    """Check what images are to be made from, and take it apart.

    Args:
        network: As returned by `sampling_network`.
        inputs: What `zoo.LatentGAN.inputs` returns: latents `(N, size)`, or a list of them and the
            labels `(N,)`.

    Returns:
        List of dicts of arrays, the inputs of `lite_sample_function` for each sample.

    Raises:
        ValueError: If the shapes are others.
    """
    given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    arrays = [np.asarray(each) for each in given]
    wanted = specs(network, len(arrays[0]) if arrays and arrays[0].ndim else 1)
    shapes = [array.shape for array in arrays]
    if shapes != [tuple(spec.shape) for spec in wanted] or not len(arrays[0]):
        raise ValueError(
            "Inputs must be what `model.inputs(count)` returns: "
            f"{', '.join(f'{spec.name} {tuple(spec.shape)}' for spec in specs(network))}. "
            f"Received: shapes {shapes}"
        )
    return [
        {
            spec.name: array[index : index + 1].astype(spec.dtype.as_numpy_dtype)
            for array, spec in zip(arrays, wanted, strict=True)
        }
        for index in range(len(arrays[0]))
    ]


def sample_unit_range(network, inputs):
    """Made images in [0, 1], float32 `(N, H, W, C)`, of latents and, if it has them, labels."""
    images = network(inputs if len(inputs) > 1 else inputs[0], training=False)
    return tf.clip_by_value((images + 1.0) * 0.5, 0.0, 1.0)


def sample_signature(network):
    """Return a `tf.function`: latents, and labels if the network has them, to images in [0, 1].

    Latents that are not finite, labels of no class and a number of labels other than that of
    latents stop the request with an error that says so.
    """

    @tf.function(input_signature=specs(network), autograph=False)
    def sample(*inputs):
        return {SAMPLES: _checked_samples(network, inputs)}

    return sample


def sample_bytes_signature(network):
    """Return a `tf.function`: the inputs of `sample_signature` to PNG files."""

    @tf.function(input_signature=specs(network), autograph=False)
    def sample_bytes(*inputs):
        images = _checked_samples(network, inputs)
        levels = tf.cast(tf.round(images * 255.0), tf.uint8)
        files = tf.map_fn(tf.io.encode_png, levels, fn_output_signature=tf.string)
        return {SAMPLE_BYTES: files}

    return sample_bytes


def lite_sample_function(network):
    """Return a `tf.function` for TFLite: one sample, without checks, which the format lacks."""

    @tf.function(input_signature=specs(network, count=1), autograph=False)
    def serving_default(*inputs):
        return {SAMPLES: sample_unit_range(network, inputs)}

    return serving_default


def _checked_samples(network, inputs):
    # The number of labels first: the check of their values and the network suppose it.
    with tf.control_dependencies([_check_latents(inputs[0])]):
        inputs = [tf.identity(each) for each in inputs]
    if len(inputs) > 1:
        with tf.control_dependencies([_check_labels(*inputs, class_count(network))]):
            inputs = [tf.identity(each) for each in inputs]
    return sample_unit_range(network, inputs)


def _check_latents(latents):
    finite = tf.reduce_all(tf.math.is_finite(latents), axis=1)

    def message():
        index = tf.argmin(tf.cast(finite, tf.int32))
        return tf.strings.format("latents[{}] must hold finite numbers.", index)

    return require(tf.reduce_all(finite), message)


def _check_labels(latents, labels, known):
    counts = tf.shape(latents)[0], tf.shape(labels)[0]
    fits = tf.equal(*counts) & tf.reduce_all((labels >= 0) & (labels < known))
    text = (
        "labels must be as many as latents, integers from 0 to {}. "
        "Received: {} latents and {} labels, {}"
    )
    return require(fits, lambda: tf.strings.format(text, (known - 1, *counts, labels)))
