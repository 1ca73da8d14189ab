"""What a reader of another harness's files is, and how its rows become outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol

from hotmess_inspect.io.raw_tables import RawTable, from_columns, text_of
from hotmess_inspect.io.roles import assign_roles
from hotmess_inspect.io.sources import File
from hotmess_inspect.io.tables import UNNUMBERED, TableReading, outcomes_from_raw
from hotmess_inspect.table import Labels

GROUP = "hotmess_inspect.formats"
HEAD_BYTES = 1 << 16
_OURS = (
    "tau:TauBench",
    "harbor:Harbor",
    "swebench_runs:SweBench",
    "hal:HalUpload",
    "metr:MetrRuns",
    "lm_eval:LmEval",
    "openai_evals:OpenAIEvals",
)


@dataclass(frozen=True)
class Rows:
    """The epochs of one file.

    Attributes:
        columns: Columns of equal length, named as in a table of answers: ``question_id``, ``score`` or ``answer``
            and ``target``, and any of ``epoch``, ``model``, ``task``, ``scorer``, ``cluster``, ``actions``, ``turns``,
            ``output_tokens``, ``human_minutes``, ``weight``, ….
        trials: Name of each row's run, where epochs have no number; runs are numbered in the order of their
            names once all files are read. A run of several questions has one name.
        notes: What a reader has to know, a sentence each.
    """

    columns: Mapping[str, Sequence[Any]]
    trials: Sequence[str] | None = None
    notes: Sequence[str] = field(default_factory=list)


class Format(Protocol):
    """A reader of the files of one harness."""

    name: str
    """What people call the files."""

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether a file is of this format.

        Args:
            path: Path or URI.
            head: Its beginning, inflated.
        """
        ...

    def read(self, path: str, text: bytes) -> Rows:
        """The epochs of a file.

        Args:
            path: Path or URI.
            text: Its whole content, inflated, in UTF-8.

        Raises:
            ValueError: If it is not as the format has it.
        """
        ...


@cache
def formats() -> tuple[Format, ...]:
    """All formats: those of other packages first, then ours."""
    found: list[Format] = [point.load()() for point in entry_points(group=GROUP)]
    for spot in _OURS:
        module, name = spot.split(":")
        found.append(getattr(import_module(f"hotmess_inspect.io.formats.{module}"), name)())
    return tuple(found)


def format_of(file: File) -> Format | None:
    """The format of a file, ``None`` if it is of none of them."""
    head = text_of(file.read(0, HEAD_BYTES), whole=False)
    return next((one for one in formats() if one.recognise(file.path, head)), None)


def read_format(form: Format, file: File) -> TableReading:
    """Read a file of a format.

    Raises:
        ValueError: If it is not as the format has it.
    """
    rows = form.read(file.path, text_of(file.read(0, file.size), whole=True))
    return outcomes_of(rows, form.name, file.path)


def outcomes_of(rows: Rows, name: str, path: str) -> TableReading:
    """Outcomes of a reader's rows."""
    count = len(next(iter(rows.columns.values()), ()))
    columns = dict(rows.columns)
    if rows.trials is not None:
        columns["epoch"] = list(range(count))
    raw: RawTable = from_columns(columns, name)
    roles = assign_roles(raw.names, {"weight": "weight"} if "weight" in raw.names else None)
    table = raw.load([raw.names.index(column) for column in roles.used])
    reading = outcomes_from_raw(raw, table, roles, path)
    # The names of columns are the reader's own: nobody needs to be told of them.
    reading = replace(reading, notes=[*rows.notes, *(n for n in reading.notes if " is read as " not in n)])
    if rows.trials is None:
        return reading
    outcomes = reading.outcomes
    named = [
        f"{rows.trials[row]}/{question}"
        for row, question in zip(outcomes.epoch.tolist(), outcomes.question.values(), strict=True)
    ]
    loose = replace(outcomes, epoch=outcomes.epoch * 0 + UNNUMBERED, uuid=Labels.encode(named))
    return replace(reading, outcomes=loose)
