"""Mutated tables: never a crash, and what is read equals what a plain-Python reader of the same rules reads.

`HOTMESS_MUTANTS=100000 pytest tests/io/test_table_fuzz.py` for a long run.
"""

import csv
import io
import json
import math
import os
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hotmess_inspect.io.tables import TableReading, table_reading
from hotmess_inspect.table import Outcomes

MUTANTS = int(os.environ.get("HOTMESS_MUTANTS", "400"))
CELLS = [
    "",
    "A",
    "b",
    "1",
    "01",
    "1.0",
    "0.5",
    "-3",
    "1e400",
    "nan",
    "C",
    "i",
    "true",
    "(A)",
    "A. x",
    "\u00e9",
    " x ",
    "inf",
]
HEADERS = [
    ("question_id", "epoch", "answer", "target"),
    ("id", "trial", "score"),
    (" question_id", " epoch ", "score", "model"),
    ("doc_id", "repeat", "prediction", "label", "note"),
    ("case", "go", "points"),
]
VERDICTS = {"c": 1.0, "i": 0.0, "p": 0.5, "n": 0.0, "true": 1.0, "false": 0.0}


def seed_table(rng: np.random.Generator) -> list[list[str]]:
    header = list(HEADERS[rng.integers(len(HEADERS))])
    rows = [header]
    for number in range(int(rng.integers(0, 8))):
        cells = [f"q{number // 2}", str(number % 2 + 1)]
        cells += [["A", "1", "0", "C", "x"][rng.integers(5)] for _ in header[2:]]
        if "target" in header or "label" in header:
            cells[3] = "A"
        rows.append(cells)
    return rows


def mutated(rows: list[list[str]], rng: np.random.Generator) -> list[list[str]]:
    rows = [list(row) for row in rows]
    for _ in range(int(rng.integers(0, 4))):
        row = rows[rng.integers(len(rows))]
        kind = rng.integers(5)
        if kind == 0:
            row[rng.integers(len(row))] = CELLS[rng.integers(len(CELLS))]
        elif kind == 1:
            rows.append(list(row))
        elif kind == 2 and len(row) > 1:
            row.pop(int(rng.integers(len(row))))
        elif kind == 3:
            row.insert(int(rng.integers(len(row) + 1)), CELLS[rng.integers(len(CELLS))])
        else:
            a, b = rng.integers(len(row), size=2)
            row[a], row[b] = row[b], row[a]
    return rows


def spelled(rows: list[list[str]], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
    return out.getvalue()


def number(text: str) -> float:
    """A score: a plain number or a verdict in words; raises otherwise."""
    if not text or text.lower() == "nan":
        return math.nan
    if text.lower() in VERDICTS:
        return VERDICTS[text.lower()]
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


def reference(rows: list[list[str]]) -> dict[tuple[str, str, int], float | str | None] | None:
    """Question, model and epoch → score or answer, cell by cell; ``None`` where the table is to be refused."""
    header = [cell.strip().lower() for cell in rows[0]]
    names = {"question_id": ("question_id", "id", "doc_id"), "epoch": ("epoch", "trial", "repeat")}
    names |= {
        "answer": ("answer", "prediction"),
        "target": ("target", "label"),
        "score": ("score",),
        "model": ("model",),
    }
    place: dict[str, int] = {}
    for role, aliases in names.items():
        for alias in aliases:
            if alias in header:
                if header.count(alias) > 1:
                    return None
                place[role] = header.index(alias)
                break
    if not {"question_id", "epoch"} <= place.keys() or any(len(row) != len(header) for row in rows):
        return None
    # Without a right answer anywhere, scores count, and without these how far the answers agree.
    judged = "target" in place and any(row[place["target"]].strip() for row in rows[1:])
    labels = "answer" in place and (judged or "score" not in place)
    if not labels and "score" not in place:
        return None
    found: dict[tuple[str, str, int], float | str | None] = {}
    targets: dict[tuple[str, str, int], str] = {}
    for row in rows[1:]:
        cells = [cell.strip() for cell in row]
        question, model = cells[place["question_id"]], cells[place["model"]] if "model" in place else "t"
        try:
            epoch = float(cells[place["epoch"]])
            if not question or epoch != int(epoch) or not 0 <= epoch < 2**31:
                return None
            said: float | str | None = cells[place["answer"]] if labels else number(cells[place["score"]])
        except (ValueError, OverflowError):
            return None
        if labels and judged:
            target = cells[place["target"]]
            if not target:
                return None
            targets[question, model, int(epoch)] = target
        found[question, model, int(epoch)] = said
    # Of rows that name one epoch the last counts, so only what is left must agree.
    letters = {"(A)": "A", "A. x": "A"}
    plain = {
        letters.get(target, target.upper() if len(target) == 1 else target) for target in targets.values()
    }
    if not all(len(target) == 1 and target.isascii() and target.isalpha() for target in plain):
        letters = {}
    owned: dict[tuple[str, str], str] = {}
    for (question, model, _), target in targets.items():
        label = letters.get(target, target)
        label = label.upper() if len(label) == 1 and label.isascii() else label
        if owned.setdefault((question, model), label) != label:
            return None
    return found


def read_back(outcomes: Outcomes) -> dict[tuple[str, str, int], float | str | None]:
    said: list[Any] = outcomes.answer.values() if "answer" in outcomes.kind.names else outcomes.value.tolist()
    keys = zip(
        outcomes.question.values(),
        (m or "" for m in outcomes.model.values()),
        outcomes.epoch.tolist(),
        strict=True,
    )
    return {(str(q), str(m), e): value for (q, m, e), value in zip(keys, said, strict=True)}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    # Labels are compared as letters of a choice where they are one, and empty as missing.
    texts = ["" if value is None else str(value).strip().upper() for value in (one, other)]
    return (
        texts[0] == texts[1] or texts[0] in ("NAN", "") or texts[1] == {"(A)": "A", "A. X": "A"}.get(texts[0])
    )


def outcome(data: bytes, name: str) -> tuple[TableReading | None, str]:
    """What is read, or the sentence that refuses it; any other exception is a fault."""
    try:
        return table_reading(io.BytesIO(data), name), ""
    except (ValueError, OSError) as error:
        return None, str(error)


def written(rows: list[list[str]], form: str) -> tuple[bytes, str]:
    """The table in a form, and a file name for it. Objects and columns have no two values of one name."""
    if len(form) == 1:
        return spelled(rows, form).encode(), "t.csv"
    if form == "jsonl":
        return "\n".join(
            json.dumps(dict(zip(rows[0], row, strict=True))) for row in rows[1:]
        ).encode(), "t.jsonl"
    columns = {name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}
    buffer = io.BytesIO()
    parquet.write_table(pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}), buffer)
    return buffer.getvalue(), "t.parquet"


