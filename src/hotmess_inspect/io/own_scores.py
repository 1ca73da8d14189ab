"""Scores with ``hm_*`` metadata as columns, a batch at a time: of a log, or of the scores that a metric is given.

A hundred thousand take some megabytes. What is not as documented is left unread, row by row.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from operator import attrgetter, contains, itemgetter
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.schema import KINDS, MEASURED_LENGTHS, STATUSES, EpochMetadata, Scale, normalise_label
from hotmess_inspect.table import LabelBuilder, Labels, Ragged
from hotmess_inspect.table.cleaning import MOST_CLASSES, MOST_TESTS
from hotmess_inspect.vectors import ENTRIES, decode_embedding
from hotmess_inspect.verdicts import read_verdicts, verdicts_to_floats
from hotmess_inspect.words import counted

IntArray = NDArray[np.int64]
Column: TypeAlias = Callable[[str], Sequence[Any] | None]
"""Gives one entry of every epoch's metadata by its name, ``None`` where it is missing; None if no epoch has it."""

_COUNTS = {
    "choices": ("hm_classes", MOST_CLASSES),
    "f2p": ("hm_f2p", MOST_TESTS),
    "p2p": ("hm_p2p", MOST_TESTS),
}
_TEXT = ("answer", "context", "target", "tests", "masked", "regrades", "digest", "range")
_OTHER = "other"
_OK, _UNPARSED, _UNSCORED, _OTHER_KIND = map(STATUSES.index, ("ok", "unparsed", "unscored", "other_kind"))
_ABSENT = -1


def of_records(metadata: Sequence[EpochMetadata]) -> Column:
    """Columns of typed records, as the logs' readers make them."""

    def column(name: str) -> Sequence[Any] | None:
        return list(map(attrgetter(name), metadata))

    return column


def of_dictionaries(metadata: Sequence[Mapping[str, Any]]) -> Column:
    """Columns of ``Score.metadata``."""
    names = tuple(metadata[0]) if metadata else ()
    # Mostly every epoch has the same entries: one walk over the dictionaries then fetches them all.
    if len(names) != 1 and set(map(len, metadata)) <= {len(names)}:
        with suppress(KeyError):
            flat = list(chain.from_iterable(map(itemgetter(*names), metadata))) if names else []
            return {name: flat[place :: len(names)] for place, name in enumerate(names)}.get

    def column(name: str) -> Sequence[Any] | None:
        try:
            return list(map(itemgetter(name), metadata))
        except KeyError:
            # Mostly nobody has it, which is told faster than asked for one by one.
            if not any(map(contains, metadata, repeat(name))):
                return None
            return [entry.get(name) for entry in metadata]

    return column


