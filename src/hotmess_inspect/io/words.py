"""Counts in sentences."""

from __future__ import annotations


def counted(number: int, noun: str, one: str = "", many: str = "") -> str:
    """A number and its noun, as in "1 question" and "2,000 questions", with the verb for one or for many."""
    said, verb = (noun, one) if number == 1 else (f"{noun}s", many)
    return f"{number:,} {said} {verb}".rstrip()
