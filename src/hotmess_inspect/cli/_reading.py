"""Reading of logs by commands: a progress bar and worker processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager


@contextmanager
def reading_progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, shown only on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from hotmess_inspect.render.console import console

    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
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
