"""Permutation test: predictions of a question permuted over its lengths, and compared with what was observed.

A rearrangement is an order of a question's epochs: the first `below` of them count as the shorter half,
the last `above` of the known ones as the longer half.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb, prod

import numpy as np

from hotmess_inspect.arrays import FloatArray, IntArray, ratio
from hotmess_inspect.inference.exchange import critical_value

# Work affordable for all pools, in predicted values, of which an order costs some 32 on top of its own.
_POOL_WORK = 2_000_000
_WORK_PER_ORDER = 32
# Orders gathered per block of replicates.
_BLOCK = 1 << 18
_SMALLEST_POOL = 16
_MOST_UNITS = 200
# Differences of incoherences this close are one and the same, up to the order of additions.
_TIE = 1e-12


@dataclass(frozen=True)
class Sizes:
    """How the epochs of each question divide, each of shape (questions,).

    Attributes:
        known: Epochs that count; they come first.
        below: Epochs in the shorter half.
        above: Epochs in the longer half.
    """

    known: IntArray
    below: IntArray
    above: IntArray

    def arrangements(self) -> list[int]:
        """How many different halves each question has."""
        return [
            comb(n, k) * comb(n - k, m)
            for n, k, m in zip(self.known.tolist(), self.below.tolist(), self.above.tolist(), strict=True)
        ]


@dataclass(frozen=True)
class Pool:
    """Orders of the epochs that stand for all rearrangements of each question.

    Attributes:
        orders: Shape (questions, pool, epochs); the observed order is the first.
        count: Orders that are valid, the first so many, shape (questions,).
        exhaustive: Whether every rearrangement is in the pool once.
    """

    orders: IntArray
    count: IntArray
    exhaustive: bool


@dataclass(frozen=True)
class PermutationOutcome:
    """How the observed difference compares with its rearrangements.

    Attributes:
        p_value: Two-sided.
        compared: Rearrangements with a defined difference, the observed one not counted unless all are
            enumerated.
        undefined: Rearrangements in which one half was without error.
        exhaustive: Whether all there are were tried.
        differences: Sizes of the defined differences, shape (compared,).
    """

    p_value: float
    compared: int
    undefined: int
    exhaustive: bool
    differences: FloatArray

    def critical(self, level: float) -> float:
        """The size of a difference beyond which p is below 1 - level."""
        if not self.exhaustive:
            return critical_value(self.differences, level)
        allowed = int(np.ceil((1 - level) * self.compared - 1e-9)) - 1
        return float(np.sort(self.differences)[::-1][allowed]) if allowed >= 0 else float("inf")


def make_pool(
    observed: IntArray,
    sizes: Sizes,
    permutations: int,
    classes: int,
    rng: np.random.Generator,
    *,
    strata: IntArray | None = None,
    enumerate_halves: bool = True,
) -> Pool:
    """All orders where they are few enough, else a random pool around the observed order.

    Args:
        observed: Shape (questions, epochs).
        sizes: How each question divides.
        permutations: Rearrangements of the whole set at most.
        classes: Values per epoch, which bound how many orders are affordable.
        rng: Source of randomness.
        strata: Stratum of each epoch, such as its context, shape (questions, epochs): epochs then change places
            within their stratum only.
        enumerate_halves: Whether what is compared depends on nothing but who is in which half, so that all
            halves may stand for all orders.
    """
    arrangements = sizes.arrangements()
    # Each question has at least six, so a long product is too long anyway.
    few = len(arrangements) <= permutations.bit_length() and prod(arrangements) <= permutations
    if few and enumerate_halves and strata is None:
        return _all_orders(observed, sizes, arrangements)
    questions, epochs = observed.shape
    affordable = _POOL_WORK // (questions * (epochs * classes + _WORK_PER_ORDER))
    size = max(_SMALLEST_POOL, min(permutations + 1, affordable))
    orders = np.empty((questions, size, epochs), dtype=np.int64)
    orders[:, 0] = observed
    known = np.arange(epochs) < sizes.known[:, None]
    step = max(1, _BLOCK // (size * epochs))
    for start in range(0, questions, step):
        rows = slice(start, start + step)
        keys = rng.random((len(observed[rows]), size - 1, epochs))
        if strata is None:
            orders[rows, 1:] = np.argsort(np.where(known[rows, None], keys, 2.0), axis=2)
        else:
            orders[rows, 1:] = _within_strata(observed[rows], strata[rows], sizes.known[rows], keys)
    return Pool(orders, np.full(questions, size), exhaustive=False)


def _within_strata(observed: IntArray, strata: IntArray, known: IntArray, keys: FloatArray) -> IntArray:
    """Orders in which every place keeps the stratum of the epoch observed there, shape of the keys."""
    epochs = observed.shape[1]
    # Epochs that do not count stay behind the others, in a stratum of their own.
    places = np.take_along_axis(strata, observed, axis=1)
    places = np.where(np.arange(epochs) < known[:, None], places, strata.max(initial=0) + 1)
    own = np.empty_like(places)
    np.put_along_axis(own, observed, places, axis=1)
    members = np.lexsort((keys, np.broadcast_to(own[:, None], keys.shape)), axis=2)
    free = np.argsort(places, axis=1, kind="stable")
    orders = np.empty_like(members)
    np.put_along_axis(orders, np.broadcast_to(free[:, None], members.shape), members, axis=2)
    return orders.astype(np.int64)


def permutation_test(
    terms: FloatArray,
    pool: Pool,
    sizes: Sizes,
    permutations: int,
    floor: float,
    rng: np.random.Generator,
    *,
    swaps: bool = True,
) -> PermutationOutcome:
    """Two-sided test of the difference of incoherences between the halves.

    Given each question's pool, the hypothesis makes the observed order a uniform draw from it, like any
    other. Drawing one order per question therefore gives sets exchangeable with the observed one.

    Args:
        terms: Variance and error of the shorter half, then of the longer one, shape
            (questions, pool, 4).
        pool: The orders they belong to.
        sizes: How each question divides.
        permutations: Draws, unless the pool holds everything.
        floor: Error per question at or below which a half is without error.
        rng: Source of randomness.
        swaps: Whether exchanging equal halves is a rearrangement like any other: not so within strata, nor where
            tied lengths make the halves unlike.
    """
    least = floor * len(terms)
    observed = abs(float(_differences(terms[:, 0].sum(axis=0), least)))
    if pool.exhaustive:
        drawn = _differences(_all_sums(terms, pool.count), least)
    else:
        if swaps and (sizes.below == sizes.above).all():
            # Swapping equal halves is a rearrangement too: it comes for free and centres the pool.
            terms = np.concatenate([terms, terms[:, :, [2, 3, 0, 1]]], axis=1)
        drawn = _differences(_drawn_sums(_in_units(terms, rng), permutations, rng), least)
    defined = ~np.isnan(drawn)
    compared = int(defined.sum())
    extreme = int((np.abs(drawn[defined]) >= observed - _TIE).sum())
    p_value = extreme / compared if pool.exhaustive else (1 + extreme) / (1 + compared)
    return PermutationOutcome(
        p_value, compared, int((~defined).sum()), pool.exhaustive, np.abs(drawn[defined])
    )


def _differences(sums: FloatArray, least: float) -> FloatArray:
    """Incoherence of the longer half less that of the shorter one, from sums of shape (..., 4)."""
    errors = np.where(sums[..., 1::2] > least, sums[..., 1::2], np.nan)
    shorter, longer = np.moveaxis(ratio(sums[..., 0::2], errors), -1, 0)
    difference: FloatArray = longer - shorter
    return difference


def _in_units(terms: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Sums over questions that draw from their pools together, when there are very many.

    Pools of different questions are independent, so the sum of their n-th orders is again a random order
    of a larger whole, and every draw gathers from few tables that stay in the cache. Who goes with whom is left to chance: it must not depend on what was observed.
    """
    if len(terms) <= _MOST_UNITS:
        return terms
    starts = np.linspace(0, len(terms), _MOST_UNITS, endpoint=False).astype(np.int64)
    joined: FloatArray = np.add.reduceat(terms[rng.permutation(len(terms))], starts, axis=0)
    return joined


