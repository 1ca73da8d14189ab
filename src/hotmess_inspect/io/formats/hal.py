"""HAL: uploads of an agent's run on a benchmark."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows, accuracy_notes, settings_text

_REPEAT = re.compile(r"_(?:r|rep|run)_?\d+$")
_SCORES = ("reward", "score", "resolved", "success", "correct")
_TABLES = ("eval_result", "individual", "sdict")
"""Where the results by task are, if not at the top: of ScienceAgentBench, AppWorld and USACO."""


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
        if not isinstance(document, dict) or not isinstance(document.get("raw_eval_results"), dict | list):
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
        told = _told(document)
        epochs = _epochs(document["raw_eval_results"], told)
        scores = [told.get(task) if score is None else score for task, _, score, _ in epochs]
        if all(score is None for score in scores):
            raise ValueError(
                "no task in raw_eval_results has a score, and results names neither successful_tasks nor failed_tasks"
            )
        steps = document.get("task_step_counts") or {}
        columns: dict[str, list[Any]] = {
            "question_id": [task for task, *_ in epochs],
            "context": [wording for _, wording, *_ in epochs],
            "score": scores,
            "model": [model or agent] * len(epochs),
            "task": [config.get("benchmark_name")] * len(epochs),
            "variant": [settings_text(settings)] * len(epochs),
            "actions": [_actions(one) for *_, one in epochs],
            "turns": [steps.get(task) if wording is None else None for task, wording, *_ in epochs],
        }
        names = [run if wording is None else f"{run} {wording}" for _, wording, *_ in epochs]
        plain = [score for (_, wording, *_), score in zip(epochs, scores, strict=True) if wording is None]
        stated = (document.get("results") or {}).get("accuracy")
        return Rows(columns, names, notes=accuracy_notes(stated, plain))


Epoch = tuple[str, str | None, float | None, Any]
"""Task, wording, the score that its own result has, and that result."""


def _told(document: Any) -> dict[str, float]:
    """What the summary says of each task: each benchmark has other raw results, and all have these lists."""
    summary = document.get("results") or {}
    lists = (("failed_tasks", 0.0), ("successful_tasks", 1.0), ("passed_tasks", 1.0))
    return {str(task): right for name, right in lists for task in summary.get(name) or ()}


def _epochs(raw: Any, told: dict[str, float]) -> list[Epoch]:
    """Results by task, then tasks that only the summary names."""
    table = dict(zip(map(str, range(len(raw))), raw, strict=True)) if isinstance(raw, list) else raw
    table = next((table[name] for name in _TABLES if isinstance(table.get(name), dict)), table)
    found: list[Epoch] = []
    for task, result in table.items():
        wordings = [one for one in result if isinstance(one, dict)] if isinstance(result, list) else []
        if wordings and any(_score(one) is not None for one in wordings):
            # With --prompt_sensitivity a task has a result for each wording of its prompt.
            found += [
                (task, str(one.get("variation_id", number)), _score(one), one)
                for number, one in enumerate(wordings)
            ]
        elif task in told or not told or (isinstance(result, dict) and _score(result) is not None):
            # Where the summary names the tasks, what it does not name are counts and lists, not tasks.
            found.append((task, None, _score(result), result))
    seen = {task for task, *_ in found}
    return found + [(task, None, None, None) for task in told if task not in seen]


def _score(result: Any) -> Any:
    if isinstance(result, dict):
        return next((result[name] for name in _SCORES if isinstance(result.get(name), int | float)), None)
    return result if isinstance(result, int | float) else None


def _actions(result: Any) -> int | None:
    for name in ("action_names", "taken_actions"):
        if isinstance(result, dict) and isinstance(result.get(name), list):
            return len(result[name])
    return None
