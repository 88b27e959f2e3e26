"""What a frozen network sees in images, as vectors, for distances between collections."""

import dataclasses
import math
import os
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from zoo.networks.feature_inputs import Scaled
from zoo.networks.features import FeatureExtractor

# The only network whose distances are called FID and KID. Neither the name of a file without its
# folder nor that of a Keras model can hold a slash, so no other network can take this name.
_INCEPTION = "keras.applications/InceptionV3"
_INCEPTION_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
_FIELDS = ("vectors", "network", "protocol")
# A generator without a tanh may leave [-1, 1], but not by so much: that is 0..255.
_FAR_OUT = 16.0


@dataclasses.dataclass(frozen=True, eq=False)
class Embedded:
    """Images as a network sees them, and how that was obtained.

    Args:
        vectors: Float32 array `(n, size)`, one row an image.
        network: Name of the network.
        protocol: How the vectors were made; equal text means comparable vectors.

    Example:

    >>> len(Embedded(np.zeros((3, 8), "float32"), "edges", "edges at 32 px"))
    3
    """

    vectors: np.ndarray
    network: str
    protocol: str

    def __post_init__(self):
        if np.ndim(self.vectors) != 2:
            raise ValueError(
                "`vectors` must have shape (n, size), one row an image. "
                f"Received: shape {np.shape(self.vectors)}"
            )

    def __len__(self):
        return len(self.vectors)

    @property
    def is_inception(self):
        """Whether these are Inception's vectors, whose distances are called FID and KID."""
        return self.network == _INCEPTION

    def __repr__(self):
        count, size = self.vectors.shape
        return f"Embedded({count} images, {size} numbers each, {self.protocol})"

    def save(self, path):
        """Writes an `.npz` file, atomically: the vectors of real images are needed again.

        Args:
            path: File to write; a folder that is missing is made.

        Returns:
            The path as `pathlib.Path`.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **{name: getattr(self, name) for name in _FIELDS})
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return path

    @classmethod
    def load(cls, path):
        """Reads what `save()` wrote.

        Args:
            path: Path of the file.

        Returns:
            An `Embedded`.

        Raises:
            ValueError: If there is no such file, or it holds something else.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                vectors, network, protocol = (file[name] for name in _FIELDS)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ValueError(
                "`path` must be a file that `Embedded.save()` wrote; embed the images again. "
                f"Received: path={os.fspath(path)!r} ({error})"
            ) from error
        return cls(vectors, str(network), str(protocol))


