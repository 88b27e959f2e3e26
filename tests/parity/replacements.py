"""What to write with Keras 3 instead of tensorflow-addons.

The guide "coming from tensorflow-addons" shows these functions as they stand here, and
`test_addons.py` compares each of them with what the package itself returned.
"""

import keras
import numpy as np
from keras import ops

import zoo
from zoo.core.averaging import averaged_copy, update_average


# --8<-- [start:gaussian_filter2d]
def gaussian_filter2d(image, size=3, sigma=1.0):
    half = size // 2
    around = [[0, 0], [half, half], [half, half], [0, 0]]
    blurred = keras.ops.image.gaussian_blur(
        ops.pad(image, around, mode="reflect"), (size, size), (sigma, sigma)
    )
    return blurred[:, half:-half, half:-half]


# --8<-- [end:gaussian_filter2d]


# --8<-- [start:median_filter2d]
def median_filter2d(image, size=3):
    half = size // 2
    around = [[0, 0], [half, half], [half, half], [0, 0]]
    patches = keras.ops.image.extract_patches(
        ops.pad(image, around, mode="reflect"), (size, size), strides=1
    )
    shape = ops.shape(image)
    return ops.median(ops.reshape(patches, (*shape[:3], size * size, shape[3])), axis=3)


# --8<-- [end:median_filter2d]


# --8<-- [start:sharpness]
def sharpness(image, factor):  # float32 in [0, 1]; 0 smooths, 1 changes nothing, 2 sharpens
    channels = image.shape[-1]
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], "float32") / 13
    kernel = np.repeat(kernel[:, :, None, None], channels, axis=2)
    smooth = ops.depthwise_conv(image, kernel, padding="valid")
    inside = image[:, 1:-1, 1:-1]
    change = ops.pad((1.0 - factor) * (smooth - inside), [[0, 0], [1, 1], [1, 1], [0, 0]])
    return ops.clip(image + change, 0.0, 1.0)


# --8<-- [end:sharpness]


# --8<-- [start:dense_image_warp]
def dense_image_warp(image, flow):  # flow (N, H, W, 2): down and right, in pixels
    _, height, width, channels = image.shape
    rows, columns = ops.meshgrid(
        ops.arange(height, dtype="float32"), ops.arange(width, dtype="float32"), indexing="ij"
    )

    def warp(pixels, shift):
        positions = ops.stack([rows - shift[..., 0], columns - shift[..., 1]])
        planes = [
            keras.ops.image.map_coordinates(
                pixels[..., channel], positions, order=1, fill_mode="nearest"
            )
            for channel in range(channels)
        ]
        return ops.stack(planes, axis=-1)

    return ops.stack([warp(*each) for each in zip(image, flow, strict=True)])


# --8<-- [end:dense_image_warp]


# --8<-- [start:cutout]
def cutout(image, size, centre, value=0.0):  # all of one batch at the same place
    _, height, width, _ = image.shape
    rows = ops.abs(ops.arange(height, dtype="float32") - centre[0] + 0.5) < size[0] / 2
    columns = ops.abs(ops.arange(width, dtype="float32") - centre[1] + 0.5) < size[1] / 2
    return ops.where((rows[:, None] & columns[None, :])[None, :, :, None], value, image)


# --8<-- [end:cutout]


# --8<-- [start:transform]
def transform(image, eight):  # the projective transform of tfa.image.transform, bilinear
    return keras.ops.image.affine_transform(
        image, eight, interpolation="bilinear", fill_mode="constant", fill_value=0.0
    )


# --8<-- [end:transform]


# --8<-- [start:normalization]
instance_norm = zoo.layers.InstanceNorm  # tfa.layers.InstanceNormalization
group_norm = keras.layers.GroupNormalization  # tfa.layers.GroupNormalization
spectral_norm = keras.layers.SpectralNormalization  # tfa.layers.SpectralNormalization
# --8<-- [end:normalization]


# --8<-- [start:adamw]
def adamw(weight_decay, learning_rate, **options):
    # tensorflow-addons does not multiply the decay by the learning rate; Keras does.
    return keras.optimizers.AdamW(
        learning_rate, weight_decay=weight_decay / learning_rate, epsilon=1e-7, **options
    )


# --8<-- [end:adamw]


# --8<-- [start:moving_average]
def moving_average(network, average_decay):
    average = averaged_copy(network)
    return average, lambda: update_average(average, network, average_decay)


# --8<-- [end:moving_average]
