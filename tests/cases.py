"""Test cases that several test files share."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import export
import zoo
from zoo.layers import BatchNorm


@keras.saving.register_keras_serializable(package="cases")
class TinyGAN(zoo.PairedGAN):
    """A paired model that trains in milliseconds: two small networks and an adversarial term.

    Args:
        batch_norm: Bool, whether both networks have batch norm.
        objective: `zoo.PairedObjective`, or `None` for L1 and an adversary.
        **kwargs: Of `zoo.PairedGAN`.
    """

    def __init__(self, batch_norm=False, objective=None, **kwargs):
        super().__init__(
            tiny_generator(batch_norm), lambda: tiny_discriminator(batch_norm), objective, **kwargs
        )
        self.batch_norm = batch_norm

    @staticmethod
    def default_objective():
        return zoo.PairedObjective(
            adversarial_loss=zoo.losses.NonSaturating(), adversarial_weight=0.1
        )

    def get_config(self):
        return {**super().get_config(), "batch_norm": self.batch_norm}


def tiny_generator(batch_norm=False):
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    x = BatchNorm()(x) if batch_norm else x
    x = layers.Conv2D(3, 3, padding="same", dtype="float32")(layers.LeakyReLU()(x))
    return keras.Model(inputs, layers.Add(dtype="float32")([inputs, x]))


def tiny_discriminator(batch_norm=False):
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    x = BatchNorm()(x) if batch_norm else x
    x = layers.GlobalAveragePooling2D()(layers.LeakyReLU()(x))
    return keras.Model(inputs, layers.Dense(1, dtype="float32")(x))


def pairs(count, size=8, scale=1, seed=0):
    """Float32 arrays `(degraded, clean)` in [-1, 1] that a model can learn from."""
    clean = np.random.default_rng(seed).uniform(-1, 1, (count, size, size, 3)).astype("float32")
    return 0.5 * clean[:, ::scale, ::scale] + 0.1, clean


def batches(count, batch_size, **options):
    """`pairs` as a `tf.data.Dataset` in order, the last batch as small as it comes."""
    return tf.data.Dataset.from_tensor_slices(pairs(count, **options)).batch(batch_size)


def state(model):
    """Every number that training changes, as a dict of name to array."""
    parts = {"weights": model.weights}
    for player in ("generator_optimizer", "discriminator_optimizer"):
        if getattr(model, player) is not None:
            parts[player] = getattr(model, player).variables
    return {
        f"{part}/{index}/{variable.path}": keras.ops.convert_to_numpy(variable)
        for part, variables in parts.items()
        for index, variable in enumerate(variables)
    }


def assert_same_state(actual, expected, rtol=0.0, atol=0.0):
    """Compare two models (or two results of `state`), optimizers included."""
    actual, expected = (x if isinstance(x, dict) else state(x) for x in (actual, expected))
    assert len(actual) == len(expected)
    for value, (name, wanted) in zip(actual.values(), expected.items(), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=rtol, atol=atol, err_msg=name)


def copies(variable):
    """The values of a variable on all replicas of this process."""
    value = variable.value
    return [each.numpy() for each in getattr(value, "values", (value,))]


def awake(model):
    """Give weights that start from zeros random ones, as after training; return the model."""
    rng = np.random.default_rng(0)
    for variable in model.generator.trainable_variables:
        if not np.any(variable.numpy()):
            variable.assign(rng.normal(scale=0.1, size=variable.shape))
    return model


def run_variant_test(build, data, *, folder, strategy, steps=1, without_gradient=()):
    """Give a variant the tests that every variant must pass.

    It is inferred with, trained, evaluated, saved in both ways, loaded and trained on, exported,
    traced for batches of any size, and trained in mixed precision on two replicas.

    Args:
        build: Function of keyword arguments (`ema_halflife_images`, ...) that returns the model.
        data: Float32 arrays `(degraded, clean)` in [-1, 1], 4 samples.
        folder: Path of an empty folder.
        strategy: `tf.distribute.MirroredStrategy` over two devices.
        steps: Updates until a gradient has reached every weight; 2 where the last layer starts
            from zeros. Defaults to 1.
        without_gradient: Ends of the paths of weights that the loss cannot depend on.
    """
    model = build(ema_halflife_images=8)
    check_inference(model, *data)
    model.compile(metrics=[zoo.metrics.PSNR("rgb")], run_eagerly=True)
    check_training(model, data, steps, without_gradient)
    assert np.isfinite(model.evaluate(*data, batch_size=4, verbose=0, return_dict=True)["psnr"])

    def restored(model):
        return model(data[0], training=False)

    check_saving(model, data, folder, restored)
    check_export(model, folder)
    check_graph(model, data)
    check_replicas(build, data, strategy, restored)


def run_latent_test(
    build, data, *, folder, strategy, steps=1, without_gradient=(), generate=lambda m: m.generate(3)
):
    """Give a variant that makes images from noise the tests that every variant must pass.

    Arguments as of `run_variant_test`, but for:

    Args:
        data: Tuple of arrays: images in [-1, 1] and what belongs to them, as many as two updates
            of the generator take.
        generate: Function of the model that returns three made images.
    """
    model = build(ema_halflife_images=8)
    images = data[0]
    made = generate(model)
    assert made.shape == (3, *images.shape[1:])
    assert made.dtype == np.float32
    assert np.ptp(made, axis=0).max() > 0, "all images are alike"
    np.testing.assert_array_equal(generate(model), made)
    model.compile(run_eagerly=True)
    check_training(model, data, steps, without_gradient)
    check_saving(model, data, folder, generate)
    check_export(model, folder)
    check_graph(model, data)
    check_replicas(build, data, strategy, generate)
    check_equality(build, data, strategy)


def run_editing_test(build, data, *, folder, strategy, inputs=None, steps=1):
    """Give a variant that edits images by something else the tests that every variant must pass.

    Arguments as of `run_variant_test`, but for:

    Args:
        data: Arrays: images in [-1, 1] and what says how they are edited, or what is trained on.
        inputs: Images and what says how they are edited, where `data` are more.
    """
    inputs = list(data if inputs is None else inputs)

    def edited(model):
        return model(inputs, training=False)

    model = build(ema_halflife_images=8)
    assert edited(model).shape == inputs[0].shape
    assert edited(model).dtype == tf.float32
    model.compile(metrics=[zoo.metrics.PSNR("rgb")], run_eagerly=True)
    check_training(model, data, steps, ())
    dataset = tf.data.Dataset.from_tensors(data)
    assert np.isfinite(model.evaluate(dataset, verbose=0, return_dict=True)["psnr"])
    check_saving(model, data, folder, edited)
    check_export(model, folder)
    check_graph(model, data)
    check_replicas(build, data, strategy, edited)
    check_equality(build, data, strategy)


def shapes(count, size=8, channels=1, seed=0):
    """Float32 images `(count, size, size, channels)` in [-1, 1]: a bright box on a dark ground."""
    rng = np.random.default_rng(seed)
    images = np.full((count, size, size, channels), -1.0, "float32")
    for image in images:
        top, left = rng.integers(0, size // 2, 2)
        image[top : top + size // 2, left : left + size // 2] = rng.uniform(0, 1, channels)
    return images


def check_inference(model, degraded, clean):
    """Any batch and size, float32 out, the averaged network."""
    restored = model(degraded[:1], training=False)
    assert restored.shape == clean[:1].shape
    assert restored.dtype == tf.float32
    assert model.kept_network is model.averaged_generator
    channels = degraded.shape[-1]
    assert model.inference_network.input_shape == (None, None, None, channels)
    tall = np.tile(degraded, (1, 2, 1, 1))
    assert model(tall, training=False).shape == (len(clean), 2 * clean.shape[1], *clean.shape[2:])


def check_training(model, data, steps, without_gradient):
    """Every weight of both players gets a gradient and moves, and so does the average."""
    players = [
        (model.generator_variables, model.generator_optimizer),
        (model.discriminator_variables, model.discriminator_optimizer),
        (model.averaged_generator.variables[:1], None),
    ]
    before = [[variable.numpy() for variable in variables] for variables, _ in players]
    logs = [model.train_on_batch(*data, return_dict=True) for _ in range(steps)][-1]
    assert np.isfinite(list(logs.values())).all(), logs
    assert {name.split("/")[0] for name in logs if "/" in name} == {"generator", "discriminator"}
    for (variables, optimizer), olds in zip(players, before, strict=True):
        for index, (variable, old) in enumerate(zip(variables, olds, strict=True)):
            if variable.path.endswith(tuple(without_gradient)):
                continue
            assert np.any(variable.numpy() != old), f"{variable.path} did not move"
            # Spectral norm moves its kernel without a gradient, so look at Adam's memory too.
            assert optimizer is None or np.any(slots(optimizer)[index]), variable.path
    assert model.step == steps


def slots(optimizer):
    """What an optimizer remembers of each variable's gradients."""
    return getattr(optimizer, "_momentums", None) or optimizer._velocities


