"""WeaklySupervisedGAN: a classifier from few labels and many images without."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from zoo.core import latents as distributions
from zoo.core import replicas
from zoo.core.latent import LatentGAN
from zoo.layers import BatchNorm, GaussianNoise


@keras.saving.register_keras_serializable(package="zoo")
class WeaklySupervisedGAN(LatentGAN):
    """Learn to classify from few labels: the discriminator also names the class.

    Trains on batches of `(images, labels)`, integer labels `(N,)`: 0 to `class_count - 1`, or -1
    for an image without a label. The discriminator minimises `lambda * unsupervised +
    (1 - lambda) * supervised`: it tells real images from made ones in all of them, and classes
    apart in those that have a label. Every batch should hold some of these, as those of
    `pipelines.partly_labelled` do; in a batch without any the supervised term is 0.

    Args:
        class_count: Integer, number of classes, at least 2. Defaults to 10.
        image_shape: `(height, width, channels)`. Defaults to `(28, 28, 1)`.
        generator: Functional `keras.Model`, latents to images in [-1, 1]. Defaults to `None`: the
            paper's perceptron.
        features: Functional `keras.Model`, images to vectors `(N, F)`, of which the discriminator's
            logits are linear functions. Defaults to `None`: the paper's perceptron with noise.
            Avoid batch norm: real and made images would have other statistics than in inference.
        unsupervised_share: Float in [0, 1], the lambda above. Defaults to 0.5.
        feature_matching: Bool, let the generator match the mean of the features instead of looking
            real, section 3.1 of the paper. Defaults to `False`: with few steps the discriminator
            then wins, and learns nothing more from images without labels.
        objective: `zoo.LatentObjective`, or `None` for the non-saturating loss.
        **kwargs: `latents`, a `zoo.latents.LatentDistribution` (100 uniform numbers if absent);
            `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = WeaklySupervisedGAN(class_count=3, image_shape=(8, 8, 1))
    >>> model.classify(model.generate(2)).shape
    (2, 3)

    Reference:
        - Salimans et al. 2016, https://arxiv.org/abs/1606.03498, sections 3.1 and 5
        - Odena 2016, https://arxiv.org/abs/1606.01583
    """

    #: What the variant is for, in the words of `zoo list`.
    task = "classification from few labels"
    reads_labels = True
    takes_unlabelled = True

    def __init__(
        self,
        class_count=10,
        image_shape=(28, 28, 1),
        generator=None,
        features=None,
        unsupervised_share=0.5,
        feature_matching=False,
        objective=None,
        **kwargs,
    ):
        _check(class_count, unsupervised_share)
        latents = kwargs.pop("latents", None)
        latents = distributions.given_or(distributions.Uniform(100), latents)
        self._own = {"generator": generator, "features": features}
        super().__init__(
            generator or perceptron_generator(image_shape, latents.size),
            classifying(features or perceptron_features(image_shape), class_count),
            latents,
            objective,
            **kwargs,
        )
        self.class_count = class_count
        self.unsupervised_share = float(unsupervised_share)
        self.feature_matching = bool(feature_matching)

    def default_optimizers(self):
        """Adam with a first moment of 0.5, as in the paper's code; a faster discriminator."""
        return tuple(keras.optimizers.Adam(rate, beta_1=0.5) for rate in (3e-4, 1e-3))

    @property
    def classifier(self):
        """Functional `keras.Model`, images to probabilities `(N, class_count)`: to be exported."""
        _, class_logits, _ = self.discriminator.outputs
        probabilities = layers.Softmax(dtype="float32", name="probabilities")(class_logits)
        return keras.Model(self.discriminator.inputs[0], probabilities, name="classifier")

    def prepare(self, data, seed):
        """Take images with their labels, -1 where there is none."""
        images, labels = data
        return {**super().prepare(images, seed), "labels": tf.cast(labels, tf.int32)}

    def judge(self, images, batch):
        """Logits of images; what else the discriminator saw in them is kept in `batch`."""
        logits, class_logits, features = self.discriminator(images, training=True)
        batch["seen"].append((class_logits, features))
        return logits

    def discriminator_terms(self, batch):
        """`lambda * unsupervised + (1 - lambda) * supervised`."""
        batch = {**batch, "seen": []}
        terms = super().discriminator_terms(batch)
        class_logits, _ = batch["seen"][0]  # of the real images, which are judged first
        terms = {name: self.unsupervised_share * term for name, term in terms.items()}
        supervised = supervised_loss(class_logits, batch["labels"], batch["count"])
        return {**terms, "supervised": (1.0 - self.unsupervised_share) * supervised}

    def generator_terms(self, batch):
        """Look real, or have the features of real images on average."""
        batch = {**batch, "seen": []}
        if not self.feature_matching:
            return super().generator_terms(batch)
        for name in ("real", "fake"):
            self.judge(self._shown(batch, name), batch)
        (_, real), (_, fake) = batch["seen"]
        present = _present(fake, batch["count"])
        gap = _global_mean(tf.stop_gradient(real), present) - _global_mean(fake, present)
        return {"feature_matching": tf.reduce_mean(tf.square(gap))}

    def classify(self, images, *, batch_size=256):
        """Say of which class images are.

        Args:
            images: Float array `(N, H, W, C)` in [-1, 1].
            batch_size: Integer, images judged at once. Defaults to 256.

        Returns:
            float32 array `(N, class_count)` of probabilities.
        """
        images = np.asarray(images, "float32")
        expected = self.discriminator.input_shape[1:]
        if images.shape[1:] != expected or not len(images):
            raise ValueError(
                f"`images` must have shape (N, {', '.join(map(str, expected))}), N at least 1. "
                f"Received: {images.shape}"
            )
        classifier = self.classifier
        parts = range(0, len(images), batch_size)
        judged = [classifier(images[k : k + batch_size], training=False) for k in parts]
        return np.concatenate([np.asarray(part) for part in judged])

    def get_config(self):
        """The constructor's arguments."""
        names = ("class_count", "image_shape", "unsupervised_share", "feature_matching")
        own = {
            name: network and keras.saving.serialize_keras_object(network)
            for name, network in self._own.items()
        }
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, **own}

    @classmethod
    def from_config(cls, config):
        """Remake a model from `get_config()`."""
        deserialize = keras.saving.deserialize_keras_object
        own = {name: deserialize(config[name]) for name in ("generator", "features")}
        return super().from_config({**config, **own})


def classifying(features, class_count):
    """Add the logits of a discriminator: "made" is one more class, whose logit is fixed at 0.

    Args:
        features: Functional `keras.Model`, images to vectors `(N, F)`.
        class_count: Integer, number of classes.

    Returns:
        A `keras.Model`: images to logits `(N, 1)` of being real, logits `(N, class_count)` of
        classes, and the features `(N, F)`.

    Reference:
        Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 5.
    """
    if len(features.outputs) != 1 or len(features.outputs[0].shape) != 2:
        shapes = [tuple(output.shape) for output in features.outputs]
        raise ValueError(
            "`features` must have one output of shape (N, F); end it with a "
            f"GlobalAveragePooling2D or Flatten. Received: outputs of shapes {shapes}"
        )
    vectors = layers.Activation("linear", dtype="float32", name="features")(features.outputs[0])
    class_logits = layers.Dense(class_count, dtype="float32", name="class_logits")(vectors)
    logits = LogSumExp(dtype="float32", name="logits")(class_logits)
    outputs = [logits, class_logits, vectors]
    return keras.Model(features.inputs[0], outputs, name="classifying_discriminator")


def perceptron_features(image_shape, units=(1000, 500, 250, 250, 250), *, noise=True):
    """The paper's perceptron for digits: noise before each layer instead of dropout.

    Layer normalisation stands in for the paper's weight normalisation: without either, features
    grow until the noise is nothing beside them.

    Args:
        image_shape: `(height, width, channels)`.
        units: Sequence of integers, of each layer. Defaults to the paper's.
        noise: Bool. Defaults to `True`.

    Returns:
        A `keras.Model`: images `(N, *image_shape)` to features `(N, units[-1])`.

    Reference:
        Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 5.1 and published code.
    """
    inputs = keras.Input(tuple(image_shape), name="image")
    x = layers.Flatten()(inputs)
    for index, width in enumerate(units):
        x = GaussianNoise(0.5, name=f"noise_{index}")(x) if noise else x
        x = layers.ReLU()(layers.LayerNormalization()(layers.Dense(width)(x)))
    return keras.Model(inputs, x, name="perceptron_features")


def perceptron_generator(image_shape, latent_size=100, units=(500, 500)):
    """The paper's generator of digits: a perceptron with batch normalisation.

    Args:
        image_shape: `(height, width, channels)`.
        latent_size: Integer. Defaults to 100.
        units: Sequence of integers, of each hidden layer. Defaults to the paper's.

    Returns:
        A `keras.Model`: latents `(N, latent_size)` to images in (-1, 1).

    Reference:
        Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 5.1 and published code.
    """
    x = inputs = keras.Input((latent_size,), name="latents")
    for width in units:
        x = layers.Dense(width, use_bias=False)(x)
        # As maps of one pixel, for which the zoo's layer averages its statistics over replicas.
        x = BatchNorm(momentum=0.9)(layers.Reshape((1, 1, width))(x))
        x = layers.Activation("softplus")(layers.Flatten()(x))
    height, width, channels = image_shape
    x = layers.Dense(height * width * channels, activation="tanh", dtype="float32")(x)
    images = layers.Reshape(tuple(image_shape), dtype="float32", name="images")(x)
    return keras.Model(inputs, images, name="perceptron_generator")


@keras.saving.register_keras_serializable(package="zoo")
class LogSumExp(keras.layers.Layer):
    """Logarithm of the sum of exponentials: `(N, classes)` to `(N, 1)`.

    With a further class of logit 0, this is the logit of being of any class but that one.
    """

    def call(self, inputs):
        """Reduce the last axis."""
        return tf.reduce_logsumexp(inputs, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], 1)


def supervised_loss(class_logits, labels, count):
    """Cross-entropy, averaged over the labelled samples of all replicas.

    Replicas hold different numbers of labelled samples, so the average is taken over all of them:
    two replicas train like one with the same global batch.

    Args:
        class_logits: Float `(N, classes)`.
        labels: int32 `(N,)`, -1 where there is none.
        count: Scalar float, samples of this replica: 0 if the one that is there only fills up.

    Returns:
        A scalar, 0 if no sample has a label.
    """
    labelled = _present(class_logits, count) * tf.cast(labels >= 0, tf.float32)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.maximum(labels, 0), logits=tf.cast(class_logits, tf.float32)
    )
    return _global_mean(each[:, None], labelled)[0]


def _present(values, count):
    """A weight for each sample: 0 for one that only fills up a replica without samples."""
    return tf.fill(tf.shape(values)[:1], tf.minimum(count, 1.0))


def _global_mean(values, weights):
    """Weighted mean of `(N, F)` over the samples of all replicas; 0 without weights."""
    values = tf.cast(values, tf.float32)
    total = tf.reduce_sum(values * weights[:, None], axis=0)
    parts = replicas.summed(tf.concat([total, [tf.reduce_sum(weights)]], axis=0))
    return parts[:-1] / tf.maximum(parts[-1], 1.0)


def _check(class_count, unsupervised_share):
    if isinstance(class_count, bool) or not isinstance(class_count, int) or class_count < 2:
        raise ValueError(
            f"`class_count` must be an integer of at least 2. Received: class_count={class_count!r}"
        )
    if not 0 <= unsupervised_share <= 1:
        raise ValueError(
            "`unsupervised_share` must be from 0 (labels only) to 1 (images only). "
            f"Received: unsupervised_share={unsupervised_share!r}"
        )
