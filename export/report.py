"""What a comparison of served functions with the Keras model found."""

import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Difference:
    """How far one served function is from the Keras model.

    Attributes:
        target: What was compared, with the precision that it computes in, such as
            `"saved_model float32 restore_bytes"` or `"tflite float16"`.
        path: Path of the file or folder.
        max_abs_difference: Largest absolute difference over all pixels, in [0, 1].
        mean_abs_difference: Mean absolute difference, in [0, 1].
        tolerance: Largest `max_abs_difference` accepted.
        mean_tolerance: Largest `mean_abs_difference` accepted.
    """

    target: str
    path: str
    max_abs_difference: float
    mean_abs_difference: float
    tolerance: float
    mean_tolerance: float

    @property
    def passed(self):
        """Whether the differences are within the tolerances (NaN is not)."""
        return (
            self.max_abs_difference <= self.tolerance
            and self.mean_abs_difference <= self.mean_tolerance
        )

    def __str__(self):
        verdict = "ok" if self.passed else "TOO LARGE"
        return (
            f"{self.target:<36} max {self.max_abs_difference:.2e} of {self.tolerance:.2e}   "
            f"mean {self.mean_abs_difference:.2e} of {self.mean_tolerance:.2e}   {verdict}"
        )


@dataclasses.dataclass(frozen=True)
class ParityReport:
    """What `check` found.

    Attributes:
        differences: Tuple of `Difference`, one for each served function.
        image_sizes: Tuple of `(height, width)`, of the photographs or of the made images.
    """

    differences: tuple[Difference, ...]
    image_sizes: tuple[tuple[int, int], ...]

    @property
    def passed(self):
        """Whether every difference is within its tolerance."""
        return all(difference.passed for difference in self.differences)

    def rows(self):
        """Return the differences as a list of dicts, without paths."""
        rows = [dataclasses.asdict(each) for each in self.differences]
        return [{key: value for key, value in row.items() if key != "path"} for row in rows]

    def to_json(self):
        """Return the report as a JSON string."""
        rows = [{**dataclasses.asdict(x), "passed": x.passed} for x in self.differences]
        content = {
            "passed": self.passed,
            "differences": rows,
            "image_sizes": self.image_sizes,
        }
        return json.dumps(content, indent=2)

    def __str__(self):
        sizes = ", ".join(f"{height}x{width}" for height, width in dict.fromkeys(self.image_sizes))
        lines = [
            f"Difference to Keras in [0, 1], on {len(self.image_sizes)} images ({sizes})",
            *map(str, self.differences),
        ]
        return "\n".join(lines)


class ParityError(ValueError):
    """A served function differs from the Keras model by more than its tolerance.

    Attributes:
        report: The `ParityReport`.
    """

    def __init__(self, report):
        super().__init__(
            "What would be served differs from the Keras model by more than the tolerance. Was it "
            "exported from these weights? If so, and the difference is acceptable, pass "
            f"`tolerance`.\n{report}"
        )
        self.report = report
