# %% [markdown]
# # Conditional and weakly supervised GANs
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/03_labels.ipynb)
#
# Labels can steer a GAN, and a GAN can make up for labels that are missing. First a generator that
# makes what it is asked for, then a discriminator that learns to classify from ten labels a class.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import numpy as np

import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook
NAMES = ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
         "boot"]  # fmt: skip

# %%
if SMALL:
    draws = np.random.default_rng(0)
    noise, numbers = draws.integers(0, 256, (200, 28, 28, 1), "uint8"), np.arange(200) % 10
    fashion = held_out = pipelines.from_arrays(noise, labels=numbers, augment=False)
else:
    fashion = pipelines.from_tfds("fashion_mnist", channels=1, augment=False)
    held_out = pipelines.from_tfds("fashion_mnist:test", channels=1, augment=False)
images, labels = next(iter(pipelines.labelled(fashion, 10)))
zoo.show({NAMES[int(label)]: image for image, label in zip(images, labels, strict=True)},
         height=1.2)  # fmt: skip

# %% [markdown]
# ## Ask for a class
#
# Both players see the label: the generator gets it next to the noise, so that it knows what to
# make, and the discriminator next to the image, so that a good picture of the wrong class counts as
# made (Mirza and Osindero 2014). `ema_halflife_images` keeps an average of the generator's weights,
# which makes better samples than any single step.

# %%
model = zoo.ConditionalGAN(
    class_count=10, image_size=28, channels=1, filters=16 if SMALL else 32,
    ema_halflife_images=5_000,
)  # fmt: skip
model.compile()
model.fit(
    pipelines.labelled(fashion, 64, start_step=0),
    epochs=2 if SMALL else 5,
    steps_per_epoch=2 if SMALL else 200,
    callbacks=[zoo.callbacks.TensorBoard("logs/labels"), zoo.callbacks.SampleGrid("logs/labels")],
    verbose=2,
)

# %%
made = model.generate(labels=[label for label in range(10) for _ in range(8)], seed=1)
grid = zoo.image_grid(made.reshape(10, 8, 28, 28, 1).swapaxes(0, 1).reshape(80, 28, 28, 1), 10)
zoo.show({"  |  ".join(NAMES): grid}, height=5)

# %% [markdown]
# The same noise with another label keeps what is not a matter of the class, such as how bright and
# how wide things are: each row below is one latent.

# %%
trained = zoo.from_preset("conditional_fashion")
latents = np.repeat(trained.inputs(4, seed=3)[0], 10, axis=0)
rows = trained([latents, np.tile(np.arange(10), 4)])
zoo.show({"one latent a row, one class a column": zoo.image_grid(rows, columns=10)}, height=3)

# %% [markdown]
# ## Learn from few labels
#
# The discriminator of a `WeaklySupervisedGAN` is a classifier with one class more, "made" (Salimans
# et al. 2016). What tells real images from made ones tells it what clothes look like, also where
# there are no labels. Ten labels a class; all other images come without.


# %%
def few_of_each(source, count):
    """The first `count` images of each class, as a source of their own."""
    chosen = {number: [] for number in range(10)}
    for image, label in pipelines.labelled(source, 1, shuffle=False).unbatch():
        kept = chosen[int(label)]
        if len(kept) < count:
            kept.append(np.asarray(image))
        if all(len(each) == count for each in chosen.values()):
            break
    stacked = np.concatenate([np.stack(each) for each in chosen.values()])
    numbers = np.repeat(np.arange(10), count)
    return pipelines.from_arrays(pipelines.to_uint8(stacked), labels=numbers, augment=False)


few = few_of_each(fashion, 10)
batches = pipelines.partly_labelled(few, fashion, batch_size=100, labelled_share=0.2)


# %%
def accuracy(classifier, source, batches=4 if SMALL else 20):
    right = total = 0
    for images, labels in pipelines.labelled(source, 100, shuffle=False).take(batches):
        right += np.sum(np.argmax(classifier.classify(images), axis=-1) == labels)
        total += len(labels)
    return right / total


for name, share in [("labelled images alone", 0.0), ("with unlabelled images", 0.5)]:
    keras.utils.set_random_seed(0)
    gan = zoo.WeaklySupervisedGAN(class_count=10, unsupervised_share=share)
    steps = 4 if SMALL else 2000
    rates = [keras.optimizers.schedules.CosineDecay(rate, steps) for rate in (3e-4, 1e-3)]
    gan.compile(*[keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates])
    gan.fit(batches, steps_per_epoch=steps, verbose=0)
    print(f"{name}: {accuracy(gan, held_out):.1%} right on images it has not seen")

# %% [markdown]
# One draw of ten labels a class says little: `benchmarks/weakly_supervised.py` measures two, on
# the whole test set; its table is in the README.
