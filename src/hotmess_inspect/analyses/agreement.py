"""How far the answers to one question agree: what repeated epochs show without any target."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.analyses._arrays import check_level
from hotmess_inspect.analyses.answers import NO_ANSWER, answer_counts
from hotmess_inspect.analyses.summaries import Estimate, question_mean
from hotmess_inspect.arrays import FloatArray, IntArray, Seed, cluster_numbers, seeded
from hotmess_inspect.inference.contexts import without_each_context


@dataclass(frozen=True, eq=False)
class Agreement:
    """Spread of the answers to each question, and its means over questions.

    Attributes:
        disagreement: Probability that two epochs answer differently, unbiased.
        entropy: Entropy of the answers, in nats, with most of its bias removed; see `answer_entropy`.
        modal_share: Share of a question's epochs that give its most frequent answer. It errs upward with few
            epochs: at two it is never below ½.
        by_question: The same three per question, shape (questions, 3), in this order; NaN with fewer than two
            answers.
        questions: Questions with two answers, those that the means are about.
        no_answer_epochs: Epochs without an answer; they are left out.
    """

    disagreement: Estimate
    entropy: Estimate
    modal_share: Estimate
    by_question: FloatArray
    questions: int
    no_answer_epochs: int


def answer_entropy(counts: ArrayLike) -> FloatArray:
    r"""Entropy of the answers behind counts, in nats, by the estimator of Grassberger, Zhang and Schürmann.

    H = Σ_c (n_c/R) (h(R - 1) - h(n_c - 1)) with the harmonic numbers h. It falls short of the true entropy by
    Σ_{v≥R} (1/v) Σ_c p_c (1 - p_c)^v, which vanishes exponentially in R where answers are not rare; the plug-in
    entropy falls short by about (C - 1)/2R.

    Args:
        counts: How often each answer was given, shape (questions, answers), from 0.

    Returns:
        Shape (questions,); NaN for a question with fewer than two epochs.

    References:
        Zhang (2012), Entropy estimation in Turing's perspective, doi:10.1162/NECO_a_00266;
        Schürmann (2015), A note on entropy estimation, doi:10.1162/NECO_a_00775

    Example:
        >>> answer_entropy([[1, 1], [3, 0]]).tolist()
        [1.0, 0.0]
    """
    given = np.asarray(counts, dtype=np.int64)
    total = given.sum(axis=1)
    harmonic = np.append(0.0, np.cumsum(1.0 / np.arange(1, int(total.max(initial=1)) + 1)))
    parts = given * (harmonic[np.maximum(total - 1, 0)][:, None] - harmonic[np.maximum(given - 1, 0)])
    entropy: FloatArray = np.sort(parts, axis=1).sum(axis=1) / np.where(total > 1, total, np.nan)
    return entropy


def answer_agreement(
    answers: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: ArrayLike | None = None,
    contexts: ArrayLike | None = None,
    rng: Seed = None,
) -> Agreement:
    """Disagreement, entropy and modal share of the answers to each question.

    With n_c of R epochs answering c, disagreement is 1 - Σ n_c (n_c - 1)/(R (R - 1)), the Gini index without bias.

    Args:
        answers: Any integer that stands for the answer, shape (questions, epochs), -1 where none.
        level: Coverage of the intervals.
        resamples: Bootstrap replicates.
        clusters: Number of each question's cluster, shape (questions,); None: questions are independent.
        contexts: Number of each epoch's few-shot context where questions share contexts, shape (questions, epochs):
            intervals then speak of other contexts, too.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        Means over the questions with two answers, each with its interval over questions or clusters.

    Raises:
        ValueError: If the axes are others or the array holds no integers.

    Example:
        >>> found = answer_agreement([[0, 0, 1], [2, 2, 2]])
        >>> round(found.disagreement.value, 4), round(found.modal_share.value, 4)
        (0.3333, 0.8333)
    """
    check_level(level, resamples)
    given = np.asarray(answers)
    values = _agreement(given)
    numbers = None if clusters is None else cluster_numbers(np.asarray(clusters), len(values))
    without: Sequence[FloatArray | None] | FloatArray = [None] * 3
    if contexts is not None:
        label = np.asarray(contexts)
        without = without_each_context(
            lambda kept: _agreement(np.where(kept, given, NO_ANSWER)), label, given != NO_ANSWER
        ).transpose(2, 0, 1)
    rng = seeded(rng)
    disagreement, entropy, modal = (
        question_mean(column, (0.0, top), level, resamples, rng, numbers, left)
        for column, top, left in zip(values.T, (1.0, np.inf, 1.0), without, strict=True)
    )
    questions, absent = disagreement.questions, int((given == NO_ANSWER).sum())
    return Agreement(disagreement, entropy, modal, values, questions, absent)


def _agreement(answers: IntArray) -> FloatArray:
    """Disagreement, entropy and modal share of each question, shape (questions, 3); NaN with fewer than two answers."""
    counts = answer_counts(answers)
    total = counts.sum(axis=1)
    repeated = total >= 2
    pairs = np.where(repeated, total * (total - 1), 1)
    values = np.column_stack(
        [
            1.0 - (counts * (counts - 1)).sum(axis=1) / pairs,
            answer_entropy(counts),
            counts.max(axis=1, initial=0) / np.maximum(total, 1),
        ]
    )
    values[~repeated] = np.nan
    return values
