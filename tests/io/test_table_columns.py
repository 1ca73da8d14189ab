"""Tables as people have them: names, separators, encodings, types and labels of other programs."""

import gzip
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hotmess_inspect.io.roles import assign_roles
from hotmess_inspect.io.tables import TableReading, read_table, table_reading


def read(text: str | bytes, name: str = "t.csv") -> TableReading:
    return table_reading(io.BytesIO(text.encode() if isinstance(text, str) else text), name)


ROWS = [("q1", 1, "A", "A"), ("q1", 2, "B", "A"), ("q2", 1, "C", "C")]


def spelled(separator: str, *, blank: str = "") -> str:
    lines = [("question_id", "epoch", "answer", "target"), *ROWS]
    return "\n".join((separator + blank).join(map(str, line)) for line in lines) + "\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("blank", ["", "  "])
def test_any_separator_and_blanks_after_it(separator: str, blank: str) -> None:
    found = read(spelled(separator, blank=blank)).outcomes
    assert found.question.values() == ["q1", "q1", "q2"]
    assert found.answer.values() == ["A", "B", "C"]
    assert found.target.values() == ["A", "A", "C"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_that_can_be_told(encoding: str) -> None:
    text = "question_id,epoch,answer,target\nq\u00e9,1,\u00e4,\u00e4\n"
    found = read(text.encode(encoding)).outcomes
    assert (found.question.values(), found.answer.values()) == (["q\u00e9"], ["\u00e4"])


def test_an_encoding_that_cannot_be_told_is_named_with_line_and_remedy() -> None:
    text = "question_id,epoch,answer,target\nq1,1,A,A\nq2,1,caf\u00e9,A\n".encode("latin-1")
    with pytest.raises(ValueError, match=r"not UTF-8 \(byte 0xe9 in line 3\).*Latin-1.*iconv"):
        read(text)


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.csv.gz", "t.tsv", "t.parquet", "t.jsonl.gz"])
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    objects = [dict(zip(("question_id", "epoch", "answer", "target"), row, strict=True)) for row in ROWS]
    content = {
        "t.jsonl": "\n".join(map(json.dumps, objects)).encode(),
        "t.json": json.dumps(objects).encode(),
        "t.csv.gz": gzip.compress(spelled(",").encode()),
        "t.tsv": spelled("\t").encode(),
        "t.jsonl.gz": gzip.compress("\n".join(map(json.dumps, objects)).encode()),
    }
    path = tmp_path / name
    if name == "t.parquet":
        parquet.write_table(pa.Table.from_pylist(objects), path)
    else:
        path.write_bytes(content[name])
    found, _ = read_table(str(path))
    assert list(zip(found.question.values(), found.epoch.tolist(), found.answer.values(), strict=True)) == [
        ("q1", 1, "A"),
        ("q1", 2, "B"),
        ("q2", 1, "C"),
    ]


def test_text_that_looks_like_a_number_stays_text() -> None:
    found = read("question_id, epoch, answer, target\n1, 1, 01, 1\n01, 1, 1, 1\n001, 1, 1.0, 1\n").outcomes
    assert found.question.values() == ["1", "01", "001"]
    assert found.answer.values() == ["01", "1", "1.0"]


def test_integers_that_became_floats_equal_integers() -> None:
    """A data frame with one missing answer holds 1.0 where its targets hold 1."""
    table = {"question_id": ["q"] * 3, "epoch": [1, 2, 3], "answer": [1.0, 2.0, None], "target": [1, 1, 1]}
    buffer = io.BytesIO()
    parquet.write_table(pa.table(table), buffer)
    buffer.seek(0)
    typed = table_reading(buffer, "t.parquet").outcomes
    text = read("question_id,epoch,answer,target\nq,1,1.0,1\nq,2,2.0,1\nq,3,,1\n").outcomes
    for found in (typed, text):
        assert found.answer.values() == ["1", "2", None]
        assert found.target.values() == ["1", "1", "1"]
        assert found.status.values() == ["ok", "ok", "unparsed"]


def test_nan_is_missing_and_no_label() -> None:
    buffer = io.BytesIO()
    answers = pa.array([float("nan"), 2.0])
    parquet.write_table(
        pa.table({"question_id": [1.0, 1.0], "epoch": [1, 2], "answer": answers, "target": [2, 2]}), buffer
    )
    buffer.seek(0)
    found = table_reading(buffer, "t.parquet").outcomes
    assert found.answer.values() == [None, "2"]
    assert found.question.values() == ["1", "1"]
    assert read("question_id,epoch,answer,target\nq,1,nan,2\n").outcomes.answer.values() == [None]
    assert read("question_id,epoch,answer,target\nq,1,nan,nan\n").outcomes.answer.values() == ["nan"]


def test_a_name_that_stands_twice_is_refused_where_it_counts() -> None:
    with pytest.raises(ValueError, match="column 'answer' stands 2 times"):
        read("question_id,epoch,answer,target,answer\nq,1,A,A,B\n")
    with pytest.raises(ValueError, match="stands 2 times"):
        read("question_id,epoch,answer,target, Answer\nq,1,A,A,B\n")
    assert len(read("question_id,epoch,answer,target,note,note\nq,1,A,A,x,y\n").outcomes) == 1


@pytest.mark.parametrize("extra", ["p_A", "p_value", "p_A,p_B"])
def test_probabilities_never_take_over_from_answers(extra: str) -> None:
    cells = ",".join("0.5" for _ in extra.split(","))
    found = read(f"question_id,epoch,answer,target,{extra}\nq,1,B,A,{cells}\n").outcomes
    assert (found.kind.values(), found.answer.values()) == (["answer"], ["B"])


def test_a_p_value_beside_scores_or_probabilities_is_no_class() -> None:
    scores = read("question_id,epoch,score,p_value\nq,1,1,0.03\n").outcomes
    assert scores.kind.values() == ["score"]
    classes = read("question_id,epoch,p_no,p_yes,p_value,target\nq,1,0.25,0.75,0.03,yes\n").outcomes
    np.testing.assert_array_equal(classes.vector.padded(2), [[0.25, 0.75]])


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["C", "I", "P", "N"], [1, 0, 0.5, 0]),
        (["c", "i", "p", "n"], [1, 0, 0.5, 0]),
        (["True", "False", "true", "FALSE"], [1, 0, 1, 0]),
        (["Correct", "incorrect", "0.25", ""], [1, 0, 0.25, np.nan]),
        (["0,5", "1", "0", "nan"], [0.5, 1, 0, np.nan]),
    ],
)
def test_scores_as_people_spell_them(cells: list[str], values: list[float]) -> None:
    rows = "".join(f"q;{place};{cell}\n" for place, cell in enumerate(cells, 1))
    found = read("question_id;epoch;score\n" + rows).outcomes
    np.testing.assert_array_equal(found.value, values)
    assert found.status.values() == ["unscored" if np.isnan(v) else "ok" for v in values]


