"""Quantiles of the normal distribution, of Student's and of samples.

Loading scipy takes half a second, and `np.quantile` loads masked arrays: both would be most of what the
command line does for a log of ordinary size.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

# From here on the series in 1/df is exact to the last digits; below, the integral is inverted.
_MANY = 1000


def normal_cdf(x: float) -> float:
    """Probability that a standard normal variable is at most x; relative error below 1e-14 in either tail."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_quantile(p: float) -> float:
    """The x with `normal_cdf(x)` = p.

    Args:
        p: Probability inside (0, 1).

    Returns:
        The quantile, to a relative error of 1e-14 (absolute near 0).

    Raises:
        ValueError: If p is outside (0, 1).

    References:
        Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.2.23, for the first guess.
    """
    _check_probability(p)
    if p > 0.5:
        # Tails are computed from below, where a small probability keeps its digits.
        return -normal_quantile(1.0 - p)
    if p == 0.5:
        return 0.0
    r = math.sqrt(-2.0 * math.log(p))
    x = (2.515517 + (0.802853 + 0.010328 * r) * r) / (1 + (1.432788 + (0.189269 + 0.001308 * r) * r) * r) - r
    for _ in range(4):
        tail = normal_cdf(x)
        # Newton on the logarithm, which is nearly straight in the tail.
        x -= math.log(tail / p) * tail * math.sqrt(2 * math.pi) * math.exp(x * x / 2)
    return x


def student_quantile(df: float, p: float) -> float:
    """The t at which Student's distribution reaches probability p.

    Newton's method on the distribution function, from the series of Fisher and Cornish in 1/df; with more
    than 1,000 degrees of freedom the series alone.

    Args:
        df: Degrees of freedom, at least 1.
        p: Probability inside (0, 1).

    Returns:
        The quantile, to a relative error of 1e-10.

    Raises:
        ValueError: If an argument is outside its range.

    References:
        Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.5.8 and 26.7.5.
    """
    if not df >= 1:
        raise ValueError(f"df={df!r} must be at least 1")
    _check_probability(p)
    if p > 0.5:
        return -student_quantile(df, 1.0 - p)
    if p == 0.5:
        return 0.0
    if df == 1:
        return -1.0 / math.tan(math.pi * p)
    if df == 2:
        return (2 * p - 1) / math.sqrt(2 * p * (1 - p))
    found = _series(df, normal_quantile(p))
    return found if df > _MANY else _refined(df, p, found)


def student_quantiles(df: float, probabilities: Iterable[float]) -> NDArray[np.float64]:
    """`student_quantile` of each probability, shape (probabilities,)."""
    return np.array([student_quantile(df, float(p)) for p in probabilities])


def sample_quantiles(values: NDArray[np.float64], probabilities: ArrayLike) -> NDArray[np.float64]:
    """Quantiles along the first axis, with straight lines between order statistics.

    Args:
        values: Finite numbers, shape (n, ...), n at least 1.
        probabilities: In [0, 1], shape (k,).

    Returns:
        Shape (k, ...): the bits of `np.quantile(values, probabilities, axis=0)`.
    """
    place = np.asarray(probabilities, dtype=np.float64) * (len(values) - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, len(values) - 1)
    ordered = np.partition(values, list(dict.fromkeys([*low.tolist(), *high.tolist()])), axis=0)
    weight = (place - low).reshape(-1, *(1,) * (values.ndim - 1))
    below, above = ordered[low], ordered[high]
    step = above - below
    # From the nearer end, so that the result is never outside of the two and does not jump.
    found: NDArray[np.float64] = np.where(weight < 0.5, below + step * weight, above - step * (1 - weight))
    return found


def _check_probability(p: float) -> None:
    if not 0.0 < p < 1.0:
        raise ValueError(f"p={p!r} is outside (0, 1)")


def _series(df: float, z: float) -> float:
    s = z * z
    terms = (
        (s + 1) / 4,
        ((5 * s + 16) * s + 3) / 96,
        (((3 * s + 19) * s + 17) * s - 15) / 384,
        ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92160,
    )
    return z * (1 + sum(term / df**power for power, term in enumerate(terms, start=1)))


def _refined(df: float, p: float, t: float) -> float:
    """Newton on the logarithm of the lower tail, which is concave and nearly straight there."""
    scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    for _ in range(100):
        tail = _lower_tail(df, t)
        density = math.exp(scale - (df + 1) / 2 * math.log1p(t * t / df))
        step = (math.log(tail) - math.log(p)) * tail / density
        # A step may not cross the middle, where the lower tail ends.
        step = min(max(step, t / 2), -t)
        t -= step
        if abs(step) <= 1e-13 * abs(t):
            break
    return t


def _lower_tail(df: float, t: float) -> float:
    """Probability below t < 0: half of the regularised incomplete beta function of df/2 and 1/2."""
    x, y = df / (df + t * t), t * t / (df + t * t)
    a, b = df / 2, 0.5
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y)
    if x < (a + 1) / (a + b + 2):
        return 0.5 * math.exp(front) / a * _fraction(a, b, x)
    return 0.5 * (1.0 - math.exp(front) / b * _fraction(b, a, y))


def _fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function, by the method of Lentz."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 2000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / ((1.0 + numerator * d) or tiny)
            c = (1.0 + numerator / c) or tiny
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value
