"""What an exported version says about itself: in a file, and to clients of a server."""

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


def describe_signature(facts):
    """Return a `tf.function` that tells clients of a server what a model is.

    It takes `names`, a batch `(N,)` of strings, and returns `values`, the facts of these names in
    JSON each; of `"*"` all of them, and of a name that is not known the empty string.

    Args:
        facts: Dict of what JSON can hold.
    """
    answers = {"*": facts, **facts}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "names")], autograph=False)
    def describe(names):
        values = tf.fill(tf.shape(names), "")
        for name, fact in answers.items():
            values = tf.where(names == name, json.dumps(fact), values)
        return {"values": values}

    return describe


def add_to_record(version, **facts):
    """Add `facts` to the record of a version that nobody sees yet.

    Args:
        version: `pathlib.Path` of the SavedModel.
        **facts: What JSON can hold.
    """
    (version / RECORD).write_text(json.dumps({**record(version), **facts}, indent=2) + "\n")


def record(version):
    """Return what `export.saved_model` noted about a version.

    Args:
        version: Path of the version, such as `serving/srgan/3`.

    Returns:
        Dict: `model`, `precision` (`"float32"` or `"bfloat16"`, what the graph computes in),
        `requested_precision` (`"auto"` if the exporting machine decided), `signatures` (names,
        types and shapes of what each takes and returns), `software`, of a version in a bundle
        `parity` (what `export.check` found: see `export.report.Difference`), and of a model on
        images `alignment`, `max_pixels`, `scale`, `radius` (how far it sees, px; `None` for the
        whole image) and `makes_colors`, of one that edits also `inputs` (name to shape), and
        `vocabulary` if it reads texts or `attributes` if it changes those, of one that makes images
        from noise `latent_size` and `class_count` (`None` without labels).

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
