"""Squared distances: sums that add over epochs, and the two terms they give.

Brier's score is the squared loss with the one-hot target as its point, so both share these sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray, first
from hotmess_inspect.decomposition.sums import Sums, Terms


@dataclass(frozen=True, eq=False)
class SquaredSums(Sums):
    """Per question, what squared error and its two terms need to know about its epochs.

    All sums are taken about the target: a tiny error keeps its digits.

    Attributes:
        epochs: Epochs summed, shape (questions,).
        deviation: Σ_r (f_r - y), shape (questions, dims); 0 in a dimension that does not exist.
        squares: Σ_r ‖f_r - y‖², shape (questions,).
        present: Which dimensions exist, shape (questions, dims).
        mean_over_dims: Divide by the number of dimensions (coverage error) or not (Brier).
        scatter: Σ_r ‖f_r - f̄‖², summed about an epoch of the question, so that predictions far from their
            target keep the digits of their spread, shape (questions,); None where only the sums are known.
    """

    deviation: FloatArray
    squares: FloatArray
    present: BoolArray
    mean_over_dims: bool = False
    scatter: FloatArray | None = None

    additive: ClassVar[tuple[str, ...]] = ("epochs", "deviation", "squares")

    def merge(self, other: Self) -> Self:
        """The sums over the epochs of both; a question without an epoch in one part fits any other."""
        if type(self) is not type(other) or self.present.shape != other.present.shape:
            return super().merge(other)
        clash = (self.epochs > 0) & (other.epochs > 0) & (self.present != other.present).any(axis=1)
        if clash.any():
            raise ValueError(
                f"cannot merge: question {first(clash)} lacks different dimensions in the two parts"
            )
        present = self.present | other.present
        mine, theirs = (replace(part, present=present, scatter=None) for part in (self, other))
        merged = super(SquaredSums, mine).merge(theirs)
        if self.scatter is None or other.scatter is None:
            return merged
        # Chan, Golub and LeVeque (1983): two spreads and the distance of the two means make that of all.
        counts = [part.epochs.astype(np.float64) for part in (self, other)]
        means = [
            part.deviation / np.maximum(n, 1.0)[:, None]
            for part, n in zip((self, other), counts, strict=True)
        ]
        apart = np.square(means[0] - means[1]).sum(axis=1)
        between = apart * counts[0] * counts[1] / np.maximum(counts[0] + counts[1], 1.0)
        return replace(merged, scatter=self.scatter + other.scatter + between)

    @classmethod
    def alike(cls, parts: Sequence[Self]) -> Sequence[Self]:
        """Parts to join: where some know their spread, all do."""
        if all(part.scatter is None for part in parts):
            return parts
        return [part if part.scatter is not None else part._with_scatter() for part in parts]

    def _with_scatter(self) -> Self:
        """The same with Σ‖f - f̄‖² = S - ‖D‖²/R, which is as exact as the sums are."""
        own = np.einsum("qd,qd->q", self.deviation, self.deviation) / np.maximum(self.epochs, 1)
        scatter = np.maximum(self.squares - own, 0.0)
        scatter = np.where(scatter <= ROUNDING * self.epochs * self.squares, 0.0, scatter)
        return replace(self, scatter=scatter)

    def terms(self, *, unbiased: bool) -> Terms:
        """Error, bias_squared and variance, each of shape (questions,).

        error = S/R, bias² = ‖D/R‖², variance = error - bias²; unbiased: variance · R/(R - 1) and
        bias² = error - variance, exact for independent epochs and possibly a little below zero.
        NaN where undefined: all three without an epoch, the two terms with one.
        """
        epochs = np.where(self.epochs > 0, self.epochs, np.nan)
        weight = self._weight()
        error = weight * self.squares / epochs
        bias_squared = weight * np.einsum("qd,qd->q", self.deviation, self.deviation) / np.square(epochs)
        if self.scatter is not None:
            variance = weight * self.scatter / epochs
        else:
            # A mean of squares: only rounding can take it below zero, and below that of its sums it is none.
            variance = without_dust(np.maximum(error - bias_squared, 0.0), epochs * error)
        repeated = np.where(self.epochs > 1, epochs, np.nan)
        variance = variance * (repeated / (repeated - 1) if unbiased else repeated / repeated)
        return error, without_dust(error - variance, epochs * error), variance

    def _weight(self) -> FloatArray:
        if not self.mean_over_dims:
            return np.ones(len(self.epochs))
        dims = self.present.sum(axis=1).astype(np.float64)
        return 1.0 / np.where(dims > 0, dims, np.nan)


ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""Relative rounding per epoch of a sum of squares."""
_TINY = 8 * float(np.finfo(np.float64).eps)
"""A probability this near to 0 or 1 is 0 or 1: distributions are normalised no better."""


def without_dust(difference: FloatArray, size: FloatArray) -> FloatArray:
    """A difference of two sums, 0 where it is no more than their rounding.

    Args:
        difference: Any shape.
        size: Of the sums, times how many terms they have, same shape.
    """
    return np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)


def scatter_about_first(values: FloatArray, absent: BoolArray | None = None) -> FloatArray:
    """Σ (f - f̄)² along the first axis, about the first value, shape of a value.

    Args:
        values: Shape (epochs, ...); what is absent is at the end.
        absent: Which values there are not, of a shape that fits.
    """
    shifted = values - values[:1]
    count = np.full(values.shape[1:], float(len(values)))
    if absent is not None:
        shifted = np.where(absent, 0.0, shifted)
        count = count - absent.sum(axis=0)
    spread: FloatArray = np.square(shifted).sum(axis=0) - np.square(shifted.sum(axis=0)) / np.maximum(
        count, 1
    )
    return np.maximum(spread, 0.0)


def brier_sums(
    ordered: FloatArray, absent: BoolArray | None, target: IntArray, epochs: IntArray
) -> SquaredSums:
    """Sums for the Brier score, error = mean_r Σ_c (f_rc - y_c)² in [0, 2].

    Args:
        ordered: Probabilities, shape (classes, epochs, questions), each class ascending along the
            epochs so that sums do not depend on their order; 0 where absent.
        absent: Places that no epoch fills, shape (epochs, questions); None when there are none.
        target: Right class, shape (questions,).
        epochs: Epochs present, shape (questions,).
    """
    question = np.arange(len(target))
    # Classes in turn, so that no array of the size of all predictions is made.
    scatter = np.zeros(len(target))
    for values in ordered if ordered.shape[1] else ():
        scatter += scatter_about_first(values, absent)
    deviation = ordered.sum(axis=1)
    squares = np.einsum("crq,crq->cq", ordered, ordered)
    # About the target, not f² - 2f + 1: an error of 1e-18 is not lost in the rounding of 1.
    miss = np.ascontiguousarray(ordered[target, :, question].T) - 1.0
    if absent is not None:
        miss[absent] = 0.0
    miss[np.abs(miss) <= _TINY] = 0.0
    deviation[target, question] = miss.sum(axis=0)
    squares[target, question] = np.square(miss).sum(axis=0)
    total = np.ascontiguousarray(deviation.T)
    return SquaredSums(epochs, total, squares.sum(axis=0), np.ones(total.shape, np.bool_), scatter=scatter)


def one_hot_squared_sums(counts: FloatArray, target: IntArray, epochs: IntArray) -> SquaredSums:
    """The same from how often each class was answered, shape (questions, classes); exact."""
    question = np.arange(len(target))
    squares = 2.0 * (epochs - counts[question, target])
    deviation = counts.copy()
    deviation[question, target] -= epochs
    return SquaredSums(epochs, deviation, squares, np.ones(counts.shape, np.bool_))
