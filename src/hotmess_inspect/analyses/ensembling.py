"""Averaging several answers into one: variance falls as one over their number, bias stays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.analyses._arrays import (
    as_predictions,
    check_level,
    content_order,
    epoch_accuracy,
    line_up,
    percentile_interval,
    present_epochs,
)
from hotmess_inspect.arrays import NAN, FloatArray, IntArray, Seed, cluster_numbers, ordered_mean, seeded
from hotmess_inspect.decomposition import Decomposition, decompose
from hotmess_inspect.inference.intervals import UNDEFINED, Interval
from hotmess_inspect.inference.power_laws import PowerLaw, fit_power_law, power_law_exponents
from hotmess_inspect.inference.resampling import canonical_order, cluster_sums, resampled_sums
from hotmess_inspect.schema import Estimator, Loss
from hotmess_inspect.words import counted

DEFAULT_ENSEMBLES = 10


@dataclass(frozen=True)
class EnsemblePoint:
    """Ensembles of one size.

    Attributes:
        size: Epochs averaged into one prediction.
        accuracy: Mean share of ensembles whose most probable class is the right one; NaN for points, and
            in closed form, which does not know it.
        error: Mean error of the ensembles, in the unit of the loss.
        bias_squared: Mean squared bias.
        variance: Mean variance between ensembles.
        incoherence: Σ variance / Σ error; NaN where there is no error.
    """

    size: int
    accuracy: float
    error: float
    bias_squared: float
    variance: float
    incoherence: float


@dataclass(frozen=True)
class EnsemblingCurve:
    """Error, bias² and variance against the size of the ensembles.

    Attributes:
        points: One per size, in ascending order.
        fit: Power law of the variance in the size; averages of independent epochs give -1.
        exponent_ci: Interval of its exponent over resampled questions.
        ensembles: Disjoint ensembles per question, the same number for every size.
        questions: Questions with epochs enough for the largest size.
        too_few_epochs_questions: Questions left out for having fewer.
    """

    points: tuple[EnsemblePoint, ...]
    fit: PowerLaw
    exponent_ci: Interval
    ensembles: int
    questions: int
    too_few_epochs_questions: int

    @property
    def exponent(self) -> float:
        """Exponent of the variance in the size of the ensembles."""
        return self.fit.exponent


def ensembling_curve(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    sizes: Sequence[int] | None = None,
    ensembles: int = DEFAULT_ENSEMBLES,
    shuffles: int = 1,
    loss: Loss = "brier",
    estimator: Estimator = "unbiased",
    level: float = 0.95,
    resamples: int = 2000,
    clusters: ArrayLike | None = None,
    rng: Seed = None,
) -> EnsemblingCurve:
    """Average the predictions of E epochs, for several E, and decompose what the averages do.

    The number of ensembles is fixed: with all that fit, their number would fall with E, and a plug-in
    variance with it. Members are drawn without replacement, so ensembles of a size share no epoch.
    Predictions are averaged arithmetically. For "brier" and "squared" the bias stays and the variance
    falls as 1/E (`ensemble_terms` is the closed form); for "kl" the bias falls too, since an average is
    less certain than its members.

    Args:
        predictions: Shape (questions, epochs, classes), NaN rows for missing epochs.
        target: Right class, shape (questions,), or points for "squared".
        sizes: Ensemble sizes E; None takes 1 … epochs // ensembles. A question needs
            max(sizes) · ensembles epochs; ensembles of size E use E · ensembles of them, drawn at random.
        ensembles: Ensembles per question, at least 2.
        shuffles: Random partitions to average over, which takes noise out of the curve.
        loss: As in `decompose`.
        estimator: As in `decompose`.
        level: Coverage of the interval.
        resamples: Bootstrap replicates.
        clusters: Label of each question's cluster, shape (questions,), resampled as a whole.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        The curve and the exponent of its variance.

    Raises:
        ValueError: If an argument is malformed or out of range.

    References:
        Hägele et al. (2026), section 3, https://arxiv.org/abs/2601.23045
    """
    check_level(level, resamples)
    values = as_predictions(predictions)
    sizes = _check_sizes(sizes, ensembles, shuffles, values.shape[1])
    # One pass over everything, so that an error names the caller's question.
    decompose(values, target, loss=loss, estimator=estimator)
    present = present_epochs(values)
    enough = present.sum(axis=1) >= max(sizes) * ensembles
    goal = np.asarray(target)
    if loss == "squared":
        goal = np.broadcast_to(goal if goal.ndim != 1 else goal[:, None], (len(values), values.shape[2]))
    known = np.where(present[enough], 0.0, np.nan)
    lined_up, *_ = line_up(values[enough], known, known)
    order = content_order(lined_up, goal[enough])
    lined_up, goal = lined_up[order], goal[enough][order]
    groups = None if clusters is None else cluster_numbers(np.asarray(clusters), len(values))[enough][order]
    rng = seeded(rng)
    terms, accuracies = _shuffled_terms(lined_up, goal, sizes, ensembles, shuffles, loss, estimator, rng)
    points = tuple(map(_point, sizes, terms, accuracies))
    fit = fit_power_law(sizes, [point.variance for point in points])
    return EnsemblingCurve(
        points=points,
        fit=fit,
        exponent_ci=UNDEFINED if fit.note else _exponent_ci(sizes, terms, groups, level, resamples, rng),
        ensembles=ensembles,
        questions=len(lined_up),
        too_few_epochs_questions=int((present.any(axis=1) & ~enough).sum()),
    )


def ensemble_terms(decomposition: Decomposition, sizes: Sequence[int]) -> tuple[EnsemblePoint, ...]:
    """The curve of "brier" or "squared" in closed form: bias² + variance/E.

    With the unbiased terms of R epochs this is, for each E ≤ R, exactly the mean over all subsets of E
    epochs of the error of their average; beyond R it is the estimate for more epochs than there are.

    Args:
        decomposition: Unbiased decomposition of single epochs.
        sizes: Ensemble sizes E, at least 1.

    Returns:
        Means over the questions with at least two epochs, one point per size.

    Raises:
        ValueError: If the decomposition is of another loss, or not unbiased, or a size is below 1.
    """
    if decomposition.loss not in ("brier", "squared") or decomposition.estimator != "unbiased":
        raise ValueError(
            f"decomposition is {decomposition.loss!r}, {decomposition.estimator!r}; the closed form needs "
            "'brier' or 'squared' with 'unbiased'"
        )
    bias_squared, variance = decomposition.mean("bias_squared"), decomposition.mean("variance")
    points = []
    for size in sizes:
        if size < 1:
            raise ValueError(f"sizes holds {size!r}; an ensemble has at least 1 epoch")
        error = bias_squared + variance / size
        incoherence = NAN if decomposition.incoherence_note else variance / size / error
        points.append(EnsemblePoint(size, NAN, error, bias_squared, variance / size, incoherence))
    return tuple(points)


def _check_sizes(sizes: Sequence[int] | None, ensembles: int, shuffles: int, epochs: int) -> list[int]:
    if ensembles < 2:
        raise ValueError(f"ensembles={ensembles!r} must be at least 2: one has no variance")
    if shuffles < 1:
        raise ValueError(f"shuffles={shuffles!r} must be at least 1")
    chosen = sorted(set(range(1, epochs // ensembles + 1) if sizes is None else sizes))
    if not chosen:
        raise ValueError(
            f"{counted(epochs, 'epoch', 'does', 'do')} not make {ensembles} disjoint ensembles, not even of one epoch"
        )
    if chosen[0] < 1 or chosen[-1] * ensembles > epochs:
        raise ValueError(
            f"sizes={chosen!r}: permitted are 1 to {epochs // ensembles}, since {ensembles} disjoint "
            f"ensembles share {counted(epochs, 'epoch')}"
        )
    return chosen


def _shuffled_terms(
    predictions: FloatArray,
    target: np.ndarray,
    sizes: list[int],
    ensembles: int,
    shuffles: int,
    loss: Loss,
    estimator: Estimator,
    rng: np.random.Generator,
) -> tuple[list[Decomposition], list[float]]:
    """Decomposition and accuracy per size, averaged over the shuffles."""
    questions, epochs, classes = predictions.shape
    rows = np.arange(questions)[:, None]
    present = present_epochs(predictions)
    found: list[list[Decomposition]] = [[] for _ in sizes]
    right: list[list[float]] = [[] for _ in sizes]
    for _ in range(shuffles):
        order = np.argsort(np.where(present, rng.random((questions, epochs)), 2.0), axis=1)
        for place, size in enumerate(sizes):
            members = predictions[rows, order[:, : size * ensembles]]
            averages = members.reshape(questions, ensembles, size, classes).mean(axis=2)
            found[place].append(decompose(averages, target, loss=loss, estimator=estimator))
            right[place].append(ordered_mean(epoch_accuracy(averages, target, loss)))
    return [_averaged(parts) for parts in found], [float(np.mean(shares)) for shares in right]


def _averaged(parts: list[Decomposition]) -> Decomposition:
    error, bias_squared, variance = (
        np.mean([getattr(part, name) for part in parts], axis=0)
        for name in ("error", "bias_squared", "variance")
    )
    first = parts[0]
    return Decomposition(
        error, bias_squared, variance, first.epochs, first.loss, first.estimator, first.error_floor
    )


def _point(size: int, part: Decomposition, accuracy: float) -> EnsemblePoint:
    means = (part.mean("error"), part.mean("bias_squared"), part.mean("variance"))
    return EnsemblePoint(size, accuracy, *means, part.incoherence)


def _exponent_ci(
    sizes: list[int],
    terms: list[Decomposition],
    clusters: IntArray | None,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> Interval:
    variances = np.column_stack([part.variance for part in terms])
    variances = variances if clusters is None else cluster_sums(variances, clusters)
    if len(variances) < 2:
        return UNDEFINED
    sums = resampled_sums(variances[canonical_order(variances)], resamples=resamples, rng=rng)
    return percentile_interval(power_law_exponents(np.array(sizes), sums), level, len(variances))
