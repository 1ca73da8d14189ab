"""Where an agent works and where its patch is graded: one container each, both closed to the network."""

from dataclasses import dataclass
from typing import Literal, get_args

from inspect_ai.util import (
    ComposeConfig,
    ComposeService,
    SandboxEnvironment,
    SandboxEnvironmentSpec,
)
from inspect_ai.util import sandbox as inspect_sandbox

from hotmess_inspect.swebench.rows import Instance

Provider = Literal["docker", "local"]
PROVIDERS: tuple[str, ...] = get_args(Provider)

REPOSITORY = "/testbed"
GRADER = "grader"


@dataclass(frozen=True)
class Resources:
    """Limits of one container.

    Attributes:
        memory: Memory without swap, in Docker's notation.
        cpus: Number of processors.
        pids: Number of processes and threads.
    """

    memory: str = "4g"
    cpus: float = 2.0
    pids: int = 512


def sandbox_spec(
    provider: Provider, instance: Instance, resources: Resources | None = None
) -> SandboxEnvironmentSpec:
    """The sandbox of one sample: the agent's container, and the grader's from the same image.

    Both have no network, no capabilities, no way to gain privileges, and bounded memory, processors
    and processes. The grader's container is never named to the agent's tools; nothing but the text of
    a patch crosses over.

    Args:
        provider: ``docker``, or ``local`` for no container at all (simulated models only).
        instance: The instance, which names the image.
        resources: Limits of each container.

    Raises:
        ValueError: If the provider is unknown.
    """
    if provider == "local":
        return SandboxEnvironmentSpec("local")
    if provider != "docker":
        raise ValueError(f"sandbox must be one of {', '.join(PROVIDERS)}, not {provider!r}")
    service = _service(instance.image, resources or Resources())
    return SandboxEnvironmentSpec(
        "docker", ComposeConfig(services={"default": service, GRADER: service.model_copy()})
    )


def _service(image: str, resources: Resources) -> ComposeService:
    return ComposeService(
        image=image,
        # Some images' entry points end at once; an init that forwards signals makes the end quick.
        entrypoint=["/bin/sh", "-c", "exec sleep infinity"],
        init=True,
        stop_grace_period="0s",
        working_dir=REPOSITORY,
        network_mode="none",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        pids_limit=resources.pids,
        mem_limit=resources.memory,
        memswap_limit=resources.memory,
        cpus=resources.cpus,
    )


def grader_sandbox() -> SandboxEnvironment | None:
    """The container that grades, or None where the provider has only the agent's."""
    try:
        return inspect_sandbox(GRADER)
    except ValueError:
        return None
