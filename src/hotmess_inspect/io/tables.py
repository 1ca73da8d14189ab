"""Outcomes from tables of answers: which column says what, what its values mean, and what was left out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.io.arrow_tables import (
    OWN_COLUMNS,
    SCHEMA_KEY,
    SCHEMA_VERSION,
    outcomes_from_arrow,
    outcomes_to_arrow,
    write_parquet,
)
from hotmess_inspect.io.clusters import (
    DEFAULT_COLUMN,
    HINTED_COLUMNS,
    NO_CLUSTERS,
    column_of,
    unused_cluster_text,
)
from hotmess_inspect.io.human_time import minutes_of_text
from hotmess_inspect.io.raw_tables import RawTable, decimal_comma, open_table
from hotmess_inspect.io.roles import ALIASES, Roles, assign_roles
from hotmess_inspect.io.values import BadValue, labels_of, numbers_of
from hotmess_inspect.schema import LENGTHS, SUM_TOLERANCE, class_label, normalise_label
from hotmess_inspect.table.columns import Labels, Ragged
from hotmess_inspect.table.outcomes import Outcomes, fold_keys
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "SCHEMA_KEY",
    "SCHEMA_VERSION",
    "TableReading",
    "outcomes_from_arrow",
    "outcomes_from_raw",
    "outcomes_from_user_table",
    "outcomes_to_arrow",
    "own_clusters",
    "read_table",
    "table_reading",
    "write_parquet",
]

UNNUMBERED = -1
"""Epoch number of runs in no order, until all files are read: see `number_epochs`."""

_TRIALS = frozenset({"trial", "repeat", "attempt", "rollout", "replicate", "run", "trial_id", "attempt_id"})
_VERDICTS = {
    **{
        "c": 1.0,
        "correct": 1.0,
        "p": 0.5,
        "partial": 0.5,
        "i": 0.0,
        "incorrect": 0.0,
        "n": 0.0,
        "noanswer": 0.0,
    },
    **{
        "yes": 1.0,
        "true": 1.0,
        "pass": 1.0,
        "passed": 1.0,
        "no": 0.0,
        "false": 0.0,
        "fail": 0.0,
        "failed": 0.0,
    },
    # As spreadsheets write them in German, French, Spanish, Italian, Portuguese, Dutch, Polish and Russian.
    **dict.fromkeys(("wahr", "vrai", "verdadero", "vero", "verdadeiro", "waar", "prawda", "истина"), 1.0),
    **dict.fromkeys(("falsch", "faux", "falso", "onwaar", "fałsz", "ложь"), 0.0),
}
_MISSING_TEXT = frozenset({"nan", "NaN", "<NA>", "NA", "N/A", "#N/A", "None", "null", "NULL"})
_MOST_SPELLINGS = 100_000
"""Distinct answers up to which they are compared with the targets in their spelling."""
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0+")
_WHOLE = re.compile(r"-?\d+")
# A letter in brackets or stars, or before a bracket, full stop or colon that closes it or begins its text.
_BARE = re.compile(r"[\s\"'*\[({]*([A-Za-z])[\s\"'*\])}.:]*")
_WITH_TEXT = re.compile(r"[\s\"'*]*(?:[\[({]([A-Za-z])[\])}][\s:.]*|([A-Z])[).:]\s+)\S.*", re.DOTALL)
_IN_BRACKETS = re.compile(r"[\[({]([A-Za-z])[\])}]")


@dataclass(frozen=True, eq=False)
class TableReading:
    """A table as it was understood.

    Attributes:
        outcomes: One row per epoch and scorer.
        dropped: Rows left out because a later one names the same epoch.
        form: What kind of file it is, in words.
        columns: Role → name of the column.
        unread: Columns that were not looked at.
        notes: How it was read, a sentence each.
        warnings: What may be wrong about it, a sentence each.
        rows: Rows of the file.
    """

    outcomes: Outcomes
    dropped: int
    form: str
    columns: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rows: int = 0


def read_table(
    source: str | IO[bytes], name: str | None = None, cluster: str | None = None
) -> tuple[Outcomes, int]:
    """Read answers from a table: CSV, TSV, JSON, JSON lines or Parquet, also compressed by gzip.

    Columns: ``question_id``, ``epoch`` and one of ``answer`` + ``target`` (labels; an empty answer is an
    unparsed one), ``p_A``, ``p_B``, ... + ``target`` (probabilities; ``target`` names a class as in
    ``p_<name>``), ``score`` (how right the epoch is, in [0, 1], or a verdict such as C, I, true). Optional:
    ``model`` (default: the file's name), ``task`` or ``dataset``, ``context``, ``cluster``, ``scorer``, ``variant``,
    ``length``, ``output_tokens``, ``reasoning_tokens``, ``reasoning_characters``, ``actions``, ``turns``,
    ``messages``, ``human_minutes`` (what people take, in minutes). Names that others use for them are known (:data:`~hotmess_inspect.io.roles.ALIASES`). Further
    columns are left unread. A Parquet file written by :func:`write_parquet` is read with all its columns.

    Args:
        source: Path, or an open binary file.
        name: What errors and the column ``log`` call it; default the path. Its suffix tells the format.
        cluster: Column that names each question's cluster; ``None`` takes ``cluster`` where there is one,
            "none" takes none.

    Returns:
        The outcomes, and how many rows were left out because a later row has the same model, task,
        scorer, context, question and epoch.

    Raises:
        ValueError: Naming file, row and column of the first offence: a missing column, an empty question,
            a number that is none, probabilities that are negative or don't sum to 1 within 0.02 (closer
            ones are rescaled), two targets for one question.
    """
    reading = table_reading(source, name, cluster=cluster)
    return reading.outcomes, reading.dropped


def table_reading(
    source: str | IO[bytes],
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
    cluster: str | None = None,
) -> TableReading:
    """Read a table as :func:`read_table` does, and say how it was understood.

    Args:
        source: Path, or an open binary file.
        name: What errors call it.
        columns: Role → name of the column, where the names are neither ours nor known ones.
        cluster: As in :func:`read_table`.
    """
    name = name or str(source)
    try:
        raw = open_table(source, name)
        own = raw.metadata.get(SCHEMA_KEY) or set(raw.names) >= OWN_COLUMNS
        roles = None if own else _roles(raw, name, columns, cluster)
        hinted = _hinted(raw, roles) if roles and cluster is None else []
        table = raw.load(
            [raw.names.index(column) for column in [*roles.used, *hinted]] if roles else range(len(raw.names))
        )
    except _NoColumn:
        raise
    except (ValueError, OSError) as error:  # pyarrow's errors are subclasses of these
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise ValueError(f"{name}: not a readable table: {error}") from error
    if roles is not None:
        reading = outcomes_from_raw(raw, table.select(roles.used), roles, name)
        reading.notes.extend(_unused_clusters(table, roles, hinted))
        return reading
    # Other programs keep the columns and lose the mark.
    marked = table.replace_schema_metadata({SCHEMA_KEY: SCHEMA_VERSION} | dict(raw.metadata))
    outcomes, dropped = outcomes_from_arrow(marked, name).drop_duplicates()
    outcomes = own_clusters(outcomes, name, cluster)
    return TableReading(outcomes, dropped, "Parquet written by hotmess export", rows=table.num_rows)


class _NoColumn(ValueError):
    """A column that is needed and missing."""


def _roles(raw: RawTable, name: str, columns: Mapping[str, str] | None, cluster: str | None) -> Roles:
    chosen = dict(columns or {})
    wanted = column_of(cluster)
    if cluster is not None and wanted is not None:
        chosen["cluster"] = wanted
    try:
        roles = assign_roles(raw.names, chosen)
    except ValueError as error:
        raise _NoColumn(f"{name}: {error}") from None
    if wanted is None:
        roles.columns.pop("cluster", None)
    _check_needed(raw, roles, name)
    return roles


def _hinted(raw: RawTable, roles: Roles) -> list[str]:
    """Columns that are not read and may name clusters, where none does."""
    if "cluster" in roles.columns:
        return []
    return [c for c in roles.unread if c.strip().lower() in HINTED_COLUMNS and raw.names.count(c) == 1]


def _unused_clusters(table: pa.Table, roles: Roles, hinted: Sequence[str]) -> list[str]:
    """What to say of the first of the columns that do name clusters; nothing where none does."""
    own = [roles.columns[role] for role in ("task", "question_id") if role in roles.columns]
    for column in hinted:
        try:
            values, *question = (labels_of(table.column(one)) for one in (column, *own))
        except BadValue:
            continue
        if (text := unused_cluster_text(column, values, *question)) is not None:
            return [text]
    return []


_REMEDY = {
    "question_id": "add one that names the question",
    "epoch": "add one that numbers the runs of each question, one row per run",
}


def _check_needed(raw: RawTable, roles: Roles, name: str) -> None:
    for role in ("question_id", "epoch"):
        if role not in roles.columns:
            found = f"{name}: column {role!r} is missing; found: {', '.join(raw.names)}"
            raise _NoColumn(f"{found} ({_REMEDY[role]}, or say which it is: --columns {role}=NAME)")


def own_clusters(outcomes: Outcomes, name: str, cluster: str | None) -> Outcomes:
    """Rows whose reader has named clusters (our own tables, other harnesses' files), unless others or none are wanted."""
    if cluster in (None, DEFAULT_COLUMN):
        return outcomes
    if cluster == NO_CLUSTERS:
        return replace(outcomes, cluster=Labels.constant(None, len(outcomes)))
    column = getattr(outcomes, str(cluster), None)
    if not isinstance(column, Labels):
        raise ValueError(f"{name}: column {cluster!r} is missing, or holds no names of clusters")
    return replace(outcomes, cluster=column)


def outcomes_from_user_table(table: pa.Table, name: str, cluster: str | None = None) -> tuple[Outcomes, int]:
    """Read an Arrow table of answers, with the columns and errors of :func:`read_table`."""
    raw = RawTable(list(table.column_names), "Arrow table", lambda places: table.select(list(places)))
    roles = _roles(raw, name, None, cluster)
    reading = outcomes_from_raw(raw, table.select(roles.used), roles, name)
    return reading.outcomes, reading.dropped


class _UserTable:
    """The columns by role, with errors that name file, row and column."""

    def __init__(self, raw: RawTable, table: pa.Table, roles: Roles, name: str) -> None:
        self.name, self.roles, self.rows = name, roles, table.num_rows
        self.notes = list(roles.notes)
        self.warnings: list[str] = []
        self._table, self._decimal_comma = table, raw.decimal_comma

    def __contains__(self, role: str) -> bool:
        return role in self.roles.columns

    def error(self, row: int, column: str, text: str) -> ValueError:
        # The header is line 1 of a CSV, but quoted line breaks move lines: rows are counted, from 1.
        return ValueError(f"{self.name}: row {row + 1}, column {column!r}: {text}")

    def labels(self, role: str) -> Labels:
        """Stripped text of a role's column; all missing if there is none."""
        column = self.roles.columns.get(role)
        if column is None:
            return Labels.constant(None, self.rows)
        try:
            return labels_of(self._table.column(column))
        except BadValue as error:
            raise self.error(error.row, column, error.text) from None

    def required(self, role: str) -> Labels:
        found = self.labels(role)
        for row in np.flatnonzero(found.missing)[:1].tolist():
            raise self.error(row, self.roles.columns[role], "empty")
        return found

    def numbers(self, column: str, *, verdicts: bool = False) -> NDArray[np.float64]:
        """Floats of a column; empty is NaN."""

        def read(text: str) -> float:
            number = decimal_comma(text) if self._decimal_comma else math.nan
            return _verdict(text) if verdicts and math.isnan(number) else number

        try:
            return numbers_of(self._table.column(column), read, "score" if verdicts else "number")
        except BadValue as error:
            raise self.error(error.row, column, error.text) from None

    def minutes(self, role: str) -> NDArray[np.float64]:
        """Time that people take: numbers of minutes, times with their unit, or ranges of times."""
        column = self.roles.columns[role]
        try:
            found = numbers_of(
                self._table.column(column), minutes_of_text, "time such as 30, 2 hours or 1-4 hours"
            )
        except BadValue as error:
            raise self.error(error.row, column, error.text) from None
        for row in np.flatnonzero(found < 0)[:1].tolist():
            raise self.error(row, column, f"{found[row]:g} is negative")
        return found

    def length(self, role: str) -> NDArray[np.float64]:
        column = self.roles.columns[role]
        found = self._list_sizes(column)
        if found is None:
            self._refuse_thousands(column)
            found = self.numbers(column)
        for row in np.flatnonzero(found < 0)[:1].tolist():
            raise self.error(row, column, f"{found[row]:g} is negative")
        return found

    def _list_sizes(self, column: str) -> NDArray[np.float64] | None:
        """How long the lists of a column are, such as the messages or calls themselves; ``None`` if it holds none."""
        cells = self._table.column(column)
        if any(_listed(value) is not None for value in cells.slice(0, 100).to_pylist()):
            values = cells.to_pylist()
            lists = [_listed(value) for value in values]
            if all(
                one is not None for one, value in zip(lists, values, strict=True) if value not in (None, "")
            ):
                self.notes.append(f"column {column!r} holds lists: how long they are counts")
                return np.array([math.nan if one is None else len(one) for one in lists], dtype=np.float64)
        return None

    def _refuse_thousands(self, column: str) -> None:
        """Where commas may be decimal, "1,234" and "1.234" can be read in two ways."""
        for row, value in enumerate(self._table.column(column).to_pylist()) if self._decimal_comma else ():
            if isinstance(value, str) and _THOUSANDS.fullmatch(value.strip()):
                raise self.error(
                    row,
                    column,
                    f"{value.strip()!r} can be read in two ways: write thousands without a separator",
                )


def _listed(value: Any) -> list[Any] | None:
    """A list, or the list that a text spells."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, list) else None


def _verdict(text: str) -> float:
    """A verdict in words as a number, in any case; NaN if it is none."""
    return _VERDICTS.get(text.lower(), math.nan)


def outcomes_from_raw(raw: RawTable, table: pa.Table, roles: Roles, name: str) -> TableReading:
    """Outcomes of a table whose columns have their roles.

    Args:
        raw: The table's names and form.
        table: Its columns that have a role.
        roles: Which column says what.
        name: What errors call it.

    Raises:
        ValueError: As :func:`read_table` does.
    """
    _check_needed(raw, roles, name)
    table, empty = _without_empty_rows(table, roles)
    user = _UserTable(raw, table, roles, name)
    if empty:
        user.notes.append(f"{counted(empty, 'empty row')} left out")
    identity: dict[str, Any] = {
        "log": user.labels("log") if "log" in user else name,
        "model": user.labels("model") if "model" in user else PurePath(name).stem,
        "task": user.labels("task"),
        "question": user.required("question_id"),
        "context": user.labels("context"),
        "cluster": user.labels("cluster"),
        "variant": _variants(user),
        "uuid": user.labels("uuid"),
        **_epochs(user),
        **{role: user.length(role) for role in LENGTHS if role in user},
        **({"human_minutes": user.minutes("human_minutes")} if "human_minutes" in user else {}),
        **({"weight": user.length("weight")} if "weight" in user else {}),
    }
    parts = [
        Outcomes.build(user.rows, {"scorer": scorer, **identity, **predicted})
        for scorer, predicted in _predictions(user)
    ]
    outcomes, dropped = Outcomes.concatenate(parts).drop_duplicates()
    _check_targets(outcomes, name)
    _warn_of_strangers(user, outcomes)
    _warn_of_spellings(user, outcomes)
    return TableReading(
        outcomes,
        dropped,
        raw.form,
        roles.columns | {f"p_{label}": column for label, column in roles.classes.items()}
        if outcomes.kind.equals("probabilities").any()
        else roles.columns | {f"score of {scorer}": column for scorer, column in roles.scores.items()},
        [column for column in raw.names if column not in roles.used],
        user.notes,
        user.warnings,
        user.rows,
    )


def _without_empty_rows(table: pa.Table, roles: Roles) -> tuple[pa.Table, int]:
    """The table without rows in which nothing that is read stands, as spreadsheets add them, and how many these are."""
    try:
        rows = np.flatnonzero(labels_of(table.column(roles.columns["question_id"])).missing)
    except BadValue:
        return table, 0
    if not len(rows):
        return table, 0
    there = {
        row
        for column in table.take(rows).columns
        for row, v in enumerate(column.to_pylist())
        if str(v or "").strip()
    }
    empty = np.delete(rows, sorted(there))
    kept = np.delete(np.arange(table.num_rows), empty)
    return (table.take(kept), len(empty)) if len(empty) else (table, 0)


def _variants(user: _UserTable) -> Labels:
    """What sets runs apart: the column of that name, or the log where nothing says which model it is of."""
    logs = user.labels("log").compact()
    if "model" not in user and len(logs.names) > 1:
        user.warnings.append(
            f"its rows are of {len(logs.names)} logs and no column names their models: each log is a group of its own"
        )
        return logs.map(lambda text: json.dumps({"log": text}))
    return user.labels("variant").map(lambda text: json.dumps({"variant": text}))


def _epochs(user: _UserTable) -> dict[str, Any]:
    column = user.roles.columns["epoch"]
    try:
        numbers = user.numbers(column)
    except ValueError:
        if re.sub(r"[\s-]+", "_", column.strip()).lower() not in _TRIALS:
            raise
        user.notes.append(f"column {column!r} names the epochs, which are numbered in the order of the names")
        return {"epoch": user.required("epoch").sorted().codes + 1}
    odd = ~((numbers >= 0) & (numbers == np.floor(numbers)) & (numbers < 2**31))
    for row in np.flatnonzero(odd)[:1].tolist():
        text = None if math.isnan(numbers[row]) else f"{numbers[row]:g}"
        raise user.error(row, column, f"{text!r} is not a whole number from 0 on")
    return {"epoch": numbers.astype(np.int32)}


def _predictions(user: _UserTable) -> list[tuple[Labels | str | None, dict[str, Any]]]:
    """What each epoch predicted, for every scorer."""
    scorer: Labels | None = user.labels("scorer") if "scorer" in user else None
    targeted = _has_target(user)
    if "answer" in user and targeted:
        beside = [c for c in user.roles.classes.values()]
        if beside:
            user.notes.append(f"answers count; unread beside them: {', '.join(beside)}")
        return [(scorer, _answers(user))]
    if _has_probabilities(user):
        return [(scorer, _probabilities(user, user.roles.classes))]
    if "score" in user:
        return [(scorer, _scores(user, user.roles.columns["score"]))]
    if user.roles.scores:
        return [(name, _scores(user, column)) for name, column in user.roles.scores.items()]
    if not targeted and ("answer" in user or len(user.roles.classes) >= 2):
        user.warnings.append(
            "no column of right answers (target): how far answers agree is measured. If there is one, name it by "
            "--columns target=NAME"
        )
        predicted = _answers(user) if "answer" in user else _probabilities(user, user.roles.classes)
        return [(scorer, predicted)]
    raise ValueError(
        f"{user.name}: no column says what an epoch answered or how right it was; found: "
        f"{', '.join([*user.roles.columns.values(), *user.roles.unread])}. Add a column score (read as one: "
        f"{', '.join(ALIASES['score'][1:6])}, …) with how right each epoch was, or a column answer with what it answered, or "
        "columns p_A, p_B, … with the probability of each answer; the last two with a column target of right answers, "
        "without which only agreement is measured. A column of another name: --columns score=NAME"
    )


def _has_target(user: _UserTable) -> bool:
    """Whether any row says what is right."""
    return "target" in user and not user.labels("target").missing.all()


def _has_probabilities(user: _UserTable) -> bool:
    """Whether there is a probability for every class: at least two, and the targets among them."""
    classes = user.roles.classes
    if len(classes) < 2 or not _has_target(user):
        return False
    if "score" not in user:
        return True
    targets = set(user.labels("target").names)
    if targets <= set(classes):
        user.notes.append(f"probabilities count; unread beside them: {user.roles.columns['score']}")
        return True
    return False


def _scores(user: _UserTable, column: str) -> dict[str, Any]:
    value = user.numbers(column, verdicts=True)
    status = Labels(np.isnan(value).astype(np.int32), ("ok", "unscored"))
    target = user.labels("target").map(normalise_label) if "target" in user else None
    return {"kind": "score", "status": status, "value": value, "target": target}


def _answers(user: _UserTable) -> dict[str, Any]:
    targeted = _has_target(user)
    answer, target = (
        user.labels("answer"),
        user.required("target") if targeted else Labels.constant(None, user.rows),
    )
    for read in (_without_missing, _without_points, _without_case, _without_decoration):
        answer, target = read(user, answer, target)
    answer, target = answer.map(normalise_label), target.map(normalise_label)
    unread = answer.missing
    status = (
        Labels(unread.astype(np.int32), ("ok", "unparsed"))
        if unread.any()
        else Labels.constant("ok", user.rows)
    )
    return {"kind": "answer", "status": status, "answer": answer, "target": target}


def _without_missing(user: _UserTable, answer: Labels, target: Labels) -> tuple[Labels, Labels]:
    """What data frames write for a missing value is one, unless it is a right answer somewhere."""
    found = _MISSING_TEXT & set(answer.names) - set(target.names)
    if not found:
        return answer, target
    user.notes.append(f"answers {', '.join(sorted(map(repr, found)))} count as unparsed")
    return answer.map(lambda name: None if name in found else name), target


def _without_points(user: _UserTable, answer: Labels, target: Labels) -> tuple[Labels, Labels]:
    """Whole numbers that became floats on one side only: 1.0 against 1."""
    for floats, wholes in ((answer, target), (target, answer)):
        if (
            floats.names
            and wholes.names
            and all(_WHOLE_FLOAT.fullmatch(name) for name in floats.names)
            and all(_WHOLE.fullmatch(name) for name in wholes.names)
        ):
            user.notes.append("whole numbers with and without a decimal point (1.0 and 1) are one label")

            def whole(name: str) -> str:
                match = _WHOLE_FLOAT.fullmatch(name)
                return match[1] if match else name

            return answer.map(whole), target.map(whole)
    return answer, target


def _without_case(user: _UserTable, answer: Labels, target: Labels) -> tuple[Labels, Labels]:
    """True and false, which programs write in any case, are two labels where they are all that there is."""
    names = {*answer.names, *target.names}
    if {name.lower() for name in names} <= {"true", "false"} and len(names) > len({n.lower() for n in names}):
        user.notes.append("true and false are read in any case")
        return answer.map(str.title), target.map(str.title)
    return answer, target


def _without_decoration(user: _UserTable, answer: Labels, target: Labels) -> tuple[Labels, Labels]:
    """Letters of choices in brackets or before the choice's text, where every target (without any, answer) is one."""
    right = {name: _letter(name) for name in target.names or answer.names}
    if not right or None in right.values():
        return answer, target
    decorated = sorted(
        name for name in (*answer.names, *target.names) if len(name) > 1 and _letter(name) is not None
    )
    if not decorated:
        return answer, target
    shown = ", ".join(repr(name[:40]) for name in decorated[:3])
    user.notes.append(f"labels such as {shown} are read as their letter")

    def plain(name: str) -> str:
        return _letter(name) or name

    return answer.map(plain), target.map(plain)


def _letter(label: str) -> str | None:
    match = _BARE.fullmatch(label)
    if match:
        return match[1].upper()
    match = _WITH_TEXT.fullmatch(label)
    if match and len(_IN_BRACKETS.findall(label)) > 1:
        return None  # "(A) or (B)" names two
    return (match[1] or match[2]).upper() if match else None


def _probabilities(user: _UserTable, classes: Mapping[str, str]) -> dict[str, Any]:
    columns = list(classes.values())
    table = np.column_stack([user.numbers(column) for column in columns])
    empty = np.asarray(np.isnan(table).all(axis=1))
    for row, place in np.argwhere(np.isnan(table) & ~empty[:, None])[:1].tolist():
        raise user.error(row, columns[place], "empty beside other probabilities")
    for row, place in np.argwhere(table < 0)[:1].tolist():
        raise user.error(row, columns[place], f"{table[row, place]:g} is negative")
    total = table.sum(axis=1)
    for row in np.flatnonzero(~empty & ~(np.abs(total - 1) <= SUM_TOLERANCE))[:1].tolist():
        raise user.error(row, columns[0], f"the probabilities of the row sum to {total[row]:g}, not 1")
    letters = {label: class_label(place) for place, label in enumerate(classes)}
    target = user.required("target") if _has_target(user) else Labels.constant(None, user.rows)
    for place, label in enumerate(target.names):
        if label not in letters:
            row = int(np.flatnonzero(target.codes == place)[0])
            raise user.error(
                row, user.roles.columns["target"], f"{label!r} is none of the classes {', '.join(classes)}"
            )
    with np.errstate(invalid="ignore"):
        flat = (table / total[:, None])[~empty].ravel()
    sizes = np.where(empty, 0, len(columns))
    return {
        "kind": "probabilities",
        "status": Labels(empty.astype(np.int32), ("ok", "unparsed")),
        "target": target.map(letters.__getitem__),
        "choices": np.full(user.rows, len(columns)),
        "vector": Ragged(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), flat),
    }


