# %% [markdown]
# # Attributes of faces, and effects over time
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/11_attributes_and_effects.ipynb)
#
# How a face would look older, and how a photograph would look from a moving car: two models that
# take numbers next to the image.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import numpy as np
import skimage.data

import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook

# %% [markdown]
# ## Attributes
#
# `FaceAttributeGAN` is told a *change* of each attribute. It has to look real, show the attributes
# that were asked for, come back when the change is undone, and leave everything else alone (Choi et
# al. 2018). `face_attributes_64` knows ages, from 20 to 60, and genders, of which 1 is female. The
# faces are made by `stylegan2_faces_64`, so no person is edited here.

# %%
generator = zoo.from_preset("stylegan2_faces_64")
levels = pipelines.to_uint8(generator.generate(32 if SMALL else 512, truncation=0.8, seed=1))
shown = levels[: 1 if SMALL else 4]
asked = {
    "younger": {"age": -1.0},
    "somewhat older": {"age": 0.5},
    "older": {"age": 1.0},
    "feminine": {"gender": 1.0},
    "masculine": {"gender": -1.0},
}


def compare(model, asked):
    zoo.show(
        *[
            {"as made": face, **{name: zoo.restore(model.editor_of(change), face)
                                 for name, change in asked.items()}}
            for face in shown
        ],
        height=1.4,
    )  # fmt: skip


compare(zoo.from_preset("face_attributes_64"), asked)

# %% [markdown]
# ### Training one
#
# For a training of minutes, the attribute is one that we can compute: how warm the colours are.
# `--attributes` of `zoo train face_attribute_gan` takes a table with any numbers, such as ages.
# Warmth is a matter of the whole picture, so the terms that keep an edit small and hard to see
# through are left out.

# %%
warmth = (levels[..., 0].astype("float32") - levels[..., 2]).mean(axis=(1, 2))
low, high = np.percentile(warmth, [5, 95])
numbers = np.clip((warmth - low) / (high - low), 0, 1).astype("float32")[:, None]

# %%
model = zoo.FaceAttributeGAN(
    {"warmth": (float(low), float(high))}, filters=8 if SMALL else 16, blocks=1 if SMALL else 2,
    discriminator_filters=8 if SMALL else 16,
    objective=zoo.AttributeObjective(
        attribute_weight=5.0, source_weight=0.0, cycle_weight=5.0, change_weight=0.0
    ),
)  # fmt: skip
model.compile(keras.optimizers.Adam(5e-4, beta_1=0.5), keras.optimizers.Adam(5e-4, beta_1=0.5))
model.fit(
    pipelines.attributed(
        pipelines.from_arrays(levels, augment=False), numbers, batch_size=8, start_step=0
    ),
    epochs=2,
    steps_per_epoch=2 if SMALL else 150,
    callbacks=[zoo.callbacks.TensorBoard("logs/attributes")],
    verbose=2,
)  # fmt: skip

# %%
compare(model, {f"warmth {change:+.1f}": {"warmth": change} for change in (-1.0, -0.5, 0.5, 1.0)})

# %% [markdown]
# ## Effects over time
#
# `DynamicGAN` renders a sequence from one photograph: a blur that grows in one direction, as of a
# camera that is dragged along, and a light that moves. `pipelines.effects` describes a sequence.

# %%
photograph = skimage.data.rocket()[60:380, 180:500]
picture = photograph[:64, :64] if SMALL else photograph
described = pipelines.effects(
    length_px=[9.0], angle_degrees=[0.0], light=[0.8], start=[[-1, 0]], end=[[1, 0]], count=5
)[0]
truth = pipelines.apply_effects(np.repeat(pipelines.to_float(picture)[None], 5, axis=0), described)


def compare_frames(frames):
    zoo.show(
        {f"frame {index}": frame for index, frame in enumerate(frames)},
        {f"as computed, {index}": frame for index, frame in enumerate(truth)},
        height=2,
    )


frames = zoo.animate(zoo.from_preset("motion_and_light"), picture, described)
compare_frames(frames)

# %%
zoo.save_gif(frames, "moving.gif")

# %% [markdown]
# ### Training one
#
# One discriminator sees frames next to their photograph, another whether all frames of a
# sequence belong together.

# %%
SIDE = 32 if SMALL else 48
dynamic = zoo.DynamicGAN(
    frame_count=4, filters=8 if SMALL else 24, blocks=1 if SMALL else 2, discriminator_filters=8
)
dynamic.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(2e-4))
dynamic.fit(
    pipelines.frames(pipelines.sample(image_size=SIDE), batch_size=2, count=4, start_step=0),
    epochs=2,
    steps_per_epoch=2 if SMALL else 200,
    callbacks=[zoo.callbacks.TensorBoard("logs/frames")],
    verbose=2,
)

# %%
compare_frames(zoo.animate(dynamic, picture, described))

# %% [markdown]
# `zoo train face_attribute_gan` and `zoo train dynamic_gan` take it from here.
