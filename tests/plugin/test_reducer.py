"""The epochs reducer: Inspect's mean, with the decomposition beside it."""

import logging
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.scorer import Score, mean_score

from hotmess_inspect._inspect_versions import reason_of
from hotmess_inspect.plugin.reducer import decomposition
from hotmess_inspect.schema import epoch_metadata


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    # Inspect warns for every value that it reads as 0.
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def scores(*values: Any) -> list[Score]:
    return [Score(value=value) for value in values]


def described(found: Score) -> dict[str, Any]:
    assert found.metadata is not None
    return found.metadata


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["C", "I", "P", "N", "yes", "0.5", "", "banana", True, False, math.nan, math.inf]
            ),
            st.floats(-2, 2),
            st.integers(-3, 3),
        ),
        max_size=8,
    )
)
def test_the_value_is_that_of_inspects_mean(values: list[Any]) -> None:
    # Older releases cannot reduce an empty list; newer ones give NaN.
    theirs = mean_score()(scores(*values)) if values else Score(value=math.nan)
    found = decomposition()(scores(*values))
    assert repr(found.value) == repr(theirs.value)
    assert (found.answer, found.explanation, reason_of(found)) == (
        theirs.answer,
        theirs.explanation,
        reason_of(theirs),
    )


@pytest.mark.parametrize(
    "values",
    [
        [{"a": 1.0, "b": "C"}, {"a": 0.5, "b": "I"}],
        [{"a": 1.0, "b": None}, {"a": math.nan, "b": "I"}],
        [[1, "C"], [0, "I"]],
        [math.nan, {"a": 1}],
    ],
)
def test_shaped_values_are_those_of_inspects_mean(values: list[Any]) -> None:
    assert repr(decomposition()(scores(*values)).value) == repr(mean_score()(scores(*values)).value)


def test_verdicts() -> None:
    # 1 0 0 against 1: error ⅔, plug-in variance 2/9, unbiased ⅓.
    found = decomposition()(scores("C", "I", "I"))
    assert found.value == pytest.approx(1 / 3)
    assert described(found) == pytest.approx(
        {
            "error": 2 / 3,
            "bias_squared": 1 / 3,
            "variance": 1 / 3,
            "epochs": 3,
            "epochs_unscored": 0,
            "quantity": "squared distance of the verdicts to 1",
            "modal_answer": "I",
            "modal_share": 2 / 3,
        }
    )


def test_answers_of_our_own_scorers() -> None:
    letters = [
        Score(
            value=v,
            answer=a,
            metadata=epoch_metadata(kind="answer", epoch=e, answer=a, target="A", classes=4),
        )
        for e, (v, a) in enumerate([("C", "A"), ("I", "B"), ("I", "C")], start=1)
    ]
    found = decomposition()(letters)
    # One each of A, B, C: error 4/3, unbiased variance 1; all three are modal, A comes first.
    assert described(found) == pytest.approx(
        {"error": 4 / 3, "bias_squared": 1 / 3, "variance": 1.0, "epochs": 3, "epochs_unscored": 0}
        | {"quantity": "Brier loss of the answers", "modal_answer": "A", "modal_share": 1 / 3}
    )


def test_undefined_is_none_with_its_reason_counted() -> None:
    one = described(decomposition()(scores("I")))
    assert (one["error"], one["bias_squared"], one["variance"], one["epochs"]) == (1.0, None, None, 1)
    none = described(decomposition()(scores(math.nan, math.nan)))
    assert (none["error"], none["epochs"], none["epochs_unscored"]) == (None, 0, 2)


def test_no_score_at_all() -> None:
    found = decomposition()([])
    assert math.isnan(found.as_float())
    assert described(found)["epochs"] == 0


def test_dictionaries_are_described_key_by_key() -> None:
    found = described(decomposition()(scores({"a": "C", "b": 0.0}, {"a": "I", "b": 0.0})))
    assert found["error"] == {"a": 0.5, "b": 1.0}
    assert found["variance"] == {"a": 0.5, "b": 0.0}
    assert found["epochs"] == {"a": 2, "b": 2}


def test_lists_are_described_by_index() -> None:
    assert described(decomposition()(scores([1, 0], [0, 0])))["error"] == [0.5, 1.0]


def test_a_key_that_one_epoch_lacks_does_not_end_the_evaluation() -> None:
    epochs = scores({"a": 1.0, "b": 1.0}, {"a": 0.0})
    with pytest.raises((ValueError, KeyError)):
        mean_score()(epochs)
    found = decomposition()(epochs)
    assert found.value == {"a": 0.5, "b": 1.0}
    assert described(found)["epochs"] == {"a": 2, "b": 1}
    assert "mismatched keys" in described(found)["reduced_with"]


def test_a_key_that_the_first_epoch_lacks_is_not_dropped() -> None:
    found = decomposition()(scores({"a": 0.0}, {"a": 1.0, "b": 1.0}))
    assert found.value == {"a": 0.5, "b": 1.0}
    assert "mismatched keys" in described(found)["reduced_with"]


@pytest.mark.parametrize("epochs", [[[1], [1, 0]], [[1], "C"], [{"a": 1}, "C"], [{"a": None}, {"b": 1}]])
def test_shapes_that_do_not_fit_never_raise(epochs: list[Any]) -> None:
    assert described(decomposition()(scores(*epochs)))["reduced_with"]


def test_metadata_of_the_suite_is_kept_and_that_of_one_epoch_is_not() -> None:
    epochs = [Score(value="C", metadata={"grading": "x", "hm_epoch": e, "hm_kind": "score"}) for e in (1, 2)]
    found = described(decomposition()(epochs))
    assert found["grading"] == "x"
    assert not [key for key in found if key.startswith("hm_")]


def test_any_order_gives_the_same_bits() -> None:
    rng = random.Random(5)
    epochs = scores(*(rng.random() for _ in range(9)))
    expected = described(decomposition()(epochs))
    for _ in range(10):
        rng.shuffle(epochs)
        assert described(decomposition()(epochs)) == expected
