r"""Which questions an adaptive run gives how many further epochs, and when it stops.

The interval of a quantity over :math:`N` questions has the variance :math:`(\operatorname{Var} z_i)/N` of the
questions' influences :math:`z_i`; of it, :math:`S_i^2/n_i` is there because question i was asked :math:`n_i` times and not for
ever. Every question gets a pilot of the same size. Strata are made of it once: questions whose pilot epochs scatter alike
:math:`S_i^2`, and lie alike far from the mean :math:`z_i^2`. Every later wave takes from the later epochs so far how much a
stratum scatters, :math:`S_h`, and gives a question of it epochs in proportion to :math:`S_h` (Neyman), as many as the width
needs by the predicted variance

.. math:: \operatorname{Var} z - \text{noise now} + \overline{S_i^2\left(\lambda_1^2 / r + \lambda_2^2 / n_i\right)}

with the weights λ of pilot and later epochs in `decompose_adaptive`. Two rules keep terms unbiased. A question's own pilot
decides its stratum and nothing after it does. And the questions are in folds (`folds_of`): how many epochs those of a fold
get, and whether they get any more, follows from the answers of the other folds alone, as if all questions were to get epochs
by the same rule. (Else a run would stop where its own answers happen to look precise, and a stratum that shows its rare
failures early would be sampled on.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.planning import Quantity, kernel_weights
from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray
from hotmess_inspect.decomposition.adaptive import epoch_weights, folds_of

STRATA = 6
"""Strata at most; each has a twelfth of the questions, at least four."""
PRIOR = 1.0
"""Questions as which the mean over all strata counts in each."""
LEAST_LATER = 2
"""Later epochs that every question gets: its variance needs a pair of them."""
GROWTH = 2.0
"""A wave makes the epochs so far at most so many times as many: what it rests on is then never far from what is planned."""
TRIES = 6
"""How often the aim is narrowed where no fold asks for more although the printed interval is still too wide."""
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

    def kernels(self, quantity: Quantity, chosen: BoolArray) -> list[FloatArray]:
        """Mean of kernels over each epoch and every other chosen epoch of its question, each of shape (questions, epochs).

        Of the error and of the squared bias, from which all other quantities follow; of accuracy, its own.
        """
        others = np.maximum(chosen.sum(axis=1)[:, None] - 1, 1)
        if quantity == "accuracy":
            own = np.where(chosen, np.nan_to_num(self.correct), 0.0)
            return [(own + (own.sum(axis=1)[:, None] - own) / others) / 2]
        d = np.where(chosen[:, :, None], self.away, 0.0)
        norms = np.square(d).sum(axis=2)
        products = ((d @ d.sum(axis=1)[:, :, None])[:, :, 0] - norms) / others
        return [(norms + (norms.sum(axis=1)[:, None] - norms) / others) / 2, products]

    def scatter(self, quantity: Quantity, chosen: BoolArray, of: BoolArray) -> Scatter:
        """How much the epochs `of` of every question scatter, each taken against all chosen epochs of the question.

        Args:
            quantity: What the interval is for.
            chosen: The epochs that count, shape (questions, epochs).
            of: Those that scatter, same shape.
        """
        many, all_of = of.sum(axis=1), chosen.sum(axis=1)
        known = (many >= 2) & (all_of >= 3)
        # What an epoch takes from the others' means is taken from their differences.
        factor = 4 * np.square((all_of - 1) / np.maximum(all_of - 2, 1)) / np.maximum(many - 1, 1)
        moved = []
        for kernel in self.kernels(quantity, chosen):
            mean = np.where(of, kernel, 0.0).sum(axis=1) / np.maximum(many, 1)
            moved.append(np.where(of, kernel - mean[:, None], 0.0))
        products = {
            (i, j): (moved[i] * moved[j]).sum(axis=1) for j in range(len(moved)) for i in range(j + 1)
        }
        return Scatter(quantity, {k: np.where(known, factor * v, np.nan) for k, v in products.items()})


@dataclass(frozen=True, eq=False)
class Scatter:
    """:math:`S_i^2` of every question: its epochs times the variance of its influence from so many.

    Four times the variance of the projections of its epochs (the leading term of a U-statistic's variance); NaN with fewer
    than two of them.

    Attributes:
        quantity: What the interval is for.
        products: Of each two kernels, four times their covariance over epochs, shape (questions,).
    """

    quantity: Quantity
    products: dict[tuple[int, int], FloatArray]

    def at(self, error: float, bias_squared: float) -> FloatArray:
        """:math:`S_i^2` where these are the mean error and the mean squared bias, shape (questions,)."""
        if self.quantity == "accuracy":
            return self.products[0, 0]
        x, y, _, unit = kernel_weights(self.quantity, error, bias_squared)
        p = self.products
        found: FloatArray = (x * x * p[0, 0] + 2 * x * y * p[0, 1] + y * y * p[1, 1]) / unit**2
        return found


def stratum_means(stratum: IntArray, values: FloatArray, of: BoolArray) -> FloatArray:
    """Mean of known values in each stratum, shape (strata,).

    The mean over all strata stands in each with the weight of one question: that all pilots of a stratum and a few
    later epochs were alike does not say that all its questions are.

    Args:
        stratum: Number of each question's stratum, shape (questions,).
        values: Shape (questions,), NaN where unknown.
        of: The questions that count, shape (questions,).
    """
    known, many = of & ~np.isnan(values), int(stratum.max(initial=0)) + 1
    total = values[known].mean() if known.any() else 0.0
    sums = np.bincount(stratum[known], values[known], many)
    found: FloatArray = (sums + PRIOR * total) / (np.bincount(stratum[known], minlength=many) + PRIOR)
    return found


def make_strata(scatter: FloatArray, influence: FloatArray) -> IntArray:
    """Number of each question's stratum: pilots that scatter alike and lie alike far away; equal ones are never parted.

    Args:
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
    return stratum


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
        floor: Predicted width if every question had epochs without end; NaN before there are later epochs.
        enough: Whether no question needs any more: the width is reached, or is as near as epochs get.
    """

    later: IntArray
    floor: float
    enough: bool


def allocate(
    epochs: AdaptiveEpochs,
    stratum: IntArray,
    quantity: Quantity,
    *,
    variance: FloatArray,
    error: FloatArray,
    width_now: float,
    width: float,
    most: int,
    near_floor: float = NEAR_FLOOR,
) -> Allocation:
    """Later epochs of every question after the next wave.

    Args:
        epochs: All epochs so far.
        stratum: Stratum of each question, from the pilot, shape (questions,).
        quantity: What the interval is for.
        variance: Unbiased variance of each question, from all its epochs, shape (questions,).
        error: Its error.
        width_now: Width of the interval so far.
        width: Width that is wanted.
        most: Most epochs of a question.
        near_floor: How near to the narrowest width that epochs can give counts as near enough.
    """
    folds = folds_of(epochs.ids)
    later = epochs.present & ~epochs.pilot
    now = later.sum(axis=1)
    everyone = np.ones(len(folds), bool)
    whole = _spread(influence_of(epochs, quantity, variance, error))
    if whole == 0 and (later.any() or width_now <= width):
        return Allocation(now, width_now, True)
    scale = width_now / math.sqrt(whole) if whole > 0 else math.nan
    squares = np.square(epoch_weights(epochs.present & epochs.pilot, later, folds)).sum(axis=1)
    scatter = epochs.scatter(quantity, epochs.present, later) if later.any() else None
    plans = []
    for fold in np.unique(folds):
        own = folds == fold
        # Where the others say nothing, as when the only question that errs is in this fold, all speak.
        others = (
            ~own if _spread(influence_of(epochs, quantity, variance, error, ~own)[~own]) > 0 else everyone
        )
        plan = _plan(epochs, stratum, quantity, variance, error, scatter, squares, others)
        so_far = np.zeros(len(plan.share), np.int64)
        np.maximum.at(so_far, stratum[own], now[own])
        plans.append((own, plan, so_far))
    aim = width
    for _ in range(TRIES):
        after, floors = now.copy(), []
        for own, plan, so_far in plans:
            wanted, floor = plan.later(scale, aim, most, near_floor, so_far)
            after[own] = np.maximum(now[own], wanted[stratum[own]])
            floors.append(floor)
        enough = bool((after == now).all())
        if not enough or width_now <= width:
            break
        # Every fold goes by the width of the others, which together may lie a little below the printed one.
        aim *= width / width_now
    return Allocation(after, float(np.mean(floors)), enough)


@dataclass(frozen=True, eq=False)
class _Plan:
    """What some questions say of the epochs that others are to get.

    Attributes:
        pilot: Epochs of the pilot.
        scatter: :math:`S_h^2` of each stratum, shape (strata,); NaN before there are later epochs.
        share: Share of the questions in each stratum.
        seen: Variance of the influences from the epochs so far.
        true: The same from epochs without end.
    """

    pilot: float
    scatter: FloatArray
    share: FloatArray
    seen: float
    true: float

    def spread(self, later: IntArray) -> FloatArray:
        """Predicted standard deviation of the influences with so many later epochs of each stratum (last axis)."""
        n = (self.share * np.square(later)).sum(axis=-1, keepdims=True)
        n = n / np.maximum((self.share * later).sum(axis=-1, keepdims=True), 1e-12)
        first = self.pilot / (self.pilot + n)
        noise = self.scatter * (np.square(first) / self.pilot + np.square(1 - first) / np.maximum(later, 1))
        found: FloatArray = np.sqrt(self.true + (self.share * noise).sum(axis=-1))
        return found

    def later(
        self, scale: float, width: float, most: int, near_floor: float, so_far: IntArray
    ) -> tuple[IntArray, float]:
        """Later epochs of a question of each stratum, and the narrowest width.

        Args:
            scale: Width of the interval over the standard deviation of the influences.
            width: Width that is wanted.
            most: Most epochs of a question.
            near_floor: As in `allocate`.
            so_far: Later epochs that a question of each stratum has so far, of those that are planned for.
        """
        none = np.zeros(len(self.scatter), np.int64)
        if np.isnan(self.scatter).any():
            return none + LEAST_LATER * (not scale * math.sqrt(self.seen) <= width), math.nan
        floor = scale * math.sqrt(self.true)
        goal = max(width, near_floor * floor)
        wanted = np.sqrt(self.scatter)
        if not wanted.any():
            wanted = np.ones(len(wanted))
        most_later = max(most - int(self.pilot), LEAST_LATER)

        def counts(factor: FloatArray) -> IntArray:
            found: IntArray = np.clip(np.rint(factor * wanted), LEAST_LATER, most_later).astype(np.int64)
            return found

        # A stratum without a question of theirs would have had epochs by the same rule.
        here = so_far > 0
        if here.any():
            so_far = np.where(here, so_far, counts(so_far[here].sum() / max(wanted[here].sum(), 1e-12)))
        if scale * self.spread(so_far) <= goal:
            return none, floor
        plans = counts(np.geomspace(LEAST_LATER / 2, most_later, 800)[:, None] / wanted.max())
        limit = GROWTH * (self.pilot + float(so_far @ self.share))
        allowed = int((self.pilot + plans @ self.share <= limit).sum())
        reached = scale * self.spread(plans) <= goal
        place = int(np.argmax(reached)) if reached.any() else len(plans) - 1
        return plans[min(place, max(allowed - 1, 0))], floor


def _plan(
    epochs: AdaptiveEpochs,
    stratum: IntArray,
    quantity: Quantity,
    variance: FloatArray,
    error: FloatArray,
    scatter: Scatter | None,
    squares: FloatArray,
    of: BoolArray,
) -> _Plan:
    """What the questions `of` say; `squares` are the sums of the squared weights of each question's epochs."""
    share = np.bincount(stratum[of], minlength=int(stratum.max(initial=0)) + 1) / of.sum()
    seen = _spread(influence_of(epochs, quantity, variance, error, of)[of])
    pilot = float(epochs.pilot.sum(axis=1).max(initial=0))
    if scatter is None:
        return _Plan(pilot, np.full(len(share), np.nan), share, seen, math.nan)
    means = _mean(error[of]), _mean((error - variance)[of])
    own = np.maximum(stratum_means(stratum, scatter.at(*means), of), 0.0)
    noise = float((squares * own[stratum])[of].mean())
    return _Plan(pilot, own, share, seen, max(seen - noise, 0.0))


def _spread(values: FloatArray) -> float:
    """Variance of the known values; 0 with fewer than two."""
    known = values[~np.isnan(values)]
    return float(known.var(ddof=1)) if len(known) > 1 else 0.0


def _mean(values: FloatArray) -> float:
    """Mean of the known values; 0 where there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def influence_of(
    epochs: AdaptiveEpochs,
    quantity: Quantity,
    variance: FloatArray,
    error: FloatArray,
    of: BoolArray | None = None,
) -> FloatArray:
    """Influence z of every question: what it adds to the quantity beyond the mean, shape (questions,).

    Args:
        epochs: All epochs so far.
        quantity: What the interval is for.
        variance: Variance of each question, shape (questions,).
        error: Its error.
        of: The questions whose mean counts; all if not given.
    """
    of = np.ones(len(error), bool) if of is None else of
    if quantity == "accuracy":
        there = epochs.present
        weights = epoch_weights(there & epochs.pilot, there & ~epochs.pilot, folds_of(epochs.ids))
        values = (weights * np.nan_to_num(epochs.correct)).sum(axis=1)
    elif quantity == "incoherence":
        mean = _mean(error[of])
        if mean <= 0:
            return np.zeros(len(error))
        return (variance - _mean(variance[of]) / mean * error) / mean
    else:
        values = {"error": error, "variance": variance, "bias_squared": error - variance}[quantity]
    centred: FloatArray = values - _mean(values[of])
    return centred
