"""From a log's summaries to rows of Outcomes, for our own scorers and for other people's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.io.clusters import MetadataClusters
from hotmess_inspect.io.human_time import MetadataMinutes
from hotmess_inspect.io.own_scores import OwnColumns, of_records, scale_labels
from hotmess_inspect.io.records import (
    ANNOTATION,
    HeaderRecord,
    ScoreRecord,
    SummaryRecord,
    Usage,
)
from hotmess_inspect.io.same_questions import Asked, asked_of
from hotmess_inspect.io.scales import stated_scale
from hotmess_inspect.io.variants import variant_of
from hotmess_inspect.schema import ADAPTIVE, STATUSES, EpochMetadata, Scale, normalise_label
from hotmess_inspect.table import LabelBuilder, Labels, Outcomes
from hotmess_inspect.table.outcomes import fold_keys
from hotmess_inspect.verdicts import entries_of, pick, value_keys, verdicts_to_floats
from hotmess_inspect.words import counted

IntArray: TypeAlias = NDArray[np.int64]

_NO_METADATA = EpochMetadata()
_NO_USAGE = Usage()
_OK, _UNPARSED, _ERRORED, _UNSCORED = map(STATUSES.index, ("ok", "unparsed", "errored", "unscored"))

_EPOCH_NUMBERS: dict[str, type] = {
    "epoch": np.int32,
    "choices": np.int32,
    "retries": np.int32,
    "errored": np.bool_,
    "unused": np.bool_,
    "turns": np.float64,
    "messages": np.float64,
    "output_tokens": np.float64,
    "reasoning_tokens": np.float64,
    "human_minutes": np.float64,
}

_MOST_ABSENT = 100_000
"""So many planned epochs without a record get rows at most (or 20 for each record); more are only counted."""


@dataclass(frozen=True)
class EpochCounts:
    """What became of a log's epochs.

    Attributes:
        planned: Questions times epochs, as the header says; ``None`` where it does not list its questions.
        recorded: Records in the log.
        repeated: Records of epochs that were recorded again later.
        invalid: Epochs that were marked invalid.
        stopped: Planned epochs that were stopped early.
        missing: Planned epochs without a record.
        unplanned: Epochs with a record that were not planned.
    """

    planned: int | None = None
    recorded: int = 0
    repeated: int = 0
    invalid: int = 0
    stopped: int = 0
    missing: int = 0
    unplanned: int = 0


class LogRows:
    """Collects the rows of one log, a batch of summaries at a time.

    Columns are kept as they come and the verdicts are read at the end, when it is known whether all
    answers of a scorer are letters.
    """

    def __init__(self, location: str, header: HeaderRecord, cluster: str | None = None) -> None:
        self.location = location
        self.header = header
        self.cluster = cluster
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.asked: dict[str, Asked] = {}
        self.invalid: set[tuple[str, int]] = set()
        self.counts = EpochCounts()
        self._epochs = _EpochColumns(MetadataClusters(cluster))
        self._scorers: dict[str, _ScorerColumns] = {}

    @property
    def adaptive(self) -> dict[str, Any]:
        """What the log says of the adaptive run that it is a wave of; empty for other logs."""
        metadata = self.header.eval.metadata
        own = metadata.get(ADAPTIVE) if isinstance(metadata, dict) else None
        return own if isinstance(own, dict) else {}

    @property
    def pilot(self) -> int:
        """Epochs that an adaptive run gives every question, 0 for other logs."""
        found = self.adaptive.get("pilot")
        return found if isinstance(found, int) and 0 < found < 2**31 else 0

    @property
    def origin(self) -> bytes:
        """The log's format, in one byte."""
        return b"j" if self.location.lower().endswith(".json") else b"e"

    def __len__(self) -> int:
        return len(self._epochs)

    def add(self, rows: Sequence[SummaryRecord]) -> None:
        """Add a batch of summaries."""
        start = len(self._epochs)
        self._epochs.add(rows, self.header.eval.model)
        asked = self.asked
        for row in rows:
            if (name := str(row.id)) not in asked:
                asked[name] = asked_of(bytes(row.input), _one_target(row.target), row.choices, self.origin)
        self.invalid.update((str(row.id), row.epoch) for row in rows if row.invalid)
        held = [row.scores or {} for row in rows]
        for name in dict.fromkeys(chain.from_iterable(held)):
            if name == ANNOTATION:
                continue
            given = [scores.get(name) for scores in held]
            places: Sequence[int] = range(start, start + len(given))
            scores = [score for score in given if score is not None]
            if len(scores) < len(given):
                places = [place for place, score in zip(places, given, strict=True) if score is not None]
            if name not in self._scorers:
                self._scorers[name] = _ScorerColumns(name)
            self._scorers[name].add(places, scores)

    @property
    def without_answers(self) -> bool:
        """Whether there are verdicts of other people's scorers, and none of them names its answer."""
        scorers = self._scorers.values()
        return bool(scorers) and not any(
            columns.ours or columns.answers.labels().names for columns in scorers
        )

    def finish(self) -> Outcomes:
        """All rows: one per planned epoch and scorer, the last of equal (id, epoch) only."""
        last = self._epochs.last_of_each()
        recorded = len(self._epochs)
        last = self._valid(last)
        columns = self._epochs.columns(last)
        pairs = _Pairs(columns["question"], columns["epoch"])
        absent = self._absent(pairs)
        self.counts = replace(self.counts, recorded=recorded, repeated=self.counts.repeated)
        scorers = self._chosen_scorers()
        tables = [part for columns in scorers for part in self._scorer_tables(columns, last)]
        tables = tables or [
            self._table(
                "",
                last,
                {"kind": "score", "status": Labels(self._missing_status(last).astype(np.int32), STATUSES)},
            )
        ]
        if absent is not None:
            tables += [self._absent_table(table, absent) for table in tables]
        self.warnings += [text for columns in scorers for text in columns.own.warnings()]
        self.notes += self._epochs.minutes_notes
        return Outcomes.concatenate(tables)

    def _chosen_scorers(self) -> list[_ScorerColumns]:
        """Scorers with ``hm_*`` metadata describe the same verdicts as those beside them, and go first."""
        ours = [columns for columns in self._scorers.values() if columns.ours]
        if ours and len(ours) < len(self._scorers):
            others = sorted(set(self._scorers) - {columns.name for columns in ours})
            self.notes.append(f"scorers without hm_* metadata are left out beside ours: {', '.join(others)}")
            stated = {name: stated_scale(self.header.eval.scorers, name, None) for name in others}
            if told := [
                f"{name} (wrong {scale.low:g}, right {scale.high:g})"
                for name, scale in stated.items()
                if scale
            ]:
                self.warnings.append(
                    f"the scale of {', '.join(told)} is its metric's and not known of what repeats it: state it with "
                    "--range or --perfect, or with -S perfect=… when repeating"
                )
        return ours or list(self._scorers.values())

    def _scorer_tables(self, columns: _ScorerColumns, last: IntArray) -> Iterable[Outcomes]:
        chosen = columns.lined_up(len(self._epochs))[last]
        if columns.ours and not columns.plain_dictionaries:
            own = columns.own.columns(chosen, self._missing_status(last))
            yield self._table(columns.name, last, own | self._stated(columns, None, chosen))
            return
        lengths = columns.own.lengths(chosen) if columns.ours else {}
        for key in columns.keys():
            name = columns.name if key is None else self._name_of_key(columns.name, key)
            plain = columns.of_key(chosen, key) | self._stated(columns, key, chosen)
            plain |= self._plain_columns(columns, key, chosen, last)
            yield self._table(name, last, plain | lengths)

    def _stated(self, columns: _ScorerColumns, key: str | None, chosen: IntArray) -> dict[str, Labels]:
        """The scale that the metric of a scorer states in the header, which goes before that of the scores."""
        scale = stated_scale(self.header.eval.scorers, columns.name, key)
        return {} if scale is None else {"scale": Labels.constant(str(scale), len(chosen))}

    def _name_of_key(self, scorer: str, key: str) -> str:
        """`scorer/key`, with more strokes where another scorer has that very name."""
        strokes = "/"
        while f"{scorer}{strokes}{key}" in self._scorers:
            strokes += "/"
        return f"{scorer}{strokes}{key}"

    def _plain_columns(
        self, columns: _ScorerColumns, key: str | None, chosen: IntArray, last: IntArray
    ) -> dict[str, Any]:
        held = [*columns.values, None]
        picked = [held[i] for i in chosen.tolist()]
        values, unknown = _verdicts([pick(v, key) for v in (picked if key is None else entries_of(picked))])
        if unknown:
            shown = ", ".join(repr(str(v)[:40]) for v, _ in unknown.most_common(3))
            bad = sum(unknown.values())
            self.warnings.append(
                f"{bad} of {counted(len(picked), 'verdict')} of {columns.name} {'is no score' if bad == 1 else 'are no scores'} (such "
                f"as {shown}; C, P, I, N, yes, no and numbers are): without one an epoch is left out as unscored"
            )
        unscored = np.isnan(values)
        status = np.where(unscored, self._missing_status(last), _OK)
        made: dict[str, Any] = {"kind": "score", "value": values}
        answers, target = columns.answers.labels(), self._epochs.columns(last)["target"]
        answer = Labels(np.append(answers.codes, np.int32(-1))[chosen], answers.names).map(normalise_label)
        if key is None and unscored.all() and target.missing.all() and not answer.missing.all():
            # Nothing is right here and nothing was judged: the answers can agree all the same.
            given = np.where(answer.missing, _UNPARSED, _OK)
            status = np.where(chosen < 0, status, given).astype(np.int32)
            return {"kind": "answer", "answer": answer, "value": values, "status": Labels(status, STATUSES)}
        stated = stated_scale(self.header.eval.scorers, columns.name, None)
        letters = _letters(answer, target, values) if key is None and stated in (None, Scale()) else None
        if letters is not None:
            odd = int((letters.missing & ~answer.missing).sum())
            if odd:
                self.notes.append(
                    f"{counted(odd, 'answer')} of {columns.name} {'is no letter' if odd == 1 else 'are no letters'}, as most are: unparsed"
                )
            answer = letters
            made |= {"kind": "answer", "answer": answer}
            status = np.where(answer.missing & ~unscored, _UNPARSED, status)
        return {**made, "status": Labels(status.astype(np.int32), STATUSES)}

    def _missing_status(self, last: IntArray) -> IntArray:
        """Why an epoch without a verdict has none, as a position in ``STATUSES``."""
        self._epochs.columns(last)
        return np.where(self._epochs.errored[last], _ERRORED, _UNSCORED)

    def _table(self, scorer: str, last: IntArray, columns: dict[str, Any]) -> Outcomes:
        merged = {**self._epochs.columns(last), **columns}
        for name in {"output_tokens", "reasoning_tokens", "turns"} & set(columns):
            # A scorer's own count leaves out graders and other roles; usage is the next best.
            usage = self._epochs.columns(last)[name]
            merged[name] = np.where(np.isnan(columns[name]), usage, columns[name])
        return Outcomes.build(len(last), {**merged, **self._identity(scorer)})

    def _identity(self, scorer: str | None) -> dict[str, Any]:
        spec = self.header.eval
        return {
            "log": self.location,
            "task": spec.task,
            "model": spec.model,
            "variant": variant_of(self.header, scorer or None),
            "scorer": scorer or None,
            "pilot": self.pilot,
        }

    def _valid(self, last: IntArray) -> IntArray:
        """The rows without those that were marked invalid."""
        self.counts = EpochCounts(repeated=len(self._epochs) - len(last))
        if self.counts.repeated:
            self.notes.append(
                f"{counted(self.counts.repeated, 'epoch', 'was', 'were')} recorded again later in the same log; the last record counts"
            )
        if not self.invalid:
            return last
        question, epoch = self._epochs.names(last)
        marked = [pair in self.invalid for pair in zip(question, epoch, strict=True)]
        self.counts = replace(self.counts, invalid=sum(marked))
        self.warnings.append(f"{counted(sum(marked), 'epoch', 'was', 'were')} marked invalid: left out")
        return last[~np.asarray(marked, dtype=np.bool_)]

    def _absent(self, pairs: _Pairs) -> tuple[list[str], list[int]] | None:
        """Question and epoch of what was planned and left no record."""
        ids = self.header.eval.dataset.sample_ids
        epochs = self.header.eval.config.epochs or 1
        stopped = self._stopped(pairs)
        if not ids or self.pilot:
            # A wave of an adaptive run plans other epochs for every question; another wave brings what it lacks.
            # Old logs don't list what was planned.
            self.counts = replace(self.counts, stopped=len(stopped))
            return None
        names = list(dict.fromkeys(map(str, ids)))
        planned = len(names) * epochs
        within = pairs.within(names, epochs)
        marked = {pair for pair in self.invalid if pair[1] <= epochs}
        missing = planned - within - len(stopped) - self.counts.invalid
        self.counts = replace(
            self.counts,
            planned=planned,
            stopped=len(stopped),
            missing=max(missing, 0),
            unplanned=len(pairs) - within,
        )
        if missing <= 0:
            return None
        if missing > max(_MOST_ABSENT, 20 * len(pairs)):
            self.warnings.append(
                f"{counted(planned, 'epoch', 'was', 'were')} planned and {len(pairs):,} left a record: the others are counted as missing in "
                "the account alone"
            )
            return None
        seen = pairs.all() | stopped | marked
        gone = [(q, e) for q in names for e in range(1, epochs + 1) if (q, e) not in seen]
        return ([q for q, _ in gone], [e for _, e in gone]) if gone else None

    def _stopped(self, pairs: _Pairs) -> set[tuple[str, int]]:
        """Epochs that a manager of early stopping left out."""
        results = self.header.results
        stopping = None if results is None else results.early_stopping
        if stopping is None or not stopping.early_stops or self.pilot:
            return set()
        found = {(str(stop.id), stop.epoch) for stop in stopping.early_stops} - pairs.all()
        if found:
            self.warnings.append(
                f"{counted(len(found), 'planned epoch', 'was', 'were')} stopped early by {stopping.manager or 'a manager'}: left out; if "
                "it looked at outcomes, the variance of what is left is biased"
            )
        return found

    def _absent_table(self, like: Outcomes, absent: tuple[list[str], list[int]]) -> Outcomes:
        kind, scorer = (column.values()[0] if len(like) else None for column in (like.kind, like.scorer))
        columns = {"kind": kind or "score", "status": "missing", "question": absent[0], "epoch": absent[1]}
        return Outcomes.build(len(absent[0]), {**columns, **self._identity(scorer)})


