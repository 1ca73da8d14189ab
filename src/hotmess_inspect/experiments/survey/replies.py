"""What a rater replied: rankings with their faults counted, and comparisons."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hotmess_inspect.experiments.survey.entities import plain_name

_NUMBERED = re.compile(r"^\s*(?:\(?\d{1,3}\s*[.):]|[-*•–])\s*")
_MARKUP = re.compile(r"[*_`#]+")
_NOTE = re.compile(r"\s+[-–—]\s+|\s*[:(]")
_PAIR = re.compile(r"^\W*(\d{1,3})\s*[:.)=\-–]*\s*\(?\**([A-Za-z]+)\**\)?\W*$")
# Names that differ by less than this are one name misspelled.
_ALIKE = 0.88


@dataclass(frozen=True)
class Ranking:
    """A ranking as replied, without what it got wrong.

    Attributes:
        order: Indices of the entities, first the one ranked highest, each at most once.
        missing: Entities that were left out.
        doubled: Entries that named an entity again; the first counts.
        invented: Entries that name nothing on the list.
        respelled: Entries that were misspelled and recognised.
    """

    order: tuple[int, ...]
    missing: int
    doubled: int
    invented: int
    respelled: int

    @property
    def usable(self) -> bool:
        """Whether at least half of the entities were ranked, and at least two."""
        return len(self.order) >= max(2, self.missing)


@dataclass(frozen=True)
class Comparisons:
    """Comparisons as replied.

    Attributes:
        won: Winner and loser of each pair that was decided.
        missing: Pairs without a decision.
        doubled: Lines about a pair that had been decided; the first counts.
        invented: Lines about no pair that was asked, or that name neither of the two.
    """

    won: tuple[tuple[int, int], ...]
    missing: int
    doubled: int
    invented: int

    @property
    def usable(self) -> bool:
        """Whether at least half of the pairs were decided."""
        return len(self.won) >= max(1, self.missing)


def read_ranking(reply: str, names: Sequence[str]) -> Ranking:
    """Read a list of names.

    Taken is what stands in the last ``<ranking>`` tag, open or closed; without a tag the lines that begin with a
    number or bullet. Numbers, bullets, markup and remarks behind a dash, colon or bracket do not count, nor do
    case, punctuation and articles; a name that is nearly one on the list is taken for it.

    Args:
        reply: What the rater wrote.
        names: The entities.

    Returns:
        The ranking with its faults counted.
    """
    known = {plain_name(name): index for index, name in enumerate(names)}
    order: list[int] = []
    doubled = invented = respelled = 0
    for entry in _entries(reply):
        index, exact = _find(entry, known)
        if index is None:
            invented += 1
        elif index in order:
            doubled += 1
        else:
            order.append(index)
            respelled += not exact
    return Ranking(tuple(order), len(names) - len(order), doubled, invented, respelled)


def read_comparisons(reply: str, pairs: Sequence[tuple[int, int]]) -> Comparisons:
    """Read lines such as ``7: A``, in a ``<pairs>`` tag or without.

    Args:
        reply: What the rater wrote.
        pairs: What was asked, A and B of each.

    Returns:
        The comparisons with their faults counted.
    """
    decided: dict[int, tuple[int, int]] = {}
    doubled = invented = 0
    for line in _inside(reply, "pairs").splitlines():
        found = _PAIR.match(_MARKUP.sub("", line))
        if found is None:
            continue
        number, letter = int(found[1]) - 1, found[2].upper()
        if not 0 <= number < len(pairs) or letter not in ("A", "B"):
            invented += 1
        elif number in decided:
            doubled += 1
        else:
            one, other = pairs[number]
            decided[number] = (one, other) if letter == "A" else (other, one)
    won = tuple(decided[number] for number in sorted(decided))
    return Comparisons(won, len(pairs) - len(won), doubled, invented)


def _inside(reply: str, tag: str) -> str:
    start = reply.lower().rfind(f"<{tag}>")
    if start < 0:
        return reply
    text = reply[start + len(tag) + 2 :]
    return re.split(rf"</\s*{tag}\s*>", text, maxsplit=1, flags=re.IGNORECASE)[0]


def _entries(reply: str) -> list[str]:
    tagged = "<ranking>" in reply.lower()
    lines = [line for line in _inside(reply, "ranking").splitlines() if line.strip()]
    if tagged and len(lines) == 1:
        lines = re.split(r"\s*[>;]\s*", lines[0]) if re.search("[>;]", lines[0]) else lines[0].split(",")
    kept = [line for line in lines if tagged or _NUMBERED.match(line)]
    stripped = [_MARKUP.sub("", _NUMBERED.sub("", _MARKUP.sub("", line), count=1)).strip() for line in kept]
    return [entry for entry in stripped if entry and set(entry) != {"."}]


def _find(entry: str, known: dict[str, int]) -> tuple[int | None, bool]:
    name = plain_name(entry)
    if name in known:
        return known[name], True
    before = plain_name(_NOTE.split(entry, maxsplit=1)[0])
    if before in known:
        return known[before], True
    alike = difflib.get_close_matches(before or name, known, n=2, cutoff=_ALIKE)
    # Two names within reach: better none than the wrong one.
    return (known[alike[0]], False) if len(alike) == 1 else (None, False)
