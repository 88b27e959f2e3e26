"""Feature networks: what a trained classifier sees in an image, for perceptual losses and metrics.

A `FeatureExtractor` is *not* a Keras layer. A model may hold one without its weights (30 to 80 MB
of somebody else's network) landing in the model's checkpoints; what is saved is how to remake it.
"""

import hashlib
import os

import keras
import tensorflow as tf

from zoo.networks.feature_inputs import CaffeBGR

_VGG19 = "keras.applications.VGG19"


@keras.saving.register_keras_serializable(package="zoo")
class FeatureExtractor:
    """Frozen features of [-1, 1] images, made with `vgg19()` or `from_file()`.

    The network is copied when it is loaded: cut after the last layer asked for, weights that no
    tape watches, and in `mixed_bfloat16` where that is the global policy (`mixed_float16` runs it
    in float32: Caffe-style activations come near the largest float16).

    Args:
        source: Path of a `.keras` file, or a functional `keras.Model`.
        layers: Names of the layers to return, in this order. Defaults to `None`: the model's own
            outputs.
        preprocess: What the network expects for its input: a `CaffeBGR`, `Scaled` or
            `Standardized` of `zoo.networks.feature_inputs`, or a `FeatureInput` of your own.
            Defaults to `None`: the network takes [-1, 1] RGB as it is.
        before_activation: Return what the layers compute before their activation. Defaults to
            `False`.
        dtype: Policy of the network, such as `"float32"`. Defaults to `None`: see above.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> network = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="edges")(inputs))
    >>> features = FeatureExtractor.from_file(network, layers=["edges"])
    >>> [tuple(x.shape) for x in features(tf.zeros((2, 8, 8, 3)))]
    [(2, 6, 6, 4)]
    """

    def __init__(self, source, layers=None, preprocess=None, before_activation=False, dtype=None):
        if not isinstance(source, (str, os.PathLike, keras.Model)):
            raise ValueError(
                "`source` must be the path of a .keras file or a functional keras.Model. "
                f"Received: source={source!r}"
            )
        if preprocess is not None and not callable(preprocess):
            raise ValueError(
                "`preprocess` must be a callable such as CaffeBGR(), Scaled(127, 128) or "
                f"Standardized(), or None. Received: preprocess={preprocess!r}"
            )
        if isinstance(layers, str) or (layers is not None and not layers):
            raise ValueError(
                "`layers` must be a non-empty list of layer names, or None for the model's own "
                f"outputs. Received: layers={layers!r}"
            )
        if before_activation and layers is None:
            raise ValueError(
                "`before_activation=True` needs `layers`: name the layers whose activation is to "
                "be left out. Received: layers=None"
            )
        self.source = source if isinstance(source, keras.Model) else os.fspath(source)
        self.layers = None if layers is None else list(layers)
        self.preprocess = preprocess
        self.before_activation = bool(before_activation)
        self.dtype = dtype
        self._network = None
        self._fingerprint = None

    @classmethod
    def vgg19(cls, layers=("block5_conv4",), before_activation=False, dtype=None):
        """VGG19 with ImageNet weights, which Keras downloads (80 MB) on first use.

        Args:
            layers: Names of `keras.applications.VGG19`. Defaults to the last convolution, the
                paper's VGG54.
            before_activation: As ESRGAN does. Defaults to `False`, as SRGAN does.
            dtype: Policy of the network. Defaults to `None`: follow the global one.

        Returns:
            A loaded `FeatureExtractor`.

        Raises:
            RuntimeError: If the weights are neither in Keras' cache nor reachable.

        Reference:
            - [Ledig et al., 2016 (SRGAN)](https://arxiv.org/abs/1609.04802), section 2.2.1
            - [Wang et al., 2018 (ESRGAN)](https://arxiv.org/abs/1809.00219), section 3.3
        """
        extractor = cls(_VGG19, layers, CaffeBGR(), before_activation, dtype)
        return extractor.load()

    @classmethod
    def from_file(cls, source, layers=None, preprocess=None, before_activation=False, dtype=None):
        """Any functional network, loaded at once; see the class for the arguments.

        Args:
            source: Path of a `.keras` file, or a functional `keras.Model` (which is copied).
            layers: Names of the layers to return. Defaults to `None`: the model's outputs.
            preprocess: Pre-processing from [-1, 1] RGB. Defaults to `None`.
            before_activation: Whether to undo the layers' activation. Defaults to `False`.
            dtype: Policy of the network. Defaults to `None`: follow the global one.

        Returns:
            A loaded `FeatureExtractor`.

        Raises:
            ValueError: If the file, the model or a layer name cannot be used.
        """
        return cls(source, layers, preprocess, before_activation, dtype).load()

    def __call__(self, images):
        """Features of images.

        Args:
            images: Float images in [-1, 1], shape `(N, H, W, 3)`, or `(N, H, W, 1)` for gray.

        Returns:
            A list of tensors, one a layer, in the network's compute type.

        Raises:
            ValueError: If the images have another number of channels, or are so small that a
                layer has nothing left of them.
        """
        self.load()
        images = tf.cast(images, tf.float32)
        if images.shape[-1] not in (1, 3):
            raise ValueError(
                "`images` must have shape (N, H, W, 3) or (N, H, W, 1); drop or blend an alpha "
                f"channel first. Received: images of shape {tuple(images.shape)}"
            )
        if images.shape[-1] == 1:
            images = tf.repeat(images, 3, axis=-1)
        inputs = images if self.preprocess is None else self.preprocess(images)
        try:
            features = tf.nest.flatten(self._network(inputs, training=False))
        except (ValueError, tf.errors.OpError) as error:
            raise ValueError(
                f"{self!r} cannot take these `images`; if they are very small, use larger ones or "
                f"an earlier layer. Received: images of shape {tuple(images.shape)}"
            ) from error
        for feature in features:
            _check_not_empty(feature, images)
        return features

    def load(self):
        """Loads the network if it is not loaded, and returns the extractor.

        `vgg19()` and `from_file()` have done it. An extractor that was restored from a config
        loads at its first call, so that a saved model opens on a machine without the network;
        under a `tf.distribute` strategy call this once before training starts.

        Returns:
            The extractor itself.

        Raises:
            ValueError: If the file, the model or a layer name cannot be used.
            RuntimeError: If the weights cannot be downloaded, or this is the first call and it
                comes from inside a replica.
        """
        if self._network is None:
            replica = tf.distribute.get_replica_context()
            if replica is not None and replica.num_replicas_in_sync > 1:
                raise RuntimeError(
                    "The feature network must be loaded before a distributed step runs: call "
                    f"`load()` on the extractor first. Received: a first call of {self!r} inside "
                    "a replica"
                )
            with tf.init_scope():  # variables cannot be made inside a traced function
                self._network = self._build()
                self._fingerprint = _fingerprint(self._network)
        return self

    @property
    def loaded(self):
        """Whether the network is in memory."""
        return self._network is not None

    @property
    def fingerprint(self):
        """First 12 hex digits of the SHA-256 of the weights in use, in network order."""
        self.load()
        return self._fingerprint

    @property
    def title(self):
        """Short name of the network: the file's name, or the model's."""
        if isinstance(self.source, keras.Model):
            return self.source.name
        return self.source if self.source == _VGG19 else os.path.basename(self.source)

    def get_config(self):
        """How the extractor was made; the weights are not part of it.

        Raises:
            ValueError: If it was made from a model in memory, which a config cannot name.
        """
        if isinstance(self.source, keras.Model):
            raise ValueError(
                "A FeatureExtractor made from a model in memory cannot be saved: save the model "
                "to a .keras file and pass its path as `source`. "
                f"Received: source={self.source.name!r}"
            )
        return {
            "source": self.source,
            "layers": self.layers,
            "preprocess": keras.saving.serialize_keras_object(self.preprocess),
            "before_activation": self.before_activation,
            "dtype": self.dtype,
        }

    @classmethod
    def from_config(cls, config):
        """Remakes an extractor; its network is loaded at the first call."""
        preprocess = keras.saving.deserialize_keras_object(config["preprocess"])
        return cls(**{**config, "preprocess": preprocess})

    def __repr__(self):
        return f"FeatureExtractor({self.title}, layers={self.layers})"

    def _build(self):
        model = self.source if isinstance(self.source, keras.Model) else _read(self.source)
        policy = self.dtype
        if policy is None:
            half = keras.config.dtype_policy().compute_dtype
            policy = "mixed_bfloat16" if half == "bfloat16" else "float32"
        return _frozen_copy(_cut(model, self.layers), self.layers, policy, self.before_activation)


