"""Networks that read texts, and that edit and judge images by what they read."""

import os

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from zoo.networks.discriminators import spectrally_bounded
from zoo.networks.effects import effect_renderer


def word_encoder(vocabulary_size, length=16, size=64):
    """From the numbers of a text's words to what the text asks for.

    Args:
        vocabulary_size: Integer, with 0 for no word and 1 for one that is unknown.
        length: Integer, words of a text; shorter ones are filled up with 0. Defaults to 16.
        size: Integer, numbers that stand for a text. Defaults to 64.

    Returns:
        A `keras.Model`: int32 `(N, length)` to `(N, size)`.

    Reference:
        Kim 2014, https://arxiv.org/abs/1408.5882 (convolutions over words, their maxima over time).
    """
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    x = layers.Embedding(vocabulary_size, size)(tokens)
    x = layers.Conv1D(size, 3, padding="same", activation="relu")(x)
    x = layers.Dense(size, name="text")(layers.GlobalMaxPooling1D()(x))
    return keras.Model(tokens, x, name="text_encoder")


def embedding_adapter(embedding_size, size=64):
    """From what an encoder that is not trained here makes of a text to what the text asks for.

    Args:
        embedding_size: Integer, numbers that the encoder returns for a text.
        size: Integer, numbers that stand for a text. Defaults to 64.

    Returns:
        A `keras.Model`: float `(N, embedding_size)` to `(N, size)`.
    """
    embeddings = keras.Input((embedding_size,), name="embeddings")
    x = layers.Dense(size, activation="relu")(layers.LayerNormalization()(embeddings))
    return keras.Model(embeddings, layers.Dense(size, name="text")(x), name="text_encoder")


def text_editor(encoder, filters=48, blocks=4):
    """From images and texts to edited images.

    Args:
        encoder: `keras.Model` as of `word_encoder` or `embedding_adapter`.
        filters: Integer. Defaults to 48.
        blocks: Integer, residual blocks. Defaults to 4.

    Returns:
        A `keras.Model`: `[(N, H, W, 3), what the encoder takes]` to `(N, H, W, 3)`; sides are even.
        Its layers are `"text_encoder"` and `"renderer"`, which is an `effect_renderer`.
    """
    images = keras.Input((None, None, 3), name="images")
    text = _input_like(encoder)
    size = encoder.output_shape[-1]
    render = effect_renderer(size, filters, blocks, coordinates=False, name="renderer")
    return keras.Model([images, text], render([images, encoder(text)]), name="text_editor")


def matching_discriminator(encoder, filters=32, levels=3):
    """Tell whether patches are real and are what a text says.

    Args:
        encoder: `keras.Model` as of `word_encoder` or `embedding_adapter`, with weights of its own.
        filters: Integer, of the first convolution. Defaults to 32.
        levels: Integer, halvings of the size. Defaults to 3.

    Returns:
        A `keras.Model`: `[(N, H, W, 3), what the encoder takes]` to a map of logits. Convolutions
        are spectrally normalised.

    Reference:
        Reed et al. 2016, https://arxiv.org/abs/1605.05396, section 4 (matching-aware); Miyato and
        Koyama 2018, https://arxiv.org/abs/1802.05637, equation 4 (the product with the text).
    """
    images = x = keras.Input((None, None, 3), name="images")
    text = _input_like(encoder)
    for level in range(levels):
        layer = layers.Conv2D(filters * 2 ** min(level, 3), 4, 2, padding="same")
        x = layers.LeakyReLU(0.2)(spectrally_bounded(layer)(x))
    realistic = spectrally_bounded(layers.Conv2D(1, 3, padding="same"))(x)
    wanted = layers.Reshape((1, 1, -1))(layers.Dense(x.shape[-1])(encoder(text)))
    matching = spectrally_bounded(layers.Conv2D(1, 1))(layers.Multiply()([x, wanted]))
    logits = layers.Add()([realistic, matching])
    logits = layers.Activation("linear", dtype="float32", name="logits")(logits)
    return keras.Model([images, text], logits, name="matching_discriminator")


def _input_like(encoder):
    given = encoder.inputs[0]
    return keras.Input(given.shape[1:], dtype=given.dtype, name=given.name)


@keras.saving.register_keras_serializable(package="zoo")
class FrozenTextEncoder:
    """A text encoder that is not trained here: CLIP, a sentence encoder, a function of your own.

    It is *not* a Keras layer, so that its weights do not land in the checkpoints of a model that
    reads with it; what is saved is where it comes from.

    Args:
        source: Path of a `.keras` file, or a function, either from strings `(N,)` to floats
            `(N, size)`. `None` stands for a function that a config could not hold.
        size: Integer, numbers that it returns for a text.

    Raises:
        ValueError: If `source` is neither.

    Example:

    >>> lengths = FrozenTextEncoder(lambda texts: [[len(text)] for text in texts], size=1)
    >>> lengths(["darker", "warm"])
    array([[6.],
           [4.]], dtype=float32)
    """

    def __init__(self, source, size):
        if not (source is None or isinstance(source, str | os.PathLike) or callable(source)):
            raise ValueError(
                "`source` must be the path of a .keras file, or a function of texts. "
                f"Received: source={source!r}"
            )
        self.source = os.fspath(source) if isinstance(source, str | os.PathLike) else source
        self.size = int(size)
        self._network = None

    def __call__(self, texts):
        """Encode texts.

        Args:
            texts: Sequence of N strings.

        Returns:
            float32 array `(N, size)`.

        Raises:
            ValueError: If the encoder is missing, or returns something else.
        """
        encoded = np.asarray(self._encode(list(texts)), np.float32)
        if encoded.shape != (len(texts), self.size):
            raise ValueError(
                f"The text encoder must return ({len(texts)}, {self.size}) numbers for as many "
                f"texts. Received: shape {encoded.shape}"
            )
        return encoded

    def _encode(self, texts):
        if callable(self.source):
            return self.source(texts)
        if self._network is None:
            if self.source is None or not os.path.isfile(self.source):
                raise ValueError(
                    "The text encoder must be given again, as a model's file does not hold it: "
                    "`model.text_encoder = FrozenTextEncoder(encoder, size)`. "
                    f"Received: source={self.source!r}"
                )
            self._network = keras.saving.load_model(self.source, compile=False)
        return self._network(tf.constant(texts), training=False)

    def get_config(self):
        """Where it comes from; a function is left out."""
        return {"source": None if callable(self.source) else self.source, "size": self.size}

    @classmethod
    def from_config(cls, config):
        """Remake an encoder; its network is loaded at the first call."""
        return cls(**config)
