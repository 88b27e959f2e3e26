"""What `pipeline.py` measures: the zoo's pairs by `tf.data`, and OpenCV's by worker processes.

Frameworks are imported where they are used, because each contender lives in processes of its own.
"""

import contextlib
import itertools
import multiprocessing.connection
import time

import numpy as np
from timing import Worker


def photographs():
    """Return the photographs that scikit-image ships, uint8 RGB."""
    from PIL import Image

    from pipelines.sample import sample_paths

    return [np.asarray(Image.open(path).convert("RGB")) for path in sample_paths()]


class Zoo:
    """Pairs from `pipelines.paired`.

    Args:
        name: Of the recipe.
        images: List of uint8 RGB photographs.
        crop_px: Side of the crops.
        batch_size: Pairs in a batch.
    """

    def __init__(self, name, images, crop_px, batch_size):
        import pipelines

        self._recipe = pipelines.recipe(name)
        self._source = pipelines.from_arrays(images, image_size=crop_px)
        self._batch_size = batch_size
        self._rounds = itertools.count()

    def seconds_per_pair(self, batches, untimed=4):
        """Time `batches` batches of a dataset that is already running."""
        import pipelines

        start = next(self._rounds) * (batches + untimed)
        pairs = pipelines.paired(self._source, self._recipe, self._batch_size, start_step=start)
        iterator = iter(pairs)
        for _ in range(untimed):
            next(iterator)
        begin = time.perf_counter()
        for _ in range(batches):
            next(iterator)
        seconds = time.perf_counter() - begin
        del iterator  # or the dataset would fill its buffers while another contender computes
        return seconds / (batches * self._batch_size)

    def milliseconds_per_step(self, batches):
        """Return a list of the steps' names and processor time per image, step after step."""
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # steps are traced again for other sizes, on purpose
        steps, draw, rounding = _compiled(self._recipe)
        crops = iter(self._source.stream(seed=0).batch(self._batch_size, drop_remainder=True))
        clock, warm_up = _Clock(), 3  # batches on which functions are traced, for several sizes
        ready = [next(crops)[1] for _ in range(warm_up)]
        clock.running = True
        for _ in range(batches):
            with clock.step("crops"):
                ready.append(next(crops)[1])
        del crops  # it would go on in the background
        for number, images in enumerate(ready):
            clock.running = number >= warm_up
            with clock.step("draws"):
                params = draw(tf.constant([0, number], tf.int32), tf.shape(images))
            for name, key, step in steps:
                with clock.step(f"{key[:2]} {name}"):
                    images = step(images, params[key])
            with clock.step("rounding"):
                rounding(images)
        return clock.report(batches * self._batch_size)


def _compiled(recipe):
    """Functions of the recipe's steps, `(name, key, function)`, of its draws and the rounding."""
    import tensorflow as tf

    from pipelines.degradations.composition import Sequence, step_items
    from pipelines.degradations.resampling import to_eight_bit

    def compiled(function):
        # Sizes vary from batch to batch, as in a dataset of this recipe.
        return tf.function(function, autograph=False, reduce_retracing=True)

    whole = Sequence((*recipe.scene, *recipe.steps))
    steps = [(title(step), key, compiled(step.apply)) for key, step in step_items(whole.steps)]
    return steps, compiled(whole.draw), compiled(to_eight_bit)


def title(step):
    """Name of a step with the names of what it holds."""
    name = getattr(step, "name", type(step).__name__)
    inner = [title(each) for each in getattr(step, "steps", ())]
    return f"{name}({', '.join(inner)})" if inner else name


class _Clock:
    """Adds up the processor time of steps while it is running."""

    def __init__(self):
        self.running = False
        self._seconds = {}

    @contextlib.contextmanager
    def step(self, name):
        start = time.process_time()
        yield
        if self.running:
            elapsed = time.process_time() - start
            self._seconds[name] = self._seconds.get(name, 0.0) + elapsed

    def report(self, images):
        return [
            {"step": name, "ms_per_image": round(1e3 * seconds / images, 3)}
            for name, seconds in self._seconds.items()
        ]


class OpenCV:
    """Pairs from worker processes.

    Used in the process of the benchmark itself, which only waits: batches stay where they were
    made, as if handing them over cost nothing.

    Args:
        name: Of the recipe.
        images: List of uint8 RGB photographs.
        crop_px: Side of the crops.
        batch_size: Pairs in a batch.
        processes: Number of worker processes.
    """

    def __init__(self, name, images, crop_px, batch_size, processes):
        self._batch_size = batch_size
        self._workers = [
            Worker("pipeline_contenders:Maker", name, images, crop_px, batch_size, seed, threads=1)
            for seed in range(processes)
        ]

    def seconds_per_pair(self, batches):
        """Time `batches` batches while every worker is kept busy."""
        for worker in self._workers:
            worker.send("make")
        for _ in self._workers:
            self._take()
        begin = time.perf_counter()
        for _ in range(batches):
            self._take()
        seconds = time.perf_counter() - begin
        for worker in self._workers:
            worker.receive()
        return seconds / (batches * self._batch_size)

    def _take(self):
        worker = multiprocessing.connection.wait(self._workers)[0]
        worker.receive()
        worker.send("make")

    def close(self):
        """End the processes."""
        for worker in self._workers:
            worker.close()


class Maker:
    """Makes batches in a worker process."""

    def __init__(self, name, images, crop_px, batch_size, seed):
        import cv2
        import opencv_recipes
        from opencv_wear import old_photo

        cv2.setNumThreads(1)
        recipes = {"real-esrgan-x4": opencv_recipes.real_esrgan, "old-photo": old_photo}
        self._recipe = recipes[name](crop_px)
        self._crop = lambda: opencv_recipes.crop(self._rng, images, crop_px)
        self._round = lambda image: opencv_recipes.from_levels(opencv_recipes.to_levels(image))
        self._rng = np.random.default_rng(seed)
        example = self._recipe.pair(self._rng, self._crop())
        self._degraded, self._clean = (
            np.empty((batch_size, *image.shape), np.float32) for image in example
        )

    def make(self):
        """Write one batch."""
        for index in range(len(self._clean)):
            self._degraded[index], self._clean[index] = self._recipe.pair(self._rng, self._crop())

    def milliseconds_per_step(self, batches):
        """Return a list of the steps' names and processor time per image."""
        clock, count = _Clock(), len(self._clean)
        for number in range(-count, batches * count):
            clock.running = number >= 0
            with clock.step("crops"):
                image = self._crop()
            for place, step in enumerate((*self._recipe.scene, *self._recipe.steps)):
                with clock.step(f"{place:02d} {title(step)}"):
                    image = step(self._rng, image)
            with clock.step("rounding"):
                self._round(image)
        return clock.report(batches * count)
