"""METR: runs of agents on tasks of known human time."""

from __future__ import annotations

import hashlib
from collections import Counter

import msgspec

from hotmess_inspect.io.formats.interface import Rows

WEIGHT = "invsqrt_task_weight"
"""The weight of a run that is kept: tasks of large families count less."""


class MetrRuns:
    """``runs.jsonl`` with ``task_id``, ``task_family``, ``alias``, ``score_binarized`` and ``human_minutes``."""

    name = "METR runs"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether the first line has a binarised score and the time that people take."""
        line = head.split(b"\n", 1)[0]
        return b'"score_binarized"' in line and b'"human_minutes"' in line and b'"task_id"' in line

    def read(self, path: str, text: bytes) -> Rows:
        """One row per run; families of tasks are the clusters."""
        lines = [msgspec.json.decode(line) for line in text.split(b"\n") if line.strip()]
        columns = {
            "question_id": [one.get("task_id") for one in lines],
            "score": [one.get("score_binarized") for one in lines],
            "model": [one.get("alias") or one.get("model") for one in lines],
            "cluster": [one.get("task_family") for one in lines],
            "human_minutes": [one.get("human_minutes") for one in lines],
            "weight": [one.get(WEIGHT) for one in lines],
        }
        # Without ids of runs, a copy of the file holds the same runs and any other file none of them. Within one file
        # each line is a run of its own, as in METR's weights, whatever its id.
        digest = hashlib.blake2b(text, digest_size=8).hexdigest()
        runs = [str(one.get("run_id") or f"{digest}-{number:09}") for number, one in enumerate(lines)]
        seen: Counter[tuple[str, ...]] = Counter()
        for row, (model, task) in enumerate(zip(columns["model"], columns["question_id"], strict=True)):
            key = (str(model), str(task), runs[row])
            runs[row] += f"#{seen[key]}" if seen[key] else ""
            seen[key] += 1
        return Rows(columns, [f"{model}/{run}" for model, run in zip(columns["model"], runs, strict=True)])
