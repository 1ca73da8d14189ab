"""Intervals of a ratio that the calibration study compares with those of the package: percentile, BCa and Fieller."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr, ndtri

from hotmess_inspect.inference.intervals import ratio_table
from hotmess_inspect.inference.quantiles import sample_quantiles, student_quantile
from hotmess_inspect.inference.resampling import resampled_sums

OTHERS = ("bca", "percentile", "fieller")


def other_intervals(
    parts: Sequence[np.ndarray],
    method: str,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | int | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Ends of Σ parts[0] / Σ parts[1], less Σ parts[2] / Σ parts[3] where there are four; shape (columns, 2).

    "percentile" and "bca": quantiles of the bootstrap replicates, plain or corrected for bias and acceleration (Efron and
    Tibshirani 1993, ch. 14). "fieller": all θ for which Σ(v - θe) is within t standard errors of 0, infinite on both
    sides where the denominator is not clearly above 0 (Fieller 1954). NaN where the package's intervals are.
    """
    table = ratio_table(parts, None)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "fieller":
        ends = _fieller(*table.parts, t=student_quantile(len(table.parts[0]) - 1, float(tails[1])))
    else:
        sums = resampled_sums(
            np.concatenate(table.parts, axis=1), resamples=resamples, rng=rng, weights=weights
        )
        values = table.replicates(sums).values
        at = np.repeat(tails[:, None], values.shape[1], axis=1)
        if method == "bca":
            at = _corrected(values, table.estimate, table.left_out(), tails)
        ends = np.full(at.shape, np.nan)
        for column in range(values.shape[1]):
            known = values[np.isfinite(values[:, column]), column]
            if known.size and np.isfinite(at[:, column]).all():
                ends[:, column] = sample_quantiles(known, at[:, column])
    ends[:, ~(table.defined & table.spread)] = np.nan
    return ends.T


def _corrected(
    values: np.ndarray, estimate: np.ndarray, left_out: np.ndarray, tails: np.ndarray
) -> np.ndarray:
    """Tail probabilities of BCa, shape (2, columns)."""
    below = ((values < estimate).mean(axis=0) + (values <= estimate).mean(axis=0)) / 2
    influence = left_out.mean(axis=0) - left_out
    with np.errstate(invalid="ignore", divide="ignore"):
        acceleration = np.power(influence, 3).sum(axis=0) / (6 * np.square(influence).sum(axis=0) ** 1.5)
        shift = ndtri(below) + ndtri(tails)[:, None]
        return ndtr(ndtri(below) + shift / (1 - acceleration * shift))


def _fieller(top: np.ndarray, bottom: np.ndarray, *, t: float) -> np.ndarray:
    """Roots of (ΣV - θΣE)² = t² Var(ΣV - θΣE), shape (2, columns)."""
    scale = t**2 * len(top) / (len(top) - 1)
    centred = top - top.mean(axis=0), bottom - bottom.mean(axis=0)
    a = bottom.sum(axis=0) ** 2 - scale * np.square(centred[1]).sum(axis=0)
    b = top.sum(axis=0) * bottom.sum(axis=0) - scale * (centred[0] * centred[1]).sum(axis=0)
    c = top.sum(axis=0) ** 2 - scale * np.square(centred[0]).sum(axis=0)
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = (b - root) / a, (b + root) / a
    return np.stack([np.where(a > 0, low, -np.inf), np.where(a > 0, high, np.inf)])
