# %% [markdown]
# # Quick start: restore an old photograph, then serve the model
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/01_quick_start.ipynb)
#
# `keras-gan-zoo` holds generative adversarial networks that restore, enhance, edit and make images.
# Here a trained one restores a photograph, is trained a little further with `model.fit()`, and is
# written as a SavedModel and as TFLite. All of it takes two minutes on a CPU.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo[tflite] @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import os

import keras
import skimage.data

import export
import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook
SIDE, CROP = (96, 64) if SMALL else (384, 128)

# %% [markdown]
# ## Restore
#
# There is a clean photograph in scikit-image, so we make an old one of it: the recipe `old-photo`
# prints it, often in black and white or sepia, and adds grain, noise, blur, scratches, creases,
# dust and fading. With a scan of your own, skip this cell: `scan = zoo.Photo.open("scan.jpg")`.

# %%
batch = pipelines.to_float(skimage.data.astronaut()[None, :SIDE, 64 : 64 + SIDE])
aged, print_as_new = pipelines.recipe("old-photo").pair(batch, seed=(0, 5))
scan, photograph = pipelines.to_uint8(aged[0]), pipelines.to_uint8(print_as_new[0])

# %%
print(*zoo.list_presets(), sep=", ")
model = zoo.from_preset("old_photo")
restored = zoo.restore(model, scan)
zoo.show({"print, as new": photograph, "aged": scan, "restored": restored})

# %% [markdown]
# `zoo.restore` takes arrays, Pillow images and paths, of any size and bit depth, and works through
# large ones tile by tile. `zoo.with_fidelity` keeps the result nearer to the scan: `strength` mixes
# the two, `keep_color_px` keeps the tones of the scan.

# %%
milder = zoo.restore(zoo.with_fidelity(model, strength=0.6), scan)
toned = zoo.restore(zoo.with_fidelity(model, keep_color_px=16), scan)
zoo.show({"restored": restored, "strength 0.6": milder, "tones of the scan": toned})

# %% [markdown]
# How near is it to the print as it was? `zoo.metrics` computes what papers report.

# %%
for name, metric in [("PSNR", zoo.metrics.PSNR("rgb")), ("SSIM", zoo.metrics.SSIM("rgb"))]:
    before, after = (
        float(metric.per_image(print_as_new, pipelines.to_float(each)[None])[0])
        for each in (scan, restored)
    )
    print(f"{name}: {before:.3f} aged, {after:.3f} restored")

# %% [markdown]
# ## Train
#
# A variant is a `keras.Model`, and `fit` trains it. Pairs are made on the way: each step sees
# photographs aged in a way it has not seen before. This preset was trained on the error alone, and
# goes on so: its loss is minus the PSNR, and there is no second player. Give it an adversary with
# `zoo.OldPhotoGAN(objective=...)`, as notebook 06 does. Three photographs are no training set; with
# a folder of yours, `pipelines.from_folder("photos/", image_size=128)` is.

# %%
photographs = pipelines.sample(image_size=CROP)
pairs = pipelines.paired(photographs[1:], "old-photo", batch_size=4, seed=1, start_step=0)
held_out = pipelines.paired(photographs[:1], "old-photo", batch_size=1, shuffle=False)

model.compile(keras.optimizers.Adam(1e-5), metrics=[zoo.metrics.PSNR("rgb")])
history = model.fit(
    pairs,
    epochs=1 if SMALL else 2,
    steps_per_epoch=2 if SMALL else 10,
    validation_data=held_out,
    callbacks=[zoo.callbacks.TensorBoard("logs"), zoo.callbacks.ImageGrid("logs", held_out)],
    verbose=2,
)

# %% [markdown]
# TensorBoard shows each term of the loss, the norms of the gradients, what validation measured, and
# rows of input, output and target; with an adversary also its losses, and what it thinks of real and
# restored images.

# %% tags=["colab"]
# %load_ext tensorboard
# %tensorboard --logdir logs

# %% [markdown]
# ## Serve
#
# The SavedModel answers in TensorFlow Serving, to floats and to JPEG or PNG files; the TFLite file
# runs on phones. `export.check` compares both with the model.

# %%
saved = export.saved_model(model, "serving/old_photo")
lite = export.tflite(model, "old_photo.tflite", quantize="float16")
print(export.check(model, saved_model=saved, tflite=lite))

# %% [markdown]
# `zoo export old_photo serving/` on the command line writes all that TF-Serving wants around it:
# configurations, Docker Compose, Kubernetes, and a README whose calls work. Notebook 14 goes on
# from here.