def _drawn_sums(terms: FloatArray, permutations: int, rng: np.random.Generator) -> FloatArray:
    questions, size, _ = terms.shape
    table = terms.reshape(-1, 4)
    first = np.arange(questions) * size
    sums = np.empty((permutations, 4))
    step = max(1, _BLOCK // questions)
    for start in range(0, permutations, step):
        rows = min(step, permutations - start)
        picked = rng.integers(0, size, size=(rows, questions)) + first
        sums[start : start + rows] = table[picked].sum(axis=1)
    return sums


def _all_sums(terms: FloatArray, count: IntArray) -> FloatArray:
    sums = np.zeros((1, 4))
    for question, valid in enumerate(count.tolist()):
        sums = (sums[:, None] + terms[question, None, :valid]).reshape(-1, 4)
    return sums


def _all_orders(observed: IntArray, sizes: Sizes, arrangements: list[int]) -> Pool:
    questions, epochs = observed.shape
    orders = np.broadcast_to(observed[:, None], (questions, max(arrangements), epochs)).copy()
    for question, (known, below, above) in enumerate(
        zip(sizes.known.tolist(), sizes.below.tolist(), sizes.above.tolist(), strict=True)
    ):
        row = observed[question].tolist()
        found = _arrange(row[:known], below, above)
        orders[question, : len(found)] = [order + row[known:] for order in found]
    return Pool(orders, np.array(arrangements), exhaustive=True)


def _arrange(epochs: list[int], below: int, above: int) -> list[list[int]]:
    """Every choice of the first `below` and the last `above` epochs, the given one first."""
    found = []
    for first in combinations(epochs, below):
        rest = [epoch for epoch in epochs if epoch not in first]
        for middle in combinations(rest, len(rest) - above):
            last = [epoch for epoch in rest if epoch not in middle]
            found.append([*first, *middle, *last])
    return found
