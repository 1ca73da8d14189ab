"""The bootstrap: one matrix of multinomial weights times a table of per-question sums.

The weights depend on the number of questions, the number of replicates and the generator only. One
matrix serves every loss, bucket and model measured on the same questions, and gives paired replicates
for free.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import FloatArray, IntArray, Seed, seeded
from hotmess_inspect.words import counted

LARGE = 10_000
"""Questions from which on the delta method agrees with the bootstrap within 2 % of the width, at no cost."""
# Up to so many columns sorting by each in turn is as fast as by a hash of all.
_FEW_COLUMNS = 3
# Counts per block of replicates. Draws want to stay in the second-level cache, matrix products want many
# rows; the stream of random numbers is the same for any size.
_DRAW_BLOCK = 1 << 18
_PRODUCT_BLOCK = 1 << 20
# Weights of so many calls are kept, of at most so many counts (bytes) each.
_KEPT, _KEPT_SIZE = 6, 1 << 22
_kept: dict[tuple[int, int, str], tuple[NDArray[np.uint8], Any]] = {}
_HASHED_ROWS = 1 << 13


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
    rng: Seed = None,
    weights: NDArray[np.uint8] | None = None,
) -> FloatArray:
    """Σ_i w_bi s_i for every replicate b and every column of per-question statistics.

    Args:
        statistics: Shape (questions, columns).
        resamples: Number of replicates B when they are drawn here.
        rng: Source of randomness when they are drawn here; a generator, or an integer that seeds one (None: 0).
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
            raise ValueError(f"weights of shape {weights.shape} do not fit {counted(questions, 'question')}")
        resamples = len(weights)
    _check_sizes(questions, resamples)
    rng = seeded(rng)
    if weights is None and questions * resamples <= _KEPT_SIZE:
        weights = _kept_weights(questions, resamples, rng)
    sums = np.empty((resamples, table.shape[1]))
    for start, stop in _blocks(questions, resamples, _PRODUCT_BLOCK):
        block = draw_weights(questions, stop - start, rng) if weights is None else weights[start:stop]
        np.matmul(block.astype(np.float64), table, out=sums[start:stop])
    return sums


def _kept_weights(questions: int, resamples: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """`draw_weights`, and those of the last few calls again where the generator is in the state of one of them.

    Every interval of a run draws from the same seed: the weights are most of its cost. The generator goes on as if
    they had been drawn.
    """
    key = (questions, resamples, str(rng.bit_generator.state))
    found = _kept.pop(key, None)
    if found is None:
        weights = draw_weights(questions, resamples, rng)
        weights.setflags(write=False)
        found = weights, rng.bit_generator.state
    else:
        rng.bit_generator.state = found[1]
    # The last one used stands last.
    _kept[key] = found
    for old in list(_kept)[:-_KEPT]:
        _kept.pop(old, None)
    return found[0]


def canonical_order(statistics: FloatArray) -> IntArray:
    """Order of the rows that does not depend on the order in which they came.

    Rows are sorted by their values, very many by a hash of them; equal rows are interchangeable. Weights drawn for sorted rows hit
    the same questions however the table was shuffled.

    Args:
        statistics: Shape (questions, columns).

    Returns:
        Indices that sort the rows, shape (questions,).
    """
    if len(statistics) > LARGE and statistics.shape[1] > _FEW_COLUMNS:
        return np.argsort(row_hashes(statistics)).astype(np.int64, copy=False)
    columns = np.ascontiguousarray(statistics.T)
    if len(statistics) > LARGE:
        # The ones below a mean tell nothing, and a single column is sorted in half the time.
        columns = columns[(columns[:, 1:] != columns[:, :1]).any(axis=1)]
        if len(columns) < 2:
            return np.argsort(columns[0] if len(columns) else statistics[:, 0]).astype(np.int64, copy=False)
    return np.lexsort(columns[::-1]).astype(np.int64, copy=False)


def row_hashes(*arrays: NDArray[Any]) -> NDArray[np.uint64]:
    """Eight bytes for the contents of each row of arrays of shape (rows, ...), for an order of very many rows.

    Two of 100,000 unlike rows have the same once in some 10⁹ tables.
    """
    state = np.full(len(arrays[0]), 0x9E3779B97F4A7C15, dtype=np.uint64)
    flat = [np.asarray(array, dtype=np.float64).reshape(len(array), -1) for array in arrays]
    for start in range(0, len(state), _HASHED_ROWS):
        own = state[start : start + _HASHED_ROWS]
        for array in flat:
            # Columns as rows: few enough to stay in the cache. Adding zero turns -0.0 into 0.0.
            block = array[start : start + _HASHED_ROWS].T + 0.0
            block[np.isnan(block)] = np.nan  # one bit pattern stands for every NaN
            for column in np.ascontiguousarray(block).view(np.uint64):
                own ^= column
                own *= np.uint64(0xBF58476D1CE4E5B9)
                own ^= own >> np.uint64(29)
                own *= np.uint64(0x94D049BB133111EB)
                own ^= own >> np.uint64(32)
    return state


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
