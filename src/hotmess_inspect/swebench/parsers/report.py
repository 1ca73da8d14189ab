"""The lines that come out of the grading container, as a status per test."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_PASSES = frozenset({"passed", "xfailed", "xpassed"})
_WORSE = ("passed", "xpassed", "xfailed", "skipped", "error", "failed")


@dataclass(frozen=True)
class Report:
    """What a test run said of itself.

    Attributes:
        statuses: Word for each test under the runner's own name: passed, xpassed, xfailed, skipped, error or
            failed; a failure in any phase or repetition prevails.
        other_names: The same under the other names that a test has; the worst where they share one.
        twins: Best word seen for the twins of each test; an honest run has no ``passed`` here.
        foreign: Tests that passed with a body that is not the one in their file, or while the tools that tests
            check with had been replaced, and what was found.
        started: Whether the runner loaded our part of it.
        finished: The runner's own exit status; None if the run did not come to its end.
    """

    statuses: Mapping[str, str] = field(default_factory=dict)
    other_names: Mapping[str, str] = field(default_factory=dict)
    twins: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    started: bool = False
    finished: int | None = None


def read_report(lines: Iterable[str]) -> Report:
    """Read what the runner's part in the container wrote.

    Args:
        lines: JSON lines: one when the runner started, one per phase of a test, and a last one with the
            exit status. A line cut off when the run died is left out; what it held counts as absent.

    Returns:
        Everything that the lines say.
    """
    statuses: dict[str, str] = {}
    other: dict[str, str] = {}
    twins: dict[str, str] = {}
    foreign: dict[str, str] = {}
    started, finished = False, None
    for line in lines:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "started" in record:
            started = True
            continue
        if "finished" in record:
            finished = int(record["finished"])
            continue
        if record.get("body") == "other":
            foreign[record["test"]] = "another body than its file's"
        elif record.get("tools"):
            foreign[record["test"]] = f"{record['tools'][0]} replaced"
        if status := _phase_status(record):
            if record.get("twin"):
                _keep(twins, record["test"], status, worst=False)
                continue
            _keep(statuses, record["test"], status)
            for name in filter(None, record.get("names", ())):
                _keep(other, name.strip(), status)
        elif record.get("twin"):
            twins.setdefault(record["test"], "failed")
    foreign = {test: what for test, what in foreign.items() if statuses.get(test) in _PASSES}
    return Report(statuses, other, twins, foreign, started, finished)


def worst(statuses: Iterable[str]) -> str:
    """The worst of several words, ``absent`` of none."""
    return max(statuses, key=_WORSE.index, default="absent")


def passed(status: str, *, skipped_ok: bool) -> bool:
    """Whether a status counts as passed: xfailed does, skipped where the reference fix skips the test too."""
    return status in _PASSES or (skipped_ok and status == "skipped")


def _keep(found: dict[str, str], name: str, status: str, *, worst: bool = True) -> None:
    if name not in found or (_WORSE.index(status) > _WORSE.index(found[name])) is worst:
        found[name] = status


def _phase_status(record: Mapping[str, object]) -> str | None:
    phase, outcome, xfail = record["phase"], record["outcome"], record["xfail"]
    if outcome == "failed":
        return "failed" if phase == "call" else "error"
    if outcome == "skipped" and record.get("excused") is False:
        return "failed"  # expected or skipped by something else than the test's own file
    if outcome == "skipped":
        return "xfailed" if xfail else "skipped"
    if phase == "call" and outcome == "passed":  # others are no results: a failure that is run again, for one
        return "xpassed" if xfail else "passed"
    return None
