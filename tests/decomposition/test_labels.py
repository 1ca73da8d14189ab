"""Labels are accepted where one-hot arrays are."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect import decompose

CASES = [("brier", "unbiased"), ("brier", "plugin"), ("kl", "plugin"), ("zero_one", "plugin")]


@pytest.mark.parametrize(("loss", "estimator"), CASES)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from([0, 1, 2, None]), max_size=6), st.integers(0, 2)),
        min_size=1,
        max_size=5,
    )
)
def test_labels_are_their_one_hot_arrays(loss: Any, estimator: Any, questions: list[Any]) -> None:
    rows, target = [row for row, _ in questions], [goal for _, goal in questions]
    predictions = np.full((len(rows), 6, 3), np.nan)
    for q, row in enumerate(rows):
        for e, label in enumerate(row):
            if label is not None:
                predictions[q, e] = np.eye(3)[label]
    wanted = decompose(predictions, target, loss=loss, estimator=estimator)
    words = [[None if v is None else f" word{v}" for v in row] for row in rows]
    found = [
        decompose(rows, target, loss=loss, estimator=estimator),
        decompose(words, [f"word{v} " for v in target], loss=loss, estimator=estimator),
    ]
    padded = np.array([[np.nan if v is None else v for v in (*row, *[None] * 6)][:6] for row in rows])
    if np.isnan(padded).any():
        found.append(decompose(padded, target, loss=loss, estimator=estimator))
    for own in found:
        for name in ("error", "bias_squared", "variance"):
            # A third class that no epoch names changes KL by as much as √δ of its smoothing.
            tolerance = 1e-5 if loss == "kl" else 1e-12
            np.testing.assert_allclose(getattr(own, name), getattr(wanted, name), atol=tolerance)


def test_kinds_of_tables() -> None:
    rows, target = [["A", "b", "a"], ["C", "C", None]], ["A", "C"]
    for given_ in (np.array(rows, dtype=object), pd.DataFrame(rows), pd.DataFrame(rows, dtype="string")):
        # A wrong epoch is at a squared distance of 2: 2/3, and its variance too, without any bias.
        assert decompose(given_, target).error.tolist() == pytest.approx([2 / 3, 0])
    assert decompose(np.array([[1, 2, 1]]), [1]).variance.tolist() == pytest.approx([2 / 3])


@pytest.mark.parametrize(
    ("answers", "target", "said"),
    [
        ([["A", " "]], ["A"], "question 0: an empty label"),
        ([["A"], ["A", 1]], ["A", "A"], "question 1 mixes strings and numbers"),
        ([["A"]], [0], "question 0 mixes strings and numbers"),
        ([["A"]], ["A", "B"], "2 for 1 question"),
        ([["A"]], [None], "target of question 0 is missing"),
        ([["A"]], "A", "target"),
        ([[0.2, 0.8]], [0], r"axes \(questions, epochs, classes\)"),
        (np.eye(2), [0, 1], r"the axes \(questions, epochs, classes\)"),
    ],
)
def test_what_is_no_label_is_named(answers: Any, target: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decompose(answers, target)
