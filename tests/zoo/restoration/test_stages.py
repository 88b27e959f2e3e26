import keras
import numpy as np
import pytest

import zoo


def network(change, channels=3):
    inputs = keras.Input((None, None, channels))
    return keras.Model(inputs, change(inputs))


@pytest.fixture
def detector():
    """Finds what is brighter than three quarters."""
    return network(
        lambda x: keras.layers.Conv2D(
            1, 1, kernel_initializer=keras.initializers.Constant(20 / 3), bias_initializer="ones",
            activation="tanh",
        )(keras.layers.Rescaling(1.0, offset=-0.65)(x))
    )  # fmt: skip


@pytest.fixture
def photo():
    """A gray photograph with a white scratch of 3 px."""
    pixels = np.full((40, 48, 3), 100, "uint8")
    pixels[:, 20:23] = 255
    return pixels


@pytest.fixture
def inpainter():
    return zoo.InpaintingGAN(filters=(4, 4), dilations=(2,), discriminator_filters=4)


def dim(share):
    return network(keras.layers.Rescaling(share, offset=share - 1))


def test_two_stages_follow_each_other():
    restorer = zoo.TwoStageRestorer(dim(0.5), dim(0.2))
    image = np.full((8, 8, 3), 200, "uint8")
    steps = dict(restorer.steps(image))
    assert [steps[name][0, 0, 0] for name in ("first", "second")] == [100, 20]
    np.testing.assert_array_equal(restorer(image), steps["second"])
    np.testing.assert_array_equal(restorer(image, off=["first"])[0, 0], [40] * 3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_masks_are_where_damage_is(detector, inpainter, photo, dtype):
    full = 1 if dtype == "float32" else np.iinfo(dtype).max
    pixels = (photo / 255 * full).astype(dtype)
    for grow in (0, 2):
        mask = zoo.OldPhotoRestorer(detector, inpainter, grow_px=grow).mask(pixels)
        assert mask.shape == (40, 48)
        assert sorted(set(np.nonzero(mask)[1])) == [20, 21, 22]


def test_masks_reach_to_the_soft_edges_of_damage(detector, inpainter, photo):
    photo[photo < 255] = 20
    photo[:, 19] = photo[:, 23] = 190  # too dark for the detector
    photo[:, 24] = 0  # differs from what is around it, but not as the scratch does
    for grow, columns in ((0, [20, 21, 22]), (2, [19, 20, 21, 22, 23])):
        mask = zoo.OldPhotoRestorer(detector, inpainter, grow_px=grow).mask(photo)
        assert sorted(set(np.nonzero(mask[5:-5])[1])) == columns


def test_nothing_is_filled_where_no_damage_is(detector, inpainter, photo):
    photo[:] = 100
    restorer = zoo.OldPhotoRestorer(detector, inpainter)
    assert not restorer.mask(photo).any()
    np.testing.assert_array_equal(restorer(photo), photo)


def test_less_is_filled_where_more_certainty_is_asked(detector, inpainter, photo):
    photo[:, 30:32] = 205  # the detector returns 0.6 there
    for threshold, columns in ((0.5, [20, 21, 22, 30, 31]), (0.95, [20, 21, 22])):
        restorer = zoo.OldPhotoRestorer(detector, inpainter, grow_px=0, threshold=threshold)
        assert sorted(set(np.nonzero(restorer.mask(photo))[1])) == columns


def test_each_stage_shows_its_picture_and_can_be_left_out(detector, inpainter, photo):
    restorer = zoo.OldPhotoRestorer(
        detector, inpainter, repairer=dim(0.5), upscaler=network(zoo.layers.Resize(2))
    )
    steps = dict(restorer.steps(photo))
    assert list(steps) == ["inpainter", "repairer", "upscaler"]
    outside = ~restorer.mask(photo)
    np.testing.assert_array_equal(steps["inpainter"][outside], photo[outside])
    assert (steps["inpainter"][~outside] != photo[~outside]).any()
    assert steps["repairer"][outside].max() == 50
    assert steps["upscaler"].shape == (80, 96, 3)
    assert restorer(photo, off=["upscaler", "inpainter"]).shape == photo.shape
    with pytest.raises(ValueError, match="`off` takes inpainter, repairer"):
        restorer(photo, off=["colourizer"])


def test_alpha_is_kept_and_is_no_damage(detector, inpainter, photo):
    restorer = zoo.OldPhotoRestorer(detector, inpainter)
    alpha = np.full((40, 48, 1), 255, "uint8")
    restored = restorer(np.concatenate([photo, alpha], axis=-1))
    np.testing.assert_array_equal(restored[..., 3:], alpha)
    np.testing.assert_array_equal(restored[..., :3], restorer(photo))


def test_arguments_are_checked(detector, inpainter):
    with pytest.raises(ValueError, match="need each other"):
        zoo.OldPhotoRestorer(detector)
    with pytest.raises(ValueError, match="one stage must be given"):
        zoo.OldPhotoRestorer()
    with pytest.raises(ValueError, match="`grow_px` must not be negative"):
        zoo.OldPhotoRestorer(detector, inpainter, grow_px=-1)
    for threshold in (0, 1):
        with pytest.raises(ValueError, match="`threshold` must be more than 0"):
            zoo.OldPhotoRestorer(detector, inpainter, threshold=threshold)
    with pytest.raises(ValueError, match="by the names of their presets"):
        zoo.OldPhotoRestorer(repairer=inpainter).get_config()


@pytest.fixture
def preset(tmp_path):
    """A restorer of two stages, each a preset of its own."""
    options = {"filters": (4, 4), "blocks": 1, "discriminator_filters": 4}
    repairer = zoo.OldPhotoGAN(**options).save_to_preset(tmp_path / "repairer")
    colorizer = zoo.ColorizationGAN(filters=(4, 4)).save_to_preset(tmp_path / "colorizer")
    restorer = zoo.OldPhotoRestorer(repairer=str(repairer), colorizer=str(colorizer))
    return zoo.save_to_preset(restorer, tmp_path / "full", licence="none")


def test_presets_name_the_presets_of_their_stages(preset, photo):
    assert sorted(path.name for path in preset.iterdir()) == ["config.json"]
    assert zoo.preset_record(preset)["licence"] == "none"
    restorer = zoo.from_preset(preset)
    assert [name for name, _ in restorer.steps(photo)] == ["repairer", "colorizer"]
