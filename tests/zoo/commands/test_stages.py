"""`zoo restore` with a restorer of stages."""

import json

import numpy as np
import pytest
from PIL import Image

import zoo


@pytest.fixture
def preset(tmp_path):
    """A restorer of two stages, each a preset of its own."""
    options = {"filters": (4, 4), "blocks": 1, "discriminator_filters": 4}
    repairer = zoo.OldPhotoGAN(**options).save_to_preset(tmp_path / "repairer")
    colorizer = zoo.ColorizationGAN(filters=(4, 4)).save_to_preset(tmp_path / "colorizer")
    restorer = zoo.OldPhotoRestorer(repairer=str(repairer), colorizer=str(colorizer))
    return zoo.save_to_preset(restorer, tmp_path / "full")


def test_command_line_shows_the_steps(zoo_command, preset, tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (40, 48, 3), "uint8")
    Image.fromarray(photo).save(tmp_path / "old.png")
    words = ["restore", tmp_path / "old.png", "-o", tmp_path / "new.png", "--preset", preset]
    report = json.loads(zoo_command(*words, "--show-steps", tmp_path / "steps.png", "--json"))
    assert report[0]["stages"] == ["repairer", "colorizer"]
    assert Image.open(tmp_path / "new.png").size == (48, 40)
    assert Image.open(tmp_path / "steps.png").size == (3 * 48 + 2 * 4, 40)
    with pytest.raises(ValueError, match="`--strength` is for one model"):
        zoo_command(*words[:3], tmp_path / "b.png", *words[4:], "--strength", 0.5)
    words[-1] = "denoise_color"
    with pytest.raises(ValueError, match="`--show-steps` is for restorers of stages"):
        zoo_command(*words, "--show-steps", tmp_path / "steps.png")
