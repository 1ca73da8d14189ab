"""Spread of open-ended answers: a variance without a target, so without bias or incoherence."""

from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import FloatArray, as_predictions, check_choice, first
from hotmess_inspect.decomposition.result import Decomposition

Kernel: TypeAlias = Literal["linear", "rbf"]
TextEstimator: TypeAlias = Literal["plugin", "unbiased"]

DEFAULT_BANDWIDTH = 0.5
"""Length scale of the RBF kernel: half the length of a unit vector. Fixed, so that models can be compared."""

# Gram matrices of so many numbers at a time stay in the cache.
_CHUNK = 1 << 18


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
    points, present, epochs = _points(embeddings)
    count = np.where(epochs > 1, epochs, np.nan)
    # Ascending along the epochs: the same bits in whatever order they came.
    mean = np.sort(points, axis=1).sum(axis=1) / count[:, None]
    squares = np.where(present, np.square(points - mean[:, None, :]).sum(axis=2), 0.0)
    total = np.sort(squares, axis=1).sum(axis=1)
    variance: FloatArray = total / (count - 1 if estimator == "unbiased" else count)
    return variance


def kernel_variance(
    embeddings: ArrayLike,
    *,
    kernel: Kernel = "rbf",
    bandwidth: float = DEFAULT_BANDWIDTH,
    estimator: TextEstimator = "unbiased",
) -> FloatArray:
    r"""Variance of answers in the feature space of a kernel, E k(x, x) - E k(x, x').

    x and x' are independent answers to one question. It is E‖φ(x) - Eφ‖² for the kernel's features φ, and
    the mean squared maximum mean discrepancy between a single answer and the distribution of answers. "unbiased"
    averages over the R(R - 1) ordered pairs of different epochs, "plugin" over all R² pairs.

    - "linear", k = ⟨x, x'⟩: the embedding variance itself; for unit vectors one minus the mean cosine.
    - "rbf", k = exp(-‖x - x'‖² / 2σ²): in [0, 1] whatever the embedding's scale, 0 only if all answers are one
      point. Distances far beyond σ count alike, so a single outlier cannot make up the variance; for unit
      vectors and σ = 0.5 two unrelated answers (orthogonal) differ by 0.98.

    Args:
        embeddings: Shape (questions, epochs, dims); a missing epoch is a row of NaN.
        kernel: "rbf" or "linear".
        bandwidth: σ of "rbf", above 0.
        estimator: "unbiased" or "plugin".

    Returns:
        Shape (questions,). NaN for a question with fewer than two epochs.

    Raises:
        ValueError: If an option is outside its range, or as `embedding_variance`.

    References:
        Gretton et al. (2012), A Kernel Two-Sample Test, JMLR 13, https://jmlr.org/papers/v13/gretton12a.html
    """
    _check_options(kernel, bandwidth, estimator)
    return _variance(*_points(embeddings), kernel, bandwidth, estimator)


def embedding_decomposition(
    embeddings: ArrayLike,
    *,
    kernel: Kernel = "linear",
    bandwidth: float = DEFAULT_BANDWIDTH,
    estimator: TextEstimator = "unbiased",
) -> Decomposition:
    """Variance of free text in the shape of a decomposition; error and squared bias are NaN.

    Args:
        embeddings: Shape (questions, epochs, dims); a missing epoch is a row of NaN.
        kernel: "linear" for the paper's embedding variance, "rbf" for that of `kernel_variance`.
        bandwidth: σ of "rbf".
        estimator: "unbiased" or "plugin".

    Returns:
        Loss "embedding" or "kernel"; its `incoherence_note` says why there is no incoherence.

    Raises:
        ValueError: As `kernel_variance`.
    """
    _check_options(kernel, bandwidth, estimator)
    points, present, epochs = _points(embeddings)
    variance = _variance(points, present, epochs, kernel, bandwidth, estimator)
    unknown = np.full(len(points), np.nan)
    loss = "embedding" if kernel == "linear" else "kernel"
    return Decomposition(unknown, unknown.copy(), variance, epochs, loss, estimator)


def _check_options(kernel: str, bandwidth: float, estimator: str) -> None:
    check_choice("kernel", kernel, get_args(Kernel))
    check_choice("estimator", estimator, get_args(TextEstimator))
    if not 0 < bandwidth < np.inf:
        raise ValueError(f"bandwidth={bandwidth!r} must be a number above 0")


def _variance(
    points: FloatArray,
    present: np.ndarray,
    epochs: np.ndarray,
    kernel: Kernel,
    bandwidth: float,
    estimator: TextEstimator,
) -> FloatArray:
    variance = np.full(len(points), np.nan)
    step = max(1, _CHUNK // max(1, points.shape[1] ** 2))
    for start in range(0, len(points), step):
        part = slice(start, start + step)
        own, pairs = _kernel_means(points[part], present[part], kernel, bandwidth)
        count = np.where(epochs[part] > 1, epochs[part], np.nan)
        spread = own / count - pairs / (count * (count - 1))
        variance[part] = spread if estimator == "unbiased" else spread * (count - 1) / count
    # Rounding must not make answers that are all alike spread less than not at all.
    return np.where(np.abs(variance) < 1e-12, 0.0, variance)


def _points(embeddings: ArrayLike) -> tuple[FloatArray, np.ndarray, np.ndarray]:
    """Points with zeros where an epoch is missing, which epochs are there, and how many."""
    points: FloatArray = as_predictions(embeddings, "dims").astype(np.float64)
    known = np.isfinite(points)
    present = np.asarray(known.any(axis=2))
    partial = present & ~known.all(axis=2)
    broken = np.asarray(np.isinf(points).any(axis=(1, 2)) | partial.any(axis=1))
    if broken.any():
        raise ValueError(f"embeddings of question {first(broken)} are infinite or NaN in part of an epoch")
    points[~present] = 0.0
    return points, present, present.sum(axis=1).astype(np.int64)


def _kernel_means(
    points: FloatArray, present: np.ndarray, kernel: Kernel, bandwidth: float
) -> tuple[FloatArray, FloatArray]:
    """Σ_r k(x_r, x_r) and Σ_{r≠s} k(x_r, x_s) per question."""
    gram = points @ points.transpose(0, 2, 1)
    norms = np.diagonal(gram, axis1=1, axis2=2)
    own = norms
    if kernel == "rbf":
        # Equal rows give equal products, so their distance is exactly 0.
        distances = np.maximum(norms[:, :, None] + norms[:, None, :] - 2 * gram, 0.0)
        gram = np.exp(-distances / (2 * bandwidth**2))
        own = np.ones_like(norms)
    pairs = present[:, :, None] & present[:, None, :] & ~np.eye(points.shape[1], dtype=bool)
    # Ascending: the same bits in whatever order the epochs came.
    flat = np.sort(np.where(pairs, gram, 0.0).reshape(len(points), -1), axis=1)
    return np.sort(np.where(present, own, 0.0), axis=1).sum(axis=1), flat.sum(axis=1)
