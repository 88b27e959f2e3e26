# %% [markdown]
# # Denoise, enhance, inpaint
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/07_denoise_enhance_inpaint.ipynb)
#
# Three ways in which photographs suffer, a trained network for each, and how to train your own. Every
# number compares with what can be done without a network.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import numpy as np
import skimage.data
import skimage.exposure
import skimage.restoration

import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook
SIDE = 96 if SMALL else 288
photograph = skimage.data.coffee()[60 : 60 + SIDE, 120 : 120 + SIDE]
clean = pipelines.to_float(photograph)[None]


def decibels(image):
    return float(zoo.metrics.PSNR("rgb").per_image(clean, pipelines.to_float(image)[None])[0])


def compare(pictures):
    zoo.show({f"{name}, {decibels(image):.1f} dB": image for name, image in pictures.items()})


# %% [markdown]
# ## Noise
#
# The preset was trained on noise of 0 to 55 levels at once, and finds out how much there is.

# %%
noisy = pipelines.to_uint8(pipelines.recipe("denoise-25")(clean, seed=(0, 0))[0])
denoiser = zoo.from_preset("denoise_color")
compare(
    {
        "noisy": noisy,
        "total variation": pipelines.to_uint8(
            skimage.restoration.denoise_tv_chambolle(noisy, weight=0.1, channel_axis=-1) * 2 - 1
        ),
        "denoise_color": zoo.restore(denoiser, noisy),
    }
)

# %% [markdown]
# ## Darkness
#
# An underexposed photograph is dark, noisy and short of colour. Spreading the histogram makes it
# bright, and the noise with it.

# %%
dark = pipelines.to_uint8(pipelines.recipe("low-light")(clean, seed=(0, 2))[0])
enhancer = zoo.from_preset("enhance_low_light")
compare(
    {
        "dark": dark,
        "adaptive histogram": pipelines.to_uint8(skimage.exposure.equalize_adapthist(dark) * 2 - 1),
        "enhance_low_light": zoo.restore(enhancer, dark),
    }
)

# %% [markdown]
# ## Holes
#
# `zoo.inpaint` takes a mask, white where something is to be filled. Everything else comes through
# bit by bit. The recipe `lama-medium` draws masks; paint one in any program for a photograph of
# yours, or on the page that `zoo demo` opens.

# %%
photograph = skimage.data.chelsea()[:SIDE, 80 : 80 + SIDE]
clean = pipelines.to_float(photograph)[None]
holed = np.asarray(pipelines.recipe("lama-medium")(clean, seed=(0, 4))[0])
mask = holed[..., 3] > 0
inpainter = zoo.from_preset("inpaint_photo")
torn = np.where(mask[..., None], np.uint8(255), photograph)
filled = zoo.inpaint(inpainter, torn, mask)
biharmonic = skimage.restoration.inpaint_biharmonic(torn, mask, channel_axis=-1)
compare(
    {"torn": torn, "biharmonic": pipelines.to_uint8(biharmonic * 2 - 1), "inpaint_photo": filled}
)
print("known pixels untouched:", bool(np.all(filled[~mask] == photograph[~mask])))

# %% [markdown]
# The network continues tones and edges; wide holes it fills smoothly, and what was in them is lost.
# The smoothest possible fill is hard to beat where there is nothing but smooth surfaces, such as the
# cup above; on the hundred photographs of a table in the README it is 2.3 dB behind.
#
# A hole in an image of a kind that a GAN makes can be filled by searching what that GAN would have
# made there (Yeh et al. 2017). The faces are made by another one, `stylegan2_faces_64`:
# `dcgan_faces_32`, which searches, has to come as near as it can.

# %%
faces = zoo.from_preset("dcgan_faces_32")
whole = zoo.from_preset("stylegan2_faces_64").generate(4, truncation=0.7, seed=9)
whole = np.clip(keras.ops.average_pool(whole, 2), -1, 1)  # 32 px
box = np.zeros((4, 32, 32, 1), "float32")
box[:, 8:24, 8:24] = 1.0
search = zoo.SemanticInpainting(faces, steps=5 if SMALL else 150, starts=2)
completed = search(np.where(box > 0, 1.0, whole), box, seed=1)
zoo.show(
    {
        "with a hole": zoo.image_grid(np.where(box > 0, 1.0, whole), columns=4),
        "completed": zoo.image_grid(completed, columns=4),
        "as it was": zoo.image_grid(whole, columns=4),
    },
    height=1.5,
)

# %% [markdown]
# ## Train your own
#
# All of them train in the same way: a source, a recipe, `fit`. The objective says what counts.
# `EnhancementGAN` weighs structure and colour apart; here it learns a recipe of our own.

# %%
backlight = pipelines.Recipe(
    "backlight",
    [
        pipelines.degradations.LowLight(),
        pipelines.degradations.Vignette(),
        pipelines.degradations.GaussianNoise(sigma_levels=(2, 10)),
    ],
    rounding=True,
)
photographs = pipelines.sample(image_size=64 if SMALL else 96)
pairs = pipelines.paired(photographs[1:], backlight, batch_size=4, seed=0, start_step=0)
held_out = pipelines.paired(photographs[:1], backlight, batch_size=1, shuffle=False)

model = zoo.EnhancementGAN(filters=(8, 16) if SMALL else (16, 32, 64), blocks=1)
model.compile(keras.optimizers.Adam(1e-3), metrics=[zoo.metrics.PSNR("rgb")])
history = model.fit(
    pairs,
    epochs=2 if SMALL else 4,
    steps_per_epoch=2 if SMALL else 100,
    validation_data=held_out,
    callbacks=[
        zoo.callbacks.TensorBoard("logs/enhance"),
        zoo.callbacks.ImageGrid("logs/enhance", held_out),
        zoo.callbacks.BestCheckpoint("runs/enhance/best"),
    ],
    verbose=2,
).history

# %% [markdown]
# Three photographs are few: what is learned of them soon does not hold for the fourth, and its score
# falls while the loss does, too. `BestCheckpoint` has kept the weights of the best epoch.

# %%
best = zoo.from_preset("runs/enhance/best")
before, after = next(iter(held_out))
zoo.show({"input": before[0], "output": best(before)[0], "target": after[0]})

# %% [markdown]
# `zoo train inpainting_gan --data photos/`, `zoo train denoising_gan --data photos/` and so on do the
# same from the command line, with checkpoints from which a killed run goes on.
