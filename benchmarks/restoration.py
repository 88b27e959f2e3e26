"""Score restoration models and what people use without a network on the same damaged photographs.

Results are added to `benchmarks/results/restoration.json`, from which the README's table is made;
`--sheets` draws before and after. Models are presets, by name or folder; each is scored on the
recipe that it was trained with.

    python benchmarks/restoration.py --data BSD100=data/bsd100 --features efficientnet_lite0.keras \
        --preset enhance_low_light --preset inpaint_photo

Stages, here all of `old_photo_full` but for what enlarges and colours, are scored beside the one
model that is named after them; a latent model fills boxes in images of the size that it makes:

    python benchmarks/restoration.py --data BSD100=data/bsd100 --stages old_photo_full=old_photo
    python benchmarks/restoration.py --data faces64=faces64.npz:test --latent stylegan2_faces_64
"""

import argparse
import json
from pathlib import Path

import cv2
import latent_inpainting
import numpy as np
import quality
import staged
from PIL import Image
from rich.progress import track
from skimage import color, restoration
from timing import opencv_distribution, record, write_json

import pipelines
import zoo
from pipelines import to_float, to_uint8
from zoo.commands import evaluating

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "restoration.json"
_SHOWN = 5
_GAP = 4


def of_lightness(change):
    """A method that changes the lightness (CIELAB) of uint8 images."""

    def run(degraded):
        lab = cv2.cvtColor(to_uint8(degraded[0]), cv2.COLOR_RGB2LAB)
        lab[..., 0] = change(lab[..., 0])
        return to_float(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))[None]

    return run


def inpainted(algorithm):
    """OpenCV's inpainting with a radius of 3 px."""

    def run(degraded):
        image, mask = to_uint8(degraded[0, ..., :-1]), np.asarray(degraded[0, ..., -1] > 0)
        return to_float(cv2.inpaint(image, mask.astype(np.uint8), 3, algorithm))[None]

    return run


def biharmonic(degraded):
    """The smoothest fill, of scikit-image: the square of the Laplacian vanishes in holes."""
    image, mask = to_uint8(degraded[0, ..., :-1]), np.array(degraded[0, ..., -1] > 0)
    return (2 * restoration.inpaint_biharmonic(image, mask, channel_axis=-1) - 1)[None]


#: Recipe -> name of a method -> function of degraded images `(1, H, W, C)` in [-1, 1].
METHODS = {
    "low-light": {
        "input": np.asarray,
        "histogram equalisation (OpenCV)": of_lightness(cv2.equalizeHist),
        "CLAHE, limit 2, 8 x 8 (OpenCV)": of_lightness(cv2.createCLAHE(2.0, (8, 8)).apply),
    },
    "lama-medium": {
        "Navier-Stokes (OpenCV)": inpainted(cv2.INPAINT_NS),
        "Telea (OpenCV)": inpainted(cv2.INPAINT_TELEA),
        "biharmonic (scikit-image)": biharmonic,
    },
    "grayscale": {"input": np.asarray},
}


class HolePSNR:
    """PSNR of the pixels in holes alone, mean over images."""

    name, protocol = "hole_psnr", "holes, RGB, 8-bit rounded"

    def __call__(self, degraded, clean, output):
        """The score of one image."""
        holes = np.asarray(degraded[0, ..., -1] > 0)
        gap = to_uint8(output[0])[holes].astype(np.float64) - to_uint8(clean[0])[holes]
        return 10 * np.log10(255**2 / max(np.mean(gap**2), 1e-10))


class ColorDifference:
    """CIEDE2000, mean over pixels and images."""

    name, protocol = "ciede2000", "CIEDE2000 of CIELAB (D65), 8-bit rounded"

    def __call__(self, degraded, clean, output):
        """The score of one image."""
        pair = [color.rgb2lab(to_uint8(image[0])) for image in (clean, output)]
        return color.deltaE_ciede2000(*pair).mean()


class Colorfulness:
    """How colourful an image is, whatever its colours: Hasler and Suesstrunk 2003."""

    name, protocol = "colorfulness", "Hasler and Suesstrunk 2003, 8-bit rounded"

    def __call__(self, degraded, clean, output):
        """The score of one image."""
        red, green, blue = np.moveaxis(to_uint8(output[0]).astype(np.float64), -1, 0)
        axes = red - green, (red + green) / 2 - blue
        deviation, mean = (np.hypot(*(f(axis) for axis in axes)) for f in (np.std, np.mean))
        return deviation + 0.3 * mean


class LightnessError:
    """Largest difference of lightness between an image and its input, in units of L*."""

    name, protocol = "lightness_error", "largest |L* - L* of the input|, 8-bit rounded"

    def __call__(self, degraded, clean, output):
        """The score of one image."""
        pair = [color.rgb2lab(to_uint8(image[0]))[..., 0] for image in (degraded, output)]
        return np.abs(np.subtract(*pair)).max()


