"""The networks and the step of the DCGAN example on keras.io, for comparison.

https://keras.io/examples/generative/dcgan_overriding_train_step/: the layers, the noisy labels, the
two forward passes of the generator and Adam at 1e-4, on images in [0, 1]; the size of the first
map follows from the side of the images (8 px for the example's 64).
"""

import time

import keras
import tensorflow as tf
from keras import layers

_LATENT = 128


class KerasIoDCGAN(keras.Model):
    """The example's model.

    Args:
        image_size: Integer, side in px, a multiple of 8.
        channels: Integer.
    """

    def __init__(self, image_size=64, channels=3):
        super().__init__()
        self.discriminator = _discriminator(image_size, channels)
        self.generator = _generator(image_size, channels)
        self.built = True

    def compile(self):
        """Adam at 1e-4 for both, as in the example."""
        super().compile()
        self.d_optimizer = keras.optimizers.Adam(1e-4)
        self.g_optimizer = keras.optimizers.Adam(1e-4)
        self.loss_fn = keras.losses.BinaryCrossentropy()

    def train_step(self, real):
        """Judge made and real images as one batch with noisy labels, then mislead."""
        count = tf.shape(real)[0]
        made = self.generator(tf.random.normal((count, _LATENT)), training=True)
        shown = tf.concat([made, real], axis=0)
        labels = tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], axis=0)
        labels += 0.05 * tf.random.uniform(tf.shape(labels))
        with tf.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(shown, training=True))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        latents = tf.random.normal((count, _LATENT))
        with tf.GradientTape() as tape:
            judged = self.discriminator(self.generator(latents, training=True), training=True)
            g_loss = self.loss_fn(tf.zeros((count, 1)), judged)
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}

    def sample(self, count, seed=0):
        """Make images, float32 in [-1, 1]."""
        latents = tf.random.stateless_normal((count, _LATENT), (seed, 0))
        return 2.0 * self.generator.predict(latents, batch_size=64, verbose=0) - 1.0


def train(pixels, seconds, batch_size=32):
    """Train for a time.

    Args:
        pixels: Float32 images in [-1, 1].
        seconds: Float; the compilation of the step is not counted.
        batch_size: Integer. Defaults to 32, the example's.

    Returns:
        `(model, steps, seconds)` that were taken.
    """
    keras.utils.set_random_seed(0)
    model = KerasIoDCGAN(pixels.shape[1], pixels.shape[-1])
    model.compile()
    data = tf.data.Dataset.from_tensor_slices(pixels * 0.5 + 0.5).shuffle(len(pixels), seed=0)
    data = data.repeat().batch(batch_size, drop_remainder=True).prefetch(2)
    model.fit(data.take(1), verbose=0)
    clock = _Clock(seconds)
    model.fit(data, steps_per_epoch=10, epochs=10**6, callbacks=[clock], verbose=0)
    return model, clock.steps, clock.spent


class _Clock(keras.callbacks.Callback):
    """Ends training after a time."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.steps, self.spent = seconds, 0, 0.0

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Look at the clock."""
        self.steps += self.params["steps"]
        self.spent = time.perf_counter() - self.began
        self.model.stop_training = self.spent >= self.seconds


def _discriminator(side, channels):
    inputs = keras.Input((side, side, channels))
    x = inputs
    for width in (64, 128, 128):
        x = layers.LeakyReLU(0.2)(layers.Conv2D(width, 4, 2, padding="same")(x))
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def _generator(side, channels):
    base = side // 8
    inputs = keras.Input((_LATENT,))
    x = layers.Reshape((base, base, 128))(layers.Dense(base * base * 128)(inputs))
    for width in (128, 256, 512):
        x = layers.LeakyReLU(0.2)(layers.Conv2DTranspose(width, 4, 2, padding="same")(x))
    return keras.Model(inputs, layers.Conv2D(channels, 5, padding="same", activation="sigmoid")(x))
