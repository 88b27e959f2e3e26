import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import check_saving, check_training, run_latent_test, shapes

import zoo
from zoo.synthesis.local_gan import border_windows


def build(**kwargs):
    options = {"image_size": 12, "channels": 1, "filters": 4, "latents": zoo.latents.Normal(20)}
    return zoo.LocalGAN(**{**options, **kwargs})


def seam_ratio(images, borders):
    """Mean absolute gradient across the given borders, over that everywhere else.

    Args:
        images: Array `(N, H, W, C)`.
        borders: Sequence of integers: a border lies before this row and before this column.

    Returns:
        Float: 1 where borders are like any other place, more where there are seams.
    """
    across = [np.abs(np.diff(images, axis=axis)).mean((0, 3 - axis, 3)) for axis in (1, 2)]
    steps = np.mean(across, axis=0)
    there = np.isin(np.arange(1, len(steps) + 1), list(borders))
    return float(steps[there].mean() / steps[~there].mean())


def test_contract(tmp_path, mirrored):
    run_latent_test(build, (shapes(4, size=12),), folder=tmp_path, strategy=mirrored)


def test_contract_of_generators_of_their_own(tmp_path):
    model = build(shared=False, ema_halflife_images=8)
    model.compile(run_eagerly=True)
    check_training(model, (shapes(4, size=12),), steps=1, without_gradient=())
    check_saving(model, (shapes(4, size=12),), tmp_path, lambda model: model.generate(3))


def test_seam_ratio_by_hand():
    image = np.tile([0.0, 1.0, 4.0, 5.0], (4, 1))[None, ..., None]
    # Steps of 1, 3, 1 from column to column and of 0 from row to row.
    assert seam_ratio(image, [2]) == pytest.approx(3.0)


def test_overlap_leaves_no_seam():
    """Generators that agree on nothing: each has one gray, here a bright one, there a dark one."""
    ratios = {}
    for overlap in (0, 6):
        model = build(image_size=16, overlap=overlap, shared=False)
        last = [layer for layer in model.generator.layers if getattr(layer, "filters", 0) == 1]
        for layer, gray in zip(last, (0.5, -0.5, -0.5, 0.5), strict=True):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
            layer.bias.assign([gray])
        ratios[overlap] = seam_ratio(model.generate(16), [8])
    assert ratios[0] == np.inf  # a step at the border and nothing elsewhere
    assert ratios[6] < 5  # a slope: even at its steepest only a quarter of it is one step


@pytest.mark.parametrize(("regions", "count"), [((2, 2), 9), ((1, 3), 5), ((1, 1), 1)])
def test_every_border_lies_within_a_window(regions, count):
    windows = border_windows(12, regions)
    assert len(windows) == count
    for axis in (0, 1):
        for border in [12 * index // regions[axis] for index in range(1, regions[axis])]:
            inside = [box[axis] < border < box[axis] + box[axis + 2] for box in windows]
            assert any(inside)


def test_positions_tell_regions_apart():
    """One generator with the same noise everywhere makes different regions by position alone."""
    model = build(latents=zoo.latents.Normal(8), overlap=0)  # too few for noise of their own
    image = model.generate(1)[0]
    parts = [image[:6, :6], image[:6, 6:], image[6:, :6], image[6:, 6:]]
    for first in range(4):
        for second in range(first):
            assert np.abs(parts[first] - parts[second]).max() > 1e-4


def test_noise_of_a_region_changes_that_region_alone():
    model = build()
    latents = np.random.default_rng(0).normal(size=(2, 20)).astype("float32")
    latents[1, :-1] = latents[0, :-1]  # the last number belongs to the last region
    first, second = model(latents).numpy()
    top, left, height, width = model.generator.get_layer("images").boxes[-1]
    inside = np.zeros((12, 12), bool)
    inside[top : top + height, left : left + width] = True
    np.testing.assert_array_equal(np.any(first != second, axis=-1), inside)
    latents[1] = latents[0]
    latents[1, 0] += 1  # all share the first
    first, second = model(latents).numpy()
    assert np.any(first != second, axis=-1).all()


def test_one_generator_for_all_or_one_for_each():
    one, each = build(), build(shared=False)
    assert len(each.generator.weights) == 4 * len(one.generator.weights)
    assert each.generator.count_params() == 4 * one.generator.count_params()
    kernels = [w.numpy() for w in each.generator.weights if w.path.endswith("kernel")]
    assert len(np.unique(kernels[: len(kernels) // 4], axis=0)) > 0
    first, *others = [w for w in kernels if w.shape == kernels[0].shape]
    assert all(np.any(first != other) for other in others)


def test_learns_what_belongs_where_without_a_seam():
    """Ramps from bright to dark, from left to right, of regions of 5 px that overlap by 2."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0.7, -0.7, 8)[None, None, :, None] + np.zeros((128, 8, 8, 1))
    images = (ramp + rng.uniform(-0.3, 0.3, (128, 1, 1, 1))).astype("float32")
    model = build(image_size=8, filters=8)
    model.compile(*(keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)))
    model.fit(images, batch_size=16, epochs=15, verbose=0)
    made = model.generate(64)
    assert made[:, :, :3].mean() > 0.25
    assert made[:, :, 5:].mean() < -0.25
    # The third column of the left and of the right regions: one, if positions were not heard.
    assert made[:, :, 2].mean() - made[:, :, 5].mean() > 0.3
    assert seam_ratio(images, [4]) == pytest.approx(1.0, rel=1e-5)
    assert seam_ratio(made, [4]) < 2


@pytest.mark.parametrize("shared", [True, False])
def test_exports(tmp_path, shared):
    model = build(shared=shared, ema_halflife_images=8)
    latents = np.random.default_rng(0).normal(size=(3, 20)).astype("float32")
    expected = model(latents).numpy()
    model.inference_network.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(loaded.serve(latents), expected, atol=1e-5)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    taken = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(taken, latents.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken, latents)
    interpreter.invoke()
    made = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_other_sizes_and_penalties():
    model = build(
        image_size=28,
        channels=3,
        regions=(2, 3),
        objective=zoo.LatentObjective(zoo.losses.Wasserstein(), gradient_penalty=10.0),
    )
    model.compile(run_eagerly=True)
    logs = model.train_on_batch(shapes(2, size=28, channels=3), return_dict=True)
    assert np.isfinite(list(logs.values())).all()
    assert logs["discriminator/regions_gradient_penalty"] > 0
    assert model.generate(2).shape == (2, 28, 28, 3)


def test_refuses_what_is_no_grid():
    with pytest.raises(ValueError, match=r"`regions` must be \(rows, columns\).*regions=\(0, 2\)"):
        build(regions=(0, 2))
    with pytest.raises(ValueError, match=r"`regions` must be \(rows, columns\).*regions=\(4,\)"):
        build(regions=4)
    with pytest.raises(ValueError, match=r"`overlap` must be 0 or more, and less than.*overlap=6"):
        build(overlap=6)
