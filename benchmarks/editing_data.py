"""Prepare what the models that edit are trained on: parts of photographs and faces, and pairs.

Every tenth face and every sixth painting is held out. Written are, below `--out`:

* `faces/{train,test}`: faces; `young`, `old` (as `--young` and `--old` say) in the same parts;
* `edges/{train,test}`: edges (Canny) and face side by side;
* `styles/{train,test}`: paintings;
* `many_styles`: those of the training, also in three other colourings each, all of 192 px;
* `colors`: photographs (`--photos`) that have colours, and every eighth face, enlarged, for skin.

    python benchmarks/editing_data.py --faces faces/ --attributes attributes.csv \
        --styles paintings/ --photos photos/train --out data/editing
"""

import argparse
import csv
import zlib
from pathlib import Path

import cv2
import numpy as np


def main():
    """Parse arguments, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True, help="folder")
    parser.add_argument("--attributes", type=Path, required=True, help="CSV: file, age, ...")
    parser.add_argument("--styles", type=Path, required=True, help="folder")
    parser.add_argument("--photos", type=Path, help="folder")
    parser.add_argument("--young", type=int, nargs=2, default=(15, 32), metavar="AGE")
    parser.add_argument("--old", type=int, nargs=2, default=(55, 90), metavar="AGE")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    arguments = parser.parse_args()
    ages = read(arguments.attributes, "age")
    for path, part in parts(arguments.faces, 10):
        link(path, arguments.out / "faces" / part)
        for kind in ("young", "old"):
            low, high = getattr(arguments, kind)
            if low <= ages[path.name] <= high:
                link(path, arguments.out / kind / part)
        target = arguments.out / "edges" / part / f"{path.stem}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), with_edges(cv2.imread(str(path))))
    for path, part in parts(arguments.styles, 6):
        link(path, arguments.out / "styles" / part)
        if part == "train":
            colourings(path, arguments.out / "many_styles", 3)
    if arguments.photos:
        for path in sorted(arguments.photos.iterdir()):
            if has_colors(cv2.imread(str(path))):
                link(path, arguments.out / "colors")
        for path in sorted((arguments.out / "faces" / "train").iterdir())[::8]:
            face = cv2.resize(cv2.imread(str(path)), (272, 272), interpolation=cv2.INTER_CUBIC)
            if has_colors(face):
                cv2.imwrite(str(arguments.out / "colors" / f"face_{path.stem}.png"), face)
    print(arguments.out)


def parts(folder, every):
    """Paths of a folder's files, in order, each with its part: every n-th one is held out."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    kinds = ["test" if index % every == every // 2 else "train" for index in range(len(paths))]
    return list(zip(paths, kinds, strict=True))


def read(path, column):
    """Dict of file name to the number in a column of a CSV."""
    with open(path, newline="", encoding="utf-8") as file:
        return {row["file"]: float(row[column]) for row in csv.DictReader(file)}


def link(path, folder):
    """Put a link to a file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    target.unlink(missing_ok=True)
    target.symlink_to(path.resolve())


def colourings(path, folder, count):
    """Put a picture, and as many of it in other colours, into a folder; short sides of 192 px."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(path.name.encode()))
    picture = cv2.imread(str(path))
    scale = 192 / min(picture.shape[:2])
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / f"{path.name}.png"), picture)
    for number in range(count):
        cv2.imwrite(str(folder / f"{path.name}_{number}.png"), recoloured(picture, rng))


def recoloured(picture, rng):
    """A picture of other hues, saturation, cast, contrast and brightness."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    angle, chroma = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 1.4)
    turned = chroma * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    lab[..., 1:] = lab[..., 1:] @ turned.T.astype(np.float32) + rng.normal(0, 12, 2)
    lab[..., 0] = 50 + rng.uniform(0.5, 1.2) * (lab[..., 0] - 50) + rng.uniform(-20, 20)
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR) * 255, 0, 255).round().astype(np.uint8)


def has_colors(image):
    """Whether a photograph is in colour: its pixels are 4 and more from gray in CIELAB."""
    lab = cv2.cvtColor(image[::2, ::2].astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    return np.hypot(lab[..., 1], lab[..., 2]).mean() >= 4


def with_edges(face):
    """Edges in white on black, left of the face."""
    gray = cv2.GaussianBlur(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (0, 0), 1.0)
    edges = cv2.Canny(gray, 50, 110)
    return np.concatenate([cv2.cvtColor(edges, cv2.COLOR_GRAY2BGR), face], axis=1)


if __name__ == "__main__":
    main()
