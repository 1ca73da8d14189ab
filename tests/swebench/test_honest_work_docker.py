"""Work beside which an agent leaves something odd is graded for what it is, in real containers."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.tasks.swebench import swebench

from .honest import HONEST

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker_client")]

ROW = mini_rows()[0]
MODULE = next(line[6:] for line in ROW["patch"].splitlines() if line.startswith("+++ b/"))
NAMES = list(HONEST)


def filled(text: str) -> str:
    return text.replace("{module}", MODULE).replace("{folder}", str(Path(MODULE).parent))


@solver
def honest_agent() -> Solver:
    """The epoch's number chooses what lies beside the fix."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        fix = f"git apply <<'END_OF_PATCH'\n{state.metadata['patch']}\nEND_OF_PATCH\n"
        script = f"{fix}{filled(HONEST[NAMES[state.epoch - 1]][0])}"
        done = await sandbox().exec(["bash", "-c", script], timeout=120)
        state.metadata["said"] = done.stderr
        return state

    return solve


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, docker_client: Any) -> dict[str, EvalSample]:
    log = inspect_eval(
        swebench(instances=[ROW["instance_id"]], epochs=len(NAMES)),
        solver=honest_agent(),
        model="mockllm/model",
        log_dir=str(tmp_path_factory.mktemp("logs")),
        display="none",
        fail_on_error=False,
        max_sandboxes=4,
    )[0]
    return {NAMES[sample.epoch - 1]: sample for sample in log.samples or []}


@pytest.mark.parametrize("name", NAMES)
def test_the_fix_counts_whatever_lies_beside_it(name: str, graded: dict[str, EvalSample]) -> None:
    sample = graded[name]
    assert sample.scores, sample.error
    score = sample.scores["swebench_scorer"]
    details = score.metadata or {}
    assert details["verdict"] == "resolved", (
        score.explanation,
        sample.metadata["said"],
        details["test_output"],
    )
    listed = {path for path, _ in details["patch_dropped"]}
    assert listed >= {filled(path) for path in HONEST[name][1]}
    if name == "names":  # and the fix
        assert len(details["patch_files"]) == 11
    if not HONEST[name][1]:
        assert listed == set()
    assert score.explanation
    assert all(path in score.explanation for path in list(listed)[:1])
