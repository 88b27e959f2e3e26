"""A model on a server in the place of one that runs here."""

import copy
import io
import math

import numpy as np
import tensorflow as tf
from PIL import Image

from export.client.errors import ServingError
from zoo.core.receptive_field import ReceptiveField
from zoo.core.tile_grid import DEFAULT_OVERLAP
from zoo.core.tile_network import WindowFunction

#: Signatures on files.
FILES = ("restore_bytes", "edit_bytes")
_REQUEST_PIXELS = 2**23  # of parts of a larger image: some 20 MB as PNG, which servers take
_SMALLEST_TILE = 64


class RemoteModel:
    """A model on a server, for `zoo.restore` and `zoo.inpaint`.

    Images of 8 bit travel as PNG files, as a whole as long as the model takes so many pixels; those
    of 16 bit, which the signature on files does not take, as floats, in tiles.

    Args:
        client: `RestClient` or `GrpcClient`.
        others: Dict of names to what a model that edits takes beside images: `style_bytes` (an
            image file), `attributes` (a vector) or `texts` (a string). Defaults to `None`.

    Attributes:
        name: Of the model.
        facts: What it says of itself, see `export.record`.

    Raises:
        ServingError: If it is none that turns images into images, or the server is not there.
    """

    def __init__(self, client, others=None):
        self._client, self._others = client, dict(others or {})
        self._signatures = client.signatures()
        self._on_files = next((name for name in FILES if name in self._signatures), None)
        if self._on_files is None or "describe" not in self._signatures:
            raise ServingError(
                "FAILED_PRECONDITION",
                f"{client.url} is no model on images that export.saved_model wrote: it has "
                f"{sorted(self._signatures)}",
            )
        needed = set(self._signatures[self._on_files].inputs) - {"image_bytes", "mask_bytes"}
        if needed != set(self._others):
            raise ValueError(
                f"`others` must be {sorted(needed)} for this model. "
                f"Received: {sorted(self._others)}"
            )
        self.facts = client.describe()
        self.name = self.facts["model"]

    def tile_network(self):
        """What stands in for a `zoo.core.tile_network.TileNetwork`."""
        return _RemoteNetwork(self._client, self._signatures, self._on_files, self)

    @property
    def others(self):
        """What goes along with each image."""
        return {key: np.array([value], object if isinstance(value, bytes | str) else np.float32)
                for key, value in self._others.items()}  # fmt: skip


class _RemoteNetwork:
    """Images in [-1, 1] to a server and back, with what tiling has to know."""

    is_traced = False
    _by_files = True

    def __init__(self, client, signatures, on_files, model):
        self._client, self._on_files, self._model = client, on_files, model
        floats = signatures["serving_default"]
        facts = model.facts
        radius = float("inf") if facts["radius"] is None else facts["radius"]
        self.field = ReceptiveField(radius, facts["alignment"], facts["scale"])
        self.precision = facts["precision"]
        self.colours_gray = facts["makes_colors"]
        self.takes_mask = "masks" in floats.inputs
        self.input_channels = floats.inputs["images"].tensor_shape.dim[3].size
        (self._output,) = floats.outputs
        self.output_channels = floats.outputs[self._output].tensor_shape.dim[3].size
        self._edits = on_files == "edit_bytes"

    def function(self, dtype, channels, stays_gray=False):
        """As of `TileNetwork`."""
        if np.dtype(dtype) != np.uint8 and self._edits:
            raise ValueError("A model that edits takes images of 8 bit from a client. "
                             f"Received: {np.dtype(dtype)}")  # fmt: skip
        network = copy.copy(self)
        network._by_files = np.dtype(dtype) == np.uint8
        stays_gray = stays_gray and not self.colours_gray
        return WindowFunction(network, np.dtype(dtype).name, channels, stays_gray)

    def tile(self, pixels):
        """The whole image, if the server takes it; models that edit take nothing else."""
        largest, (height, width) = self._model.facts["max_pixels"], pixels.shape[:2]
        if self._edits or (pixels.dtype == np.uint8 and height * width <= largest):
            return max(height, width)
        if pixels.dtype != np.uint8:
            return None
        sees = self.field.radius if self.field.is_finite else DEFAULT_OVERLAP
        side = math.isqrt(min(largest, _REQUEST_PIXELS)) - 2 * (sees + self.field.multiple)
        return max(side, _SMALLEST_TILE)

    def __call__(self, images):
        """What the server makes of images."""
        units = (np.asarray(images) + 1.0) * 0.5
        mask = None
        if self.takes_mask:
            units, mask = units[..., :-1], np.asarray(images)[..., -1:]
        if not self._by_files:
            inputs = {"images": units.astype(np.float32)}
            if mask is not None:
                inputs["masks"] = mask.astype(np.float32)
            return tf.constant(self._client.predict(inputs)[self._output] * 2.0 - 1.0)
        inputs = {"image_bytes": _as_png(units), **self._model.others}
        if mask is not None:
            inputs["mask_bytes"] = _as_png(mask)
        (answer,) = self._client.predict(inputs, self._on_files).values()
        restored = np.asarray(Image.open(io.BytesIO(answer[0])), np.float32)
        restored = restored.reshape(1, *restored.shape[:2], self.output_channels)
        return tf.constant(restored / 127.5 - 1.0)


def _as_png(units):
    """Images in [0, 1], of which there is one, as an array of a PNG file."""
    levels = np.round(units[0] * 255.0).astype(np.uint8)
    file = io.BytesIO()
    # Speed, not size: the way to a server is short beside what it has to compute.
    Image.fromarray(levels.squeeze(-1) if levels.shape[-1] == 1 else levels).save(
        file, "PNG", compress_level=1
    )
    return np.array([file.getvalue()], dtype=object)