class Embedding:
    """Turns images into vectors, made with `inception()` or `from_file()`.

    Images are clipped and rounded to 8-bit levels, as if they had been written to PNG files, then
    resized to a square by antialiased bicubic interpolation (`tf.image.resize`), clipped again and
    seen by the network in float32. A map `(N, h, w, C)` is averaged over space.

    Args:
        features: A `FeatureExtractor` with one output and `dtype="float32"`: half precision changes
            the scores.
        image_size: Integer, side in px of the square that the network sees.
        network: Name for the scores. Defaults to `None`: that of the file or model.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> network = keras.Model(inputs, keras.layers.Conv2D(4, 3)(inputs), name="edges")
    >>> embedding = Embedding.from_file(network, image_size=32)
    >>> embedding(tf.zeros((5, 28, 28, 1))).vectors.shape
    (5, 4)
    """

    def __init__(self, features, image_size, network=None):
        if not isinstance(features, FeatureExtractor) or features.dtype != "float32":
            raise ValueError(
                "`features` must be a FeatureExtractor with dtype='float32'. "
                f"Received: features={features!r}, dtype={getattr(features, 'dtype', None)!r}"
            )
        if not isinstance(image_size, int) or image_size < 1:
            raise ValueError(
                "`image_size` must be a whole number of pixels, at least 1. "
                f"Received: image_size={image_size!r}"
            )
        self.features = features
        self.image_size = image_size
        self.network = network or features.title.removesuffix(".keras")
        images = tf.TensorSpec((None, None, None, 3), tf.float32)
        self._embed = tf.function(self._see, input_signature=[images], autograph=False)

    @classmethod
    def inception(cls):
        """Inception V3 with ImageNet weights, which Keras downloads (88 MB) on first use.

        2,048 pooled features at 299 px. Distances on these are named `"FID"` and `"KID"`, but are
        not to be set beside published ones: those use TensorFlow's Inception graph of 2015-12-05,
        which has other weights, 1,008 classes, a maximum in the place of the last block's average
        pool, and a resizer that does not antialias. The protocol says `keras.applications`.

        Returns:
            An `Embedding`.

        Raises:
            RuntimeError: If the weights are neither in Keras' cache nor reachable.

        Reference:
            - [Heusel et al., 2017 (FID)](https://arxiv.org/abs/1706.08500)
            - [The weights of published FIDs](https://github.com/mseitzer/pytorch-fid/releases)
            - [Parmar et al., 2021 (resizers)](https://arxiv.org/abs/2104.11222)
        """
        features = FeatureExtractor.from_file(_inception_v3(), dtype="float32")
        return cls(features, 299, _INCEPTION)

    @classmethod
    def from_file(cls, source, preprocess=None, image_size=224, layer=None):
        """Any functional network; its distances are named after it, such as `"FD-vgg"`.

        Args:
            source: Path of a `.keras` file, or a functional `keras.Model`, which is copied.
            preprocess: What the network expects for its input, such as `Scaled(127, 128)` for
                EfficientNet-Lite; see `zoo.networks.feature_inputs`. Defaults to `None`: RGB in
                [-1, 1].
            image_size: Integer, side in px that the network sees. Defaults to 224.
            layer: Name of the layer to take. Defaults to `None`: the model's output. A classifier's
                output is right for `classifier_score`; for distances name the layer before it.

        Returns:
            An `Embedding`.

        Raises:
            ValueError: If the file, the model or the layer cannot be used.
        """
        layers = None if layer is None else [layer]
        features = FeatureExtractor.from_file(source, layers, preprocess, dtype="float32")
        return cls(features, image_size)

    @classmethod
    def efficientnet_lite0(cls, path, image_size=224):
        """The pooled features of an ImageNet EfficientNet-Lite0: small, and quick on a CPU.

        Args:
            path: Path of `efficientnet_lite0.keras`.
            image_size: Integer, side in px that the network sees. Defaults to 224.

        Returns:
            An `Embedding`.
        """
        return cls.from_file(path, Scaled(127, 128), image_size)

    @property
    def protocol(self):
        """Text that states how vectors are made, with a fingerprint of the weights."""
        features, side = self.features, self.image_size
        title = _INCEPTION if self.network == _INCEPTION else features.title
        layer = features.layers[0] if features.layers else "output"
        return (
            f"{title} {features.fingerprint} at {layer}, {_input_text(features.preprocess)}, "
            f"8-bit rounded, tf.image.resize bicubic antialiased to {side}x{side}, clipped"
        )

    def __call__(self, images, batch_size=64, limit=None, progress=False):
        """Vectors of images.

        Args:
            images: Float images in [-1, 1] of shape `(N, H, W, 3)`, or `(N, H, W, 1)` for gray; or
                an iterable such as a `tf.data.Dataset` of batches of such images, or of tuples
                whose first element they are. Other sides than a square are squeezed.
            batch_size: Integer, the most images that the network sees at a time. Defaults to 64.
            limit: Integer, take the first so many images. Defaults to `None`: all.
            progress: Boolean, show a progress bar. Defaults to `False`.

        Returns:
            An `Embedded`.

        Raises:
            ValueError: If these are not such images, there are none, or fewer than `limit`.
        """
        if batch_size < 1 or (limit is not None and limit < 1):
            raise ValueError(
                "`batch_size` and `limit` must be at least 1. "
                f"Received: batch_size={batch_size}, limit={limit}"
            )
        vectors = []
        count = limit or (getattr(images, "shape", None) or [None])[0]
        bar = keras.utils.Progbar(count, verbose=int(progress), unit_name="image")
        for batch in _batches(_groups(images, limit), batch_size, limit):
            vectors.append(self._embed(_checked(batch)).numpy())
            bar.add(len(batch))
        if not vectors:
            raise ValueError(f"`images` must hold at least one image. Received: {images!r}")
        return Embedded(np.concatenate(vectors), self.network, self.protocol)

    def __repr__(self):
        return f"Embedding({self.protocol})"

    def _see(self, images):
        # floor(x + 1/2) as the other metrics round; bicubic weights overshoot, hence the clips.
        levels = tf.clip_by_value(tf.floor((images + 1.0) * 127.5 + 0.5), 0.0, 255.0)
        side = (self.image_size, self.image_size)
        images = tf.image.resize(levels / 127.5 - 1.0, side, "bicubic", antialias=True)
        outputs = self.features(tf.clip_by_value(images, -1.0, 1.0))
        if len(outputs) != 1 or outputs[0].shape.rank not in (2, 4):
            raise ValueError(
                "The network must have one output of shape (N, size) or (N, h, w, C); name a "
                f"`layer` that has. Received: outputs of shapes {[tuple(x.shape) for x in outputs]}"
            )
        vectors = outputs[0]
        return tf.reduce_mean(vectors, axis=(1, 2)) if vectors.shape.rank == 4 else vectors


