"""Permutation test of two runs: epochs exchanged between them, question by question.

If two runs answer alike, then within a question any division of their epochs into one run of n₁ and one
of n₂ was as likely as the one that was observed, in a shared few-shot context any division of the epochs
of that context. Nothing is assumed about how questions differ from each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray

Terms: TypeAlias = Callable[[BoolArray, IntArray], FloatArray]
"""First run's epochs in each division, shape (questions, divisions, epochs), and which questions these are,
shape (questions,), to the terms of both runs, shape (questions, divisions, 2, terms)."""

# Divisions affordable in all, and values of predictions that they may touch.
_MOST_ROWS = 300_000
_MOST_VALUES = 12_000_000
_SMALLEST_POOL = 16
_LARGEST_POOL = 1000
# Terms of further draws, which bound how many there are.
_MOST_DRAWN = 20_000_000
# Differences and terms gathered per block of draws.
_BLOCK = 1 << 19


@dataclass(frozen=True, eq=False)
class Exchanges:
    """Terms of both runs in the observed division, and in pools of other divisions.

    Attributes:
        observed: Shape (questions, 2, terms): first and second run.
        active: Questions in which divisions differ at all, shape (active,).
        pool: Terms of the divisions of the active questions, one after the other, shape (rows, 2, terms).
        first: Where each active question's divisions begin, shape (active,).
        size: How many each has, shape (active,).
    """

    observed: FloatArray
    active: IntArray
    pool: FloatArray
    first: IntArray
    size: IntArray

    def drawn(
        self, count: int, rng: np.random.Generator, measure: Callable[[FloatArray], FloatArray]
    ) -> FloatArray:
        """A statistic in random divisions of all questions.

        Args:
            count: Number of draws.
            rng: Source of randomness.
            measure: Terms of shape (draws, questions, 2, terms) to statistics of shape (draws, columns).

        Returns:
            Shape (count, columns).
        """
        questions = len(self.observed)
        step = max(1, _BLOCK // max(1, questions * self.observed[0].size))
        parts = []
        for start in range(0, count, step):
            rows = min(step, count - start)
            terms = np.broadcast_to(self.observed, (rows, *self.observed.shape)).copy()
            if len(self.active):
                picked = self.first + rng.integers(0, self.size, size=(rows, len(self.active)))
                terms[:, self.active] = self.pool[picked]
            parts.append(measure(terms))
        return np.concatenate(parts)

    def drawn_for(
        self,
        observed: FloatArray,
        count: int,
        rng: np.random.Generator,
        measure: Callable[[FloatArray], FloatArray],
        level: float,
    ) -> FloatArray:
        """As `drawn`, and up to four times as many draws more where a p-value may be below 1 - level.

        The p-value of n draws has a standard error of √(p (1 - p)/(n + 1)), see `p_error`: .007 at .05 with 999 draws, .003
        with five times as many. More are drawn where p less three standard errors is below 1 - level.

        Args:
            observed: The statistic in the observed division, shape (columns,); NaN is left out.
            count: Number of draws to begin with.
            rng: Source of randomness.
            measure: As in `drawn`.
            level: Coverage of the interval that goes with the test, inside (0, 1).

        Returns:
            Shape (draws, columns).
        """
        drawn = self.drawn(count, rng, measure)
        more = min(4 * count, _MOST_DRAWN // max(1, self.observed.size))
        for value, column in zip(observed.tolist(), drawn.T, strict=True):
            known = column[~np.isnan(column)]
            p_value = exchange_p_value(value, known)
            if value == value and len(known) and p_value - 3 * p_error(p_value, len(known)) < 1 - level:
                return np.concatenate([drawn, self.drawn(more, rng, measure)]) if more else drawn
        return drawn


def exchange(
    first: BoolArray,
    present: BoolArray,
    cells: IntArray,
    alike: BoolArray,
    terms: Terms,
    rng: np.random.Generator,
    width: int = 1,
) -> Exchanges:
    """Divide the epochs of each question anew, within cells, as the runs divided them.

    Every division where they are few enough; else a random pool that holds the observed one. Given its
    pool, the observed division of a question is a uniform draw from it under the hypothesis, like any
    other, so that tests by draws from the pools are exact where ties count in full, and nearer to their
    level where they count by half (mid-p).

    Args:
        first: Which epochs are of the first run, shape (questions, epochs).
        present: Which epochs there are, same shape.
        cells: Number of each epoch's cell, same shape: epochs are exchanged within cells only.
        alike: Questions whose epochs are all the same: no division changes them, shape (questions,).
        terms: Makes the terms of divisions.
        rng: Source of randomness.
        width: Values per epoch, which bound how many divisions are affordable.
    """
    questions, epochs = first.shape
    observed = terms((first & present)[:, None], np.arange(questions))[:, 0]
    active = np.flatnonzero(~alike)
    rows = max(1, len(active))
    pool_size = int(
        np.clip(
            min(_MOST_ROWS // rows, _MOST_VALUES // (rows * epochs * width)), _SMALLEST_POOL, _LARGEST_POOL
        )
    )
    one_cell = (np.where(present, cells, -1).max(axis=1) == np.where(present, cells, 2**31).min(axis=1))[
        active
    ]
    counts = np.stack([(first & present).sum(axis=1), present.sum(axis=1)], axis=1)[active]
    made: list[tuple[IntArray, BoolArray]] = []
    for taken, total in np.unique(counts, axis=0).tolist():
        same = (counts == (taken, total)).all(axis=1)
        whole = same & one_cell if comb(total, taken) <= pool_size else np.zeros_like(same)
        if whole.any():
            made.append((active[whole], _all_divisions(present[active[whole]], taken, total)))
    rest = np.setdiff1d(active, np.concatenate([rows_ for rows_, _ in made])) if made else active
    if len(rest):
        made.append((rest, _random_divisions(first[rest], present[rest], cells[rest], pool_size, rng)))
    order = np.concatenate([rows_ for rows_, _ in made]) if made else active
    size = np.concatenate([np.full(len(d), d.shape[1]) for _, d in made]) if made else np.zeros(0, np.int64)
    found = [terms(divisions, rows_).reshape(-1, *observed.shape[1:]) for rows_, divisions in made]
    pool = np.concatenate(found) if found else observed[:0]
    return Exchanges(observed, order, pool, np.cumsum(size) - size, size)


def _all_divisions(present: BoolArray, taken: int, total: int) -> BoolArray:
    """Every choice of `taken` of the `total` epochs present, shape (questions, divisions, epochs)."""
    chosen = np.zeros((comb(total, taken), total), dtype=bool)
    for number, picked in enumerate(combinations(range(total), taken)):
        chosen[number, list(picked)] = True
    # The n-th epoch present of each question, wherever it stands.
    rank = np.where(present, present.cumsum(axis=1) - 1, 0)
    divisions: BoolArray = np.swapaxes(chosen[:, rank], 0, 1) & present[:, None]
    return divisions


def _random_divisions(
    first: BoolArray, present: BoolArray, cells: IntArray, size: int, rng: np.random.Generator
) -> BoolArray:
    """The observed division and random ones with as many epochs of every cell in each run."""
    questions, epochs = first.shape
    divisions = np.empty((questions, size, epochs), dtype=bool)
    divisions[:, 0] = first & present
    cell = np.where(present, cells, -1)
    # Sorted by cell and, inside, by chance, the observed runs laid over it in the same order of cells.
    by_cell = np.argsort(np.where(cell < 0, 2**31, cell) * 2 + ~first, axis=1, kind="stable")
    laid = np.take_along_axis(first & present, by_cell, axis=1)
    step = max(1, (1 << 20) // (size * epochs))
    for start in range(0, questions, step):
        rows = slice(start, start + step)
        chance = rng.random((len(first[rows]), size - 1, epochs))
        keys = np.where(cell[rows] < 0, 2**31, cell[rows]).astype(np.float64)[:, None] + chance
        order = np.argsort(keys, axis=2)
        spread = np.zeros_like(order, dtype=bool)
        np.put_along_axis(spread, order, np.broadcast_to(laid[rows, None], order.shape), axis=2)
        divisions[rows, 1:] = spread
    return divisions


def critical_value(drawn: FloatArray, level: float) -> float:
    """The statistic beyond which p = (1 + #{drawn ≥ it})/(1 + n) is below 1 - level.

    Args:
        drawn: Statistics of n random divisions, shape (n,).
        level: Coverage, inside (0, 1).

    Returns:
        A value; infinite where so few draws cannot reach such a p.
    """
    allowed = int(np.ceil((1 - level) * (1 + len(drawn)) - 1 - 1e-9)) - 1
    if allowed < 0 or not len(drawn):
        return float("inf")
    return float(np.sort(drawn)[::-1][allowed]) if allowed < len(drawn) else 0.0


def interval_of_test(
    estimate: float, interval: tuple[float, float], reach: float, differs: bool
) -> tuple[float, float]:
    """An interval over questions, made to agree with a test: 0 is inside exactly where it does not reject.

    Args:
        estimate: The estimated difference.
        interval: Its interval over questions, which knows nothing of the test.
        reach: The test's critical difference: it rejects beyond it.
        differs: Whether the test rejects.

    Returns:
        Where the test does not reject, the interval widened to hold 0. Where it does, all values beyond 0
        are rejected with 0: the end towards it lies at most `reach` from the estimate, and short of 0.
    """
    low, high = interval
    if not differs:
        return min(low, estimate - reach, 0.0), max(high, estimate + reach, 0.0)
    if estimate > 0:
        near = estimate - reach
        return (min(low, near) if low > 0 else near), max(high, estimate + reach)
    near = estimate + reach
    return min(low, estimate - reach), (max(high, near) if high < 0 else near)


def rejects(p_value: float, level: float) -> bool:
    """Whether p is below 1 - level; a p equal to it up to rounding, as of 50 draws in 1,000, is not."""
    return p_value < 1 - level - 1e-12


def exchange_p_value(observed: float, drawn: NDArray[np.float64]) -> float:
    """(1 + #{drawn > observed} + ½ #{drawn = observed})/(1 + n), equal up to rounding counted as equal.

    The mid-p value: few questions that differ leave few values of the statistic, and p-values that count ties in full
    reject in less than their level. A statistic of 0, the least there is, has p = 1.

    References:
        Lancaster (1961), Significance tests in discrete distributions, doi:10.1080/01621459.1961.10482105
    """
    if observed == 0:
        return 1.0
    slack = _slack(observed)
    above = int((drawn > observed + slack).sum())
    tied = int((drawn >= observed - slack).sum()) - above
    return (1 + above + tied / 2) / (1 + len(drawn))


def p_error(p_value: float, draws: int) -> float:
    """Standard error √(p (1 - p)/(n + 1)) of the p-value of n random divisions: other seeds give other p-values.

    Example:
        >>> round(p_error(0.05, 999), 4)
        0.0069
    """
    return float(np.sqrt(p_value * (1 - p_value) / (draws + 1)))


def exchange_critical_value(observed: float, drawn: NDArray[np.float64], level: float) -> float:
    """The statistic beyond which p is below 1 - level; below the observed one wherever that is rejected.

    An observed value that is rejected for half of its ties gives the middle between it and the next one below.
    """
    value = critical_value(drawn, level)
    if observed > value + _slack(observed) or not rejects(exchange_p_value(observed, drawn), level):
        return value
    return (observed + float(drawn[drawn < observed - 2 * _slack(observed)].max(initial=0.0))) / 2


def _slack(statistic: float) -> float:
    return 1e-9 * max(1.0, abs(statistic)) if np.isfinite(statistic) else 0.0
