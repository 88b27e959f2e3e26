"""Save a model as a preset folder and make it again by name."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import h5py
import keras
import numpy as np

_BUILT_IN = Path(__file__).resolve().parent.parent / "presets"
_CONFIG, _WEIGHTS, _TRAINING = "config.json", "model.weights.h5", "training.weights.h5"


def list_presets():
    """Return the names of the presets that are installed with the package, sorted."""
    return sorted(path.parent.name for path in _BUILT_IN.glob(f"*/{_CONFIG}"))


def preset_path(name_or_path):
    """Return the folder of a preset.

    Args:
        name_or_path: Name of `list_presets()`, or a folder written by `save_to_preset`.

    Raises:
        ValueError: If there is neither.
    """
    for folder in (_BUILT_IN / str(name_or_path), Path(name_or_path)):
        if (folder / _CONFIG).is_file():
            return folder
    raise ValueError(
        f"`preset` must be one of {list_presets()} or a folder that holds {_CONFIG} (written by "
        f"`save_to_preset` or `zoo train`). Received: preset={str(name_or_path)!r}"
    )


def preset_record(name_or_path):
    """Return the contents of a preset's `config.json` as a dict (model, recipe, scores, ...)."""
    return json.loads((preset_path(name_or_path) / _CONFIG).read_text())


def from_preset(name_or_path, expected=None):
    """Make a model with trained weights.

    A preset that was saved with its training state comes back compiled: `fit()` continues with the
    same optimizers. Otherwise call `compile()` before training on.

    Args:
        name_or_path: Name of `list_presets()`, or a folder written by `save_to_preset`.
        expected: Class that the model must have, or `None` (default) for any.

    Returns:
        An `AdversarialModel`, or a restorer of stages such as `zoo.OldPhotoRestorer`, whose own
        presets are loaded with it.

    Raises:
        ValueError: If there is no such preset, or it is of another class.
    """
    folder = preset_path(name_or_path)
    record = preset_record(folder)
    model = keras.saving.deserialize_keras_object(record["model"])
    if expected is not None and not isinstance(model, expected):
        raise ValueError(
            f"The preset {str(name_or_path)!r} is a {type(model).__name__}, not a "
            f"{expected.__name__}. Use `zoo.{type(model).__name__}.from_preset(...)`."
        )
    if not hasattr(model, "kept_network"):
        return model
    if (folder / _TRAINING).is_file():
        model.compile_from_config(record["compile"])
        model.load_weights(folder / _TRAINING)
        return model
    model.generator.load_weights(folder / _WEIGHTS)
    if model.averaged_generator is not None:
        model.averaged_generator.set_weights(model.generator.get_weights())
    return model


def save_to_preset(model, folder, *, training_state=False, half=False, **record):
    """Write a model as a preset folder, atomically: an existing one is replaced as a whole.

    Args:
        model: `AdversarialModel`, or a restorer of stages that were given by the names of presets.
        folder: Path of the preset.
        training_state: Bool, also save the discriminator, both optimizers and the average, so that
            training goes on from here. Needs a compiled model. Defaults to `False`.
        half: Bool, store the weights of the inference network in float16. Defaults to `False`.
        **record: What else to keep in `config.json`: recipe, scores, command, ...

    Returns:
        The path of the folder.
    """
    folder = Path(folder)
    if training_state and not model.compiled:
        raise ValueError("`training_state=True` needs a compiled model: call `compile()` first.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        os.chmod(unfinished, 0o755)
        contents = {"model": _architecture(model), **record}
        if hasattr(model, "kept_network"):
            model.kept_network.save_weights(unfinished / _WEIGHTS)
            if half:
                _to_half(unfinished / _WEIGHTS)
        if training_state:
            contents["compile"] = model.get_compile_config()
            model.save_weights(unfinished / _TRAINING)
        (unfinished / _CONFIG).write_text(json.dumps(contents, indent=2) + "\n")
        _keep_documents(folder, unfinished)
        _replace_folder(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _architecture(model):
    """The serialised model without what `compile` added."""
    config = keras.saving.serialize_keras_object(model)
    return {key: config[key] for key in ("module", "class_name", "config", "registered_name")}


def _to_half(path):
    """Store the float32 arrays of an HDF5 file as float16, rounded; Keras casts on loading."""
    half = path.with_suffix(".half")
    with h5py.File(path) as source, h5py.File(half, "w") as target:

        def copy(name, item):
            if isinstance(item, h5py.Group):
                group = target.require_group(name)
            else:
                array = item[()]
                if array.dtype == np.float32:
                    array = _nine_bits(array.astype(np.float16))
                filters = {"compression": "gzip", "shuffle": True} if array.ndim else {}
                group = target.create_dataset(name, data=array, **filters)
            group.attrs.update(item.attrs)

        target.attrs.update(source.attrs)
        source.visititems(copy)
    os.replace(half, path)


def _nine_bits(half):
    """Round a float16 array to 9 of its 10 bits of mantissa, as the last one does not compress."""
    bits = half.view(np.uint16)
    to_even = (bits >> 1) & 1  # or half of all weights would grow
    rounded = ((bits + to_even) & ~np.uint16(1)).view(np.float16)
    return np.where(np.isfinite(rounded), rounded, half)


def _keep_documents(old, new):
    """Carry the card and its pictures over from the preset that is replaced."""
    if old.is_dir():
        for file in old.iterdir():
            if file.suffix in (".md", ".jpg", ".png") and file.is_file():
                shutil.copy2(file, new / file.name)


def _replace_folder(new, folder):
    """Put `new` in the place of `folder`; the old one is there until the new one is complete."""
    if not folder.exists():
        os.replace(new, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    os.replace(folder, old / "preset")
    os.replace(new, folder)
    shutil.rmtree(old)
