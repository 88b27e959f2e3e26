"""Adversarial losses: what the discriminator's verdicts cost each player.

Every loss has the same two methods, so a variant never asks which kind it holds:
`.discriminator(real_logits, fake_logits)` and `.generator(fake_logits, real_logits=None)`.
Logits are raw scores (no sigmoid), of any shape, or a list of maps when a discriminator judges at
several scales. Each method returns one float32 scalar to *minimise*: the mean over all elements
of a map, averaged over maps. Mixed precision never reaches the sums.
"""

import keras
import tensorflow as tf
from keras import ops

from zoo.core import observation, replicas

_MAPS = (list, tuple)


class AdversarialLoss:
    """Base class of the adversarial losses.

    A subclass states its formula for *one* map of float32 logits in `discriminator_map` and
    `generator_map`; casting, lists of maps and the average over maps are done here.
    """

    #: Whether `generator` must be given `real_logits`; a model then judges real images once more.
    needs_real_logits = False

    def discriminator(self, real_logits, fake_logits):
        """Loss of the discriminator.

        Args:
            real_logits: Scores of real images; a tensor of any shape and float type, or a list
                of them (one per scale).
            fake_logits: Scores of generated images; same structure as `real_logits`.

        Returns:
            A float32 scalar.

        Raises:
            ValueError: If the two structures differ or hold no map.
        """
        pairs = _pair_maps(real_logits, fake_logits)
        reals, fakes = zip(*pairs, strict=True)
        observation.note_verdicts(real=reals, fake=fakes)
        return _mean_of([self.discriminator_map(real, fake) for real, fake in pairs])

    def of_generator(self, judge, fake, real):
        """Loss of the generator, of images instead of logits.

        Args:
            judge: Function of what the discriminator sees to logits.
            fake: What it sees of generated images.
            real: What it sees of real ones, which are judged only if this loss reads their logits.

        Returns:
            A float32 scalar.
        """
        fake_logits = judge(fake)
        return self.generator(fake_logits, judge(real) if self.needs_real_logits else None)

    def generator(self, fake_logits, real_logits=None):
        """Loss of the generator.

        Args:
            fake_logits: Scores of generated images; a tensor of any shape and float type, or a
                list of them (one per scale).
            real_logits: Scores of real images, same structure. Only relativistic losses read
                them; the others accept and ignore them. Defaults to `None`.

        Returns:
            A float32 scalar.

        Raises:
            ValueError: If the structures differ, hold no map, or the loss needs `real_logits`
                and received `None`.
        """
        if real_logits is None:
            pairs = [(None, fake) for fake in _as_maps("fake_logits", fake_logits)]
        else:
            pairs = _pair_maps(real_logits, fake_logits)
        observation.note_verdicts(fake=[fake for _, fake in pairs])
        return _mean_of([self.generator_map(fake, real) for real, fake in pairs])

    def discriminator_map(self, real, fake):
        """Discriminator loss of one map: two float32 tensors in, a scalar out."""
        raise NotImplementedError(f"{type(self).__name__} must define `discriminator_map`.")

    def generator_map(self, fake, real):
        """Generator loss of one map; `real` is `None` when the caller gave no real logits."""
        raise NotImplementedError(f"{type(self).__name__} must define `generator_map`.")

    def get_config(self):
        """Arguments that remake this loss."""
        return {}

    @classmethod
    def from_config(cls, config):
        """Remakes a loss from `get_config()`."""
        return cls(**config)

    def __repr__(self):
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


