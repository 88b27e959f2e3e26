"""Everything that a deployment of TF-Serving needs, in one folder."""

import os
import re
import shutil
import uuid
from pathlib import Path

from google.protobuf import text_format

from export import parity, serving_config
from export.record import add_to_record, record
from export.saved_model import publish, unpublished, versions

_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?")
_CONFIG = Path("config") / "models.config"


def serving_bundle(model, directory, name, *, label=None, keep=2, tolerance=None, **options):
    """Export a model into a folder from which TF-Serving runs, and write all files that say how.

    ```
    DIRECTORY/models/NAME/VERSION/     the SavedModel, with warm-up requests
    DIRECTORY/config/                  models.config, batching.config, monitoring.config
    DIRECTORY/docker-compose.yml       profiles cpu and gpu; Dockerfile, kubernetes/*.yaml
    DIRECTORY/README.md                how to start it, call it and roll back
    ```

    Call it again for a new version, or for another model of the same server: earlier versions are
    not touched, and the files are made anew for what is there. A version appears complete or not
    at all, and only after `export.check` has found that it gives what the model gives; its record
    holds the differences. A server that runs loads it, and goes on to answer requests for a label
    with the version that the label means: TF-Serving refuses to move a label to a version that is
    not loaded yet. `move_label` does that afterwards.

    Args:
        model: As of `export.saved_model`.
        directory: Path of the bundle; it is created.
        name: String, under which the model is served: lower-case letters, digits, `-` and `_`.
        label: String, a label for the new version that no version has, such as `"canary"`. Defaults
            to `None`: the first version of a model is `stable`, later ones have no label.
        keep: Integer, how many of the latest versions are served at the same time, beside those
            that have a label. Defaults to 2.
        tolerance: Float, largest difference to the model to accept, in [0, 1]. Defaults to that of
            `export.check`.
        **options: Of `export.saved_model`. `warmup` defaults to `(256,)`.

    Returns:
        `pathlib.Path` of the new version.

    Raises:
        ImportError: If tensorflow-serving-api or PyYAML is not installed.
        ParityError: If the version differs from the model; nothing is published.
        ValueError: If an argument is wrong, or the model cannot be served.
    """
    directory = Path(directory)
    serving_config.require_protos()
    _check_name("name", name)
    labels = _labels(directory).get(name, {})
    if label is None:
        label = None if labels else "stable"
    else:
        _check_name("label", label)
    if label in labels:
        raise ValueError(
            f"`label`: {label!r} means version {labels[label]} of {name}. Write the new version "
            "without it, and call export.move_label when the server has loaded it."
        )
    if keep < 1:
        raise ValueError(f"`keep` must be at least 1. Received: keep={keep!r}")
    folder, options = directory / "models" / name, {"warmup": (256,), **options}
    with unpublished(model, folder, **options) as unfinished:
        alignment = options.get("alignment")
        report = parity.check(
            model, saved_model=unfinished, tolerance=tolerance, alignment=alignment
        )
        add_to_record(unfinished, parity=report.rows())
        version = publish(unfinished, folder, options.get("version"))
    _write_files(directory, {} if label is None else {name: {label: int(version.name)}}, keep)
    return version


def move_label(directory, name, label, version):
    """Let a label mean another version: to release a version, or to roll back.

    Args:
        directory: Path of the bundle.
        name: Name of the model.
        label: String, the label.
        version: Integer, a version that `config/models.config` lists. A server that runs must have
            loaded it (`/v1/models/NAME/versions/VERSION` says `AVAILABLE`), or it refuses the file.

    Raises:
        ValueError: If there is no such model or version.
    """
    directory = Path(directory)
    config = _read(directory)
    entry = next((each for each in config.model_config_list.config if each.name == name), None)
    served = [] if entry is None else list(entry.model_version_policy.specific.versions)
    if version not in served:
        raise ValueError(
            f"`version` must be one that is served of {name!r}: {served}. Received: {version!r}"
        )
    _check_name("label", label)
    _write_files(directory, {name: {label: version}}, keep=1, at_least={name: served})


def _write_files(directory, new_labels, keep, at_least=None):
    """Write the files of a bundle for the versions that are there.

    Args:
        directory: `pathlib.Path` of the bundle.
        new_labels: Dict of model name to dict of label to version.
        keep: As of `serving_bundle`.
        at_least: Dict of model name to versions that are to be served besides.
    """
    labels, models = _labels(directory), {}
    for folder in sorted((directory / "models").iterdir()):
        present, name = versions(folder), folder.name
        if present:
            named = {**labels.get(name, {}), **new_labels.get(name, {})}
            further = (at_least or {}).get(name, ())
            models[name] = {
                "base_path": f"/models/{name}",
                "versions": sorted({*present[-keep:], *further, *named.values()} & {*present}),
                "labels": named,
                "record": record(folder / str(present[-1])),
            }
    files = {
        _CONFIG: serving_config.models_config(models),
        "config/batching.config": serving_config.batching_config(),
        "config/monitoring.config": serving_config.monitoring_config(),
        **serving_config.require_manifests().files(models),
    }
    for path, text in files.items():
        _replace(directory / path, text)


def _labels(directory):
    """Labels of the models of a bundle, as its `models.config` has them, edits by hand included.

    Raises:
        ValueError: If a label means a version that is not there.
    """
    found = {}
    for each in _read(directory).model_config_list.config:
        labels = found[each.name] = dict(each.version_labels)
        present = versions(directory / "models" / each.name)
        for label, version in labels.items():
            if version not in present:
                raise ValueError(
                    f"The label {label!r} of {each.name!r} means version {version}, which is not "
                    f"there ({present}). Change '{directory / _CONFIG}'."
                )
    return found


def _read(directory):
    config, path = serving_config.require_protos().ModelServerConfig(), directory / _CONFIG
    try:
        if path.is_file():
            text_format.Parse(path.read_text(encoding="utf-8"), config)
    except text_format.ParseError as error:
        raise ValueError(f"'{path}' cannot be read as a ModelServerConfig: {error}") from error
    return config


def _check_name(argument, name):
    if not _NAME.fullmatch(str(name)):
        raise ValueError(
            f"`{argument}` must consist of lower-case letters, digits, - and _, and begin and end "
            f"with a letter or digit. Received: {argument}={name!r}"
        )


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
