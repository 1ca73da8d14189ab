"""From a log's summaries to rows of Outcomes, for our own scorers and for other people's."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hotmess_inspect.outcomes import KINDS, STATUSES, Labels, Outcomes, Ragged, normalise_label
from hotmess_inspect.scoring.verdicts import verdicts_to_floats

from .records import HeaderRecord, HmMetadata, SummaryRecord

_NO_METADATA = HmMetadata()

# Generation settings that decide when and where a call is made, not what is drawn.
_OPERATIONAL = frozenset(
    {"seed", "cache", "cache_prompt", "batch", "timeout", "attempt_timeout", "stream_idle_timeout"}
    | {"max_retries", "max_connections", "adaptive_connections", "extra_headers", "num_choices"}
    | {"logprobs", "top_logprobs", "prompt_logprobs"}
)
_REPEATS = frozenset({"seed", "epochs"})


def variant_of(header: HeaderRecord) -> str:
    """The settings that make two runs of one task and model different experiments, as sorted JSON.

    Task arguments (but ``seed`` and ``epochs``), the solver, generation settings that change what is
    drawn, and limits. The number of epochs and the random seed only say how often is drawn.
    """
    spec = header.eval
    drawn = [
        (k, v)
        for config in (header.plan.config, spec.model_generate_config)
        for k, v in config.items()
        # The model's own configuration goes over the plan's only where it says something.
        if v is not None and k not in _OPERATIONAL
    ]
    settings: dict[str, Any] = {
        **{f"task.{k}": v for k, v in spec.task_args.items() if k not in _REPEATS},
        **{f"solver.{k}": v for k, v in (spec.solver_args or {}).items()},
        **dict(drawn),
        **{k: getattr(spec.config, k) for k in spec.config.__struct_fields__ if k != "epochs"},
    }
    if spec.solver is not None:
        settings["solver"] = spec.solver
    return json.dumps({k: v for k, v in settings.items() if v is not None}, sort_keys=True, ensure_ascii=True)


class LogRows:
    """Collects the rows of one log, a batch of summaries at a time.

    Columns are kept as they come and the verdicts are read at the end, when it is known whether all
    answers of a scorer are letters.
    """

    def __init__(self, location: str, header: HeaderRecord) -> None:
        self.location = location
        self.header = header
        self.notes: list[str] = []
        self._epochs = _EpochColumns()
        self._scorers: dict[str, _ScorerColumns] = {}

    def add(self, rows: Sequence[SummaryRecord]) -> None:
        """Add a batch of summaries."""
        start = len(self._epochs)
        self._epochs.add(rows, self.header.eval.model)
        for place, row in enumerate(rows, start):
            for name, score in (row.scores or {}).items():
                if score is None:
                    continue
                columns = self._scorers.get(name)
                if columns is None:
                    columns = self._scorers[name] = _ScorerColumns(name)
                columns.add(place, score)

    def finish(self) -> Outcomes:
        """All rows: one per planned epoch and scorer, the last of equal (id, epoch) only."""
        last = self._epochs.last_of_each()
        replaced = len(self._epochs) - len(last)
        if replaced:
            self.notes.append(
                f"{replaced} epochs were recorded again later in the same log; the last record counts"
            )
        scorers = self._chosen_scorers()
        tables = [part for columns in scorers for part in self._scorer_tables(columns, last)]
        tables = tables or [self._table("", last, {"kind": "score", "status": self._missing_status(last)})]
        absent = self._absent(last)
        if absent is not None:
            tables += [self._absent_table(table, absent) for table in tables]
        return Outcomes.concatenate(tables)

    def _chosen_scorers(self) -> list[_ScorerColumns]:
        """Scorers with ``hm_*`` metadata describe the same verdicts as those beside them, and go first."""
        ours = [columns for columns in self._scorers.values() if columns.ours]
        if ours and len(ours) < len(self._scorers):
            others = sorted(set(self._scorers) - {columns.name for columns in ours})
            self.notes.append(f"scorers without hm_* metadata are left out beside ours: {', '.join(others)}")
        return ours or list(self._scorers.values())

    def _scorer_tables(self, columns: _ScorerColumns, last: np.ndarray) -> Iterable[Outcomes]:
        places = np.full(len(self._epochs), -1, dtype=np.int64)
        places[columns.places] = np.arange(len(columns.places))
        chosen = places[last]
        if columns.ours:
            yield self._table(columns.name, last, _our_columns(columns, chosen, self._missing_status(last)))
            return
        for key in columns.keys():
            name = columns.name if key is None else f"{columns.name}/{key}"
            yield self._table(name, last, self._plain_columns(columns, key, chosen, last))

    def _plain_columns(
        self, columns: _ScorerColumns, key: str | None, chosen: np.ndarray, last: np.ndarray
    ) -> dict[str, Any]:
        values, unknown = _verdicts(
            [_leaf(columns.values[i], key) if i >= 0 else None for i in chosen.tolist()]
        )
        if unknown:
            shown = ", ".join(repr(str(v)[:40]) for v, _ in unknown.most_common(3))
            self.notes.append(
                f"{sum(unknown.values())} verdicts of {columns.name} are no scores (such as {shown}): unscored"
            )
        status = np.where(np.isnan(values), self._missing_status(last), "ok")
        made: dict[str, Any] = {"kind": "score", "value": values, "status": status.tolist()}
        answers = [columns.answers[i] if i >= 0 else None for i in chosen.tolist()] if key is None else []
        labels = _letters(answers, [self._epochs.target[i] for i in last.tolist()], values)
        if labels is not None:
            answer, target = labels
            lost = np.asarray([a is None for a in answer]) & (status == "ok")
            made |= {"kind": "answer", "answer": answer, "target": target}
            made["status"] = np.where(lost, "unparsed", status).tolist()
        return made

    def _missing_status(self, last: np.ndarray) -> np.ndarray:
        """Why an epoch without a verdict has none."""
        return np.where(np.asarray(self._epochs.errored, dtype=bool)[last], "errored", "unscored").astype(
            object
        )

    def _table(self, scorer: str, last: np.ndarray, columns: dict[str, Any]) -> Outcomes:
        merged = {**self._epochs.columns(last), **columns}
        for name in {"output_tokens", "reasoning_tokens", "turns"} & set(columns):
            # A scorer's own count leaves out graders and other roles; usage is the next best.
            usage = self._epochs.columns(last)[name]
            merged[name] = np.where(np.isnan(columns[name]), usage, columns[name])
        return Outcomes.build(len(last), {**merged, **self._identity(), "scorer": scorer or None})

    def _identity(self) -> dict[str, Any]:
        spec = self.header.eval
        return {
            "log": self.location,
            "task": spec.task,
            "model": spec.model,
            "variant": variant_of(self.header),
        }

    def _absent(self, last: np.ndarray) -> tuple[list[str], list[int]] | None:
        """Question and epoch of what was planned and left no record."""
        ids = self.header.eval.dataset.sample_ids
        epochs = self.header.eval.config.epochs or 1
        seen = {(self._epochs.question[i], self._epochs.epoch[i]) for i in last.tolist()}
        if not ids or len(ids) * epochs > max(10_000_000, 100 * len(seen)):
            return None
        gone = [(q, e) for q in map(str, ids) for e in range(1, epochs + 1) if (q, e) not in seen]
        return ([q for q, _ in gone], [e for _, e in gone]) if gone else None

    def _absent_table(self, like: Outcomes, absent: tuple[list[str], list[int]]) -> Outcomes:
        kind, scorer = (column.values()[0] if len(like) else None for column in (like.kind, like.scorer))
        columns = {"kind": kind or "score", "status": "missing", "question": absent[0], "epoch": absent[1]}
        return Outcomes.build(len(absent[0]), {**columns, **self._identity(), "scorer": scorer})


class _EpochColumns:
    """What is known of an epoch whatever its scores."""

    def __init__(self) -> None:
        self.question: list[str] = []
        self.epoch: list[int] = []
        self.target: list[str | None] = []
        self.choices: list[int] = []
        self.errored: list[bool] = []
        self.limit: list[str | None] = []
        self.retries: list[int] = []
        self.uuid: list[str | None] = []
        self.output_tokens: list[float] = []
        self.reasoning_tokens: list[float] = []
        self.turns: list[float] = []
        self.messages: list[float] = []
        self.unused: list[bool] = []
        self._made: dict[str, Any] | None = None

    def __len__(self) -> int:
        return len(self.epoch)

    def add(self, rows: Sequence[SummaryRecord], model: str) -> None:
        self.question += [str(row.id) for row in rows]
        self.epoch += [row.epoch for row in rows]
        self.target += [_one_target(row.target) for row in rows]
        self.choices += [len(row.choices) if row.choices else 0 for row in rows]
        self.errored += [row.error is not None for row in rows]
        self.limit += [row.limit for row in rows]
        self.retries += [row.retries or 0 for row in rows]
        self.uuid += [row.uuid for row in rows]
        self.turns += [math.nan if row.turn_count is None else row.turn_count for row in rows]
        self.messages += [math.nan if row.message_count is None else row.message_count for row in rows]
        self.unused += [row.model_usage is not None and not row.model_usage for row in rows]
        for name, column in (
            ("output_tokens", self.output_tokens),
            ("reasoning_tokens", self.reasoning_tokens),
        ):
            column += [_tokens(row.model_usage, model, name) for row in rows]

    def last_of_each(self) -> np.ndarray:
        """Places of the rows that stay, in the order of the rows."""
        by_key = {key: place for place, key in enumerate(zip(self.question, self.epoch, strict=True))}
        return np.sort(np.fromiter(by_key.values(), dtype=np.int64, count=len(by_key)))

    def columns(self, last: np.ndarray) -> dict[str, Any]:
        """The columns of the rows that stay; made once, since several scorers share them."""
        if self._made is None:
            self._made = self._make_columns(last)
        return self._made

    def _make_columns(self, last: np.ndarray) -> dict[str, Any]:
        text = {name: Labels.encode(getattr(self, name)).take(last) for name in ("question", "limit", "uuid")}
        text["target"] = Labels.encode(map(normalise_label, self.target)).take(last)
        numbers = {
            name: np.asarray(getattr(self, name))[last]
            for name in (
                "epoch",
                "choices",
                "retries",
                "output_tokens",
                "reasoning_tokens",
                "turns",
                "messages",
            )
        }
        # A generation served from Inspect's cache uses no tokens. Old logs say nothing of usage at all.
        unused = np.asarray(self.unused, dtype=bool) & ~np.asarray(self.errored, dtype=bool)
        return {**text, **numbers, "cached": unused[last]}


class _ScorerColumns:
    """One scorer's verdicts, and which epoch each belongs to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: list[int] = []
        self.values: list[Any] = []
        self.answers: list[str | None] = []
        self.metadata: list[HmMetadata] = []
        self.ours = False

    def add(self, place: int, score: Any) -> None:
        self.places.append(place)
        self.values.append(score.value)
        self.answers.append(score.answer)
        metadata = score.metadata or _NO_METADATA
        self.metadata.append(metadata)
        if not self.ours and metadata.hm_kind is not None:
            self.ours = True

    def keys(self) -> list[str | None]:
        """Keys of dict-shaped scores, places of list-shaped ones, else one ``None``."""
        found: dict[str | None, None] = {}
        for value in self.values:
            if isinstance(value, dict):
                found |= dict.fromkeys(map(str, value))
            elif isinstance(value, list):
                found |= dict.fromkeys(str(place) for place in range(len(value)))
        return list(found) or [None]


