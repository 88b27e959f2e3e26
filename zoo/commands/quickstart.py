"""`zoo quickstart`: the main job on photographs that scikit-image ships; `make demo` runs it."""

import time
from pathlib import Path

import keras
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFont

import export
import pipelines
import zoo
from zoo.commands import evaluating

_HEIGHT = 300  # px, of a row of the sheet
_CROP = 256  # px, of the crop that is reduced and enlarged again
_SEED = 3


def run(out):
    """Age, restore, enlarge, fine-tune and export; write everything into `out`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()

    _say(1, "Age four photographs with the `old-photo` recipe and restore them")
    restorer = zoo.from_preset("old_photo")
    rows = [_old_photo(restorer, image, index) for index, image in enumerate(_photographs())]

    _say(2, "Reduce a crop to a quarter and enlarge it again")
    upscaler = zoo.from_preset("srresnet_x4")
    rows.append(_enlarged(upscaler, _photographs()[1]))
    picture = _sheet(rows, out / "before_after.png")

    _say(3, "Fine-tune the restorer for a few steps with fit()")
    _fine_tune(restorer, out / "logs")

    _say(4, "Export to SavedModel and TFLite, load both and compare")
    saved_model = export.saved_model(upscaler, out / "serving" / "srresnet_x4")
    tflite = export.tflite(upscaler, out / "srresnet_x4.tflite", quantize="float16")
    print(export.check(upscaler, saved_model=saved_model, tflite=tflite))

    print(
        f"\nDone in {time.perf_counter() - began:.0f} s.\n\n"
        f"  Pictures     {picture}\n"
        f"  TensorBoard  tensorboard --logdir {out / 'logs'}\n"
        f"  TF-Serving   {saved_model}\n"
        f"  TFLite       {tflite}\n\n"
        "Next, with photographs of your own (`. .venv/bin/activate` first):\n"
        "  zoo restore my_scans/ -o restored/ --preset old_photo\n"
        "  zoo restore small.jpg -o large.png --preset srresnet_x4\n"
        "  zoo train old_photo --data my_photos/ --out runs/mine --steps 2000\n"
        "  zoo list"
    )


def _say(number, text):
    print(f"\n[{number}/4] {text}", flush=True)


def _photographs():
    """The sample photographs, float32 `(1, H, W, 3)` in [-1, 1]."""
    return [image[None] for _, image in pipelines.sample().ordered()]


def _old_photo(model, image, index):
    recipe = pipelines.recipe("old-photo")
    aged, clean = recipe.pair(image, (_SEED, index))
    restored = _restore(model, aged)
    return [(clean, "photograph"), (aged, _scores(clean, aged, "aged")),
            (restored, _scores(clean, restored, "restored"))]  # fmt: skip


def _enlarged(model, image):
    top, left = (side // 2 - _CROP // 2 for side in image.shape[1:3])
    clean = image[:, top : top + _CROP, left : left + _CROP]
    small = pipelines.recipe("bicubic-x4")(clean, (0, 0))
    plain, restored = evaluating.enlarge(small, 4), _restore(model, small)
    return [(clean, "crop"), (plain, _scores(clean, plain, "bicubic x4", border=4)),
            (restored, _scores(clean, restored, "srresnet_x4", border=4))]  # fmt: skip


def _restore(model, image):
    restored = zoo.restore(model, pipelines.to_uint8(image[0]), precision="auto")
    return tf.constant(pipelines.to_float(restored)[None])


def _scores(clean, image, name, border=0):
    psnr = float(zoo.metrics.PSNR("rgb", border).per_image(clean, image)[0])
    ssim = float(zoo.metrics.SSIM("rgb", border).per_image(clean, image)[0])
    text = f"{name}: {psnr:.2f} dB, SSIM {ssim:.3f}"
    print(f"  {text}", flush=True)
    return text


def _sheet(rows, path):
    """Write rows of captioned pictures side by side as one PNG."""
    caption, gap = 26, 6
    font = ImageFont.load_default(size=16)
    rows = [[(_row_height(image), text) for image, text in row] for row in rows]
    width = max(sum(picture.width + gap for picture, _ in row) for row in rows) + gap
    height = sum(_HEIGHT + caption + gap for _ in rows)
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    top = 0
    for row in rows:
        left = gap
        for picture, text in row:
            draw.text((left, top + 3), text, "black", font)
            sheet.paste(picture, (left, top + caption))
            left += picture.width + gap
        top += _HEIGHT + caption + gap
    sheet.save(path)
    return path


def _row_height(image):
    picture = Image.fromarray(pipelines.to_uint8(image[0]))
    return picture.resize((round(picture.width * _HEIGHT / picture.height), _HEIGHT))


def _fine_tune(model, log_dir):
    """Ten steps at a low learning rate, watched in TensorBoard."""
    photos = pipelines.sample(image_size=128)
    pairs = pipelines.paired(photos, "old-photo", batch_size=4, seed=1, start_step=0)
    held_out = pipelines.paired(photos, "old-photo", batch_size=4, shuffle=False)
    model.compile(keras.optimizers.Adam(1e-5), metrics=evaluating.metrics_of(model))
    model.fit(
        pairs,
        epochs=2,
        steps_per_epoch=5,
        validation_data=held_out,
        callbacks=[
            zoo.callbacks.TensorBoard(log_dir),
            zoo.callbacks.ImageGrid(log_dir, held_out),
        ],
    )
