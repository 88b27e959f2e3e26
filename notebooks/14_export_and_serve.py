# %% [markdown]
# # Export and serve: SavedModel, TF-Serving, TFLite
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks/14_export_and_serve.ipynb)
#
# What was trained is what must run: in TensorFlow Serving, on a phone, and compared with the model
# before anybody relies on it.

# %% tags=["colab"]
# %pip install -q "keras-gan-zoo[serving,tflite] @ git+https://github.com/keras-gan-zoo/keras-gan-zoo"

# %%
import io
import os
from pathlib import Path

import numpy as np
import skimage.data
import tensorflow as tf
from PIL import Image

import export
import pipelines
import zoo

SMALL = bool(os.environ.get("TUTORIAL_SMALL"))  # set when the tests run this notebook
SIDE = 96 if SMALL else 200
photograph = skimage.data.coffee()[100 : 100 + SIDE, 200 : 200 + SIDE]
model = zoo.from_preset("srresnet_x2")

# %% [markdown]
# ## A bundle
#
# `export.serving_bundle` (`zoo export srresnet_x2 serving/`) writes a version and all that
# TF-Serving wants around it. The version is compared with the model first, and published by a
# rename, so that a server never sees half of one. Requests for the warm-up come with it.

# %%
version = export.serving_bundle(model, "serving", "srresnet_x2", label="stable")
for path in sorted(Path("serving").rglob("*")):
    if path.is_file():
        print(path, path.stat().st_size)

# %%
for name, signature in tf.saved_model.load(str(version)).signatures.items():
    print(name, signature.structured_input_signature[1], "->", signature.structured_outputs)

# %% [markdown]
# `serving_default` takes float batches in [0, 1]; `restore_bytes` takes JPEG and PNG files of up
# to 25 megapixels, which are cut into tiles inside the graph; `describe` says what the model is.
#
# ## A server
#
# With Docker: `docker compose --file serving/docker-compose.yml --profile cpu up`. Without it,
# `zoo serve serving/` speaks the same protocols, REST and gRPC, for development and tests. We start
# it in this process.

# %%
from export.client import connect
from export.serve import Server

server = Server("serving", grpc_port=0, rest_port=0).start()
print(server.grpc_address, server.rest_address)

# %% [markdown]
# The clients try again when a server is away, read any photograph, and give back what `zoo.restore`
# would.

# %%
with connect(f"grpc://{server.grpc_address}/srresnet_x2") as client:
    enlarged = client.restore(photograph)
at_home = zoo.restore(model, photograph)
zoo.show({"photograph": photograph, "from the server": enlarged})
difference = np.abs(enlarged.astype(int) - at_home.astype(int)).max()
print("levels of difference to zoo.restore:", difference)

# %%
buffer = io.BytesIO()
Image.fromarray(photograph).save(buffer, "JPEG", quality=95)
with connect(f"{server.rest_address}/v1/models/srresnet_x2") as client:
    (answer,) = client.run_files([buffer.getvalue()])
print("a JPEG file in, a file out:", Image.open(io.BytesIO(answer)).size)

# %% [markdown]
# What is wrong with a request is said in words.

# %%
from export.client import ServingError

with connect(f"{server.rest_address}/v1/models/srresnet_x2") as client:
    try:
        client.run_files([b"no image at all"])
    except ServingError as error:
        print(error)
server.stop()

# %% [markdown]
# ## TFLite
#
# `quantize` is `float16` (half the size) or `int8` (a quarter): of weights alone, or, with pictures
# of the kind that it will see (`representative`), also of what is between the layers.

# %%
representative = [photograph, skimage.data.chelsea(), skimage.data.rocket()]
paths = {
    "float32": export.tflite(model, "x2.tflite"),
    "float16": export.tflite(model, "x2_float16.tflite", quantize="float16"),
    "int8": export.tflite(model, "x2_int8.tflite", quantize="int8", representative=representative),
}
results = {}
for name, path in paths.items():
    results[name] = zoo.restore(export.TFLiteModel(path), photograph[:64, :64])
    psnr = zoo.metrics.PSNR("rgb").per_image(
        pipelines.to_float(zoo.restore(model, photograph[:64, :64]))[None],
        pipelines.to_float(results[name])[None],
    )
    print(
        f"{name:8} {Path(path).stat().st_size / 2**20:.2f} MiB, {float(psnr[0]):.1f} dB from Keras"
    )
zoo.show(results, height=2)

# %% [markdown]
# `export.check` does this for you and raises where a file differs more than rounding explains.

# %%
print(export.check(model, saved_model=version, tflite=paths["float16"]))

# %% [markdown]
# ## Release and roll back
#
# Export again, and the server loads the next version while the old one answers. Labels name
# versions for clients: `zoo export ... --label canary`, and `export.move_label` when it has proved
# itself. The bundle's own README has every call.
