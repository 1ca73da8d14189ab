"""Half-open time intervals, sets of them, and a small planner."""

from daywork.clock import format_minutes, parse_duration, parse_span, parse_time
from daywork.interval import Interval
from daywork.planner import BookingError, Planner
from daywork.repeat import repeat
from daywork.spans import Spans

__all__ = [
    "BookingError",
    "Interval",
    "Planner",
    "Spans",
    "format_minutes",
    "parse_duration",
    "parse_span",
    "parse_time",
    "repeat",
]
