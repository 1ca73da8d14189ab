"""Whether outcomes part where steps part: permuting outcomes among the epochs of each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.divergence.pairs import PairDesign
from hotmess_inspect.analyses.divergence.tree import END, PrefixTree
from hotmess_inspect.arrays import FloatArray

# Values per block of permutations: they stay in the cache.
_BLOCK = 1 << 19
# Shares this close are one and the same, up to the order of additions.
_TIE = 1e-10


@dataclass(frozen=True, eq=False)
class StepNull:
    """How the observed shares compare with those under permuted outcomes.

    Attributes:
        expected: Mean share of each step when outcomes have nothing to do with the path, shape (steps,).
        expected_never: The same of the pairs that never part.
        p_values: One-sided (share above its expectation) and corrected over steps by the maximum of the
            excesses, shape (steps,).
        p_values_alone: The same without the correction, shape (steps,).
        p_never: Two-sided, of the never-parting share.
        permutations: How many were drawn.
    """

    expected: FloatArray
    expected_never: float
    p_values: FloatArray
    p_values_alone: FloatArray
    p_never: float
    permutations: int

    @property
    def p_value(self) -> float:
        """Of the hypothesis that no step decides: the smallest corrected one; NaN without a step."""
        return float(self.p_values.min()) if len(self.p_values) else float("nan")


@dataclass(frozen=True, eq=False)
class NullQuestion:
    """One question as the permutations need it.

    Attributes:
        deviation: As in `account_question`, shape (epochs, dims).
        tree: The prefix tree.
        context: Label of each epoch's context in nested designs.
    """

    deviation: FloatArray
    tree: PrefixTree
    context: NDArray[np.integer] | None = None


def step_null(
    questions: Sequence[NullQuestion],
    steps: Sequence[int],
    *,
    permutations: int,
    rng: np.random.Generator,
) -> StepNull:
    """Permute outcomes among the epochs of each question and account for the variance anew.

    The variance of a question does not change, nor do the paths: only which outcome goes with which path.
    So most of what parts early is expected to, and a step is decisive where its share is larger than that.
    In nested designs whole contexts change places with others of their size, and epochs inside a context.

    Args:
        questions: Questions with at least one counted pair.
        steps: Steps to account for, ascending.
        permutations: How many to draw, at least 1.
        rng: Source of randomness.

    Returns:
        Expected shares and p-values, (1 + permutations at least as extreme) / (1 + permutations); all NaN where
        there is no variance.

    Raises:
        ValueError: If `permutations` is below 1.
    """
    if permutations < 1:
        raise ValueError(f"permutations={permutations} must be at least 1")
    place = {step: number for number, step in enumerate(steps)}
    observed = np.zeros(len(steps) + 1)
    drawn = np.zeros((permutations, len(steps) + 1))
    expected = np.zeros(len(steps) + 1)
    total = 0.0
    for question in questions:
        sets = _sets(question.tree, place)
        design = PairDesign.of(len(question.deviation), question.context)
        if not len(sets.low) or not design.pairs:
            continue
        values = _few_dims(question.deviation, centred=question.context is None)
        rank = question.tree.order[None, :]
        own = _parts(values, design, sets, rank, len(steps))[0]
        observed += own
        total += float(own.sum())
        if not values.any():
            continue
        if question.context is None:
            expected += own.sum() * _pair_shares(sets, len(steps), design.pairs)
        step = max(1, _BLOCK // values.size)
        for start in range(0, permutations, step):
            count = min(step, permutations - start)
            source = _rearranged(len(values), design.context, count, rng)
            part = _parts(values, design, sets, rank, len(steps), source)
            drawn[start : start + count] += part
    if total <= 0:
        nan = np.full(len(steps), np.nan)
        return StepNull(nan, float("nan"), nan, nan, float("nan"), permutations)
    if any(question.context is not None for question in questions):
        expected = drawn.mean(axis=0)
    return _compared(observed / total, drawn / total, expected / total)


def _compared(observed: FloatArray, drawn: FloatArray, expected: FloatArray) -> StepNull:
    excess, drawn_excess = observed - expected, drawn - expected
    count = len(drawn)
    alone = (1 + (drawn_excess[:, :-1] >= excess[:-1] - _TIE).sum(axis=0)) / (1 + count)
    largest = drawn_excess[:, :-1].max(axis=1, initial=-np.inf)
    corrected = (1 + (largest[:, None] >= excess[:-1] - _TIE).sum(axis=0)) / (1 + count)
    never = (1 + int((np.abs(drawn_excess[:, -1]) >= abs(excess[-1]) - _TIE).sum())) / (1 + count)
    return StepNull(expected[:-1], float(expected[-1]), corrected, alone, float(never), count)


@dataclass(frozen=True, eq=False)
class _Sets:
    """Stretches of the order whose inner sums make up the account: + at their own step, − at their parent's.

    The last step stands for "never".
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    own: NDArray[np.intp]
    parent: NDArray[np.intp]


