import functools

import cases
import keras
import numpy as np
import pytest
from PIL import Image

import pipelines
import zoo

build = functools.partial(
    zoo.DynamicGAN, frame_count=3, filters=4, blocks=1, discriminator_filters=4
)


def sequences(count=4, size=24):
    _, images = cases.pairs(count, size=size)
    rng = np.random.default_rng(0)
    effects = pipelines.effects(
        rng.uniform(0, 9, count), rng.uniform(0, 180, count), rng.uniform(0, 1, count),
        rng.uniform(-1, 1, (count, 2)), rng.uniform(-1, 1, (count, 2)), 3,
    )  # fmt: skip
    return (images, effects.numpy()), pipelines.apply_effects(images, effects).numpy()


def test_variant_contract(tmp_path, mirrored):
    data = sequences()
    images, effects = data[0]
    # The last layers start from zeros: the others move from step 2 on.
    cases.run_editing_test(build, data, folder=tmp_path, strategy=mirrored,
                           inputs=(images, effects[:, -1]), steps=2)  # fmt: skip


def test_terms_by_hand():
    model = build(objective=zoo.DynamicObjective(pixel_weight=2.0, temporal_weight=3.0))
    (images, effects), frames = sequences(2)
    batch = model.forward(model.prepare(((images, effects), frames), None))
    made = np.asarray(batch["rendered"])
    for place in range(3):
        wanted = model([images, effects[:, place]], training=False)
        np.testing.assert_allclose(made[:, place], wanted, atol=1e-6)
    terms = model.generator_terms(batch)
    assert float(terms["pixel"]) == pytest.approx(2 * np.abs(made - frames).mean(), rel=1e-5)
    changes = np.abs(np.diff(made, axis=1) - np.diff(frames, axis=1)).mean()
    assert float(terms["temporal"]) == pytest.approx(3 * changes, rel=1e-5)
    judge = model.discriminator.get_layer("judge_motion")
    logits = judge(np.concatenate(list(np.moveaxis(made, 1, 0)), axis=-1), training=False).numpy()
    expected = 0.1 * 0.5 * ((logits - 1) ** 2).mean()
    # The spectral norm moves a little with each training call.
    assert float(terms["adversarial_motion"]) == pytest.approx(expected, rel=2e-2)
    assert set(terms) == {"pixel", "temporal", "adversarial_frame", "adversarial_motion"}


def test_it_begins_near_the_image():
    (images, effects), _ = sequences(1)
    without = build(kernel_size=None)([images, effects[:, -1]])
    np.testing.assert_allclose(without, images, atol=1e-6)
    # A kernel that is made begins about half as sharp, so that it can learn.
    network = build().generator
    kernel = keras.Model(network.inputs, network.get_layer("kernel").output)
    taps = keras.ops.softmax(kernel([images, effects[:, -1]])).numpy()
    assert taps.shape == (1, 121)
    assert 0.2 < taps[0, 60] < 0.8


def test_kernels_learn_to_blur_in_a_direction():
    rng = np.random.default_rng(0)
    images = np.repeat(rng.uniform(-1, 1, (8, 24, 24, 1)), 3, axis=-1).astype("float32")
    zeros = np.zeros(8)
    effects = pipelines.effects(zeros + 7, [0.0, 90.0] * 4, zeros, [[0, 0]] * 8, [[0, 0]] * 8, 2)
    objective = zoo.DynamicObjective(temporal_weight=0, adversarial_weight=0)
    model = zoo.DynamicGAN(frame_count=2, filters=4, blocks=1, objective=objective)
    model.compile()
    frames = pipelines.apply_effects(images, effects)
    losses = [
        model.train_on_batch((images, effects), frames, return_dict=True)["generator/pixel"]
        for _ in range(150)
    ]
    assert losses[-1] < 0.5 * losses[0]
    along, across = (model([images[:1], effects[k : k + 1, -1]])[0, :, :, 0] for k in (0, 1))
    rough = [float(np.abs(np.diff(each, axis=1)).mean()) for each in (along, across)]
    assert rough[0] < 0.7 * rough[1]


def test_pictures_are_animated_and_saved(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (30, 21, 3), "uint8")
    effects = pipelines.effects([5.0], [30.0], [0.5], [[-1, 0]], [[1, 0]], count=4)[0]
    frames = zoo.animate(build(), photo, effects, precision="float32")
    assert len(frames) == 4
    assert frames[0].shape == photo.shape
    frames[1] = 255 - frames[1]  # GIF joins frames that are alike
    path = zoo.save_gif(frames, tmp_path / "moving.gif", seconds_a_frame=0.05)
    with Image.open(path) as gif:
        assert gif.size == (21, 30)
        assert gif.n_frames >= 2
        assert gif.info["duration"] == 50
    assert [each.name for each in tmp_path.iterdir()] == ["moving.gif"]


def test_arguments_are_checked(tmp_path):
    with pytest.raises(ValueError, match="`kernel_size` must be odd, or None"):
        build(kernel_size=4)
    with pytest.raises(ValueError, match="`frame_count` must be at least 2"):
        build(frame_count=1)
    with pytest.raises(ValueError, match=r"`effects` must be finite numbers of shape \(T, 5\)"):
        zoo.animate(build(), np.zeros((8, 8, 3), "uint8"), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="all of one size"):
        zoo.save_gif([], tmp_path / "a.gif")
