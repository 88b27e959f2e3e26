"""`zoo restore`: image files in, restored image files out."""

import time

from rich.progress import Progress

import zoo
from zoo.commands import files
from zoo.core.hardware import chosen_precision
from zoo.core.tiling import RestoredRows, as_holes


def restore(names, out, model, tile=None, precision="auto", progress=True, mask=None):
    """Restore image files.

    All inputs are checked before the first is restored. The first failure stops the command;
    results that are complete by then stay. Results are written while they are computed, so that
    memory does not grow with them (except for WebP).

    Args:
        names: Files, folders and glob patterns.
        out: File (for one input) or folder.
        model: As of `zoo.restore`.
        tile: Side of a tile in px, or `None` to choose.
        precision: As in `zoo.restore`.
        progress: Bool, show a progress bar.
        mask: File of a gray image, white in holes, for a preset that fills them and one input.

    Returns:
        List of dicts: `input`, `output`, `width`, `height` of the result, `precision` that was
        computed in, `seconds`.
    """
    precision = chosen_precision(precision)
    targets = files.outputs(files.inputs(names), out)
    if mask is not None and len(targets) > 1:
        raise ValueError(f"`--mask` is for one image. Received: {len(targets)} images")
    holes = None if mask is None else as_holes(mask)
    report = []
    with Progress(transient=True, disable=not progress) as bars:
        every = bars.add_task("Restoring", total=len(targets))
        for source, target in targets.items():
            began = time.perf_counter()
            one = bars.add_task(source.name, total=1.0, visible=len(targets) < 2)

            def report_tiles(done, total, one=one):
                bars.update(one, completed=done, total=total)

            photo = zoo.Photo.open(source)
            rows = RestoredRows(
                model, photo.pixels, tile, precision=precision, progress=report_tiles, holes=holes
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            photo.restored(rows, model.name).save(target)
            height, width = rows.shape[:2]
            seconds = round(time.perf_counter() - began, 3)
            report.append(
                {"input": str(source), "output": str(target), "width": width, "height": height,
                 "precision": rows.precision, "seconds": seconds}
            )  # fmt: skip
            bars.remove_task(one)
            bars.advance(every)
    return report
