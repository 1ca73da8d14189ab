"""Terminal-Bench's first harness: the results of a run, or of one of its trials."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from hotmess_inspect.io.formats.interface import Rows, read_beside, settings_text
from hotmess_inspect.words import counted

_NO_AGENT = re.compile(r"(?:run)?[\d_:.T-]*", re.IGNORECASE)
"""Names of runs that say nothing of who ran: numbers and times."""


class TerminalBench:
    """``results.json`` or ``<run>_results.json``: trials with `is_resolved`."""

    name = "Terminal-Bench results"

    def recognise(self, path: str, head: bytes) -> bool:
        """Whether results name a trial and say whether it is resolved."""
        named = PurePosixPath(path).name.endswith("results.json")
        return named and b'"is_resolved"' in head and b'"trial_name"' in head

    def read(self, path: str, text: bytes) -> Rows:
        """One row per trial."""
        document = msgspec.json.decode(text)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        if isinstance(document.get("results"), list):
            return _trials(document["results"], os.path.dirname(path))
        # <run>/<task>/<trial>/results.json, which stands in the run's results, too.
        return _trials([document], os.path.dirname(os.path.dirname(os.path.dirname(path))))


def _trials(results: list[Any], folder: str) -> Rows:
    """Trials of a run, whose folder says of which agent and model they are."""
    trials = [one for one in results if isinstance(one, dict)]
    run = PurePosixPath(folder).name
    about = read_beside(os.path.join(folder, "run_metadata.json"))
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
