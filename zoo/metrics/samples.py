"""Scores of generated images: distances to real ones, and how a classifier sees them."""

from zoo.metrics import distribution
from zoo.metrics.image_metric import Score


def sample_scores(real, made, *, neighbours=5, subsets=100, subset_size=1000, seed=0):
    """How near made images come to real ones, as a trained network sees both.

    Args:
        real: `Embedded` real images.
        made: `Embedded` made images, of the same `Embedding`.
        neighbours: Integer k of precision, recall, density and coverage. Defaults to 5.
        subsets: Integer, subsets of the kernel distance. Defaults to 100.
        subset_size: Integer, images of each in a subset. Defaults to 1000.
        seed: Integer, of the subsets. Defaults to 0.

    Returns:
        A dict of name -> `Score`: `"FID"` and `"KID"` on `Embedding.inception()`, `"FD-NAME"` and
        `"KD-NAME"` on another network; `"precision"`, `"recall"`, `"density"`, `"coverage"`. Each
        counts the made images; the protocol states both numbers.

    Raises:
        ValueError: If the two were embedded in different ways, or there are too few images.

    Example:

    >>> import numpy as np
    >>> from zoo.metrics import Embedded
    >>> real, made = (Embedded(np.eye(8)[rows], "edges", "edges") for rows in ([0, 1], [0, 2]))
    >>> scores = sample_scores(real, made, neighbours=1)
    >>> print(scores["precision"])
    precision 1.0000 (edges, 2 real and 2 made, k = 1, 2 images)
    """
    if (real.network, real.protocol) != (made.network, made.protocol):
        raise ValueError(
            "`real` and `made` must be embedded in the same way; embed both with one Embedding. "
            f"Received: {real.protocol!r} and {made.protocol!r}"
        )
    one, other = real.vectors, made.vectors
    frechet = distribution.frechet_distance(*map(distribution.Moments.of, (one, other)))
    options = {"subsets": subsets, "subset_size": subset_size, "seed": seed}
    kernel, _ = distribution.kernel_distance(one, other, **options)
    found = distribution.manifold(one, other, neighbours)
    drawn = f"cubic kernel, {subsets} subsets of at most {subset_size}, seed {seed}"
    shares = ("precision", "recall", "density", "coverage")
    rows = [
        (frechet_name(real), frechet, "unbiased covariances"),
        (kernel_name(real), kernel, drawn),
        *((name, getattr(found, name), f"k = {neighbours}") for name in shares),
    ]
    counts = f"{real.protocol}, {len(real)} real and {len(made)} made"
    return {name: Score(name, value, f"{counts}, {how}", len(made)) for name, value, how in rows}


def frechet_name(embedded):
    """Name of the Frechet distance on a network: `"FID"` on Inception, else `"FD-NAME"`."""
    return "FID" if embedded.is_inception else f"FD-{embedded.network}"


def kernel_name(embedded):
    """Name of the kernel distance on a network: `"KID"` on Inception, else `"KD-NAME"`."""
    return "KID" if embedded.is_inception else f"KD-{embedded.network}"


def classifier_score(made, splits=10):
    """Inception-type score of images on a classifier of your own; see `class_score`.

    Args:
        made: `Embedded` made images, on a classifier that ends in a softmax.
        splits: Integer, consecutive parts of which the score is taken. Defaults to 10.

    Returns:
        A `Score` named after the classifier, such as `"CS-digits"`; the mean over the parts.

    Raises:
        ValueError: If the vectors are no probabilities, or there are fewer than `splits`.

    Example:

    >>> import numpy as np
    >>> from zoo.metrics import Embedded
    >>> print(classifier_score(Embedded(np.eye(4), "digits", "digits at 28 px"), splits=1))
    CS-digits 4.0000 (digits at 28 px, 4 made, splits = 1, 4 images)
    """
    value, _ = distribution.class_score(made.vectors, splits)
    protocol = f"{made.protocol}, {len(made)} made, splits = {splits}"
    return Score(f"CS-{made.network}", value, protocol, len(made))
