"""Null models of the incoherence: the values that the accuracy alone allows.

Incoherence depends on accuracy by construction. What is left to find is how the wrong answers are
spread: all on one distractor, or evenly over all of them.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._arrays import (
    as_predictions,
    check_level,
    line_up,
    present_epochs,
    take,
)
from hotmess_inspect.analyses.answers import NO_ANSWER, top_answers
from hotmess_inspect.analyses.summaries import Estimate, Share, question_mean, question_share
from hotmess_inspect.arrays import (
    NAN,
    BoolArray,
    FloatArray,
    IntArray,
    Seed,
    as_class_target,
    cluster_numbers,
    seeded,
)
from hotmess_inspect.decomposition import decompose
from hotmess_inspect.decomposition.sufficient import one_hot_counts
from hotmess_inspect.inference.intervals import UNDEFINED, Interval, ratio_intervals
from hotmess_inspect.words import counted

# Sums over some hundreds of epochs keep all but the last few of their sixteen digits.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class AccuracyMatchedRange:
    """Brier incoherence between the two ways of being wrong, at unchanged accuracy and error.

    Attributes:
        observed: Incoherence as measured.
        low: Incoherence if all wrong answers to a question fell on one distractor.
        high: Expected incoherence if every wrong answer fell on one of its question's distractors at
            random; NaN where the number of distractors is not known, as for open labels.
        excess: observed - low: the part that comes from not agreeing on a wrong answer.
        position: (observed - low)/(high - low): 0 all alike, 1 evenly spread; it can leave [0, 1] by
            chance. NaN where both ends are the same, as for two classes, and where `high` is.
        questions: Questions with at least two epochs, those that count.
        note: Why the incoherence is undefined, or an empty string.
        high_note: Why there is no upper end, or an empty string.
    """

    observed: Estimate
    low: Estimate
    high: Estimate
    excess: Estimate
    position: Estimate
    questions: int
    note: str
    high_note: str = ""


@dataclass(frozen=True, eq=False)
class Concentration:
    """Σ_c q_c² of the wrong answers, q their distribution over the distractors.

    1: always the same wrong answer. 1/(C - 1): evenly spread. Under "unbiased" it is the probability
    that two wrong answers to a question agree.

    Attributes:
        value: Mean over the questions that can tell.
        interval: Over resampled questions.
        even: 1/(C - 1), what even spread gives.
        per_question: Shape (questions,), NaN for questions that cannot tell.
        questions: Questions that can tell: one wrong answer for "plugin", two for "unbiased".
        too_few_wrong_questions: Questions with answers that cannot.
    """

    value: float
    interval: Interval
    even: float
    per_question: FloatArray
    questions: int
    too_few_wrong_questions: int


@dataclass(frozen=True)
class FailureShares:
    """How failures come about, over the questions with at least two epochs.

    An epoch without an answer is an epoch that was not answered right: it stays in the base of every share.

    Attributes:
        always_right: Share of questions answered right in every epoch: they add nothing to either sum.
        sometimes_right: Share answered right in some epochs, and in others wrong or not at all.
        always_wrong: Share never answered right.
        unanimous_failures: Share with the same wrong answer in every epoch: pure bias, no variance.
        modal_share: Mean share of epochs with the most frequent answer.
        single_epoch_questions: Questions left out for having one epoch.
        no_answer_epochs: Epochs without an answer.
    """

    always_right: Share
    sometimes_right: Share
    always_wrong: Share
    unanimous_failures: Share
    modal_share: Share
    single_epoch_questions: int
    no_answer_epochs: int


def accuracy_matched_range(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    class_counts: ArrayLike | None = None,
    estimator: Literal["plugin", "unbiased"] = "unbiased",
    level: float = 0.95,
    resamples: int = 2000,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    rng: Seed = None,
) -> AccuracyMatchedRange:
    """Rearrange the distractors of every epoch, and see how far the Brier incoherence can move.

    Renaming the wrong classes of an epoch leaves its right-class probability and its error as they are.
    Per question, with p the share of right letters and w = 1 - p, the variance lies between
    1 - p² - w² (all alike) and 1 - p² - w²/(C - 1) (evenly), C being the number of classes of this
    question, and the error 2w in both cases. For probability vectors the distractors of each epoch are sorted for the lower end, and permuted at
    random, in expectation, for the upper one.

    Args:
        predictions: Class probabilities, shape (questions, epochs, classes), NaN rows for missing epochs.
        target: Right class, shape (questions,).
        class_counts: Number of classes of each question, shape (questions,), 0 where it is not known, as
            for open labels: then there is no upper end. None: every question has all classes.
        estimator: "plugin" or "unbiased", of observed and both ends alike.
        level: Coverage of the intervals.
        resamples: Bootstrap replicates.
        clusters: Label of each question's cluster, shape (questions,), resampled as a whole.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        The range, the excess over its lower end and the position within it.

    Raises:
        ValueError: If an argument is malformed.
    """
    check_level(level, resamples)
    values = as_predictions(predictions)
    whole = decompose(values, target, loss="brier", estimator=estimator)
    ends = matched_variances(values, target, class_counts=class_counts, estimator=estimator)
    used = np.flatnonzero(whole.repeated)
    part, note = take(whole, used), whole.incoherence_note
    low, high = ends.low[used], ends.high[used]
    if note:
        nothing = Estimate(NAN, UNDEFINED)
        return AccuracyMatchedRange(nothing, nothing, nothing, nothing, nothing, len(used), note)
    unknown = int(np.isnan(high).sum())
    if unknown:
        # One question without an upper end leaves the sum without one.
        high = low
    above = excess_variance(part.variance, low)
    tops = np.column_stack([part.variance, low, high, above, above])
    bottoms = np.column_stack([part.error] * 4 + [high - low])
    intervals = ratio_intervals(
        tops,
        bottoms,
        level=level,
        resamples=resamples,
        clusters=None if clusters is None else cluster_numbers(clusters, len(values))[used],
        rng=rng,
    )
    # In ascending order: equal bits whatever the order of the questions.
    error, width, *sums = (
        float(np.sort(part).sum()) for part in (part.error, high - low, part.variance, low, high, above)
    )
    observed, lowest, highest, excess, position = (
        Estimate(top / bottom, Interval(*ends)) if bottom > 0 else Estimate(NAN, UNDEFINED)
        for top, bottom, ends in zip(
            [*sums, sums[-1]], [error] * 4 + [width], intervals.tolist(), strict=True
        )
    )
    reason = ""
    if unknown:
        highest = Estimate(NAN, UNDEFINED)
        reason = f"no upper end: the number of possible answers of {unknown} of {counted(len(used), 'question')} is not known"
    return AccuracyMatchedRange(observed, lowest, highest, excess, position, len(used), "", reason)


def wrong_answer_concentration(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    estimator: Literal["plugin", "unbiased"] = "unbiased",
    level: float = 0.95,
    resamples: int = 2000,
    rng: Seed = None,
) -> Concentration:
    """Do wrong answers agree with each other?

    With n_c wrong answers on class c and n in all, "plugin" is Σ(n_c/n)², which few answers push up;
    "unbiased" is Σ n_c(n_c - 1)/(n(n - 1)) and needs n ≥ 2.

    Args:
        predictions: Class probabilities, shape (questions, epochs, classes), of which the most probable
            class counts as the answer; NaN rows for missing epochs.
        target: Right class, shape (questions,).
        estimator: "plugin" or "unbiased".
        level: Coverage of the interval.
        resamples: Bootstrap replicates.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        The mean over questions, each of which weighs the same.

    Raises:
        ValueError: If an argument is malformed.
    """
    if estimator not in ("plugin", "unbiased"):
        raise ValueError(f"estimator={estimator!r} is not one of 'plugin', 'unbiased'")
    check_level(level, resamples)
    counts, gold, _ = _answer_counts(predictions, target)
    answered = counts.sum(axis=1) > 0
    wrong = np.where(gold, 0, counts).astype(np.float64)
    total = wrong.sum(axis=1)
    if estimator == "plugin":
        agreeing, pairs = np.square(wrong).sum(axis=1), np.square(total)
    else:
        agreeing, pairs = (wrong * (wrong - 1)).sum(axis=1), total * (total - 1)
    value = agreeing / np.where(pairs > 0, pairs, np.nan)
    mean = question_mean(value, (0.0, 1.0), level, resamples, seeded(rng))
    told = ~np.isnan(value)
    classes = counts.shape[1]
    return Concentration(
        value=mean.value,
        interval=mean.interval,
        even=1.0 / (classes - 1) if classes > 1 else NAN,
        per_question=value,
        questions=mean.questions,
        too_few_wrong_questions=int((answered & ~told).sum()),
    )


def failure_shares(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    rng: Seed = None,
) -> FailureShares:
    """How many questions fail always, sometimes, and by the same wrong answer in every epoch.

    Args:
        predictions: Class probabilities, shape (questions, epochs, classes), of which the most probable
            class counts as the answer; NaN rows for missing epochs.
        target: Right class, shape (questions,).
        level: Coverage of the intervals.
        resamples: Bootstrap replicates.
        clusters: Label of each question's cluster, shape (questions,), resampled as a whole.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        Shares of questions with intervals.

    Raises:
        ValueError: If an argument is malformed.
    """
    check_level(level, resamples)
    counts, gold, epochs = _answer_counts(predictions, target)
    repeated = epochs >= 2
    right = np.where(gold, counts, 0).sum(axis=1)
    most = counts.max(axis=1, initial=0)
    rng = seeded(rng)
    numbers = None if clusters is None else cluster_numbers(clusters, len(counts))

    def share(happens: BoolArray) -> Share:
        return question_share(happens, repeated, level, numbers)

    modal = np.where(repeated, most / np.maximum(epochs, 1), np.nan)

    return FailureShares(
        always_right=share(right == epochs),
        sometimes_right=share((right > 0) & (right < epochs)),
        always_wrong=share(right == 0),
        unanimous_failures=share((right == 0) & (most == epochs)),
        modal_share=question_mean(modal, (0.0, 1.0), level, resamples, rng, numbers),
        single_epoch_questions=int((epochs == 1).sum()),
        no_answer_epochs=int((epochs - counts.sum(axis=1)).sum()),
    )


class MatchedVariances(NamedTuple):
    """Brier variances at unchanged accuracy and error, each of shape (questions,); NaN with one epoch.

    Attributes:
        low: With all wrong answers to a question on one distractor.
        high: Expected with every wrong answer on one of the question's distractors at random; NaN where
            their number is not known.
    """

    low: FloatArray
    high: FloatArray


def matched_variances(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    class_counts: ArrayLike | None = None,
    estimator: Literal["plugin", "unbiased"] = "unbiased",
) -> MatchedVariances:
    """Brier variance of each question at both ends of the range of `accuracy_matched_range`.

    Args:
        predictions: Class probabilities, shape (questions, epochs, classes), NaN rows for missing epochs.
        target: Right class, shape (questions,).
        class_counts: Number of classes of each question, shape (questions,), 0 where it is not known;
            None: every question has all classes.
        estimator: "plugin" or "unbiased".

    Raises:
        ValueError: If a number of classes is 1, negative or above that of the predictions, or the shape is
            wrong.
    """
    values, gold_class = as_predictions(predictions), np.asarray(target)
    questions, epochs, classes = values.shape
    sizes = _class_sizes(class_counts, questions, classes)
    counts = one_hot_counts(values)
    if counts is not None:
        # Whole numbers, exact in any order: the general formulas below for answers of one class each.
        count = np.full(questions, float(epochs))
        gold = counts[np.arange(questions), gold_class]
        gold_pairs, alike = np.square(gold) - gold, np.square(count - gold) - (count - gold)
        return _between(count, count, gold_pairs, alike, alike / np.maximum(sizes - 1, 1), sizes, estimator)
    present = present_epochs(values)
    known = np.where(present, 0.0, np.nan)
    # One order of the epochs, so that sums over them have the same bits.
    ordered, *_ = line_up(values, known, known)
    ordered = np.nan_to_num(ordered)
    is_gold = np.arange(classes) == gold_class[:, None]
    gold = ordered[np.arange(questions), :, gold_class]
    wrong = ordered[np.broadcast_to(~is_gold[:, None], ordered.shape)].reshape(questions, epochs, classes - 1)
    count = present.sum(axis=1).astype(np.float64)
    squares = (np.square(gold) + np.square(wrong).sum(axis=2)).sum(axis=1)
    mass = wrong.sum(axis=2)
    # Σ over pairs of different epochs of their dot product: the right class, then the distractors.
    gold_pairs = np.square(gold.sum(axis=1)) - np.square(gold).sum(axis=1)
    alike = np.square(np.sort(wrong, axis=2).sum(axis=1)).sum(axis=1) - np.square(wrong).sum(axis=(1, 2))
    spread = (np.square(mass.sum(axis=1)) - np.square(mass).sum(axis=1)) / np.maximum(sizes - 1, 1)
    return _between(count, squares, gold_pairs, alike, spread, sizes, estimator)


def _between(
    count: FloatArray,
    squares: FloatArray,
    gold_pairs: FloatArray,
    alike: FloatArray,
    spread: FloatArray,
    sizes: FloatArray,
    estimator: Literal["plugin", "unbiased"],
) -> MatchedVariances:
    """Variances from sums over epochs and over ordered pairs of epochs, each of shape (questions,)."""
    repeated = np.where(count >= 2, count, np.nan)
    pairs = repeated * (repeated - 1)
    # With one distractor both ends are one, to the bit.
    spread = np.where(sizes == 2, alike, spread)
    factor = 1.0 if estimator == "unbiased" else (repeated - 1) / repeated
    low, high = (
        (squares / repeated - (gold_pairs + wrong_pairs) / pairs) * factor for wrong_pairs in (alike, spread)
    )
    return MatchedVariances(low, high)


def excess_variance(variance: FloatArray, low: FloatArray) -> FloatArray:
    """Variance above the lower end, 0 where the two differ by no more than their rounding.

    Args:
        variance: Brier variance per question, shape (questions,).
        low: Lower end of `matched_variances`, same shape.
    """
    above = variance - low
    return np.where(np.abs(above) <= _ROUNDING * (np.abs(variance) + np.abs(low)), 0.0, above)


def _class_sizes(class_counts: ArrayLike | None, questions: int, classes: int) -> FloatArray:
    """Number of classes per question, NaN where unknown; shape (questions,)."""
    if class_counts is None:
        return np.full(questions, float(classes))
    sizes = np.asarray(class_counts)
    if sizes.shape != (questions,):
        raise ValueError(f"class_counts has shape {sizes.shape}; there are {counted(questions, 'question')}")
    for place in np.flatnonzero((sizes < 0) | (sizes == 1) | (sizes > classes))[:1]:
        raise ValueError(
            f"class_counts of question {place} is {sizes[place]}; permitted: 2 to {classes}, or 0 for unknown"
        )
    return np.where(sizes > 0, sizes, np.nan).astype(np.float64)


def _answer_counts(predictions: ArrayLike, target: ArrayLike) -> tuple[IntArray, BoolArray, IntArray]:
    """Answers per class and which class is right, both (questions, classes); epochs, shape (questions,)."""
    values = as_predictions(predictions)
    # Checks shapes, sums and targets, and names the offending question.
    known = one_hot_counts(values)
    if known is not None:
        gold = np.arange(values.shape[2]) == as_class_target(target, *known.shape)[:, None]
        return known.astype(np.int64), gold, np.full(len(values), values.shape[1], dtype=np.int64)
    decompose(values, target, loss="zero_one", estimator="plugin")
    answers = top_answers(values)
    given = answers != NO_ANSWER
    counts = np.zeros((len(values), values.shape[2]), dtype=np.int64)
    rows = np.broadcast_to(np.arange(len(values))[:, None], answers.shape)
    np.add.at(counts, (rows[given], answers[given]), 1)
    gold = np.arange(values.shape[2]) == np.asarray(target)[:, None]
    return counts, gold, present_epochs(values).sum(axis=1).astype(np.int64)
