"""Accuracy and incoherence per reasoning budget, beside natural overthinking."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._arrays import (
    as_epoch_values,
    as_predictions,
    check_level,
    epoch_accuracy,
    present_epochs,
)
from hotmess_inspect.analyses.comparison import PERMUTATIONS, PairedDifference, RunEpochs, compare_runs
from hotmess_inspect.analyses.overthinking import Overthinking, overthinking
from hotmess_inspect.analyses.summaries import Summary, summarise
from hotmess_inspect.arrays import Seed, mean_over_epochs, seeded
from hotmess_inspect.decomposition import decompose_epochs
from hotmess_inspect.schema import Estimator, Loss


@dataclass(frozen=True)
class BudgetPoint:
    """A run with one budget.

    Attributes:
        budget: Its name or its number of tokens.
        summary: Accuracy, error, bias², variance and incoherence.
        overthinking: Longer against shorter epochs within this run; None where no lengths were given.
        differences: This budget less the first one, on the questions of both, by `compare_runs`; empty for the first.
    """

    budget: str | float
    summary: Summary
    overthinking: Overthinking | None
    differences: tuple[PairedDifference, ...] = ()


def reasoning_budgets(
    budgets: Sequence[str | float],
    predictions: Sequence[ArrayLike],
    target: ArrayLike,
    lengths: Sequence[ArrayLike] | None = None,
    *,
    loss: Loss = "brier",
    estimator: Estimator = "unbiased",
    level: float = 0.95,
    resamples: int = 2000,
    permutations: int = 999,
    correct: Sequence[ArrayLike] | None = None,
    contexts: Sequence[ArrayLike | None] | None = None,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    rng: Seed = None,
) -> tuple[BudgetPoint, ...]:
    """Summarise runs of one model on the same questions with several reasoning budgets.

    A budget moves the typical length of all answers, natural overthinking is about longer and shorter
    answers to one question under one budget. The two can point in opposite directions.

    Args:
        budgets: Names or token counts, in the order to show.
        predictions: One array per budget, shape (questions, epochs, classes); epochs may differ.
        target: Right class, shape (questions,), or points for "squared".
        lengths: One array per budget, shape (questions, epochs), NaN where unknown.
        loss: As in `decompose`.
        estimator: As in `decompose`; "plugin" is not comparable between budgets of unequal epochs.
        level: Coverage of the intervals, inside (0, 1).
        resamples: Bootstrap replicates.
        permutations: As in `overthinking`.
        correct: One array per budget, shape (questions, epochs); see `Summary.accuracy`.
        contexts: Per budget the context of each epoch, shape (questions, epochs), or None where its epochs
            share none; see `decompose_epochs`.
        clusters: Label of each question's cluster, shape (questions,).
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        A point per budget.

    Raises:
        ValueError: If an argument is malformed, or the sequences differ in length.

    References:
        Hägele et al. (2026), section 3, https://arxiv.org/abs/2601.23045
    """
    check_level(level, resamples)
    rng = seeded(rng)
    for name, values in (
        ("predictions", predictions),
        ("lengths", lengths),
        ("correct", correct),
        ("contexts", contexts),
    ):
        if values is not None and len(values) != len(budgets):
            raise ValueError(f"{name} has {len(values)} arrays; there are {len(budgets)} budgets")
    points: list[BudgetPoint] = []
    runs: list[RunEpochs] = []
    for place, budget in enumerate(budgets):
        run = as_predictions(predictions[place])
        right = None if correct is None else correct[place]
        shared = None if contexts is None else contexts[place]
        whole = decompose_epochs(run, target, shared, loss=loss, estimator=estimator)
        per_epoch = epoch_accuracy(run, target, loss, right)
        accuracy = mean_over_epochs(per_epoch)
        interval = whole.interval(level=level, resamples=resamples, clusters=clusters, rng=rng)
        split, length = None, np.full(len(run), np.nan)
        if lengths is not None:
            known = as_epoch_values("lengths", lengths[place], run.shape[:2])
            length = mean_over_epochs(np.where(present_epochs(run), known, np.nan))
            split = overthinking(
                run,
                target,
                known,
                loss=loss,
                estimator=estimator,
                level=level,
                resamples=resamples,
                permutations=permutations,
                clusters=clusters,
                correct=right,
                contexts=shared,
                rng=rng,
            )
        runs.append(RunEpochs(run, per_epoch, None if shared is None else np.asarray(shared)))
        differences: tuple[PairedDifference, ...] = ()
        if place and loss != "zero_one":
            differences = tuple(
                compare_runs(
                    runs[place],
                    runs[0],
                    target,
                    loss=loss,
                    estimator=estimator,
                    clusters=clusters,
                    level=level,
                    permutations=permutations or PERMUTATIONS,
                    rng=rng,
                )
            )
        points.append(BudgetPoint(budget, summarise(whole, length, accuracy, interval), split, differences))
    return tuple(points)
