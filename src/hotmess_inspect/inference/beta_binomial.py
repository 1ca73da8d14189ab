"""Beta-binomial model of counts: questions whose pass rates follow one beta distribution.

With μ = a/(a + b) and s = a + b, the probability of c right in n epochs is

    C(n, c) Π_{i<c} (μ + i/s) · Π_{j<n-c} (1 - μ + j/s) / Π_{l<n} (1 + l/s),

so that of many questions only three counts per step matter: how many have c > i, n - c > j and n > l (Griffiths
1973, doi:10.2307/2529131). They add over questions, and a bootstrap over questions is one over these counts.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import FloatArray

# log s is kept in ± this: pass rates of 0 and 1 alone on one side, one pass rate for all on the other.
_WIDEST = float(np.log(1e7))
_ITERATIONS = 100
_FLAT = 1e-12


class BetaBinomial(NamedTuple):
    """Fits to one or many sets of questions.

    Attributes:
        mean: μ, in [0, 1], shape (...).
        concentration: s = a + b, positive, shape (...): below 2 for U-shapes, at the least where no question is
            right and wrong, at the most where questions do not differ.
    """

    mean: FloatArray
    concentration: FloatArray


def count_table(right: ArrayLike, epochs: ArrayLike, largest: int | None = None) -> FloatArray:
    """What each question adds to the sufficient counts.

    Args:
        right: Right epochs c, shape (questions,).
        epochs: Epochs n, shape (questions,).
        largest: R, at least the most epochs, which it is if not given.

    Returns:
        Shape (questions, 3R): [c > i], [n - c > i] and [n > i] for i < R.
    """
    c, n = (np.asarray(values, dtype=np.int64) for values in (right, epochs))
    step = np.arange(int(n.max(initial=0)) if largest is None else largest)
    return np.concatenate([values[:, None] > step for values in (c, n - c, n)], axis=1).astype(np.float64)


def fit_beta_binomial(counts: FloatArray, tolerance: float = 1e-11) -> BetaBinomial:
    """Maximum likelihood from sums of `count_table`.

    Newton's method on (logit μ, log s) with a damping of its own for every set; a step that lowers the likelihood is
    not taken. Maxima at the ends of s are found as what they are.

    Args:
        counts: Shape (..., 3R).
        tolerance: Step in logit μ and log s below which a set is done.

    Returns:
        Fits of shape (...).
    """
    sets = counts.reshape(-1, counts.shape[-1])
    parts = np.split(sets, 3, axis=1)
    wins, losses = parts[0].sum(axis=1), parts[1].sum(axis=1)
    # A set without a loss (or a win) has its maximum at the end of μ.
    mean = (wins + 1e-9) / (wins + losses + 2e-9)
    point = np.stack([np.log(mean / (1 - mean)), np.zeros(len(sets))], axis=1)
    damping = np.ones(len(sets))
    value = _log_likelihood(parts, point)
    moving = np.arange(len(sets))
    for _ in range(_ITERATIONS):
        own = [part[moving] for part in parts]
        step = _damped_step(*_derivatives(own, point[moving]), damping[moving])
        tried = np.clip(point[moving] + step, [-25.0, -_WIDEST], [25.0, _WIDEST])
        there = _log_likelihood(own, tried)
        better = there >= value[moving]
        moved = np.abs(tried - point[moving]).max(axis=1)
        point[moving] = np.where(better[:, None], tried, point[moving])
        value[moving] = np.where(better, there, value[moving])
        damping[moving] = np.clip(np.where(better, damping[moving] / 8, damping[moving] * 8), 1e-10, 1e12)
        # No longer moving, or no step however short leads up: that is rounding.
        moving = moving[np.where(better, moved > tolerance, damping[moving] < 1e8)]
        if not moving.size:
            break
    shape = counts.shape[:-1]
    return BetaBinomial((1 / (1 + np.exp(-point[:, 0]))).reshape(shape), np.exp(point[:, 1]).reshape(shape))


def log_likelihood(counts: FloatArray, fit: BetaBinomial) -> FloatArray:
    """Log-likelihood without the binomial coefficients, which do not depend on the fit; shape (...)."""
    sets = counts.reshape(-1, counts.shape[-1])
    mean, size = (np.asarray(values, dtype=np.float64).reshape(-1) for values in fit)
    with np.errstate(divide="ignore"):
        point = np.stack([np.log(mean) - np.log1p(-mean), np.log(size)], axis=1)
    found: FloatArray = _log_likelihood(np.split(sets, 3, axis=1), point).reshape(counts.shape[:-1])
    return found


def all_right(fit: BetaBinomial, k: ArrayLike) -> FloatArray:
    """Probability that k epochs of a question are all right, E p^k = Π_{i<k} (μ + i/s)/(1 + i/s); shape (..., k)."""
    return _rising(np.asarray(fit.mean), np.asarray(fit.concentration), np.asarray(k))


def probabilities(fit: BetaBinomial, epochs: int) -> FloatArray:
    """Probability of 0 to n right of n epochs, shape (n + 1,)."""
    mean, size = float(fit.mean), float(fit.concentration)
    step = np.arange(epochs) / size
    with np.errstate(divide="ignore"):
        wins, losses = np.log(mean + step), np.log(1 - mean + step)
    number = np.arange(1, epochs + 1)
    choose = np.concatenate([[0.0], np.cumsum(np.log((epochs + 1 - number) / number))])
    upto = [np.concatenate([[0.0], np.cumsum(values)]) for values in (wins, losses)]
    with np.errstate(invalid="ignore"):
        found: FloatArray = np.exp(choose + upto[0] + upto[1][::-1] - np.log1p(step).sum())
    return found


def _rising(mean: FloatArray, size: FloatArray, k: FloatArray) -> FloatArray:
    step = np.arange(int(k.max(initial=0))) / size[..., None]
    factors = np.cumprod((mean[..., None] + step) / (1 + step), axis=-1)
    return np.asarray(factors[..., k - 1], dtype=np.float64)


def _log_likelihood(parts: list[FloatArray], point: FloatArray) -> FloatArray:
    mean, rest, step = _places(parts, point)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [
            np.where(part > 0, part * np.log(values), 0.0)
            for part, values in zip(parts, (mean + step, rest + step, 1 + step), strict=True)
        ]
    found: FloatArray = (terms[0] + terms[1] - terms[2]).sum(axis=1)
    return found


def _places(parts: list[FloatArray], point: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    with np.errstate(over="ignore"):
        mean = 1 / (1 + np.exp(-point[:, :1]))
        rest = 1 / (1 + np.exp(point[:, :1]))
    return mean, rest, np.arange(parts[0].shape[1]) / np.exp(point[:, 1:])


def _derivatives(parts: list[FloatArray], point: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gradient (sets, 2) and Hessian (sets, 2, 2) in (logit μ, log s)."""
    mean, rest, step = _places(parts, point)
    turn = mean * rest
    # d log(μ + i/s): in logit μ it is μ(1 - μ)/(μ + i/s), in log s it is -(i/s)/(μ + i/s).
    slope = np.zeros((len(point), 2))
    curve = np.zeros((len(point), 2, 2))
    for part, base, sign in zip(parts, (mean, rest, None), (1.0, -1.0, 0.0), strict=True):
        whole = (1.0 if base is None else base) + step
        weight = part if base is not None else -part
        in_size = -step / whole
        along = sign * turn / whole
        bend = along * (rest - mean)
        slope[:, 0] += (weight * along).sum(axis=1)
        slope[:, 1] += (weight * in_size).sum(axis=1)
        curve[:, 0, 0] += (weight * (bend - np.square(along))).sum(axis=1)
        curve[:, 0, 1] += (weight * -along * in_size).sum(axis=1)
        curve[:, 1, 1] += (weight * (-in_size - np.square(in_size))).sum(axis=1)
    curve[:, 1, 0] = curve[:, 0, 1]
    return slope, curve


def _damped_step(slope: FloatArray, curve: FloatArray, damping: FloatArray) -> FloatArray:
    """(-H + λD)⁻¹ g, with enough added to the diagonal to point uphill; no longer than 3 along either axis."""
    a, b, d = -curve[:, 0, 0], -curve[:, 0, 1], -curve[:, 1, 1]
    # The lower eigenvalue, below which the curvature does not point uphill.
    least = (a + d) / 2 - np.sqrt(np.square((a - d) / 2) + np.square(b))
    scale = np.abs(a) + np.abs(d) + _FLAT
    added = np.maximum(-least, 0) * 1.1 + damping * 1e-3 * scale + 1e-12 * scale
    a, d = a + added, d + added
    determinant = a * d - np.square(b)
    step = np.stack([d * slope[:, 0] - b * slope[:, 1], a * slope[:, 1] - b * slope[:, 0]], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.nan_to_num(step / determinant[:, None])
    found: FloatArray = np.clip(step, -3.0, 3.0)
    return found
