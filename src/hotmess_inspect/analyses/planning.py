r"""How wide an interval a number of questions and epochs buys, from the epochs of a pilot.

Every quantity here is, up to terms of order 1/questions, a mean over questions of a U-statistic of degree two: the mean
over pairs of epochs of a kernel :math:`h(a, b)`, centred so that its mean over questions is 0. With :math:`R` epochs

.. math:: E[U_R^2] = \frac{(R-2)(R-3) M_0 + 4 (R-2) M_1 + 2 M_2}{R (R-1)}

where :math:`M_2, M_1, M_0` are the means of products of two kernels whose pairs share two, one or no epoch. The pilot gives
all three without bias where its questions have four epochs, so that the variance for *any* number of epochs follows without
a model of the answers. The standard error over :math:`N` questions is :math:`\sqrt{E[U_R^2] / N}`. Written as

.. math:: E[U_R^2] = M_0 + \frac{4 (R-2) (M_1 - M_0) + 2 (M_2 - M_0)}{R (R-1)}

it is what differs between questions and what more epochs take away. No part is negative in truth, and an estimate that is counts
as 0, the rest being scaled to the pilot's own variance: from few questions a negative :math:`M_0` would promise an interval
without width.

Kernels: error ``(e_a + e_b) / 2``; variance ``|f_a - f_b|² / 2``; squared bias is their difference; incoherence θ has the
influence ``(variance - θ error) / mean error``; accuracy ``(c_a + c_b) / 2``.

References:
    Hoeffding (1948), A class of statistics with asymptotically normal distribution; Cochran (1977), Sampling
    Techniques, ch. 6 (ratios).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.inference.beta_binomial import all_right, count_table, fit_beta_binomial

FloatArray: TypeAlias = NDArray[np.float64]
Quantity: TypeAlias = Literal["incoherence", "variance", "error", "bias_squared", "accuracy"]
QUANTITIES: tuple[str, ...] = get_args(Quantity)

LEAST_EPOCHS = 4
"""From so many epochs per question the pilot gives all three moments without a model."""

_CHUNK = 1 << 21


class Moments:
    """Variance of a question's value, as a part between questions and a part that epochs take away."""

    if TYPE_CHECKING:

        @property
        def shared_none(self) -> float:
            """Variance between questions, which no number of epochs takes away; below 0 where it is estimated so."""

        def within(self, epochs: int) -> float:
            """The part of `variance` that more epochs take away."""

    def variance(self, epochs: int) -> float:
        """Variance of one question's value with so many epochs, over questions and epochs together."""
        return max(self.shared_none, 0.0) + self.within(epochs)

    def standard_error(self, questions: int, epochs: int) -> float:
        """Standard error of the mean over so many questions with so many epochs each."""
        return math.sqrt(self.variance(epochs) / questions)


@dataclass(frozen=True)
class PairMoments(Moments):
    """Means over questions of products of two centred kernels.

    Attributes:
        shared_both: :math:`M_2`, the mean of h².
        shared_one: :math:`M_1`, the mean of h(a, b) h(a, c).
        shared_none: :math:`M_0`, the mean of h(a, b) h(c, d): the variance between questions.
        questions: Questions that the moments rest on.
    """

    shared_both: float
    shared_one: float
    shared_none: float
    questions: int

    def within(self, epochs: int) -> float:
        """The part of `variance` that more epochs, from 2, take away."""
        if epochs < 2:
            raise ValueError(f"epochs={epochs!r} must be at least 2")
        one, both = (max(m - self.shared_none, 0.0) for m in (self.shared_one, self.shared_both))
        return (4 * (epochs - 2) * one + 2 * both) / (epochs * (epochs - 1))

    def standard_error(self, questions: int, epochs: int) -> float:
        """Standard error of the quantity over so many questions, from 2, with so many epochs each."""
        if questions < 2:
            raise ValueError(f"questions={questions!r} must be at least 2")
        return super().standard_error(questions, epochs)


@dataclass(frozen=True)
class PassMoments(Moments):
    r"""Moments of pass^k, a U-statistic of degree k: :math:`E[p^t]` over questions for t from k to 2k.

    With R epochs of which two sets of k share j, the mean square of C(c, k)/C(R, k) is
    :math:`\sum_j \binom kj \binom{R-k}{k-j} / \binom Rk \; E[p^{2k-j}]`.

    Attributes:
        powers: :math:`E[p^k], …, E[p^{2k}]`.
        questions: Questions that they rest on.
    """

    powers: tuple[float, ...]
    questions: int

    @property
    def shared_none(self) -> float:
        """Variance between questions, which no number of epochs takes away."""
        return self._scale * (self.powers[-1] - self.powers[0] ** 2)

    @property
    def _scale(self) -> float:
        return self.questions / (self.questions - 1) if self.questions > 1 else 1.0

    def within(self, epochs: int) -> float:
        """The part of `variance` that more epochs take away; NaN with fewer than k."""
        k = len(self.powers) - 1
        if epochs < k:
            return math.nan
        ways = [math.comb(k, j) * math.comb(epochs - k, k - j) for j in range(k + 1)]
        square = sum(w * p for w, p in zip(ways, self.powers[::-1], strict=True)) / math.comb(epochs, k)
        return max(self._scale * (square - self.powers[-1]), 0.0)


