"""DynamicGAN: a sequence of frames from one image, with motion blur and moving light."""

import keras
import tensorflow as tf

from zoo.core.adversarial import AdversarialModel
from zoo.editing.dynamic_objective import DynamicObjective
from zoo.layers import FixedVector
from zoo.losses import temporal_consistency
from zoo.losses.reconstruction import replica_mean
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.effects import effect_renderer


@keras.saving.register_keras_serializable(package="zoo")
class DynamicGAN(AdversarialModel):
    """Render what a moving camera and a moving light would make of an image, frame by frame.

    Trains on `pipelines.frames`. One network renders each frame from the image and from what
    describes the frame (`pipelines.EFFECTS`: blur, light and its place), so that sequences may have
    any length. One discriminator judges frames next to their image, another one all frames of a
    sequence together.

    Args:
        frame_count: Integer of at least 2, frames of a training sequence. Defaults to 6.
        filters: Integer. Defaults to 48.
        blocks: Integer, residual blocks. Defaults to 4.
        kernel_size: Odd integer, side in px of the kernel that the network makes of what describes
            a frame, or `None` for a network without, which hardly learns to blur. The longest blur
            has to fit into it (of `pipelines.frames`: 9 px). Defaults to 11.
        discriminator_filters: Integer, of the discriminators' first convolution. Defaults to 32.
        objective: `zoo.DynamicObjective`, or `None` for its defaults.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> model = DynamicGAN(filters=4, blocks=1)
    >>> model([keras.ops.zeros((1, 16, 24, 3)), keras.ops.zeros((1, 5))]).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Tulyakov et al. 2018 (MoCoGAN), https://arxiv.org/abs/1707.04993, section 3.1 (a
        discriminator of frames and one of sequences); Perez et al. 2018 (FiLM),
        https://arxiv.org/abs/1709.07871, and De Brabandere et al. 2016 (dynamic filters),
        https://arxiv.org/abs/1605.09673 (the network).
    """

    task = "dynamic effects"

    def __init__(
        self,
        frame_count=6,
        filters=48,
        blocks=4,
        kernel_size=11,
        discriminator_filters=32,
        objective=None,
        **kwargs,
    ):
        objective = DynamicObjective.or_default(objective)
        if frame_count < 2:
            raise ValueError(f"`frame_count` must be at least 2. Received: {frame_count!r}")
        super().__init__(
            effect_renderer(filters=filters, blocks=blocks, kernel_size=kernel_size),
            _judges(frame_count, discriminator_filters),
            **kwargs,
        )
        self.objective = objective
        self._architecture = {
            "frame_count": frame_count,
            "filters": filters,
            "blocks": blocks,
            "kernel_size": kernel_size,
            "discriminator_filters": discriminator_filters,
        }

    #: Height and width of images are multiples of this many pixels.
    size_multiple = 2

    def default_optimizers(self):
        """Adam with rates of 1e-3 for the renderer, at which kernels turn, and 2e-4 for judges."""
        return keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5)

    # ------------------------------------------------------------------ training

    def prepare(self, data, seed):
        """Unpack `((images, effects), frames)`."""
        (images, effects), frames = data
        return {"images": images, "effects": effects, "frames": frames}

    def forward(self, batch):
        """Render all frames."""
        return {**batch, "rendered": self._render(self.generator, batch, training=True)}

    def _render(self, network, batch, training):
        count = batch["frames"].shape[1]
        images = tf.repeat(batch["images"], count, axis=0)
        effects = tf.reshape(batch["effects"], (-1, batch["effects"].shape[-1]))
        frames = tf.cast(network([images, effects], training=training), tf.float32)
        return tf.reshape(frames, tf.shape(batch["frames"]))

    def _judged(self, frames, batch):
        """Verdicts on each frame next to its image, and on each sequence."""
        count, shape = frames.shape[1], tf.shape(frames)
        flat = tf.reshape(frames, tf.concat([[-1], shape[2:]], axis=0))
        pairs = tf.concat([tf.repeat(batch["images"], count, axis=0), flat], axis=-1)
        together = tf.concat(tf.unstack(frames, axis=1), axis=-1)
        of_frames, of_motion = (
            self.discriminator.get_layer(name) for name in ("judge_frame", "judge_motion")
        )
        return {
            "frame": of_frames(pairs, training=True),
            "motion": of_motion(together, training=True),
        }

    def discriminator_terms(self, batch):
        """Tell real frames from rendered ones, and real sequences from rendered ones."""
        loss = self.objective.adversarial_loss
        real, fake = (self._judged(batch[name], batch) for name in ("frames", "rendered"))
        return {f"adversarial_{name}": loss.discriminator(real[name], fake[name]) for name in real}

    def generator_terms(self, batch):
        """Be the right frames, change as they do, and look real one by one and together."""
        objective, frames, rendered = self.objective, batch["frames"], batch["rendered"]
        terms = {}
        if objective.pixel_weight:
            pixel = replica_mean(objective.pixel_loss, frames, rendered)
            terms["pixel"] = objective.pixel_weight * pixel
        if objective.temporal_weight:
            changes = temporal_consistency(frames, rendered)
            terms["temporal"] = objective.temporal_weight * changes
        if objective.adversarial_weight:
            loss = objective.adversarial_loss
            fake = self._judged(rendered, batch)
            real = self._judged(frames, batch) if loss.needs_real_logits else {}
            for name, logits in fake.items():
                unconvincing = loss.generator(logits, real.get(name))
                terms[f"adversarial_{name}"] = objective.adversarial_weight * unconvincing
        return terms

    def evaluation_pair(self, data):
        """Return the last frames and the rendered ones: where the effects are strongest."""
        batch = self.prepare(data, None)
        effects = batch["effects"][:, -1]
        rendered = self.inference_network([batch["images"], effects])
        return batch["frames"][:, -1], tf.cast(rendered, tf.float32)

    # ------------------------------------------------------------------ use

    def renderer_of(self, effects):
        """Return the network that renders one frame of any image.

        Args:
            effects: Float `(5,)`, what describes the frame, as `pipelines.EFFECTS` says.

        Returns:
            A functional `keras.Model` of images, for `zoo.restore` and `export`; it shares the
            weights.
        """
        inputs = keras.Input((None, None, 3), name="image")
        fixed = FixedVector(effects, dtype="float32", name="effects")(inputs)
        return keras.Model(inputs, self.kept_network([inputs, fixed]), name=self.name)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}


def _judges(frame_count, filters):
    """The discriminator of frames and that of sequences, as one network of two inputs."""
    seen = {"frame": 6, "motion": 3 * frame_count}
    inputs = [keras.Input((None, None, channels), name=name) for name, channels in seen.items()]
    outputs = [
        patch_discriminator(channels, filters, name=f"judge_{name}")(image)
        for (name, channels), image in zip(seen.items(), inputs, strict=True)
    ]
    return keras.Model(inputs, outputs, name="judges")
