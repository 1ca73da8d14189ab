"""Harbor and Terminal-Bench: folders of trials, each with a result, and the results of a whole run."""

from __future__ import annotations

import json
import os
import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows, settings_text
from hotmess_inspect.io.words import counted

_MOST_TRAJECTORY = 1 << 26
_NO_AGENT = re.compile(r"(?:run)?[\d_:.T-]*", re.IGNORECASE)
"""Names of runs that say nothing of who ran: numbers and times."""


class Harbor:
    """A trial's ``result.json`` of Harbor, and ``results.json`` of Terminal-Bench's first harness."""

    name = "Harbor trial"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether a result names a trial and what verified it, or lists trials with `is_resolved`."""
        name = PurePosixPath(path).name
        if name == "result.json":
            return b'"trial_name"' in head or b'"n_total_trials"' in head
        # Runs are also kept as <run>_results.json.
        return name.endswith("results.json") and b'"is_resolved"' in head and b'"trial_name"' in head

    def read(self, path: str, text: bytes) -> Rows:
        """One row per trial; the summary of a job has none of its own."""
        document = msgspec.json.decode(text)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        if isinstance(document.get("results"), list):
            return _terminal_bench(document["results"], os.path.dirname(path))
        if "is_resolved" in document:
            # <run>/<task>/<trial>/results.json, which stands in the run's results, too.
            folder = os.path.dirname(os.path.dirname(os.path.dirname(path)))
            return _terminal_bench([document], folder)
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
    beside = os.path.join(os.path.dirname(path), "agent", "trajectory.json")
    if "://" in path or not os.path.isfile(beside) or os.path.getsize(beside) > _MOST_TRAJECTORY:
        return None
    try:
        with open(beside, "rb") as file:
            steps = msgspec.json.decode(file.read())["steps"]
        return sum(len(step.get("tool_calls") or ()) for step in steps)
    except (msgspec.DecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None


def _terminal_bench(results: list[Any], folder: str) -> Rows:
    """Trials of a run, whose folder says of which agent and model they are."""
    trials = [one for one in results if isinstance(one, dict)]
    run = PurePosixPath(folder).name
    about = _metadata(folder)
    names = [str(name) for name in (about.get("agent_name"), about.get("model_name")) if name]
    notes = []
    if not about.get("model_name"):
        # Runs called as their metadata say, or by number and time, are repeats of what the folder around them is
        # named after; one agent's runs with several models lie in several folders.
        is_run = run == about.get("run_id") or _NO_AGENT.fullmatch(run)
        place = (is_run and PurePosixPath(folder).parent.name) or run
        if names and place != "runs":
            notes.append(f"no file names its model: it counts as a run of {place}, after its folder")
        elif not names and place != run:
            notes.append(f"no file names its agent: it counts as a run of {place}, the folder around it")
        if not names or place != "runs":
            names.append(place)
    model = " · ".join(name for name in names if name)
    columns: dict[str, list[Any]] = {
        "question_id": [one.get("task_id") for one in trials],
        "score": [one.get("is_resolved") for one in trials],
        # An agent that does not report its tokens has 0 of both kinds.
        "output_tokens": [one.get("total_output_tokens") or None for one in trials],
        "model": [model] * len(trials),
        "task": [about.get("dataset_name") or "terminal-bench"] * len(trials),
        "variant": [settings_text(about.get("agent_kwargs") or {})] * len(trials),
    }
    open_ends = sum(one.get("is_resolved") is None for one in trials)
    if open_ends:
        notes.append(
            f"{counted(open_ends, 'trial')} without a verdict, which Terminal-Bench itself counts as not resolved"
        )
    return Rows(columns, [f"{run}/{one.get('trial_name')}" for one in trials], notes)


def _metadata(folder: str) -> dict[str, Any]:
    """``run_metadata.json`` of a local run."""
    path = os.path.join(folder, "run_metadata.json")
    if "://" in path or not os.path.isfile(path) or os.path.getsize(path) > _MOST_TRAJECTORY:
        return {}
    try:
        with open(path, "rb") as file:
            found = msgspec.json.decode(file.read())
    except (msgspec.DecodeError, OSError):
        return {}
    return found if isinstance(found, dict) else {}
