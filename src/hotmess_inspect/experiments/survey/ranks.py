"""Ranks of one group of raters: means, their errors, and how far the raters agree. numpy and scipy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

FloatArray: TypeAlias = NDArray[np.float64]


def ranks_from_order(order: Sequence[int], count: int) -> FloatArray:
    """Ranks of all entities from a ranking of some, 1 for the highest.

    Of k ranked entities out of n the i-th gets i (n + 1) / (k + 1), its expected rank if the k are a random choice
    of the n; those left out get (n + 1) / 2, so that they neither gain nor lose. With k = n these are 1 … n.

    Args:
        order: Indices of the ranked entities, highest first.
        count: Number n of entities.

    Returns:
        Shape (count,); their mean is (n + 1) / 2 in any case.

    Raises:
        ValueError: If an index appears twice or is outside the list.

    References:
        Alvo & Cabilio (1995), Rank correlation methods for missing data, Canadian Journal of Statistics 23.
    """
    chosen = list(order)
    if len(set(chosen)) != len(chosen) or not all(0 <= index < count for index in chosen):
        raise ValueError(f"order {chosen} is no ranking of {count} entities: an index is repeated or outside")
    ranks = np.full(count, (count + 1) / 2)
    ranks[chosen] = np.arange(1, len(chosen) + 1) * (count + 1) / (len(chosen) + 1)
    return ranks


def mean_ranks(ranks: ArrayLike, weights: ArrayLike | None = None) -> FloatArray:
    """Mean rank of each entity.

    Args:
        ranks: Shape (raters, entities).
        weights: How often each rater counts, shape (resamples, raters); None counts each once.

    Returns:
        Shape (entities,), or (resamples, entities); NaN without raters.
    """
    table = np.asarray(ranks, dtype=np.float64)
    if weights is None:
        return table.mean(axis=0) if len(table) else np.full(table.shape[1], np.nan)
    counts = np.asarray(weights, dtype=np.float64)
    means: FloatArray = counts @ table / counts.sum(axis=1, keepdims=True)
    return means


def rank_errors(ranks: ArrayLike) -> FloatArray:
    """Standard error of each mean rank, s / √R with s² unbiased; NaN with fewer than two raters.

    Args:
        ranks: Shape (raters, entities).
    """
    table = np.asarray(ranks, dtype=np.float64)
    if len(table) < 2:
        return np.full(table.shape[1], np.nan)
    errors: FloatArray = table.std(axis=0, ddof=1) / np.sqrt(len(table))
    return errors


def kendall_w(ranks: ArrayLike) -> float:
    r"""Kendall's coefficient of concordance of several raters, corrected for ties.

    W = 12 S / (m²(n³ - n) - m Σ(t³ - t)), S the sum over entities of the squared deviation of its rank sum from the
    mean rank sum, m raters, n entities, t the sizes of the raters' ties. 1: all raters rank alike; for random
    rankings its mean is 1 / m.

    Args:
        ranks: Ranks or any numbers that order alike, shape (raters, entities); ranked again with mid-ranks.

    Returns:
        In [0, 1]; NaN with fewer than two raters or entities, or where every rater ties all.

    References:
        Kendall & Babington Smith (1939), The problem of m rankings, Annals of Mathematical Statistics 10.
    """
    table = np.asarray(ranks, dtype=np.float64)
    raters, entities = table.shape
    if raters < 2 or entities < 2:
        return float("nan")
    table = rankdata(table, axis=1)
    ties = sum(float(np.sum(size**3 - size)) for size in (_tie_sizes(row) for row in table))
    spread = float(np.square(table.sum(axis=0) - raters * (entities + 1) / 2).sum())
    largest = raters**2 * (entities**3 - entities) - raters * ties
    return 12 * spread / largest if largest > 0 else float("nan")


def _tie_sizes(row: FloatArray) -> FloatArray:
    return np.unique(row, return_counts=True)[1].astype(np.float64)


def spearman(x: ArrayLike, y: ArrayLike) -> FloatArray:
    """Spearman's ρ of rows, ties by mid-ranks.

    Args:
        x: Shape (…, entities).
        y: Shape (…, entities).

    Returns:
        Shape (…), in [-1, 1]; NaN where a row is constant or holds a NaN, or for fewer than 3 entities.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.shape[-1] < 3:
        return np.full(a.shape[:-1], np.nan)
    a, b = (rankdata(v, axis=-1) - (v.shape[-1] + 1) / 2 for v in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = (a * b).sum(axis=-1) / np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.clip(found, -1.0, 1.0)
