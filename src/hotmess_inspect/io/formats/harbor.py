"""Harbor: folders of trials, each with its result and the trajectory of its agent."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows, read_beside, settings_text


class Harbor:
    """A trial's ``result.json``, and the summary of a job."""

    name = "Harbor trial"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether a result names a trial, or counts those of a job."""
        if PurePosixPath(path).name != "result.json":
            return False
        return b'"trial_name"' in head or b'"n_total_trials"' in head

    def read(self, path: str, text: bytes) -> Rows:
        """One row per trial; the summary of a job has none of its own."""
        document = msgspec.json.decode(text)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        if "trial_name" not in document:
            return Rows(
                {name: [] for name in ("question_id", "score")},
                [],
                ["the summary of a job: its trials are read"],
            )
        agent = document.get("agent_info") or {}
        model = agent.get("model_info") or {}
        columns = {
            "question_id": [document.get("task_name") or document["trial_name"].rsplit("__", 1)[0]],
            "score": [_reward(document)],
            "model": [" · ".join(str(n) for n in (agent.get("name"), model.get("name")) if n) or None],
            "task": [document.get("source")],
            "variant": [_variant(document, agent)],
            "output_tokens": [_output_tokens(document)],
            "actions": [_actions(path)],
        }
        return Rows(columns, [str(document["trial_name"])])


def _variant(document: dict[str, Any], agent: dict[str, Any]) -> str | None:
    """The agent's version and arguments: trials that differ in them are no epochs of one experiment."""
    given = ((document.get("config") or {}).get("agent") or {}).get("kwargs") or None
    return settings_text({"agent_version": agent.get("version"), "agent_kwargs": given})


def _output_tokens(document: dict[str, Any]) -> int | None:
    """Tokens that the agent wrote; trials of several steps note them per step."""
    parts = [document, *(document.get("step_results") or [])]
    known = [(part.get("agent_result") or {}).get("n_output_tokens") for part in parts]
    return sum(n for n in known if n is not None) if any(n is not None for n in known) else None


def _reward(document: dict[str, Any]) -> float | None:
    """The reward; of several the one called so, else their mean. One that Harbor itself calls invalid is none."""
    if document.get("reward_valid") is False:
        return None
    rewards = (document.get("verifier_result") or {}).get("rewards")
    if not isinstance(rewards, dict) or not rewards:
        return None
    if "reward" in rewards:
        return float(rewards["reward"])
    return sum(float(value) for value in rewards.values()) / len(rewards)


def _actions(path: str) -> int | None:
    """Tool calls of the ATIF trajectory beside a local result, ``None`` without one."""
    steps = read_beside(os.path.join(os.path.dirname(path), "agent", "trajectory.json")).get("steps")
    try:
        return None if steps is None else sum(len(step.get("tool_calls") or ()) for step in steps)
    except (TypeError, AttributeError):
        return None
