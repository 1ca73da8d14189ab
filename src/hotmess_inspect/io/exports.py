"""Tables that hold the same epochs: exports made twice, or of files that overlap."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.schema import LENGTHS
from hotmess_inspect.table import Outcomes
from hotmess_inspect.table.outcomes import fold_keys
from hotmess_inspect.words import counted


def kept_names(outcomes: Outcomes) -> NDArray[np.bool_]:
    """Which rows stay where several have one name: the first of them.

    A row is named by log, model, task, variant, scorer, question, context and epoch.
    """
    names = (
        outcomes.log,
        outcomes.model,
        outcomes.task,
        outcomes.variant,
        outcomes.scorer,
        outcomes.question,
        outcomes.context,
    )
    return _first([*(name.codes for name in names), outcomes.epoch], len(outcomes))


def kept_exports(
    outcomes: Outcomes, owner: NDArray[np.int32], logs: Collection[str]
) -> tuple[NDArray[np.bool_], str | None]:
    """Which rows stay of tables that repeat each other's epochs.

    Two tables hold the same epochs if every epoch that has the same model, task, scorer, question, context and
    number in both says the same in both. If any says another thing they are two runs, and all rows stay.

    Args:
        outcomes: Rows of all files.
        owner: Number of the file of each row.
        logs: Paths of the logs, whose epochs have ids of their own.

    Returns:
        Which rows stay, and what to say, ``None`` if all of them do.
    """
    is_log = np.asarray([*(name in logs for name in outcomes.log.names), False])[outcomes.log.codes]
    rows = np.flatnonzero(~is_log & (outcomes.epoch >= 0))
    everything = np.ones(len(outcomes), dtype=np.bool_)
    if not len(rows) or owner[rows].min() == owner[rows].max():
        return everything, None
    part = outcomes.take(rows)
    names = (part.model, part.task, part.variant, part.scorer, part.question, part.context)
    name = np.unique(fold_keys([*(column.codes for column in names), part.epoch]), return_inverse=True)[1]
    file = owner[rows]
    order = np.lexsort((file, name))
    left, right = order[:-1], order[1:]
    shared = (name[left] == name[right]) & (file[left] != file[right])
    left, right = left[shared], right[shared]
    if not len(left):
        return everything, None
    pairs = np.stack([file[left], file[right]], axis=1)
    said = _content(part.take(np.concatenate([left, right])))
    same = said[: len(left)] == said[len(left) :]
    different = {tuple(pair) for pair in pairs[~same].tolist()}
    copied = right[[tuple(pair) not in different for pair in pairs.tolist()]]
    if not len(copied):
        return everything, None
    everything[rows[copied]] = False
    return everything, (
        f"{counted(len(copied), 'row', 'stands', 'stand')} in two tables with the same model, task, question, epoch and content, and "
        "count once (runs of their own need epoch numbers or models of their own)"
    )


def _content(part: Outcomes) -> NDArray[np.int64]:
    """Equal numbers for rows that say the same."""
    text = [part.kind, part.status, part.answer, part.target, part.tests]
    numbers = [np.unique(getattr(part, name), return_inverse=True)[1] for name in ("value", *LENGTHS)]
    if part.vector.flat.size:
        lists = [v.tobytes() for v in np.split(part.vector.flat, part.vector.offsets[1:-1])]
        index = {content: place for place, content in enumerate(dict.fromkeys(lists))}
        numbers.append(np.asarray([index[content] for content in lists]))
    return fold_keys([*(column.codes for column in text), *(column.astype(np.int32) for column in numbers)])


def _first(columns: list[NDArray[np.int32]], rows: int) -> NDArray[np.bool_]:
    _, first = np.unique(fold_keys(columns), return_index=True)
    keep = np.zeros(rows, dtype=np.bool_)
    keep[first] = True
    return keep
