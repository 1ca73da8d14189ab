"""Votes from score metadata, from logs, and from people's rankings in CSV files."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hotmess_inspect.experiments.survey.entities import Entities, load_entities, make_entities, plain_name
from hotmess_inspect.experiments.survey.prompts import QUESTIONS
from hotmess_inspect.experiments.survey.votes import FAULTS, Duels, Rankings, Votes

HEADER_KEY = "survey"
"""Key of the log's metadata that holds the list of entities."""

_MOST_CSV_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class Found:
    """What was read.

    Attributes:
        entities: What was ranked.
        votes: Votes per question.
        notes: What a reader should know, a sentence each.
    """

    entities: Entities
    votes: Mapping[str, Votes]
    notes: list[str] = field(default_factory=list)


def votes_of(entries: Iterable[Mapping[str, Any]], entities: int) -> dict[str, Votes]:
    """Votes from the metadata of `survey_reply`, one entry per rater.

    Replies that are damaged, or read as unparsed, are counted and left out. Where rankings and pairs are mixed,
    pairs of a question are used only if no ranking of it is there; the others count as unparsed.
    """
    by_question: dict[str, list[Mapping[str, Any]]] = {question: [] for question in QUESTIONS}
    for entry in entries:
        question = entry.get("hm_survey")
        if isinstance(question, str) and question in by_question:
            by_question[question].append(entry)
    return {question: _votes(own, entities) for question, own in by_question.items()}


def _votes(entries: Sequence[Mapping[str, Any]], entities: int) -> Votes:
    faults = Counter(dict.fromkeys(FAULTS, 0))
    orders: list[list[int]] = []
    pairs: list[list[tuple[int, int]]] = []
    as_pairs = any("hm_pairs" in e for e in entries) and not any("hm_ranking" in e for e in entries)
    for entry in entries:
        order = None if as_pairs else _indices(entry.get("hm_ranking"), entities)
        won = _duels(entry.get("hm_pairs"), entities) if as_pairs else None
        if entry.get("hm_status") == "unparsed" or (not order and not won):
            faults["unparsed"] += 1
            continue
        for fault in FAULTS[1:]:
            count = entry.get(f"hm_{fault}", 0)
            faults[fault] += count if isinstance(count, int) else 0
        if order:
            orders.append(order)
        elif won:
            pairs.append(won)
    if as_pairs:
        return Duels.from_pairs(pairs, entities, faults)
    return Rankings.from_orders(orders, entities, faults)


def _indices(text: Any, entities: int) -> list[int] | None:
    if not isinstance(text, str) or not all(part.isascii() and part.isdigit() for part in text.split()):
        return None
    order = [int(part) for part in text.split()]
    return order if len(set(order)) == len(order) and all(index < entities for index in order) else None


def _duels(text: Any, entities: int) -> list[tuple[int, int]] | None:
    if not isinstance(text, str):
        return None
    found = [_indices(part.replace(">", " "), entities) for part in text.split()]
    return [(pair[0], pair[1]) for pair in found if pair is not None and len(pair) == 2]


def read_logs(paths: Sequence[str]) -> Found:
    """Votes of every rater in some logs of `hotmess/survey`.

    Raters of several logs and models are pooled; an epoch that stands in two logs (a run and its retry) counts once.

    Args:
        paths: Paths or URIs.

    Raises:
        ValueError: If a log cannot be read, is none of `hotmess/survey`, or lists other entities than the first.
    """
    from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries

    entities: Entities | None = None
    entries: dict[Any, Mapping[str, Any]] = {}
    raters: Counter[str] = Counter()
    for path in paths:
        try:
            spec = read_eval_log(path, header_only=True).eval
            summaries = read_eval_log_sample_summaries(path)
        except Exception as error:
            # Inspect's readers raise whatever their libraries raise; one name for all of it.
            raise ValueError(f"{path} cannot be read as a log: {type(error).__name__}: {error}") from error
        listed = (spec.metadata or {}).get(HEADER_KEY)
        if not isinstance(listed, Mapping):
            raise ValueError(f"{path} is no log of hotmess/survey: its metadata list no entities")
        own = make_entities(zip(listed["entities"], listed["categories"], strict=True), path)
        if entities is not None and own != entities:
            raise ValueError(f"{path} ranks other entities than {paths[0]}")
        entities = own
        for summary in summaries:
            score = next(
                (s for s in (summary.scores or {}).values() if "hm_survey" in (s.metadata or {})), None
            )
            key = summary.uuid or (path, summary.id, summary.epoch)
            if score is not None and key not in entries:
                entries[key] = score.metadata or {}
                raters[spec.model] += 1
    if entities is None:
        raise ValueError("no log was given")
    notes = (
        [f"{count} raters are {model}" for model, count in sorted(raters.items())] if len(raters) > 1 else []
    )
    return Found(entities, votes_of(entries.values(), len(entities)), notes)


