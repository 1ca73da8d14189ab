"""Logistic curves in one variable by maximum likelihood, plain or with a penalty on the slope, many at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import NAN, BoolArray, FloatArray

_STEPS = 100
_HALVINGS = 40
_CONVERGED = 1e-10


@dataclass(frozen=True, eq=False)
class LogisticCurves:
    """P(success) = σ(intercept + slope·x)^power for each row of counts.

    Attributes:
        intercept: Shape (curves,); NaN where there is no finite estimate.
        slope: The same, per unit of x.
        separable: Whether a value of x parts successes from failures (or one of both is absent), so that the
            likelihood has no maximum, shape (curves,).
        flat: Whether x does not vary, shape (curves,).
        power: Exponent k of the curve.
    """

    intercept: FloatArray
    slope: FloatArray
    separable: BoolArray
    flat: BoolArray
    power: int = 1

    def crossing(self, probability: float) -> FloatArray:
        """The x at which a falling curve has a probability; NaN where it does not fall, shape (curves,).

        Raises:
            ValueError: If the probability is outside (0, 1).
        """
        if not 0 < probability < 1:
            raise ValueError(f"probability={probability!r} is outside (0, 1)")
        each = probability ** (1 / self.power)
        falling = np.where(self.slope < 0, self.slope, np.nan)
        return np.asarray((np.log(each / (1 - each)) - self.intercept) / falling)


def fit_logistic(
    x: ArrayLike, successes: ArrayLike, trials: ArrayLike, *, power: int = 1, penalty: float = 0.0
) -> LogisticCurves:
    """Maximise Σ_i s_i log μ_i + (t_i - s_i) log(1 - μ_i) - penalty·b²/2, μ_i = σ(a + b x_i)^power, for each row of counts.

    Fisher scoring with halved steps. With power = 1 it is logistic regression, with a ridge penalty where one is given.
    Successes need not be whole: weighted counts, or means of other quantities in [0, 1] (quasi-likelihood).

    Args:
        x: Shape (points,), finite.
        successes: Shape (curves, points), from 0 to the trials.
        trials: Shape (curves, points), not negative; a point with 0 does not count.
        power: Exponent k, from 1.
        penalty: Of half the squared slope, per unit of x, not negative; the intercept has none.

    Returns:
        The curves. Where successes and failures are separable or x is flat, NaN: the maximum is at infinity or not
        unique. With a penalty they are separable only where one of both is absent.

    Raises:
        ValueError: If shapes disagree or a number is outside its range.

    References:
        Albert and Anderson (1984), doi:10.1093/biomet/71.1.1, for when there is a maximum.

    Example:
        Three successes of four at x = 0 and one of four at x = 1: logits ±log 3.

        >>> found = fit_logistic([0, 1], [[3, 1]], [[4, 4]])
        >>> round(float(found.intercept[0]), 6), round(float(found.slope[0]), 6)
        (1.098612, -2.197225)
        >>> round(float(found.crossing(0.5)[0]), 6)
        0.5
    """
    points = np.asarray(x, dtype=np.float64)
    right, total = (np.atleast_2d(np.asarray(v, dtype=np.float64)) for v in (successes, trials))
    if points.ndim != 1 or right.shape != total.shape or right.shape[1] != len(points):
        raise ValueError(
            f"x of shape {points.shape} does not fit successes and trials of shapes {right.shape} and {total.shape}"
        )
    if power < 1:
        raise ValueError(f"power={power!r} must be at least 1")
    if not 0 <= penalty < np.inf:
        raise ValueError(f"penalty={penalty!r} must be a finite number from 0")
    if not np.isfinite(points).all():
        raise ValueError("x must be finite")
    slack = 1e-9 * total
    if (right < 0).any() or (right > total + slack).any():
        raise ValueError("successes must lie between 0 and the trials")
    used = total > 0
    won, lost = used & (right > slack), used & (right < total - slack)
    low_won, high_won = _ends(points, won)
    low_lost, high_lost = _ends(points, lost)
    flat = ~(np.maximum(high_won, high_lost) > np.minimum(low_won, low_lost))
    if penalty:
        separable = ~(won.any(axis=1) & lost.any(axis=1))
    else:
        separable = (high_won <= low_lost) | (high_lost <= low_won)
    intercept, slope = np.full((2, len(right)), NAN)
    rows = np.flatnonzero(~flat & ~separable)
    if len(rows):
        centre, scale = points.mean(), points.std()
        a, b = _scored((points - centre) / scale, right[rows], total[rows], power, penalty / scale**2)
        slope[rows] = b / scale
        intercept[rows] = a - b * centre / scale
    return LogisticCurves(intercept, slope, np.asarray(separable & ~flat), flat, power)


def _ends(points: FloatArray, which: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Least and largest x of some points of each curve, inf and -inf without any."""
    return (
        np.where(which, points, np.inf).min(axis=1, initial=np.inf),
        np.where(which, points, -np.inf).max(axis=1, initial=-np.inf),
    )


def _likelihood(eta: FloatArray, right: FloatArray, total: FloatArray, power: int) -> FloatArray:
    log_mu = -power * np.logaddexp(0, -eta)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(right > 0, right * log_mu, 0.0)
        missed = total - right
        parts += np.where(missed > 0, missed * np.log(-np.expm1(log_mu)), 0.0)
    return np.asarray(parts.sum(axis=1))


def _scored(
    x: FloatArray, right: FloatArray, total: FloatArray, power: int, penalty: float
) -> tuple[FloatArray, FloatArray]:
    """Fisher scoring of every curve; NaN where it does not converge."""
    share = np.clip((right.sum(axis=1) / total.sum(axis=1)) ** (1 / power), 1e-6, 1 - 1e-6)
    beta = np.stack([np.log(share / (1 - share)), np.zeros(len(share))], axis=1)
    done = np.zeros(len(beta), dtype=np.bool_)
    for _ in range(_STEPS):
        rows = np.flatnonzero(~done)
        if not len(rows):
            break
        s, t, now = right[rows], total[rows], beta[rows]
        eta = now[:, :1] + now[:, 1:] * x
        log_mu = -power * np.logaddexp(0, -eta)
        mu, one_less = np.exp(log_mu), np.maximum(-np.expm1(log_mu), 1e-300)
        slope = power * np.exp(-np.logaddexp(0, eta)) / one_less
        score = (s - t * mu) * slope
        weight = t * mu * one_less * slope**2
        g0, g1 = score.sum(axis=1), score @ x - penalty * now[:, 1]
        h00, h01, h11 = weight.sum(axis=1), weight @ x, weight @ x**2 + penalty
        with np.errstate(divide="ignore", invalid="ignore"):
            determinant = h00 * h11 - h01**2
            step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0], axis=1) / determinant[:, None]
        before = _likelihood(eta, s, t, power) - penalty * now[:, 1] ** 2 / 2
        size = np.ones((len(rows), 1))
        for _ in range(_HALVINGS):
            tried = now + size * step
            after = _likelihood(tried[:, :1] + tried[:, 1:] * x, s, t, power) - penalty * tried[:, 1] ** 2 / 2
            worse = ~(after >= before - 1e-12 * np.abs(before))
            if not worse.any():
                break
            size[worse] /= 2
        beta[rows] = now + size * step
        done[rows] = ~(np.abs(step).max(axis=1) > _CONVERGED * (1 + np.abs(now).max(axis=1)))
    beta[~done | ~np.isfinite(beta).all(axis=1)] = NAN
    return beta[:, 0], beta[:, 1]
