"""Per-question numbers as scores in a log, where Inspect's log viewer shows them as columns."""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .analyze import GroupResult, Options, analyze, group_name
from .logs import Problem, read_inputs
from .questions import QuestionNumbers, as_score_value, question_numbers
from .records import ANNOTATION

HEADERS = {
    "incoherence": "incoherence",
    "error": "error",
    "bias_squared": "bias²",
    "variance": "variance",
    "share_correct": "share correct",
    "modal_answer": "modal answer",
}


class LogChanged(ValueError):
    """The log was written by someone else in the meantime; nothing was changed."""


@dataclass(frozen=True)
class Annotation:
    """What was written.

    Attributes:
        path: The annotated log.
        group: Which group's numbers it holds.
        questions: How many questions have numbers.
        samples: How many samples carry them.
        problems: What was found on reading the log.
    """

    path: str
    group: str
    questions: int
    samples: int
    problems: list[Problem]


def annotate_log(
    source: str, target: str | None = None, *, scorer: str | None = None, options: Options | None = None
) -> Annotation:
    """Write per-question error, bias², variance, incoherence, share correct and modal answer into a log.

    Every sample of a question gets the same numbers, under the score name ``hotmess_question``. An
    annotation that is there already is replaced, so that annotating twice changes nothing. The metadata of
    the score say which group, loss, estimator and version it is from.

    Args:
        source: Path of a finished log.
        target: Where to write; default beside the source as ``<name>.annotated.eval``. The source itself may
            be named: it is replaced in one step, unless it was changed meanwhile.
        scorer: Which scorer's verdicts count where a log has several; default the first group.
        options: Loss, estimator and what an unparsed answer counts as.

    Returns:
        What was written.

    Raises:
        ValueError: If the log is still being written, cannot be read, holds no such scorer, or more than one
            model or task.
        LogChanged: If the source changed between reading and writing.
    """
    from inspect_ai.log import read_eval_log, write_eval_log

    before = _state(source)
    found = read_inputs([source])
    if not found.logs:
        raise ValueError(f"{source}: {found.problems[0].message if found.problems else 'no log'}")
    if found.logs[0].status == "started":
        raise ValueError(f"{source}: the log is still being written; annotate it when the run has ended")
    result, problems = _headline(source, found.outcomes, scorer, options or Options())
    numbers = {line.question: line for line in question_numbers(result)}
    log = read_eval_log(source)
    _remove_annotation(log)
    samples = _add_scores(log, numbers, result)
    _add_results(log, result)
    log.eval.viewer = _viewer(log, has_answer=any(line.modal_answer for line in numbers.values()))
    path = target or _beside(source)
    with tempfile.TemporaryDirectory(dir=_folder(path)) as folder:
        part = str(Path(folder) / f"part{Path(path).suffix}")
        write_eval_log(log, part)
        if _state(source) != before:
            raise LogChanged(
                f"{source} was changed by someone else while it was being annotated; nothing is written"
            )
        os.replace(part, path)
    return Annotation(path, group_name(result.group), len(numbers), samples, [*found.problems, *problems])


def _headline(
    source: str, outcomes: Any, scorer: str | None, options: Options
) -> tuple[GroupResult, list[Problem]]:
    results, problems = analyze(outcomes, options)
    if scorer is not None:
        known = sorted({r.group.scorer or "" for r in results})
        results = [r for r in results if r.group.scorer == scorer]
        if not results:
            raise ValueError(f"{source}: no scorer {scorer!r}; the log has {', '.join(known) or 'none'}")
    if not results:
        why = problems[0].message if problems else "no verdict"
        raise ValueError(f"{source}: nothing to annotate: {why}")
    return results[0], problems


def _remove_annotation(log: Any) -> None:
    for sample in log.samples or []:
        if sample.scores:
            sample.scores.pop(ANNOTATION, None)
    if log.results is not None:
        log.results.scores = [score for score in log.results.scores if score.name != ANNOTATION]


def _add_scores(log: Any, numbers: dict[str, QuestionNumbers], result: GroupResult) -> int:
    from inspect_ai.scorer import Score

    added = 0
    for sample in log.samples or []:
        line = numbers.get(str(sample.id))
        if line is None:
            continue
        sample.scores = dict(sample.scores or {})
        sample.scores[ANNOTATION] = Score(
            value=as_score_value(line), metadata=_provenance(result, line.epochs)
        )
        added += 1
    return added


def _add_results(log: Any, result: GroupResult) -> None:
    from inspect_ai.log import EvalMetric, EvalScore

    if log.results is None:
        return
    numbers = result.as_json()
    names = (
        "incoherence",
        "error",
        "bias_squared",
        "variance",
        "accuracy",
        "questions",
        "epochs_scored",
        "epochs_planned",
    )
    metrics = {
        name: EvalMetric(name=name, value=math.nan if numbers[name] is None else numbers[name])
        for name in names
    }
    score = EvalScore(name=ANNOTATION, scorer=ANNOTATION, metrics=metrics, metadata=_provenance(result))
    log.results.scores.append(score)


def _provenance(result: GroupResult, epochs: int | None = None) -> dict[str, Any]:
    from hotmess_inspect import __version__

    made: dict[str, Any] = {
        "source": f"hotmess annotate {__version__}",
        "group": group_name(result.group),
        "loss": result.decomposition.loss,
        "estimator": result.decomposition.estimator,
    }
    return made if epochs is None else {**made, "epochs": epochs}


def _viewer(log: Any, *, has_answer: bool) -> Any:
    """Columns: the question, its numbers, and the verdict on the epoch; the most incoherent on top."""
    from inspect_ai.viewer import (
        ScoreColorScale,
        TaskSamplesColumn,
        TaskSamplesSort,
        TaskSamplesView,
        ViewerConfig,
    )

    keys = [key for key in HEADERS if has_answer or key != "modal_answer"]
    verdicts = dict.fromkeys(
        score.scorer for score in (log.results.scores if log.results else []) if score.name != ANNOTATION
    )
    columns = [
        *(TaskSamplesColumn(id=id) for id in ("sampleStatus", "sampleId", "epoch")),
        *(TaskSamplesColumn.score(name) for name in verdicts),
        *(TaskSamplesColumn.score(ANNOTATION, key) for key in keys),
        *(TaskSamplesColumn(id=id) for id in ("tokens", "error", "limit")),
    ]
    worst = [key for key in ("incoherence", "variance", "error") if key in keys]
    view = TaskSamplesView(
        name="Questions by incoherence",
        columns=columns,
        sort=[
            TaskSamplesSort.score(ANNOTATION, "variance", dir="desc"),
            TaskSamplesSort(column="sampleId"),
            TaskSamplesSort(column="epoch"),
        ],
        multiline=False,
        score_labels={key: HEADERS[key] for key in keys},
        score_color_scales={
            **{key: ScoreColorScale(palette="good-low", min=0, max=1) for key in worst},
            "share_correct": ScoreColorScale(palette="good-high", min=0, max=1),
        },
        color_scales_enabled=True,
    )
    return ViewerConfig(trust_content=False, task_samples_view=view)


def _state(path: str) -> tuple[int, int, int]:
    """What changes when a file is written or replaced."""
    try:
        found = os.stat(path)
    except FileNotFoundError as error:
        raise ValueError(
            f"{path}: no such log (a log behind a URI is annotated after copying it here)"
        ) from error
    return found.st_size, found.st_mtime_ns, found.st_ino


def _folder(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))


def _beside(source: str) -> str:
    path = Path(source)
    return str(path.with_name(f"{path.stem}.annotated{path.suffix}"))
