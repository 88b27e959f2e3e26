# %% [markdown]
# # Image to image: pix2pix and CycleGAN
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/09_pix2pix_and_cyclegan.ipynb)
#
# With pairs (drawing and photograph, scan and mask) pix2pix learns the translation. Without pairs,
# CycleGAN learns two at once, and asks that there and back leads home.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import numpy as np
import tensorflow as tf

import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook

# %%
if SMALL:
    draws = np.random.default_rng(0)
    images = draws.uniform(-1, 1, (64, 28, 28, 1)).astype("float32")
    labels = np.arange(64) % 10
else:
    fashion = pipelines.from_tfds("fashion_mnist", channels=1, augment=False)
    batches = pipelines.labelled(fashion, 1000, seed=0).take(12)
    images, labels = (
        np.concatenate(each) for each in zip(*batches.as_numpy_iterator(), strict=True)
    )
images = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=-1.0)  # 32 px


# %% [markdown]
# ## pix2pix (Isola et al. 2017)
#
# A U-Net draws, a discriminator judges patches of input and output together: of 70 px, which
# at the 32 px of these pictures is all. The drawings here are the edges of the pictures. Any dataset of `(input, target)` batches will do; for files,
# `pipelines.aligned` reads two folders, or images with both halves side by side.


# %%
def edges(pictures):
    steps = keras.ops.image.sobel_edges(pictures)[..., 0, :]
    strong = tf.norm(steps, axis=-1, keepdims=True) > 1.2
    return tf.where(strong, 1.0, -1.0)


drawings = np.asarray(edges(images))
count = len(images) - len(images) // 8
pairs = tf.data.Dataset.from_tensor_slices((drawings[:count], images[:count]))
pairs = pairs.shuffle(count, seed=0).batch(16, drop_remainder=True).repeat()
held_out = tf.data.Dataset.from_tensor_slices((drawings[count:], images[count:])).batch(16)

# %%
FILTERS = (8, 16, 32) if SMALL else (32, 64, 128, 128)
pix2pix = zoo.Pix2Pix(
    input_channels=1, output_channels=1, filters=FILTERS, discriminator_filters=FILTERS[0]
)
pix2pix.compile(metrics=[zoo.metrics.PSNR("gray")])
pix2pix.fit(
    pairs,
    epochs=2 if SMALL else 4,
    steps_per_epoch=2 if SMALL else 150,
    validation_data=held_out.take(4),
    callbacks=[
        zoo.callbacks.TensorBoard("logs/pix2pix"),
        zoo.callbacks.ImageGrid("logs/pix2pix", held_out.take(1)),
    ],
    verbose=2,
)

# %%
before, after = next(iter(held_out))
zoo.show(
    {
        "drawn": zoo.image_grid(before, columns=8),
        "made of it": zoo.image_grid(pix2pix(before), columns=8),
        "as it was": zoo.image_grid(after, columns=8),
    },
    height=1.6,
)

# %% [markdown]
# The other way, `--reverse` on the command line, makes masks of images; channels are counted apart,
# so 16 bit gray scans to masks of three classes are `input_channels=1, output_channels=3`.
#
# ## CycleGAN (Zhu et al. 2017)
#
# Sneakers on one side, ankle boots on the other, and nobody says which belongs to which. Both
# generators are one player: each is judged in its own language and by whether the other finds the
# way back. The discriminators also see older images from a pool, and `identity_weight` asks that a
# boot stay a boot.


# %%
def kind(number):
    chosen = images[labels == number]
    return pipelines.from_arrays(pipelines.to_uint8(chosen), augment=False)


sneakers, boots = kind(7), kind(9)
size = {"filters": 8, "blocks": 1} if SMALL else {"filters": 24, "blocks": 3}
cyclegan = zoo.CycleGAN(image_size=32, channels=1, discriminator_filters=8 if SMALL else 24, **size)
cyclegan.compile()
cyclegan.fit(
    pipelines.unpaired(sneakers, boots, batch_size=4, start_step=0),
    epochs=2 if SMALL else 4,
    steps_per_epoch=2 if SMALL else 120,
    callbacks=[zoo.callbacks.TensorBoard("logs/cyclegan")],
    verbose=2,
)

# %%
ours, theirs = next(iter(pipelines.unpaired(sneakers, boots, batch_size=4, seed=9)))
there, here = cyclegan(ours), cyclegan.backward_network(theirs)
zoo.show(
    {
        "sneakers": zoo.image_grid(ours, columns=4),
        "as boots": zoo.image_grid(there, columns=4),
        "and back": zoo.image_grid(cyclegan.backward_network(there), columns=4),
    },
    {
        "boots": zoo.image_grid(theirs, columns=4),
        "as sneakers": zoo.image_grid(here, columns=4),
        "and back": zoo.image_grid(cyclegan(here), columns=4),
    },
    height=1.2,
)

# %% [markdown]
# `zoo train cyclegan --data photos/ --targets paintings/` trains on folders.
