"""The flat hm_* entries."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.io.own_scores import of_dictionaries
from hotmess_inspect.schema import class_index, class_label, epoch_metadata


def test_unit_tests_are_bits_with_both_counts() -> None:
    # 1 0 | 1 1 1 → 1011 1000 → b8
    found = epoch_metadata(
        kind="tests", epoch=3, f2p=[True, False], p2p=[True] * 3, lengths={"hm_actions": 4}
    )
    assert found == {
        "hm_kind": "tests",
        "hm_epoch": 3,
        "hm_status": "ok",
        "hm_tests": "b8",
        "hm_f2p": 2,
        "hm_p2p": 3,
        "hm_actions": 4,
    }


def test_unknown_entries_have_no_key() -> None:
    assert epoch_metadata(kind="score", epoch=1) == {"hm_kind": "score", "hm_epoch": 1, "hm_status": "ok"}


def test_an_empty_answer_is_kept() -> None:
    found = epoch_metadata(
        kind="answer", epoch=1, answer="", target="B", classes=4, status="unparsed", context=0
    )
    assert found["hm_answer"] == "" and found["hm_context"] == 0


def test_long_labels_stay_short_and_apart() -> None:
    one, two = (
        epoch_metadata(kind="answer", epoch=1, answer="x" * 5000 + end, target="y")["hm_answer"]
        for end in "ab"
    )
    assert len(one) == len(two) == 1024
    assert one != two


@pytest.mark.parametrize("classes", [2, 4, 45, 100])
def test_probabilities_fit_into_summaries(classes: int) -> None:
    third = [1 / 3 / (classes - 1)] * (classes - 1) + [2 / 3]
    found = epoch_metadata(kind="probabilities", epoch=1, probabilities=third, target="A")["hm_probabilities"]
    assert len(json.dumps(found)) < 1024
    assert found == pytest.approx(third, rel=1e-3)
    if classes <= 45:
        assert found == third


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "letters"}, "kind='letters' is not one of 'answer'"),
        ({"epoch": 0}, "epoch=0: epochs count from 1"),
        ({"status": "fine"}, "status='fine' is not one of 'ok'"),
        ({"classes": 1}, "classes=1"),
        ({"kind": "answer"}, "needs answer"),
        ({"kind": "probabilities"}, "needs probabilities"),
        ({"kind": "tests", "f2p": [True]}, "needs f2p and p2p"),
        ({"probabilities": [float("nan")]}, "finite"),
        ({"lengths": {"tokens": 3}}, "permitted: hm_actions"),
        ({"probabilities": [1 / 3] * 300}, "do not fit"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        epoch_metadata(**({"kind": "score", "epoch": 1} | arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize(("index", "label"), [(0, "A"), (25, "Z"), (26, "1"), (40, "15")])
def test_labels_are_those_of_inspect(index: int, label: str) -> None:
    assert class_label(index) == label
    assert class_index(label) == index


@pytest.mark.parametrize("label", ["", "a", "AB", "0", "-1", "é", "²", "99999"])
def test_what_is_no_label(label: str) -> None:
    assert class_index(label) is None


def test_negative_class_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        class_label(-1)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["hm_epoch", "hm_kind", "hm_answer", "model"]), st.integers(0, 9)),
        max_size=6,
    )
)
def test_columns_of_metadata_are_each_entry_looked_up(metadata: list[dict[str, int]]) -> None:
    """Whether all epochs have the same entries, as many others, or none."""
    column = of_dictionaries(metadata)
    for name in ("hm_epoch", "hm_kind", "hm_answer", "model", "hm_target"):
        expected = [entry.get(name) for entry in metadata]
        assert (column(name) or [None] * len(metadata)) == expected
