"""Time horizons on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from hotmess_inspect.inference.intervals import Interval
from hotmess_inspect.render.console import cell, console, print_table
from hotmess_inspect.render.terminal import number
from hotmess_inspect.render.text import plain
from hotmess_inspect.results.analyze import group_name
from hotmess_inspect.results.horizon import HorizonFindings
from hotmess_inspect.results.variants import VariantNames
from hotmess_inspect.words import counted


def print_horizons(found: Sequence[HorizonFindings]) -> None:
    """The horizons of each group, and bias² and variance along the time that people take."""
    out = console()
    variants = VariantNames([one.result for one in found])
    for one in found:
        fit = one.fit
        name = " · ".join(p for p in (group_name(one.result.group), variants.of(one.result)) if p)
        families = "" if fit.families is None else f" of {fit.families} families"
        weighted = ", weighted" if one.weighted else ""
        weighted += f", regularisation {fit.regularisation:g}" if fit.regularisation else ""
        title = f"{name}: {counted(fit.tasks, 'task')}{families}, {counted(fit.runs, 'run')}{weighted}"
        table = Table(title=plain(title), title_justify="left")
        for column in ("success", "horizon", "95 % interval", "families, tasks, runs resampled", "note"):
            table.add_column(column)
        for own in fit.horizons:
            what = (
                f"{own.name} = {own.probability:.0%}"
                if own.name.startswith("pass")
                else f"{own.probability:.0%}"
            )
            row = (what, time_text(own.minutes), _span(own.interval), _span(own.three_stages), own.note)
            table.add_row(*map(cell, row))
        print_table(out, table)
        if not fit.note:
            out.print(
                cell(
                    f"success {fit.success:.3f}; its log odds: {fit.intercept:.3f} at one minute, {fit.slope:+z.3f} per doubling",
                    "dim",
                )
            )
        _print_buckets(one)


def _print_buckets(one: HorizonFindings) -> None:
    lengths = one.result.lengths
    if lengths is None or not lengths.trend.buckets:
        return
    d = one.result.decomposition
    table = Table(title=plain(f"along the human time, {d.loss} {d.estimator}"), title_justify="left")
    for column in ("human time", "tasks", "accuracy", "error", "bias²", "variance", "incoherence"):
        table.add_column(column, justify="right")
    for b in lengths.trend.buckets:
        numbers = map(number, (b.accuracy, b.error, b.bias_squared, b.variance, b.incoherence))
        table.add_row(time_text(b.length), str(b.questions), *numbers)
    print_table(console(), table)


def time_text(minutes: float) -> str:
    """Minutes in the unit that reads best, a dash where undefined."""
    if math.isnan(minutes):
        return "–"
    for size, unit in ((1440.0 * 3, "days"), (90.0, "h"), (1.5, "min")):
        if minutes >= size:
            return f"{minutes / {'days': 1440.0, 'h': 60.0, 'min': 1.0}[unit]:.3g} {unit}"
    return f"{minutes * 60:.3g} s"


def _span(interval: Interval) -> str:
    if math.isnan(interval.low):
        return "–"
    return f"{time_text(interval.low)} … {time_text(interval.high)}"
