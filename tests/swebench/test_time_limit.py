"""A time limit stops the agent, whichever it is, and leaves grading its own time."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from hotmess_inspect.swebench import SIMULATED_AGENT
from hotmess_inspect.tasks.swebench import swebench

LIMIT = 2


@solver
def works_and_waits(seconds: float) -> Solver:
    """Applies the fix, whose tests then take longer than the limit, and waits."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        module = next(line[6:] for line in state.metadata["patch"].splitlines() if line.startswith("+++ b/"))
        slow = f"printf '\\nimport time\\ntime.sleep({LIMIT + 1})\\n' >> {module}"
        script = f"git apply <<'END_OF_PATCH'\n{state.metadata['patch']}\nEND_OF_PATCH\n{slow}"
        done = await sandbox().exec(["bash", "-c", script])
        assert done.success, done.stderr
        await anyio.sleep(seconds)
        return state

    return solve


def run(folder: Path, seconds: float, **options: Any) -> EvalSample:
    task = swebench(
        sandbox="local", instances="hotmess-mini__daywork-1", epochs=1, time_limit=LIMIT, **options
    )
    (log,) = inspect_eval(
        task,
        solver=works_and_waits(seconds),
        model=SIMULATED_AGENT,
        log_dir=str(folder),
        display="none",
    )
    (sample,) = log.samples or []
    return sample


def test_grading_may_take_longer_than_the_agent(tmp_path: Path) -> None:
    sample = run(tmp_path, 0)
    assert sample.scores, sample.error
    assert sample.limit is None
    value, details = sample.scores["swebench_scorer"].value, sample.scores["swebench_scorer"].metadata or {}
    assert isinstance(value, dict)
    assert value["resolved"] == 1.0
    assert details["tests_seconds"] > LIMIT


@pytest.mark.parametrize(("on_limit", "resolved"), [("unchanged", 0.0), ("grade", 1.0)])
def test_the_agent_is_stopped(on_limit: str, resolved: float, tmp_path: Path) -> None:
    sample = run(tmp_path, 120, on_limit=on_limit)
    assert sample.limit
    assert (sample.limit.type, sample.limit.limit) == ("time", LIMIT)
    assert sample.scores, sample.error
    value, details = sample.scores["swebench_scorer"].value, sample.scores["swebench_scorer"].metadata or {}
    assert isinstance(value, dict)
    assert (value["resolved"], details["hm_status"]) == (resolved, "limit")