def _inception_v3():
    """Reads Inception V3; never returns random weights."""
    try:
        return keras.applications.InceptionV3(
            include_top=False, weights="imagenet", input_shape=(299, 299, 3), pooling="avg"
        )
    except Exception as error:
        raise RuntimeError(
            "The ImageNet weights of Inception V3 could not be downloaded. Connect once, or put "
            f"{_INCEPTION_FILE} into ~/.keras/models, or use another network with "
            f"Embedding.from_file(). Received: {error}"
        ) from error


def _input_text(preprocess):
    if preprocess is None:
        return "RGB in [-1, 1]"
    if not hasattr(preprocess, "get_config"):
        return f"RGB by {getattr(preprocess, '__name__', type(preprocess).__name__)}"
    options = ", ".join(f"{name}={value}" for name, value in preprocess.get_config().items())
    return f"RGB by {type(preprocess).__name__}({options})"


def _groups(images, limit):
    """The batches of images in an array, a dataset or another iterable."""
    if hasattr(images, "shape"):
        return [images]
    if not isinstance(images, Iterable) or isinstance(images, (str, bytes, dict)):
        raise ValueError(
            "`images` must be an array (N, H, W, C) or an iterable of such batches. "
            f"Received: images={images!r}"
        )
    endless = (
        isinstance(images, tf.data.Dataset) and images.cardinality() == tf.data.INFINITE_CARDINALITY
    )
    if endless and limit is None:
        raise ValueError("`images` must end, or `limit` say where. Received: an endless dataset")
    return (_first(element) for element in images)


def _first(element):
    """The images in what a dataset or an iterable gives."""
    images = element[0] if isinstance(element, (tuple, list)) and element else element
    if not hasattr(images, "shape"):
        raise ValueError(
            "`images` must give batches (N, H, W, C), or tuples whose first element they are. "
            f"Received: {element!r}"
        )
    return images


def _batches(groups, batch_size, limit):
    """Batches of at most `batch_size` images, `limit` images in all."""
    left = math.inf if limit is None else limit
    for group in groups:
        for start in range(0, min(len(group), left), batch_size):
            yield group[start : min(start + batch_size, left)]
        left -= min(len(group), left)
        if not left:
            return
    if limit is not None:
        raise ValueError(
            f"`limit` must be at most the number of images. Received: limit={limit}, "
            f"{limit - left} images"
        )


def _checked(images):
    """A batch as float32 RGB."""
    images = tf.convert_to_tensor(images)
    if not images.dtype.is_floating or images.shape.rank != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            "`images` must be float images in [-1, 1] of shape (N, H, W, 3) or (N, H, W, 1). "
            f"Received: shape {tuple(images.shape)} of {images.dtype.name}"
        )
    images = tf.cast(images, tf.float32)
    within = tf.abs(images) < _FAR_OUT  # NaN is not
    if not tf.reduce_all(within):
        value = float(images[~within][0])
        raise ValueError(
            "`images` must lie in [-1, 1]; divide levels of 0..255 by 127.5 and subtract 1. A "
            f"generator that has diverged makes NaN. Received: a value of {value}"
        )
    return tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
