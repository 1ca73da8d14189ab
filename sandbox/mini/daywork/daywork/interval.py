"""One half-open interval of minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional


@dataclass(frozen=True, order=True)
class Interval:
    """Minutes from ``start`` up to, and not including, ``end``."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"an interval must end after it starts, not {self.start}..{self.end}")

    @property
    def length(self) -> int:
        return self.end - self.start

    def __contains__(self, minute: int) -> bool:
        return self.start <= minute < self.end

    def covers(self, other: Interval) -> bool:
        """Whether every minute of ``other`` lies in this interval."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Interval) -> bool:
        """Whether the two intervals share at least one minute."""
        return self.start <= other.end and other.start <= self.end

    def touches(self, other: Interval) -> bool:
        """Whether one interval starts where the other ends."""
        return self.end == other.start or other.end == self.start

    def intersect(self, other: Interval) -> Optional[Interval]:
        """The minutes that both share, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Interval(start, end) if start < end else None

    def hull(self, other: Interval) -> Interval:
        """The smallest interval that covers both."""
        return Interval(min(self.start, other.start), max(self.end, other.end))

    def shift(self, minutes: int) -> Interval:
        return Interval(self.start + minutes, self.end + minutes)

    def pieces(self, size: int) -> Iterator[Interval]:
        """Cut into intervals of ``size`` minutes; the last one may be shorter."""
        if size <= 0:
            raise ValueError(f"size must be positive, not {size}")
        for start in range(self.start, self.end, size):
            yield Interval(start, min(start + size, self.end))
