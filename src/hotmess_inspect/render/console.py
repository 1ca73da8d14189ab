"""Terminal output; control characters in text of models and logs are removed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from hotmess_inspect.render.text import plain
from hotmess_inspect.words import listed

if TYPE_CHECKING:
    from hotmess_inspect.schema import Problem

_PIPED_WIDTH = 220
_WORD = 16
"""Characters of a word that is not broken where a table is too wide, if there is room."""
_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def cell(text: object, style: str = "") -> Text:
    """A table cell that shows its text as it is: no markup, no control characters."""
    return Text(plain(text), style=style)


def console(*, stderr: bool = False) -> Console:
    """A console; where output is piped it is wide enough that no column is cut."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def print_table(out: Console, table: Table) -> None:
    """Print a table; one that is wider than the window with thin lines, heads broken between words and texts folded."""
    if Measurement.get(out, out.options.update(max_width=10_000), table).maximum > out.width:
        _narrow(table, out)
    out.print(table)


def _narrow(table: Table, out: Console) -> None:
    table.box, table.padding, table.show_edge = SIMPLE_HEAD, (0, 1, 0, 0), False
    widths: list[int] = []
    words: list[int] = []
    whole: list[int] = []
    for column in table.columns:
        cells = [str(part).replace(" … ", "…") for part in column._cells]
        column._cells[:] = [cell(text) for text in cells]
        column.no_wrap, column.overflow = False, "fold"
        head = max(map(len, [*str(column.header).split(), str(column.footer)]), default=1)
        longest = max(map(len, [*cells, str(column.header)]), default=1)
        numbers = column.justify == "right"
        widths.append(max(map(len, [*cells, "x" * head])) if numbers else head)
        whole.append(0 if numbers else longest)
        longest = max((len(word) for text in cells for word in text.split()), default=1)
        words.append(0 if numbers else min(longest, _WORD))
    # What numbers leave goes to the texts, a column at a time to the one of which least is seen.
    for _ in range(out.width - sum(widths) - 2 * len(widths)):
        wanted = words if any(word > width for word, width in zip(words, widths, strict=True)) else whole
        place = max(range(len(widths)), key=lambda at: wanted[at] / widths[at])
        if wanted[place] > widths[place]:
            widths[place] += 1
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width


def print_nothing(problems: Sequence[Problem], out: Console) -> None:
    """Say that nothing was found, where no error says why."""
    if not any(problem.level == "error" for problem in problems):
        out.print("No group with a verdict was found.")


def print_problems(problems: Sequence[Problem], out: Console | None = None) -> None:
    """Say what was left out or looks odd, a line each for all inputs of which it is said, on stderr unless told otherwise."""
    out = out or console(stderr=True)
    said: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        said.setdefault((problem.level, problem.message), []).append(problem.input)
    for (level, message), inputs in said.items():
        out.print(cell(f"{level}: {listed(inputs)}: {message}", _STYLES[level]))
