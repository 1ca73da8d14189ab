"""Outcomes from CSV and Parquet tables, and back to Parquet."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.io.clusters import DEFAULT_COLUMN, NO_CLUSTERS, column_of
from hotmess_inspect.schema import LENGTHS, normalise_label
from hotmess_inspect.table.columns import Labels, Ragged
from hotmess_inspect.table.outcomes import Outcomes

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_KEY = b"hotmess_inspect.table"
SCHEMA_VERSION = b"1"
_ADDED_LATER = frozenset({"cluster", "digest", "masked", "reasoning_characters", "regrades"})
"""Columns that files of this schema version may lack; they are read as missing."""

_TEXT = ("question_id", "answer", "target", "model", "task", "dataset", "context")
_NUMBERS = ("score", *LENGTHS)
_SUM_TOLERANCE = 1e-3


def read_table(
    source: str | IO[bytes], name: str | None = None, cluster: str | None = None
) -> tuple[Outcomes, int]:
    """Read answers from a CSV or Parquet table.

    Columns: ``question_id``, ``epoch`` and one of ``answer`` + ``target`` (labels; an empty answer is an
    unparsed one), ``p_A``, ``p_B``, ... + ``target`` (probabilities; ``target`` names a class as in
    ``p_<name>``), ``score`` (how right the epoch is, in [0, 1]). Optional: ``model`` (default: the file's
    name), ``task`` or ``dataset``, ``context``, ``cluster``, ``length``, ``output_tokens``, ``reasoning_tokens``,
    ``reasoning_characters``, ``actions``, ``turns``, ``messages``. Further columns are left unread. A Parquet file written by
    :func:`write_parquet` is read with all its columns.

    Args:
        source: Path, or an open binary file.
        name: What errors and the column ``log`` call it; default the path. Its suffix tells the format.
        cluster: Column that names each question's cluster; ``None`` takes ``cluster`` where there is one,
            "none" takes none.

    Returns:
        The outcomes, and how many rows were left out because a later row has the same model, task,
        context, question and epoch.

    Raises:
        ValueError: Naming file, row and column of the first offence: a missing column, an empty question,
            a number that is none, probabilities that are negative or don't sum to 1 within 0.001 (closer
            ones are rescaled), two targets for one question.
    """
    name = name or str(source)
    try:
        parquet = name.lower().endswith((".parquet", ".pq"))
        table = _read_parquet(source) if parquet else _read_csv(source, column_of(cluster))
    except (ValueError, OSError) as error:  # pyarrow's errors are subclasses of these
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise ValueError(f"{name}: not a readable table: {error}") from error
    if (table.schema.metadata or {}).get(SCHEMA_KEY):
        return _own_table(outcomes_from_arrow(table, name), name, cluster), 0
    return outcomes_from_user_table(table, name, cluster)


def _own_table(outcomes: Outcomes, name: str, cluster: str | None) -> Outcomes:
    """A table that this package wrote: clusters as they were read, unless others or none are wanted."""
    if cluster in (None, DEFAULT_COLUMN):
        return outcomes
    if cluster == NO_CLUSTERS:
        return replace(outcomes, cluster=Labels.constant(None, len(outcomes)))
    column = getattr(outcomes, str(cluster), None)
    if not isinstance(column, Labels):
        raise ValueError(f"{name}: column {cluster!r} is missing, or holds no names of clusters")
    return replace(outcomes, cluster=column)


def _read_csv(source: str | IO[bytes], cluster: str | None) -> pa.Table:
    from pyarrow import csv, string

    wanted = dict.fromkeys((*_TEXT, *_NUMBERS, "epoch", *([cluster] if cluster else [])), string())
    return csv.read_csv(
        source,
        # One thread, so that a row of the wrong width is named by its number.
        read_options=csv.ReadOptions(use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=wanted, strings_can_be_null=False),
    )


def _read_parquet(source: str | IO[bytes]) -> pa.Table:
    from pyarrow import parquet

    return (
        parquet.read_table(source, partitioning=None)
        if isinstance(source, str)
        else parquet.read_table(source)
    )


class _UserTable:
    """A table of strings and numbers with errors that name file, row and column."""

    def __init__(self, table: pa.Table, name: str) -> None:
        self.name = name
        self.rows = table.num_rows
        self.columns = {column.strip(): table.column(i) for i, column in enumerate(table.column_names)}

    def error(self, row: int, column: str, text: str) -> ValueError:
        # The header is line 1 of a CSV, but quoted line breaks move lines: rows are counted, from 1.
        return ValueError(f"{self.name}: row {row + 1}, column {column!r}: {text}")

    def text(self, column: str) -> list[str | None]:
        """Stripped strings; empty and null are ``None``."""
        if column not in self.columns:
            return [None] * self.rows
        return [None if v is None else str(v).strip() or None for v in self.columns[column].to_pylist()]

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Floats; empty is NaN."""
        found = np.full(self.rows, np.nan)
        for row, value in enumerate(self.text(column)):
            if value is None:
                continue
            try:
                found[row] = float(value)
            except ValueError:
                raise self.error(row, column, f"{value[:60]!r} is not a number") from None
            if not np.isfinite(found[row]):
                raise self.error(row, column, f"{value!r} is not a finite number")
        return found

    def required(self, column: str) -> list[str]:
        values = self.text(column)
        for row, value in enumerate(values):
            if value is None:
                raise self.error(row, column, "empty")
        return [str(v) for v in values]


