"""Columns and headline."""

import pytest

from hotmess_inspect.plugin.viewer import headline, viewer_config


def columns(**parameters: object) -> dict[str, bool]:
    view = viewer_config("judge", **parameters).task_samples_view  # type: ignore[arg-type]
    assert view is not None and not isinstance(view, list) and view.columns is not None
    return {str(column.id): column.visible for column in view.columns}


def test_content_is_not_trusted() -> None:
    assert viewer_config("judge").trust_content is False


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
    assert headline("judge").model_dump() == {
        "scorer": "judge",
        "score": None,
        "metric": "incoherence",
        "reducer": None,
    }
    assert headline(metric="incoherence_kl").metric == "incoherence_kl"
