"""MultimodalGAN: images edited, or restored, as a text asks."""

import functools

import keras
import numpy as np
import tensorflow as tf

from zoo.core.adversarial import AdversarialModel
from zoo.editing.multimodal_objective import MultimodalObjective
from zoo.layers import FixedVector
from zoo.losses.reconstruction import replica_mean
from zoo.networks import text as text_networks


@keras.saving.register_keras_serializable(package="zoo")
class MultimodalGAN(AdversarialModel):
    """Do to images what a text says: `"a darker photo"`, `"remove the noise"`, `"an older face"`.

    A small encoder of words is trained with the networks, or an external one is adapted to them.
    The discriminator sees an image and a text, and has to tell a real image with its text from one
    that was edited, and from a real one with another text.

    Trains on `pipelines.edited(source, read=model.read)`, photographs and their edits, or on
    `pipelines.captioned(source, captions, read=model.read)`, images and texts that describe them.
    Edit pictures of any size with `zoo.restore(model.editor_of("a darker photo"), photo)`.

    Args:
        vocabulary: Sequence of lower-case words that it knows, such as `pipelines.words()`. Texts
            have up to 16 words.
        text_encoder: `zoo.networks.FrozenTextEncoder` in place of a vocabulary. Defaults to `None`.
        filters: Integer. Defaults to 48.
        blocks: Integer, residual blocks. Defaults to 4.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to 32.
        objective: `zoo.MultimodalObjective`, or `None` for its defaults.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: If there is no word, or both or none of a vocabulary and an encoder.

    Example:

    >>> model = MultimodalGAN(["darker", "brighter"], filters=4, blocks=1)
    >>> model([keras.ops.zeros((1, 16, 24, 3)), model.read(["make it darker"])]).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Reed et al. 2016, https://arxiv.org/abs/1605.05396, algorithm 1 (matching-aware
        discriminator); Dong et al. 2017, https://arxiv.org/abs/1707.06873 (editing by texts); Perez
        et al. 2018 (FiLM), https://arxiv.org/abs/1709.07871 (the network).
    """

    task = "editing by text"
    object_arguments = ("objective", "text_encoder")
    #: Height and width of images are multiples of this many pixels.
    size_multiple = 2

    def __init__(
        self,
        vocabulary=None,
        text_encoder=None,
        filters=48,
        blocks=4,
        discriminator_filters=32,
        objective=None,
        **kwargs,
    ):
        objective = MultimodalObjective.or_default(objective)
        words = None if vocabulary is None else list(vocabulary)
        _check_reader(words, text_encoder)
        if text_encoder is None:
            encoder = functools.partial(text_networks.word_encoder, len(words) + 2)
        else:
            encoder = functools.partial(text_networks.embedding_adapter, text_encoder.size)
        super().__init__(
            text_networks.text_editor(encoder(), filters, blocks),
            text_networks.matching_discriminator(encoder(), discriminator_filters),
            **kwargs,
        )
        self.objective = objective
        self.text_encoder = text_encoder
        self._architecture = {
            "vocabulary": words,
            "filters": filters,
            "blocks": blocks,
            "discriminator_filters": discriminator_filters,
        }
        # Its table cannot be made inside of `tf.data`, where it is used.
        _check_words(words, self.tokenizer)

    # ------------------------------------------------------------------ training

    def prepare(self, data, seed):
        """Unpack `((images, texts), targets)`; each target is shown with another text, too."""
        (images, texts), targets = tf.nest.map_structure(tf.convert_to_tensor, data)
        mismatched = tf.roll(texts, 1, axis=0)
        differs = tf.reduce_any(texts != mismatched, axis=-1)  # else the pair would match
        return {
            "images": images,
            "texts": texts,
            "targets": targets,
            "mismatched": mismatched,
            "differs": differs,
        }

    def forward(self, batch):
        """Edit."""
        edited = self.generator([batch["images"], batch["texts"]], training=True)
        return {**batch, "edited": edited}

    def discriminator_terms(self, batch):
        """Tell real images with their texts from edited ones, and from ones with other texts."""
        judge = functools.partial(self.discriminator, training=True)
        loss, real = self.objective.adversarial_loss, judge([batch["targets"], batch["texts"]])
        edited = judge([batch["edited"], batch["texts"]])
        # What does not differ is replaced by what is edited, which is as much of a fake.
        other = judge([batch["targets"], batch["mismatched"]])
        other = tf.where(batch["differs"][:, None, None, None], other, edited)
        return {
            "adversarial": 0.5 * loss.discriminator(real, edited),
            "mismatched": 0.5 * loss.discriminator(real, other),
        }

    def generator_terms(self, batch):
        """Be the target, or keep what the text does not ask for, and look real for the text."""
        objective, targets, edited = self.objective, batch["targets"], batch["edited"]
        terms = {}
        if objective.pixel_weight:
            terms["pixel"] = objective.pixel_weight * replica_mean(
                objective.pixel_loss, targets, edited
            )
        if objective.keep_weight:
            terms["keep"] = objective.keep_weight * replica_mean(
                objective.pixel_loss, batch["images"], edited
            )
        if objective.reconstruction_weight:
            same = self.generator([targets, batch["texts"]], training=True)
            terms["reconstruction"] = objective.reconstruction_weight * replica_mean(
                objective.pixel_loss, targets, same
            )
        if objective.adversarial_weight:
            judge = functools.partial(self.discriminator, training=True)
            pairs = [edited, batch["texts"]], [targets, batch["texts"]]
            unconvincing = objective.adversarial_loss.of_generator(judge, *pairs)
            terms["adversarial"] = objective.adversarial_weight * unconvincing
        return terms

    def evaluation_pair(self, data):
        """Return the targets and the edited images."""
        (images, texts), targets = data
        return targets, tf.cast(self.inference_network([images, texts]), tf.float32)

    # ------------------------------------------------------------------ texts

    @functools.cached_property
    def tokenizer(self):
        """The `keras.layers.TextVectorization` of the vocabulary, or `None` without one."""
        words = self._architecture["vocabulary"]
        if words is None:
            return None
        length = self.generator.get_layer("text_encoder").input_shape[-1]
        return keras.layers.TextVectorization(vocabulary=words, output_sequence_length=length)

    def read(self, texts):
        """Return what the network takes for texts.

        Args:
            texts: Sequence of N strings; or, of a model with a vocabulary, a string tensor `(N,)`,
                also inside of `tf.data`.

        Returns:
            int32 `(N, 16)`, the numbers of words, or float32 `(N, size)` of the external encoder.

        Raises:
            ValueError: If a text is empty or has more than 16 words, or the vocabulary knows no
                word of it. (Texts of a tensor in a graph are not looked at.)
        """
        symbolic = tf.is_tensor(texts) and not tf.executing_eagerly()
        if symbolic and self.tokenizer is not None:
            return tf.cast(self.tokenizer(texts), tf.int32)
        if symbolic:
            read = tf.numpy_function(self._encoded, [texts], tf.float32)
            return tf.ensure_shape(read, (None, self.text_encoder.size))
        texts = _strings(texts)
        if self.tokenizer is None:
            return self._encoded(texts)
        tokens = self.tokenizer(tf.constant(texts)).numpy().astype("int32")
        for text, numbers in zip(texts, tokens, strict=True):
            if len(text.split()) > len(numbers):
                raise ValueError(
                    f"`texts` must have at most {len(numbers)} words. Received: {text!r}"
                )
            if numbers.max() < 2:
                raise ValueError(
                    "`texts` must hold a word of the vocabulary each: "
                    f"{', '.join(self._architecture['vocabulary'])}. Received: {text!r}"
                )
        return tokens

    def _encoded(self, texts):
        return self.text_encoder(_strings(texts))

    def editor_of(self, text):
        """Return the network that does what a text says to every image.

        Args:
            text: String.

        Returns:
            A functional `keras.Model` of images, for `zoo.restore` and `export`; it shares the
            weights.

        Raises:
            ValueError: As of `read`, or if there are several texts.
        """
        if not isinstance(text, str):
            raise ValueError(f"`text` must be one string. Received: {text!r}")
        wanted = self.kept_network.get_layer("text_encoder")(self.read([text]), training=False)
        inputs = keras.Input((None, None, 3), name="image")
        fixed = FixedVector(np.asarray(wanted[0]), True, dtype="float32", name="text")(inputs)
        outputs = self.kept_network.get_layer("renderer")([inputs, fixed])
        return keras.Model(inputs, outputs, name=self.name)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}


