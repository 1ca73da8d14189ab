"""The text tables of `hotmess compare`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hotmess_inspect.analyses.comparison import TEST, PairedDifference
from hotmess_inspect.render.console import cell, console, print_problems, print_table
from hotmess_inspect.render.terminal import number, print_verdict
from hotmess_inspect.render.text import plain
from hotmess_inspect.results.compare import PairResult, Ranking
from hotmess_inspect.results.comparison_verdict import least_in_words, pair_verdict
from hotmess_inspect.results.variants import letter
from hotmess_inspect.results.verdict import as_sentence, concerning
from hotmess_inspect.schema import Problem, quantity_word
from hotmess_inspect.words import counted, p_word

_SHOWN = 5
_MANY = 6
"""Up to so many pairs are printed each; of more the runs with their letters."""
_LETTERS = "runs that share a letter cannot be told apart (Holm, 5 % over all pairs)"
_WIDE = 100
"""Columns of a window that the whole table fits."""


def print_comparison(
    pairs: Sequence[PairResult],
    rankings: Sequence[Ranking],
    problems: Sequence[Problem],
    *,
    details: bool = False,
    asked: Sequence[str] | None = None,
) -> None:
    """Print differences, groups that cannot be told apart, and what a reader has to know.

    Of more than six pairs a table of the runs with their letters is printed, unless `details` are asked for. `asked`: as in
    `comparison_verdict`.
    """
    out = console()
    if not pairs:
        out.print(
            "Nothing to compare: no two runs have a task, scorer, kind of answer and questions in common."
        )
    if len(pairs) > _MANY and not details:
        _print_letters(out, pairs, rankings, problems)
        return
    said: set[str] = set()
    for pair in pairs:
        found = pair_verdict(pair, asked)
        measured, _, error = found.measured.partition(" Error: ")
        # What has been said of another pair is not said again.
        cautions, steps = (
            tuple(text for text in texts if text not in said) for texts in (found.cautions, found.next_steps)
        )
        measured = measured if error in said else found.measured
        print_verdict(out, replace(found, measured=measured, cautions=cautions, next_steps=steps))
        said |= {error, *found.cautions, *found.next_steps}
    for pair in pairs:
        out.print(_table(pair, several=bool(rankings), narrow=out.width < _WIDE))
        for one in pair.comparison.differences.values():
            if one.note:
                out.print(cell(f"{quantity_word(one.quantity)}: {one.note}", "dim"))
        _print_changed(out, pair)
    for ranking in rankings:
        listed = ", ".join(
            f"{name} {number(value)} {ranking.letters[name]}" for name, value in ranking.values.items()
        )
        measure = " · ".join(part for part in (ranking.task, ranking.measure, ranking.loss) if part)
        out.print(cell(f"{quantity_word(ranking.quantity)} ({measure}): {listed}"))
    if rankings:
        out.print(cell(_LETTERS, "dim"))
    if pairs:
        out.print(
            cell(
                f"interval and p agree: the interval leaves out 0 where p < 0.05 and nowhere else; p: {TEST}",
                "dim",
            )
        )
    print_problems([one for one in concerning(problems, ()) if as_sentence(one.message) not in said], out)


def _print_letters(
    out: Console, pairs: Sequence[PairResult], rankings: Sequence[Ranking], problems: Sequence[Problem]
) -> None:
    """Who errs least and most, and a table per task, measure and loss of all runs with their letters."""
    kinds: dict[tuple[str | None, ...], list[Ranking]] = {}
    for ranking in rankings:
        kinds.setdefault((ranking.task, ranking.measure, ranking.loss), []).append(ranking)
    for kind, own in kinds.items():
        title = " · ".join(part for part in kind if part)
        order = list(own[0].values)
        for error in own:
            if error.quantity == "error":
                order = list(error.values)[::-1]
                out.print(cell(f"{title + ': ' if title else ''}{least_in_words(error)}", "bold"))
        table = Table(title=plain(title), title_justify="left")
        table.add_column("")
        shown = [ranking for ranking in own if ranking.quantity != "overthinking"]
        for ranking in shown:
            table.add_column(quantity_word(ranking.quantity), justify="right", no_wrap=True)
        for place, name in enumerate(order):
            values = [(r.values.get(name, math.nan), r.letters.get(name, "")) for r in shown]
            row = ["–" if math.isnan(value) else f"{value:.3f} {letters}" for value, letters in values]
            table.add_row(*map(cell, [letter(place), *row]))
        print_table(out, table)
        for place, name in enumerate(order):
            out.print(cell(f"{letter(place)}  {name}", "dim"))
    out.print(cell(f"{_LETTERS}; p: {TEST}", "dim"))
    if any(one.message.startswith("Accuracies reach") for one in problems):
        text = "Accuracies differ, and incoherence depends on accuracy by construction: look at bias² and variance."
        out.print(cell(f"Caution: {text}", "yellow"))
    # Which single p is near 0.05 decides nothing among so many pairs.
    quiet = ("Accuracies reach", "divisions are drawn at random")
    rest = [one for one in concerning(problems, ()) if not one.message.startswith(quiet)]
    print_problems(rest[:_SHOWN], out)
    more = f"; {counted(len(rest) - _SHOWN, 'more warning')}" if len(rest) > _SHOWN else ""
    out.print(cell(f"--details prints each of {len(pairs)} pairs{more}", "dim"))


def _table(pair: PairResult, several: bool, narrow: bool) -> Table:
    group, d = pair.first.result.group, pair.first.result.decomposition
    parts = (group.task, group.measure or group.scorer, f"{d.loss} {d.estimator}")
    common = f"{counted(pair.comparison.questions, 'question')} in common"
    difference = f"difference: {pair.first.name} less {pair.second.name}"
    title = " · ".join([*(part for part in parts if part), common, difference])
    table = Table(title=plain(title), title_justify="left", box=SIMPLE_HEAD if narrow else HEAVY_HEAD)
    table.padding = (0, 1, 0, 0) if narrow else (0, 1)
    table.add_column("quantity", no_wrap=True)
    for name in (pair.first.name, pair.second.name):
        table.add_column(plain(name), justify="right", overflow="fold", min_width=6)
    for name in ("difference", "95 % interval", "p", *(["p (Holm)"] if several else [])):
        table.add_column(name, justify="right", no_wrap=True)
    for name, one in pair.comparison.differences.items():
        cells = [quantity_word(one.quantity), number(one.first), number(one.second), *_difference(one)]
        cells = [text.replace(" … ", "…") for text in cells] if narrow else cells
        table.add_row(*map(cell, cells), *([p_word(pair.holm[name])] if several else []))
    return table


def _difference(one: PairedDifference) -> list[str]:
    if math.isnan(one.estimate):
        return ["–", "–", "–"]
    interval = "–" if math.isnan(one.low) else f"{one.low:+z.4f} … {one.high:+z.4f}"
    return [f"{one.estimate:+z.4f}", interval, p_word(one.p_value)]


def _print_changed(out: Console, pair: PairResult) -> None:
    """Where the two lie in the plane of bias² and variance, and which questions changed most."""
    differences = pair.comparison.differences
    if {"bias_squared", "variance"} <= differences.keys():
        bias, variance = differences["bias_squared"], differences["variance"]
        out.print(
            cell(
                f"from {pair.second.name} to {pair.first.name}: bias² {number(bias.second)} → {number(bias.first)}, "
                f"variance {number(variance.second)} → {number(variance.first)}",
                "dim",
            )
        )
    changed = pair.changed_questions(_SHOWN)
    if changed:
        listed = ", ".join(f"{q['question']} {q['a_error'] - q['b_error']:+z.3f}" for q in changed)
        out.print(cell(f"error changed most on: {listed}", "dim"))
