"""Clock times and durations as text."""

from __future__ import annotations

import re

from daywork.interval import Interval

DAY = 24 * 60

_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?")


def parse_time(text: str) -> int:
    """Read a clock time such as ``9:30``, ``17:05`` or ``24:00``.

    Returns:
        Minutes since midnight, 0 to 1440.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a time: {text!r}")
    hours, minutes = int(match.group(1)), int(match.group(2))
    total = hours * 60 + minutes
    if minutes > 59 or total > DAY:
        raise ValueError(f"not a time: {text!r}")
    return total


def parse_duration(text: str) -> int:
    """Read a duration such as ``45m``, ``2h`` or ``1h30m``, in minutes."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"not a duration: {text!r}")
    hours, minutes = (int(group or 0) for group in match.groups())
    return hours * 60 + minutes


def parse_span(text: str) -> Interval:
    """Read ``9:00-17:00``, or a start and a duration: ``9:00+1h30m``."""
    if "+" in text:
        start, duration = text.split("+", 1)
        begin = parse_time(start)
        return Interval(begin, begin + parse_duration(duration))
    if "-" not in text:
        raise ValueError(f"not a span: {text!r}")
    start, end = text.split("-", 1)
    return Interval(parse_time(start), parse_time(end))


def format_minutes(minutes: int) -> str:
    """Write minutes since midnight as ``9:05``; a later day is marked: ``+1d 9:05``."""
    days, rest = divmod(minutes, DAY)
    hours, minute = divmod(rest, 60)
    prefix = f"+{days}d " if days else ""
    return f"{prefix}{hours}:{minute:02d}"
