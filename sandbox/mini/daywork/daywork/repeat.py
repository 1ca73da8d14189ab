"""Intervals that come again."""

from __future__ import annotations

from typing import Collection, List, Optional

from daywork.interval import Interval


def repeat(
    first: Interval,
    every: int,
    count: Optional[int] = None,
    until: Optional[int] = None,
    skip: Collection[int] = (),
) -> List[Interval]:
    """List an interval and its repetitions.

    Args:
        first: The first occurrence.
        every: Minutes from one start to the next.
        count: How many occurrences to list, the skipped ones not counted.
        until: No occurrence starts at this minute or later.
        skip: Numbers of occurrences to leave out, the first being 0.

    Returns:
        The occurrences in order.
    """
    if every <= 0:
        raise ValueError(f"every must be positive, not {every}")
    if count is None and until is None:
        raise ValueError("repeat needs count or until, else it never ends")
    found: List[Interval] = []
    number = 0
    while True:
        occurrence = first.shift(number * every)
        if until is not None and occurrence.start >= until:
            return found
        if count is not None and len(found) == count:
            return found
        if number not in skip:
            found.append(occurrence)
        number += 1
