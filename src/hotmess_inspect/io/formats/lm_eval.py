"""lm-evaluation-harness: samples of a task, one line per question and filter."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows

_NAME = re.compile(r"samples_(?P<task>.+?)_(?P<run>\d{4}-\d{2}-\d{2}T[^/]*?)\.jsonl(?:\.gz)?")


class LmEval:
    """``samples_<task>_<time>.jsonl``: ``doc_id``, ``target``, ``resps``, ``filtered_resps``, ``filter``, metrics."""

    name = "lm-evaluation-harness samples"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether the first line has a document, its responses and what a filter left of them."""
        return b'"doc_id"' in head and b'"filtered_resps"' in head and head.lstrip()[:1] == b"{"

    def read(self, path: str, text: bytes) -> Rows:
        """A row per question and metric; where a filter leaves several responses, a row for each of them."""
        named = _NAME.fullmatch(PurePosixPath(path).name)
        task = named["task"] if named else PurePosixPath(path).name.split(".")[0]
        run = named["run"] if named else PurePosixPath(path).name
        model = PurePosixPath(path).parent.name or task
        found: list[tuple[Any, ...]] = []
        for line in text.split(b"\n"):
            if line.strip():
                found += _rows_of(msgspec.json.decode(line))
        repeated = any(row[2] > 0 for row in found)
        columns = {
            "question_id": [row[0] for row in found],
            "scorer": [row[1] for row in found],
            "model": [model] * len(found),
            "task": [task] * len(found),
        }
        if not repeated:
            return Rows(columns | {"score": [row[3] for row in found]}, [run] * len(found))
        runs = [f"{run}/{row[2]:06d}" for row in found]
        notes = ["several responses per question: each is an epoch, right where it equals the target"]
        # A filter that leaves one response stands beside those that leave all: it has labels, too, if they explain its score.
        if all(row[3] is None or (row[4] is not None and row[3] == (row[4] == row[5])) for row in found):
            columns |= {"answer": [row[4] for row in found], "target": [row[5] for row in found]}
            return Rows(columns, runs, notes)
        notes.append(
            "another filter has scores that are more than right or wrong answers: all are read as scores"
        )
        return Rows(columns | {"score": [_score_of(row) for row in found]}, runs, notes)


def _score_of(row: tuple[Any, ...]) -> float:
    return float(row[4] == row[5]) if row[3] is None else row[3]


def _rows_of(line: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Question, scorer, number of the response, score, answer and target."""
    question, filter_ = line.get("doc_id"), line.get("filter") or "none"
    answers = line.get("filtered_resps")
    answers = (
        answers[0]
        if isinstance(answers, list) and len(answers) == 1 and isinstance(answers[0], list)
        else answers
    )
    if isinstance(answers, list) and len(answers) > 1 and all(isinstance(one, str) for one in answers):
        return [
            (question, filter_, n, None, one.strip(), str(line.get("target")).strip())
            for n, one in enumerate(answers)
        ]
    metrics = line.get("metrics") or [n for n in ("exact_match", "acc", "pass@1") if n in line]
    said = answers[0] if isinstance(answers, list) and len(answers) == 1 else answers
    label = said.strip() if isinstance(said, str) else None
    return [
        (question, f"{name},{filter_}", 0, line[name], label, str(line.get("target")).strip())
        for name in metrics
        if isinstance(line.get(name), int | float)
    ]
