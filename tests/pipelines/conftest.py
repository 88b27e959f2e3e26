import numpy as np
import pytest
from PIL import Image


def smooth_pixels(height, width, seed=0, channels=3):
    """Low frequencies only, so that JPEG changes them little."""
    rows, columns = np.mgrid[0:height, 0:width]
    phases = np.random.default_rng(seed).uniform(0, 6, (2, channels))
    waves = np.sin(rows[..., None] / 9 + phases[0]) + np.cos(columns[..., None] / 7 + phases[1])
    return np.rint(127.5 + 60 * waves).astype(np.uint8)


@pytest.fixture
def pixels():
    return smooth_pixels(40, 56)


@pytest.fixture
def photo_folder(tmp_path):
    """Seven photographs of 36..42 x 48 px in three formats, two of them in subfolders."""
    names = ["a.jpg", "b.png", "c.webp", "d.jpeg", "e.JPG", "f/a.png", "f/g/b.jpg"]
    for number, name in enumerate(names):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(smooth_pixels(36 + number, 48, number)).save(path)
    return tmp_path / "photos"
