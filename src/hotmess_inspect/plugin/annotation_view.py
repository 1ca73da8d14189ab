"""How the log viewer shows an annotated log: the question's numbers beside the epoch's verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotmess_inspect._inspect_versions import untrusted
from hotmess_inspect.io.records import ANNOTATION

if TYPE_CHECKING:
    from inspect_ai.viewer import TaskSamplesColumn, TaskSamplesView, ViewerConfig

HEADERS = {
    "parts_at": "parts at step",
    "branch": "branch taken there",
    "incoherence": "incoherence",
    "error": "error",
    "bias_squared": "bias²",
    "variance": "variance",
    "share_correct": "share correct",
    "modal_answer": "modal answer",
}
NAME = "Questions by incoherence"
_LAST = ("tokens", "duration", "retries", "error", "limit", "input", "sampleUuid")


def annotated_viewer(log: Any, *, has_answer: bool, has_steps: bool = False) -> ViewerConfig:
    """The log's own configuration with the question's columns put in, the highest variance on top.

    Columns, labels and colours that the task chose stay; a log without any gets the verdict of each
    scorer. Content counts as untrusted, whatever the task said.

    Args:
        log: The log, with its results.
        has_answer: Whether questions have a modal answer.
        has_steps: Whether epochs have the step at which they part from their siblings.
    """
    from inspect_ai.viewer import ScoreColorScale, TaskSamplesSort, TaskSamplesView, ViewerConfig

    left_out = {*(() if has_answer else ("modal_answer",)), *(() if has_steps else ("parts_at", "branch"))}
    keys = [key for key in HEADERS if key not in left_out]
    own = _own_view(log.eval.viewer)
    columns = own.columns if own is not None and own.columns else _verdict_columns(log)
    worst = [key for key in ("incoherence", "variance", "error") if key in keys]
    scales: dict[str, Any] = {key: ScoreColorScale(palette="good-low", min=0, max=1) for key in worst}
    scales["share_correct"] = ScoreColorScale(palette="good-high", min=0, max=1)
    view = TaskSamplesView(
        name=NAME,
        columns=_with_question_columns(list(columns), keys),
        sort=[
            TaskSamplesSort.score(ANNOTATION, "variance", dir="desc"),
            TaskSamplesSort(column="sampleId"),
            TaskSamplesSort(column="epoch"),
        ],
        multiline=False,
        score_labels={**{key: HEADERS[key] for key in keys}, **_labels(own)},
        score_color_scales={**scales, **_scales(own)},
        color_scales_enabled=True,
    )
    viewer = log.eval.viewer or ViewerConfig()
    update = {**untrusted(), "task_samples_view": view}
    return viewer.model_copy(update=update)


def _own_view(viewer: ViewerConfig | None) -> TaskSamplesView | None:
    """What the task configured: the first view, or none."""
    found = None if viewer is None else viewer.task_samples_view
    if isinstance(found, list):
        return found[0] if found else None
    return found


def _labels(own: TaskSamplesView | None) -> dict[str, str]:
    return dict(own.score_labels) if own is not None and isinstance(own.score_labels, dict) else {}


def _scales(own: TaskSamplesView | None) -> dict[str, Any]:
    return dict(own.score_color_scales or {}) if own is not None else {}


def _verdict_columns(log: Any) -> list[TaskSamplesColumn]:
    from inspect_ai.viewer import TaskSamplesColumn

    scores = log.results.scores if log.results else []
    verdicts = dict.fromkeys(score.scorer for score in scores if score.name != ANNOTATION)
    return [
        *(TaskSamplesColumn(id=id) for id in ("sampleStatus", "sampleId", "epoch")),
        *(TaskSamplesColumn.score(name) for name in verdicts),
        *(TaskSamplesColumn(id=id) for id in ("tokens", "error", "limit")),
    ]


def _with_question_columns(columns: list[TaskSamplesColumn], keys: list[str]) -> list[TaskSamplesColumn]:
    """The question's numbers after the verdicts, and before tokens and the like."""
    from inspect_ai.viewer import TaskSamplesColumn

    added = [TaskSamplesColumn.score(ANNOTATION, key) for key in keys]
    known = {TaskSamplesColumn.score(ANNOTATION, key).id for key in HEADERS}
    kept = [column for column in columns if column.id not in known]
    place = next((i for i, column in enumerate(kept) if column.id in _LAST), len(kept))
    return [*kept[:place], *added, *kept[place:]]
