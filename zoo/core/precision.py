"""The same network, with the same weights, computing in another precision."""

import contextlib

import keras

_LOW_PRECISION = ("float16", "bfloat16")


def inference_policy(precision):
    """Return the dtype policy that computes in `precision`, `"float32"` or `"bfloat16"`."""
    return {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]


def with_policy(network, policy):
    """Return a copy of `network` that computes under the dtype policy `policy`.

    The copy has variables of its own with the values of the moment, so training either network
    does not change the other. Nothing is cached: keep the copy for as long as you use it.
    Layers that the builder pinned to float32 stay in float32:

    * in a network built under a mixed policy they are recognised by their own float32 policy;
    * in a network built entirely in float32 nothing tells a pinned layer from any other one.
      There the ends of the network keep float32: layers without weights that see nothing but
      the input (the enlarged image that a super-resolution network adds at the end), the last
      layer with weights, and everything after it. So 8-bit levels survive, whatever the policy.

    Layers with a float64 or an integer policy are left alone.

    Args:
        network: A built `keras.Model` made of serializable layers, functional as a rule; models
            inside models and layers shared between calls are kept as they are.
        policy: Name of a dtype policy or a `keras.DTypePolicy`, such as `"float32"` (exact, the
            default for export), `"mixed_bfloat16"` or `"mixed_float16"`.

    Returns:
        A new `keras.Model`, not compiled, with the layer names and weights of `network`.

    Raises:
        ValueError: When `network` is no built `keras.Model`, is quantized or has layers that
            Keras cannot rebuild from their config, or when `policy` names no policy.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    >>> network = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(x))
    >>> fast = with_policy(network, "mixed_bfloat16")
    >>> [layer.compute_dtype for layer in fast.layers[1:]]
    ['bfloat16', 'float32']
    """
    policy = _check_arguments(network, policy)
    config = keras.saving.serialize_keras_object(network)
    mixed = _is_mixed(network)
    keep = set() if mixed else _ends(network, config)
    config = _rewrite(config, policy.name, mixed and _is_low(policy), keep)
    with _global_policy(policy):
        copy = _rebuild(config, network)
    _copy_weights(network, copy)
    return copy


def _check_arguments(network, policy):
    if not isinstance(network, keras.Model) or not network.built:
        raise ValueError(
            "`network` must be a built keras.Model; for a trainer pass its `inference_network`. "
            f"Received: network={network!r}"
        )
    quantized = [x.name for x in _layers(network) if x.dtype_policy.quantization_mode]
    if quantized:
        raise ValueError(
            "`network` must not be quantized: change the policy first, then call "
            f"`network.quantize(...)`. Received: quantized layers {quantized}"
        )
    try:
        return keras.dtype_policies.get(policy)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`policy` must name a dtype policy, such as 'float32' or 'mixed_bfloat16'. "
            f"Received: policy={policy!r}"
        ) from error


def _layers(model):
    """Every layer at any depth, the ones that layers hold included."""
    return list(model._flatten_layers(include_self=False))


def _is_low(policy):
    return policy.compute_dtype in _LOW_PRECISION


def _is_mixed(network):
    """True when some layer computes in low precision: then float32 layers were pinned."""
    # A model's own policy says nothing about the layers that it was built from.
    own = (x for x in _layers(network) if not isinstance(x, keras.Model))
    return any(_is_low(x.dtype_policy) for x in own if not isinstance(x, keras.layers.InputLayer))


def _rewrite(config, name, keep_float32, keep):
    """The serialized network `config` with the policy `name` in every float layer.

    `keep` holds the `id` of configs whose whole content stays in float32.
    """
    if id(config) in keep:
        name, keep_float32 = "float32", False
    if isinstance(config, list | tuple):
        return type(config)(_rewrite(x, name, keep_float32, keep) for x in config)
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return _rewrite_policy(config, name, keep_float32)
    new = {
        k: _rewrite(v, name, keep_float32, keep) for k, v in config.items() if k != "compile_config"
    }
    if config.get("class_name") == "InputLayer" and config["config"]["dtype"] in _LOW_PRECISION:
        # The input of a model inside a model would round what comes in, whatever the policy.
        new["config"]["dtype"] = "float32"
    return new


def _rewrite_policy(config, name, keep_float32):
    policy = keras.DTypePolicy(config["config"]["name"])
    pinned = keep_float32 and policy.compute_dtype == "float32"
    if pinned or policy.compute_dtype not in (*_LOW_PRECISION, "float32"):
        return config
    return {**config, "config": {**config["config"], "name": name}}


def _ends(model, serialized):
    """`id`s of the layer configs at both ends of a model (see `with_policy`)."""
    config = serialized["config"]
    is_graph = isinstance(model, keras.Sequential) or "input_layers" in config
    if not is_graph:  # a subclassed model does not say how its layers are connected
        return set()
    layers = {_name(layer): layer for layer in config["layers"]}
    feeds = _feeds(config["layers"])
    fed_by = {name: {y for y in feeds if name in feeds[y]} for name in layers}
    weighted = {layer.name: layer for layer in model.layers if layer.weights}
    head = _closure(layers, feeds, stop=weighted)
    tail = _closure(layers, fed_by, stop=weighted)
    kept = {id(layers[name]) for name in (*head, *tail)}
    for name, layer in weighted.items():
        if fed_by[name] <= tail:
            is_model = isinstance(layer, keras.Model)
            kept |= _ends(layer, layers[name]) if is_model else {id(layers[name])}
    return kept


def _name(layer):
    return layer.get("name", layer["config"].get("name"))


def _feeds(layers):
    """Dict from the name of each layer to the names of the layers that it takes from."""
    if "inbound_nodes" not in layers[0]:  # a Sequential is a chain
        names = [_name(layer) for layer in layers]
        return {name: {*names[max(i - 1, 0) : i]} for i, name in enumerate(names)}
    return {_name(layer): {*_histories(layer["inbound_nodes"])} for layer in layers}


def _histories(config):
    """Names of the layers whose outputs a serialized call takes."""
    if isinstance(config, dict):
        if config.get("class_name") == "__keras_tensor__":
            yield config["config"]["keras_history"][0]
            return
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from _histories(item)


def _closure(names, neighbours, stop):
    """Names without weights all of whose `neighbours` are, in turn, in the closure."""
    found = set()
    grown = True
    while grown:
        grown = {x for x in names if x not in found and x not in stop and neighbours[x] <= found}
        found |= grown
    return found


@contextlib.contextmanager
def _global_policy(policy):
    """Layers that a layer creates for itself take the global policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _rebuild(config, network):
    try:
        # The config was made a moment ago from objects of this process: nothing to protect from.
        return keras.saving.deserialize_keras_object(config, safe_mode=False)
    except Exception as error:
        raise ValueError(
            "`network` cannot be rebuilt from its config. Every layer needs a `get_config()` that "
            "returns its constructor's arguments, and a class that is registered with "
            "@keras.saving.register_keras_serializable(). "
            f"Received: network={network.name!r}, which fails with: {error}"
        ) from error


def _copy_weights(source, target):
    old = [weight.shape for weight in source.weights]
    new = [weight.shape for weight in target.weights]
    if old != new:
        raise ValueError(
            "`network` cannot be rebuilt from its config: a layer's `get_config()` does not hold "
            "all of its constructor's arguments, or the layer has no weights until it is called. "
            f"Received: {len(old)} weights, of which the copy has {len(new)}, or other shapes."
        )
    target.set_weights(source.get_weights())
