"""SavedModels in a runtime that shares nothing with TensorFlow."""

import keras
import numpy as np
import pytest

import export
import zoo

openvino = pytest.importorskip("openvino")


@pytest.mark.parametrize(
    "build",
    [
        lambda: zoo.SRGAN(scale=2, compact=True),
        lambda: zoo.OldPhotoGAN(filters=(4, 8)),
        lambda: zoo.DenoisingGAN(filters=(4, 8)),
    ],
    ids=["SRGAN", "OldPhotoGAN", "DenoisingGAN"],
)
def test_openvino_gives_what_keras_gives(build, tmp_path):
    keras.utils.set_random_seed(0)
    model = build()
    version = export.saved_model(model, tmp_path, precision="float32")
    # Left alone, it takes bfloat16 where the CPU has it.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    network = openvino.Core().compile_model(str(version), "CPU", exact)
    images = np.random.default_rng(0).uniform(0, 1, (2, 20, 28, 3)).astype("float32")
    restored = network(images)[0]
    expected = np.clip(np.asarray(model(images * 2 - 1)) * 0.5 + 0.5, 0, 1)
    np.testing.assert_allclose(restored, expected, atol=2e-4)
