import numpy as np
import pytest
from PIL import Image

import pipelines

COLUMNS = {"age": (20, 60), "gender": (0, 1)}


@pytest.fixture
def faces(tmp_path):
    """Four images, each as bright as its number; the CSV is in another order."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(4):
        Image.fromarray(np.full((8, 8, 3), 50 * number, "uint8")).save(folder / f"{number}.png")
    lines = ["file,age,gender", "3.png,80,1", "1.png,40,1", "0.png,10,0", "2.png,50,0"]
    (tmp_path / "attributes.csv").write_text("\n".join(lines) + "\n")
    return pipelines.from_folder(folder, augment=False), tmp_path / "attributes.csv"


def test_columns_are_scaled_and_follow_the_images(faces):
    source, path = faces
    values = pipelines.read_attributes(path, source, COLUMNS)
    np.testing.assert_allclose(values, [[0, 0], [0.5, 1], [0.75, 0], [1, 1]])
    assert values.dtype == "float32"


def test_attributes_stay_with_their_images(faces):
    source, path = faces
    values = pipelines.read_attributes(path, source, COLUMNS)
    batches = pipelines.attributed(source, values, 2, seed=1, image_size=8, mirror=True)
    seen = set()
    for images, attributes in batches.as_numpy_iterator():
        numbers = np.rint((images[:, 0, 0, 0] + 1) * 127.5 / 50).astype(int)
        np.testing.assert_array_equal(attributes, values[numbers])
        seen |= set(numbers)
    assert seen == {0, 1, 2, 3}


def test_resuming_gives_the_tail_of_the_uninterrupted_stream(faces):
    source, path = faces
    values = pipelines.read_attributes(path, source, COLUMNS)

    def batches(start, count):
        made = pipelines.attributed(source, values, 2, start_step=start, image_size=8)
        return list(made.take(count).as_numpy_iterator())

    for resumed, whole in zip(batches(3, 2), batches(0, 5)[3:], strict=True):
        for a, b in zip(resumed, whole, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,age\n0.png,3\n", "without gender"),
        ("file,age,gender\n0.png,3,1\n", "lacks 3 of 4, the first: 1.png"),
        ("file,age,gender\n" + "".join(f"{k}.png,old,1\n" for k in range(4)), "is no number"),
    ],
)
def test_files_that_do_not_fit_are_refused(faces, text, message):
    source, path = faces
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        pipelines.read_attributes(path, source, COLUMNS)


def test_values_that_do_not_fit_are_refused(faces):
    source, _ = faces
    for values in (np.zeros((3, 2)), np.zeros(4), np.full((4, 1), np.nan)):
        with pytest.raises(ValueError, match="`attributes` must be finite numbers of shape"):
            pipelines.attributed(source, values, 2, image_size=8)
