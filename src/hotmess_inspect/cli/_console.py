"""What goes to the terminal: text of models and logs without the power to steer it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from hotmess_inspect.analysis.text import plain

if TYPE_CHECKING:
    from hotmess_inspect.analysis.logs import Problem

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


def print_problems(problems: Sequence[Problem], out: Console | None = None) -> None:
    """Say what was left out or looks odd, a line each, on stderr unless told otherwise."""
    out = out or console(stderr=True)
    for problem in problems:
        out.print(cell(f"{problem.level}: {problem.input}: {problem.message}", _STYLES[problem.level]))


@contextmanager
def reading_progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, shown only on a terminal and only once reading takes a while."""
    output = console(stderr=True)
    if quiet or not output.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def reading_pool(jobs: int) -> Iterator[Executor | None]:
    """Processes that read logs, none for one job."""
    if jobs == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Not forked: a forked child inherits threads of numerical libraries in any state.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield pool
