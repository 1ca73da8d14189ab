"""The lines around and between cells."""

from __future__ import annotations

from typing import Dict, NamedTuple, Sequence


class Frame(NamedTuple):
    """Characters of a frame; an empty rule leaves the line out."""

    left: str
    between: str
    right: str
    rule: str
    cross: str
    outer: bool


FRAMES: Dict[str, Frame] = {
    "plain": Frame("", "  ", "", "", "", False),
    "ruled": Frame("", "  ", "", "-", "  ", False),
    "ascii": Frame("| ", " | ", " |", "-", "+", True),
    "box": Frame("│ ", " │ ", " │", "─", "┼", True),
}


def frame_named(name: str) -> Frame:
    """Look a frame up, or raise ValueError."""
    if name not in FRAMES:
        raise ValueError(f"frame must be one of {', '.join(FRAMES)}, not {name!r}")
    return FRAMES[name]


def row_line(frame: Frame, cells: Sequence[str]) -> str:
    """One line of cells; trailing spaces are cut where no frame closes the line."""
    line = frame.left + frame.between.join(cells) + frame.right
    return line if frame.right else line.rstrip()


def rule_line(frame: Frame, widths: Sequence[int]) -> str:
    """The line between two rows, or an empty text when the frame has none."""
    if not frame.rule:
        return ""
    if not frame.outer:
        return frame.cross.join(frame.rule * width for width in widths)
    inside = frame.cross.join(frame.rule * (width + 2) for width in widths)
    return {"+": f"+{inside}+", "┼": f"├{inside}┤"}[frame.cross]
