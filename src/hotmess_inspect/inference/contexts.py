"""Intervals for few-shot contexts that questions share: questions and contexts are both draws."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray
from hotmess_inspect.inference.intervals import Interval, ratio_table
from hotmess_inspect.inference.quantiles import student_quantile
from hotmess_inspect.inference.resampling import cluster_sums


def without_each_context(
    of: Callable[[BoolArray], FloatArray], contexts: NDArray[Any], present: BoolArray
) -> FloatArray:
    """What there is of each question without the epochs of each context that questions share.

    Args:
        of: Kept epochs, shape (questions, epochs), to a number or numbers of each question, shape (questions,) or
            (questions, columns), NaN where undefined.
        contexts: Number of each epoch's context, same shape.
        present: Which epochs there are, same shape.

    Returns:
        Shape (contexts, questions) or (contexts, questions, columns).
    """
    return np.array([of(contexts != label) for label in np.unique(contexts[present])])


def moves(function: Callable[[FloatArray], FloatArray], sums: FloatArray, without: FloatArray) -> FloatArray:
    """How far an estimate moves where a context's epochs of one question are left out.

    Along the slopes of the estimate in the sums; what the questions' moves leave of the move of the estimate without the
    whole context is spread evenly over them, so that they add up to it.

    Args:
        function: Sums of shape (sets, columns) to estimates of shape (sets,) or (sets, estimates).
        sums: What each question adds to the sums, shape (questions, columns).
        without: The same without each context, 0 where undefined, shape (contexts, questions, columns).

    Returns:
        Shape (contexts, questions) or (contexts, questions, estimates); NaN for a context without which the estimate
        is undefined.
    """
    # Sorted sums: the order of the questions changes no bit.
    total, held = np.sort(sums, axis=0).sum(axis=0), np.sort(without, axis=1).sum(axis=1)
    count = max(len(sums), 1)
    step = 0.01 * np.sqrt(np.sort(np.square(sums), axis=0).sum(axis=0) / count)
    width = len(step)
    values = function(np.concatenate([total[None], total + np.diag(step), total - np.diag(step), held]))
    with np.errstate(invalid="ignore"):
        slopes = values[1 : width + 1] - values[width + 1 : 2 * width + 1]
        found: FloatArray = np.einsum(
            "kqc,c...->kq...", (without - sums) / np.where(step > 0, 2 * step, 1.0), slopes
        )
        whole = values[2 * width + 1 :] - values[0]
        rest = np.where(np.isfinite(whole), whole, np.nan) - np.sort(found, axis=1).sum(axis=1)
    every: FloatArray = found + rest[:, None] / count
    return every


def ratio_moves(
    top: FloatArray, bottom: FloatArray, tops: FloatArray, bottoms: FloatArray | None = None
) -> FloatArray:
    """`moves` of Σ top / Σ bottom.

    Args:
        top: Per question, shape (questions,).
        bottom: Per question, shape (questions,).
        tops: The same without each context, NaN where undefined, shape (contexts, questions).
        bottoms: Likewise; None: 1 where the top is defined.
    """
    known = ~np.isnan(tops)
    below = known.astype(np.float64) if bottoms is None else np.where(known, bottoms, 0.0)
    without = np.stack([np.where(known, tops, 0.0), below], axis=2)

    def quotient(sums: FloatArray) -> FloatArray:
        found: FloatArray = sums[:, 0] / np.where(sums[:, 1] > 0, sums[:, 1], np.nan)
        return found

    return moves(quotient, np.stack([top, bottom], axis=1), without)


class StandardError(NamedTuple):
    """A standard error of two independent parts, over questions (clusters) and over contexts.

    Attributes:
        error: √(variance over questions + variance over contexts).
        freedom: Degrees of freedom over questions.
        share: Share of the contexts in the variance.
        of_contexts: Degrees of freedom over contexts.
    """

    error: float
    freedom: float
    share: float = 0.0
    of_contexts: float = 1.0

    def reach(self, level: float) -> float:
        """Half the width of an interval: the error times Student's quantiles, averaged by shares of the variance."""
        upper, share = (1 + level) / 2, self.share
        quantile = student_quantile(self.freedom, upper) * (1 - share) if share < 1 else 0.0
        return (quantile + (student_quantile(self.of_contexts, upper) * share if share else 0.0)) * self.error

    def p_value(self, difference: float) -> float:
        """The two-sided p at which the interval ends at 0: 1 - level of `reach` = |difference|."""
        from scipy.special import stdtr, stdtrit  # scipy is slow to import and rarely needed here

        score = abs(difference) / self.error
        freedom, shares = np.array([self.freedom, self.of_contexts]), np.array([1 - self.share, self.share])
        low, high = sorted((2 * stdtr(freedom, -score))[shares > 0][[0, -1]].tolist())
        for _ in range(100):
            middle = (low + high) / 2
            beyond = -(shares * stdtrit(freedom, middle / 2)).sum() > score
            low, high = (middle, high) if beyond else (low, middle)
        return float(high)


