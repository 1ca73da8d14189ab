"""Intervals of a ratio of sums over questions."""

from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.decomposition._checks import FloatArray, IntArray, check_choice
from hotmess_inspect.decomposition.resampling import canonical_order, cluster_sums, resampled_sums

Method: TypeAlias = Literal["percentile"]
METHODS: tuple[str, ...] = get_args(Method)


class Interval(NamedTuple):
    """A confidence interval; both ends are NaN where it is undefined."""

    low: float
    high: float


UNDEFINED = Interval(float("nan"), float("nan"))


def ratio_interval(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: IntArray | None = None,
    rng: np.random.Generator | None = None,
    method: Method | None = None,
) -> Interval:
    """Interval of Σ numerator / Σ denominator over questions; a mean is a ratio to ones."""
    method = "percentile" if method is None else method
    check_choice("method", method, METHODS)
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is outside (0, 1)")
    if resamples < 1:
        raise ValueError(f"resamples={resamples} must be at least 1")
    table: FloatArray = np.column_stack([numerator, denominator]).astype(np.float64)
    if clusters is not None and len(table):
        table = cluster_sums(table, clusters)
    table = table[canonical_order(table)]
    if len(table) < 2:
        return UNDEFINED
    sums = resampled_sums(table, resamples=resamples, rng=rng)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = sums[:, 0] / sums[:, 1]
    ratios = ratios[np.isfinite(ratios)]
    if not ratios.size:
        return UNDEFINED
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
