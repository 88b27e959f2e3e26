# %% [markdown]
# # Old photographs, stage by stage
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/08_old_photographs.ipynb)
#
# An old print has two kinds of damage. Local damage (scratches, creases) destroys what was there, so
# it must be found and filled. What is spread over the whole print (grain, blur, fading) must be
# cleaned. `zoo.OldPhotoRestorer` does one after the other, and shows each step.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import numpy as np
import skimage.data
from PIL import Image

import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook
SIDE = 128 if SMALL else 320


# %% [markdown]
# ## A scan
#
# We age a photograph so that we know what is under the damage. With a scan of your own:
# `scan = zoo.Photo.open("scan.jpg").pixels`. The recipe `old-photo-damage` also says where it
# scratched and creased, in a fourth channel.

# %%
photograph = skimage.data.astronaut()[:SIDE, 80 : 80 + SIDE]
clean = pipelines.to_float(photograph)[None]
aged = np.asarray(pipelines.recipe("old-photo-damage")(clean, seed=(0, 5))[0])
scan, damage = pipelines.to_uint8(aged[..., :3]), aged[..., 3] > 0.5
zoo.show({"photograph": photograph, "scan": scan, "damaged here": damage})

# %% [markdown]
# ## Find the damage
#
# The detector is a small segmentation network, trained on what the recipe drew. The rim of a scratch
# is damaged as well: up to two pixels away, the restorer fills what differs from a first fill as the
# scratch does. `restorer.threshold = 0.95` and `restorer.grow_px = 0` are for careful work, which
# leaves more of the photograph as it is.

# %%
restorer = zoo.from_preset("old_photo_full")
found = zoo.restore(restorer.models["detector"], scan).reshape(damage.shape) > 127
overlap = (found & damage).sum() / max((found | damage).sum(), 1)
zoo.show({"damaged here": damage, "found": found, "filled": restorer.mask(scan)})
print(f"intersection over union: {overlap:.2f}")

# %% [markdown]
# ## Restore
#
# `steps` yields the picture after each stage. On the command line:
# `zoo restore scan.jpg -o restored.png --preset old_photo_full --show-steps steps.png`.

# %%
stages = dict(restorer.steps(scan))
alone = restorer(scan, off=["inpainter"])
zoo.show({"scan": scan, **stages})

# %%
for name, image in {"scan": scan, **stages, "without filling": alone}.items():
    batch = pipelines.to_float(image)[None]
    psnr, ssim = (
        float(metric.per_image(clean, batch)[0])
        for metric in (zoo.metrics.PSNR("rgb"), zoo.metrics.SSIM("rgb"))
    )
    print(f"{name:15} {psnr:.2f} dB, SSIM {ssim:.3f}")

# %% [markdown]
# Is filling worth it? `off` leaves a stage out. Fine scratches are mended by the repair network
# alone, often better, because it still sees what is between them; filling is for what is wide.
# Decide by looking, closely.

# %%
closer = np.s_[: SIDE // 2, SIDE // 4 : SIDE // 4 * 3]
pictures = {"scan": scan, "all stages": stages["repairer"], "without filling": alone}
zoo.show({name: image[closer] for name, image in {**pictures, "photograph": photograph}.items()})

# %% [markdown]
# ## Stages of your own
#
# Any model that fits takes a stage: one that you trained, a colouriser, an upscaler, or a painter
# made by `zoo.styled_network`. Here a black-and-white photograph is cleaned, coloured and enlarged.
# `colorize_photo` looks at the lightness alone and leaves it as it is; it knows skin and wood, and
# leaves gray or brown what could have any colour, like the suit.

# %%
gray = np.asarray(Image.fromarray(skimage.data.astronaut()).resize((SIDE, SIDE)).convert("L"))
restorer = zoo.OldPhotoRestorer(
    repairer="old_photo", colorizer="colorize_photo", upscaler="srresnet_x2"
)
zoo.show({"black and white": gray, **dict(restorer.steps(gray))})

# %% [markdown]
# `zoo.TwoStageRestorer(first, second)` is the general form: satellite images, for instance, are
# denoised first and sharpened then.
#
# ## Train the detector
#
# Any recipe that ends in `MarkDamage` gives pairs of damaged images and masks, from clean scans of
# your own kind of photographs. Start from the preset, on the command line
# `zoo train damage_detector --data clean_scans/ --warm-start detect_damage`, or here:

# %%
detector = zoo.from_preset("detect_damage")
photographs = pipelines.sample(image_size=64 if SMALL else 160)
pairs = pipelines.paired(photographs[1:], "old-photo-damage", batch_size=4, start_step=0)
detector.compile(keras.optimizers.Adam(1e-4), metrics=[zoo.metrics.IoU()])
history = detector.fit(
    pairs,
    steps_per_epoch=2 if SMALL else 30,
    validation_data=pipelines.paired(photographs[:1], "old-photo-damage", 1, shuffle=False),
    callbacks=[zoo.callbacks.TensorBoard("logs/damage")],
    verbose=2,
)