def _read(source):
    """Reads a model from a path or from keras.applications; never returns random weights."""
    if source != _VGG19:
        if not os.path.isfile(source):
            raise ValueError(
                "`source` must be an existing .keras file; check the path, or pass a keras.Model. "
                f"Received: source={source!r}"
            )
        return keras.saving.load_model(source, compile=False)
    try:
        return keras.applications.VGG19(include_top=False, weights="imagenet")
    except Exception as error:
        raise RuntimeError(
            "The ImageNet weights of VGG19 could not be downloaded. Connect once, or put "
            "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 into ~/.keras/models, or use "
            f"another network with FeatureExtractor.from_file(). Received: {error}"
        ) from error


def _cut(model, layers):
    """The part of `model` that leads to `layers`, or to its own outputs."""
    if not hasattr(model, "get_layer") or len(getattr(model, "inputs", None) or ()) != 1:
        raise ValueError(
            "`source` must be a functional or sequential model with one input, built, so that it "
            f"can be cut at a layer. Received: {model!r}"
        )
    if layers is None:
        return keras.Model(model.inputs[0], tf.nest.flatten(model.outputs))
    known = [layer.name for layer in model.layers]
    missing = [name for name in layers if name not in known]
    if missing:
        raise ValueError(
            f"`layers` must name layers of {model.name!r}, which has {known}. "
            f"Received: unknown {missing}"
        )
    return keras.Model(model.inputs[0], [model.get_layer(name).output for name in layers])


