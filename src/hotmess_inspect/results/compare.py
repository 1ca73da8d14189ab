"""Models, budgets and settings side by side: differences on the questions that both runs answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hotmess_inspect.analyses.comparison import Difference, paired_difference
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.schema import Quantity

QUANTITIES: tuple[Quantity, ...] = ("error", "bias_squared", "variance", "incoherence")
_LOSSES = ("brier", "kl", "squared")


@dataclass(frozen=True, eq=False)
class Comparison:
    """One group against another of the same task, scorer, measure, loss and estimator.

    Attributes:
        first: The group that is compared.
        second: The group it is compared with.
        questions: Questions that both have with at least two epochs.
        differences: First minus second by quantity, with paired intervals.
    """

    first: GroupResult
    second: GroupResult
    questions: int
    differences: Mapping[Quantity, Difference]


def comparisons(results: Sequence[GroupResult]) -> list[Comparison]:
    """Each group against the first one of its kind: other models, other budgets, other settings.

    Both are reduced to the questions they share, matched by id, and questions are resampled in pairs.

    Args:
        results: What `analyze` gave.

    Returns:
        Comparisons in the order of the results; none where a task has one group only.
    """
    alike: dict[tuple[Any, ...], list[GroupResult]] = defaultdict(list)
    for result in results:
        group, d = result.group, result.decomposition
        if d.loss in _LOSSES:
            alike[group.task, group.scorer, group.measure, group.kind, d.loss, d.estimator].append(result)
    return [_compare(other, own[0]) for own in alike.values() for other in own[1:]]


def _compare(first: GroupResult, second: GroupResult) -> Comparison:
    shared = sorted(set(first.questions.ids) & set(second.questions.ids))
    left, right = (_of_questions(result, shared) for result in (first, second))
    options = first.options
    differences = {
        quantity: paired_difference(
            left, right, quantity, resamples=options.resamples, rng=np.random.default_rng(options.seed)
        )
        for quantity in QUANTITIES
    }
    return Comparison(first, second, int((left.repeated & right.repeated).sum()), differences)


def _of_questions(result: GroupResult, names: Sequence[str]) -> Decomposition:
    place = {name: i for i, name in enumerate(result.questions.ids)}
    rows = np.asarray([place[name] for name in names], dtype=np.intp)
    d = result.decomposition
    return replace(
        d,
        error=d.error[rows],
        bias_squared=d.bias_squared[rows],
        variance=d.variance[rows],
        epochs=d.epochs[rows],
    )
