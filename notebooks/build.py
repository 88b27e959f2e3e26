"""Make the notebooks: run each `NN_name.py` and keep it, with its outputs, as `NN_name.ipynb`.

    python notebooks/build.py                # those that have changed; runs what has other code
    python notebooks/build.py 01 07 --force  # these, whether changed or not
    python notebooks/build.py --check        # say which are not in step with their source

Cells tagged `colab` (installation, TensorBoard's page) stay in the notebook and are not run here.
"""

import argparse
import base64
import copy
import io
import os
import shutil
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image

HERE = Path(__file__).resolve().parent
_MINUTES = 30  # for one notebook


def main():
    """Parse arguments, build or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="beginnings of names; all without any")
    parser.add_argument("--force", action="store_true", help="also what has not changed")
    parser.add_argument("--check", action="store_true", help="compare only")
    arguments = parser.parse_args()
    chosen = [path for path in sources() if path.name.startswith(tuple(arguments.names or [""]))]
    stale = [path for path in chosen if arguments.force or not in_step(path)]
    if arguments.check:
        sys.exit(f"Run `make notebooks`: {[path.stem for path in stale]}" if stale else 0)
    for path in stale:
        began = time.perf_counter()
        notebook = jupytext.read(path)
        if arguments.force or not take_outputs(notebook, path.with_suffix(".ipynb")):
            run(notebook, HERE / "output" / path.stem)
        write(notebook, path.with_suffix(".ipynb"))
        print(f"{path.stem}: {time.perf_counter() - began:.0f} s", flush=True)


def sources():
    """Return the paths of all tutorials' sources, in order."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def in_step(path):
    """Return whether the notebook of a source has the cells of the source."""
    made = path.with_suffix(".ipynb")
    return made.is_file() and _cells(nbformat.read(made, 4)) == _cells(jupytext.read(path))


def _cells(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def take_outputs(notebook, made):
    """Give a notebook the outputs of an older one that has the same code, if it has.

    Args:
        notebook: What to fill.
        made: Path of the older one.

    Returns:
        Whether the code is the same.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    older = nbformat.read(made, 4).cells if made.is_file() else []
    older = [cell for cell in older if cell.cell_type == "code"]
    if [cell.source for cell in cells] != [cell.source for cell in older]:
        return False
    for cell, done in zip(cells, older, strict=True):
        cell.outputs, cell.execution_count = done.outputs, None
    return True


def run(notebook, folder):
    """Run a notebook and give it the outputs.

    Args:
        notebook: What to run.
        folder: Where its files go.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    here = [cell for cell in notebook.cells if "colab" not in cell.metadata.get("tags", [])]
    ran = nbformat.v4.new_notebook(cells=copy.deepcopy(here))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    client = NotebookClient(
        ran, timeout=60 * _MINUTES, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute()
    for cell, done in zip(here, ran.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = [_kept(each) for each in done.outputs if _says_something(each)]
            cell.execution_count = None


def write(notebook, path):
    """Write a notebook with what does not change from run to run."""
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index}"  # random ones would change with each run
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat_minor = 5
    unfinished = path.with_suffix(".unfinished")
    nbformat.write(notebook, unfinished)
    os.replace(unfinished, path)


def _says_something(output):
    """Leave out what is for the log; TensorFlow writes it to the standard output of notebooks."""
    if output.output_type != "stream":
        return True
    lines = output.text.splitlines(keepends=True)
    output.text = "".join(line for line in lines if not line.startswith("INFO:"))
    return output.name != "stderr" and output.text.strip()


def _kept(output):
    """An output without what differs from run to run, and with pictures as small as JPEG is."""
    output.pop("execution_count", None)
    data = output.get("data", {})
    if "image/png" in data:
        picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=88)
        if len(file.getvalue()) < len(data["image/png"]) * 3 / 4:
            del data["image/png"]
            data["image/jpeg"] = base64.b64encode(file.getvalue()).decode()
    if output.output_type == "execute_result":
        output.execution_count = None
    return output


if __name__ == "__main__":
    main()
