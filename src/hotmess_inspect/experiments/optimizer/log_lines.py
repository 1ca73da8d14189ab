"""y = c·x^α for values of one relative precision: straight lines through logarithms.

The terms of a walk are known to the same share of themselves at every size, over orders of magnitude, so each size
weighs alike. Means of few questions, which can be zero, are fitted by `inference.power_laws` instead.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import NAN, FloatArray


@dataclass(frozen=True)
class LogLine:
    """A fit of y = c·x^α by least squares on log y = log c + α·log x.

    Attributes:
        exponent: α, without a unit; NaN where `note` gives a reason.
        log_prefactor: log c, in natural logarithms.
        r_squared: Share of the variance of log y that the line explains, in [0, 1]; NaN when log y does
            not vary.
        points: Points the line runs through.
        left_out: Points without a logarithm: not positive, or undefined.
        note: Why there is no line, or an empty string.
    """

    exponent: float
    log_prefactor: float
    r_squared: float
    points: int
    left_out: int
    note: str


def fit_log_line(x: ArrayLike, y: ArrayLike) -> LogLine:
    """Fit a power law through points.

    Args:
        x: Shape (points,).
        y: Shape (points,). Points where x or y is not positive, or NaN, are left out and counted.

    Returns:
        The fit; NaN with a note when fewer than two different x are left.

    Raises:
        ValueError: If the shapes differ or are not one-dimensional.
    """
    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if across.ndim != 1 or across.shape != up.shape:
        raise ValueError(f"x and y need one shape (points,); got {across.shape} and {up.shape}")
    usable = _usable(across, up)
    exponent = float(log_line_exponents(across, up))
    points = int(usable.sum())
    if np.isnan(exponent):
        reason = f"no line: {points} of {len(across)} points are positive, and two different x are needed"
        return LogLine(NAN, NAN, NAN, points, len(across) - points, reason)
    log_x, log_y = np.log(across[usable]), np.log(up[usable])
    intercept = float(log_y.mean() - exponent * log_x.mean())
    total = float(np.square(log_y - log_y.mean()).sum())
    rest = float(np.square(log_y - intercept - exponent * log_x).sum())
    r_squared = 1.0 - rest / total if total > 0 else NAN
    return LogLine(exponent, intercept, r_squared, points, len(across) - points, "")


def log_line_exponents(x: ArrayLike, y: ArrayLike) -> FloatArray:
    """Exponents alone, for many sets of points at once.

    Args:
        x: Shape (..., points); broadcast against y.
        y: Shape (..., points).

    Returns:
        Shape (...); NaN where fewer than two different x remain after points that are not positive, or
        NaN, are left out.
    """
    across, up = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    usable = _usable(across, up)
    log_x = np.log(np.where(usable, across, 1.0))
    log_y = np.log(np.where(usable, up, 1.0))
    count = usable.sum(axis=-1, keepdims=True)
    count = np.where(count > 0, count, np.nan)
    from_mean = np.where(usable, log_x - log_x.sum(axis=-1, keepdims=True) / count, 0.0)
    spread = np.square(from_mean).sum(axis=-1)
    # Equal x differ from their mean by rounding: such a spread is none.
    largest = np.abs(log_x).max(axis=-1, initial=1.0)
    spread = np.where(spread > 1e-24 * np.square(largest), spread, np.nan)
    exponents: FloatArray = (from_mean * log_y).sum(axis=-1) / spread
    return exponents


def _usable(x: FloatArray, y: FloatArray) -> np.ndarray:
    return (x > 0) & (y > 0) & np.isfinite(x) & np.isfinite(y)