def _our_columns(columns: _ScorerColumns, chosen: np.ndarray, absent: np.ndarray) -> dict[str, Any]:
    picked = [columns.metadata[i] if i >= 0 else _NO_METADATA for i in chosen.tolist()]
    kinds = Counter(m.hm_kind for m in picked if m.hm_kind in KINDS)
    # An epoch that was never scored belongs with the others of its scorer.
    kind = kinds.most_common(1)[0][0] if kinds else "score"
    values, _ = _verdicts([columns.values[i] if i >= 0 else None for i in chosen.tolist()])
    status = [
        why if _unscored(m, v) else _status(m)
        for m, v, why in zip(picked, values.tolist(), absent.tolist(), strict=True)
    ]
    made: dict[str, Any] = {
        "kind": [m.hm_kind if m.hm_kind in KINDS else kind for m in picked],
        "status": status,
        "value": values,
        "answer": [normalise_label(m.hm_answer) for m in picked],
        "context": [None if m.hm_context is None else str(m.hm_context) for m in picked],
        "tests": [m.hm_tests for m in picked],
        "f2p": [m.hm_f2p or 0 for m in picked],
        "p2p": [m.hm_p2p or 0 for m in picked],
        "vector": Ragged.encode(_vectors(columns, chosen, picked)),
        "actions": _floats(m.hm_actions for m in picked),
        "turns": _floats(m.hm_turns for m in picked),
        "output_tokens": _floats(m.hm_output_tokens for m in picked),
        "reasoning_tokens": _floats(m.hm_reasoning_tokens for m in picked),
    }
    if any(m.hm_target is not None for m in picked):
        made["target"] = [normalise_label(m.hm_target) for m in picked]
    if any(m.hm_classes for m in picked):
        made["choices"] = [m.hm_classes or 0 for m in picked]
    return made


