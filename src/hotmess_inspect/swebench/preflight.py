"""What is checked, built and said before the first token is spent."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hotmess_inspect.swebench.build import ImageError, build_mini, connect
from hotmess_inspect.swebench.concurrency import advice, engine_machine
from hotmess_inspect.swebench.engine import (
    architecture_problem,
    engine_architecture,
    engine_problem,
    free_bytes,
)
from hotmess_inspect.swebench.gate import register_checks
from hotmess_inspect.swebench.images import disk_estimate, image_states
from hotmess_inspect.swebench.local import local_package
from hotmess_inspect.swebench.rows import Excluded, Instance
from hotmess_inspect.swebench.sandbox import Provider, Resources, check_provider
from hotmess_inspect.words import counted

Say = Callable[[str], None]

MINI_OWNER = "hotmess-mini/"
DEFAULT_GRADINGS = 2
"""Gradings of the reference fix and of no fix before an official instance's first epoch on a machine."""


@dataclass(frozen=True)
class Plan:
    """What a run needs to be prepared for.

    Attributes:
        provider: Where the sandboxes run.
        instances: What may run.
        excluded: What was left out.
        gradings: Gradings of the reference fix and of no fix; None for 2, and 0 for bundled instances,
            whose outcomes were measured when they were made.
        resources: Limits of a container.
        tests_timeout: Seconds that one test run may take.
    """

    provider: Provider
    instances: Sequence[Instance]
    excluded: Sequence[Excluded] = ()
    gradings: int | None = None
    resources: Resources = field(default_factory=Resources)
    tests_timeout: int = 1800


def prepare(plan: Plan, *, say: Say) -> dict[str, str]:
    """Make ready what the run needs, and say what it will cost.

    Engine, compose and architecture are checked, bundled images that are missing are built, what is to be
    pulled is compared with the room on disk, and every instance's check is registered
    (:mod:`hotmess_inspect.swebench.gate`).

    Args:
        plan: What will run.
        say: Called with each sentence.

    Returns:
        By instance id the name of its check; none where no engine of this machine is used.

    Raises:
        ImageError: If no engine answers or it is too old, a bundled image cannot be built, or the images
            that are missing do not fit on the disk.
        ValueError: If the provider is unknown or unsuitable, or an instance cannot run in it.
    """
    check_provider(plan.provider)
    for line in [*_left_out(plan.excluded), *_dropped(plan.instances)]:
        say(line)
    if plan.provider == "local":
        for instance in plan.instances:
            local_package(instance.repo)
        say("No container is used: commands of the simulated agent run on this machine, as you.")
    elif plan.provider != "docker":
        _check_remote(plan, say)
    else:
        client = connect(timeout=900.0)
        try:
            return _prepare_engine(plan, client, say)
        finally:
            client.close()
    return {}


def _check_remote(plan: Plan, say: Say) -> None:
    local = sorted({i.image for i in plan.instances if i.repo.startswith(MINI_OWNER)})
    if local:
        raise ValueError(
            f"sandbox {plan.provider!r} pulls its images, and {local[0]} exists on this machine alone: use "
            "official instances, or rows whose image is in a registry"
        )
    say(
        f"Images are pulled by {plan.provider}; check them beforehand on a machine with Docker: hotmess images check."
    )


def _prepare_engine(plan: Plan, client: Any, say: Say) -> dict[str, str]:
    if problem := engine_problem(client):
        raise ImageError(problem)
    bundled = [i for i in plan.instances if i.repo.startswith(MINI_OWNER)]
    others = [i for i in plan.instances if not i.repo.startswith(MINI_OWNER)]
    if bundled:
        build_mini(sorted({local_package(i.repo) for i in bundled}), client=client, progress=say)
    if others and (problem := architecture_problem(engine_architecture(client))):
        raise ImageError(problem)
    missing = [state.name for state in image_states(others, client=client) if not state.present]
    if missing:
        _check_room(missing, free_bytes(client), say)
    say(advice(engine_machine(client), plan.resources))
    checks: dict[str, str] = {}
    for chosen, default in ((bundled, 0), (others, DEFAULT_GRADINGS)):
        gradings = default if plan.gradings is None else plan.gradings
        checks |= register_checks(
            chosen, gradings, resources=plan.resources, timeout=plan.tests_timeout, say=say
        )
    return checks


def _check_room(missing: Sequence[str], free: int | None, say: Say) -> None:
    needed = disk_estimate(missing)
    room = "" if free is None else f"; {free / 1e9:.0f} GB are free"
    say(
        f"{counted(len(missing), 'image', 'is', 'are')} not on this machine and will be pulled one after the other, about "
        f"{needed / 1e9:.0f} GB on disk{room}. Better beforehand with hotmess images pull: in parallel, "
        "resumable, and waiting where Docker Hub's limit (100 anonymous pulls in 6 hours) is reached."
    )
    first = disk_estimate(missing[:1])
    if free is not None and first > free:
        raise ImageError(
            f"the next image needs about {first / 1e9:.0f} GB and {free / 1e9:.1f} GB are free: "
            "make room, for example with hotmess images prune"
        )


def _left_out(excluded: Sequence[Excluded]) -> Iterator[str]:
    by_reason = Counter(entry.reason for entry in excluded)
    for reason, count in sorted(by_reason.items()):
        ids = [entry.instance_id for entry in excluded if entry.reason == reason]
        shown = ", ".join(ids[:5]) + (", …" if count > 5 else "")
        yield f"{counted(count, 'instance', 'is', 'are')} left out because {reason}: {shown}"


def _dropped(instances: Sequence[Instance]) -> Iterator[str]:
    found = [(i.instance_id, text) for i in instances for text in i.dropped]
    if found:
        shown = "; ".join(f"{text!r} of {name}" for name, text in found[:3]) + (
            "; …" if len(found) > 3 else ""
        )
        yield f"{len(found)} entries of the test lists name no test and are dropped: {shown}"


__all__ = ["ImageError", "Plan", "prepare"]
