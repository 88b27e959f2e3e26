"""CycleGAN: image-to-image translation without pairs."""

import functools

import keras
import tensorflow as tf

from zoo.core.adversarial import AdversarialModel
from zoo.core.receptive_field import receptive_field
from zoo.core.replay import ReplayPool
from zoo.editing.cycle_objective import CycleObjective
from zoo.losses import cycle_consistency
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.translation import translation_resnet

_SIDES = ("a", "b")


@keras.saving.register_keras_serializable(package="zoo")
class CycleGAN(AdversarialModel):
    """Translate between two kinds of images, A and B, of which no pairs exist.

    Two generators, A to B and B to A, are one player, two discriminators the other one. Each
    generator must be convincing, and each must undo the other: gradients of both halves of the
    cycle reach both generators. Discriminators also see images that were made earlier.

    Trains on `pipelines.unpaired(a, b)`. A to B is what is called, restored with (`zoo.restore`)
    and exported; `backward_network` is the other direction.

    Args:
        image_size: Integer, side in px of training images; trained networks take any multiple of
            4. Defaults to 256.
        channels: Integer. Defaults to 3.
        filters: Integer, of the first convolution of the generators. Defaults to 64.
        blocks: Integer, residual blocks. Defaults to `None`: the paper's 9 from 256 px on, else 6.
        discriminator_filters: Integer, of the discriminators' first convolution. Defaults to 64.
        pool_size: Integer, made images that are remembered. Defaults to the paper's 50.
        objective: `zoo.CycleObjective`, or `None` for the paper's.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: If `objective` is none, or `image_size` less than 24.

    Example:

    >>> model = CycleGAN(image_size=32, filters=4, blocks=1)
    >>> model(keras.ops.zeros((1, 32, 48, 3))).shape
    TensorShape([1, 32, 48, 3])

    Reference:
        Zhu et al. 2017, https://arxiv.org/abs/1703.10593, equations 1 to 3, sections 4 and 5.2.
    """

    task = "translation without pairs"

    def __init__(
        self,
        image_size=256,
        channels=3,
        filters=64,
        blocks=None,
        discriminator_filters=64,
        pool_size=50,
        objective=None,
        **kwargs,
    ):
        objective = CycleObjective.or_default(objective)
        if image_size < 24:
            raise ValueError(
                "`image_size` must be at least 24, for the discriminators to see a patch. "
                f"Received: {image_size}"
            )
        blocks = (9 if image_size >= 256 else 6) if blocks is None else blocks
        super().__init__(
            _both(lambda name: translation_resnet(channels, channels, filters, blocks, name),
                  channels, ("a_to_b", "b_to_a"), "generators"),
            _both(lambda name: patch_discriminator(channels, discriminator_filters, name=name),
                  channels, ("judge_a", "judge_b"), "discriminators"),
            **kwargs,
        )  # fmt: skip
        shape = (image_size, image_size, channels)
        self.pools = {side: ReplayPool(pool_size, shape, name=f"pool_{side}") for side in _SIDES}
        self.objective = objective
        self._architecture = {
            "image_size": image_size,
            "channels": channels,
            "filters": filters,
            "blocks": blocks,
            "pool_size": pool_size,
            "discriminator_filters": discriminator_filters,
        }

    @property
    def inference_network(self):
        """The functional network from A to B."""
        return self.kept_network.get_layer("a_to_b")

    @functools.cached_property
    def size_multiple(self):
        """Height and width of images that are translated are multiples of this many pixels."""
        return receptive_field(self.inference_network).multiple

    @property
    def backward_network(self):
        """The functional network from B to A."""
        return self.kept_network.get_layer("b_to_a")

    def call(self, inputs, training=False):
        """Translate images of A, `(N, H, W, C)` in [-1, 1], to B."""
        network = self.generator.get_layer("a_to_b") if training else self.inference_network
        return network(inputs, training=training)

    # ------------------------------------------------------------------ training

    def prepare(self, data, seed):
        """Unpack batches of both kinds."""
        a, b = data
        return {"a": a, "b": b}

    def forward(self, batch):
        """Translate both ways."""
        fake_b, fake_a = self.generator([batch["a"], batch["b"]], training=True)
        return {**batch, "fake_a": fake_a, "fake_b": fake_b}

    def discriminator_terms(self, batch):
        """Tell images of each kind from made ones, of now and of earlier."""
        terms = {}
        for side in _SIDES:
            judge = self.discriminator.get_layer(f"judge_{side}")
            shown = self.pools[side](batch[f"fake_{side}"], batch["seed"], stream=f"pool/{side}")
            real, fake = judge(batch[side], training=True), judge(shown, training=True)
            terms[f"adversarial_{side}"] = self.objective.adversarial_loss.discriminator(real, fake)
        return terms

    def generator_terms(self, batch):
        """Look like the other kind, come back unchanged, and leave the own kind alone."""
        to_b, to_a = (self.generator.get_layer(name) for name in ("a_to_b", "b_to_a"))
        terms = {}
        for side, made_by, undone_by in (("a", to_a, to_b), ("b", to_b, to_a)):
            other = "b" if side == "a" else "a"
            if self.objective.adversarial_weight:
                unconvincing = self._unconvincing(side, batch)
                terms[f"adversarial_{side}"] = self.objective.adversarial_weight * unconvincing
            if self.objective.cycle_weight:
                again = undone_by(batch[f"fake_{side}"], training=True)
                terms[f"cycle_{other}"] = self.objective.cycle_weight * cycle_consistency(
                    batch[other], again
                )
            if self.objective.identity_weight:
                same = made_by(batch[side], training=True)
                terms[f"identity_{side}"] = self.objective.identity_weight * cycle_consistency(
                    batch[side], same
                )
        return terms

    def _unconvincing(self, side, batch):
        judge = functools.partial(self.discriminator.get_layer(f"judge_{side}"), training=True)
        loss = self.objective.adversarial_loss
        return loss.of_generator(judge, batch[f"fake_{side}"], batch[side])

    def evaluation_pair(self, data):
        """Return images of A and what is left of them after both translations."""
        a = data[0]
        return a, tf.cast(self.backward_network(self.inference_network(a)), tf.float32)

    def pictures(self, data):
        """Return images of A, the same as B, and what is left of them after both translations."""
        made = self.inference_network(data[0])
        return [data[0], made, self.backward_network(made)]

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}


def _both(build, channels, names, name):
    """One network of two: images of A and of B to what each makes of its own."""
    inputs = [keras.Input((None, None, channels), name=side) for side in _SIDES]
    outputs = [build(each)(image) for each, image in zip(names, inputs, strict=True)]
    return keras.Model(inputs, outputs, name=name)
