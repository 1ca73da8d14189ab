"""Best of n by own tests: which member's work stands, and what the next member finds."""

import subprocess
from pathlib import Path

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog
from inspect_ai.solver import Solver, TaskState, solver
from inspect_ai.util import sandbox

from hotmess_inspect._inspect_private import ENSEMBLE_MEMBER
from hotmess_inspect.bits import decode_tests
from hotmess_inspect.simulated.agent import load_instances
from hotmess_inspect.simulated.behaviour import AgentArguments
from hotmess_inspect.simulated.plan import draw_plan
from hotmess_inspect.swebench.best_of import CHECKED, best_of
from hotmess_inspect.tasks.swebench import swebench

INSTANCE = "hotmess-mini__daywork-1"


async def shell(script: str) -> str:
    done = await sandbox().exec(["sh", "-c", script])
    assert done.success, done.stderr
    return done.stdout


@solver
def repository() -> Solver:
    async def solve(state: TaskState, generate: object) -> TaskState:
        await shell(
            "git init -q . && echo start > kept && echo '*.log' > .gitignore && git add -A && "
            "git -c user.name=a -c user.email=a@b commit -qm start && echo loose > untracked"
        )
        return state

    return solve


@solver
def worker(seen: list[str]) -> Solver:
    """Each member writes, deletes and commits, and notes what it found."""

    async def solve(state: TaskState, generate: object) -> TaskState:
        member = ENSEMBLE_MEMBER.get()
        seen.append(await shell("git status --porcelain; cat kept untracked; ls"))
        await shell(
            f"echo {member} > made; rm untracked; echo {member} >> kept; git add -A; "
            "git -c user.name=a -c user.email=a@b commit -qm work; echo more > later"
        )
        state.store.set("who", member)
        return state

    return solve


@solver
def told(found: list[str]) -> Solver:
    async def solve(state: TaskState, generate: object) -> TaskState:
        found.append(await shell("cat made kept later; ls; git log --oneline | wc -l"))
        return state

    return solve


def work(folder: Path, check: str, members: int = 3) -> tuple[EvalLog, list[str], list[str]]:
    seen: list[str] = []
    found: list[str] = []
    task = Task(
        dataset=MemoryDataset([Sample(input="work", id="one")]),
        solver=[repository(), best_of(members, check, worker(seen)), told(found)],
        sandbox="local",
    )
    (log,) = eval(task, model="mockllm/model", log_dir=str(folder), display="none")
    return log, seen, found


def test_every_member_starts_alike_and_the_first_that_passes_stands(tmp_path: Path) -> None:
    log, seen, found = work(tmp_path, "grep -q 1 made")
    assert log.status == "success", log.error
    (sample,) = log.samples or []
    assert sample.store[CHECKED] == [False, True] and sample.store["who"] == 1
    assert len(seen) == 2 and seen[0] == seen[1]
    assert seen[0].split() == ["??", "untracked", "start", "loose", "kept", "untracked"]
    assert found[0].split() == ["1", "start", "1", "more", "kept", "later", "made", "1"]


def test_without_a_pass_the_first_work_stands(tmp_path: Path) -> None:
    log, seen, found = work(tmp_path, "echo x > made; false")
    (sample,) = log.samples or []
    assert sample.store[CHECKED] == [False] * 3 and sample.store["who"] == 0 and len(set(seen)) == 1
    # The check's own traces are gone, too.
    assert found[0].split()[:3] == ["0", "start", "0"]


def test_no_repository_and_wrong_options_are_said(tmp_path: Path) -> None:
    task = Task(
        dataset=MemoryDataset([Sample(input="work")]), solver=best_of(2, "true", worker([])), sandbox="local"
    )
    (log,) = eval(task, model="mockllm/model", log_dir=str(tmp_path), display="none")
    inside = subprocess.run(["git", "rev-parse"], cwd="/tmp", capture_output=True).returncode == 0
    assert inside or (log.error is not None and "needs a git repository" in log.error.message)
    with pytest.raises(Exception, match="permitted are numbers from 1"):
        best_of(0)


def test_the_simulated_agent_keeps_the_first_fix_that_breaks_no_test(tmp_path: Path) -> None:
    """The plans of all members are known; which one stands follows from what their fixes do to the visible tests."""
    epochs, members = 3, 3
    (log,) = eval(
        swebench(sandbox="local", instances=INSTANCE, epochs=epochs),
        solver=best_of(members),
        model="hotmess/simulated-agent",
        model_args={"wrong": 0.6, "right": 0.2, "seed": 2},
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.status == "success", log.error
    instance = load_instances("")[INSTANCE]
    arguments = AgentArguments(wrong=0.6, right=0.2, seed=2)
    failed = 0
    for sample in log.samples or []:
        fixes = [draw_plan(instance, arguments, sample.epoch + (m << 48)).fix for m in range(members)]
        passed = sample.store[CHECKED]
        assert passed == [all(fix.p2p) for fix in fixes[: len(passed)]]
        failed += passed.count(False)
        chosen = fixes[passed.index(True) if True in passed else 0]
        meta = (sample.scores or {})["swebench_scorer"].metadata or {}
        bits = decode_tests(meta["hm_tests"], meta["hm_f2p"] + meta["hm_p2p"])[: meta["hm_f2p"]]
        assert list(bits) == list(chosen.f2p)
    assert failed  # else nothing was chosen