class _Pairs:
    """Question and epoch of the records that count."""

    def __init__(self, question: Labels, epoch: NDArray[np.int32]) -> None:
        self._question, self._epoch = question, epoch
        self._all: set[tuple[str, int]] | None = None

    def __len__(self) -> int:
        return len(self._epoch)

    def within(self, names: Sequence[str], epochs: int) -> int:
        """How many are among the planned ones."""
        planned = set(names)
        known = np.asarray([*(name in planned for name in self._question.names), False])
        return int((known[self._question.codes] & (self._epoch >= 1) & (self._epoch <= epochs)).sum())

    def all(self) -> set[tuple[str, int]]:
        if self._all is None:
            names = [name or "" for name in self._question.values()]
            self._all = set(zip(names, self._epoch.tolist(), strict=True))
        return self._all


class _EpochColumns:
    """What is known of an epoch whatever its scores."""

    def __init__(self, clusters: MetadataClusters) -> None:
        self._clusters = clusters
        self._minutes = MetadataMinutes()
        self._text = {name: LabelBuilder() for name in ("question", "target", "limit", "uuid", "cluster")}
        self._numbers: dict[str, list[NDArray[Any]]] = {name: [] for name in _EPOCH_NUMBERS}
        self.errored = np.zeros(0, dtype=np.bool_)
        self._rows = 0
        self._made: dict[str, Any] | None = None

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: Sequence[SummaryRecord], model: str) -> None:
        self._rows += len(rows)
        self._text["question"].extend([str(row.id) for row in rows])
        self._text["target"].extend([t if type(t := row.target) is str else _one_target(t) for row in rows])
        self._text["limit"].extend([row.limit for row in rows])
        # Other tools write logs whose uuids are all empty.
        self._text["uuid"].extend([row.uuid or None for row in rows])
        self._text["cluster"].extend([self._clusters.of(row.id, memoryview(row.metadata)) for row in rows])
        usage = [row.model_usage for row in rows]
        used = [_usage(accounts, model) if accounts else _NO_USAGE for accounts in usage]
        # An array of floats makes NaN of None.
        numbers: dict[str, list[Any]] = {
            "epoch": [row.epoch for row in rows],
            "choices": [len(row.choices) if row.choices else 0 for row in rows],
            "retries": [row.retries or 0 for row in rows],
            "errored": [row.error is not None for row in rows],
            # Old logs say nothing of usage at all; an empty account means that no token was used.
            "unused": [accounts is not None and not accounts for accounts in usage],
            "turns": [row.turn_count for row in rows],
            "messages": [row.message_count for row in rows],
            "output_tokens": [own.output_tokens for own in used],
            "reasoning_tokens": [own.reasoning_tokens for own in used],
            "human_minutes": [self._minutes.of(row.id, memoryview(row.metadata)) for row in rows],
        }
        for name, values in numbers.items():
            self._numbers[name].append(np.asarray(values, dtype=_EPOCH_NUMBERS[name]))

    @property
    def minutes_notes(self) -> list[str]:
        """How the time that people take was read."""
        return self._minutes.notes()

    def _number(self, name: str) -> NDArray[Any]:
        parts = self._numbers[name]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=_EPOCH_NUMBERS[name])

    def last_of_each(self) -> IntArray:
        """Places of the rows that stay, in the order of the rows."""
        keys = fold_keys([self._text["question"].labels().codes, self._number("epoch")])
        _, first = np.unique(keys[::-1], return_index=True)
        return np.sort(self._rows - 1 - first)

    def names(self, last: IntArray) -> tuple[list[str], list[int]]:
        """Question and epoch of the rows that stay."""
        question = self._text["question"].labels().take(last).values()
        return [name or "" for name in question], self._number("epoch")[last].tolist()

    def columns(self, last: IntArray) -> dict[str, Any]:
        """The columns of the rows that stay; made once, since several scorers share them."""
        if self._made is None:
            # What a column was collected in is let go as soon as the column stands.
            text = {name: self._text.pop(name).labels().take(last) for name in list(self._text)}
            text["target"] = text["target"].map(normalise_label)
            self.errored = self._number("errored")
            numbers = {name: self._number(name)[last] for name in _EPOCH_NUMBERS}
            self._numbers.clear()
            # A generation served from Inspect's cache uses no tokens, and neither does one that failed.
            cached = numbers.pop("unused") & ~numbers.pop("errored")
            self._made = {**text, **numbers, "cached": cached}
        return self._made


