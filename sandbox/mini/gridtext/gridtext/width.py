"""How many columns of a terminal a text takes."""

from __future__ import annotations

import re
import unicodedata

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def character_width(character: str) -> int:
    """Columns of one character: two for wide East Asian ones, else one."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def display_width(text: str) -> int:
    """Columns of a text of one line; colour escapes take none."""
    plain = _ESCAPE.sub("", text)
    return sum(character_width(character) for character in plain)


def clip(text: str, width: int, mark: str = "…") -> str:
    """Shorten a text to at most ``width`` columns, ending in ``mark`` if anything was cut.

    Raises:
        ValueError: If not even the mark fits.
    """
    if display_width(mark) > width:
        raise ValueError(f"width must leave room for {mark!r}, not {width}")
    if display_width(text) <= width:
        return text
    kept, room = [], width - display_width(mark)
    for character in text:
        room -= character_width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + mark
