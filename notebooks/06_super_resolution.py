# %% [markdown]
# # Super-resolution: SRResNet, SRGAN, ESRGAN
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/06_super_resolution.ipynb)
#
# Several pixels of a photograph have become one, and should become several again. SRResNet finds the
# image with the smallest error on average, which is a blurred one; SRGAN adds a discriminator that
# knows what photographs look like; ESRGAN makes it a relativistic one and drops batch
# normalisation.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import skimage.data
import tensorflow as tf

import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook

# %% [markdown]
# ## What trained networks do

# %%
side = 96 if SMALL else 256
photograph = skimage.data.chelsea()[20 : 20 + side, 100 : 100 + side]
batch = pipelines.to_float(photograph)[None]
small = pipelines.to_uint8(pipelines.recipe("bicubic-x4")(batch, seed=(0, 0))[0])

enlarged = tf.image.resize(pipelines.to_float(small), (side, side), "bicubic")
results = {"bicubic": pipelines.to_uint8(enlarged)}
for name in ("srresnet_x4", "srgan_x4"):
    results[name] = zoo.restore(zoo.from_preset(name), small)
zoo.show({**results, "photograph": photograph})

# %%
psnr = zoo.metrics.PSNR("y", border=4)
for name, image in results.items():
    print(f"{name:12} {float(psnr.per_image(batch, pipelines.to_float(image)[None])[0]):.2f} dB")

# %% [markdown]
# The network with the adversary is sharper and has fewer decibels: the error punishes details in
# the wrong place more than no details at all. Which one is right depends on what the picture is
# for.
#
# ## Train: first the error, then the adversary
#
# SRGAN starts from SRResNet (Ledig et al. 2017, section 3.2), because a discriminator that sees
# noise has an easy game. `zoo.warm_start` carries over what fits.

# %%
pairs = pipelines.paired(
    pipelines.sample(image_size=64)[1:], "bicubic-x2", batch_size=4, seed=0, start_step=0
)
held_out = pipelines.paired(
    pipelines.sample(image_size=64 if SMALL else 256)[:1], "bicubic-x2", 1, shuffle=False
)
STEPS = 2 if SMALL else 100


def fit(model, name, rate=1e-3, epochs=2):
    model.compile(
        keras.optimizers.Adam(rate), keras.optimizers.Adam(1e-3),
        metrics=[zoo.metrics.PSNR("y", border=2)],
    )  # fmt: skip
    logs = (
        zoo.callbacks.TensorBoard(f"logs/sr/{name}"),
        zoo.callbacks.ImageGrid("logs/sr", held_out),
    )
    history = model.fit(
        pairs,
        epochs=epochs,
        steps_per_epoch=STEPS,
        validation_data=held_out,
        callbacks=logs,
        verbose=0,
    ).history
    print(name, {key: round(values[-1], 3) for key, values in history.items()})
    return model


size = {"scale": 2, "filters": 16, "blocks": 2 if SMALL else 4, "compact": True}
srresnet = fit(
    zoo.SRGAN(**size, objective=zoo.PairedObjective(keras.losses.MeanAbsoluteError())), "SRResNet"
)

# %% [markdown]
# The objective names the terms and their weights. In the paper a VGG network compares features; the
# terms here need no download. With weights of yours: `zoo.losses.PerceptualLoss("vgg16.keras", ...)`.

# %%
adversarial = zoo.PairedObjective(
    pixel_loss=zoo.losses.CharbonnierLoss(),
    pixel_weight=1.0,
    adversarial_loss=zoo.losses.NonSaturating(),
    adversarial_weight=0.02,
)
srgan = zoo.SRGAN(**size, discriminator_filters=16, objective=adversarial)
zoo.warm_start(srgan, srresnet)
fit(srgan, "SRGAN", rate=1e-4)

# %% [markdown]
# ESRGAN (Wang et al. 2018): dense blocks in blocks, no normalisation, and a discriminator that says
# whether a real image is more realistic than a made one *on average*. It, too, starts from a network
# that was trained on the error alone, for longer, as it has no shortcut from input to output.

# %%
relativistic = zoo.PairedObjective(
    pixel_loss=zoo.losses.CharbonnierLoss(),
    adversarial_loss=zoo.losses.RelativisticAverage(),
    adversarial_weight=0.02,
)
dense = {"scale": 2, "filters": 16, "blocks": 1 if SMALL else 2, "growth": 8}
rrdb = zoo.ESRGAN(**dense, objective=zoo.PairedObjective(zoo.losses.CharbonnierLoss()))
fit(rrdb, "ESRGAN's network, error alone", epochs=2 if SMALL else 8)
esrgan = zoo.ESRGAN(**dense, discriminator_filters=16, objective=relativistic)
zoo.warm_start(esrgan, rrdb)
fit(esrgan, "ESRGAN", rate=1e-4)

# %%
low, high = next(iter(held_out))
zoo.show(
    {
        "input": low[0],
        "SRResNet": srresnet(low)[0],
        "SRGAN": srgan(low)[0],
        "ESRGAN": esrgan(low)[0],
        "photograph": high[0],
    }
)

# %% [markdown]
# A few hundred steps on three photographs are a lesson, not a product: `srresnet_x4` saw 8,000 steps
# on 1,350 photographs. `zoo train srgan --data photos/ --set scale=4` goes all the way, and can be
# interrupted; the [card](https://github.com/keras-gan-zoo/keras-gan-zoo/blob/main/zoo/presets/srgan_x4/card.md)
# of `srgan_x4` shows every option it was trained with.
#
# Real photographs were not reduced by a clean bicubic filter. The recipe `real-esrgan-x4` blurs,
# resizes, adds noise and compresses twice, at random; notebook 12 is about recipes.
