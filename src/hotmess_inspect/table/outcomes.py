"""Outcomes: the one table between logs and statistics, a row for every epoch of every question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.schema import KINDS, STATUSES, UNSCORED
from hotmess_inspect.table.columns import Labels, Ragged, constant, taken
from hotmess_inspect.words import counted

_IDENTITY = ("log", "model", "task", "variant", "scorer", "question", "context")


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcomes:
    """One row per epoch of a question, with what was predicted and what was right.

    A row is named by (log, model, task, variant, scorer, question, context, epoch), and no name appears
    twice. An epoch with several scores has a row for each: ``scorer`` is the scorer's name, followed by
    ``/key`` for one key of a dict-shaped score.

    Attributes:
        log: Where the row comes from: path or URI.
        model: Model name.
        task: Task name.
        variant: What sets apart two runs of one task and model (task arguments, generation settings).
        scorer: Which score of the epoch this is; missing in tables.
        question: Question id; Inspect's sample id as a string.
        context: Few-shot context; missing means that all epochs share one.
        cluster: What the question was drawn with (subject, repository); missing where it stands alone.
        kind: One of :data:`hotmess_inspect.schema.KINDS`.
        status: One of :data:`hotmess_inspect.schema.STATUSES`.
        scale: Score of wrong and of right as the scorer or its metric says, with a blank between; missing
            means 0 and 1, and always once scores are read (`hotmess_inspect.io.scales.rescaled`).
        limit: Kind of the limit that stopped the epoch (``message``, ``time``, ...), missing if none did.
        answer: The label given (``kind`` answer); missing where none could be parsed.
        target: The right label; for other kinds the target as written, if any.
        uuid: Inspect's id of the epoch, the same in every log that holds a copy of it.
        tests: Unit-test outcomes as a hexadecimal bit string, FAIL_TO_PASS first.
        masked: Unit tests that do not count, as a bit string like ``tests``; missing if all do.
        regrades: Further gradings of the same patch, bit strings like ``tests`` with blanks between them.
        digest: Beginning of the digest of the sandbox image; missing without one.
        epoch: Epoch number, from 1, shape (rows,).
        pilot: Of an adaptive run, the number of first epochs that every question got whatever it answered; how many
            followed depends on them. 0 for all other rows.
        value: Scalar score; NaN where there is none.
        choices: Number of choices of the question, 0 where unknown.
        f2p: Number of FAIL_TO_PASS tests, 0 for other kinds.
        p2p: Number of PASS_TO_PASS tests, 0 for other kinds.
        retries: How often the epoch was retried after an error.
        cached: Whether the epoch used no tokens although its log counts them: beside epochs that did, a sign
            of an answer from a cache.
        length: Length as given by a table, in its unit; NaN where unknown, as in the next six.
        output_tokens: Tokens that the model wrote, reasoning included.
        reasoning_tokens: Tokens of reasoning.
        reasoning_characters: Characters of reasoning that could be seen, another unit altogether.
        actions: Tool calls, submitting not counted.
        turns: Model generations.
        messages: Messages in the conversation.
        human_minutes: Minutes that people take for the question, a length of its own; NaN where unknown.
        weight: Weight of the question where a table gives one; NaN where it gives none.
        vector: Class probabilities or a point, in the order of the choices or dimensions.
        goal: The right point (``kind`` point).
    """

    log: Labels
    model: Labels
    task: Labels
    variant: Labels
    scorer: Labels
    question: Labels
    context: Labels
    cluster: Labels
    kind: Labels
    status: Labels
    scale: Labels
    limit: Labels
    answer: Labels
    target: Labels
    uuid: Labels
    tests: Labels
    masked: Labels
    regrades: Labels
    digest: Labels
    epoch: NDArray[np.int32]
    pilot: NDArray[np.int32]
    value: NDArray[np.float64]
    choices: NDArray[np.int32]
    f2p: NDArray[np.int32]
    p2p: NDArray[np.int32]
    retries: NDArray[np.int32]
    cached: NDArray[np.bool_]
    length: NDArray[np.float64]
    output_tokens: NDArray[np.float64]
    reasoning_tokens: NDArray[np.float64]
    reasoning_characters: NDArray[np.float64]
    actions: NDArray[np.float64]
    turns: NDArray[np.float64]
    messages: NDArray[np.float64]
    human_minutes: NDArray[np.float64]
    weight: NDArray[np.float64]
    vector: Ragged
    goal: Ragged

    def __post_init__(self) -> None:
        sizes = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        odd = [name for name, size in sizes.items() if size != sizes["epoch"]]
        if odd:
            raise ValueError(
                f"column {odd[0]!r} has {counted(sizes[odd[0]], 'row')}, 'epoch' has {sizes['epoch']}"
            )
        for name, permitted in (("kind", KINDS), ("status", STATUSES)):
            unknown = set(getattr(self, name).names) - set(permitted)
            if unknown:
                raise ValueError(
                    f"column {name!r} holds {sorted(unknown)[0]!r}; permitted: {', '.join(permitted)}"
                )

    @classmethod
    def build(cls, rows: int, columns: Mapping[str, Any]) -> Self:
        """Make a table from the columns that are known; the others hold missing values.

        Args:
            rows: Number of rows.
            columns: Column name → :class:`Labels`, a list of strings, one string for all rows, an array, or
                a list of number lists (``vector``).

        Returns:
            The table.

        Raises:
            ValueError: If a column is unknown, has another number of rows, or holds a value out of range.
        """
        given = dict(columns)
        if "kind" not in given or "status" not in given:
            raise ValueError("columns 'kind' and 'status' are needed")
        made = {name: _column(name, given.pop(name, None), rows) for name in _TYPES}
        if given:
            raise ValueError(f"unknown column {sorted(given)[0]!r}; known: {', '.join(_TYPES)}")
        return cls(**made)

    @classmethod
    def concatenate(cls, parts: Sequence[Outcomes]) -> Self:
        """Stack tables; no row is lost or joined."""
        if len(parts) == 1 and type(parts[0]) is cls:
            return parts[0]
        return cls(
            **{name: _stack([getattr(part, name) for part in parts], kind) for name, kind in _TYPES.items()}
        )

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """The chosen rows, by position or by mask."""
        columns = {name: getattr(self, name) for name in _TYPES}
        chosen: dict[str, Any] = {
            name: taken(column, rows) if isinstance(column, np.ndarray) else column.take(rows)
            for name, column in columns.items()
        }
        return type(self)(**chosen)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Which rows hold a prediction, an unparsed answer included, shape (rows,)."""
        return np.asarray([*(name not in UNSCORED for name in self.status.names), False])[self.status.codes]

    def drop_duplicates(self) -> tuple[Self, int]:
        """Keep the last of the rows that share a name.

        Returns:
            The table and how many rows were dropped.
        """
        keys = fold_keys([*(getattr(self, name).codes for name in _IDENTITY), self.epoch])
        if (keys[1:] > keys[:-1]).all() or not (np.diff(np.sort(keys)) == 0).any():
            return self, 0
        # Reversed, so that the first of equal rows, which `unique` keeps, is the last one of the table.
        _, first = np.unique(keys[::-1], return_index=True)
        kept = np.sort(len(self) - 1 - first)
        return self.take(kept), len(self) - len(kept)

    def __len__(self) -> int:
        return len(self.epoch)