def _warn_of_strangers(user: _UserTable, outcomes: Outcomes) -> None:
    """Say so where no answer at all equals a target: labels that are spelled in two ways are never right."""
    answers = outcomes.answer.compact().names
    targets = outcomes.target.compact().names
    if answers and targets and outcomes.kind.equals("answer").any() and not set(answers) & set(targets):
        user.warnings.append(
            f"no answer is spelled like any target ({_shown(answers)} against {_shown(targets)}): every epoch counts as "
            "wrong. If they mean the same, spell them alike"
        )


def _warn_of_spellings(user: _UserTable, outcomes: Outcomes) -> None:
    """Say so where answers differ from their target in nothing but case, blanks or how a number is written."""
    folded: dict[str | float, str] = {_folded(name): name for name in outcomes.target.compact().names}
    said_names = outcomes.answer.compact().names
    if len(said_names) > _MOST_SPELLINGS or all(folded.get(_folded(n), n) == n for n in said_names):
        return
    judged = outcomes.kind.equals("answer") & ~outcomes.answer.missing & ~outcomes.target.missing
    pairs = fold_keys([outcomes.answer.codes[judged], outcomes.target.codes[judged]])
    _, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    rows = np.flatnonzero(judged)[first]
    spelled = (
        [part.names[code] for code in part.codes[rows].tolist()]
        for part in (outcomes.answer, outcomes.target)
    )
    found = [
        (count, said, right)
        for count, said, right in zip(counts.tolist(), *spelled, strict=True)
        if said != right and _folded(said) == _folded(right)
    ]
    if found:
        _, said, right = max(found)
        user.warnings.append(
            f"{counted(sum(count for count, _, _ in found), 'answer')} spelled otherwise than the target, such as "
            f"{said[:40]!r} for {right[:40]!r}, and counted as wrong: spell them alike if they mean the same"
        )


