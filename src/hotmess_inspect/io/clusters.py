"""Which cluster a question belongs to: a column of a table, or a field of a sample's metadata."""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hotmess_inspect.table import Labels, Outcomes
from hotmess_inspect.words import counted

NO_CLUSTERS = "none"
"""What `--cluster` is called with where questions are to count as independent draws."""
DEFAULT_COLUMN = "cluster"
"""The column of a table that names clusters unasked."""
DEFAULT_FIELDS = ("cluster", "subject", "repo")
"""Fields of a sample's metadata that name clusters unasked: subjects of MMLU, repositories of SWE-bench."""
HINTED_COLUMNS = ("subject", "repo", "repository", "category", "topic", "passage")
"""Columns of tables that may name clusters, of which a note says so where no clusters are named."""
FEWEST_HINTED = 3
"""Fewer different values hardly give an interval over clusters."""
FEWEST_DEFAULT = 5
"""Fields with fewer different values (the three domains of GPQA) are categories rather than a sample of
clusters; they count as clusters only where `--cluster` names them."""


def column_of(cluster: str | None) -> str | None:
    """The column of a table that holds clusters, ``None`` where none is wanted."""
    return None if cluster == NO_CLUSTERS else (cluster or DEFAULT_COLUMN)


def unused_cluster_text(column: str, values: Labels, *question: Labels) -> str | None:
    """What to say of a column that is not read and may name clusters, ``None`` if it names none.

    Args:
        column: Its name.
        values: What stands in it, a row each.
        question: What tells the questions of the rows apart.
    """
    named = np.unique(np.stack([*(one.codes for one in question), values.codes]), axis=1)
    questions, groups = np.unique(named[:-1], axis=1).shape[1], len(np.unique(named[-1][named[-1] >= 0]))
    if named.shape[1] > questions or not FEWEST_HINTED <= groups < questions:
        return None
    return (
        f"column {column!r} is not used: if questions of one {column} are alike, intervals are too narrow, and "
        f"--cluster {shlex.quote(column)} makes them speak of others, too"
    )


class MetadataClusters:
    """Reads the cluster of each question of a log from the metadata of its first epoch.

    Args:
        cluster: Name of the field; ``None`` takes the first of `DEFAULT_FIELDS`, "none" reads nothing.
    """

    def __init__(self, cluster: str | None) -> None:
        self._fields = () if cluster == NO_CLUSTERS else DEFAULT_FIELDS if cluster is None else (cluster,)
        self._of: dict[int | str, str | None] = {}

    def of(self, question: int | str, metadata: bytes | memoryview) -> str | None:
        """The cluster of a question.

        Args:
            question: Id of the sample.
            metadata: JSON text of the sample's metadata, empty if the log has none.
        """
        if not self._fields:
            return None
        if question not in self._of:
            # Metadata can be long and are the same in every epoch: decoded once per question.
            self._of[question] = _first_field(bytes(metadata), self._fields) if len(metadata) else None
        return self._of[question]


def _first_field(metadata: bytes, fields: Sequence[str]) -> str | None:
    try:
        held = json.loads(metadata)
    except ValueError:
        return None
    if not isinstance(held, dict):
        return None
    return next((label for name in fields if (label := _label(held.get(name))) is not None), None)


def _label(value: Any) -> str | None:
    """A name of a cluster: text that is not empty, or a number; nothing else names one."""
    if isinstance(value, bool | int | float | str):
        return str(value).strip() or None
    return None


def drop_few_defaults(outcomes: Outcomes) -> Outcomes:
    """Rows of logs whose tasks have fewer than `FEWEST_DEFAULT` clusters, without them."""
    if outcomes.cluster.missing.all():
        return outcomes
    seen: dict[int, set[int]] = defaultdict(set)
    for task, cluster in set(zip(outcomes.task.codes.tolist(), outcomes.cluster.codes.tolist(), strict=True)):
        if cluster >= 0:
            seen[task].add(cluster)
    few = [task for task, clusters in seen.items() if len(clusters) < FEWEST_DEFAULT]
    codes = np.where(np.isin(outcomes.task.codes, few), np.int32(-1), outcomes.cluster.codes)
    return replace(outcomes, cluster=Labels(codes.astype(np.int32), outcomes.cluster.names).compact())


def missing_cluster_text(outcomes: Outcomes, cluster: str | None) -> str | None:
    """What to say where `--cluster` names something that rows lack, ``None`` if there is nothing to say."""
    if cluster in (None, NO_CLUSTERS) or not len(outcomes):
        return None
    lacking = len(np.unique(outcomes.question.codes[outcomes.cluster.missing]))
    if not lacking:
        return None
    return (
        f"{counted(lacking, 'question', 'has', 'have')} no {cluster!r} (a column of tables, a field of the sample metadata of logs): "
        "each counts as a cluster of its own"
    )
