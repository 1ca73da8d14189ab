"""HAL: uploads of an agent's run on a benchmark."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows, settings_text

_REPEAT = re.compile(r"_(?:r|rep|run)_?\d+$")
_SCORES = ("reward", "score", "resolved", "success", "correct")


class HalUpload:
    """``*_UPLOAD.json`` with ``config`` and ``raw_eval_results`` by task."""

    name = "HAL upload"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether it is called an upload, or has the raw results of one."""
        named = PurePosixPath(path).name.split(".")[0].endswith("_UPLOAD")
        return b'"raw_eval_results"' in head or (named and b'"config"' in head)

    def read(self, path: str, text: bytes) -> Rows:
        """One row per task; runs of one agent on one benchmark are its epochs."""
        document = msgspec.json.decode(text)
        if not isinstance(document, dict) or not isinstance(document.get("raw_eval_results"), dict):
            raise ValueError(
                "an upload without raw_eval_results by task (encrypted ones must be decrypted first)"
            )
        config = {**(document.get("metadata") or {}), **(document.get("config") or {})}
        agent = dict(config.get("agent_args") or {})
        stem = PurePosixPath(path).name.split(".")[0].removesuffix("_UPLOAD")
        # Repeated runs of one agent are told apart at the end of their names.
        model = agent.pop("model_name", None) or config.get("agent_name") or _REPEAT.sub("", stem)
        run = str(config.get("run_id") or stem)
        results = document["raw_eval_results"]
        if isinstance(results.get("eval_result"), dict):
            results = results["eval_result"]
        columns: dict[str, list[Any]] = {
            "question_id": list(results),
            "score": [_score(one) for one in results.values()],
            "model": [model] * len(results),
            "task": [config.get("benchmark_name")] * len(results),
            "variant": [settings_text(agent)] * len(results),
            "actions": [_actions(one) for one in results.values()],
        }
        return Rows(columns, [run] * len(results))


def _score(result: Any) -> Any:
    if isinstance(result, dict):
        return next((result[name] for name in _SCORES if isinstance(result.get(name), int | float)), None)
    return result if isinstance(result, int | float) else None


def _actions(result: Any) -> int | None:
    for name in ("action_names", "taken_actions"):
        if isinstance(result, dict) and isinstance(result.get(name), list):
            return len(result[name])
    return None
