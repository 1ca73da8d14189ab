"""Whether models find the same questions long: correlation of mean lengths over questions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.analyses.summaries import Estimate
from hotmess_inspect.arrays import NAN, FloatArray, IntArray, cluster_numbers, mean_over_epochs
from hotmess_inspect.inference.intervals import UNDEFINED, Interval
from hotmess_inspect.inference.jackknife import jackknife
from hotmess_inspect.inference.resampling import cluster_sums
from hotmess_inspect.words import counted


@dataclass(frozen=True)
class LengthCorrelation:
    """Of the mean lengths of two models' answers to the same questions.

    Attributes:
        logarithms: Pearson's correlation of the logarithms.
        ranks: Spearman's, Pearson's of the ranks, of which the interval takes the ranks as given.
        questions: Questions that both have a positive length of.
    """

    logarithms: Estimate
    ranks: Estimate
    questions: int


def length_correlation(
    first: ArrayLike, second: ArrayLike, *, level: float = 0.95, clusters: ArrayLike | None = None
) -> LengthCorrelation:
    """Correlate how long two models think about each question.

    Args:
        first: Lengths of one model, shape (questions, epochs), NaN where unknown.
        second: Lengths of the other, for the same questions in the same order; epochs may differ.
        level: Coverage of the intervals, which are jackknife ones of arctanh ρ over questions or clusters.
        clusters: Label of each question's cluster, shape (questions,).

    Returns:
        Both correlations, NaN with fewer than four questions or without any variation.

    Raises:
        ValueError: If the two have different numbers of questions.
    """
    means = [mean_over_epochs(np.asarray(lengths, dtype=np.float64)) for lengths in (first, second)]
    if len(means[0]) != len(means[1]):
        raise ValueError(f"first has {counted(len(means[0]), 'question')}, second {len(means[1])}")
    used = np.flatnonzero((means[0] > 0) & (means[1] > 0))
    groups = None if clusters is None else cluster_numbers(np.asarray(clusters), len(means[0]))[used]
    logs = [np.log(mean[used]) for mean in means]
    ranks = [_ranks(mean[used]) for mean in means]
    return LengthCorrelation(
        _correlation(logs[0], logs[1], groups, level),
        _correlation(ranks[0], ranks[1], groups, level),
        len(used),
    )


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, equal values sharing the middle of theirs."""
    _, which, same = np.unique(values, return_inverse=True, return_counts=True)
    middle: FloatArray = (np.cumsum(same) - (same - 1) / 2)[which]
    return middle


def _correlation(x: FloatArray, y: FloatArray, clusters: IntArray | None, level: float) -> Estimate:
    if len(x) < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Estimate(NAN, UNDEFINED)
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    sums = np.column_stack([np.ones(len(x)), x, y, x * x, y * y, x * y])
    if clusters is not None:
        sums = cluster_sums(sums, clusters)

    def transformed(totals: FloatArray) -> FloatArray:
        n, sx, sy, sxx, syy, sxy = totals.T
        with np.errstate(invalid="ignore", divide="ignore"):
            rho = (n * sxy - sx * sy) / np.sqrt((n * sxx - sx**2) * (n * syy - sy**2))
            return np.asarray(np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))[:, None], dtype=np.float64)

    found = jackknife(sums, transformed, level)
    low, high = np.tanh(found.intervals[0]).tolist()
    return Estimate(float(np.tanh(found.estimates[0])), Interval(low, high))
