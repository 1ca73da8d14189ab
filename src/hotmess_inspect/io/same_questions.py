"""Whether logs ask the same questions: inputs, choices and right answers compared, letters and ids mapped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hotmess_inspect.schema import Problem, class_index, class_label
from hotmess_inspect.table import Labels, Outcomes, Ragged

_SHOWN = 60


@dataclass(frozen=True)
class Asked:
    """What a log says of one question.

    Attributes:
        digest: Digest of its input, ``None`` where the log does not hold it.
        shown: Beginning of the input, for people.
        target: The right answer as written.
        choices: Texts of the choices in their order.
    """

    digest: bytes | None
    shown: str
    target: str | None
    choices: tuple[str, ...] | None

    @property
    def right(self) -> str | None:
        """The right answer, whatever the order of the choices: the choice's text where there are choices."""
        place = None if self.target is None else class_index(self.target)
        if self.choices is None or place is None or place >= len(self.choices):
            return self.target
        return self.choices[place]


@dataclass(frozen=True)
class Run:
    """A log among those that may be pooled with it.

    Attributes:
        path: Its path.
        pool: Task, model and settings: logs that differ in them are never pooled.
        created: When it was made.
        asked: Its questions by id.
    """

    path: str
    pool: tuple[str, ...]
    created: str
    asked: Mapping[str, Asked] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What has to be done to a log's rows before they stand with those of other logs.

    Attributes:
        ids: Question's id in the log → its id in the other logs.
        letters: Question's id in the log → places of its choices in the other logs' order.
        edition: Log whose questions these are, if they are not those of the first log.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    edition: str | None = None

    def __bool__(self) -> bool:
        return bool(self.ids or self.letters or self.edition)


def asked_of(input_: bytes, target: str | None, choices: Sequence[str] | None, origin: bytes) -> Asked:
    """What a summary says of a question.

    Args:
        input_: JSON text of the input, empty where there is none.
        target: The right answer.
        choices: The choices.
        origin: Format of the log, one byte: summaries shorten inputs, so only logs of one kind are compared in them.
    """
    text = _text(input_) if input_ else None
    digest = None
    if text is not None:
        digest = origin + hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return Asked(digest, (text or "")[:_SHOWN], target, tuple(choices) if choices else None)


def _text(input_: bytes) -> str | None:
    """The text of an input: messages without their ids, which are new in every run."""
    try:
        held = json.loads(input_)
    except ValueError:
        return None
    if isinstance(held, str):
        return held
    return json.dumps(_without_ids(held), sort_keys=True) if isinstance(held, list) else None


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_ids(v) for k, v in value.items() if k not in ("id", "source", "metadata")}
    return [_without_ids(v) for v in value] if isinstance(value, list) else value


def settle(runs: Iterable[Run]) -> tuple[dict[str, Change], list[Problem]]:
    """Decide which logs ask the same questions.

    Logs of one pool are taken in the order of their creation. A log whose choices stand in another order has
    its letters mapped to the order of the first; a log that numbers the same inputs otherwise has its ids
    mapped; a log that asks something else under the same id starts another edition, which is not pooled.

    Returns:
        What to change, by path, and what to say about it.
    """
    pools: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        pools.setdefault(run.pool, []).append(run)
    changes: dict[str, Change] = {}
    problems: list[Problem] = []
    for pool in pools.values():
        editions: list[_Edition] = []
        for run in sorted(pool, key=lambda run: (run.created, run.path)):
            change, edition = None, None
            for edition in editions:
                change = edition.change_for(run)
                if change is not None:
                    break
            if change is None:
                if editions:
                    problems.append(Problem("warning", run.path, editions[0].conflict(run)))
                edition = _Edition(run, first=not editions)
                editions.append(edition)
                change = Change()
            assert edition is not None
            edition.add(run, change)
            change = replace(change, edition=None if edition.first else edition.name)
            if change:
                changes[run.path] = change
            if change.letters:
                problems.append(
                    Problem(
                        "note",
                        run.path,
                        "its choices stand in another order than in other logs: letters are mapped by the choices' texts",
                    )
                )
            if change.ids:
                problems.append(
                    Problem(
                        "note",
                        run.path,
                        "it numbers the same questions in another order than other logs: they are matched by their inputs",
                    )
                )
    return changes, problems


