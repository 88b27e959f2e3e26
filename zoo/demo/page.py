"""The page: one tab for each kind of work, made of the presets that there are."""

import contextlib

import gradio as gr
import numpy as np
import skimage.data
import skimage.feature
from PIL import Image

import pipelines
import zoo

#: One thing at a time, whatever it is: TensorFlow with oneDNN does not bear more.
_ALONE = {"concurrency_limit": 1, "concurrency_id": "computing"}
_ABOUT = """# keras-gan-zoo
Restore, enhance, edit and make images. Everything is computed on this machine."""
_NO_SINGLE_IMAGE = (zoo.InpaintingGAN, zoo.MultiScaleInpainting, zoo.DamageDetector, zoo.Pix2Pix)


def page(workshop):
    """Return the page.

    Args:
        workshop: `zoo.demo.workshop.Workshop`.

    Returns:
        `gradio.Blocks`.
    """
    samples = _samples(workshop.folder)
    # What is made for any photograph comes first.
    fillers = workshop.offered(zoo.InpaintingGAN, but=(zoo.MultiScaleInpainting,))
    fillers += workshop.offered(zoo.MultiScaleInpainting)
    tabs = {
        "Restore": (_restoring, workshop.offered(zoo.PairedGAN, but=_NO_SINGLE_IMAGE)),
        "Old photographs": (_stages, workshop.offered(zoo.TwoStageRestorer)),
        "Fill": (_filling, fillers),
        "Paint": (_painting, workshop.offered(zoo.StyleTransferGAN)),
        "Faces": (_faces, workshop.offered(zoo.FaceAttributeGAN)),
        "Text": (_asking, workshop.offered(zoo.MultimodalGAN)),
        "Translate": (_translating, workshop.offered(zoo.Pix2Pix, zoo.CycleGAN)),
        "Move": (_moving, workshop.offered(zoo.DynamicGAN)),
        "Make": (_making, workshop.offered(zoo.LatentGAN)),
    }
    with gr.Blocks(title="keras-gan-zoo", analytics_enabled=False) as blocks:
        gr.Markdown(_ABOUT)
        for title, (build, presets) in tabs.items():
            if presets:
                with gr.Tab(title):
                    build(workshop, presets, samples)
    return blocks


def _restoring(workshop, presets, samples):
    image, preset = _inputs(presets, samples)
    strength = gr.Slider(0, 1, 1.0, step=0.05, label="Strength: 0 leaves it as it is")
    keep = gr.Slider(0, 64, 0, step=4, label="Keep colour and light beyond so many px")

    def run(path, name, share, radius, progress=gr.Progress()):  # noqa: B008
        return _said(workshop.restore, path, name, share, radius, _shown(progress))

    _button("Restore").click(run, [image, preset, strength, keep], _result(), **_ALONE)


def _stages(workshop, presets, samples):
    image, preset = _inputs(presets, samples)
    off = gr.CheckboxGroup(list(zoo.OldPhotoRestorer.stages), label="Leave out")

    def run(path, name, left_out, progress=gr.Progress()):  # noqa: B008
        return _said(workshop.in_stages, path, name, left_out, _shown(progress))

    button = _button("Restore")
    before_after = gr.ImageSlider(label="Before and after", type="pil")
    gallery = gr.Gallery(label="Stages", columns=4, height="auto")
    button.click(run, [image, preset, off], [before_after, gallery, _download()], **_ALONE)


def _filling(workshop, presets, samples):
    editor = gr.ImageEditor(
        {"background": samples[0], "layers": [], "composite": None},
        type="filepath",
        label="Paint over what is to go",
        brush=gr.Brush(default_size=16, colors=["#ff3030"], color_mode="fixed"),
        transforms=(),
        layers=False,
        format="png",
    )
    preset = gr.Dropdown(presets, label="Preset")

    def run(painted, name, progress=gr.Progress()):  # noqa: B008
        return _said(workshop.fill, painted, name, _shown(progress))

    _button("Fill").click(run, [editor, preset], _result(), **_ALONE)


def _painting(workshop, presets, samples):
    with gr.Row():
        image = _photograph(samples)
        style = gr.Image(type="filepath", image_mode=None, label="Style", sources=["upload"])
    preset = gr.Dropdown(presets, label="Preset")
    strength = gr.Slider(0, 1, 1.0, step=0.05, label="Share of the style")
    keep = gr.Checkbox(label="Keep the photograph's colours")

    def run(path, painting, name, share, colours, progress=gr.Progress()):  # noqa: B008
        return _said(workshop.paint, path, painting, name, share, colours, _shown(progress))

    _button("Paint").click(run, [image, style, preset, strength, keep], _result(), **_ALONE)


def _faces(workshop, presets, samples):
    image, preset = _inputs(presets, [_aligned_face(workshop.folder)])
    names = workshop.attributes(presets[0][1])
    sliders = [gr.Slider(-1, 1, 0.0, step=0.1, label=name.capitalize()) for name in names]

    def run(path, name, *amounts, progress=gr.Progress()):  # noqa: B008
        return _said(workshop.change, path, name, amounts, _shown(progress))

    _button("Change").click(run, [image, preset, *sliders], _result(), **_ALONE)


