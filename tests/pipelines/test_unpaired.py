import numpy as np

import pipelines


def numbered(count, first):
    values = first + np.arange(count, dtype="uint8")
    images = np.zeros((count, 4, 4, 1), "uint8") + values[:, None, None, None]
    return pipelines.from_arrays(images, augment=False)


def numbers(dataset):
    return [
        [np.rint((images[:, 0, 0, 0] + 1) * 127.5).astype(int) for images in pair]
        for pair in dataset.as_numpy_iterator()
    ]


def test_kinds_keep_their_sides_and_orders_of_their_own():
    batches = numbers(pipelines.unpaired(numbered(20, 0), numbered(20, 100), 4, seed=1))
    assert len(batches) == 5
    first, second = (np.concatenate(side) for side in zip(*batches, strict=True))
    assert sorted(first) == list(range(20))
    assert sorted(second - 100) == list(range(20))
    assert (first != second - 100).any()


def test_a_pass_ends_with_the_smaller_source():
    assert len(numbers(pipelines.unpaired(numbered(9, 0), numbered(5, 100), 2))) == 2


def test_resuming_gives_the_tail_of_the_uninterrupted_stream():
    sources = numbered(7, 0), numbered(5, 100)
    whole = numbers(pipelines.unpaired(*sources, 2, seed=3, start_step=0).take(6))
    tail = numbers(pipelines.unpaired(*sources, 2, seed=3, start_step=4).take(2))
    np.testing.assert_array_equal(whole[4:], tail)
