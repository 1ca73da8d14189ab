"""The scores that Inspect hands to metrics and reducers, as the table that logs are read into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.io.own_scores import OwnColumns, integers, of_dictionaries, regrade_labels, scale_labels
from hotmess_inspect.io.scales import rescaled
from hotmess_inspect.schema import STATUSES, Scale
from hotmess_inspect.table import LabelBuilder, Labels, Outcomes
from hotmess_inspect.verdicts import read_verdicts

_NONE: Mapping[str, Any] = {}
_UNSCORED = STATUSES.index("unscored")


@dataclass(frozen=True, eq=False)
class Epochs:
    """The epochs of one scorer.

    Attributes:
        outcomes: One row per epoch of a question.
        nameless: Epochs that belong to no question; they have no row.
        duplicated: Epochs that were scored again later (the same question and epoch number); the last counts.
        planned: The highest epoch number times the questions seen: what was planned for these questions once one
            of them has reached its last epoch, and less before. NaN where scores carry no epoch number.
    """

    outcomes: Outcomes
    nameless: int
    duplicated: int
    planned: float


def epochs_of(
    ids: Sequence[object],
    values: Sequence[Any],
    metadata: Sequence[Mapping[str, Any] | None],
    *,
    key: str | int | None = None,
    plain: bool = False,
    scale: Scale | None = None,
) -> Epochs:
    """Read scores.

    Ids that read the same are one question: Inspect does not allow `1` beside `"1"` in a data set.

    Args:
        ids: Sample ids, one per epoch; None belongs to no question.
        values: Score values.
        metadata: Score metadata or None.
        key: Key (or index) of the value to read where scores are dictionaries (or lists).
        plain: Read the values alone, whatever kinds the metadata name.
        scale: What scores mean; None reads it from the metadata (``hm_range``), and is 0 to 1 where they say nothing.
    """
    nameless = 0
    if None in ids:
        held = [row for row, name in enumerate(ids) if name is not None]
        nameless = len(ids) - len(held)
        ids, values = [ids[row] for row in held], [values[row] for row in held]
        metadata = [metadata[row] for row in held]
    entries: Sequence[Mapping[str, Any]] = (
        metadata  # type: ignore[assignment]
        if set(map(type, metadata)) == {dict}
        else [entry or _NONE for entry in metadata]
    )
    labels = _questions(list(ids) if set(map(type, ids)) == {str} else list(map(str, ids)))  # type: ignore[arg-type]
    column = of_dictionaries(entries)
    epoch = integers(column("hm_epoch"), len(values), high=2**31)
    highest = int(epoch.max(initial=0))
    last = _last_of_each(labels.codes, epoch, highest) if highest else None
    duplicated = 0
    if last is not None:
        # What was recorded again later has no say in how the rest is read: a log does not hold it at all.
        duplicated = len(values) - len(last)
        labels, epoch = labels.take(last), epoch[last]
        values, entries = [values[row] for row in last.tolist()], [entries[row] for row in last.tolist()]
        column = of_dictionaries(entries)
    columns: dict[str, Any]
    kinds = None if plain else column("hm_kind")
    if kinds is None or all(kind is None for kind in kinds):
        verdicts = read_verdicts(values, key)
        status = np.where(np.isnan(verdicts), _UNSCORED, 0).astype(np.int32)
        columns = {"kind": "score", "value": verdicts, "status": Labels(status, STATUSES)}
        ranges = column("hm_range")
        if ranges is not None:
            columns["scale"] = scale_labels(ranges, None if key is None else str(key))
        regrades = column("hm_regrades")
        if regrades is not None:
            columns["regrades"] = regrade_labels(regrades, None if key is None else str(key))
    else:
        own = OwnColumns(lengths=False)
        own.add(column, values)
        columns = own.columns()
    table = Outcomes.build(len(values), {**columns, "question": labels, "epoch": epoch.astype(np.int32)})
    with np.errstate(invalid="ignore"):
        outside = ((table.value < 0) | (table.value > 1)).any()
    if scale is not None or outside or table.scale.names:
        table = rescaled(table, scale)[0]
    return Epochs(
        table,
        nameless,
        duplicated,
        float(highest * len(labels.names)) if highest else float("nan"),
    )


def _questions(names: list[str]) -> Labels:
    """The questions of the epochs, numbered in the order of their first appearance.

    Inspect hands over epoch after epoch, each with the same questions in the same order: then one epoch's are numbered.
    """
    epochs = names.count(names[0]) if names else 1
    once = names[: len(names) // epochs]
    if once * epochs != names:
        once, epochs = names, 1
    question = LabelBuilder()
    question.extend(once)
    labels = question.labels()
    return labels if epochs == 1 else Labels(np.tile(labels.codes, epochs), labels.names)


def _last_of_each(
    question: NDArray[np.int32], epoch: NDArray[np.int64], highest: int
) -> NDArray[np.intp] | None:
    """Rows without those whose question and epoch number come again; None if none does."""
    keys = question.astype(np.int64) * (highest + 1) + epoch
    if len(keys) * 8 > int(keys.max()):
        seen = np.bincount(keys)
        seen[:: highest + 1] = 0  # epochs without a number are all different
        if seen.max(initial=0) <= 1:
            return None
    numbered = np.flatnonzero(epoch > 0)
    _, first = np.unique(keys[numbered][::-1], return_index=True)
    if len(first) == len(numbered):
        return None
    kept = numbered[len(numbered) - 1 - first]
    return np.sort(np.concatenate([kept, np.flatnonzero(epoch == 0)]))