class OwnColumns:
    """What the metadata of one scorer say, a row per verdict.

    Args:
        lengths: Whether to read how long the epochs were, and what else measures nothing.
    """

    def __init__(self, *, lengths: bool = True) -> None:
        self._extras = lengths
        self._text = {name: LabelBuilder() for name in (*_TEXT, "kind")}
        self._numbers: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("value", "status", *MEASURED_LENGTHS, *_COUNTS)
        }
        self._lists: dict[str, list[Ragged]] = {"vector": [], "goal": []}
        self._kinds: Counter[str] = Counter()
        self._others = False
        self._untrue: Counter[str] = Counter()
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    @property
    def plain(self) -> bool:
        """Whether the metadata know of no other kind than plain scores."""
        return set(self._kinds) <= {"score"} and not self._others

    def add(self, column: Column, values: Sequence[Any]) -> None:
        """Add a batch.

        Args:
            column: The scores' metadata.
            values: The scores' values, shape (rows,).
        """
        rows = len(values)
        self._rows += rows
        verdicts = read_verdicts(values)
        kinds = _kinds(column("hm_kind"), verdicts)
        distinct = set(kinds)
        counted = Counter({kinds[0]: rows}) if len(distinct) == 1 else Counter(kinds)
        counted.pop(None, None)
        others = counted.pop(_OTHER, 0) > 0
        self._others |= others
        self._kinds.update(cast("Counter[str]", counted))
        present = set(self._kinds.keys() & counted.keys())
        if len(distinct) == 1 and not others:
            self._text["kind"].repeat(kinds[0], rows)
        else:
            self._text["kind"].extend([None if k == _OTHER else k for k in kinds] if others else kinds)
        text = {
            name: _texts(column(f"hm_{name}"), rows) for name in ("answer", "target") if present - {"score"}
        }
        contexts = column("hm_context")
        text["context"] = None if contexts is None else [None if c is None else str(c) for c in contexts]
        ranges = column("hm_range") if "score" in present else None
        text["range"] = None if ranges is None else list(map(_range_text, ranges))
        if "tests" in present or self._extras:
            text |= {
                name: _texts(column(f"hm_{name}"), rows, empty=False)
                for name in ("tests", "masked", "digest")
            }
        if present & {"tests", "score"}:
            text["regrades"] = _joined(column("hm_regrades"))
        for name in _TEXT:
            found = text.get(name)
            if found:
                self._text[name].extend(found)
            else:
                self._text[name].repeat(None, rows)
        vectors = self._vectors(column, values, kinds, present)
        self._numbers["value"].append(verdicts)
        self._numbers["status"].append(
            _statuses(column, values, kinds, distinct, text, vectors.sizes, verdicts)
        )
        if self._extras:
            for name in MEASURED_LENGTHS:
                self._numbers[name].append(_amounts(column(f"hm_{name}"), rows))
        for name, (entry, high) in _COUNTS.items():
            given = column(entry) if name == "choices" or "tests" in present else None
            counts = integers(given, rows, high=high)
            if given is not None and self._extras:
                self._untrue[entry] += sum(count is not None and count != 0 for count in given) - int(
                    (counts > 0).sum()
                )
            self._numbers[name].append(counts.astype(np.int32))
        self._lists["vector"].append(vectors)
        goals = column("hm_goal") if "point" in present else None
        self._lists["goal"].append(
            Ragged.empty(rows) if goals is None else Ragged.encode(list(map(_floats, goals)))
        )

    def columns(self, chosen: IntArray | None = None, absent: IntArray | int = _UNSCORED) -> dict[str, Any]:
        """The columns of a table; what they were collected in is let go, so this works once.

        Args:
            chosen: Which verdict each row of the table has, -1 where none, shape (rows,); None: its own.
            absent: Why a row without a verdict has none, as a place in ``STATUSES``, shape (rows,).
        """
        text = {name: self._labels(name, chosen) for name in (*_TEXT, "kind")}
        status = self._column("status", chosen)
        # An epoch that was never scored belongs with the others of its scorer.
        kind = max(KINDS, key=lambda k: (self._kinds[k], -KINDS.index(k))) if self._kinds else "score"
        made: dict[str, Any] = {
            **{name: text[name] for name in ("context", "tests", "masked", "digest")},
            "regrades": text["regrades"].map(partial(_regrades_of, key=None)),
            **{name: self._column(name, chosen) for name in ("value", "f2p", "p2p")},
            **(self.lengths(chosen) if self._extras else {}),
            "kind": _filled(text["kind"], kind),
            "scale": text["range"].map(partial(_scale_of, key=None)),
            "status": Labels(np.where(status < 0, absent, status).astype(np.int32), STATUSES),
            "answer": text["answer"].map(normalise_label),
            "vector": self._ragged("vector", chosen),
        }
        if text["target"].names:
            made["target"] = text["target"].map(normalise_label)
        choices = self._column("choices", chosen)
        if choices.any():
            made["choices"] = choices
        goal = self._ragged("goal", chosen)
        return made | ({"goal": goal} if goal.flat.size else {})

    def of_key(self, chosen: IntArray, key: str | None) -> dict[str, Labels]:
        """Columns ``scale`` and ``regrades`` of a key of the verdicts; this works before `columns` alone."""
        made = {}
        for name, entry, read in (("scale", "range", _scale_of), ("regrades", "regrades", _regrades_of)):
            labels = self._text[entry].labels()
            made[name] = Labels(np.append(labels.codes, np.int32(-1))[chosen], labels.names).map(
                partial(read, key=key)
            )
        return made

    def warnings(self) -> list[str]:
        """What the metadata said that cannot be."""
        return [
            f"{counted(number, 'value')} of {entry} {'is' if number == 1 else 'are'} no possible count: unknown"
            for entry, number in self._untrue.items()
            if number
        ]

    def lengths(self, chosen: IntArray | None) -> dict[str, NDArray[np.float64]]:
        """The columns that are lengths, NaN where unknown."""
        return {name: self._column(name, chosen) for name in MEASURED_LENGTHS}

    def _vectors(
        self, column: Column, values: Sequence[Any], kinds: Sequence[str | None], present: set[str]
    ) -> Ragged:
        """Probabilities and embeddings from the metadata, points from the scores' values."""
        if present.isdisjoint(("probabilities", "point", "text")):
            return Ragged.empty(len(values))
        listed = column("hm_probabilities") if "probabilities" in present else None
        if listed is not None and present == {"probabilities"}:
            return _equally_long(listed) or Ragged.encode(list(map(_floats, listed)))
        lists: list[Any] = [None] * len(values)
        if listed is not None:
            lists = [
                _floats(v) if kind == "probabilities" else None for v, kind in zip(listed, kinds, strict=True)
            ]
        if "point" in present:
            lists = [
                verdicts_to_floats(value) if kind == "point" and isinstance(value, list) else held
                for held, value, kind in zip(lists, values, kinds, strict=True)
            ]
        if "text" in present:
            lists = [
                found if kind == "text" else held
                for held, found, kind in zip(lists, _embeddings(column, len(values)), kinds, strict=True)
            ]
        return Ragged.encode(lists) if any(held is not None for held in lists) else Ragged.empty(len(values))

    def _labels(self, name: str, chosen: IntArray | None) -> Labels:
        labels = self._text.pop(name).labels()
        return (
            labels if chosen is None else Labels(np.append(labels.codes, np.int32(-1))[chosen], labels.names)
        )

    def _column(self, name: str, chosen: IntArray | None) -> NDArray[Any]:
        parts = self._numbers.pop(name)
        column = np.concatenate(parts) if len(parts) != 1 else parts[0]
        if chosen is None:
            return column
        fill = 0 if name in _COUNTS else _ABSENT if name == "status" else math.nan
        found: NDArray[Any] = np.append(column, np.asarray([fill], dtype=column.dtype))[chosen]
        return found

    def _ragged(self, name: str, chosen: IntArray | None) -> Ragged:
        parts = self._lists.pop(name)
        if chosen is None:
            return Ragged.concatenate(parts) if len(parts) != 1 else parts[0]
        return Ragged.concatenate([*parts, Ragged.empty(1)]).take(chosen)


