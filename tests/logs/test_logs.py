"""Logs to rows: real runs of Inspect, and equality with Inspect's own reading of them."""

import json
import shutil
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries, write_eval_log

from hotmess_inspect.io.clusters import drop_few_defaults
from hotmess_inspect.io.inspect_reader import read_by_inspect
from hotmess_inspect.io.log_rows import LogRows
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.table import Labels, Outcomes, Ragged, groups, question_arrays


def rows_of(outcomes: Outcomes) -> list[tuple[object, ...]]:
    """All rows as plain values, so that tables of different codes compare equal."""
    columns = []
    for field in fields(outcomes):
        column = getattr(outcomes, field.name)
        if isinstance(column, Labels):
            columns.append(column.values())
        elif isinstance(column, Ragged):
            columns.append(
                [
                    tuple(column.flat[a:b])
                    for a, b in zip(column.offsets[:-1], column.offsets[1:], strict=True)
                ]
            )
        else:
            columns.append([None if v != v else v for v in column.tolist()])
    return sorted(zip(*columns, strict=True), key=repr)


def read(path: Path) -> Outcomes:
    found = read_inputs([str(path)])
    assert [p for p in found.problems if p.level == "error"] == []
    return found.outcomes


def test_answers_targets_choices_and_lengths(letters_log: Path) -> None:
    table = read(letters_log)
    found = {
        (q, e): a
        for q, e, a in zip(table.question.values(), table.epoch.tolist(), table.answer.values(), strict=True)
    }
    assert found == {
        ("q0", 1): "A",
        ("q1", 1): "A",
        ("q0", 2): "B",
        ("q1", 2): "C",
        ("q0", 3): "A",
        ("q1", 3): "D",
    }
    assert set(table.target.values()) == {"A"}
    assert set(table.kind.values()) == {"answer"}
    assert table.choices.tolist() == [4] * 6
    assert sorted(table.output_tokens.tolist()) == [1, 2, 3, 4, 5, 6]
    assert sorted(table.reasoning_tokens.tolist()) == [2, 4, 6, 8, 10, 12]
    assert table.turns.tolist() == [1] * 6
    assert not table.cached.any()
    assert (table.task.values()[0], table.model.values()[0], table.scorer.values()[0]) == (
        "letters",
        "mockllm/model",
        "choice",
    )


def test_json_logs_hold_the_same(letters_log: Path, json_log: Path) -> None:
    archive, document = read(letters_log), read(json_log)
    names = ("question", "answer", "target", "kind", "status", "scorer", "task", "model", "variant")
    for name in names:
        assert sorted(map(str, getattr(archive, name).values())) == sorted(
            map(str, getattr(document, name).values())
        )
    assert sorted(archive.output_tokens) == sorted(document.output_tokens)
    assert document.messages.tolist() == archive.messages.tolist()
    assert document.turns.tolist() == archive.turns.tolist()


