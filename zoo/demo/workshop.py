"""What the demo page does, without the page: image files in, image files out."""

import functools
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import pipelines
import zoo
from zoo.core.tiling import RestoredRows, as_holes

_PREVIEW_SIDE = 1600  # px; what a browser shows smoothly


class Workshop:
    """Works on photographs for a page.

    Args:
        presets: Names or folders of presets that are offered. Defaults to `None`: all there are.
        tile: Integer, as of `zoo.restore`. Defaults to `None`.

    Attributes:
        folder: `pathlib.Path` of the files that it writes; they go with the object.
    """

    def __init__(self, presets=None, tile=None):
        self._names = list(zoo.list_presets() if presets is None else presets)
        self._tile = tile
        self._temporary = tempfile.TemporaryDirectory(prefix="zoo-demo-")
        self.folder = Path(self._temporary.name)
        self._load = functools.lru_cache(maxsize=4)(zoo.from_preset)

    @functools.cached_property
    def kinds(self):
        """Dict of the names of presets to their classes."""
        return {
            name: vars(zoo)[zoo.preset_record(name)["model"]["class_name"]] for name in self._names
        }

    def offered(self, *kinds, but=()):
        """Presets of some classes.

        Args:
            *kinds: Classes.
            but: Tuple of classes that are left out.

        Returns:
            List of `(what is shown, name)`, by task.
        """
        found = [
            (f"{kind.task}: {Path(name).name}", name)
            for name, kind in self.kinds.items()
            if issubclass(kind, kinds) and not issubclass(kind, tuple(but))
        ]
        return sorted(found)

    def attributes(self, preset):
        """Names of the attributes that a preset changes."""
        return list(self._load(preset).attributes)

    # ------------------------------------------------------------------ work

    def restore(self, path, preset, strength=1.0, keep_color_px=0.0, progress=None):
        """Restore a photograph.

        Args:
            path: Path of an image file.
            preset: Name of a preset of one model.
            strength: As of `zoo.with_fidelity`.
            keep_color_px: As of `zoo.with_fidelity`.
            progress: Function of `(done, total)`, or `None`.

        Returns:
            `((before, after), path)`: pictures to show, of one size, and the file to download.

        Raises:
            ValueError: If there is no photograph, or it cannot be restored.
        """
        model = self._load(preset)
        if (strength, keep_color_px) != (1.0, 0.0):
            model = zoo.with_fidelity(model, strength, keep_color_px)
        return self._run(path, model, progress)

    def fill(self, painted, preset, progress=None):
        """Fill what was painted over.

        Args:
            painted: Dict of an image editor: `background`, the path of the image, and `layers`,
                paths of pictures that are opaque where something was painted.
            preset: Name of a preset that fills holes.
            progress: As of `restore`.

        Returns:
            As of `restore`.
        """
        if not painted or not painted.get("background"):
            raise ValueError("Choose a photograph first.")
        photo = zoo.Photo.open(painted["background"])
        if photo.pixels.ndim == 3 and photo.pixels.shape[2] == 4:  # as editors write photographs
            photo = photo.restored(np.ascontiguousarray(photo.pixels[..., :3]), None)
        size = photo.pixels.shape[1::-1]
        layers = [Image.open(each).convert("RGBA").resize(size) for each in painted["layers"]]
        mask = np.zeros(size[::-1], bool)
        for layer in layers:
            mask |= np.asarray(layer)[..., 3] > 127
        if not mask.any():
            raise ValueError("Paint over what is to be filled first.")
        return self._run(photo, self._load(preset), progress, as_holes(mask))

    def in_stages(self, path, preset, off=(), progress=None):
        """Restore an old photograph stage by stage.

        Args:
            path: As of `restore`.
            preset: Name of a preset of stages.
            off: Names of stages that are left out.
            progress: As of `restore`, of each stage.

        Returns:
            `((before, after), pictures, path)`: pictures of the stages with their names.
        """
        restorer = self._load(preset)
        photo = self._opened(path)
        stages = list(restorer.steps(photo, off=off, tile=self._tile, progress=progress or False))
        if not stages:
            raise ValueError("Leave at least one stage on.")
        pictures = [(preview(each.pixels), name) for name, each in [("photograph", photo), *stages]]
        return self._shown(photo.pixels, pictures[-1][0]), pictures, self._saved(stages[-1][1])

    def paint(self, path, style, preset, strength=1.0, keep_color=False, progress=None):
        """Paint a photograph in the style of a picture.

        Args:
            path: As of `restore`.
            style: Path of the picture.
            preset: Name of a preset of style transfer.
            strength: Share of the style.
            keep_color: Bool, keep the photograph's colours.
            progress: As of `restore`.

        Returns:
            As of `restore`.
        """
        photo, painting = self._opened(path), self._opened(style, "a picture of the style")
        network = zoo.styled_network(
            self._load(preset), photo, [painting], strength=strength, keep_color=keep_color
        )
        return self._run(photo, network, progress)

    def change(self, path, preset, amounts, progress=None):
        """Change attributes of a face.

        Args:
            path: As of `restore`.
            preset: Name of a preset that changes attributes.
            amounts: Sequence of floats, as the preset's attributes are ordered.
            progress: As of `restore`.

        Returns:
            As of `restore`.
        """
        model = self._load(preset)
        changes = dict(zip(model.attributes, amounts, strict=True))
        return self._run(path, model.editor_of(changes), progress)

    def ask(self, path, preset, text, progress=None):
        """Do what a text says.

        Args:
            path: As of `restore`.
            preset: Name of a preset that edits by text.
            text: String.
            progress: As of `restore`.

        Returns:
            As of `restore`.
        """
        return self._run(path, self._load(preset).editor_of(text), progress)

    def move(self, path, preset, length_px, angle_degrees, light, count, progress=None):
        """Let a photograph move: a blur that grows, and a light that passes from left to right.

        Args:
            path: As of `restore`.
            preset: Name of a preset of a `zoo.DynamicGAN`.
            length_px: Float, as of `pipelines.effects`.
            angle_degrees: Float, as of `pipelines.effects`.
            light: Float, as of `pipelines.effects`.
            count: Integer, frames.
            progress: Function of frames `(done, total)`, or `None`.

        Returns:
            Path of a GIF file.
        """
        photo, model, count = self._opened(path), self._load(preset), int(count)
        described = pipelines.effects(
            [length_px], [angle_degrees], [light], [[-1.0, 0.0]], [[1.0, 0.0]], count
        )[0].numpy()
        frames = []
        for each in described:
            frames += zoo.animate(model, photo, each[None], tile=self._tile)
            if progress:
                progress(len(frames), count)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        return str(zoo.save_gif(frames, folder / "moving.gif"))

    def make(self, preset, count, seed, truncation=None):
        """Make images from noise.

        Args:
            preset: Name of a preset of a `zoo.LatentGAN`.
            count: Integer.
            seed: Integer.
            truncation: Float of a `zoo.StyleGAN2`. Defaults to `None`; others take none.

        Returns:
            List of uint8 arrays.
        """
        model = self._load(preset)
        options = {"truncation": truncation} if hasattr(model, "truncated_network") else {}
        images = np.asarray(model.generate(int(count), seed=int(seed), **options))
        return [levels(image) for image in images]

    # ------------------------------------------------------------------ parts

    def _opened(self, path, what="a photograph"):
        if path is None:
            raise ValueError(f"Choose {what} first.")
        return path if isinstance(path, zoo.Photo) else zoo.Photo.open(path)

    def _run(self, path, model, progress, holes=None):
        photo = self._opened(path)
        rows = RestoredRows(
            model, photo.pixels, self._tile, progress=progress or False, holes=holes
        )
        pixels = rows.into(np.empty(rows.shape, rows.dtype))
        name = getattr(model, "name", "zoo")
        return self._shown(photo.pixels, preview(pixels)), self._saved(photo.restored(pixels, name))

    def _shown(self, before, after):
        """What was there, as large as what is shown of the result."""
        return Image.fromarray(preview(before)).resize(after.shape[1::-1]), Image.fromarray(after)

    def _saved(self, photo):
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        stem = "restored" if photo.path is None else f"{photo.path.stem}_restored"
        return str(photo.save(folder / f"{stem}.png"))


def preview(pixels):
    """Pixels of any kind as RGB of 8 bits, no larger than a browser shows smoothly."""
    pixels = np.asarray(pixels)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2 or pixels.shape[2] < 3:
        pixels = np.repeat(pixels.reshape(*pixels.shape[:2], -1)[..., :1], 3, axis=-1)
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    image.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    return np.asarray(image)


def levels(image):
    """A made image in [-1, 1] as RGB of 8 bits."""
    image = pipelines.to_uint8(image)
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
