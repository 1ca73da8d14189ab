"""How pulls are shown: one bar for all in a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hotmess_inspect.words import counted

if TYPE_CHECKING:
    from hotmess_inspect.swebench.pulling import PullProgress

Say = Callable[[str], None]


@contextmanager
def pull_display(images: int) -> Iterator[tuple[Say, Callable[[PullProgress], None]]]:
    """Show pulls while they run.

    Args:
        images: How many there are.

    Yields:
        A function that prints a line, and one that takes what is to be watched.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    console = Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        yield (lambda line: click.echo(line, err=True)), (lambda progress: None)
        return

    watched: list[PullProgress] = []

    class Column(ProgressColumn):
        """Images and bytes, read when the bar is drawn."""

        def render(self, task: Task) -> Text:
            if not watched:
                return Text("")
            received, known = watched[0].totals()
            return Text(
                f"{watched[0].done} of {counted(images, 'image')}, {received / 1e9:.2f} of {known / 1e9:.2f} GB known"
            )

    class Share(BarColumn):
        """The bar follows the images that are done."""

        def render(self, task: Task) -> object:  # type: ignore[override]
            task.completed = watched[0].done if watched else 0
            return super().render(task)

    with Progress(TextColumn("pulling"), Share(), Column(), console=console, transient=True) as bars:
        bars.add_task("pull", total=images)
        yield (lambda line: bars.console.print(line)), watched.append