def scale_labels(ranges: Sequence[object], key: str | None) -> Labels:
    """Column ``scale`` of a table from the ``hm_range`` of its scores."""
    return Labels.encode(list(map(_range_text, ranges))).map(partial(_scale_of, key=key))


def regrade_labels(regrades: Sequence[object], key: str | None) -> Labels:
    """Column ``regrades`` of a table from the ``hm_regrades`` of its scores."""
    return Labels.encode(_joined(regrades) or []).map(partial(_regrades_of, key=key))


def _range_text(entry: object) -> str | None:
    return json.dumps(entry, default=str) if isinstance(entry, list | tuple | dict) else None


def _scale_of(text: str, key: str | None) -> str | None:
    scale = Scale.of_entry(json.loads(text), key)
    return None if scale is None else str(scale)


def integers(entries: Sequence[object] | None, rows: int, *, high: int) -> IntArray:
    """Entries that are integers in 0 … high - 1 as they are, and 0 for everything else, shape (rows,)."""
    if entries is None:
        return np.zeros(rows, dtype=np.int64)
    if set(map(type, entries)) == {int}:
        try:
            numbers = np.array(entries, dtype=np.int64)
            return np.where((numbers >= 0) & (numbers < high), numbers, 0)
        except OverflowError:
            pass
    return np.array(
        [entry if type(entry) is int and 0 <= entry < high else 0 for entry in entries], dtype=np.int64
    )


