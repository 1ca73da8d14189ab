r"""Which questions an adaptive run gives how many further epochs, and when it stops.

The interval of a quantity over :math:`N` questions has the variance :math:`(\operatorname{Var} z_i)/N` of the
questions' influences :math:`z_i`; of it, :math:`S_i^2/n_i` is there because question i was asked :math:`n_i` times and not for
ever. Every question gets a pilot of the same size. Strata are made of it once: questions whose pilot epochs scatter alike
:math:`S_i^2`, and lie alike far from the mean :math:`z_i^2`. Every later wave takes from the later epochs so far how much a
stratum scatters, :math:`S_h`, and gives a question of it epochs in proportion to :math:`S_h` (Neyman), as many as the width
needs by the predicted variance

.. math:: \operatorname{Var} z - \text{noise now} + \overline{S_i^2\left(\lambda_1^2 / r + \lambda_2^2 / n_i\right)}

with the weights λ of pilot and later epochs in `decompose_adaptive`. Two rules keep terms unbiased. A question's own pilot
decides its stratum and nothing after it does; and a stratum is halved at random, each half taking :math:`S_h` from the
other, so that a question's later epochs do not decide how many there are of them. (Else a stratum that shows
its rare failures early would be sampled on, and one that does not would stop.)
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.planning import Quantity, kernel_weights
from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray
from hotmess_inspect.decomposition.adaptive import epoch_weights

STRATA = 6
"""Strata at most; each has a twelfth of the questions, at least four."""
PRIOR = 1.0
"""Questions as which the mean over all strata counts in each."""
LEAST_LATER = 2
"""Later epochs that every question gets: its variance needs a pair of them."""
GROWTH = 2.0
"""A wave makes the epochs so far at most so many times as many: what it rests on is then never far from what is planned."""
NEAR_FLOOR = 1.05
"""Where the width cannot be reached by epochs, the run ends so near to the narrowest interval that they can give."""


@dataclass(frozen=True, eq=False)
class AdaptiveEpochs:
    """The epochs of an adaptive run so far.

    Attributes:
        ids: Question ids.
        away: Deviations from the target, shape (questions, epochs, dims), 0 where missing, scaled so that squares add up to
            the error.
        correct: How right each epoch is, shape (questions, epochs), NaN where missing.
        present: Which epochs there are, shape (questions, epochs).
        pilot: Which of them are of the pilot, same shape.
    """

    ids: Sequence[str]
    away: FloatArray
    correct: FloatArray
    present: BoolArray
    pilot: BoolArray

    def projections(
        self, quantity: Quantity, error: float, bias_squared: float, chosen: BoolArray
    ) -> FloatArray:
        """Mean of a quantity's kernel over each epoch and every other chosen epoch of its question.

        Args:
            quantity: What the interval is for.
            error: Mean error over questions.
            bias_squared: Mean squared bias.
            chosen: The epochs that count, shape (questions, epochs).

        Returns:
            Shape (questions, epochs), NaN for epochs that are not chosen and for single ones.
        """
        n = chosen.sum(axis=1)[:, None]
        others = np.where(n > 1, n - 1, np.nan)
        if quantity == "accuracy":
            own = np.where(chosen, np.nan_to_num(self.correct), 0.0)
            mean = (own + (own.sum(axis=1)[:, None] - own) / others) / 2
            return np.where(chosen, mean, np.nan)
        x, y, centre, unit = kernel_weights(quantity, error, bias_squared)
        d = np.where(chosen[:, :, None], self.away, 0.0)
        norms = np.square(d).sum(axis=2)
        products = ((d @ d.sum(axis=1)[:, :, None])[:, :, 0] - norms) / others
        errors = (norms + (norms.sum(axis=1)[:, None] - norms) / others) / 2
        return np.where(chosen, (x * errors + y * products - centre) / unit, np.nan)

    def scatter(
        self, quantity: Quantity, error: float, bias_squared: float, chosen: BoolArray, of: BoolArray
    ) -> FloatArray:
        """:math:`S_i^2`: epochs times the variance of a question's influence from so many, shape (questions,).

        Four times the variance of the projections of the epochs `of`, taken against all chosen ones (the leading term
        of a U-statistic's variance); NaN with fewer than two of them.
        """
        found = np.where(of, self.projections(quantity, error, bias_squared, chosen), 0.0)
        many = of.sum(axis=1)
        all_of = chosen.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = found.sum(axis=1) / many
            squares = np.square(np.where(of, found - mean[:, None], 0.0)).sum(axis=1) / (many - 1)
            # What an epoch takes from the others' means is taken from their differences.
            spread = 4 * squares * np.square((all_of - 1) / (all_of - 2))
        return np.where((many >= 2) & (all_of >= 3), spread, np.nan)


@dataclass(frozen=True, eq=False)
class Strata:
    """Strata of questions and their halves, made of the pilot alone.

    Attributes:
        stratum: Number of each question's stratum, shape (questions,).
        half: 0 or 1, shape (questions,).
    """

    stratum: IntArray
    half: IntArray

    def means(self, values: FloatArray, *, other_half: bool = False) -> FloatArray:
        """Each question's stratum mean of known values, shape (questions,).

        The mean over all strata stands in each with the weight of one question: that all pilots of a stratum and a few
        later epochs were alike does not say that all its questions are.

        Args:
            values: Shape (questions,), NaN where unknown.
            other_half: Take the mean of the stratum's other half alone.
        """
        found = np.zeros(len(values))
        known = ~np.isnan(values)
        for half in (0, 1):
            of = known & (self.half != half) if other_half else known
            rows = self.half == half
            total = values[of].mean() if of.any() else 0.0
            for stratum in np.unique(self.stratum[rows]):
                own = of & (self.stratum == stratum)
                here = rows & (self.stratum == stratum)
                found[here] = (values[own].sum() + PRIOR * total) / (own.sum() + PRIOR)
        return found


def make_strata(ids: Sequence[str], scatter: FloatArray, influence: FloatArray) -> Strata:
    """Questions whose pilots scatter alike and lie alike far away; equal ones are never parted.

    Args:
        ids: Question ids, which decide the halves.
        scatter: :math:`S_i^2` of the pilot, shape (questions,).
        influence: :math:`z_i` of the pilot, shape (questions,).
    """
    keys = [np.round(np.nan_to_num(values), 9) for values in (scatter, np.square(influence))]
    order = np.lexsort(keys[::-1])
    least = max(4, len(order) // (2 * STRATA))
    step = max(least, math.ceil(len(order) / STRATA))
    stratum = np.zeros(len(order), dtype=np.int64)
    number, size = 0, 0
    for place, row in enumerate(order.tolist()):
        before = order[place - 1]
        alike = place > 0 and all(key[row] == key[before] for key in keys)
        run_ahead = len(order) - place
        next_is_new = not alike and size >= least and run_ahead >= least
        # A new stratum where a large group of equal ones begins or ends, or where this one is full.
        if next_is_new and (
            size >= step or _equal_from(keys, order, place) >= least or _is_block(keys, order, place, size)
        ):
            number, size = number + 1, 0
        stratum[row] = number
        size += 1
    half = np.zeros(len(order), dtype=np.int64)
    digest = [hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in ids]
    for one in range(number + 1):
        rows = sorted(np.flatnonzero(stratum == one).tolist(), key=digest.__getitem__)
        half[rows[1::2]] = 1
    return Strata(stratum, half)


def _equal_from(keys: Sequence[FloatArray], order: NDArray[np.intp], place: int) -> int:
    """How many questions from a place on have the same keys."""
    end = place
    while end < len(order) and all(key[order[end]] == key[order[place]] for key in keys):
        end += 1
    return end - place


def _is_block(keys: Sequence[FloatArray], order: NDArray[np.intp], place: int, size: int) -> bool:
    """Whether the stratum that ends before a place is one group of equal questions."""
    first = order[place - size]
    return all(key[order[place - 1]] == key[first] for key in keys)


@dataclass(frozen=True)
class Allocation:
    """What the next wave is to bring.

    Attributes:
        later: Later epochs of each question after it, shape (questions,).
        width: Predicted width of the interval then.
        floor: Predicted width if every question had epochs without end.
        enough: Whether the width is reached by what there is, or is as near as epochs get.
    """

    later: IntArray
    width: float
    floor: float
    enough: bool


def allocate(
    epochs: AdaptiveEpochs,
    strata: Strata,
    quantity: Quantity,
    *,
    error: float,
    bias_squared: float,
    influence: FloatArray,
    width_now: float,
    width: float,
    most: int,
    near_floor: float = NEAR_FLOOR,
) -> Allocation:
    """Later epochs of every question after the next wave.

    Args:
        epochs: Pilot and at least two later epochs of each question.
        strata: From the pilot.
        quantity: What the interval is for.
        error: Mean error over questions.
        bias_squared: Mean squared bias.
        influence: z of every question from all its epochs, shape (questions,).
        width_now: Width of the interval so far.
        width: Width that is wanted.
        most: Most epochs of a question.
        near_floor: How near to the narrowest width that epochs can give counts as near enough.
    """
    later = epochs.present & ~epochs.pilot
    now = later.sum(axis=1)
    scatter = epochs.scatter(quantity, error, bias_squared, epochs.present, later)
    pooled = strata.means(scatter)
    wanted = np.sqrt(np.maximum(strata.means(scatter, other_half=True), 0.0))
    if not wanted.any():
        wanted = np.ones(len(now))
    pilot = epochs.pilot.sum(axis=1)
    most_later = max(most - int(pilot.max(initial=0)), LEAST_LATER)
    total = float(np.nanvar(influence, ddof=1))
    here = _noise(pooled, pilot, now)

    def counts(scale: float) -> IntArray:
        return np.clip(np.rint(scale * wanted), np.maximum(now, LEAST_LATER), most_later).astype(np.int64)

    def predicted(after: IntArray | None) -> float:
        noise = 0.0 if after is None else _noise(pooled, pilot, after)
        return width_now * math.sqrt(max(total - here + noise, 0.0) / total) if total > 0 else width_now

    floor = predicted(None)
    goal = max(width, near_floor * floor)
    if width_now <= goal:
        return Allocation(now, width_now, floor, True)
    low, high = 0.0, most_later / max(float(wanted.max()), 1e-12)
    if predicted(counts(high)) <= goal:
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if predicted(counts(middle)) <= goal else (middle, high)
    allowed = GROWTH * float(epochs.present.sum())
    if float((pilot + counts(high)).sum()) > allowed:
        low = 0.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if float((pilot + counts(middle)).sum()) <= allowed else (low, middle)
        high = low
    after = counts(high)
    return Allocation(after, predicted(after), floor, bool((after == now).all()))


def _noise(scatter: FloatArray, pilot: IntArray, later: IntArray) -> float:
    """Mean variance of a question's influence from its epochs, with the weights of `decompose_adaptive`."""
    r, n = float(pilot.max(initial=0)), float(np.square(later).sum()) / max(float(later.sum()), 1.0)
    first, second = r / (r + n), n / (r + n)
    return float(np.mean(scatter * (first**2 / np.maximum(pilot, 1) + second**2 / np.maximum(later, 1))))


def influence_of(
    epochs: AdaptiveEpochs, quantity: Quantity, variance: FloatArray, error: FloatArray
) -> FloatArray:
    """Influence z of every question: what it adds to the quantity beyond the mean, shape (questions,)."""
    if quantity == "accuracy":
        weights = epoch_weights(epochs.present & epochs.pilot, epochs.present & ~epochs.pilot)
        values = (weights * np.nan_to_num(epochs.correct)).sum(axis=1)
    elif quantity == "incoherence":
        mean = float(np.nanmean(error))
        if mean <= 0:
            return np.zeros(len(error))
        return (variance - float(np.nanmean(variance)) / mean * error) / mean
    else:
        values = {"error": error, "variance": variance, "bias_squared": error - variance}[quantity]
    centred: FloatArray = values - float(np.nanmean(values))
    return centred
