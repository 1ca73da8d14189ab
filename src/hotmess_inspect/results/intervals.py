"""Intervals of a group's headline numbers, and what they speak of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hotmess_inspect.decomposition import Decomposition, Interval, Quantity, ratio_interval
from hotmess_inspect.inference.ratios import effective_number
from hotmess_inspect.table import Questions

UNDEFINED = Interval(float("nan"), float("nan"))


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
        if self.decomposition.loss in ("embedding", "kernel") and quantity != "variance":
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
        correct = self.questions.correct
        counts = (~np.isnan(correct)).sum(axis=1)
        counted = counts > 0
        means = np.nansum(correct, axis=1)[counted] / counts[counted]
        clusters = self.questions.clusters
        if len(means) < 2:
            return UNDEFINED
        low, high = ratio_interval(
            means,
            np.ones(len(means)),
            resamples=self.resamples,
            clusters=None if clusters is None else clusters[counted],
            rng=np.random.default_rng(self.seed),
        )
        return Interval(max(low, 0.0), min(high, 1.0))

    @property
    def clusters(self) -> tuple[int, float] | None:
        """How many clusters the questions with an epoch are in, and their effective number (Σn)²/Σn²."""
        if self.questions.clusters is None:
            return None
        counted = self.questions.clusters[self.decomposition.epochs > 0]
        sizes = np.unique(counted, return_counts=True)[1].astype(np.float64)
        return len(sizes), float(effective_number(sizes))

    @property
    def speaks_of(self) -> str:
        """One sentence: what the intervals are about."""
        if self.clusters is None:
            return "95 % intervals are about other questions like these (each an independent draw)"
        count, effective = self.clusters
        return (
            f"95 % intervals rest on {count} clusters of questions (as good as {effective:.1f} equal ones) and are "
            "about other clusters like these, too; --cluster none: about other questions of these clusters only"
        )
