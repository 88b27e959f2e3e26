"""The ways to run one network that `inference.py` compares; each lives in a process of its own.

Every builder gets the folder that `prepare` wrote and returns a function that restores the
photograph, and the precision that it computes in. The main process imports none of this.
"""

import importlib.util
import time
from pathlib import Path

import numpy as np

#: Not a preset: the network of the SRGAN paper, 16 blocks of 64 channels, with random weights.
PAPER = "srresnet-16x64"
_PHOTO = "photo.npy"


def prepare(model, folder, height, width):
    """Write one network in every format, and the photograph.

    Args:
        model: `PAPER`, or name or folder of a preset.
        folder: Path, a new folder.
        height: Integer, of the photograph.
        width: Integer.

    Returns:
        Dict: `weights`, `scale`, and `auto`, the precision that `"auto"` is on this machine.
    """
    import export
    import zoo
    from zoo.core.hardware import chosen_precision

    folder = Path(folder)
    if model == PAPER:
        model = zoo.SRGAN(scale=4, objective=zoo.PairedObjective(), seed=0)
    else:
        model = zoo.from_preset(model)
    model.save_to_preset(folder / "preset")
    for precision in ("float32", "auto"):
        export.saved_model(model, folder / f"saved_model_{precision}", precision=precision)
    for quantize in (None, "float16", "int8"):
        export.tflite(model, folder / f"{quantize or 'float32'}.tflite", quantize)
    if importlib.util.find_spec("tf2onnx"):
        _write_onnx(model, folder / "network.onnx")
    np.save(folder / _PHOTO, photograph(height, width))
    return {
        "weights": model.generator.count_params(),
        "scale": model.scale,
        "auto": chosen_precision("auto"),
    }


def photograph(height, width):
    """The middle of a photograph that scikit-image ships, uint8 `(height, width, 3)`."""
    import skimage.data

    image = skimage.data.coffee()
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def _write_onnx(model, path):
    """The float32 network between [0, 1] and [0, 1], as the TFLite file has it."""
    import tensorflow as tf
    import tf2onnx

    from export.signatures import alignment_of, exportable_network, restore_unit_range

    network = exportable_network(model)
    alignment = alignment_of(network)
    spec = tf.TensorSpec([1, None, None, 3], tf.float32, "images")
    function = tf.function(
        lambda images: restore_unit_range(network, images, alignment), input_signature=[spec]
    )
    tf2onnx.convert.from_function(function, input_signature=[spec], opset=17, output_path=str(path))


class Contender:
    """One way to run the network.

    Args:
        builder: Name of a function of this module.
        folder: Path that `prepare` wrote.
        threads: Integer, for the libraries that do not read the environment.
        *options: Further arguments of the builder.
    """

    def __init__(self, builder, folder, threads, *options):
        folder = Path(folder)
        photo = np.load(folder / _PHOTO)
        self._run, self._precision = globals()[builder](folder, photo, threads, *options)
        self._levels = _to_levels(self._run())  # traces, compiles, allocates
        self._run()

    def milliseconds(self):
        """Time of one run."""
        began = time.perf_counter()
        self._run()
        return 1e3 * (time.perf_counter() - began)

    def levels(self):
        """What it makes of the photograph, uint8 `(H, W, 3)`."""
        return self._levels

    def precision(self):
        """What it computes in, as text."""
        return self._precision

    def peak_mib(self):
        """Most memory that this process ever held, libraries and building included."""
        return peak_mib()