def _kinds(given: Sequence[Any] | None, verdicts: NDArray[np.float64]) -> list[str | None]:
    """The kind of each row; None for a score that is no verdict and says nothing, "other" for an unknown kind."""
    if given is None:
        return ["score"] * len(verdicts)
    with suppress(TypeError):  # what cannot be hashed is no kind either
        if set(given) <= _KNOWN:
            return list(given)
    return [
        kind
        if isinstance(kind, str) and kind in _KNOWN
        else _OTHER
        if kind is not None
        else "score"
        if verdict == verdict
        else None
        for kind, verdict in zip(given, verdicts.tolist(), strict=True)
    ]


_KNOWN = frozenset(KINDS)


def _statuses(
    column: Column,
    values: Sequence[Any],
    kinds: Sequence[str | None],
    kind: Set[str | None],
    text: Mapping[str, list[str | None] | None],
    sizes: IntArray,
    verdicts: NDArray[np.float64],
) -> NDArray[np.int32]:
    """What became of each epoch, as places in ``STATUSES``; -1 for one without a verdict."""
    rows = len(values)
    status = np.full(rows, _OK, dtype=np.int32)
    said = _texts(column("hm_status"), rows)
    if said is not None:
        known = Labels.encode(said)
        places = [STATUSES.index(n) if n in STATUSES else _OK for n in known.names]
        status = np.asarray([*places, _OK], dtype=np.int32)[known.codes]
    for name in kind:
        own = None if len(kind) == 1 else np.array([k == name for k in kinds], dtype=bool)
        _judge(status, name, own, _lost(name, text, sizes, status), verdicts)
    # NaN at the root is Inspect's mark of an epoch without a score, and null that of old logs.
    if kind - {"score"} and not {float, type(None)}.isdisjoint(set(map(type, values))):
        unmarked = [v is not None and (type(v) is not float or v == v) for v in values]
        status[~np.array(unmarked, dtype=bool)] = _ABSENT
    return status


def _lost(
    kind: str | None, text: Mapping[str, list[str | None] | None], sizes: IntArray, status: NDArray[np.int32]
) -> tuple[Any, Any] | None:
    """Which rows of a kind are unparsed, and which hold nothing at all."""
    if kind == "answer":
        answers = text.get("answer")
        if answers is None:
            return status == _UNPARSED, status != _UNPARSED
        if all(answer is not None and answer.strip() for answer in set(answers)):
            return None
        none = np.array([a is None for a in answers], dtype=bool)
        blank = np.array([a is not None and not a.strip() for a in answers], dtype=bool)
        return blank | (none & (status == _UNPARSED)), none & (status != _UNPARSED)
    if kind == "probabilities":
        return sizes == 0, False
    if kind == "tests":
        tests = text.get("tests")
        return False, np.array([t is None for t in tests], dtype=bool) if tests else True
    if kind == "text":
        return False, (sizes == 0) & (status != _UNPARSED)
    return None


def _judge(
    status: NDArray[np.int32],
    kind: str | None,
    own: Any,
    lost: tuple[Any, Any] | None,
    verdicts: NDArray[np.float64],
) -> None:
    """Change the statuses of the rows of one kind, in place."""
    there = np.ones(len(status), dtype=bool) if own is None else own
    if kind is None:
        status[there] = _ABSENT
    elif kind == _OTHER:
        status[there] = _OTHER_KIND
    elif kind == "score":
        status[there & np.isnan(verdicts)] = _ABSENT
    elif lost is not None:
        unparsed, nothing = lost
        status[there & unparsed & (status == _OK)] = _UNPARSED
        status[there & nothing] = _ABSENT


