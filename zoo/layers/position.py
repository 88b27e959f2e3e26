"""Layers that tell networks where in the image a region lies."""

import keras
import numpy as np
import tensorflow as tf

from zoo.layers.regions import BoxLayer


@keras.saving.register_keras_serializable(package="zoo")
class PositionEncoding(BoxLayer):
    """Say where each region lies: `(N R, ...)` to `(N R, 2 + 4 frequencies)`.

    The position is that of the region's centre, from -1 to 1, with sines and cosines of
    `2^k pi` times that.

    Args:
        boxes: Sequence of `(top, left, height, width)` in px, as of `region_boxes`.
        frequencies: Integer, octaves of sines and cosines; 0 for the coordinates alone, as in
            COCO-GAN. Defaults to 2.

    Reference:
        - Lin et al. 2019 (COCO-GAN), https://arxiv.org/abs/1904.00284, section 3.1 (coordinates)
        - Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.5 (sines)
    """

    def __init__(self, boxes, frequencies=2, **kwargs):
        super().__init__(boxes, **kwargs)
        if isinstance(frequencies, bool) or not isinstance(frequencies, int) or frequencies < 0:
            raise ValueError(
                f"`frequencies` must be an integer of 0 or more. Received: {frequencies!r}"
            )
        self.frequencies = frequencies

    def encodings(self):
        """The position of each region, float32 `(R, 2 + 4 frequencies)`."""
        middles = [(top + height / 2, left + width / 2) for top, left, height, width in self.boxes]
        centres = 2.0 * np.array(middles) / self.image_size - 1.0
        angles = [np.pi * 2**octave * centres for octave in range(self.frequencies)]
        waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
        return np.concatenate([centres, *waves], axis=-1).astype("float32")

    def call(self, inputs):
        """Return the positions of the regions that `inputs`, float `(N R, ...)`, belong to."""
        return _tiled(self.encodings(), inputs)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (input_shape[0], 2 + 4 * self.frequencies)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "frequencies": self.frequencies}


@keras.saving.register_keras_serializable(package="zoo")
class PixelPositions(BoxLayer):
    """Append to regions the place of each pixel in the image: two channels `(y, x)` in [-1, 1].

    Args:
        boxes: Sequence of `(top, left, height, width)` in px, as of `region_boxes`.

    Reference:
        Liu et al. 2018 (CoordConv), https://arxiv.org/abs/1807.03247, section 3.
    """

    def planes(self):
        """The channels that are appended, float32 `(R, height, width, 2)`."""
        pixels = np.stack(np.indices(self.region_size), axis=-1) + 0.5
        corners = np.array([box[:2] for box in self.boxes])[:, None, None]
        return (2.0 * (pixels + corners) / self.image_size - 1.0).astype("float32")

    def call(self, inputs):
        """Append places to `inputs`, float `(N R, height, width, C)`."""
        return tf.concat([inputs, _tiled(self.planes(), inputs)], axis=-1)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], input_shape[-1] + 2)


def _tiled(values, like):
    """`values`, one for each region, for each image of a batch of regions."""
    images = tf.shape(like)[0] // len(values)
    return tf.tile(tf.constant(values, like.dtype), [images] + [1] * (values.ndim - 1))
