"""Text of models and logs on its way to a terminal, a page or a spreadsheet."""

from __future__ import annotations

import html
import re

# C0 and C1 control characters, and the marks that turn the direction of text around.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
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
