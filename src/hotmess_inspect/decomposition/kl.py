"""KL loss: cross-entropy of the target, split about the normalised geometric mean."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray
from hotmess_inspect.decomposition.sums import Sums, Terms


@dataclass(frozen=True, eq=False)
class LogSums(Sums):
    """Per question, what the KL decomposition needs to know about its epochs.

    Attributes:
        epochs: Epochs summed, shape (questions,).
        target: Right class, shape (questions,).
        logs: Σ_r log f_r after smoothing, shape (questions, classes), nats.
        smoothing: δ in f ← (f + δ)/(1 + Cδ).
    """

    target: IntArray
    logs: FloatArray
    smoothing: float

    additive: ClassVar[tuple[str, ...]] = ("epochs", "logs")

    def terms(self, *, unbiased: bool) -> Terms:
        """Plug-in error, bias_squared and variance in nats, each of shape (questions,).

        With l = mean_r log f_r: error = -l_y, bias² = logsumexp(l) - l_y, variance = -logsumexp(l).
        NaN where undefined: all three without an epoch, the two terms with one.
        """
        if unbiased:
            raise ValueError("the KL terms have no exact unbiased estimator")
        error, variance = mean_log_terms(self.logs, self.target, self.epochs)
        variance = np.where(self.epochs > 1, variance, np.nan)
        return error, error - variance, variance

    @property
    def floor(self) -> float:
        """Error in nats that smoothing leaves to a fully right answer: log((1 + Cδ)/(1 + δ))."""
        return error_floor(self.logs.shape[1], self.smoothing)


def error_floor(classes: int, smoothing: float) -> float:
    """Error in nats that smoothing leaves to a fully right answer: log((1 + Cδ)/(1 + δ))."""
    return float(np.log1p(classes * smoothing) - np.log1p(smoothing))


def mean_log_terms(logs: FloatArray, target: IntArray, epochs: IntArray) -> tuple[FloatArray, FloatArray]:
    """Error -l_y and variance -logsumexp(l) of mean logs l = logs / epochs; NaN without an epoch."""
    # Classes first: reductions over a short last axis are several times slower.
    mean = np.ascontiguousarray(logs.T) / np.where(epochs > 0, epochs, np.nan)
    top = mean.max(axis=0, initial=-np.inf)
    error = -mean[target, np.arange(len(target))]
    mean -= top
    # KL(g‖f) is never negative: only rounding can take it below zero.
    variance = np.maximum(-(top + np.log(np.exp(mean, out=mean).sum(axis=0))), 0.0)
    return error, variance


def log_sums(
    ordered: FloatArray, absent: BoolArray | None, target: IntArray, epochs: IntArray, smoothing: float
) -> LogSums:
    """Sums for the KL loss.

    Args:
        ordered: Probabilities ascending along the epochs, shape (classes, epochs, questions).
            Overwritten.
        absent: Places that no epoch fills, shape (epochs, questions); None when there are none.
        target: Right class, shape (questions,).
        epochs: Epochs present, shape (questions,).
        smoothing: δ, positive where a probability is 0.
    """
    if absent is not None:
        ordered[:, absent] = 1.0 - smoothing
    ordered += smoothing
    logs = np.log(ordered, out=ordered)
    if absent is not None:
        logs[:, absent] = 0.0
    total = np.ascontiguousarray(logs.sum(axis=1).T)
    total -= epochs[:, None] * np.log1p(len(ordered) * smoothing)
    return LogSums(epochs, target, total, smoothing)


def one_hot_log_sums(counts: FloatArray, target: IntArray, epochs: IntArray, smoothing: float) -> LogSums:
    """The same from how often each class was answered, shape (questions, classes); δ > 0."""
    per_epoch = np.log1p(counts.shape[1] * smoothing)
    logs = counts * (np.log1p(smoothing) - per_epoch)
    logs += (epochs[:, None] - counts) * (np.log(smoothing) - per_epoch)
    return LogSums(epochs, target, logs, smoothing)
