"""A table of text cells."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence

from gridtext.align import align_column, check_alignment
from gridtext.frames import frame_named, row_line, rule_line
from gridtext.width import display_width
from gridtext.wrap import wrap


class Table:
    """Rows below a header; every cell is text."""

    def __init__(
        self,
        header: Sequence[str],
        align: Optional[Mapping[str, str]] = None,
        max_width: Optional[Mapping[str, int]] = None,
    ) -> None:
        """Start a table without rows.

        Args:
            header: Names of the columns, all different.
            align: Alignment by name of the column; left for those that are not named.
            max_width: Columns by name whose cells are wrapped to a width.
        """
        if not header:
            raise ValueError("a table needs at least one column")
        if len(set(header)) != len(header):
            raise ValueError("names of columns must differ")
        for option in (align or {}, max_width or {}):
            for name in option:
                if name not in header:
                    raise ValueError(f"no column is called {name!r}")
        self.header = list(header)
        self.align: Dict[str, str] = {
            name: check_alignment(alignment) for name, alignment in (align or {}).items()
        }
        self.max_width = dict(max_width or {})
        self.rows: List[List[str]] = []

    def add(self, *cells: object) -> None:
        """Add a row; cells that are missing at its end are empty."""
        if len(cells) > len(self.header):
            raise ValueError(f"{len(cells)} cells in a table of {len(self.header)} columns")
        texts = [str(cell) for cell in cells]
        self.rows.append(texts + [""] * (len(self.header) - len(texts)))

    def column(self, name: str) -> List[str]:
        """The cells of one column, without the header."""
        position = self.header.index(name)
        return [row[position] for row in self.rows]

    def sort(self, name: str, reverse: bool = False) -> None:
        """Order the rows by one column as text; equal rows keep their order."""
        position = self.header.index(name)
        self.rows.sort(key=lambda row: row[position], reverse=reverse)

    def render(self, frame: str = "plain") -> str:
        """Write the table, without a line break at its end."""
        style = frame_named(frame)
        blocks = [self._lines_of(row) for row in self.rows]
        columns = []
        for position, name in enumerate(self.header):
            cells = [line for block in blocks for line in block[position]]
            title = self.header[position]
            columns.append(align_column(cells, self._alignment(name), display_width(title)))
        widths = [
            max([display_width(name), *(display_width(cell) for cell in column)])
            for name, column in zip(self.header, columns)
        ]
        titles = [
            align_column([name], "left" if self._alignment(name) == "left" else "right", width)[0]
            for name, width in zip(self.header, widths)
        ]
        rule = rule_line(style, widths)
        body = [row_line(style, cells) for cells in zip(*columns)]
        lines = [row_line(style, titles), rule, *body]
        if style.outer:
            lines = [rule, *lines, rule]
        return "\n".join(line for line in lines if line or not style.outer and line is not rule)

    def _alignment(self, name: str) -> str:
        return self.align.get(name, "left")

    def _lines_of(self, row: Sequence[str]) -> List[List[str]]:
        cells = [
            wrap(cell, self.max_width[name]) if name in self.max_width else cell.split("\n")
            for name, cell in zip(self.header, row)
        ]
        height = max(len(lines) for lines in cells)
        return [lines + [""] * (height - len(lines)) for lines in cells]
