"""Everything that a deployment of TF-Serving needs, in one folder."""

import os
import re
import shutil
import uuid
from pathlib import Path

from google.protobuf import text_format

from export import serving_config
from export.record import record
from export.saved_model import saved_model, versions

_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?")


def serving_bundle(model, directory, name, *, label="stable", keep=2, **options):
    """Export a model into a folder from which TF-Serving runs, and write all files that say how.

    ```
    DIRECTORY/models/NAME/VERSION/     the SavedModel, with warm-up requests
    DIRECTORY/config/                  models.config, batching.config, monitoring.config
    DIRECTORY/docker-compose.yml       profiles cpu and gpu; Dockerfile, kubernetes/*.yaml
    DIRECTORY/README.md                how to start it, call it and roll back
    ```

    Call it again for a new version, or for another model of the same server: earlier versions are
    not touched, and the files are made anew for what is there. A version appears complete or not
    at all.

    Args:
        model: As of `export.saved_model`.
        directory: Path of the bundle; it is created.
        name: String, under which the model is served: lower-case letters, digits, `-` and `_`.
        label: String, the version label that is to mean the new version: `"stable"` (default), or
            e.g. `"canary"` to leave `stable` where it is.
        keep: Integer, how many of the latest versions are served at the same time, beside those
            that have a label. Defaults to 2, so that rolling back is an edit of one number.
        **options: Of `export.saved_model`. `warmup` defaults to `(256,)`, `max_pixels` to
            25,000,000.

    Returns:
        `pathlib.Path` of the new version.

    Raises:
        ImportError: If tensorflow-serving-api is not installed.
        ValueError: If an argument is wrong, or the model cannot be served.
    """
    directory = Path(directory)
    serving_config.require_protos()
    if not _NAME.fullmatch(str(name)):
        raise ValueError(
            "`name` must consist of lower-case letters, digits, - and _, and begin and end with a "
            f"letter or digit. Received: name={name!r}"
        )
    if not _NAME.fullmatch(str(label)) or keep < 1:
        raise ValueError(
            "`label` must be a word such as stable, and `keep` at least 1. "
            f"Received: label={label!r}, keep={keep!r}"
        )
    labels = _labels(directory)  # a file that cannot be read is found before anything is written
    options = {"warmup": (256,), "max_pixels": 25_000_000, **options}
    version = saved_model(model, directory / "models" / name, **options)
    labels.setdefault(name, {})[label] = int(version.name)
    labels[name].setdefault("stable", int(version.name))
    write_files(directory, labels, keep)
    return version


def write_files(directory, labels, keep=2):
    """Write the files of a bundle for the versions that are there.

    Args:
        directory: `pathlib.Path` of the bundle.
        labels: Dict of model name to dict of label to version.
        keep: As of `serving_bundle`.
    """
    from export import manifests  # needs PyYAML, of the extra `serving`

    models = {}
    for folder in sorted((directory / "models").iterdir()):
        present = versions(folder)
        if present:
            named = {key: each for key, each in labels.get(folder.name, {}).items()
                     if each in present}  # fmt: skip
            models[folder.name] = {
                "base_path": f"/models/{folder.name}",
                "versions": sorted({*present[-keep:], *named.values()}),
                "labels": named,
                "record": record(folder / str(present[-1])),
            }
    files = {
        "config/models.config": serving_config.models_config(models),
        "config/batching.config": serving_config.batching_config(),
        "config/monitoring.config": serving_config.monitoring_config(),
        **manifests.files(models),
    }
    for path, text in files.items():
        _replace(directory / path, text)


def _labels(directory):
    """Labels of the models of a bundle, as its `models.config` has them, edits by hand included."""
    path = directory / "config" / "models.config"
    if not path.is_file():
        return {}
    config = serving_config.require_protos().ModelServerConfig()
    try:
        text_format.Parse(path.read_text(encoding="utf-8"), config)
    except text_format.ParseError as error:
        raise ValueError(f"'{path}' cannot be read as a ModelServerConfig: {error}") from error
    return {each.name: dict(each.version_labels) for each in config.model_config_list.config}


def _replace(path, text):
    """Write a file in one step, for a server may be reading it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        if path.is_file():
            shutil.copymode(path, unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
