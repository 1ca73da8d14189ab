"""Best of n by own tests: an agent works several times from one start, and the work that passes the check is kept."""

from __future__ import annotations

import shlex
from copy import deepcopy

from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import registry_create, sandbox

from hotmess_inspect._inspect_private import ENSEMBLE_MEMBER, prerequisite_error
from hotmess_inspect.swebench.agent import swebench_agent

__all__ = ["CHECKED", "OWN_TESTS", "best_of"]

CHECKED = "hm_checked"
"""Name in the sample's store: whether the work of each member passed the check, in the order in which they worked."""
OWN_TESTS = (
    "PYTHON=$(command -v python || command -v python3); $PYTHON -B -m pytest -q -x -p no:cacheprovider"
)
"""The tests that the working tree has: those of the repository and those that the agent wrote."""
_GIT = "git -c core.hooksPath=/dev/null -c core.autocrlf=false -c advice.detachedHead=false"
# The whole working tree but what git ignores, as a tree of git, without touching the index.
_SNAPSHOT = f"""export GIT_INDEX_FILE=$(mktemp -u)
{_GIT} read-tree HEAD && {_GIT} add -A && {_GIT} write-tree
status=$?; rm -f "$GIT_INDEX_FILE"; exit $status"""


@solver
def best_of(
    members: int = 3, check: str = OWN_TESTS, solver: Solver | str | None = None, timeout: int = 600
) -> Solver:
    """Let an agent work up to n times from the same start, until its work passes a check; else the first work stands.

    The sandbox's working directory is a git repository. After each member it is put back as it was, but for files that git
    ignores (compiled Python is removed). A member whose work passes ends the epoch, so that no member is asked for nothing. Of
    independent members that do v with probability w_v, and whose work then passes (s_v = 1) or not, the epoch does v with

        w_v s_v (1 - F^n)/(1 - F) + w_v (1 - s_v) F^(n - 1),   F = Σ w_v (1 - s_v):

    failures that the check sees become rare, and those that it does not see as frequent as before. Squared bias and variance
    follow; both stay as they are for a check that sees nothing.

    Args:
        members: How often the agent works at most, from 1.
        check: Shell command in the working directory; exit status 0 is passed.
        solver: The agent: a solver, or its registered name; the default agent of `hotmess/swebench` if not given.
        timeout: Seconds that the check may take; one that takes longer is not passed.

    Returns:
        A solver whose state and working directory are those of the chosen member.

    Raises:
        PrerequisiteError: If an option is wrong, or the working directory is no git repository.

    Examples:
        ::

            inspect eval hotmess/swebench --model hotmess/simulated-agent --solver hotmess/best_of -S members=3
    """
    if members < 1 or timeout < 1:
        raise prerequisite_error(f"members is {members} and timeout {timeout}; permitted are numbers from 1")
    given = registry_create("solver", solver) if isinstance(solver, str) else solver

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        inner = given or swebench_agent()
        base = await _shell(f"{_GIT} rev-parse HEAD")
        start = await _shell(_SNAPSHOT)
        first: tuple[TaskState, str] | None = None
        checked: list[bool] = []
        while True:
            token = ENSEMBLE_MEMBER.set(len(checked))
            try:
                ended = await inner(deepcopy(state), generate)
            finally:
                ENSEMBLE_MEMBER.reset(token)
            work = await _shell(_SNAPSHOT)
            first = first or (ended, work)
            checked.append(await _passes(check, timeout))
            if checked[-1]:
                # What the check left behind goes as well.
                await _put(base, work)
                break
            if len(checked) == members:
                ended = first[0]
                await _put(base, first[1])
                break
            await _put(base, start)
        state.messages, state.output, state.completed = ended.messages, ended.output, ended.completed
        for key, value in ended.store.items():
            state.store.set(key, value)
        state.store.set(CHECKED, checked)
        return state

    return solve


async def _passes(check: str, timeout: int) -> bool:
    try:
        done = await sandbox().exec(
            ["sh", "-c", check], env={"PYTHONDONTWRITEBYTECODE": "1"}, timeout=timeout
        )
    except TimeoutError:
        return False
    return done.success


async def _put(base: str, tree: str) -> None:
    """Make the working directory that of a tree, and the commit the one at the start."""
    await _shell(
        f"{_GIT} reset -q --hard {base} && {_GIT} clean -ffdq && {_GIT} read-tree -u --reset {shlex.quote(tree)} && "
        f"{_GIT} reset -q && find . -name __pycache__ -type d -prune -exec rm -rf {{}} +"
    )


async def _shell(script: str) -> str:
    done = await sandbox().exec(["sh", "-c", script], timeout=120)
    if not done.success:
        raise prerequisite_error(
            f"hotmess/best_of needs a git repository as the sandbox's working directory: {done.stderr.strip()[:300]}"
        )
    return done.stdout.strip()