def _asking(workshop, presets, samples):
    image, preset = _inputs(presets, samples)
    text = gr.Textbox("like in the evening sun", label="What is to be done")

    def run(path, name, asked, progress=gr.Progress()):  # noqa: B008
        return _said(workshop.ask, path, name, asked, _shown(progress))

    _button("Do it").click(run, [image, preset, text], _result(), **_ALONE)


def _translating(workshop, presets, samples):
    image, preset = _inputs(presets, [_edges(workshop.folder)])

    def run(path, name, progress=gr.Progress()):  # noqa: B008
        return _said(workshop.restore, path, name, 1.0, 0.0, _shown(progress))

    _button("Translate").click(run, [image, preset], _result(), **_ALONE)


def _moving(workshop, presets, samples):
    image, preset = _inputs(presets, samples)
    length = gr.Slider(0, 9, 9, step=0.5, label="Motion blur of the last frame, px")
    angle = gr.Slider(0, 180, 30, step=5, label="Its direction, degrees against the rows")
    light = gr.Slider(0, 1, 0.8, step=0.05, label="Light that passes from left to right")
    count = gr.Slider(2, 24, 12, step=1, label="Frames")

    def run(path, name, blur, turn, share, many, progress=gr.Progress()):  # noqa: B008
        return _said(workshop.move, path, name, blur, turn, share, many, _shown(progress))

    frames = gr.Image(type="filepath", label="Frames, as a GIF file", format="gif")
    button = _button("Move")
    button.click(run, [image, preset, length, angle, light, count], frames, **_ALONE)


def _making(workshop, presets, samples):
    preset = gr.Dropdown(presets, label="Preset")
    count = gr.Slider(1, 64, 16, step=1, label="Images")
    seed = gr.Number(0, precision=0, label="Seed")
    truncation = gr.Slider(0, 1, 0.7, step=0.05, label="Truncation (StyleGAN2): 1 for all variety")

    def run(name, many, start, share):
        return _said(workshop.make, name, many, start, share)

    button = _button("Make")
    button.click(
        run, [preset, count, seed, truncation], gr.Gallery(columns=8, height="auto"), **_ALONE
    )


# ---------------------------------------------------------------------- parts


def _inputs(presets, samples):
    return _photograph(samples), gr.Dropdown(presets, label="Preset")


def _photograph(samples):
    # Files as they are: the page must not turn 16 bits into 8, or RGBA into RGB.
    image = gr.Image(type="filepath", image_mode=None, label="Photograph", sources=["upload"])
    gr.Examples([[each] for each in samples], [image], label="Examples")
    return image


def _button(title):
    return gr.Button(title, variant="primary")


def _result():
    return [gr.ImageSlider(label="Before and after", type="pil"), _download()]


def _download():
    return gr.File(label="Result, as a PNG file")


def _shown(progress):
    """A function of `(done, total)` that moves the page's progress bar."""
    return lambda done, total: progress((done, total))


def _said(work, *arguments):
    """Do it; what a user can mend is shown as a message, the rest is a fault of ours."""
    try:
        return work(*arguments)
    except (ValueError, OSError, FloatingPointError) as error:
        raise gr.Error(str(error), print_exception=False) from error


def _aligned_face(folder):
    """File of a face as those are that attributes are learnt on: 64 px, from brow to chin."""
    path = folder / "aligned.png"
    face = Image.fromarray(skimage.data.astronaut()[45:165, 160:280])
    face.resize((64, 64), Image.Resampling.LANCZOS).save(path)
    return str(path)


def _edges(folder):
    """File of what `edges_to_faces` draws faces from: thin white edges on black, 96 px."""
    path = folder / "edges.png"
    face = Image.fromarray(skimage.data.astronaut()[60:170, 165:275]).convert("L")
    gray = np.asarray(face.resize((96, 96), Image.Resampling.LANCZOS)) / 255.0
    edges = skimage.feature.canny(gray, 1.0, low_threshold=0.12, high_threshold=0.24)
    Image.fromarray(edges.astype("uint8") * 255).save(path)
    return str(path)


def _samples(folder):
    """Files of sample photographs: a face, one aged by a recipe, and one that is dark."""
    face = skimage.data.astronaut()[0:320, 60:380]
    photos = pipelines.sample(image_size=288)
    images = {"face": face}
    for name, recipe in (("aged", "old-photo"), ("dark", "low-light")):
        degraded, _ = next(iter(pipelines.paired(photos, recipe, 1, seed=3, shuffle=False)))
        images[name] = pipelines.to_uint8(degraded[0])
    paths = []
    for name, pixels in images.items():
        path = folder / f"{name}.png"
        Image.fromarray(pixels).save(path)
        paths.append(str(path))
    return paths


@contextlib.contextmanager
def launched(workshop, host="127.0.0.1", port=7860):
    """Yield the address of a page that is served.

    Args:
        workshop: `zoo.demo.workshop.Workshop`.
        host: String.
        port: Integer, or `None` for one that is free.
    """
    blocks = page(workshop)
    _, address, _ = blocks.queue().launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        show_error=True,
        allowed_paths=[str(workshop.folder)],
        max_file_size="200mb",
        ssr_mode=False,
    )
    try:
        yield address
    finally:
        blocks.close()