def check_saving(model, data, folder, infer):
    """`.keras` files and presets bring everything back, and training goes on in the same way."""
    model.save(folder / "model.keras")
    model.save_to_preset(folder / "trainable", training_state=True)
    model.save_to_preset(folder / "preset")
    loaded = keras.models.load_model(folder / "model.keras")
    trainable = type(model).from_preset(folder / "trainable")
    expected = infer(model)
    model.train_on_batch(*data)
    for copy in (loaded, trainable):
        assert type(copy) is type(model)
        assert copy.get_config() == model.get_config()
        np.testing.assert_array_equal(infer(copy), expected)
    assert_same_state(loaded, trainable)
    loaded.train_on_batch(*data)
    assert_same_state(loaded, model, rtol=1e-5, atol=1e-6)
    preset = zoo.from_preset(folder / "preset")
    assert not preset.compiled
    np.testing.assert_array_equal(infer(preset), expected)


def check_export(model, folder):
    """Every signature of a SavedModel and TFLite agree with Keras."""
    version = export.saved_model(model, folder / "served", precision="float32")
    lite = export.tflite(model, folder / "model.tflite")
    assert export.check(model, saved_model=version, tflite=lite).passed


def check_graph(model, data):
    """The step can be traced once for batches of any number."""
    specs = tf.nest.map_structure(
        lambda each: tf.TensorSpec((None, *each.shape[1:]), each.dtype), data
    )
    step = tf.function(model.train_step, autograph=False).get_concrete_function(specs)
    assert set(step.structured_outputs) == set(model.train_on_batch(*data, return_dict=True))


