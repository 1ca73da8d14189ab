"""The text tables of `hotmess analyze`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from hotmess_inspect.analysis.analyze import GroupResult, group_name
from hotmess_inspect.analysis.lengths import LengthFindings
from hotmess_inspect.analysis.logs import Problem
from hotmess_inspect.statistics.overthinking import Overthinking

from ._console import cell, console, plain, print_problems


def print_analysis(results: Sequence[GroupResult], problems: Sequence[Problem]) -> None:
    """Print headline numbers, numbers by length, and what a reader has to know."""
    out = console()
    if results:
        out.print(_headline(results))
        _print_counts(out, results)
        for result in results:
            if result.lengths is not None:
                _print_lengths(out, result, result.lengths)
    else:
        out.print("No group with a verdict was found.")
    print_problems(problems, out)


def _headline(results: Sequence[GroupResult]) -> Table:
    table = Table(
        caption="error = bias² + variance; incoherence = Σ variance / Σ error over questions",
        caption_justify="left",
    )
    for name in ("task", "model", "what", "loss", "estimator"):
        table.add_column(name, overflow="fold")
    for name in (
        "questions",
        "epochs",
        "accuracy",
        "error",
        "bias²",
        "variance",
        "incoherence",
        "95 % interval",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for result in results:
        table.add_row(*map(cell, _headline_cells(result)))
    return table


def _headline_cells(result: GroupResult) -> list[str]:
    d, counts = result.decomposition, result.counts
    low, high = result.incoherence_ci
    settings = ", ".join(f"{key}={value}" for key, value in result.variant.items())
    what = " ".join(part for part in (result.group.measure or result.group.scorer, settings) if part)
    return [
        result.group.task or "–",
        result.group.model or "–",
        what or "–",
        d.loss,
        d.estimator,
        str(int((d.epochs > 0).sum())),
        _of(counts["epochs_scored"], counts["epochs_planned"]),
        number(result.accuracy),
        number(d.mean("error")),
        number(d.mean("bias_squared")),
        number(d.mean("variance")),
        number(d.incoherence),
        "–" if math.isnan(low) else f"{low:.3f} … {high:.3f}",
    ]


def _print_counts(out: Console, results: Sequence[GroupResult]) -> None:
    """What is missing or odd among the epochs, a line per group that has any of it."""
    for result in {id(r.group): r for r in results}.values():
        counts = {
            k: v for k, v in result.counts.items() if v and k not in ("epochs_planned", "epochs_scored")
        }
        if result.decomposition.zero_error_questions:
            counts["questions without error"] = result.decomposition.zero_error_questions
        if counts:
            listed = ", ".join(f"{value} {key}" for key, value in counts.items())
            out.print(cell(f"{group_name(result.group)}: {listed}", "dim"))


def _print_lengths(out: Console, result: GroupResult, lengths: LengthFindings) -> None:
    name = f"{group_name(result.group)} · {result.decomposition.loss} by {result.length}"
    table = Table(title=plain(name), title_justify="left")
    for column in (
        "length",
        "questions",
        "accuracy",
        "error",
        "bias²",
        "variance",
        "incoherence",
        "95 % interval",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for b in lengths.trend.buckets:
        interval = (
            "–"
            if math.isnan(b.incoherence_ci.low)
            else f"{b.incoherence_ci.low:.3f} … {b.incoherence_ci.high:.3f}"
        )
        numbers = map(number, (b.accuracy, b.error, b.bias_squared, b.variance, b.incoherence))
        table.add_row(f"{b.length:.1f}", str(b.questions), *numbers, interval)
    out.print(table)
    fit, ci = lengths.trend.fit, lengths.trend.slope_ci
    if fit.note:
        out.print(cell(f"slope of incoherence against length: {fit.note}", "dim"))
    else:
        out.print(
            f"slope of log incoherence against log length: {fit.exponent:.3f} [{ci.low:.3f} … {ci.high:.3f}], R² {number(fit.r_squared)}"
        )
    _print_overthinking(out, lengths.overthinking)


def _print_overthinking(out: Console, split: Overthinking) -> None:
    if split.note:
        out.print(cell(f"shorter against longer epochs of the same question: {split.note}", "dim"))
        return
    low, high = split.difference_ci
    p = "" if math.isnan(split.p_value) else f", p = {split.p_value:.3f}"
    out.print(
        f"shorter against longer epochs of the same question: {split.below:.3f} against {split.above:.3f}, "
        f"difference {split.difference:+.3f} [{low:+.3f} … {high:+.3f}]{p}"
    )


def _of(scored: int, planned: int) -> str:
    return str(scored) if scored == planned else f"{scored} of {planned}"


def number(value: float) -> str:
    """Four decimals, a dash where undefined."""
    return f"{value:.4f}" if math.isfinite(value) else "–"
