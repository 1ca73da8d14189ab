"""A set of minutes, kept as sorted, disjoint intervals."""

from __future__ import annotations

from bisect import bisect_right
from typing import Iterable, Iterator, List

from daywork.interval import Interval


class Spans:
    """Minutes as the fewest possible intervals: neighbours that meet are joined."""

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        self._items: List[Interval] = []
        for interval in intervals:
            self.add(interval)

    def __iter__(self) -> Iterator[Interval]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __bool__(self) -> bool:
        return bool(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spans):
            return NotImplemented
        return self._items == other._items

    def __repr__(self) -> str:
        inside = ", ".join(f"{item.start}..{item.end}" for item in self._items)
        return f"Spans({inside})"

    def __contains__(self, minute: int) -> bool:
        position = bisect_right([item.start for item in self._items], minute)
        return position > 0 and minute in self._items[position - 1]

    @property
    def total(self) -> int:
        """How many minutes the set holds."""
        return sum(item.length for item in self._items)

    def copy(self) -> Spans:
        clone = Spans()
        clone._items = list(self._items)
        return clone

    def add(self, interval: Interval) -> None:
        """Put in the minutes of an interval."""
        kept: List[Interval] = []
        for item in self._items:
            if item.start <= interval.end and interval.start <= item.end:
                interval = interval.hull(item)
            else:
                kept.append(item)
        kept.append(interval)
        self._items = sorted(kept)

    def remove(self, interval: Interval) -> None:
        """Take out the minutes of an interval; those that are not in the set are ignored."""
        for position, item in enumerate(self._items):
            if item.covers(interval):
                del self._items[position]
                if item.start < interval.start:
                    self._items.insert(position, Interval(item.start, interval.start))
                return

    def union(self, other: Spans) -> Spans:
        result = self.copy()
        for interval in other:
            result.add(interval)
        return result

    def intersection(self, other: Spans) -> Spans:
        result = Spans()
        for mine in self:
            for theirs in other:
                common = mine.intersect(theirs)
                if common is not None:
                    result.add(common)
        return result

    def gaps(self, within: Interval) -> List[Interval]:
        """The parts of ``within`` that hold no minute of this set, in order."""
        free: List[Interval] = []
        start = within.start
        for item in self._items:
            if item.end <= within.start or item.start >= within.end:
                continue
            if item.start > start:
                free.append(Interval(start, item.start))
            start = max(start, item.end)
        if start < within.end:
            free.append(Interval(start, within.end))
        return free
