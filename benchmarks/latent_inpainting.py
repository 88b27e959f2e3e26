"""A latent model that fills boxes, scored beside OpenCV's algorithms."""

from pathlib import Path

import cv2
import numpy as np
import quality

import pipelines
import zoo

_SHARE = 0.4  # of the image that is cut out
_COUNT, _SHOWN = 24, 8


def score(preset, data, source, features):
    """Fill a centred box of 40 % of each image.

    Args:
        preset: Name or folder of a model from noise.
        data: Name of the set.
        source: What `pipelines.from_source` takes.
        features: Path of the feature network.

    Returns:
        `(rows, pictures)`: rows as of `quality.rows_of`, and lists of uint8 pictures.
    """
    model = zoo.from_preset(preset)
    side = model.image_shape[0]
    photos = pipelines.from_source(source, augment=False)
    batches = pipelines.unlabelled(photos, _COUNT, shuffle=False, image_size=side)
    clean = next(iter(batches)).numpy()
    masks = np.zeros((len(clean), side, side, 1), np.float32)
    cut = round(side * _SHARE**0.5)
    begin = (side - cut) // 2
    masks[:, begin : begin + cut, begin : begin + cut] = 1
    holed = clean * (1 - masks)
    name = f"SemanticInpainting, {Path(preset).name}"
    outputs = {
        "Navier-Stokes (OpenCV)": _opencv(holed, masks, cv2.INPAINT_NS),
        "Telea (OpenCV)": _opencv(holed, masks, cv2.INPAINT_TELEA),
        name: zoo.SemanticInpainting(model)(holed, masks),
    }
    means = {}
    for method, made in outputs.items():
        metrics = [zoo.metrics.PSNR("rgb"), zoo.metrics.SSIM("rgb"),
                   zoo.metrics.FeatureDistance.efficientnet_lite0(features)]  # fmt: skip
        for metric in metrics:
            metric.update_state(clean, made)
        means[method] = [(metric, float(metric.result())) for metric in metrics]
    shown = [np.where(masks > 0, 1.0, clean), *outputs.values(), clean]
    pictures = [[pipelines.to_uint8(each[k]) for each in shown] for k in range(_SHOWN)]
    return quality.rows_of("box of 40 %", data, len(clean), [name], means), pictures


def _opencv(images, masks, algorithm):
    filled = [
        cv2.inpaint(pipelines.to_uint8(image), mask.astype(np.uint8), 3, algorithm)
        for image, mask in zip(images, masks, strict=True)
    ]
    return pipelines.to_float(np.stack(filled))
