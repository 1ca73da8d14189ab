"""How Inspect's log viewer and its listings show a task of this package."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from inspect_ai.viewer import (
    SampleScoreView,
    ScoreColorScale,
    TaskSamplesColumn,
    TaskSamplesColumnId,
    TaskSamplesSort,
    TaskSamplesView,
    ViewerConfig,
)

from hotmess_inspect._inspect_versions import headline_metric, untrusted

if TYPE_CHECKING:
    from inspect_ai.log import HeadlineMetric

_BEFORE: tuple[TaskSamplesColumnId, ...] = ("sampleStatus", "sampleId", "epoch", "target", "answer")
_AFTER: tuple[TaskSamplesColumnId, ...] = ("tokens", "duration", "retries", "error", "limit")
_HIDDEN: tuple[TaskSamplesColumnId, ...] = ("input", "sampleUuid")

_in_use = False
_when_used: list[Callable[[], object]] = []


def viewer_config(
    scorer: str,
    scores: Mapping[str, str] | None = None,
    *,
    higher_is_better: Sequence[str] = (),
    lower_is_better: Sequence[str] = (),
    name: str = "Epochs by question",
    show_answer: bool = True,
    sort: Literal["question", "worst"] = "question",
) -> ViewerConfig:
    """Columns per epoch: question, epoch, answer, scores, tokens, duration, error, limit.

    Log content counts as untrusted: what a model or a tool wrote is shown as plain text. Runs of tasks that
    are shown this way get each question's numbers into their logs when they end (`plugin.at_end`).

    Args:
        scorer: Name under which the scores are stored, without a package prefix.
        scores: Keys of dictionary scores and their column headers, in order; None for a scalar score.
        higher_is_better: Keys (or `scorer`) whose numbers in [0, 1] are coloured green when high.
        lower_is_better: The same, green when low.
        name: Display name of the view.
        show_answer: Whether target and answer have columns; agents that write patches have no short ones.
        sort: "question" puts the epochs of a question together, "worst" the lowest first score on top.

    Returns:
        Configuration for `Task(viewer=...)` or `log.eval.viewer`.

    Raises:
        ValueError: If `sort` is unknown, or a coloured score is not among the scores.
    """
    global _in_use
    if sort not in ("question", "worst"):
        raise ValueError(f"sort={sort!r} is not one of 'question', 'worst'")
    headers = {scorer: scorer} if scores is None else dict(scores)
    for key in (*higher_is_better, *lower_is_better):
        if key not in headers:
            raise ValueError(
                f"{key!r} is to be coloured but is not among the scores {', '.join(map(repr, headers))}"
            )
    _in_use = True
    while _when_used:
        _when_used.pop()()
    scales = {key: ScoreColorScale(palette="good-high", min=0, max=1) for key in higher_is_better}
    scales |= {key: ScoreColorScale(palette="good-low", min=0, max=1) for key in lower_is_better}
    by_question = [TaskSamplesSort(column="sampleId"), TaskSamplesSort(column="epoch")]
    worst = TaskSamplesSort.score(scorer, None if scores is None else next(iter(headers)))
    return ViewerConfig(
        **untrusted(),
        sample_score_view=SampleScoreView(default="grid"),
        task_samples_view=TaskSamplesView(
            name=name,
            columns=_columns(scorer, None if scores is None else list(headers), show_answer),
            sort=by_question if sort == "question" else [worst, *by_question],
            multiline=False,
            score_labels=headers if scores is not None else None,
            score_color_scales=scales or None,
            color_scales_enabled=bool(scales),
        ),
    )


def when_used(action: Callable[[], object]) -> None:
    """Do something when this process first makes a task that is shown by `viewer_config`: one of ours.

    Args:
        action: Called once, at once if there is such a task already. What concerns our own tasks only can so
            stay out of everybody else's runs.
    """
    if _in_use:
        action()
    else:
        _when_used.append(action)


def headline(scorer: str | None = None, metric: str = "incoherence") -> "HeadlineMetric | None":
    """The number that listings show for a task; None with releases of Inspect that have no such thing.

    Args:
        scorer: Name of the scorer where several have the metric; None takes the first that has it.
        metric: Key of the result, one of those of the metric `hotmess/incoherence`.
    """
    return headline_metric(scorer, metric)


def headlined(scorer: str | None = None, metric: str = "incoherence") -> dict[str, Any]:
    """The argument of `Task` that sets `headline`: empty with releases of Inspect that do not take it."""
    found = headline(scorer, metric)
    return {} if found is None else {"headline_metric": found}


def _columns(scorer: str, keys: Sequence[str] | None, show_answer: bool) -> list[TaskSamplesColumn]:
    before = [
        TaskSamplesColumn(id=id, visible=show_answer or id not in ("target", "answer")) for id in _BEFORE
    ]
    own = (
        [TaskSamplesColumn.score(scorer, key) for key in keys] if keys else [TaskSamplesColumn.score(scorer)]
    )
    after = [TaskSamplesColumn(id=id) for id in _AFTER]
    return [*before, *own, *after, *(TaskSamplesColumn(id=id, visible=False) for id in _HIDDEN)]
