"""Nested designs: epochs that share a few-shot context, and answers that were graded repeatedly."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_class_target,
    check_choice,
    cluster_numbers,
    first,
    ratio,
)
from hotmess_inspect.decomposition.brier import SquaredSums, without_dust
from hotmess_inspect.decomposition.decompose import decompose
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.decomposition.squared import squared_sums
from hotmess_inspect.decomposition.sufficient import SufficientStatistics
from hotmess_inspect.inference.contexts import ratio_moves, widen_ratio
from hotmess_inspect.inference.intervals import Interval
from hotmess_inspect.schema import Estimator, Loss, Quantity

NestedLoss = Literal["brier", "squared"]
# With more contexts than this questions can hardly share them.
_MOST_SHARED = 100


@dataclass(frozen=True, eq=False)
class ContextSums:
    """Epochs by their contexts, kept for the estimates without each context.

    Attributes:
        deviation: Prediction less target, 0 where missing, shape (questions, epochs, dims).
        present: Which epochs there are, shape (questions, epochs).
        context: Number of each epoch's context, one number meaning one context, same shape.
        weight: Of a squared distance, shape (questions,).
    """

    deviation: FloatArray
    present: BoolArray
    context: IntArray
    weight: FloatArray

    @property
    def labels(self) -> IntArray:
        """Numbers of the contexts that epochs have, ascending."""
        return np.unique(self.context[self.present])

    @property
    def shared(self) -> int:
        """How many contexts questions share; 0 where there is one that a single question has."""
        return count_shared(self.present, self.context)

    def take(self, questions: Any) -> "ContextSums":
        """Those of some of the questions."""
        return ContextSums(
            self.deviation[questions],
            self.present[questions],
            self.context[questions],
            self.weight[questions],
        )

    def without_each(self) -> FloatArray:
        """Error and bias_squared without each context, shape (2, contexts, questions), contexts by contents."""
        rows = self.present.sum(axis=1)
        squares = np.einsum("qed,qed->qe", self.deviation, self.deviation)
        total = self.deviation.sum(axis=1)
        members = [(self.context == label) & self.present for label in self.labels]
        own = [np.einsum("qe,qed->qd", member.astype(np.float64), self.deviation) for member in members]
        counts = [member.sum(axis=1) for member in members]
        within = np.sum([np.square(part).sum(axis=1) for part in own], axis=0)
        pairs = np.sum([np.square(count) for count in counts], axis=0)
        found = np.empty((2, len(members), len(rows)))
        for place, (member, part, count) in enumerate(zip(members, own, counts, strict=True)):
            left = np.square(total - part).sum(axis=1) - (within - np.square(part).sum(axis=1))
            found[0, place] = self.weight * ratio((squares * ~member).sum(axis=1), rows - count)
            found[1, place] = self.weight * ratio(left, np.square(rows - count) - (pairs - np.square(count)))
        return found

    def moves(self, quantity: Quantity, numerator: FloatArray, denominator: FloatArray) -> FloatArray:
        """`ratio_moves` of a quantity, from its numerator and denominator per question, shape (contexts, questions)."""
        error, bias_squared = self.without_each()
        top = {"error": error, "bias_squared": bias_squared}.get(quantity, error - bias_squared)
        return ratio_moves(numerator, denominator, top, error if quantity == "incoherence" else None)


@dataclass(frozen=True, eq=False)
class NestedDecomposition(Decomposition):
    """A decomposition whose variance is split by where it comes from.

    variance = between_context + within_context + grader, where all of them are defined; a part that
    is undefined (NaN) is contained in the one before it. Parts can be slightly negative by chance.

    Attributes:
        between_context: Variance of the context's mean prediction, shape (questions,); NaN without two
            epochs of one context or without two contexts.
        within_context: Variance of answers to one prompt, shape (questions,); contains the grader's
            where no answer was graded twice.
        grader: Variance of repeated gradings of one answer, shape (questions,); NaN where there are none.
        by_context: The epochs by their contexts, from which intervals know what sharing contexts adds.
    """

    between_context: FloatArray = field(default_factory=lambda: np.zeros(0))
    within_context: FloatArray = field(default_factory=lambda: np.zeros(0))
    grader: FloatArray = field(default_factory=lambda: np.zeros(0))
    by_context: ContextSums | None = None

    @property
    def shared_contexts(self) -> int:
        """How many contexts questions share; 0 where every question drew its own."""
        return 0 if self.by_context is None else self.by_context.shared

    def _with_other_draws(
        self,
        quantity: Quantity,
        interval: Interval,
        level: float,
        clusters: Sequence[Hashable] | np.ndarray | None,
    ) -> Interval:
        """Widen an interval over questions for the contexts that all of them share.

        Questions and contexts were both drawn; see `widen_for_contexts`. Undefined with two contexts, where
        leaving one out leaves no variance.
        """
        if self.by_context is None or not self.shared_contexts or np.isnan(interval.low):
            return interval
        counted = self.counted(quantity)
        numerator, denominator = (part[counted] for part in self.ratio_parts(quantity))
        labels = None if clusters is None else cluster_numbers(clusters)[counted]
        moved = self.by_context.take(counted).moves(quantity, numerator, denominator)
        return widen_ratio(interval, numerator, denominator, labels, moved, level)


def decompose_nested(
    predictions: ArrayLike,
    target: ArrayLike,
    contexts: ArrayLike,
    *,
    answers: ArrayLike | None = None,
    loss: NestedLoss = "brier",
) -> NestedDecomposition:
    """Unbiased decomposition for epochs that share contexts, and the split of their variance.

    With d = f - y, U-statistics over pairs of epochs of a question:

        error          = mean of ⟨d, d⟩
        P_answer       = mean of ⟨d, d'⟩ over pairs of gradings of one answer
        P_context      = mean of ⟨d, d'⟩ over pairs of different answers in one context
        bias_squared   = mean of ⟨d, d'⟩ over pairs from different contexts
        variance       = error - bias_squared
        grader         = error - P_answer
        within_context = P_answer - P_context   (error - P_context without repeated grading)
        between_context = P_context - bias_squared

    Each is exact in expectation for contexts drawn independently, and answers drawn independently
    given their context. Treating such epochs as independent takes the between-context variance for bias.

    Args:
        predictions: As in `decompose`: (questions, epochs, classes), or (questions, epochs, dims) for
            "squared"; a missing epoch is a row of NaN. Each grading of an answer is a row of its own.
        target: As in `decompose`.
        contexts: Label of each epoch's context, shape (questions, epochs) or (epochs,).
        answers: Label of the answer that a row grades, unique inside a context, same shapes; None
            when every row is another answer.
        loss: "brier" or "squared".

    Returns:
        Terms of shape (questions,); bias_squared and variance are NaN with fewer than two contexts.

    Raises:
        ValueError: As `decompose`, or if labels have another shape.
    """
    check_choice("loss", loss, ("brier", "squared"))
    deviation, present, weight = _deviations(predictions, target, loss)
    context = _labels("contexts", contexts, present)
    answer = None if answers is None else _labels("answers", answers, present)
    deviation, present, labels, answer = _canonical(deviation, present, context, answer)
    kept = ContextSums(deviation, present, labels, weight)
    context = _ranks(labels)
    rows = present.sum(axis=1)
    total = weight * np.square(deviation.sum(axis=1)).sum(axis=1)
    squares = weight * np.einsum("qed,qed->q", deviation, deviation)
    in_context, context_pairs = _grouped(deviation, present, context, weight)
    bias_squared = ratio(total - in_context, rows**2 - context_pairs)
    error = ratio(squares, rows)
    if answer is None:
        grader = np.full(len(rows), np.nan)
        in_answer, answer_pairs, pair_answer = squares, rows, error
    else:
        group = _ranks(context * (answer.max(initial=0) + 1) + answer)
        in_answer, answer_pairs = _grouped(deviation, present, group, weight)
        pair_answer = ratio(in_answer - squares, answer_pairs - rows)
        grader = error - pair_answer
        pair_answer = np.where(np.isnan(pair_answer), error, pair_answer)
    pair_context = ratio(in_context - in_answer, context_pairs - answer_pairs)
    bias_squared = without_dust(bias_squared, rows * error)
    variance = without_dust(error - bias_squared, rows * error)
    return NestedDecomposition(
        error,
        bias_squared,
        variance,
        rows.astype(np.int64),
        loss,
        "unbiased",
        between_context=pair_context - bias_squared,
        within_context=pair_answer - pair_context,
        grader=grader,
        by_context=kept,
    )


def count_shared(present: BoolArray, context: IntArray) -> int:
    """How many contexts questions share; 0 where there is one that a single question has.

    Args:
        present: Which epochs there are, shape (questions, epochs).
        context: Number of each epoch's context, same shape.
    """
    question = np.broadcast_to(np.arange(len(context))[:, None], context.shape)
    pairs = np.unique(np.stack([context[present], question[present]]), axis=1)
    counts = np.unique(pairs[0], return_counts=True)[1]
    return len(counts) if len(counts) <= _MOST_SHARED and (counts >= 2).all() else 0


def contexts_shared(present: ArrayLike, contexts: ArrayLike) -> bool:
    """Whether epochs share few-shot contexts, so that they are no independent draws: the one decision.

    They do if some question has two epochs in one of its contexts, and some question has two contexts, which
    the nested estimator needs. A question with one context left stays without a variance; it does not turn
    the others into independent epochs. Where all epochs of every question have one context, that context
    belongs to the task, and the epochs are independent given it.

    Args:
        present: Which epochs hold a prediction, shape (questions, epochs).
        contexts: Number of each epoch's context, -1 for none, same shape.

    Raises:
        ValueError: If the shapes differ.
    """
    there, context = np.asarray(present, dtype=bool), np.asarray(contexts)
    if there.shape != context.shape:
        raise ValueError(f"contexts has shape {context.shape}; present has {there.shape}")
    there = there & (context >= 0)
    if not there.any():
        return False
    # Absent epochs go to the front of each row as -1; what differs from its left neighbour is a new context.
    ordered = np.sort(np.where(there, context, -1), axis=1)
    own = (np.diff(ordered, axis=1, prepend=-1) > 0).sum(axis=1)
    return bool((own < there.sum(axis=1)).any() and (own >= 2).any())


def decompose_epochs(
    predictions: ArrayLike,
    target: ArrayLike,
    contexts: ArrayLike | None = None,
    *,
    loss: Loss = "brier",
    estimator: Estimator = "unbiased",
) -> Decomposition:
    """Decompose epochs by their design: nested where contexts are given and an estimator for that exists.

    Args:
        predictions: As in `decompose`.
        target: As in `decompose`.
        contexts: Number of each epoch's context, -1 for an epoch with one of its own, shape
            (questions, epochs); None where epochs do not share contexts (see `contexts_shared`).
        loss: As in `decompose`. KL and zero-one have no nested estimator.
        estimator: As in `decompose`. "plugin" and "jackknife" take epochs as they come.

    Returns:
        A `NestedDecomposition` where epochs share contexts and the estimator is "unbiased".

    Raises:
        ValueError: As `decompose` and `decompose_nested`.
    """
    if contexts is None or estimator != "unbiased" or loss not in ("brier", "squared"):
        return decompose(predictions, target, loss=loss, estimator=estimator)
    labels = np.asarray(contexts).astype(np.int64)
    single = labels.max(initial=-1) + 1 + np.arange(labels.shape[-1])
    labels = np.where(labels < 0, single, labels)
    return decompose_nested(predictions, target, labels, loss="brier" if loss == "brier" else "squared")


def _deviations(
    predictions: ArrayLike, target: ArrayLike, loss: NestedLoss
) -> tuple[FloatArray, BoolArray, FloatArray]:
    """F - y with 0 where missing, which epochs are there, and the weight of ‖·‖² per question."""
    # The checks are those of the flat decomposition, which reads the arrays the same way.
    if loss == "brier":
        SufficientStatistics.from_predictions(predictions, target, losses=("brier",))
        values = np.asarray(predictions, dtype=np.float64)
        gold = as_class_target(target, len(values), values.shape[2])
        goal = np.eye(values.shape[2])[gold]
        weight = np.ones(len(values))
    else:
        sums: SquaredSums = squared_sums(predictions, target)
        values = np.asarray(predictions, dtype=np.float64)
        goal = np.asarray(target, dtype=np.float64)
        goal = goal[:, None] if goal.shape == (len(values),) and values.shape[2] == 1 else goal
        goal = np.broadcast_to(goal, (len(values), values.shape[2]))
        weight = 1.0 / np.maximum(sums.present.sum(axis=1), 1)
    present = np.asarray(~np.isnan(values).all(axis=2))
    return np.nan_to_num(values - goal[:, None, :]), present, weight


def _labels(name: str, labels: ArrayLike, present: BoolArray) -> IntArray:
    """Labels as numbers in the order of the labels, shape (questions, epochs)."""
    array = np.asarray(labels)
    try:
        spread: NDArray[Any] = np.broadcast_to(array, present.shape)
    except ValueError as error:
        raise ValueError(
            f"{name} of shape {array.shape} does not fit (questions, epochs) = {present.shape}"
        ) from error
    if array.dtype.kind == "f" and np.isnan(spread[present]).any():
        raise ValueError(f"{name} of question {first((np.isnan(spread) & present).any(axis=1))} is NaN")
    _, numbers = np.unique(spread, return_inverse=True)
    return numbers.reshape(present.shape).astype(np.int64)


def _canonical(
    deviation: FloatArray, present: BoolArray, context: IntArray, answer: IntArray | None
) -> tuple[FloatArray, BoolArray, IntArray, IntArray | None]:
    """Epochs in an order of their own, so that sums have equal bits however the epochs came."""
    # A fixed direction that tells rows apart; rows that it cannot tell apart are equal in practice.
    key = deviation @ np.sqrt(np.arange(2.0, deviation.shape[2] + 2))
    order = np.lexsort((key, context, ~present), axis=1)
    pick = np.take_along_axis
    return (
        pick(deviation, order[:, :, None], axis=1),
        pick(present, order, axis=1),
        pick(context, order, axis=1),
        None if answer is None else _ranks(pick(answer, order, axis=1)),
    )


def _ranks(labels: IntArray) -> IntArray:
    """Number the labels of each question from 0, in ascending order; shape unchanged."""
    order = np.argsort(labels, axis=1, kind="stable")
    ascending = np.take_along_axis(labels, order, axis=1)
    steps = np.zeros_like(labels)
    steps[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
    ranks = np.empty_like(labels)
    np.put_along_axis(ranks, order, steps.cumsum(axis=1), axis=1)
    return ranks


def _grouped(
    deviation: FloatArray, present: BoolArray, group: IntArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Σ_g ‖Σ_{e in g} d_e‖² and Σ_g n_g² per question."""
    member = (group[:, None, :] == np.arange(group.max(initial=0) + 1)[:, None]) & present[:, None, :]
    sums = member.astype(np.float64) @ deviation
    return weight * np.square(sums).sum(axis=(1, 2)), np.square(member.sum(axis=2)).sum(axis=1).astype(
        np.float64
    )