class _Edition:
    """Logs that ask the same."""

    def __init__(self, run: Run, *, first: bool) -> None:
        self.name, self.first = run.path, first
        self._asked: dict[str, Asked] = {}

    def change_for(self, run: Run) -> Change | None:
        """What makes a log's questions those of this edition, ``None`` if nothing does."""
        ids = self._renumbered(run)
        letters = {}
        for question, asked in run.asked.items():
            known = self._asked.get(ids.get(question, question))
            if known is None:
                continue
            if _differ(known, asked):
                return None
            if known.choices and asked.choices and known.choices != asked.choices:
                letters[question] = tuple(known.choices.index(text) for text in asked.choices)
        return Change(ids, letters)

    def add(self, run: Run, change: Change) -> None:
        for question, asked in run.asked.items():
            self._asked.setdefault(change.ids.get(question, question), asked)

    def conflict(self, run: Run) -> str:
        for question, asked in run.asked.items():
            known = self._asked.get(question)
            if known is not None and _differ(known, asked):
                here, there = _two_values(asked, known)
                return (
                    f"question {question!r} is {here} here and {there} in {self.name}: the two are not pooled, each is a "
                    "group of its own"
                )
        return f"its questions are not those of {self.name}: the two are not pooled"

    def _renumbered(self, run: Run) -> dict[str, str]:
        """Ids by input, where both logs hold the same inputs, none twice, under other numbers."""
        if not all(_is_number(question) for question in run.asked):
            return {}
        own = {asked.digest: question for question, asked in run.asked.items()}
        known = {asked.digest: question for question, asked in self._asked.items()}
        if (
            None in own
            or len(own) < len(run.asked)
            or len(known) < len(self._asked)
            or own.keys() != known.keys()
        ):
            return {}
        return {own[digest]: known[digest] for digest in own if own[digest] != known[digest]}


def _is_number(question: str) -> bool:
    return question.isascii() and question.isdigit()


def _differ(one: Asked, other: Asked) -> bool:
    if one.digest is not None and other.digest is not None and one.digest != other.digest:
        # Summaries shorten inputs, so those of logs of two formats say nothing about each other.
        return one.digest[:1] == other.digest[:1]
    if (
        one.choices
        and other.choices
        and (sorted(one.choices) != sorted(other.choices) or len(set(one.choices)) < len(one.choices))
    ):
        return one.choices != other.choices
    if bool(one.choices) != bool(other.choices):
        return one.target is not None and other.target is not None and one.target != other.target
    return one.right is not None and other.right is not None and one.right != other.right


def _two_values(one: Asked, other: Asked) -> tuple[str, str]:
    if one.digest != other.digest and one.shown != other.shown:
        return repr(one.shown), repr(other.shown)
    if one.right != other.right:
        return f"answered by {one.right!r}", f"answered by {other.right!r}"
    return f"one with the choices {one.choices}", f"one with {other.choices}"


def apply_change(outcomes: Outcomes, change: Change) -> Outcomes:
    """The rows of one log as they stand beside those of the other logs."""
    made: dict[str, Any] = {}
    if change.letters:
        answer, target, vector = _mapped(outcomes, change.letters)
        made |= {"answer": answer, "target": target, "vector": vector}
    if change.ids:
        made["question"] = outcomes.question.map(lambda name: change.ids.get(name, name))
    if change.edition is not None:
        edition = {"questions": f"of {change.edition}"}
        made["variant"] = outcomes.variant.map(
            lambda text: json.dumps(json.loads(text) | edition, sort_keys=True)
        )
    return replace(outcomes, **made)


def _mapped(outcomes: Outcomes, letters: Mapping[str, tuple[int, ...]]) -> tuple[Labels, Labels, Ragged]:
    """Answers, targets and probabilities in the order of the other logs' choices."""
    questions = outcomes.question.values()
    kinds = outcomes.kind.values()
    columns = []
    for labels in (outcomes.answer, outcomes.target):
        values = [
            _letter(value, letters.get(question or ""))
            for value, question in zip(labels.values(), questions, strict=True)
        ]
        columns.append(Labels.encode(values))
    lists = []
    for row, (question, kind) in enumerate(zip(questions, kinds, strict=True)):
        own = outcomes.vector.flat[outcomes.vector.offsets[row] : outcomes.vector.offsets[row + 1]]
        places = letters.get(question or "")
        if kind == "probabilities" and places and len(own) == len(places):
            moved = np.empty_like(own)
            moved[list(places)] = own
            own = moved
        lists.append(own)
    return columns[0], columns[1], Ragged.encode(lists)


def _letter(label: str | None, places: tuple[int, ...] | None) -> str | None:
    place = None if label is None or places is None else class_index(label)
    return label if place is None or places is None or place >= len(places) else class_label(places[place])