@pytest.mark.parametrize("form", [",", ";", "\t", "|", "jsonl", "parquet"])
def test_mutated_tables_are_refused_or_read_as_plain_python_reads_them(form: str) -> None:
    rng = np.random.default_rng(ord(form[0]))
    read = refused = 0
    for _ in range(MUTANTS // 6):
        rows = mutated(seed_table(rng), rng)
        if len(form) > 1 and (
            len(rows) == 1 or len(set(rows[0])) < len(rows[0]) or len({len(row) for row in rows}) > 1
        ):
            continue
        wanted = reference(rows)
        data, name = written(rows, form)
        found, refusal = outcome(data, name)
        if found is None:
            refused += 1
            assert refusal.startswith(name), refusal
            assert not wanted, (rows, refusal)
            continue
        if wanted is None:
            # Nothing may be read of what is to be refused, but for trials that have names, and tables of one kind.
            assert "epoch" not in [c.strip().lower() for c in rows[0]] or len(rows) == 1, rows
            continue
        read += 1
        got = read_back(found.outcomes)
        assert got.keys() == wanted.keys(), rows
        assert all(same(wanted[key], got[key]) for key in wanted), (rows, wanted, got)
    assert min(read, refused) > MUTANTS // 60


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet", "csv.gz"])
def test_damaged_bytes_are_one_sentence_or_rows(form: str) -> None:
    import gzip

    rng = np.random.default_rng(7)
    objects = [{"id": f"q{n // 2}", "trial": n % 2, "reward": float(n % 2), "model": "m"} for n in range(12)]
    text = spelled([list(objects[0]), *[list(map(str, one.values())) for one in objects]], ",").encode()
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(objects), buffer)
    whole = {
        "csv": text,
        "csv.gz": gzip.compress(text),
        "jsonl": "\n".join(map(json.dumps, objects)).encode(),
        "json": json.dumps(objects).encode(),
        "parquet": buffer.getvalue(),
    }[form]
    for _ in range(MUTANTS // 5):
        data = bytearray(whole)
        for _ in range(int(rng.integers(1, 5))):
            at = int(rng.integers(len(data)))
            kind = rng.integers(3)
            if kind == 0:
                data[at] = int(rng.integers(256))
            elif kind == 1:
                del data[at : at + int(rng.integers(1, 20))]
            else:
                data[at:at] = data[: int(rng.integers(1, 20))]
            if not data:
                break
        found, refusal = outcome(bytes(data), f"t.{form}")
        if found is None:
            assert refusal
            continue
        assert len(found.outcomes) <= 2 * len(objects) + 8
        assert np.isfinite(found.outcomes.value[found.outcomes.scored]).all()
