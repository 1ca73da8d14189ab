"""Who ended an agent's container: the agent, whose epoch then counts as failed, or the host, which is an error.

Only the engine can tell. It keeps what was asked of it from outside, so a container that stopped without being
asked was ended from within; and the grader's container, which no agent can reach, shows whether the host works.
"""

import time
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from inspect_ai.util import SandboxEnvironment

_OUTSIDE = ("kill", "stop", "pause", "restart", "destroy")
_PROJECT, _SERVICE = "com.docker.compose.project", "com.docker.compose.service"
_SLACK = 2

OWN_DISK_BYTES = 1 << 30
"""What an agent must have written for a full disk to be its own doing."""


@dataclass(frozen=True)
class AgentContainer:
    """What the engine says of an agent's container.

    Attributes:
        running: Whether it runs.
        out_of_memory: Whether the kernel killed it, or a process in it, for its memory.
        from_outside: Whether the engine was asked to stop, kill, pause or remove it, or does not have it.
        written: Bytes that it wrote to its own layer.
    """

    running: bool
    out_of_memory: bool
    from_outside: bool
    written: int

    @property
    def broken_by(self) -> str:
        """What the agent did to it, empty where the host is the cause.

        A container that runs and does not answer has been made so from within, since the grader's, beside it,
        answers.
        """
        if self.from_outside:
            return ""
        if self.written >= OWN_DISK_BYTES:
            return "disk"
        if self.running:
            return "container made unusable"
        return "memory" if self.out_of_memory else "container ended from within"


async def agent_container(grader: SandboxEnvironment) -> AgentContainer | None:
    """Ask the engine about the container beside the grader's.

    Args:
        grader: A grading container of the same sample.

    Returns:
        What it says; None where that cannot be asked: another provider than Docker, an engine that does not
        answer, or a grader's container that does not run either. Then the host is the cause.
    """
    try:
        connection = await grader.connection()
    except (NotImplementedError, ConnectionError, RuntimeError, ValueError, OSError):
        return None
    name = connection.container
    if connection.type != "docker" or name is None:
        return None
    return await to_thread.run_sync(_ask_engine, name)


def _ask_engine(grader: str) -> AgentContainer | None:
    from docker.errors import DockerException

    from hotmess_inspect.swebench.build import ImageError, connect

    try:
        client = connect()
    except ImageError:
        return None
    try:
        found = client.containers.get(grader)
        return _sibling(client, found.labels[_PROJECT]) if found.status == "running" else None
    except (DockerException, OSError, KeyError, ValueError):
        return None
    finally:
        client.close()


def _sibling(client: Any, project: str) -> AgentContainer:
    labels = [f"{_PROJECT}={project}", f"{_SERVICE}=default"]
    listed = client.api.containers(all=True, size=True, filters={"label": labels})
    if not listed:
        return AgentContainer(False, False, from_outside=True, written=0)
    known = client.api.inspect_container(listed[0]["Id"])
    state = known["State"]
    asked = client.api.events(
        since=0,
        until=int(time.time()) + _SLACK,
        filters={"container": [known["Id"]], "event": list(_OUTSIDE)},
        decode=True,
    )
    return AgentContainer(
        running=bool(state["Running"]) and not state.get("Paused"),
        out_of_memory=bool(state.get("OOMKilled")),
        from_outside=bool(state.get("Paused")) or any(True for _ in asked),
        written=int(listed[0].get("SizeRw") or 0),
    )
