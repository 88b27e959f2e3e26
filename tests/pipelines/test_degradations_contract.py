"""What every degradation promises, checked for all of them."""

import json

import numpy as np
import pytest
import tensorflow as tf

from pipelines import degradations as ops
from pipelines.degradations.base import Degradation, from_json

ALL = [
    ops.AnisotropicBlur(),
    ops.Abrasion(amount=0.3),
    ops.BorderMask(),
    ops.BoxMask(),
    ops.Clip(),
    ops.ColorCast(),
    ops.ColorJitter(),
    ops.ColorShift(),
    ops.Creases(),
    ops.Desaturation(),
    ops.Downsample(scale=2),
    ops.Dust(count=10),
    ops.Fading(),
    ops.FilmGrain(),
    ops.GaussianBlur(),
    ops.GaussianNoise(gray_probability=0.5),
    ops.GeneralizedBlur(),
    ops.Grayscale(),
    ops.JPEG(),
    ops.LowLight(),
    ops.LowResolution(),
    ops.MarkDamage([ops.Scratches()], then=[ops.GaussianNoise()]),
    ops.MixedBlur(),
    ops.MixedMask([ops.StrokeMask(), ops.BoxMask()], weights=[1, 1]),
    ops.MotionBlur(),
    ops.OneOf([ops.GaussianNoise(), ops.Fading()]),
    ops.PlateauBlur(),
    ops.PoissonNoise(gray_probability=0.5),
    ops.Resize(factor=(0.3, 0.8), weights=(0, 1, 0)),
    ops.SaltAndPepper(amount=0.1),
    ops.Scratches(),
    ops.Sepia(),
    ops.Sequence([ops.GaussianBlur(), ops.GaussianNoise()]),
    ops.SincBlur(),
    ops.SpeckleNoise(),
    ops.Stains(),
    ops.StrokeMask(),
    ops.TornEdges(),
    ops.UnevenLight(),
    ops.UnsharpMask(amount=(0.2, 1.0)),
    ops.Vignette(),
]
UNCHANGING = {"Clip"}  # nothing to do for images in range
NOT_RANDOM = {"Clip", "Downsample", "Grayscale"}
SHAPE_CHANGING = [op for op in ALL if op.changes_size or op.adds_channels]


def name_of(op):
    return type(op).__name__


