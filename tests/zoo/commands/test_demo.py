"""What the demo page does, and that the page is made of what there is."""

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.demo.workshop import Workshop, preview


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """Small presets of each kind, by name."""
    folder = tmp_path_factory.mktemp("presets")
    models = {
        "repair": zoo.OldPhotoGAN(filters=(4, 8), blocks=1),
        "enlarge": zoo.SRGAN(scale=2, compact=True),
        "fill": zoo.InpaintingGAN(filters=(4, 8)),
        "paint": zoo.StyleTransferGAN(filters=4, blocks=1, style_size=8),
        "age": zoo.FaceAttributeGAN({"age": (20, 60)}, filters=4, blocks=1),
        "ask": zoo.MultimodalGAN(["warmer"], filters=4, blocks=1),
        "translate": zoo.Pix2Pix(filters=(4, 4), discriminator_filters=4),
        "move": zoo.DynamicGAN(filters=4, blocks=1),
        "make": zoo.DCGAN(image_size=16, filters=4),
    }
    for name, model in models.items():
        model.save_to_preset(folder / name)
    zoo.save_to_preset(zoo.OldPhotoRestorer(repairer=str(folder / "repair")), folder / "stages")
    return {name: str(folder / name) for name in (*models, "stages")}


@pytest.fixture(scope="module")
def workshop(presets):
    return Workshop(presets.values())


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "scan.png"
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype("uint8")
    Image.fromarray(pixels).save(path)
    return path


def test_presets_are_offered_by_kind(workshop, presets):
    offered = workshop.offered(zoo.PairedGAN, but=(zoo.InpaintingGAN, zoo.Pix2Pix))
    assert offered == [
        ("old photographs: repair", presets["repair"]),
        ("super-resolution: enlarge", presets["enlarge"]),
    ]
    offered = workshop.offered(zoo.TwoStageRestorer)
    assert offered == [("old photographs: stages", presets["stages"])]


def test_restored_photograph_is_that_of_restore(workshop, presets, photo):
    seen = []
    (before, after), path = workshop.restore(
        photo, presets["enlarge"], progress=lambda done, total: seen.append((done, total))
    )
    expected = zoo.restore(zoo.from_preset(presets["enlarge"]), np.asarray(Image.open(photo)))
    np.testing.assert_array_equal(after, expected)
    np.testing.assert_array_equal(Image.open(path), expected)
    assert before.size == after.size == (80, 60)
    assert path.endswith("scan_restored.png")
    assert seen[-1] == (1200, 1200)


def test_strength(workshop, presets, photo):
    (_, after), _ = workshop.restore(photo, presets["repair"], strength=0.0)
    assert np.abs(np.asarray(after).astype(int) - np.asarray(Image.open(photo))).max() <= 1


def test_stages_are_shown(workshop, presets, photo):
    (_, after), pictures, path = workshop.in_stages(photo, presets["stages"])
    assert [name for _, name in pictures] == ["photograph", "repairer"]
    np.testing.assert_array_equal(pictures[1][0], after)
    np.testing.assert_array_equal(Image.open(path), after)
    with pytest.raises(ValueError, match="Leave at least one stage on"):
        workshop.in_stages(photo, presets["stages"], off=["repairer"])


def test_what_was_painted_over_is_filled(workshop, presets, photo, tmp_path):
    layer = np.zeros((30, 40, 4), "uint8")
    layer[5:15, 10:20] = (255, 0, 0, 255)
    Image.fromarray(layer).save(tmp_path / "layer.png")
    painted = {"background": str(photo), "layers": [str(tmp_path / "layer.png")]}
    (_, after), _ = workshop.fill(painted, presets["fill"])
    before, changed = np.asarray(Image.open(photo)), layer[..., 3] > 0
    np.testing.assert_array_equal(np.asarray(after)[~changed], before[~changed])
    assert (np.asarray(after)[changed] != before[changed]).mean() > 0.5
    with pytest.raises(ValueError, match="Paint over what is to be filled"):
        workshop.fill({"background": str(photo), "layers": []}, presets["fill"])
    with pytest.raises(ValueError, match="Choose a photograph"):
        workshop.fill({"background": None, "layers": []}, presets["fill"])


def test_styles_attributes_and_noise(workshop, presets, photo):
    (_, painted), _ = workshop.paint(photo, photo, presets["paint"], strength=0.5)
    assert painted.size == (40, 30)
    assert workshop.attributes(presets["age"]) == ["age"]
    (_, older), _ = workshop.change(photo, presets["age"], [1.0])
    assert older.size == (40, 30)
    images = workshop.make(presets["make"], 5, seed=1)
    assert [each.shape for each in images] == [(16, 16, 3)] * 5
    assert (images[0] != images[1]).any()


def test_texts_translations_and_frames(workshop, presets, photo):
    (_, edited), _ = workshop.ask(photo, presets["ask"], "warmer")
    editor = zoo.from_preset(presets["ask"]).editor_of("warmer")
    np.testing.assert_array_equal(edited, zoo.restore(editor, np.asarray(Image.open(photo))))
    with pytest.raises(ValueError, match="text"):
        workshop.ask(photo, presets["ask"], " ")
    (_, translated), _ = workshop.restore(photo, presets["translate"])
    assert translated.size == (40, 30)
    seen = []
    moving = Image.open(
        workshop.move(photo, presets["move"], 9.0, 30.0, 0.8, 3.0, lambda *at: seen.append(at))
    )
    assert (moving.n_frames, moving.size) == (3, (40, 30))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_nothing_chosen(workshop, presets):
    with pytest.raises(ValueError, match="Choose a photograph first"):
        workshop.restore(None, presets["repair"])
    with pytest.raises(ValueError, match="cannot be read as an image"):
        workshop.restore(presets["repair"] + "/config.json", presets["repair"])


def test_previews():
    deep = np.full((4, 6), 256 * 200, np.uint16)
    np.testing.assert_array_equal(preview(deep), np.full((4, 6, 3), 200))
    assert preview(np.zeros((3200, 800, 4), "uint8")).shape == (1600, 400, 3)


def test_page_has_a_tab_for_each_kind_of_work(workshop):
    pytest.importorskip("gradio")
    from zoo.demo.page import page

    parts = page(workshop).config["components"]
    tabs = [part["props"]["label"] for part in parts if part["type"] == "tabitem"]
    assert tabs == ["Restore", "Old photographs", "Fill", "Paint", "Faces", "Text",
                    "Translate", "Move", "Make"]  # fmt: skip
