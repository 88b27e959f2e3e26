import json

import keras
import pytest

import zoo
from zoo.commands import objectives


@pytest.fixture
def feature_file(tmp_path):
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, name="edges")(inputs)
    x = keras.layers.Conv2D(4, 3, name="shapes")(x)
    path = tmp_path / "features.keras"
    keras.Model(inputs, x).save(path)
    return str(path)


def test_name_is_that_loss_alone():
    objective = objectives.build("psnr")
    assert isinstance(objective.pixel_loss, zoo.losses.PSNRLoss)
    assert not objective.adversarial
    assert objective.perceptual_weight == 0


def test_file_states_terms_and_weights(feature_file, tmp_path):
    spec = {
        "pixel": "l1",
        "pixel_weight": 0.01,
        "perceptual": {
            "file": feature_file,
            "input": "caffe_bgr",
            "layers": ["shapes", "edges"],
            "layer_weights": [2, 3],
            "criterion": "l1",
        },
        "adversarial": "hinge",
        "adversarial_weight": 0.005,
    }
    path = tmp_path / "objective.json"
    path.write_text(json.dumps(spec))
    objective = objectives.build(objectives.read(str(path)))
    assert (objective.pixel_weight, objective.adversarial_weight) == (0.01, 0.005)
    assert objective.perceptual_weight == 1  # a term that is named counts
    assert isinstance(objective.adversarial_loss, zoo.losses.Hinge)
    perceptual = objective.perceptual_loss
    assert perceptual.layer_weights == [2, 3]
    assert perceptual.features.layers == ["shapes", "edges"]
    assert isinstance(perceptual.features.preprocess, zoo.networks.feature_inputs.CaffeBGR)
    assert isinstance(perceptual.criterion, keras.losses.MeanAbsoluteError)


def test_pixel_may_be_a_sum():
    spec = {"pixel": {"l1": 2, "phase": {"weight": 5, "factor": 2}}}
    loss = objectives.build(spec).pixel_loss
    assert loss.weights == [2, 5]
    assert isinstance(loss.losses[0], keras.losses.MeanAbsoluteError)
    assert (loss.losses[1].factor, loss.losses[1].window) == (2, 3)


def test_term_that_is_not_named_is_left_out():
    objective = objectives.build({"adversarial": "least_squares"})
    assert objective.pixel_weight == 0
    assert objective.adversarial_weight == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"pixels": "l1"}, "--objective"),
        ({"pixel": "l3"}, "`pixel` must be one of l1"),
        ({"adversarial": "wgan"}, "`adversarial` must be one of minimax"),
        ({"perceptual": {"layers": ["a"]}}, "`file`"),
        ({"perceptual": {"file": "a.keras", "input": "bgr"}}, "`input` must be one of caffe_bgr"),
        (["l1"], "JSON object"),
        (None, "JSON object"),
        ({"pixel_weight": 0.5, "adversarial": "hinge"}, "`pixel_weight` needs `pixel`"),
        ({"pixel": "l1", "pixel_weight": "1"}, "`pixel_weight` must be a number"),
        ({"pixel": {}}, "for each of `losses`"),
        ({"pixel": {"l1": "1"}}, "`weight of l1` must be a number"),
        ({"pixel": {"l3": 1}}, "`pixel` sums l1"),
        ({"pixel": {"phase": {"scale": 2}}}, "`phase` must be .* factor, weight, window"),
        ({"pixel": {"phase": 8}}, "`phase` needs `factor`"),
        ({"pixel": {"phase": {"factor": 2.5}}}, "`factor` must be an integer"),
        ({"pixel": {"charbonnier": {"epsilon": "1"}}}, "`epsilon of charbonnier` must be a number"),
        ({"pixel": {"l1": 0}}, "one above 0"),
        ({"pixel": {"l1": -1}}, "0 or more"),
        ({"pixel": "phase"}, "an object that sums losses"),
        ({"pixel": ["l1"]}, "`pixel` must be one of l1"),
        ({"perceptual": {"file": "a.keras", "criterion": "psnr"}}, "`criterion` must be one of"),
        ({"perceptual": {"file": "a.keras", "layer_weights": 2}}, "`layer_weights` must be a list"),
    ],
)
def test_mistakes_are_named(spec, message):
    with pytest.raises(ValueError, match=message):
        objectives.build(spec)


def test_json_may_be_written_out():
    assert objectives.read('{"r1_gamma": 1}') == {"r1_gamma": 1}
    with pytest.raises(ValueError, match="cannot be read as JSON"):
        objectives.read('{"r1_gamma": }')


def test_unreadable_file_is_named(tmp_path):
    broken = tmp_path / "objective.json"
    broken.write_text("{")
    for path in (broken, tmp_path / "missing.json"):
        with pytest.raises(ValueError, match=path.name):
            objectives.read(str(path))
    with pytest.raises(ValueError, match="l1, l2, psnr"):
        objectives.read("huber")
