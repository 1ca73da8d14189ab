"""The scale of a score: decided once for a scorer over everything that was read, and said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hotmess_inspect.schema import PERFECT, Problem
from hotmess_inspect.table import Labels, Outcomes
from hotmess_inspect.table.cleaning import LARGEST_SCORE
from hotmess_inspect.table.outcomes import fold_keys


@dataclass(frozen=True)
class Scale:
    """What scores mean.

    Attributes:
        low: Score of an epoch that is all wrong.
        high: Score of one that is all right.
    """

    low: float = 0.0
    high: float = PERFECT

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low != self.high):
            raise ValueError(
                f"the range of scores needs two different finite numbers, not {self.low:g} and {self.high:g}"
            )


def rescaled(outcomes: Outcomes, scale: Scale | None) -> tuple[Outcomes, list[Problem]]:
    """Scores from 0 to 1, and what was decided about each scorer.

    A scorer whose scores all lie in [0, 1] is taken as it is. One with others is rescaled where the range is
    given, and otherwise left out as a whole: of the scores 0, 1 and 7 of a scale to 10, the first two are no
    verdicts of wrong and right. Without names of scorers, a task's scores are one scorer's.

    Args:
        outcomes: The rows.
        scale: What the user said.

    Returns:
        The rows, those left out as ``unscored``, and the problems.
    """
    # What is no number, or larger than any score, is left out epoch by epoch.
    judged = outcomes.kind.equals("score") & (np.abs(outcomes.value) < LARGEST_SCORE)
    if not judged.any():
        return outcomes, []
    unnamed = outcomes.scorer.missing
    task = np.where(unnamed, outcomes.task.codes, np.int32(-1))
    _, owner = np.unique(fold_keys([outcomes.scorer.codes, task]), return_inverse=True)
    size = int(owner.max()) + 1
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, owner[judged], outcomes.value[judged])
    np.maximum.at(high, owner[judged], outcomes.value[judged])
    problems: list[Problem] = []
    value, status = outcomes.value, outcomes.status.codes
    names = (
        outcomes.status.names if "unscored" in outcomes.status.names else (*outcomes.status.names, "unscored")
    )
    for number in range(size):
        rows = (owner == number) & judged
        if not rows.any():
            continue
        name = _name(outcomes, int(np.flatnonzero(rows)[0]))
        span = f"from {low[number]:g} to {high[number]:g}"
        if scale is not None:
            made = (value[rows] - scale.low) / (scale.high - scale.low)
            if ((made < 0) | (made > 1)).any():
                text = f"scores go {span}, outside of the range from {scale.low:g} to {scale.high:g} that was given: left out"
                problems.append(Problem("error", name, text))
                status = np.where(rows, names.index("unscored"), status)
            else:
                value = value.copy()
                value[rows] = made
                text = f"scores count from {scale.low:g} (wrong) to {scale.high:g} (right), as told; they go {span}"
                problems.append(Problem("note", name, text))
        elif low[number] < 0 or high[number] > 1:
            text = (
                f"scores go {span}, so 1 is not what a right answer gets: left out. --range {_guess(low[number], high[number])} "
                "says what wrong and right get"
            )
            problems.append(Problem("error", name, text))
            status = np.where(rows, names.index("unscored"), status)
        elif ((value[rows] != 0) & (value[rows] != 1)).any():
            problems.append(
                Problem("note", name, f"scores count from 0 (wrong) to 1 (right); they go {span}")
            )
    if value is outcomes.value and status is outcomes.status.codes:
        return outcomes, problems
    return replace(outcomes, value=value, status=Labels(status.astype(np.int32), names)), problems


def _guess(low: float, high: float) -> str:
    bottom = 0 if low >= 0 else low
    top = next((t for t in (5, 10, 100, 1000) if high <= t), high)
    return f"{bottom:g} {top:g}"


def _name(outcomes: Outcomes, row: int) -> str:
    for column in (outcomes.scorer, outcomes.task, outcomes.log):
        if (code := int(column.codes[row])) >= 0:
            return column.names[code]
    return "table"
