"""How far a restored image may go from the one that came in."""

import keras

from zoo.core.receptive_field import receptive_field
from zoo.layers.fidelity import Blend, KeepColor
from zoo.layers.resampling import Resize


def with_fidelity(model, strength=1.0, keep_color_px=0.0):
    """Return a network that restores as a model does, but stays nearer to its input.

    It shares the model's weights, and is restored with, exported and converted in its place:
    `zoo.restore(zoo.with_fidelity(model, strength=0.7), photo)`.

    Args:
        model: A model on images as of `zoo.restore`. Where it enlarges, its input is enlarged
            bilinearly.
        strength: Float in [0, 1], share of the restored image in the result; the rest is the input.
            A `zoo.ColorizationGAN` multiplies its colours instead. Defaults to 1.
        keep_color_px: Float, deviation in px of the output of a Gaussian blur. What is left of the
            input's colours and light behind it is kept: detail is restored, tone is not touched.
            Defaults to 0: the model decides on both.

    Returns:
        A functional `keras.Model`.

    Raises:
        ValueError: If an argument is out of its range, the model's output has other channels than
            its input, or a model that colours is to keep colours.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> bright = keras.Model(inputs, keras.layers.Rescaling(1.0, offset=0.5)(inputs))
    >>> half = with_fidelity(bright, strength=0.5)
    >>> float(half(keras.ops.zeros((1, 8, 8, 3)))[0, 0, 0, 0])
    0.25
    """
    if not 0 <= strength <= 1 or keep_color_px < 0:
        raise ValueError(
            "`strength` must be in [0, 1], and `keep_color_px` at least 0. "
            f"Received: strength={strength}, keep_color_px={keep_color_px}"
        )
    if hasattr(model, "toned_network"):
        if keep_color_px:
            raise ValueError(
                f"`keep_color_px` would take the colours away that {model.name!r} gives; leave it "
                f"0. Received: {keep_color_px}"
            )
        return model.toned_network(strength)
    network = getattr(model, "inference_network", model)
    channels, made = network.inputs[0].shape[-1], network.outputs[0].shape[-1]
    if channels != made:
        raise ValueError(
            "`strength` and `keep_color_px` need a model whose output has the channels of its "
            f"input. Received: {channels} and {made} channels"
        )
    inputs = keras.Input((None, None, channels), name=network.inputs[0].name)
    outputs = network(inputs)
    image = Resize(receptive_field(network).scale, smooth=True, dtype="float32")(inputs)
    if keep_color_px:
        outputs = KeepColor(keep_color_px, dtype="float32", name="keep_color")([image, outputs])
    if strength < 1:
        outputs = Blend(strength, dtype="float32", name="blend")([image, outputs])
    return keras.Model(inputs, outputs, name=network.name)