def _vectors(
    columns: _ScorerColumns, chosen: np.ndarray, picked: list[HmMetadata]
) -> list[Sequence[float] | None]:
    """Probabilities from the metadata, points from the score's value."""
    found: list[Sequence[float] | None] = [m.hm_probabilities for m in picked]
    for place, (row, metadata) in enumerate(zip(chosen.tolist(), picked, strict=True)):
        if metadata.hm_kind == "point" and isinstance(columns.values[row], list):
            found[place] = verdicts_to_floats(columns.values[row]).tolist()
    return found


def _unscored(metadata: HmMetadata, value: float) -> bool:
    """Whether an epoch has no verdict: a score that is no number, or tests without their outcomes."""
    if metadata.hm_kind == "tests":
        return metadata.hm_tests is None
    return metadata.hm_kind not in KINDS or (metadata.hm_kind not in ("point", "text") and math.isnan(value))


def _status(metadata: HmMetadata) -> str:
    status = metadata.hm_status or "ok"
    if status not in STATUSES:
        return "ok"
    lost = metadata.hm_kind == "answer" and not metadata.hm_answer
    lost |= metadata.hm_kind == "probabilities" and not metadata.hm_probabilities
    return "unparsed" if lost and status == "ok" else status


def _floats(values: Iterable[float | None]) -> np.ndarray:
    return np.fromiter((math.nan if v is None else v for v in values), dtype=np.float64)


