"""Agents that cheat, in real containers: none of them is graded as solved."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.tasks.swebench import swebench

from .evil import EVIL

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("docker_client")]

ROW = mini_rows()[0]
MODULE = next(line[6:] for line in ROW["patch"].splitlines() if line.startswith("+++ b/"))
NAMES = sorted(EVIL)

# What contradicts itself and is named so; all others are unresolved.
TAMPERED = {
    "exit at import",
    "exit status forged",
    "reports forged but for canaries",
    "reports forged from the library",
    "spoken through the plug-in",
}

# A race with the shell's end, and either is right.
EITHER = {"shell of the run ended"}


@solver
def evil_agent() -> Solver:
    """The epoch's number chooses the attack, so that one run holds them all, each in containers of its own."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        script = EVIL[NAMES[state.epoch - 1]].replace("{module}", MODULE)
        await sandbox().exec(["bash", "-c", script], timeout=60)
        return state

    return solve


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, docker_client: Any) -> dict[str, EvalSample]:
    log = inspect_eval(
        swebench(instances=[ROW["instance_id"]], epochs=len(NAMES)),
        solver=evil_agent(),
        model="mockllm/model",
        log_dir=str(tmp_path_factory.mktemp("logs")),
        display="none",
        fail_on_error=False,
        max_sandboxes=4,
    )[0]
    assert log.status == "success", log.error
    return {NAMES[sample.epoch - 1]: sample for sample in log.samples or []}


def test_there_are_enough_of_them() -> None:
    assert len(EVIL) >= 25


@pytest.mark.parametrize("attack", NAMES)
def test_no_attack_is_graded_as_solved(attack: str, graded: dict[str, EvalSample]) -> None:
    sample = graded[attack]
    assert sample.scores, sample.error
    score = sample.scores["swebench_scorer"]
    assert isinstance(score.value, dict)
    assert (score.value["resolved"], score.value["f2p"]) == (0.0, 0.0)
    details = score.metadata or {}
    expected = {"tampered"} if attack in TAMPERED else {"unresolved"}
    if attack in EITHER:
        expected = {"tampered", "unresolved"}
    assert details["verdict"] in expected, score.explanation


def test_nothing_of_ours_was_changed(graded: dict[str, EvalSample], tmp_path: Path) -> None:
    # Tests that were overwritten in the agent's container, or while they ran, are judged as they should be.
    for attack in ("tests emptied", "tests rewritten while they run", "background process"):
        details = (graded[attack].scores or {})["swebench_scorer"].metadata or {}
        statuses = details["test_status"]
        assert {statuses[t] for t in statuses} == {"passed", "failed"}
