"""Does one run overthink more than another? Longer against shorter epochs, one run against the other."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses.comparison import PERMUTATIONS, PairedDifference, Pooled, RunEpochs
from hotmess_inspect.arrays import NAN, BoolArray, FloatArray, IntArray, Seed, seeded
from hotmess_inspect.inference.exchange import (
    critical_value,
    exchange,
    exchange_p_value,
    interval_of_test,
    rejects,
)
from hotmess_inspect.inference.quantiles import student_quantile
from hotmess_inspect.inference.ratios import FEWEST, effective_number
from hotmess_inspect.schema import Estimator, Loss

# Shares of variance in the longer half count for the run, those in the shorter half against it; runs by halves.
_SIGNS = np.array([[-1.0, 1.0], [1.0, -1.0]])


def compare_overthinking(
    first: RunEpochs,
    second: RunEpochs,
    target: ArrayLike,
    *,
    loss: Loss = "brier",
    estimator: Estimator = "unbiased",
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    level: float = 0.95,
    permutations: int = PERMUTATIONS,
    rng: Seed = None,
) -> PairedDifference | None:
    """Incoherence of the longer less that of the shorter epochs, of the first run less the same of the second.

    Every question's epochs are split at the run's own middle length. Where epochs of equal length stand at the border of a
    half, its terms are means over all choices among them, in closed form: runs of equal epochs do not differ. Then
    the four incoherences are taken over the questions that have four epochs of known length in both runs. Interval
    and test are those of `compare_runs`: epochs change places between the runs with their lengths, so that the
    test is exact if both answer alike at every length, and the interval leaves out 0 exactly where it rejects.

    Args:
        first: Epochs of one run, with their lengths.
        second: Epochs of the other, of the same questions in the same order.
        target: As in `compare_runs`.
        loss: "brier" or "squared".
        estimator: "unbiased" or "plugin".
        clusters: Label of each question's cluster, shape (questions,).
        level: Coverage of the interval, inside (0, 1).
        permutations: Random divisions of the epochs.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        The difference, in [-2, 2]; None where a run has no lengths or no question counts.

    Raises:
        ValueError: If the runs disagree in shape.
    """
    rng = seeded(rng)
    pooled = Pooled.build(first, second, target, loss, clusters)
    if pooled is None or pooled.lengths is None:
        return None
    known = pooled.present & ~np.isnan(pooled.lengths)
    lengths = np.where(known, pooled.lengths, np.inf)
    order = np.argsort(lengths, axis=1, kind="stable")
    ranked, ascending = (np.take_along_axis(table, order, axis=1) for table in (known, lengths))
    ties = bool(((ascending[:, 1:] == ascending[:, :-1]) & ranked[:, 1:]).any())
    sums = _pair_sums(pooled.squared_sums(loss, "unbiased"))

    def terms(divisions: BoolArray, question: IntArray) -> FloatArray:
        made = np.empty((*divisions.shape[:2], 2, 4))
        own = np.broadcast_to(order[question][:, None], divisions.shape)
        long = np.broadcast_to(ascending[question][:, None], divisions.shape)
        for side in (0, 1):
            mine = divisions if side == 0 else pooled.present[question][:, None] & ~divisions
            taken = np.take_along_axis(mine, own, axis=2) & ranked[question][:, None]
            place, number = taken.cumsum(axis=2), taken.sum(axis=2, keepdims=True)
            half = number // 2
            for longer in (0, 1):
                inside = taken & (place > number - half if longer else place <= half)
                end = np.where(inside, long, np.inf if longer else -np.inf)
                end = end.min(axis=2, keepdims=True) if longer else end.max(axis=2, keepdims=True)
                tied = taken & (long == end)
                sure = inside & ~tied
                slots = (inside & tied).sum(axis=2)

                def placed(chosen: BoolArray) -> tuple[FloatArray, FloatArray, IntArray]:
                    back = np.zeros_like(chosen)
                    np.put_along_axis(back, own, chosen, axis=2)
                    return sums(back, question)

                if ties:
                    variance, error = _expected(placed(sure), placed(tied), placed(sure | tied), slots)
                else:
                    variance, error, _ = placed(inside)
                size = half[:, :, 0].astype(np.float64)
                with np.errstate(invalid="ignore", divide="ignore"):
                    pairs = size * (size - 1 if estimator == "unbiased" else size)
                    made[:, :, side, 2 * longer] = np.where(pairs > 0, variance / pairs, NAN)
                    made[:, :, side, 2 * longer + 1] = np.where(size > 0, error / size, NAN)
        return made

    # Where nothing but lengths differs, an exchange moves at most which epochs have one.
    alike = pooled.alike & (known == pooled.present).all(axis=1)
    width = 4 * pooled.predictions.shape[2]
    found = exchange(pooled.first, pooled.present, pooled.cells, alike, terms, rng, width)
    return _difference(
        pooled, found.observed, found.drawn(permutations, rng, _statistic(pooled.clusters)), level
    )


def _pair_sums(
    moments: Callable[..., Any],
) -> Callable[[BoolArray, IntArray], tuple[FloatArray, FloatArray, IntArray]]:
    """Of sets of epochs: Σ ½‖f_i - f_j‖² over ordered pairs, Σ error and the number, 0 where a set is too small."""

    def sums(chosen: BoolArray, question: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
        ((error, variance),) = moments(chosen, question)
        number = chosen.sum(axis=2)
        return (
            np.where(number > 1, np.nan_to_num(variance) * number * (number - 1), 0.0),
            np.where(number > 0, np.nan_to_num(error) * number, 0.0),
            number,
        )

    return sums


def _expected(
    sure: tuple[FloatArray, FloatArray, IntArray],
    tied: tuple[FloatArray, FloatArray, IntArray],
    both: tuple[FloatArray, FloatArray, IntArray],
    slots: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """The sums over a half, on average over all ways to fill its free places with epochs of the length at its border.

    Args:
        sure: Sums over the epochs that are in the half whoever else is.
        tied: Sums over those of the length at the border.
        both: Sums over both together.
        slots: Places in the half for the tied ones.
    """
    number = np.maximum(tied[2], 1)
    one = slots / number
    two = slots * np.maximum(slots - 1, 0) / np.maximum(number * (number - 1), 1)
    across = both[0] - sure[0] - tied[0]
    return sure[0] + one * across + two * tied[0], sure[1] + one * tied[1]


def _statistic(clusters: IntArray | None) -> Any:
    def measure(terms: FloatArray) -> FloatArray:
        gap, error, _ = _gaps(terms, clusters)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs(np.where(gap == 0.0, 0.0, gap / error))[:, None]

    return measure


def _counted(terms: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Variances and errors by run and half, 0 for questions that do not count, and which do."""
    variance, error = terms[..., 0::2], terms[..., 1::2]
    counts: BoolArray = np.asarray(~np.isnan(variance).any(axis=(-2, -1)))
    keep = counts[..., None, None]
    return np.where(keep, variance, 0.0), np.where(keep, error, 0.0), counts


