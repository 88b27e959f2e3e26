import pytest

from zoo.cli import app


@pytest.fixture
def zoo_command(capsys):
    """Run `zoo ARGUMENTS` in this process and return what it printed; errors are raised."""

    def run(*arguments):
        capsys.readouterr()
        app([str(each) for each in arguments], standalone_mode=False)
        return capsys.readouterr().out

    return run


@pytest.fixture(scope="session")
def tiny_preset(tmp_path_factory):
    """A preset folder with an untrained network that enlarges twice."""
    import zoo

    model = zoo.SRGAN(
        scale=2, filters=4, blocks=1, compact=True, objective=zoo.PairedObjective(), seed=3
    )
    folder = tmp_path_factory.mktemp("preset") / "tiny_x2"
    return model.save_to_preset(folder, recipe="bicubic-x2")


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory):
    """Three small PNG photographs cut from scikit-image's astronaut, one in a subfolder."""
    import skimage.data
    from PIL import Image

    folder = tmp_path_factory.mktemp("photos")
    (folder / "more").mkdir()
    pixels = skimage.data.astronaut()
    for index, name in enumerate(("a.png", "b.jpg", "more/a.png")):
        crop = pixels[100 * index : 100 * index + 40, 200:248]
        Image.fromarray(crop).save(folder / name)
    return folder
