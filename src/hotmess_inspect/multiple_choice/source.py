"""From a task's parameter `dataset` to questions and a pool of examples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotmess_inspect.multiple_choice.files import ENDINGS, read_rows
from hotmess_inspect.multiple_choice.hub import HubSource, hub_rows
from hotmess_inspect.multiple_choice.question import Question
from hotmess_inspect.multiple_choice.rows import RowReader, read_questions

__all__ = [
    "Loaded",
    "check_sha256",
    "draw_per_subject",
    "draw_questions",
    "fingerprint",
    "keep_subjects",
    "load_questions",
]

_DRAW = 103


@dataclass(frozen=True)
class Loaded:
    """Questions, and what is needed to know them again.

    Attributes:
        questions: In the data set's order.
        sha256: Fingerprint of the questions, whatever their order.
        name: Data set, with commit where it has one.
    """

    questions: tuple[Question, ...]
    sha256: str
    name: str


def load_questions(
    dataset: str,
    reader: RowReader,
    source: HubSource,
    config: str,
    splits: Sequence[str],
    *,
    revision: str | None = None,
) -> Loaded:
    """Load a data set from the hub or from a local file.

    Args:
        dataset: ``hub``, or the path of a file in the published schema.
        reader: Turns a row into a question.
        source: The data set on the hub.
        config: Its configuration.
        splits: Its splits.
        revision: Commit of the hub's data set instead of the pinned one.

    Raises:
        ValueError: If there is no such data set, it cannot be loaded, a row is malformed, or there is no row.
    """
    rows: Iterator[tuple[str, Mapping[str, Any]]]
    if dataset == "hub":
        commit = revision or source.revision
        name = f"{source.path}/{config}" + (f"@{commit}" if commit else "")
        rows = hub_rows(source, config, splits, revision=revision)
    else:
        path = Path(dataset).expanduser()
        if not path.is_file():
            raise ValueError(
                f"dataset {dataset!r} is neither 'hub' nor an existing {', '.join(ENDINGS)} file"
            )
        name = path.name
        rows = read_rows(path)
    questions = read_questions(rows, reader)
    if not questions:
        raise ValueError(f"dataset {dataset!r} has no rows")
    return Loaded(tuple(questions), fingerprint(questions), name)


def fingerprint(questions: Sequence[Question]) -> str:
    """SHA-256 over ids, texts, choices and answers, the same for every order of the questions."""
    rows = sorted(repr((q.id, q.subject, q.text, q.choices, q.answer)) for q in questions)
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogatepass")).hexdigest()


def draw_questions(questions: Sequence[Question], number: int | None, seed: int) -> list[Question]:
    """A random subset that depends on the questions' names and the seed, not on their order.

    Args:
        questions: Questions.
        number: How many to keep; all if ``None`` or there are no more.
        seed: Seed.

    Returns:
        The subset, in the order given.
    """
    from hotmess_inspect.simulated.hashing import stream

    if number is None or number >= len(questions):
        return list(questions)
    by_name = sorted(range(len(questions)), key=lambda place: questions[place].id)
    drawn = stream(seed, _DRAW, len(questions)).permutation(len(questions))[:number]
    kept = sorted(by_name[place] for place in drawn.tolist())
    return [questions[place] for place in kept]


def draw_per_subject(questions: Sequence[Question], number: int | None, seed: int) -> list[Question]:
    """A random subset of each subject, as `draw_questions`; all where the number is 0 or ``None``."""
    if not number:
        return list(questions)
    subjects: dict[str, list[Question]] = {}
    for question in questions:
        subjects.setdefault(question.subject, []).append(question)
    kept = {q.id for own in subjects.values() for q in draw_questions(own, number, seed)}
    return [question for question in questions if question.id in kept]


def keep_subjects(
    questions: Sequence[Question], wanted: str | Sequence[str] | None, name: str
) -> list[Question]:
    """The questions of some subjects.

    Args:
        questions: Questions.
        wanted: Names of subjects, in a list or separated by commas; all if ``None``.
        name: Name of the parameter, for the error.

    Raises:
        ValueError: If a subject does not occur.
    """
    if wanted is None:
        return list(questions)
    names = wanted.split(",") if isinstance(wanted, str) else wanted
    known = {question.subject for question in questions}
    chosen = {str(subject).strip() for subject in names}
    for subject in sorted(chosen - known):
        raise ValueError(f"{name} names {subject!r}; permitted are: {', '.join(sorted(known))}")
    return [question for question in questions if question.subject in chosen]


def check_sha256(loaded: Loaded, expected: str | None) -> None:
    """Raise a ValueError where the questions are others than those expected."""
    if expected is not None and expected.strip().lower() != loaded.sha256:
        raise ValueError(
            f"dataset {loaded.name!r} has questions of SHA-256 {loaded.sha256}, but checksum is {expected!r}"
        )
