"""How the agent's work crosses over: as the text of a patch, made in a container that the agent never saw.

The agent's files are compared with those of an untouched container of the same image, by
:mod:`hotmess_inspect.swebench.worktree`. Only the contents of changed files leave the agent's container; the patch is
made of them elsewhere. So nothing that an agent did to git can hide or forge a change: settings, attributes, filters,
index flags, sparse checkouts, commits, branches, stashes, replaced programs.
"""

import base64
import shlex
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from inspect_ai.util import SandboxEnvironment

from hotmess_inspect.swebench.errors import AgentContainerError, GradingError
from hotmess_inspect.swebench.patch import FilePatch, split_patch
from hotmess_inspect.swebench.worktree import pack, unpack
from hotmess_inspect.words import counted

GIT_QUIET = [
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_CONFIG_GLOBAL=/dev/null",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_OPTIONAL_LOCKS=0",
]

_CLEAN = ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8"]
_SECONDS = 300
_KEPT_BYTES = 300_000_000
_LISTED_ALONE = 20
_NO_PYTHON = 90
# The first Python that runs; the program itself comes first on standard input, then the request.
_START = """\
for python in /usr/bin/python3 /usr/local/bin/python3 /opt/miniconda3/bin/python3 "$1" python3; do
  [ "$("$python" -I -c 'import zlib; print(6 * 7)' 2>/dev/null)" = 42 ] || continue
  exec "$python" -I -B -c 'import sys; exec(compile(sys.stdin.buffer.read(int(sys.argv[1])), "worktree", "exec"))' "$0"
done
echo "no Python 3 runs here" >&2
exit 90
"""


@dataclass(frozen=True)
class Work:
    """What an agent leaves.

    Attributes:
        patch: Its changes as the text of ``git diff``; empty if there are none.
        left_out: Path and reason of everything that differs and is not in the patch. Where many files of a folder
            have the same reason they are one entry.
    """

    patch: bytes
    left_out: tuple[tuple[str, str], ...]


def git_command(root: str) -> list[str]:
    """Git with every setting of a repository or a user switched off that could run or hide something."""
    options = {
        "safe.directory": "*",
        "core.fsmonitor": "false",
        "core.hooksPath": "/dev/null",
        "core.quotePath": "false",
        "core.attributesFile": "/dev/null",
        "core.excludesFile": "/dev/null",
        "core.autocrlf": "false",
        "core.protectNTFS": "false",
    }
    return ["git", "-C", root, *(word for key, value in options.items() for word in ("-c", f"{key}={value}"))]


class Untouched:
    """What images hold, listed once per image and run."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}

    async def files(
        self, sandbox: SandboxEnvironment, root: str, *, image: str = "", python: str = ""
    ) -> dict[str, Any]:
        """List the folder of a container that the agent cannot reach, before anything is done in it.

        Args:
            sandbox: The container.
            root: Path of the repository.
            image: Digest of its image, under which the list is kept; empty where it is not known.
            python: Another Python to try there.

        Raises:
            GradingError: If it cannot be listed.
        """
        if image in self._packed:
            return dict(unpack(self._packed[image]))
        found = dict(await _ask(sandbox, {"do": "manifest", "root": root}, python, GradingError))
        if image:
            while self._packed and sum(map(len, self._packed.values())) > _KEPT_BYTES:
                del self._packed[next(iter(self._packed))]
            self._packed[image] = pack(found)
        return found


async def agent_work(
    agent: SandboxEnvironment,
    agent_root: str,
    grader: SandboxEnvironment,
    root: str,
    known: dict[str, Any],
    *,
    limit: int,
    containers: bool = True,
    python: str = "",
) -> Work:
    """Take the agent's work as a text patch against the image's own state.

    Args:
        agent: The agent's container.
        agent_root: Path of the repository in it.
        grader: A container of the same image that nobody has touched.
        root: Path of the repository in that one.
        known: What :meth:`Untouched.files` gave for the image.
        limit: Largest patch in bytes, of one file and of all together; what exceeds it is left out.
        containers: Whether the agent's container began with the agent, so that older files need not be read.
        python: Another Python to try in both.

    Raises:
        AgentContainerError: If the agent's container cannot give its work.
        GradingError: If the other one fails.
    """
    request = {"do": "changes", "root": agent_root, "known": known, "container": containers}
    found = await _ask(agent, request, python, AgentContainerError, may_lack_python=True)
    if found is None:
        return Work(
            b"", ((agent_root, "no Python runs in the agent's container any more, so nothing can be read"),)
        )
    try:
        changes = [_checked_change(change) for change in found["changes"]]
        left_out = [(str(path), str(reason)) for path, reason in found["left_out"]]
    except (TypeError, KeyError, ValueError) as error:
        raise AgentContainerError(f"the agent's container gives no readable answer: {error}") from None
    patch = b""
    if changes:
        tracked = {path for path, entry in known["files"].items() if entry[5]}
        ask = [path for path, _, _ in changes if path not in tracked]
        made = await _ask(
            grader, {"do": "patch", "root": root, "changes": changes, "ask": ask}, python, GradingError
        )
        left_out += [(path, "hidden by .gitignore") for path in made["ignored"]]
        patch, large = _within(base64.b64decode(made["patch"]), known, limit)
        left_out += large
    return Work(patch, grouped(left_out))


def _checked_change(change: Sequence[Any]) -> tuple[str, bool, str | None]:
    """The agent's container is not trusted; what it says must at least be a change within the folder."""
    path, executable, content = change
    parts = str(path).split("/")
    if not isinstance(path, str) or "\0" in path or {"", ".", "..", ".git"} & set(parts):
        raise ValueError(f"{path!r} is no path within the repository")
    if content is not None:
        base64.b64decode(content, validate=True)
    return path, bool(executable), content


