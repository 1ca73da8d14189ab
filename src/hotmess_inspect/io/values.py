"""Columns of Arrow tables as labels and numbers: looked at per distinct value, never per row."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.table.columns import MISSING, Labels

if TYPE_CHECKING:
    import pyarrow as pa


ABSENT = frozenset({"na", "n/a", "#n/a", "<na>", "none", "null", "nan", "nat"})
"""How programs write a missing value in a table of text, in lower case."""


class BadValue(ValueError):
    """A value that a column cannot hold.

    Attributes:
        row: Its row, from 0.
        text: What is wrong with it.
    """

    def __init__(self, row: int, text: str) -> None:
        super().__init__(text)
        self.row, self.text = row, text


def labels_of(column: pa.ChunkedArray, change: Callable[[str], str | None] | None = None) -> Labels:
    """A column as labels: stripped text, whole numbers without a decimal point, missing where empty.

    Floats that are whole and integers are spelled alike (1.0 is "1"), since data frames turn integers into
    floats as soon as one value is missing. NaN is missing.

    Args:
        column: Of any type but lists and structures.
        change: What to do with each distinct text.

    Raises:
        BadValue: If the column holds lists or structures.
    """
    codes, values = _encoded(column)
    if set(map(type, values)) <= {str}:
        stripped = dict.fromkeys(map(str.strip, values))
        if change is None and len(stripped) == len(values) and "" not in stripped:
            # All distinct, as the dictionary holds them: nothing to join.
            return Labels(codes, tuple(stripped))
    names = [_text(value) for value in values]
    if change is not None:
        names = [None if name is None else change(name) for name in names]
    joined = Labels.encode(names)
    renumbered = np.append(joined.codes, np.int32(MISSING))
    return Labels(renumbered[codes], joined.names)


def numbers_of(
    column: pa.ChunkedArray, read: Callable[[str], float] | None = None, what: str = "number"
) -> NDArray[np.float64]:
    """A column as floats, NaN where empty or one of :data:`ABSENT`.

    Args:
        column: Numbers, booleans, or text that spells them.
        read: How a text is read that is not spelled as a number; NaN is refused.
        what: What errors say that a text is not.

    Raises:
        BadValue: At the first text that is no number, and at the first infinite one.
    """
    import pyarrow as pa

    type_ = column.type
    found: NDArray[np.float64] | None
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_boolean(type_):
        if pa.types.is_boolean(type_):
            column = column.cast(pa.int8())
        found = floats_of(column)
    else:
        found = _cast_text(column, type_)
    if found is None:
        found = _numbers_of_distinct(column, read, what)
    for row in np.flatnonzero(np.isinf(found))[:1].tolist():
        raise BadValue(row, f"{str(column[row].as_py()).strip()!r} is not a finite {what}")
    return found


def floats_of(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """A column of numbers as doubles, NaN where null."""
    parts = [_values(chunk, np.dtype(np.float64), math.nan) for chunk in column.chunks]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0)


def _values(array: pa.Array, dtype: np.dtype[Any], absent: float) -> NDArray[Any]:
    """An Arrow array's own memory as an array of a type.

    Arrow's `to_numpy` would import pandas and its `cast` all functions of Arrow, which takes longer than most tables.
    """
    valid, data = array.buffers()
    if not len(array):
        return np.zeros(0, dtype=dtype)
    own = np.frombuffer(data, dtype=array.type.to_pandas_dtype())
    found = own[array.offset : array.offset + len(array)].astype(dtype, copy=False)
    if valid is None or not array.null_count:
        return found
    bits = np.unpackbits(np.frombuffer(valid, dtype=np.uint8), bitorder="little")
    held = bits[array.offset : array.offset + len(array)].astype(np.bool_)
    return np.where(held, found, np.asarray(absent, dtype=dtype))


def _cast_text(column: pa.ChunkedArray, type_: pa.DataType) -> NDArray[np.float64] | None:
    """Text as floats where all of it spells numbers, at the speed of Arrow's own parser."""
    import pyarrow as pa
    from pyarrow import compute as pc

    if not (pa.types.is_string(type_) or pa.types.is_large_string(type_)):
        return None
    trimmed = pc.utf8_trim_whitespace(column)
    sizes = floats_of(pc.utf8_length(trimmed))
    given = np.flatnonzero(sizes > 0)
    try:
        numbers = floats_of(
            pc.cast(pc.filter(trimmed, pc.cast(pc.utf8_length(trimmed), pa.bool_())), pa.float64())
        )
    except pa.ArrowInvalid:
        return None
    found = np.full(len(column), math.nan)
    found[given] = numbers
    return found


def _numbers_of_distinct(
    column: pa.ChunkedArray, read: Callable[[str], float] | None, what: str
) -> NDArray[np.float64]:
    codes, values = _encoded(column)
    found, bad = np.full(len(values) + 1, np.nan), np.zeros(len(values) + 1, dtype=np.bool_)
    for place, value in enumerate(values):
        if isinstance(value, bool | int | float | Decimal):
            found[place] = float(value)
            continue
        text = _text(value)
        if text is None or text.lower() in ABSENT:
            continue
        try:
            found[place] = _plain_float(text)
        except ValueError:
            number = math.nan if read is None else read(text)
            found[place], bad[place] = number, math.isnan(number)
    for row in np.flatnonzero(bad[codes])[:1].tolist():
        raise BadValue(row, f"{str(_text(values[codes[row]]))[:60]!r} is not a {what}")
    return found[codes]


def _plain_float(text: str) -> float:
    """A float as other programs spell it: Python alone permits underscores and digits of other scripts."""
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def _encoded(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[Any]]:
    """Position of each row's value among the distinct ones, -1 where null, and these."""
    import pyarrow as pa

    type_ = column.type
    if pa.types.is_null(type_):
        return np.full(len(column), MISSING, dtype=np.int32), []
    if pa.types.is_nested(type_):
        first = next((i for i, v in enumerate(column.to_pylist()) if v is not None), 0)
        raise BadValue(first, "holds a list or a structure, not one value")
    if pa.types.is_dictionary(type_):
        whole = column.unify_dictionaries().combine_chunks()
    else:
        whole = column.combine_chunks().dictionary_encode()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks == 1 else pa.concat_arrays(whole.chunks)
    codes = _values(whole.indices, np.dtype(np.int32), MISSING)
    return codes, whole.dictionary.to_pylist()


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)
    if isinstance(value, bytes):
        # Bytes that are no text keep what tells them apart.
        value = value.decode("utf-8", "backslashreplace")
    return str(value).strip() or None if value is not None else None
