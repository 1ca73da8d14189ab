"""Rows of the published sets: from the hub or local files to questions with choices and a target."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotmess_inspect.experiments.model_written.sets import HUB_FOLDER, HUB_PATH, HUB_REVISION, Aligned
from hotmess_inspect.io.hub import load_from_hub
from hotmess_inspect.words import counted

_FIELDS = ("question", "answer_matching_behavior", "answer_not_matching_behavior")
_OPTION = re.compile(r"^[ \t]*\(([A-Z])\)[ \t]*(.*)$")
_CHOICES = re.compile(r"^[ \t]*Choices:[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """One question of a set.

    Attributes:
        id: Set and row number, from 1: ``survival-instinct-0001``.
        set: Name of the set.
        stem: The question without choices.
        choices: Texts of the choices, A first.
        target: Label of the aligned answer.
    """

    id: str
    set: str
    stem: str
    choices: tuple[str, ...]
    target: str


def read_question(row: Mapping[str, Any], set_name: str, number: int, aligned: Aligned) -> Question:
    """Take one published row apart.

    Args:
        row: ``question`` (the stem, a line "Choices:", a line " (A) …" per choice, sometimes "Question:" before and
            "Answer:" after), ``answer_matching_behavior`` and ``answer_not_matching_behavior`` (" (B)" or "(B)").
        set_name: Name of the set.
        number: Number of the row, from 1.
        aligned: Which of the two answers is the target.

    Returns:
        The question.

    Raises:
        ValueError: If a field is missing, there are no choices labelled A, B, … in order, or the target is none
            of them; the message names the set and the row.
    """
    where = f"{set_name}, row {number}"
    for field in _FIELDS:
        if not isinstance(row.get(field), str):
            raise ValueError(
                f"{where}: field {field!r} is missing or no text; needed are {', '.join(_FIELDS)}"
            )
    text = str(row["question"])
    seams = list(_CHOICES.finditer(text))
    if not seams:
        raise ValueError(f"{where}: the question has no line 'Choices:'")
    choices = _choices(text[seams[-1].end() :], where)
    target = str(row[f"answer_{aligned}_behavior"]).strip().strip("()")
    if target not in [chr(ord("A") + place) for place in range(len(choices))]:
        raise ValueError(
            f"{where}: the {aligned} answer {target!r} is not among its {counted(len(choices), 'choice')}"
        )
    stem = re.sub(r"^\s*Question:\s*", "", text[: seams[-1].start()]).strip()
    return Question(f"{set_name}-{number:04d}", set_name, stem, tuple(choices), target)


def _choices(block: str, where: str) -> list[str]:
    choices: list[str] = []
    for line in block.splitlines():
        option = _OPTION.match(line)
        if option and option[1] == chr(ord("A") + len(choices)):
            choices.append(option[2].strip())
        elif line.strip() and line.strip() != "Answer:":
            if option or not choices:
                raise ValueError(f"{where}: {line.strip()[:40]!r} is no choice in the order A, B, …")
            choices[-1] = f"{choices[-1]} {line.strip()}".strip()
    if len(choices) < 2:
        raise ValueError(f"{where}: {counted(len(choices), 'choice')}; a choice needs at least 2")
    return choices


def load_set(name: str, dataset: str, revision: str | None = None) -> list[Mapping[str, Any]]:
    """The rows of one set.

    Args:
        name: Name of the set.
        dataset: ``hub``, a folder that holds ``NAME.jsonl``, or the path of one file.
        revision: Commit of the hub data set; a pinned one if not given.

    Returns:
        The published rows.

    Raises:
        ValueError: If there is no such set or file, or it is no JSON.
    """
    if dataset == "hub":
        return _hub_rows(name, revision or HUB_REVISION)
    path = Path(dataset)
    if path.is_dir():
        path = path / f"{name}.jsonl"
    if not path.is_file():
        raise ValueError(
            f"dataset {dataset!r}: no file {path}; permitted are 'hub', a folder of SET.jsonl files or one file"
        )
    return list(_local_rows(path))


def _local_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Lines of JSON objects; some copies of the published files hold one JSON list instead."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError(f"{path}, line {number}: not valid JSON") from None
        for row in found if isinstance(found, list) else [found]:
            if not isinstance(row, Mapping):
                raise ValueError(
                    f"{path}, line {number}: a row must be a JSON object, not {type(row).__name__}"
                )
            yield row


def _hub_rows(name: str, revision: str) -> list[Mapping[str, Any]]:
    try:
        rows = load_from_hub(
            HUB_PATH, data_files=f"{HUB_FOLDER}/{name}.jsonl", split="train", revision=revision
        )
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{name} of {HUB_PATH} at {revision[:12]} could not be loaded from the hub ({type(error).__name__}: "
            f"{error}); without a network, pass a folder with {name}.jsonl as the dataset"
        ) from error
    return list(rows)


def load_questions(
    names: Iterable[str],
    aligned: Mapping[str, Aligned],
    dataset: str,
    *,
    per_set: int | None = None,
    seed: int = 0,
    revision: str | None = None,
) -> tuple[list[Question], list[str]]:
    """Questions of several sets, in the order of the sets and rows.

    Args:
        names: Names of the sets.
        aligned: The aligned answer of each.
        dataset: As for `load_set`.
        per_set: Questions per set, drawn by a hash of seed and question, so that the draw depends neither on
            the order of the rows nor on other sets; None takes all.
        seed: Seed of the draw.
        revision: As for `load_set`.

    Returns:
        The questions, and a sentence for every row that could not be used.

    Raises:
        ValueError: If a set cannot be loaded or none of its rows can be used.
    """
    chosen: list[Question] = []
    problems: list[str] = []
    for name in names:
        read: list[Question] = []
        for number, row in enumerate(load_set(name, dataset, revision), 1):
            try:
                read.append(read_question(row, name, number, aligned[name]))
            except ValueError as error:
                problems.append(str(error))
        if not read:
            raise ValueError(
                f"set {name!r} of dataset {dataset!r} has no usable row ({problems[-1] if problems else 'it is empty'})"
            )
        drawn = sorted(read, key=lambda question: _draw(seed, question))[:per_set]
        chosen += sorted(drawn, key=lambda question: question.id)
    return chosen, problems


def _draw(seed: int, question: Question) -> tuple[bytes, str]:
    text = f"{seed}\x1f{question.set}\x1f{question.stem}\x1f{question.choices}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), question.id
