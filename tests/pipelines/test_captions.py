import numpy as np
import pytest
import tensorflow as tf

import pipelines


@pytest.fixture
def colours(tmp_path):
    """Four images, each of one gray level, and their captions, two of the first."""
    for number in range(4):
        pixels = np.full((8, 8, 3), 60 * number, "uint8")
        tf.io.write_file(str(tmp_path / f"{number}.png"), tf.io.encode_png(pixels))
    lines = ["caption,file", "black,0.png", '"pitch, black",0.png',
             *(f"level {number},{number}.png" for number in (3, 1, 2))]  # fmt: skip
    (tmp_path / "captions.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def read(folder):
    source = pipelines.from_folder(folder, augment=False)
    return source, pipelines.read_captions(folder / "captions.csv", source)


def test_captions_are_read(colours):
    _, captions = read(colours)
    assert captions == [("black", "pitch, black"), ("level 1",), ("level 2",), ("level 3",)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,words\n0.png,black\n", "without caption"),
        ("file,caption\n0.png,\n1.png,a\n2.png,a\n3.png,a\n", "an empty caption for 0.png"),
        ("file,caption\n0.png,black\n", "lacks 3 of 4, the first: 1.png"),
    ],
)
def test_what_is_missing_is_named(colours, text, message):
    (colours / "captions.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read(colours)


def test_texts_describe_the_targets_not_the_images(colours):
    source, captions = read(colours)
    seen = set()
    batches = pipelines.captioned(source, captions, 4, start_step=0, image_size=8).take(20)
    for (images, texts), targets in batches:
        for text, target in zip(texts.numpy(), targets.numpy(), strict=True):
            level = round(float((target.mean() + 1) * 127.5))
            assert text.decode() in captions[level // 60]
            seen.add(text.decode())
        np.testing.assert_array_equal(images, np.roll(targets, 1, axis=0))
    assert seen == {text for each in captions for text in each}


def test_arguments_are_checked(colours):
    source, captions = read(colours)
    for wrong in (captions[:3], [(), *captions[1:]], ["", *captions[1:]]):
        with pytest.raises(ValueError, match="at least one text for each of 4"):
            pipelines.captioned(source, wrong)
    with pytest.raises(ValueError, match="`batch_size` must be at least 2"):
        pipelines.captioned(source, captions, 1)


def test_words():
    assert {"darker", "a", "without", "noise"} <= set(pipelines.words())
    with pytest.raises(ValueError, match="`texts` must hold words"):
        pipelines.words([" "])
    assert pipelines.words(["It's SO dark!", "so bright"]) == ["bright", "dark", "its", "so"]
