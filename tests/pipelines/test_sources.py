import pytest
import tensorflow_datasets as tfds

import pipelines


def test_each_kind_of_text(tmp_path, photo_folder, monkeypatch):
    assert len(pipelines.from_source(str(photo_folder), image_size=16)) == 7
    assert len(pipelines.from_source(photo_folder)) == 7
    sample = pipelines.from_source("sample", image_size=16, channels=1)
    assert (len(sample), sample.image_shape) == (4, (16, 16, 1))
    pipelines.write_tfrecord(sample, tmp_path / "x.tfrecord", shards=2)
    assert len(pipelines.from_source(str(tmp_path / "x-*.tfrecord"))) == 4
    with tfds.testing.mock_data(num_examples=3):
        assert len(pipelines.from_source("tfds:cifar10:test", image_size=16)) == 3
    photo_folder.rename(tmp_path / "sample")
    monkeypatch.chdir(tmp_path)
    assert len(pipelines.from_source("sample")) == 4
    assert len(pipelines.from_source("./sample")) == 7


def test_options_reach_the_folder(photo_folder):
    (photo_folder / "a.jpg").write_bytes(b"not an image")
    with pytest.warns(UserWarning, match="Skipped 1 of 7 images"):
        source = pipelines.from_source(photo_folder, on_error="skip", cache=True, augment=False)
    assert (len(source), source.augment) == (6, False)


def test_texts_that_name_nothing(tmp_path):
    with pytest.raises(ValueError, match=r"`name` must be an existing folder, 'tfds:NAME"):
        pipelines.from_source(str(tmp_path / "absent"))
    for options in ({"on_error": "skip"}, {"cache": True}):
        with pytest.raises(ValueError, match="`on_error` and `cache` are for folders of images"):
            pipelines.from_source("sample", **options)