def _folded(label: str) -> str | float:
    """A label without its case and blanks; a number as such."""
    try:
        return float(label)
    except ValueError:
        return "".join(label.casefold().split())


def _shown(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:40]) for name in names[:3])


def _check_targets(outcomes: Outcomes, name: str) -> None:
    """One right answer per question; scores have no need of one."""
    judged = ~outcomes.kind.equals("score")
    owner = fold_keys([outcomes.model.codes, outcomes.task.codes, outcomes.question.codes])
    span = int(owner.max(initial=-1)) + 1
    if span <= 4 * len(owner):
        some = np.empty(span, dtype=np.int32)
        some[owner] = outcomes.target.codes
        if np.array_equal(some[owner], outcomes.target.codes):
            return
    _, first, inverse = np.unique(owner, return_index=True, return_inverse=True)
    odd = np.flatnonzero((outcomes.target.codes != outcomes.target.codes[first][inverse]) & judged)
    for row in odd[:1].tolist():
        question = outcomes.question.names[int(outcomes.question.codes[row])]
        both = [
            outcomes.target.names[int(outcomes.target.codes[place])]
            for place in (int(first[inverse[row]]), row)
        ]
        raise ValueError(
            f"{name}: question {question!r} has two targets, {both[0]!r} and {both[1]!r} "
            "(if it stands in two sets, a column 'task' or 'dataset' tells them apart)"
        )


def number_epochs(outcomes: Outcomes) -> Outcomes:
    """Give numbers to epochs that have only names, in the order of the names within a question.

    Args:
        outcomes: Rows; those with the epoch number `UNNUMBERED` have the name of their run in ``uuid``.
    """
    loose = np.flatnonzero(outcomes.epoch == UNNUMBERED)
    if not len(loose):
        return outcomes
    part = outcomes.take(loose)
    names = (part.task, part.model, part.variant, part.scorer, part.context, part.question)
    owner = fold_keys([column.codes for column in names])
    name = part.uuid.sorted().codes
    order = np.lexsort((name, owner))
    owner, name = owner[order], name[order]
    # Copies of an epoch in several files have one name, and get one number.
    begins = np.append(True, owner[1:] != owner[:-1])
    distinct = np.cumsum(begins | np.append(True, name[1:] != name[:-1]))
    first = np.flatnonzero(begins)
    epoch = outcomes.epoch.copy()
    epoch[loose[order]] = distinct - np.repeat(distinct[first], np.diff([*first, len(loose)])) + 1
    return replace(outcomes, epoch=epoch)
