"""All uses of Inspect's private names.

Each function states what it needs, falls back to a stated value when Inspect has moved it, and is held
to the installed release by a contract test (``tests/test_inspect_private.py``). Nothing else in the
package imports a name from Inspect that starts with an underscore.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.dataset import Sample
    from inspect_ai.util import RegistryType

__all__ = [
    "ENSEMBLE_MEMBER",
    "active_attempt",
    "active_epoch",
    "active_sample",
    "create_tasks",
    "creation_parameters",
    "docker_environment",
    "forget_task_file",
    "prerequisite_error",
    "prerequisite_text",
    "register_as",
    "registered_names",
    "task_parameters",
]


ENSEMBLE_MEMBER: ContextVar[int] = ContextVar("hotmess_ensemble_member", default=0)
"""Number of the member of an ensemble that answers here, from 0: to simulated models each is a draw of its own."""


def active_sample() -> Sample | None:
    """The sample in whose context the caller runs, as the dataset gave it (with target and id).

    A model provider sees only messages; which question and which epoch they belong to is known to
    the sample's own context alone.

    Returns:
        The sample, or ``None`` outside a running sample or where Inspect no longer tells.
    """
    try:
        from inspect_ai.log._samples import sample_active
    except ImportError:
        return None
    active = sample_active()
    return None if active is None else getattr(active, "sample", None)


def active_attempt() -> str:
    """Name of this run of the sample in whose context the caller runs, another for a retry; empty outside of one."""
    try:
        from inspect_ai.log._samples import sample_active
    except ImportError:
        return ""
    return str(getattr(sample_active(), "id", ""))


def active_epoch() -> int | None:
    """The epoch, counted from 1, in whose context the caller runs.

    Returns:
        The epoch, or ``None`` outside a running sample or where Inspect no longer tells. Members of an ensemble that
        answers within one epoch (`ENSEMBLE_MEMBER`) have numbers that no epoch has.
    """
    try:
        from inspect_ai.log._samples import sample_active
    except ImportError:
        return None
    active = sample_active()
    epoch = None if active is None else getattr(active, "epoch", None)
    return None if epoch is None else epoch + (ENSEMBLE_MEMBER.get() << 48)


def prerequisite_error(message: str) -> Exception:
    """An error of the user's set-up, which Inspect's command line prints as one sentence.

    Args:
        message: What is wrong and what mends it.

    Returns:
        Inspect's ``PrerequisiteError`` where it can be had, else a ``ValueError``; to be raised.
    """
    try:
        from inspect_ai._util.error import PrerequisiteError
    except ImportError:
        return ValueError(message)
    return PrerequisiteError(message)


def prerequisite_text(error: Exception) -> str | None:
    """What Inspect's error for a missing package, key or file says, without marks of bold; ``None`` for other errors."""
    if type(error).__name__ != "PrerequisiteError":
        return None
    return " ".join(re.sub(r"^(\[bold\])?ERROR(\[/bold\])?: |\[/?bold\]", "", str(error)).split())


def register_as(component: object, name: str) -> None:
    """Let Inspect find a component under another name; its decorators always put the package's name in front.

    Args:
        component: A task, scorer, metric, reducer or solver that carries Inspect's registry information.
        name: The further name. Where Inspect has moved its registry nothing happens, and the component
            keeps the names it has.
    """
    try:
        from inspect_ai._util.registry import registry_add, registry_info
    except ImportError:
        return
    registry_add(component, registry_info(component).model_copy(update={"name": name}))


def registered_names(kind: RegistryType, package: str = "") -> list[str]:
    """Names of the components of one kind, after the package's entry points were loaded.

    Args:
        kind: "task", "scorer", "metric", …
        package: Package whose entry points to load and whose names to give; empty for all that are loaded.

    Returns:
        Sorted names with their package in front; empty where Inspect no longer tells.
    """
    try:
        from inspect_ai._util.entrypoints import ensure_entry_points
        from inspect_ai._util.registry import registry_find, registry_info
    except ImportError:
        return []
    if package:
        ensure_entry_points(package)
    found = registry_find(lambda info: info.type == kind)
    names = {registry_info(component).name for component in found}
    return sorted(name for name in names if not package or name.startswith(f"{package}/"))


