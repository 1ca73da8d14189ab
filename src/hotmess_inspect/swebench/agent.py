"""The default agent: reason and act in a loop, with bash and submit, as in the paper's set-up."""

import anyio
from inspect_ai.agent import AgentPrompt, AgentSubmit, as_solver, react
from inspect_ai.model import get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import bash
from inspect_ai.util import background, sandbox
from inspect_ai.util import time_limit as create_time_limit

from hotmess_inspect.swebench import SIMULATED_AGENT
from hotmess_inspect.swebench.local import make_repository
from hotmess_inspect.swebench.sandbox import Provider

PROMPT = """\
Your working directory is a git repository. Below is an issue that was reported against it. Change the \
code so that the issue is resolved.

- Every bash call starts in the repository's root, in a fresh shell; no network is available.
- Tests that you cannot see decide whether the issue is resolved. Changes to test files, and to files \
that configure the test runner, are not carried over.
- Leave your changes in the working tree; they need not be committed. Call submit when you are done.

<issue>
{problem_statement}
</issue>
"""

INSTRUCTIONS = """\
You are a software engineer. Work step by step: look at the code, find the cause, change it, and check \
your change by running it. Use the bash tool for everything.\
"""


def swebench_agent(*, tool_timeout: int = 180) -> Solver:
    """A plain ReAct loop with an exec-only ``bash`` tool and ``submit``.

    Args:
        tool_timeout: Seconds that one command may take.
    """
    return as_solver(
        react(
            prompt=AgentPrompt(instructions=INSTRUCTIONS, handoff_prompt=None),
            tools=[bash(timeout=tool_timeout)],
            submit=AgentSubmit(description="Say that the work is done.", answer_only=True),
        )
    )


@solver
def swebench_setup(provider: Provider) -> Solver:
    """Make the repository where the provider has no image with it, and refuse what is unsafe there."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if provider == "local":
            model = str(get_model())
            if model != SIMULATED_AGENT:
                raise RuntimeError(
                    f"sandbox 'local' has no isolation and is for {SIMULATED_AGENT} alone, not {model}: "
                    "use -T sandbox=docker"
                )
            await make_repository(sandbox(), ".", state.metadata["repo"])
        return state

    return solve


@solver
def agent_time(seconds: int) -> Solver:
    """Stop whatever solver follows after a number of seconds, as Inspect's own time limit would.

    A task's ``time_limit`` also gives the scorers half of that time, however long the tests take; this one ends
    with the solvers.

    Args:
        seconds: How long the solvers that follow may take.
    """

    async def clock() -> None:
        with create_time_limit(seconds):
            await anyio.sleep_forever()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        background(clock)
        return state

    return solve
