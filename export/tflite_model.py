"""A TFLite file in the place of a Keras model, and what such a file says about itself."""

import json
import warnings

import numpy as np
import tensorflow as tf

from zoo.core.receptive_field import ReceptiveField
from zoo.core.tile_grid import DEFAULT_OVERLAP
from zoo.core.tile_network import WindowFunction

_METADATA = "keras-gan-zoo"


class TFLiteModel:
    """A model on images from a TFLite file, for `zoo.restore` and `zoo.inpaint`.

    Args:
        path: Path of a file that `export.tflite` wrote.
        threads: Integer, CPU threads, or `None` (default) for the interpreter's choice.

    Attributes:
        name: Of the model.
        facts: What the file says of itself: as of `export.record`, and `quantize`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is of another kind.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(inputs))
    >>> path = export.tflite(model, pathlib.Path(tempfile.mkdtemp()) / "model.tflite")
    >>> zoo.restore(TFLiteModel(path), np.zeros((20, 30, 3), "uint8")).shape
    (20, 30, 3)
    """

    is_traced = False

    def __init__(self, path, threads=None):
        self.facts = read_facts(path)
        if "alignment" not in self.facts or "inputs" in self.facts:
            raise ValueError(
                f"`path` must be the file of a model from one image to another. Received: {path}"
            )
        self.name, self._size = self.facts["model"], self.facts["size"]
        self._run = interpreter(path, threads).get_signature_runner("serving_default")
        inputs, outputs = self._run.get_input_details(), self._run.get_output_details()
        radius = float("inf") if self.facts["radius"] is None else self.facts["radius"]
        self.field = ReceptiveField(radius, self.facts["alignment"], self.facts["scale"])
        self.precision = self.facts["quantize"] or "float32"
        self.colours_gray = self.facts["makes_colors"]
        self.takes_mask = "masks" in inputs
        self.input_channels = int(inputs["images"]["shape_signature"][3])
        ((self._output, details),) = outputs.items()
        self.output_channels = int(details["shape_signature"][3])

    def tile_network(self):
        """What stands in for a `zoo.core.tile_network.TileNetwork`: itself."""
        return self

    def tile(self, pixels):
        """As of `TileNetwork`: the usual tiles, or such that windows fit the file's only size."""
        if self._size is None:
            return None
        overlap = self.field.radius if self.field.is_finite else DEFAULT_OVERLAP
        overlap = -(-overlap // self.field.multiple) * self.field.multiple
        sides = tuple(side - 2 * overlap for side in self._size)
        if any(side < 1 and length > size for side, length, size in
               zip(sides, pixels.shape, self._size, strict=False)):  # fmt: skip
            raise ValueError(
                f"The file takes images of {self._size[0]} x {self._size[1]} px, too few for tiles "
                f"of a network that sees {overlap} px around each. Export it for any size."
            )
        return sides

    def function(self, dtype, channels, stays_gray=False):
        """As of `TileNetwork`."""
        stays_gray = stays_gray and not self.colours_gray
        return WindowFunction(self, np.dtype(dtype).name, channels, stays_gray)

    def __call__(self, images):
        """The network's output for images in [-1, 1]."""
        images, masks = np.asarray(images, np.float32), {}
        height, width = (side * self.field.scale for side in images.shape[1:3])
        if self._size is not None:
            missing = [(0, need - side) for need, side in zip(self._size, images.shape[1:3],
                                                              strict=True)]  # fmt: skip
            images = np.pad(images, [(0, 0), *missing, (0, 0)], mode="symmetric")
        if self.takes_mask:
            images, masks = images[..., :-1], {"masks": images[..., -1:]}
        restored = self._run(images=(images + 1.0) * 0.5, **masks)[self._output]
        return tf.constant(restored[:, :height, :width] * 2.0 - 1.0)


def interpreter(path, threads=None):
    """Return a TFLite interpreter of a file.

    Args:
        path: Path of the `.tflite` file.
        threads: Integer, CPU threads, or `None` (default) for its choice.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter(str(path), num_threads=threads)
    except ImportError:
        # TensorFlow's own copy works as well, and warns that it will move to that package.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"\s*Warning: tf\.lite\.Interpreter")
            return tf.lite.Interpreter(str(path), num_threads=threads)


def with_facts(contents, facts):
    """Return the contents of a TFLite file with facts about it.

    Args:
        contents: Bytes.
        facts: Dict of what JSON can hold.
    """
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(contents))
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    entry.name, entry.buffer = _METADATA.encode(), len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or ()), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def read_facts(path):
    """Return what a TFLite file that `export.tflite` wrote says about itself.

    Args:
        path: Path of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such file.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    with open(path, "rb") as file:
        contents = file.read()
    if contents[4:8] == b"TFL3":
        model = schema.Model.GetRootAs(contents, 0)
        for index in range(model.MetadataLength()):
            entry = model.Metadata(index)
            if entry.Name() == _METADATA.encode():
                return json.loads(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    raise ValueError(f"`path` must be a TFLite file that export.tflite wrote. Received: {path}")
