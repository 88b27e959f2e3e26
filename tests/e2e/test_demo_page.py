"""The demo page in a browser: a photograph goes in, the restored one comes out.

`make test-e2e` installs what it needs; without a Chromium these tests are skipped.
"""

import shutil

import numpy as np
import pytest
import skimage.data
from PIL import Image

import zoo
from zoo.demo.workshop import Workshop

sync_api = pytest.importorskip("playwright.sync_api")
demo_page = pytest.importorskip("zoo.demo.page")

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_CHROMIUM is None, reason="needs Chromium: make test-e2e"),
]
_PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address():
    with demo_page.launched(
        Workshop(
            ["srresnet_x2", "inpaint_photo", "text_edits", "motion_and_light", "dcgan_faces_32"]
        ),
        port=None,
    ) as found:
        yield found


@pytest.fixture
def tab(browser, address):
    opened = browser.new_page(viewport={"width": 1200, "height": 1000})
    opened.set_default_timeout(_PATIENCE_MS)
    opened.goto(address)
    yield opened
    opened.close()


def downloaded(tab, panel, tmp_path):
    """The picture behind the link of the result."""
    with tab.expect_download() as waiting:
        panel.get_by_role("link").filter(has_text="KB").first.click()
    waiting.value.save_as(tmp_path / "result.png")
    return np.asarray(Image.open(tmp_path / "result.png"))


def test_a_photograph_is_enlarged(tab, tmp_path):
    pixels = np.asarray(Image.effect_mandelbrot((60, 44), (-2, -1.5, 1, 1.5), 40).convert("RGB"))
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    panel = tab.get_by_role("tabpanel").filter(has_text="Strength")
    panel.locator("input[type=file]").first.set_input_files(tmp_path / "photo.png")
    panel.get_by_text("photo.png").or_(panel.locator("img").first).first.wait_for()
    panel.get_by_role("button", name="Restore", exact=True).click()
    panel.get_by_text("photo_restored.png").or_(panel.get_by_text("_restored")).first.wait_for()
    result = downloaded(tab, panel, tmp_path)
    expected = zoo.restore(zoo.from_preset("srresnet_x2"), pixels)
    assert np.abs(result.astype(int) - expected).max() <= 1


def test_what_cannot_be_done_is_said_in_words(tab):
    panel = tab.get_by_role("tabpanel").filter(has_text="Strength")
    panel.get_by_role("button", name="Restore", exact=True).click()
    tab.get_by_text("Choose a photograph first").first.wait_for()


def test_images_are_made(tab):
    tab.get_by_role("tab", name="Make").click()
    tab.get_by_role("button", name="Make", exact=True).click()
    panel = tab.get_by_role("tabpanel").filter(has_text="Truncation")
    panel.locator("button img").nth(15).wait_for()
    assert panel.locator("button img").count() == 16


def test_what_is_painted_over_is_filled(tab, tmp_path):
    tab.get_by_role("tab", name="Fill").click()
    panel = tab.get_by_role("tabpanel").filter(has_text="Paint over")
    canvas = panel.locator("canvas").first
    canvas.wait_for()
    tab.wait_for_timeout(2000)  # the sample is drawn
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(*middle)
    tab.mouse.down()
    tab.mouse.move(middle[0] + 40, middle[1] + 20, steps=8)
    tab.mouse.up()
    panel.get_by_role("button", name="Fill", exact=True).click()
    panel.get_by_text("_restored").first.wait_for()
    result = downloaded(tab, panel, tmp_path)
    sample = skimage.data.astronaut()[0:320, 60:380]
    changed = (result != sample).any(axis=-1)
    assert 100 < changed.sum() < 10_000
    rows, columns = np.nonzero(changed)
    assert abs(rows.mean() - 160) < 60
    assert abs(columns.mean() - 160) < 60


def with_the_sample(tab, name):
    """The panel of a tab, into which the first example was put."""
    tab.get_by_role("tab", name=name).click()
    panel = tab.locator("[role=tabpanel]:visible")
    panel.locator(".gallery-item, .gallery button").first.click()
    panel.locator("img").nth(1).wait_for()
    tab.wait_for_timeout(2000)  # the sample is on its way
    return panel


def test_what_a_text_says_is_done(tab, tmp_path):
    panel = with_the_sample(tab, "Text")
    panel.get_by_role("textbox").last.fill("make it darker")
    panel.get_by_role("button", name="Do it", exact=True).click()
    panel.get_by_text("_restored").first.wait_for()
    result = downloaded(tab, panel, tmp_path)
    sample = skimage.data.astronaut()[0:320, 60:380]
    assert result.shape == sample.shape
    assert result.mean() < 0.9 * sample.mean()


def test_a_photograph_moves(tab):
    panel = with_the_sample(tab, "Move")
    panel.get_by_role("button", name="Move", exact=True).click()
    panel.locator("img[src*='moving']").wait_for()
