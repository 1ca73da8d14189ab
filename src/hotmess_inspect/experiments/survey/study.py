"""From two groups of raters to the correlation of intelligence with incoherence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hotmess_inspect.experiments.survey.entities import Entities
from hotmess_inspect.experiments.survey.prompts import QUESTIONS
from hotmess_inspect.experiments.survey.ranks import FloatArray, spearman
from hotmess_inspect.experiments.survey.votes import FAULTS, Votes
from hotmess_inspect.schema import finite_or_none

PUBLISHED_SPEARMAN = 0.65
"""ρ(intelligence, incoherence) of Hägele et al. (2026), from human raters and 60 entities."""

DEFAULT_RESAMPLES = 2000


@dataclass(frozen=True)
class Correlation:
    """Spearman's ρ between mean ranks of intelligence and of incoherence.

    Attributes:
        entities: How many entities it rests on.
        value: ρ; NaN where it is undefined.
        raters: 95 % percentile interval over resampled raters of both groups: these entities, other raters.
        over_entities: The same over resampled entities: these raters, other entities.
        both: The same over raters and entities at once.
        note: Why something is undefined, or empty.
    """

    entities: int
    value: float
    raters: tuple[float, float]
    over_entities: tuple[float, float]
    both: tuple[float, float]
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Undefined is None."""
        return {
            "entities": self.entities,
            "spearman": finite_or_none(self.value),
            "raters_ci": _interval(self.raters),
            "entities_ci": _interval(self.over_entities),
            "both_ci": _interval(self.both),
            "note": self.note or None,
        }