def _gaps(terms: FloatArray, clusters: IntArray | None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Difference, its delta-method error, and the four incoherences; each with draws first."""
    variance, error, counts = _counted(terms)
    total = error.sum(axis=1)
    total = np.where(total > 0, total, np.nan)
    theta = variance.sum(axis=1) / total
    influence = ((variance - theta[:, None] * error) / total[:, None] * _SIGNS).sum(axis=(2, 3))
    scale = ((np.abs(variance) + np.abs(theta[:, None] * error)) / total[:, None]).sum(axis=(2, 3))
    influence = np.where(np.abs(influence) <= 1e-12 * scale, 0.0, influence)
    gap = (theta * _SIGNS).sum(axis=(1, 2))
    gap = np.where(np.abs(gap) <= 4e-12, 0.0, gap)
    if clusters is None:
        units = counts.sum(axis=1)
    else:
        member = (clusters[:, None] == np.unique(clusters)).astype(np.float64)
        influence, units = influence @ member, (counts @ member > 0).sum(axis=1)
    share = units / np.maximum(units - 1, 1)
    # One question, or one cluster, has no spread to measure differences by: they are compared as they are.
    return gap, np.where(units > 1, np.sqrt(share * np.square(influence).sum(axis=1)), 1.0), theta


def _difference(
    pooled: Pooled, observed: FloatArray, drawn: FloatArray, level: float
) -> PairedDifference | None:
    _, error, counts = _counted(observed)
    questions = int(counts.sum())
    if not questions:
        return None
    (gap,), (spread,), (theta,) = _gaps(observed[None], pooled.clusters)
    runs = [float(theta[side, 1] - theta[side, 0]) for side in (0, 1)]
    result = PairedDifference("overthinking", runs[0], runs[1], float(gap), NAN, NAN, NAN, questions)
    if np.isnan(gap):
        return replace(result, note="undefined: a half of a run has no error on these questions")
    known = drawn[~np.isnan(drawn)]
    with np.errstate(divide="ignore"):
        distance = float(np.abs(gap) / spread) if gap else 0.0
    p_value = exchange_p_value(distance, known)
    units, freedom = error, float(questions - 1)
    if pooled.clusters is not None:
        member = (pooled.clusters[:, None] == np.unique(pooled.clusters)).astype(np.float64)
        units = np.einsum("qsh,qg->gsh", error, member)
        sizes = counts.astype(np.float64) @ member
        freedom = min(float(effective_number(sizes)), float(np.min(effective_number(units)))) - 1
    note = ""
    if np.min(effective_number(units)) < FEWEST or freedom < FEWEST - 1:
        note = "no interval: a half would rest on fewer than two questions (or clusters) that err"
    elif spread == 0:
        note = "no interval: the runs do not differ on any question"
    if note:
        return replace(result, p_value=p_value, note=note)
    reach = student_quantile(freedom, (1 + level) / 2) * float(spread)
    near = critical_value(known, level) * float(spread)
    low, high = interval_of_test(float(gap), (gap - reach, gap + reach), near, rejects(p_value, level))
    return replace(
        result,
        low=max(float(low), min(-2.0, float(gap))),
        high=min(float(high), max(2.0, float(gap))),
        p_value=p_value,
        standard_error=float(spread),
    )
