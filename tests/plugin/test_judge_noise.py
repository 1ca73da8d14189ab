"""A judge's noise from frozen completions that are graded again, through a judge of Inspect's with a simulated grader."""

import json
import re
from contextvars import copy_context
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval, score, task
from inspect_ai._cli.main import inspect
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, write_eval_log
from inspect_ai.model import get_model
from inspect_ai.scorer import Scorer, model_graded_qa

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin.repeat import repeat
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.tasks.suite import suite

FLIPS = 0.2
JUDGE = FLIPS * (1 - FLIPS)


def judge(flips: float = FLIPS) -> Scorer:
    return model_graded_qa(model=get_model("hotmess/simulated", seed=7, grader_accuracy=1 - flips))


@task(name="judged")
def judged(flips: float = FLIPS) -> Task:
    questions = [
        Sample(input=f"What is the name of river {i}?", target=f"River {i}", id=i) for i in range(24)
    ]
    return Task(dataset=questions, scorer=judge(flips))


def run(made: Task, folder: Path) -> EvalLog:
    log = eval(made, model="hotmess/simulated", epochs=5, log_dir=str(folder), display="none")[0]
    assert log.status == "success", log.error
    return log


def result(path: str) -> GroupResult:
    (found,) = analyze(read_inputs([path]).outcomes, Options(resamples=200))[0]
    return found


def holds(numbers: dict[str, object], name: str, truth: float) -> bool:
    low, high = numbers[f"{name}_ci"]  # type: ignore[misc]
    return bool(low <= truth <= high)


def test_the_suite_grades_each_completion_several_times(tmp_path: Path) -> None:
    log = run(suite(task="judged", gradings=4), tmp_path)
    assert log.samples is not None and log.results is not None
    assert all(len(s.scores["model_graded_qa"].metadata["hm_regrades"]) == 3 for s in log.samples)  # type: ignore[index]
    found = result(log.location).as_json()
    assert holds(found, "grader_variance", JUDGE)
    assert found["grader_variance"] + found["model_variance"] == pytest.approx(found["variance"])
    # Live the same numbers.
    live = next(row.metrics for row in log.results.scores if "grader_variance" in row.metrics)
    for name in ("grader_variance", "model_variance", "variance"):
        assert live[name].value == pytest.approx(found[name], abs=1e-12)
    # The truth of the model alone: the same completions and a judge that never errs.
    honest = result(run(suite(task="judged", args="flips=0"), tmp_path / "honest").location).as_json()
    assert holds(found, "model_variance", honest["variance"] * (1 - 2 * FLIPS) ** 2)


def test_a_log_is_graded_again(tmp_path: Path) -> None:
    log = run(judged(), tmp_path)
    again = score(log, repeat(judge(), gradings=3), action="append", display="none")
    path = str(tmp_path / "again.eval")
    write_eval_log(again, path)
    found = result(path).as_json()
    assert found["scorer"] == "repeat"
    assert holds(found, "grader_variance", JUDGE)
    json.dumps(found)


def test_the_command_of_the_page(tmp_path: Path) -> None:
    """`inspect score … -S scorer=model_graded_qa -S gradings=3` of docs/behaviour.md, on frozen completions."""
    page = (Path(__file__).parents[2] / "docs" / "behaviour.md").read_text("utf-8")
    (line,) = re.findall(r"^inspect (score .*)$", page, re.M)
    log, graded = run(judged(0), tmp_path), tmp_path / "graded.eval"
    words = line.replace("logs/behaviour/LOG.eval", log.location).replace("logs/graded.eval", str(graded))
    done = copy_context().run(CliRunner().invoke, inspect, [*words.split(), "--display", "none"])
    assert done.exit_code == 0, done.output
    found = result(str(graded)).as_json()
    # The grader is the model itself, which as a judge does not err here.
    assert (found["grader_variance"], found["scorer"]) == (0, "repeat")
    assert found["epochs_scored"] == 24 * 5


def test_a_judge_without_noise_has_none(tmp_path: Path) -> None:
    log = run(suite(task="judged", args="flips=0", gradings=3), tmp_path)
    found = result(log.location).as_json()
    assert (found["grader_variance"], found["grader_share"]) == (0, 0)
    assert found["model_variance"] == pytest.approx(found["variance"])


def test_what_cannot_be_graded_again() -> None:
    with pytest.raises(ValueError, match="gradings=2: 1 or more, and above 1 a scorer"):
        repeat(gradings=2)
    from inspect_ai._util.error import PrerequisiteError

    with pytest.raises(PrerequisiteError):
        suite(task="judged", gradings=0)
    with pytest.raises(PrerequisiteError):
        repeat(scorer="no_such_scorer")