def test_a_score_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="row 2, column 'score': 'maybe' is not a score"):
        read("question_id,epoch,score\nq,1,1\nq,2,maybe\n")


@pytest.mark.parametrize(
    "header",
    [
        "id,trial,reward",
        "task_id,trial,reward",
        "doc_id,repeat,acc",
        "Question ID,Epoch,Is Correct",
        "instance_id,attempt,resolved",
        "sample_id,epoch,correct",
    ],
)
def test_names_that_others_use(header: str) -> None:
    found = read(f"{header}\nq,0,1\nq,1,0\n").outcomes
    assert (found.question.values(), found.epoch.tolist(), found.value.tolist()) == (
        ["q", "q"],
        [0, 1],
        [1, 0],
    )


def test_our_own_name_goes_before_the_names_of_others() -> None:
    found = read("id,question_id,epoch,score,reward\nx,q,1,0.25,1\n")
    assert (found.outcomes.question.values(), found.outcomes.value.tolist()) == (["q"], [0.25])
    assert set(found.unread) == {"id", "reward"}


def test_headings_of_spreadsheets_are_known() -> None:
    found = read("Question ID,Attempt #,Correct?\nq,1,Yes\nq,2,No\n").outcomes
    assert (found.question.values(), found.epoch.tolist(), found.value.tolist()) == (
        ["q", "q"],
        [1, 2],
        [1, 0],
    )


def test_a_missing_column_is_named_with_the_remedy_and_everything_that_is_there() -> None:
    with pytest.raises(ValueError, match=r"found: question, run1, run2 \(add one that numbers the runs"):
        read("question,run1,run2\nq,1,0\n")
    with pytest.raises(
        ValueError, match=r"found: id, trial, mark\. Add a column score .*--columns score=NAME"
    ):
        read("id,trial,mark\nq,1,0\n")


def test_the_user_names_columns() -> None:
    text = io.BytesIO(b"wer,lauf,sagt,stimmt\nq,1,A,B\n")
    columns = {"question_id": "wer", "epoch": "lauf", "answer": "sagt", "target": "stimmt"}
    found = table_reading(text, "t.csv", columns)
    assert (found.outcomes.question.values(), found.outcomes.target.values()) == (["q"], ["B"])
    with pytest.raises(ValueError, match="column 'nope' is missing; found: wer"):
        assign_roles(["wer"], {"question_id": "nope"})
    with pytest.raises(ValueError, match="'ansr' is no role of a column"):
        assign_roles(["wer"], {"ansr": "wer"})


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("(A)", "A"),
        ("A.", "A"),
        ("A. Paris", "A"),
        ("a)", "A"),
        ("**B**", "B"),
        ("[c]", "C"),
        ("(B) Rome", "B"),
        ("B: Rome", "B"),
        ("Paris", "Paris"),
        ("A Paris", "A Paris"),
        ("U.S. Army", "U.S. Army"),
    ],
)
def test_decorated_letters(answer: str, letter: str) -> None:
    found = read(f'question_id,epoch,answer,target\nq,1,"{answer}",A\n').outcomes
    assert found.answer.values() == [letter]


