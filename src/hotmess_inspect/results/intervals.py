"""Intervals of a group's headline numbers, and what they speak of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.decomposition import (
    Decomposition,
    Interval,
    NestedDecomposition,
    Quantity,
    ratio_interval,
)
from hotmess_inspect.decomposition.adaptive import adaptive_means
from hotmess_inspect.decomposition.nested import contexts_shared, count_shared, widen_for_contexts
from hotmess_inspect.inference.intervals import ratio_table
from hotmess_inspect.inference.ratios import FEWEST, effective_number
from hotmess_inspect.schema import UNTARGETED_LOSSES
from hotmess_inspect.table import Questions
from hotmess_inspect.table.questions import mean_correct

UNDEFINED = Interval(float("nan"), float("nan"))


def measured_questions(questions: Questions, decomposition: Decomposition) -> NDArray[np.bool_]:
    """The questions that the accuracy is about, shape (questions,): those that the error is about.

    Where no question has an error, for want of a target, all that have a verdict.
    """
    known: NDArray[np.bool_] = np.logical_not(np.isnan(questions.correct).all(axis=1))
    measured = known & decomposition.counted("error")
    return measured if measured.any() else known


def measured_accuracy(questions: Questions, decomposition: Decomposition) -> float:
    """Mean of how right the epochs of the questions are that the error is about; NaN without any."""
    measured = measured_questions(questions, decomposition)
    if questions.pilot is None:
        return mean_correct(questions.correct[measured])
    means = adaptive_means(questions.correct, questions.pilot)[measured]
    return float(np.sort(means).mean()) if means.size else float("nan")


def shared_contexts(questions: Questions) -> int:
    """How many few-shot contexts the questions share among their epochs with a verdict; 0 where they share none."""
    present = ~np.isnan(questions.correct)
    if not contexts_shared(present, questions.context):
        return 0
    return count_shared(present, questions.context.astype(np.int64))


@dataclass(frozen=True, eq=False)
class GroupIntervals:
    """95 % intervals over questions, or over their clusters where they have any.

    Attributes:
        questions: The group as arrays.
        decomposition: Error, squared bias and variance per question.
        resamples: Bootstrap replicates.
        seed: Seed of the bootstrap.
    """

    questions: Questions
    decomposition: Decomposition
    resamples: int
    seed: int

    def of(self, quantity: Quantity) -> Interval:
        """Interval of the mean of a quantity over questions, or of the incoherence."""
        if self.decomposition.loss in UNTARGETED_LOSSES and quantity != "variance":
            return UNDEFINED
        return self.decomposition.interval(
            quantity,
            resamples=self.resamples,
            clusters=self.questions.clusters,
            rng=np.random.default_rng(self.seed),
        )

    @cached_property
    def accuracy(self) -> Interval:
        """Interval of the accuracy, the mean over questions of the mean over epochs of how right they are."""
        correct, counted = self.questions.correct, measured_questions(self.questions, self.decomposition)
        counts = (~np.isnan(correct)).sum(axis=1)
        pilot = self.questions.pilot
        own = (
            np.nansum(correct, axis=1) / np.maximum(counts, 1)
            if pilot is None
            else adaptive_means(correct, pilot)
        )
        means = own[counted]
        clusters = self.questions.clusters
        # Fewer than two questions that err, or that are ever right, say nothing about others.
        if len(means) < 2 or min(effective_number(means), effective_number(1 - means)) < FEWEST:
            return UNDEFINED
        labels = None if clusters is None else clusters[counted]
        low, high = ratio_interval(
            means,
            np.ones(len(means)),
            resamples=self.resamples,
            clusters=labels,
            rng=np.random.default_rng(self.seed),
        )
        if shared_contexts(self.questions):
            table = ratio_table([means[:, None], np.ones((len(means), 1))], labels)
            spread = table.standard_error if table.sizes is None else table.jackknife_error
            low, high = widen_for_contexts(
                Interval(low, high),
                float(means.mean()),
                float(spread[0]),
                float(table.erring_degrees_of_freedom[0]),
                self._accuracies_without_contexts(),
                0.95,
            )
        return Interval(max(low, 0.0), min(high, 1.0))

    def _accuracies_without_contexts(self) -> np.ndarray:
        """The accuracy without the epochs of each few-shot context, shape (contexts,)."""
        correct, context = self.questions.correct, self.questions.context
        found = []
        for label in np.unique(context[~np.isnan(correct)]):
            left = np.where(context == label, np.nan, correct)
            counts = (~np.isnan(left)).sum(axis=1)
            found.append((np.nansum(left, axis=1)[counts > 0] / counts[counts > 0]).mean())
        return np.array(found)

    @property
    def clusters(self) -> tuple[int, float] | None:
        """How many clusters the questions with an epoch are in, and their effective number (Σn)²/Σn²."""
        if self.questions.clusters is None:
            return None
        counted = self.questions.clusters[self.decomposition.epochs > 0]
        sizes = np.unique(counted, return_counts=True)[1].astype(np.float64)
        return len(sizes), float(effective_number(sizes))

    @property
    def rests_on_more_than_questions(self) -> bool:
        """Whether clusters or shared few-shot contexts are behind the intervals."""
        d = self.decomposition
        return self.clusters is not None or (isinstance(d, NestedDecomposition) and d.shared_contexts > 0)

    @property
    def speaks_of(self) -> str:
        """One sentence: what the intervals are about."""
        d = self.decomposition
        contexts = d.shared_contexts if isinstance(d, NestedDecomposition) else 0
        also = f", and other few-shot contexts than these {contexts}" if contexts else ""
        if self.clusters is None:
            return f"95 % intervals are about other questions like these (each an independent draw){also}"
        count, effective = self.clusters
        return (
            f"95 % intervals rest on {count} clusters of questions (as good as {effective:.1f} equal ones) and are "
            f"about other clusters like these, too{also}; --cluster none: about other questions of these clusters only"
        )