def _frozen_copy(model, layers, policy, before_activation):
    """Copies a model with its weights in another policy, its variables hidden from tapes."""
    linear = set(layers) if before_activation else set()
    bare = [name for name in linear if not hasattr(model.get_layer(name), "activation")]
    if bare:
        raise ValueError(
            "`before_activation=True` needs layers that have an activation of their own. "
            f"Received: {sorted(bare)} without one"
        )
    raw = {}

    def clone(layer):
        config = layer.get_config()
        config["dtype"] = policy
        if layer.name in linear:
            config["activation"] = "linear"
        return type(layer).from_config(config)

    def call(layer, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        if layer.name not in linear:
            return outputs
        raw[layer.name] = outputs
        return model.get_layer(layer.name).activation(outputs)

    with tf.variable_creator_scope(_untrainable):
        copy = keras.models.clone_model(
            model, clone_function=clone, call_function=call, recursive=True
        )
    for layer in (x for x in model.layers if x.weights):
        copy.get_layer(layer.name).set_weights(layer.get_weights())
    if before_activation:
        copy = keras.Model(copy.inputs[0], [raw[name] for name in layers])
    copy.trainable = False
    return copy


def _untrainable(next_creator, **kwargs):
    # `layer.trainable = False` does not reach the tf.Variable, which a tape would go on watching.
    return next_creator(**{**kwargs, "trainable": False})


def _fingerprint(network):
    digest = hashlib.sha256()
    for weights in network.get_weights():
        digest.update(weights.astype("float32").tobytes())
    return digest.hexdigest()[:12]


def _check_not_empty(feature, images):
    sides = feature.shape[1:-1]
    message = "`images` are too small: the feature network has nothing left of them at a layer"
    if 0 in sides:
        raise ValueError(f"{message}. Received: images of shape {tuple(images.shape)}")
    if None in sides:
        tf.debugging.assert_positive(tf.size(feature), message)
