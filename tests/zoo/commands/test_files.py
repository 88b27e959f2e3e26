from pathlib import Path

import pytest

from zoo.commands import files


def test_folder_keeps_its_subfolders(photo_folder):
    found = files.inputs([str(photo_folder)])
    targets = files.outputs(found, "out")
    assert sorted(map(str, targets.values())) == ["out/a.png", "out/b.jpg", "out/more/a.png"]


def test_pattern_and_file(photo_folder):
    found = files.inputs([str(photo_folder / "*.png"), str(photo_folder / "b.jpg")])
    assert sorted(file.name for file in found) == ["a.png", "b.jpg"]


def test_one_input_may_name_its_output(photo_folder):
    found = files.inputs([str(photo_folder / "a.png")])
    assert list(files.outputs(found, "result.webp").values()) == [Path("result.webp")]


def test_formats_that_cannot_be_written_become_png(photo_folder, tmp_path):
    source = tmp_path / "c.bmp"
    source.write_bytes(b"")
    assert list(files.outputs(files.inputs([str(source)]), tmp_path / "o").values()) == [
        tmp_path / "o" / "c.png"
    ]


def test_input_is_never_overwritten(photo_folder):
    found = files.inputs([str(photo_folder)])
    with pytest.raises(ValueError, match="would replace the input"):
        files.outputs(found, photo_folder)


def test_two_results_with_one_name(photo_folder):
    found = files.inputs([str(photo_folder / "a.png"), str(photo_folder / "more" / "a.png")])
    with pytest.raises(ValueError, match="both to"):
        files.outputs(found, "out")


def test_file_as_output_of_many(photo_folder):
    with pytest.raises(ValueError, match="must be a folder for 3 inputs"):
        files.outputs(files.inputs([str(photo_folder)]), "out.png")


def test_nothing_found(tmp_path):
    with pytest.raises(ValueError, match="no_such"):
        files.inputs([str(tmp_path / "no_such*.png")])