def check_replicas(build, data, strategy, infer):
    """Two replicas in mixed precision stay the same and finite."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    with strategy.scope():
        model = build()
        model.compile(run_eagerly=True)
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(len(tf.nest.flatten(data)[0]))
    logs = model.fit(dataset, verbose=0).history
    assert np.isfinite(list(logs.values())).all(), logs
    for variable in model.weights:
        first, second = copies(variable)
        np.testing.assert_array_equal(first, second, err_msg=variable.path)
    assert infer(model).dtype == "float32"


def check_equality(build, data, strategy):
    """A step on two replicas is the step on one device, but for rounding."""
    keras.config.set_dtype_policy("float32")
    # Replicas get whole groups.
    twice = tf.nest.map_structure(lambda each: np.concatenate([each, each]), data)
    models, logs = [], []
    for chosen in (None, strategy):
        keras.utils.set_random_seed(0)
        with (chosen or tf.distribute.get_strategy()).scope():
            model = build(ema_halflife_images=8)
            for layer in model._flatten_layers():
                if isinstance(layer, layers.BatchNormalization):
                    layer.synchronized = True  # else replicas normalise by their own images
            # With more steps, replicas share the samples out over them in another order.
            players = [keras.optimizers.SGD(0.02) for _ in range(2)]
            model.compile(*players, discriminator_steps=1, run_eagerly=True)
        dataset = tf.data.Dataset.from_tensor_slices(twice).batch(len(tf.nest.flatten(twice)[0]))
        logs.append(model.fit(dataset, verbose=0).history)
        models.append(model)
    assert_same_state(models[1], models[0], atol=2e-5)
    for name, value in logs[0].items():
        np.testing.assert_allclose(logs[1][name], value, rtol=1e-3, atol=1e-5, err_msg=name)
