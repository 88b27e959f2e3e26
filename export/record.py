"""What an exported version says about itself, in a file that people and programs can read."""

import json
from pathlib import Path

import keras
import tensorflow as tf

import zoo

# SavedModel's own place for files that the graph does not load; TF-Serving leaves it alone.
RECORD = Path("assets.extra") / "export.json"


def write_record(version, **facts):
    """Write `facts` and the versions of the software into a SavedModel's folder.

    Args:
        version: `pathlib.Path` of the SavedModel.
        **facts: What JSON can hold.
    """
    software = {
        "keras-gan-zoo": zoo.__version__,
        "keras": keras.version(),
        "tensorflow": tf.__version__,
    }
    path = version / RECORD
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**facts, "software": software}, indent=2) + "\n")


def record(version):
    """Return what `export.saved_model` noted about a version.

    Args:
        version: Path of the version, such as `serving/srgan/3`.

    Returns:
        Dict: `model`, `precision` (`"float32"` or `"bfloat16"`, what the graph computes in),
        `requested_precision` (`"auto"` if the exporting machine decided), `signatures` (names,
        types and shapes of what each takes and returns), `software`, and of a model on images
        `alignment` and `max_pixels`, of one that edits also `inputs` (name to shape) and, if it
        reads texts, `vocabulary`, of one that makes images from noise `latent_size` and
        `class_count` (`None` without labels).

    Raises:
        ValueError: If there is no record.
    """
    path = Path(version) / RECORD
    if not path.is_file():
        raise ValueError(
            f"`version` must be a folder that export.saved_model wrote, with {RECORD}. "
            f"Received: version={str(version)!r}"
        )
    return json.loads(path.read_text())
