"""Running means of the logs of a step, kept on the host."""

import tensorflow as tf


class RunningMeans:
    """Average the named values of an epoch.

    Metric variables would have to exist before the first step under a distribution strategy, when
    the names of the terms are not known yet; a sum on the host needs no variables.
    """

    def __init__(self):
        self._totals = {}

    def reset(self):
        """Forget everything."""
        self._totals.clear()

    def update(self, logs):
        """Add one step.

        Args:
            logs: Dict of name to a float32 tensor `(2,)`: the weighted sum, and the weight.

        Returns:
            Dict of name to the mean so far (scalar tensors).
        """
        for name, value in logs.items():
            total = self._totals.get(name)
            self._totals[name] = value if total is None else total + value
        return {
            name: tf.math.divide_no_nan(total[0], total[1]) for name, total in self._totals.items()
        }


def of_images(metrics, pair, data):
    """Compute metrics on a batch, as logs for `RunningMeans`.

    Args:
        metrics: Sequence of `zoo.metrics.ImageMetric`.
        pair: Function of `data` that returns `(target, output)` images.
        data: One batch of this replica, which may hold no image.

    Returns:
        Dict of name to a float32 tensor `(2,)`: the sum over images, and their number.
    """

    def scores():
        target, output = pair(data)
        each = {metric.name: metric.per_image(target, output) for metric in metrics}
        return {
            name: tf.stack([tf.reduce_sum(values), tf.cast(tf.size(values), tf.float32)])
            for name, values in each.items()
        }

    def nothing():
        return {metric.name: tf.zeros(2) for metric in metrics}

    # The last batch, or one whole photograph, leaves some replicas without an image.
    return tf.cond(tf.size(tf.nest.flatten(data)[0]) > 0, scores, nothing)
