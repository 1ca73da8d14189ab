"""Tables from disk: what is read, what is refused, and the sentence that says so."""

import io
from pathlib import Path

import numpy as np
import pytest

from hotmess_inspect.io.tables import read_table, write_parquet
from hotmess_inspect.table import Outcomes, outcomes_from_arrays
from hotmess_inspect.table.outcomes import _TYPES


def read(text: str, name: str = "answers.csv") -> Outcomes:
    return read_table(io.BytesIO(text.encode()), name)[0]


def test_labels() -> None:
    table = read("question_id,dataset,epoch,answer,target,extra\n1,gpqa,1, b ,B,x\n1,gpqa,2,,B,y\n")
    assert table.model.values() == ["answers"] * 2
    assert table.task.values() == ["gpqa"] * 2
    assert table.answer.values() == ["B", None]
    assert table.status.values() == ["ok", "unparsed"]
    assert table.target.values() == ["B", "B"]


def test_task_goes_before_dataset_and_lengths_are_read() -> None:
    table = read("question_id,dataset,task,model,epoch,answer,target,length,context\n1,d,t,m,1,A,A,7.5,c0\n")
    assert (table.task.values(), table.model.values(), table.context.values()) == (["t"], ["m"], ["c0"])
    assert table.length.tolist() == [7.5]


def test_probabilities_name_their_classes() -> None:
    table = read("question_id,epoch,p_no,p_yes,target\n1,1,0.25,0.75,yes\n1,2,,,yes\n1,3,0.4999,0.4999,yes\n")
    assert table.kind.values() == ["probabilities"] * 3
    assert table.target.values() == ["B"] * 3  # the second class
    np.testing.assert_array_equal(table.vector.padded(2), [[0.25, 0.75], [np.nan, np.nan], [0.5, 0.5]])
    assert table.status.values() == ["ok", "unparsed", "ok"]


def test_scores() -> None:
    table = read("question_id,epoch,score\n1,1,0.5\n1,2,\n")
    assert table.status.values() == ["ok", "unscored"]
    np.testing.assert_array_equal(table.value, [0.5, np.nan])


def test_later_rows_win_and_are_counted() -> None:
    text = b"question_id,epoch,answer,target\n1,1,A,A\n1,1,B,A\n2,1,A,A\n"
    table, dropped = read_table(io.BytesIO(text), "a.csv")
    assert (dropped, table.answer.values()) == (1, ["B", "A"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "epoch,answer,target\n1,A,A\n",
            "t.csv: column 'question_id' is missing; found: epoch, answer, target",
        ),
        ("question_id,answer,target\n1,A,A\n", "t.csv: column 'epoch' is missing"),
        ("question_id,epoch\n1,1\n", "t.csv: no column says what an epoch answered or how right it was"),
        ("question_id,epoch,answer,target\n,1,A,A\n", "t.csv: row 1, column 'question_id': empty"),
        ("question_id,epoch,answer,target\n1,1,A,A\n1,2,A,\n", "t.csv: row 2, column 'target': empty"),
        (
            "question_id,epoch,answer,target\n1,one,A,A\n",
            "t.csv: row 1, column 'epoch': 'one' is not a number",
        ),
        (
            "question_id,epoch,answer,target\n1,1.5,A,A\n",
            "row 1, column 'epoch': '1.5' is not a whole number",
        ),
        ("question_id,epoch,answer,target\n1,-1,A,A\n", "row 1, column 'epoch': '-1' is not a whole number"),
        ("question_id,epoch,answer,target\n1,,A,A\n", "row 1, column 'epoch': None is not a whole number"),
        ("question_id,epoch,answer,target\n1,1,A,A\n1,2,A,B\n", "question '1' has two targets, 'A' and 'B'"),
        ("question_id,epoch,answer,target,length\n1,1,A,A,-3\n", "row 1, column 'length': -3 is negative"),
        (
            "question_id,epoch,answer,target,length\n1,1,A,A,inf\n",
            "column 'length': 'inf' is not a finite number",
        ),
        (
            "question_id,epoch,p_A,p_B,target\n1,1,0.5,,A\n",
            "row 1, column 'p_B': empty beside other probabilities",
        ),
        ("question_id,epoch,p_A,p_B,target\n1,1,1.5,-0.5,A\n", "row 1, column 'p_B': -0.5 is negative"),
        (
            "question_id,epoch,p_A,p_B,target\n1,1,0.5,0.6,A\n",
            "the probabilities of the row sum to 1.1, not 1",
        ),
        (
            "question_id,epoch,p_A,p_B,target\n1,1,0.5,0.5,C\n",
            "column 'target': 'C' is none of the classes A, B",
        ),
        (
            "question_id,epoch,answer,target\n1,1,A\n",
            "t.csv: not a readable table: .*Expected 4 columns, got 3",
        ),
        ("", "t.csv: not a readable table"),
    ],
)
def test_errors_name_file_row_and_column(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(text, "t.csv")


def test_bad_utf8_is_named() -> None:
    with pytest.raises(ValueError, match=r"t\.csv: not a readable table: .*UTF"):
        read_table(io.BytesIO(b"question_id,epoch,answer,target\n1,1,\xff,A\n"), "t.csv")


def test_a_question_may_stand_in_two_sets() -> None:
    table = read("question_id,dataset,epoch,answer,target\n1,a,1,A,A\n1,b,1,A,B\n")
    assert table.target.values() == ["A", "B"]


def test_parquet_keeps_every_column(tmp_path: Path) -> None:
    table = outcomes_from_arrays(
        ["q", "q"],
        probabilities=[[0.2, 0.8], [np.nan, np.nan]],
        target=["A", "A"],
        length=[3, np.nan],
        model="m",
    )
    path = str(tmp_path / "part.parquet")
    write_parquet(table, path)
    again, dropped = read_table(path)
    assert dropped == 0
    for name in _TYPES:
        left, right = getattr(table, name), getattr(again, name)
        if hasattr(left, "padded"):
            np.testing.assert_array_equal(left.padded(2), right.padded(2))
        elif hasattr(left, "values"):
            assert left.values() == right.values()
        else:
            np.testing.assert_array_equal(left, right)


def test_plain_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    rows = {"question_id": [1, 1], "epoch": [1, 2], "answer": ["A", None], "target": ["A", "A"]}
    parquet.write_table(pa.table(rows), tmp_path / "t.parquet")
    table, _ = read_table(str(tmp_path / "t.parquet"))
    assert table.question.values() == ["1", "1"]
    assert table.status.values() == ["ok", "unparsed"]