@dataclass(frozen=True)
class DifferenceMoments(Moments):
    """Moments of a paired difference of two models: both add, less twice their covariance over questions.

    Attributes:
        first: One model's.
        second: The other's.
        together: Covariance of the questions' values between the models, which sampling within a question does not touch.
        questions: Questions of both.
    """

    first: Moments
    second: Moments
    together: float
    questions: int

    @property
    def shared_none(self) -> float:
        """Variance between questions."""
        return self.first.shared_none + self.second.shared_none - 2 * self.together

    def within(self, epochs: int) -> float:
        """The part of `variance` that more epochs of each model take away."""
        return self.first.within(epochs) + self.second.within(epochs)


def pass_moments(right: ArrayLike, epochs: ArrayLike, k: int) -> PassMoments:
    """Moments of pass^k: without bias where all questions have 2k epochs and no variance is negative, else of a beta-binomial fit.

    Args:
        right: Right epochs of each question, shape (questions,).
        epochs: Epochs, shape (questions,).
        k: Epochs that all have to be right.

    Raises:
        ValueError: If k is below 1, or no question has two epochs.
    """
    c, n = (np.asarray(values, dtype=np.int64) for values in (right, epochs))
    c, n = c[n >= 2], n[n >= 2]
    if k < 1 or not len(n):
        raise ValueError(f"pass^{k} needs k of 1 or more and a question with two epochs")
    steps = range(k, 2 * k + 1)
    powers: list[float] = []
    if int(n.min()) >= 2 * k:
        powers = [
            float(
                np.mean(
                    [math.comb(a, t) / math.comb(b, t) for a, b in zip(c.tolist(), n.tolist(), strict=True)]
                )
            )
            for t in steps
        ]
    # Estimates of few questions may be powers of no distribution at all: no variance between questions is negative.
    if not powers or powers[-1] < powers[0] ** 2:
        powers = [float(all_right(fit_beta_binomial(count_table(c, n).sum(axis=0)), t)) for t in steps]
    return PassMoments(tuple(powers), len(n))


def pair_moments(kernel_sums: PairSums) -> PairMoments:
    """Unbiased moments from the sums of a pilot, a mean over the questions that have enough epochs.

    Args:
        kernel_sums: What :func:`pair_sums` gives.

    Raises:
        ValueError: If no question has four epochs.
    """
    s = kernel_sums
    r = s.epochs
    enough = r >= LEAST_EPOCHS
    if not enough.any():
        raise ValueError(
            f"no question of the pilot has {LEAST_EPOCHS} epochs, from which alone other numbers of epochs follow"
        )
    r, square, rows, total = (v[enough].astype(float) for v in (r, s.square, s.row_square, s.total))
    one = rows - square
    none = total**2 - 4 * one - 2 * square
    n = int(enough.sum())
    # The kernel was centred on the pilot's own mean, which takes one degree of freedom.
    correction = n / max(n - 1, 1)
    return _possible(
        PairMoments(
            shared_both=float(np.mean(square / (r * (r - 1)))) * correction,
            shared_one=float(np.mean(one / (r * (r - 1) * (r - 2)))) * correction,
            shared_none=float(np.mean(none / (r * (r - 1) * (r - 2) * (r - 3)))) * correction,
            questions=n,
        ),
        float(np.mean(np.square(total / (r * (r - 1))))) * correction,
        round(float(np.mean(r))),
    )


def _possible(moments: PairMoments, seen: float, epochs: int) -> PairMoments:
    """The moments themselves, or where a part is negative, 0 for it and the others scaled to the pilot's own variance.

    Args:
        moments: Unbiased estimates.
        seen: Mean square of the questions' values in the pilot.
        epochs: Epochs of the pilot.
    """
    none = max(moments.shared_none, 0.0)
    one, both = (max(m - moments.shared_none, 0.0) for m in (moments.shared_one, moments.shared_both))
    kept = PairMoments(none + both, none + one, none, moments.questions)
    if kept == moments or not kept.variance(epochs) > 0:
        return moments
    scale = seen / kept.variance(epochs)
    return PairMoments(
        kept.shared_both * scale, kept.shared_one * scale, kept.shared_none * scale, kept.questions
    )