@keras.saving.register_keras_serializable(package="zoo")
class Minimax(AdversarialLoss):
    """The original zero-sum game: the generator minimises `log(1 - D(G(z)))`.

    Its gradient vanishes when the discriminator wins; it is here for study. Train with
    `NonSaturating`. The article behind this project prints `log D(G(z))` for the generator to
    minimise, which would push images towards *fake*; the sign here is the paper's.

    Args:
        label_smoothing: Share taken from the label of real images, in [0, 1): real images are
            labelled `1 - label_smoothing`, fakes stay at 0 (one-sided). Defaults to `0.0`.

    Example:

    >>> loss = Minimax()
    >>> float(loss.generator(ops.zeros((4, 1))))  # log(1 - sigmoid(0)) = -log 2
    -0.6931471824645996

    Reference:
        - [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), equation 1
        - [Salimans et al., 2016](https://arxiv.org/abs/1606.03498), section 3.4 (smoothing)
    """

    def __init__(self, label_smoothing=0.0):
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                "`label_smoothing` must be at least 0 and less than 1 (0 uses the plain labels). "
                f"Received: label_smoothing={label_smoothing}"
            )
        self.label_smoothing = float(label_smoothing)

    def discriminator_map(self, real, fake):
        """Cross-entropy of real images against 1 and of fakes against 0."""
        # -log sigmoid(x) = softplus(-x) and -log(1 - sigmoid(x)) = softplus(x), without overflow.
        smooth = self.label_smoothing
        on_real = (1.0 - smooth) * ops.softplus(-real) + smooth * ops.softplus(real)
        return ops.mean(on_real) + ops.mean(ops.softplus(fake))

    def generator_map(self, fake, real):
        """`mean(log(1 - sigmoid(fake)))`."""
        return -ops.mean(ops.softplus(fake))

    def get_config(self):
        """Arguments that remake this loss."""
        return {"label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable(package="zoo")
class NonSaturating(Minimax):
    """The game everybody plays: the generator maximises `log D(G(z))`.

    Same fixed point as `Minimax`, but the generator's gradient is strongest when it is losing.

    Args:
        label_smoothing: As in `Minimax`. Defaults to `0.0`.

    Reference:
        - [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), section 3
    """

    def generator_map(self, fake, real):
        """`-mean(log(sigmoid(fake)))`."""
        return ops.mean(ops.softplus(-fake))


@keras.saving.register_keras_serializable(package="zoo")
class LeastSquares(AdversarialLoss):
    """Least-squares game (LSGAN): scores are pulled to labels by half the squared distance.

    CycleGAN writes the generator's term without the half: use twice the weight to match it.

    Args:
        real_label: Target of real images for the discriminator (the paper's b). Defaults to `1.0`.
        fake_label: Target of fakes for the discriminator (a). Defaults to `0.0`.
        generator_label: Target of fakes for the generator (c). Defaults to `1.0`.

    Reference:
        - [Mao et al., 2016](https://arxiv.org/abs/1611.04076), equations 2 and 9
    """

    def __init__(self, real_label=1.0, fake_label=0.0, generator_label=1.0):
        if real_label == fake_label:
            raise ValueError(
                "`real_label` and `fake_label` must differ, or there is nothing to tell apart. "
                f"Received: real_label={real_label}, fake_label={fake_label}"
            )
        self.real_label = float(real_label)
        self.fake_label = float(fake_label)
        self.generator_label = float(generator_label)

    def discriminator_map(self, real, fake):
        """Half the squared distances of the scores from their labels."""
        on_real = ops.mean(ops.square(real - self.real_label))
        return 0.5 * (on_real + ops.mean(ops.square(fake - self.fake_label)))

    def generator_map(self, fake, real):
        """Half the squared distance of the fakes' scores from `generator_label`."""
        return 0.5 * ops.mean(ops.square(fake - self.generator_label))

    def get_config(self):
        """Arguments that remake this loss."""
        return {
            "real_label": self.real_label,
            "fake_label": self.fake_label,
            "generator_label": self.generator_label,
        }


@keras.saving.register_keras_serializable(package="zoo")
class Wasserstein(AdversarialLoss):
    """Difference of mean scores; the critic must be kept Lipschitz (see `gradient_penalty`).

    The critic minimises `mean(fake) - mean(real)`, the generator `-mean(fake)`. The article
    behind this project lists the critic's difference with the sign reversed.

    Reference:
        - [Arjovsky et al., 2017](https://arxiv.org/abs/1701.07875), equation 2 and algorithm 1
        - [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028), equation 3
    """

    def discriminator_map(self, real, fake):
        """`mean(fake) - mean(real)`."""
        return ops.mean(fake) - ops.mean(real)

    def generator_map(self, fake, real):
        """`-mean(fake)`."""
        return -ops.mean(fake)


@keras.saving.register_keras_serializable(package="zoo")
class Hinge(Wasserstein):
    """Hinge game: the discriminator stops caring once a score is beyond a margin of 1.

    Reference:
        - [Lim and Ye, 2017](https://arxiv.org/abs/1705.02894)
        - [Miyato et al., 2018](https://arxiv.org/abs/1802.05957), equations 16 and 17
    """

    def discriminator_map(self, real, fake):
        """`mean(max(0, 1 - real)) + mean(max(0, 1 + fake))`."""
        return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))