#: Recipe -> scores beside PSNR, SSIM and the feature distance.
SCORES = {
    "lama-medium": [HolePSNR()],
    "grayscale": [ColorDifference(), Colorfulness(), LightnessError()],
}


def main():
    """Parse arguments, score, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="SET=SOURCE")
    parser.add_argument("--limit", type=int, help="how many, the first of them; for recipes only")
    parser.add_argument("--features", type=Path, help="efficientnet_lite0.keras")
    parser.add_argument("--preset", action="append", default=[], help="name or folder")
    parser.add_argument("--stages", metavar="PRESET=PRESET", help="stages, and one model of them")
    parser.add_argument("--latent", metavar="PRESET", help="model that makes images from noise")
    parser.add_argument("--sheets", type=Path, help="folder for pictures, which show the data")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    data, equals, source = arguments.data.partition("=")
    if not equals:
        parser.error(f"--data must be NAME=SOURCE. Received: {arguments.data}")
    groups = {}
    for name in arguments.preset:
        model = zoo.from_preset(name)
        groups.setdefault(quality.recipe_of(name, model), {})[Path(name).name] = model
    rows, sheets = [], {}
    for recipe, models in groups.items():
        found, pictures = score(recipe, models, data, source, arguments.features, arguments.limit)
        rows += found
        sheets[recipe] = pictures
    if arguments.stages:
        found, pictures = staged.score(arguments.stages, data, source, arguments.features)
        rows += found
        sheets["stages"] = pictures
    if arguments.latent:
        found, pictures = latent_inpainting.score(
            arguments.latent, data, source, arguments.features
        )
        rows += found
        sheets["latent"] = pictures
    if arguments.sheets:
        for name, pictures in sheets.items():
            draw(pictures, arguments.sheets / f"{name}-{data}.png")
    packages = ["tensorflow", "keras", "scikit-image", opencv_distribution()]
    protocol = {"seed": 0, "images": "whole", "mean": "over images"}
    result = record("restoration", protocol, packages)
    rows = [{**row, "command": result["command"]} for row in rows]
    if arguments.output.is_file():
        ours = {(row["recipe"], row["data"]) for row in rows}
        old = json.loads(arguments.output.read_text())["rows"]
        rows = [row for row in old if (row["recipe"], row["data"]) not in ours] + rows
    result["command"], result["rows"] = "in each row", rows
    write_json(arguments.output, result)
    print(arguments.output)


def score(recipe, models, data, source, features, limit=None):
    """Score all methods for one recipe.

    Args:
        recipe: Name of a recipe of `METHODS`.
        models: Dict of preset name to model.
        data: Name of the set.
        source: What `pipelines.from_source` takes.
        features: Path of the feature network, or `None`.
        limit: Integer, how many of its images are scored, the first ones, or `None`: all.

    Returns:
        `(rows, pictures)`: rows as of `quality.rows_of`, and what all methods make of the first
        photographs, lists of uint8 pictures.
    """
    methods = METHODS[recipe] | {name: evaluating.restorer(each) for name, each in models.items()}
    model = next(iter(models.values()))
    metrics = {name: evaluating.metrics_of(model, features) for name in methods}
    extra = {name: {each: [] for each in SCORES.get(recipe, ())} for name in methods}
    photos = pipelines.from_source(source)
    count = len(photos) if limit is None else min(limit, len(photos))
    pairs = pipelines.paired(photos, recipe, 1, seed=0, shuffle=False).take(count)
    pictures = []
    for degraded, clean in track(pairs, f"{recipe}, {data}", total=count):
        outputs = {name: method(degraded) for name, method in methods.items()}
        for name, output in outputs.items():
            for metric in metrics[name]:
                metric.update_state(clean, output)
            for each, values in extra[name].items():
                values.append(each(degraded, clean, output))
        if len(pictures) < _SHOWN:
            given = _shown_input(degraded, clean.shape[-1])
            made = (output for name, output in outputs.items() if name != "input")
            pictures.append([to_uint8(each[0]) for each in (given, *made, clean)])
    means = {
        name: [(each, float(each.result())) for each in metrics[name]]
        + [(each, float(np.mean(values))) for each, values in extra[name].items()]
        for name in methods
    }
    return quality.rows_of(recipe, data, count, models, means), pictures


def _shown_input(degraded, channels):
    """What a viewer sees: holes in white."""
    image = np.asarray(degraded)[..., :channels]
    if degraded.shape[-1] == channels:
        return image
    return np.where(np.asarray(degraded)[..., channels:] > 0, 1.0, image)


def draw(rows, path):
    """Write a PNG: a row for each photograph, with its input, all outputs and the original."""
    height = sum(row[0].shape[0] + _GAP for row in rows)
    width = max(len(row) * (row[0].shape[1] + _GAP) for row in rows)
    sheet = Image.new("RGB", (width, height), "white")
    top = 0
    for row in rows:
        for column, picture in enumerate(row):
            sheet.paste(Image.fromarray(picture), (column * (picture.shape[1] + _GAP), top))
        top += row[0].shape[0] + _GAP
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)


if __name__ == "__main__":
    main()
