"""Per-question numbers as scores in a log, where Inspect's log viewer shows them as columns."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from hotmess_inspect.io.log_file import (
    LogChanged,
    beside,
    changed,
    check_annotation,
    local_copy,
    part_for,
    put,
    version,
)
from hotmess_inspect.io.logs import Inputs, read_inputs
from hotmess_inspect.io.records import ANNOTATION
from hotmess_inspect.plugin.annotation_view import annotated_viewer
from hotmess_inspect.render.divergence import parting_sentence
from hotmess_inspect.results.analyze import GroupResult, Options, analyze, group_name
from hotmess_inspect.results.branch_names import told_apart
from hotmess_inspect.results.paths import group_steps
from hotmess_inspect.results.questions import QuestionNumbers, as_score_value, question_numbers
from hotmess_inspect.schema import Problem, Scale

_LONGEST, _COMMON = 32, 8
"""Characters of a branch that a column has room for, and of them in common; the score's explanation has the rest."""

__all__ = ["Annotation", "LogChanged", "annotate_log"]


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
    source: str,
    target: str | None = None,
    *,
    scorer: str | None = None,
    options: Options | None = None,
    scale: Scale | None = None,
    overwrite: bool = False,
) -> Annotation:
    """Write per-question error, bias², variance, incoherence, share correct and modal answer into a log.

    Every sample of a question gets the same numbers, under the score name ``hotmess_question``. An
    annotation that is there already is replaced, so that annotating twice changes nothing. The metadata of
    the score say which group, loss, estimator and version it is from.

    Args:
        source: Path or URI of a finished log.
        target: Where to write, path or URI; default beside the source as ``<name>.annotated.eval``. The source
            itself may be named: it is replaced in one step, unless it was changed meanwhile.
        scorer: Which scorer's verdicts count where a log has several; default the first group.
        options: Loss, estimator and what an unparsed answer counts as.
        scale: What the scores mean; None takes what the log says.
        overwrite: Whether to replace a file that is no earlier annotation of this log.

    Returns:
        What was written.

    Raises:
        ValueError: If the log is still being written, cannot be read, holds no such scorer, or more than one
            model or task.
        LogChanged: If the source changed between reading and writing.
    """
    from inspect_ai.log import read_eval_log, write_eval_log

    before = version(source)
    if before is None:
        raise ValueError(f"{source}: no such log")
    with local_copy(source) as copy:
        found = read_inputs([copy], scale=scale)
        if not found.logs:
            raise ValueError(f"{source}: {found.problems[0].message if found.problems else 'no log'}")
        if found.logs[0].status == "started":
            raise ValueError(f"{source}: the log is still being written; annotate it when the run has ended")
        result, problems = _headline(source, found.outcomes, scorer, options or Options())
        numbers = {line.question: line for line in question_numbers(result)}
        branches = _branches(found, copy, result)
        log = read_eval_log(copy)
        samples = _annotate(log, numbers, result, branches)
        path = target or beside(source)
        check_annotation(path, source, found.logs[0], overwrite=overwrite)
        with part_for(path) as part:
            write_eval_log(log, part, format="json" if path.lower().endswith(".json") else "eval")
            if version(source) != before:
                raise changed(source)
            put(part, path, before if path == source else None)
    named = [replace(p, input=source) if p.input == copy else p for p in found.problems]
    return Annotation(path, group_name(result.group), len(numbers), samples, [*named, *problems])


def _annotate(log: Any, numbers: dict[str, QuestionNumbers], result: GroupResult, branches: Branches) -> int:
    """Add the numbers to a log in memory; returns to how many samples."""
    _remove_annotation(log)
    samples = _add_scores(log, numbers, result, branches)
    _add_results(log, result)
    log.eval.viewer = annotated_viewer(
        log, has_answer=any(line.modal_answer for line in numbers.values()), has_steps=bool(branches)
    )
    return samples


Branches: TypeAlias = dict[tuple[str, int], tuple[dict[str, Any], str]]
"""Per question and epoch the step at which it parts from its siblings and the branch that it takes, and both in words."""


def _branches(found: Inputs, log: str, result: GroupResult) -> Branches:
    """Where each epoch parts from its siblings, for agents that call tools; empty for others."""
    for group in group_steps(found, [log], scorer=result.group.scorer):
        branches: Branches = {}
        for question in group.questions:
            # A cell breaks its text into lines, of which one is seen.
            short = [
                name.replace(" ", "\xa0")
                for name in told_apart([epoch.branch for epoch in question.epochs], _LONGEST, _COMMON)
            ]
            for place, (epoch, branch) in enumerate(zip(question.epochs, short, strict=True)):
                text = parting_sentence(question, place)
                if epoch.parts_at is not None and epoch.parts_at < len(epoch.steps):
                    text += f" Its step there: {epoch.steps[epoch.parts_at].shown}"
                branches[question.question, epoch.epoch] = (
                    {"parts_at": epoch.parts_at, "branch": branch},
                    text,
                )
        return branches
    return {}


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


def _add_scores(
    log: Any, numbers: dict[str, QuestionNumbers], result: GroupResult, branches: Branches
) -> int:
    from inspect_ai.scorer import Score

    added = 0
    for sample in log.samples or []:
        line = numbers.get(str(sample.id))
        if line is None:
            continue
        sample.scores = dict(sample.scores or {})
        own, text = _own_branch(branches, sample)
        sample.scores[ANNOTATION] = Score(
            value={**as_score_value(line), **own},
            explanation=text,
            metadata=_provenance(result, line.epochs),
        )
        added += 1
    return added


def _own_branch(branches: Branches, sample: Any) -> tuple[dict[str, Any], str | None]:
    """The entries of one epoch, and their words; all epochs have them where any has, so that they are columns."""
    if not branches:
        return {}, None
    return branches.get((str(sample.id), sample.epoch), ({"parts_at": None, "branch": ""}, None))


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