@dataclass(frozen=True, eq=False)
class Survey:
    """The numbers of a survey.

    Attributes:
        entities: What was ranked.
        intelligence: Mean rank of each entity, 1 for the most intelligent, shape (entities,).
        intelligence_error: Standard error over raters, shape (entities,).
        coherence: Mean rank, 1 for the most coherent.
        incoherence: n + 1 - coherence: 1 for the least coherent.
        incoherence_error: Standard error over raters.
        agreement: Kendall's W per question; NaN for comparisons.
        raters: Usable raters per question.
        faults: Per question, how often each of `FAULTS` occurred.
        correlation: Over all entities.
        by_category: Within each category.
    """

    entities: Entities
    intelligence: FloatArray
    intelligence_error: FloatArray
    coherence: FloatArray
    incoherence: FloatArray
    incoherence_error: FloatArray
    agreement: Mapping[str, float]
    raters: Mapping[str, int]
    faults: Mapping[str, Mapping[str, int]]
    correlation: Correlation
    by_category: Mapping[str, Correlation] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Everything, undefined is None."""
        rows = [
            {
                "entity": name,
                "category": category or None,
                "intelligence_rank": finite_or_none(self.intelligence[i]),
                "intelligence_sem": finite_or_none(self.intelligence_error[i]),
                "coherence_rank": finite_or_none(self.coherence[i]),
                "incoherence_rank": finite_or_none(self.incoherence[i]),
                "incoherence_sem": finite_or_none(self.incoherence_error[i]),
            }
            for i, (name, category) in enumerate(
                zip(self.entities.names, self.entities.categories, strict=True)
            )
        ]
        return {
            "schema": 1,
            "raters": dict(self.raters),
            "kendall_w": {question: finite_or_none(value) for question, value in self.agreement.items()},
            "faults": {question: dict(counts) for question, counts in self.faults.items()},
            "correlation": self.correlation.as_json(),
            "by_category": {name: found.as_json() for name, found in self.by_category.items()},
            "published_spearman": PUBLISHED_SPEARMAN,
            "entities": rows,
        }


def point_correlations(entities: Entities, votes: Mapping[str, Votes]) -> dict[str, float]:
    """ρ over all entities (key "") and within each category, without intervals."""
    x, y = votes["intelligence"].means(), _inverted(votes["coherence"].means())
    return {name: float(spearman(x[chosen], y[chosen])) for name, chosen in _parts(entities).items()}


def survey_study(
    entities: Entities,
    votes: Mapping[str, Votes],
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> Survey:
    """Mean ranks, agreement and correlations with intervals.

    Args:
        entities: What was ranked.
        votes: Rankings or comparisons of "intelligence" and of "coherence", over these entities.
        resamples: Bootstrap replicates.
        seed: Of the bootstrap; equal seeds give equal bits in whatever order raters and entities came.

    Returns:
        The numbers.

    Raises:
        ValueError: If a question has no usable rater, or an option is outside its range.
    """
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, not {resamples}")
    for question in QUESTIONS:
        if question not in votes or not votes[question].raters:
            raise ValueError(f"nobody ranked {question}: both questions need at least one usable rater")
    asked = votes["intelligence"], votes["coherence"]
    streams = [np.random.default_rng([seed, part]) for part in range(4)]
    x, y = asked[0].means(), _inverted(asked[1].means())
    drawn = asked[0].resampled(streams[0], resamples), _inverted(asked[1].resampled(streams[1], resamples))
    found = {
        name: _correlation(x, y, drawn, chosen, votes, np.random.default_rng([seed, 4, place]))
        for place, (name, chosen) in enumerate(_parts(entities).items())
    }
    return Survey(
        entities=entities,
        intelligence=x,
        intelligence_error=asked[0].errors(streams[2], resamples),
        coherence=asked[1].means(),
        incoherence=y,
        incoherence_error=asked[1].errors(streams[3], resamples),
        agreement={question: votes[question].agreement() for question in QUESTIONS},
        raters={question: votes[question].raters for question in QUESTIONS},
        faults={q: {name: votes[q].faults.get(name, 0) for name in FAULTS} for q in QUESTIONS},
        correlation=found.pop(""),
        by_category=found,
    )


def _inverted(ranks: FloatArray) -> FloatArray:
    inverted: FloatArray = ranks.shape[-1] + 1 - ranks
    return inverted


def _parts(entities: Entities) -> dict[str, np.ndarray]:
    """Indices of all entities, and of those of each category."""
    categories = np.array(entities.categories)
    parts = {"": np.arange(len(entities))}
    for name in sorted(set(entities.categories) - {""}):
        parts[name] = np.flatnonzero(categories == name)
    return parts


def _correlation(
    x: FloatArray,
    y: FloatArray,
    drawn: tuple[FloatArray, FloatArray],
    chosen: np.ndarray,
    votes: Mapping[str, Votes],
    rng: np.random.Generator,
) -> Correlation:
    value = float(spearman(x[chosen], y[chosen]))
    if math.isnan(value):
        none = (math.nan, math.nan)
        few = len(chosen) < 3
        why = "fewer than 3 entities" if few else "all entities share one mean rank"
        return Correlation(len(chosen), value, none, none, none, f"undefined: {why}")
    resamples = len(drawn[0])
    picked = chosen[rng.integers(len(chosen), size=(resamples, len(chosen)))]
    row = np.arange(resamples)[:, None]
    raters = spearman(drawn[0][:, chosen], drawn[1][:, chosen])
    single = [question for question in QUESTIONS if votes[question].raters < 2]
    note = f"no interval over raters: one rater of {' and '.join(single)}" if single else ""
    return Correlation(
        len(chosen),
        value,
        (math.nan, math.nan) if single else _percentiles(raters),
        _percentiles(spearman(x[picked], y[picked])),
        (math.nan, math.nan)
        if single
        else _percentiles(spearman(drawn[0][row, picked], drawn[1][row, picked])),
        note,
    )


def _percentiles(values: FloatArray) -> tuple[float, float]:
    """The middle 95 %; NaN where more than a twentieth of the replicates are undefined, or all are the same."""
    known = values[~np.isnan(values)]
    if len(known) < 0.95 * len(values):
        return math.nan, math.nan
    if np.ptp(known) <= 1e-9:
        return math.nan, math.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _interval(interval: tuple[float, float]) -> list[float] | None:
    return None if math.isnan(interval[0]) else [interval[0], interval[1]]
