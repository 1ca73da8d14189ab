"""Sandboxes that grade one patch once: a container of the sample, or a folder in the local sandbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from inspect_ai.util import SandboxEnvironment
from inspect_ai.util import sandbox as inspect_sandbox

from hotmess_inspect.swebench.errors import GradingError
from hotmess_inspect.swebench.local import local_setup, make_repository
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.runs import TESTS_USER
from hotmess_inspect.swebench.sandbox import REPOSITORY, Provider, grader_sandbox


@dataclass(frozen=True)
class Grader:
    """Where a patch is graded.

    Attributes:
        sandbox: The container, or Inspect's local sandbox.
        root: Path of the repository in it.
        scratch: Folder for files of ours.
        setup: Shell lines that come before the tests.
        user: Who runs the tests; None is whoever the container starts as.
    """

    sandbox: SandboxEnvironment
    root: str
    scratch: str
    setup: tuple[str, ...]
    user: str | None


@asynccontextmanager
async def fresh_grader(
    provider: Provider, instance: Instance, number: int = 1, *, user: str | None = TESTS_USER
) -> AsyncIterator[Grader]:
    """Give the place of one grading, untouched so far, and remove what it leaves outside of containers.

    Args:
        provider: Where the sandboxes run.
        instance: The instance.
        number: Which grading of this epoch, from 1; each has a container of its own.
        user: Who runs the tests where there are containers.

    Raises:
        RuntimeError: If the sandbox has no such container.
        GradingError: If the repository cannot be made in the local sandbox.
    """
    if provider != "local":
        container = grader_sandbox(number)
        if container is None:
            raise RuntimeError(
                f"sandbox {provider!r} has no service for grading {number} apart from the agent"
            )
        yield Grader(container, REPOSITORY, "/tmp", (), user)
        return
    here = inspect_sandbox()
    made = await here.exec(["mktemp", "-d", "hotmess-grader-XXXXXX", "--tmpdir"])
    folder = made.stdout.strip()
    if not made.success or not folder:
        raise GradingError(f"no folder can be made in the local sandbox: {made.stderr.strip()[:200]}")
    try:
        await make_repository(here, f"{folder}/repository", instance.repo)
        yield Grader(here, f"{folder}/repository", folder, local_setup(), None)
    finally:
        # Also when the run is cancelled: the folder is on the user's own machine.
        with anyio.CancelScope(shield=True):
            await here.exec(["rm", "-rf", "--", folder])
