# %% [markdown]
# # Add your own variant, in four files
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/15_your_own_variant.ipynb)
#
# A variant says what its paper says: networks, and the terms of two losses. Tapes, optimizers,
# averaging, replicas, precision, saving, tiling and export live in `zoo.core`, once. Here we write
# one that takes motion blur away, after DeblurGAN (Kupyn et al. 2018), and everything else works.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo[tflite] @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import skimage.data
from keras import layers, ops

import export
import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook

# %% [markdown]
# ## 1. The variant: `zoo/restoration/deblurring_gan.py`
#
# `zoo.PairedGAN` is for degraded and clean pairs. It wants a generator, a function that makes a
# discriminator, and an objective; both players' terms follow from the objective. Whatever goes
# beyond is a term more in `generator_terms`: a dict of name to weighted scalar, whose sum is the
# loss and whose names are what `fit` logs. Ours adds one: edges should be where they were.


# %%
def deblurrer(filters, blocks):
    """A residual network that predicts what the blur took."""
    inputs = x = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    for _ in range(blocks):
        branch = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.Add()([x, layers.Conv2D(filters, 3, padding="same")(branch)])
    change = layers.Conv2D(3, 3, padding="same", kernel_initializer="zeros")(x)
    return keras.Model(inputs, layers.Add(dtype="float32", name="restored")([inputs, change]))


def critic(filters):
    """Judges patches."""
    inputs = x = keras.Input((None, None, 3))
    for level in range(3):
        x = layers.Conv2D(filters * 2**level, 4, 2, padding="same")(x)
        x = layers.LeakyReLU(0.2)(x)
    return keras.Model(inputs, layers.Conv2D(1, 4, padding="same", dtype="float32")(x))


def edges(images):
    """Differences of neighbouring pixels, down and to the right."""
    return images[:, 1:] - images[:, :-1], images[:, :, 1:] - images[:, :, :-1]


@keras.saving.register_keras_serializable(package="mine")
class DeblurringGAN(zoo.PairedGAN):
    """Take motion blur away."""

    task = "deblurring"

    def __init__(self, filters=32, blocks=4, edge_weight=0.5, objective=None, **kwargs):
        super().__init__(deblurrer(filters, blocks), lambda: critic(filters), objective, **kwargs)
        self._arguments = {"filters": filters, "blocks": blocks, "edge_weight": edge_weight}
        self.edge_weight = edge_weight

    @staticmethod
    def default_objective():
        return zoo.PairedObjective(
            pixel_loss=keras.losses.MeanAbsoluteError(),
            adversarial_loss=zoo.losses.LeastSquares(),
            adversarial_weight=0.005,
        )

    def generator_terms(self, batch):
        terms = super().generator_terms(batch)
        pairs = zip(edges(batch["clean"]), edges(batch["restored"]), strict=True)
        apart = sum(ops.mean(ops.abs(clean - restored)) for clean, restored in pairs)
        return {**terms, "edges": self.edge_weight * apart}

    def get_config(self):
        return {**super().get_config(), **self._arguments}


# %% [markdown]
# ## Train it
#
# The recipe is one degradation. Logs, TensorBoard, validation and averaging are there already.

# %%
blur = pipelines.Recipe("motion", [pipelines.degradations.MotionBlur(length_px=(3, 9))])
photographs = pipelines.sample(image_size=64)
blur.save("motion.json")  # goes wherever a recipe's name goes
pairs = pipelines.paired(photographs[1:], blur, batch_size=4, seed=0, start_step=0)
held_out = pipelines.paired(photographs[:1], blur, batch_size=1, shuffle=False)

model = DeblurringGAN(filters=8 if SMALL else 24, blocks=1 if SMALL else 4, ema_halflife_images=200)
model.compile(
    keras.optimizers.Adam(1e-3), keras.optimizers.Adam(2e-4), metrics=[zoo.metrics.PSNR("rgb")]
)
history = model.fit(
    pairs,
    epochs=2 if SMALL else 4,
    steps_per_epoch=2 if SMALL else 75,
    validation_data=held_out,
    callbacks=[zoo.callbacks.TensorBoard("logs/mine")],
    verbose=2,
)

# %% [markdown]
# ## Use it, save it, serve it
#
# Photographs of any size, tile by tile; a preset that others load by its path; a SavedModel and a
# TFLite file that were compared with the model.

# %%
photograph = skimage.data.coffee()[100:260, 200:400]
blurred = blur(pipelines.to_float(photograph)[None], seed=(0, 1))[0]
levels = pipelines.to_uint8(blurred)
zoo.show({"blurred": levels, "restored": zoo.restore(model, levels), "photograph": photograph})

# %%
model.save_to_preset("presets/deblur", recipe="motion.json")
loaded = zoo.from_preset("presets/deblur")
saved = export.saved_model(loaded, "serving/deblur")
print(export.check(loaded, saved_model=saved, tflite=export.tflite(loaded, "deblur.tflite")))

# %% [markdown]
# ## 2. The test: `tests/zoo/restoration/test_deblurring_gan.py`
#
# One call checks what every variant must do: it is inferred with, trained, evaluated, saved in both
# ways, loaded and trained on, exported, traced for any batch size, and trained in mixed precision
# on two replicas with the weights of one.
#
# ```python
# def test_variant_contract(tmp_path, mirrored):
#     def build(**options):
#         return zoo.DeblurringGAN(filters=4, blocks=1, **options)
#
#     cases.run_variant_test(build, cases.pairs(4), folder=tmp_path, strategy=mirrored, steps=2)
# ```
#
# ## 3. The import: `zoo/__init__.py`
#
# `from zoo.restoration.deblurring_gan import DeblurringGAN as DeblurringGAN`. The command line finds
# it there: `zoo train deblurring_gan --data photos/ --recipe motion.json --set blocks=8`.
#
# ## 4. The tables: `README.md`
#
# `make tables` writes a row from the docstring's first line.
#
# A variant without pairs states more: `prepare` (unpack a batch, draw noise), `forward` (what the
# generator makes), `discriminator_terms` and `generator_terms`; `zoo.LatentGAN` is the base for those
# that make images from noise, `zoo.AdversarialModel` for everything else.
