"""Models whose images are judged as a whole and by regions."""

from zoo.core.latent import LatentGAN


class RegionalGAN(LatentGAN):
    """Play the game of `LatentObjective` once for the whole image and once for its regions.

    The terms of each game stand apart in the logs: `whole` and `regions`, `whole_r1` and
    `regions_r1`, and so on. Losses are averaged over regions. Penalties hold for each region on
    its own, as if regions were samples, and are averaged as well.

    A variant calls `judge_regions` at the end of its constructor.

    Args:
        *arguments: As of `LatentGAN`, or of the variant that is extended.
        whole_weight: Float, weight of the whole image's verdict in the generator's loss. 0 leaves
            that discriminator out. Defaults to 1.
        local_weight: Float, weight of the regions' verdicts, averaged over regions, in the
            generator's loss. 0 leaves their discriminators out. Defaults to 1.
        **kwargs: As of `LatentGAN`, or of the variant that is extended.

    Raises:
        ValueError: If a weight is below 0, or both are 0.
    """

    def __init__(self, *arguments, whole_weight=1.0, local_weight=1.0, **kwargs):
        if not (whole_weight >= 0 and local_weight >= 0 and whole_weight + local_weight > 0):
            raise ValueError(
                "`whole_weight` and `local_weight` must be 0 or more, and one of them more than 0. "
                f"Received: whole_weight={whole_weight!r}, local_weight={local_weight!r}"
            )
        super().__init__(*arguments, **kwargs)
        self.whole_weight = float(whole_weight)
        self.local_weight = float(local_weight)

    def judge_regions(self, crop, discriminator):
        """Say how regions are judged.

        Args:
            crop: `zoo.layers.CropRegions`.
            discriminator: `keras.Model`, regions `(N R, ...)` to a list of R logits.
        """
        self.crop_regions = crop
        self.local_discriminator = discriminator

    @property
    def discriminator_variables(self):
        """Weights of the discriminators whose verdict counts."""
        whole = self.discriminator.trainable_variables if self.whole_weight else []
        local = self.local_discriminator.trainable_variables if self.local_weight else []
        return [*whole, *local]

    def judge(self, images, batch):
        """The verdict of the discriminator whose turn it is."""
        return batch["judge"](images, training=True)

    def discriminator_terms(self, batch):
        """Each discriminator tells real from made; they share no weights, so none is weighted."""
        terms = {}
        for name, _, seen in self._games(batch):
            for term, value in super().discriminator_terms(seen).items():
                terms[name if term == "adversarial" else f"{name}_{term}"] = value
        return terms

    def generator_terms(self, batch):
        """Look real as a whole, and look real in each region."""
        terms = {}
        for name, weight, seen in self._games(batch):
            terms[name] = weight * super().generator_terms(seen)["adversarial"]
        return terms

    def _games(self, batch):
        """Name, weight, and the batch with the discriminator whose turn it is."""
        every = (
            ("whole", self.whole_weight, self.discriminator),
            ("regions", self.local_weight, self.local_discriminator),
        )
        games = [game for game in every if game[1]]
        # Each game tells an adaptive augmentation how it goes: together, one step.
        count = batch["count"] / len(games)
        return [
            (name, weight, {**batch, "count": count, "judge": judge})
            for name, weight, judge in games
        ]

    def _shown(self, batch, name):
        """What the discriminator whose turn it is sees of the images that all are shown."""
        images = super()._shown(batch, name)
        return self.crop_regions(images) if batch["judge"] is self.local_discriminator else images

    def get_config(self):
        """The constructor's arguments."""
        weights = {"whole_weight": self.whole_weight, "local_weight": self.local_weight}
        return {**super().get_config(), **weights}
