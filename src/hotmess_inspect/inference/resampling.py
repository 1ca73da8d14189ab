"""The bootstrap engine: one matrix of multinomial weights times a table of per-question sums.

The weights depend on the number of questions, the number of replicates and the generator only. One
matrix serves every loss, bucket and model measured on the same questions, and gives paired replicates
for free.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import FloatArray, IntArray

# Counts per block of replicates. Draws want to stay in the second-level cache, matrix products want many
# rows; the stream of random numbers is the same for any size.
_DRAW_BLOCK = 1 << 18
_PRODUCT_BLOCK = 1 << 20


def draw_weights(questions: int, resamples: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """How often each replicate draws each question, with replacement.

    Args:
        questions: Number of questions (or clusters) N, at least 1.
        resamples: Number of replicates B, at least 1.
        rng: Source of randomness; equal states give equal bits.

    Returns:
        Multinomial counts, shape (resamples, questions), each row sums to N.

    Raises:
        ValueError: If either number is below 1.
    """
    _check_sizes(questions, resamples)
    weights = np.empty((resamples, questions), dtype=np.uint8)
    for start, stop in _blocks(questions, resamples, _DRAW_BLOCK):
        weights[start:stop] = _draw_block(questions, stop - start, rng)
    return weights


def resampled_sums(
    statistics: ArrayLike,
    *,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
    weights: NDArray[np.uint8] | None = None,
) -> FloatArray:
    """Σ_i w_bi s_i for every replicate b and every column of per-question statistics.

    Args:
        statistics: Shape (questions, columns).
        resamples: Number of replicates B when they are drawn here.
        rng: Source of randomness when they are drawn here; None is `np.random.default_rng(0)`.
        weights: Kept weights of `draw_weights`, shape (resamples, questions), instead of drawing.

    Returns:
        Sums, shape (resamples, columns). The same bits whether the weights are drawn here or are kept.

    Raises:
        ValueError: If shapes disagree or a number is below 1.
    """
    table = np.ascontiguousarray(statistics, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"statistics must have the axes (questions, columns); got shape {table.shape}")
    questions = len(table)
    if weights is not None:
        if weights.ndim != 2 or weights.shape[1] != questions:
            raise ValueError(f"weights of shape {weights.shape} do not fit {questions} questions")
        resamples = len(weights)
    _check_sizes(questions, resamples)
    rng = np.random.default_rng(0) if rng is None else rng
    sums = np.empty((resamples, table.shape[1]))
    for start, stop in _blocks(questions, resamples, _PRODUCT_BLOCK):
        block = draw_weights(questions, stop - start, rng) if weights is None else weights[start:stop]
        np.matmul(block.astype(np.float64), table, out=sums[start:stop])
    return sums


def canonical_order(statistics: FloatArray) -> IntArray:
    """Order of the rows that does not depend on the order in which they came.

    Rows are sorted by their values; equal rows are interchangeable. Weights drawn for sorted rows hit
    the same questions however the table was shuffled.

    Args:
        statistics: Shape (questions, columns).

    Returns:
        Indices that sort the rows, shape (questions,).
    """
    return np.lexsort(statistics.T[::-1]).astype(np.int64)


def cluster_sums(statistics: FloatArray, clusters: NDArray[Any]) -> FloatArray:
    """Sums over the questions of each cluster: the rows that a cluster bootstrap resamples.

    Args:
        statistics: Shape (questions, columns).
        clusters: Label of each question's cluster, numbers or strings, shape (questions,).

    Returns:
        Shape (clusters present, columns), the same bits whatever the order of the questions.
    """
    order = canonical_order(statistics)
    _, number = np.unique(clusters[order], return_inverse=True)
    sums = np.zeros((int(number.max(initial=-1)) + 1, statistics.shape[1]))
    np.add.at(sums, number, statistics[order])
    return sums


def _check_sizes(questions: int, resamples: int) -> None:
    if questions < 1:
        raise ValueError(f"questions={questions}: nothing to resample")
    if resamples < 1:
        raise ValueError(f"resamples={resamples} must be at least 1")


def _blocks(questions: int, resamples: int, size: int) -> list[tuple[int, int]]:
    step = max(1, size // questions)
    return [(start, min(start + step, resamples)) for start in range(0, resamples, step)]


def _draw_block(questions: int, rows: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    drawn = rng.integers(0, questions, size=(rows, questions))
    drawn += np.arange(rows)[:, None] * questions
    counts = np.bincount(drawn.ravel(), minlength=rows * questions)
    # A question drawn more than 255 times has a probability below 1e-500.
    return counts.astype(np.uint8).reshape(rows, questions)
