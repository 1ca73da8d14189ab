"""The simulated agent's plan for one epoch: explore, edit, perhaps test, submit. Plain data, no Inspect."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hotmess_inspect.simulated import behaviour
from hotmess_inspect.simulated.behaviour import AgentArguments, Behaviours, Fix, mixture
from hotmess_inspect.simulated.hashing import stream

__all__ = ["Past", "Plan", "Step", "branch_commands", "draw_plan", "edit_commands"]

END = "HOTMESS_PATCH"
# A patch that is more than changed lines of text goes through git whatever the style.
_NEEDS_GIT = re.compile(
    r"^(?:GIT binary patch|rename |copy |deleted file|old mode|\\ No newline)", re.MULTILINE
)
_HUNK = re.compile(r"^@@ .*$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One turn: what is said, the shell commands that are called, whether it submits."""

    thought: str
    commands: tuple[str, ...] = ()
    edits: bool = False
    submits: bool = False


@dataclass(frozen=True)
class Plan:
    """The turns of one epoch.

    Attributes:
        fix: What the agent does to the instance.
        steps: Turns in order; an agent that never submits has none that submits.
        submits: Whether the epoch ends by itself.
    """

    fix: Fix
    steps: tuple[Step, ...]
    submits: bool


@dataclass(frozen=True)
class Past:
    """What was done in an epoch before another one goes on from there.

    Attributes:
        turns: Turns with calls.
        branch: Which branch was taken, ``None`` if none was yet.
        edits: The editing commands, in order.
    """

    turns: int
    branch: int | None = None
    edits: tuple[str, ...] = ()


def draw_plan(
    instance: Behaviours,
    arguments: AgentArguments,
    epoch: int,
    *,
    fixed: bool = False,
    greedy: bool = False,
    past: Past | None = None,
) -> Plan:
    """Draw what the agent does in one epoch.

    Args:
        instance: The instance and what may be done to it.
        arguments: The agent's arguments.
        epoch: Number of the epoch, or the fixed seed of the generation config.
        fixed: Whether `epoch` is such a seed.
        greedy: Take the most probable fix (temperature 0).
        past: What another epoch did, from where this one goes on: its branch and its edits stand, and all else
            is drawn anew. The plan then begins with as many turns as were taken.

    Returns:
        The plan; equal for equal arguments.
    """
    purpose = behaviour.FIXED_PLAN if fixed else behaviour.PLAN if past is None else behaviour.RESUMED_PLAN
    rng = stream(arguments.seed, purpose, instance.key, epoch)
    branch = _branch(instance, arguments, epoch, fixed, past)
    probabilities = mixture(instance, arguments, branch)
    uniforms, normal = rng.random(4), float(rng.standard_normal())
    place = int(np.searchsorted(np.cumsum(probabilities), uniforms[0], side="right"))
    possible = np.flatnonzero(probabilities)
    place = int(np.argmax(probabilities)) if greedy else min(place, int(possible[-1]))
    fix = instance.fixes[place]
    submits = bool(uniforms[1] >= arguments.no_submit)
    outline = list(_outline(instance, arguments, branch, rng)) if branch is not None else []
    exploration = [*outline, *_exploration(instance, fix, arguments, normal, rng)]
    edits = list(_edits(fix, arguments, rng))
    if past is not None:
        # As many turns as were taken stand for those of the other epoch; they are never played.
        taken = [Step("")] * past.turns
        left = _edits_left(instance, past) if past.edits else None
        exploration = [*taken, *([] if past.edits else exploration[past.turns :])]
        fix, edits = (fix, edits) if left is None else left
    steps = [*exploration, *edits]
    if uniforms[2] < arguments.tests:
        steps.append(Step("Let me run the tests.", (RUN_TESTS,)))
    if submits:
        steps.append(Step("That is all that I can do here.", submits=True))
    return Plan(fix, tuple(steps), submits)


