"""Every block of Python in the README and the documentation runs; every command exists.

The blocks of a page run one after the other in one namespace, in a folder with the files that they
name; training is cut to one step. These, and the site, are run by `make test-docs`.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import keras
import numpy as np
import pytest
import skimage.data
import tensorflow as tf
import typer
from PIL import Image

import zoo
from zoo.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md.in")),
]


def blocks(page, language):
    """The blocks of a language, with snippets put in."""

    def snippet(match):
        path, section = match[1].split(":")
        pattern = rf"# --8<-- \[start:{section}\]\n(.*?)# --8<-- \[end:{section}\]"
        return re.search(pattern, (ROOT / path).read_text(), flags=re.DOTALL)[1]

    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [re.sub(r'--8<-- "(.+?)"', snippet, block) for block in found]


def pages_with(language):
    chosen = [page for page in PAGES if blocks(page, language)]
    return pytest.mark.parametrize("page", chosen, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture
def here(tmp_path, monkeypatch, mirrored):
    """A folder with what the pages name, and training that ends after a step."""
    monkeypatch.chdir(tmp_path)
    # A process has one strategy: see the fixture.
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda: mirrored)
    photograph = skimage.data.chelsea()[:160, 100:260]
    for name in ("photos", "photos/validation"):
        Path(name).mkdir()
        for index in range(16):
            Image.fromarray(np.roll(photograph, index, axis=0)).save(f"{name}/{index}.png")
    Image.fromarray(photograph[:64, :64]).save("scan.tif")
    fit = keras.Model.fit

    def short_fit(self, *arguments, **options):
        return fit(self, *arguments, **{**options, "epochs": 1, "steps_per_epoch": 1})

    monkeypatch.setattr(keras.Model, "fit", short_fit)
    return tmp_path


@pytest.mark.documentation
@pages_with("python")
def test_python_runs(page, here, monkeypatch):
    names = {"photo": skimage.data.chelsea()[:64, :64], "names": ["scan.png"]}
    if page.name == "README.md":
        prepare_readme(names, monkeypatch)
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)


def prepare_readme(names, monkeypatch):
    """Data that would be downloaded, models that would be trained, a server that would be there."""
    import export.client
    import pipelines

    build, draws = zoo.OldPhotoGAN, np.random.default_rng(0)
    fashion = pipelines.from_arrays(
        draws.integers(0, 256, (64, 28, 28, 1), "uint8"), labels=np.arange(64) % 10, augment=False
    )
    monkeypatch.setattr(pipelines, "from_tfds", lambda *_, **__: fashion)
    monkeypatch.setattr(zoo, "OldPhotoGAN", lambda: build(filters=(4, 8), blocks=1))
    names["images"] = np.zeros((2, 32, 32, 3), "float32")
    names["masks"] = np.zeros((2, 32, 32, 1), "float32")
    names["masks"][:, 8:16, 8:16] = 1.0
    names["face"] = skimage.data.astronaut()[45:165:2, 160:280:2]
    names["painting"], names["drawing"] = skimage.data.coffee()[:64, :64], skimage.data.cat()[:64]
    Image.fromarray(names["photo"]).save("scan.png")
    monkeypatch.setattr(zoo, "SemanticInpainting", short_search(zoo.SemanticInpainting))
    monkeypatch.setattr(export.client, "connect", lambda *_, **__: Answering())


def short_search(search):
    return lambda model, **options: search(model, steps=2, **options)


class Answering:
    """A client without a server; `tests/export/test_client.py` has one."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def restore(self, image):
        return zoo.Photo.open(image)

    def run_files(self, files, batch_size=None):
        return files


def commands():
    for page in PAGES:
        for block in blocks(page, "sh"):
            joined = block.replace("\\\n", " ")
            for line in joined.splitlines():
                line = line.split("  #")[0].split(" #")[0].strip()
                if line.startswith("zoo "):
                    yield pytest.param(line, id=f"{page.name}: {line[:60]}")


@pytest.mark.parametrize("line", commands())
def test_command_exists_with_these_options(line):
    command, context = typer.main.get_command(app), None
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        context = typer.Context(command, info_name="zoo", parent=context)
        command = command.commands[words[0]]
        words = words[1:]
    command.make_context("zoo", words, parent=context)


@pytest.mark.documentation
def test_site_builds_without_warnings(tmp_path):
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    environment["DISABLE_MKDOCS_2_WARNING"] = "true"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert built.returncode == 0, built.stderr[-3000:]
    for name in ("variants/srgan", "presets/old_photo", "tutorials/01_quick_start", "commands"):
        assert (tmp_path / "site" / name / "index.html").is_file(), name
    page = (tmp_path / "site" / "variants" / "dynamic_gan" / "index.html").read_text()
    assert "highlight" in page
    mathjax = tmp_path / "site" / "assets" / "mathjax"
    assert "assets/mathjax/tex-chtml.js" in page
    assert (mathjax / "tex-chtml.js").is_file()
    assert (mathjax / "output/chtml/fonts/woff-v2/MathJax_Main-Regular.woff").is_file()
    assert "<blockquote" not in page  # examples are shown as code