def _check_reader(words, text_encoder):
    if (words is None) == (text_encoder is None):
        raise ValueError(
            "Either `vocabulary` or `text_encoder` must be given. "
            f"Received: vocabulary={words!r}, text_encoder={text_encoder!r}"
        )
    if text_encoder is not None:
        if not isinstance(text_encoder, text_networks.FrozenTextEncoder):
            raise ValueError(
                "`text_encoder` must be a zoo.networks.FrozenTextEncoder. "
                f"Received: {text_encoder!r}"
            )
    elif (
        not words
        or not all(isinstance(word, str) and word for word in words)
        or len({*words}) < len(words)
    ):
        raise ValueError(
            "`vocabulary` must be words, each once, such as `pipelines.words()`. "
            f"Received: vocabulary={words!r}"
        )


def _check_words(words, tokenizer):
    if tokenizer is None:
        return
    numbers = tokenizer(tf.constant(words)).numpy()
    wrong = [word for place, word in enumerate(words) if [*numbers[place, :2]] != [place + 2, 0]]
    if wrong:
        raise ValueError(
            "`vocabulary` must be single lower-case words without punctuation. "
            f"Received: {', '.join(map(repr, wrong))}"
        )


def _strings(texts):
    """Texts as Python strings; none may be empty."""
    texts = [texts] if isinstance(texts, str) else list(np.asarray(texts).ravel())
    texts = [each.decode() if isinstance(each, bytes) else str(each) for each in texts]
    if not texts or not all(text.strip() for text in texts):
        raise ValueError(f"`texts` must be strings that are not empty. Received: {texts!r}")
    return texts
