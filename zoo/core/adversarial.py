"""The adversarial training step that every variant shares."""

import keras
import tensorflow as tf

from zoo.core import (
    compile_arguments,
    distribution,
    finetuning,
    observation,
    presets,
    randomness,
    replicas,
    running_means,
)
from zoo.core.averaging import averaged_copy, update_average


class AdversarialModel(keras.Model):
    """Two players, trained in turns by plain `fit()`.

    A variant states its mathematics in `prepare`, `forward`, `discriminator_terms` and
    `generator_terms`; this class owns tapes, optimizers, averaging, replica scaling, logs and
    saving, and works in the same way on one device, under `MirroredStrategy` and under
    `MultiWorkerMirroredStrategy`.

    Args:
        generator: Functional `keras.Model`, the network that is served.
        discriminator: Functional `keras.Model`, or `None` to train without an adversary.
        ema_halflife_images: Float, number of training images after which a weight's share in the
            averaged generator has halved. 0 (default) keeps no average. Reference: Karras et al.
            2018, https://arxiv.org/abs/1710.10196, section 4, in the form of StyleGAN2.
        seed: Integer, seed of all noise drawn in training. Defaults to 0.
        **kwargs: `name` and `dtype` of `keras.Model`.
    """

    #: Discriminator updates a generator update, in the paper.
    default_discriminator_steps = 1
    #: Arguments of a variant's constructor that are objects: serialised in configs.
    object_arguments = ("objective",)

    def __init__(self, generator, discriminator=None, *, ema_halflife_images=0, seed=0, **kwargs):
        super().__init__(**kwargs)
        if ema_halflife_images < 0:
            raise ValueError(
                "`ema_halflife_images` must be a number of images, or 0 for no average. "
                f"Received: ema_halflife_images={ema_halflife_images}"
            )
        self.generator = generator
        self.discriminator = discriminator
        self.ema_halflife_images = ema_halflife_images
        self.seed = seed
        self.averaged_generator = averaged_copy(generator) if ema_halflife_images else None
        self.generator_optimizer = None
        self.discriminator_optimizer = None
        self._means = running_means.RunningMeans()
        self._observed = False
        # The networks are built here; Keras would otherwise call the model on symbolic inputs.
        self.built = True

    # ------------------------------------------------------------------ what a variant states

    def prepare(self, data, seed):
        """Unpack `data` into a dict of tensors; the only place that draws latents and masks.

        Args:
            data: One batch of the dataset, as it comes.
            seed: int32 tensor `(2,)` for `zoo.core.randomness`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `prepare(data, seed)`.")

    def forward(self, batch):
        """Run the generator and return `batch` with what it made (`fake`, `restored`, ...)."""
        raise NotImplementedError(f"{type(self).__name__} must define `forward(batch)`.")

    def discriminator_terms(self, batch):
        """Return the summands of the discriminator's loss: dict of name to weighted scalar.

        No gradient flows from here into what `forward` made.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `discriminator_terms`.")

    def generator_terms(self, batch):
        """Return the summands of the generator's loss: dict of name to weighted scalar."""
        raise NotImplementedError(f"{type(self).__name__} must define `generator_terms(batch)`.")

    def evaluation_pair(self, data):
        """Return `(target, output)` images for the metrics of `compile`."""
        raise NotImplementedError(
            f"{type(self).__name__} has no `evaluation_pair`, so it takes no validation data."
        )

    def pictures(self, data):
        """Return the images `(N, H, W, C)` that show what the model does, as for `ImageGrid`."""
        target, output = self.evaluation_pair(data)
        return [tf.nest.flatten(data)[0], output, target]

    def default_optimizers(self):
        """Return the paper's generator and discriminator optimizers."""
        return keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5)

    @property
    def generator_variables(self):
        """Weights that the generator's player may change."""
        return self.generator.trainable_variables

    @property
    def discriminator_variables(self):
        """Weights that the discriminator's player may change."""
        return [] if self.discriminator is None else self.discriminator.trainable_variables

    @property
    def kept_network(self):
        """What a preset keeps: the averaged generator, or without an average the generator."""
        return self.averaged_generator if self.averaged_generator is not None else self.generator

    @property
    def inference_network(self):
        """The functional network that is restored with, exported and served."""
        return self.kept_network

    def network_for(self, height, width):
        """Return the functional network that `zoo.restore` runs on a photograph of so many px."""
        return self.inference_network

    @property
    def step(self):
        """Number of generator updates made so far (0 before `compile`)."""
        if self.generator_optimizer is None:
            return 0
        return int(replicas.local_value(self.generator_optimizer.iterations).numpy())

    def get_config(self):
        """The constructor's arguments that every variant takes."""
        serialize = keras.saving.serialize_keras_object
        return {
            **{name: serialize(getattr(self, name)) for name in self.object_arguments},
            "ema_halflife_images": self.ema_halflife_images,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """Remake a model from `get_config()`."""
        deserialize = keras.saving.deserialize_keras_object
        objects = {name: deserialize(config.get(name)) for name in cls.object_arguments}
        return cls(**{**config, **objects})

    @classmethod
    def from_preset(cls, name_or_path):
        """Make a trained model: see `zoo.from_preset`."""
        return presets.from_preset(name_or_path, expected=cls)

    def save_to_preset(self, folder, **options):
        """Write this model as a preset folder: see `zoo.save_to_preset`."""
        return presets.save_to_preset(self, folder, **options)

    def call(self, inputs, training=False):
        """Run the inference network (in training mode: the generator)."""
        return (self.generator if training else self.inference_network)(inputs, training=training)

    # ------------------------------------------------------------------ compile

    def compile(
        self,
        generator_optimizer=None,
        discriminator_optimizer=None,
        *,
        discriminator_steps=None,
        metrics=(),
        run_eagerly=False,
        jit_compile=False,
        **unsupported,
    ):
        """Say how the two players are trained.

        Two learning rates (TTUR, https://arxiv.org/abs/1706.08500), schedules and gradient
        clipping are options of the optimizers: `Adam(CosineDecay(...), global_clipnorm=1.0)`.

        Args:
            generator_optimizer: `keras.optimizers.Optimizer`. Defaults to the paper's.
            discriminator_optimizer: `keras.optimizers.Optimizer`. Defaults to the paper's.
            discriminator_steps: Integer k, discriminator updates a generator update. Each batch is
                cut into k equal parts: a fresh part for each update, the last also for the
                generator. Defaults to the paper's, 1 as a rule.
            metrics: Sequence of `zoo.metrics.ImageMetric`, computed on validation data.
            run_eagerly: Bool. Defaults to `False`.
            jit_compile: Bool, compile the step with XLA. Defaults to `False`.
            **unsupported: Raises: says why an argument of Keras' `compile` has no meaning here.
        """
        if unsupported:
            raise ValueError(compile_arguments.why_unsupported(unsupported))
        if discriminator_steps is None:
            discriminator_steps = self.default_discriminator_steps
        compile_arguments.check_steps(discriminator_steps)
        defaults = self.default_optimizers()
        self.generator_optimizer = compile_arguments.ready_optimizer(
            generator_optimizer or defaults[0],
            self.generator_variables,
            "generator_optimizer",
            self.dtype_policy,
        )
        self.discriminator_optimizer = None
        if self.discriminator is not None:
            self.discriminator_optimizer = compile_arguments.ready_optimizer(
                discriminator_optimizer or defaults[1],
                self.discriminator_variables,
                "discriminator_optimizer",
                self.dtype_policy,
            )
        super().compile(
            optimizer=self.generator_optimizer,
            run_eagerly=run_eagerly,
            jit_compile=jit_compile,
            auto_scale_loss=False,
        )
        self.discriminator_steps = discriminator_steps
        self.image_metrics = list(metrics)

    @property
    def metrics(self):
        """Empty: logs are running means kept on the host (`zoo.core.running_means`)."""
        return []

    def reset_metrics(self):
        """Start the running means of an epoch anew."""
        self._means.reset()

    def get_compile_config(self):
        """What `compile_from_config` needs to compile a loaded model in the same way."""
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.generator_optimizer),
            "discriminator_optimizer": serialize(self.discriminator_optimizer),
            "discriminator_steps": self.discriminator_steps,
            "metrics": [serialize(metric) for metric in self.image_metrics],
            "run_eagerly": self.run_eagerly,
            "jit_compile": self.jit_compile,
            "frozen_layers": finetuning.frozen_layers(self),
        }

    def compile_from_config(self, config):
        """Compile as `get_compile_config` recorded; the optimizers are built for their state."""
        config = keras.saving.deserialize_keras_object(config)
        finetuning.freeze_lower_layers(self, config.pop("frozen_layers", 0))
        self.compile(**config)

    def fit(self, x=None, y=None, *, callbacks=None, validation_data=None, **options):
        """Train as `keras.Model.fit` does, on one device, several, or several workers.

        With several workers (`MultiWorkerMirroredStrategy`) every worker calls this with the same
        arguments; each takes its own part of every batch, all log the same numbers, and callbacks
        that write files run on the chief alone.

        Args:
            x: `tf.data.Dataset` of batches, or arrays with `y`.
            y: Arrays, if `x` is one.
            callbacks: List of `keras.callbacks.Callback`.
            validation_data: As `x`, or a tuple `(x, y)` of arrays.
            **options: Of `keras.Model.fit`: `epochs`, `steps_per_epoch`, `verbose`, ...
        """
        if isinstance(x, tf.data.Dataset):
            options.setdefault("shuffle", False)  # Keras warns that it cannot shuffle a dataset.
        listed = distribution.listed_callbacks(callbacks)
        self._observe(any(getattr(each, "observes_players", False) for each in listed))
        return super().fit(
            distribution.split_by_element(x),
            y,
            callbacks=distribution.callbacks_of_this_worker(callbacks),
            validation_data=distribution.split_by_element(validation_data),
            **options,
        )

    def evaluate(self, x=None, y=None, **options):
        """Compute the metrics of `compile` as `keras.Model.evaluate` does."""
        return super().evaluate(distribution.split_by_element(x), y, **options)

    # ------------------------------------------------------------------ the step

    def train_step(self, data):
        """Update the discriminator `discriminator_steps` times, then the generator once.

        The generator runs once: its output serves both updates, and the discriminator sees it
        through `stop_gradient`.
        """
        parts = replicas.split_batch(data, self.discriminator_steps)
        for index, part in enumerate(parts[:-1]):
            batch = self._prepare(part, index + 1)
            with randomness.scope(batch["seed"]):
                self.update_discriminator(self.forward(batch))
        batch = self._prepare(parts[-1], 0)
        with tf.GradientTape() as tape, randomness.scope(batch["seed"]):
            batch = self.forward(batch)
            with tape.stop_recording():
                logs = self.update_discriminator(batch)
            with observation.noted() as notes:
                terms = self.generator_terms(batch)
            loss = self._scaled(terms, batch, self.generator_optimizer)
        seen = self._apply("generator", tape, loss, notes)
        self.update_average(batch)
        return {**logs, **self._logs("generator", terms, batch, seen)}

    def test_step(self, data):
        """Compute the metrics of `compile` on one batch."""
        return running_means.of_images(self.image_metrics, self.evaluation_pair, data)

    def update_discriminator(self, batch):
        """Take one discriminator step on `batch` and return its logs."""
        if self.discriminator is None:
            return {}
        detached = tf.nest.map_structure(tf.stop_gradient, batch)
        with tf.GradientTape() as tape:
            with observation.noted() as notes:
                terms = self.discriminator_terms(detached)
            loss = self._scaled(terms, batch, self.discriminator_optimizer)
        seen = self._apply("discriminator", tape, loss, notes)
        return self._logs("discriminator", terms, batch, seen)

    def update_average(self, batch):
        """Move the averaged generator, with a halflife of at most 5 % of the images seen."""
        if self.averaged_generator is None:
            return
        size = self._global_batch_size(batch)
        seen = size * tf.cast(self.generator_optimizer.iterations.value, tf.float32)
        halflife = tf.minimum(float(self.ema_halflife_images), 0.05 * seen)
        decay = 0.5 ** (size / tf.maximum(halflife, 1e-6))
        update_average(self.averaged_generator, self.generator, decay)

    def _prepare(self, data, part):
        step = self.generator_optimizer.iterations.value
        seed = randomness.step_seed(self.seed, step, part)
        count = tf.cast(tf.shape(tf.nest.flatten(data)[0])[0], tf.float32)
        data = tf.nest.map_structure(replicas.at_least_one, data)
        return {"seed": seed, "count": count, **self.prepare(data, seed)}

    def _global_batch_size(self, batch):
        return replicas.summed(batch["count"])

    def _scaled(self, terms, batch, optimizer):
        """Sum the terms, weighted by this replica's share of the global batch.

        `apply_gradients` adds the replicas' gradients up, so the shares make the sum the gradient
        of the mean over the global batch, also when the last batch is split unevenly.
        """
        share = batch["count"] / self._global_batch_size(batch)
        loss = tf.add_n([tf.cast(term, tf.float32) for term in terms.values()])
        return optimizer.scale_loss(loss * share)

    def _apply(self, player, tape, loss, notes):
        """Update a player; return what is to be seen of it, if anybody looks."""
        optimizer = getattr(self, f"{player}_optimizer")
        variables = getattr(self, f"{player}_variables")
        gradients = tape.gradient(loss, variables)
        seen = observation.seen(notes, gradients, optimizer) if self._observed else {}
        gradients = replicas.sum_before_clipping(gradients, optimizer)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return seen

    def _observe(self, observed):
        """Trace the step anew if what is logged of it changes."""
        if observed != self._observed:
            self._observed, self.train_function = observed, None

    def _logs(self, player, terms, batch, seen):
        """Weighted sums for `RunningMeans`: each term, their sum, and what else was `seen`."""
        count = batch["count"]
        terms = {name: tf.cast(term, tf.float32) for name, term in terms.items()}
        values = {f"{player}/{name}": value for name, value in {**terms, **seen}.items()}
        values[f"{player}_loss"] = tf.add_n(list(terms.values()))
        return {name: tf.stack([value * count, count]) for name, value in values.items()}

    # ------------------------------------------------------------------ distribution

    def make_train_function(self, force=False):
        """Build the function that `fit` calls for each batch."""
        if self.train_function is None or force:
            self.train_function = self._make_function(self.train_step)
        return self.train_function

    def make_test_function(self, force=False):
        """Build the function that `evaluate` calls for each batch."""
        if self.test_function is None or force:
            self.test_function = self._make_function(self.test_step)
        return self.test_function

    def _make_function(self, step):
        run = replicas.on_all_replicas(
            step, self.distribute_strategy, self.run_eagerly, self.jit_compile
        )
        return lambda iterator: self._means.update(run(iterator))

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing to build; Keras would take a batch from the data under a strategy."""
