"""Rows in the published schemas of GPQA and MMLU, checked and turned into questions."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from hotmess_inspect.multiple_choice.question import MOST_CHOICES, Question, text_key
from hotmess_inspect.words import counted

__all__ = ["GPQA_COLUMNS", "MMLU_COLUMNS", "RowReader", "gpqa_question", "mmlu_question", "read_questions"]

Row: TypeAlias = Mapping[str, Any]
RowReader: TypeAlias = Callable[[Row, str], Question]

GPQA_COLUMNS = (
    "Question",
    "Correct Answer",
    "Incorrect Answer 1",
    "Incorrect Answer 2",
    "Incorrect Answer 3",
)
MMLU_COLUMNS = ("question", "choices", "answer")


def gpqa_question(row: Row, where: str) -> Question:
    """A row of GPQA, whose right answer stands first, with its choices in a fixed random order.

    The order depends on the texts of the question and its choices alone. Rows may have from 1 to 25 columns
    "Incorrect Answer n"; empty ones beyond the first are left out.

    Args:
        row: The row.
        where: File and row, for the error.

    Raises:
        ValueError: If a column is missing or empty, or two choices read the same.
    """
    from hotmess_inspect.multiple_choice.contexts import shuffled

    text = _text(row, "Question", where)
    right = _text(row, "Correct Answer", where)
    wrong = [_text(row, "Incorrect Answer 1", where)]
    for number in range(2, MOST_CHOICES):
        name = f"Incorrect Answer {number}"
        if name in row and _plain(row[name]):
            wrong.append(_plain(row[name]))
    choices = (right, *wrong)
    _check_choices(choices, where)
    record = _plain(row.get("Record ID")) or text_key(text, *choices)
    subject = _plain(row.get("High-level domain"))
    order = shuffled(Question(record, text, choices, 0), _FILE_ORDER, 0)
    return Question(record, text, tuple(choices[i] for i in order), order.index(0), subject)


# The order of GPQA's choices is part of the data set here: the same for every seed.
_FILE_ORDER = 0


def mmlu_question(row: Row, where: str) -> Question:
    """A row of MMLU: question, list of choices, index (or letter) of the right one, subject.

    Args:
        row: The row.
        where: File and row, for the error.

    Raises:
        ValueError: If a column is missing, the choices are no list of 2 to 26 different texts, or the answer
            is none of them.
    """
    text = _text(row, "question", where)
    listed = _listed(row.get("choices"))
    if not isinstance(listed, list | tuple):
        raise ValueError(f"{where}: choices is {listed!r}; permitted is a list of 2 to {MOST_CHOICES} texts")
    choices = tuple(_plain(choice) for choice in listed)
    _check_choices(choices, where)
    subject = _plain(row.get("subject"))
    answer = _index(row.get("answer"), len(choices), where)
    name = text_key(text, *choices)
    return Question(f"{subject}-{name}" if subject else name, text, choices, answer, subject)


def read_questions(rows: Iterable[tuple[str, Row]], reader: RowReader) -> list[Question]:
    """Turn rows into questions with unique ids.

    Args:
        rows: Where each row stands, and the row.
        reader: `gpqa_question` or `mmlu_question`.

    Returns:
        Questions in the order of the rows; a question that occurs again keeps its place and gets "-2", "-3"
        behind its id.

    Raises:
        ValueError: If a row is malformed, or there is none.
    """
    seen: Counter[str] = Counter()
    questions = []
    for where, row in rows:
        question = reader(row, where)
        seen[question.id] += 1
        if seen[question.id] > 1:
            again = f"{question.id}-{seen[question.id]}"
            question = Question(again, question.text, question.choices, question.answer, question.subject)
        questions.append(question)
    return questions


def _text(row: Row, name: str, where: str) -> str:
    text = _plain(row.get(name))
    if not text:
        problem = "is empty" if name in row else f"is missing; the row has {', '.join(map(str, row))}"
        raise ValueError(f"{where}: column {name!r} {problem}")
    return text


def _plain(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).strip()


def _check_choices(choices: tuple[str, ...], where: str) -> None:
    if not 2 <= len(choices) <= MOST_CHOICES:
        raise ValueError(f"{where}: {counted(len(choices), 'choice')}; permitted are 2 to {MOST_CHOICES}")
    if not all(choices):
        raise ValueError(f"{where}: choice {choices.index('') + 1} is empty")


def _listed(value: object) -> object:
    """A list as it is, or as the JSON text that a column of a CSV file holds."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _index(answer: object, classes: int, where: str) -> int:
    number: int | None = None
    if isinstance(answer, str) and len(answer.strip()) == 1 and answer.strip().isalpha():
        number = ord(answer.strip().upper()) - ord("A")
    elif not isinstance(answer, bool):
        try:
            number = int(answer) if float(answer) == int(answer) else None  # type: ignore[arg-type, call-overload]
        except (TypeError, ValueError, OverflowError):
            number = None
    if number is None or not 0 <= number < classes:
        raise ValueError(
            f"{where}: answer is {answer!r}; permitted is an index from 0 to {classes - 1} or its letter"
        )
    return number
