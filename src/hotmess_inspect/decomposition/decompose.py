"""Bias–variance decomposition of repeated predictions, per question."""

from typing import Any

from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import check_estimator
from hotmess_inspect.decomposition.jackknife import jackknife_kl
from hotmess_inspect.decomposition.labels import are_labels, one_hot
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.decomposition.sufficient import SufficientStatistics
from hotmess_inspect.schema import Estimator, Loss


def decompose(
    predictions: ArrayLike | NDArray[Any],
    target: ArrayLike,
    *,
    loss: Loss = "brier",
    estimator: Estimator = "unbiased",
    smoothing: float = 1e-12,
) -> Decomposition:
    """Split the error of repeated predictions into squared bias and variance, per question.

    | loss | error | mean prediction | bias_squared | variance |
    |---|---|---|---|---|
    | "kl" (nats) | E[-log f_r[y]] | g ∝ exp(E log f_r) | -log g[y] | E KL(g‖f_r) |
    | "brier" [0, 2] | E‖y - f_r‖² | m = E f_r | ‖y - m‖² | E‖f_r - m‖² |
    | "zero_one" [0, 1] | P(pred ≠ y) | mode | 1[mode ≠ y] | error - bias |
    | "squared" | E‖x_r - y‖²/T | x̄ = E x_r | ‖x̄ - y‖²/T | E‖x_r - x̄‖²/T |

    E is the mean over the epochs of a question. "squared" averages over T dimensions: with outcomes of
    unit tests in {0, 1} and target 1 it is the coverage error.

    Args:
        predictions: Class probabilities, shape (questions, epochs, classes), rows sum to 1; for
            "squared" points of shape (questions, epochs, dims). A missing epoch is a row of NaN; for
            "squared" a dimension that a question does not have is NaN in all its epochs. Or labels, except
            for "squared": one string or whole number per question and epoch, rows of any length, None or NaN
            for a missing epoch. Strings are compared as everywhere: white space around them does not count,
            and a single letter is its capital. A question has as many classes as the one with the most labels
            (that matters to the smoothing of "kl" alone).
        target: Index of the right class, shape (questions,); for "squared" points of shape
            (questions, dims) or broadcastable to it; with labels the right label of each question.
        loss: "kl", "brier", "zero_one" or "squared".
        estimator: "plugin" is the paper's and depends on the number of epochs R; "unbiased" ("brier",
            "squared") multiplies the variance by R/(R - 1) and takes it from the error, exact for
            independent epochs; "jackknife" ("kl") removes the leading bias in 1/R.
        smoothing: δ of "kl", f ← (f + δ)/(1 + Cδ) before anything else.

    Returns:
        Three arrays of shape (questions,); NaN where undefined (no epoch; one epoch for the two terms).

    Raises:
        ValueError: If an argument is malformed; it names the argument and the first offending question.
            "kl" has no exact unbiased estimator and "zero_one" has the plug-in only.

    References:
        Hägele et al. (2026), eq. 1, 4, 5 and App. A, B, https://arxiv.org/abs/2601.23045;
        Domingos (2000) for the zero-one loss.

    Examples:
        The first question is wrong in one of three epochs, and the second, which lacks an epoch, never. An epoch
        that is wrong has a squared distance of 2 from the right answer.

        >>> from hotmess_inspect import decompose
        >>> found = decompose([["A", "B", "A"], ["C", "C", None]], ["A", "C"])
        >>> found.error.round(3).tolist()
        [0.667, 0.0]
        >>> found.variance.round(3).tolist()
        [0.667, 0.0]
        >>> round(found.incoherence, 3)  # all errors come from variance
        1.0
    """
    check_estimator(loss, estimator)
    if loss != "squared" and are_labels(predictions):
        predictions, target = one_hot(predictions, target)
    if estimator == "jackknife":
        return jackknife_kl(predictions, target, smoothing=smoothing)
    sums = SufficientStatistics.from_predictions(predictions, target, losses=(loss,), smoothing=smoothing)
    return sums.decomposition(loss, "unbiased" if estimator == "unbiased" else "plugin")
