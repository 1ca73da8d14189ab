"""How the KL terms depend on the smoothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import FloatArray
from hotmess_inspect.decomposition.decompose import decompose
from hotmess_inspect.schema import Estimator


@dataclass(frozen=True)
class SmoothingCurve:
    """KL terms as functions of the smoothing δ.

    Attributes:
        smoothing: δ, shape (points,).
        error: Mean error in nats over the questions with two epochs, shape (points,).
        bias_squared: Mean squared bias, shape (points,).
        variance: Mean variance, shape (points,).
        incoherence: Ratio of sums, shape (points,); NaN where no question errs.
    """

    smoothing: FloatArray
    error: FloatArray
    bias_squared: FloatArray
    variance: FloatArray
    incoherence: FloatArray


def smoothing_curve(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    smoothings: Sequence[float] = (1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2),
    estimator: Estimator = "plugin",
) -> SmoothingCurve:
    """How far the KL numbers hang on δ: for one-hot answers they are made of it.

    As δ → 0 the error of one-hot answers grows like -log δ, and the incoherence tends to
    Σ(1 - p_max)/Σ(1 - p_y), 1 wherever the right answer is the most frequent one.

    Args:
        predictions: Class probabilities, shape (questions, epochs, classes).
        target: Right class, shape (questions,).
        smoothings: Values of δ, each in (0, 1), or 0 where no probability is 0.
        estimator: "plugin" or "jackknife".

    Returns:
        The four numbers at every δ.

    Raises:
        ValueError: As `decompose`.
    """
    parts = [
        decompose(predictions, target, loss="kl", estimator=estimator, smoothing=delta)
        for delta in smoothings
    ]
    return SmoothingCurve(
        np.array(smoothings, dtype=np.float64),
        np.array([part.mean("error") for part in parts]),
        np.array([part.mean("bias_squared") for part in parts]),
        np.array([part.mean("variance") for part in parts]),
        np.array([part.incoherence for part in parts]),
    )