@dataclass(frozen=True, eq=False)
class PairSums:
    """Sums over ordered pairs of epochs of one question each, all of shape (questions,).

    Attributes:
        total: Σ h(a, b) over a ≠ b.
        row_square: Σ_a (Σ_b h(a, b))².
        square: Σ h(a, b)² over a ≠ b.
        epochs: Epochs of the question.
    """

    total: FloatArray
    row_square: FloatArray
    square: FloatArray
    epochs: NDArray[np.int64]

    @property
    def value(self) -> FloatArray:
        """The U-statistic of each question; NaN with fewer than two epochs."""
        pairs = self.epochs * (self.epochs - 1)
        return self.total / np.where(pairs > 0, pairs, np.nan)


def pair_sums(
    predictions: ArrayLike,
    target: ArrayLike,
    quantity: Quantity,
    *,
    loss: Literal["brier", "squared"],
    correct: ArrayLike | None = None,
) -> PairSums:
    """Sums of the centred kernel of a quantity over the pairs of epochs of every question.

    Args:
        predictions: Points or distributions, shape (questions, epochs, dims); NaN rows are missing epochs, NaN columns
            tests that a question does not have.
        target: The wanted point of each question, shape (questions, dims): one-hot for classes, ones for unit tests.
        quantity: What an interval is planned for.
        loss: "brier" adds over classes, "squared" takes the mean over the dims that a question has.
        correct: For "accuracy", how right each epoch is, shape (questions, epochs).

    Returns:
        The sums that :func:`pair_moments` takes.

    Raises:
        ValueError: If the quantity is unknown, or "accuracy" comes without `correct`.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity={quantity!r} is not one of {', '.join(QUANTITIES)}")
    if quantity == "accuracy":
        if correct is None:
            raise ValueError("quantity='accuracy' needs correct, how right each epoch is")
        return _linear_sums(np.asarray(correct, dtype=np.float64))
    away, there = deviations(predictions, target, loss)
    return _quadratic_sums(away, there, quantity)


def deviations(
    predictions: ArrayLike, target: ArrayLike, loss: Literal["brier", "squared"]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Deviations from the target whose squares add up to an epoch's error, and which epochs there are.

    Args:
        predictions: As in `pair_sums`, like the other two.
        target: The wanted points.
        loss: "brier" or "squared".

    Returns:
        Shape (questions, epochs, dims), 0 where missing, and shape (questions, epochs).
    """
    points = np.asarray(predictions, dtype=np.float64)
    goal = np.asarray(target, dtype=np.float64)
    there = np.asarray(~np.isnan(points).all(axis=2))
    exists = np.asarray(~np.isnan(points).all(axis=1))
    away = np.where(there[:, :, None] & exists[:, None, :], points - goal[:, None, :], 0.0)
    if loss == "squared":
        away /= np.sqrt(np.maximum(exists.sum(axis=1), 1))[:, None, None]
    return away, there


def _linear_sums(values: FloatArray) -> PairSums:
    there = ~np.isnan(values)
    counts = there.sum(axis=1)
    means = np.nansum(values, axis=1) / np.where(counts > 0, counts, np.nan)
    centred = np.where(there, values - np.nanmean(means[counts >= 2]), 0.0)
    r = counts.astype(float)
    sum_, squares = centred.sum(axis=1), (centred**2).sum(axis=1)
    # h(a, b) = (x_a + x_b) / 2: a row's sum is ((r - 2) x_a + Σ x) / 2.
    rows = (((r[:, None] - 2) * centred + sum_[:, None]) / 2) ** 2
    return PairSums(
        total=(r - 1) * sum_,
        row_square=np.where(there, rows, 0.0).sum(axis=1),
        square=((r - 2) * squares + sum_**2) / 2,
        epochs=counts.astype(np.int64),
    )


