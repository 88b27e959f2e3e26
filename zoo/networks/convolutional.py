"""Generators and discriminators of the first GANs: perceptrons, and the networks of DCGAN."""

import keras
from keras import layers

from zoo.layers import BatchNorm, Dropout, MinibatchDeviation
from zoo.networks.discriminators import spectrally_bounded


def initial_weights():
    """Weights as in the DCGAN paper, section 4; an initializer repeats itself, so a new one."""
    return keras.initializers.RandomNormal(stddev=0.02)


def perceptron_generator(image_shape, latent_size=100, units=(256, 512, 1024)):
    """A multilayer perceptron from noise to an image.

    Args:
        image_shape: `(height, width, channels)`.
        latent_size: Integer. Defaults to 100.
        units: Sequence of integers, hidden units of each layer. Defaults to
            `(256, 512, 1024)`.

    Returns:
        A `keras.Model`: latents `(N, latent_size)` to images in (-1, 1).

    Reference:
        Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, section 5.
    """
    x = inputs = keras.Input((latent_size,), name="latents")
    for width in units:
        x = layers.LeakyReLU(0.2)(layers.Dense(width)(x))
    height, width, channels = image_shape
    x = layers.Dense(height * width * channels, activation="tanh", dtype="float32")(x)
    images = layers.Reshape(tuple(image_shape), dtype="float32", name="images")(x)
    return keras.Model(inputs, images, name="perceptron_generator")


def perceptron_discriminator(image_shape, units=(1024, 512, 256), dropout=0.3):
    """A multilayer perceptron from an image to a logit, with dropout as in the paper.

    Args:
        image_shape: `(height, width, channels)`.
        units: Sequence of integers, hidden units of each layer. Defaults to
            `(1024, 512, 256)`.
        dropout: Float, share of the units that each step leaves out. Defaults to 0.3.

    Returns:
        A `keras.Model`: images `(N, *image_shape)` to logits `(N, 1)`.
    """
    inputs = keras.Input(tuple(image_shape), name="image")
    x = layers.Flatten()(inputs)
    for index, width in enumerate(units):
        x = layers.LeakyReLU(0.2)(layers.Dense(width)(x))
        x = Dropout(dropout, name=f"dropout_{index}")(x)
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="perceptron_discriminator")


def dcgan_generator(
    image_size=64, channels=3, latent_size=100, filters=64, *, class_count=0, batch_norm=True
):
    """The generator of DCGAN: a small map that transposed convolutions double to the image.

    Kernels of 4 px, a multiple of the stride, instead of the paper's 5: they cover every pixel
    equally often (https://distill.pub/2016/deconv-checkerboard).

    Args:
        image_size: Integer, side in px: 3 to 7 times a power of two, such as 28, 32, 48, 64, 128.
        channels: Integer, 1 for gray, 3 for colour (default).
        latent_size: Integer. Defaults to the paper's 100.
        filters: Integer, of the last hidden map; each smaller one has twice as many. Defaults to
            64; the paper's network for 64 px has 128.
        class_count: Integer, number of labels. Defaults to 0: no labels.
        batch_norm: Bool. Defaults to `True` as in the paper.

    Returns:
        A `keras.Model`: latents `(N, latent_size)`, with labels a list of these and of int32
        labels `(N,)`, to images in (-1, 1).

    Reference:
        - Radford et al. 2015, https://arxiv.org/abs/1511.06434, figure 1 and section 3.
        - Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, figure 1: labels are embedded
          and joined with the latents.
    """
    base, doublings = halved(image_size)

    def activated(x):
        return layers.ReLU()(BatchNorm(momentum=0.9)(x) if batch_norm else x)

    inputs = latents = keras.Input((latent_size,), name="latents")
    x = latents
    if class_count:
        labels = keras.Input((), dtype="int32", name="labels")
        inputs = [latents, labels]
        x = layers.Concatenate()([latents, layers.Embedding(class_count, latent_size)(labels)])
    width = filters * 2 ** (doublings - 1)
    x = layers.Dense(
        base * base * width, use_bias=not batch_norm, kernel_initializer=initial_weights()
    )(x)
    x = activated(layers.Reshape((base, base, width))(x))
    for _ in range(doublings - 1):
        width //= 2
        x = activated(doubling(width, use_bias=not batch_norm)(x))
    images = doubling(channels, activation="tanh", dtype="float32", name="images")(x)
    return keras.Model(inputs, images, name="dcgan_generator")


