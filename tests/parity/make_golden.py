"""Run tensorflow-addons where it can be imported, and keep what it returns.

The package is archived and does not import beside Keras 3. An environment of its own does, in which
one module that it looks for in Keras 2 is put in place first:

    python -m venv addons
    addons/bin/pip install tensorflow==2.21.* tf-keras==2.21.* typeguard==2.13.3
    addons/bin/pip install --no-deps tensorflow-addons==0.23.0
    addons/bin/python tests/parity/make_golden.py
"""

import os
import sys
import types
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before TensorFlow is imported

import numpy as np
from tf_keras.src.engine import keras_tensor

for _name in ("keras.src.engine", "keras.src.engine.keras_tensor"):
    sys.modules[_name] = types.ModuleType(_name)
sys.modules["keras.src.engine.keras_tensor"].KerasTensor = keras_tensor.KerasTensor
sys.modules["keras.src.engine"].keras_tensor = sys.modules["keras.src.engine.keras_tensor"]

import tensorflow as tf
import tensorflow_addons as tfa

GOLDEN = Path(__file__).with_name("golden.npz")


def main():
    """Write inputs and outputs to `golden.npz`."""
    draws = np.random.default_rng(0)
    image = draws.uniform(size=(2, 12, 14, 3)).astype("float32")
    maps = draws.normal(size=(2, 6, 5, 8)).astype("float32")
    flow = draws.uniform(-3, 3, (2, 12, 14, 2)).astype("float32")
    kernel = draws.normal(size=(3, 3, 8, 6)).astype("float32")
    scale, offset = draws.normal(size=(2, 8)).astype("float32")
    start = draws.normal(size=(4,)).astype("float32")
    gradients = draws.normal(size=(5, 4)).astype("float32")
    eight = np.array([1.1, 0.1, -0.7, -0.2, 0.9, 1.3, 0.0, 0.0], "float32")
    results = {
        "image": image,
        "maps": maps,
        "flow": flow,
        "kernel": kernel,
        "scale": scale,
        "offset": offset,
        "start": start,
        "gradients": gradients,
        "eight": eight,
        "gaussian_filter2d": tfa.image.gaussian_filter2d(image, (5, 5), 1.2),
        "median_filter2d": tfa.image.median_filter2d(image, (3, 3)),
        "sharpness": np.stack(
            [tfa.image.sharpness(255 * image, factor) for factor in (0.0, 0.5, 1.7)]
        ),
        "dense_image_warp": tfa.image.dense_image_warp(image, flow),
        "cutout": tfa.image.cutout(image, (4, 6), offset=(5, 7), constant_values=0.5),
        "transform": tfa.image.transform(image, eight, "bilinear"),
        "instance_norm": normalized(tfa.layers.InstanceNormalization(), maps, scale, offset),
        "group_norm": normalized(tfa.layers.GroupNormalization(4), maps, scale, offset),
        "adaptive_pooling": tfa.layers.AdaptiveAveragePooling2D((3, 5))(maps),
        "mish": tfa.activations.mish(maps),
        **spectral(maps, kernel),
        "adamw": trajectory(tfa.optimizers.AdamW(1e-3, learning_rate=0.01), start, gradients),
        "lamb": trajectory(tfa.optimizers.LAMB(0.01), start, gradients),
        **averaged(start, gradients),
    }
    unfinished = GOLDEN.with_name("unfinished.npz")
    np.savez_compressed(unfinished, **{name: np.asarray(each) for name, each in results.items()})
    os.replace(unfinished, GOLDEN)
    print(f"{len(results)} arrays of tensorflow-addons {tfa.__version__} -> {GOLDEN}")


def normalized(layer, maps, scale, offset):
    layer.build(maps.shape)
    layer.set_weights([scale, offset])
    return layer(maps)


def spectral(maps, kernel):
    inner = tf.keras.layers.Conv2D(6, 3, use_bias=False)
    layer = tfa.layers.SpectralNormalization(inner, power_iterations=1)
    layer.build(maps.shape)
    inner.set_weights([kernel])
    vector = layer.u.numpy()
    outputs = [layer(maps, training=True).numpy() for _ in range(3)]
    return {"spectral_vector": vector, "spectral_norm": np.stack(outputs)}


def trajectory(optimizer, start, gradients):
    variable = tf.Variable(start)
    steps = []
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
        steps.append(variable.numpy())
    return np.stack(steps)


def averaged(start, gradients):
    optimizer = tfa.optimizers.MovingAverage(tf.keras.optimizers.legacy.SGD(0.1), 0.9)
    steps = trajectory(optimizer, start, gradients)
    variable = tf.Variable(start)
    optimizer = tfa.optimizers.MovingAverage(tf.keras.optimizers.legacy.SGD(0.1), 0.9)
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
    optimizer.assign_average_vars([variable])
    return {"moving_average_steps": steps, "moving_average": variable.numpy()}


if __name__ == "__main__":
    main()