def peak_mib():
    """`VmHWM` of this process in MiB, or `None` where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return round(int(fields["VmHWM"].split()[0]) / 1024)


def _to_levels(image):
    if image.dtype == np.uint8:
        return image
    return np.round(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


def _unit(photo):
    return photo[np.newaxis].astype(np.float32) / 255.0


def predict_on_batch(folder, photo, threads):
    """Keras alone, as its documentation runs a model."""
    import zoo

    network = zoo.from_preset(folder / "preset").inference_network
    images = _unit(photo)
    return lambda: (network.predict_on_batch(images * 2.0 - 1.0)[0] + 1.0) * 0.5, "float32"


def restore(folder, photo, threads, precision):
    """`zoo.restore`, from 8 bits to 8 bits."""
    import zoo
    from zoo.core.hardware import chosen_precision

    model = zoo.from_preset(folder / "preset")
    return lambda: zoo.restore(model, photo, precision=precision), chosen_precision(precision)


def saved_model(folder, photo, threads, precision):
    """The float signature of a SavedModel."""
    import tensorflow as tf

    import export

    version = folder / f"saved_model_{precision}" / "1"
    loaded = tf.saved_model.load(str(version))
    images = tf.constant(_unit(photo))

    def run(signature=loaded.signatures["serving_default"], loaded=loaded):
        return signature(images=images)["restored_images"].numpy()[0]

    return run, export.record(version)["precision"]


def tflite(folder, photo, threads, kind):
    """A TFLite file; its interpreter takes XNNPACK by itself."""
    try:
        from ai_edge_litert.interpreter import Interpreter as interpreter_of
    except ImportError:
        import tensorflow as tf

        interpreter_of = tf.lite.Interpreter
    interpreter = interpreter_of(str(folder / f"{kind}.tflite"), num_threads=threads)
    images = _unit(photo)
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(source["index"], images.shape)
    interpreter.allocate_tensors()

    def run():
        interpreter.set_tensor(source["index"], images)
        interpreter.invoke()
        return interpreter.get_tensor(target["index"])[0]

    precision = {
        "float32": "float32",
        "float16": "float16 weights, float32 arithmetic",
        "int8": "int8 weights, activations quantized by the range that they have",
    }
    return run, precision[kind]


def onnx_runtime(folder, photo, threads):
    """ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(folder / "network.onnx"), options, providers=["CPUExecutionProvider"]
    )
    feed = {session.get_inputs()[0].name: _unit(photo)}
    return lambda: session.run(None, feed)[0][0], "float32"


def openvino(folder, photo, threads, precision):
    """OpenVINO, compiled for the size of the photograph.

    Args:
        folder: See above.
        photo: See above.
        threads: See above.
        precision: `"default"`, what OpenVINO chooses by itself, or `"f32"`.
    """
    import openvino

    core = openvino.Core()
    network = core.read_model(str(folder / "network.onnx"))
    images = _unit(photo)
    network.reshape(list(images.shape))
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision != "default":
        options["INFERENCE_PRECISION_HINT"] = precision
    compiled = core.compile_model(network, "CPU", options)
    chosen = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    names = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}
    return lambda: compiled(images)[0][0], names.get(chosen, chosen)


def bfloat16_cost(preset, source):
    """Score a preset in float32 and in bfloat16, by the protocol of `zoo evaluate`.

    Args:
        preset: Name or folder of a preset.
        source: What `pipelines.from_source` takes.

    Returns:
        Dict: `protocol`, `images`, `psnr_db` of both precisions and `cost_db`.
    """
    import pipelines
    import zoo
    from export.signatures import exportable_network
    from zoo.commands import evaluating
    from zoo.core.alignment import run_aligned

    model = zoo.from_preset(preset)
    photos = pipelines.from_source(source)
    pairs = pipelines.paired(photos, model.default_recipe, 1, seed=0, shuffle=False)
    networks = {x: exportable_network(model, x) for x in ("float32", "bfloat16")}
    metrics = {precision: evaluating.metrics_of(model)[0] for precision in networks}
    for degraded, clean in pairs:
        for precision, network in networks.items():
            restored = run_aligned(network, degraded, model.size_multiple)
            metrics[precision].update_state(clean, restored)
    scores = {precision: float(metric.result()) for precision, metric in metrics.items()}
    return {
        "preset": preset,
        "data": Path(source).name,
        "recipe": model.default_recipe,
        "protocol": metrics["float32"].protocol,
        "images": len(photos),
        "psnr_db": scores,
        "cost_db": scores["float32"] - scores["bfloat16"],
    }
