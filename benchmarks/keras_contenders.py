"""What `train_step.py` measures in TensorFlow: GANs ready to be trained, and a roofline."""

import math
import time

import keras
import tensorflow as tf
from keras import layers
from keras_networks import TwoPass, build


class Contender:
    """A GAN that is ready to be trained on one batch, again and again.

    Args:
        model: As in `build`.
        sizes: As in `build`.
        precision: `"float32"` or `"bfloat16"`.
        style: `"zoo"` or `"keras.io"`.
    """

    def __init__(self, model, sizes, precision, style):
        keras.config.set_dtype_policy("float32" if precision == "float32" else "mixed_bfloat16")
        keras.utils.set_random_seed(0)
        self.model, self.sizes = model, sizes
        self.game, data = build(model, sizes, stock=style == "keras.io")
        trained = self.game if style == "zoo" else TwoPass(self.game)
        adam = (
            {"learning_rate": 1e-4} if model == "srgan" else {"learning_rate": 2e-4, "beta_1": 0.5}
        )
        trained.compile(
            generator_optimizer=keras.optimizers.Adam(**adam),
            discriminator_optimizer=keras.optimizers.Adam(**adam),
        )
        self._data = iter(tf.data.Dataset.from_tensors(data).repeat())
        trained.make_train_function()
        self._train = trained.train_function

    def losses(self):
        """Take a step and return both players' losses in it."""
        logs = self._train(self._data)
        return {name: float(logs[name]) for name in ("discriminator_loss", "generator_loss")}

    def seconds(self, steps):
        """Return how long `steps` training steps take."""
        start = time.perf_counter()
        for _ in range(steps):
            logs = self._train(self._data)
        float(logs["generator_loss"])
        return time.perf_counter() - start

    def parameters(self):
        """Return the number of trainable weights of each player."""
        players = {"generator": self.game.generator, "discriminator": self.game.discriminator}
        return {
            name: sum(math.prod(weight.shape) for weight in network.trainable_variables)
            for name, network in players.items()
        }

    def flop(self):
        """Return the floating-point operations of a step that runs each generator pass once."""
        return step_flop(self.model, self.game, self.sizes)


def facts(model, sizes):
    """Return what shows that both styles do the same: a step's losses, weights, operations."""
    contenders = {style: Contender(model, sizes, "float32", style) for style in ("zoo", "keras.io")}
    return {
        style: {"losses": each.losses(), "parameters": each.parameters(), "flop": each.flop()}
        for style, each in contenders.items()
    }


def step_flop(model, game, sizes):
    """Count convolutions and dense layers: forward, weight gradients and input gradients.

    Each of the three costs the same, but that nobody needs the gradient by the input of a network
    whose input is data. The discriminator's weights need no gradient in the generator's update.
    """
    px, count = sizes["image_px"], sizes["batch_size"]
    image = (count, px, px, 3)
    taken = {"srgan": (count, px // 4, px // 4, 3), "dcgan": (count, 100)}.get(model, image)
    forward, first = forward_flop(game.generator, taken)
    judged, judged_first = forward_flop(game.discriminator, image)
    domains = 2 if model == "cyclegan" else 1
    from_data = 2 if model == "cyclegan" else 1  # passes a generator: translation and identity
    from_fakes = 1 if model == "cyclegan" else 0  # and the way back
    made = from_data * (3 * forward - first) + from_fakes * 3 * forward
    return domains * (made + 2 * (3 * judged - judged_first) + 2 * judged)


def forward_flop(network, shape):
    """Return the operations of one pass on an input of `shape`, and those of the first layer."""
    kinds = (layers.Conv2D, layers.Conv2DTranspose, layers.Dense)
    counted = [layer for layer in network.layers if isinstance(layer, kinds)]
    tensors = [side for layer in counted for side in (layer.input, layer.output)]
    shapes = keras.Model(network.inputs, tensors)(keras.Input(shape[1:], batch_size=shape[0]))
    flop = []
    for layer, taken, given in zip(counted, shapes[::2], shapes[1::2], strict=True):
        # A transposed convolution applies its kernel at each position of the input.
        at = taken if isinstance(layer, layers.Conv2DTranspose) else given
        flop.append(2 * math.prod(layer.kernel.shape) * math.prod(at.shape[:-1]))
    return sum(flop), flop[0]


class Roofline:
    """What a convolution alone reaches: 3x3, 64 to 64 filters, 16 x 96 x 96, with gradients.

    Args:
        precision: `"float32"` or `"bfloat16"`.
    """

    def __init__(self, precision):
        dtype = getattr(tf, precision)
        images = tf.cast(tf.random.stateless_normal((16, 96, 96, 64), (0, 0)), dtype)
        kernel = tf.cast(tf.random.stateless_normal((3, 3, 64, 64), (0, 1)), dtype)

        @tf.function(autograph=False)
        def step(images, kernel):
            with tf.GradientTape() as tape:
                tape.watch([images, kernel])
                outputs = tf.nn.conv2d(images, kernel, 1, "SAME")
            # Gradients that depend on the outputs keep the forward pass in the graph.
            return tape.gradient(outputs, [images, kernel], output_gradients=outputs)

        self._run = lambda: step(images, kernel)

    def seconds(self, steps):
        """Return how long `steps` passes forward and back take."""
        start = time.perf_counter()
        for _ in range(steps):
            self._run()[1].numpy()
        return time.perf_counter() - start

    def flop(self):
        """Return the operations of one pass forward and back."""
        return 3 * 2 * 9 * 64 * 64 * 16 * 96 * 96
