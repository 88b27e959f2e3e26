import numpy as np
import pytest
import tensorflow as tf

import pipelines


def photo():
    return next(iter(pipelines.unlabelled(pipelines.sample(augment=False), 4, image_size=32)))


def test_edits_do_what_their_names_say():
    images = photo()
    after = {}
    for name, edit in pipelines.EDITS.items():
        pair = [each.numpy() for each in pipelines.apply_edit(name, images, (1, 2))]
        assert np.array_equal(pair[1 if edit.undone else 0], images), name
        after[name] = pair[0 if edit.undone else 1]
        assert np.abs(after[name]).max() <= 1
    unit = {name: (each + 1) / 2 for name, each in after.items()}
    before = (images.numpy() + 1) / 2

    def detail(x):
        return np.abs(np.diff(x, axis=2)).mean()

    def spread(x):
        return (x.max(axis=-1) - x.min(axis=-1)).mean()

    np.testing.assert_allclose(unit["darken"], 0.5 * before, atol=1e-6)
    np.testing.assert_allclose(unit["brighten"], 1 - (1 - before) ** 2, atol=1e-6)
    np.testing.assert_allclose(unit["fade"], 0.3 + 0.5 * before, atol=1e-6)
    for name, sign in (("warm", 1), ("cool", -1)):
        shift = (unit[name] - before).mean(axis=(0, 1, 2))
        assert sign * (shift[0] - shift[2]) > 0.05, name
    assert spread(unit["gray"]) < 1e-6
    np.testing.assert_allclose(unit["gray"][..., 0], before @ [0.299, 0.587, 0.114], atol=1e-6)
    assert spread(unit["vivid"]) > 1.3 * spread(before)
    assert detail(unit["blur"]) < detail(unit["sharpen"]) < detail(before) < detail(unit["denoise"])


def test_unknown_edits_are_refused():
    with pytest.raises(ValueError, match="`name` must be one of darken, brighten"):
        pipelines.apply_edit("swirl", tf.zeros((1, 8, 8, 3)))


def test_batches_are_pairs_of_the_edits_that_texts_ask_for():
    source = pipelines.sample(augment=False)
    batches = pipelines.edited(source, 4, seed=3, start_step=0, image_size=16).take(25)
    asked = {text: name for name, edit in pipelines.EDITS.items() for text in edit.texts}
    seen = set()
    for (images, texts), targets in batches:
        for image, text, target in zip(images, texts.numpy(), targets, strict=True):
            name = asked[text.decode()]
            seen.add(name)
            undone = pipelines.EDITS[name].undone
            clean, changed = (target, image) if undone else (image, target)
            wanted = pipelines.apply_edit(name, clean[None])[0 if undone else 1][0]
            # Noise differs from draw to draw.
            assert np.abs(changed - wanted).mean() < (0.25 if name == "denoise" else 1e-6), name
    assert seen == set(pipelines.EDITS)


def test_batches_depend_on_the_step_alone():
    source = pipelines.sample(augment=False)
    options = {"seed": 3, "image_size": 16}
    all_ = list(pipelines.edited(source, 2, start_step=0, **options).take(4))
    later = next(iter(pipelines.edited(source, 2, start_step=3, **options)))
    for one, other in zip(tf.nest.flatten(all_[3]), tf.nest.flatten(later), strict=True):
        np.testing.assert_array_equal(one, other)
    lengths = pipelines.edited(source, 2, read=tf.strings.length, **options)
    (_, numbers), _ = next(iter(lengths))
    assert numbers.dtype == tf.int32
    assert len(list(pipelines.edited(source, 3, shuffle=False, **options))) == 2


def test_gray_sources_are_refused():
    gray = pipelines.from_arrays(np.zeros((2, 16, 16, 1), "uint8"))
    with pytest.raises(ValueError, match="`source` must have images in colour"):
        pipelines.edited(gray, 2)
