import numpy as np
import tensorflow as tf
from cases import run_latent_test, shapes

import zoo
from zoo.synthesis.wgan_gp import ClipWeights

TINY = {"image_size": 12, "channels": 1, "filters": 4}
# The difference of two means does not depend on a bias in common.
LAST_BIAS = ("score/bias",)


def test_wgan_gp_contract(tmp_path, mirrored):
    run_latent_test(
        lambda **kwargs: zoo.WGANGP(**TINY, **kwargs),
        (shapes(20, size=12),),
        folder=tmp_path,
        strategy=mirrored,
        without_gradient=LAST_BIAS,
    )


def test_wgan_contract(tmp_path, mirrored):
    run_latent_test(
        lambda **kwargs: zoo.WGAN(**TINY, **kwargs),
        (shapes(20, size=12),),
        folder=tmp_path,
        strategy=mirrored,
        without_gradient=LAST_BIAS,
    )


def test_five_critic_updates_on_fresh_parts_for_one_of_the_generator():
    model = zoo.WGANGP(**TINY)
    model.compile(run_eagerly=True)
    seen = []
    update = model.update_discriminator

    def spy(batch):
        seen.append(batch["real"].numpy())
        return update(batch)

    model.update_discriminator = spy
    images = shapes(10, size=12)
    model.train_on_batch(images)
    np.testing.assert_array_equal(np.concatenate(seen), images)
    assert len(seen) == 5
    assert int(model.discriminator_optimizer.iterations) == 5
    assert int(model.generator_optimizer.iterations) == 1


def test_critic_learns_the_distance_and_keeps_its_gradient_near_one():
    """Two point masses a distance of d apart: the best critic's difference is d."""
    inputs = tf.keras.Input((2, 2, 1))
    x = tf.keras.layers.Flatten()(inputs)
    for _ in range(2):
        x = tf.keras.layers.LeakyReLU()(tf.keras.layers.Dense(32)(x))
    critic = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(x))
    latents = tf.keras.Input((2,))
    frozen = tf.keras.layers.Dense(4, kernel_initializer="zeros")(latents)
    generator = tf.keras.Model(latents, tf.keras.layers.Reshape((2, 2, 1))(frozen))
    model = zoo.GAN(
        generator=generator,
        discriminator=critic,
        latents=zoo.latents.Normal(2),
        objective=zoo.WGANGP.default_objective(),
    )
    model.compile(tf.keras.optimizers.SGD(0.0), tf.keras.optimizers.Adam(1e-2))
    real = np.full((64, 2, 2, 1), 0.5, "float32")
    logs = model.fit(real, batch_size=16, epochs=60, verbose=0).history
    # The generator makes zeros: the distance is the norm of four halves, 1.
    assert abs(logs["discriminator/adversarial"][-1] + 1.0) < 0.1
    assert logs["discriminator/gradient_penalty"][-1] < 0.1


def test_clipping_holds_after_each_update():
    model = zoo.WGAN(clip=0.02, **TINY)
    model.compile()
    model.fit(shapes(20, size=12), batch_size=10, epochs=2, verbose=0)
    largest = max(np.abs(v.numpy()).max() for v in model.discriminator.trainable_variables)
    assert 0.01 < largest <= 0.02


def test_clip_weights():
    np.testing.assert_allclose(ClipWeights(0.1)(np.array([-1.0, 0.05, 3.0])), [-0.1, 0.05, 0.1])
