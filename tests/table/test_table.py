"""The table itself: checks, stacking, and the rule that the last of equal rows counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.table import Outcomes, outcomes_from_arrays
from hotmess_inspect.table.outcomes import fold_keys


def test_columns_need_one_length() -> None:
    with pytest.raises(ValueError, match="column 'task' has 1 row, 'epoch' has 2"):
        Outcomes.build(2, {"kind": "score", "status": "ok", "task": ["a"]})


@pytest.mark.parametrize(("column", "value"), [("kind", "letter"), ("status", "fine")])
def test_unknown_words_are_named(column: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"column '{column}' holds '{value}'; permitted: "):
        Outcomes.build(1, {"kind": "score", "status": "ok"} | {column: value})


def test_unknown_columns_are_named() -> None:
    with pytest.raises(ValueError, match="unknown column 'colour'"):
        Outcomes.build(1, {"kind": "score", "status": "ok", "colour": "red"})


def test_kind_and_status_are_needed() -> None:
    with pytest.raises(ValueError, match="'kind' and 'status'"):
        Outcomes.build(1, {"kind": "score"})


def test_last_of_equal_rows_stays() -> None:
    columns = {"kind": "score", "status": "ok", "question": ["a", "b", "a", "a"], "epoch": [1, 1, 1, 2]}
    table, dropped = Outcomes.build(4, columns | {"value": [0.1, 0.2, 0.3, 0.4]}).drop_duplicates()
    assert dropped == 1
    assert table.value.tolist() == [0.2, 0.3, 0.4]


def test_unscored_rows() -> None:
    statuses = ["ok", "unparsed", "limit", "errored", "unscored", "missing"]
    table = Outcomes.build(6, {"kind": "score", "status": statuses})
    assert table.scored.tolist() == [True, True, True, False, False, False]


@settings(deadline=None)  # other work on the machine is no failure
@given(
    st.lists(
        st.tuples(st.integers(-1, 2**31 - 1), st.integers(-1, 3), st.integers(0, 2**31 - 1)),
        min_size=1,
        max_size=40,
    )
)
def test_folded_keys_are_equal_exactly_where_rows_are(rows: list[tuple[int, int, int]]) -> None:
    # Twice each column, so that the span outgrows 62 bits and the keys are numbered anew.
    columns = [np.asarray(column, dtype=np.int32) for column in zip(*rows, strict=True)]
    keys = fold_keys([*columns, *columns]).tolist()
    for i, row in enumerate(rows):
        for j, other in enumerate(rows):
            assert (keys[i] == keys[j]) == (row == other)


def test_arrays_count_their_epochs() -> None:
    table = outcomes_from_arrays([1, 2, "1", 1], answer=["a", None, "B", ""], target=["A", "A", "A", "A"])
    assert table.question.values() == ["1", "2", "1", "1"]
    assert table.epoch.tolist() == [1, 1, 2, 3]
    assert table.answer.values() == ["A", None, "B", None]
    assert table.status.values() == ["ok", "unparsed", "ok", "unparsed"]


def test_arrays_need_no_target() -> None:
    for columns in ({"answer": ["A"]}, {"answer": ["A"], "target": [None]}, {"probabilities": [[0.5, 0.5]]}):
        assert outcomes_from_arrays([1], **columns).target.values() == [None]  # type: ignore[arg-type]


def test_arrays_refuse_what_does_not_go_together() -> None:
    with pytest.raises(ValueError, match="give one of answer, probabilities, score; got none"):
        outcomes_from_arrays([1])
    with pytest.raises(ValueError, match="two rows name the same"):
        outcomes_from_arrays([1, 1], score=[0.0, 1.0], epoch=[1, 1])
    with pytest.raises(ValueError, match=r"shape \(rows, classes\)"):
        outcomes_from_arrays([1], probabilities=[0.5], target=["A"])
