"""Breaking text into lines."""

from __future__ import annotations

from typing import List

from gridtext.width import display_width


def wrap(text: str, width: int) -> List[str]:
    """Break a text into lines of at most ``width`` columns, at spaces where possible.

    Line breaks in the text are kept.

    Raises:
        ValueError: If the width is not positive.
    """
    if width < 1:
        raise ValueError(f"width must be positive, not {width}")
    lines: List[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrap_paragraph(paragraph, width))
    return lines


def _wrap_paragraph(paragraph: str, width: int) -> List[str]:
    lines: List[str] = []
    current = ""
    for word in paragraph.split():
        candidate = f"{current} {word}" if current else word
        if len(candidate) <= width:
            current = candidate
        else:
            lines.append(current)
            current = word
    if current:
        lines.append(current)
    return lines
