"""What is ranked: the bundled list of entities, or a list of one's own."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

CATEGORIES = {
    "model": "machine-learning models",
    "organism": "non-human organisms",
    "human": "humans",
    "institution": "institutions",
}
"""Categories of the bundled list, and what figures and tables call them."""

MOST_ENTITIES = 200
"""A ranking of so many fits into an entry of a log's summaries; no rater can order more anyway."""


@dataclass(frozen=True)
class Entities:
    """The entities of a survey, sorted by name, so that nothing depends on the order of a file.

    Attributes:
        names: Distinct names.
        categories: Category of each, empty where there is none.
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


def make_entities(pairs: Iterable[tuple[str, str]], where: str) -> Entities:
    """Check and sort a list.

    Args:
        pairs: Name and category.
        where: What messages call the list.

    Raises:
        ValueError: If a name is empty or appears twice (up to case, spaces, punctuation and articles), or
            there are fewer than 3 or more than 200 entities.
    """
    seen: dict[str, str] = {}
    rows = [(name.strip(), category.strip()) for name, category in pairs]
    for name, _ in rows:
        key = plain_name(name)
        if not key:
            raise ValueError(f"{where}: {name!r} is no name")
        if key in seen:
            raise ValueError(f"{where}: {name!r} and {seen[key]!r} are one entity")
        seen[key] = name
    if not 3 <= len(rows) <= MOST_ENTITIES:
        raise ValueError(f"{where}: {len(rows)} entities; permitted are 3 to {MOST_ENTITIES}")
    rows.sort()
    return Entities(tuple(name for name, _ in rows), tuple(category for _, category in rows))


def load_entities(path: str | None = None) -> Entities:
    """The bundled list of 60 entities, or a CSV file with the columns ``entity`` and, if wanted, ``category``.

    Raises:
        ValueError: If the file cannot be read, lacks the column, or as `make_entities`.
    """
    if path is None:
        text, where = (files(__package__) / "entities.csv").read_text(encoding="utf-8"), "the bundled list"
    else:
        where = path
        try:
            text = Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"entities {path!r} cannot be read: {error}") from None
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or "entity" not in rows[0]:
        raise ValueError(f"{where}: a list of entities is a CSV with the columns entity and category")
    return make_entities([(row["entity"] or "", row.get("category") or "") for row in rows], where)


def plain_name(name: str) -> str:
    """A name without what raters change: case, spaces, punctuation, articles in front."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    words = "".join(sign if sign.isalnum() else " " for sign in folded).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("a", "an", "the") else words)
