"""One small set of rows in every spelling that programs and people give it, and files that hold none of it.

What a file says is known before it is written, so each reading is judged by the rows that were written, and each file that
cannot be understood by its one sentence.
"""

import csv
import gzip
import io
import json
import math
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from inspect_ai.log import EvalConfig
from inspect_ai.model import GenerateConfig
from pyarrow import parquet

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.io.records import decode_header
from hotmess_inspect.io.variants import _OPERATIONAL, variant_of

Row = tuple[str, int, float | None]
ROWS: list[Row] = [
    ("q1", 1, 1.0),
    ("q1", 2, 0.0),
    ("q1", 3, 0.5),
    ("q2", 1, 0.25),
    ("q2", 2, None),
    ("01", 1, 1.0),
]
WHOLE: list[Row] = [("q1", 1, 1.0), ("q1", 2, 0.0), ("1", 1, 0.0), ("01", 1, 1.0)]
NAMES = ("question_id", "epoch", "score")


def text(
    rows: list[Row],
    separator: str = ",",
    *,
    number: Callable[[float], str] = repr,
    absent: str = "",
    names: tuple[str, ...] = NAMES,
    end: str = "\n",
    quoting: Any = csv.QUOTE_MINIMAL,
    epoch: Callable[[int], str] = str,
) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(names)
    writer.writerows((q, epoch(e), absent if v is None else number(v)) for q, e, v in rows)
    return out.getvalue()


def comma(value: float) -> str:
    return repr(value).replace(".", ",")


def records(rows: list[Row], names: tuple[str, ...] = NAMES) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def table(rows: list[Row], **types: pa.DataType) -> bytes:
    columns = {
        name: pa.array([row[place] for row in rows])
        if name not in types
        else _typed(rows, place, types[name])
        for place, name in enumerate(NAMES)
    }
    return stored(pa.table(columns))


def _typed(rows: list[Row], place: int, type_: pa.DataType) -> pa.Array:
    values = [row[place] for row in rows]
    if pa.types.is_decimal(type_):
        return pa.array([None if v is None else Decimal(str(v)) for v in values], type=type_)
    if pa.types.is_float16(type_):
        return pa.array([None if v is None else np.float16(v) for v in values], type=type_)
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return pa.array([str(v).encode() for v in values], type=type_)
    if pa.types.is_dictionary(type_):
        return pa.array([None if v is None else str(v) for v in values]).cast(type_)
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return pa.array([None if v is None else str(v) for v in values], type=type_)
    return pa.array(values).cast(type_)


