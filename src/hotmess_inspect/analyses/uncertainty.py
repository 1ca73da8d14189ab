"""What each epoch is unsure of, beside what epochs disagree on, where epochs state distributions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.analyses._arrays import as_predictions, check_level, present_epochs
from hotmess_inspect.analyses.summaries import Estimate, question_mean
from hotmess_inspect.arrays import FloatArray, IntArray, Seed, cluster_numbers, seeded
from hotmess_inspect.decomposition.nested import count_shared
from hotmess_inspect.inference.contexts import without_each_context

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class UncertaintySplit:
    """Uncertainty of a question's mean distribution: total = within + between, for each question and in the mean.

    Attributes:
        total: That of the mean distribution, without its bias at few epochs (jackknife).
        within: Mean over epochs of that of a single epoch, the inner uncertainty.
        between: Their difference, what epochs disagree on. Of single questions it can be slightly negative, and
            must stay so, or means become biased.
        by_question: Total, within and between per question, shape (questions, 3); NaN with fewer than two epochs
            (contexts, where they are given).
        questions: Questions that the means are about.
    """

    total: Estimate
    within: Estimate
    between: Estimate
    by_question: FloatArray
    questions: int


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """The split in two measures.

    Attributes:
        entropy: In nats. H(f̄) = mean H(f_r) + mutual information of answer and epoch.
        sampling: In squared probability. A letter sampled from the distribution of each epoch has the variance
            1 - Σ f̄² (two epochs sample different letters), which is 1 - Σ f_r² within epochs plus the Brier
            variance between them.
    """

    entropy: UncertaintySplit
    sampling: UncertaintySplit


def inner_and_outer(
    predictions: ArrayLike,
    contexts: ArrayLike | None = None,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: ArrayLike | None = None,
    rng: Seed = None,
) -> Uncertainty:
    """Part the uncertainty of the mean distribution into that of single epochs and that between them.

    Stating (.34, .33, .33) every time and answering one of three at random are alike in the mean distribution; all
    of the first is within epochs, all of the second between them.

    H(f̄) of few epochs is too small, and so is the mutual information. The jackknife, R θ - (R - 1)/R Σ θ₋ᵣ, removes
    the part of order 1/R, and all of the bias of 1 - Σ f̄². Epochs that share a few-shot context are left out
    together; of contexts of unequal size by the weights of Busing et al.

    Args:
        predictions: Distributions, shape (questions, epochs, classes), NaN rows for missing epochs.
        contexts: Number of each epoch's context, shape (questions, epochs), where epochs of one context depend on
            each other; None: all epochs are independent. Where questions share contexts, intervals speak of other
            contexts, too.
        level: Coverage of the intervals.
        resamples: Bootstrap replicates.
        clusters: Number of each question's cluster, shape (questions,); None: questions are independent.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        Both splits, means over the questions with two epochs (contexts), with intervals over questions or clusters.

    Raises:
        ValueError: If the axes are others or a row is no distribution.

    References:
        Depeweg et al. (2018), Decomposition of uncertainty, https://arxiv.org/abs/1710.07283;
        Busing, Meijer and van der Leeden (1999), Delete-m jackknife for unequal m, doi:10.1023/A:1008800423698

    Example:
        >>> found = inner_and_outer([[[1, 0], [0, 1]], [[0.5, 0.5], [0.5, 0.5]]])
        >>> found.sampling.by_question.tolist()
        [[1.0, 0.0, 1.0], [0.5, 0.5, 0.0]]
    """
    check_level(level, resamples)
    values = as_predictions(predictions)
    present = present_epochs(values)
    filled = np.where(present[:, :, None], values, 0.0)
    units = _units(present, contexts)
    shared = contexts is not None and bool(count_shared(present, units))
    numbers = None if clusters is None else cluster_numbers(np.asarray(clusters), len(values))
    rng = seeded(rng)

    def split(measure: Callable[[FloatArray], FloatArray], largest: float) -> UncertaintySplit:
        by_question = _by_question(measure, filled, present, units)
        without: Sequence[FloatArray | None] | FloatArray = [None] * 3
        if shared:
            without = without_each_context(
                lambda kept: _by_question(measure, filled * kept[:, :, None], present & kept, units),
                units,
                present,
            ).transpose(2, 0, 1)
        total, within, between = (
            question_mean(column, (0.0, largest), level, resamples, rng, numbers, left)
            for column, left in zip(by_question.T, without, strict=True)
        )
        return UncertaintySplit(total, within, between, by_question, total.questions)

    return Uncertainty(split(_entropy, float(np.log(max(values.shape[2], 1)))), split(_gini, 1.0))


def _entropy(probabilities: FloatArray) -> FloatArray:
    """-Σ p ln p over the last axis."""
    logs = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    entropy: FloatArray = 0.0 - (probabilities * logs).sum(axis=-1)
    return entropy


def _gini(probabilities: FloatArray) -> FloatArray:
    """1 - Σ p² over the last axis."""
    gini: FloatArray = 1.0 - np.square(probabilities).sum(axis=-1)
    return gini


def _units(present: np.ndarray, contexts: ArrayLike | None) -> IntArray:
    """Number of the independent unit that each epoch belongs to, within its question."""
    if contexts is None:
        return np.broadcast_to(np.arange(present.shape[1]), present.shape).astype(np.int64)
    given = np.asarray(contexts)
    if given.shape != present.shape:
        raise ValueError(
            f"contexts must have the axes (questions, epochs) {present.shape}; got {given.shape}"
        )
    return np.unique(given, return_inverse=True)[1].reshape(given.shape).astype(np.int64)


def _by_question(
    measure: Callable[[FloatArray], FloatArray], filled: FloatArray, present: np.ndarray, units: IntArray
) -> FloatArray:
    questions, _, classes = filled.shape
    width = int(units.max(initial=-1)) + 1
    sums, sizes = np.zeros((questions, width, classes)), np.zeros((questions, width))
    rows = np.broadcast_to(np.arange(questions)[:, None], units.shape)
    np.add.at(sums, (rows, units), filled)
    np.add.at(sizes, (rows, units), present.astype(np.float64))
    epochs, count = sizes.sum(axis=1), (sizes > 0).sum(axis=1)
    total = np.sort(sums, axis=1).sum(axis=1)
    known = np.where(count > 1, epochs, np.nan)
    rest = np.where(sizes > 0, epochs[:, None] - sizes, np.nan)
    left = np.maximum(total[:, None] - sums, 0.0) / np.where(rest > 0, rest, np.nan)[:, :, None]
    weighted = np.where(sizes > 0, (1 - sizes / np.maximum(epochs, 1)[:, None]) * measure(left), 0.0)
    whole = count * measure(total / known[:, None]) - np.sort(weighted, axis=1).sum(axis=1)
    single = np.where(present, measure(filled), 0.0)
    within = np.sort(single, axis=1).sum(axis=1) / known
    between = whole - within
    # Rounding must not make epochs that all state the same disagree.
    between = np.where(np.abs(between) < _ROUNDING, 0.0, between)
    return np.column_stack([within + between, within, between])
