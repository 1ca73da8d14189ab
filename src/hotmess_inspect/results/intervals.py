"""Intervals of a group's headline numbers, and what they speak of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.summaries import Estimate
from hotmess_inspect.arrays import mean_over_epochs
from hotmess_inspect.decomposition import (
    Decomposition,
    Interval,
    NestedDecomposition,
    Quantity,
    ratio_interval,
)
from hotmess_inspect.decomposition.adaptive import adaptive_means, folds_of
from hotmess_inspect.decomposition.nested import (
    contexts_shared,
    count_shared,
)
from hotmess_inspect.decomposition.of_questions import decompose_questions
from hotmess_inspect.inference.contexts import ratio_moves, widen_ratio, without_each_context
from hotmess_inspect.inference.ratios import FEWEST, effective_number
from hotmess_inspect.schema import (
    UNTARGETED_LOSSES,
    Estimator,
    Loss,
    TextLoss,
    finite_or_none,
    json_value,
)
from hotmess_inspect.table import Questions
from hotmess_inspect.table.questions import mean_correct
from hotmess_inspect.words import counted

UNDEFINED = Interval(float("nan"), float("nan"))


def measured_questions(questions: Questions, decomposition: Decomposition) -> NDArray[np.bool_]:
    """The questions that the accuracy is about, shape (questions,): those that the error is about.

    Where no question has an error, for want of a target, all that have a verdict.
    """
    known: NDArray[np.bool_] = np.logical_not(np.isnan(questions.correct).all(axis=1))
    measured = known & decomposition.counted("error")
    return measured if measured.any() else known


def estimate_json(found: Estimate) -> dict[str, Any]:
    """An estimate and its interval for JSON; what is undefined is ``None``."""
    return {"value": finite_or_none(found.value), "ci": json_value(found.interval)}


def measured_accuracy(questions: Questions, decomposition: Decomposition) -> float:
    """Mean of how right the epochs of the questions are that the error is about; NaN without any."""
    measured = measured_questions(questions, decomposition)
    if questions.pilot is None:
        return mean_correct(questions.correct[measured])
    means = adaptive_means(questions.correct, questions.pilot, folds_of(questions.ids))[measured]
    return float(np.sort(means).mean()) if means.size else float("nan")


def shared_contexts(questions: Questions) -> int:
    """How many few-shot contexts the questions share among their epochs with a verdict; 0 where they share none.

    Without any verdict, among all their epochs.
    """
    present = ~np.isnan(questions.correct)
    if not present.any():
        present = questions.row >= 0
    if not contexts_shared(present, questions.context):
        return 0
    return count_shared(present, questions.context.astype(np.int64))


def without_contexts(questions: Questions) -> list[Questions]:
    """The questions without the epochs of each few-shot context that they share; empty where they share none."""
    if not shared_contexts(questions):
        return []
    labels = np.unique(questions.context[questions.row >= 0])
    return [questions.without(questions.context == label) for label in labels]


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

    @cached_property
    def contexts(self) -> int:
        """How many few-shot contexts the questions share; 0 where they share none."""
        return shared_contexts(self.questions)

    def of(self, quantity: Quantity) -> Interval:
        """Interval of the mean of a quantity over questions, or of the incoherence."""
        d = self.decomposition
        if d.loss in UNTARGETED_LOSSES and quantity != "variance":
            return UNDEFINED
        clusters = self.questions.clusters
        rng = np.random.default_rng(self.seed)
        interval = d.interval(quantity, resamples=self.resamples, clusters=clusters, rng=rng)
        if isinstance(d, NestedDecomposition) or not self.contexts or np.isnan(interval.low):
            return interval
        # Losses without a nested estimator, whose decompositions do not know the contexts.
        counted = d.counted(quantity)
        labels = None if clusters is None else clusters[counted]
        above, below = (part[counted] for part in d.ratio_parts(quantity))
        without = [(part.counted(quantity), *part.ratio_parts(quantity)) for part in self._without_contexts]
        tops, bottoms = (
            np.array([np.where(own[0], own[place], np.nan)[counted] for own in without]) for place in (1, 2)
        )
        moved = ratio_moves(above, below, tops, bottoms)
        low, high = widen_ratio(interval, above, below, labels, moved, 0.95)
        (bottom, top), middle = d.range_of(quantity), d.mean(quantity)
        return Interval(max(low, min(bottom, middle)), min(high, max(top, middle)))

    @cached_property
    def incoherence_note(self) -> str:
        """Why the incoherence has no interval, or an empty string."""
        if not np.isnan(self.of("incoherence")[0]):
            return ""
        return self.decomposition.interval_note("incoherence", self.questions.clusters) or (
            f"without one of the {self.contexts} few-shot contexts that the questions share there is no variance, "
            "which says nothing of other contexts"
        )

    @cached_property
    def _without_contexts(self) -> list[Decomposition]:
        d = self.decomposition
        wanted = [(cast("Loss | TextLoss", d.loss), cast("Estimator", d.estimator))]
        return [decompose_questions(part, wanted)[0] for part in without_contexts(self.questions)]

    @cached_property
    def accuracy(self) -> Interval:
        """Interval of the accuracy, the mean over questions of the mean over epochs of how right they are.

        It is drawn as that of what is lacking, 1 - accuracy: the order in which questions are drawn is that of their
        values, and where this is the error, both speak of the same draws.
        """
        correct, counted = self.questions.correct, measured_questions(self.questions, self.decomposition)
        counts = (~np.isnan(correct)).sum(axis=1)
        pilot = self.questions.pilot
        own = (
            np.nansum(correct, axis=1) / np.maximum(counts, 1)
            if pilot is None
            else adaptive_means(correct, pilot, folds_of(self.questions.ids))
        )
        lacking = 1 - own[counted]
        # What rounding leaves of an accuracy of 1 is nothing.
        lacking[np.abs(lacking) <= 1e-12] = 0.0
        clusters = self.questions.clusters
        # Fewer than two questions that err, or that are ever right, say nothing about others.
        labels = None if clusters is None else clusters[counted]
        if (
            len(lacking) < 2
            or min(effective_number(part, labels) for part in (lacking, 1 - lacking)) < FEWEST
        ):
            return UNDEFINED
        ones = np.ones(len(lacking))
        interval = ratio_interval(
            lacking, ones, resamples=self.resamples, clusters=labels, rng=np.random.default_rng(self.seed)
        )
        if self.contexts:
            without = without_each_context(
                lambda kept: 1 - mean_over_epochs(np.where(kept, correct, np.nan)),
                self.questions.context,
                ~np.isnan(correct),
            )
            moved = ratio_moves(lacking, ones, without[:, counted])
            interval = widen_ratio(interval, lacking, ones, labels, moved, 0.95)
        low, high = interval
        return Interval(max(1 - high, 0.0), min(1 - low, 1.0))

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
        return self.clusters is not None or self.contexts > 0

    @property
    def speaks_of(self) -> str:
        """One sentence: what the intervals are about."""
        also = ""
        if self.contexts:
            nested = isinstance(self.decomposition, NestedDecomposition)
            others = "of the paper's split" if nested else "by length and of the accuracy-matched range"
            also = f", and other few-shot contexts than these {self.contexts} (those {others} take these as given)"
        if self.clusters is None:
            return f"95 % intervals are about other questions like these (each an independent draw){also}"
        count, effective = self.clusters
        return (
            f"95 % intervals rest on {counted(count, 'cluster')} of questions (as good as {effective:.1f} equal ones) and are "
            f"about other clusters like these, too{also}; --cluster none: about other questions of these clusters only"
        )