def stored(made: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    parquet.write_table(made, out, **options)
    return out.getvalue()


def columns_of(rows: list[Row]) -> dict[str, dict[str, Any]]:
    """As pandas writes a frame if nobody says how."""
    return {name: {str(n): row[place] for n, row in enumerate(rows)} for place, name in enumerate(NAMES)}


SPELLINGS: dict[str, tuple[str, str | bytes, list[Row]]] = {
    "commas": ("t.csv", text(ROWS), ROWS),
    "semicolons": ("t.csv", text(ROWS, ";"), ROWS),
    "tabs": ("t.tsv", text(ROWS, "\t"), ROWS),
    "tabs called CSV": ("t.csv", text(ROWS, "\t"), ROWS),
    "vertical bars": ("t.csv", text(ROWS, "|"), ROWS),
    "semicolons and decimal commas": ("t.csv", text(ROWS, ";", number=comma), ROWS),
    "tabs and decimal commas": ("t.tsv", text(ROWS, "\t", number=comma), ROWS),
    "bars and decimal commas": ("t.csv", text(ROWS, "|", number=comma), ROWS),
    "the separator named first": ("t.csv", "sep=;\n" + text(ROWS, ";"), ROWS),
    "everything quoted": ("t.csv", text(ROWS, quoting=csv.QUOTE_ALL), ROWS),
    "lines of Windows": ("t.csv", text(ROWS, end="\r\n"), ROWS),
    "lines of old Macs": ("t.csv", text(ROWS, end="\r"), ROWS),
    "values of several lines": (
        "t.csv",
        "question_id,epoch,score,note\n"
        + "".join(f'{q},{e},{"" if v is None else v},"a\n""b"", {n}"\n' for n, (q, e, v) in enumerate(ROWS)),
        ROWS,
    ),
    "empty rows of a spreadsheet": ("t.csv", text(ROWS, ";") + ";;\n ; ;\n;;\n", ROWS),
    "an index without a name": (
        "t.csv",
        "".join(f"{n - 1 if n else ''},{line}\n" for n, line in enumerate(text(ROWS).splitlines())),
        ROWS,
    ),
    "inches": ("t.csv", text(ROWS).replace("\n", ',5" wide\n').replace('score,5" wide', "score,note"), ROWS),
    "no line end at the end": ("t.csv", text(ROWS).rstrip("\n"), ROWS),
    "empty lines between": ("t.csv", text(ROWS).replace("\n", "\n\n"), ROWS),
    "empty lines first": ("t.csv", "\n\n" + text(ROWS), ROWS),
    "a separator behind every line": ("t.csv", text(ROWS).replace("\n", ",\n"), ROWS),
    "a mark of UTF-8": ("t.csv", text(ROWS).encode("utf-8-sig"), ROWS),
    "a mark and quotes": ("t.csv", text(ROWS, quoting=csv.QUOTE_ALL).encode("utf-8-sig"), ROWS),
    "UTF-16": ("t.csv", text(ROWS).encode("utf-16"), ROWS),
    "UTF-16, the other order": ("t.csv", b"\xfe\xff" + text(ROWS).encode("utf-16-be"), ROWS),
    "UTF-16 without a mark": ("t.csv", text(ROWS).encode("utf-16-le"), ROWS),
    "UTF-32": ("t.csv", text(ROWS).encode("utf-32"), ROWS),
    "lines of JSON in UTF-16": ("t.jsonl", "\n".join(map(json.dumps, records(ROWS))).encode("utf-16"), ROWS),
    "capital names": ("t.csv", text(ROWS, names=("Question ID", "EPOCH", "Score")), ROWS),
    "names with hyphens": ("t.csv", text(ROWS, names=("question-id", "epoch", "is-correct")), ROWS),
    "names with blanks around": ("t.csv", text(ROWS, names=(" question_id", "epoch ", "\u00a0score")), ROWS),
    "names with invisible characters": (
        "t.csv",
        text(ROWS, names=("\u200bquestion_id", "epoch", "score")),
        ROWS,
    ),
    "names of others": ("t.csv", text(ROWS, names=("task_id", "trial", "reward")), ROWS),
    "names of others still": ("t.csv", text(ROWS, names=("instance_id", "attempt", "resolved")), ROWS),
    "epochs as floats": ("t.csv", text(ROWS, epoch=lambda e: f"{e}.0"), ROWS),
    "epochs with zeros before": ("t.csv", text(ROWS, epoch=lambda e: f"{e:03}"), ROWS),
    "epochs from 0": (
        "t.csv",
        text([(q, e - 1, v) for q, e, v in ROWS]),
        [(q, e - 1, v) for q, e, v in ROWS],
    ),
    "scores in scientific spelling": ("t.csv", text(ROWS, number=lambda v: f"{v:.3e}"), ROWS),
    "scores with a sign": ("t.csv", text(ROWS, number=lambda v: f"+{v}"), ROWS),
    "scores without a zero before": ("t.csv", text(ROWS, number=lambda v: repr(v).removeprefix("0")), ROWS),
    "scores with blanks": ("t.csv", text(ROWS, number=lambda v: f"  {v} "), ROWS),
    "letters": ("t.csv", text(WHOLE, number=lambda v: "IC"[int(v)]), WHOLE),
    "true and false": ("t.csv", text(WHOLE, number=lambda v: str(bool(v))), WHOLE),
    "yes and no": ("t.csv", text(WHOLE, number=lambda v: "yes" if v else "No"), WHOLE),
    "pass and fail": ("t.csv", text(WHOLE, number=lambda v: "PASS" if v else "FAIL"), WHOLE),
    "true and false of a German spreadsheet": (
        "t.csv",
        text(WHOLE, ";", number=lambda v: "WAHR" if v else "FALSCH"),
        WHOLE,
    ),
    "true and false of a French spreadsheet": (
        "t.csv",
        text(WHOLE, ";", number=lambda v: "VRAI" if v else "FAUX"),
        WHOLE,
    ),
    "true and false of a Spanish spreadsheet": (
        "t.csv",
        text(WHOLE, ";", number=lambda v: "VERDADERO" if v else "FALSO"),
        WHOLE,
    ),
    "a list of objects": ("t.json", json.dumps(records(ROWS)), ROWS),
    "objects indented": ("t.json", json.dumps(records(ROWS), indent=4), ROWS),
    "objects by column": ("t.json", json.dumps(columns_of(ROWS)), ROWS),
    "objects by row": ("t.json", json.dumps({str(n): one for n, one in enumerate(records(ROWS))}), ROWS),
    "columns and data": (
        "t.json",
        json.dumps({"columns": NAMES, "index": [*range(len(ROWS))], "data": ROWS}),
        ROWS,
    ),
    "a schema and data": ("t.json", json.dumps({"schema": {"fields": []}, "data": records(ROWS)}), ROWS),
    "lists by column": ("t.json", json.dumps({n: [r[p] for r in ROWS] for p, n in enumerate(NAMES)}), ROWS),
    "results beside other things": (
        "t.json",
        json.dumps({"model": "m", "n": 6, "results": records(ROWS)}),
        ROWS,
    ),
    "lines of JSON": ("t.jsonl", "\n".join(map(json.dumps, records(ROWS))), ROWS),
    "lines of JSON, some empty": ("t.ndjson", "\n\n".join(map(json.dumps, records(ROWS))) + "\n\n", ROWS),
    "lines of JSON with keys in any order": (
        "t.jsonl",
        "\n".join(json.dumps(dict(reversed(one.items()))) for one in records(ROWS)),
        ROWS,
    ),
    "lines of JSON with NaN": (
        "t.jsonl",
        "\n".join(map(json.dumps, records([(q, e, math.nan if v is None else v) for q, e, v in ROWS]))),
        ROWS,
    ),
    "lines of JSON without the missing key": (
        "t.jsonl",
        "\n".join(json.dumps({k: v for k, v in one.items() if v is not None}) for one in records(ROWS)),
        ROWS,
    ),
    "lines of JSON with numbers as text": (
        "t.jsonl",
        "\n".join(
            json.dumps({k: None if v is None else str(v) for k, v in one.items()}) for one in records(ROWS)
        ),
        ROWS,
    ),
    "lines of JSON with nested objects beside": (
        "t.jsonl",
        "\n".join(
            json.dumps(one | {"doc": {"a": [1, {"b": n}]}, "tags": [n, "x"]})
            for n, one in enumerate(records(ROWS))
        ),
        ROWS,
    ),
    "true and false of JSON": (
        "t.jsonl",
        "\n".join(json.dumps(one | {"score": bool(one["score"])}) for one in records(WHOLE)),
        WHOLE,
    ),
    "compressed": ("t.csv.gz", gzip.compress(text(ROWS).encode()), ROWS),
    "compressed in two parts": (
        "t.csv.gz",
        gzip.compress(text(ROWS[:3]).encode()) + gzip.compress(text(ROWS[3:]).split("\n", 1)[1].encode()),
        ROWS,
    ),
    "compressed and called otherwise": ("t.csv", gzip.compress(text(ROWS).encode()), ROWS),
    "Parquet": ("t.parquet", table(ROWS), ROWS),
    "Parquet called otherwise": ("t.csv", table(ROWS), ROWS),
    "Parquet, half floats": ("t.parquet", table(ROWS, score=pa.float16()), ROWS),
    "Parquet, short floats": ("t.parquet", table(ROWS, score=pa.float32()), ROWS),
    "Parquet, decimals": ("t.parquet", table(ROWS, score=pa.decimal128(10, 4)), ROWS),
    "Parquet, long decimals": ("t.parquet", table(ROWS, score=pa.decimal256(40, 4)), ROWS),
    "Parquet, text": ("t.parquet", table(ROWS, score=pa.string(), epoch=pa.large_string()), ROWS),
    "Parquet, dictionaries": (
        "t.parquet",
        table(
            ROWS,
            question_id=pa.dictionary(pa.int8(), pa.string()),
            score=pa.dictionary(pa.int32(), pa.string()),
        ),
        ROWS,
    ),
    "Parquet, bytes": ("t.parquet", table(ROWS, question_id=pa.binary()), ROWS),
    "Parquet, large text": ("t.parquet", table(ROWS, question_id=pa.large_string()), ROWS),
    "Parquet, unsigned": ("t.parquet", table(ROWS, epoch=pa.uint64()), ROWS),
    "Parquet, tiny": ("t.parquet", table(ROWS, epoch=pa.int8()), ROWS),
    "Parquet, booleans": ("t.parquet", table(WHOLE, score=pa.bool_()), WHOLE),
    "Parquet in many groups of rows": (
        "t.parquet",
        stored(pa.Table.from_pylist(records(ROWS)), row_group_size=1),
        ROWS,
    ),
    "Parquet beside lists and structures": (
        "t.parquet",
        stored(pa.Table.from_pylist([one | {"list": [1, 2], "inner": {"a": 1}} for one in records(ROWS)])),
        ROWS,
    ),
    **{
        f"missing as {absent}": ("t.csv", text(ROWS, absent=absent), ROWS)
        for absent in ("NA", "N/A", "#N/A", "None", "null", "NaN", "nan", "<NA>", "NULL")
    },
}


def found(path: Path, **options: Any) -> list[Row]:
    """The rows of a file as (question, epoch, score); it must be read without an error."""
    read = read_inputs([str(path)], **options)
    assert not [p for p in read.problems if p.level == "error"], read.problems
    outcomes = read.outcomes
    values = [None if math.isnan(v) else v for v in outcomes.value.tolist()]
    return list(zip(map(str, outcomes.question.values()), outcomes.epoch.tolist(), values, strict=True))


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_says_the_same(spelling: str, tmp_path: Path) -> None:
    name, content, rows = SPELLINGS[spelling]
    assert sorted(found(write(tmp_path / name, content)), key=str) == sorted(rows, key=str)


def test_lists_as_lengths_count_what_they_hold(tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": [{"type": "text"}]}]
    lines = [
        {"id": "q", "trial": n, "score": 1, "messages": talk[: n + 1], "tool_calls": [{"name": "x"}] * n}
        for n in (0, 1)
    ]
    path = write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, lines)))
    outcomes = read_inputs([str(path)]).outcomes
    assert outcomes.messages.tolist() == [1, 2] and outcomes.actions.tolist() == [0, 1]
    rows = [{"id": "q", "trial": n, "score": 1, "messages": ["a"] * n} for n in (1, 3)]
    outcomes = read_inputs([str(write(tmp_path / "t.parquet", stored(pa.Table.from_pylist(rows))))]).outcomes
    assert outcomes.messages.tolist() == [1, 3]


