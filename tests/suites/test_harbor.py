"""Two Harbor tasks through `hotmess/suite` and through the reducer, with the reference solution and with nothing."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Epochs
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog

from hotmess_inspect.swebench.build import BASE_IMAGE, build_mini
from hotmess_inspect.tasks.suite import suite

from .harbor_agents import nothing, sometimes

# It needs Python 3.12 and is among the development dependencies from there on.
if sys.version_info < (3, 12):
    pytest.skip("inspect_harbor needs Python 3.12", allow_module_level=True)
inspect_harbor: Any = importlib.import_module("inspect_harbor")

pytestmark = [pytest.mark.docker, pytest.mark.slow]

EPOCHS = 5
CONFIG = '[environment]\ndocker_image = "{image}"\nnetwork_mode = "no-network"\ncpus = 1\nmemory_mb = 512\n'
# A verdict in reward.txt, and points with a vector in reward.json.
TASKS = {
    "greeting": (
        "Write hello to /tmp/out.",
        "echo hello >/tmp/out",
        "grep -qx hello /tmp/out && echo 1 >/logs/verifier/reward.txt || echo 0 >/logs/verifier/reward.txt",
    ),
    "points": (
        "Write three lines to /tmp/lines.",
        "printf 'a\\nb\\nc\\n' >/tmp/lines",
        'n=$(wc -l </tmp/lines 2>/dev/null || echo 0)\nawk -v n=$n \'BEGIN {printf "{\\"reward\\": %.2f, \\"lines\\": %d}", '
        "0.1 + n * 0.2, n}' >/logs/verifier/reward.json",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, docker_client: Any) -> Path:
    build_mini(["daywork"], client=docker_client)
    folder = tmp_path_factory.mktemp("harbor")
    for name, (instruction, solution, check) in TASKS.items():
        files = {
            "task.toml": CONFIG.format(image=BASE_IMAGE),
            "instruction.md": instruction,
            "environment/Dockerfile": f"FROM {BASE_IMAGE}\n",
            "solution/solve.sh": f"#!/bin/bash\n{solution}\n",
            "tests/test.sh": f"#!/bin/bash\n{check}\n",
        }
        for path, text in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text)
    return folder


def road_a(folder: Path, solver: Any, logs: Path) -> EvalLog:
    task = inspect_harbor.harbor(path=str(folder))
    return run(task, solver, logs, epochs=Epochs(EPOCHS, "hotmess/decomposition"))


def road_b(folder: Path, solver: Any, logs: Path) -> EvalLog:
    return run(suite(task="inspect_harbor/harbor", args={"path": str(folder)}, epochs=EPOCHS), solver, logs)


def run(task: Any, solver: Any, logs: Path, **options: Any) -> EvalLog:
    (log,) = inspect_eval(
        task, solver=solver, model="mockllm/model", log_dir=str(logs), display="none", **options
    )
    assert log.status == "success", log.error
    assert len(log.samples or []) == EPOCHS * len(TASKS)
    return log


def analysed(logs: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "hotmess_inspect.cli", "analyze", str(logs), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (group,) = json.loads(done.stdout)["groups"]
    return {name: group[name] for name in ("questions", "error", "bias_squared", "variance", "incoherence")}


# Rewards are held against 1. Nothing done: 0, and 0.1 for the points; the solution: 1, and 0.1 + 3 * 0.2 = 0.7.
# Three right of five: rewards 1,1,1,0,0 and .7,.7,.7,.1,.1 have the unbiased variances .3 and .6**2 * .3 = .108, and
# the mean squared errors .4 and (3 * .09 + 2 * .81)/5 = .378.
CASES: dict[str, tuple[Any, float, float]] = {
    "oracle": (lambda: inspect_harbor.oracle(), (0 + 0.09) / 2, 0.0),
    "nothing": (nothing, (1 + 0.81) / 2, 0.0),
    "sometimes": (sometimes, (0.4 + 0.378) / 2, (0.3 + 0.108) / 2),
}


@pytest.mark.parametrize("road", [road_a, road_b], ids=["a", "b"])
@pytest.mark.parametrize("case", CASES)
def test_rewards_are_decomposed(road: Any, case: str, folder: Path, tmp_path: Path) -> None:
    solver, error, variance = CASES[case]
    log = road(folder, solver(), tmp_path)
    found = analysed(tmp_path)
    assert found["questions"] == len(TASKS)
    assert found["error"] == pytest.approx(error)
    assert found["variance"] == pytest.approx(variance, abs=1e-12)
    assert found["bias_squared"] == pytest.approx(error - variance)
    assert found["incoherence"] == pytest.approx(variance / error, abs=1e-12)
    if road is road_a:
        (reductions,) = log.reductions
        terms = [sample.metadata for sample in reductions.samples]
        assert sum(t["variance"] for t in terms) / len(TASKS) == pytest.approx(variance, abs=1e-12)
        assert sum(t["error"] for t in terms) / len(TASKS) == pytest.approx(error)
    else:
        live = {n: m.value for row in log.results.scores for n, m in row.metrics.items()}
        assert live["variance"] == pytest.approx(variance, abs=1e-12)
        assert live["error"] == pytest.approx(error)
    # The further rewards of a task stay with each epoch's score.
    vectors = [s.scores["harbor_scorer"].metadata for s in log.samples if s.id == "points"]
    lines = {"oracle": [3] * 5, "nothing": [0] * 5, "sometimes": [0, 0, 3, 3, 3]}[case]
    assert sorted(v["reward_dict"]["lines"] for v in vectors) == lines
