"""Any task that Inspect can run, with bias, variance and incoherence beside its own metrics.

    inspect eval hotmess/suite -T task=inspect_evals/gsm8k --model openai/gpt-5-mini
    inspect eval hotmess/suite -T task=inspect_evals/gpqa_diamond -T args='{cot: false}' --epochs 30
    inspect eval hotmess/suite -T task=my_tasks.py@riddles -T perfect=10 --epochs 5

The task keeps its data set, solver, scorers, metrics and limits; the log holds its scores under their own
names, and the log's task is its name.
"""

from typing import Any

from inspect_ai import Task, task, task_with
from inspect_ai.util import registry_info

from hotmess_inspect._inspect_private import prerequisite_error
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.schema import Scale

DEFAULT_EPOCHS = 10


# The parameter hides the decorator inside the function only.
@task(name="suite")
def suite(
    task: str = "",
    args: str | dict[str, Any] | None = None,
    epochs: int | None = None,
    key: str | None = None,
    perfect: float | None = None,
    range: str | list[float] | None = None,
    gradings: int = 1,
) -> Task:
    """Run another task with our metric on each of its scorers.

    Args:
        task: Registered name (``inspect_evals/gsm8k``) or file (``my_tasks.py@name``).
        args: Its parameters: a mapping as YAML or JSON, or ``name=value`` pairs.
        epochs: Epochs; None takes the task's own number, or 10 where that is 1. ``--epochs`` goes before it.
        key: The key to decompose where scores are dictionaries; None decomposes every key, each under its
            own names.
        perfect: Score of a right answer; 0 for scores of harm, where 1 is wrong, 10 for points out of ten.
        range: Scores of a wrong and of a right answer, such as ``1,5``, in place of `perfect`. Either is written
            into the log, and with `key` holds for that key alone.
        gradings: How often each completion is judged: above 1 the judge's noise is told from the model's variance.

    Returns:
        The task, whose scorers have the metric ``hotmess/incoherence`` behind their own metrics.

    Raises:
        PrerequisiteError: If the task cannot be had with these parameters, or has no scorer.
    """
    from hotmess_inspect.plugin.suite_arguments import task_arguments
    from hotmess_inspect.plugin.suite_loading import load_task
    from hotmess_inspect.plugin.suite_scorers import described, with_metric

    if gradings < 1:
        raise prerequisite_error(f"hotmess/suite: gradings={gradings!r} must be 1 or more")
    try:
        scale = Scale.given(perfect, range)
        metric = incoherence(key=key, perfect=perfect, range=range)
        theirs = load_task(task, task_arguments(args))
    except ValueError as error:
        raise prerequisite_error(f"hotmess/suite: {error}") from error
    scorers = theirs.scorer
    if not scorers:
        raise prerequisite_error(
            f"hotmess/suite: task={task!r} has no scorer, so there is nothing to decompose"
        )
    common = theirs.metrics
    if common is None and len(scorers) == 1:
        common = registry_info(scorers[0]).metadata["metrics"]
    return task_with(
        theirs,
        name=theirs.name,
        scorer=[described(scorer, metric, scale=scale, key=key, gradings=gradings) for scorer in scorers],
        # Scoring the log again takes the metrics that it names for the task, else those of the bare scorers.
        metrics=None if common is None else with_metric(common, metric),
        epochs=_epochs(theirs, epochs),
    )


def _epochs(theirs: Task, epochs: int | None) -> Any:
    """Number of epochs with the task's own reducers."""
    from inspect_ai import Epochs

    wanted = epochs if epochs is not None else theirs.epochs if (theirs.epochs or 1) > 1 else DEFAULT_EPOCHS
    if wanted is None or wanted < 1:
        raise prerequisite_error(f"hotmess/suite: epochs={epochs!r} must be 1 or more")
    return Epochs(wanted, theirs.epochs_reducer)
