"""FaceAttributeGAN: older, younger, more feminine, and as much of it as is asked for."""

import functools
import math

import keras
import numpy as np
import tensorflow as tf

from zoo.core.adversarial import AdversarialModel
from zoo.core.receptive_field import receptive_field
from zoo.editing.attribute_objective import AttributeObjective
from zoo.layers import FixedVector
from zoo.losses import attribute_loss, cycle_consistency
from zoo.networks.attributes import attribute_discriminator, attribute_editor


@keras.saving.register_keras_serializable(package="zoo")
class FaceAttributeGAN(AdversarialModel):
    """Change attributes of faces by given amounts, and leave all else as it is.

    The network takes changes, target less source, so that 0 asks for nothing and one half for half
    of it. It draws a change and a mask of where to use it: the background and the person stay.
    Trains on `pipelines.attributed`; targets are the attributes of other images of the batch.

    Edit pictures of any size with `zoo.restore(model.editor_of({"age": 0.5}), photo)`.

    Args:
        attributes: Dict of name to `(low, high)`, the values in the data that become 0 and 1, such
            as `{"age": (20, 60), "gender": (0, 1)}`, which is the default.
        filters: Integer, of the first convolution. Defaults to 32.
        blocks: Integer, residual blocks. Defaults to 4.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to 32.
        discriminator_noise: Float, deviation of the noise through which the discriminator sees
            real and edited images. Without it, coloured dots that nobody notices convince it that
            a face has aged. Defaults to 0.4.
        objective: `zoo.AttributeObjective`, or `None` for its defaults.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: If there is no attribute, or an argument is of another kind.

    Example:

    >>> model = FaceAttributeGAN({"age": (20, 60)}, filters=4, blocks=1)
    >>> model([keras.ops.zeros((1, 16, 24, 3)), keras.ops.ones((1, 1))]).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Choi et al. 2018 (StarGAN), https://arxiv.org/abs/1711.09020; Lin et al. 2019 (RelGAN),
        https://arxiv.org/abs/1908.07269, section 3.1 (relative attributes).
    """

    task = "editing of attributes"

    def __init__(
        self,
        attributes=None,
        filters=32,
        blocks=4,
        discriminator_filters=32,
        discriminator_noise=0.4,
        objective=None,
        **kwargs,
    ):
        attributes = {"age": (20, 60), "gender": (0, 1)} if attributes is None else attributes
        objective = AttributeObjective.or_default(objective)
        _check_attributes(attributes)
        super().__init__(
            attribute_editor(len(attributes), filters, blocks),
            attribute_discriminator(
                len(attributes), discriminator_filters, noise=discriminator_noise
            ),
            **kwargs,
        )
        self.objective = objective
        self.attributes = {name: tuple(ends) for name, ends in attributes.items()}
        self._architecture = {
            "attributes": {name: list(ends) for name, ends in self.attributes.items()},
            "filters": filters,
            "blocks": blocks,
            "discriminator_filters": discriminator_filters,
            "discriminator_noise": discriminator_noise,
        }

    # ------------------------------------------------------------------ training

    def prepare(self, data, seed):
        """Unpack `(images, attributes)`; each image is to get the attributes of the one before."""
        images, attributes = (tf.convert_to_tensor(each) for each in data)
        if seed is not None and images.shape[0] == 1:
            raise ValueError(
                "Faces get the attributes of others of the batch: each step, replica and "
                "discriminator step needs at least 2 images. Received: 1. Raise the batch size."
            )
        return {"images": images, "attributes": attributes, "targets": tf.roll(attributes, 1, 0)}

    def forward(self, batch):
        """Edit."""
        changes = batch["targets"] - batch["attributes"]
        edited = self.generator([batch["images"], changes], training=True)
        return {**batch, "changes": changes, "edited": edited}

    def discriminator_terms(self, batch):
        """Tell real from edited, and see the attributes of real images, also through an edit."""
        objective, attributes = self.objective, batch["attributes"]
        real, seen = self.discriminator(batch["images"], training=True)
        fake, seen_through = self.discriminator(batch["edited"], training=True)
        terms = {
            "adversarial": objective.adversarial_loss.discriminator(real, fake),
            "attributes": attribute_loss(seen, attributes),
        }
        if objective.source_weight:
            source = attribute_loss(seen_through, attributes)
            terms["source"] = objective.source_weight * source
        return terms

    def generator_terms(self, batch):
        """Look real, have the target's attributes, come back, and change no more than that."""
        objective, images = self.objective, batch["images"]
        fake, seen = self.discriminator(batch["edited"], training=True)
        terms = {}
        if objective.adversarial_weight:
            loss, real = objective.adversarial_loss, None
            if loss.needs_real_logits:
                real, _ = self.discriminator(images, training=True)
            terms["adversarial"] = objective.adversarial_weight * loss.generator(fake, real)
        if objective.attribute_weight:
            terms["attributes"] = objective.attribute_weight * attribute_loss(
                seen, batch["targets"]
            )
        if objective.cycle_weight:
            back = self.generator([batch["edited"], -batch["changes"]], training=True)
            terms["cycle"] = objective.cycle_weight * cycle_consistency(images, back)
        if objective.reconstruction_weight:
            same = self.generator([images, tf.zeros_like(batch["changes"])], training=True)
            terms["reconstruction"] = objective.reconstruction_weight * cycle_consistency(
                images, same
            )
        if objective.change_weight:
            changed = tf.reduce_mean(tf.square(batch["edited"] - images))
            terms["change"] = objective.change_weight * changed
        return terms

    def evaluation_pair(self, data):
        """Return the images and what is left of them after a change and its reverse."""
        batch = self.prepare(data, None)
        changes = batch["targets"] - batch["attributes"]
        edited = self.inference_network([batch["images"], changes])
        return batch["images"], tf.cast(self.inference_network([edited, -changes]), tf.float32)

    def pictures(self, data):
        """Return images, each attribute raised by 1, and the image after a change and back."""
        images, back = self.evaluation_pair(data)
        count = tf.shape(images)[0]
        raised = [
            self.inference_network([images, tf.repeat(self.changes({name: 1.0})[None], count, 0)])
            for name in self.attributes
        ]
        return [images, *raised, back]

    # ------------------------------------------------------------------ use

    @functools.cached_property
    def size_multiple(self):
        """Height and width of images that are edited are multiples of this many pixels."""
        return receptive_field(self.editor_of({})).multiple

    def changes(self, changes):
        """Return changes by name as the vector that the network takes.

        Args:
            changes: Dict of name to float, the part of the range of the attribute by which it is
                changed: 1 is from `low` to `high`.

        Returns:
            float32 array `(number of attributes,)`.

        Raises:
            ValueError: If a name is unknown, or a value beyond [-1, 1].
        """
        unknown = sorted(set(changes) - set(self.attributes))
        if unknown or not all(-1 <= value <= 1 for value in changes.values()):
            raise ValueError(
                f"`changes` takes {', '.join(self.attributes)}, each in [-1, 1]. "
                f"Received: {changes}"
            )
        return np.array([changes.get(name, 0.0) for name in self.attributes], "float32")

    def editor_of(self, changes):
        """Return the network that makes the same changes to every image.

        Args:
            changes: As of the method `changes`.

        Returns:
            A functional `keras.Model` of images, for `zoo.restore` and `export`; it shares the
            weights.
        """
        inputs = keras.Input((None, None, 3), name="image")
        fixed = FixedVector(self.changes(changes), dtype="float32", name="changes")(inputs)
        return keras.Model(inputs, self.kept_network([inputs, fixed]), name=self.name)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}


def _check_attributes(attributes):
    fits = isinstance(attributes, dict) and all(
        isinstance(name, str)
        and isinstance(ends, list | tuple)
        and len(ends) == 2
        and all(isinstance(end, int | float) and math.isfinite(end) for end in ends)
        and ends[0] != ends[1]
        for name, ends in attributes.items()
    )
    if not fits or not attributes:
        raise ValueError(
            "`attributes` must be a dict of names to (low, high), numbers that differ. "
            f"Received: attributes={attributes!r}"
        )
