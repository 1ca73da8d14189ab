"""How often answers change between samples and between few-shot contexts, and how often reasoning hesitates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.analyses._arrays import as_predictions, check_level
from hotmess_inspect.analyses.summaries import Share, question_mean, question_share
from hotmess_inspect.arrays import NAN, FloatArray, IntArray, Seed, cluster_numbers, ordered_mean, seeded
from hotmess_inspect.decomposition.nested import contexts_shared, count_shared
from hotmess_inspect.decomposition.sufficient import one_hot_counts
from hotmess_inspect.inference.contexts import without_each_context

NO_ANSWER = -1
# So many different values are counted as they are.
_FEW = 7


@dataclass(frozen=True)
class AnswerChanges:
    """How often answers change, and with what.

    Shares grow with the number of epochs: more draws, more chances to differ. Rates do not.

    The paper's three numbers, "by resampling", "by context" and "by both", are `in_per_cent`.

    Attributes:
        resampling: Share of questions with two different answers within one context.
        context: Share of questions whose majority answer is not the same in all contexts.
        both: Share of questions to which both happens.
        either: Share of questions to which one of them happens, that is with two different answers at all.
        resampling_rate: Probability that two epochs of one context answer differently.
        context_rate: Probability that two epochs of different contexts answer differently.
        within_a_context: Share of the contexts of a question in which its answer changes by sampling again, mean
            over questions. A context needs two epochs with an answer.
        no_answer_epochs: Epochs without an answer.
    """

    resampling: Share
    context: Share
    both: Share
    either: Share
    resampling_rate: Share
    context_rate: Share
    within_a_context: Share
    no_answer_epochs: int

    @property
    def in_per_cent(self) -> tuple[float, float, float]:
        """Changes as the paper states them, in per cent: by resampling, by context, by both.

        - by resampling: one context at a time is held fast, so it is `within_a_context`;
        - by context: sampling is averaged out by the majority, so it is `context`;
        - by both: context and sample may both differ, so it is `either`, any two different answers at all.

        Of three questions with 10 contexts × 3 samples, one answers differently once: one of 30 contexts changes by
        resampling (3.33 %), no majority does (0 %), and one question of three changes at all (33.33 %).
        """
        by_resampling, by_context, by_both = (
            100 * found.value for found in (self.within_a_context, self.context, self.either)
        )
        return by_resampling, by_context, by_both


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
    if values.size and one_hot_counts(values) is not None:
        return (values @ np.arange(values.shape[2], dtype=np.float64)).astype(np.int64)
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
    clusters: ArrayLike | None = None,
    rng: Seed = None,
) -> AnswerChanges:
    """Whether answers change by sampling again, by another few-shot context, or by both.

    Where questions share contexts, intervals speak of other contexts, too.

    Contexts agree when there is an answer that is most frequent in every one of them; a tie for the most
    frequent is a change only if no tied answer is shared.

    Args:
        answers: Class or any number that stands for the answer, shape (questions, epochs), -1 where none.
        contexts: Number of each epoch's context, same shape; None when there is one context.
        level: Coverage of the intervals.
        resamples: Bootstrap replicates.
        clusters: Number of each question's cluster, shape (questions,): intervals are over clusters, of shares
            too. None: questions are independent.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

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
    values, several = _changes(given, group)
    present = given != NO_ANSWER
    without: Sequence[FloatArray | None] | FloatArray = [None] * len(values)
    if contexts is not None and contexts_shared(present, group) and count_shared(present, group):
        without = without_each_context(
            lambda kept: np.column_stack(_changes(np.where(kept, given, NO_ANSWER), group)[0]), group, present
        ).transpose(2, 0, 1)
    groups = None if clusters is None else cluster_numbers(np.asarray(clusters), len(given))
    rng = seeded(rng)
    shares = [
        question_mean(column, (0.0, 1.0), level, resamples, rng, groups, left)
        if place >= 4 and (place < 6 or several) and ((column > 0) & (column < 1)).any()
        else question_share(column == 1, ~np.isnan(column), level, groups, left)
        for place, (column, left) in enumerate(zip(values, without, strict=True))
    ]
    absent = int((~present).sum())
    return AnswerChanges(*shares, no_answer_epochs=absent)  # type: ignore[misc, arg-type]


def _changes(given: IntArray, group: IntArray) -> tuple[list[FloatArray], bool]:
    """What the shares and rates of `AnswerChanges` are means of, in their order, each of shape (questions,).

    Also whether some question has several contexts with two answers: else the share of contexts is one of questions.
    """
    counts = _context_counts(given, group)
    per_context = counts.sum(axis=2)
    pairs = per_context >= 2
    repeated, several = pairs.any(axis=1), (per_context > 0).sum(axis=1) >= 2
    changed = (counts > 0).sum(axis=2) > 1
    resampled = changed.any(axis=1)
    most = (counts == counts.max(axis=2, keepdims=True, initial=0)) | (per_context == 0)[:, :, None]
    moved = ~most.all(axis=1).any(axis=1)
    told = ((resampled, repeated), (moved, several), (resampled & moved, repeated & several),
            (resampled | moved, repeated | several))  # fmt: skip
    shares = [np.where(known, happens, np.nan) for happens, known in told]
    within, across = _disagreements(counts)
    in_contexts = changed.sum(axis=1) / np.where(repeated, pairs.sum(axis=1), np.nan)
    return [*shares, within, across, in_contexts], bool((pairs.sum(axis=1) > 1).any())


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


def answer_counts(answers: ArrayLike) -> IntArray:
    """How often each question got each of its answers.

    Args:
        answers: Any integer that stands for the answer, shape (questions, epochs), -1 where none.

    Returns:
        Shape (questions, answers); answers are numbered anew within each question.

    Raises:
        ValueError: If the axes are others or the array holds no integers.
    """
    given = _integers("answers", answers, None)
    counts: IntArray = _context_counts(given, np.zeros_like(given)).sum(axis=1)
    return counts


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
    given = answers != NO_ANSWER
    answer, context = _numbered(answers), _numbered(contexts)
    shape = (len(answers), int(context.max(initial=-1)) + 1, int(answer.max(initial=-1)) + 1)
    cell = (np.arange(len(answers))[:, None] * shape[1] + context) * shape[2] + answer
    counts = np.bincount(cell.reshape(-1) if given.all() else cell[given], minlength=int(np.prod(shape)))
    return counts.reshape(shape)


def _numbered(values: IntArray) -> IntArray:
    """Rank of each value among the different values of its row, or where these are few a number from 0."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    if high - low < _FEW:
        return values - low if low else values
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
