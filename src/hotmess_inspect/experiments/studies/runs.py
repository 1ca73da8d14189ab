"""Runs of a study: eval-sets that can be taken up again, and the questions that their logs hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from inspect_ai import Task, eval_set, task_with
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, get_model
from numpy.typing import NDArray

from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.decomposition.of_questions import decompose_questions, is_nested
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.schema import Estimator, Loss
from hotmess_inspect.table import Questions, groups, question_arrays
from hotmess_inspect.words import counted

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Run:
    """The questions of one log.

    Attributes:
        label: What the study calls it.
        questions: Answers, right classes and few-shot contexts.
        lengths: Tokens of reasoning (else of output) per epoch, NaN where unknown, shape (questions, epochs).
        unit: Which of the two, or characters of reasoning: the name of the length's column.
    """

    label: str
    questions: Questions
    lengths: FloatArray
    unit: str

    def decompose(self, loss: Loss = "brier", estimator: Estimator = "unbiased") -> Decomposition:
        """Error, bias² and variance per question, as `hotmess analyze` has them for the same log."""
        return decompose_questions(self.questions, [(loss, estimator)])[0]

    @property
    def shared_contexts(self) -> NDArray[np.int32] | None:
        """Contexts where epochs share them, else ``None``; shape (questions, epochs)."""
        return self.questions.context if is_nested(self.questions) else None

    @property
    def ids(self) -> tuple[str, ...]:
        """Question ids, sorted."""
        return self.questions.ids

    def of(self, ids: Sequence[str]) -> Run:
        """The run on some of its questions, in this order."""
        place = {name: number for number, name in enumerate(self.ids)}
        rows = np.asarray([place[name] for name in ids], dtype=np.intp)
        return replace(self, questions=self.questions.take(rows), lengths=self.lengths[rows])


def read_run(location: str, label: str) -> Run:
    """Read the answers of one log.

    Args:
        location: Path or URI of a log.
        label: What the study calls it.

    Returns:
        The run.

    Raises:
        ValueError: If the log holds no answers with classes, or those of several scorers.
    """
    found = read_inputs([location])
    with_classes = [group for group in groups(found.outcomes) if group.kind in ("answer", "probabilities")]
    if len(with_classes) != 1:
        raise ValueError(
            f"{location} holds {counted(len(with_classes), 'set')} of answers with classes; a study needs one: "
            + ("; ".join(problem.message for problem in found.problems) or "no further problem was found")
        )
    questions = question_arrays(with_classes[0])
    unit, lengths = _lengths(questions)
    return Run(label, questions, lengths, unit)


def _lengths(questions: Questions) -> tuple[str, FloatArray]:
    for unit in ("reasoning_tokens", "output_tokens", "reasoning_characters"):
        lengths = questions.lengths(unit)
        if not np.isnan(lengths).all():
            return unit, lengths
    return "unknown", np.full_like(questions.correct, np.nan)


def line_up(runs: Sequence[Run]) -> list[Run]:
    """The runs on the questions that all of them have.

    Raises:
        ValueError: If there is no such question, the runs disagree about a target, or their lengths are in
            different units.
    """
    common = sorted(set.intersection(*(set(run.ids) for run in runs)))
    if not common:
        raise ValueError(f"{', '.join(run.label for run in runs)} have no question in common")
    lined = [run.of(common) for run in runs]
    for run in lined[1:]:
        if not np.array_equal(run.questions.target, lined[0].questions.target):
            raise ValueError(f"{run.label} and {lined[0].label} have different right answers to a question")
    units = {run.unit for run in lined} - {"unknown"}
    if len(units) > 1:
        raise ValueError(f"lengths are in different units and cannot be compared: {', '.join(sorted(units))}")
    return lined


def run_set(
    tasks: Mapping[str, tuple[Task, str | Model]], log_dir: str, **options: Any
) -> dict[str, EvalLog]:
    """Run each task on its model as one eval-set, which continues what the folder holds already.

    Args:
        tasks: Task and model by label; a task object is used once.
        log_dir: Folder or URI of the logs.
        options: Further options of `inspect_ai.eval_set`.

    Returns:
        Headers of the logs by label, in the order of the tasks.

    Raises:
        RuntimeError: If a run did not finish; the same call takes it up again.
    """
    models = {
        label: get_model(model) if isinstance(model, str) else model for label, (_, model) in tasks.items()
    }
    planned = [
        task_with(task, model=models[label], metadata={**(task.metadata or {}), "study": label})
        for label, (task, _) in tasks.items()
    ]
    # An eval set leaves its model behind as the active one: in a context of its own, for itself alone.
    good, logs = copy_context().run(eval_set, planned, log_dir=log_dir, model=None, **options)
    if not good:
        ended = ", ".join(f"{log.eval.task} {log.status}" for log in logs if log.status != "success")
        raise RuntimeError(f"not all runs finished ({ended}); the same command continues where they stopped")
    found = {str((log.eval.metadata or {}).get("study")): log for log in logs}
    return {label: found[label] for label in tasks}
