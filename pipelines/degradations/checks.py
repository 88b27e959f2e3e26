"""Validation of constructor arguments, shared by every degradation."""


def as_range(name, value, low=None, high=None):
    """Return `value` as an ordered pair of floats inside `[low, high]`; a number means itself.

    Args:
        name: Name of the argument, used in the error.
        value: A number, or a pair `(smallest, largest)`.
        low: Smallest value allowed, or `None` for no limit.
        high: Largest value allowed, or `None` for no limit.

    Returns:
        A tuple of two floats.

    Raises:
        ValueError: If `value` is neither a number nor an ordered pair within the limits.
    """
    allowed = f"[{'-inf' if low is None else low}, {'inf' if high is None else high}]"
    hint = f"Argument `{name}` must be a number or an ordered pair (low, high) within {allowed}."
    try:
        pair = (value, value) if isinstance(value, (int, float)) else tuple(value)
        first, last = (float(item) for item in pair)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{hint} Received: {value!r}. Pass for example `{name}=(0, 1)`."
        ) from error
    outside = (low is not None and first < low) or (high is not None and last > high)
    # Written so that NaN fails too.
    if outside or not first <= last:
        raise ValueError(f"{hint} Received: {value!r}. Swap or move the two limits.")
    return first, last


def as_count_range(name, value, low=0):
    """Return `value` as an ordered pair of integers, both at least `low`.

    Args:
        name: Name of the argument, used in the error.
        value: An integer, or a pair `(smallest, largest)`, both inclusive.
        low: Smallest value allowed.

    Returns:
        A tuple of two ints.

    Raises:
        ValueError: If `value` is neither an integer nor an ordered pair of them.
    """
    first, last = as_range(name, value, low)
    if first != int(first) or last != int(last):
        raise ValueError(
            f"Argument `{name}` must hold whole numbers. Received: {value!r}. "
            "Round both limits, which are inclusive."
        )
    return int(first), int(last)


def as_probability(name, value):
    """Return `value` as a float in `[0, 1]`.

    Args:
        name: Name of the argument, used in the error.
        value: A number.

    Returns:
        A float.

    Raises:
        ValueError: If `value` is not a number in `[0, 1]`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(
            f"Argument `{name}` must be a probability between 0 and 1. Received: {value!r}. "
            "Pass 1.0 for always, 0.0 for never."
        )
    return float(value)


def as_weights(name, value, count):
    """Return `value` as `count` relative frequencies; `None` means equal ones.

    Args:
        name: Name of the argument, used in the error.
        value: A sequence of non-negative numbers of any sum above zero, or `None`.
        count: How many are expected.

    Returns:
        A tuple of floats.

    Raises:
        ValueError: If the length differs, one is negative or all are zero.
    """
    weights = [1.0] * count if value is None else [float(item) for item in value]
    if len(weights) != count or min(weights) < 0 or sum(weights) <= 0:
        raise ValueError(
            f"Argument `{name}` must hold {count} non-negative numbers, not all zero. "
            f"Received: {value!r}. Give one number for each alternative."
        )
    return tuple(weights)


def as_choice(name, value, allowed):
    """Return `value` if it is one of `allowed`.

    Args:
        name: Name of the argument, used in the error.
        value: What the user passed.
        allowed: The values that are possible.

    Returns:
        `value` unchanged.

    Raises:
        ValueError: If `value` is something else.
    """
    if value not in allowed:
        raise ValueError(
            f"Argument `{name}` must be one of {sorted(allowed)}. Received: {value!r}. "
            "Check the spelling."
        )
    return value


def as_odd(name, value):
    """Return `value` if it is an odd positive integer, as kernel sizes must be.

    Args:
        name: Name of the argument, used in the error.
        value: What the user passed.

    Returns:
        `value` as an int.

    Raises:
        ValueError: If `value` is even, not whole or below one.
    """
    if isinstance(value, bool) or value != int(value) or value < 1 or value % 2 == 0:
        raise ValueError(
            f"Argument `{name}` must be an odd whole number of pixels, at least 1. "
            f"Received: {value!r}. Add one, so that the kernel has a centre."
        )
    return int(value)
