# %% [markdown]
# # StyleGAN2: train, mix, edit
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/04_stylegan2.ipynb)
#
# StyleGAN2 (Karras et al. 2020) turns noise into a *style*, and the style modulates each layer of
# the network that draws. So styles can be mixed layer by layer, and walked through.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import numpy as np

import pipelines
import zoo
from zoo import latent_editing

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook

# %% [markdown]
# ## Train
#
# The regularisation of the paper is in the variant: R1 each 16th step, path length each 8th, mixing
# of styles. `ema_halflife_images` keeps the average from which samples are made. With few images,
# `AdaptiveAugmentation` shows the discriminator flipped, shifted and recoloured ones, as often as
# it takes to keep it from learning the images by heart. The faces below took 75 minutes: a batch of
# 16, 17,472 times, without the path length term. The few minutes here show that it runs: the samples
# have hardly any variety yet.

# %%
if SMALL:
    noise = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), "uint8")
    source = pipelines.from_arrays(noise, augment=False)
else:
    source = pipelines.from_tfds("fashion_mnist", channels=1, augment=False)
model = zoo.StyleGAN2(
    image_size=32, channels=1, filters=8 if SMALL else 16, style_size=64,
    augmentation=zoo.AdaptiveAugmentation(), ema_halflife_images=2_000,
)  # fmt: skip
model.compile()
history = model.fit(
    pipelines.unlabelled(source, 32, start_step=0, image_size=32),  # enlarged from 28 px
    epochs=2 if SMALL else 4,
    steps_per_epoch=2 if SMALL else 150,
    callbacks=[zoo.callbacks.TensorBoard("logs/style"), zoo.callbacks.SampleGrid("logs/style")],
    verbose=0,
).history
print({name: round(values[-1], 3) for name, values in history.items()})
zoo.show({"after training": zoo.image_grid(model.sample(32, seed=1), columns=16)}, height=1.5)

# %% [markdown]
# ## Truncate
#
# The rest uses `stylegan2_faces_64`, 1.5 million weights that made all the faces below; nobody was
# photographed for them. Truncation pulls styles towards their mean: fewer failures, less variety.

# %%
faces = zoo.from_preset("stylegan2_faces_64")
count = 4 if SMALL else 10
zoo.show(
    *[
        {f"truncation {psi}": zoo.image_grid(faces.generate(count, truncation=psi, seed=4), count)}
        for psi in (1.0, 0.7, 0.4)
    ],
    height=1.2,
)

# %% [markdown]
# ## Mix
#
# Coarse layers take the style of the row, fine layers that of the column: pose and shape from one
# face, colours from another.

# %%
rows, columns = faces.inputs(3, seed=11), faces.inputs(5, seed=5)
layers = faces.synthesis.input_shape[1]
sheet = latent_editing.mixing_sheet(faces, rows, columns, crossover=layers // 2, truncation=0.7)
zoo.show({"coarse styles by row, fine ones by column": sheet}, height=4)

# %% [markdown]
# ## Edit
#
# Some directions need no labels at all: those which change the modulation most (SeFa, Shen and Zhou
# 2021). At the ends of the first one, 3 is farther than faces go.

# %%
styles = faces.styles_of(faces.inputs(3, seed=7), truncation=0.7)
directions = latent_editing.closed_form_directions(faces, count=3)
strengths = [-3, -1.5, 0, 1.5, 3]
zoo.show(
    {
        f"direction {number}": latent_editing.direction_sheet(faces, styles, each, strengths)
        for number, each in enumerate(directions[: 1 if SMALL else 3])
    },
    height=2.5,
)

# %% [markdown]
# Others are asked for. Anything that gives each image a number will do: a classifier, or, to stay
# without one, how bright the picture is. `attribute_direction` fits the direction along which that
# number grows.

# %%
many = faces.styles_of(faces.inputs(64 if SMALL else 1000, seed=3), truncation=0.7)
brightness = faces.images_of(many).mean(axis=(1, 2, 3))
brighter = latent_editing.attribute_direction(many, brightness)
moved = latent_editing.edit(faces, styles, brighter, strengths)
zoo.show({"brighter": latent_editing.sheet(moved)}, height=2.5)
print("mean brightness at each strength:", moved.mean(axis=(0, 2, 3, 4)).round(2))

# %% [markdown]
# And a walk: straight through styles, from one face to the next.

# %%
ways = faces.interpolate(3, steps=8, truncation=0.7, seed=2)
zoo.show({"between faces": zoo.image_grid(ways, columns=8)}, height=3)
