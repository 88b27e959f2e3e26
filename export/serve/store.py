"""Which versions of which models are there, loaded while others answer, and let go when unused."""

import contextlib
import gc
import logging
import threading
from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format

from export.saved_model import versions as versions_in
from export.serve.errors import Code, RequestError
from export.serving_config import require_protos
from export.warmup import input_specs, read_warmup

_LOG = logging.getLogger("zoo.serve")
_DEFAULT_SIGNATURE = "serving_default"
#: States, in TF-Serving's words.
START, LOADING, AVAILABLE, UNLOADING, END = "START", "LOADING", "AVAILABLE", "UNLOADING", "END"


class Version:
    """One version of a model.

    Attributes:
        number: Integer.
        state: `"LOADING"`, `"AVAILABLE"`, ...
        error: Text of what kept it from loading, or `""`.
        signatures: Dict of name to concrete function.
    """

    def __init__(self, path):
        self.path, self.number = path, int(path.name)
        self.state, self.error = START, ""
        self.signatures, self._loaded = {}, None
        self._users = 0
        self._lock = threading.Condition()

    def load(self, turns):
        """Load and warm up; a failure is kept in `error`.

        Args:
            turns: As of `Store`.
        """
        self.state = LOADING
        try:
            loaded = tf.saved_model.load(str(self.path))
            self.signatures = dict(loaded.signatures)
            self._loaded = loaded  # signatures do not keep their variables alive
            if not self.signatures:
                raise ValueError("the SavedModel has no signatures")
            for name, inputs in read_warmup(self.path):
                with turns:
                    self.signatures[name](**{key: tf.constant(x) for key, x in inputs.items()})
            self.state = AVAILABLE
            _LOG.info("%s: version %d is available", self.path.parent.name, self.number)
        except Exception as error:
            # Whatever is wrong with a version, the others go on.
            self.signatures, self.state, self.error = {}, END, f"{type(error).__name__}: {error}"
            _LOG.error("%s: version %d cannot be loaded: %s", self.path.parent.name, self.number,
                       self.error)  # fmt: skip

    @contextlib.contextmanager
    def used(self):
        """Keep the version loaded while a request runs."""
        with self._lock:
            if self.state != AVAILABLE:
                raise RequestError(Code.UNAVAILABLE, f"Version {self.number} is {self.state}")
            self._users += 1
        try:
            yield self
        finally:
            with self._lock:
                self._users -= 1
                self._lock.notify_all()

    def unload(self):
        """Wait until no request uses it, then let go of it."""
        with self._lock:
            self.state = UNLOADING
            while self._users:
                self._lock.wait()
            self.signatures, self._loaded = {}, None
            self.state = END
        gc.collect()  # a SavedModel refers to itself: its weights would wait for the collector

    def signature(self, name):
        """The concrete function of a signature.

        Raises:
            RequestError: If there is none of that name.
        """
        name = name or _DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise RequestError(
                Code.INVALID_ARGUMENT,
                f'Serving signature name: "{name}" not found in signature def. '
                f"There are: {', '.join(sorted(self.signatures))}",
            )
        return self.signatures[name]

    def inputs(self, name):
        """Dict of name to `tf.TensorSpec` of what a signature takes."""
        return input_specs(self.signature(name))


class Model:
    """The versions of a model that are or were served."""

    def __init__(self, name):
        self.name = name
        self.versions, self.labels = {}, {}

    def find(self, number=None, label=None):
        """Return a version that is available: of a number, a label, or the latest.

        Raises:
            RequestError: If there is none.
        """
        if label is not None:
            if label not in self.labels:
                raise RequestError(
                    Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}"
                )
            number = self.labels[label]
        if number is not None:
            found = self.versions.get(number)
        else:
            ready = [each for each in self.versions.values() if each.state == AVAILABLE]
            found = max(ready, key=lambda each: each.number, default=None)
        if found is None or found.state != AVAILABLE:
            wanted = "" if number is None else f", version: {number}"
            raise RequestError(
                Code.NOT_FOUND, f"Servable not found for request: {self.name}{wanted}"
            )
        return found


