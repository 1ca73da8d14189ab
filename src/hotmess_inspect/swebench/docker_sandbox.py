"""Inspect's Docker sandbox with fewer calls to the engine: what is known before an epoch is not queried again.

Of each epoch Inspect asks: what the compose file says, which services run and which ended, each container's working
folder, ports and whether root may act there; and every command starts the compose program anew. For our own compose
files all of that is known or the same for each epoch of an image, and commands go through the engine's socket. What
runs, and with which limits, is the same.
"""

import json
import shlex
from functools import cache
from typing import Any

from anyio import to_thread
from inspect_ai.util import ComposeConfig, ExecResult, SandboxConnection

from hotmess_inspect._inspect_private import docker_environment
from hotmess_inspect._inspect_versions import sandbox_unavailable
from hotmess_inspect.swebench.engine_exec import NotRunning, engine_exec, engine_socket, shared_client

PLAIN = "docker"
LEAN = "hotmess_docker"
_START_SECONDS = 600
_ROOT = "_root_access"
_DECIDED = ("usable", "unusable")


@cache
def docker_provider() -> str:
    """Name of the sandbox type for Docker: ours where the installed Inspect permits it, else Inspect's own."""
    inspect = docker_environment()
    if inspect is None:
        return PLAIN
    from inspect_ai.util import sandboxenv

    sandboxenv(name=LEAN)(_lean(inspect))
    return LEAN


def _lean(inspect: Any) -> type[Any]:
    base: Any = inspect.environment
    known_root: dict[str, Any] = {}

    class LeanDocker(base):  # type: ignore[misc]
        """See the module."""

        container: str
        root_key: str
        socket: str

        @classmethod
        async def task_init(cls, task_name: str, config: Any) -> None:
            known_root.clear()  # a name may mean another image by now
            images = {service.image for service in config.services.values()}
            if await to_thread.run_sync(_all_here, images):
                inspect.startup()
            else:
                await super().task_init(task_name, config)

        @classmethod
        async def sample_init(cls, task_name: str, config: Any, metadata: dict[str, str]) -> dict[str, Any]:
            socket = engine_socket()
            if not socket or not isinstance(config, ComposeConfig):
                plain: dict[str, Any] = await super().sample_init(task_name, config, metadata)
                for environment in plain.values():
                    environment.socket = ""
                return plain
            project = await inspect.project(task_name, config)
            inspect.started(project)
            try:
                done = await inspect.compose(["up", "--detach"], project=project, timeout=_START_SECONDS)
                if not done.success:
                    raise RuntimeError(f"No services started.\nCompose up stderr: {done.stderr}")
            except BaseException:
                await inspect.cleanup(project)
                raise
            environments = {}
            for name, service in config.services.items():
                environment = cls(name, project, service.working_dir or "/")
                environment.container = f"{project.name}-{name}-1"
                environment.socket = socket
                environment.root_key = json.dumps(service.model_dump(mode="json"), sort_keys=True)
                if environment.root_key in known_root:
                    setattr(environment, _ROOT, known_root[environment.root_key])
                environments[name] = environment
            return environments

        @classmethod
        async def sample_cleanup(
            cls, task_name: str, config: Any, environments: dict[str, Any], interrupted: bool
        ) -> None:
            for environment in environments.values():
                access = getattr(environment, _ROOT, None)
                if environment.socket and getattr(access, "state", "") in _DECIDED:
                    known_root[environment.root_key] = access
            ours = [e for e in environments.values() if e.socket]
            if interrupted or not ours or not await to_thread.run_sync(_removed, [e.container for e in ours]):
                await super().sample_cleanup(task_name, config, environments, interrupted)
            else:
                inspect.ended(ours[0]._project)

        async def connection(self, *, user: str | None = None) -> SandboxConnection:
            if not self.socket:
                found: SandboxConnection = await super().connection(user=user)
                return found
            words = [
                "docker",
                "exec",
                "-it",
                *(["--user", user] if user else []),
                self.container,
                "bash",
                "-l",
            ]
            return SandboxConnection(type=PLAIN, command=shlex.join(words), container=self.container)

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
            if not self.socket:
                options = {"timeout": timeout, "timeout_retry": timeout_retry, "concurrency": concurrency}
                plain: ExecResult[str] = await super().exec(cmd, input, cwd, env, user, **options)
                return plain
            stdin = input.encode() if isinstance(input, str) else input
            folder = self.container_file(cwd) if cwd else self._working_dir
            try:
                done = await engine_exec(
                    self.socket,
                    self.container,
                    cmd,
                    stdin=stdin,
                    cwd=folder,
                    env=env,
                    user=user,
                    timeout=timeout,
                )
            except NotRunning as error:
                raise self._gone(str(error)) from error
            silent = done.returncode > 128 and not (done.stdout + done.stderr).strip()
            if silent and await to_thread.run_sync(_stopped, self.container):
                raise self._gone(f"the command ended with status {done.returncode} and its container stopped")
            problem = inspect.failure(done, cmd, timeout)
            if problem:
                raise problem
            return done

        def _gone(self, said: str) -> Exception:
            (unavailable,) = sandbox_unavailable()
            return unavailable(f"The sandbox is not running and cannot execute: {said}")

    return LeanDocker


def _all_here(images: set[str | None]) -> bool:
    """Whether nothing needs to be pulled."""
    from docker.errors import DockerException

    from hotmess_inspect.swebench.engine import image_digest

    try:
        client = shared_client()
        return all(image and image_digest(client, image) for image in images)
    except (DockerException, OSError, RuntimeError):
        return False  # Inspect says what is wrong


def _removed(containers: list[str]) -> bool:
    """Remove containers without a network and their volumes; False where that must be tried in another way."""
    from docker.errors import DockerException, NotFound

    for name in containers:
        try:
            shared_client().api.remove_container(name, force=True, v=True)
        except NotFound:
            continue
        except (DockerException, OSError, RuntimeError):
            return False
    return True


def _stopped(container: str) -> bool:
    from docker.errors import DockerException, NotFound

    try:
        state = shared_client().api.inspect_container(container)["State"]
    except NotFound:
        return True
    except (DockerException, OSError, RuntimeError):
        return False
    return str(state.get("Status")) in ("exited", "dead")
