"""Outcomes as Arrow tables and Parquet files, with every column, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess_inspect.io.values import floats_of, labels_of
from hotmess_inspect.table.columns import Labels, Ragged
from hotmess_inspect.table.outcomes import Outcomes

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_KEY = b"hotmess_inspect.table"
SCHEMA_VERSION = b"1"
OWN_COLUMNS = frozenset({"question", "epoch", "kind", "status", "answer", "value", "vector"})
"""Columns by which a table made from outcomes is known; tables of answers have `question_id`."""
_ADDED_LATER = frozenset(
    {
        "cluster",
        "digest",
        "human_minutes",
        "masked",
        "pilot",
        "reasoning_characters",
        "regrades",
        "scale",
        "weight",
    }
)
"""Columns that files of this schema version may lack; they are read as missing."""


def outcomes_to_arrow(outcomes: Outcomes) -> pa.Table:
    """Outcomes as an Arrow table: strings as dictionaries, lists as lists, missing as null."""
    from dataclasses import fields

    import pyarrow as pa

    arrays = {}
    for field in fields(outcomes):
        if field.name == "scale":
            continue  # applied to the values already
        column = getattr(outcomes, field.name)
        if isinstance(column, Labels):
            codes = pa.array(column.codes, mask=column.missing)
            arrays[field.name] = pa.DictionaryArray.from_arrays(
                codes, pa.array([_as_text(name) for name in column.names], type=pa.string())
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
        column = table.column(field.name)
        if field.type == "Labels":
            columns[field.name] = labels_of(column)
        elif field.type == "Ragged":
            columns[field.name] = _ragged(column)
        else:
            columns[field.name] = column.to_numpy()
    return Outcomes.build(table.num_rows, columns)


def write_parquet(outcomes: Outcomes, path: str) -> None:
    """Write outcomes as one Parquet file; files of several runs in one folder form one data set."""
    from pyarrow import parquet

    parquet.write_table(outcomes_to_arrow(outcomes), path, compression="zstd")


def _as_text(name: str) -> str:
    """A name without the halves of characters that stand for the bytes of a file name that is no text."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return name.encode("utf-8", "backslashreplace").decode("utf-8")
    return name


def _ragged(column: pa.ChunkedArray) -> Ragged:
    """Lists of numbers; null is an empty list."""
    import pyarrow as pa
    from pyarrow import compute as pc

    lists = pc.cast(column, pa.large_list(pa.float64()))
    sizes = np.nan_to_num(floats_of(pc.list_value_length(lists))).astype(np.int64)
    flat = floats_of(pc.list_flatten(lists))
    return Ragged(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), flat)
