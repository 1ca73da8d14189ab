"""Counts in sentences."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number and its noun, as in "1 question" and "2,000 questions"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