class Store:
    """All models of a folder, once it is opened looked after by a thread.

    Args:
        directory: Path of a bundle (`export.serving_bundle`), of a folder of models, each with its
            numbered versions, or of one model.
        poll_seconds: Float, how often the folder is looked at. Defaults to 2.
        turns: Semaphore that is held while something is computed. Defaults to `None`: one alone.

    Raises:
        ValueError: If there is no version to serve.
    """

    def __init__(self, directory, poll_seconds=2.0, turns=None):
        self.directory, self.poll_seconds = Path(directory), poll_seconds
        self.turns = threading.BoundedSemaphore() if turns is None else turns
        self.models = {}
        self._config = None
        self._stopped = threading.Event()
        self._changing = threading.Lock()
        if not self.wanted():
            raise ValueError(
                f"`directory` must hold versions, such as {self.directory}/NAME/1/saved_model.pb. "
                f"Received: {str(directory)!r}"
            )
        self._thread = threading.Thread(target=self._poll, name="zoo-serve-poll", daemon=True)

    def open(self):
        """Load what is there, and look after it from now on."""
        self.refresh()
        self._thread.start()

    def model(self, name):
        """A model by its name.

        Raises:
            RequestError: If there is none.
        """
        if name not in self.models:
            raise RequestError(Code.NOT_FOUND, f"Servable not found for request: Latest({name})")
        return self.models[name]

    def wanted(self):
        """What is to be served: dict of name to (folder, versions, labels).

        A `config/models.config` decides where there is one; else it is the latest version of each.
        """
        path = self.directory / "config" / "models.config"
        if self._config is not None:
            return self._configured(self._config)
        if path.is_file():
            config = require_protos().ModelServerConfig()
            return self._configured(text_format.Parse(path.read_text(encoding="utf-8"), config))
        folders = [self.directory, *sorted(p for p in self.directory.glob("*") if p.is_dir()),
                   *sorted((self.directory / "models").glob("*"))]  # fmt: skip
        found = {folder.resolve().name: (folder, _complete(folder)) for folder in folders}
        return {name: (folder, present[-1:], {})
                for name, (folder, present) in found.items() if present}  # fmt: skip

    def configure(self, config):
        """Serve what a `ModelServerConfig` says, in place of what the folder says.

        Raises:
            RequestError: If it names a model that is not in the folder.
        """
        missing = [
            name for name, (_, present, _) in self._configured(config).items() if not present
        ]
        if missing or not config.model_config_list.config:
            raise RequestError(
                Code.INVALID_ARGUMENT,
                f"The configuration must name models that are there. Missing: {missing}",
            )
        self._config = config
        self.refresh()

    def _configured(self, config):
        wanted = {}
        for each in config.model_config_list.config:
            # A bundle names the folders that its containers see.
            folder = self.directory / "models" / Path(each.base_path).name
            present, policy = _complete(folder), each.model_version_policy
            chosen = present[-1:]
            if policy.HasField("specific"):
                chosen = [number for number in policy.specific.versions if number in present]
            elif policy.HasField("all"):
                chosen = present
            elif policy.latest.num_versions > 1:
                chosen = present[-policy.latest.num_versions :]
            wanted[each.name] = folder, chosen, dict(each.version_labels)
        return wanted

    def refresh(self):
        """Load what is new, then let go of what is no longer wanted."""
        with self._changing:
            wanted = self.wanted()
            for name, (folder, numbers, labels) in wanted.items():
                model = self.models.setdefault(name, Model(name))
                for number in numbers:
                    known = model.versions.get(number)
                    if known is None or (known.state == END and not known.error):
                        model.versions[number] = version = Version(folder / str(number))
                        version.load(self.turns)
                model.labels = _movable(model, labels)
                loaded = any(each.state == AVAILABLE and number in numbers
                             for number, each in model.versions.items())  # fmt: skip
                for number, version in list(model.versions.items()):
                    if number not in numbers and version.state == AVAILABLE and loaded:
                        threading.Thread(target=version.unload, daemon=True).start()
            for name in set(self.models) - set(wanted):
                for version in self.models.pop(name).versions.values():
                    if version.state == AVAILABLE:
                        threading.Thread(target=version.unload, daemon=True).start()

    def close(self):
        """Stop looking at the folder."""
        self._stopped.set()
        self._thread.join()

    def _poll(self):
        while not self._stopped.wait(self.poll_seconds):
            try:
                self.refresh()
            except Exception:
                # A models.config in the middle of an edit must not end the watching.
                _LOG.exception("%s cannot be read; what is loaded goes on", self.directory)


def _movable(model, labels):
    """Labels as they may be moved: like TF-Serving, only to versions that are loaded."""
    moved = {}
    for label, number in labels.items():
        version = model.versions.get(number)
        if version is not None and version.state == AVAILABLE:
            moved[label] = number
        elif label in model.labels:
            _LOG.error("%s: %s stays at version %d: version %d is not available", model.name, label,
                       model.labels[label], number)  # fmt: skip
            moved[label] = model.labels[label]
    return moved


def _complete(folder):
    """Numbers of the versions of a folder that are there as a whole."""
    return [number for number in versions_in(folder)
            if (folder / str(number) / "saved_model.pb").is_file()]  # fmt: skip