def error_with_contexts(
    spread: float, freedom: float, moved: FloatArray, clusters: IntArray | None = None
) -> StandardError:
    """Standard error over questions (clusters) and shared contexts; see `widen_for_contexts`.

    NaN where the estimate is undefined without one of the contexts.
    """
    freedom = max(freedom, 1.0)
    if np.isnan(moved).any():
        return StandardError(float("nan"), freedom)
    units = np.ascontiguousarray(moved.T) if clusters is None else cluster_sums(moved.T, clusters)
    count, contexts = units.shape
    share = (contexts - 1) / contexts
    # Sorted sums: neither the order of questions nor that of contexts changes a bit.
    whole = np.sort(units, axis=0).sum(axis=0)
    whole = whole - np.sort(whole).mean()
    rest = units - np.sort(units, axis=1).mean(axis=1)[:, None] - whole / count
    both = share * np.sort(np.square(whole)).sum()
    cells = count / (count - 1) * share * np.sort(np.square(rest), axis=None).sum() if count > 1 else 0.0
    added = max(float(both - cells), 0.0)
    total = spread**2 + added
    if not added > 0:
        return StandardError(spread, freedom)
    return StandardError(float(np.sqrt(total)), freedom, added / total, contexts - 1.0)


def widen_for_contexts(
    interval: Interval,
    estimate: float,
    spread: float,
    freedom: float,
    moved: FloatArray,
    level: float,
    clusters: IntArray | None = None,
) -> Interval:
    """An interval over questions, widened for few-shot contexts that all of them share.

    se² = se² over questions + max(0, V_context - V_cell). V_context, the jackknife that leaves out one context of all
    questions, and se² over questions both hold how the effect of a context differs between questions; V_cell is that part:
    the jackknife that leaves out one context of one question, summed over questions. (For a mean V_context - V_cell
    is the variance component of contexts over their number in a crossed analysis of variance.) Student's
    quantile is the mean of those of N - 1 and, for K contexts, K - 1 degrees of freedom, weighted by what either part adds to se²
    (Cochran 1964). Satterthwaite's degrees of freedom are many where the contexts differ little by chance: with three contexts intervals then
    cover 91 to 93 %.

    Args:
        interval: Over questions alone; the result is never narrower.
        estimate: The estimate.
        spread: Its standard error over questions or clusters.
        freedom: Degrees of freedom of that.
        moved: How far leaving out each context of each question moves the estimate (`moves`), shape
            (contexts, questions); NaN makes the interval undefined.
        level: Coverage, inside (0, 1).
        clusters: Number of each question's cluster, shape (questions,), or None: clusters take the place of questions.

    References:
        Cameron, Gelbach and Miller (2011), doi:10.1198/jbes.2010.07136; Cochran (1964), Approximate
        significance levels of the Behrens-Fisher test, doi:10.2307/2528069; Owen (2007), The pigeonhole bootstrap,
        doi:10.1214/07-AOAS122.
    """
    found = error_with_contexts(spread, freedom, moved, clusters)
    if not found.error > 0:
        return Interval(float("nan"), float("nan")) if np.isnan(found.error) else interval
    reach = found.reach(level)
    return Interval(min(interval.low, estimate - reach), max(interval.high, estimate + reach))


def widen_ratio(
    interval: Interval,
    numerator: FloatArray,
    denominator: FloatArray,
    clusters: IntArray | None,
    moved: FloatArray,
    level: float,
) -> Interval:
    """`widen_for_contexts` of Σ numerator / Σ denominator over questions or clusters; an undefined one stays so.

    Args:
        interval: Over questions (clusters) alone.
        numerator: Per question, shape (questions,).
        denominator: Per question, shape (questions,).
        clusters: Number of each question's cluster, shape (questions,), or None.
        moved: As in `widen_for_contexts`.
        level: Coverage, inside (0, 1).
    """
    if np.isnan(interval[0]):
        return interval
    table = ratio_table([numerator[:, None], denominator[:, None]], clusters)
    spread = float((table.standard_error if table.sizes is None else table.jackknife_error)[0])
    freedom, estimate = float(table.erring_degrees_of_freedom[0]), float(table.estimate[0])
    return widen_for_contexts(interval, estimate, spread, freedom, moved, level, clusters)
