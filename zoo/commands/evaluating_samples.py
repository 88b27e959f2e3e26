"""`zoo evaluate` for models that make images from noise."""

from zoo.commands import embeddings
from zoo.commands.latent_runs import real_images
from zoo.metrics import sample_scores


def evaluate(model, data, features, count=1000, seed=0, recipe=None):
    """Compare made images with real ones.

    Args:
        model: `zoo.LatentGAN`.
        data: What `pipelines.from_source` takes: real images that the model was not trained on.
        features: What `zoo.commands.embeddings.read` takes.
        count: Integer, number of made images, and at most of real ones. Defaults to 1000.
        seed: Integer, of the latents. Defaults to 0.
        recipe: Must be `None`: nothing is damaged here.

    Returns:
        Dict: `data`, `seed`, `images`, and for each score `value` and `protocol`.

    Raises:
        ValueError: If `features` is missing, a recipe is given, or there are too few images.
    """
    if recipe is not None:
        raise ValueError(
            f"`--recipe` is for models that restore. A {type(model).__name__} makes images from "
            f"noise. Received: {recipe!r}"
        )
    if features is None:
        raise ValueError(
            "`--features` is needed to score images from noise: efficientnet_lite0.keras, or "
            "'inception'."
        )
    embedding = embeddings.read(features)
    real = embedding(real_images(data, model, count))
    scores = sample_scores(real, embedding(model.sample(count, seed=seed)))
    rows = {name: {"value": score.value, "protocol": score.protocol}
            for name, score in scores.items()}  # fmt: skip
    return {"data": str(data), "seed": seed, "images": count, **rows}


def as_lines(report):
    """Return the report as lines for a person."""
    lines = [f"{report['images']} made images, seed {report['seed']}, against {report['data']}"]
    for name, value in report.items():
        if isinstance(value, dict):
            lines.append(f"{name:24} {value['value']:10.4f}   ({value['protocol']})")
    return lines
