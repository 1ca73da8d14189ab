"""The few places where the package reaches behind Inspect's public names.

Each function states what it needs, falls back to a stated value when Inspect has moved it, and is held
to the installed release by a contract test (``tests/test_inspect_private.py``). Nothing else in the
package imports a name from Inspect that starts with an underscore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.dataset import Sample
    from inspect_ai.util import RegistryType

__all__ = [
    "active_attempt",
    "active_epoch",
    "active_sample",
    "create_tasks",
    "creation_parameters",
    "forget_task_file",
    "prerequisite_error",
    "register_as",
    "registered_names",
    "task_parameters",
]


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
        The epoch, or ``None`` outside a running sample or where Inspect no longer tells.
    """
    try:
        from inspect_ai.log._samples import sample_active
    except ImportError:
        return None
    active = sample_active()
    return None if active is None else getattr(active, "epoch", None)


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
