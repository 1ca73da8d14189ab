"""Shorter and longer halves of a question's epochs under squared losses, whatever lengths are equal."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.arrays import NAN, BoolArray, FloatArray, IntArray
from hotmess_inspect.decomposition.brier import SquaredSums
from hotmess_inspect.schema import Estimator, Loss

Sums: TypeAlias = Callable[..., list[tuple[FloatArray, FloatArray]]]
"""Of sets of epochs, shape (questions, sets, epochs), and which questions these are to error and variance."""


class Border(NamedTuple):
    """Which places are in a half, where epochs of equal length may stand at its border.

    Attributes:
        sure: Places that are in the half whoever else is, shape (..., epochs).
        tied: Places of the length at the border, same shape.
        slots: Places in the half for the tied ones, shape (...).
        size: Places in the half, shape (...).
    """

    sure: BoolArray
    tied: BoolArray
    slots: IntArray
    size: IntArray

    @classmethod
    def of(cls, lengths: FloatArray, taken: BoolArray, *, longer: bool) -> "Border":
        """That of the half of the taken places, whose lengths ascend; shapes (..., epochs)."""
        place, number = taken.cumsum(axis=-1), taken.sum(axis=-1, keepdims=True)
        half = number // 2
        inside = taken & (place > number - half if longer else place <= half)
        end = np.where(inside, lengths, np.inf if longer else -np.inf)
        end = end.min(axis=-1, keepdims=True) if longer else end.max(axis=-1, keepdims=True)
        tied = taken & (lengths == end)
        return cls(inside & ~tied, tied, (inside & tied).sum(axis=-1), half[..., 0])

    @property
    def chances(self) -> tuple[FloatArray, FloatArray]:
        """How often a tied place, and two different ones, are in the half, over all choices; shape (...)."""
        number = self.tied.sum(axis=-1)
        one = self.slots / np.maximum(number, 1)
        return one, one * np.maximum(self.slots - 1, 0) / np.maximum(number - 1, 1)

    @property
    def single(self) -> FloatArray:
        """How often each place is in the half, shape (..., epochs)."""
        return np.where(self.tied, self.chances[0][..., None], self.sure)

    @property
    def together(self) -> FloatArray:
        """How often two places are in the half together, shape (..., epochs, epochs)."""
        one, two = (chance[..., None, None] for chance in self.chances)
        sure, tied = self.sure, self.tied
        either = (sure[..., :, None] & tied[..., None, :]) | (tied[..., :, None] & sure[..., None, :])
        both = np.where(np.eye(sure.shape[-1], dtype=bool), one, two)
        found: FloatArray = (
            (sure[..., :, None] & sure[..., None, :])
            + one * either
            + both * (tied[..., :, None] & tied[..., None, :])
        )
        return found


def half_terms(
    sums: Sums,
    who: IntArray,
    lengths: FloatArray,
    taken: BoolArray,
    question: IntArray,
    *,
    unbiased: bool,
) -> FloatArray:
    """Variance and error of both halves, means over all choices among epochs of equal length at their borders.

    Both are linear in sums over pairs of epochs, Σ ½‖f_i - f_j‖² and Σ‖f_i - y‖², so that the mean over the choices of m
    out of n epochs follows from how often one of them is chosen, m/n, and how often two are, m (m - 1)/(n (n - 1)).

    Args:
        sums: Error and unbiased variance of sets of epochs, as `squared_sums` makes them.
        who: Which epoch stands at each place, shape (questions, sets, epochs).
        lengths: Of the places, ascending, of a shape that fits.
        taken: Which places count, of a shape that fits.
        question: Which questions these are, shape (questions,).
        unbiased: Whether the variance is the unbiased one, which needs two epochs in a half.

    Returns:
        Variance and error of the shorter half, then of the longer one, shape (questions, sets, 4); NaN where a half
        has too few epochs.
    """
    lengths, taken = np.broadcast_to(lengths, who.shape), np.broadcast_to(taken, who.shape)

    def pairs(places: BoolArray) -> tuple[FloatArray, FloatArray]:
        chosen = np.zeros_like(places)
        np.put_along_axis(chosen, who, places, axis=2)
        ((error, variance),) = sums(chosen, question)
        number = places.sum(axis=2)
        return (
            np.where(number > 1, np.nan_to_num(variance) * number * (number - 1), 0.0),
            np.where(number > 0, np.nan_to_num(error) * number, 0.0),
        )

    made = np.empty((*who.shape[:2], 4))
    for longer in (False, True):
        border = Border.of(lengths, taken, longer=longer)
        inside = border.sure | border.tied
        variance, error = pairs(inside)
        parted = border.slots < border.tied.sum(axis=2)
        if parted.any():
            (sure, sure_error), (tied, tied_error) = pairs(border.sure), pairs(border.tied)
            one, two = border.chances
            variance = np.where(parted, sure + one * (variance - sure - tied) + two * tied, variance)
            error = np.where(parted, sure_error + one * tied_error, error)
        size = border.size.astype(np.float64)
        ordered = size * (size - 1 if unbiased else size)
        with np.errstate(invalid="ignore", divide="ignore"):
            made[:, :, 2 * longer] = np.where(ordered > 0, variance / ordered, NAN)
            made[:, :, 2 * longer + 1] = np.where(size > 0, error / size, NAN)
    return made


def squared_sums(
    predictions: FloatArray, present: BoolArray, target: NDArray[Any], loss: Loss, estimator: Estimator
) -> Sums:
    """Error and variance of any epochs of questions under a loss whose sums add over epochs.

    Args:
        predictions: Shape (questions, epochs, dims), NaN in missing epochs; for "squared" less their target.
        present: Which epochs there are, shape (questions, epochs).
        target: Right class of each question; not used for "squared".
        loss: "brier" or "squared".
        estimator: "unbiased" or "plugin".

    Returns:
        Of epochs, shape (questions, sets, epochs), and which questions these are to error and variance, each of
        shape (questions, sets), NaN where the epochs are too few; with `rest` those of all other epochs too.
    """
    dims = predictions.shape[2]
    deviation = np.nan_to_num(predictions)
    if loss == "brier":
        deviation = deviation - np.eye(dims)[target][:, None] * present[:, :, None]
    else:
        deviation = deviation / np.sqrt(dims)
    squares = np.square(deviation).sum(axis=2)
    # About one epoch of the question, so that the spread of equal epochs is 0 and not rounding.
    moved = np.where(present[:, :, None], deviation - deviation[:, :1], 0.0)
    about = np.concatenate([moved, np.square(moved).sum(axis=2)[:, :, None]], axis=2)
    table = np.concatenate([deviation, squares[:, :, None], about], axis=2)
    whole = table.sum(axis=1)

    def sums(
        chosen: BoolArray, question: IntArray, *, rest: bool = False
    ) -> list[tuple[FloatArray, FloatArray]]:
        own = chosen.astype(np.float64) @ table[question]
        counts = chosen.sum(axis=2)
        sides = [(own, counts)]
        if rest:
            sides.append((whole[question][:, None] - own, present[question].sum(axis=1)[:, None] - counts))
        made = []
        for part, number in sides:
            flat, many = part.reshape(-1, 2 * dims + 2), number.reshape(-1)
            spread = flat[:, -1] - np.square(flat[:, dims + 1 : -1]).sum(axis=1) / np.maximum(many, 1)
            found = SquaredSums(
                many,
                flat[:, :dims],
                flat[:, dims],
                np.ones((len(flat), dims), np.bool_),
                scatter=np.maximum(spread, 0.0),
            )
            error, _, variance = found.terms(unbiased=estimator == "unbiased")
            made.append((error.reshape(number.shape), variance.reshape(number.shape)))
        return made

    return sums
