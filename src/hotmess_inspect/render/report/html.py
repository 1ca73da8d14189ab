"""Pieces of HTML; whatever comes from a log is escaped here."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from hotmess_inspect.render.text import escaped


class Html(str):
    """Text that is markup already, made here from escaped parts."""

    __slots__ = ()


_SENTENCES = 4
_LONG = 24
"""Characters beyond which a text of a table has a line of its own on a narrow screen."""


def table(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    text_columns: int,
    stacks: bool = True,
    quiet: Collection[int] = (),
) -> str:
    """A table; every cell is escaped unless it is :class:`Html`.

    Args:
        names: Heads of the columns.
        rows: Cells.
        text_columns: How many columns are text; the others are numbers.
        stacks: Whether on a narrow screen each row is a card, in which every cell has its name; a table that
            does not stack scrolls sideways there.
        quiet: Places of rows that stand back.
    """
    names = [escaped(name.replace("_", " ")) for name in names]
    kinds = ["" if place < text_columns else " class=n" for place in range(len(names))]
    for place in range(text_columns if stacks else 0):
        if any(len(row[place]) > _LONG for row in rows):
            kinds[place] = " class=w"
    # A row that is drawn as a card is a row of a table still for those who hear it.
    whole, line, head_cell, one = (
        (f" role={role}" if stacks else "") for role in ("table", "row", "columnheader", "cell")
    )
    head = "".join(
        f'<th scope="col"{head_cell}{kind}>{name}</th>' for name, kind in zip(names, kinds, strict=True)
    )
    labels = [f' data-name="{name}"' if stacks and place else "" for place, name in enumerate(names)]
    lines = []
    for number, row in enumerate(rows):
        cells = [
            f"<td{one}{kind}{name}>{cell if isinstance(cell, Html) else escaped(cell)}</td>"
            for cell, kind, name in zip(row, kinds, labels, strict=True)
        ]
        lines.append(f"<tr{line}{' class=quiet' if number in quiet else ''}>{''.join(cells)}</tr>")
    how = 'class="scroll stack" tabindex=0 role=group aria-label="Table"'
    if not stacks:
        how = 'class=scroll tabindex=0 role=group aria-label="Table, scrolls sideways"'
    return (
        f"<div {how}><table{whole}><thead><tr{line}>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def named(name: str, letters: Mapping[str, str]) -> Html:
    """A group's letter and name."""
    return Html(f"<b>{letters[name]}</b> {escaped(name)}" if letters[name] else escaped(name))


def code(sentence: str) -> Html:
    """A sentence, with what stands between backticks as code."""
    parts = escaped(sentence).split("`")
    return Html(
        "".join(
            f"<code>{part}</code>" if place % 2 and len(parts) % 2 else part
            for place, part in enumerate(parts)
        )
    )


def bullets(sentences: Sequence[str]) -> str:
    """A list of sentences, escaped unless they are :class:`Html`; or nothing."""
    lines = (f"<li>{s if isinstance(s, Html) else escaped(s)}</li>" for s in sentences)
    return f"<ul>{''.join(lines)}</ul>" if sentences else ""


def first_bullets(sentences: Sequence[str]) -> str:
    """The first sentences as a list at once, the others on request."""
    rest = sentences[_SENTENCES:]
    summary = f"{len(rest)} more sentence{'s' * (len(rest) > 1)}"
    folded = f"<details class=rest><summary>{summary}</summary>{bullets(rest)}</details>" if rest else ""
    return bullets(sentences[:_SENTENCES]) + folded


def cell(value: object) -> str:
    """A value of a figure's data."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def number(value: float, digits: int = 4) -> str:
    """A number with so many decimals, a dash where undefined."""
    return f"{value:z.{digits}f}" if math.isfinite(value) else "–"


def interval(ends: tuple[float, float], digits: int = 3, sign: str = "") -> str:
    """Both ends, a dash where undefined."""
    if np.isnan(ends).any():
        return "–"
    return f"{ends[0]:{sign}z.{digits}f} … {ends[1]:{sign}z.{digits}f}"
