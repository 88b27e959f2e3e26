# %% [markdown]
# # Style transfer and editing by text
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/10_style_and_text.ipynb)
#
# One network for all styles: G(content, style) takes the picture whose style it is to paint in. And
# one for words: G(image, text) does what it is asked for.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import numpy as np
import skimage.data

import pipelines
import zoo
from zoo.networks.features import FeatureExtractor

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook
SIDE = 32 if SMALL else 64
photograph = skimage.data.chelsea()[:256, 100:356]

# %% [markdown]
# ## Style transfer
#
# The photograph is given the colours of the style picture first, by the means and covariances of
# both. Then a network draws over it: it takes details away and adds strokes, and a second network,
# which looks at the style picture, tells it which (Ghiasi et al. 2017). `style_transfer_any` was
# trained for an hour and a half on two cores; it has seen neither the photograph nor these styles.

# %%
painter = zoo.from_preset("style_transfer_any")
styles = [
    skimage.data.immunohistochemistry()[:256, :256],
    skimage.data.hubble_deep_field()[:256, :256],
    skimage.data.retina()[300:1100:3, 300:1100:3],
]
picture = photograph[:64, :64] if SMALL else photograph
zoo.show({"tissue": styles[0], "galaxies": styles[1], "eye": styles[2]}, height=1.5)
zoo.show(
    {
        "photograph": picture,
        "like tissue": zoo.stylize(painter, picture, styles[0]),
        "half of it": zoo.stylize(painter, picture, styles[0], strength=0.5),
        "galaxies and eye": zoo.stylize(painter, picture, styles[1:], weights=[1, 1]),
        "its own colours": zoo.stylize(painter, picture, styles[0], keep_color=True),
    }
)

# %% [markdown]
# ### Training one
#
# Its losses compare features of a network that was trained on something else: VGG's, say, which
# `zoo train style_transfer_gan --objective objective.json` reads from a file. A network with random
# weights knows colours and coarse texture, which is enough to see the idea in two minutes.

# %%
textures = [skimage.data.brick(), skimage.data.grass(), skimage.data.gravel()]
colours = np.array([[1.2, 0.6, 0.4], [0.5, 1.1, 0.4], [0.6, 0.8, 1.3]])
coloured = np.stack(
    [
        np.clip(texture[:256, :256, None] * tint, 0, 255).astype("uint8")
        for texture, tint in zip(textures, colours, strict=True)
    ]
)

# %%
network = keras.Sequential([keras.Input((None, None, 3))], name="features")
for number, filters in enumerate((16, 32, 64)):
    network.add(
        keras.layers.Conv2D(filters, 3, 1 + (number > 0), "same", activation="relu",
                            kernel_initializer="he_normal", name=f"conv{number + 1}")
    )  # fmt: skip


def features(*names):
    return FeatureExtractor.from_file(network, layers=names)


objective = zoo.StyleObjective(
    content_loss=zoo.losses.PerceptualLoss(features("conv3")),
    style_loss=zoo.losses.StatisticsStyleLoss(features("conv1", "conv2", "conv3")),
    content_weight=1.0,
    style_weight=3.0,
)

# %%
painter = zoo.StyleTransferGAN(
    filters=8 if SMALL else 16, blocks=1 if SMALL else 3, style_size=32, objective=objective
)
painter.compile()
painter.fit(
    pipelines.unpaired(
        pipelines.sample(image_size=SIDE, augment="mirror"),
        pipelines.from_arrays(coloured, image_size=SIDE),
        batch_size=3, start_step=0,
    ),
    epochs=2,
    steps_per_epoch=2 if SMALL else 80,
    callbacks=[zoo.callbacks.TensorBoard("logs/styles")],
    verbose=2,
)  # fmt: skip

# %%
zoo.show({"photograph": picture, "brick": coloured[0]},
         {"like brick": zoo.stylize(painter, picture, coloured[0])})  # fmt: skip

# %% [markdown]
# ## Editing by text
#
# `text_edits` knows ten edits, each asked for in several ways.

# %%
editor = zoo.from_preset("text_edits")
texts = ["make it darker", "like in the evening sun", "remove the colors", "an old faded photo"]
zoo.show({"photograph": picture},
         {text: zoo.restore(editor.editor_of(text), picture) for text in texts})  # fmt: skip

# %% [markdown]
# ### Training one
#
# `pipelines.edited` makes photographs, what a text asks for, and the result, on small crops here, as
# none of the edits needs more. The model learns the words (`TextVectorization` and a small encoder),
# and the discriminator is shown right images with wrong texts, so that it has to read (Reed et al.
# 2016).

# %%
editor = zoo.MultimodalGAN(
    pipelines.words(), filters=8 if SMALL else 24, blocks=1 if SMALL else 2,
    discriminator_filters=8 if SMALL else 16,
)  # fmt: skip
editor.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(2e-4))
editor.fit(
    pipelines.edited(
        pipelines.sample(image_size=32, augment="mirror"), batch_size=4 if SMALL else 16,
        read=editor.read, start_step=0,
    ),
    epochs=2,
    steps_per_epoch=2 if SMALL else 600,
    callbacks=[zoo.callbacks.TensorBoard("logs/texts")],
    verbose=2,
)  # fmt: skip

# %%
zoo.show({"photograph": picture},
         {text: zoo.restore(editor.editor_of(text), picture) for text in texts})  # fmt: skip

# %% [markdown]
# After two minutes some colour is left where it should be removed. An encoder from elsewhere reads
# more than these words: `zoo.FrozenTextEncoder` adapts it.