def _sets(tree: PrefixTree, place: dict[int, int]) -> _Sets:
    rows: list[tuple[int, int, int, int]] = []
    parents: dict[tuple[int, int], int] = {}
    never = len(place)
    for node in tree.nodes:
        parent = parents.get((node.low, node.high), -1)
        if node.labels == (END,):
            rows.append((node.low, node.high, never, parent))
            continue
        # Where all that part are of one context no pair counts: what goes in comes out again.
        own = place.get(node.step, -1)
        rows.append((node.low, node.high, own, parent))
        for label, low, high in node.branches:
            if high - low < 2:
                continue
            if label == END:
                rows.append((low, high, never, own))
            else:
                parents[low, high] = own
    table = np.asarray(rows, dtype=np.intp).reshape(-1, 4)
    return _Sets(*table.T)


def _parts(
    values: FloatArray,
    design: PairDesign,
    sets: _Sets,
    rank: NDArray[np.intp],
    steps: int,
    source: NDArray[np.intp] | None = None,
) -> FloatArray:
    """Variance by step and never, shape (permutations, steps + 1), for outcomes taken from `source`."""
    taken = rank if source is None else source[:, rank[0]]
    moved = values[taken]
    squares = np.einsum("bed,bed->be", moved, moved)
    own = squares * design.weight[rank]
    inner = _inner(own, squares, moved, None, sets)
    if design.context is not None:
        context = design.context[rank[0]]
        for number in range(int(context.max()) + 1):
            held = (context == number).astype(np.float64)
            inner -= _inner(own * held, squares * held, moved * held[:, None], held, sets)
    inner /= design.pairs
    found = np.zeros((len(inner), steps + 1))
    for column, (mine, parent) in enumerate(zip(sets.own.tolist(), sets.parent.tolist(), strict=True)):
        if mine >= 0:
            found[:, mine] += inner[:, column]
        if parent >= 0:
            found[:, parent] -= inner[:, column]
    return found


def _inner(
    own: FloatArray, squares: FloatArray, moved: FloatArray, held: FloatArray | None, sets: _Sets
) -> FloatArray:
    """Sums over the pairs inside of each set, shape (permutations, sets)."""
    count = (
        (sets.high - sets.low).astype(np.float64)
        if held is None
        else _ranges(held[None, :, None], sets)[0, :, 0]
    )
    total = _ranges(own[:, :, None], sets)[:, :, 0]
    square = _ranges(squares[:, :, None], sets)[:, :, 0]
    vector = _ranges(moved, sets)
    inner: FloatArray = total * (count - 1) - (np.einsum("bsd,bsd->bs", vector, vector) - square) / 2
    return inner


def _ranges(column: FloatArray, sets: _Sets) -> FloatArray:
    """Sums over stretches of the second axis."""
    sums = np.zeros((len(column), column.shape[1] + 1, column.shape[2]))
    np.cumsum(column, axis=1, out=sums[:, 1:])
    difference: FloatArray = sums[:, sets.high] - sums[:, sets.low]
    return difference


def _pair_shares(sets: _Sets, steps: int, pairs: int) -> FloatArray:
    """Share of the pairs that part at each step or never, shape (steps + 1,)."""
    size = sets.high - sets.low
    inside = size * (size - 1) / 2 / pairs
    shares = np.zeros(steps + 1)
    np.add.at(shares, sets.own, inside)
    held = sets.parent >= 0
    np.subtract.at(shares, sets.parent[held], inside[held])
    return shares


def _few_dims(deviation: FloatArray, *, centred: bool) -> FloatArray:
    """Points of equal distances in as few dimensions as they need; five hundred unit tests rarely need ten."""
    values = deviation - deviation.mean(axis=0) if centred else deviation
    if values.shape[1] <= 4:
        return values
    left, singular, _ = np.linalg.svd(values, full_matrices=False)
    kept = singular > 1e-13 * max(float(singular.max(initial=0.0)), 1e-300)
    reduced: FloatArray = left[:, kept] * singular[kept]
    return reduced if kept.any() else np.zeros((len(values), 1))


def _rearranged(
    epochs: int, context: NDArray[np.int64] | None, count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Whose outcome each epoch takes, shape (count, epochs)."""
    if context is None:
        return rng.permuted(np.tile(np.arange(epochs), (count, 1)), axis=1)
    source = np.empty((count, epochs), dtype=np.intp)
    sizes = np.bincount(context)
    for size in np.unique(sizes).tolist():
        members = np.stack([np.flatnonzero(context == number) for number in np.flatnonzero(sizes == size)])
        blocks = rng.permuted(np.tile(np.arange(len(members)), (count, 1)), axis=1)
        inside = rng.permuted(np.tile(np.arange(size), (count, len(members), 1)), axis=2)
        source[:, members.ravel()] = members[blocks[:, :, None], inside].reshape(count, -1)
    return source
