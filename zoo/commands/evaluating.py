"""`zoo evaluate`: fidelity of a model and of its input, on the same images."""

import tensorflow as tf
from rich.progress import track

import pipelines
import zoo
from zoo.core.alignment import run_aligned


def metrics_of(model, features=None):
    """Return PSNR and SSIM by the customs of the model's task; of masks, their overlap.

    Super-resolution is scored on luma without a border of `scale` pixels, everything else on the
    channels that the model makes.

    Args:
        model: `zoo.PairedGAN`, or another model with an `evaluation_pair`.
        features: Path of `efficientnet_lite0.keras`, to add the perceptual distance; `None`
            (default) leaves it out. It reads RGB images.
    """
    if isinstance(model, zoo.DamageDetector):
        return [zoo.metrics.IoU()]
    scale = getattr(model, "scale", 1)
    is_gray = model.inference_network.output_shape[-1] == 1
    channel = "gray" if is_gray else ("y" if scale > 1 else "rgb")
    border = scale if scale > 1 else 0
    metrics = [zoo.metrics.PSNR(channel, border), zoo.metrics.SSIM(channel, border)]
    if features is not None:
        if channel == "gray":
            raise ValueError("`features` reads RGB images. Received: a model of gray images.")
        metrics.append(zoo.metrics.FeatureDistance.efficientnet_lite0(features, border=border))
    return metrics


def evaluate(model, data, recipe=None, seed=0, features=None, progress=True):
    """Score a model on the images of `data`, which its recipe degrades. See `score`.

    Args:
        model: `zoo.PairedGAN`.
        data: What `pipelines.from_source` takes.
        recipe: Recipe, its name or file. Defaults to the one that the model is made for.
        seed: Integer, of the damage. Defaults to 0.
        features: As in `metrics_of`.
        progress: Bool, show a progress bar. Defaults to `True`.

    Returns:
        Dict: `data`, `recipe`, `seed`, and what `score` returns.
    """
    recipe = pipelines.recipe(recipe or model.default_recipe)
    photos = pipelines.from_source(data)
    pairs = pipelines.paired(photos, recipe, 1, seed=seed, shuffle=False)
    scores = score(model, pairs, len(photos), features, progress)
    return {"data": str(data), "recipe": recipe.name, "seed": seed, **scores}


def evaluate_aligned(
    model, data, targets=None, reverse=False, image_size=256, features=None, progress=True
):
    """Score a `zoo.Pix2Pix` on pairs of images that belong together. See `score`.

    Args:
        model: `zoo.Pix2Pix`.
        data: What `pipelines.from_source` takes: images side by side, or inputs.
        targets: `None`, or the targets.
        reverse: Bool, whether targets are inputs. Defaults to `False`.
        image_size: Integer, side in px that images are scaled to. Defaults to 256.
        features: As in `metrics_of`.
        progress: Bool, show a progress bar. Defaults to `True`.

    Returns:
        Dict: `data`, `image_size`, and what `score` returns.
    """
    channels = aligned_channels(model, targets, reverse)
    sources = [
        each and pipelines.from_source(each, channels=count, augment=False)
        for each, count in zip((data, targets), channels, strict=True)
    ]
    pairs = pipelines.aligned(*sources, 1, image_size=image_size, reverse=reverse, shuffle=False)
    scores = score(model, pairs, len(sources[0]), features, progress)
    return {"data": str(data), "image_size": image_size, **scores}


def aligned_channels(model, targets, reverse):
    """Return the channels to read of data and of targets.

    Args:
        model: `zoo.Pix2Pix`.
        targets: What has the targets, or `None`: they are beside the inputs.
        reverse: Bool, whether targets are inputs.

    Raises:
        ValueError: If images side by side are to be of different channels.
    """
    channels = model.generator.input_shape[-1], model.generator.output_shape[-1]
    if not targets and channels[0] != channels[1]:
        raise ValueError(
            f"From {channels[0]} to {channels[1]} channels needs `--targets`: images side by side "
            "have the same channels."
        )
    return channels[::-1] if reverse else channels


def score(model, pairs, count, features=None, progress=True):
    """Compare what a model makes of images, and the images themselves, with their targets.

    The input is scored as it is, or enlarged by bicubic interpolation where the model enlarges,
    unless it has other channels than the target.

    Args:
        model: `zoo.PairedGAN`.
        pairs: `tf.data.Dataset` of batches of one pair.
        count: Integer, number of pairs.
        features: As in `metrics_of`.
        progress: Bool, show a progress bar. Defaults to `True`.

    Returns:
        Dict: `images`, and for each metric `protocol`, `input`, `restored` (means over images).
    """
    pair_of = tf.function(model.evaluation_pair, reduce_retracing=True, autograph=False)
    before, after = metrics_of(model, features), metrics_of(model, features)

    for degraded, clean in track(
        pairs, "Evaluating", total=count, transient=True, disable=not progress
    ):
        target, restored = pair_of((degraded, clean))
        for metric in after:
            metric.update_state(target, restored)
        # A recipe may add a channel, the mask of holes; a mask may be the target.
        image = degraded[..., : clean.shape[-1]]
        if image.shape[-1] == target.shape[-1]:
            for metric in before:
                metric.update_state(clean, enlarge(image, model.scale))
    report = {"images": count}
    for old, new in zip(before, after, strict=True):
        report[new.name] = {"protocol": new.protocol, "restored": float(new.result())}
        if int(old.count):
            report[new.name]["input"] = float(old.result())
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
    how = [f"{key} {report[key]}" for key in ("recipe", "seed", "image_size") if key in report]
    lines = [", ".join([f"{report['images']} images of {report['data']}", *how])]
    for name, value in report.items():
        if isinstance(value, dict):
            before = f"input {value['input']:8.4f}   " if "input" in value else ""
            lines.append(
                f"{name:16} {before}restored {value['restored']:8.4f}   ({value['protocol']})"
            )
    return lines
