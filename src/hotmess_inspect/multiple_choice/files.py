"""Rows of local files: CSV, JSON, JSON Lines (also gzipped) and Parquet."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["ENDINGS", "read_rows"]

ENDINGS = (".csv", ".json", ".jsonl", ".jsonl.gz", ".parquet")


def read_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Read the rows of a file.

    Args:
        path: A file with one of the `ENDINGS`. CSV and Parquet need column names; JSON is a list of objects or
            one object per line.

    Yields:
        Where the row stands, such as ``rows.csv, row 3``, and the row.

    Raises:
        ValueError: If the ending is unknown, or the file or one of its rows cannot be read.
    """
    name = path.name.lower()
    if not name.endswith(ENDINGS):
        raise ValueError(f"dataset {str(path)!r} has another ending than the permitted {', '.join(ENDINGS)}")
    if name.endswith(".parquet"):
        yield from _parquet(path)
        return
    text = _text(path)
    yield from _csv(text, path) if name.endswith(".csv") else _json(text, path)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.name.lower().endswith(".gz") else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


def _parquet(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    from pyarrow import ArrowException, parquet

    try:
        rows = parquet.read_table(path).to_pylist()
    except (OSError, ArrowException) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    yield from ((f"{path}, row {number}", row) for number, row in enumerate(rows, 1))


def _csv(text: str, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    # Questions are longer than the standard library's limit of a field at times.
    csv.field_size_limit(1 << 27)
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, 1):
            if None in row or None in row.values():
                raise ValueError(f"{path}, row {number}: has another number of fields than the header")
            yield f"{path}, row {number}", row
    except csv.Error as error:
        raise ValueError(f"{path}, row {number + 1}: is not CSV: {error}") from None


def _json(text: str, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if text.lstrip().startswith("["):
        entries = ((f"{path}, row {number}", row) for number, row in enumerate(_load(text, str(path)), 1))
    else:
        lines = ((f"{path}, line {number}", line) for number, line in enumerate(text.split("\n"), 1))
        entries = ((where, _load(line, where)) for where, line in lines if line.strip())
    for where, row in entries:
        if not isinstance(row, dict):
            raise ValueError(f"{where}: is not a JSON object")
        yield where, row


def _load(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: is not JSON: {error}") from None
