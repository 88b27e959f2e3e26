"""Edit what a `zoo.StyleGAN2` makes: mix styles, find directions, move along them.

Directions are unit vectors in style space, so a strength is a distance there; typical styles lie
some `sqrt(style_size)` from each other.
"""

import numpy as np

from zoo.layers.modulation import ModulatedConv


def mix_styles(model, latents_a, latents_b, crossover):
    """Images with the coarse styles of one latent and the fine styles of another.

    Args:
        model: `zoo.StyleGAN2`.
        latents_a: Float `(N, latent size)`: pose and shape.
        latents_b: Float `(N, latent size)`: colours and texture.
        crossover: Integer, the first layer that takes the second style: 0 takes b alone, the
            number of layers a alone.

    Returns:
        float32 array `(N, H, W, C)`.

    Raises:
        ValueError: If there is no such layer.

    Example:

    >>> model = zoo.StyleGAN2(image_size=8, filters=4, style_size=8)
    >>> a, b = model.inputs(2, seed=1), model.inputs(2, seed=2)
    >>> mix_styles(model, a, b, crossover=2).shape
    (2, 8, 8, 3)

    Reference:
        Karras et al. 2019, https://arxiv.org/abs/1812.04948, section 3.1.
    """
    return model.images_of(
        _crossed(model, model.styles_of(latents_a), model.styles_of(latents_b), crossover)
    )


def _crossed(model, first, second, crossover):
    layers = model.synthesis.input_shape[1]
    if isinstance(crossover, bool) or not 0 <= crossover <= layers:
        raise ValueError(
            f"`crossover` must be a layer from 0 to {layers}. Received: crossover={crossover!r}"
        )
    is_first = np.arange(layers)[None, :, None] < crossover
    return np.where(is_first, first[:, None], second[:, None])


def mixing_sheet(model, latents_a, latents_b, crossover, truncation=1.0):
    """A picture of all mixtures: coarse styles by row, fine styles by column.

    Args:
        model: `zoo.StyleGAN2`.
        latents_a: Float `(rows, latent size)`; their own images are the first column.
        latents_b: Float `(columns, latent size)`; their own images are the first row.
        crossover: Integer, as of `mix_styles`.
        truncation: Float, as of `StyleGAN2.styles_of`. Defaults to 1.

    Returns:
        float32 array `((rows + 1) H, (columns + 1) W, C)` in [-1, 1], white in the corner.

    Example:

    >>> model = zoo.StyleGAN2(image_size=8, filters=4, style_size=8)
    >>> mixing_sheet(model, model.inputs(2), model.inputs(3, seed=1), crossover=2).shape
    (24, 32, 3)
    """
    first, second = (model.styles_of(each, truncation) for each in (latents_a, latents_b))
    rows, columns = len(first), len(second)
    pairs = np.repeat(first, columns, axis=0), np.tile(second, (rows, 1))
    mixed = model.images_of(_crossed(model, *pairs, crossover))
    mixed = mixed.reshape(rows, columns, *mixed.shape[1:])
    own_first, own_second = model.images_of(first), model.images_of(second)
    top = np.concatenate([np.ones_like(own_second[:1]), own_second])
    body = np.concatenate([own_first[:, None], mixed], axis=1)
    return sheet(np.concatenate([top[None], body]))


def closed_form_directions(model, count=8, layers=None):
    """The directions in style space that change the layers' modulation most (SeFa).

    Args:
        model: `zoo.StyleGAN2`.
        count: Integer from 1 to the style size, how many. Defaults to 8.
        layers: Sequence of integers, the styles that are to be moved, or `None` (default) for all.
            Coarse ones change pose and shape, fine ones colours.

    Returns:
        float32 array `(count, style_size)`, orthonormal, the strongest first.

    Raises:
        ValueError: If `count` or `layers` is out of range.

    Example:

    >>> model = zoo.StyleGAN2(image_size=8, filters=4, style_size=8)
    >>> closed_form_directions(model, count=3).shape
    (3, 8)

    Reference:
        Shen and Zhou 2021, https://arxiv.org/abs/2007.06600, equations 4 to 7.
    """
    _, known, size = model.synthesis.input_shape
    if not 1 <= count <= size:
        raise ValueError(f"`count` must be from 1 to {size}. Received: count={count!r}")
    layers = _known_layers(layers, known)
    kernels = [
        kernel
        for index, kernel in _style_kernels(model.inference_network.get_layer("synthesis"))
        if index in layers
    ]
    weights = np.concatenate(kernels, axis=1)
    _, vectors = np.linalg.eigh(weights @ weights.T)
    return np.ascontiguousarray(vectors.T[::-1][:count], "float32")


def _known_layers(layers, known):
    chosen = range(known) if layers is None else sorted({int(each) for each in layers})
    if not chosen or chosen[0] < 0 or chosen[-1] >= known:
        raise ValueError(f"`layers` must be from 0 to {known - 1}. Received: layers={layers!r}")
    return list(chosen)


