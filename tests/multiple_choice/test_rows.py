"""Rows of local files and of the hub, good and broken."""

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hotmess_inspect.multiple_choice.files import read_rows
from hotmess_inspect.multiple_choice.hub import GPQA, MMLU, hub_rows
from hotmess_inspect.multiple_choice.rows import gpqa_question, mmlu_question, read_questions
from hotmess_inspect.multiple_choice.source import (
    draw_per_subject,
    draw_questions,
    fingerprint,
    load_questions,
)

MMLU_ROW = {"question": "2 + 2?", "subject": "sums", "choices": ["3", "4", "5", "6"], "answer": 1}
GPQA_ROW = {
    "Record ID": "rec1",
    "Question": "2 + 2?",
    "Correct Answer": "4",
    "Incorrect Answer 1": "3",
    "Incorrect Answer 2": "5",
    "Incorrect Answer 3": "6",
    "High-level domain": "Physics",
}


def gpqa_rows(number: int) -> list[dict[str, Any]]:
    return [
        {
            **GPQA_ROW,
            "Record ID": f"rec{i}",
            "Question": f"{i} + 2?",
            "Correct Answer": str(i + 2),
            **{f"Incorrect Answer {j}": str(i + 2 + j) for j in (1, 2, 3)},
        }
        for i in range(number)
    ]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    name = path.name
    if name.endswith(".csv"):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif name.endswith(".json"):
        path.write_text(json.dumps(rows), "utf-8")
    elif name.endswith(".parquet"):
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "jsonl.gz", "parquet"])
def test_every_kind_of_file_gives_the_same_questions(tmp_path: Path, ending: str) -> None:
    rows = gpqa_rows(30)
    found = read_questions(read_rows(write(tmp_path / f"rows.{ending}", rows)), gpqa_question)
    assert [question.id for question in found] == [f"rec{i}" for i in range(30)]
    assert [question.choices[question.answer] for question in found] == [str(i + 2) for i in range(30)]
    assert all(sorted(map(int, q.choices)) == [i + 2, i + 3, i + 4, i + 5] for i, q in enumerate(found))
    # The right answer, first in the file, is moved to every place.
    assert set(Counter(question.answer for question in found)) == {0, 1, 2, 3}
    assert found[0].subject == "Physics"


def test_mmlu_files(tmp_path: Path) -> None:
    rows = [MMLU_ROW, {**MMLU_ROW, "question": "3 + 3?", "answer": 3}]
    for ending in ("jsonl", "parquet"):
        found = read_questions(read_rows(write(tmp_path / f"m.{ending}", rows)), mmlu_question)
        assert [(q.text, q.choices, q.answer, q.subject) for q in found] == [
            ("2 + 2?", ("3", "4", "5", "6"), 1, "sums"),
            ("3 + 3?", ("3", "4", "5", "6"), 3, "sums"),
        ]
    flat = [{**MMLU_ROW, "choices": json.dumps(MMLU_ROW["choices"]), "answer": "B"}]
    [found_csv] = read_questions(read_rows(write(tmp_path / "m.csv", flat)), mmlu_question)
    assert (found_csv.choices, found_csv.answer) == (("3", "4", "5", "6"), 1)
    assert found_csv.id == found[0].id


def test_two_to_ten_choices(tmp_path: Path) -> None:
    for count in (2, 3, 7, 10):
        row = {**MMLU_ROW, "choices": [str(i) for i in range(count)], "answer": count - 1}
        assert mmlu_question(row, "here").answer == count - 1
        wrong = {f"Incorrect Answer {i}": str(i) for i in range(1, count)}
        own = {"Question": "?", "Correct Answer": "right", **wrong}
        question = gpqa_question(own, "here")
        assert len(question.choices) == count
        assert question.choices[question.answer] == "right"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": ""}, "row 1: column 'question' is empty"),
        ({"question": None}, "row 1: column 'question' is empty"),
        ({"choices": ["a"]}, "row 1: 1 choice; permitted are 2 to 26"),
        ({"choices": ["a", " ", "c"]}, "row 1: choice 2 is empty"),
        ({"choices": 7}, "row 1: choices is 7; permitted is a list of 2 to 26 texts"),
        ({"answer": 4}, "row 1: answer is 4; permitted is an index from 0 to 3 or its letter"),
        ({"answer": "E"}, "row 1: answer is 'E'; permitted is an index from 0 to 3"),
        ({"answer": None}, "row 1: answer is None"),
        ({"answer": True}, "row 1: answer is True"),
        ({"answer": 1.5}, "row 1: answer is 1.5"),
        ({"answer": float("nan")}, "row 1: answer is nan"),
    ],
)
def test_broken_mmlu_rows_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_questions([("rows.json, row 1", {**MMLU_ROW, **change})], mmlu_question)


