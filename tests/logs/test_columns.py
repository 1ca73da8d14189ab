"""Columns of `samples_df`, and results as rows."""

from pathlib import Path

import pandas as pd
import pytest
from inspect_ai import score
from inspect_ai.analysis import SampleSummary, samples_df
from inspect_ai.log import read_eval_log, write_eval_log

from hotmess_inspect.io.event_columns import (
    EPOCH_COLUMNS,
    QUESTION_COLUMNS,
    hm_entries,
    question_entries,
)
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin.annotate import annotate_log
from hotmess_inspect.plugin.repeat import repeat
from hotmess_inspect.render.frames import bucket_rows, group_rows, question_rows, slope_rows
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.table import outcomes_from_arrays


def test_samples_df_shows_our_metadata_and_the_questions_numbers(letters_log: Path, tmp_path: Path) -> None:
    scored = score(read_eval_log(str(letters_log)), repeat(), action="append", display="none")
    write_eval_log(scored, str(tmp_path / "scored.eval"))
    annotate_log(str(tmp_path / "scored.eval"), str(tmp_path / "scored.eval"))
    frame = samples_df(str(tmp_path), columns=[*SampleSummary, *EPOCH_COLUMNS, *QUESTION_COLUMNS], quiet=True)
    own = frame.set_index(["id", "epoch"]).sort_index()
    # q0 answers A B A, q1 A C D.
    assert own["hm_answer"].tolist() == ["A", "B", "A", "A", "C", "D"]
    assert own["hm_kind"].tolist() == ["answer"] * 6
    # Unbiased: q0 error 2/3, variance 4/9 · 3/2; q1 error 4/3, variance 2/3 · 3/2.
    assert own.loc[("q0", 1), "question_variance"] == pytest.approx(2 / 3, abs=5e-5)
    assert own.loc[("q1", 3), "question_variance"] == pytest.approx(1)
    assert set(own["question_loss"]) == {"brier"}


def test_scores_of_others_give_no_columns() -> None:
    assert hm_entries({"match": {"value": "C", "metadata": {"x": 1}}, "odd": None}) == {}
    assert hm_entries(None) == question_entries("no") == question_entries({"match": {"value": 1}}) == {}


def results():
    outcomes = outcomes_from_arrays(
        [f"q{i // 6}" for i in range(48)],
        answer=["A" if (i // 6) * i % 3 == 0 else "BC"[i % 2] for i in range(48)],
        target=["A"] * 48,
        length=[10 + i + i % 5 for i in range(48)],
        model="m",
        task="t",
    )
    return analyze(outcomes, Options(losses=("brier",), resamples=20, buckets=3))[0]


def test_rows_hold_the_numbers_of_the_json() -> None:
    (result,) = found = results()
    json = result.as_json()
    (line,) = group_rows(found)
    assert {k: line[k] for k in ("error", "variance", "incoherence")} == {
        k: json[k] for k in ("error", "variance", "incoherence")
    }
    assert (line["group"], line["slope"]) == ("m", json["length_slope"]["slope"])
    assert [row["incoherence"] for row in bucket_rows(found)] == [
        b["incoherence"] for b in json["length_buckets"]
    ]
    ends = slope_rows(found)
    assert [row["length"] for row in ends] == [
        json["length_buckets"][0]["length"],
        json["length_buckets"][-1]["length"],
    ]
    assert {row["question"] for row in question_rows(found)} == {f"q{i}" for i in range(8)}
    assert len(pd.DataFrame(question_rows(found))) == 8


def test_groups_without_lengths_give_no_buckets() -> None:
    outcomes = outcomes_from_arrays(["q", "q"], answer=["A", "B"], target=["A", "A"])
    found, _ = analyze(outcomes, Options(losses=("brier",), resamples=5))
    assert bucket_rows(found) == slope_rows(found) == []
    assert group_rows(found)[0]["slope"] is None


def test_a_read_log_goes_the_same_way(letters_log: Path) -> None:
    found, _ = analyze(read_inputs([str(letters_log)]).outcomes, Options(resamples=5))
    assert {row["loss"] for row in group_rows(found)} == {"brier", "kl"}
