"""Bookings in working hours."""

from __future__ import annotations

from typing import Dict, List, Optional

from daywork.interval import Interval
from daywork.spans import Spans


class BookingError(ValueError):
    """A booking that cannot be made."""


class Planner:
    """Bookings by name, at most one at a time, within working hours."""

    def __init__(self, hours: Interval, pause: int = 0) -> None:
        """Start an empty plan.

        Args:
            hours: Working hours; nothing can be booked outside.
            pause: Minutes to keep free after each booking when a free slot is searched.
        """
        if pause < 0:
            raise ValueError(f"pause must not be negative, not {pause}")
        self.hours = hours
        self.pause = pause
        self._bookings: Dict[str, Interval] = {}

    def __len__(self) -> int:
        return len(self._bookings)

    def __getitem__(self, name: str) -> Interval:
        return self._bookings[name]

    def conflicts(self, interval: Interval) -> List[str]:
        """Names of the bookings in the way of an interval, by time."""
        taken = sorted((booked, name) for name, booked in self._bookings.items())
        return [name for booked, name in taken if booked.overlaps(interval)]

    def book(self, name: str, interval: Interval) -> None:
        """Make a booking, or raise BookingError and leave the plan as it was."""
        if name in self._bookings:
            raise BookingError(f"{name} is booked already")
        if not self.hours.covers(interval):
            raise BookingError(f"{name} lies outside the working hours")
        others = self.conflicts(interval)
        if others:
            raise BookingError(f"{name} collides with {', '.join(others)}")
        self._bookings[name] = interval

    def cancel(self, name: str) -> Interval:
        """Take a booking back and return its time."""
        if name not in self._bookings:
            raise BookingError(f"{name} is not booked")
        return self._bookings.pop(name)

    def move(self, name: str, minutes: int) -> Interval:
        """Move a booking; when its new place is not free it stays where it was."""
        old = self.cancel(name)
        new = old.shift(minutes)
        self.book(name, new)
        return new

    def busy(self) -> Spans:
        return Spans(self._bookings.values())

    def free(self) -> List[Interval]:
        """The free parts of the working hours, in order."""
        return self.busy().gaps(self.hours)

    def first_free(self, minutes: int, after: Optional[int] = None) -> Optional[Interval]:
        """The earliest free interval of the given length, or None when there is none.

        Args:
            minutes: Length of the interval.
            after: The interval must not start before this minute.
        """
        if minutes <= 0:
            raise ValueError(f"minutes must be positive, not {minutes}")
        for slot in self.free():
            if after is not None and slot.start < after:
                continue
            if slot.length > minutes:
                return Interval(slot.start, slot.start + minutes)
        return None

    def utilisation(self) -> float:
        """Share of the working hours that is booked, 0 to 1."""
        return self.busy().total / self.hours.length
