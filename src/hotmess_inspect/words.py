"""Counts and p-values in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def counted(number: int, noun: str, one: str = "", many: str = "") -> str:
    """A number and its noun, as in "1 question" and "2,000 questions", with the verb for one or for many."""
    said, verb = (noun, one) if number == 1 else (f"{noun}s", many)
    return f"{number:,} {said} {verb}".rstrip()


class FirstMentions:
    """Letters of groups in sentences: each with the group's name where it is mentioned first.

    Args:
        names: Letter → name of the group; empty where it was named already.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._left, self._count = dict(names), len(names)

    def of(self, letters: Sequence[str], every: str = "all") -> str:
        """The groups of a sentence, by their letters; ``every`` where it is said of all of them."""
        if len(letters) == self._count:
            return every
        return ", ".join(f"{one} {_without_middle(self._left.pop(one, ''))}".rstrip() for one in letters)


def _without_middle(name: str, most: int = 48) -> str:
    """A long name by its beginning and its end, where names of one family differ."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[1 - most // 2 :]}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence, each once: up to ``most``, and how many more there are."""
    own = list(dict.fromkeys(names))
    return ", ".join(own) if len(own) <= most else f"{', '.join(own[:most])} and {len(own) - most} more"


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