def read_csv(path: str, entities: Entities | None = None) -> Found:
    """People's rankings or comparisons.

    Columns ``rater``, ``question`` (intelligence or coherence), ``entity``, ``rank`` (1 for the highest; any
    numbers that order alike, ties allowed) and, if wanted, ``category``; or ``rater``, ``question``, ``winner``,
    ``loser``. Faults are repaired and counted as those of models are: left-out entities get the middle rank, of
    repeated ones the first counts, and what is not on the list is invented.

    Args:
        path: A CSV file.
        entities: The list. None takes every entity that the file names, with the file's categories, or those of the
            bundled list.

    Raises:
        ValueError: If the file cannot be read or a line is malformed; the message names file and line.
    """
    rows = _rows(path)
    columns = set(rows[0][1]) if rows else set()
    pairwise = {"winner", "loser"} <= columns
    needed = {"rater", "question", "winner", "loser"} if pairwise else {"rater", "question", "entity", "rank"}
    if not needed <= columns:
        raise ValueError(f"{path}: needed are the columns {', '.join(sorted(needed))}")
    raters: dict[str, set[str]] = {question: set() for question in QUESTIONS}
    own: dict[str, dict[str, list[tuple[str, dict[str, str]]]]] = {question: {} for question in QUESTIONS}
    for where, row in rows:
        question = row["question"].strip().lower()
        if question not in QUESTIONS:
            raise ValueError(f"{where}: question {row['question']!r} is not one of {', '.join(QUESTIONS)}")
        raters[question].add(row["rater"])
        own[question].setdefault(row["rater"], []).append((where, row))
    listed = entities or _named(rows, path, ("winner", "loser") if pairwise else ("entity",))
    index = {plain_name(name): place for place, name in enumerate(listed.names)}
    make = _duels_of if pairwise else _rankings_of
    votes: dict[str, Votes] = {question: make(own[question], index) for question in QUESTIONS}
    both = len(raters["intelligence"] & raters["coherence"])
    notes = [f"{both} raters answered both questions; the two groups should be disjoint"] if both else []
    return Found(listed, votes, notes)


def _rows(path: str) -> list[tuple[str, dict[str, str]]]:
    from pathlib import Path

    file = Path(path)
    try:
        if file.stat().st_size > _MOST_CSV_BYTES:
            raise ValueError(f"{path} is larger than {_MOST_CSV_BYTES:,} bytes")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    rows = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        if None in row or None in row.values():
            raise ValueError(f"{path}, line {number}: it has not as many fields as the header")
        rows.append((f"{path}, line {number}", {str(k).strip(): str(v) for k, v in row.items()}))
    if not rows:
        raise ValueError(f"{path} holds no rows")
    return rows


def _named(rows: Sequence[tuple[str, dict[str, str]]], path: str, columns: Sequence[str]) -> Entities:
    """Every entity that the file names, by its first spelling."""
    bundled = load_entities()
    known = {plain_name(n): c for n, c in zip(bundled.names, bundled.categories, strict=True)}
    names: dict[str, tuple[str, str]] = {}
    for _, row in rows:
        for column in columns:
            key = plain_name(row[column])
            if key not in names or not names[key][1]:
                category = row.get("category", "").strip() or known.get(key, "")
                names[key] = (names.get(key, (row[column].strip(), ""))[0], category)
    return make_entities(names.values(), path)


def _rankings_of(
    raters: Mapping[str, Sequence[tuple[str, dict[str, str]]]], index: Mapping[str, int]
) -> Rankings:
    from scipy.stats import rankdata

    from hotmess_inspect.experiments.survey.ranks import ranks_from_order

    faults = Counter(dict.fromkeys(FAULTS, 0))
    table = []
    for rows in raters.values():
        given: dict[int, float] = {}
        for where, row in rows:
            place = index.get(plain_name(row["entity"]))
            rank = _number(row["rank"], where)
            if place is None:
                faults["invented"] += 1
            elif place in given:
                faults["doubled"] += 1
            else:
                given[place] = rank
        missing = len(index) - len(given)
        if len(given) < max(2, missing):
            faults["unparsed"] += 1
            continue
        faults["missing"] += missing
        places = sorted(given)
        ranks = ranks_from_order(places, len(index))
        # Ties share a rank; the scale is that of an incomplete ranking.
        ranks[places] = rankdata([given[place] for place in places]) * (len(index) + 1) / (len(places) + 1)
        table.append(tuple(ranks))
    rows_sorted = np.array(sorted(table), dtype=np.float64).reshape(len(table), len(index))
    return Rankings(rows_sorted, dict(faults))


def _duels_of(raters: Mapping[str, Sequence[tuple[str, dict[str, str]]]], index: Mapping[str, int]) -> Duels:
    faults = Counter(dict.fromkeys(FAULTS, 0))
    won = []
    for rows in raters.values():
        pairs = []
        for where, row in rows:
            one, other = (index.get(plain_name(row[column])) for column in ("winner", "loser"))
            if one is None or other is None:
                faults["invented"] += 1
            elif one == other:
                raise ValueError(f"{where}: {row['winner']!r} is compared with itself")
            else:
                pairs.append((one, other))
        if pairs:
            won.append(pairs)
        else:
            faults["unparsed"] += 1
    return Duels.from_pairs(won, len(index), dict(faults))


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise ValueError(f"{where}: rank {text!r} is no number")
    return number
