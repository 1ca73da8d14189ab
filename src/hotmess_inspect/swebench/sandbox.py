"""Where an agent works and where its patch is graded: one container each, both closed to the network.

One specification per provider, because each knows other settings:

- ``docker``: all limits; the compose file names the process that owns the containers.
- ``k8s`` (package inspect-k8s-sandbox): the provider's own converter turns the specification into Helm values;
  it has no counterpart for capabilities, process limits and grace periods, so these are left to the cluster
  (the chart runs pods under gVisor).
- ``daytona`` (package inspect-sandboxes): both containers run in one machine of the provider. That machine
  needs a network to pull images; the containers have none.
- ``modal`` is refused: it gives a sample one container, and grading must not happen in the agent's.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, get_args

from inspect_ai.util import (
    ComposeConfig,
    ComposeService,
    SandboxEnvironment,
    SandboxEnvironmentSpec,
)
from inspect_ai.util import sandbox as inspect_sandbox

from hotmess_inspect.swebench.docker_sandbox import docker_provider
from hotmess_inspect.swebench.owner import OWNER_KEY, owner_token
from hotmess_inspect.swebench.rows import Instance

Provider = Literal["docker", "k8s", "daytona", "local"]
PROVIDERS: tuple[str, ...] = get_args(Provider)

REFUSED = {
    "modal": "sandbox 'modal' gives each sample one container, and a patch must be graded in another one than "
    "the agent's: use docker, k8s or daytona"
}

REPOSITORY = "/testbed"
GRADER = "grader"

# Import name and distribution of what serves a provider that Inspect does not bring.
_PACKAGES = {
    "k8s": ("k8s_sandbox", "inspect-k8s-sandbox"),
    "daytona": ("inspect_sandboxes", "inspect-sandboxes"),
}


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


def check_provider(provider: str) -> None:
    """See to it that a provider can be used.

    Raises:
        ValueError: If it is unknown or unsuitable, or its package is not installed.
    """
    if provider in REFUSED:
        raise ValueError(REFUSED[provider])
    if provider not in PROVIDERS:
        raise ValueError(f"sandbox must be one of {', '.join(PROVIDERS)}, not {provider!r}")
    module, distribution = _PACKAGES.get(provider, ("", ""))
    if module and find_spec(module) is None:
        raise ValueError(f"sandbox {provider!r} needs a package: pip install {distribution}")


def sandbox_spec(
    provider: Provider, instance: Instance, resources: Resources | None = None, *, graders: int = 1
) -> SandboxEnvironmentSpec:
    """The sandbox of one sample: the agent's container, and the grader's from the same image.

    Both have no network and no way to gain privileges, and bounded memory and processors; where the
    provider knows such settings, also no capabilities and bounded processes. The grader's container is
    never named to the agent's tools; nothing but the text of a patch crosses over.

    Args:
        provider: Where the containers run, or ``local`` for no container at all (simulated models only).
        instance: The instance, which names the image.
        resources: Limits of each container.
        graders: How many containers there are to grade in, each for one grading of the same patch.

    Raises:
        ValueError: If the provider is unknown or unsuitable.
    """
    if provider == "local":
        return SandboxEnvironmentSpec("local")
    if provider in REFUSED or provider not in PROVIDERS:
        check_provider(provider)
    service = container_service(instance.image, resources or Resources())
    if provider == "k8s":
        unknown = {"cap_drop", "pids_limit", "stop_grace_period", "memswap_limit", "init"}
        service = service.model_copy(update=dict.fromkeys(unknown))
    services = {"default": service} | {grader_service(n): service.model_copy() for n in range(1, graders + 1)}
    # Docker keeps the file's name with the container; so what a killed run left is told from what still runs.
    owner = {OWNER_KEY: owner_token()} if provider == "docker" else {}
    kind = docker_provider() if provider == "docker" else provider
    return SandboxEnvironmentSpec(kind, ComposeConfig(services=services, **owner))  # type: ignore[arg-type]


def container_service(image: str, resources: Resources) -> ComposeService:
    """A container as the agent and the grader have one, with all limits."""
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


def grader_service(number: int) -> str:
    """Name of the container of one grading, numbered from 1."""
    return GRADER if number == 1 else f"{GRADER}-{number}"


def grader_sandbox(number: int = 1) -> SandboxEnvironment | None:
    """The container of a grading, counted from 1; None where the sample has none."""
    try:
        return inspect_sandbox(grader_service(number))
    except ValueError:
        return None
