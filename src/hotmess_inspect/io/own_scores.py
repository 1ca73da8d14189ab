"""Scores with ``hm_*`` metadata, a batch at a time, as columns: a hundred thousand take some megabytes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.plugin.vectors import ENTRIES, decode_embedding
from hotmess_inspect.plugin.verdicts import verdicts_to_floats
from hotmess_inspect.schema import KINDS, MEASURED_LENGTHS, STATUSES, EpochMetadata, normalise_label
from hotmess_inspect.table import LabelBuilder, Labels, Ragged

IntArray = NDArray[np.int64]

_COUNTS = {"choices": "hm_classes", "f2p": "hm_f2p", "p2p": "hm_p2p"}
_MOST_CLASSES = 25 + 9999
"""Classes that labels of choices can name: A to Z, then 1 to 9999."""
_MOST_TESTS = 1 << 22
_TEXT = ("kind", "status", "answer", "context", "target", "tests", "masked", "regrades", "digest")


class OwnColumns:
    """What the metadata of one scorer say, a row per verdict."""

    def __init__(self) -> None:
        self._text = {name: LabelBuilder() for name in _TEXT}
        self._numbers: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("value", *MEASURED_LENGTHS, *_COUNTS)
        }
        self._lists: dict[str, list[Ragged]] = {"vector": [], "goal": []}
        self._kinds: Counter[str] = Counter()
        self._untrue: Counter[str] = Counter()
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    @property
    def kinds(self) -> set[str]:
        """Kinds of outcome that were seen."""
        return set(self._kinds)

    def add(self, metadata: Sequence[EpochMetadata], values: Sequence[Any]) -> None:
        """Add a batch.

        Args:
            metadata: Of each score, shape (rows,).
            values: The scores' values, shape (rows,).
        """
        self._rows += len(metadata)
        self._kinds.update(m.hm_kind for m in metadata if m.hm_kind in KINDS)
        verdicts = verdicts_to_floats(values)
        text: dict[str, list[str | None]] = {
            "kind": [m.hm_kind if m.hm_kind in KINDS else None for m in metadata],
            "status": [_status(m, verdict) for m, verdict in zip(metadata, verdicts.tolist(), strict=True)],
            "answer": [m.hm_answer for m in metadata],
            "context": [None if m.hm_context is None else str(m.hm_context) for m in metadata],
            "target": [m.hm_target for m in metadata],
            "tests": [m.hm_tests for m in metadata],
            "masked": [m.hm_masked or None for m in metadata],
            "regrades": [" ".join(m.hm_regrades) if m.hm_regrades else None for m in metadata],
            "digest": [m.hm_digest or None for m in metadata],
        }
        for name, column in text.items():
            self._text[name].extend(column)
        self._numbers["value"].append(verdicts)
        for name in MEASURED_LENGTHS:
            # An array of floats makes NaN of None.
            lengths = [_amount(getattr(m, f"hm_{name}")) for m in metadata]
            self._numbers[name].append(np.asarray(lengths, dtype=np.float64))
        for name, field in _COUNTS.items():
            counts = [self._count(getattr(m, field), field) for m in metadata]
            self._numbers[name].append(np.asarray(counts, dtype=np.int32))
        self._lists["vector"].append(
            Ragged.encode([_vector(m, value) for m, value in zip(metadata, values, strict=True)])
        )
        self._lists["goal"].append(Ragged.encode([m.hm_goal for m in metadata]))

    def _count(self, value: Any, field: str) -> int:
        """A count as far as it can be true; 0, which is unknown, beyond."""
        if value is None:
            return 0
        if type(value) is int and 0 <= value <= (_MOST_CLASSES if field == "hm_classes" else _MOST_TESTS):
            return value
        self._untrue[field] += 1
        return 0

    def warnings(self) -> list[str]:
        """What the metadata said that cannot be."""
        return [
            f"{number} values of {field} are no possible count: unknown"
            for field, number in self._untrue.items()
        ]

    def columns(self, chosen: IntArray, absent: IntArray) -> dict[str, Any]:
        """The columns of a table; what they were collected in is let go, so this works once.

        Args:
            chosen: Which verdict each row of the table has, -1 where none, shape (rows,).
            absent: Why a row without a verdict has none, as a place in ``STATUSES``, shape (rows,).
        """
        text = {name: self._labels(name, chosen) for name in _TEXT}
        numbers = {name: self._column(name, chosen) for name in ("value", *_COUNTS)}
        # An epoch that was never scored belongs with the others of its scorer.
        kind = self._kinds.most_common(1)[0][0] if self._kinds else "score"
        made: dict[str, Any] = {
            **{name: text[name] for name in ("context", "tests", "masked", "regrades", "digest")},
            **{name: numbers[name] for name in ("value", "f2p", "p2p")},
            **self.lengths(chosen),
            "kind": _filled(text["kind"], np.full(len(chosen), KINDS.index(kind)), KINDS),
            "status": _filled(text["status"], absent, STATUSES),
            "answer": text["answer"].map(normalise_label),
            "vector": self._ragged("vector", chosen),
        }
        if text["target"].names:
            made["target"] = text["target"].map(normalise_label)
        if numbers["choices"].any():
            made["choices"] = numbers["choices"]
        goal = self._ragged("goal", chosen)
        return made | ({"goal": goal} if goal.sizes.any() else {})

    def lengths(self, chosen: IntArray) -> dict[str, NDArray[np.float64]]:
        """The columns that are lengths, NaN where unknown."""
        return {name: self._column(name, chosen) for name in MEASURED_LENGTHS}

    def _labels(self, name: str, chosen: IntArray) -> Labels:
        labels = self._text.pop(name).labels()
        return Labels(np.append(labels.codes, np.int32(-1))[chosen], labels.names)

    def _column(self, name: str, chosen: IntArray) -> NDArray[Any]:
        column = np.concatenate(self._numbers.pop(name))
        absent = np.zeros(1, dtype=column.dtype) if name in _COUNTS else np.full(1, math.nan)
        found: NDArray[Any] = np.concatenate([column, absent])[chosen]
        return found

    def _ragged(self, name: str, chosen: IntArray) -> Ragged:
        return Ragged.concatenate([*self._lists.pop(name), Ragged.empty(1)]).take(chosen)


def _filled(labels: Labels, codes: IntArray, names: Sequence[str]) -> Labels:
    """The labels, where missing those of the codes into ``names``."""
    place = np.asarray([*(names.index(name) for name in labels.names), -1], dtype=np.int32)[labels.codes]
    return Labels(np.where(place < 0, codes, place).astype(np.int32), tuple(names))


def _amount(value: Any) -> float | None:
    """A length: a number from 0 on, ``None`` for anything else."""
    return value if type(value) in (int, float) and 0 <= value <= 1e18 else None


def _vector(metadata: EpochMetadata, value: Any) -> Sequence[float] | NDArray[np.float64] | None:
    """Probabilities and embeddings from the metadata, points from the score's value."""
    if metadata.hm_kind == "point" and isinstance(value, list):
        return verdicts_to_floats(value)
    if metadata.hm_kind == "text" and metadata.hm_embedding is not None:
        return decode_embedding({name: getattr(metadata, name) for name in ENTRIES})
    listed = metadata.hm_probabilities
    return listed if isinstance(listed, list) else None


