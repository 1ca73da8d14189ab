"""How estimates settle with the number of epochs: what r of the R epochs that there are would have given."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._arrays import (
    as_deviations,
    as_predictions,
    check_level,
    in_few_dimensions,
    present_epochs,
)
from hotmess_inspect.arrays import (
    NAN,
    FloatArray,
    Seed,
    as_class_target,
    as_point_target,
    check_choice,
    cluster_numbers,
    seeded,
)
from hotmess_inspect.decomposition.decompose import decompose
from hotmess_inspect.decomposition.kl import error_floor
from hotmess_inspect.inference.intervals import UNDEFINED, Interval, ratio_table

SHARE = 0.9
"""Share of the questions that must have as many epochs as the longest curve has."""


@dataclass(frozen=True)
class StabilityPoint:
    """What a run of this many epochs gives.

    Attributes:
        epochs: r, from 2.
        plugin: Plug-in incoherence with r epochs, in expectation over all subsets of that size.
        plugin_ci: Interval of a run with r epochs: at R that of `Decomposition.interval`, at fewer its ends are as much
            further from the estimate as the delta-method error of r epochs is larger.
        unbiased: The same of the unbiased estimator, NaN for "kl", which has none.
        unbiased_ci: Its interval.
        error: Mean error; the same at every r, since it is a mean over epochs.
    """

    epochs: int
    plugin: float
    plugin_ci: Interval
    unbiased: float
    unbiased_ci: Interval
    error: float


@dataclass(frozen=True)
class Stabilisation:
    """The curve.

    Attributes:
        points: One for each r from 2 to the epochs of the questions that count.
        questions: Questions that count: as many epochs as the last point has.
        left_out: Questions with fewer epochs.
    """

    points: tuple[StabilityPoint, ...]
    questions: int
    left_out: int


def stabilisation(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    loss: str = "brier",
    smoothing: float = 1e-12,
    orders: int = 200,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: ArrayLike | None = None,
    rng: Seed = None,
) -> Stabilisation:
    """Incoherence as r = 2 … R epochs would have given it.

    With U the unbiased variance of a question's R epochs, a U-statistic, the mean over all subsets of r epochs of the
    unbiased variance is U again, and that of the plug-in variance U·(r - 1)/r, while the error stays what it is: for
    "brier" and "squared" both curves are exact. "kl" is averaged over `orders` random orders of the epochs, whose first
    r are a subset of each size. The interval at R is that of `Decomposition.interval` on the same questions; at r its ends
    are √(mean se²_r / se²_R) times as far from the estimate, se being the delta-method error over questions (or clusters),
    whose square is averaged over `orders` random orders.
    Epochs are taken in any order, also where they share few-shot contexts.

    Args:
        predictions: Shape (questions, epochs, classes), a missing epoch is a row of NaN; for "squared" points, whose
            missing dimensions are NaN.
        target: Right class, shape (questions,); for "squared" points, shape (questions, dims).
        loss: "brier", "kl" or "squared" (mean over the dimensions that are there).
        smoothing: δ of "kl".
        orders: Random orders.
        level: Coverage of the intervals, inside (0, 1).
        resamples: Bootstrap replicates of the interval at R.
        clusters: Label of each question's cluster, shape (questions,).
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        A point for each r up to the largest number of epochs that nine tenths of the repeated questions have; without
        points where none has two.

    Raises:
        ValueError: If shapes disagree or an option is outside its range.

    Examples:
        >>> import numpy as np
        >>> answers = np.eye(2)[[[0, 1, 0, 1], [0, 0, 0, 1]]]
        >>> curve = stabilisation(answers, [0, 0])
        >>> [(p.epochs, round(p.plugin, 3), round(p.unbiased, 3)) for p in curve.points]
        [(2, 0.389, 0.778), (3, 0.519, 0.778), (4, 0.583, 0.778)]
    """
    check_choice("loss", loss, ("brier", "kl", "squared"))
    check_level(level, resamples)
    check_level(level, orders)
    values = as_predictions(predictions)
    rng = seeded(rng)
    present = present_epochs(values)
    counts = present.sum(axis=1)
    repeated = np.sort(counts[counts >= 2])
    if not len(repeated):
        return Stabilisation((), 0, len(counts))
    # As many questions as possible have them all.
    most = int(repeated[int(np.floor((1 - SHARE) * len(repeated)))])
    used = np.flatnonzero(counts >= most)
    drawn_from = values[used]
    goal: NDArray[Any]
    if loss == "squared":
        # As distances to the target, in no more dimensions than there are epochs: thousands of unit tests become thirty.
        goal = as_point_target(target, len(values), values.shape[2])[used]
        drawn_from = in_few_dimensions(as_deviations(drawn_from, goal))
        right = np.zeros((len(used), drawn_from.shape[2]))
    else:
        goal = as_class_target(target, len(values), values.shape[2])[used]
        right = np.eye(values.shape[2])[goal]
    groups = None if clusters is None else cluster_numbers(np.asarray(clusters), len(values))[used]
    unbiased = loss != "kl"
    whole = decompose(
        values[used],
        goal,
        loss=loss,  # type: ignore[arg-type]
        estimator="unbiased" if unbiased else "plugin",
        smoothing=smoothing,
    )
    ends = whole.interval("incoherence", level, resamples, groups, rng)
    sums, squares = np.empty((orders, 2, most)), np.empty((orders, most))
    for place in range(orders):
        # Missing epochs last, the others in random order.
        order = np.argsort(np.where(present[used], rng.random(present[used].shape), 2.0), axis=1)[:, :most]
        drawn = np.take_along_axis(drawn_from, order[:, :, None], axis=1)
        error, variance = _terms(drawn, right, loss, smoothing)
        sums[place] = error.sum(axis=0), variance.sum(axis=0)
        if np.isfinite(ends.low):
            squares[place] = np.square(ratio_table([variance, error], groups).standard_error)
    error, variance = sums.mean(axis=0)
    # The whole has no order: error and unbiased variance of all epochs, exactly.
    if unbiased:
        error, variance = (np.full(most, part.sum()) for part in (whole.error, whole.variance))
    spread = np.sqrt(np.nanmean(squares[:, 1:], axis=0)) if np.isfinite(ends.low) else np.ones(most - 1)
    wider = spread / spread[-1] if spread[-1] > 0 else np.ones(most - 1)
    bottom, top = whole.range_of("incoherence")
    points = []
    for r in range(2, most + 1):
        shrunk = (r - 1) / r if unbiased else 1.0
        ratio = variance[r - 1] / error[r - 1] if error[r - 1] > 0 else NAN
        low, high = ends
        if r < most and np.isfinite(low):
            # As far from the estimate as at R, times the errors' ratio.
            low, high = (ratio + (end - whole.incoherence) * wider[r - 2] for end in (low, high))
            low, high = max(low, min(bottom, ratio)), min(high, max(top, ratio))
        points.append(
            StabilityPoint(
                epochs=r,
                plugin=float(ratio * shrunk),
                plugin_ci=Interval(float(low * shrunk), float(high * shrunk)),
                unbiased=float(ratio) if unbiased else NAN,
                unbiased_ci=Interval(float(low), float(high)) if unbiased else UNDEFINED,
                error=float(error[r - 1] / len(used)),
            )
        )
    return Stabilisation(tuple(points), len(used), len(counts) - len(used))


def _terms(drawn: FloatArray, right: FloatArray, loss: str, smoothing: float) -> FloatArray:
    """Error and variance of the first r epochs, shape (2, questions, epochs); of "kl" the plug-in variance."""
    r = np.arange(1, drawn.shape[1] + 1)[:, None]
    if loss == "kl":
        logs = np.log((drawn + smoothing) / (1 + drawn.shape[2] * smoothing))
        means = np.cumsum(logs, axis=1) / r
        error = -(means * right[:, None]).sum(axis=2)
        top = means.max(axis=2, keepdims=True)
        normal = np.log(np.exp(means - top).sum(axis=2)) + top[:, :, 0]
        # bias² = -log g[y] = error + log Σ exp(mean log f), so that the variance is -log Σ exp(mean log f).
        # What smoothing leaves to right answers is no error, and its variance is rounding.
        erring = error > error_floor(drawn.shape[2], smoothing) * (1 + 1e-6) + 1e-15
        variance = np.where(np.abs(normal) > 1e-12 * error, -normal, 0.0)
        return np.where(erring, np.stack([error, variance]), 0.0)
    dims = drawn.shape[2] if loss == "squared" else 1
    error = np.cumsum(np.square(drawn - right[:, None]).sum(axis=2), axis=1) / r[:, 0]
    sums, squares = np.cumsum(drawn, axis=1), np.cumsum(np.square(drawn).sum(axis=2), axis=1)
    spread = squares - np.square(sums).sum(axis=2) / r[:, 0]
    return np.stack([error, spread / np.maximum(r[:, 0] - 1, 1)]) / dims
