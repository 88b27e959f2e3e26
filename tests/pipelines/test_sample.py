import pytest

import pipelines
from pipelines.sample import sample_paths


def test_four_colour_photographs_without_a_download():
    source = pipelines.sample()
    shapes = [tuple(image.shape) for _, image in source.ordered()]
    assert shapes == [(512, 512, 3), (300, 451, 3), (400, 600, 3), (427, 640, 3)]


def test_crops_and_their_limit():
    _, crop = next(iter(pipelines.sample(image_size=32, channels=1).stream(0)))
    assert crop.shape == (32, 32, 1)
    with pytest.raises(ValueError, match=r"`image_size` must be at most 300.*Received: 301"):
        pipelines.sample(image_size=301)


def test_an_installation_without_the_photographs(monkeypatch, tmp_path):
    import skimage

    monkeypatch.setattr(skimage, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(ValueError, match=r"lacks \['astronaut\.png'.*pip install"):
        sample_paths()
