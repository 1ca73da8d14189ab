"""Pieces of HTML; whatever comes from a log is escaped here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hotmess_inspect.render.text import escaped


class Html(str):
    """Text that is markup already, made here from escaped parts."""

    __slots__ = ()


def table(names: Sequence[str], rows: Sequence[Sequence[str]], *, text_columns: int) -> str:
    """A table; every cell is escaped unless it is :class:`Html`."""
    head = "".join(
        f'<th scope="col"{"" if place < text_columns else " class=n"}>{escaped(name.replace("_", " "))}</th>'
        for place, name in enumerate(names)
    )
    lines = []
    for row in rows:
        cells = [
            f"<td{'' if place < text_columns else ' class=n'}>{cell if isinstance(cell, Html) else escaped(cell)}</td>"
            for place, cell in enumerate(row)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return (
        '<div class=scroll tabindex=0 role=group aria-label="Table, scrolls sideways"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def bullets(sentences: Sequence[str]) -> str:
    """A list of sentences, or nothing."""
    return f"<ul>{''.join(f'<li>{escaped(s)}</li>' for s in sentences)}</ul>" if sentences else ""


def cell(value: object) -> str:
    """A value of a figure's data."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def number(value: float, digits: int = 4) -> str:
    """A number with so many decimals, a dash where undefined."""
    return f"{round(value, digits) + 0.0:.{digits}f}" if math.isfinite(value) else "–"


def interval(ends: tuple[float, float], digits: int = 3, sign: str = "") -> str:
    """Both ends, a dash where undefined."""
    if np.isnan(ends).any():
        return "–"
    return f"{ends[0]:{sign}.{digits}f} … {ends[1]:{sign}.{digits}f}"
