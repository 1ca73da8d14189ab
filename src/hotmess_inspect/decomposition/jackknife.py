"""KL terms with the leading bias in 1/R removed."""

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import FloatArray, as_class_target, as_predictions
from hotmess_inspect.decomposition.kl import error_floor, mean_log_terms
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.decomposition.sufficient import SufficientStatistics

_CHUNK = 1 << 16


def jackknife_kl(predictions: ArrayLike, target: ArrayLike, *, smoothing: float = 1e-12) -> Decomposition:
    """KL decomposition with the jackknife over epochs: V_J = R·V - (R - 1)·mean_r V_(-r).

    V_(-r) is the plug-in variance without epoch r. The error is a mean over epochs, unbiased as it
    is; bias² = error - V_J. Needs at least two epochs, else NaN.

    Args:
        predictions: Class probabilities, shape (questions, epochs, classes); a missing epoch is NaN.
        target: Right class, shape (questions,).
        smoothing: δ in f ← (f + δ)/(1 + Cδ).

    Returns:
        Error, bias_squared and variance in nats; the variance can be slightly negative.

    Raises:
        ValueError: As `decompose`.
    """
    plugin = SufficientStatistics.from_predictions(predictions, target, losses=("kl",), smoothing=smoothing)
    plain = plugin.decomposition("kl", "plugin")
    values = as_predictions(predictions, "classes")
    gold = as_class_target(target, len(values), values.shape[2])
    step = max(1, _CHUNK // max(1, values.shape[1] * values.shape[2]))
    left_out = [
        _mean_left_out(np.asarray(values[i : i + step], dtype=np.float64), gold[i : i + step], smoothing)
        for i in range(0, len(values), step)
    ]
    epochs = plain.epochs
    variance = epochs * plain.variance - (epochs - 1) * np.concatenate([*left_out, np.zeros(0)])
    floor = error_floor(values.shape[2], smoothing)
    return Decomposition(plain.error, plain.error - variance, variance, epochs, "kl", "jackknife", floor)


def _mean_left_out(values: FloatArray, target: np.ndarray, smoothing: float) -> FloatArray:
    """Mean over r of the variance without epoch r, shape (questions,); NaN below two epochs."""
    questions, epochs, classes = values.shape
    present = ~np.isnan(values[:, :, 0])
    logs = np.log((values + smoothing) / (1 + classes * smoothing))
    logs[~present] = 0.0
    # Ascending along the epochs: the total does not depend on the order in which epochs arrived.
    total = np.sort(logs, axis=1).sum(axis=1)
    count = present.sum(axis=1)
    remaining = np.broadcast_to(np.maximum(count - 1, 0)[:, None], (questions, epochs)).reshape(-1)
    _, variance = mean_log_terms(
        (total[:, None, :] - logs).reshape(-1, classes), np.repeat(target, epochs), remaining
    )
    per_epoch = np.where(present, variance.reshape(questions, epochs), 0.0)
    mean: FloatArray = np.sort(per_epoch, axis=1).sum(axis=1) / np.where(count > 1, count, np.nan)
    return mean
