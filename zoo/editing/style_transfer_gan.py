"""StyleTransferGAN: G(image, style) for any style image."""

import functools

import keras
import tensorflow as tf

from zoo.core import randomness
from zoo.core.adversarial import AdversarialModel
from zoo.core.receptive_field import receptive_field
from zoo.editing.style_objective import StyleObjective
from zoo.layers import ColorStatistics, FixedVector
from zoo.losses import TotalVariationLoss
from zoo.losses.reconstruction import replica_mean
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.style_transfer import painter, style_encoder, stylizer

# Networks that pool look at blocks of 2, 4 and 8 pixels. If these were always the same ones, the
# painter would draw a grid along them.
_GRID = 8


@keras.saving.register_keras_serializable(package="zoo")
class StyleTransferGAN(AdversarialModel):
    """Paint images in the style of others, also of such that were never seen in training.

    A photograph is given the colours of the style, by the means and covariances of both, and is
    then drawn over: details are taken away or made stronger, and strokes are added. A small network
    reads off the style image what to draw, and scales and shifts the features of the one that
    draws. So also styles that are unlike all of the training's have their colours from the first
    step on. Trains on `pipelines.unpaired(photographs, paintings)`. The discriminator, if the
    objective has an adversarial term, tells paintings from what is painted.

    Paint pictures of any size with `zoo.stylize`, which also mixes styles and keeps colours.

    Args:
        filters: Integer, of the first convolutions. Defaults to 32.
        blocks: Integer, residual blocks of the painter. Defaults to 5.
        style_size: Integer, numbers in a style. Defaults to 64.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to 32.
        objective: `zoo.StyleObjective`, or `None` for content and style by VGG19, whose weights
            Keras downloads when the model is compiled.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: If `objective` is none.

    Example:

    >>> model = StyleTransferGAN(filters=4, blocks=1, style_size=8)
    >>> images, styles = keras.ops.zeros((1, 16, 24, 3)), keras.ops.ones((1, 32, 32, 3))
    >>> model([images, styles]).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Ghiasi et al. 2017, https://arxiv.org/abs/1705.06830; Huang and Belongie 2017,
        https://arxiv.org/abs/1703.06868; for colours see `zoo.layers.ColorTransfer`.
    """

    task = "style transfer"

    def __init__(
        self,
        filters=32,
        blocks=5,
        style_size=64,
        discriminator_filters=32,
        objective=None,
        **kwargs,
    ):
        objective = StyleObjective.or_default(objective)
        judge = patch_discriminator(3, discriminator_filters)
        super().__init__(
            stylizer(style_encoder(filters, style_size), painter(filters, blocks, style_size)),
            judge if objective.adversarial_weight else None,
            **kwargs,
        )
        self.objective = objective
        self._architecture = {
            "filters": filters,
            "blocks": blocks,
            "style_size": style_size,
            "discriminator_filters": discriminator_filters,
        }

    def default_optimizers(self):
        """Adam with a rate of 2e-4 for both.

        The painter's gradients are clipped: style images and photographs that have next to nothing
        in common make a few of them hundreds of times as large as the others.
        """
        painter = keras.optimizers.Adam(2e-4, global_clipnorm=1.0)
        return painter, keras.optimizers.Adam(2e-4, beta_1=0.5)

    def compile(self, *args, **kwargs):
        """As in `AdversarialModel.compile`; feature networks are loaded before the first step."""
        for features in self.objective.features:
            features.load()  # under a strategy no variable may be made inside a step
        super().compile(*args, **kwargs)

    # ------------------------------------------------------------------ training

    def prepare(self, data, seed):
        """Unpack `(images, style images)`; draw where the feature networks' grids begin."""
        images, styles = data
        corner = tf.cast(_GRID * randomness.of_everyone(seed, "corner", (2,)), tf.int32)
        return {"images": images, "styles": styles, "corner": corner}

    def forward(self, batch):
        """Paint."""
        painted = self.generator([batch["images"], batch["styles"]], training=True)
        return {**batch, "painted": painted}

    def discriminator_terms(self, batch):
        """Tell paintings from what is painted."""
        real = self.discriminator(batch["styles"], training=True)
        fake = self.discriminator(batch["painted"], training=True)
        return {"adversarial": self.objective.adversarial_loss.discriminator(real, fake)}

    def generator_terms(self, batch):
        """Show the same, look painted in the same way, without speckles."""
        objective, painted = self.objective, batch["painted"]
        seen = _shifted(painted, batch["corner"])
        terms = {}
        if objective.content_weight:
            kept = replica_mean(
                objective.content_loss, _shifted(batch["images"], batch["corner"]), seen
            )
            terms["content"] = objective.content_weight * kept
        if objective.style_weight:
            alike = replica_mean(objective.style_loss, batch["styles"], seen)
            terms["style"] = objective.style_weight * alike
        if objective.total_variation_weight:
            speckles = replica_mean(TotalVariationLoss(), painted, painted)
            terms["total_variation"] = objective.total_variation_weight * speckles
        if objective.adversarial_weight:
            judge = functools.partial(self.discriminator, training=True)
            unconvincing = objective.adversarial_loss.of_generator(judge, painted, batch["styles"])
            terms["adversarial"] = objective.adversarial_weight * unconvincing
        return terms

    def evaluation_pair(self, data):
        """Return the images and the painted ones: how much was kept."""
        images, styles = data
        return images, tf.cast(self.inference_network([images, styles]), tf.float32)

    def pictures(self, data):
        """Return images, style images and what is painted."""
        images, painted = self.evaluation_pair(data)
        return [images, data[1], painted]

    # ------------------------------------------------------------------ use

    @functools.cached_property
    def size_multiple(self):
        """Height and width of images that are painted are multiples of this many pixels."""
        numbers = self.generator.get_layer("painter").inputs[1].shape[1]
        return receptive_field(self.painter_of(numbers * [0.0])).multiple

    def style_of(self, images):
        """Return the styles of style images.

        Args:
            images: Float `(N, H, W, 3)` in [-1, 1], of any size.

        Returns:
            float32 array `(N, style_size + 9)`. Weighted means of styles are styles as well.
        """
        styles = self.kept_network.get_layer("style_encoder")(images, training=False)
        return tf.cast(styles, tf.float32).numpy()

    def painter_of(self, style, colors=None):
        """Return the network that paints images in one style.

        Args:
            style: Float `(style_size + 9,)`, as of `style_of`.
            colors: Float `(9,)`, the last numbers of the style of the image that is to be painted,
                for tiles of it that fit. Defaults to `None`: found in what is painted.

        Returns:
            A functional `keras.Model` of images, for `zoo.restore` and `export`; it shares the
            weights.
        """
        inputs = keras.Input((None, None, 3), name="image")
        fixed = FixedVector(style, makes_colours=True, dtype="float32", name="style")(inputs)
        if colors is None:
            colors = ColorStatistics(dtype="float32", name="colors")(inputs)
        else:
            colors = FixedVector(colors, dtype="float32", name="colors")(inputs)
        outputs = self.kept_network.get_layer("painter")([inputs, fixed, colors])
        return keras.Model(inputs, outputs, name=self.name)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}


def _shifted(images, corner):
    """All but seven rows and columns of images, of which `corner`, each below eight, are ahead."""
    sides = tf.shape(images)[1:3] - (_GRID - 1)
    return images[:, corner[0] : corner[0] + sides[0], corner[1] : corner[1] + sides[1]]