def fold_keys(columns: Sequence[NDArray[np.int32]]) -> NDArray[np.int64]:
    """Give rows with equal entries in all columns equal numbers, shape (rows,).

    Sorting one column of integers is several times faster than sorting rows.
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    span = 1
    for column in columns:
        if not len(column) or (low := int(column.min())) == (high := int(column.max())):
            continue
        if span * (high - low + 1) >= 2**62:
            names, key = np.unique(key, return_inverse=True)
            span = len(names)
        key = key * (high - low + 1) + (column - low)
        span *= high - low + 1
    return key


_TYPES: dict[str, str] = {field.name: str(field.type) for field in fields(Outcomes)}


def _column(name: str, given: Any, rows: int) -> Any:
    type_ = _TYPES[name]
    if type_ == "Labels":
        if given is None or isinstance(given, str):
            return Labels.constant(given, rows)
        return given if isinstance(given, Labels) else Labels.encode(given)
    if type_ == "Ragged":
        return (
            Ragged.empty(rows)
            if given is None
            else given
            if isinstance(given, Ragged)
            else Ragged.encode(given)
        )
    dtype, absent = _NUMBERS[type_]
    if given is None or np.ndim(given) == 0:
        return constant(absent if given is None else given, rows, dtype)
    return np.asarray(given, dtype=dtype)


_NUMBERS: dict[str, tuple[type, Any]] = {
    "NDArray[np.int32]": (np.int32, 0),
    "NDArray[np.float64]": (np.float64, np.nan),
    "NDArray[np.bool_]": (np.bool_, False),
}


def _stack(columns: list[Any], type_: str) -> Any:
    if type_ == "Labels":
        return Labels.concatenate(columns)
    if type_ == "Ragged":
        return Ragged.concatenate(columns)
    return np.concatenate(columns) if columns else np.zeros(0, dtype=_NUMBERS[type_][0])