def outcomes_from_user_table(table: pa.Table, name: str, cluster: str | None = None) -> tuple[Outcomes, int]:
    """Read a table of answers, with the columns and errors of :func:`read_table`."""
    user = _UserTable(table, name)
    needed = ("question_id", "epoch", *([cluster] if cluster not in (None, NO_CLUSTERS) else []))
    missing = [str(c) for c in needed if c not in user.columns]
    if missing:
        raise ValueError(f"{name}: column {missing[0]!r} is missing; found: {', '.join(user.columns)}")
    columns: dict[str, Any] = {
        "log": name,
        "model": Labels.encode(user.text("model")) if "model" in user.columns else PurePath(name).stem,
        "task": Labels.encode(user.text("task" if "task" in user.columns else "dataset")),
        "question": Labels.encode(user.required("question_id")),
        "context": Labels.encode(user.text("context")),
        "cluster": Labels.encode(user.text(column_of(cluster) or "")),
        "epoch": _epochs(user),
        **{c: user.numbers(c) for c in _NUMBERS if c in user.columns and c != "score"},
        **_predictions(user),
    }
    for column in _NUMBERS[1:]:
        for row in np.flatnonzero(columns.get(column, np.zeros(0)) < 0)[:1]:
            raise user.error(row, column, f"{columns[column][row]:g} is negative")
    outcomes, dropped = Outcomes.build(user.rows, columns).drop_duplicates()
    _check_targets(outcomes, name)
    return outcomes, dropped


def _epochs(user: _UserTable) -> NDArray[np.int32]:
    numbers = user.numbers("epoch")
    for row in np.flatnonzero(~((numbers >= 0) & (numbers == np.floor(numbers)) & (numbers < 2**31)))[:1]:
        raise user.error(row, "epoch", f"{user.text('epoch')[row]!r} is not a whole number from 0 on")
    return numbers.astype(np.int32)


def _predictions(user: _UserTable) -> dict[str, Any]:
    classes = [c for c in user.columns if re.fullmatch(r"p_\S+", c)]
    if classes and "target" in user.columns:
        return _probabilities(user, classes)
    if "answer" in user.columns and "target" in user.columns:
        answer = [normalise_label(a) for a in user.text("answer")]
        target = [normalise_label(t) for t in user.required("target")]
        status = ["unparsed" if a is None else "ok" for a in answer]
        return {"kind": "answer", "status": status, "answer": answer, "target": target}
    if "score" in user.columns:
        value = user.numbers("score")
        return {
            "kind": "score",
            "status": np.where(np.isnan(value), "unscored", "ok").tolist(),
            "value": value,
        }
    raise ValueError(f"{user.name}: needs the columns answer and target, or p_A... and target, or score")


