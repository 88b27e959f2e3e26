# %% [markdown]
# # Your first GAN: from the vanilla GAN to DCGAN to WGAN-GP
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/02_your_first_gan.ipynb)
#
# Two networks play against each other: the generator makes images from noise, the discriminator
# tells them from real ones. Three steps in the history of this game, each on Fashion-MNIST, and
# what each of them fixed.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import matplotlib.pyplot as plt
import numpy as np

import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook
STEPS = 3 if SMALL else 300  # an epoch
EPOCHS = 2 if SMALL else 4

# %%
if SMALL:
    noise = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), "uint8")
    fashion = pipelines.from_arrays(noise, augment=False)
else:
    fashion = pipelines.from_tfds("fashion_mnist", channels=1, augment=False)
real = next(iter(pipelines.unlabelled(fashion, 32)))
zoo.show({"real": zoo.image_grid(real, columns=16)}, height=1.5)


# %% [markdown]
# One function trains any of them, with plain `fit`. What we look at: samples from the same noise
# after each epoch, and the discriminator's mean verdicts on real and on made images, `D(real)` and
# `D(fake)`, which `zoo.callbacks.TensorBoard` asks `fit` to log.


# %%
def train(model, name, discriminator_steps=1):
    model.compile(discriminator_steps=discriminator_steps)
    return model.fit(
        pipelines.unlabelled(fashion, 64 * discriminator_steps, start_step=0),
        epochs=EPOCHS,
        steps_per_epoch=STEPS,
        callbacks=[
            zoo.callbacks.TensorBoard(f"logs/first/{name}"),
            zoo.callbacks.SampleGrid(f"logs/first/{name}"),
        ],
        verbose=0,
    )


# %% [markdown]
# ## 1. The vanilla GAN (Goodfellow et al. 2014)
#
# Dense layers only. The loss of the paper has two forms. `Minimax` is the zero-sum game of its
# equation 1: the generator minimises $\log(1 - D(G(z)))$, which is flat where the discriminator is
# sure, as it is at the beginning. `NonSaturating` maximises $\log D(G(z))$ instead, which has the
# same fixed point and a gradient that is large where it is needed. It is the default.

# %%
runs, models = {}, {}
for name, loss in [("minimax", zoo.losses.Minimax()), ("non-saturating", None)]:
    objective = zoo.LatentObjective(adversarial_loss=loss) if loss else None
    models[name] = zoo.GAN((28, 28, 1), objective=objective)
    runs[name] = train(models[name], name)
zoo.show(
    {name: zoo.image_grid(models[name].sample(16, seed=1), columns=8) for name in models},
    height=1.5,
)

# %%
for name, run in runs.items():
    print(name, [f"{norm:.3g}" for norm in run.history["generator/gradient_norm"]])

# %% [markdown]
# The numbers above are the generator's gradient norms, epoch by epoch.
#
# ## 2. DCGAN (Radford et al. 2016)
#
# Convolutions that know that neighbouring pixels belong together, batch normalisation in both
# networks, and Adam with $\beta_1 = 0.5$. The samples get shapes. They come from an average of the
# generator's weights, which `ema_halflife_images` asks for, and which is better than any one step.

# %%
size = {
    "image_size": 28, "channels": 1, "filters": 16 if SMALL else 32, "ema_halflife_images": 5_000,
}  # fmt: skip
models["DCGAN"] = zoo.DCGAN(**size)
runs["DCGAN"] = train(models["DCGAN"], "dcgan")
zoo.show({"DCGAN": zoo.image_grid(models["DCGAN"].sample(32, seed=1), columns=16)}, height=1.5)

# %% [markdown]
# ## 3. WGAN-GP (Gulrajani et al. 2017)
#
# The discriminator becomes a critic without a sigmoid: the difference of its means is an estimate
# of a distance between the two distributions, which falls as the samples get better, so it can be
# watched. It holds only for a critic of slope 1, and the gradient penalty asks for that. The critic
# takes three steps for each of the generator's here, on fresh images each time; five in the paper.

# %%
models["WGAN-GP"] = zoo.WGANGP(**size)
runs["WGAN-GP"] = train(models["WGAN-GP"], "wgan_gp", discriminator_steps=2 if SMALL else 3)
zoo.show({"WGAN-GP": zoo.image_grid(models["WGAN-GP"].sample(32, seed=1), columns=16)}, height=1.5)

# %%
figure, axes = plt.subplots(1, len(runs), figsize=(14, 3), layout="constrained")
for axis, (name, run) in zip(axes, runs.items(), strict=True):
    for key in ("discriminator/D(real)", "discriminator/D(fake)"):
        axis.plot(run.history[key], label=key.split("/")[1])
    axis.set(title=name, xlabel="epoch")
    axis.legend()
plt.show()

# %% [markdown]
# The curves are logits for the first three and the critic's scores for the last. Where the two
# curves of a GAN run apart, the discriminator wins, and its generator gets little to learn from.

# %% tags=["colab"]
# %load_ext tensorboard
# %tensorboard --logdir logs/first

# %% [markdown]
# ## Which one is better?
#
# Looking is not measuring: `zoo.callbacks.SampleQuality` and `zoo evaluate` compute Frechet and
# kernel distances, precision, recall and coverage on any feature network. Trained longer, as the
# presets are (`zoo.preset_record` tells how), the second one gives this.

# %%
trained = zoo.from_preset("dcgan_fashion")
zoo.show({"dcgan_fashion": zoo.image_grid(trained.sample(32, seed=1), columns=16)}, height=1.5)
print(zoo.preset_record("dcgan_fashion")["training"]["steps"], "steps")

# %% [markdown]
# Latents are a space in which one can walk: halfway between two of them is a picture as well.

# %%
ways = trained.interpolate(4, steps=12, seed=2)
zoo.show({"from one sample to another": zoo.image_grid(ways, columns=12)}, height=2.5)
