"""Tables as they lie on disk: CSV of any separator, JSON, JSON lines, Parquet, any of them compressed by gzip."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import msgspec

from hotmess_inspect.io.archive import DamagedLog
from hotmess_inspect.io.roles import ALIASES, assign_roles
from hotmess_inspect.io.sources import File, suffix_of
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    import pyarrow as pa

CSV_SUFFIXES = (".csv", ".tsv", ".tab")
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
PARQUET_SUFFIXES = (".parquet", ".pq")

MAX_TABLE_BYTES = 1 << 32
_FREE_BYTES, _MAX_RATIO = 1 << 28, 200
_HEAD_BYTES = 1 << 16
_SEPARATORS: Mapping[str, str] = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_KNOWN = frozenset(alias for aliases in ALIASES.values() for alias in aliases)
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class RawTable:
    """A table whose columns are not understood yet.

    Attributes:
        names: The columns' names as they stand there, each may stand several times.
        form: What kind of file it is, in words.
        load: Reads the columns at some positions, in that order.
        metadata: Key-value metadata of a Parquet file.
        decimal_comma: Whether numbers may be spelled with a comma.
    """

    names: list[str]
    form: str
    load: Callable[[Sequence[int]], pa.Table]
    metadata: Mapping[bytes, bytes] = field(default_factory=dict)
    decimal_comma: bool = False


def open_table(source: str | IO[bytes], name: str) -> RawTable:
    """Look at a table's columns.

    Args:
        source: Path, or an open binary file.
        name: What tells the format, by its suffix; without a known one, the content does.

    Raises:
        ValueError: If it is no table, with the reason.
        OSError: If it cannot be read.
    """
    suffix = suffix_of(name)
    if suffix in PARQUET_SUFFIXES and not name.lower().endswith(".gz"):
        return _parquet(source)
    data = _bytes(source)
    if data.startswith(b"\x1f\x8b"):
        data = _gunzipped(data)
    if data.startswith(b"PAR1"):
        return _parquet(io.BytesIO(data))
    data, encoding = _as_utf8(data)
    said = "" if encoding == "utf-8" else f", {encoding.upper()}"
    if suffix in JSON_SUFFIXES or (suffix not in CSV_SUFFIXES and data.lstrip()[:1] in (b"{", b"[")):
        rows, form = json_rows(data)
        return from_records(rows, form + said)
    return _csv(data, said, "\t" if suffix in (".tsv", ".tab") else None)


def looks_like_table(file: File) -> bool:
    """Whether a JSON file that is no log holds rows that we know the names of."""
    if file.size > MAX_TABLE_BYTES:
        return False
    try:
        data = file.read(0, file.size)
        rows, _ = json_rows(_as_utf8(_gunzipped(data) if data.startswith(b"\x1f\x8b") else data)[0])
        return _names_rows(dict.fromkeys(key for row in rows for key in row))
    except (ValueError, RecursionError):
        return False


def _names_rows(names: Iterable[str]) -> bool:
    """Whether names of columns name the question and the epoch."""
    try:
        return {"question_id", "epoch"} <= assign_roles(list(names)).columns.keys()
    except ValueError:
        return False


def from_records(rows: Sequence[Mapping[str, Any]], form: str) -> RawTable:
    """A table of JSON objects; a key that an object lacks is a missing value."""
    names = list(dict.fromkeys(key for row in rows for key in row))

    def load(places: Sequence[int]) -> pa.Table:
        import pyarrow as pa

        arrays = [_array([row.get(names[place]) for row in rows]) for place in places]
        return pa.Table.from_arrays(arrays, names=[names[place] for place in places])

    return RawTable(names, form, load)


def from_columns(columns: Mapping[str, Sequence[Any]], form: str) -> RawTable:
    """A table of lists of equal length."""
    names = list(columns)

    def load(places: Sequence[int]) -> pa.Table:
        import pyarrow as pa

        chosen = [names[place] for place in places]
        return pa.Table.from_arrays([_array(list(columns[name])) for name in chosen], names=chosen)

    return RawTable(names, form, load)


def text_of(data: bytes, *, whole: bool) -> bytes:
    """A file's content in UTF-8, inflated if it is compressed by gzip; the beginning of it as far as it goes."""
    if whole:
        return _as_utf8(_gunzipped(data) if data.startswith(b"\x1f\x8b") else data)[0]
    if data.startswith(b"\x1f\x8b"):
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, _HEAD_BYTES)
        except zlib.error:
            return b""
    return data.decode(_encoding(data) or "utf-8", "ignore").removeprefix("\ufeff").encode()


