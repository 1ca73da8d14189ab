"""A container of the engine as a sandbox, outside of an eval: what the pre-flight grades in."""

import subprocess
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, overload

import anyio
from inspect_ai.util import (
    ComposeService,
    ExecResult,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
)

from hotmess_inspect.swebench.build import ImageError
from hotmess_inspect.swebench.engine_exec import NotRunning, engine_exec, engine_socket, limited, patience
from hotmess_inspect.swebench.owner import owner_token

OWNER_LABEL = "hotmess.owner"
"""Label that names the process which started a container (:mod:`hotmess_inspect.swebench.owner`)."""


class ContainedSandbox(SandboxEnvironment):
    """A running container, driven through the engine's socket, or by the docker command line elsewhere."""

    def __init__(self, container: str) -> None:
        self.container = container
        self._socket = engine_socket()

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        """Run a command; see :meth:`inspect_ai.util.SandboxEnvironment.exec`."""
        stdin = input.encode() if isinstance(input, str) else input
        if self._socket:
            options: dict[str, Any] = {"cwd": cwd, "env": env, "user": user, "timeout": timeout}
            try:
                return await engine_exec(self._socket, self.container, cmd, stdin=stdin, **options)
            except NotRunning as error:
                return ExecResult(False, 1, "", str(error))
        words = ["--interactive"]
        words += ["--workdir", cwd] if cwd else []
        words += ["--user", user] if user else []
        for name, value in (env or {}).items():
            words += ["--env", f"{name}={value}"]
        started = anyio.current_time()
        with anyio.fail_after(patience(timeout)):
            done = await _docker("exec", *words, self.container, *limited(cmd, timeout), stdin=stdin or b"")
        if timeout and (done.returncode == 124 or anyio.current_time() - started >= timeout):
            raise TimeoutError(f"Command timed out after {timeout} seconds")
        return ExecResult(
            done.returncode == 0,
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Write a file; its folder must exist."""
        data = contents.encode() if isinstance(contents, str) else contents
        await self.exec(["/bin/sh", "-c", 'cat >"$0"', file], input=data, timeout=120)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """Read a file.

        Raises:
            FileNotFoundError: If it cannot be read.
        """
        done = await _docker("exec", self.container, "cat", file)
        if done.returncode:
            raise FileNotFoundError(file)
        return done.stdout.decode() if text else done.stdout

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        """Nothing: :func:`contained` removes the container."""


@asynccontextmanager
async def contained(service: ComposeService) -> AsyncIterator[ContainedSandbox]:
    """Start a container as compose would start a service, and remove it at the end.

    Args:
        service: The service, with an image that is present; it is never pulled here.

    Yields:
        The running container.

    Raises:
        ImageError: If the engine does not start it.
    """
    name = f"hotmess-check-{uuid.uuid4().hex[:12]}"
    try:
        done = await _docker("run", *run_arguments(service, name, {OWNER_LABEL: owner_token()}))
        if done.returncode:
            why = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise ImageError(f"no container of {service.image} starts: {why}")
        yield ContainedSandbox(name)
    finally:
        with anyio.CancelScope(shield=True):
            await _docker("rm", "--force", "--volumes", name)


def run_arguments(service: ComposeService, name: str, labels: Mapping[str, str]) -> list[str]:
    """What follows ``docker run`` for a service of the agent's or grader's kind.

    Raises:
        ValueError: If the service has a setting that has no counterpart here, so that none is lost.
    """
    entrypoint = service.entrypoint
    if not isinstance(entrypoint, list) or service.command is not None or service.image is None:
        raise ValueError("the service must have an image, an entry point as a list, and no command")
    plain: dict[str, Any] = {
        "network_mode": "--network",
        "working_dir": "--workdir",
        "pids_limit": "--pids-limit",
        "mem_limit": "--memory",
        "memswap_limit": "--memory-swap",
        "cpus": "--cpus",
        "user": "--user",
        "platform": "--platform",
    }
    several = {"cap_drop": "--cap-drop", "cap_add": "--cap-add", "security_opt": "--security-opt"}
    handled = {"image", "entrypoint", "init", "stop_grace_period", *plain, *several}
    left = set(service.model_dump(exclude_none=True)) - handled
    if left:
        raise ValueError(f"the settings {', '.join(sorted(left))} of a service are not known to docker run")
    arguments = ["--detach", "--pull", "never", "--name", name, "--entrypoint", entrypoint[0]]
    arguments += ["--init"] if service.init else []
    for label, text in labels.items():
        arguments += ["--label", f"{label}={text}"]
    for field, option in plain.items():
        value = getattr(service, field)
        arguments += [f"{option}={value}"] if value is not None else []
    for field, option in several.items():
        arguments += [f"{option}={value}" for value in getattr(service, field) or []]
    return [*arguments, service.image, *entrypoint[1:]]


async def _docker(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return await anyio.run_process(
        ["docker", *arguments], input=stdin, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
