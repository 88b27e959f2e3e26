"""Requests that TF-Serving answers by itself after loading a version, before it takes others.

The first request of each kind and size is slow: the graph is optimised, memory is taken. The file
`assets.extra/tf_serving_warmup_requests` holds such requests, TF-Serving's `PredictionLog`s in a
TFRecord file.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf

WARMUP = Path("assets.extra") / "tf_serving_warmup_requests"
_MOST_REQUESTS = 1000  # that TF-Serving replays


def write_warmup(version, signatures, sizes, vocabulary=()):
    """Write a request for each signature and size.

    Args:
        version: `pathlib.Path` of the SavedModel, not yet published.
        signatures: Dict of name to concrete function, as they are saved.
        sizes: Sequence of sides of images in px. Signatures without images get one request.
        vocabulary: Words that a model of texts knows.

    Raises:
        ImportError: If tensorflow-serving-api is not installed.
        ValueError: If a request fails, or there are more than TF-Serving replays.
    """
    prediction_log_pb2, predict_pb2 = _protos()
    requests = []
    for name, function in signatures.items():
        specs = input_specs(function)
        channels = {key: spec.shape[-1] for key, spec in _image_specs(signatures).items()}
        takes_images = any(_is_image(key, spec) for key, spec in specs.items())
        for size in sizes if takes_images else (None,):
            inputs = {key: example(key, spec, size, channels, vocabulary)
                      for key, spec in specs.items()}  # fmt: skip
            _try(function, name, inputs)
            request = predict_pb2.PredictRequest()
            request.model_spec.signature_name = name
            for key, array in inputs.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(array))
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            requests.append(log.SerializeToString())
    if len(requests) > _MOST_REQUESTS:
        raise ValueError(f"`warmup` makes {len(requests)} requests, more than {_MOST_REQUESTS}.")
    path = version / WARMUP
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in requests:
            writer.write(request)


def _try(function, name, inputs):
    """Run a request: one that fails would keep the server from loading the version."""
    try:
        function(**{key: tf.constant(value) for key, value in inputs.items()})
    except tf.errors.OpError as error:
        raise ValueError(
            f"`warmup`: the signature {name} refuses what it is tried with: {error.message}"
        ) from error


def read_warmup(version):
    """Yield `(signature name, dict of input arrays)` of the requests that a version has.

    Args:
        version: Path of the SavedModel.
    """
    path = Path(version) / WARMUP
    if not path.is_file():
        return
    prediction_log_pb2, _ = _protos()
    for entry in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(entry).predict_log.request
        inputs = {key: tf.make_ndarray(each) for key, each in request.inputs.items()}
        yield request.model_spec.signature_name, inputs


def input_specs(function):
    """Dict of name to `tf.TensorSpec` of what a concrete function takes."""
    return {spec.name: spec for spec in tf.nest.flatten(function.structured_input_signature)}


def example(name, spec, size, channels, vocabulary=()):
    """An input of a signature, for one image.

    Args:
        name: Name of the input.
        spec: Its `tf.TensorSpec`.
        size: Side of images in px, or `None`.
        channels: Dict of the names of inputs that are float images to their channels.
        vocabulary: As of `write_warmup`.

    Returns:
        NumPy array.
    """
    if spec.dtype == tf.string and not name.endswith("_bytes"):
        return np.array([vocabulary[0]])
    if name.endswith("_bytes"):
        count = channels.get(f"{name.removesuffix('_bytes')}s", 3)
        return np.array([tf.io.encode_png(_picture(size, count)).numpy()], dtype=object)
    if _is_image(name, spec):
        return (_picture(size, spec.shape[-1])[None] / 255.0).astype(np.float32)
    return np.zeros([1, *spec.shape[1:]], spec.dtype.as_numpy_dtype)


def _picture(size, channels):
    """A ramp; of masks, a box that is white."""
    if channels == 1:
        picture = np.zeros((size, size, 1), np.uint8)
        picture[size // 4 : size // 2, size // 4 : size // 2] = 255
        return picture
    ramp = np.linspace(0, 255, size).astype(np.uint8)
    return np.broadcast_to(ramp[:, None, None], (size, size, channels)).copy()


def _is_image(name, spec):
    return name.endswith("_bytes") or spec.shape.rank == 4


def _image_specs(signatures):
    specs = input_specs(signatures["serving_default"])
    return {name: spec for name, spec in specs.items() if spec.shape.rank == 4}


def _protos():
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError as error:
        raise ImportError(
            "Warm-up requests need TF-Serving's protos: pip install 'keras-gan-zoo[serving]'"
        ) from error
    return prediction_log_pb2, predict_pb2