@pytest.mark.parametrize("absent", ["NA", "N/A", "None", "null", "NULL", "nan"])
def test_a_missing_answer_is_no_label_unless_it_is_right_somewhere(absent: str, tmp_path: Path) -> None:
    head = "id,trial,answer,target\n"
    path = write(tmp_path / "t.csv", f"{head}q,1,yes,yes\nq,2,{absent},yes\n")
    read = read_inputs([str(path)])
    assert read.outcomes.answer.values() == ["yes", None]
    assert any("count as unparsed" in p.message for p in read.problems)
    path = write(tmp_path / "t.csv", f"{head}q,1,yes,yes\nr,1,{absent},{absent}\n")
    assert read_inputs([str(path)]).outcomes.answer.values() == ["yes", absent]


@pytest.mark.parametrize(
    ("said", "right", "counts"),
    [
        ("5.0", "5", True),
        ("1e3", "1000", True),
        ("paris", "Paris", True),
        ("New  York", "New York", True),
        ("6", "5", False),
    ],
)
def test_answers_that_differ_in_spelling_alone_are_said(
    said: str, right: str, counts: bool, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "t.csv",
        f"id,trial,answer,target\nq,1,{said},{right}\nq,2,{right},{right}\nq,3,x,{right}\n",
    )
    read = read_inputs([str(path)])
    told = [p.message for p in read.problems if "spelled otherwise than the target" in p.message]
    assert len(told) == counts and all(told_one.startswith("1 answer spelled") for told_one in told)


