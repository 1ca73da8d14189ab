"""τ-bench and τ²-bench: lists of trials with rewards and conversations."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows, read_beside, settings_text

_KEYS = re.compile(rb'"(task_id|trial|reward|simulations|reward_info)"\s*:')


_FOLDER = "simulations"


class TauBench:
    """τ-bench's list of ``{task_id, trial, reward, traj}``, τ²'s ``{simulations: [...]}`` and its folders of them."""

    name = "τ-bench results"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether the first entry has a task, a trial and a reward, or there are simulations."""
        text = head.lstrip()
        keys = set(_KEYS.findall(head))
        if text[:1] == b"[":
            # The trajectory of the first trial may be longer than the head.
            return {b"task_id", b"reward"} <= keys and re.search(rb'"(traj|info|trial)"', head) is not None
        if PurePosixPath(path).parent.name == _FOLDER and b'"termination_reason"' in head:
            return b"task_id" in keys
        return text[:1] == b"{" and b'"agent_info"' in head and b'"environment_info"' in head

    def read(self, path: str, text: bytes) -> Rows:
        """One row per trial; trials count from 0 in the file."""
        document = msgspec.json.decode(text)
        model, task, variant = None, None, None
        entries: Any = document
        if isinstance(document, dict):
            entries = document.get("simulations")
            info = document.get("info") or {}
            folder = PurePosixPath(path).parent
            if "task_id" in document:
                # A simulation by itself; what it is one of stands in the results beside its folder.
                entries, info = [document], read_beside(str(folder.parent / "results.json")).get("info") or {}
                path = str(folder)
            elif not entries and os.path.isdir(folder / _FOLDER):
                none: dict[str, list[Any]] = {"question_id": [], "epoch": [], "score": []}
                return Rows(
                    none, notes=["the settings of simulations in a folder beside it, which are read there"]
                )
            model = (info.get("agent_info") or {}).get("llm")
            task = (info.get("environment_info") or {}).get("domain_name")
            variant = _settings(info)
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise ValueError("no list of trials")
        named = PurePosixPath(path)
        name = named.parent.name if named.name == _FOLDER else named.name.split(".")[0]
        columns: dict[str, list[Any]] = {
            "question_id": [one.get("task_id") for one in entries],
            "epoch": [one.get("trial", 0) for one in entries],
            "score": [_reward(one) for one in entries],
            "model": [model or name] * len(entries),
            "task": [task or None] * len(entries),
            "variant": [variant] * len(entries),
        }
        talks = [one.get("traj") or one.get("messages") for one in entries]
        if any(isinstance(talk, list) for talk in talks):
            columns["actions"] = [_actions(talk) for talk in talks]
            columns["turns"] = [_turns(talk) for talk in talks]
        return Rows(columns)


def _settings(info: dict[str, Any]) -> str | None:
    """What sets two runs of one agent apart: its kind and arguments, and those of the simulated user."""
    told = {
        f"{who}_{name}": value
        for who in ("agent", "user")
        for name, value in (info.get(f"{who}_info") or {}).items()
        if name in ("implementation", "llm", "llm_args") and value and (who, name) != ("agent", "llm")
    }
    return settings_text(told)


def _reward(entry: dict[str, Any]) -> Any:
    info = entry.get("reward_info")
    return info.get("reward") if isinstance(info, dict) else entry.get("reward")


def _assistant(talk: Any) -> list[dict[str, Any]]:
    return [m for m in talk if isinstance(m, dict) and m.get("role") == "assistant"]


def _actions(talk: Any) -> int | None:
    return (
        None if not isinstance(talk, list) else sum(len(m.get("tool_calls") or ()) for m in _assistant(talk))
    )


def _turns(talk: Any) -> int | None:
    """Messages of the assistant to the user; those that call a tool are actions."""
    return None if not isinstance(talk, list) else len(_assistant(talk))
