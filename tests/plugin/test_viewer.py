"""Columns and headline."""

import inspect_ai.log
import pytest

from hotmess_inspect._inspect_versions import trust_is_known
from hotmess_inspect.plugin.viewer import headline, headlined, viewer_config


def columns(**parameters: object) -> dict[str, bool]:
    view = viewer_config("judge", **parameters).task_samples_view  # type: ignore[arg-type]
    assert view is not None and not isinstance(view, list) and view.columns is not None
    return {str(column.id): column.visible for column in view.columns}


def test_content_is_not_trusted() -> None:
    # What stands in for it on releases without the field is in tests/contract/test_versions.py.
    assert viewer_config("judge").model_dump().get("trust_content") is (False if trust_is_known() else None)


def test_columns_per_epoch() -> None:
    shown = [name for name, visible in columns().items() if visible]
    assert shown == [
        "sampleStatus",
        "sampleId",
        "epoch",
        "target",
        "answer",
        "score__judge__judge",
        "tokens",
        "duration",
        "retries",
        "error",
        "limit",
    ]


def test_keys_of_dictionary_scores_are_columns_with_labels_and_colours() -> None:
    config = viewer_config(
        "judge", {"f2p": "F2P", "failed": "Failed"}, higher_is_better=["f2p"], lower_is_better=["failed"]
    )
    view = config.task_samples_view
    assert view is not None and not isinstance(view, list) and view.columns is not None
    assert [c.id for c in view.columns if "judge" in str(c.id)] == [
        "score__judge__f2p",
        "score__judge__failed",
    ]
    assert view.score_labels == {"f2p": "F2P", "failed": "Failed"}
    assert view.score_color_scales is not None
    assert {key: scale.palette for key, scale in view.score_color_scales.items()} == {
        "f2p": "good-high",
        "failed": "good-low",
    }  # type: ignore[union-attr]


def test_epochs_of_a_question_stand_together_or_the_worst_on_top() -> None:
    together, worst = (viewer_config("judge", sort=sort).task_samples_view for sort in ("question", "worst"))
    assert [s.column for s in together.sort] == ["sampleId", "epoch"]  # type: ignore[union-attr]
    assert worst.sort[0].column == "score__judge__judge"  # type: ignore[union-attr]


def test_answers_can_be_hidden() -> None:
    assert not columns(show_answer=False)["answer"] and not columns(show_answer=False)["target"]


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="'f1' is to be coloured but is not among the scores 'judge'"):
        viewer_config("judge", higher_is_better=["f1"])
    with pytest.raises(ValueError, match="sort='best'"):
        viewer_config("judge", sort="best")  # type: ignore[arg-type]


def test_headline() -> None:
    found = headline("judge")
    if found is None:  # a release without headline metrics: tasks are made without one
        assert not hasattr(inspect_ai.log, "HeadlineMetric") and headlined("judge") == {}
        return
    assert headlined("judge") == {"headline_metric": found}
    assert found.model_dump() == {
        "scorer": "judge",
        "score": None,
        "metric": "incoherence",
        "reducer": None,
    }
    other = headline(metric="incoherence_kl")
    assert other is not None and other.metric == "incoherence_kl"