def test_broken_gpqa_rows_are_named() -> None:
    for name in ("Question", "Correct Answer", "Incorrect Answer 1"):
        row = {key: value for key, value in GPQA_ROW.items() if key != name}
        with pytest.raises(ValueError, match=f"f, row 9: column {name!r} is missing; the row has "):
            gpqa_question(row, "f, row 9")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.json", b"[1, 2]", "row 1: is not a JSON object"),
        ("rows.json", b"[", "rows.json: is not JSON"),
        ("rows.jsonl", b'{"a": 1}\n{', "line 2: is not JSON"),
        ("rows.jsonl", b"\xff\xfe", "cannot be read"),
        ("rows.jsonl.gz", b"nothing", "cannot be read"),
        ("rows.parquet", b"nothing", "cannot be read"),
        ("rows.csv", b"a,b\n1,2\n3\n", "row 2: has another number of fields than the header"),
        ("rows.csv", b"a,b\n1,2,3\n", "row 1: has another number of fields than the header"),
        ("rows.csv", b'a,b\n1,"2\n', "row 1: is not CSV"),
        ("rows.txt", b"a", "has another ending than the permitted .csv, .json"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        list(read_rows(path))
    assert str(path) in str(raised.value)


def test_the_same_question_again_keeps_its_place() -> None:
    found = read_questions([("", MMLU_ROW), ("", MMLU_ROW)], mmlu_question)
    assert found[1].id == found[0].id + "-2"


def test_fingerprints_go_by_content() -> None:
    questions = read_questions([("", row) for row in gpqa_rows(5)], gpqa_question)
    assert fingerprint(questions) == fingerprint(questions[::-1])
    other = read_questions([("", row) for row in gpqa_rows(4)], gpqa_question)
    assert fingerprint(questions) != fingerprint(other)


def test_draws_are_even_and_seeded() -> None:
    questions = read_questions([("", row) for row in gpqa_rows(10)], gpqa_question)
    drawn = Counter(q.id for seed in range(500) for q in draw_questions(questions, 3, seed))
    # 500 · 3/10 = 150 each, standard deviation √(500 · .3 · .7) = 10.2.
    assert all(abs(count - 150) < 45 for count in drawn.values()) and len(drawn) == 10
    assert draw_questions(questions, 3, 1) == [
        q for q in questions if q in draw_questions(questions[::-1], 3, 1)
    ]
    assert draw_questions(questions, 99, 0) == questions
    assert len(draw_per_subject(questions, 4, 0)) == 4
    assert draw_per_subject(questions, 0, 0) == questions


class FakeHub:
    """Stands for `datasets`, the outside: it gives rows, or raises what the hub's client raises."""

    def __init__(self, rows: list[dict[str, Any]], error: Exception | None = None) -> None:
        self.rows, self.error = rows, error
        self.asked: list[tuple[Any, ...]] = []

    def load_dataset(
        self, path: str, config: str, *, split: str, revision: str | None
    ) -> list[dict[str, Any]]:
        self.asked.append((path, config, split, revision))
        if self.error is not None:
            raise self.error
        return self.rows


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    fake = FakeHub([MMLU_ROW] * 285)
    monkeypatch.setattr("datasets.load_dataset", fake.load_dataset)
    monkeypatch.setattr("hotmess_inspect.io.hub._unreachable", lambda host, port: None)
    return fake


def test_the_hub_is_asked_for_the_pinned_commit(hub: FakeHub) -> None:
    rows = list(hub_rows(MMLU, "all", ["dev"]))
    assert hub.asked == [("cais/mmlu", "all", "dev", "c30699e8356da336a370243923dbaf21066bb9fe")]
    assert rows[0] == ("cais/mmlu/all/dev at c30699e8356d, row 1", MMLU_ROW)
    hub.rows = hub.rows[:7]
    with pytest.raises(ValueError, match="all/dev at c30699e8356d has 7 rows, but was published with 285"):
        list(hub_rows(MMLU, "all", ["dev"]))
    # Another commit may have another number.
    assert len(list(hub_rows(MMLU, "all", ["dev"], revision="main"))) == 7


def test_a_gated_data_set_says_what_to_do(hub: FakeHub) -> None:
    hub.error = OSError("Dataset 'Idavidrein/gpqa' is a gated dataset on the Hub")
    with pytest.raises(ValueError) as raised:
        load_questions("hub", gpqa_question, GPQA, "gpqa_main", ["train"])
    message = str(raised.value)
    assert "accept its terms on https://huggingface.co/datasets/Idavidrein/gpqa" in message
    assert (
        "run `huggingface-cli login` (or set HF_TOKEN), or give a local copy with -T dataset=PATH" in message
    )
    assert "\n" not in message
    assert hub.asked == [
        ("Idavidrein/gpqa", "gpqa_main", "train", "633f5ee89ab8ad4522a9f850766b73f62147ffdd")
    ]


def test_without_a_network_a_file_is_the_way_out(hub: FakeHub) -> None:
    hub.error = ConnectionError("no route\nto host")
    with pytest.raises(
        ValueError, match=r"without a network, give a local copy with -T dataset=PATH .*no route to host"
    ):
        load_questions("hub", mmlu_question, MMLU, "all", ["test"])


def test_an_unknown_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"dataset 'rows.csv' is neither 'hub' nor an existing .csv, .json"):
        load_questions("rows.csv", mmlu_question, MMLU, "all", ["test"])
    empty = tmp_path / "rows.jsonl"
    empty.write_text("")
    with pytest.raises(ValueError, match="has no rows"):
        load_questions(str(empty), mmlu_question, MMLU, "all", ["test"])
