"""Spread of open-ended answers: a variance without a target, so without bias or incoherence."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.decomposition._checks import FloatArray, as_predictions, check_choice, first


def embedding_variance(
    embeddings: ArrayLike, *, estimator: Literal["plugin", "unbiased"] = "unbiased"
) -> FloatArray:
    """Variance of answers as points, E‖e_r - ē‖², summed over the dimensions.

    Args:
        embeddings: Shape (questions, epochs, dims); a missing epoch is a row of NaN.
        estimator: "plugin" divides by R as the paper does, "unbiased" by R - 1.

    Returns:
        Shape (questions,), squared units of the embedding; in [0, 1] for unit vectors and "plugin".
        NaN for a question with fewer than two epochs.

    Raises:
        ValueError: If the array has other axes, a value is infinite or an epoch is NaN in part.

    References:
        Hägele et al. (2026), App. B.2, https://arxiv.org/abs/2601.23045
    """
    check_choice("estimator", estimator, ("plugin", "unbiased"))
    points: FloatArray = as_predictions(embeddings, "dims").astype(np.float64)
    known = np.isfinite(points)
    present = np.asarray(known.any(axis=2))
    partial = present & ~known.all(axis=2)
    broken = np.asarray(np.isinf(points).any(axis=(1, 2)) | partial.any(axis=1))
    if broken.any():
        raise ValueError(f"embeddings of question {first(broken)} are infinite or NaN in part of an epoch")
    count = np.where(present.sum(axis=1) > 1, present.sum(axis=1), np.nan)
    points[~present] = 0.0
    # Ascending along the epochs: the same bits in whatever order they came.
    mean = np.sort(points, axis=1).sum(axis=1) / count[:, None]
    squares = np.where(present, np.square(points - mean[:, None, :]).sum(axis=2), 0.0)
    total = np.sort(squares, axis=1).sum(axis=1)
    variance: FloatArray = total / (count - 1 if estimator == "unbiased" else count)
    return variance
