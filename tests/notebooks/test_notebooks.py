"""Every tutorial runs, in a small mode, and its notebook has the cells of its source."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))


def named(path):
    return path.stem


def test_there_is_one_of_each_number():
    assert [path.stem[:2] for path in SOURCES] == [f"{n:02}" for n in range(1, len(SOURCES) + 1)]


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_runs(source, tmp_path):
    root = str(NOTEBOOKS.parent)
    ran = subprocess.run(
        [sys.executable, str(source)],
        cwd=tmp_path,
        env={**os.environ, "TUTORIAL_SMALL": "1", "MPLBACKEND": "agg", "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_notebook_is_in_step_and_was_run(source):
    """`make notebooks` remakes those that are not."""
    notebook = nbformat.read(source.with_suffix(".ipynb"), 4)
    nbformat.validate(notebook)
    of_source = jupytext.read(source)
    for made, written in zip(notebook.cells, of_source.cells, strict=True):
        assert (made.cell_type, made.source) == (written.cell_type, written.source)
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    assert outputs
    assert not [each for each in outputs if each.output_type == "error"]
    assert any({"image/png", "image/jpeg"} & {*each.get("data", {})} for each in outputs)


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_has_what_every_tutorial_has(source):
    notebook = jupytext.read(source)
    first, install = notebook.cells[:2]
    assert first.source.startswith("# ")
    assert f"/blob/main/notebooks/{source.stem}.ipynb)" in first.source
    assert install.source.startswith("%pip install")
    assert install.metadata["tags"] == ["colab"]
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert len([line for line in code.splitlines() if line.strip()]) <= 300
    assert re.search(r"\.fit\(|zoo\.restore\(", code)
