"""StyleGAN2: images from styles, with path-length regularisation and lazy penalties."""

import keras
import numpy as np
import tensorflow as tf

from zoo.core import latents as distributions
from zoo.core import lazy, randomness
from zoo.core.latent import LatentGAN
from zoo.core.latent_objective import LatentObjective
from zoo.losses.path_length import PathLength, path_lengths
from zoo.networks.style_based import (
    mapping_network,
    residual_discriminator,
    style_generator,
    synthesis_network,
)


@keras.saving.register_keras_serializable(package="zoo")
class StyleGAN2(LatentGAN):
    """Make images of 8 to 256 px through styles that can be mixed, truncated and edited.

    R1 is computed on every 16th step and path lengths on every 8th, with weights that make up for
    the steps between ("lazy regularisation"). In the paper a penalty has an update of its own;
    here it is part of the step's update, which is the same on any number of replicas.

    With few images, pass `augmentation=zoo.AdaptiveAugmentation()` (StyleGAN2-ADA).

    Args:
        image_size: Integer, power of two from 8 on. Defaults to 64.
        channels: Integer, 1 for gray, 3 for colour (default).
        filters: Integer, at the largest side; each half as large side has twice as many, at most
            512. Defaults to 32.
        style_size: Integer, numbers in a latent and in a style. Defaults to 512.
        path_length: Float, weight of the path-length penalty; 0 for none. Defaults to 2.
        mixing: Float in [0, 1], share of samples trained with two styles. Defaults to 0.9.
        noise: Bool, whether layers draw noise. Defaults to `True`. In short runs on small images it
            stands in for detail that is not learnt yet, and shows: `False` is better there.
        **kwargs: `objective`, a `zoo.LatentObjective` (default: non-saturating with R1, gamma 10 at
            1,024 px and in proportion to the number of pixels), `latents` (default: `style_size`
            normal numbers), `augmentation`, `ema_halflife_images` (default: the paper's 10,000),
            `seed`, `name`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> model = StyleGAN2(image_size=8, filters=4, style_size=8)
    >>> model.generate(2, truncation=0.7).shape
    (2, 8, 8, 3)

    Reference:
        - Karras et al. 2020, https://arxiv.org/abs/1912.04958
        - Karras et al. 2019, https://arxiv.org/abs/1812.04948, section 3.1 (mixing), appendix B
          (truncation)
        - Karras et al. 2020, https://arxiv.org/abs/2006.06676 (augmentation)
    """

    #: Steps from one penalty to the next.
    penalty_interval, path_interval = 16, 8

    def __init__(
        self,
        image_size=64,
        channels=3,
        filters=32,
        style_size=512,
        path_length=2.0,
        mixing=0.9,
        noise=True,
        **kwargs,
    ):
        if path_length < 0 or not 0 <= mixing <= 1:
            raise ValueError(
                "`path_length` must be at least 0 and `mixing` in [0, 1]. "
                f"Received: path_length={path_length!r}, mixing={mixing!r}"
            )
        normal = distributions.Normal(style_size)
        latents = distributions.given_or(normal, kwargs.pop("latents", None))
        kwargs.setdefault("ema_halflife_images", 10_000)
        mapping = mapping_network(latents.size, style_size)
        synthesis = synthesis_network(image_size, channels, style_size, filters, noise=noise)
        super().__init__(
            style_generator(mapping, synthesis),
            residual_discriminator(image_size, channels, filters),
            latents,
            kwargs.pop("objective", None)
            or LatentObjective(r1_gamma=10.0 * (image_size / 1024) ** 2),
            **kwargs,
        )
        self.mapping, self.synthesis = mapping, synthesis
        self.path_length, self.mixing = float(path_length), float(mixing)
        self.path_penalty = PathLength() if path_length else None
        self._architecture = {
            "image_size": image_size,
            "channels": channels,
            "filters": filters,
            "style_size": style_size,
            "path_length": path_length,
            "mixing": mixing,
            "noise": noise,
        }

    def default_optimizers(self):
        """Adam for lazy penalties: appendix B scales the rate and the betas by k / (k + 1)."""
        return tuple(
            keras.optimizers.Adam(2e-3 * share, beta_1=0.0, beta_2=0.99**share, epsilon=1e-8)
            for share in (k / (k + 1.0) for k in (self.path_interval, self.penalty_interval))
        )

    # ------------------------------------------------------------------ training

    def forward(self, batch):
        """Make as many images as are shown, most of them from two styles each."""
        styles = self._styles(batch["latents"], batch["seed"], "mixing")
        return {**batch, "fake": self.synthesis(styles, training=True)}

    def generator_terms(self, batch):
        """Look real, and move equally far for equal steps in style space."""
        terms = super().generator_terms(batch)
        if not self.path_length:
            return terms
        step, interval = self.generator_optimizer.iterations.value, self.path_interval
        count = (tf.shape(batch["latents"])[0] + 1) // 2  # half a batch, as in appendix B
        lengths = lazy.every(
            interval, step, lambda: self._path_lengths(batch, count), tf.zeros([count])
        )
        share = batch["count"] / self._global_batch_size(batch)
        penalty = self.path_penalty(lengths, due=lazy.is_due(interval, step), share=share)
        return {**terms, "path_length": self.path_length * interval * penalty}

    def _path_lengths(self, batch, count):
        seed = batch["seed"]
        latents = self.latents.sample(seed, count, "path/latents")
        styles = self._styles(latents, seed, "path/mixing")
        noise = randomness.normal(seed, "path/noise", count, self.synthesis.output_shape[1:])
        return path_lengths(lambda w: self.synthesis(w, training=True), styles, noise)

    def _styles(self, latents, seed, stream):
        """A style for each layer, `(N, layers, S)`, with a second one from some layer on."""
        count, layers = tf.shape(latents)[0], self.synthesis.input_shape[1]
        if not self.mixing:
            return tf.repeat(self.mapping(latents, training=True)[:, None], layers, axis=1)
        others = self.latents.sample(seed, count, f"{stream}/latents")
        styles = self.mapping(tf.concat([latents, others], axis=0), training=True)
        first, second = tf.split(styles[:, None], 2)
        draws = randomness.uniform(seed, stream, count, (2,))
        crossover = 1 + tf.cast(draws[:, 0] * (layers - 1), tf.int32)
        crossover = tf.where(draws[:, 1] < self.mixing, crossover, layers)
        is_first = tf.range(layers) < crossover[:, None]
        return tf.where(is_first[:, :, None], first, second)

    # ------------------------------------------------------------------ inference

    def styles_of(self, latents, truncation=1.0):
        """Map latents to styles.

        Args:
            latents: Float `(N, latent size)`.
            truncation: Float, share psi of the distance to the mean style that is kept. Defaults
                to 1.

        Returns:
            float32 array `(N, style_size)`.
        """
        styles = self._part("mapping")(latents, training=False)
        if truncation != 1:
            mean = self.mean_style()
            styles = mean + truncation * (styles - mean)
        return np.asarray(styles, "float32")

    def images_of(self, styles, batch_size=64):
        """Make images from styles.

        Args:
            styles: Float `(N, style_size)`, or `(N, layers, style_size)` for a style a layer.
            batch_size: Integer, images made at once. Defaults to 64.

        Returns:
            float32 array `(N, H, W, C)`.

        Raises:
            ValueError: If `styles` has another shape.
        """
        _, layers, size = self.synthesis.input_shape
        styles = np.asarray(styles, "float32")
        if styles.shape[1:] not in ((size,), (layers, size)) or not len(styles):
            raise ValueError(
                f"`styles` must have shape (N, {size}) or (N, {layers}, {size}). "
                f"Received: styles of shape {styles.shape}"
            )
        if styles.ndim == 2:
            styles = np.repeat(styles[:, None], layers, axis=1)
        parts = [styles[start : start + batch_size] for start in range(0, len(styles), batch_size)]
        network = self._part("synthesis")
        return np.concatenate([np.asarray(network(part, training=False)) for part in parts])

    def mean_style(self, count=4096):
        """Mean of the styles of `count` latents, float32 array `(style_size,)`."""
        latents = self.latents.sample(randomness.step_seed(0, 0), count, "mean style")
        return self.styles_of(latents).mean(axis=0)

    def generate(self, count, *, truncation=1.0, seed=0, batch_size=64):
        """Make images.

        Args:
            count: Integer, how many.
            truncation: Float, share psi of a style's distance to the mean style that is kept: 0.7
                makes fewer failures and less variety, 0 the mean image. Defaults to 1.
            seed: Integer; the same seed gives the same images. Defaults to 0.
            batch_size: Integer, images made at once. Defaults to 64.

        Returns:
            float32 array `(count, H, W, C)`, about in [-1, 1].
        """
        if truncation == 1:
            return super().generate(count, seed=seed, batch_size=batch_size)
        styles = self.styles_of(self.inputs(count, seed=seed), truncation)
        return self.images_of(styles, batch_size)

    def interpolate(self, count=8, *, steps=8, truncation=1.0, seed=0, batch_size=64):
        """Make images on the straight way from one style to another.

        Args:
            count: Integer, how many ways. Defaults to 8.
            steps: Integer of at least 2, images on each, both ends included. Defaults to 8.
            truncation: Float, as of `generate`. Defaults to 1.
            seed: Integer; the same seed starts from the images of `generate`. Defaults to 0.
            batch_size: Integer, images made at once. Defaults to 64.

        Returns:
            float32 array `(count * steps, H, W, C)`, about in [-1, 1], one way after the other.
        """
        ends = self._ways(self.inputs(count, seed=seed), 2, seed)
        start, end = self.styles_of(ends, truncation).reshape(count, 2, 1, -1).swapaxes(0, 1)
        shares = np.linspace(0, 1, steps, dtype="float32")[None, :, None]
        ways = start * (1 - shares) + end * shares
        return self.images_of(ways.reshape(count * steps, -1), batch_size)

    def truncated_network(self, truncation):
        """The inference network with a fixed truncation, for export.

        Args:
            truncation: Float, as of `generate`.

        Returns:
            A functional `keras.Model`: latents to images, with the weights of this model.
        """
        parts = self._part("mapping"), self._part("synthesis")
        return style_generator(*parts, truncation=(truncation, self.mean_style()))

    def _part(self, name):
        return self.inference_network.get_layer(name)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}
