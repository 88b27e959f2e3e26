"""Restoring in stages, scored beside one of the stages alone, on photographs with local damage.

Photographs on which the recipe happens to draw no damage are left out. The stages are scored as
they are, and once more filling only what is damage without doubt.
"""

from pathlib import Path

import numpy as np
import quality
from rich.progress import track

import pipelines
import zoo

_RECIPE = "old-photo-damage"
_OFF = ("colorizer", "upscaler", "painter")
_CAREFUL = {"threshold": 0.95, "grow_px": 0}
_SHOWN = 6


def score(presets, data, source, features):
    """Score a restorer of stages and one model.

    Args:
        presets: `"STAGES=MODEL"`, names or folders of presets.
        data: Name of the set.
        source: What `pipelines.from_source` takes.
        features: Path of the feature network, or `None`.

    Returns:
        `(rows, pictures)`: rows as of `quality.rows_of`, and lists of uint8 pictures.
    """
    names = presets.split("=")
    restorer, alone = (zoo.from_preset(name) for name in names)
    careful = zoo.OldPhotoRestorer(**restorer.models | _CAREFUL)
    off = [stage for stage in restorer.stages if stage in _OFF]
    names = ["input", Path(names[1]).name, Path(names[0]).name]
    names.append(f"{names[2]}, threshold {_CAREFUL['threshold']}, masks not grown")
    metrics = {name: _metrics(features) for name in names}
    found = zoo.metrics.IoU()
    photos = pipelines.from_source(source)
    pictures, images = [], 0
    for marked, clean in track(
        pipelines.paired(photos, _RECIPE, 1, seed=0, shuffle=False), _RECIPE, total=len(photos)
    ):
        if not np.any(marked[..., 3] > 0.5):
            continue
        images += 1
        degraded = pipelines.to_uint8(marked[0, ..., :3])
        mask = zoo.restore(restorer.models["detector"], degraded)
        found.update_state(
            2.0 * marked[..., 3:] - 1.0, pipelines.to_float(mask.reshape(1, *mask.shape[:2], 1))
        )
        outputs = (degraded, zoo.restore(alone, degraded), restorer(degraded, off=off),
                   careful(degraded, off=off))  # fmt: skip
        for name, output in zip(names, outputs, strict=True):
            for metric in metrics[name]:
                metric.update_state(clean, pipelines.to_float(output[None]))
        if len(pictures) < _SHOWN:
            pictures.append([degraded, np.repeat(mask.reshape(*mask.shape[:2], 1), 3, -1),
                             *outputs[1:], pipelines.to_uint8(clean[0])])  # fmt: skip
    means = {
        name: [(each, float(each.result())) for each in scores] for name, scores in metrics.items()
    }
    means[names[2]].append((found, float(found.result())))
    data = f"{data} ({images} damaged)"
    return quality.rows_of(_RECIPE, data, images, names[1:], means), pictures


def _metrics(features):
    metrics = [zoo.metrics.PSNR("rgb"), zoo.metrics.SSIM("rgb")]
    if features:
        metrics.append(zoo.metrics.FeatureDistance.efficientnet_lite0(features))
    return metrics