def _branch(
    instance: Behaviours, arguments: AgentArguments, epoch: int, fixed: bool, past: Past | None
) -> int | None:
    """Which branch the epoch takes, or has taken; ``None`` where the agent has no branch point."""
    if arguments.branch_step < 0:
        return None
    if past is not None and past.branch is not None:
        return past.branch
    # A stream of its own, so that agents without a branch point draw what they always did.
    index = 2 * epoch + fixed if past is None else 2**40 + epoch
    rng = stream(arguments.seed, behaviour.BRANCH, instance.key, index)
    return int(rng.random() >= arguments.branch_share)


def branch_commands(instance: Behaviours) -> tuple[str, str]:
    """The commands of the two branches: reading the file that the right fix changes, or looking elsewhere."""
    right = [path for path, _ in _files(instance.fixes[behaviour.branch_fix(instance, 0)].patch)]
    others = [path for fix in instance.fixes for path, _ in _files(fix.patch) if path not in right]
    first = f"cat {shlex.quote(right[0])}" if right else "git show --stat HEAD"
    second = f"cat {shlex.quote(others[0])}" if others else "ls tests"
    return first, second


def _outline(
    instance: Behaviours, arguments: AgentArguments, branch: int, rng: np.random.Generator
) -> Iterator[Step]:
    """The turns up to the branch: the same in all epochs but for those that wander, and then the branch."""
    usual = stream(arguments.seed, behaviour.OUTLINE, instance.key)
    common = _commands(_reference(instance), instance.problem, usual)
    other = _commands(_reference(instance), instance.problem, rng)
    for _ in range(arguments.branch_step):
        command = next(common)
        yield Step(
            "I get an overview.", (next(other) if rng.random() < arguments.branch_wander else command,)
        )
    yield Step("I follow this up.", (branch_commands(instance)[branch],))


def _edits_left(instance: Behaviours, past: Past) -> tuple[Fix, list[Step]] | None:
    """The fix that the past edits belong to, and what of it is not done yet."""
    for fix in instance.fixes:
        for python in (False, True):
            for several in (False, True):
                commands = (
                    tuple(edit_commands(fix.patch, python=python, several=several)) if fix.patch else ()
                )
                if past.edits and commands[: len(past.edits)] == past.edits:
                    rest = commands[len(past.edits) :]
                    return fix, [Step("I change the code.", (command,), edits=True) for command in rest]
    return None


def extra_step(instance: Behaviours, arguments: AgentArguments, epoch: int, number: int) -> Step:
    """A further turn of an agent that never submits."""
    rng = stream(arguments.seed, behaviour.EXTRA, instance.key, epoch * 100_003 + number)
    return Step("I am not sure yet.", (next(_commands(_reference(instance), instance.problem, rng)),))


def edit_commands(patch: str, *, python: bool, several: bool) -> list[str]:
    """Shell commands that apply a patch in the working directory.

    Args:
        patch: Unified diff.
        python: Replace the lines by a Python script where the patch only changes lines of text; the script
            falls back to the patch where a passage is not found exactly once.
        several: One command per file instead of one for all.

    Returns:
        The commands in order.
    """
    parts = re.split(r"(?m)^(?=diff --git )", patch)
    files = [part for part in parts if part.startswith("diff --git ")] or [patch]
    if not several:
        files = [patch]
    return [
        _python_edit(part) if python and not _NEEDS_GIT.search(part) else _git_edit(part) for part in files
    ]


def _git_edit(patch: str) -> str:
    text = patch if patch.endswith("\n") else patch + "\n"
    # A file of its own: in Inspect's local sandbox all epochs share one folder for temporary files.
    return (
        f"FIX=$(mktemp)\ncat > \"$FIX\" <<'{END}'\n{text}{END}\n"
        'git apply --whitespace=nowarn "$FIX" || patch -p1 --forward < "$FIX"\n'
        'STATUS=$?; rm -f "$FIX"; exit $STATUS'
    )


