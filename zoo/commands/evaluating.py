"""`zoo evaluate`: fidelity of a model and of its input, on the same images."""

import tensorflow as tf
from rich.progress import track

import pipelines
import zoo
from zoo.core.alignment import run_aligned


def metrics_of(model, features=None):
    """Return PSNR and SSIM by the customs of the model's task.

    Super-resolution is scored on luma without a border of `scale` pixels, everything else on the
    channels that the model makes.

    Args:
        model: `zoo.PairedGAN`.
        features: Path of `efficientnet_lite0.keras`, to add the perceptual distance; `None`
            (default) leaves it out. It reads RGB images.
    """
    upscales = model.scale > 1
    channel = "gray" if model.generator.output_shape[-1] == 1 else ("y" if upscales else "rgb")
    border = model.scale if upscales else 0
    metrics = [zoo.metrics.PSNR(channel, border), zoo.metrics.SSIM(channel, border)]
    if features is not None:
        if channel == "gray":
            raise ValueError("`features` reads RGB images. Received: a model of gray images.")
        metrics.append(zoo.metrics.FeatureDistance.efficientnet_lite0(features, border=border))
    return metrics


def evaluate(model, data, recipe=None, seed=0, features=None, progress=True):
    """Degrade images with fixed draws, restore them and score both.

    The input is scored as it is, or enlarged by bicubic interpolation where the model enlarges.

    Args:
        model: `zoo.PairedGAN`.
        data: What `pipelines.from_source` takes.
        recipe: Recipe, its name or file. Defaults to the one that the model is made for.
        seed: Integer, of the damage. Defaults to 0.
        features: As in `metrics_of`.
        progress: Bool, show a progress bar. Defaults to `True`.

    Returns:
        Dict: `data`, `recipe`, `seed`, `images`, and for each metric `protocol`, `input`,
        `restored` (means over images).
    """
    recipe = pipelines.recipe(recipe or model.default_recipe)
    photos = pipelines.from_source(data)
    pairs = pipelines.paired(photos, recipe, 1, seed=seed, shuffle=False)
    restore = restorer(model)
    before, after = metrics_of(model, features), metrics_of(model, features)

    for degraded, clean in track(
        pairs, "Evaluating", total=len(photos), transient=True, disable=not progress
    ):
        # A recipe may add a channel, the mask of holes.
        image = degraded[..., : clean.shape[-1]]
        restored, plain = restore(degraded), enlarge(image, model.scale)
        for metric in after:
            metric.update_state(clean, restored)
        for metric in before:
            metric.update_state(clean, plain)
    report = {"data": str(data), "recipe": recipe.name, "seed": seed, "images": len(photos)}
    for old, new in zip(before, after, strict=True):
        report[new.name] = {
            "protocol": new.protocol,
            "input": float(old.result()),
            "restored": float(new.result()),
        }
    return report


def restorer(model):
    """Return a function of float images `(N, H, W, C)` in [-1, 1] of any size: what a model makes.

    Args:
        model: `zoo.PairedGAN`.
    """
    return tf.function(
        lambda images: run_aligned(model.inference_network, images, model.size_multiple),
        reduce_retracing=True,
        autograph=False,
    )


def enlarge(images, scale):
    """Enlarge float images `(N, H, W, C)` by bicubic interpolation (Keys, a = -0.5, as Pillow)."""
    if scale == 1:
        return images
    size = tf.shape(images)[1:3] * scale
    return tf.clip_by_value(tf.image.resize(images, size, "bicubic", antialias=True), -1.0, 1.0)


def as_lines(report):
    """Return the report as lines for a person."""
    lines = [
        f"{report['images']} images of {report['data']}, "
        f"recipe {report['recipe']}, seed {report['seed']}"
    ]
    for name, value in report.items():
        if isinstance(value, dict):
            lines.append(
                f"{name:16} input {value['input']:8.4f}   restored {value['restored']:8.4f}"
                f"   ({value['protocol']})"
            )
    return lines
