"""Time horizons of every group of outcomes: what `hotmess horizon` prints and what its JSON holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hotmess_inspect.analyses.horizon import HorizonFit, horizon
from hotmess_inspect.results.analyze import GroupResult, Options, analyze, group_name, interval_json
from hotmess_inspect.schema import Problem, json_value
from hotmess_inspect.table import Outcomes
from hotmess_inspect.words import counted


@dataclass(frozen=True, eq=False)
class HorizonFindings:
    """Success, horizons, and bias² and variance along the human time of one group.

    Attributes:
        result: The group, with human minutes as its length.
        fit: The curve and its horizons.
        weighted: Whether runs were weighted.
    """

    result: GroupResult
    fit: HorizonFit
    weighted: bool

    def as_json(self) -> dict[str, Any]:
        """The findings as `hotmess horizon --json` prints them; undefined numbers are ``None``."""
        group, fit = self.result.group, self.fit
        lengths = self.result.lengths
        return {
            "task": group.task,
            "model": group.model,
            "variant": self.result.variant or None,
            "scorer": group.scorer,
            "measure": group.measure,
            "weighted": self.weighted,
            "tasks": fit.tasks,
            "runs": fit.runs,
            "families": fit.families,
            "unknown_minutes_tasks": fit.unknown_minutes,
            "k": fit.k,
            "regularisation": fit.regularisation,
            "too_few_runs_tasks": fit.too_few_runs,
            "intercept": json_value(fit.intercept),
            "slope_per_doubling": json_value(fit.slope),
            "success": json_value(fit.success),
            "note": fit.note or None,
            "horizons": [
                {
                    **json_value(asdict(one)),
                    "interval": interval_json(one.interval),
                    "three_stages": interval_json(one.three_stages),
                    "note": one.note or None,
                }
                for one in fit.horizons
            ],
            "loss": self.result.decomposition.loss,
            "estimator": self.result.decomposition.estimator,
            "buckets": lengths.buckets_json() if lengths else None,
        }


def horizons(
    outcomes: Outcomes,
    options: Options,
    *,
    k: int = 2,
    weighted: bool = False,
    regularisation: float = 0.0,
) -> tuple[list[HorizonFindings], list[Problem]]:
    """The time horizon of every group whose epochs are right or wrong.

    Args:
        outcomes: Rows of any number of tasks and models; of unit tests the measure "resolved" is taken.
        options: What to compute; its length is the human time, whatever it says.
        k: Epochs that pass^k asks to be all right.
        weighted: Whether each run counts by the column ``weight``, else alike.
        regularisation: Penalty of half the squared slope, in units of the whole weight.

    Returns:
        Findings per group, and what could not be computed.
    """
    results, problems = analyze(outcomes, options)
    found: list[HorizonFindings] = []
    for result in _one_each(results):
        name = group_name(result.group)
        questions = result.questions
        try:
            if result.length is None:
                raise ValueError(
                    "no question has a human time: a column human_minutes of a table (or --columns human_minutes=NAME), or human_minutes, human_time or "
                    "SWE-bench's difficulty in the samples' metadata"
                )
            weights = questions.one_each("weight") if weighted else None
            if weights is not None and np.isnan(weights).all():
                raise ValueError("--weights: no row has a weight")
            fit = horizon(
                _right_or_wrong(questions.correct),
                questions.one_each("human_minutes"),
                weights=weights,
                clusters=questions.clusters,
                k=k,
                regularisation=regularisation,
                resamples=options.resamples,
                rng=np.random.default_rng(options.seed),
            )
        except ValueError as error:
            problems.append(Problem("error", name, str(error)))
            continue
        found.append(HorizonFindings(result, fit, weighted))
        problems += [Problem("warning", name, text) for text in _warnings(fit)]
    return found, problems


def _one_each(results: Sequence[GroupResult]) -> list[GroupResult]:
    """One result per group, whatever its losses; of unit tests whether all of them pass."""
    first: dict[int, GroupResult] = {}
    for result in results:
        if result.group.measure in (None, "resolved"):
            first.setdefault(id(result.group), result)
    return list(first.values())


def _right_or_wrong(correct: np.ndarray) -> np.ndarray:
    if np.isnan(correct).all():
        raise ValueError("what is right is not known of any epoch, so there is no success to follow")
    partly = ~np.isnan(correct) & (correct != 0) & (correct != 1)
    if partly.any():
        raise ValueError(
            f"{counted(int(partly.sum()), 'epoch', 'is', 'are')} partly right (such as {correct[partly][0]:g}): a horizon needs right or wrong"
        )
    return correct


def _warnings(fit: HorizonFit) -> list[str]:
    said = []
    if fit.unknown_minutes:
        said.append(
            f"{counted(fit.unknown_minutes, 'question')} without a human time above 0 left out of the fit"
        )
    if fit.too_few_runs:
        said.append(
            f"{counted(fit.too_few_runs, 'question')} with fewer than {counted(fit.k, 'epoch')} left out of pass^{fit.k}"
        )
    outside = [one.name for one in fit.horizons if one.extrapolated]
    if outside:
        said.append(f"the horizon of {', '.join(outside)} lies beyond all tasks: the curve is extrapolated")
    return said