def _python_edit(patch: str) -> str:
    """A script with the passages to replace, and the patch itself for where they are not unique."""
    changes = [(path, old, new) for path, body in _files(patch) for old, new in _passages(body)]
    # Every passage is looked for before any file is written: a script that fails changes nothing.
    script = (
        "import pathlib\n"
        f"changes = {changes!r}\n"
        "texts = {}\n"
        "for path, old, new in changes:\n"
        "    file = pathlib.Path(path)\n"
        "    if path not in texts:\n"
        "        texts[path] = file.read_bytes().decode() if file.exists() else ''\n"
        "    if (texts[path].count(old) != 1) if old else file.exists():\n"
        "        raise SystemExit(f'passage not found once in {path}')\n"
        "    texts[path] = texts[path].replace(old, new) if old else new\n"
        "for path, text in texts.items():\n"
        "    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)\n"
        "    pathlib.Path(path).write_bytes(text.encode())\n"
    )
    run = f"PYTHON=$(command -v python3 || command -v python)\n\"$PYTHON\" - <<'{END}' && exit 0\n{script}{END}\n"
    return run + _git_edit(patch)


def _files(patch: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"(?m)^(?=diff --git )", patch):
        target = re.search(r"(?m)^\+\+\+ (?:b/)?(\S+)", part)
        if target:
            yield target.group(1), part[target.end() + 1 :]


def _passages(body: str) -> Iterator[tuple[str, str]]:
    for hunk in _HUNK.split(body)[1:]:
        lines = [line for line in hunk.lstrip("\n").split("\n") if line]
        old = "".join(line[1:] + "\n" for line in lines if line[0] in " -")
        new = "".join(line[1:] + "\n" for line in lines if line[0] in " +")
        yield old, new


RUN_TESTS = "PYTHON=$(command -v python || command -v python3); $PYTHON -B -m pytest -q -x -p no:cacheprovider 2>&1 | tail -n 15"


def _exploration(
    instance: Behaviours, fix: Fix, arguments: AgentArguments, normal: float, rng: np.random.Generator
) -> Iterator[Step]:
    calls = _exploring_calls(instance, fix, arguments, normal)
    commands = _commands(_reference(instance), instance.problem, rng)
    while calls > 0:
        count = 2 if calls > 1 and rng.random() < arguments.parallel else 1
        yield Step(str(rng.choice(_THOUGHTS)), tuple(next(commands) for _ in range(count)))
        calls -= count


def _reference(instance: Behaviours) -> str:
    """A patch that touches the files in question."""
    return next(fix.patch for fix in instance.fixes if fix.kind == "right")


def _exploring_calls(instance: Behaviours, fix: Fix, arguments: AgentArguments, normal: float) -> int:
    if arguments.actions == 0:
        return 0
    between = float(stream(arguments.seed, behaviour.ACTIONS, instance.key).standard_normal())
    location = (
        math.log(arguments.actions)
        + arguments.actions_between * between
        + arguments.actions_spread * normal
        + arguments.actions_coupling * (fix.kind != "right")
    )
    return min(arguments.max_actions, round(math.exp(min(location, 20.0))))


_THOUGHTS = (
    "Let me look around.",
    "I want to see how this works now.",
    "Next I check where this is used.",
    "This part may be the cause.",
)


def _commands(patch: str, problem: str, rng: np.random.Generator) -> Iterator[str]:
    """Exploring commands without end; all only read."""
    paths = [path for path, _ in _files(patch)] or ["README.md"]
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_]{4,40}", problem) or ["return"]
    while True:
        path, word = shlex.quote(str(rng.choice(paths))), shlex.quote(str(rng.choice(words)))
        start = int(rng.integers(1, 120))
        yield str(
            rng.choice(
                (
                    "ls -la",
                    "git log --oneline -n 5",
                    "git status --short",
                    f"grep -rn --include='*.py' -e {word} . | head -n 20",
                    f"sed -n '{start},{start + 60}p' {path}",
                    "find . -name '*.py' -not -path './.git/*' | head -n 40",
                    f"wc -l {path}",
                )
            )
        )


def _edits(fix: Fix, arguments: AgentArguments, rng: np.random.Generator) -> Iterator[Step]:
    style, number = rng.random(2)
    if not fix.patch:
        return
    python = arguments.edit == "python" or (arguments.edit == "mixed" and style < 0.5)
    several = arguments.edits == "several" or (arguments.edits == "mixed" and number < 0.5)
    for command in edit_commands(fix.patch, python=python, several=several):
        yield Step("I change the code.", (command,), edits=True)
