"""SWE-bench: the results of a submission to the leaderboard, and several runs of each instance in one file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows

_REPEATED = re.compile(rb'"resolved"\s*:\s*\[\s*(?:\d|true|false|\])')


class SweBenchSubmission:
    """``results/results.json`` of a submission, and lines of ``{instance_id, resolved: [run 1, run 2, ...]}``."""

    name = "SWE-bench submission"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether the first line has several verdicts on an instance, or the file sorts instances by their end."""
        results = PurePosixPath(path).name == "results.json" and b'"no_generation"' in head
        return _is_repeated(head) or (results and b'"resolved"' in head)

    def read(self, path: str, text: bytes) -> Rows:
        """One row per instance that was submitted, or per run of an instance."""
        named = PurePosixPath(path)
        if not _is_repeated(text):
            return _submission(msgspec.json.decode(text, type=dict[str, Any]), named.parent)
        runs = [
            (one["instance_id"], number, verdict)
            for one in map(msgspec.json.decode, filter(None, map(bytes.strip, text.split(b"\n"))))
            for number, verdict in enumerate(one["resolved"], 1)
        ]
        columns = instance_columns(
            [run[0] for run in runs], [run[2] for run in runs], named.name.split(".")[0]
        )
        return Rows(columns | {"epoch": [run[1] for run in runs]})


def _is_repeated(text: bytes) -> bool:
    first = text.lstrip().split(b"\n", 1)[0]
    return b'"instance_id"' in first and _REPEATED.search(first) is not None


def _submission(document: dict[str, Any], folder: PurePosixPath) -> Rows:
    resolved = set(document["resolved"])
    ids = sorted(resolved.union(*(value for value in document.values() if isinstance(value, list))))
    run = folder.parent.name if folder.name == "results" else folder.name
    return Rows(instance_columns(ids, [name in resolved for name in ids], run), [run] * len(ids))


def instance_columns(ids: list[str], scores: list[Any], model: str) -> dict[str, list[Any]]:
    """Columns of a model's instances, whose clusters are their repositories."""
    return {
        "question_id": ids,
        "score": scores,
        "model": [model] * len(ids),
        "task": ["swe-bench"] * len(ids),
        "cluster": [name.rsplit("-", 1)[0] for name in ids],
    }
