"""Hook at the start of an eval of our own tasks: warns of settings under which its numbers say little.

Inspect calls this hook when a task starts, before its samples do.
"""

from __future__ import annotations

import sys
from typing import Any

from inspect_ai.hooks import Hooks, TaskStart, hooks

OUR_TASKS = ("hotmess/", "hotmess_inspect/")


def subscribe_start() -> None:
    """Subscribe to the start of tasks; done when a task of ours is made, so that other runs are left alone."""
    hooks(
        name="warn",
        description="settings under which repeated epochs say little, said before the first token",
    )(WarnAtStart)


class WarnAtStart(Hooks):
    """Says on stderr what makes the coming numbers misleading; it never stops a run."""

    async def on_task_start(self, data: TaskStart) -> None:
        """Look at the header that the run is about to write."""
        spec = data.spec
        if not spec.task.startswith(OUR_TASKS):
            return
        own = spec.model_generate_config
        # Older releases tell hooks nothing of the task's own settings: those of the command line count.
        plan = getattr(getattr(data, "plan", None), "config", None)
        config: dict[str, Any] = {
            name: _first(getattr(own, name, None), getattr(plan, name, None))
            for name in ("temperature", "seed", "cache")
        }
        for sentence in start_warnings(spec.task, spec.model, spec.config.epochs, spec.task_args, config):
            print(f"hotmess: {sentence}", file=sys.stderr)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def start_warnings(
    task: str, model: str, epochs: int | None, arguments: dict[str, Any], config: dict[str, Any]
) -> list[str]:
    """Sentences on settings that make repeated epochs copies of each other, or no repeats at all.

    Args:
        task: Name of the task.
        model: Name of the model.
        epochs: Epochs per question; ``None`` is one.
        arguments: The task's arguments.
        config: Settings of generation: `temperature`, `seed`, `cache`.

    Returns:
        One sentence per reason; none if nothing is known against the run.
    """
    found = []
    # Log-probabilities of the letters are exact distributions: one epoch says all, and no sampling takes part.
    exact = arguments.get("format") == "logprob"
    if (epochs or 1) < 2 and not exact:
        found.append("one epoch per question has no variance: give --epochs 5 or more")
    if model.startswith("hotmess/simulated") and not model.startswith("hotmess/simulated-agent"):
        if task.endswith("/swebench"):
            found.append(
                "hotmess/simulated answers questions and does not act: use hotmess/simulated-agent here"
            )
    if exact or model.startswith("hotmess/"):
        return found
    if config.get("temperature") == 0:
        found.append(
            "temperature 0: epochs repeat each other, and a variance near 0 will say nothing about the model"
        )
    if config.get("seed") is not None:
        found.append("a fixed sampling seed: providers that honour it give every epoch the same answer")
    if config.get("cache"):
        found.append(
            "a cache of generations: runs that share it serve each other's answers, which are copies and no draws"
        )
    return found
