"""y = c·x^α through points that may be zero: Poisson pseudo-maximum likelihood with a log link."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import NAN, FloatArray

FEWEST_POINTS = 3
"""Points that a fit needs: a line through two of them always fits."""

# Newton steps at most; a step is bounded, so that far-off solutions take a few more.
_STEPS = 60
_LONGEST_STEP = 4.0
# Points whose logarithms of x differ by less than this, relative to their size, have one x.
_SAME = 1e-12


@dataclass(frozen=True)
class PowerLaw:
    """A fit of y = c·x^α.

    Attributes:
        exponent: α, without a unit; NaN where `note` gives a reason.
        log_prefactor: log c, in natural logarithms.
        r_squared: Share of the deviance that the curve explains, 1 - D(fit)/D(constant), in [0, 1]; NaN
            when y does not vary, or where a y is negative and has no deviance.
        points: Points the curve is fitted to, zeros among them.
        zeros: Points of these at or below 0, which a line through logarithms would have to drop.
        left_out: Points that say nothing: without exposure, of undefined y, or of an x that is not positive.
        note: Why there is no fit, or an empty string.
    """

    exponent: float
    log_prefactor: float
    r_squared: float
    points: int
    zeros: int
    left_out: int
    note: str


def fit_power_law(x: ArrayLike, total: ArrayLike, exposure: ArrayLike | None = None) -> PowerLaw:
    """Fit total = exposure · c·x^α, in expectation.

    α and c solve Σ(total - μ) = 0 and Σ(total - μ) log x = 0 with μ = exposure · c·x^α. These are the
    equations of a Poisson regression with log link; they hold in expectation whatever the distribution of
    the totals is, as long as the power law does, also for totals that are 0 or, as unbiased terms can be,
    below it. A line through logarithms has to drop such points, and is then biased by the selection.

    Args:
        x: Shape (points,).
        total: Sum or mean that follows the law, shape (points,).
        exposure: What the sum is divided by to give y, such as Σ error for Σ variance, shape (points,);
            None is 1 throughout.

    Returns:
        The fit; NaN with a note for fewer than three points, fewer than two different x, or where no
        finite exponent solves the equations, as when only the point at one end is positive.

    Raises:
        ValueError: If the shapes differ or are not one-dimensional.

    References:
        Santos Silva and Tenreyro (2006), The log of gravity, doi:10.1162/rest.88.4.641; Cameron and
        Windmeijer (1996), doi:10.1080/07350015.1996.10524648, for the R².
    """
    across, up = np.asarray(x, dtype=np.float64), np.asarray(total, dtype=np.float64)
    weight = np.ones_like(up) if exposure is None else np.asarray(exposure, dtype=np.float64)
    if across.ndim != 1 or not across.shape == up.shape == weight.shape:
        raise ValueError(
            f"x, total and exposure need one shape (points,); got {across.shape}, {up.shape} and {weight.shape}"
        )
    usable = _usable(across, up, weight)
    points = int(usable.sum())
    counts = points, int((up[usable] <= 0).sum()), len(across) - points
    across, up, weight = across[usable], up[usable], weight[usable]
    exponent = float(power_law_exponents(across, up, weight))
    note = _obstacle(across, up, exponent, len(usable))
    if note:
        return PowerLaw(NAN, NAN, NAN, *counts, note)
    log_x = np.log(across)
    # Largest term first, so that no power overflows.
    curve = weight * np.exp(exponent * (log_x - log_x.mean()))
    level = up.sum() / curve.sum()
    intercept = float(np.log(level) - exponent * log_x.mean())
    return PowerLaw(exponent, intercept, _r_squared(up, weight, level * curve), *counts, "")


def power_law_exponents(x: ArrayLike, total: ArrayLike, exposure: ArrayLike | None = None) -> FloatArray:
    """Exponents alone, for many sets of points at once.

    Args:
        x: Shape (..., points); broadcast against the other two.
        total: Shape (..., points).
        exposure: Shape (..., points); None is 1 throughout.

    Returns:
        Shape (...). NaN where there are fewer than three points or two different x, or where the totals do
        not add up to more than 0; infinite where the totals are those of one end alone, or beyond it.
    """
    across, up, weight = np.broadcast_arrays(
        np.asarray(x, dtype=np.float64),
        np.asarray(total, dtype=np.float64),
        np.asarray(1.0 if exposure is None else exposure, dtype=np.float64),
    )
    usable = _usable(across, up, weight)
    up, weight = np.where(usable, up, 0.0), np.where(usable, weight, 0.0)
    log_x = np.log(np.where(usable, across, 1.0))
    low = np.where(usable, log_x, np.inf).min(axis=-1, initial=np.inf)
    high = np.where(usable, log_x, -np.inf).max(axis=-1, initial=-np.inf)
    sums = up.sum(axis=-1)
    largest = np.abs(log_x).max(axis=-1, initial=1.0)
    with np.errstate(invalid="ignore"):
        width = high - low
        solvable = (usable.sum(axis=-1) >= FEWEST_POINTS) & (width > _SAME * largest) & (sums > 0)
    width = np.where(solvable, width, 1.0)
    # On the unit interval, where the exponent is that of the whole range of x.
    place = np.where(usable, (log_x - np.where(solvable, low, 0.0)[..., None]) / width[..., None], 0.0)
    goal = (up * place).sum(axis=-1) / np.where(solvable, sums, 1.0)
    slope = _tilt(place, weight, np.where(solvable, goal, 0.5))
    exponents = np.where(solvable, slope / width, NAN)
    return np.asarray(exponents, dtype=np.float64)


def _tilt(place: FloatArray, weight: FloatArray, goal: FloatArray) -> FloatArray:
    """Solve Σ w z e^{bz} / Σ w e^{bz} = goal for b; the left side grows with b from 0 to 1.

    Args:
        place: z, shape (..., points), within [0, 1] and reaching both ends.
        weight: w, shape (..., points), 0 for points that do not count.
        goal: Shape (...). At or outside an end the solution is infinite.
    """
    slope = np.zeros_like(goal)
    inside = (goal > 0) & (goal < 1)
    below, above = np.full_like(goal, -np.inf), np.full_like(goal, np.inf)
    open_ = inside
    for _ in range(_STEPS):
        # The larger end has the exponent 0, the other one is below.
        power = weight * np.exp(slope[..., None] * (place - (slope > 0)[..., None]))
        total = power.sum(axis=-1)
        total = np.where(total > 0, total, NAN)
        mean = (power * place).sum(axis=-1) / total
        spread = (power * np.square(place - mean[..., None])).sum(axis=-1) / total
        with np.errstate(invalid="ignore", divide="ignore"):
            step = np.clip((goal - mean) / spread, -_LONGEST_STEP, _LONGEST_STEP)
        below, above = np.where(mean < goal, slope, below), np.where(mean > goal, slope, above)
        step = np.where(np.isnan(step), 0.0, step)
        # A step beyond what is known to be too far goes halfway instead.
        beyond = (slope + step <= below) & (step < 0) | (slope + step >= above) & (step > 0)
        with np.errstate(invalid="ignore"):
            step = np.where(beyond, (below + above) / 2 - slope, step)
        slope = np.where(inside, slope + step, slope)
        open_ = inside & (np.abs(step) > 1e-14 * (1 + np.abs(slope)))
        if not open_.any():
            break
    # What is still moving after so many steps has a solution too far out to be one.
    far = ~inside | open_ & (np.abs(slope) > _STEPS)
    found: FloatArray = np.where(far, np.where(goal < 0.5, -np.inf, np.inf), slope)
    return found


def _obstacle(x: FloatArray, total: FloatArray, exponent: float, given: int) -> str:
    """Why there is no exponent, or an empty string."""
    if len(x) < FEWEST_POINTS:
        return f"no fit: {len(x)} of {given} points can be used, and {FEWEST_POINTS} are needed"
    if total.sum() <= 0:
        return "no fit: the points do not add up to more than 0"
    if np.isnan(exponent):
        return f"no fit: all {len(x)} points have one x, and two different x are needed"
    if np.isinf(exponent):
        end = "largest" if exponent > 0 else "smallest"
        return f"no fit: only the points of the {end} x are positive, so that no finite exponent fits"
    return ""


def _r_squared(total: FloatArray, weight: FloatArray, fitted: FloatArray) -> float:
    if (total < 0).any():
        return NAN
    constant = weight * total.sum() / weight.sum()
    whole, rest = (_deviance(total, expected) for expected in (constant, fitted))
    # Totals that follow the constant to rounding have no deviance to explain.
    return 1.0 - rest / whole if whole > 1e-24 * total.sum() else NAN


def _deviance(total: FloatArray, expected: FloatArray) -> float:
    # Relative differences keep their digits where a plain y log(y/μ) - (y - μ) cancels.
    relative = (total - expected) / expected
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(total > 0, (1 + relative) * np.log1p(relative), 0.0)
    return float(2 * (expected * (gain - relative)).sum())


def _usable(x: FloatArray, total: FloatArray, exposure: FloatArray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return (x > 0) & np.isfinite(x) & np.isfinite(total) & (exposure > 0) & np.isfinite(exposure)
