"""Scores of many epochs as columns, and which kind of prediction they hold."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import contains, itemgetter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

# What can be decomposed (of text the variance alone); in this order where two kinds are equally frequent.
DECOMPOSED = ("answer", "probabilities", "tests", "score", "text")
_JUDGED = frozenset({"answer", "probabilities", "score"})
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Rows:
    """Columns of the epochs that hold one kind of prediction.

    Attributes:
        kind: "answer", "probabilities", "tests", "score" or "text".
        question: Index of the question, shape (rows,).
        questions: Number of questions seen, with or without a scored epoch of this kind.
        values: Score values.
        metadata: Score metadata, empty where there is none.
        other: Epochs left out because they hold another kind of prediction, or no question's id.
    """

    kind: str
    question: IntArray
    questions: int
    values: list[Any]
    metadata: list[Mapping[str, Any]]
    other: int


@dataclass(frozen=True)
class Coverage:
    """What the epoch numbers say; `planned` is NaN where scores carry none."""

    planned: float
    duplicated: int


def as_rows(ids: Sequence[object], values: list[Any], metadata: list[Any], *, plain: bool = False) -> Rows:
    """Group epochs by question and find out what they predict.

    Ids that read the same are one question: Inspect does not allow `1` beside `"1"` in a data set.

    Args:
        ids: Sample ids, one per epoch; None belongs to no question and is left out and counted.
        values: Score values.
        metadata: Score metadata or None.
        plain: Read the values alone, whatever the metadata say.
    """
    question, questions = _number(ids)
    entries = metadata if set(map(type, metadata)) == {dict} else [entry or _NONE for entry in metadata]
    kinds = [None] * len(values) if plain else column(entries, "hm_kind")
    chosen, resolved = _choose(kinds)
    keep = question >= 0
    if len(resolved) > 1 or chosen not in resolved.values():
        keep &= np.array([_name(kind) == kind and resolved.get(kind) == chosen for kind in kinds], dtype=bool)
    if not keep.all():
        wanted = np.flatnonzero(keep).tolist()
        question = question[keep]
        values = [values[i] for i in wanted]
        entries = [entries[i] for i in wanted]
    return Rows(chosen, question, questions, values, entries, int(len(keep) - keep.sum()))


def coverage(rows: Rows) -> Coverage:
    """Planned epochs and repeated (question, epoch) pairs, as far as epoch numbers tell.

    A metric is not told the plan. The highest epoch number seen, times the questions seen, is what
    was planned for these questions once one of them has reached its last epoch, and less before;
    questions without any scored epoch are not seen at all.
    """
    known = integers(column(rows.metadata, "hm_epoch"), high=2**31)
    highest = int(known.max(initial=0))
    if highest == 0:
        return Coverage(float("nan"), 0)
    pairs = np.sort((rows.question * (highest + 1) + known)[known > 0])
    return Coverage(float(highest * rows.questions), int((pairs[1:] == pairs[:-1]).sum()))


def column(metadata: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """One entry of every epoch's metadata, None where it is missing."""
    try:
        return list(map(itemgetter(name), metadata))
    except KeyError:
        # Mostly nobody has it, which is told faster than asked for one by one.
        if not any(map(contains, metadata, repeat(name))):
            return [None] * len(metadata)
        return [entry.get(name) for entry in metadata]


def integers(entries: Sequence[object], *, high: int) -> IntArray:
    """Entries that are integers in 0 … high - 1 as they are, and 0 for everything else."""
    if set(map(type, entries)) == {int}:
        try:
            numbers = np.array(entries, dtype=np.int64)
        except OverflowError:
            numbers = np.array(
                [min(max(entry, -1), high) for entry in cast(Sequence[int], entries)], dtype=np.int64
            )
        return np.where((numbers >= 0) & (numbers < high), numbers, 0)
    return np.array(
        [entry if type(entry) is int and 0 <= entry < high else 0 for entry in entries], dtype=np.int64
    )


def places(question: IntArray, questions: int) -> tuple[IntArray, int]:
    """Number the rows of each question from 0; returns (place of each row, most rows of a question)."""
    counts = np.bincount(question, minlength=questions)
    order = np.argsort(question, kind="stable")
    place = np.empty(len(question), dtype=np.int64)
    place[order] = np.arange(len(question)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place, int(counts.max(initial=0))


class Numbering(dict[Any, int]):
    """Numbers its keys 0, 1, 2, … as they are first asked for, with one look-up each."""

    def __missing__(self, key: Any) -> int:
        number = self[key] = len(self)
        return number

    def of(self, keys: Iterable[Any], count: int) -> IntArray:
        """Numbers of so many keys, shape (count,)."""
        return np.fromiter(map(self.__getitem__, keys), dtype=np.int64, count=count)


def _number(ids: Sequence[object]) -> tuple[IntArray, int]:
    """Index of each id's question, -1 for None, and how many questions there are."""
    index = Numbering()
    if set(map(type, ids)) == {str}:
        return index.of(ids, len(ids)), len(index)
    question = [-1 if name is None else index[str(name)] for name in ids]
    return np.array(question, dtype=np.int64), len(index)


def _choose(kinds: Sequence[object]) -> tuple[str, dict[object, str | None]]:
    """The kind to decompose, and the kind of every name in the metadata (None for those left out)."""
    try:
        counts = Counter(kinds)
    except TypeError:
        counts = Counter(map(_name, kinds))
    resolved: dict[object, str | None] = {
        name: "score" if name is None else str(name) if name in DECOMPOSED else None for name in counts
    }
    if len(_JUDGED.intersection(filter(None, resolved.values()))) > 1:
        # Every one of these has a verdict, so all epochs can be compared by it; labels only some have.
        resolved = {name: "score" if kind in _JUDGED else kind for name, kind in resolved.items()}
    rows = Counter[str]()
    for name, count in counts.items():
        if (kind := resolved[name]) is not None:
            rows[kind] += count
    chosen = max(DECOMPOSED, key=lambda kind: (rows[kind], -DECOMPOSED.index(kind))) if rows else "score"
    return chosen, resolved


def _name(kind: object) -> str | None:
    return kind if isinstance(kind, str) else None
