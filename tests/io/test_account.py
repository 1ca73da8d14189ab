"""Every file seen and every epoch planned, found, read or left out: it adds up."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotmess_inspect.io.account import EPOCHS, Account
from hotmess_inspect.io.logs import Inputs, read_inputs
from hotmess_inspect.io.scales import rescaled
from hotmess_inspect.results.analyze import analyze
from hotmess_inspect.schema import Scale
from hotmess_inspect.table import outcomes_from_arrays

PLAN = {"a": ["q0", "q1", "q2"]}


def record(question: str, epoch: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": question,
        "epoch": epoch,
        "input": f"What is {question}?",
        "target": "A",
        "scores": {"match": {"value": "C" if epoch % 2 else "I", "answer": "A" if epoch % 2 else "B"}},
        "uuid": f"{question}-{epoch}",
    } | fields


def write_log(
    path: Path,
    rows: list[dict[str, Any]],
    *,
    epochs: int = 2,
    samples: list[dict[str, Any]] | None = None,
    **header: Any,
) -> Path:
    spec = {
        "task": "t",
        "model": "m",
        "task_id": path.stem,
        "created": "2026-01-01",
        "dataset": {"sample_ids": ["q0", "q1", "q2"]},
        "config": {"epochs": epochs},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "header.json", json.dumps({"version": 2, "status": "success", "eval": spec} | header)
        )
        for sample in samples or []:
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        archive.writestr("summaries.json", json.dumps(rows))
    return path


def everything() -> list[dict[str, Any]]:
    return [record(q, e) for e in (1, 2) for q in ("q0", "q1", "q2")]


def adds_up(account: Account) -> dict[str, int]:
    for one in account.files:
        if one.planned is not None and one.state == "read":
            assert one.planned + one.unplanned == one.recorded - one.repeated + one.missing + one.stopped, one
        assert one.recorded == one.read + one.repeated + one.invalid + one.copies, one
        assert one.read == one.scored + one.errored + one.unscored, one
        assert min(getattr(one, name) or 0 for name in EPOCHS) >= 0, one
    return account.totals()


def read(*paths: Path) -> Inputs:
    return read_inputs([str(path) for path in paths])


def test_a_whole_log(tmp_path: Path) -> None:
    totals = adds_up(read(write_log(tmp_path / "a.eval", everything())).account)
    assert (totals["planned"], totals["recorded"], totals["read"], totals["scored"]) == (6, 6, 6, 6)


def test_a_planned_question_without_any_record_is_missing_and_the_others_count(tmp_path: Path) -> None:
    from hotmess_inspect.results.analyze import Options, analyze

    rows = [row for row in everything() if row["id"] != "q2"]
    found = read(write_log(tmp_path / "a.eval", rows, status="cancelled"))
    totals = adds_up(found.account)
    assert (totals["planned"], totals["missing"], totals["read"]) == (6, 2, 4)
    results, problems = analyze(found.outcomes, Options(losses=("brier",), resamples=10))
    assert not [p for p in problems if p.level == "error"]
    assert results[0].as_json()["questions"] == 2
    assert results[0].counts["missing"] == 2
    assert results[0].accuracy == 0.5


def test_repeated_errored_unscored_and_unplanned_epochs(tmp_path: Path) -> None:
    rows = everything()
    rows.append(record("q0", 1))
    rows[1] |= {"error": "boom", "scores": None}
    rows[2] |= {"scores": None}
    rows.append(record("q9", 1))
    totals = adds_up(read(write_log(tmp_path / "a.eval", rows)).account)
    wanted = {
        "planned": 6,
        "unplanned": 1,
        "recorded": 8,
        "repeated": 1,
        "read": 7,
        "errored": 1,
        "unscored": 1,
    }
    assert {name: totals[name] for name in wanted} == wanted


def test_copies_in_other_files(tmp_path: Path) -> None:
    found = read(write_log(tmp_path / "a.eval", everything()), write_log(tmp_path / "b.eval", everything()))
    totals = adds_up(found.account)
    assert (totals["recorded"], totals["copies"], totals["read"], len(found.outcomes)) == (12, 6, 6, 6)


def test_empty_uuids_are_no_copies(tmp_path: Path) -> None:
    rows = [row | {"uuid": ""} for row in everything()]
    assert adds_up(read(write_log(tmp_path / "a.eval", rows)).account)["read"] == 6


def test_invalid_samples_are_left_out(tmp_path: Path) -> None:
    samples = [
        row | {"invalidation": {"reason": "leak"} if row["id"] == "q1" else None} for row in everything()
    ]
    found = read(write_log(tmp_path / "a.eval", everything(), samples=samples, invalidated=True))
    totals = adds_up(found.account)
    assert (totals["invalid"], totals["read"], totals["missing"]) == (2, 4, 0)
    assert set(found.outcomes.question.values()) == {"q0", "q2"}
    assert "2 epochs were marked invalid" in found.problems[0].message


def test_epochs_stopped_early_are_not_missing(tmp_path: Path) -> None:
    rows = [row for row in everything() if (row["id"], row["epoch"]) not in (("q0", 2), ("q1", 2))]
    stops = [{"id": "q0", "epoch": 2}, {"id": "q1", "epoch": 2}]
    results = {"early_stopping": {"manager": "waves", "early_stops": stops, "metadata": {}}}
    found = read(write_log(tmp_path / "a.eval", rows, results=results))
    totals = adds_up(found.account)
    assert (totals["planned"], totals["stopped"], totals["missing"], totals["read"]) == (6, 2, 0, 4)
    assert "2 planned epochs were stopped early by waves" in found.problems[0].message


def test_what_a_header_claims_is_counted_and_not_made(tmp_path: Path) -> None:
    found = read(write_log(tmp_path / "a.eval", everything(), epochs=1_900_000))
    totals = adds_up(found.account)
    assert (totals["planned"], totals["missing"]) == (5_700_000, 5_699_994)
    assert len(found.outcomes) == 6


def test_scorers_whose_names_collide_stay_apart(tmp_path: Path) -> None:
    rows = [row | {"scores": {"a/b": {"value": "C"}, "a": {"value": {"b": "I"}}}} for row in everything()]
    outcomes = read(write_log(tmp_path / "a.eval", rows)).outcomes
    values = {
        name: set(outcomes.value[outcomes.scorer.equals(name)].tolist()) for name in outcomes.scorer.names
    }
    assert values == {"a/b": {1.0}, "a//b": {0.0}}


def test_one_odd_answer_among_letters_is_unparsed(tmp_path: Path) -> None:
    odd = everything()
    odd[3]["scores"] = {"match": {"value": "I", "answer": "no idea"}}
    found = read(write_log(tmp_path / "a.eval", odd))
    assert set(found.outcomes.kind.values()) == {"answer"}
    assert found.outcomes.status.values().count("unparsed") == 1


def test_logs_of_two_kinds_count_by_verdict(tmp_path: Path) -> None:
    free = [
        row | {"uuid": "", "scores": {"match": {"value": "C", "answer": "It is A"}}} for row in everything()
    ]
    found = read(write_log(tmp_path / "a.eval", everything()), write_log(tmp_path / "b.eval", free))
    (result, *_), problems = analyze(found.outcomes)
    assert result.group.kind == "score" and result.accuracy == (3 + 6) / 12
    assert any("read by their verdicts" in p.message for p in problems)


@pytest.mark.parametrize("key", ["\u00b2", "9" * 5000, "0"])
def test_keys_of_verdicts_that_look_like_numbers(tmp_path: Path, key: str) -> None:
    (tmp_path / "in").mkdir()
    rows = [row | {"scores": {"s": {"value": {key: 1}}}} for row in everything()]
    rows[0]["scores"] = {"s": {"value": [0.5]}}
    write_log(tmp_path / "in" / "odd.eval", rows)
    write_log(tmp_path / "in" / "plain.eval", everything(), epochs=2)
    found = read(tmp_path / "in")
    assert found.files == 2
    adds_up(found.account)


def test_a_folder_of_many_kinds(tmp_path: Path) -> None:
    write_log(tmp_path / "a.eval", everything())
    (tmp_path / "broken.eval").write_bytes(b"PK junk")
    (tmp_path / "t.csv").write_text("question_id,epoch,score\nq,1,1\nq,2,0\nq,2,1\n")
    (tmp_path / "u.tsv").write_text("id\ttrial\treward\nq\t1\t1\n")
    (tmp_path / "manifest.json").write_text('{"files": 3}')
    (tmp_path / "README.md").write_text("text")
    (tmp_path / "gone.eval").symlink_to(tmp_path / "nowhere")
    found = read(tmp_path)
    totals = adds_up(found.account)
    assert totals["files"] == 7
    assert (totals["read_files"], totals["unreadable_files"], totals["passed_over_files"]) == (3, 2, 2)
    assert (totals["recorded"], totals["repeated"], totals["read"]) == (10, 1, 9)
    assert any("1 file passed over (1 .md)" in p.message for p in found.problems)


def test_json_logs_in_any_order_of_keys(tmp_path: Path) -> None:
    spec = {"task": "t", "model": "m", "dataset": {}, "config": {}}
    for name, order in (
        ("sorted", sorted),
        ("samples_first", lambda keys: sorted(keys, key="samples".__ne__)),
    ):
        document = {
            "version": 2,
            "status": "success",
            "eval": spec | {"task_id": name},
            "samples": [record("q0", 1, uuid=name, filler="x" * 10_000)],
        }
        text = json.dumps({key: document[key] for key in order(list(document))})
        (tmp_path / f"{name}.json").write_text(text)
    assert read(tmp_path).files == 2


def test_exports_that_overlap_count_once(tmp_path: Path) -> None:
    from hotmess_inspect.io.tables import write_parquet

    text = "question_id,epoch,answer,target,model\nq0,1,A,A,m\nq0,2,B,A,m\n"
    (tmp_path / "p1.csv").write_text(text)
    (tmp_path / "p2.csv").write_text(text.replace("q0", "q1"))
    (tmp_path / "out").mkdir()
    one, both = read(tmp_path / "p1.csv"), read(tmp_path / "p1.csv", tmp_path / "p2.csv")
    write_parquet(one.outcomes, str(tmp_path / "out" / "1.parquet"))
    write_parquet(both.outcomes, str(tmp_path / "out" / "2.parquet"))
    found = read(tmp_path / "out")
    assert len(found.outcomes) == 4
    assert adds_up(found.account)["copies"] == 2


def test_tables_of_the_same_rows_count_once_and_of_other_rows_twice(tmp_path: Path) -> None:
    head = "question_id,epoch,answer,target,model\n"
    (tmp_path / "a.csv").write_text(head + "q,1,A,A,m\nq,2,B,A,m\n")
    (tmp_path / "copy.csv").write_text(head + "q,2,B,A,m\nq,3,B,A,m\n")
    (tmp_path / "other.csv").write_text(head + "q,1,B,A,m\nq,2,B,A,m\n")
    assert len(read(tmp_path / "a.csv", tmp_path / "copy.csv").outcomes) == 3
    assert len(read(tmp_path / "a.csv", tmp_path / "other.csv").outcomes) == 4


def test_a_missing_part_of_the_journal_is_said(tmp_path: Path) -> None:
    rows = everything()
    with zipfile.ZipFile(tmp_path / "a.eval", "w") as archive:
        spec = {
            "task": "t",
            "model": "m",
            "dataset": {"sample_ids": ["q0", "q1", "q2"]},
            "config": {"epochs": 2},
        }
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": spec}))
        for part, held in ((1, rows[:2]), (3, rows[4:])):
            archive.writestr(f"_journal/summaries/{part}.json", json.dumps(held))
    found = read(tmp_path / "a.eval")
    assert any("parts of its journal are missing (2)" in p.message for p in found.problems)
    totals = adds_up(found.account)
    assert (totals["planned"], totals["read"], totals["missing"]) == (6, 4, 2)


def test_one_location_as_text_or_path(tmp_path: Path) -> None:
    path = write_log(tmp_path / "a.eval", everything())
    assert read_inputs(str(tmp_path)).files == read_inputs(path).files == 1


def scores(values: list[float], model: list[str]) -> Any:
    return outcomes_from_arrays(["q"] * len(values), score=values, model=model, task="t")


def test_a_scorers_scale_is_one_over_all_groups() -> None:
    """Scores 0, 1 of one model and 7 of another are of one scale to 10: no group becomes an accuracy."""
    outcomes = scores([0, 1, 7, 2], ["a", "a", "b", "b"])
    left, problems = rescaled(outcomes, None)
    assert left.status.values() == ["unscored"] * 4
    assert "scores go from 0 to 7" in problems[0].message
    assert "for example --range 0 10" in problems[0].message
    stars, problems = rescaled(scores([1, 3, 5, 2], ["a", "a", "b", "b"]), None)
    assert stars.status.values() == ["unscored"] * 4
    assert "for example --range 1 5" in problems[0].message
    made, _ = rescaled(outcomes, Scale(0, 10))
    np.testing.assert_allclose(made.value, [0, 0.1, 0.7, 0.2])
    worse, said = rescaled(outcomes, Scale(0, 5))
    assert worse.status.values() == ["unscored"] * 4
    assert "outside of the range" in said[0].message


def test_golf_has_the_better_score_first() -> None:
    made, _ = rescaled(scores([0, 4], ["a", "a"]), Scale(4, 0))
    assert made.value.tolist() == [1.0, 0.0]


@pytest.mark.shared
def test_every_case_adds_up(shared_data: Path) -> None:
    adds_up(read(shared_data / "cases").account)
