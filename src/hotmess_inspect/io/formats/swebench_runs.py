"""SWE-bench: the harness's reports of a run and of an instance."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows, Tests
from hotmess_inspect.io.formats.swebench_submissions import instance_columns
from hotmess_inspect.words import counted


class SweBench:
    """``<model>.<run>.json`` and ``<run>/<model>/<instance>/report.json``."""

    name = "SWE-bench report"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether there is a list of resolved instances, or the report of one."""
        if b'"raw_eval_results"' in head:
            return False  # an upload of HAL, which holds such a report
        return b'"resolved_ids"' in head or (b'"resolved"' in head and b'"patch_is_None"' in head)

    def read(self, path: str, text: bytes) -> Rows:
        """One row per instance that was submitted; errors of the harness have no verdict."""
        document = msgspec.json.decode(text)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        return _run(document, path) if "resolved_ids" in document else _instances(document, path)


def _run(document: dict[str, Any], path: str) -> Rows:
    """The report of a run: what was submitted is resolved or not, and errors are neither."""
    resolved = set(document.get("resolved_ids") or ())
    failed = set(document.get("error_ids") or ()) - resolved
    named = [
        name
        for key, value in document.items()
        if key.endswith("_ids") and key != "incomplete_ids"
        for name in value
    ]
    ids = sorted(set(document.get("submitted_ids") or named))
    model, run = _model_and_run(path)
    scores = [None if name in failed else name in resolved for name in ids]
    rows = _rows(ids, scores, model, run)
    notes = _infra_notes(len(document.get("infra_failure_ids") or ()))
    return replace(rows, columns={**rows.columns, "scorer": ["resolved"] * len(ids)}, notes=notes)


def _infra_notes(count: int) -> list[str]:
    failed = f"{counted(count, 'instance')} failed for reasons of the environment, as the harness says"
    return [f"{failed}: counted as not resolved, as there"] if count else []


def _model_and_run(path: str) -> tuple[str, str]:
    """The two halves of ``<model>.<run>.json``; both may have points, so the folder of the run's logs decides if it is there."""
    stem = PurePosixPath(path).name.removesuffix(".json")
    parts = stem.split(".")
    logs = os.path.join(os.path.dirname(path), "logs", "run_evaluation")
    for at in range(1, len(parts)):
        model, run = ".".join(parts[:at]), ".".join(parts[at:])
        if os.path.isdir(os.path.join(logs, run, model)):
            return model, run
    model, _, run = stem.rpartition(".")
    return model or stem, run or stem


def _instances(document: dict[str, Any], path: str) -> Rows:
    """Reports of instances: whether each is resolved, and what became of each of its tests where that is told."""
    folders = ("run", "report", *PurePosixPath(path).parts[:-1])
    if isinstance(document.get("resolved"), bool):
        # Leaderboards keep each report without the instance's name, in a folder of that name.
        document = {folders[-1]: document}
    found = {name: one for name, one in document.items() if isinstance(one, dict) and "resolved" in one}
    # The harness: <run>/<model>/<instance>; a submission: <submission>/logs/<instance>.
    run, model = folders[-3:-1] if folders[-2] != "logs" else folders[-3:-2] * 2
    known = {name: tests for name, one in found.items() if (tests := _tests(one)) is not None}
    rows = _rows([*found, *known], [bool(found[n]["resolved"]) for n in (*found, *known)], model, run)
    scorers = ["resolved"] * len(found) + ["tests"] * len(known)
    return replace(
        rows,
        columns={**rows.columns, "scorer": scorers},
        tests=[*[None] * len(found), *known.values()],
        notes=_infra_notes(sum(one.get("infra_failure") is True for one in found.values())),
    )


def _tests(report: dict[str, Any]) -> Tests | None:
    """The tests of a report: empty where the patch could not be applied, ``None`` where it says nothing of them."""
    status = report.get("tests_status")
    if report.get("infra_failure") is True:
        return None
    if not isinstance(status, dict):
        return ({}, {}) if report.get("patch_successfully_applied") is False else None
    found = []
    for name in ("FAIL_TO_PASS", "PASS_TO_PASS"):
        lists = status.get(name) or {}
        passed, failed = (lists.get(key) or () for key in ("success", "failure"))
        found.append({**dict.fromkeys(passed, True), **dict.fromkeys(failed, False)})
    return found[0], found[1]


def _rows(ids: list[str], scores: list[bool | None], model: str, run: str) -> Rows:
    return Rows(instance_columns(ids, scores, model), [run] * len(ids))
