"""Terminal output; control characters in text of models and logs are removed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from hotmess_inspect.render.text import plain

if TYPE_CHECKING:
    from hotmess_inspect.schema import Problem

_PIPED_WIDTH = 220
_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def cell(text: object, style: str = "") -> Text:
    """A table cell that shows its text as it is: no markup, no control characters."""
    return Text(plain(text), style=style)


def console(*, stderr: bool = False) -> Console:
    """A console; where output is piped it is wide enough that no column is cut."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def print_nothing(problems: Sequence[Problem], out: Console) -> None:
    """Say that nothing was found, where no error says why."""
    if not any(problem.level == "error" for problem in problems):
        out.print("No group with a verdict was found.")


def print_problems(problems: Sequence[Problem], out: Console | None = None) -> None:
    """Say what was left out or looks odd, a line each, on stderr unless told otherwise."""
    out = out or console(stderr=True)
    for problem in problems:
        out.print(cell(f"{problem.level}: {problem.input}: {problem.message}", _STYLES[problem.level]))
