"""Feature networks by the words of the command line."""

import zoo

#: Side in px at which `--features FILE` sees images.
_SIDE = 96


def read(text):
    """Return the `zoo.metrics.Embedding` that `--features` names.

    Args:
        text: `"inception"`, or path of `efficientnet_lite0.keras`.

    Raises:
        ValueError: If there is no such file.
        RuntimeError: If the weights of Inception cannot be downloaded.
    """
    if str(text) == "inception":
        return zoo.metrics.Embedding.inception()
    return zoo.metrics.Embedding.efficientnet_lite0(text, image_size=_SIDE)
