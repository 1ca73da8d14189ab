"""Inspect's own commands, each in a fresh process, with the package's names."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log

TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, accuracy, choice, scorer
from inspect_ai.solver import multiple_choice, solver


@solver
def sometimes_fails(flag: str = "flag"):
    async def solve(state, generate):
        import pathlib
        if state.sample_id == 2 and state.epoch == 3 and not pathlib.Path(flag).exists():
            raise RuntimeError("the machine went away")
        return state
    return solve


@task
def letters():
    samples = [Sample(id=i, input=f"question {i}", choices=["x", "y", "z"], target="ABC"[i]) for i in range(3)]
    return Task(dataset=samples, solver=[sometimes_fails(), multiple_choice()], scorer=choice())
"""

Inspect = Callable[..., str]


@pytest.fixture
def inspect(tmp_path: Path) -> Inspect:
    (tmp_path / "letters.py").write_text(TASK)

    def run(*arguments: str, status: int = 0) -> str:
        command = [sys.executable, "-m", "inspect_ai._cli.main", *arguments]
        environment = {name: text for name, text in os.environ.items() if not name.startswith("INSPECT_")}
        environment |= {"NO_COLOR": "1", "COLUMNS": "200", "INSPECT_DISPLAY": "plain"}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def logs(folder: Path) -> list[EvalLog]:
    return [read_eval_log(info) for info in reversed(list_eval_logs(str(folder)))]


def results(log: EvalLog, group: str = "incoherence") -> dict[str, Any]:
    assert log.results is not None
    return {m.name: m.value for s in log.results.scores for m in s.metrics.values() if m.group == group}


@pytest.mark.slow
@pytest.mark.parametrize("package", ["hotmess", "hotmess_inspect"])
def test_eval_with_our_reducer_then_score_then_score_again(
    inspect: Inspect, tmp_path: Path, package: str
) -> None:
    (tmp_path / "flag").touch()
    inspect(
        "eval", "letters.py", "--model", f"{package}/simulated", "-M", "accuracy=0.6", "--epochs", "4",
        "--epochs-reducer", f"{package}/decomposition", "--log-dir", "logs",
    )  # fmt: skip
    plain = logs(tmp_path / "logs")[0]
    assert plain.results is not None and plain.reductions is not None
    values = [sample.value for sample in plain.reductions[0].samples]
    assert plain.results.scores[0].metrics["accuracy"].value == pytest.approx(sum(map(float, values)) / 3)  # type: ignore[arg-type]
    assert all("bias_squared" in (sample.metadata or {}) for sample in plain.reductions[0].samples)

    path = str(next((tmp_path / "logs").iterdir()))
    inspect(
        "score", path, "--scorer", f"{package}/repeat", "--action", "append", "--output-file", "first.eval"
    )
    first = read_eval_log(str(tmp_path / "first.eval"))
    found = results(first)
    letters = [
        [(s.scores or {})["repeat"].answer for s in first.samples or [] if s.id == i] for i in range(3)
    ]
    # Brier by hand: error 2·share wrong, unbiased variance (1 - Σ share²)·4/3.
    error = sum(2 * sum(a != "ABC"[i] for a in row) / 4 for i, row in enumerate(letters)) / 3
    variance = sum((1 - sum((row.count(a) / 4) ** 2 for a in set(row))) * 4 / 3 for row in letters) / 3
    assert found["error"] == pytest.approx(error)
    assert found["variance"] == pytest.approx(variance)
    assert found["epochs_scored"] == found["epochs_planned"] == 12

    # Again, with the scorers that the log itself names.
    inspect("score", "first.eval", "--action", "overwrite", "--output-file", "second.eval")
    assert "incoherence" in results(read_eval_log(str(tmp_path / "second.eval")))


@pytest.mark.slow
def test_eval_retry_finishes_what_was_interrupted(inspect: Inspect, tmp_path: Path) -> None:
    inspect(
        "eval", "letters.py", "--model", "hotmess/simulated", "--epochs", "4",
        "--epochs-reducer", "hotmess/decomposition", "--log-dir", "logs",
    )  # fmt: skip
    failed = logs(tmp_path / "logs")[0]
    assert failed.status == "error"
    (tmp_path / "flag").touch()
    inspect("eval-retry", str(next((tmp_path / "logs").iterdir())), "--log-dir", "logs")
    retried = logs(tmp_path / "logs")[-1]
    assert retried.status == "success" and retried.reductions is not None
    assert [s.metadata["epochs"] for s in retried.reductions[0].samples if s.metadata] == [4, 4, 4]
    assert sorted((str(s.id), s.epoch) for s in retried.samples or []) == [
        (str(i), e) for i in range(3) for e in range(1, 5)
    ]


@pytest.mark.slow
def test_several_scores_without_a_source_end_in_one_sentence(inspect: Inspect, tmp_path: Path) -> None:
    (tmp_path / "flag").touch()
    source = (tmp_path / "letters.py").read_text().replace("scorer=choice()", "scorer=[choice(), match()]")
    (tmp_path / "letters.py").write_text(source.replace("accuracy, choice,", "accuracy, choice, match,"))
    inspect("eval", "letters.py", "--model", "hotmess/simulated", "--epochs", "2", "--log-dir", "logs")
    path = str(next((tmp_path / "logs").iterdir()))
    said = inspect(
        "score", path, "--scorer", "hotmess/repeat", "--action", "append", "--output-file", "x.eval", status=1
    )
    assert "choose one of" in said and "'choice', 'match'" in said and "Traceback" not in said
    inspect(
        "score",
        path,
        "--scorer",
        "hotmess/repeat",
        "-S",
        "source=choice",
        "--action",
        "append",
        "--output-file",
        "x.eval",
    )
    assert results(read_eval_log(str(tmp_path / "x.eval")))["epochs_scored"] == 6
