"""OpenAI's evals: the event log of a run."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from hotmess_inspect.io.formats.interface import Rows, accuracy_notes


class OpenAIEvals:
    """Lines of events: a ``spec`` first, then ``match`` events with ``sample_id`` and ``data.correct``."""

    name = "OpenAI evals log"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether the first line is the specification of a run and events follow."""
        first = head.lstrip().split(b"\n", 1)[0]
        return b'"spec"' in first and b'"completion_fns"' in first and b'"eval_name"' in first

    def read(self, path: str, text: bytes) -> Rows:
        """One row per judged sample."""
        lines = [msgspec.json.decode(line) for line in text.split(b"\n") if line.strip()]
        spec = lines[0]["spec"]
        judged = [one for one in lines if one.get("type") in ("match", "metrics") and _score(one) is not None]
        columns = {
            "question_id": [one.get("sample_id") for one in judged],
            "score": [_score(one) for one in judged],
            "model": [", ".join(map(str, spec.get("completion_fns") or [])) or None] * len(judged),
            "task": [spec.get("eval_name")] * len(judged),
        }
        run = str(spec.get("run_id") or PurePosixPath(path).name)
        reports = [one["final_report"] for one in lines if isinstance(one.get("final_report"), dict)]
        stated = reports[-1].get("accuracy") if reports else None
        return Rows(columns, [run] * len(judged), accuracy_notes(stated, columns["score"]))


def _score(event: dict[str, dict[str, float | bool | None]]) -> float | bool | None:
    data = event.get("data") or {}
    return next((data[name] for name in ("correct", "score", "accuracy") if data.get(name) is not None), None)