def task_parameters(name: str) -> list[str] | None:
    """Names of a registered task's parameters.

    Returns:
        The names, or ``None`` where the task takes any parameter, is unknown, or Inspect no longer tells.
    """
    import inspect

    try:
        from inspect_ai._util.registry import registry_lookup
    except ImportError:
        return None
    found = registry_lookup("task", name)
    if not callable(found):
        return None
    parameters = inspect.signature(found).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters]


def create_tasks(spec: str, arguments: dict[str, Any]) -> list[Task]:
    """Create the tasks that ``inspect eval SPEC`` would run.

    Args:
        spec: Registered name, or a file, with ``@name`` behind it for one of its tasks.
        arguments: Parameters of the tasks.

    Returns:
        The tasks. Where Inspect has moved its loader only registered names can be created.
    """
    try:
        from inspect_ai._eval.loader import load_tasks
    except ImportError:
        from inspect_ai.util import registry_create

        return [registry_create("task", spec, **arguments)]
    return load_tasks([spec], arguments)


def forget_task_file(task: Task) -> None:
    """Let a task not know its file, by which Inspect would look for it when a log is retried."""
    try:
        from inspect_ai._eval.task.constants import TASK_FILE_ATTR
    except ImportError:
        return
    vars(task).pop(TASK_FILE_ATTR, None)


def creation_parameters(component: object) -> dict[str, Any]:
    """Parameters with which a scorer, metric or task was created, as logs have them.

    Returns:
        Parameters by name; empty where there are none or Inspect no longer tells.
    """
    try:
        from inspect_ai._util.registry import registry_params
    except ImportError:
        return {}
    try:
        return dict(registry_params(component))
    except ValueError:
        return {}


@dataclass(frozen=True)
class DockerEnvironment:
    """What it takes to start and end Inspect's Docker sandboxes.

    Attributes:
        environment: The class of the sandbox.
        compose: Runs the compose program for a project.
        startup: To be called once before samples are begun.
        started: Registers a project, so that an interrupted run removes it.
        ended: Takes a project off that register.
        cleanup: Removes a project and takes it off.
    """

    environment: type[Any]
    compose: Any
    startup: Callable[[], None]
    started: Callable[[Any], None]
    ended: Callable[[Any], None]
    cleanup: Callable[[Any], Any]

    async def project(self, task_name: str, config: Any) -> Any:
        """A new project for the sample in whose context the caller runs."""
        from inspect_ai.util._sandbox.docker.util import ComposeProject, task_project_name

        sample = active_sample()
        identity = None if sample is None else sample.id
        name = task_project_name(task_name)
        return await ComposeProject.create(name, config, sample_id=identity, epoch=active_epoch(), env={})

    def failure(self, done: Any, command: list[str], timeout: int | None) -> Exception | None:
        """What Inspect would raise in place of a command's result; None where it would give it."""
        from inspect_ai.util._sandbox.docker.failure import InjectedWrapper, classify_exec_failure

        wrapper = InjectedWrapper("/usr/bin/timeout", command[0]) if timeout and command else None
        return classify_exec_failure(done, wrapper=wrapper)


def docker_environment() -> DockerEnvironment | None:
    """The parts of Inspect's Docker sandbox, or ``None`` where Inspect has moved one of them."""
    try:
        from inspect_ai.util._sandbox.docker.cleanup import (
            cleanup_state,
            project_cleanup,
            project_cleanup_startup,
            project_startup,
        )
        from inspect_ai.util._sandbox.docker.compose import compose_command
        from inspect_ai.util._sandbox.docker.docker import DockerSandboxEnvironment
        from inspect_ai.util._sandbox.docker.failure import InjectedWrapper, classify_exec_failure
        from inspect_ai.util._sandbox.docker.util import ComposeProject, task_project_name
    except ImportError:
        return None
    if not all(
        map(callable, (ComposeProject.create, task_project_name, InjectedWrapper, classify_exec_failure))
    ):
        return None

    def ended(project: Any) -> None:
        running = cleanup_state().running_projects
        if project in running:
            running.remove(project)

    return DockerEnvironment(
        DockerSandboxEnvironment,
        compose_command,
        project_cleanup_startup,
        project_startup,
        ended,
        project_cleanup,
    )
