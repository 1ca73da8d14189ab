"""From arrays of predictions to sums per question that add over epochs, shards and machines."""

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_class_target,
    as_predictions,
    check_choice,
    check_estimator,
    check_smoothing,
    first,
)
from hotmess_inspect.decomposition.brier import brier_sums, one_hot_squared_sums
from hotmess_inspect.decomposition.kl import log_sums, one_hot_log_sums
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.decomposition.squared import squared_sums
from hotmess_inspect.decomposition.sums import Sums
from hotmess_inspect.decomposition.zero_one import VoteSums, vote_sums
from hotmess_inspect.schema import CLASS_LOSSES, ROUNDING, Loss

# Half a megabyte of probabilities: a chunk and its temporaries stay in the second-level cache.
_CHUNK = 1 << 16


@dataclass(frozen=True)
class SufficientStatistics:
    """Additive sums per question, one set per loss: all that the decompositions need of the epochs.

    A log reduced to this takes some ten numbers per question; statistics of parts with the same
    questions (in the same order) add with `merge`, parts with different questions join with `concatenate`.

    Attributes:
        sums: Sums by the name of the loss.
    """

    sums: Mapping[str, Sums]

    @classmethod
    def from_predictions(
        cls,
        predictions: ArrayLike,
        target: ArrayLike,
        *,
        losses: Sequence[Loss] = CLASS_LOSSES,
        smoothing: float = 1e-12,
    ) -> "SufficientStatistics":
        """Sum over the epochs, for several losses in one pass.

        Args:
            predictions: Shape (questions, epochs, classes), or (questions, epochs, dims) for "squared";
                a missing epoch is a row of NaN.
            target: Right class, shape (questions,); for "squared" points of shape (questions, dims).
            losses: "kl", "brier" and "zero_one" in any combination, or "squared" alone.
            smoothing: δ of the KL loss.

        Raises:
            ValueError: If an argument is malformed; it names the first offending question.
        """
        for loss in losses:
            check_choice("loss", loss, (*CLASS_LOSSES, "squared"))
        if "squared" in losses:
            if len(losses) > 1:
                raise ValueError(f"losses={tuple(losses)!r}: 'squared' has targets of its own and goes alone")
            return cls({"squared": squared_sums(predictions, target)})
        check_smoothing(smoothing)
        return cls(_class_sums(predictions, target, tuple(losses), smoothing))

    def merge(self, other: "SufficientStatistics") -> "SufficientStatistics":
        """The statistics of the epochs of both, question by question."""
        if self.sums.keys() != other.sums.keys():
            raise ValueError(f"cannot merge losses {sorted(self.sums)} with {sorted(other.sums)}")
        return SufficientStatistics({loss: sums.merge(other.sums[loss]) for loss, sums in self.sums.items()})

    @classmethod
    def concatenate(cls, parts: Sequence["SufficientStatistics"]) -> "SufficientStatistics":
        """The statistics of parts about different questions, one after the other."""
        if not parts:
            raise ValueError("parts is empty: nothing to join")
        if any(part.sums.keys() != parts[0].sums.keys() for part in parts):
            raise ValueError(f"cannot join: parts have the losses {[sorted(part.sums) for part in parts]}")
        return cls({loss: Sums.concatenate([part.sums[loss] for part in parts]) for loss in parts[0].sums})

    def decomposition(self, loss: Loss, estimator: Literal["plugin", "unbiased"] = "plugin") -> Decomposition:
        """Error, bias² and variance per question for one of the losses summed.

        Raises:
            ValueError: If the loss was not summed, or the estimator does not exist for it. The
                jackknife needs every epoch and is found in `decompose` only.
        """
        check_choice("loss", loss, tuple(self.sums))
        check_choice("estimator", estimator, ("plugin", "unbiased"))
        check_estimator(loss, estimator)
        sums = self.sums[loss]
        error, bias_squared, variance = sums.terms(unbiased=estimator == "unbiased")
        return Decomposition(error, bias_squared, variance, sums.epochs, loss, estimator, sums.floor)