class _ScorerColumns:
    """One scorer's verdicts, and which epoch each belongs to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._places: list[IntArray] = []
        self.values: list[Any] = []
        self.answers = LabelBuilder()
        self.own = OwnColumns()
        self._undescribed: list[EpochMetadata] = []
        self._pool: dict[str, str] = {}

    @property
    def ours(self) -> bool:
        """Whether ``hm_*`` metadata describe the verdicts."""
        return len(self.own) > 0

    def add(self, places: Sequence[int], scores: list[ScoreRecord]) -> None:
        values = [score.value for score in scores]
        if self.ours or any(s.metadata is not None and s.metadata.hm_kind is not None for s in scores):
            if self._undescribed:
                self.own.add(of_records(self._undescribed), self.values)
                self._undescribed = []
            self.own.add(of_records([score.metadata or _NO_METADATA for score in scores]), values)
        else:
            # What such scores say, a status for example, counts once any score of the scorer says its kind.
            self._undescribed += [
                _NO_METADATA if s.metadata is None or s.metadata == _NO_METADATA else s.metadata
                for s in scores
            ]
        self._places.append(np.asarray(places, dtype=np.int64))
        if self.own.plain:
            # Equal verdicts are kept once. Other kinds than scores are read as they come.
            pool = self._pool
            self.values += [pool.setdefault(v, v) if type(v) is str else v for v in values]
        else:
            self.values = []
        self.answers.extend([score.answer for score in scores])

    def of_key(self, chosen: IntArray, key: str | None) -> dict[str, Labels]:
        """Columns ``scale`` and ``regrades``, of the verdicts or of one of their keys."""
        if self.ours:
            return self.own.of_key(chosen, key)
        ranges = [record.hm_range for record in self._undescribed]
        return {"scale": scale_labels([*ranges, None], key).take(chosen)}

    @property
    def plain_dictionaries(self) -> bool:
        """Whether the verdicts are dictionaries or lists of plain scores, described by us or not."""
        return self.own.plain and value_keys(self.values) != [None]

    def lined_up(self, rows: int) -> IntArray:
        """Which of the verdicts belongs to each row, -1 where none does, shape (rows,)."""
        found = np.full(rows, -1, dtype=np.int64)
        places = np.concatenate(self._places)
        found[places] = np.arange(len(places))
        return found

    def keys(self) -> list[str | None]:
        """By which keys the verdicts are read."""
        return value_keys(self.values)


def _usage(accounts: dict[str, Usage], model: str) -> Usage:
    """Tokens of the evaluated model; where only others are on record, of all of them."""
    own = accounts.get(model)
    if own is not None:
        return own
    everyone = accounts.values()
    return Usage(_total([u.output_tokens for u in everyone]), _total([u.reasoning_tokens for u in everyone]))


def _total(counts: list[float | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _one_target(target: Any) -> str | None:
    if isinstance(target, str):
        return target
    return ",".join(map(str, target)) if target else None


def _verdicts(values: list[Any]) -> tuple[NDArray[np.float64], Counter[str]]:
    """Scores as numbers, NaN where there is none, and the values that are no scores."""
    found = verdicts_to_floats(values)
    absent = [values[place] for place in np.flatnonzero(np.isnan(found)).tolist()]
    return found, Counter(
        str(v) for v in absent if not (v is None or (isinstance(v, float) and math.isnan(v)))
    )


def _letters(answer: Labels, target: Labels, values: NDArray[np.float64]) -> Labels | None:
    """The answers as letters, if a scorer judges single letters; ``None`` if it does not.

    Only where every target is one letter, at least half of the answers are, and the verdict is right exactly
    where they agree: a verdict that was edited, or that follows another rule, is the authority. An answer
    that is no letter and was judged wrong is one that could not be parsed.
    """
    answers, targets = answer.compact(), target.compact()
    if not answers.names or target.missing.any():
        return None
    if not all(_is_letter(label) for label in targets.names):
        return None
    letters = answers.map(lambda label: label if _is_letter(label) else None)
    if 2 * int((~letters.missing).sum()) < int((~answers.missing).sum()) or letters.missing.all():
        return None
    both = Labels.concatenate([letters, targets]).codes
    agree = both[: len(letters)] == both[len(letters) :]
    scored = ~np.isnan(values)
    if not ((values[scored] == 1.0) | (values[scored] == 0.0)).all():
        return None
    return letters if np.array_equal(agree[scored], values[scored] == 1.0) else None


def _is_letter(label: str) -> bool:
    return len(label) == 1 and "A" <= label <= "Z"
