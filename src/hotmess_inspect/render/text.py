"""Escaping of text from models and logs for terminals, pages and spreadsheets."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

# C0 and C1 control characters, marks that turn the direction of text around, and characters that nobody sees
# (but the joiner of emoji and the selectors of their look).
_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U000e0000-\U000e0fff]"
)
_FORMULA = ("=", "+", "-", "@")


def plain(text: object) -> str:
    """Text without control characters; each becomes a replacement mark, so that nothing vanishes unseen."""
    cleaned = _CONTROLS.sub("\ufffd", str(text))
    return cleaned.encode("utf-8", "replace").decode("utf-8")


def escaped(text: object) -> str:
    """Text for HTML, in elements and in quoted attributes."""
    return html.escape(plain(text), quote=True)


def csv_cell(value: object) -> str:
    """A quoted CSV cell; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return repr(value)
    text = plain(value)
    if text.lstrip().startswith(_FORMULA):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"'


def csv_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows as CSV with a header; empty without any."""
    if not rows:
        return ""
    lines = [",".join(map(csv_cell, rows[0])), *(",".join(map(csv_cell, row.values())) for row in rows)]
    return "\n".join(lines) + "\n"
