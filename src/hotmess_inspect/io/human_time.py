"""How long people take for a question: minutes from numbers, times with a unit, and ranges such as SWE-bench's difficulty."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_FIELDS = ("human_minutes", "human_time", "difficulty")
"""Fields of a sample's metadata that say it, the first that can be read counts."""
_MARKS = tuple(f'"{name}"'.encode() for name in _FIELDS)
_UNITS = {"s": 1 / 60, "m": 1.0, "h": 60.0, "d": 1440.0}
_UNIT = r"(?:s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)"
_NUMBER = r"(\d+(?:\.\d+)?)"
_TIME = re.compile(rf"{_NUMBER}\s*({_UNIT})", re.IGNORECASE)
_RANGE = re.compile(rf"{_NUMBER}\s*({_UNIT})?\s*(?:-|–|to)\s*{_NUMBER}\s*({_UNIT})(?:\s+fix)?", re.IGNORECASE)
_OPEN = re.compile(rf"([<>])\s*{_NUMBER}\s*({_UNIT})(?:\s+fix)?", re.IGNORECASE)

BINNED = "difficulty is read as the time that people take"
MAPPING = "<15 min fix = 7.5, 15 min - 1 hour = 30, 1-4 hours = 120, >4 hours = 480 minutes"
"""What the difficulties of SWE-bench Verified are taken as."""


def minutes_of_text(text: str) -> float:
    """Minutes of a time with its unit or of a range of times; NaN where it is neither.

    A range is its geometric mean. An open range has half or twice its end, as if it were as wide as the closed
    ranges of SWE-bench Verified, whose ends differ by a factor of 4; its four difficulties are then 7.5, 30, 120 and
    480 minutes, two doublings apart.

    Example:
        >>> [minutes_of_text(t) for t in ("<15 min fix", "15 min - 1 hour", "1-4 hours", ">4 hours", "2 h", "hard")]
        [7.5, 30.0, 120.0, 480.0, 120.0, nan]
    """
    text = text.strip()
    if match := _TIME.fullmatch(text):
        return _minutes(match[1], match[2])
    if match := _RANGE.fullmatch(text):
        low, high = _minutes(match[1], match[2] or match[4]), _minutes(match[3], match[4])
        return math.sqrt(low * high) if 0 < low < high else math.nan
    if match := _OPEN.fullmatch(text):
        return _minutes(match[2], match[3]) * (0.5 if match[1] == "<" else 2.0)
    return math.nan


def _minutes(number: str, unit: str) -> float:
    return float(number) * _UNITS[unit[0].lower()]


class MetadataMinutes:
    """Reads how long people take for each question of a log from the metadata of its first epoch.

    The field ``human_minutes`` is a number of minutes or a text; ``human_time`` and ``difficulty`` (SWE-bench
    Verified) are texts with a unit. Metadata that name none of these fields are not decoded.
    """

    def __init__(self) -> None:
        self._of: dict[int | str, float] = {}
        self._binned = False
        self._unread: dict[str, str] = {}

    def of(self, question: int | str, metadata: bytes | memoryview) -> float:
        """Minutes that people take for a question, NaN where unknown.

        Args:
            question: Id of the sample.
            metadata: JSON text of the sample's metadata, empty if the log has none.
        """
        if question not in self._of:
            text = bytes(metadata)
            held = any(mark in text for mark in _MARKS)
            self._of[question] = self._read(text) if held else math.nan
        return self._of[question]

    def notes(self) -> list[str]:
        """How the fields were read, a sentence each; empty where there are none."""
        found = [f"{BINNED}: {MAPPING}"] if self._binned else []
        return found + [
            f"{name} such as {value} is no time that can be read and is left out (minutes as a number in human_minutes, "
            "or a time with its unit, can be)"
            for name, value in self._unread.items()
        ]

    def _read(self, metadata: bytes) -> float:
        try:
            held = json.loads(metadata)
        except ValueError:
            return math.nan
        if not isinstance(held, dict):
            return math.nan
        for name in _FIELDS:
            value = held.get(name)
            minutes = _minutes_of(name, value)
            if minutes > 0 and math.isfinite(minutes):
                self._binned |= name == "difficulty"
                return minutes
            # Other data sets have difficulties that are no times: nothing to say of these.
            if value is not None and name != "difficulty":
                self._unread.setdefault(name, repr(value)[:40])
        return math.nan


def _minutes_of(name: str, value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value) if name == "human_minutes" else minutes_of_text(value)
        except ValueError:
            return minutes_of_text(value)
    if name == "human_minutes" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return math.nan