def _tokens(usage: Any, model: str, name: str) -> float:
    """Tokens of the evaluated model; where only other names are on record, of all of them."""
    if not usage:
        return math.nan
    own = usage.get(model)
    counts = [getattr(u, name) for u in ([own] if own is not None else usage.values())]
    known = [c for c in counts if c is not None]
    return float(sum(known)) if known else math.nan


def _one_target(target: Any) -> str | None:
    if isinstance(target, str):
        return target
    return ",".join(map(str, target)) if target else None


def _leaf(value: Any, key: str | None) -> Any:
    if key is None:
        return value
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    return None


def _verdicts(values: list[Any]) -> tuple[np.ndarray, Counter[str]]:
    """Scores as numbers, NaN where there is none, and the values that are no scores."""
    found = verdicts_to_floats(values)
    absent = [values[place] for place in np.flatnonzero(np.isnan(found)).tolist()]
    return found, Counter(
        str(v) for v in absent if not (v is None or (isinstance(v, float) and math.isnan(v)))
    )


def _letters(
    answers: list[str | None], targets: list[str | None], values: np.ndarray
) -> tuple[list[str | None], list[str | None]] | None:
    """Answers and targets of a multiple-choice scorer, or ``None`` if that is not what it is.

    Only where every answer and target is one letter, and the verdict is right exactly where they agree:
    a verdict that was edited, or that follows another rule, is the authority.
    """
    given = {normalise_label(a) for a in answers} - {None}
    right = {normalise_label(t) for t in targets}
    if not given or not all(
        label is not None and len(label) == 1 and "A" <= label <= "Z" for label in given | right
    ):
        return None
    answer, target = [normalise_label(a) for a in answers], [normalise_label(t) for t in targets]
    scored = ~np.isnan(values)
    agree = np.asarray([a is not None and a == t for a, t in zip(answer, target, strict=True)])
    if (
        not np.array_equal(agree[scored], values[scored] == 1.0)
        or not np.isin(values[scored], (0.0, 1.0)).all()
    ):
        return None
    return answer, target