def _status(metadata: EpochMetadata, verdict: float) -> str | None:
    """What the metadata say, ``None`` for an epoch that has no verdict."""
    if _unscored(metadata, verdict):
        return None
    status = metadata.hm_status or "ok"
    if status not in STATUSES:
        return "ok"
    lost = metadata.hm_kind == "answer" and not metadata.hm_answer
    lost |= metadata.hm_kind == "probabilities" and not metadata.hm_probabilities
    return "unparsed" if lost and status == "ok" else status


def _unscored(metadata: EpochMetadata, verdict: float) -> bool:
    """Whether an epoch has no verdict: a score that is no number, or tests without their outcomes."""
    if metadata.hm_kind == "tests":
        return not _tests_fit(metadata)
    if metadata.hm_kind == "text":
        return metadata.hm_embedding is None and metadata.hm_status != "unparsed"
    return metadata.hm_kind not in KINDS or (metadata.hm_kind != "point" and math.isnan(verdict))


def _tests_fit(metadata: EpochMetadata) -> bool:
    """Whether there are unit tests, as many as their counts say: sizes are those of what is there."""
    tests, counts = metadata.hm_tests, (metadata.hm_f2p, metadata.hm_p2p)
    if type(tests) is not str or not all(type(count) is int and count >= 0 for count in counts):
        return False
    return bool(len(tests) == -(-sum(counts) // 4))
