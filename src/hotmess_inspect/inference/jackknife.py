"""Standard errors of smooth functions of sums, by leaving out one question (or cluster) at a time."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hotmess_inspect.arrays import FloatArray
from hotmess_inspect.inference.quantiles import student_quantile
from hotmess_inspect.inference.resampling import LARGE

FEWEST_EFFECTIVE = 1.5
"""Effective number of units below which an estimate rests on one of them, and there is no interval."""


class Jackknife(NamedTuple):
    """Estimates, what each unit moves them by, and intervals.

    Attributes:
        estimates: From all units, shape (estimates,).
        influence: (estimate - estimate without the unit), centred, shape (units, estimates).
        covariance: (n - 1)/n Σ influence · influenceᵀ, shape (estimates, estimates).
        effective: (Σ influence²)²/Σ influence⁴, the number of units that carry the estimate, shape
            (estimates,).
        intervals: Low and high ends, shape (estimates, 2); NaN where undefined.
        freedom: Degrees of freedom behind them, shape (estimates,).
    """

    estimates: FloatArray
    influence: FloatArray
    covariance: FloatArray
    effective: FloatArray
    intervals: FloatArray
    freedom: FloatArray


def jackknife(sums: FloatArray, function: Callable[[FloatArray], FloatArray], level: float) -> Jackknife:
    """Interval estimate ± t · standard error from leaving out each unit in turn.

    With d_i = θ - θ₍ᵢ₎ less their mean, se² = (n - 1)/n Σd_i², and the effective number of units
    G = (Σd²)²/Σd⁴. The degrees of freedom of se² are estimated by Satterthwaite's rule from the fourth
    moment, 2/(1/(G - 1) - 1/n): about n where influences are normal, few where some units carry the
    estimate. (The one off G allows for a fourth moment that, like G, a few units make.)

    Args:
        sums: What each unit adds to the sums that the estimates are a function of, shape (units, columns).
        function: Sums of shape (sets, columns) to estimates of shape (sets, estimates).
        level: Nominal coverage, inside (0, 1).

    Returns:
        The estimates and their intervals. An interval is NaN where the estimate or one without a unit is
        not finite, where no unit moves the estimate, or where fewer than 1.5 effective units carry it.

    References:
        Efron and Stein (1981), The jackknife estimate of variance, doi:10.1214/aos/1176345462;
        Satterthwaite (1946), doi:10.2307/3002019.
    """
    total = sums.sum(axis=0)
    estimates = function(total[None])[0]
    units, count = len(sums), len(estimates)
    if units < 2:
        nothing = np.full((count, 2), np.nan)
        none = nothing[:, 0]
        return Jackknife(
            estimates, np.zeros((units, count)), np.full((count, count), np.nan), none, nothing, none
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = _moved(sums, total, function, estimates)
        moved = moved - moved.mean(axis=0)
        covariance = (units - 1) / units * moved.T @ moved
        squares = np.square(moved).sum(axis=0)
        effective = np.square(squares) / np.power(moved, 4).sum(axis=0)
        freedom = 2 / (1 / (effective - 1) - 1 / units)
        errors = np.sqrt(np.diag(covariance))
    # Influences that are rounding of the estimate, or of a unit that exponents and correlations have, are none.
    moves = errors > 1e-12 * np.maximum(1.0, np.abs(estimates))
    effective = np.where(moves, effective, np.nan)
    defined = np.isfinite(errors) & moves & (effective >= FEWEST_EFFECTIVE)
    intervals = np.full((count, 2), np.nan)
    # Equal influences have no fourth moment beyond the least: as many degrees as units less one.
    freedom = np.maximum(np.minimum(np.where(freedom > 0, freedom, np.inf), units - 1.0), 1.0)
    for place in np.flatnonzero(defined):
        reach = student_quantile(float(freedom[place]), (1 + level) / 2) * errors[place]
        intervals[place] = estimates[place] - reach, estimates[place] + reach
    return Jackknife(estimates, moved, covariance, effective, intervals, freedom)


def _moved(
    sums: FloatArray, total: FloatArray, function: Callable[[FloatArray], FloatArray], estimates: FloatArray
) -> FloatArray:
    """How far each unit moves the estimates, shape (units, estimates).

    From above 10,000 units, of which each moves them by a tenth of a thousandth, along the slopes of the function.
    """
    if len(sums) <= LARGE:
        return estimates - function(total - sums)
    step = np.sqrt(np.square(sums).mean(axis=0))
    ends = function(np.concatenate([total + np.diag(step), total - np.diag(step)]))
    slopes = (ends[: len(step)] - ends[len(step) :]) / np.where(step > 0, 2 * step, 1.0)[:, None]
    moved: FloatArray = sums @ slopes
    return moved
