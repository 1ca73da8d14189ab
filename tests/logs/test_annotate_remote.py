"""Annotating logs in a bucket, in folders, and against other writers."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log

from hotmess_inspect.cli import main
from hotmess_inspect.io import log_file
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin import annotate as module
from hotmess_inspect.plugin.annotate import LogChanged, annotate_log

from .test_remote import bucket, put

__all__ = ["bucket"]


def body(key: str) -> bytes:
    import boto3

    data: bytes = boto3.client("s3").get_object(Bucket="logs", Key=key)["Body"].read()
    return data


def test_a_copy_beside_and_then_in_place(bucket: str, letters_log: Path, tmp_path: Path) -> None:
    put("notes/run.eval", letters_log.read_bytes())
    result = CliRunner().invoke(main, ["annotate", f"{bucket}/notes/run.eval"])
    assert result.exit_code == 0, result.output
    assert f"{bucket}/notes/run.annotated.eval: 2 questions" in result.stdout
    assert body("notes/run.eval") == letters_log.read_bytes()
    # Behind the URI stands what a local annotation gives.
    (tmp_path / "remote.eval").write_bytes(body("notes/run.annotated.eval"))
    here = annotate_log(str(letters_log), str(tmp_path / "local.eval"))
    left, right = read_eval_log(here.path), read_eval_log(str(tmp_path / "remote.eval"))
    assert left.model_dump(exclude={"location"}) == right.model_dump(exclude={"location"})
    # A prefix takes every log but the copies.
    result = CliRunner().invoke(main, ["annotate", f"{bucket}/notes", "--in-place"])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("2 questions") == 1
    assert body("notes/run.eval") != letters_log.read_bytes()
    assert len(read_inputs([f"{bucket}/notes"]).outcomes) == 6


def test_a_writer_between_reading_and_writing_wins(
    bucket: str, letters_log: Path, json_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("busy/run.eval", letters_log.read_bytes())
    original = module._add_results

    def meanwhile(log: object, result: object) -> None:
        put("busy/run.eval", letters_log.read_bytes() + b"someone else")
        original(log, result)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_add_results", meanwhile)
    with pytest.raises(LogChanged, match=r"s3://logs/busy/run.eval was changed .* nothing is written"):
        annotate_log(f"{bucket}/busy/run.eval", f"{bucket}/busy/run.eval")
    assert body("busy/run.eval").endswith(b"someone else")


def test_a_writer_between_check_and_writing_wins_too(
    bucket: str, letters_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("race/run.eval", b"one")
    uri = f"{bucket}/race/run.eval"
    before = log_file.version(uri)
    put("race/run.eval", b"two")
    (tmp_path / "part").write_bytes(b"three")
    # The check is over and saw nothing; only the condition of the request itself is left.
    monkeypatch.setattr(log_file, "version", lambda path: before)
    with pytest.raises(LogChanged):
        log_file.put(str(tmp_path / "part"), uri, before)
    assert body("race/run.eval") == b"two"
    monkeypatch.undo()
    log_file.put(str(tmp_path / "part"), uri, log_file.version(uri))
    assert body("race/run.eval") == b"three"


def test_a_folder_with_a_log_that_cannot_be_annotated(letters_log: Path, tmp_path: Path) -> None:
    (tmp_path / "good.eval").write_bytes(letters_log.read_bytes())
    (tmp_path / "old.annotated.eval").write_bytes(b"a copy")
    (tmp_path / "bad.eval").write_bytes(b"junk")
    (tmp_path / "logs.json").write_text('{"good.eval": {"version": 2, "eval": {}}}')
    result = CliRunner().invoke(main, ["annotate", str(tmp_path)])
    assert result.exit_code == 1
    assert "bad.eval" in result.stderr
    assert result.stderr.count("Error:") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "bad.eval",
        "good.annotated.eval",
        "good.eval",
        "logs.json",
        "old.annotated.eval",
    ]


def test_what_is_not_there(bucket: str, tmp_path: Path) -> None:
    runner = CliRunner()
    for location in (f"{bucket}/nowhere/x.eval", str(tmp_path)):
        refused = runner.invoke(main, ["annotate", location])
        assert refused.exit_code == 2
        assert location in refused.stderr