def _texts(entries: Sequence[Any] | None, rows: int, *, empty: bool = True) -> list[str | None] | None:
    """Strings as they are and everything else as missing; None where no row has one."""
    if entries is None:
        return None
    types = set(map(type, entries))
    if types <= {type(None)}:
        return None
    if types == {str} and (empty or all(entries)):
        return cast("list[str | None]", entries)
    return [entry if isinstance(entry, str) and (empty or entry) else None for entry in entries]


def _joined(regrades: Sequence[Any] | None) -> list[str | None] | None:
    if regrades is None:
        return None
    return [
        json.dumps(entry)
        if isinstance(entry, dict)
        else _blanks_between(entry)
        if isinstance(entry, list) and entry
        else None
        for entry in regrades
    ]


def _blanks_between(texts: list[Any]) -> str:
    return " ".join(text if isinstance(text, str) and text else "-" for text in texts)


def _regrades_of(text: str, key: str | None) -> str | None:
    """The further gradings, of one key where there are several; bit strings and numbers are no objects."""
    if not text.startswith("{"):
        return text if key is None else None
    found = json.loads(text).get(key) if key is not None else None
    return _blanks_between(found) if isinstance(found, list) and found else None


def _amounts(entries: Sequence[Any] | None, rows: int) -> NDArray[np.float64]:
    """Numbers from 0 to 1e18 as they are, NaN for everything else."""
    if entries is None:
        return np.full(rows, math.nan)
    if not set(map(type, entries)) <= {int, float, type(None)}:
        entries = [entry if type(entry) in (int, float) else None for entry in entries]
    try:
        # An array of floats makes NaN of None.
        numbers = np.asarray(entries, dtype=np.float64)
    except OverflowError:
        numbers = np.asarray(
            [e if e is not None and abs(e) <= 1e18 else None for e in entries], dtype=np.float64
        )
    return np.where((numbers >= 0) & (numbers <= 1e18), numbers, math.nan)


def _floats(numbers: Any) -> NDArray[np.float64] | None:
    """A list of numbers; None for anything else."""
    if type(numbers) is not list or not numbers or not set(map(type, numbers)) <= {int, float, bool}:
        return None
    try:
        return np.asarray(numbers, dtype=np.float64)
    except OverflowError:
        return None


def _equally_long(listed: Sequence[Any]) -> Ragged | None:
    """Lists of one length that hold numbers only, read at once."""
    if set(map(type, listed)) != {list} or len(sizes := set(map(len, listed))) != 1 or 0 in sizes:
        return None
    types: set[type] = set()
    for numbers in listed:
        types.update(map(type, numbers))
    if types != {float}:
        return None
    return Ragged(
        np.arange(len(listed) + 1, dtype=np.int64) * sizes.pop(),
        np.array(listed, dtype=np.float64).reshape(-1),
    )


def _embeddings(column: Column, rows: int) -> Iterator[NDArray[np.float64] | None]:
    """Embeddings of the epochs; equal answers have equal ones, and each is decoded once."""
    parts = [_texts(column(name), rows) or [None] * rows for name in ENTRIES]
    seen: dict[tuple[str | None, ...], NDArray[np.float64] | None] = {}
    for key in zip(*parts, strict=True):
        if key not in seen:
            seen[key] = decode_embedding(dict(zip(ENTRIES, key, strict=True)))
        yield seen[key]


def _filled(labels: Labels, name: str) -> Labels:
    """The labels, with a name where they are missing."""
    if not labels.missing.any():
        return labels
    names = labels.names if name in labels.names else (*labels.names, name)
    return Labels(np.where(labels.missing, np.int32(names.index(name)), labels.codes).astype(np.int32), names)
