"""Least squares with standard errors, plain or robust to clusters; size and length together."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import NAN, FloatArray, IntArray, cluster_numbers
from hotmess_inspect.inference.intervals import UNDEFINED, Interval
from hotmess_inspect.inference.resampling import canonical_order


@dataclass(frozen=True)
class Coefficient:
    """One slope, or the intercept.

    Attributes:
        estimate: Change of the response per unit of the column.
        standard_error: Of the estimate.
        interval: Student's t interval.
        p_value: Two-sided, of the hypothesis that it is 0.
    """

    estimate: float
    standard_error: float
    interval: Interval
    p_value: float


@dataclass(frozen=True)
class Regression:
    """A linear fit.

    Attributes:
        coefficients: By name; "intercept" first. NaN where `note` gives a reason.
        r_squared: Share of the variance of the response that the columns explain.
        observations: Rows fitted.
        left_out: Rows with a value that is undefined.
        clusters: Clusters of rows; None where rows count as independent.
        note: Why there is no fit, or an empty string.
    """

    coefficients: Mapping[str, Coefficient]
    r_squared: float
    observations: int
    left_out: int
    clusters: int | None
    note: str


def least_squares(
    response: ArrayLike,
    columns: Mapping[str, ArrayLike],
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Regression:
    """Fit response = intercept + Σ slope · column.

    With clusters the covariance is the sandwich (XᵀX)⁻¹ (Σ_g Xᵀu uᵀX) (XᵀX)⁻¹ · G/(G - 1) · (N - 1)/(N - K)
    and t has G - 1 degrees of freedom; without, σ²(XᵀX)⁻¹ and N - K.

    Args:
        response: Shape (rows,). Rows with NaN here or in a column are left out and counted.
        columns: Named columns, each of shape (rows,).
        clusters: Label of each row's cluster, such as its model or its question, shape (rows,).
        level: Coverage of the intervals, inside (0, 1).

    Returns:
        Estimates and errors; NaN with a note when rows are too few or columns depend on each other.

    Raises:
        ValueError: If shapes disagree or an option is outside its range.

    References:
        Cameron and Miller (2015), A practitioner's guide to cluster-robust inference,
        doi:10.3368/jhr.50.2.317
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is outside (0, 1)")
    table = _table(response, columns)
    usable = np.isfinite(table).all(axis=1)
    labels = None if clusters is None else cluster_numbers(clusters, len(table))[usable]
    rows = table[usable]
    # One order for the sums, whatever the order of the rows.
    order = canonical_order(rows)
    rows, labels = rows[order], None if labels is None else labels[order]
    count, width = rows.shape
    groups = None if labels is None else len(np.unique(labels))
    names = ("intercept", *columns)
    design = np.column_stack([np.ones(count), rows[:, 1:]])
    note = _obstacle(design, groups)
    if note:
        nothing = dict.fromkeys(names, Coefficient(NAN, NAN, UNDEFINED, NAN))
        return Regression(nothing, NAN, count, len(table) - count, groups, note)
    inverse = np.linalg.inv(design.T @ design)
    beta: FloatArray = np.linalg.lstsq(design, rows[:, 0], rcond=None)[0].astype(np.float64)
    residual = rows[:, 0] - design @ beta
    if labels is None or groups is None:
        covariance, freedom = inverse * (residual @ residual) / (count - width), count - width
    else:
        covariance, freedom = _sandwich(design, residual, inverse, labels), groups - 1
    spread = np.square(rows[:, 0] - rows[:, 0].mean()).sum()
    return Regression(
        coefficients=_coefficients(names, beta, np.sqrt(np.diag(covariance)), freedom, level),
        r_squared=float(1 - residual @ residual / spread) if spread > 0 else NAN,
        observations=count,
        left_out=len(table) - count,
        clusters=groups,
        note="",
    )


def size_and_length(
    sizes: ArrayLike,
    lengths: ArrayLike,
    incoherence: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Regression:
    """Incoherence ∝ size^a · length^b: which of the two does it go with, the other held fixed?

    Args:
        sizes: Size of the model of each cell, such as parameters; any shape.
        lengths: Mean length of each cell, such as a bucket of `length_buckets`; same shape.
        incoherence: Incoherence of each cell; same shape. Cells that are not positive have no logarithm:
            they are left out and counted.
        clusters: Label of each cell's cluster, flat; cells of one model are not independent.
        level: Coverage of the intervals.

    Returns:
        Coefficients "intercept", "size" and "length" of the logarithms.

    Raises:
        ValueError: If shapes disagree.

    References:
        Hägele et al. (2026), section 3, https://arxiv.org/abs/2601.23045
    """
    arrays = [np.asarray(values, dtype=np.float64) for values in (sizes, lengths, incoherence)]
    if len({array.shape for array in arrays}) != 1:
        raise ValueError(f"sizes, lengths and incoherence have shapes {[array.shape for array in arrays]}")
    size, length, ratio = (np.log(np.where(array > 0, array, np.nan)).ravel() for array in arrays)
    return least_squares(ratio, {"size": size, "length": length}, clusters=clusters, level=level)


def _table(response: ArrayLike, columns: Mapping[str, ArrayLike]) -> FloatArray:
    """Response and columns side by side, shape (rows, 1 + columns)."""
    first = np.asarray(response, dtype=np.float64)
    if first.ndim != 1:
        raise ValueError(f"response must have the axis (rows,); got shape {first.shape}")
    if "intercept" in columns:
        raise ValueError("columns names 'intercept', which is always there")
    values = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    for name, column in values.items():
        if column.shape != first.shape:
            raise ValueError(f"column {name!r} has shape {column.shape}; the response has {first.shape}")
    return np.column_stack([first, *values.values()])


def _obstacle(design: FloatArray, groups: int | None) -> str:
    """Why the fit has no answer, or an empty string."""
    count, width = design.shape
    if count <= width:
        return f"no fit: {count} usable rows for {width} coefficients"
    if np.linalg.matrix_rank(design) < width:
        return "no fit: the columns depend on each other or do not vary"
    if groups is not None and groups < 2:
        return f"no fit: {groups} cluster, and two are needed"
    return ""


def _sandwich(design: FloatArray, residual: FloatArray, inverse: FloatArray, labels: IntArray) -> FloatArray:
    count, width = design.shape
    _, number = np.unique(labels, return_inverse=True)
    scores = np.zeros((int(number.max()) + 1, width))
    np.add.at(scores, number, design * residual[:, None])
    scores = scores[canonical_order(scores)]
    groups = len(scores)
    correction = groups / (groups - 1) * (count - 1) / (count - width)
    covariance: FloatArray = correction * inverse @ (scores.T @ scores) @ inverse
    return covariance


def _coefficients(
    names: Sequence[str], beta: FloatArray, errors: FloatArray, freedom: int, level: float
) -> dict[str, Coefficient]:
    from scipy.special import stdtr, stdtrit  # scipy is slow to import and not always needed

    reach = float(stdtrit(freedom, (1 + level) / 2))
    found = {}
    for name, estimate, error in zip(names, beta.tolist(), errors.tolist(), strict=True):
        interval = Interval(estimate - reach * error, estimate + reach * error)
        p_value = float(2 * stdtr(freedom, -abs(estimate) / error)) if error > 0 else NAN
        found[name] = Coefficient(estimate, error, interval, p_value)
    return found
