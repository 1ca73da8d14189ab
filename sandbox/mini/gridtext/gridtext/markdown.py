"""Markdown tables, written and read."""

from __future__ import annotations

from typing import List, Sequence

from gridtext.align import pad
from gridtext.table import Table
from gridtext.width import display_width

_COLONS = {"left": (" ", " "), "right": (" ", ":"), "decimal": (" ", ":"), "center": (":", ":")}


def write_markdown(table: Table) -> str:
    """Write a table in the Markdown dialect that knows tables, without a line break at its end."""
    rows = [table.header, *table.rows]
    widths = [max(3, *(display_width(row[position]) for row in rows)) for position in range(len(table.header))]
    alignments = [table.align.get(name, "left") for name in table.header]
    lines = [_line(row, widths, alignments) for row in rows]
    marks = []
    for width, alignment in zip(widths, alignments):
        before, after = _COLONS[alignment]
        marks.append(before + "-" * width + after)
    return "\n".join([lines[0], f"|{'|'.join(marks)}|", *lines[1:]])


def _line(cells: Sequence[str], widths: Sequence[int], alignments: Sequence[str]) -> str:
    padded = [
        pad(cell, width, alignment) for cell, width, alignment in zip(cells, widths, alignments)
    ]
    return f"| {' | '.join(padded)} |"


def read_markdown(text: str) -> Table:
    """Read the first table of a Markdown text.

    Raises:
        ValueError: If there is no table.
    """
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines[1:], start=1):
        if _is_rule(line) and lines[number - 1].startswith("|"):
            break
    else:
        raise ValueError("the text holds no table")
    header = _cells(lines[number - 1])
    align = {
        name: alignment
        for name, alignment in zip(header, map(_alignment, _cells(line)))
        if alignment != "left"
    }
    table = Table(header, align=align)
    for line in lines[number + 1 :]:
        if not line.startswith("|"):
            break
        table.add(*_cells(line)[: len(header)])
    return table


def _is_rule(line: str) -> bool:
    return line.startswith("|") and "-" in line and not set(line) - set("|-: ")


def _alignment(mark: str) -> str:
    if mark.endswith(":"):
        return "center" if mark.startswith(":") else "right"
    return "left"


def _cells(line: str) -> List[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
