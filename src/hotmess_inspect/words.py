"""Counts and p-values in sentences."""

from __future__ import annotations


def counted(number: int, noun: str, one: str = "", many: str = "") -> str:
    """A number and its noun, as in "1 question" and "2,000 questions", with the verb for one or for many."""
    said, verb = (noun, one) if number == 1 else (f"{noun}s", many)
    return f"{number:,} {said} {verb}".rstrip()


def p_word(value: float) -> str:
    """A p-value with as many decimals as some thousand random divisions carry; a dash for NaN.

    Two from 0.1 on, three below, and more where three would put it on the other side of 0.05.

    Example:
        >>> p_word(0.4321), p_word(0.0123), p_word(0.0002), p_word(0.04996)
        ('0.43', '0.012', '<0.001', '0.04996')
    """
    if value != value:
        return "–"
    if value < 0.0005:
        return "<0.001"
    if value >= 0.0995:
        return f"{value:.2f}"
    return next(text for n in (3, 4, 5, 17) if (float(text := f"{value:.{n}f}") < 0.05) == (value < 0.05))