def _class_sums(
    predictions: ArrayLike, target: ArrayLike, losses: tuple[Loss, ...], smoothing: float
) -> dict[str, Sums]:
    values = as_predictions(predictions, "classes")
    questions, epochs, classes = values.shape
    gold = as_class_target(target, questions, classes)
    step = _step(epochs, classes)
    counted = _chunk_counts(values) if smoothing > 0 else [None] * -(-max(questions, 1) // step)
    parts = [
        _chunk_sums(values[i : i + step], gold[i : i + step], losses, smoothing, i, counts)
        for i, counts in zip(range(0, max(questions, 1), step), counted, strict=True)
    ]
    return {loss: Sums.concatenate([part[loss] for part in parts]) for loss in losses}


def _chunk_sums(
    values: NDArray[np.floating[Any]],
    target: IntArray,
    losses: tuple[Loss, ...],
    smoothing: float,
    offset: int,
    counts: FloatArray | None,
) -> dict[str, Sums]:
    if counts is not None:
        epochs = np.full(len(values), values.shape[1], dtype=np.int64)
        return {loss: _one_hot_sums(loss, counts, target, epochs, smoothing) for loss in losses}
    # Classes first, questions last: every sum below runs along contiguous memory. All that follows works in
    # this one array: fresh temporaries of its size would cost more than the arithmetic.
    chunk: FloatArray = np.array(values.transpose(2, 1, 0), dtype=np.float64, order="C")
    missing = _missing_epochs(chunk, smoothing if "kl" in losses else None, offset)
    epochs = np.full(len(values), values.shape[1], dtype=np.int64)
    absent = None
    if missing is not None:
        epochs -= missing.sum(axis=0)
        absent = np.arange(len(missing))[:, None] >= epochs
    sums: dict[str, Sums] = {}
    if "zero_one" in losses:
        sums["zero_one"] = vote_sums(chunk, target, epochs)
    if sums.keys() == set(losses):
        return sums
    # Each class ascending along the epochs: sums have equal bits in whatever order the epochs came.
    chunk.sort(axis=1)
    if absent is not None:
        chunk[:, absent] = 0.0
    if "brier" in losses:
        sums["brier"] = brier_sums(chunk, absent, target, epochs)
    if "kl" in losses:
        # Questions of one-hot answers take the formula of counts, as whole chunks of them do: their bits do
        # not depend on what other questions share their chunk.
        sharp = _zeros_and_ones(chunk[:, -1:])
        sharp[sharp] = _zeros_and_ones(chunk[:, :, sharp])
        counts = np.ascontiguousarray(chunk[:, :, sharp].sum(axis=1).T)
        kl = log_sums(chunk, absent, target, epochs, smoothing)
        if sharp.any():
            kl.logs[sharp] = one_hot_log_sums(counts, target[sharp], epochs[sharp], smoothing).logs
        sums["kl"] = kl
    return {loss: sums[loss] for loss in losses}


def one_hot_counts(predictions: ArrayLike) -> FloatArray | None:
    """How often each class was answered, if every epoch of every question is a one-hot row.

    Args:
        predictions: Shape (questions, epochs, classes).

    Returns:
        Shape (questions, classes), whole numbers; None where an epoch is missing or is not one-hot.
    """
    values = np.asarray(predictions)
    parts = _chunk_counts(values) if len(values) else [None]
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def _step(epochs: int, classes: int) -> int:
    """Questions per chunk."""
    return max(1, _CHUNK // max(1, epochs * classes))


_counted: dict[int, list[FloatArray | None]] = {}


def _chunk_counts(values: NDArray[np.floating[Any]]) -> list[FloatArray | None]:
    """`_answer_counts` of every chunk.

    Arrays that own their memory and cannot be written to, as those of a group of outcomes, are counted once.
    """
    key = id(values)
    if key in _counted:
        return _counted[key]
    step = _step(*values.shape[1:])
    found = [_answer_counts(values[i : i + step]) for i in range(0, max(len(values), 1), step)]
    if values.base is None and not values.flags.writeable:
        _counted[key] = found
        weakref.finalize(values, _counted.pop, key, None)
    return found


def _answer_counts(values: NDArray[np.floating[Any]]) -> FloatArray | None:
    """How often each class was answered, shape (questions, classes), if every epoch is a one-hot row.

    Letters are the common case; they need neither logarithms nor an order of the epochs.
    """
    questions, epochs, classes = values.shape
    # One epoch of each question tells most other predictions from letters, at little cost.
    if not _zeros_and_ones(values[:, :1].T).all():
        return None
    flat = np.ascontiguousarray(values, dtype=np.float64).reshape(questions, epochs * classes)
    if not (np.square(flat) == flat).all():
        return None
    if not (flat.reshape(-1, classes) @ np.ones(classes) == 1.0).all():
        return None
    # A product is faster than a sum over short rows, but needs a matrix of (epochs x classes, classes).
    if epochs * classes * classes > _CHUNK:
        return np.asarray(flat.reshape(questions, epochs, classes).sum(axis=1))
    counts: FloatArray = flat @ np.tile(np.eye(classes), (epochs, 1))
    return counts


def _zeros_and_ones(chunk: NDArray[np.floating[Any]]) -> BoolArray:
    """Questions whose values are all 0 or 1, shape (questions,), of shape (classes, epochs, questions)."""
    return np.asarray(((chunk == 0.0) | (chunk == 1.0)).all(axis=(0, 1)))


def _one_hot_sums(
    loss: str, counts: FloatArray, target: IntArray, epochs: IntArray, smoothing: float
) -> Sums:
    if loss == "brier":
        return one_hot_squared_sums(counts, target, epochs)
    if loss == "kl":
        return one_hot_log_sums(counts, target, epochs, smoothing)
    return VoteSums(epochs, target, counts)


def _missing_epochs(chunk: FloatArray, smoothing: float | None, offset: int) -> BoolArray | None:
    """Which epochs are missing, shape (epochs, questions), or None; raises for the first broken row."""
    total = chunk.sum(axis=0)
    lowest = chunk.min(axis=0)
    # The common case in few passes; a NaN anywhere fails the comparison.
    if lowest.size and np.abs(total - 1.0).max() <= ROUNDING and lowest.min() >= 0.0 and smoothing != 0.0:
        return None
    missing = np.asarray(np.isnan(chunk).all(axis=0))
    good = (np.abs(total - 1.0) <= ROUNDING) & (lowest >= 0.0)
    if smoothing == 0.0:
        good &= lowest > 0.0
    good |= missing
    if good.all():
        return missing if missing.any() else None
    question = first(~good.all(axis=0))
    row = chunk[:, int(np.flatnonzero(~good[:, question])[0]), question]
    if np.isnan(row).any():
        problem = "is NaN in part of an epoch; a missing epoch is NaN in all classes"
    elif (row < 0).any() or np.isinf(row).any():
        problem = f"has a probability outside [0, 1]: {row.tolist()}"
    elif smoothing == 0.0 and abs(row.sum() - 1.0) <= ROUNDING:
        problem = "has a probability of 0, whose logarithm needs smoothing > 0"
    else:
        problem = f"has probabilities that sum to {row.sum():.6g}, not 1"
    raise ValueError(f"predictions: question {offset + question} {problem}")
