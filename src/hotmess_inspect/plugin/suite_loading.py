"""Find and create somebody else's task, with errors that say what to type instead."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from inspect_ai import Task, list_tasks

from hotmess_inspect._inspect_private import (
    create_tasks,
    forget_task_file,
    prerequisite_error,
    registered_names,
    task_parameters,
)
from hotmess_inspect.plugin.suite_arguments import nearest

OURS = ("hotmess/", "hotmess_inspect/")


def load_task(task: str, arguments: dict[str, Any]) -> Task:
    """Create the task with this name or from this file, as ``inspect eval`` would.

    Args:
        task: Registered name such as ``inspect_evals/gsm8k``, or a file of tasks, with ``@name`` behind it
            where it holds several.
        arguments: Parameters of the task.

    Returns:
        A new task. It no longer knows its file: a log of it is retried through ``hotmess/suite``.

    Raises:
        PrerequisiteError: If there is no such task or file, its package is missing or broken, a parameter is
            unknown, or the file holds several tasks.
    """
    if not task or task.startswith(OURS):
        raise prerequisite_error(
            f"hotmess/suite: task={task!r} must be somebody else's task, such as inspect_evals/gsm8k or my_tasks.py@name; "
            "tasks of this package have the metric already"
        )
    file = task.rpartition("@")[0] or task
    if Path(file).suffix == ".py":
        if not Path(file).is_file():
            raise prerequisite_error(f"hotmess/suite: task={task!r}: there is no file {file} in {Path.cwd()}")
        task = task if "@" in task else _only_task(file)
    else:
        _check_name(task)
        _check_parameters(task, arguments)
    (created,) = create_tasks(task, arguments)
    forget_task_file(created)
    return created


def _only_task(file: str) -> str:
    """The one task of a file, written with its name."""
    path = Path(file)
    names = [f"{file}@{found.name}" for found in list_tasks(path.name, root_dir=path.parent)]
    if len(names) != 1:
        raise prerequisite_error(
            f"hotmess/suite: task={file!r} must name one task; the file holds {', '.join(names) or 'none'}"
        )
    return names[0]


def _check_name(task: str) -> None:
    """A sentence on what is wrong with a name that nobody registered."""
    package = task.partition("/")[0] if "/" in task else ""
    known = registered_names("task", package)
    if task in known or task.startswith("hf/") or (not known and not package):
        return
    if not package:
        near = nearest(task, [name.rpartition("/")[2] for name in known])
        hint = f"; nearest: {near}" if near else ""
        raise prerequisite_error(
            f"hotmess/suite: task={task!r} is not registered; write it with its package, such as inspect_evals/{task}, "
            f"or as a file{hint}"
        )
    if known:
        near = nearest(task, known)
        hint = f"the nearest names are {near}" if near else f"there are {len(known)} others"
        raise prerequisite_error(f"hotmess/suite: task={task!r} is not registered; {hint}")
    if any(point.name == package for point in entry_points(group="inspect_ai")):
        raise prerequisite_error(
            f"hotmess/suite: task={task!r}: package {package!r} is installed but registers no tasks, or its import "
            "fails; Inspect warns above where it does"
        )
    raise prerequisite_error(
        f"hotmess/suite: task={task!r}: no installed package registers tasks as {package!r}; "
        f"pip install {package.replace('_', '-')}, or give a file such as my_tasks.py@name"
    )


def _check_parameters(task: str, arguments: dict[str, Any]) -> None:
    permitted = task_parameters(task)
    if permitted is None:
        return
    for name in arguments:
        if name not in permitted:
            shown = ", ".join(permitted) or "none"
            raise prerequisite_error(
                f"hotmess/suite: {task} has no parameter {name!r} (given in args); it has {shown}"
            )
