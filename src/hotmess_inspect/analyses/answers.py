"""What the answers themselves do: change with the sample, change with the context, hesitate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.analyses._arrays import as_predictions, check_level, ordered_mean, seeded
from hotmess_inspect.analyses.summaries import Share, mean_share, share
from hotmess_inspect.arrays import NAN, FloatArray, IntArray

NO_ANSWER = -1


@dataclass(frozen=True)
class AnswerChanges:
    """How often answers change, and with what.

    Shares grow with the number of epochs: more draws, more chances to differ. Rates do not.

    Attributes:
        resampling: Share of questions with two different answers within one context.
        context: Share of questions whose majority answer is not the same in all contexts.
        both: Share of questions to which both happens.
        either: Share of questions to which one of them happens, that is with two different answers at all.
        resampling_rate: Probability that two epochs of one context answer differently.
        context_rate: Probability that two epochs of different contexts answer differently.
        no_answer_epochs: Epochs without an answer.
    """

    resampling: Share
    context: Share
    both: Share
    either: Share
    resampling_rate: Share
    context_rate: Share
    no_answer_epochs: int


@dataclass(frozen=True, eq=False)
class WaitRatio:
    """How often a reasoning turns around, per unit of its length.

    Attributes:
        counts: Occurrences per text, shape (texts,); NaN for a missing text.
        ratios: Occurrences per unit of length, shape (texts,); NaN where the length is 0 or unknown.
        mean: Mean ratio over the texts where it is defined.
        undefined: Texts without a ratio.
    """

    counts: FloatArray
    ratios: FloatArray
    mean: float
    undefined: int


def top_answers(predictions: ArrayLike) -> IntArray:
    """The most probable class of each epoch.

    Args:
        predictions: Shape (questions, epochs, classes), NaN rows for missing epochs.

    Returns:
        Class per epoch, shape (questions, epochs); -1 where the epoch is missing or several classes share
        the top, as they do in the uniform distribution of an unparsed answer.
    """
    values = as_predictions(predictions)
    filled = np.where(np.isnan(values), -np.inf, values)
    top = filled.max(axis=2, keepdims=True)
    single = ((filled == top).sum(axis=2) == 1) & np.isfinite(top[:, :, 0])
    return np.where(single, filled.argmax(axis=2), NO_ANSWER).astype(np.int64)


def answer_changes(
    answers: ArrayLike,
    contexts: ArrayLike | None = None,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
) -> AnswerChanges:
    """Whether answers change by sampling again, by another few-shot context, or by both.

    Contexts agree when there is an answer that is most frequent in every one of them; a tie for the most
    frequent is a change only if no tied answer is shared.

    Args:
        answers: Class or any number that stands for the answer, shape (questions, epochs), -1 where none.
        contexts: Number of each epoch's context, same shape; None when there is one context.
        level: Coverage of the intervals.
        resamples: Bootstrap replicates.
        rng: Source of randomness; None is `np.random.default_rng(0)`.

    Returns:
        Shares and rates. Resampling needs a context with two answers, contexts need two with an answer;
        questions without are left out and `Share.questions` says how many remain.

    Raises:
        ValueError: If shapes disagree or the arrays hold no integers.

    References:
        Hägele et al. (2026), section 3, https://arxiv.org/abs/2601.23045
    """
    check_level(level, resamples)
    given = _integers("answers", answers, None)
    group = np.zeros_like(given) if contexts is None else _integers("contexts", contexts, given.shape)
    counts = _context_counts(given, group)
    per_context = counts.sum(axis=2)
    repeated, several = (per_context >= 2).any(axis=1), (per_context > 0).sum(axis=1) >= 2
    resampled = ((counts > 0).sum(axis=2) > 1).any(axis=1)
    most = (counts == counts.max(axis=2, keepdims=True, initial=0)) | (per_context == 0)[:, :, None]
    moved = ~most.all(axis=1).any(axis=1)
    within, across = _disagreements(counts)
    rng = seeded(rng)
    return AnswerChanges(
        resampling=share(resampled, repeated, level),
        context=share(moved, several, level),
        both=share(resampled & moved, repeated & several, level),
        either=share(resampled | moved, repeated | several, level),
        resampling_rate=mean_share(within, ~np.isnan(within), level, resamples, rng),
        context_rate=mean_share(across, ~np.isnan(across), level, resamples, rng),
        no_answer_epochs=int((given == NO_ANSWER).sum()),
    )


def wait_ratio(
    texts: Sequence[str | None], lengths: ArrayLike | None = None, *, word: str = "Wait"
) -> WaitRatio:
    """Count a word of hesitation in each reasoning, and divide by the reasoning's length.

    Args:
        texts: Reasoning of each epoch; None where there is none.
        lengths: Length of each reasoning, in tokens for example, shape (texts,), NaN where unknown; None
            counts words.
        word: Whole word to count, in this spelling: "Wait" begins a sentence, "wait" seldom hesitates.

    Returns:
        Counts and ratios.

    Raises:
        ValueError: If there are not as many lengths as texts, or a length is negative or infinite.

    References:
        Hägele et al. (2026), https://arxiv.org/abs/2601.23045
    """
    if not word:
        raise ValueError("word is empty")
    pattern = re.compile(rf"\b{re.escape(word)}\b")
    counts = np.array(
        [NAN if text is None else len(pattern.findall(text)) for text in texts], dtype=np.float64
    )
    if lengths is None:
        length = np.array([NAN if text is None else len(text.split()) for text in texts], dtype=np.float64)
    else:
        length = np.asarray(lengths, dtype=np.float64)
    if length.shape != counts.shape:
        raise ValueError(f"lengths has shape {length.shape}; there are {len(counts)} texts")
    wrong = np.flatnonzero((length < 0) | np.isinf(length))
    if len(wrong):
        raise ValueError(f"lengths of text {wrong[0]} is {length[wrong[0]]}; permitted: from 0, or NaN")
    ratios = counts / np.where(length > 0, length, np.nan)
    return WaitRatio(counts, ratios, ordered_mean(ratios), int(np.isnan(ratios).sum()))


def _integers(name: str, values: ArrayLike, shape: tuple[int, ...] | None) -> IntArray:
    array = np.asarray(values)
    if array.ndim != 2 or (shape is not None and array.shape != shape):
        raise ValueError(f"{name} must have the axes (questions, epochs) {shape or ''}; got {array.shape}")
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold integers; got dtype {array.dtype}")
    return array.astype(np.int64)


def _context_counts(answers: IntArray, contexts: IntArray) -> IntArray:
    """How often each context of a question gave each answer, shape (questions, contexts, answers).

    Contexts and answers are numbered anew within each question, so that free text with a thousand
    different answers takes no more room than a question has epochs.
    """
    answer, context = _numbered(answers), _numbered(contexts)
    shape = (len(answers), int(context.max(initial=-1)) + 1, int(answer.max(initial=-1)) + 1)
    counts = np.zeros(shape, dtype=np.int64)
    rows = np.broadcast_to(np.arange(len(answers))[:, None], answers.shape)
    given = answers != NO_ANSWER
    np.add.at(counts, (rows[given], context[given], answer[given]), 1)
    return counts


def _numbered(values: IntArray) -> IntArray:
    """Rank of each value among the different values of its row."""
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    rank = np.zeros_like(values)
    rank[:, 1:] = np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1)
    numbered = np.empty_like(rank)
    np.put_along_axis(numbered, order, rank, axis=1)
    return numbered


def _disagreements(counts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Share of pairs of epochs that differ, within contexts and across them, each (questions,)."""
    same = np.square(counts).sum(axis=(1, 2)).astype(np.float64)
    per_context = counts.sum(axis=2)
    total = per_context.sum(axis=1).astype(np.float64)
    within_pairs = (np.square(per_context).sum(axis=1) - total).astype(np.float64)
    across_pairs = np.square(total) - np.square(per_context).sum(axis=1)
    across_same = np.square(counts.sum(axis=1)).sum(axis=1) - same
    within = 1.0 - (same - total) / np.where(within_pairs > 0, within_pairs, np.nan)
    across = 1.0 - across_same / np.where(across_pairs > 0, across_pairs, np.nan)
    return within, across
