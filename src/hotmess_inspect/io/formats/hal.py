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
        """One row per task, or per wording of its prompt; runs of one agent on one benchmark are its epochs."""
        document = msgspec.json.decode(text)
        if not isinstance(document, dict) or not isinstance(document.get("raw_eval_results"), dict):
            raise ValueError(
                "an upload without raw_eval_results by task (encrypted ones must be decrypted first)"
            )
        config = {**(document.get("metadata") or {}), **(document.get("config") or {})}
        settings = dict(config.get("agent_args") or {})
        stem = PurePosixPath(path).name.split(".")[0].removesuffix("_UPLOAD")
        # Repeated runs of one agent are told apart at the end of their names.
        agent = _REPEAT.sub("", str(config.get("agent_name") or stem))
        model = settings.pop("model_name", None)
        if model is not None:
            settings["agent"] = agent
        run = str(config.get("run_id") or stem)
        results = document["raw_eval_results"]
        if isinstance(results.get("eval_result"), dict):
            results = results["eval_result"]
        # With --prompt_sensitivity a task has a result for each wording of its prompt.
        epochs = [
            (task, str(one.get("variation_id", number)) if isinstance(one, dict) else str(number), one)
            if isinstance(result, list)
            else (task, None, one)
            for task, result in results.items()
            for number, one in enumerate(result if isinstance(result, list) else [result])
        ]
        steps = document.get("task_step_counts") or {}
        columns: dict[str, list[Any]] = {
            "question_id": [task for task, _, _ in epochs],
            "context": [wording for _, wording, _ in epochs],
            "score": [_score(one) for _, _, one in epochs],
            "model": [model or agent] * len(epochs),
            "task": [config.get("benchmark_name")] * len(epochs),
            "variant": [settings_text(settings)] * len(epochs),
            "actions": [_actions(one) for _, _, one in epochs],
            "turns": [steps.get(task) if wording is None else None for task, wording, _ in epochs],
        }
        return Rows(columns, [run if wording is None else f"{run} {wording}" for _, wording, _ in epochs])


def _score(result: Any) -> Any:
    if isinstance(result, dict):
        return next((result[name] for name in _SCORES if isinstance(result.get(name), int | float)), None)
    return result if isinstance(result, int | float) else None


def _actions(result: Any) -> int | None:
    for name in ("action_names", "taken_actions"):
        if isinstance(result, dict) and isinstance(result.get(name), list):
            return len(result[name])
    return None