def doubling(width, **kwargs):
    """A transposed convolution that doubles height and width."""
    return layers.Conv2DTranspose(
        width, 4, 2, padding="same", kernel_initializer=initial_weights(), **kwargs
    )


def dcgan_discriminator(
    image_size=64,
    channels=3,
    filters=64,
    *,
    class_count=0,
    projection=False,
    batch_norm=True,
    spectral_norm=False,
    minibatch_deviation=False,
):
    """The discriminator of DCGAN: strided convolutions down to a map of 3 to 7 px, and a logit.

    Args:
        image_size: Integer, as of `dcgan_generator`.
        channels: Integer. Defaults to 3.
        filters: Integer, of the first convolution; each further one has twice as many. Defaults
            to 64.
        class_count: Integer, number of labels. Defaults to 0: no labels.
        projection: Bool, compare the label with the features by an inner product. Defaults to
            `False`: the label is a further channel of the image.
        batch_norm: Bool. Defaults to `True` as in the paper; `False` with a gradient penalty.
        spectral_norm: Bool, bound each layer's gain. Defaults to `False`.
        minibatch_deviation: Bool, show the discriminator how much samples differ. Defaults to
            `False`.

    Returns:
        A `keras.Model`: images, with labels a list of these and of int32 labels `(N,)`, to logits
        `(N, 1)`.

    Reference:
        - Radford et al. 2015, https://arxiv.org/abs/1511.06434, section 3.
        - Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637, equation 3 (projection).
    """
    _, halvings = halved(image_size)

    def bounded(layer):
        return spectrally_bounded(layer) if spectral_norm else layer

    inputs = images = keras.Input((image_size, image_size, channels), name="image")
    x, labels = images, None
    if class_count:
        labels = keras.Input((), dtype="int32", name="labels")
        inputs = [images, labels]
    if class_count and not projection:
        plane = layers.Embedding(class_count, image_size**2)(labels)
        x = layers.Concatenate()([x, layers.Reshape((image_size, image_size, 1))(plane)])
    for level in range(halvings):
        normalised = batch_norm and level > 0
        convolution = layers.Conv2D(
            filters * 2**level,
            4,
            2,
            padding="same",
            use_bias=not normalised,
            kernel_initializer=initial_weights(),
        )
        x = bounded(convolution)(x)
        x = BatchNorm(momentum=0.9)(x) if normalised else x
        x = layers.LeakyReLU(0.2)(x)
    x = MinibatchDeviation()(x) if minibatch_deviation else x
    logits = bounded(layers.Dense(1, kernel_initializer=initial_weights(), name="score"))(
        layers.Flatten()(x)
    )
    if class_count and projection:
        pooled = layers.GlobalAveragePooling2D()(x)
        label = layers.Embedding(class_count, pooled.shape[-1])(labels)
        logits = layers.Add()([logits, layers.Dot(1)([label, pooled])])
    logits = layers.Activation("linear", dtype="float32", name="logits")(logits)
    return keras.Model(inputs, logits, name="dcgan_discriminator")


def halved(image_size):
    """Return `(side, times)`: halving `image_size` so many times gives a side of 3 to 7 px.

    Raises:
        ValueError: If there is none.
    """
    side, times = image_size, 0
    while side > 7 and side % 2 == 0:
        side, times = side // 2, times + 1
    if not 3 <= side <= 7 or times < 1:
        raise ValueError(
            "`image_size` must be 3 to 7 times a power of two, such as 28, 32, 48, 64, 96 or "
            f"128. Received: image_size={image_size}"
        )
    return side, times