def _probabilities(user: _UserTable, classes: list[str]) -> dict[str, Any]:
    table = np.column_stack([user.numbers(c) for c in classes])
    empty = np.asarray(np.isnan(table).all(axis=1))
    for row, place in np.argwhere(np.isnan(table) & ~empty[:, None])[:1]:
        raise user.error(row, classes[place], "empty beside other probabilities")
    for row, place in np.argwhere(table < 0)[:1]:
        raise user.error(row, classes[place], f"{table[row, place]:g} is negative")
    total = table.sum(axis=1)
    for row in np.flatnonzero(~empty & ~(np.abs(total - 1) <= _SUM_TOLERANCE))[:1]:
        raise user.error(row, classes[0], f"the probabilities of the row sum to {total[row]:g}, not 1")
    names = [c.removeprefix("p_") for c in classes]
    letters = {label: chr(ord("A") + i) if i < 26 else str(i - 25) for i, label in enumerate(names)}
    target = user.required("target")
    for row, label in enumerate(target):
        if label not in letters:
            raise user.error(row, "target", f"{label!r} is none of the classes {', '.join(names)}")
    return {
        "kind": "probabilities",
        "status": np.where(empty, "unparsed", "ok").tolist(),
        "target": [letters[t] for t in target],
        "choices": np.full(user.rows, len(classes)),
        "vector": [None if e else row / s for e, row, s in zip(empty, table, total, strict=True)],
    }


def _check_targets(outcomes: Outcomes, name: str) -> None:
    from hotmess_inspect.table.outcomes import fold_keys

    owner = fold_keys([outcomes.model.codes, outcomes.task.codes, outcomes.question.codes])
    _, first, inverse = np.unique(owner, return_index=True, return_inverse=True)
    odd = np.flatnonzero(outcomes.target.codes != outcomes.target.codes[first][inverse])
    for row in odd[:1]:
        question, target = outcomes.question.values()[row], outcomes.target.values()
        raise ValueError(
            f"{name}: question {question!r} has two targets, {target[first[inverse[row]]]!r} and {target[row]!r} "
            "(if it stands in two sets, a column 'task' or 'dataset' tells them apart)"
        )


def outcomes_to_arrow(outcomes: Outcomes) -> pa.Table:
    """Outcomes as an Arrow table: strings as dictionaries, lists as lists, missing as null."""
    from dataclasses import fields

    import pyarrow as pa

    arrays = {}
    for field in fields(outcomes):
        column = getattr(outcomes, field.name)
        if isinstance(column, Labels):
            codes = pa.array(column.codes, mask=column.missing)
            arrays[field.name] = pa.DictionaryArray.from_arrays(
                codes, pa.array(column.names, type=pa.string())
            )
        elif isinstance(column, Ragged):
            start = column.offsets - column.offsets[0]
            flat = column.flat[column.offsets[0] : column.offsets[-1]]
            arrays[field.name] = pa.LargeListArray.from_arrays(pa.array(start), pa.array(flat))
        else:
            arrays[field.name] = pa.array(column, from_pandas=column.dtype.kind == "f")
    table = pa.table(arrays)
    return table.replace_schema_metadata({SCHEMA_KEY: SCHEMA_VERSION})


def outcomes_from_arrow(table: pa.Table, name: str = "table") -> Outcomes:
    """Read back what :func:`outcomes_to_arrow` made.

    Raises:
        ValueError: If the table is of another schema version or lacks a column.
    """
    from dataclasses import fields

    version = (table.schema.metadata or {}).get(SCHEMA_KEY)
    if version != SCHEMA_VERSION:
        raise ValueError(f"{name}: outcomes of schema {version!r}; this version reads {SCHEMA_VERSION!r}")
    columns: dict[str, Any] = {}
    for field in fields(Outcomes):
        if field.name not in table.column_names:
            if field.name in _ADDED_LATER:
                continue
            raise ValueError(f"{name}: column {field.name!r} is missing")
        column = table.column(field.name).combine_chunks()
        if field.type == "Labels":
            columns[field.name] = Labels.encode(column.to_pylist())
        elif field.type == "Ragged":
            columns[field.name] = Ragged.encode(column.to_pylist())
        else:
            columns[field.name] = column.to_numpy(zero_copy_only=False)
    return Outcomes.build(table.num_rows, columns)


def write_parquet(outcomes: Outcomes, path: str) -> None:
    """Write outcomes as one Parquet file; files of several runs in one folder form one data set."""
    from pyarrow import parquet

    parquet.write_table(outcomes_to_arrow(outcomes), path, compression="zstd")
