import functools

import cases
import keras
import numpy as np

import zoo

build = functools.partial(zoo.DamageDetector, filters=(4, 4))


def marked(count=4, size=24):
    """Float32 arrays `(images with scratches and their mask, clean images)`."""
    _, clean = cases.pairs(count, size=size)
    mask = np.zeros((count, size, size, 1), "float32")
    mask[:, :, 5:8] = 1
    return np.concatenate([np.where(mask > 0, 0.9, clean), mask], axis=-1), clean


def test_training_saving_replicas(tmp_path, mirrored):
    data = marked()

    def found(model):
        return model(data[0][..., :3], training=False)

    model = build(ema_halflife_images=8)
    model.compile(metrics=[zoo.metrics.IoU()], run_eagerly=True)
    model.train_on_batch(*data)
    assert 0 <= model.evaluate(*data, verbose=0, return_dict=True)["iou"] <= 1
    cases.check_saving(model, data, tmp_path, found)
    cases.check_export(model, tmp_path)
    cases.check_graph(model, data)
    cases.check_replicas(build, data, mirrored, found)


def test_it_learns_to_find_a_scratch():
    model = build(filters=(8, 8))
    model.compile(generator_optimizer=keras.optimizers.Adam(3e-3))
    data = marked(8)
    for _ in range(60):
        model.train_on_batch(*data)
    model.compile(metrics=[zoo.metrics.IoU()])
    assert model.evaluate(*marked(4), verbose=0, return_dict=True)["iou"] > 0.8


def test_the_target_is_the_mask():
    data = marked(2)
    batch = build().prepare(data, None)
    np.testing.assert_array_equal(batch["degraded"], data[0][..., :3])
    np.testing.assert_array_equal(batch["clean"], 2 * data[0][..., 3:] - 1)


def test_masks_of_photographs_are_gray():
    photo = np.random.default_rng(0).integers(0, 256, (30, 21, 3), "uint8")
    assert zoo.restore(build(), photo, precision="float32").shape == (30, 21, 1)


def test_an_adversary_sees_image_and_mask():
    objective = zoo.PairedObjective(
        pixel_loss=zoo.losses.MaskLoss(),
        adversarial_loss=zoo.losses.LeastSquares(),
        adversarial_weight=0.1,
    )
    model = build(objective=objective, discriminator_filters=4)
    assert model.discriminator.input_shape[-1] == 4
    model.compile()
    logs = model.train_on_batch(*marked(), return_dict=True)
    assert {"generator/pixel", "generator/adversarial", "discriminator/adversarial"} <= set(logs)
    assert np.isfinite(list(logs.values())).all()
