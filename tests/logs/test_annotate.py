"""Annotated logs: the numbers, what stays as it was, and what is refused."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log, write_eval_log

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin import annotate as module
from hotmess_inspect.plugin.annotate import LogChanged, annotate_log
from hotmess_inspect.results.analyze import Options

from .test_logs import rows_of

BRIER = Options(losses=("brier",), estimator="plugin", resamples=1)


def values(path: str) -> dict[tuple[object, int], object]:
    log = read_eval_log(path)
    return {(s.id, s.epoch): (s.scores or {})["hotmess_question"].value for s in log.samples or []}


def test_every_sample_carries_the_numbers_of_its_question(letters_log: Path, tmp_path: Path) -> None:
    done = annotate_log(str(letters_log), str(tmp_path / "out.eval"), options=BRIER)
    assert (done.questions, done.samples) == (2, 6)
    found = values(done.path)
    # q0 answers A B A with A right: m = (2/3, 1/3), error 2/3, bias² 1/9 + 1/9, variance 4/9.
    expected = {
        "error": 2 / 3,
        "bias_squared": 2 / 9,
        "variance": 4 / 9,
        "incoherence": 2 / 3,
        "share_correct": 2 / 3,
        "modal_answer": "A",
    }
    for epoch in (1, 2, 3):
        assert found["q0", epoch] == pytest.approx(expected, abs=5e-5)
    # q1 answers A C D: error 4/3, m = (1/3, 0, 1/3, 1/3), bias² 4/9 + 2/9, variance 2/3; A is first of three ties.
    assert found["q1", 1] == pytest.approx(
        {
            "error": 4 / 3,
            "bias_squared": 2 / 3,
            "variance": 2 / 3,
            "incoherence": 0.5,
            "share_correct": 1 / 3,
            "modal_answer": "A",
        },
        abs=5e-5,
    )


def test_the_rest_of_the_log_stays(letters_log: Path, tmp_path: Path) -> None:
    before, stamp = letters_log.read_bytes(), os.stat(letters_log).st_mtime_ns
    done = annotate_log(str(letters_log), str(tmp_path / "out.eval"))
    assert (letters_log.read_bytes(), os.stat(letters_log).st_mtime_ns) == (before, stamp)
    left, right = read_eval_log(str(letters_log)), read_eval_log(done.path)
    assert left.samples is not None
    assert right.samples is not None
    for old, new in zip(left.samples, right.samples, strict=True):
        assert new.scores is not None
        assert old.scores == {name: score for name, score in new.scores.items() if name != "hotmess_question"}
        assert (old.messages, old.uuid, old.model_usage) == (new.messages, new.uuid, new.model_usage)
    assert left.results is not None
    assert right.results is not None
    assert [s.name for s in right.results.scores] == [
        *(s.name for s in left.results.scores),
        "hotmess_question",
    ]


def test_annotating_twice_changes_nothing(letters_log: Path, tmp_path: Path) -> None:
    once = annotate_log(str(letters_log), str(tmp_path / "once.eval"))
    twice = annotate_log(once.path, str(tmp_path / "twice.eval"))
    left, right = read_eval_log(once.path), read_eval_log(twice.path)
    assert left.model_dump(exclude={"location"}) == right.model_dump(exclude={"location"})


def test_an_annotation_is_no_verdict(letters_log: Path, tmp_path: Path) -> None:
    done = annotate_log(str(letters_log), str(tmp_path / "out.eval"))
    plain, annotated = (read_inputs([p]).outcomes for p in (str(letters_log), done.path))
    assert [row[1:] for row in rows_of(plain)] == [row[1:] for row in rows_of(annotated)]


def test_a_log_and_its_annotated_copy_count_once(letters_log: Path, tmp_path: Path) -> None:
    done = annotate_log(str(letters_log), str(tmp_path / "out.eval"))
    assert len(read_inputs([str(letters_log), done.path]).outcomes) == 6


def test_provenance_and_columns(letters_log: Path, tmp_path: Path) -> None:
    log = read_eval_log(annotate_log(str(letters_log), str(tmp_path / "out.eval")).path)
    assert log.samples is not None
    assert log.samples[0].scores is not None
    metadata = log.samples[0].scores["hotmess_question"].metadata
    assert metadata is not None
    assert metadata["source"].startswith("hotmess annotate ")
    assert (metadata["loss"], metadata["estimator"], metadata["epochs"]) == ("brier", "unbiased", 3)
    assert log.eval.viewer is not None
    assert log.eval.viewer.trust_content is False


def test_in_place_replaces_the_log(letters_log: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(letters_log.read_bytes())
    result = CliRunner().invoke(main, ["annotate", str(path), "--in-place"])
    assert result.exit_code == 0
    assert "2 questions" in result.stdout
    assert len(values(str(path))) == 6
    assert [p.name for p in tmp_path.iterdir()] == ["log.eval"]


def test_the_default_name_stands_beside(letters_log: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(letters_log.read_bytes())
    assert CliRunner().invoke(main, ["annotate", str(path)]).exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.annotated.eval", "log.eval"]


def test_a_concurrent_writer_wins(letters_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(letters_log.read_bytes())
    original = module._add_results

    def meanwhile(log: object, result: object) -> None:
        path.write_bytes(letters_log.read_bytes() + b"")
        os.utime(path, ns=(1, 1))
        original(log, result)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_add_results", meanwhile)
    with pytest.raises(LogChanged, match="nothing is written"):
        annotate_log(str(path), str(path))
    assert path.read_bytes() == letters_log.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["log.eval"]


def test_a_running_log_is_refused(letters_log: Path, tmp_path: Path) -> None:
    log = read_eval_log(str(letters_log))
    log.status = "started"
    write_eval_log(log, str(tmp_path / "log.eval"))
    with pytest.raises(ValueError, match="still being written"):
        annotate_log(str(tmp_path / "log.eval"))


def test_several_scorers(dict_log: Path, tmp_path: Path) -> None:
    done = annotate_log(str(dict_log), str(tmp_path / "out.eval"), scorer="match")
    # Question 1 is right once of twice: squared error 1/2, variance 1/4, times 2 unbiased.
    assert values(done.path)[1, 1] == pytest.approx(
        {"error": 0.5, "bias_squared": 0, "variance": 0.5, "incoherence": 1, "share_correct": 0.5}
    )
    # Question 2 has no error, hence no incoherence.
    assert values(done.path)[2, 1] == {
        "error": 0,
        "bias_squared": 0,
        "variance": 0,
        "incoherence": None,
        "share_correct": 1,
    }
    with pytest.raises(ValueError, match="no scorer 'nobody'; the log has match, several/once"):
        annotate_log(str(dict_log), str(tmp_path / "out.eval"), scorer="nobody")


def test_usage(letters_log: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(main, ["annotate", str(letters_log), "--in-place", "-o", "x"]).exit_code == 2
    assert runner.invoke(main, ["annotate", "nothing.eval"]).exit_code == 2
    (tmp_path / "bad.eval").write_bytes(b"junk")
    refused = runner.invoke(main, ["annotate", str(tmp_path / "bad.eval")])
    assert refused.exit_code == 1
    assert "it has no directory at its end" in refused.stderr
