"""SWE-bench: the harness's reports of a run and of an instance, and the results of submissions."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows

_REPEATED = re.compile(rb'"resolved"\s*:\s*\[\s*(?:\d|true|false|\])')


class SweBench:
    """``<model>.<run>.json``, ``<run>/<model>/<instance>/report.json``, ``results/results.json``, repeated runs."""

    name = "SWE-bench report"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether there are lists of resolved instances, or the report of one."""
        if b'"resolved_ids"' in head or (b'"resolved"' in head and b'"patch_is_None"' in head):
            return True
        first = head.lstrip().split(b"\n", 1)[0]
        if b'"instance_id"' in first and _REPEATED.search(first):
            return True
        name = PurePosixPath(path).name
        return name == "results.json" and b'"resolved"' in head and b'"no_generation"' in head

    def read(self, path: str, text: bytes) -> Rows:
        """One row per instance that was submitted; errors of the harness have no verdict."""
        lines = [line for line in text.split(b"\n") if line.strip()]
        try:
            document: Any = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return _repeats([msgspec.json.decode(line) for line in lines], path)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        if "instance_id" in document and isinstance(document.get("resolved"), list):
            return _repeats([document], path)
        if "resolved_ids" in document:
            return _run(document, path)
        if isinstance(document.get("resolved"), list):
            return _submission(document, path)
        return _instances(document, path)


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
    stem = PurePosixPath(path).name.removesuffix(".json")
    model, _, run = stem.rpartition(".")
    scores = [None if name in failed else name in resolved for name in ids]
    return _rows(ids, scores, model or stem, run or stem)


def _submission(document: dict[str, Any], path: str) -> Rows:
    resolved = set(document["resolved"])
    ids = sorted(
        resolved | {name for value in document.values() if isinstance(value, list) for name in value}
    )
    folder = PurePosixPath(path).parent
    run = folder.parent.name if folder.name == "results" else folder.name
    return _rows(ids, [name in resolved for name in ids], run, run)


def _instances(document: dict[str, Any], path: str) -> Rows:
    found = {name: one for name, one in document.items() if isinstance(one, dict) and "resolved" in one}
    folders = PurePosixPath(path).parts[:-1]
    model = folders[-2] if len(folders) >= 2 else "report"
    run = folders[-3] if len(folders) >= 3 else "run"
    return _rows(list(found), [bool(one["resolved"]) for one in found.values()], model, run)


def _repeats(documents: list[Any], path: str) -> Rows:
    """Lines of ``{instance_id, resolved: [run 1, run 2, ...]}``: several runs of each instance in one file."""
    runs = [
        (one["instance_id"], number, verdict)
        for one in documents
        for number, verdict in enumerate(one["resolved"], 1)
    ]
    ids = [run[0] for run in runs]
    columns = _columns(ids, [run[2] for run in runs], PurePosixPath(path).name.split(".")[0])
    return Rows(columns | {"epoch": [run[1] for run in runs]})


def _rows(ids: list[str], scores: list[bool | None], model: str, run: str) -> Rows:
    return Rows(_columns(ids, scores, model), [run] * len(ids))


def _columns(ids: list[str], scores: list[Any], model: str) -> dict[str, list[Any]]:
    return {
        "question_id": ids,
        "score": scores,
        "model": [model] * len(ids),
        "task": ["swe-bench"] * len(ids),
        "cluster": [name.rsplit("-", 1)[0] for name in ids],
    }
