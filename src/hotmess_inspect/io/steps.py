"""Steps: the calls of an epoch as labels that can be compared, at a chosen grain."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, TypeAlias, get_args

from hotmess_inspect.io.shell import normal_path, shell_action
from hotmess_inspect.io.trajectories import Call, Trajectory

Grain: TypeAlias = Literal["tool", "target", "exact", "state"]
GRAINS: tuple[str, ...] = get_args(Grain)

TextUnit: TypeAlias = Literal["paragraph", "sentence"]
TEXT_UNITS: tuple[str, ...] = get_args(TextUnit)

Labeller: TypeAlias = Callable[[str, dict[str, Any] | str], str | None]
"""A user's grain: (name of the tool, arguments) → label, or ``None`` where the call is no step."""

MAX_SHOWN = 300
"""Characters of a step that are kept to be shown."""

SHELLS = frozenset(
    (
        "bash",
        "shell",
        "execute",
        "run",
        "terminal",
        "execute_bash",
        "execute_command",
        "run_command",
        "bash_session",
        "sh",
        "run_shell_command",
        "local_shell",
        "exec",
        "str_replace_based_edit_bash",
    )
)
FINAL = frozenset(("submit", "finish", "complete_task", "attempt_completion"))
"""Tools that end an epoch."""
_COMMANDS = ("command", "cmd", "commands", "script", "code", "input")
_PATHS = (
    "path", "file_path", "file", "filename", "filepath", "target_file", "notebook_path", "relative_workspace_path",
    "directory", "dir", "dir_path", "uri",
)  # fmt: skip
_EDITS = frozenset(
    ("write", "sed -i", "git apply", "patch", "apply_patch", "create", "str_replace", "insert")
)
_EDITING = re.compile(r"edit|write|replace|insert|create|patch|delete|remove", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """One step at a grain.

    Attributes:
        label: What is compared; two steps are equal where their labels are.
        tool: Tool, or program of a shell command.
        target: Files or directories, empty where there is none.
        shown: The step in words, shortened.
        answered: Digest of what came back, with times and temporary names evened out.
        event: Id of the log's event.
        final: Whether the step ends the epoch.
    """

    label: str
    tool: str
    target: str
    shown: str
    answered: int = 0
    event: str = ""
    final: bool = False


def load_labeller(grain: str) -> Labeller | None:
    """The function behind ``MODULE:FUNCTION``; ``None`` for one of :data:`GRAINS`.

    Raises:
        ValueError: If the grain is neither, or the function cannot be imported.
    """
    if grain in GRAINS:
        return None
    module, _, name = grain.partition(":")
    if not module or not name:
        raise ValueError(f"grain must be one of {', '.join(GRAINS)}, or MODULE:FUNCTION, not {grain!r}")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"grain {grain!r} cannot be imported: {error}") from error
    if not callable(found):
        raise ValueError(f"grain {grain!r} is not a function")
    return found  # type: ignore[no-any-return]


def call_steps(trajectory: Trajectory, grain: str, labeller: Labeller | None = None) -> list[Step]:
    """The tool calls of an epoch as steps.

    ``tool`` compares names of tools; ``target`` the program or tool and the files that it touches; ``exact`` all
    arguments, as JSON with sorted keys; ``state`` the set of files changed so far.

    Args:
        trajectory: The epoch.
        grain: One of :data:`GRAINS`, or anything where there is a `labeller`.
        labeller: The user's own grain.
    """
    steps = []
    changed: set[str] = set()
    for call in trajectory.calls:
        tool, target = _described(call)
        final = call.tool in FINAL
        if labeller is not None:
            own = labeller(call.tool, call.arguments)
            if own is None:
                continue
            label = str(own)
        elif grain == "tool":
            tool, target, label = call.tool, "", call.tool
        elif grain == "target":
            label = f"{tool}\x1f{target}"
        elif grain == "state":
            if target and (tool.split(" + ")[0] in _EDITS or _EDITING.search(tool)):
                changed.update(target.split(", "))
            tool, target = "changed files", ", ".join(sorted(changed))
            label = target
        else:
            label = f"{call.tool}\x1f{_exact(call.arguments)}"
        steps.append(Step(label, tool, target, _shown(call), digest(call.result), call.event, final))
    return steps