def _within(patch: bytes, known: dict[str, Any], limit: int) -> tuple[bytes, list[tuple[str, str]]]:
    """The parts that fit: those of files that the image has first, then the small before the large."""
    parts = split_patch(patch)

    def rank(number: int) -> tuple[bool, int]:
        return parts[number].is_new, len(parts[number].text)

    kept: set[int] = set()
    total = 0
    for number in sorted(range(len(parts)), key=rank):
        if total + len(parts[number].text) <= limit:
            kept.add(number)
            total += len(parts[number].text)
    large = [
        (part.path, f"makes the patch larger than {limit:,} bytes")
        for number, part in enumerate(parts)
        if number not in kept
    ]
    return b"".join(_text(parts, kept)), large


def _text(parts: Sequence[FilePatch], kept: set[int]) -> list[bytes]:
    return [part.text for number, part in enumerate(parts) if number in kept]


def grouped(left_out: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Many files of one top folder with the same reason as one entry, so that a list stays readable."""
    counts = Counter((path.split("/")[0], reason) for path, reason in left_out)
    entries: dict[tuple[str, str], None] = {}
    for path, reason in left_out:
        top = path.split("/")[0]
        many = counts[top, reason] > _LISTED_ALONE and "/" in path
        shown = f"{top}/ ({counted(counts[top, reason], 'file')})" if many else printable(path)
        entries[shown, reason] = None
    return tuple(entries)


def printable(path: str) -> str:
    """A path as text that any log can hold: bytes that are no UTF-8 are written in hexadecimal."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


async def _ask(
    sandbox: SandboxEnvironment,
    request: dict[str, Any],
    python: str,
    failure: type[GradingError],
    *,
    may_lack_python: bool = False,
) -> Any:
    source = files("hotmess_inspect.swebench").joinpath("worktree.py").read_bytes()
    said = f"{shlex.quote(str(request['do']))} in {request['root']}"
    try:
        result = await sandbox.exec(
            ["/usr/bin/env", "-i", *_CLEAN, "/bin/sh", "-c", _START, str(len(source)), python or "python3"],
            input=source + pack(request),
            timeout=_SECONDS,
            timeout_retry=False,
            concurrency=False,
        )
    except TimeoutError:
        raise failure(f"{said} took longer than {_SECONDS} s") from None
    if result.returncode == _NO_PYTHON and may_lack_python:
        return None  # the agent broke it: the image has one, since the other container runs the same
    if not result.success:
        # The engine's own words come on standard output.
        why = (result.stderr.strip() or result.stdout.strip())[-300:]
        raise failure(f"{said} ended with status {result.returncode}: {why}")
    try:
        return unpack(result.stdout.encode())
    except (ValueError, RecursionError, zlib.error):
        raise failure(f"{said} gave no readable answer: {result.stderr.strip()[-300:]}") from None
