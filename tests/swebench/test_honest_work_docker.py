"""Work beside which an agent leaves something odd is graded for what it is, in real containers."""

from collections.abc import Callable
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
# The others are slow: each takes two containers.
QUICK = [
    *("nothing else", "nested repositories", "files that cannot be read", "names", "settings"),
    *("commits, branches, stashes, tags", "a folder that was moved", "line ends of the fix itself"),
]
NAMES = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in HONEST if name not in QUICK)]


def filled(text: str) -> str:
    return text.replace("{module}", MODULE).replace("{folder}", str(Path(MODULE).parent))


@solver
def honest_agent(names: list[str]) -> Solver:
    """The epoch's number chooses what lies beside the fix."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        fix = f"git apply <<'END_OF_PATCH'\n{state.metadata['patch']}\nEND_OF_PATCH\n"
        script = f"{fix}{filled(HONEST[names[state.epoch - 1]][0])}"
        done = await sandbox().exec(["bash", "-c", script], timeout=120)
        state.metadata["said"] = done.stderr
        return state

    return solve


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, docker_client: Any) -> Callable[[str], EvalSample]:
    """The epoch of a name; the quick ones are run together, and so are the others when one of them is asked for."""
    found: dict[str, EvalSample] = {}

    def sample(name: str) -> EvalSample:
        if name not in found:
            names = [other for other in HONEST if (other in QUICK) == (name in QUICK)]
            log = inspect_eval(
                swebench(instances=[ROW["instance_id"]], epochs=len(names)),
                solver=honest_agent(names),
                model="mockllm/model",
                log_dir=str(tmp_path_factory.mktemp("logs")),
                display="none",
                fail_on_error=False,
                max_sandboxes=4,
            )[0]
            found.update({names[sample.epoch - 1]: sample for sample in log.samples or []})
        return found[name]

    return sample


@pytest.mark.parametrize("name", NAMES)
def test_the_fix_counts_whatever_lies_beside_it(name: str, graded: Callable[[str], EvalSample]) -> None:
    sample = graded(name)
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
