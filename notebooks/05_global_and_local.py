# %% [markdown]
# # Global and local: regions with players of their own
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/05_global_and_local.ipynb)
#
# One discriminator sees the whole picture, and small things escape it. Two variants give regions
# players of their own: `GlobalGAN` judges each region of what one generator made, and `LocalGAN`
# makes each region from noise and its position, so that seams are the thing to avoid.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import numpy as np

import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook

# %%
if SMALL:
    noise = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), "uint8")
    fashion = pipelines.from_arrays(noise, augment=False)
else:
    fashion = pipelines.from_tfds("fashion_mnist", channels=1, augment=False)
SIZE = {
    "image_size": 28, "channels": 1, "filters": 8 if SMALL else 32, "ema_halflife_images": 5_000,
}  # fmt: skip


def train(model, name):
    model.compile()
    return model.fit(
        pipelines.unlabelled(fashion, 64, start_step=0),
        epochs=2 if SMALL else 3,
        steps_per_epoch=2 if SMALL else 350,
        callbacks=[
            zoo.callbacks.TensorBoard(f"logs/regions/{name}"),
            zoo.callbacks.SampleGrid(f"logs/regions/{name}"),
        ],
        verbose=0,
    ).history


# %% [markdown]
# ## A global generator with local discriminators
#
# A `DCGAN` with a discriminator more for each cell of a grid. `whole_weight` and `local_weight` say
# how much the generator cares about each verdict; with `shared=True` one network judges all
# regions, and is told where it looks.

# %%
plain = zoo.DCGAN(**SIZE)
globally = zoo.GlobalGAN(**SIZE, regions=(2, 2), overlap=4, local_weight=0.5)
logs = {"DCGAN": train(plain, "dcgan"), "GlobalGAN": train(globally, "global")}
zoo.show(
    {
        "DCGAN": zoo.image_grid(plain.sample(16, seed=1), columns=8),
        "GlobalGAN, 2 x 2 regions": zoo.image_grid(globally.sample(16, seed=1), columns=8),
    },
    height=2,
)

# %% [markdown]
# Each verdict is a term of its own in the logs and in TensorBoard.

# %%
for name, history in logs.items():
    print(name, {key: round(values[-1], 2) for key, values in history.items()})

# %% [markdown]
# ## Local generators with positions
#
# Each region is drawn by itself, from the noise of the image, a little noise of its own, and its
# position (Lin et al. 2019). Three things keep seams away: regions overlap and fade into each
# other, they share most of their noise, and discriminators look at windows across the borders.

# %%
locally = zoo.LocalGAN(**SIZE, regions=(2, 2))
logs["LocalGAN"] = train(locally, "local")
zoo.show(
    {"LocalGAN, 2 x 2 regions": zoo.image_grid(locally.sample(32, seed=1), columns=16)}, height=1.5
)

# %% [markdown]
# Is there a seam? Look at how much neighbouring pixels differ, across the borders and elsewhere: a
# ratio of 1 means that the borders do not stand out.


# %%
def seam(images):
    """Differences across the middle of the image, over those around it."""
    steps = np.abs(np.diff(np.asarray(images)[..., 0], axis=2)).mean(axis=(0, 1))
    middle = images.shape[2] // 2 - 1
    around = [middle - 3, middle - 2, middle + 2, middle + 3]
    return steps[middle] / steps[around].mean()


real = next(iter(pipelines.unlabelled(fashion, 64)))
print(f"real images {seam(real):.2f}, LocalGAN {seam(locally.sample(64, seed=2)):.2f}")

# %% [markdown]
# Only a quarter of the latents belongs to single regions. Changing one of these changes its region
# and leaves the others as they are: by little here, as training wants regions that fit together.

# %%
latents = np.repeat(np.asarray(locally.inputs(1, seed=5)), 6, axis=0)
share = latents.shape[1] // 16  # latents of one region, the last ones
draws = np.random.default_rng(0).normal(size=(6, share))
latents[:, -share:] = draws
variants = np.asarray(locally(latents))
zoo.show(
    {
        "another last region": zoo.image_grid(variants, columns=6),
        "what differs": zoo.image_grid(np.abs(variants - variants[:1]) * 2 - 1, columns=6),
    },
    height=1.3,
)