def json_rows(data: bytes) -> tuple[list[dict[str, Any]], str]:
    """The objects of a JSON document or of JSON lines, and which of the two it is.

    A document is a list of objects, an object of lists of equal length, an object that holds one list of objects, or
    what pandas writes of a data frame in any of its orientations.

    Raises:
        ValueError: If it is none of these.
    """
    text = data.strip()
    if not text:
        raise ValueError("the file is empty")
    try:
        document = _decode(text)
    except ValueError:
        return _json_lines(text), "JSON lines"
    rows = _objects(document)
    if rows is None:
        raise ValueError("a JSON document without a list of objects")
    return rows, "JSON"


def _objects(document: Any) -> list[dict[str, Any]] | None:
    if isinstance(document, list):
        return document if document and all(isinstance(row, dict) for row in document) else None
    if not isinstance(document, dict):
        return None
    if document.keys() >= {"columns", "data"} and all(
        isinstance(document[k], list) for k in ("columns", "data")
    ):
        if all(isinstance(row, list) and len(row) == len(document["columns"]) for row in document["data"]):
            return [dict(zip(map(str, document["columns"]), row, strict=True)) for row in document["data"]]
    if len(document) > 1 and all(isinstance(value, dict) for value in document.values()):
        inner_names = dict.fromkeys(key for value in document.values() for key in value)
        if _names_rows(document):
            return [{name: column.get(row) for name, column in document.items()} for row in inner_names]
        return list(document.values()) if _names_rows(inner_names) else None
    lists = [value for value in document.values() if isinstance(value, list)]
    if len(lists) == len(document) and len({len(value) for value in lists}) == 1 and len(lists) > 1:
        return [dict(zip(document, row, strict=True)) for row in zip(*lists, strict=True)]
    inner = [value for value in lists if value and all(isinstance(row, dict) for row in value)]
    if len(inner) == 1:
        return list(inner[0])
    return None if inner else [document]