def test_dict_scores_are_one_group_per_key(dict_log: Path) -> None:
    table = read(dict_log)
    found = {g.scorer: question_arrays(g) for g in groups(table)}
    assert set(found) == {"match", "several/speed", "several/style", "several/once"}
    np.testing.assert_array_equal(found["several/speed"].correct, [[0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_array_equal(found["several/style"].correct, [[np.nan, 1], [np.nan, 1]])
    np.testing.assert_array_equal(found["several/once"].correct, [[1, np.nan], [1, np.nan]])
    np.testing.assert_array_equal(found["match"].correct, [[1, 0], [1, 1]])
    assert found["match"].ids == ("1", "2")


def test_errored_epochs_are_rows_without_a_prediction(failing_log: Path) -> None:
    table = read(failing_log)
    status = dict(
        zip(
            zip(table.question.values(), table.epoch.tolist(), strict=True),
            table.status.values(),
            strict=True,
        )
    )
    assert status == {("q0", 1): "ok", ("q1", 1): "ok", ("q0", 2): "ok", ("q1", 2): "errored"}


def test_limits_are_recorded(limited_log: Path) -> None:
    table = read(limited_log)
    assert table.limit.values() == ["token", "token"]


def test_planned_epochs_that_never_ran_are_missing(letters_log: Path, tmp_path: Path) -> None:
    log = read_eval_log(str(letters_log))
    log.status = "cancelled"
    log.samples = log.samples[:4] if log.samples else None
    write_eval_log(log, str(tmp_path / "cancelled.eval"))
    found = read_inputs([str(tmp_path / "cancelled.eval")])
    table = found.outcomes
    assert len(table) == 6
    assert table.status.values().count("missing") == 2
    assert any(p.level == "warning" and "cancelled" in p.message for p in found.problems)


def strip(source: Path, target: Path, drop: set[str], rename: dict[str, bytes] | None = None) -> Path:
    """Copy an archive without some of its members, or with others in their place."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in drop:
                new.writestr(info.filename, old.read(info))
        for name, data in (rename or {}).items():
            new.writestr(name, data)
    return target


def test_a_running_log_is_read_from_its_journal(letters_log: Path, tmp_path: Path) -> None:
    running = strip(
        letters_log, tmp_path / letters_log.name, {"summaries.json", "header.json", "reductions.json"}
    )
    found = read_inputs([str(running)])
    assert len(found.outcomes) == 6
    assert "goes on or has crashed" in found.problems[0].message
    left, right = rows_of(read(letters_log)), rows_of(found.outcomes)
    assert [row[1:] for row in left] == [row[1:] for row in right]  # all but the path


def test_later_journal_entries_replace_earlier_ones(letters_log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(letters_log) as archive:
        first = json.loads(archive.read("summaries.json"))[0]
    first["scores"]["choice"] |= {"answer": "D", "value": "I"}
    running = strip(
        letters_log,
        tmp_path / "running.eval",
        {"summaries.json", "header.json"},
        {"_journal/summaries/10.json": json.dumps([first]).encode()},
    )
    found = read_inputs([str(running)])
    table = found.outcomes
    changed = (np.asarray(table.question.values()) == first["id"]) & (table.epoch == first["epoch"])
    assert [table.answer.values()[i] for i in np.flatnonzero(changed)] == ["D"]
    assert any("recorded again later" in p.message for p in found.problems)


def test_a_log_without_any_summaries_is_read_from_its_samples(letters_log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(letters_log) as archive:
        summaries = {n for n in archive.namelist() if "summaries" in n}
    bare = strip(letters_log, tmp_path / "bare.eval", summaries)
    left, right = rows_of(read(letters_log)), rows_of(read(bare))
    assert [row[1:] for row in left] == [row[1:] for row in right]


def test_nan_and_infinity_are_read(letters_log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(letters_log) as archive:
        summaries = json.loads(archive.read("summaries.json"))
    for row in summaries[:2]:
        row["scores"]["choice"]["value"] = float("nan")
    odd = strip(
        letters_log,
        tmp_path / "nan.eval",
        {"summaries.json"},
        {"summaries.json": json.dumps(summaries).encode()},
    )
    assert read(odd).status.values().count("unscored") == 2


def test_edited_verdicts_are_the_authority(letters_log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(letters_log) as archive:
        summaries = json.loads(archive.read("summaries.json"))
    wrong = next(row for row in summaries if row["scores"]["choice"]["answer"] == "B")
    wrong["scores"]["choice"]["value"] = "C"
    odd = strip(
        letters_log,
        tmp_path / "edited.eval",
        {"summaries.json"},
        {"summaries.json": json.dumps(summaries).encode()},
    )
    table = read(odd)
    assert set(table.kind.values()) == {"score"}
    assert table.value.sum() == 4  # three A answers and the edited one


def test_half_characters_do_not_stop_a_log(letters_log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(letters_log) as archive:
        text = archive.read("summaries.json").replace(b'"q0"', b'"q\\ud800"')
    odd = strip(letters_log, tmp_path / "odd.eval", {"summaries.json"}, {"summaries.json": text})
    assert "q\ufffd" in read(odd).question.values()


def test_a_retried_log_counts_each_epoch_once(failing_log: Path, tmp_path: Path) -> None:
    log = read_eval_log(str(failing_log))
    log.eval.created = "2000-01-01T00:00:00+00:00"
    first, second = tmp_path / "first.eval", tmp_path / "second.eval"
    write_eval_log(log, str(first))
    log.eval.created = "2001-01-01T00:00:00+00:00"
    assert log.samples is not None
    failed = next(s for s in log.samples if s.error is not None)
    other = next(s for s in log.samples if s.error is None)
    failed.error, failed.scores, failed.uuid = None, other.scores, "another"
    write_eval_log(log, str(second))
    found = read_inputs([str(tmp_path)])
    assert len(found.outcomes) == 4
    assert set(found.outcomes.status.values()) == {"ok"}
    assert set(found.outcomes.log.values()) == {str(second)}
    assert any("4 epochs stand in more than one log" in p.message for p in found.problems)


def test_two_runs_of_one_task_are_pooled_epoch_by_epoch(letters_log: Path, json_log: Path) -> None:
    found = read_inputs([str(letters_log), str(json_log)])
    (group,) = groups(found.outcomes)
    assert question_arrays(group).predictions.shape == (2, 6, 4)


def api_outcomes(path: str) -> Outcomes:
    header, summaries = read_by_inspect(path)
    rows = LogRows(path, header)
    rows.add(summaries)
    return drop_few_defaults(rows.finish())


@pytest.mark.parametrize("name", ["letters_log", "json_log", "dict_log", "failing_log", "limited_log"])
def test_fast_reader_and_inspect_agree_on_own_logs(name: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(name)
    assert rows_of(read(path)) == rows_of(api_outcomes(str(path)))


@pytest.mark.shared
def test_fast_reader_and_inspect_agree_on_real_logs(shared_data: Path) -> None:
    paths = sorted((shared_data / "logs").glob("*.eval"))
    assert len(paths) == 7
    for path in paths:
        fast = read(path)
        assert rows_of(fast) == rows_of(api_outcomes(str(path)))
        summaries = read_eval_log_sample_summaries(str(path))
        assert int((~fast.status.equals("missing")).sum()) == len(summaries)


@pytest.mark.shared
def test_real_verdicts(shared_data: Path) -> None:
    found = read_inputs([str(shared_data / "logs" / "inspect_ai__log_streaming.eval")])
    (group,) = groups(found.outcomes)
    np.testing.assert_array_equal(question_arrays(group).correct, [[0, 1], [1, 1]])  # as its accuracy of 0.75


def test_newer_schemas_go_through_inspect(letters_log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(letters_log) as archive:
        header = json.loads(archive.read("header.json"))
        summaries = json.loads(archive.read("summaries.json"))
    header["version"] = 3
    newer = strip(
        letters_log, tmp_path / "newer.eval", {"header.json"}, {"header.json": json.dumps(header).encode()}
    )
    found = read_inputs([str(newer)])
    assert len(found.outcomes) == len(summaries)
    assert any("through Inspect's API" in p.message for p in found.problems)


def test_folders_skip_what_is_no_log(letters_log: Path, tmp_path: Path) -> None:
    shutil.copy(letters_log, tmp_path / "a.eval")
    (tmp_path / "manifest.json").write_text('{"files": []}')
    found = read_inputs([str(tmp_path)])
    assert found.files == 1
    assert [p for p in found.problems if p.level == "error"] == []
    named = read_inputs([str(tmp_path / "manifest.json")])
    assert named.problems[0].level == "error"


def test_globs_and_repeated_inputs(letters_log: Path, tmp_path: Path) -> None:
    shutil.copy(letters_log, tmp_path / "a.eval")
    found = read_inputs([str(tmp_path / "*.eval"), str(tmp_path / "a.eval"), str(tmp_path)])
    assert found.files == 1


def test_answers_from_a_cache_are_noticed(letters_log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(letters_log) as archive:
        summaries = json.loads(archive.read("summaries.json"))
    for row in summaries[:2]:
        row["model_usage"] = {}
    odd = strip(
        letters_log,
        tmp_path / "cache.eval",
        {"summaries.json"},
        {"summaries.json": json.dumps(summaries).encode()},
    )
    results, problems = analyze(read(odd), Options(losses=("brier",), resamples=10))
    assert results[0].counts["cached"] == 2
    assert "2 of 6 epochs used no tokens" in problems[0].message
