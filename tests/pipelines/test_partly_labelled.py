"""Batches of which a share has labels."""

import numpy as np
import pytest

import pipelines


def test_batches_hold_both_kinds():
    rng = np.random.default_rng(0)
    few = pipelines.from_arrays(
        rng.integers(0, 100, (3, 4, 4, 1), "uint8"), augment=False, labels=[2, 0, 1]
    )
    many = pipelines.from_arrays(rng.integers(150, 256, (20, 4, 4, 1), "uint8"), augment=False)
    batches = list(pipelines.partly_labelled(few, many, 8, labelled_share=0.25, seed=3).take(9))
    for images, labels in batches:
        assert images.shape == (8, 4, 4, 1)
        np.testing.assert_array_equal(np.asarray(labels) >= 0, [True] * 2 + [False] * 6)
        np.testing.assert_array_equal(np.asarray(images).max(axis=(1, 2, 3)) < 0, labels >= 0)
    known = few.ordered().as_numpy_iterator()
    pictures = {index: image for index, image in known}
    for image, label in zip(batches[0][0][:2], batches[0][1][:2], strict=True):
        np.testing.assert_array_equal(image, pictures[[2, 0, 1].index(int(label))])
    assert {int(x) for _, labels in batches for x in labels[:2]} == {0, 1, 2}
    later = next(iter(pipelines.partly_labelled(few, many, 8, labelled_share=0.25, seed=3,
                                                start_step=5)))  # fmt: skip
    for resumed, uninterrupted in zip(later, batches[5], strict=True):
        np.testing.assert_array_equal(resumed, uninterrupted)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labelled_share": 1.0}, "`labelled_share` must be more than 0 and less"),
        ({"batch_size": 1}, "`batch_size` must leave room"),
        ({"image_size": None}, "images of one size"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    few = pipelines.from_arrays(np.zeros((2, 4, 4, 1), "uint8"), augment=False, labels=[0, 1])
    many = pipelines.from_arrays(np.zeros((2, 6, 6, 1), "uint8"), augment=False)
    with pytest.raises(ValueError, match=message):
        pipelines.partly_labelled(few, many, **{"image_size": 4, **arguments})