def text_steps(trajectory: Trajectory, grain: str, unit: TextUnit) -> list[Step]:
    r"""The sentences or paragraphs of an epoch without calls as steps.

    ``exact`` compares their words; every other grain the answer that they state, if any ("the answer is B",
    ``\\boxed{7}``), so that two epochs part where they come to different answers.
    """
    parts = (
        re.split(r"\n\s*\n", trajectory.text)
        if unit == "paragraph"
        else re.split(r"(?<=[.!?])\s+|\n\s*\n", trajectory.text)
    )
    steps = []
    for part in (" ".join(part.split()) for part in parts):
        if not part:
            continue
        answer = stated_answer(part)
        label = part.casefold() if grain == "exact" else answer
        name = f"answer {answer}" if answer else unit
        steps.append(Step(label, name, "", _begun(part)))
    return steps


_ANSWER = re.compile(
    r"\\boxed\{([^{}]{1,40})\}"
    r"|\b(?:answer|choice|option)(?:\s+(?:is|must be|should be|would be)|\s*[:=])\s*[*_`$(]*\s*"
    r"(-?\d[\d.,/]*|[A-Za-z])\b",
    re.IGNORECASE,
)


def stated_answer(text: str) -> str:
    """The last answer that a piece of reasoning states; empty where it states none.

    Example:
        >>> stated_answer("So the answer is (B). Wait, the answer is C."), stated_answer("Let me see.")
        ('C', '')
    """
    found = [a or b for a, b in _ANSWER.findall(text)]
    return found[-1].strip().rstrip(".,").upper() if found else ""


def digest(text: str) -> int:
    """A number for what a tool answered, the same where only times and temporary names differ."""
    even = _VOLATILE.sub("~", " ".join(text.split()))
    return int.from_bytes(hashlib.blake2b(even.encode("utf-8", "replace"), digest_size=7).digest())


_VOLATILE = re.compile(
    r"0x[0-9a-fA-F]{6,}|\btmp[._-]?\w{6,}|\b\d+(?:\.\d+)? ?(?:s|sec|seconds|ms|us)\b"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
    # The columns of `ls -l` for links and date, and a folder's own size: one that sandboxes share grows each time.
    r"|d[rwxsStT-]{9}[.+@]? \d+ \S+ \S+ \d+ "
    r"|[dl-][rwxsStT-]{9}[.+@]? \d+ "
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} +(?:\d\d:\d\d|\d{4})\b"
)


def _exact(arguments: dict[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, sort_keys=True)


def _described(call: Call) -> tuple[str, str]:
    """Tool and target; of a shell command its program and files."""
    arguments = call.arguments
    if isinstance(arguments, str):
        return call.tool, ""
    if call.tool in SHELLS or call.tool.rsplit("_", 1)[-1] in ("bash", "shell"):
        command = next((arguments[name] for name in _COMMANDS if name in arguments), None)
        if isinstance(command, list):
            command = " ".join(map(str, command[2:] if command[1:2] in (["-c"], ["-lc"]) else command))
        if isinstance(command, str):
            action = shell_action(command)
            return action.program or call.tool, action.target
    path = next((arguments[name] for name in _PATHS if isinstance(arguments.get(name), str)), "")
    verb = arguments.get("command")
    if path and isinstance(verb, str) and verb.isidentifier():
        return verb, normal_path(path)
    return call.tool, normal_path(path) if path else ""


def _shown(call: Call) -> str:
    arguments = call.arguments
    if isinstance(arguments, dict):
        single = list(arguments.values())
        text = (
            single[0]
            if len(single) == 1 and isinstance(single[0], str)
            else json.dumps(arguments, ensure_ascii=False)
        )
    else:
        text = arguments
    return _begun(f"{call.tool}: {text}")


def _begun(text: str) -> str:
    """A text, or its beginning with an ellipsis."""
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
