"""Does one run overthink more than another? Longer against shorter epochs, one run against the other."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._halves import half_terms, squared_sums
from hotmess_inspect.analyses.comparison import PERMUTATIONS, PairedDifference, Pooled, RunEpochs
from hotmess_inspect.arrays import NAN, BoolArray, FloatArray, IntArray, Seed, seeded
from hotmess_inspect.inference.exchange import (
    exchange,
    exchange_critical_value,
    exchange_p_value,
    interval_of_test,
    p_error,
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
    hypothesis is that both answer alike at every length, and the interval leaves out 0 where it is rejected and nowhere else.

    Args:
        first: Epochs of one run, with their lengths.
        second: Epochs of the other, of the same questions in the same order.
        target: As in `compare_runs`.
        loss: "brier" or "squared".
        estimator: "unbiased" or "plugin".
        clusters: Label of each question's cluster, shape (questions,).
        level: Coverage of the interval, inside (0, 1).
        permutations: As in `compare_runs`.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        The difference, in [-2, 2]; None where a run has no lengths or no question counts.

    Raises:
        ValueError: If the runs disagree in shape.
    """
    rng = seeded(rng)
    oriented = Pooled.oriented(first, second, target, loss, clusters)
    if oriented is None or oriented[0].lengths is None:
        return None
    pooled, sign = oriented
    measured = np.asarray(pooled.lengths, dtype=np.float64)
    known = pooled.present & ~np.isnan(measured)
    lengths = np.where(known, measured, np.inf)
    order = np.argsort(lengths, axis=1, kind="stable")
    ranked, ascending = (np.take_along_axis(table, order, axis=1) for table in (known, lengths))
    sums = squared_sums(pooled.predictions, pooled.present, pooled.target, loss, "unbiased")

    def terms(divisions: BoolArray, question: IntArray) -> FloatArray:
        who = np.broadcast_to(order[question][:, None], divisions.shape)
        sides = (divisions, pooled.present[question][:, None] & ~divisions)
        taken = (np.take_along_axis(mine, who, axis=2) & ranked[question][:, None] for mine in sides)
        own = ascending[question][:, None]
        return np.stack(
            [half_terms(sums, who, own, each, question, unbiased=estimator == "unbiased") for each in taken],
            axis=2,
        )

    # Where nothing but lengths differs, an exchange moves at most which epochs have one.
    alike = pooled.alike & (known == pooled.present).all(axis=1)
    width = 4 * pooled.predictions.shape[2]
    found = exchange(pooled.first, pooled.present, pooled.cells, alike, terms, rng, width)
    measure = _statistic(pooled.clusters)
    observed = measure(found.observed[None])[0]
    drawn = found.drawn_for(observed, permutations, rng, measure, level)
    made = _difference(pooled, found.observed, drawn, level)
    return None if made is None else made.oriented(sign)


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
    result = replace(result, p_error=p_error(p_value, len(known)))
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
    near = exchange_critical_value(distance, known, level) * float(spread)
    low, high = interval_of_test(float(gap), (gap - reach, gap + reach), near, rejects(p_value, level))
    return replace(
        result,
        low=max(float(low), min(-2.0, float(gap))),
        high=min(float(high), max(2.0, float(gap))),
        p_value=p_value,
        standard_error=float(spread),
        degrees_of_freedom=freedom,
    )