def test_text_answers_keep_their_decoration() -> None:
    found = read("question_id,epoch,answer,target\nq,1,(A),(A) or (B)\n").outcomes
    assert found.answer.values() == ["(A)"]


def test_labels_of_two_spellings_are_warned_of() -> None:
    found = read("question_id,epoch,answer,target\nq,1,yes,Yes\nq,2,no,Yes\n")
    assert "'yes', 'no' against 'Yes'" in found.warnings[0]


def test_a_column_of_scorers_makes_a_group_each() -> None:
    found = read("question_id,epoch,filter,score\nq,1,strict,0\nq,1,loose,1\n").outcomes
    assert found.scorer.values() == ["strict", "loose"]
    assert found.value.tolist() == [0, 1]


def test_an_export_of_inspect() -> None:
    """`samples_df`: the question is `id`, an epoch's own id `sample_id`, and each scorer has a column."""
    text = "sample_id,eval_id,log,id,epoch,target,score_match,score_judge\nu1,e,l,q,1,A,C,0.5\nu2,e,l,q,2,A,I,1\n"
    found = read(text).outcomes
    assert found.question.values() == ["q"] * 4
    assert found.scorer.values() == ["match", "match", "judge", "judge"]
    assert found.value.tolist() == [1, 0, 0.5, 1]
    assert found.uuid.values() == ["u1", "u2", "u1", "u2"]


def test_logs_without_a_model_are_not_pooled() -> None:
    text = "sample_id,eval_id,log,id,epoch,score_match\nu1,e1,l1,q,1,C\nu2,e2,l2,q,1,I\n"
    found = read(text)
    assert len(set(found.outcomes.variant.values())) == 2
    assert "no column names their models" in found.warnings[0]


def test_trials_that_have_names_are_numbered_by_name() -> None:
    found = read("task_id,trial,reward\nq,run-b,1\nq,run-a,0\n").outcomes
    assert dict(zip(found.epoch.tolist(), found.value.tolist(), strict=True)) == {1: 0, 2: 1}


def test_mixed_types_of_json_are_text() -> None:
    lines = [
        {"id": 1, "trial": 0, "answer": 1, "target": "1"},
        {"id": "1", "trial": 1, "answer": "1", "target": 1},
        {"id": 1.0, "trial": 2, "answer": None, "target": 1},
    ]
    found = read("\n".join(map(json.dumps, lines)), "t.jsonl").outcomes
    assert found.question.values() == ["1"] * 3
    assert found.answer.values() == ["1", "1", None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": 1}\n{"id": \n', "line 2 is not valid JSON"),
        (b'{"id": 1}\n[1]\n', "line 2 holds no JSON object"),
        (
            b'{"id": [1], "epoch": 1, "score": 1}\n{"id": [1], "epoch": 2, "score": 1}',
            "column 'id': holds a list",
        ),
        (b"", "empty"),
    ],
)
def test_json_lines_that_are_none(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(content, "t.jsonl")


def test_gzip_is_read_within_bounds() -> None:
    with pytest.raises(ValueError, match="cut off"):
        read(gzip.compress(spelled(",").encode())[:-9], "t.csv.gz")
    bomb = gzip.compress(bytes(300_000_000), 1)
    with pytest.raises(ValueError, match="inflates"):
        read(bomb, "t.csv.gz")


def test_a_header_without_rows_holds_none() -> None:
    assert len(read("question_id,epoch,answer,target\n").outcomes) == 0


@pytest.mark.shared
def test_real_rows_in_every_format(shared_data: Path) -> None:
    """50 airline tasks × 4 trials of τ-bench: pass¹ .42, incoherence .2529 in each of five files."""
    from hotmess_inspect.results.analyze import Options, analyze

    for name in ("tau.jsonl", "tau.tsv", "tau_CI.csv", "tau_bool.csv", "tau_bool.parquet"):
        outcomes, _ = read_table(str(shared_data / "cases" / "tables" / name))
        ((group,), _) = analyze(outcomes, Options(resamples=10))
        assert group.accuracy == pytest.approx(0.42)
        assert group.decomposition.incoherence == pytest.approx(0.25287, abs=1e-5)
