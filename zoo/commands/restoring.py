"""`zoo restore`: image files in, restored image files out."""

import dataclasses
import time
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import Progress

import export
import zoo
from zoo.commands import files
from zoo.core.hardware import chosen_precision
from zoo.core.tiling import RestoredRows, as_holes


def restore(names, out, model, tile=None, precision="auto", progress=True, mask=None):
    """Restore image files.

    All inputs are checked before the first is restored. The first failure stops the command;
    results that are complete by then stay. Results are written while they are computed, so that
    memory does not grow with them (except for WebP, and networks that see the whole image).

    Args:
        names: Files, folders and glob patterns.
        out: File (for one input) or folder.
        model: As of `zoo.restore`, or a `Painter`.
        tile: Side of a tile in px, or `None` to choose.
        precision: As in `zoo.restore`.
        progress: Bool, show a progress bar.
        mask: File of a gray image, white in holes, for a preset that fills them and one input.

    Returns:
        List of dicts: `input`, `output`, `width`, `height` of the result, `precision` that was
        computed in, `seconds`.
    """
    chosen_precision(precision)  # raises before anything is read
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
            network = model.network_of(photo) if isinstance(model, Painter) else model
            rows = RestoredRows(
                network, photo.pixels, tile, precision=precision, progress=report_tiles, holes=holes
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            photo.restored(rows, network.name).save(target)
            height, width = rows.shape[:2]
            seconds = round(time.perf_counter() - began, 3)
            report.append(
                {"input": str(source), "output": str(target), "width": width, "height": height,
                 "precision": rows.precision, "seconds": seconds}
            )  # fmt: skip
            bars.remove_task(one)
            bars.advance(every)
    return report


def model_of(places):
    """Load what restores.

    Args:
        places: Dict of `--preset`, `--server` and `--tflite` to where it is; one of them is given.

    Returns:
        `(model, its name or address)`: a model of the zoo, a client, or an `export.TFLiteModel`.

    Raises:
        ValueError: If none is given, or several.
    """
    given = {flag: place for flag, place in places.items() if place is not None}
    if len(given) != 1:
        raise ValueError(f"One of {', '.join(places)} is needed. Received: {given or 'none'}")
    ((flag, place),) = given.items()
    if flag == "--preset":
        return zoo.from_preset(place), place
    if flag == "--tflite":
        return export.TFLiteModel(place), place
    try:
        from export import client
    except ImportError as error:
        raise ValueError(
            f"`--server` needs more: pip install 'keras-gan-zoo[serving]'. Missing: {error.name}"
        ) from error
    return client.connect(place), place


def remote_of(client, asked, strength, keep_color):
    """Return the model of a server, with what it takes beside images.

    Args:
        client: As of `export.client.connect`.
        asked: As of `network_of`.
        strength: As of `network_of`; a server has no such knob.
        keep_color: As of `network_of`; neither this.

    Raises:
        ValueError: If something does not fit the model.
    """
    from export.client import RemoteModel

    if (strength, keep_color) != (1.0, 0.0):
        raise ValueError("`--strength` and `--keep-color` are for `--preset`, not for `--server`.")
    styles, others = asked["--style"], {}
    if len(styles) > 1:
        raise ValueError(f"`--style` takes one picture with `--server`. Received: {styles}")
    if styles:
        others["style_bytes"] = Path(styles[0]).read_bytes()
    if asked["--text"]:
        others["texts"] = asked["--text"]
    if asked["--change"]:
        names = list(client.describe().get("attributes", ()))
        others["attributes"] = _vector(asked["--change"], names)
    return RemoteModel(client, others)


def _vector(changes, names):
    unknown = sorted(set(changes) - set(names))
    if unknown:
        raise ValueError(f"`--change` takes {', '.join(names)}. Received: {', '.join(unknown)}")
    return [float(changes.get(name, 0.0)) for name in names]


def network_of(model, asked, strength, keep_color):
    """Return what of a model restores, paints or edits as is asked for.

    Args:
        model: A model of the zoo.
        asked: Dict of `--style` (files of style images), `--change` (dict of attributes) and
            `--text` to what was given, which only the model that it is for may have.
        strength: Float in [0, 1], share of the result; of style transfer, share of the style.
        keep_color: Float, see `zoo.with_fidelity`. Of style transfer, anything but 0 keeps colours.

    Returns:
        A model as of `zoo.restore`, or a `Painter`.

    Raises:
        ValueError: If something does not fit the model, or it needs what was not given.
    """
    kinds = {
        "--style": zoo.StyleTransferGAN,
        "--change": zoo.FaceAttributeGAN,
        "--text": zoo.MultimodalGAN,
    }
    for flag, kind in kinds.items():
        if bool(asked[flag]) != isinstance(model, kind):
            needs = "needs" if isinstance(model, kind) else "has no use for"
            raise ValueError(
                f"{model.name!r}, a {type(model).__name__}, {needs} `{flag}`. "
                f"Received: {asked[flag]!r}"
            )
    if isinstance(model, zoo.DynamicGAN):
        raise ValueError(
            f"{model.name!r}, a DynamicGAN, makes frames: "
            "`zoo.animate(model, photo, pipelines.effects(...)[0])` in Python."
        )
    if asked["--style"]:
        return Painter(model, asked["--style"], strength, bool(keep_color))
    if asked["--change"]:
        model = model.editor_of(asked["--change"])
    elif asked["--text"]:
        model = model.editor_of(asked["--text"])
    if (strength, keep_color) != (1.0, 0.0):
        if isinstance(model, export.TFLiteModel):
            raise ValueError("`--strength` and `--keep-color` are for `--preset`, not `--tflite`.")
        model = zoo.with_fidelity(model, strength, keep_color)
    return model


@dataclasses.dataclass
class Painter:
    """A model and styles: what paints a photograph depends on the colours that it has.

    Args:
        model: `zoo.StyleTransferGAN`.
        styles: Files of style images.
        strength: As of `zoo.stylize`.
        keep_color: As of `zoo.stylize`.
    """

    model: zoo.StyleTransferGAN
    styles: list
    strength: float
    keep_color: bool

    def network_of(self, photo):
        """Return the network that paints a `zoo.Photo`."""
        return zoo.styled_network(
            self.model, photo, self.styles, strength=self.strength, keep_color=self.keep_color
        )


def restore_in_stages(names, out, restorer, tile=None, precision="auto", show_steps=None):
    """Restore image files with a restorer of several stages.

    Args:
        names: As of `restore`, like `out`, `tile` and `precision`.
        out: File (for one input) or folder.
        restorer: `zoo.TwoStageRestorer` or one of its kind.
        tile: Side of a tile in px, or `None` to choose.
        precision: As in `zoo.restore`.
        show_steps: Path of a PNG to write for one input: the photograph and what each stage makes
            of it, side by side. `None` (default) writes none.

    Returns:
        List of dicts as of `restore`, with the `stages` that were run.
    """
    chosen_precision(precision)  # raises before anything is read
    targets = files.outputs(files.inputs(names), out)
    if show_steps is not None and len(targets) > 1:
        raise ValueError(f"`--show-steps` is for one image. Received: {len(targets)} images")
    report = []
    for source, target in targets.items():
        began = time.perf_counter()
        photo = zoo.Photo.open(source)
        steps = [("photograph", photo), *restorer.steps(photo, tile=tile, precision=precision)]
        target.parent.mkdir(parents=True, exist_ok=True)
        steps[-1][1].save(target)
        if show_steps is not None:
            _save_side_by_side([picture.pixels for _, picture in steps], show_steps)
        height, width = steps[-1][1].pixels.shape[:2]
        seconds = round(time.perf_counter() - began, 3)
        report.append(
            {"input": str(source), "output": str(target), "width": width, "height": height,
             "precision": chosen_precision(precision, photo.pixels.dtype), "seconds": seconds,
             "stages": [name for name, _ in steps[1:]]}
        )  # fmt: skip
    return report


def _save_side_by_side(pictures, path, gap=4):
    """Write 8 or 16 bit pictures of any sizes as one PNG, each as high as the first."""
    height = pictures[0].shape[0]
    shown = []
    for pixels in pictures:
        levels = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
        colours = levels if levels.ndim == 2 else levels[..., : 1 if levels.shape[2] < 3 else 3]
        image = Image.fromarray(colours.squeeze()).convert("RGB")
        shown.append(image.resize((round(image.width * height / image.height), height)))
    width = sum(image.width + gap for image in shown) - gap
    sheet, left = Image.new("RGB", (width, height), "white"), 0
    for image in shown:
        sheet.paste(image, (left, 0))
        left += image.width + gap
    zoo.Photo.from_pil(sheet).save(path)
