"""Outcomes to data frames and back."""

from dataclasses import fields

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hotmess_inspect.io.frames import outcomes_from_frame, outcomes_to_pandas, outcomes_to_polars
from hotmess_inspect.table import Outcomes, outcomes_from_arrays


def mixed() -> Outcomes:
    """Letters with holes of every kind, and probabilities."""
    letters = Outcomes.build(
        3,
        {
            "kind": "answer",
            "status": ["ok", "unparsed", "errored"],
            "answer": ["A", None, None],
            "target": "A",
            "question": ["q1", "q1", "q2"],
            "epoch": [1, 2, 1],
            "output_tokens": [5.0, np.nan, 7.0],
            "uuid": ["u1", "u2", None],
        },
    )
    vectors = outcomes_from_arrays(["r"], probabilities=[[0.25, 0.75]], target=["B"], model="m")
    return Outcomes.concatenate([letters, vectors])


def rows(outcomes: Outcomes) -> list[list[object]]:
    columns = []
    for field in fields(outcomes):
        column = getattr(outcomes, field.name)
        if hasattr(column, "values"):
            columns.append(column.values())
        elif hasattr(column, "padded"):
            columns.append([str(row) for row in column.padded(3)])
        else:
            columns.append([str(value) for value in column])
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("convert", [outcomes_to_pandas, outcomes_to_polars])
def test_there_and_back(convert) -> None:
    outcomes = mixed()
    assert rows(outcomes_from_frame(convert(outcomes))) == rows(outcomes)


def test_missing_values_look_missing() -> None:
    frame = outcomes_to_pandas(mixed())
    assert frame["answer"].isna().tolist() == [False, True, True, True]
    assert frame["output_tokens"].isna().tolist() == [False, True, False, True]
    assert outcomes_to_polars(mixed())["answer"].null_count() == 3


def test_frames_can_be_changed_in_between() -> None:
    frame = outcomes_to_pandas(mixed())
    kept = frame[frame["question"] == "q1"]
    assert rows(outcomes_from_frame(kept)) == rows(mixed())[:2]
    twice = pl.concat([outcomes_to_polars(mixed())] * 2)
    assert len(outcomes_from_frame(twice)) == 4


def test_a_table_of_answers() -> None:
    columns = {"question_id": [1, 1], "epoch": [1, 2], "answer": ["a", None], "target": ["A", "A"]}
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns)):
        found = outcomes_from_frame(frame, "mine")
        assert found.answer.values() == ["A", None]
        assert found.status.values() == ["ok", "unparsed"]
        assert found.log.values() == ["mine", "mine"]


def test_what_is_no_frame() -> None:
    with pytest.raises(TypeError, match="frame is no data frame but a list"):
        outcomes_from_frame([1])
    with pytest.raises(ValueError, match="mine: column 'question_id' is missing"):
        outcomes_from_frame(pd.DataFrame({"epoch": [1]}), "mine")