def _json_lines(text: bytes) -> list[dict[str, Any]]:
    lines = [line for line in text.split(b"\n") if line.strip()]
    try:
        # All at once, which is several times faster than line by line.
        rows = msgspec.json.decode(b"[" + b",".join(lines) + b"]")
        if len(rows) == len(lines) and all(isinstance(row, dict) for row in rows):
            return list(rows)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    found = []
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = _decode(line)
        except ValueError as error:
            raise ValueError(f"line {number} is not valid JSON: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"line {number} holds no JSON object")
        found.append(row)
    return found


def _decode(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # NaN and Infinity, which JSON does not have and Python writes.
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _array(values: list[Any]) -> pa.Array:
    """An Arrow array; values of mixed types become text."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.lib.ArrowException, OverflowError, UnicodeEncodeError):
        return pa.array([None if v is None else _spelled(v) for v in values], type=pa.string())


def _spelled(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value)
        if isinstance(value, dict | list)
        else str(value)
    )
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _bytes(source: str | IO[bytes]) -> bytes:
    if isinstance(source, str):
        with open(source, "rb") as file:
            return file.read()
    return source.read()


def _gunzipped(data: bytes) -> bytes:
    """The content of a gzip file, within bounds."""
    most = min(MAX_TABLE_BYTES, max(_FREE_BYTES, _MAX_RATIO * len(data)))
    found = bytearray()
    while data:
        decoder = zlib.decompressobj(wbits=31)
        try:
            found += decoder.decompress(data, most - len(found) + 1)
            if len(found) > most:
                raise DamagedLog(
                    f"inflates {counted(len(data), 'byte')} to more than {most:,}; at most that is read"
                )
        except zlib.error as error:
            raise DamagedLog(f"a damaged gzip file: {error}") from error
        if not decoder.eof:
            raise DamagedLog("a gzip file that is cut off")
        data = decoder.unused_data.lstrip(b"\0")
    return bytes(found)


def _encoding(data: bytes) -> str | None:
    """The encoding that a byte order mark or the places of zeros tell; ``None`` for UTF-8 and all others."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    start = data[:64]
    if encoding is None and not len(data) % 2:
        even, odd = start[::2].count(0), start[1::2].count(0)
        # The names of columns and the marks of JSON have a zero in every second byte.
        if max(even, odd) > len(start) / 4:
            encoding = "utf-16-le" if odd > 2 * even else "utf-16-be" if even > 2 * odd else None
    return encoding


def _as_utf8(data: bytes) -> tuple[bytes, str]:
    """The text as UTF-8 without a byte order mark, and the encoding that it had."""
    encoding = _encoding(data)
    if encoding == "utf-8-sig":
        data, encoding = data[3:], None
    if encoding is not None:
        try:
            return data.decode(encoding).removeprefix("\ufeff").encode("utf-8"), encoding
        except UnicodeError as error:
            raise ValueError(f"not valid {encoding.upper()}: {error}") from error
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"not UTF-8 (byte 0x{data[error.start]:02x} in line {line}). If it is in Windows-1252 or Latin-1, as old "
            "programs write, convert it: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
    return data, "utf-8"


def _csv(data: bytes, said: str, separator: str | None) -> RawTable:
    head = data[:_HEAD_BYTES].decode("utf-8", "ignore")
    told = re.match(r"sep=(.)\r?\n", head)
    if told:
        # Excel's own way to name the separator.
        separator, data, head = told[1], data[len(told[0]) :], head[len(told[0]) :]
    separator = separator or _separator(head)
    names, lines = _header(head, separator)
    if not names:
        raise ValueError("the file is empty")
    form = f"CSV, separated by {_SEPARATORS.get(separator, repr(separator))}{said}"

    def load(places: Sequence[int]) -> pa.Table:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        keys = [f"c{place}" for place in range(len(names))]
        wanted = [keys[place] for place in places]
        try:
            table = arrow_csv.read_csv(
                io.BytesIO(data),
                # One thread, so that a row of the wrong width is named by its number.
                read_options=arrow_csv.ReadOptions(use_threads=False, column_names=keys, skip_rows=lines),
                parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(keys, pa.string()),
                    include_columns=wanted,
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV file" not in str(error):
                raise
            table = pa.table({key: pa.array([], pa.string()) for key in wanted})
        if b'"' in data and table.num_rows + lines < max(data.count(b"\n"), data.count(b"\r")):
            _check_quotes(data, separator)
        return table.rename_columns([names[place] for place in places])

    return RawTable([name.strip() for name in names], form, load, decimal_comma=separator != ",")


def _check_quotes(data: bytes, separator: str) -> None:
    """Refuse a table in which a missing quotation mark makes one value of several lines.

    Raises:
        ValueError: Naming the line in which such a value begins.
    """
    with _long_fields(len(data)):
        text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
        reader = csv.reader(text, delimiter=separator, strict=True)
        while True:
            start = reader.line_num
            try:
                next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                # Of values in one line Arrow makes what stands there.
                if reader.line_num > start + 1 or "end of data" in str(error):
                    raise ValueError(
                        f"a quotation mark is missing in the row that begins in line {start + 1}: its value goes on over "
                        f"{counted(reader.line_num - start, 'line')}"
                    ) from error


@contextmanager
def _long_fields(size: int) -> Iterator[None]:
    before = csv.field_size_limit(max(size, 1 << 17))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _header(head: str, separator: str) -> tuple[list[str], int]:
    """The first row that is not empty, and how many lines it and those before it take."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                return [cell.strip() for cell in row], reader.line_num
    except csv.Error as error:
        raise ValueError(f"its header cannot be read: {error}") from error
    return [], 0


def _separator(head: str) -> str:
    """The separator that finds most names that we know in the header; commas where all find as many."""

    def found(separator: str) -> tuple[int, int]:
        try:
            names = _header(head, separator)[0]
        except ValueError:
            return 0, 0
        known = sum(re.sub(r"[\s-]+", "_", name).lower() in _KNOWN or name.startswith("p_") for name in names)
        return known, len(names)

    return max(_SEPARATORS, key=found)


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Whatever Arrow raises about a file that is not as it should be, as a ValueError."""
    import pyarrow as pa

    try:
        yield
    except (ValueError, OSError):
        raise
    except pa.lib.ArrowException as error:
        raise ValueError(str(error)) from error


def _parquet(source: str | IO[bytes]) -> RawTable:
    from pyarrow import parquet, types

    with _as_value_errors():
        schema = parquet.ParquetFile(source).schema_arrow
    names = list(schema.names)

    def load(places: Sequence[int]) -> pa.Table:
        wanted = [names[place] for place in places]
        text = [
            n
            for n in wanted
            if types.is_string(schema.field(n).type) or types.is_large_string(schema.field(n).type)
        ]
        if not isinstance(source, str):
            source.seek(0)
        with _as_value_errors():
            # Text that repeats stays the dictionary that it is on disk.
            table = parquet.ParquetFile(source, read_dictionary=text).read(columns=wanted)
            # A damaged page can hold indices beyond its dictionary, which Arrow itself does not look at.
            table.validate(full=True)
        return table

    return RawTable(names, "Parquet", load, metadata=schema.metadata or {})


def decimal_comma(text: str) -> float:
    """A number with a decimal comma, as tables have them that commas do not separate; NaN if it is none."""
    return float(text.replace(",", ".")) if _DECIMAL_COMMA.fullmatch(text) else math.nan
