"""The scale of a score: decided once for a scorer over everything that was read, and said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, count
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.schema import PERFECT, Problem, Scale
from hotmess_inspect.table import Labels, Outcomes
from hotmess_inspect.table.cleaning import LARGEST_SCORE
from hotmess_inspect.table.outcomes import fold_keys
from hotmess_inspect.verdicts import verdict_to_float


def rescaled(outcomes: Outcomes, scale: Scale | None) -> tuple[Outcomes, list[Problem]]:
    """Scores from 0 (wrong) to 1 (right), and what was decided about each scorer.

    A scorer's scale is the one that the user states, else the one that is on record with its scores (column
    ``scale``), else 0 to 1. Where some score lies outside of it the scorer is left out as a whole: of the scores 0,
    1 and 7 of a scale to 10, the first two are no verdicts of wrong and right. Without names of scorers, a task's
    scores are one scorer's.

    Args:
        outcomes: The rows.
        scale: What the user said.

    Returns:
        The rows, those left out as ``unscored``, without a scale since it is applied; and the problems.
    """
    # What is no number, or larger than any score, is left out epoch by epoch.
    judged = outcomes.kind.equals("score") & (np.abs(outcomes.value) < LARGEST_SCORE)
    if not judged.any():
        return outcomes, []
    unnamed = outcomes.scorer.missing
    task = np.where(unnamed, outcomes.task.codes, np.int32(-1))
    _, owner = np.unique(fold_keys([outcomes.scorer.codes, task, outcomes.scale.codes]), return_inverse=True)
    size = int(owner.max()) + 1
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, owner[judged], outcomes.value[judged])
    np.maximum.at(high, owner[judged], outcomes.value[judged])
    problems: list[Problem] = []
    value, status = outcomes.value, outcomes.status.codes
    regrades: list[str | None] | None = None
    made_of: dict[str, Any] = {}
    names = (
        outcomes.status.names if "unscored" in outcomes.status.names else (*outcomes.status.names, "unscored")
    )
    for number in range(size):
        rows = (owner == number) & judged
        if not rows.any():
            continue
        first = int(np.flatnonzero(rows)[0])
        name, span = _name(outcomes, first), f"from {low[number]:g} to {high[number]:g}"
        own, source = (scale, "as told") if scale else (_recorded(outcomes, first), "as the log says")
        if own is not None:
            made = (value[rows] - own.low) / (own.high - own.low)
            if ((made < 0) | (made > 1)).any():
                text = (
                    f"scores go {span}, outside of the range from {own.low:g} to {own.high:g} {source}: left out. "
                    "--range WRONG RIGHT states another"
                )
                problems.append(Problem("error", name, text))
                status = np.where(rows, names.index("unscored"), status)
            elif (own.low, own.high) != (0, PERFECT) or scale:
                value = value.copy()
                value[rows] = made
                regrades = _rescaled_regrades(outcomes, rows, own, regrades)
                text = (
                    f"scores count from {own.low:g} (wrong) to {own.high:g} (right), {source}; they go {span}"
                )
                problems.append(Problem("note", name, text))
        elif low[number] < 0 or high[number] > 1:
            text = (
                f"scores go {span}, so 1 is not what a right answer gets: left out. --range WRONG RIGHT says "
                f"what wrong and right get, for example --range {_guess(low[number], high[number])}"
            )
            problems.append(Problem("error", name, text))
            status = np.where(rows, names.index("unscored"), status)
        elif ((value[rows] != 0) & (value[rows] != 1)).any():
            problems.append(
                Problem("note", name, f"scores count from 0 (wrong) to 1 (right); they go {span}")
            )
    scaled = bool(outcomes.scale.names)
    if regrades is not None:
        made_of["regrades"] = Labels.encode(regrades)
    if value is outcomes.value and status is outcomes.status.codes and not scaled:
        return outcomes, problems
    if scaled:
        made_of["scale"] = Labels.constant(None, len(outcomes))
    return replace(outcomes, value=value, status=Labels(status.astype(np.int32), names), **made_of), problems


def stated_scale(scorers: object, name: str, key: str | None) -> Scale | None:
    """The scale that a log's header states for a score: of our metric on that scorer, or on one key of it.

    Args:
        scorers: The header's list of scorers, each with its metrics and their options.
        name: Name of the score in the samples.
        key: Key of the score, ``None`` for the score itself.

    Returns:
        The scale, ``None`` where the header states none. Of two metrics the first that names the key counts.
    """
    taken: set[str] = set()
    for scorer in scorers if isinstance(scorers, list) else []:
        if not isinstance(scorer, Mapping):
            continue
        base = str(scorer.get("name", "")).rpartition("/")[2]
        # As Inspect names a scorer that stands in a task several times.
        own = next(n for n in chain([base], (f"{base}{i}" for i in count(1))) if n not in taken)
        taken.add(own)
        if own == name:
            found = [s for named, s in _stated(scorer.get("metrics"), None) if named in (None, key)]
            of_key = [
                s for named, s in _stated(scorer.get("metrics"), None) if named is not None and named == key
            ]
            return next(iter([*of_key, *found]), None)
    return None


def _stated(metrics: object, pattern: str | None) -> Iterator[tuple[str | None, Scale]]:
    """Key (``None``: every key) and scale of each of our metrics that states one."""
    if isinstance(metrics, Mapping) and "name" not in metrics:
        for key, inner in metrics.items():
            yield from _stated(inner, str(key))
    elif isinstance(metrics, list):
        for inner in metrics:
            yield from _stated(inner, pattern)
    elif isinstance(metrics, Mapping) and str(metrics["name"]).rpartition("/")[2] == "incoherence":
        options = metrics.get("options")
        options = options if isinstance(options, Mapping) else {}
        try:
            scale = Scale.given(options.get("perfect"), options.get("range"))
        except (TypeError, ValueError):
            return
        if scale is not None:
            key = options.get("key", pattern)
            yield (None if key in (None, "*") else str(key)), scale


def scores_of(text: str | None) -> list[float]:
    """The scores in a text of column ``regrades``, those that are numbers."""
    found = [verdict_to_float(part) for part in (text or "").split()]
    return [score for score in found if not isnan(score)]


def _rescaled_regrades(
    outcomes: Outcomes, rows: NDArray[np.bool_], scale: Scale, regrades: list[str | None] | None
) -> list[str | None] | None:
    """Further gradings of the scores in some rows on the scale that the scores are brought to."""
    told = np.flatnonzero(rows & ~outcomes.regrades.missing)
    if not len(told):
        return regrades
    made = outcomes.regrades.values() if regrades is None else regrades
    for row in told.tolist():
        scores = scores_of(outcomes.regrades.value(row))
        made[row] = " ".join(repr((score - scale.low) / (scale.high - scale.low)) for score in scores)
    return made


def _recorded(outcomes: Outcomes, row: int) -> Scale | None:
    """The scale that stands with a row's score."""
    text = outcomes.scale.value(row)
    return None if text is None else Scale.given(None, text.split())


def _guess(low: float, high: float) -> str:
    # Scales of 1 to 5 and 1 to 7 begin at 1; where nobody got the least, 0 to 10 looks the same.
    bottom = low if low < 0 else 1 if low >= 1 and high in (5, 7) else 0
    top = high if bottom == 1 else next((t for t in (5, 10, 100, 1000) if high <= t), high)
    return f"{bottom:g} {top:g}"


def _name(outcomes: Outcomes, row: int) -> str:
    for column in (outcomes.scorer, outcomes.task, outcomes.log):
        if (code := int(column.codes[row])) >= 0:
            return column.names[code]
    return "table"
