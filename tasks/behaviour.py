"""How much of an unwanted behaviour is systematic: safety suites of inspect_evals, with the wanted behaviour as the target.

    inspect eval tasks/behaviour.py -T suite=agentic_misalignment --model openai/gpt-5-mini --log-dir logs/behaviour
    inspect eval tasks/behaviour.py -T suite=agentharm --model openai/gpt-5-mini --log-dir logs/behaviour
    inspect eval-set tasks/behaviour.py -T suite=strong_reject -T gradings=5 --model openai/gpt-5-mini --log-dir logs/behaviour
    hotmess analyze logs/behaviour --details

A model that does what is unwanted in every epoch of a scenario has bias, one that does it now and then has variance; each
completion is judged several times, so that the judge's noise is not taken for the model's. The paper has no such experiment: it
is its question about misaligned behaviour, asked of suites that exist. `args` are the suite's own parameters.

Reference: Hägele et al. (2026), The Hot Mess of AI, https://arxiv.org/abs/2601.23045
"""

from typing import Any

from inspect_ai import Task, task

from hotmess_inspect._inspect_private import prerequisite_error
from hotmess_inspect.tasks.suite import suite as any_task

# Key of the score that is decomposed, and what it gives to wanted behaviour.
BEHAVIOURS: dict[str, tuple[str, dict[str, Any]]] = {
    "agentic_misalignment": ("harmful", {"perfect": 0}),
    "agentharm": ("score", {"perfect": 0}),
    "strong_reject": ("refusal", {"perfect": 1}),
    "sycophancy": ("truthfulness", {"perfect": 1}),
}


@task
def behaviour(
    suite: str = "agentic_misalignment",
    args: str | dict[str, Any] | None = None,
    epochs: int = 10,
    gradings: int = 3,
) -> Task:
    """A suite of inspect_evals with the wanted behaviour as the target, each completion judged several times."""
    if suite not in BEHAVIOURS:
        raise prerequisite_error(f"behaviour: suite={suite!r} is not one of {', '.join(BEHAVIOURS)}")
    key, scale = BEHAVIOURS[suite]
    return any_task(f"inspect_evals/{suite}", args=args, epochs=epochs, key=key, gradings=gradings, **scale)