def _style_kernels(synthesis):
    """Pairs of a style's index and a kernel `(style_size, channels)` that it goes through."""
    for layer in synthesis.layers:
        if isinstance(layer, ModulatedConv):
            side, kind = layer.name.split("_")
            # A resolution's colours share their style with the first convolution of the next.
            place = {"up": -1, "conv": 0, "rgb": 1}[kind]
            index = 2 * (int(side).bit_length() - 3) + place
            yield index, np.asarray(layer.style_kernel, "float64") * layer.style_scale


def attribute_direction(styles, values, ridge=1e-2):
    """The direction in style space along which an attribute grows, by ridge regression.

    Args:
        styles: Float `(N, style_size)`, as of `model.styles_of`.
        values: `(N,)`, the attribute of each style's image: a number (a brightness, a logit of a
            classifier) or a bool.
        ridge: Float of at least 0, weight of the squared slopes, relative to the mean variance of
            the styles: more with few samples. Defaults to `0.01`.

    Returns:
        float32 array `(style_size,)` of length 1.

    Raises:
        ValueError: If shapes do not match, or all values are the same.

    Example:

    >>> styles = np.array([[0.0, 1.0], [1.0, -1.0], [2.0, 1.0], [3.0, -1.0]])
    >>> attribute_direction(styles, [False, False, True, True], ridge=0).round(1)
    array([0.9, 0.4], dtype=float32)

    Reference:
        Shen et al. 2020 (InterFaceGAN), https://arxiv.org/abs/1907.10786, section 3.1.
    """
    styles, values = np.asarray(styles, "float64"), np.asarray(values, "float64")
    if styles.ndim != 2 or values.shape != styles.shape[:1] or ridge < 0:
        raise ValueError(
            "`styles` must have shape (N, style_size), `values` shape (N,), and `ridge` must be "
            f"at least 0. Received: {styles.shape}, {values.shape} and ridge={ridge!r}"
        )
    if not np.ptp(values) > 0:
        raise ValueError("`values` must differ. Received: the same value for all styles")
    x, y = styles - styles.mean(axis=0), values - values.mean()
    # Ridge regression is least squares with one more sample for each slope.
    weight = np.sqrt(ridge * np.square(x).sum() / x.shape[1])
    x = np.concatenate([x, weight * np.eye(x.shape[1])])
    y = np.concatenate([y, np.zeros(x.shape[1])])
    slopes = np.linalg.lstsq(x, y, rcond=None)[0]
    return (slopes / np.linalg.norm(slopes)).astype("float32")


def edit(model, styles, direction, strengths, layers=None):
    """Move styles along a direction and make the images.

    Args:
        model: `zoo.StyleGAN2`.
        styles: Float `(N, style_size)`, or `(N, layers, style_size)`.
        direction: Float `(style_size,)`.
        strengths: Sequence of K floats, how far to move; 0 is the image as it was.
        layers: Sequence of integers, the styles that are moved, or `None` (default) for all.

    Returns:
        float32 array `(N, K, H, W, C)`.

    Raises:
        ValueError: If the direction has another size, or there is no such layer.

    Example:

    >>> model = zoo.StyleGAN2(image_size=8, filters=4, style_size=8)
    >>> styles = model.styles_of(model.inputs(2))
    >>> edit(model, styles, closed_form_directions(model)[0], [-3, 0, 3]).shape
    (2, 3, 8, 8, 3)
    """
    _, known, size = model.synthesis.input_shape
    direction = np.asarray(direction, "float32")
    if direction.shape != (size,):
        raise ValueError(
            f"`direction` must have shape ({size},). Received: shape {direction.shape}"
        )
    styles, strengths = np.asarray(styles, "float32"), np.asarray(strengths, "float32")
    if styles.ndim == 2:
        styles = np.repeat(styles[:, None], known, axis=1)
    moves = np.zeros((known, size), "float32")
    moves[_known_layers(layers, known)] = direction
    moved = styles[:, None] + strengths[None, :, None, None] * moves
    images = model.images_of(moved.reshape(-1, known, size))
    return images.reshape(len(styles), len(strengths), *images.shape[1:])


def direction_sheet(model, styles, direction, strengths, layers=None):
    """A picture of edits: an image by row, a strength by column; arguments as of `edit`.

    Returns:
        float32 array `(N H, K W, C)` in [-1, 1].

    Example:

    >>> model = zoo.StyleGAN2(image_size=8, filters=4, style_size=8)
    >>> styles = model.styles_of(model.inputs(2))
    >>> direction_sheet(model, styles, closed_form_directions(model)[0], [-3, 0, 3]).shape
    (16, 24, 3)
    """
    return sheet(edit(model, styles, direction, strengths, layers))


def sheet(images):
    """Put images in rows and columns edge to edge.

    Args:
        images: Float `(rows, columns, H, W, C)`.

    Returns:
        float32 array `(rows H, columns W, C)`, clipped to [-1, 1].

    Example:

    >>> sheet(np.zeros((2, 3, 8, 8, 1))).shape
    (16, 24, 1)
    """
    rows, columns, height, width, channels = np.shape(images)
    lines = np.transpose(images, (0, 2, 1, 3, 4)).astype("float32")
    return np.clip(lines.reshape(rows * height, columns * width, channels), -1.0, 1.0)
