"""`hotmess glossary`: what the words of the output mean."""

from __future__ import annotations

from collections.abc import Sequence

import click


@click.command()
@click.argument("words", nargs=-1)
def glossary(words: Sequence[str]) -> None:
    """What the words of the output mean: all of them, or those that contain one of WORDS.

    Exit status: 0 good, 1 no such word, 2 usage.
    """
    from difflib import get_close_matches
    from importlib.resources import files

    from hotmess_inspect.render.console import cell, console

    text = (files("hotmess_inspect.cli") / "glossary.md").read_text(encoding="utf-8")
    lines = [line.strip("| ").split(" | ", 1) for line in text.splitlines() if line.startswith("| ")][1:]
    wanted = [word.casefold() for word in words]
    # A word of the table itself; where none has it, one of which it is said.
    found = [line for line in lines if not wanted or any(word in line[0].casefold() for word in wanted)]
    found = found or [line for line in lines if any(word in line[1].casefold() for word in wanted)]
    if not found:
        near = get_close_matches(wanted[0], [name for name, _ in lines], n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `hotmess glossary` prints all words"
        raise click.ClickException(f"no word {words[0]!r} in the glossary{hint}")
    out = console()
    for name, meaning in found:
        shown = cell(f"{name}: {meaning.replace('`', '')}")
        shown.stylize("bold", 0, len(name))
        out.print(shown)
