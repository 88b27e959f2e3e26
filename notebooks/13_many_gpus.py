# %% [markdown]
# # Many GPUs, many machines, other precisions
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/13_many_gpus.ipynb)
#
# Nothing in a model changes when it trains on several devices: make it under a strategy's scope, and
# call `fit`. What it learns does not change either, which this notebook shows. It cuts one CPU in
# two, so that it runs anywhere; on a machine with GPUs leave that cell out.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import keras
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import pipelines
import zoo

photographs = pipelines.sample(image_size=32)


# %% [markdown]
# ## One device and two
#
# The batch size is that of all devices together. Each replica takes its part, gradients are added
# up weighted by the number of images, and noise depends on the seed, the step and the place in the
# batch, never on the replica. So two devices make the update that one makes. (A network with batch
# normalisation is the exception: each replica uses the statistics of its own images.)


# %%
def trained(strategy):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = zoo.DenoisingGAN(filters=(8, 16), blocks=1, discriminator_filters=8, seed=1)
        model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
    pairs = pipelines.paired(photographs, "denoise-25", batch_size=4, seed=0, start_step=0)
    history = model.fit(pairs, steps_per_epoch=3, verbose=0).history
    return model, {name: values[0] for name, values in history.items()}


one, logs_of_one = trained(tf.distribute.get_strategy())
two, logs_of_two = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
print("one device: ", {name: round(value, 5) for name, value in logs_of_one.items()})
print("two devices:", {name: round(value, 5) for name, value in logs_of_two.items()})

# %%
apart = max(
    float(np.abs(a - b).max()) for a, b in zip(one.get_weights(), two.get_weights(), strict=True)
)
print(f"largest difference between their weights: {apart:.1e}")

# %% [markdown]
# Three steps teach neither to remove noise, but both make the same picture.

# %%
noisy, _ = next(iter(pipelines.paired(photographs, "denoise-25", batch_size=4, shuffle=False)))
zoo.show({"input": noisy[1], "one device": one(noisy)[1], "two devices": two(noisy)[1]}, height=2)

# %% [markdown]
# On GPUs: `strategy = tf.distribute.MirroredStrategy()`, or `zoo train ... --strategy mirrored`.
#
# ## Many machines
#
# Each machine runs the same program, with its place in the cluster in the environment variable
# `TF_CONFIG`; then `zoo train ... --strategy multiworker` on each of them, with `--out` in a folder
# that all can see.
#
# ```sh
# TF_CONFIG='{"cluster": {"worker": ["first:2222", "second:2222"]}, "task": {"type": "worker",
#   "index": 0}}' zoo train srgan --data /data/photos --out /data/runs/large --strategy multiworker
# ```
#
# Every worker takes its part of each batch, all log the same numbers, and only the chief writes
# files. `zoo.callbacks.Checkpoints` is what makes a lost worker harmless: start all of them again,
# and they go on from the last checkpoint.
#
# ## Stop and go on
#
# A checkpoint holds both networks, the average and both optimizers. As images and noise depend on
# the step alone, a run that was stopped ends with the weights of one that was not.

# %%
from zoo.core import checkpoints

keras.utils.set_random_seed(0)
model = zoo.DCGAN(image_size=32, filters=8, ema_halflife_images=100)
model.compile()
batches = pipelines.unlabelled(photographs, 4, start_step=0)
model.fit(
    batches, steps_per_epoch=4, callbacks=[zoo.callbacks.Checkpoints("runs/dcgan")], verbose=0
)

again = zoo.DCGAN(image_size=32, filters=8, ema_halflife_images=100)
again.compile()
print("continues at step", checkpoints.restore_latest(again, "runs/dcgan"))

# %% [markdown]
# ## Precision
#
# A policy set before the model is made lets convolutions compute in 16 bits while weights, sums and
# losses stay in 32. `mixed_bfloat16` needs nothing else; under `mixed_float16` the losses of both
# players are scaled, so that small gradients survive, and steps that overflow are skipped.

# %%
for policy in ("mixed_bfloat16", "mixed_float16"):
    keras.config.set_dtype_policy(policy)
    low = zoo.SRGAN(scale=2, filters=8, blocks=1, compact=True)
    low.compile()
    pairs = pipelines.paired(photographs, "bicubic-x2", batch_size=4, seed=0, start_step=0)
    logs = low.fit(pairs, steps_per_epoch=3, verbose=0).history
    print(policy, {name: round(values[0], 4) for name, values in logs.items()})
keras.config.set_dtype_policy("float32")

# %% [markdown]
# `zoo train --policy auto`, the default, asks the machine what it computes fast. Compiling with XLA
# is `model.compile(jit_compile=True)`.
