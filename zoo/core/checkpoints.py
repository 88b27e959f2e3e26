"""Checkpoints of a whole training run: networks, average, both optimizers."""

import os
import re
from pathlib import Path

_NAME = re.compile(r"step-(\d{9})\.weights\.h5$")


def save(model, directory, keep=2):
    """Write the state of a compiled model, and delete all but the newest `keep` checkpoints.

    The file appears under its name only when it is complete, so a run that is killed here
    resumes from the one before.

    Args:
        model: Compiled `AdversarialModel`.
        directory: Path of the folder; made if missing.
        keep: Integer, at least 1. Defaults to 2.

    Returns:
        The path of the checkpoint.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"step-{model.step:09d}.weights.h5"
    unfinished = path.with_name("unfinished.weights.h5")  # overwrites what a killed run left
    model.save_weights(unfinished)
    with open(unfinished, "rb") as file:
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    for old in _all(directory)[:-keep]:
        old.unlink()
    return path


def latest(directory):
    """Return the path of the newest complete checkpoint in `directory`, or `None`."""
    found = _all(Path(directory))
    return found[-1] if found else None


def restore_latest(model, directory):
    """Load the newest checkpoint into a compiled model.

    Args:
        model: Compiled `AdversarialModel` of the architecture that was saved.
        directory: Path of the folder.

    Returns:
        The number of generator updates made so far; 0 if there is no checkpoint.

    Raises:
        ValueError: If the model was compiled with other optimizers.
    """
    path = latest(directory)
    if path is None:
        return 0
    model.load_weights(path)
    saved = int(_NAME.search(path.name)[1])
    if model.step != saved:  # Keras warns and goes on when an optimizer does not fit
        raise ValueError(
            f"The checkpoint {path} does not fit the optimizers of the model: it was saved after "
            f"{saved} steps and says {model.step} now. Compile the model as it was compiled then."
        )
    return model.step


def _all(directory):
    return sorted(path for path in directory.glob("step-*.weights.h5") if _NAME.search(path.name))