def _quadratic_sums(away: FloatArray, there: NDArray[np.bool_], quantity: Quantity) -> PairSums:
    """Kernels of inner products of deviations: bias² is d_a·d_b, error (|d_a|² + |d_b|²) / 2, variance the difference."""
    counts = there.sum(axis=1).astype(np.int64)
    norms = (away**2).sum(axis=2)
    pairs = np.where(counts >= 2, counts * (counts - 1), np.nan)
    sums = away.sum(axis=1)
    bias = ((sums**2).sum(axis=1) - norms.sum(axis=1)) / pairs
    error = norms.sum(axis=1) / np.where(counts >= 2, counts, np.nan)
    known = bool((counts >= 2).any())
    mean_error, mean_bias = (float(np.nanmean(values)) if known else math.nan for values in (error, bias))
    x, y, centre, unit = kernel_weights(quantity, mean_error, mean_bias)
    epochs = away.shape[1]
    total, rows, square = (np.zeros(len(away)) for _ in range(3))
    step = max(1, _CHUNK // max(epochs * epochs, 1))
    for start in range(0, len(away), step):
        part = slice(start, start + step)
        d, n, on = away[part], norms[part], there[part]
        kernel = x * (n[:, :, None] + n[:, None, :]) / 2 + y * np.einsum("qac,qbc->qab", d, d) - centre
        both = on[:, :, None] & on[:, None, :] & ~np.eye(epochs, dtype=bool)
        kernel = np.where(both, kernel / unit, 0.0)
        total[part] = kernel.sum(axis=(1, 2))
        rows[part] = (kernel.sum(axis=2) ** 2).sum(axis=1)
        square[part] = (kernel**2).sum(axis=(1, 2))
    return PairSums(total, rows, square, counts)


def kernel_weights(
    quantity: Quantity, error: float, bias_squared: float
) -> tuple[float, float, float, float]:
    """x, y, centre and unit of a quantity's kernel (x · error kernel + y · bias kernel - centre) / unit.

    Args:
        quantity: Any but "accuracy".
        error: Mean error over questions.
        bias_squared: Mean squared bias over questions.
    """
    theta = (error - bias_squared) / error if error > 0 else math.nan
    return {
        "error": (1.0, 0.0, error, 1.0),
        "bias_squared": (0.0, 1.0, bias_squared, 1.0),
        "variance": (1.0, -1.0, error - bias_squared, 1.0),
        "incoherence": (1.0 - theta, -1.0, 0.0, error),
    }[quantity]


def pass_fail_moments(accuracy: float, incoherence: float, quantity: Quantity) -> tuple[PairMoments, float]:
    """Moments of pass/fail outcomes whose pass rates follow a beta distribution, from two numbers.

    For pass/fail outcomes incoherence = E[p (1 - p)] / E[1 - p], which fixes the second moment of the pass rates and with
    the accuracy the distribution. Expectations of products of kernels are polynomials in p, taken exactly.

    Args:
        accuracy: Mean pass rate, in (0, 1).
        incoherence: In (0, accuracy): at 0 every question always or never passes, at the accuracy all pass equally often.
        quantity: What the moments are for.

    Returns:
        The moments, and the effective share of questions, (E e)² / E e² of a question's failure rate for "incoherence", else 1.

    Raises:
        ValueError: If the numbers are outside their ranges.
    """
    if not 0 < accuracy < 1:
        raise ValueError(f"accuracy={accuracy!r} is outside (0, 1)")
    if not 0 < incoherence < accuracy:
        raise ValueError(
            f"incoherence={incoherence!r} is outside (0, {accuracy:g}): for pass/fail outcomes it cannot exceed the accuracy"
        )
    size = beta_size(accuracy, incoherence)
    a, b = accuracy * size, (1 - accuracy) * size
    variance, error = incoherence * (1 - accuracy), 1 - accuracy

    def kernel(x: int, y: int) -> float:
        spread, wrong = (x - y) ** 2 / 2, 1 - (x + y) / 2
        return {
            "accuracy": (x + y) / 2 - accuracy,
            "error": wrong - error,
            "variance": spread - variance,
            "bias_squared": wrong - spread - (error - variance),
            "incoherence": (spread - incoherence * wrong) / error,
        }[quantity]

    both = one = none = 0.0
    for outcomes in np.ndindex(2, 2, 2, 2):
        w, x, y, z = outcomes
        chance = beta_moment(a, b, sum(outcomes), 4 - sum(outcomes))
        both += chance * kernel(w, x) ** 2
        one += chance * kernel(w, x) * kernel(w, y)
        none += chance * kernel(w, x) * kernel(y, z)
    share = error**2 / beta_moment(a, b, 0, 2) if quantity == "incoherence" else 1.0
    return PairMoments(both, one, none, 0), share


def beta_size(accuracy: float, incoherence: float) -> float:
    """Sum a + b of the beta distribution of pass rates with this accuracy and incoherence."""
    second = accuracy - incoherence * (1 - accuracy)
    return (accuracy - second) / (second - accuracy**2)


def beta_moment(a: float, b: float, passes: int, failures: int) -> float:
    """E[p^passes (1 - p)^failures] for p ~ Beta(a, b)."""
    rising = 1.0
    for i in range(passes):
        rising *= a + i
    for i in range(failures):
        rising *= b + i
    for i in range(passes + failures):
        rising /= a + b + i
    return rising
