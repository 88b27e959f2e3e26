"""Which image files a command reads, and where each result goes."""

import glob
from pathlib import Path

from PIL import Image

Image.init()
READABLE = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".gif"})
WRITABLE = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"})


def inputs(names):
    """Return the image files that files, folders (recursive) and glob patterns name, sorted.

    Args:
        names: Sequence of strings.

    Raises:
        ValueError: If a name stands for no image.
    """
    found = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            files = [file for file in path.rglob("*") if file.suffix.lower() in READABLE]
        elif path.is_file():
            files = [path]
        else:
            files = [Path(file) for file in glob.glob(name, recursive=True) if Path(file).is_file()]
        if not files:
            raise ValueError(
                "`IN` must be an image file, a folder that holds images, or a pattern that "
                f"matches some. Received: {name!r}"
            )
        found.update({file: _root(path, file) for file in sorted(files)})
    return found


def outputs(files, out, suffix=None):
    """Return the result's path for each input.

    One input goes to `out` itself if that looks like a file, otherwise results go into the folder
    `out`, under the names (and the subfolders) that the inputs have.

    Args:
        files: What `inputs` returned.
        out: Path of a file or a folder.
        suffix: Suffix of all results, or `None` to keep the input's where it can be written.

    Returns:
        Dict of input path to output path.

    Raises:
        ValueError: If two results would have one name, or a result would replace an input.
    """
    out = Path(out)
    if len(files) == 1 and out.suffix.lower() in WRITABLE and not out.is_dir():
        targets = {next(iter(files)): out}
    elif out.suffix and not out.is_dir():
        raise ValueError(
            f"`-o` must be a folder for {len(files)} inputs, or one file ending in "
            f"{', '.join(sorted(WRITABLE))} for one input. Received: {str(out)!r}"
        )
    else:
        targets = {file: _target(out, file, root, suffix) for file, root in files.items()}
    _check(targets)
    return targets


def _root(given, file):
    return given if given.is_dir() else file.parent


def _target(out, file, root, suffix):
    kept = file.suffix if file.suffix.lower() in WRITABLE else ".png"
    return (out / file.relative_to(root)).with_suffix(suffix or kept)


def _check(targets):
    seen = {}
    originals = {file.resolve() for file in targets}
    for file, target in targets.items():
        if target.resolve() in originals:
            raise ValueError(
                f"`-o` would replace the input {target}. Choose another folder or name."
            )
        if target in seen:
            raise ValueError(
                f"`-o` would write {file} and {seen[target]} both to {target}. "
                "Restore them in two calls, or name the folder that holds both."
            )
        seen[target] = file