@keras.saving.register_keras_serializable(package="zoo")
class RelativisticAverage(AdversarialLoss):
    """Is a real image more realistic than the *average* fake, and the reverse?

    The averages run over every logit of the global batch: under a `tf.distribute` strategy they
    are taken over all replicas, so that two replicas train like one with the same global batch.
    The generator needs `real_logits` and learns from both terms. ESRGAN's code halves both sums;
    the paper (and this class) does not.

    Reference:
        - [Jolicoeur-Martineau, 2018](https://arxiv.org/abs/1807.00734), section 4.1
        - [Wang et al., 2018 (ESRGAN)](https://arxiv.org/abs/1809.00219), equations 1 and 2
    """

    needs_real_logits = True

    def discriminator_map(self, real, fake):
        """Real images should beat the average fake, fakes lose to the average real image."""
        return _relativistic(more_real=real, less_real=fake)

    def generator_map(self, fake, real):
        """The discriminator's loss with the two sides exchanged."""
        if real is None:
            raise ValueError(
                "`real_logits` must be given: a relativistic generator is judged against the real "
                "images. Pass `generator(fake_logits, real_logits)`. Received: real_logits=None"
            )
        return _relativistic(more_real=fake, less_real=real)


def _relativistic(more_real, less_real):
    up = ops.softplus(-(more_real - _global_mean(less_real)))
    down = ops.softplus(less_real - _global_mean(more_real))
    return ops.mean(up) + ops.mean(down)


def _global_mean(x):
    """Mean over the elements of all replicas, whose batches may differ in size; differentiable."""
    total, count = tf.unstack(
        replicas.summed(tf.stack([tf.reduce_sum(x), tf.cast(tf.size(x), tf.float32)]))
    )
    return total / count


def _pair_maps(real_logits, fake_logits):
    """Returns [(real map, fake map), ...] in float32, or raises when the structures differ."""
    reals, fakes = _as_maps("real_logits", real_logits), _as_maps("fake_logits", fake_logits)
    one_is_list = isinstance(real_logits, _MAPS) != isinstance(fake_logits, _MAPS)
    if one_is_list or len(reals) != len(fakes):
        raise ValueError(
            "`real_logits` and `fake_logits` must both be one tensor, or lists of as many maps. "
            f"Received: real_logits: {_describe(real_logits)}, "
            f"fake_logits: {_describe(fake_logits)}"
        )
    return list(zip(reals, fakes, strict=True))


def _as_maps(name, logits):
    maps = list(logits) if isinstance(logits, _MAPS) else [logits]
    if not maps or any(x is None for x in maps):
        raise ValueError(
            f"`{name}` must be a tensor of logits or a non-empty list of them. "
            f"Received: {name}={logits!r}"
        )
    return [ops.cast(ops.convert_to_tensor(x), "float32") for x in maps]


def _describe(logits):
    return f"a list of {len(logits)} map(s)" if isinstance(logits, _MAPS) else "one tensor"


def _mean_of(values):
    return values[0] if len(values) == 1 else sum(values) / len(values)
