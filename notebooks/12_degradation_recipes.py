# %% [markdown]
# # Degradation recipes: design your own
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/12_degradation_recipes.ipynb)
#
# A network restores what it was taught to restore. A recipe says what that is: a list of seeded
# degradations with ranges, computed by TensorFlow in the input pipeline, saved as JSON.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import keras
import numpy as np
import skimage.data
import tensorflow as tf

import pipelines
import zoo
from pipelines import degradations

photograph = skimage.data.coffee()[80:272, 140:332]
clean = pipelines.to_float(photograph)[None]

# %% [markdown]
# ## What there is
#
# Named recipes follow papers: Real-ESRGAN's two rounds of blur, resizing, noise and JPEG; the masks
# of LaMa; GFPGAN's faces; the damage of old prints.

# %%
for name in pipelines.list_recipes():
    print(f"{name:18} {pipelines.recipe(name).description}")

# %%
names = ["denoise-25", "jpeg", "low-light", "old-photo"]
zoo.show({name: pipelines.recipe(name)(clean, seed=(0, 1))[0] for name in names})

# %% [markdown]
# ## Seeds
#
# Everything random comes from the seed: the same pair of numbers gives the same damage again, on
# any machine, and each image of a batch its own. So a benchmark can be repeated, and a training run
# that was killed goes on with the images it would have seen.

# %%
recipe = pipelines.recipe("old-photo")
once, again, other = recipe(clean, seed=(0, 1)), recipe(clean, seed=(0, 1)), recipe(clean, (0, 2))
print("same seed, same image:", bool(tf.reduce_all(once == again)))
print("another seed, another image:", not bool(tf.reduce_all(once == other)))

# %% [markdown]
# ## Your own recipe
#
# Say we restore frames of old video: soft, with a tint, noise that is stronger where it is bright,
# compressed. Ranges are drawn for each image; `OneOf` picks, `probability` skips.

# %%
video = pipelines.Recipe(
    "old-video",
    [
        degradations.MixedBlur(),
        degradations.OneOf(
            [degradations.PoissonNoise(), degradations.GaussianNoise(sigma_levels=(3, 15))]
        ),
        degradations.ColorShift(probability=0.5),
        degradations.JPEG(quality=(20, 60)),
    ],
    rounding=True,
    description="Frames of old video: soft, noisy, compressed",
)
batch = np.repeat(clean, 4, axis=0)
damaged, drawn = video(batch, seed=(0, 1), return_params=True)
zoo.show({f"draw {index}": image for index, image in enumerate(damaged)})

# %% [markdown]
# What was drawn can be read, and played back on other images: the mask, say, through the same blur.

# %%
tf.nest.map_structure(lambda each: np.asarray(each).tolist(), drawn)

# %%
replayed = video.replay(np.flip(batch, axis=2), drawn)
zoo.show({"the same damage, another image": replayed[0]})

# %% [markdown]
# ## A degradation of your own
#
# Two methods: `sample` draws parameters, `transform` is a pure function of images and parameters.
# That is all that seeds, replay, `OneOf` and JSON need.


# %%
@keras.saving.register_keras_serializable(package="tutorial")
class Interlacing(degradations.Degradation):
    """Shifts every other line, as a moving camera did."""

    def __init__(self, shift_px=(1.0, 4.0), probability=1.0):
        super().__init__(probability)
        self.shift_px = shift_px

    def sample(self, draws):
        return {"shift_px": draws.uniform(self.shift_px)}

    def transform(self, images, params):
        lines = tf.range(tf.shape(images)[1]) % 2 == 1

        def shifted(each):
            image, shift = each
            return tf.roll(image, tf.cast(tf.round(shift), tf.int32), axis=1)

        moved = tf.map_fn(
            shifted,
            (images, params["shift_px"]),
            fn_output_signature=tf.TensorSpec((None, None, 3)),
        )
        return tf.where(lines[None, :, None, None], moved, images)


interlaced = pipelines.Recipe("interlaced", [*video.steps, Interlacing()], rounding=True)
zoo.show({"interlaced": interlaced(clean, seed=(0, 0))[0], "photograph": clean[0]})

# %% [markdown]
# ## Save, share, train
#
# JSON goes wherever a recipe's name goes: `pipelines.paired(source, "old-video.json")`,
# `zoo train ... --recipe old-video.json`, `zoo degrade photos/ -o sheet.png --recipe old-video.json`.

# %%
video.save("old-video.json")
pairs = pipelines.paired(
    pipelines.sample(image_size=64), "old-video.json", batch_size=4, start_step=0
)
model = zoo.DenoisingGAN(filters=(8, 16), blocks=1)
model.compile()
model.fit(pairs, steps_per_epoch=5, verbose=2)
after, before = next(iter(pairs))
zoo.show({"degraded": after[0], "clean": before[0]})