def test_true_and_false_in_any_case_are_two_labels(tmp_path: Path) -> None:
    lines = [
        {"id": "q", "trial": n, "answer": a, "target": "true"} for n, a in enumerate((True, False, "TRUE"))
    ]
    outcomes = read_inputs([str(write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, lines))))]).outcomes
    assert outcomes.answer.values() == ["True", "False", "True"] and set(outcomes.target.values()) == {"True"}


def test_one_zero_byte_makes_no_text_of_two_bytes_each(tmp_path: Path) -> None:
    assert found(write(tmp_path / "t.csv", "id,trial,score\nq\0,1,1\nr,1,0\n")) == [
        ("q\0", 1, 1.0),
        ("r", 1, 0.0),
    ]


def test_ids_that_differ_stay_apart_whatever_they_are_made_of(tmp_path: Path) -> None:
    ids = [
        1,
        10,
        2**53,
        2**53 + 1,
        2**70,
        2**70 + 1,
        -1,
        "01",
        "1.5",
        "A",
        "a",
        "\u00e9",
        "e\u0301",
        "x y",
        "x  y",
        "\ud800",
        "\ud801",
    ]
    lines = [{"id": one, "trial": 1, "score": n % 2} for n, one in enumerate(ids)]
    path = write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, lines)))
    assert len({q for q, _, _ in found(path)}) == len(ids)
    raw = [b"\xff\xfe", b"\xff\xfd", b"q"]
    made = pa.table({"id": pa.array(raw, pa.binary()), "trial": [1, 1, 1], "score": [0, 1, 0]})
    assert len({q for q, _, _ in found(write(tmp_path / "t.parquet", stored(made)))}) == 3


