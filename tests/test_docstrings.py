"""The examples of all docstrings run and give what they say."""

import doctest
import importlib
import pathlib
import pkgutil
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import export
import pipelines
import zoo

NAMES = {
    "export": export,
    "keras": keras,
    "np": np,
    "pathlib": pathlib,
    "pipelines": pipelines,
    "tempfile": tempfile,
    "tf": tf,
    "zoo": zoo,
}
MODULES = sorted(
    info.name
    for package in (zoo, pipelines, export)
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not info.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    module = importlib.import_module(name)
    assert not doctest.testmod(module, extraglobs=NAMES, optionflags=options).failed