def photographs(count=3, height=24, width=20):
    """Smooth coloured images with an edge and a textured part, no two alike."""
    y, x = np.mgrid[0:height, 0:width] / 24
    phase = np.arange(count)[:, None, None]
    images = [0.7 * np.sin(3 * x + 4 * y + phase + channel) for channel in range(3)]
    images = np.stack(images, -1).astype(np.float32)
    images[:, :, width // 2 :] *= -0.5
    images[:, ::4] *= 0.8
    return tf.constant(images)


@pytest.fixture(scope="module")
def photos():
    return photographs()


def test_all_degradations_are_covered():
    listed = {name for name, op in vars(ops).items() if isinstance(op, type)}
    assert listed - {"Degradation", "HoleMask"} == {name_of(op) for op in ALL}


@pytest.mark.parametrize("op", ALL, ids=name_of)
def test_seed_range_and_replay(op, photos):
    degraded, params = op(photos, (3, 4), return_params=True)
    assert degraded.dtype == tf.float32
    assert np.isfinite(degraded).all()
    assert np.abs(degraded).max() <= 1.0
    expected = op.output_shape(tf.shape(photos), params)
    np.testing.assert_array_equal(tf.shape(degraded), expected)
    for value in tf.nest.flatten(params):
        assert value.shape[0] == 3, "the first dimension of every parameter is the batch"

    np.testing.assert_array_equal(op(photos, (3, 4)), degraded)
    replayed = tf.clip_by_value(op.apply(photos, params), -1.0, 1.0)
    np.testing.assert_array_equal(replayed, degraded)


@pytest.mark.parametrize("op", ALL, ids=name_of)
def test_effect_and_difference_between_seeds_and_samples(op, photos):
    same = tf.repeat(photos[:1], 6, axis=0)
    degraded = op(same, (1, 2)).numpy()
    if name_of(op) in UNCHANGING:
        np.testing.assert_array_equal(degraded, same)
        return
    if degraded.shape == same.shape:
        assert np.abs(degraded - same).max() > 0.004, "less than one level of an 8-bit file"
    if name_of(op) in NOT_RANDOM:
        np.testing.assert_array_equal(degraded[0], degraded[1])
        return
    other = op(same, (1, 3)).numpy()
    assert other.shape != degraded.shape or np.abs(other - degraded).max() > 0
    if name_of(op) != "Resize":  # one size and one interpolation for the batch
        assert any(np.abs(degraded[0] - sample).max() > 0 for sample in degraded[1:])


@pytest.mark.parametrize("op", ALL, ids=name_of)
def test_json_round_trip(op, photos):
    record = json.loads(json.dumps(op.to_json()))
    again = from_json(record)
    assert type(again) is type(op)
    assert again.to_json() == op.to_json()
    assert record["op"] == name_of(op)
    np.testing.assert_array_equal(again(photos, (5, 6)), op(photos, (5, 6)))


@pytest.mark.parametrize(
    "op", [op for op in ALL if op not in SHAPE_CHANGING and name_of(op) != "Clip"], ids=name_of
)
def test_probability_zero_is_the_identity_and_a_coin_decides_per_sample(op, photos):
    config = op.get_config()
    never = type(op).from_config(config | {"probability": 0.0})
    np.testing.assert_array_equal(never(photos, (0, 1)), photos)

    half = type(op).from_config(config | {"probability": 0.5})
    many = tf.repeat(photos[:1], 12, axis=0)
    degraded, params = half(many, (0, 1), return_params=True)
    applied = params["applied"].numpy()
    assert 0 < applied.sum() < 12
    np.testing.assert_array_equal(degraded.numpy()[~applied], many.numpy()[~applied])
    np.testing.assert_array_equal(tf.clip_by_value(half.apply(many, params), -1, 1), degraded)


@pytest.mark.parametrize(
    "op", [op for op in ALL if name_of(op) not in {"Resize", "Downsample"}], ids=name_of
)
def test_a_sample_can_be_replayed_alone(op, photos):
    degraded, params = op(photos, (7, 8), return_params=True)
    one = tf.nest.map_structure(lambda value: value[1:2], params)
    alone = tf.clip_by_value(op.apply(photos[1:2], one), -1.0, 1.0)
    # Sums may be taken in another order in a batch of another size.
    np.testing.assert_allclose(alone, degraded[1:2], atol=2e-5)


def test_rejects_what_is_no_batch_of_floats():
    noise = ops.GaussianNoise()
    with pytest.raises(ValueError, match=r"`images`.*floating point.*Received: uint8.*127.5"):
        noise(tf.zeros((1, 4, 4, 3), tf.uint8), (0, 0))
    with pytest.raises(ValueError, match=r"`images`.*batch.*Received shape: \(4, 4, 3\)"):
        noise(tf.zeros((4, 4, 3)), (0, 0))
    with pytest.raises(ValueError, match=r"`seed`.*two integers.*Received shape: \(3,\)"):
        noise(tf.zeros((1, 4, 4, 3)), (0, 0, 0))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ops.GaussianNoise(sigma_levels=(5, 1)), r"`sigma_levels`.*\(5, 1\)"),
        (lambda: ops.GaussianNoise(sigma_levels=-1), r"`sigma_levels`.*-1"),
        (lambda: ops.GaussianNoise(sigma_levels=float("nan")), r"`sigma_levels`.*nan"),
        (lambda: ops.GaussianNoise(sigma_levels="loud"), r"`sigma_levels`.*'loud'"),
        (lambda: ops.GaussianNoise(probability=1.5), r"`probability`.*1.5"),
        (lambda: ops.GaussianBlur(sigma_px=(1, 2, 3)), r"`sigma_px`.*\(1, 2, 3\)"),
        (lambda: ops.SincBlur(size_px=4), r"`size_px`.*odd.*4"),
        (lambda: ops.MixedBlur(weights=(1, 2)), r"`weights`.*6.*\(1, 2\)"),
        (lambda: ops.MixedBlur(weights=(0,) * 6), r"`weights`.*not all zero"),
        (lambda: ops.JPEG(quality=(1, 101)), r"`quality`.*100.*101"),
        (lambda: ops.JPEG(quality=50.5), r"`quality`.*whole.*50.5"),
        (lambda: ops.Scratches(count=(1, 2.5)), r"`count`.*whole.*2.5"),
        (lambda: ops.Downsample(scale=0), r"`scale`.*0"),
        (lambda: ops.Resize(interpolations=["cubic"]), r"`interpolations`.*bicubic.*'cubic'"),
        (lambda: ops.Resize(interpolations="area"), r"`interpolations`.*sequence.*'area'"),
        (lambda: ops.OneOf([]), r"`steps`.*at least one"),
        (lambda: ops.Sequence(ops.Clip()), r"`steps`.*sequence.*list"),
        (lambda: ops.OneOf([ops.Resize(), ops.Clip()]), r"`common`.*True"),
        (lambda: ops.OneOf([ops.BoxMask()]), r"`steps`.*channels.*MixedMask"),
        (lambda: ops.Sequence([ops.Resize()], probability=0.5), r"`probability`.*shape.*0.5"),
        (lambda: ops.MixedMask([ops.Clip()]), r"`masks`.*Clip"),
    ],
)
def test_wrong_arguments(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_from_json_names_what_is_available():
    with pytest.raises(ValueError, match=r"'GaussianBlur'.*Received: \{'op': 'Gausian'\}"):
        from_json({"op": "Gausian"})
    with pytest.raises(ValueError, match=r"JPEG takes.*quality.*Received: \['qualty'\]"):
        from_json({"op": "JPEG", "qualty": 3})


def test_a_user_can_define_a_degradation(photos):
    class Invert(Degradation):
        def sample(self, draws):
            return {}

        def transform(self, images, params):
            return -images

    try:
        np.testing.assert_array_equal(from_json({"op": "Invert"})(photos, (0, 0)), -photos)
        with pytest.raises(ValueError, match=r"name of its own.*'JPEG'.*compression"):
            type("JPEG", (Degradation,), {"sample": Invert.sample, "__module__": "mine"})
    finally:
        del Degradation.registry["Invert"]
    with pytest.raises(NotImplementedError, match="sample"):
        Degradation()(photos, (0, 0))
