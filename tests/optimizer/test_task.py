import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from scipy import stats

from hotmess_inspect.experiments.optimizer.problem import LAPTOP_PROBLEM
from hotmess_inspect.experiments.optimizer.prompt import read_position
from hotmess_inspect.tasks.optimizer import optimizer, task_problem

STARTS, STEPS = 2, 6


def run(tmp_path: Path, model: Any = "hotmess/optimizer", **options: Any) -> EvalLog:
    arguments = {"starts": STARTS, "steps": STEPS} | options
    logs = inspect_eval(optimizer(**arguments), model=model, log_dir=str(tmp_path), display="none")
    assert logs[0].status == "success", logs[0].error
    return logs[0]


def walks(log: EvalLog) -> dict[str, list[list[str]]]:
    assert log.samples is not None
    found: dict[str, list[list[str]]] = {}
    for sample in sorted(log.samples, key=lambda sample: (str(sample.id), sample.epoch)):
        found.setdefault(str(sample.id), []).append(sample.metadata["walk"])
    return found


def results(log: EvalLog) -> dict[str, float]:
    assert log.results is not None
    return {name: metric.value for score in log.results.scores for name, metric in score.metrics.items()}


def answering(reply: Any) -> Any:
    """A model that is no trained optimizer: any text in, any text out."""

    def outputs(messages: Any, *rest: Any) -> ModelOutput:
        output = ModelOutput.from_content("mockllm/model", reply(messages[-1].text))
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    return get_model("mockllm/model", custom_outputs=outputs)


def teacher_says(prompt: str) -> str:
    number = LAPTOP_PROBLEM.number
    x = number.from_units(read_position(prompt, LAPTOP_PROBLEM))
    return f"u is {number.to_text(number.encode(LAPTOP_PROBLEM.teacher().update(x)))} I think"


def test_any_model_can_walk(tmp_path: Path) -> None:
    log = run(tmp_path, answering(teacher_says), epochs=2)
    found = results(log)
    # The teacher does the same in every epoch, and comes STEPS * 0.02 nearer to the minimum.
    assert found["variance"] == 0 and found["incoherence"] == 0
    from hotmess_inspect.experiments.optimizer.measures import teacher_walk
    from hotmess_inspect.experiments.optimizer.quadratic import random_starts

    starts = random_starts(STARTS, 2, LAPTOP_PROBLEM.start_half_width, np.random.default_rng(0))
    ends = teacher_walk(LAPTOP_PROBLEM, starts, STEPS)[:, -1]
    assert found["error"] == pytest.approx(LAPTOP_PROBLEM.teacher().quadratic.error(ends).mean(), rel=1e-9)
    assert found["epochs_scored"] == found["epochs_planned"] == 4


def test_answers_that_cannot_be_read_leave_the_position_and_are_counted(tmp_path: Path) -> None:
    log = run(tmp_path, answering(lambda prompt: "I would rather not."), epochs=1)
    assert results(log)["epochs_unparsed"] == STARTS
    for (walk,) in walks(log).values():
        assert len(walk) == STEPS + 1 and len(set(walk)) == 1


@pytest.mark.optimizer
def test_greedy_walks_are_the_direct_roll_outs(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from hotmess_inspect.experiments.optimizer.problem import BUNDLED, trained_files
    from hotmess_inspect.experiments.optimizer.rollout import rollout
    from hotmess_inspect.experiments.optimizer.trained import load_trained

    trained = load_trained(trained_files(BUNDLED)[-1])
    number = trained.problem.number
    for start in walks(run(tmp_path, temperature=0.0, epochs=1)).values():
        (walk,) = start
        points = np.stack([number.decode(number.from_text(text, 2)) for text in walk])
        direct = rollout(trained.model, trained.problem, points[:1], STEPS)
        np.testing.assert_array_equal(points, direct.points[0])


@pytest.mark.optimizer
def test_stochastic_walks_have_the_direct_roll_outs_distribution(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from hotmess_inspect.experiments.optimizer.measures import split_squared
    from hotmess_inspect.experiments.optimizer.problem import BUNDLED, trained_files
    from hotmess_inspect.experiments.optimizer.rollout import rollout
    from hotmess_inspect.experiments.optimizer.trained import load_trained

    epochs, repeats, temperature = 30, 2_000, 2.0
    log = run(tmp_path, temperature=temperature, epochs=epochs)
    trained = load_trained(trained_files(BUNDLED)[-1])
    number, surface = trained.problem.number, trained.problem.teacher().quadratic
    direct = []
    for start in walks(log).values():
        first = number.decode(number.from_text(start[0][0], 2))
        ends = rollout(
            trained.model,
            trained.problem,
            np.tile(first, (repeats, 1)),
            STEPS,
            temperature=temperature,
            seeds=list(range(repeats)),
            record_every=STEPS,
        ).points[:, -1]
        direct.append(surface.whiten(ends))
        task = surface.whiten(np.stack([number.decode(number.from_text(walk[-1], 2)) for walk in start]))
        for coordinate in range(2):
            assert stats.ks_2samp(task[:, coordinate], direct[-1][:, coordinate]).pvalue > 0.001
    # What the task would report of as many epochs drawn from the direct walks, 4,000 times over.
    picked = np.random.default_rng(0).integers(repeats, size=(4_000, STARTS, epochs))
    drawn = np.stack([walked[picked[:, start]] for start, walked in enumerate(direct)], axis=1)
    bias_squared, variance = split_squared(drawn, axis=2, estimator="unbiased")
    expected = {"bias_squared": bias_squared.mean(axis=1), "variance": variance.mean(axis=1)}
    expected["error"] = expected["bias_squared"] + expected["variance"]
    expected["incoherence"] = expected["variance"] / expected["error"]
    found = results(log)
    for name, values in expected.items():
        low, high = np.quantile(values, [0.001, 0.999])
        assert low <= found[name] <= high, name
    assert found["variance"] > 0


@pytest.mark.optimizer
def test_the_same_task_twice_gives_the_same_walks(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    first, second = (walks(run(tmp_path / name, epochs=3)) for name in ("a", "b"))
    assert first == second
    assert len({tuple(walk) for walk in first["start-0000"]}) == 3


@pytest.mark.optimizer
def test_without_torch_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from inspect_ai.model import get_model\n"
        "get_model('hotmess/optimizer')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "pip install 'hotmess-inspect[optimizer]'" in ended.stderr


@pytest.mark.optimizer
def test_model_arguments_are_checked(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with pytest.raises(Exception, match=r"size must be one of .*3k.*, not '7b'"):
        get_model("hotmess/optimizer", size="7b")
    with pytest.raises(Exception, match="not both"):
        get_model("hotmess/optimizer", size="3k", checkpoint="x.npz")
    garbage = tmp_path / "garbage.npz"
    garbage.write_bytes(b"nonsense")
    with pytest.raises(Exception, match=r"garbage\.npz is no trained optimizer"):
        get_model("hotmess/optimizer", checkpoint=str(garbage))
    with pytest.raises(Exception, match="missing"):
        get_model("hotmess/optimizer", checkpoint=str(tmp_path / "missing.npz"))


def test_task_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="starts must be at least 1, not 0"):
        optimizer(starts=0)
    with pytest.raises(ValueError, match="schedule must be one of"):
        optimizer(schedule="slow")
    with pytest.raises(ValueError, match="precision must be 0 to 5, not 9"):
        optimizer(precision=9)
    changed = task_problem(None, dims=4, condition_number=10.0)
    assert (changed.dims, changed.condition_number, changed.step_norm) == (4, 10.0, LAPTOP_PROBLEM.step_norm)
