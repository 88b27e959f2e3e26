"""Take the README's picture of TensorBoard, in headless Chromium.

make test-e2e && make notebooks  # installs Playwright and Chromium, makes the logs
python benchmarks/tensorboard_picture.py
"""

import argparse
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "notebooks" / "output" / "02_your_first_gan" / "logs" / "first"
PICTURE = ROOT / "benchmarks" / "results" / "tensorboard.png"
_PORT, _PATIENCE_SECONDS = 6123, 240
_SETTINGS = (1463, 134)  # px, of the button that closes the panel of settings


def main():
    """Parse arguments, serve, look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=Path, default=LOGS)
    parser.add_argument("--output", type=Path, default=PICTURE)
    arguments = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", "--logdir", arguments.logs, "--port", str(_PORT)]
    )
    try:
        wait_for(f"http://localhost:{_PORT}")
        photograph(f"http://localhost:{_PORT}/?darkMode=false#timeseries", arguments.output)
    finally:
        server.terminate()


def wait_for(url):
    """Wait until a page answers."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return urllib.request.urlopen(url).close()
        except urllib.error.URLError:
            if time.monotonic() > end:
                raise
            time.sleep(1)


def photograph(url, path):
    """Write a picture of a page, in 128 colours."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.set_default_timeout(1000 * _PATIENCE_SECONDS)
        page.goto(url)
        page.get_by_text("epoch_discriminator/D(real)").wait_for()
        page.mouse.click(*_SETTINGS)
        time.sleep(10)  # charts are drawn one after the other
        page.mouse.move(700, 160)
        page.screenshot(path=path)
        browser.close()
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main()
