"""Zero-one loss after Domingos (2000): the main prediction is the mode."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hotmess_inspect.arrays import FloatArray, IntArray
from hotmess_inspect.decomposition.sums import Sums, Terms

# Votes of an epoch whose top classes tie are fractions of one: sums of them tie only up to rounding.
_TIE = 1e-9


@dataclass(frozen=True, eq=False)
class VoteSums(Sums):
    """Per question, how many epochs chose each class.

    Attributes:
        epochs: Epochs summed, shape (questions,).
        target: Right class, shape (questions,).
        votes: Epochs whose most probable class is c, shape (questions, classes); an epoch in which
            k classes share the top (an answer spread evenly, for example) gives each 1/k.
    """

    target: IntArray
    votes: FloatArray

    additive: ClassVar[tuple[str, ...]] = ("epochs", "votes")

    def terms(self, *, unbiased: bool) -> Terms:
        """Error, bias and variance of the zero-one loss, each of shape (questions,).

        error = P(pred ≠ y); bias = 1 if the mode is not y else 0; variance = a · P(pred ≠ mode) with
        a = 1 where the mode is right and a = -P(pred = y | pred ≠ mode) where it is wrong, which is
        error - bias in both cases. A tie for the mode that includes y counts as y, so that relabelling
        the classes changes nothing. NaN without an epoch; the two terms are NaN with one.
        """
        if unbiased:
            raise ValueError("the zero-one terms have no unbiased estimator")
        share = np.ascontiguousarray(self.votes.T) / np.where(self.epochs > 0, self.epochs, np.nan)
        right = share[self.target, np.arange(len(self.target))]
        error = 1.0 - right
        bias = np.where(right >= share.max(axis=0, initial=0.0) - _TIE, 0.0, 1.0)
        bias = np.where(self.epochs > 1, bias, np.nan)
        return error, bias, error - bias


def vote_sums(chunk: FloatArray, target: IntArray, epochs: IntArray) -> VoteSums:
    """Count the votes of a chunk of shape (classes, epochs, questions).

    Args:
        chunk: Probabilities, NaN in missing epochs: nothing equals a NaN, so those vote for nothing.
        target: Right class, shape (questions,).
        epochs: Epochs present, shape (questions,).
    """
    top = (chunk == chunk.max(axis=0)).view(np.uint8)
    sharing = top.sum(axis=0, dtype=np.uint8 if len(chunk) < 256 else np.int64)
    if (sharing > 1).any():
        # Sorted, the fractions add up to the same bits in whatever order the epochs came.
        votes = np.sort(top / np.maximum(sharing, 1), axis=1).sum(axis=1)
    else:
        votes = top.sum(axis=1, dtype=np.int32).astype(np.float64)
    return VoteSums(epochs, target, np.ascontiguousarray(votes.T))
