"""The bias–variance plane: where runs lie, and the lines of equal incoherence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hotmess_inspect.analyses._arrays import check_level
from hotmess_inspect.arrays import Seed, seeded
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.inference.intervals import Interval


@dataclass(frozen=True)
class PlanePoint:
    """One run in the plane.

    Attributes:
        label: Its name.
        accuracy: Its accuracy, NaN where not given.
        error: Mean error, in the unit of the loss; error = bias_squared + variance.
        bias_squared: Mean squared bias, the horizontal axis.
        bias_squared_ci: Its interval over resampled questions.
        variance: Mean variance, the vertical axis.
        variance_ci: Its interval.
        incoherence: Σ variance / Σ error, the same along a ray from the origin.
        incoherence_ci: Its interval.
        questions: Questions with at least two epochs.
    """

    label: str
    accuracy: float
    error: float
    bias_squared: float
    bias_squared_ci: Interval
    variance: float
    variance_ci: Interval
    incoherence: float
    incoherence_ci: Interval
    questions: int


@dataclass(frozen=True)
class IsoIncoherenceLine:
    """Ray from the origin on which incoherence is the same: variance = bias² · I/(1 - I).

    Attributes:
        incoherence: I, in [0, 1].
        bias_squared: End of the ray, where it leaves the box.
        variance: End of the ray.
    """

    incoherence: float
    bias_squared: float
    variance: float


def bias_variance_plane(
    labels: Sequence[str],
    decompositions: Sequence[Decomposition],
    accuracies: Sequence[float] | None = None,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    rng: Seed = None,
) -> tuple[PlanePoint, ...]:
    """Place runs in the plane of bias² and variance.

    Args:
        labels: Names of the runs.
        decompositions: One per run, all of one loss and one estimator.
        accuracies: Accuracy of each run.
        level: Coverage of the intervals.
        resamples: Bootstrap replicates.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        A point per run.

    Raises:
        ValueError: If the sequences differ in length, or the runs in loss or estimator: their axes would
            not be the same.
    """
    check_level(level, resamples)
    if len(labels) != len(decompositions) or (accuracies is not None and len(accuracies) != len(labels)):
        raise ValueError(
            f"there are {len(labels)} labels, {len(decompositions)} decompositions and "
            f"{'no' if accuracies is None else len(accuracies)} accuracies"
        )
    kinds = {(part.loss, part.estimator) for part in decompositions}
    if len(kinds) > 1:
        raise ValueError(f"decompositions mix {sorted(kinds)}; one plane has one loss and one estimator")
    rng = seeded(rng)
    points = []
    for place, (label, part) in enumerate(zip(labels, decompositions, strict=True)):
        bias, variance, ratio = (
            part.interval(quantity, level=level, resamples=resamples, rng=rng)
            for quantity in ("bias_squared", "variance", "incoherence")
        )
        points.append(
            PlanePoint(
                label=label,
                accuracy=float("nan") if accuracies is None else float(accuracies[place]),
                error=part.mean("error"),
                bias_squared=part.mean("bias_squared"),
                bias_squared_ci=bias,
                variance=part.mean("variance"),
                variance_ci=variance,
                incoherence=part.incoherence,
                incoherence_ci=ratio,
                questions=int(part.repeated.sum()),
            )
        )
    return tuple(points)


def iso_incoherence_lines(
    largest_bias_squared: float,
    largest_variance: float,
    levels: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9),
) -> tuple[IsoIncoherenceLine, ...]:
    """Lines of equal incoherence through a box that begins at the origin.

    Args:
        largest_bias_squared: Right edge of the box, above 0.
        largest_variance: Upper edge of the box, above 0.
        levels: Incoherences, each in [0, 1]; 0 is the horizontal axis and 1 the vertical one.

    Returns:
        Where each ray from the origin leaves the box.

    Raises:
        ValueError: If an edge is not positive or a level outside [0, 1].
    """
    for name, edge in (
        ("largest_bias_squared", largest_bias_squared),
        ("largest_variance", largest_variance),
    ):
        if not (edge > 0 and np.isfinite(edge)):
            raise ValueError(f"{name}={edge!r} must be positive and finite")
    lines = []
    for level in levels:
        if not 0 <= level <= 1:
            raise ValueError(f"levels holds {level!r}; permitted: 0 to 1")
        # Length along the ray (1 - I, I) until it meets the nearer edge.
        reach = min(
            edge / part if part > 0 else np.inf
            for edge, part in ((largest_bias_squared, 1 - level), (largest_variance, level))
        )
        lines.append(IsoIncoherenceLine(float(level), float(reach * (1 - level)), float(reach * level)))
    return tuple(lines)
