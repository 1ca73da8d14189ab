"""The paper's analyses on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from hotmess_inspect.render.console import cell, console, print_problems, print_table
from hotmess_inspect.results.study import Finding
from hotmess_inspect.schema import Problem
from hotmess_inspect.words import counted

MOST_ROWS = 60


def print_study(findings: Sequence[Finding], problems: Sequence[Problem]) -> None:
    """Print a table for each analysis, intervals in brackets behind their numbers."""
    out = console()
    for one in findings:
        out.print(cell(one.title, "bold"))
        table = Table()
        names = [name for name in one.rows[0] if not name.endswith(("_low", "_high"))]
        for name in names:
            text = isinstance(one.rows[0][name], str)
            table.add_column(name.replace("_", " "), justify="left" if text else "right")
        for row in one.rows[:MOST_ROWS]:
            table.add_row(*(cell(_shown(row, name)) for name in names))
        print_table(out, table)
        if len(one.rows) > MOST_ROWS:
            out.print(cell(f"{counted(len(one.rows) - MOST_ROWS, 'more row')}: --csv or --json has them"))
        for sentence in (*one.said, one.caption):
            out.print(cell(sentence))
    print_problems(problems)


def _shown(row: dict[str, Any], name: str) -> str:
    value, low, high = row[name], row.get(f"{name}_low"), row.get(f"{name}_high")
    if value is None:
        return "–"
    if isinstance(value, float):
        ends = "" if low is None or high is None else f" [{low:.3g} … {high:.3g}]"
        return f"{value:.4g}{ends}"
    return str(value)
