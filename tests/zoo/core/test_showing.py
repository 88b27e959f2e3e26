"""Pictures for notebooks: what is drawn, read back from Matplotlib."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import zoo


@pytest.fixture(autouse=True)
def off_screen(monkeypatch):
    plt.switch_backend("agg")
    yield
    plt.close("all")


def drawn():
    return [
        [(axis.get_title(), axis.images[0].get_array()) for axis in part.axes]
        for part in plt.gcf().subfigs
    ]


def test_rows_of_pictures_of_all_kinds():
    floats = np.full((4, 6, 3), -1.0, "float32")
    gray = np.full((4, 4, 1), 1.0, "float32")
    deep = np.full((2, 2), 65535, "uint16")
    mask = np.eye(3, dtype=bool)
    levels = np.full((8, 4, 3), 7, "uint8")
    zoo.show({"floats": floats, "gray": gray, "photo": zoo.Photo(levels)}, {"m": mask, "d": deep})
    first, second = drawn()
    assert [title for title, _ in first] == ["floats", "gray", "photo"]
    for found, expected in zip(
        [array for _, array in first + second],
        [np.zeros((4, 6, 3)), np.full((4, 4), 255), levels, 255 * mask, np.full((2, 2), 255)],
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "one dict"),
        ([{}], "one dict"),
        ([{"batch": np.zeros((2, 4, 4, 3))}], r"'batch'.*\(2, 4, 4, 3\)"),
    ],
)
def test_errors(rows, message):
    with pytest.raises(ValueError, match=message):
        zoo.show(*rows)
