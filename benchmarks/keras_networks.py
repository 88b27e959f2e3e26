"""The GANs of `train_step.py` on Keras: on the zoo's core, and in the style of keras.io.

Both play by the same `forward`, `discriminator_terms` and `generator_terms`; what differs is what
is compared: how often the generator runs, and whose normalisation layers it has.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import zoo
from zoo.core import randomness
from zoo.layers import BatchNorm, InstanceNorm


class ReflectionPad(layers.Layer):
    """Mirror an image at its borders, which Keras has no layer for."""

    def __init__(self, pixels, **kwargs):
        super().__init__(**kwargs)
        self.pixels = pixels

    def call(self, inputs):
        """Pad height and width."""
        pad = [self.pixels, self.pixels]
        return tf.pad(inputs, [[0, 0], pad, pad, [0, 0]], mode="REFLECT")

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "pixels": self.pixels}


def resnet_generator(filters, blocks):
    """The generator of CycleGAN (https://arxiv.org/abs/1703.10593, appendix 7.2)."""

    def conv(x, width, size=3, strides=1, padding="same"):
        return layers.Conv2D(width, size, strides, padding=padding, use_bias=False)(x)

    def norm(x, relu=True):
        x = InstanceNorm()(x)
        return layers.ReLU()(x) if relu else x

    inputs = keras.Input((None, None, 3))
    x = norm(conv(ReflectionPad(3)(inputs), filters, 7, padding="valid"))
    for width in (2, 4):
        x = norm(conv(x, filters * width, strides=2))
    for _ in range(blocks):
        y = norm(conv(ReflectionPad(1)(x), filters * 4, padding="valid"))
        y = norm(conv(ReflectionPad(1)(y), filters * 4, padding="valid"), relu=False)
        x = layers.Add()([x, y])
    for width in (2, 1):
        y = layers.Conv2DTranspose(filters * width, 3, 2, padding="same", use_bias=False)(x)
        x = norm(y)
    x = layers.Conv2D(3, 7)(ReflectionPad(3)(x))
    return keras.Model(inputs, layers.Activation("tanh", dtype="float32")(x))


def patch_discriminator(filters):
    """The discriminator of CycleGAN: patches of 70 px, instance norm but in the first layer."""

    def conv(x, width, strides, **kwargs):
        return layers.Conv2D(width, 4, strides, **kwargs)(layers.ZeroPadding2D(1)(x))

    inputs = keras.Input((None, None, 3))
    x = layers.LeakyReLU(0.2)(conv(inputs, filters, 2))
    for width, strides in ((2, 2), (4, 2), (8, 1)):
        x = InstanceNorm()(conv(x, filters * width, strides, use_bias=False))
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Activation("linear", dtype="float32")(conv(x, 1, 1))
    return keras.Model(inputs, x)


class CycleGAN(zoo.AdversarialModel):
    """Two generators and two discriminators between domains X and Y; no pool of old fakes."""

    adversarial_loss = zoo.losses.LeastSquares()

    def __init__(self, generators, discriminators):
        super().__init__(generators[0], discriminators[0])
        self.generators, self.discriminators = generators, discriminators

    @property
    def generator_variables(self):
        """Weights of both generators."""
        return [weight for each in self.generators for weight in each.trainable_variables]

    @property
    def discriminator_variables(self):
        """Weights of both discriminators."""
        return [weight for each in self.discriminators for weight in each.trainable_variables]

    def prepare(self, data, seed):
        """Unpack one batch of each domain."""
        return {"x": data[0], "y": data[1]}

    def forward(self, batch):
        """Translate both ways, there and back, and what needs no translation."""
        to_y, to_x = (lambda image, g=g: g(image, training=True) for g in self.generators)
        x, y = batch["x"], batch["y"]
        made = {"fake_y": to_y(x), "fake_x": to_x(y), "same_y": to_y(y), "same_x": to_x(x)}
        return {**batch, **made, "cycled_x": to_x(made["fake_y"]), "cycled_y": to_y(made["fake_x"])}

    def _judge(self, batch, kind=""):
        y, x = (judge(batch[f"{kind}{name}"], training=True) for judge, name in self._judges())
        return y, x

    def _judges(self):
        return zip(self.discriminators, "yx", strict=True)

    def discriminator_terms(self, batch):
        """Tell real from fake in both domains."""
        pairs = zip("yx", self._judge(batch), self._judge(batch, "fake_"), strict=True)
        return {name: self.adversarial_loss.discriminator(real, fake) for name, real, fake in pairs}

    def generator_terms(self, batch):
        """Equation 3 with lambda = 10, and the identity term with half of it."""
        fakes = zip("yx", self._judge(batch, "fake_"), strict=True)
        # The zoo's loss has a half that CycleGAN's generators do not have.
        terms = {name: 2.0 * self.adversarial_loss.generator(fake) for name, fake in fakes}
        for name in "xy":
            for kind, weight in (("cycled", 10.0), ("same", 5.0)):
                distance = tf.reduce_mean(tf.abs(batch[f"{kind}_{name}"] - batch[name]))
                terms[f"{kind}_{name}"] = weight * distance
        return terms


class TwoPass(keras.Model):
    """The step of the keras.io examples: the generator runs once for each player's tape.

    Args:
        game: `zoo.AdversarialModel` whose formulas are played; its `train_step` is not used.
    """

    def __init__(self, game):
        super().__init__()
        self.game = game
        self.means = [keras.metrics.Mean(f"{name}_loss") for name in ("discriminator", "generator")]
        self.built = True

    def compile(self, generator_optimizer, discriminator_optimizer):
        """Keep both optimizers."""
        super().compile()
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer

    def train_step(self, data):
        """Update the discriminator, make everything again, update the generator."""
        game = self.game
        seed = randomness.step_seed(0, self.generator_optimizer.iterations.value)
        batch = game.prepare(data, seed)
        made = game.forward(batch)
        with tf.GradientTape() as tape:
            discriminator_loss = tf.add_n(list(game.discriminator_terms(made).values()))
        weights = game.discriminator_variables
        gradients = tape.gradient(discriminator_loss, weights)
        self.discriminator_optimizer.apply_gradients(zip(gradients, weights, strict=True))
        with tf.GradientTape() as tape:
            generator_loss = tf.add_n(list(game.generator_terms(game.forward(batch)).values()))
        weights = game.generator_variables
        gradients = tape.gradient(generator_loss, weights)
        self.generator_optimizer.apply_gradients(zip(gradients, weights, strict=True))
        for mean, value in zip(self.means, (discriminator_loss, generator_loss), strict=True):
            mean.update_state(value)
        return {mean.name: mean.result() for mean in self.means}


def with_stock_normalisation(network):
    """Return a copy of `network` with Keras' own normalisation layers and the same weights."""

    def replace(layer):
        config = layer.get_config()
        if isinstance(layer, BatchNorm):
            return layers.BatchNormalization.from_config(config)
        if isinstance(layer, InstanceNorm):
            dtype = layer.dtype_policy
            return layers.GroupNormalization(-1, epsilon=config["epsilon"], dtype=dtype)
        return type(layer).from_config(config)

    copy = keras.models.clone_model(network, clone_function=replace)
    copy.set_weights(network.get_weights())
    return copy


def build(model, sizes, stock=False):
    """Return the game called `model` and one batch of data for it.

    Args:
        model: `"srgan"`, `"cyclegan"` or `"dcgan"`.
        sizes: Dict with `batch_size`, `image_px`, `filters` and `blocks`.
        stock: Whether to use Keras' normalisation layers instead of the zoo's.
    """
    filters, blocks = sizes["filters"], sizes["blocks"]
    if model == "srgan":
        game = zoo.SRGAN(filters=filters, blocks=blocks)
    elif model == "cyclegan":
        generators = [resnet_generator(filters, blocks) for _ in range(2)]
        game = CycleGAN(generators, [patch_discriminator(filters) for _ in range(2)])
    else:
        game = zoo.DCGAN(sizes["image_px"], filters=filters)
    if stock:  # replaced when all are built, so that both kinds draw the same weights
        _use_stock_normalisation(game)
    return game, _batches(model, sizes)


def _use_stock_normalisation(game):
    if isinstance(game, CycleGAN):
        game.generators = [with_stock_normalisation(each) for each in game.generators]
        game.discriminators = [with_stock_normalisation(each) for each in game.discriminators]
        game.generator, game.discriminator = game.generators[0], game.discriminators[0]
    else:
        game.generator = with_stock_normalisation(game.generator)
        game.discriminator = with_stock_normalisation(game.discriminator)


def _batches(model, sizes):
    draw, px = np.random.default_rng(0), sizes["image_px"]
    sides = {"srgan": (px // 4, px), "cyclegan": (px, px), "dcgan": (px,)}[model]
    shapes = [(sizes["batch_size"], side, side, 3) for side in sides]
    batches = tuple(draw.uniform(-1, 1, shape).astype(np.float32) for shape in shapes)
    return batches if len(batches) > 1 else batches[0]
