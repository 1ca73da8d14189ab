"""Squared loss in any number of dimensions: unit tests, scores, points."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import FloatArray, as_point_target, as_predictions, first
from hotmess_inspect.decomposition.brier import SquaredSums, scatter_about_first

_CHUNK = 1 << 16
# Whole numbers below it have exact squares, and exact sums of billions of them.
_EXACT = 1 << 10


def squared_sums(predictions: ArrayLike, target: ArrayLike) -> SquaredSums:
    """Sums of the squared loss, error = mean_r (1/T) Σ_j (f_rj - y_j)².

    With outcomes in {0, 1} and target 1 this is the coverage error: the share of failed tests.

    Args:
        predictions: Shape (questions, epochs, dims). A missing epoch is a row of NaN; a dimension that
            does not exist for a question (it has fewer tests) is NaN in all its epochs.
        target: Shape (questions, dims) or broadcastable to it.

    Returns:
        Sums per question; dimensions that do not exist take no part in the mean over dims.

    Raises:
        ValueError: If shapes disagree, a value is infinite, a row is NaN in part, or the target is
            missing where a prediction exists; it names the first such question.
    """
    points = as_predictions(predictions, "dims")
    questions, _, dims = points.shape
    goal = as_point_target(target, questions, dims)
    step = max(1, _CHUNK // max(1, points.shape[1] * dims))
    parts = [
        _chunk_sums(points[i : i + step], goal[i : i + step], i) for i in range(0, max(questions, 1), step)
    ]
    return SquaredSums.concatenate(parts)


def _chunk_sums(points: NDArray[np.floating], goal: NDArray[np.floating], offset: int) -> SquaredSums:
    deviation: FloatArray = np.subtract(points, goal[:, None, :], dtype=np.float64)
    known = ~np.isnan(points)
    scored = known.any(axis=2)
    present = known.any(axis=1)
    _check_rows(points, goal, known, scored[:, :, None] & present[:, None, :], offset)
    whole = np.asarray((deviation == np.rint(deviation)) | ~known).all()
    scatter = _scatter(deviation, known, bool(whole))
    deviation[~known] = 0.0
    squares = np.einsum("qrd,qrd->qr", deviation, deviation)
    # Whole numbers (outcomes of tests) add exactly in any order. All else is put in ascending order along
    # the epochs, so that sums have equal bits in whatever order the epochs came.
    if not whole:
        squares.sort(axis=1)
        deviation.sort(axis=1)
    return SquaredSums(scored.sum(axis=1), deviation.sum(axis=1), squares.sum(axis=1), present, True, scatter)


def _scatter(deviation: FloatArray, known: NDArray[np.bool_], whole: bool) -> FloatArray:
    """Σ over epochs of the squared distances from the mean point, shape (questions,)."""
    if not deviation.size:
        return np.zeros(len(deviation))
    if whole and (not known.any() or np.abs(deviation[known]).max() < _EXACT):
        # Sums of small whole numbers are exact.
        plain = np.where(known, deviation, 0.0)
        count = np.maximum(known.sum(axis=1), 1)
        spread = np.square(plain).sum(axis=1) - np.square(plain.sum(axis=1)) / count
        exact: FloatArray = np.maximum(spread, 0.0).sum(axis=1)
        return exact
    ordered = np.sort(np.where(known, deviation, np.inf), axis=1).swapaxes(0, 1)
    absent = np.isinf(ordered)
    scatter: FloatArray = scatter_about_first(np.where(absent, 0.0, ordered), absent).sum(axis=1)
    return scatter


def _check_rows(
    points: NDArray[np.floating],
    goal: NDArray[np.floating],
    known: NDArray[np.bool_],
    expected: NDArray[np.bool_],
    offset: int,
) -> None:
    infinite = np.isinf(points).any(axis=(1, 2))
    if infinite.any():
        raise ValueError(f"predictions of question {offset + first(infinite)} hold an infinite value")
    partial = (known != expected).any(axis=(1, 2))
    if partial.any():
        raise ValueError(
            f"predictions of question {offset + first(partial)} are NaN in part of an epoch; a missing epoch "
            "is NaN in all dims, a dimension that does not exist is NaN in all epochs"
        )
    unknown = (~np.isfinite(goal) & known.any(axis=1)).any(axis=1)
    if unknown.any():
        raise ValueError(
            f"target of question {offset + first(unknown)} is not finite where predictions exist"
        )