def test_of_epochs_that_stand_twice_the_last_counts_and_it_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", text([*ROWS, ("q1", 1, 0.0)]))
    read = read_inputs([str(path)])
    assert sorted(found(path), key=str) == sorted([("q1", 1, 0.0), *ROWS[1:]], key=str)
    assert any("1 row" in p.message and "the last counts" in p.message for p in read.problems)
    assert (read.account.totals()["recorded"], read.account.totals()["repeated"]) == (7, 1)


ARCHIVE = io.BytesIO()
with zipfile.ZipFile(ARCHIVE, "w") as _made:
    _made.writestr("xl/workbook.xml", "<workbook/>")
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
REFUSED: dict[str, tuple[str, str | bytes, str]] = {
    "percent signs": (
        "t.csv",
        text(ROWS, number=lambda v: f"{v:.0%}"),
        "row 1, column 'score': '100%' is not a score",
    ),
    "thousands": ("t.csv", 'id,trial,score,output_tokens\nq,1,1,"1,234"\n', "'1,234' is not a number"),
    "thousands beside decimal commas": (
        "t.csv",
        "id;trial;score;output_tokens\nq;1;0,5;1.234\n",
        "'1.234' can be read in two ways",
    ),
    "thousands in tabs": (
        "t.tsv",
        "id\ttrial\tscore\toutput_tokens\nq\t1\t1\t1,234\n",
        "'1,234' can be read in two ways",
    ),
    "a negative length": (
        "t.csv",
        "id,trial,score,turns\nq,1,1,-3\n",
        "row 1, column 'turns': -3 is negative",
    ),
    "an infinite score": ("t.csv", "id,trial,score\nq,1,inf\n", "'inf' is not a finite score"),
    "a huge score": ("t.csv", "id,trial,score\nq,1,1e400\n", "'1e400' is not a finite score"),
    "digits of another script": ("t.csv", "id,trial,score\nq,1,\u0661\n", "is not a score"),
    "an underscore in a number": ("t.csv", "id,trial,score\nq,1,1_0\n", "'1_0' is not a score"),
    "a hexadecimal number": ("t.csv", "id,trial,score\nq,1,0x1\n", "'0x1' is not a score"),
    "a half epoch": ("t.csv", "id,epoch,score\nq,1.5,1\n", "'1.5' is not a whole number from 0 on"),
    "a negative epoch": ("t.csv", "id,epoch,score\nq,-1,1\n", "'-1' is not a whole number from 0 on"),
    "a huge epoch": ("t.csv", "id,epoch,score\nq,99999999999,1\n", "is not a whole number from 0 on"),
    "a missing epoch": ("t.csv", "id,epoch,score\nq,NA,1\n", "None is not a whole number from 0 on"),
    "an epoch that is a date": ("t.csv", "id,epoch,score\nq,2026-01-02,1\n", "'2026-01-02' is not a number"),
    "no epoch": ("t.csv", "id,score\nq,1\n", "column 'epoch' is missing; found: id, score"),
    "no question": ("t.csv", "epoch,score\n1,1\n", "column 'question_id' is missing"),
    "an empty question": ("t.csv", "id,epoch,score\n,1,1\n", "row 1, column 'id': empty"),
    "neither answers nor scores": (
        "t.csv",
        "id,epoch,note\nq,1,x\n",
        "no column says what an epoch answered or how right it was",
    ),
    "a column twice": ("t.csv", "id,epoch,score,score\nq,1,1,0\n", "column 'score' stands 2 times"),
    "a short row": ("t.csv", "id,epoch,score\nq,1,1\nq,2\n", "Expected 3 columns, got 2"),
    "a long row": ("t.csv", "id,epoch,score\nq,1,1\nq,2,1,9\n", "Expected 3 columns, got 4"),
    "a quote that never ends": (
        "t.csv",
        'id,epoch,score,note\nq,1,1,"x\nq,2,0,y\nq,3,0,z\n',
        "missing in the row that begins in line 2",
    ),
    "a quote that ends rows later": (
        "t.csv",
        'id,epoch,score,note\nq,1,1,"x\nq,2,0,y\nq,3,0,"z"\nq,4,1,w\n',
        "missing in the row that begins in line 2",
    ),
    "the header again in the middle": ("t.csv", text(ROWS[:1]) + text(ROWS[1:]), "row 2, column 'epoch'"),
    "two targets": (
        "t.csv",
        "id,epoch,answer,target\nq,1,A,A\nq,2,A,B\n",
        "question 'q' has two targets, 'A' and 'B'",
    ),
    "a question that is a list": (
        "t.jsonl",
        '{"id": ["q"], "trial": 1, "score": 1}',
        "column 'id': holds a list",
    ),
    "a score that is an object": (
        "t.jsonl",
        '{"id": "q", "trial": 1, "score": {"value": 1}}',
        "holds a list or a structure",
    ),
    "Windows-1252": (
        "t.csv",
        "id,epoch,score\ncaf\u00e9,1,1\n".encode("cp1252"),
        "not UTF-8 (byte 0xe9 in line 2)",
    ),
    "UTF-16 cut in the middle of a character": (
        "t.csv",
        text(ROWS).encode("utf-16")[:-1],
        "not valid UTF-16",
    ),
    "a cut file": ("t.csv.gz", gzip.compress(text(ROWS).encode())[:-6], "cut off"),
    "a damaged file": ("t.csv.gz", gzip.compress(text(ROWS).encode())[:20] + b"\xff" * 9, "gzip"),
    "a line cut": (
        "t.jsonl",
        '{"id": "q", "trial": 1, "score": 1}\n{"id": "q", "tri',
        "line 2 is not valid JSON",
    ),
    "nothing": ("t.csv", b"", "empty"),
    "nothing but a mark": ("t.csv", b"\xef\xbb\xbf", "empty"),
    "zeros": ("t.csv", bytes(4096), "column 'question_id' is missing"),
    "a page": (
        "t.csv",
        "<!doctype html><html><body>Sign in</body></html>\n",
        "column 'question_id' is missing",
    ),
    "a pointer": ("t.csv", LFS, "git lfs pull"),
    "a pointer to Parquet": ("t.parquet", LFS, "git lfs pull"),
    "a pointer to a log": ("t.eval", LFS, "git lfs pull"),
    "a workbook": ("t.xlsx", ARCHIVE.getvalue(), "a ZIP archive that is no Inspect log"),
    "an archive called a log": ("t.eval", ARCHIVE.getvalue(), "a ZIP archive that is no Inspect log"),
    "Parquet cut": ("t.parquet", table(ROWS)[:-5], "not a readable table"),
    "Parquet of lists": (
        "t.parquet",
        stored(pa.table({"id": ["q"], "trial": [1], "score": [[1.0]]})),
        "column 'score': holds a list or a structure",
    ),
    "Parquet of times": (
        "t.parquet",
        stored(pa.table({"id": ["q"], "trial": [1], "score": pa.array([0], pa.timestamp("s"))})),
        "is not a score",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_understood_is_one_sentence_and_stops_nothing(fault: str, tmp_path: Path) -> None:
    name, content, words = REFUSED[fault]
    good = write(tmp_path / "good.csv", text(ROWS))
    read = read_inputs([str(write(tmp_path / name, content)), str(good)])
    (told,) = [p for p in read.problems if p.level == "error"]
    assert Path(told.input).name == name
    assert words in told.message and "\n" not in told.message
    assert "Error:" not in told.message and "Traceback" not in told.message
    assert len(read.outcomes) == len(ROWS)
    assert {Path(one.path).name: one.state for one in read.account.files} == {
        name: "unreadable",
        "good.csv": "read",
    }


def log(path: Path, score: Any, **spec: Any) -> Path:
    """A log of two epochs of one question."""
    given = {
        "task": "t",
        "model": "m",
        "task_id": path.stem,
        "created": "2026-01-01",
        "config": {"epochs": 2},
    }
    rows = [
        {
            "id": "q",
            "epoch": e,
            "input": "?",
            "target": "A",
            "scores": {"s": {"value": score}},
            "uuid": f"{path.stem}{e}",
        }
        for e in (1, 2)
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps({"version": 2, "status": "success", "eval": given | spec}))
        archive.writestr("summaries.json", json.dumps(rows))
    return path


def variant(spec: dict[str, Any], plan: dict[str, Any] | None = None) -> str:
    document = {"eval": {"task": "t", "model": "m"} | spec, "plan": plan or {}}
    return variant_of(decode_header(json.dumps(document).encode()))


REPEATING = {"epochs", "epochs_reducer", "limit", "sample_id", "sample_shuffle"}
"""Fields of an evaluation's configuration that say which questions are asked and how often."""
RUNNING = {
    *(
        "tags",
        "metadata",
        "score_display",
        "log_samples",
        "log_realtime",
        "log_images",
        "log_buffer",
        "log_shared",
    ),
    *(
        "max_samples",
        "max_tasks",
        "max_subprocesses",
        "max_sandboxes",
        "max_dataset_memory",
        "sandbox_cleanup",
    ),
    *(
        "sandbox_prebuilt",
        "fail_on_error",
        "continue_on_fail",
        "retry_on_error",
        "score_on_error",
        "notification",
    ),
    *("log_model_api", "eval_set_id", "log_refusals", "acp_server"),
}
"""Fields that say how an evaluation is carried out and written down."""


@pytest.mark.parametrize("field", sorted(GenerateConfig.model_fields))
def test_two_logs_that_differ_in_one_setting_of_generation_are_not_pooled(field: str) -> None:
    for place in ({"model_generate_config": {field: 7}}, None):
        changed = variant(place or {}, None if place else {"config": {field: 7}})
        assert (changed == variant({})) is (field in _OPERATIONAL), field


@pytest.mark.parametrize("field", sorted(EvalConfig.model_fields))
def test_two_logs_that_differ_in_one_setting_of_the_evaluation_are_not_pooled(field: str) -> None:
    value = "output" if field == "token_limit_type" else 7
    changed = variant({"config": {field: value}})
    assert (changed == variant({})) is (field in REPEATING | RUNNING), field


def test_two_logs_that_differ_in_temperature_make_two_groups(tmp_path: Path) -> None:
    for name, config in (("a", {"temperature": 0.5}), ("b", {"temperature": 1.0})):
        log(tmp_path / f"{name}.eval", 1.0, model_generate_config=config)
    assert len(set(read_inputs([str(tmp_path)]).outcomes.variant.values())) == 2


@pytest.mark.parametrize(
    ("score", "value"),
    [
        (1, 1.0),
        (0.25, 0.25),
        (True, 1.0),
        ("C", 1.0),
        ("I", 0.0),
        ("P", 0.5),
        ("N", 0.0),
        ("c", None),
        ("Correct", None),
        ("yes", 1.0),
        ("0.5", 0.5),
        (None, None),
        (float("nan"), None),
        ("maybe", None),
        ("9" * 400, None),
        ({}, None),
    ],
)
def test_values_of_scores_in_logs(score: Any, value: float | None, tmp_path: Path) -> None:
    read = read_inputs([str(log(tmp_path / "a.eval", score))])
    values = [None if math.isnan(v) else v for v in read.outcomes.value.tolist()]
    assert not [p for p in read.problems if p.level == "error"], read.problems
    assert values == [value, value]
    totals = read.account.totals()
    assert (totals["read"], totals["scored"]) == (2, 0 if value is None else 2)
    # A word that is none of Inspect's verdicts is said.
    said = any("are no scores" in p.message for p in read.problems)
    assert said is (value is None and isinstance(score, str))
