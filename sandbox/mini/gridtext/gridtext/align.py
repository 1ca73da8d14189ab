"""Padding of the cells of one column."""

from __future__ import annotations

import re
from typing import List, Sequence, Tuple

from gridtext.width import display_width

ALIGNMENTS = ("left", "right", "center", "decimal")

_NUMBER = re.compile(r"\d+\.\d+")


def check_alignment(name: str) -> str:
    """Return the name of an alignment, or raise ValueError."""
    if name not in ALIGNMENTS:
        raise ValueError(f"alignment must be one of {', '.join(ALIGNMENTS)}, not {name!r}")
    return name


def pad(text: str, width: int, alignment: str) -> str:
    """Fill up one text with spaces; a longer one is returned as it is."""
    room = max(0, width - display_width(text))
    if alignment == "right" or alignment == "decimal":
        return " " * room + text
    if alignment == "center":
        return " " * (room // 2) + text + " " * (room - room // 2)
    return text + " " * room


def align_column(cells: Sequence[str], alignment: str, width: int = 0) -> List[str]:
    """Bring all cells of a column to one width.

    With ``decimal`` the points of numbers stand below each other; other cells are set to the right.

    Args:
        cells: Texts of one line each.
        alignment: One of ``ALIGNMENTS``.
        width: The least width of the column.
    """
    check_alignment(alignment)
    if alignment == "decimal":
        cells = _level_points(cells)
    width = max([width, *(display_width(cell) for cell in cells)])
    return [pad(cell, width, alignment) for cell in cells]


def _level_points(cells: Sequence[str]) -> List[str]:
    digits = max((len(_split(cell)[1]) for cell in cells if _NUMBER.fullmatch(cell)), default=0)
    return [
        cell + " " * (digits - len(_split(cell)[1])) if _NUMBER.fullmatch(cell) else cell for cell in cells
    ]


def _split(number: str) -> Tuple[str, str]:
    whole, _, fraction = number.partition(".")
    return whole, fraction
