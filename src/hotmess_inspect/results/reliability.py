"""Reliability of a group: pass^k and what goes with it, in numbers for JSON and in sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from hotmess_inspect.analyses.reliability import (
    PassRate,
    Reliability,
    ScoreReliability,
    reliability,
    score_reliability,
)
from hotmess_inspect.analyses.summaries import Estimate
from hotmess_inspect.results.intervals import estimate_json, shared_contexts
from hotmess_inspect.schema import finite_or_none, json_value
from hotmess_inspect.table import Questions
from hotmess_inspect.words import counted

DEPENDABILITIES = (0.8, 0.9)
"""Dependabilities whose epochs are stated."""

MISFIT = 0.05
"""p-value of the goodness of fit below which a reader is warned."""

_FIELDS = (
    "pass_hat_k",
    "pass_at_k",
    "pass_model",
    "flip_rate",
    "outcome_consistency",
    "icc",
    "dependability",
    "noise_floor",
)


@dataclass(frozen=True, eq=False)
class ReliabilityFindings:
    """What repeated epochs say about the reliability of a model on these questions.

    Attributes:
        passes: For outcomes that are right or wrong; None where epochs are right in part.
        scores: Shares of the spread of how right epochs are, and what chance does to a single run.
    """

    passes: Reliability | None
    scores: ScoreReliability

    def as_json(self) -> dict[str, Any]:
        """Fields of `hotmess analyze --json`; undefined numbers are ``None``."""
        passes, scores = self.passes, self.scores
        needed = {str(phi): finite_or_none(scores.epochs_for(phi)) for phi in DEPENDABILITIES}
        return {
            "pass_hat_k": None if passes is None else [_rate_json(rate) for rate in passes.pass_hat_k],
            "pass_at_k": None if passes is None else [_rate_json(rate) for rate in passes.pass_at_k],
            "pass_model": None if passes is None else _model_json(passes),
            "flip_rate": None if passes is None else estimate_json(passes.flip_rate),
            "outcome_consistency": None if passes is None else estimate_json(passes.outcome_consistency),
            "icc": estimate_json(scores.icc),
            "dependability": {
                "epochs": finite_or_none(scores.epochs),
                "value": finite_or_none(scores.dependability(scores.epochs)),
                "epochs_for": needed,
            },
            "noise_floor": estimate_json(scores.noise_floor),
        }

    def sentences(self) -> list[str]:
        """The same for a reader, a line each."""
        lines = []
        if self.passes is not None:
            lines += [
                _rates_line("pass^k", self.passes.pass_hat_k),
                _rates_line("pass@k", self.passes.pass_at_k),
            ]
            if self.passes.model_note:
                lines.append(self.passes.model_note)
            elif self.passes.fit is not None:
                p = self.passes.fit.p_value
                told = "" if math.isnan(p) else f"; goodness of fit p = {p:.3f}"
                if p < MISFIT:
                    told += ": the counts do not follow it, so read what is extrapolated as a guess"
                lines.append(f"extrapolated by a beta-binomial over the questions{told}")
                for name, outcome, anchored in zip(
                    ("pass^k", "pass@k"), ("right", "wrong"), self.passes.anchored, strict=True
                ):
                    if not anchored:
                        lines.append(
                            f"what is extrapolated of {name} is that model's alone and has no interval: too few questions are "
                            f"{outcome} in all their epochs to go on from what is measured"
                        )
            flips = self.passes.flip_rate
            if not math.isnan(flips.value):
                lines.append(f"questions both right and wrong over their epochs: {_share(flips)}")
        scores = self.scores
        if not math.isnan(scores.icc.value):
            needed = scores.epochs_for(DEPENDABILITIES[0])
            epochs = "no number of epochs" if math.isinf(needed) else counted(math.ceil(needed), "epoch")
            lines.append(
                f"ICC(1) {scores.icc.value:.3f}{_between(scores.icc)}, the share of the spread of single epochs that lies "
                f"between questions; dependability of {scores.epochs:.3g} epochs {scores.dependability(scores.epochs):.3f}, "
                f"the reliability of each question's mean over them; {epochs} a question would give "
                f"a dependability of {DEPENDABILITIES[0]}"
            )
        floor = self.noise_floor_sentence()
        return [*lines, floor] if floor else lines

    def noise_floor_sentence(self) -> str:
        """How far two single runs of the model differ by chance; empty where undefined."""
        floor = self.scores.noise_floor.value
        if math.isnan(floor):
            return ""
        if floor == 0:
            return "noise floor: none is seen, since no question changed between its epochs"
        return (
            f"noise floor: by chance alone, two single runs of this model on these {counted(self.scores.questions, 'question')} "
            f"differ in accuracy by up to {100 * floor:.1f} points in 95 of 100 cases"
        )


def no_reliability_json() -> dict[str, None]:
    """The fields where nothing is known about how right epochs are."""
    return dict.fromkeys(_FIELDS)


_found: WeakKeyDictionary[Questions, dict[tuple[int, int], ReliabilityFindings | None]] = WeakKeyDictionary()


def reliability_findings(questions: Questions, *, resamples: int, seed: int) -> ReliabilityFindings | None:
    """Reliability of one group; computed once for all of its losses, since it depends on none of them.

    Args:
        questions: The group as arrays.
        resamples: Bootstrap replicates.
        seed: Seed of the bootstrap.

    Returns:
        The findings; None where it is not known how right an epoch is, as for points.
    """
    known = _found.setdefault(questions, {})
    key = (resamples, seed)
    if key not in known:
        known[key] = _findings(questions, resamples, seed)
    return known[key]


def _findings(questions: Questions, resamples: int, seed: int) -> ReliabilityFindings | None:
    right = questions.correct
    given = right[~np.isnan(right)]
    if not given.size:
        return None
    options: dict[str, Any] = {
        "resamples": resamples,
        "clusters": questions.clusters,
        "rng": np.random.default_rng(seed),
    }
    options["contexts"] = questions.context if shared_contexts(questions) else None
    if ((given == 0) | (given == 1)).all():
        passes = reliability(right, **options)
        return ReliabilityFindings(passes, passes.scores)
    return ReliabilityFindings(None, score_reliability(right, **options))


def _rate_json(rate: PassRate) -> dict[str, Any]:
    return {
        "k": rate.k,
        "value": json_value(rate.value),
        "ci": json_value(rate.interval),
        "extrapolated": rate.extrapolated,
        "questions": rate.questions,
    }


def _model_json(passes: Reliability) -> dict[str, Any]:
    fit = passes.fit
    return {
        "mean": finite_or_none(float(passes.model.mean)),
        "concentration": finite_or_none(float(passes.model.concentration)),
        "observed": None if fit is None else list(fit.observed),
        "predicted": None if fit is None else json_value(fit.predicted),
        "p_value": None if fit is None else finite_or_none(fit.p_value),
        "note": passes.model_note or None,
    }


def _rates_line(name: str, rates: tuple[PassRate, ...]) -> str:
    """The first few k, the most epochs at hand, and the end of the extrapolation."""
    measured = [rate for rate in rates if not rate.extrapolated]
    shown = measured if len(measured) <= 5 else [*measured[:4], measured[-1]]
    parts = [f"{rate.k}: {rate.value:.3f}{_rate_between(rate)}" for rate in shown]
    beyond = [rate for rate in rates if rate.extrapolated][-1:]
    parts += [f"extrapolated {rate.k}: {_chance(rate.value)}{_rate_between(rate)}" for rate in beyond]
    fewest = min((rate.questions for rate in measured), default=0)
    most = max((rate.questions for rate in measured), default=0)
    rest = (
        ""
        if fewest == most
        else f" (k = {measured[-1].k} over the {fewest} of {most} questions with so many epochs)"
    )
    return f"{name}  " + ", ".join(parts) + rest


def _chance(value: float) -> str:
    """Three decimals of a chance that a model gives, which is never 0 or 1."""
    return "<0.001" if value < 0.0005 else ">0.999" if value >= 0.9995 else f"{value:.3f}"


def _rate_between(rate: PassRate) -> str:
    return _between(Estimate(rate.value, rate.interval))


def _between(found: Estimate) -> str:
    low, high = found.interval
    return "" if math.isnan(low) else f" [{low:.3f} … {high:.3f}]"


def _share(found: Estimate) -> str:
    low, high = found.interval
    return f"{found.value:.1%}" + ("" if math.isnan(low) else f" [{low:.1%} … {high:.1%}]")
