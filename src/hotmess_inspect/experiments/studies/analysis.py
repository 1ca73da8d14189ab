"""What a study shows, as plain tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hotmess_inspect.analyses.budgets import BudgetPoint, reasoning_budgets
from hotmess_inspect.analyses.ensembling import EnsemblingCurve, ensembling_curve
from hotmess_inspect.analyses.groups import ScalingLaws, difficulty_groups, scaling_laws
from hotmess_inspect.experiments.studies.runs import Run, line_up
from hotmess_inspect.inference.intervals import Interval
from hotmess_inspect.inference.power_laws import PowerLaw
from hotmess_inspect.schema import ESTIMATORS, ClassLoss
from hotmess_inspect.words import counted


def analyze_budgets(
    runs: Sequence[Run], *, loss: ClassLoss = "brier", resamples: int = 2000, seed: int = 0
) -> tuple[BudgetPoint, ...]:
    """Accuracy and incoherence per budget, beside longer against shorter epochs under one budget.

    Args:
        runs: One per budget, in the order to show, their labels being the budgets.
        loss: Of the decomposition, with its first estimator.
        resamples: Bootstrap replicates.
        seed: Seed of the bootstrap and of permutations.

    Returns:
        A point per budget, on the questions that all runs have.
    """
    lined = line_up(runs)
    return reasoning_budgets(
        [run.label for run in lined],
        [run.questions.predictions for run in lined],
        lined[0].questions.target,
        [run.lengths for run in lined],
        correct=[run.questions.correct for run in lined],
        contexts=[run.shared_contexts for run in lined],
        clusters=lined[0].questions.clusters,
        loss=loss,
        estimator=ESTIMATORS[loss][0],
        resamples=resamples,
        permutations=min(999, resamples),
        rng=np.random.default_rng(seed),
    )


def analyze_scaling(
    runs: Sequence[Run],
    sizes: Sequence[float],
    *,
    reference: Run | None = None,
    groups: int = 5,
    loss: ClassLoss = "brier",
    resamples: int = 2000,
    seed: int = 0,
) -> ScalingLaws:
    """Power laws of bias² and of variance in the size of the model.

    Args:
        runs: One per model.
        sizes: Their sizes.
        reference: Run whose lengths sort the questions into groups of difficulty; None makes one group.
        groups: Number of groups.
        loss: Of the decomposition, with its first estimator.
        resamples: Bootstrap replicates.
        seed: Seed of the bootstrap.

    Returns:
        The fits, on the questions that all runs have.
    """
    lined = line_up([*runs, reference] if reference is not None else runs)
    number = np.zeros(len(lined[0].ids), dtype=np.int64)
    if reference is not None:
        number = difficulty_groups(lined.pop().lengths, groups=groups, ids=lined[0].ids)
    return scaling_laws(
        sizes,
        [run.decompose(loss, ESTIMATORS[loss][0]) for run in lined],
        number,
        resamples=resamples,
        clusters=lined[0].questions.clusters,
        rng=np.random.default_rng(seed),
    )


def analyze_ensembling(
    run: Run,
    *,
    sizes: Sequence[int] | None = None,
    ensembles: int = 10,
    loss: ClassLoss = "brier",
    resamples: int = 2000,
    seed: int = 0,
) -> EnsemblingCurve:
    """Variance of averaged predictions against how many are averaged.

    Args:
        run: The run, with `ensembles` times the largest size epochs.
        sizes: Ensemble sizes; None takes all that fit.
        ensembles: Disjoint ensembles per question.
        loss: Of the decomposition, with its first estimator.
        resamples: Bootstrap replicates.
        seed: Seed of partitions and bootstrap.

    Returns:
        The curve.
    """
    return ensembling_curve(
        run.questions.predictions,
        run.questions.target,
        sizes=sizes,
        ensembles=ensembles,
        shuffles=10,
        loss=loss,
        estimator=ESTIMATORS[loss][0],
        resamples=resamples,
        clusters=run.questions.clusters,
        rng=np.random.default_rng(seed),
    )


def format_budgets(points: Sequence[BudgetPoint], unit: str) -> str:
    """The budgets as a table, and what the longer epochs do under each."""
    rows = [
        [
            "budget",
            f"mean {unit}",
            "accuracy",
            "error",
            "bias²",
            "variance",
            "incoherence",
            "longer − shorter",
            "incoherence − first budget's",
        ]
    ]
    for point in points:
        s, split = point.summary, point.overthinking
        longer = (
            "–" if split is None or split.note else f"{split.difference:+z.3f}{_between(split.difference_ci)}"
        )
        numbers = map(_number, (s.accuracy, s.error, s.bias_squared, s.variance))
        incoherence = f"{_number(s.incoherence)}{_between(s.incoherence_ci)}"
        gap = next((one for one in point.differences if one.quantity == "incoherence"), None)
        less = (
            "–"
            if gap is None or math.isnan(gap.estimate)
            else f"{gap.estimate:+z.3f}{_between(Interval(gap.low, gap.high))}, p = {gap.p_value:.3f}"
        )
        rows.append([str(point.budget), f"{s.length:,.0f}", *numbers, incoherence, longer, less])
    return _table(rows)


def format_scaling(laws: ScalingLaws, labels: Sequence[str]) -> str:
    """Means per model and exponents, a part per group of difficulty."""
    parts = []
    for group in laws.groups:
        rows = [["model", "size", "bias²", "variance"]]
        for label, size, bias, variance in zip(
            labels, laws.sizes, group.mean_bias_squared, group.mean_variance, strict=True
        ):
            rows.append([label, f"{size:g}", _number(float(bias)), _number(float(variance))])
        title = f"group {group.group} of {len(laws.groups)}, {counted(group.questions, 'question')}"
        if len(laws.groups) > 1:
            title += " (0: shortest answers of the reference)"
        lines = [
            f"bias² {_law('size', group.bias_squared, group.bias_squared_ci, 'models')}",
            f"variance {_law('size', group.variance, group.variance_ci, 'models')}",
            f"difference of the exponents {group.difference:+z.3f}{_between(group.difference_ci)}: below 0, bias "
            "falls faster than variance and larger models fail less coherently",
        ]
        parts.append("\n".join([title, _table(rows), *lines]))
    parts.append(
        "intervals are over questions and take these models as given: scatter of models about the law is not in them"
    )
    left = f"{counted(laws.incomplete_questions, 'question', 'lacks', 'lack')} two epochs in some model: left out"
    return "\n\n".join(parts) + (f"\n{left}" if laws.incomplete_questions else "")


def format_ensembling(curve: EnsemblingCurve) -> str:
    """The curve as a table, and the exponent."""
    rows = [["epochs averaged", "accuracy", "error", "bias²", "variance", "incoherence"]]
    for p in curve.points:
        numbers = map(_number, (p.accuracy, p.error, p.bias_squared, p.variance, p.incoherence))
        rows.append([str(p.size), *numbers])
    fitted = f"variance {_law('size', curve.fit, curve.exponent_ci, 'sizes')}; independent epochs give -1"
    return "\n".join([_table(rows), curve.fit.note or fitted])


def _law(across: str, fit: PowerLaw, interval: Interval, points: str) -> str:
    """An exponent with its interval and what it rests on, or why there is none."""
    if fit.note:
        return f"against {across}: {fit.note}"
    zeros = f", {fit.zeros} of them at or below 0" if fit.zeros else ""
    law = f"∝ {across}^{fit.exponent:.3f}{_between(interval)}"
    return f"{law}, R² {_number(fit.r_squared)}, {fit.points} {points}{zeros}"


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "–"


def _between(interval: Interval) -> str:
    low, high = interval
    return "" if math.isnan(low) else f" [{low:.3f} … {high:.3f}]"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
