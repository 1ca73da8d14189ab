"""What a reader of another harness's files is, and how its rows become outcomes."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any, Protocol

import msgspec
import numpy as np

from hotmess_inspect.bits import encode_tests
from hotmess_inspect.io.raw_tables import RawTable, from_columns, text_of
from hotmess_inspect.io.roles import assign_roles
from hotmess_inspect.io.sources import File
from hotmess_inspect.io.tables import UNNUMBERED, TableReading, outcomes_from_raw
from hotmess_inspect.io.variants import hidden
from hotmess_inspect.table import Labels, Outcomes
from hotmess_inspect.words import counted

GROUP = "hotmess_inspect.formats"
HEAD_BYTES = 1 << 16
_MOST_BESIDE = 1 << 26
"""Bytes of a further file that a reader takes up."""

_OURS = (
    "tau:TauBench",
    "harbor:Harbor",
    "terminal_bench:TerminalBench",
    "swebench_runs:SweBench",
    "swebench_submissions:SweBenchSubmission",
    "hal:HalUpload",
    "metr:MetrRuns",
    "lm_eval:LmEval",
    "openai_evals:OpenAIEvals",
)


Tests = tuple[Mapping[str, bool], Mapping[str, bool]]
"""Whether each FAIL_TO_PASS and each PASS_TO_PASS test passed."""

_UNAPPLIED = "tests of a patch that could not be applied"


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
        tests: Outcomes of each row's unit tests by name, those that the patch must mend and those that it must not
            break; ``None`` for a row that is a plain score. Empty ones: the patch could not be applied, so nothing
            is mended and nothing broken (`with_unapplied`). Needs ``trials``.
    """

    columns: Mapping[str, Sequence[Any]]
    trials: Sequence[str] | None = None
    notes: Sequence[str] = field(default_factory=list)
    tests: Sequence[Tests | None] | None = None


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
    # Half of all that is loaded for a table, and of no use for one.
    from importlib.metadata import entry_points

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


def read_beside(path: str) -> dict[str, Any]:
    """The JSON object in a local file that lies beside the one read; empty where there is none, or none that can be read."""
    if "://" in path or not os.path.isfile(path) or os.path.getsize(path) > _MOST_BESIDE:
        return {}
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}


def settings_text(settings: Mapping[str, Any]) -> str | None:
    """Settings that part two runs as the text of a variant, with digests for secrets; ``None`` where there are none."""
    told = {name: hidden(name, value) for name, value in settings.items() if value not in (None, "", {}, [])}
    return json.dumps(told, sort_keys=True) if told else None


def accuracy_notes(stated: Any, scores: Sequence[float | None]) -> list[str]:
    """What to say of a file that states another accuracy, as a share or in per cent, than its scores have."""
    known = [float(score) for score in scores if score is not None]
    if not known or not isinstance(stated, int | float) or isinstance(stated, bool):
        return []
    mean = sum(known) / len(known)
    if abs(mean - stated) < 1e-6 or abs(100 * mean - stated) < 1e-4:
        return []
    return [
        f"states accuracy {stated:.4g}; the {counted(len(known), 'task')} with a result {'has' if len(known) == 1 else 'have'} {mean:.4g}"
    ]


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
    if rows.tests is not None:
        outcomes = _with_tests(outcomes, [rows.tests[row] for row in outcomes.epoch.tolist()])
    # Runs of two agents may have one name; copies of an epoch agree in all of this.
    of = (outcomes.model, outcomes.task, outcomes.variant, outcomes.question)
    named = [
        "/".join(map(str, (rows.trials[row], *names)))
        for row, *names in zip(outcomes.epoch.tolist(), *(column.values() for column in of), strict=True)
    ]
    loose = replace(outcomes, epoch=outcomes.epoch * 0 + UNNUMBERED, uuid=Labels.encode(named))
    return replace(reading, outcomes=loose)


def _with_tests(outcomes: Outcomes, tests: Sequence[Tests | None]) -> Outcomes:
    """The rows with their unit tests, in the order of the tests' names."""
    kind, status, bits, target = (
        list(column.values()) for column in (outcomes.kind, outcomes.status, outcomes.tests, outcomes.target)
    )
    f2p, p2p = outcomes.f2p.copy(), outcomes.p2p.copy()
    for row, found in enumerate(tests):
        if found is None:
            continue
        kind[row], status[row] = "tests", "ok"
        names = [sorted(own) for own in found]
        f2p[row], p2p[row] = map(len, names)
        if not any(names):
            f2p[row], bits[row], target[row] = 1, encode_tests([False]), _UNAPPLIED
            continue
        bits[row] = encode_tests(
            [own[name] for own, order in zip(found, names, strict=True) for name in order]
        )
        # Two runs must have the same tests, not only as many.
        digest = hashlib.blake2b(repr(names).encode("utf-8", "replace"), digest_size=4).hexdigest()
        target[row] = f"{f2p[row]} FAIL_TO_PASS and {p2p[row]} PASS_TO_PASS tests ({digest})"
    kinds, statuses, texts, targets = map(Labels.encode, (kind, status, bits, target))
    return replace(outcomes, f2p=f2p, p2p=p2p, kind=kinds, status=statuses, tests=texts, target=targets)


def with_unapplied(outcomes: Outcomes) -> Outcomes:
    """The rows, with tests for patches that could not be applied.

    Nothing changed there: FAIL_TO_PASS tests fail and PASS_TO_PASS tests pass. Which tests these are is told by the
    other runs of the question, whichever files hold them; of several sets of tests the most frequent one counts. Where
    no run tells it there is one failed test: shares of FAIL_TO_PASS are the same for any number of them.
    """
    rows = np.flatnonzero(outcomes.target.equals(_UNAPPLIED))
    if not len(rows):
        return outcomes
    names = [part.values() for part in (outcomes.task, outcomes.question)]
    targets, bits = outcomes.target.values(), list(outcomes.tests.values())
    known: dict[tuple[Any, ...], Counter[tuple[int, int, str]]] = {}
    for row in np.flatnonzero(outcomes.kind.equals("tests") & ~outcomes.target.equals(_UNAPPLIED)).tolist():
        one = (int(outcomes.f2p[row]), int(outcomes.p2p[row]), str(targets[row]))
        known.setdefault(tuple(part[row] for part in names), Counter())[one] += 1
    f2p, p2p, told = outcomes.f2p.copy(), outcomes.p2p.copy(), list(targets)
    for row in rows.tolist():
        counts = known.get(tuple(part[row] for part in names))
        if counts:
            f2p[row], p2p[row], told[row] = min(counts, key=lambda one: (-counts[one], one))
            bits[row] = encode_tests([False] * int(f2p[row]) + [True] * int(p2p[row]))
    return replace(outcomes, f2p=f2p, p2p=p2p, tests=Labels.encode(bits), target=Labels.encode(told))
