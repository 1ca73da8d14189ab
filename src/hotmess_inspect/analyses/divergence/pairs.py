"""Sums over pairs of epochs of half their squared distance, for sets of epochs and between two sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class PairDesign:
    """Which pairs of epochs count, and how much each epoch's own square weighs in them.

    Without contexts every pair counts, and a pair contributes ‖Y_i − Y_j‖²/2. With contexts the pairs of
    different contexts count, N in all, and a pair contributes

        (N/R) (‖d_i‖²/c_i + ‖d_j‖²/c_j) − ⟨d_i, d_j⟩,   d = Y − target,

    where c_i pairs hold epoch i of R. Its mean over pairs is error − bias_squared, the unbiased variance of
    `decompose_nested`, to the last digit; where all contexts have equally many epochs it is ‖Y_i − Y_j‖²/2.

    Attributes:
        context: Number of each epoch's context from 0, shape (epochs,); ``None`` where every pair counts.
        weight: N/(R c_i), shape (epochs,): 1/2 without contexts.
        pairs: Number of pairs N.
    """

    context: IntArray | None
    weight: FloatArray
    pairs: int

    @classmethod
    def of(cls, epochs: int, context: NDArray[np.integer] | None = None) -> Self:
        """The design of a question.

        Args:
            epochs: How many epochs it has.
            context: Label of each epoch's context, shape (epochs,).
        """
        if context is None:
            return cls(None, np.full(epochs, 0.5), epochs * (epochs - 1) // 2)
        _, number, size = np.unique(context, return_inverse=True, return_counts=True)
        others = (epochs - size)[number]
        pairs = int(others.sum()) // 2
        weight = pairs / (epochs * np.where(others > 0, others, np.nan))
        return cls(number.astype(np.int64), weight, pairs)


class PairSums:
    """Sums over pairs for any stretch of epochs in a fixed order, from cumulative sums.

    Attributes:
        design: Which pairs count.
    """

    def __init__(self, deviation: FloatArray, design: PairDesign, order: NDArray[np.intp]) -> None:
        """Prepare the sums.

        Args:
            deviation: Y − target, weighted so that its squared norm is the loss's, shape (epochs, dims).
            design: Which pairs count; its epochs are those of `deviation`.
            order: Epochs in the order in which stretches are meant, shape (epochs,).
        """
        self.design = design
        ranked = deviation[order]
        squares = np.einsum("ed,ed->e", ranked, ranked)
        own = design.weight[order] * squares
        members = (
            None
            if design.context is None
            else design.context[order][:, None] == np.arange(int(design.context.max(initial=0)) + 1)
        )
        self._whole = _cumulated(own[:, None], squares[:, None], ranked[:, None, :], np.ones((len(own), 1)))
        self._parts = None
        if members is not None:
            held = members.astype(np.float64)
            self._parts = _cumulated(
                own[:, None] * held, squares[:, None] * held, ranked[:, None, :] * held[:, :, None], held
            )

    def within(self, low: int, high: int) -> float:
        """Sum over the counted pairs inside a stretch."""
        total = _inside(_stretch(self._whole, low, high))
        return total - (_inside(_stretch(self._parts, low, high)) if self._parts else 0.0)

    def between(self, first: tuple[int, int], second: tuple[int, int]) -> float:
        """Sum over the counted pairs with one epoch in each of two stretches that share none."""
        total = _across(_stretch(self._whole, *first), _stretch(self._whole, *second))
        if self._parts:
            total -= _across(_stretch(self._parts, *first), _stretch(self._parts, *second))
        return total

    def count_within(self, low: int, high: int) -> int:
        """How many pairs inside a stretch count."""
        size = high - low
        count = size * (size - 1) / 2
        if self._parts:
            held = _stretch(self._parts, low, high)[3]
            count -= float((held * (held - 1)).sum() / 2)
        return round(count)


_Sums = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def _cumulated(own: FloatArray, squares: FloatArray, values: FloatArray, count: FloatArray) -> _Sums:
    """Cumulative sums from 0 on along the first axis; the second is that of the contexts."""
    return tuple(  # type: ignore[return-value]
        np.concatenate([np.zeros((1, *column.shape[1:])), np.cumsum(column, axis=0)])
        for column in (own, squares, values, count)
    )


def _stretch(sums: _Sums, low: int, high: int) -> _Sums:
    return tuple(column[high] - column[low] for column in sums)


def _inside(sums: _Sums) -> float:
    own, squares, values, count = sums
    return float((own * (count - 1)).sum() - (np.square(values).sum() - squares.sum()) / 2)


def _across(first: _Sums, second: _Sums) -> float:
    return float((first[0] * second[3] + second[0] * first[3]).sum() - (first[2] * second[2]).sum())
