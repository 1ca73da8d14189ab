"""Small repositories in Inspect's local sandbox whose fix the simulated agent knows, for planted decisions."""

from __future__ import annotations

import json
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState
from inspect_ai.tool import bash
from inspect_ai.util import sandbox


def row(number: int) -> dict[str, str]:
    """A repository of one file whose function subtracts instead of adding, as an official row."""
    name = f"calc_{number}.py"
    return {
        "instance_id": f"planted-{number}",
        "problem_statement": f"The function `add_{number}` subtracts its arguments.",
        "patch": f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1,2 +1,2 @@\n"
        f" def add_{number}(a, b):\n-    return a - b\n+    return a + b\n",
        "FAIL_TO_PASS": '["t::a"]',
        "PASS_TO_PASS": "[]",
    }


def write_rows(path: Path, questions: int) -> Path:
    """A file of rows, as the simulated agent's argument `rows` takes it."""
    path.write_text("".join(json.dumps(row(number)) + "\n" for number in range(questions)))
    return path


def _setup(number: int) -> str:
    code = f"def add_{number}(a, b):\n    return a - b\n"
    return (
        f"#!/bin/bash\ngit init -q . && printf '%s' '{code}' > calc_{number}.py && git add . "
        "&& git -c user.name=a -c user.email=a@b commit -qm one\n"
    )


@scorer(metrics=[accuracy()])
def added() -> Scorer:
    """Whether the function adds."""

    async def score(state: TaskState, target: Target) -> Score:
        shown = await sandbox().exec(["sh", "-c", "cat calc_*.py"])
        return Score(value=1.0 if "return a + b" in shown.stdout else 0.0)

    return score


@task
def planted(questions: int = 1, epochs: int = 1) -> Task:
    """Repositories to be mended.

    Args:
        questions: How many.
        epochs: Runs of each.
    """
    samples = [
        Sample(id=row(n)["instance_id"], input=f"Fix: {row(n)['problem_statement']}", setup=_setup(n))
        for n in range(questions)
    ]
    return Task(
        dataset=samples,
        solver=react(tools=[bash()]),
        scorer=added(),
        sandbox="local",
        message_limit=60,
        epochs=epochs,
    )
