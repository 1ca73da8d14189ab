"""Logs of seven versions of Inspect in many states: what they hold, and that Inspect's API finds the same."""

import tarfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from inspect_ai.log import read_eval_log

from hotmess_inspect.io.inspect_reader import _fields, read_by_inspect
from hotmess_inspect.io.log_rows import LogRows
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.io.records import SummaryRecord
from hotmess_inspect.table import Outcomes, groups, question_arrays

from .test_logs import api_outcomes, read, rows_of, strip

FOLDER = Path(__file__).parent / "golden"
VERSIONS = ["0.3.18", "0.3.60", "0.3.100", "0.3.150", "0.3.200", "0.3.240", "0.3.285"]


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs, unpacked into a folder per version."""
    folder = tmp_path_factory.mktemp("golden")
    for version in VERSIONS:
        with tarfile.open(FOLDER / f"{version}.tar.xz") as packed:
            packed.extractall(folder / version, filter="data")
    return folder


def test_nothing_is_left_out_of_the_tests() -> None:
    assert sorted(p.name for p in FOLDER.glob("*.tar.xz")) == sorted(f"{v}.tar.xz" for v in VERSIONS)
    assert sum(p.stat().st_size for p in FOLDER.iterdir() if p.is_file()) < 300_000


@pytest.mark.parametrize("version", VERSIONS)
def test_fast_reader_and_inspect_agree(golden: Path, version: str) -> None:
    paths = sorted(p for p in (golden / version).iterdir())
    assert len(paths) >= 9
    for path in paths:
        # Where the summaries hold no answers the transcripts are read: then Inspect's are the measure.
        wanted = api_outcomes(str(path)) if version != "0.3.100" else transcript_outcomes(str(path))
        assert rows_of(read(path)) == rows_of(wanted), path.name


def transcript_outcomes(path: str) -> Outcomes:
    """Rows from the samples that Inspect reads in full."""
    whole = read_eval_log(path)
    header, _ = read_by_inspect(path)
    header = msgspec.structs.replace(header, eval=msgspec.structs.replace(header.eval, packages={}))
    rows = LogRows(path, header)
    rows.add([msgspec.convert(_fields(sample.summary()), SummaryRecord) for sample in whole.samples or []])
    return rows.finish()


def log(golden: Path, version: str, name: str) -> Path:
    (found,) = (golden / version).glob(f"{name}.*")
    return found


def by_epoch(table: Outcomes, column: str) -> dict[tuple[str | None, int], object]:
    values = getattr(table, column)
    values = values.values() if hasattr(values, "values") else values.tolist()
    return dict(zip(zip(table.question.values(), table.epoch.tolist(), strict=True), values, strict=True))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["letters", "as_json"])
def test_letters(golden: Path, version: str, name: str) -> None:
    # Epoch-major, one at a time: q1, q2 answer A, A, then B, C.
    table = read(log(golden, version, name))
    assert by_epoch(table, "answer") == {("q1", 1): "A", ("q2", 1): "A", ("q1", 2): "B", ("q2", 2): "C"}
    assert set(table.target.values()) == {"A"}
    assert (table.task.values()[0], table.model.values()[0]) == ("task", "mockllm/model")


def test_answers_come_from_transcripts_where_summaries_have_none(golden: Path, tmp_path: Path) -> None:
    source = log(golden, "0.3.100", "letters")
    found = read_inputs([str(source)])
    assert [p.message for p in found.problems if p.level == "note"] == [
        "its summaries hold no answers: read from its transcripts"
    ]
    assert set(found.outcomes.kind.values()) == {"answer"}
    # With one transcript gone, or too many of them, the verdicts still count.
    fewer = strip(source, tmp_path / "fewer.eval", {"samples/q2_epoch_2.json"})
    less = read_inputs([str(fewer)])
    assert by_epoch(less.outcomes, "value") == {("q1", 1): 1, ("q2", 1): 1, ("q1", 2): 0, ("q2", 2): 0}
    assert set(less.outcomes.kind.values()) == {"score"}
    assert any("which are 3 and not 4" in p.message for p in less.problems)


def test_transcripts_are_read_up_to_a_bound(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotmess_inspect.io.transcripts.MAX_TRANSCRIPTS", 3)
    found = read_inputs([str(log(golden, "0.3.100", "letters"))])
    assert set(found.outcomes.kind.values()) == {"score"}
    assert any("at most 3 are read" in p.message for p in found.problems)


@pytest.mark.parametrize("version", VERSIONS)
def test_dict_scores(golden: Path, version: str) -> None:
    found = {g.scorer: question_arrays(g).correct for g in groups(read(log(golden, version, "dicts")))}
    np.testing.assert_array_equal(found["several/speed"], [[0.25, 0.5], [0.25, 0.5]])
    np.testing.assert_array_equal(found["several/style"], [[np.nan, 1], [np.nan, 1]])
    np.testing.assert_array_equal(found["match"], [[1, 0], [1, 0]])


@pytest.mark.parametrize("version", VERSIONS)
def test_grades_of_a_model(golden: Path, version: str) -> None:
    # Completions A, A, B, C are graded C, C, P, N.
    table = read(log(golden, version, "grades"))
    assert by_epoch(table, "value") == {("1", 1): 1.0, ("2", 1): 1.0, ("1", 2): 0.5, ("2", 2): 0.0}
    assert set(table.kind.values()) == {"score"}


@pytest.mark.parametrize("version", [v for v in VERSIONS if v != "0.3.18"])
def test_what_is_missing_is_said(golden: Path, version: str) -> None:
    errored = read(log(golden, version, "errored_epoch"))
    assert by_epoch(errored, "status") == {
        ("1", 1): "ok",
        ("2", 1): "ok",
        ("1", 2): "ok",
        ("2", 2): "errored",
    }
    failed = read_inputs([str(log(golden, version, "failed"))])
    assert any("status is error" in p.message for p in failed.problems)
    statuses = by_epoch(failed.outcomes, "status")
    assert len(statuses) == 4
    assert statuses["2", 2] in ("errored", "missing")
    cancelled = read_inputs([str(log(golden, version, "cancelled"))])
    assert any("cancelled" in p.message or "goes on or has crashed" in p.message for p in cancelled.problems)
    assert set(by_epoch(cancelled.outcomes, "status")) == set(statuses)


@pytest.mark.parametrize("version", ["0.3.150", "0.3.200", "0.3.240", "0.3.285"])
def test_a_retry_beside_its_first_run_counts_once(golden: Path, version: str) -> None:
    paths = [log(golden, version, name) for name in ("retried", "retried-1")]
    found = read_inputs([str(path) for path in paths])
    assert by_epoch(found.outcomes, "status") == dict.fromkeys([("1", 1), ("2", 1), ("1", 2), ("2", 2)], "ok")
    assert len(found.outcomes) == 4
    assert any("stand in more than one log" in p.message for p in found.problems)


@pytest.mark.parametrize("version", [v for v in VERSIONS if v not in ("0.3.18", "0.3.60")])
def test_usage_is_the_length(golden: Path, version: str) -> None:
    # The mock model's outputs claim 1, 2, 3, 4 tokens in the order of the calls.
    table = read(log(golden, version, "letters"))
    assert by_epoch(table, "output_tokens") == {("q1", 1): 1, ("q2", 1): 2, ("q1", 2): 3, ("q2", 2): 4}


def test_versions_in_one_folder_pool_what_is_one_experiment(golden: Path, tmp_path: Path) -> None:
    for version in VERSIONS:
        path = log(golden, version, "letters")
        (tmp_path / f"{version}{path.suffix}").write_bytes(path.read_bytes())
    found = read_inputs([str(tmp_path)])
    assert [p for p in found.problems if p.level == "error"] == []
    assert found.files == len(VERSIONS)
    assert len(found.outcomes) == 4 * len(VERSIONS)
    # Two questions with two epochs in each of seven logs.
    assert sum(len(g.outcomes) for g in groups(found.outcomes)) == 28
