"""One test run in a grading container: prepare, run as an unprivileged user, collect as another.

The test process is started as a user who owns nothing in the container. Its results go line by line into
a pipe that root's process empties into root's file, so that neither the code under test nor a process
that it leaves behind can take back what has been reported; what it can still do is described in
``docs/swebench_grading.md``.
"""

import base64
import json
import secrets
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Literal

from inspect_ai.util import ExecResult, SandboxEnvironment

from hotmess_inspect.swebench.errors import GradingError
from hotmess_inspect.swebench.parsers import Canaries, Format
from hotmess_inspect.swebench.parsers.formats import test_files
from hotmess_inspect.swebench.patch import CheckedPatch
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.transfer import GIT_QUIET, git_command

TESTS_USER = "nobody"
"""Who runs the tests: a user who exists in every image and owns nothing, under the name that all providers take."""

TestsLimit = Literal["", "time", "memory", "processes", "disk"]
"""What a test run was out of by its own doing."""

_UNAPPLIED_PATCH, _UNAPPLIED_TESTS, _OTHER_TREE = 21, 22, 23
_OUTPUT_TAIL = 8_000
_REPORT_TAIL = 7_000_000  # in base64 still below the 10 MiB at which Inspect cuts what a command prints
_REPORT_LIMIT = 200_000_000
_MOST_CHECKED = 40  # PASS_TO_PASS tests whose functions are compared with their files
_MOST_NEIGHBOURS = 3
_OUTPUT_LIMIT_KIB = 1 << 20
# How often the kernel killed a process of this container for its memory (cgroup v2, then v1), and how often the
# container was at its own limit (v2 only): a kill without that is the whole machine's lack.
_OOM_KILLS = (
    "sed -n 's/^oom_kill //p' /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control "
    "2>/dev/null | head -n 1; sed -n 's/^oom //p' /sys/fs/cgroup/memory.events 2>/dev/null || true"
)
# What the tests' user holds on the disk, in blocks of 512 bytes, where there is no more room.
_ROOM = (
    'probe=$(mktemp) && head -c 1000000 /dev/zero >"$probe"; room=$?; rm -f "$probe"; '
    '[ "$room" = 0 ] && echo room || find / -xdev -newer {folder}/reader ! -path "/proc/*" -printf "%b\\n" '
    "2>/dev/null | awk '{{n += $1}} END {{print n + 0}}'"
)
_OWN_DISK_BLOCKS = 1 << 21  # a gibibyte
_TRIES = 6
_NO_PROCESS = ("resource temporarily unavailable", "cannot fork", "can't fork", "unable to start thread")


@dataclass(frozen=True)
class Workspace:
    """A container that stands ready for one test run.

    Attributes:
        sandbox: The container.
        root: Path of the repository in it.
        folder: Our own folder in it.
        memory: Counts before the run of kills for memory and of reaching the limit; None where the container
            cannot tell.
    """

    sandbox: SandboxEnvironment
    root: str
    folder: str
    memory: "tuple[int | None, int | None]"


@dataclass(frozen=True)
class TestRun:
    """What came out of one test run.

    Attributes:
        exit_code: Exit status that the engine reports.
        report: Lines that the runner's part wrote.
        output: End of what the run printed.
        seconds: Wall time.
        limit: What it was out of, if it did not end by itself; else empty.
    """

    __test__ = False  # no test class, whatever pytest may think of the name

    exit_code: int
    report: tuple[str, ...]
    output: str
    seconds: float
    limit: TestsLimit = ""


class UnappliedPatch(Exception):
    """The agent's patch cannot be applied, or is not what its headers say; the message says which."""


async def prepare(
    sandbox: SandboxEnvironment,
    root: str,
    instance: Instance,
    patch: CheckedPatch,
    form: Format,
    canaries: Canaries,
    *,
    shared: bool,
    scratch: str,
) -> Workspace:
    """Write and apply everything, start the reader of the results, and open the tree for the tests' user.

    Args:
        sandbox: A container of the instance's image, unused so far.
        root: Path of the repository in it.
        instance: The instance, for the test patch.
        patch: The agent's work, checked.
        form: The runner's format.
        canaries: The two planted tests.
        shared: Whether the tests run as another user, who may add files to the tree but not change any.
        scratch: Folder in which our own is made.

    Raises:
        UnappliedPatch: If the fault lies with the agent's patch.
        GradingError: If it does not.
    """
    git = shlex.join(git_command("."))
    inside = files("hotmess_inspect.swebench.inside")
    steps = [
        "set -u; umask 022; export " + " ".join(GIT_QUIET),
        f"cd {shlex.quote(root)} || exit 1; work=$(TMPDIR={shlex.quote(scratch)} mktemp -d) && chmod 755 $work || exit 1",
        _write("$work/agent.patch", patch.text),
        _write("$work/test.patch", instance.test_patch.encode()),
        "mkdir $work/inside",
        *(_write(f"$work/inside/{name}", inside.joinpath(name).read_bytes()) for name in form.inside),
        # The agent's patch speaks of bytes as they lie on the disk, so the first try knows no attributes; patches
        # of rows speak of what git would store, where a repository converts line ends.
        f"{git} init --quiet --template= $work/raw && mkdir -p $work/raw/.git/info && printf '%s\\n'"
        " '* -text !eol -ident -filter !working-tree-encoding -whitespace' >$work/raw/.git/info/attributes || exit 1",
        f'raw() {{ {git} --git-dir=$work/raw/.git --work-tree=. "$@"; }}; : >$work/touched',
        f"if [ -s $work/agent.patch ]; then {git} apply --numstat -z $work/agent.patch 2>$work/error |"
        " cut -z -f3- >$work/touched; fi; base64 -w0 $work/touched; echo; echo $work",
        "if [ -s $work/agent.patch ]; then raw apply --whitespace=nowarn $work/agent.patch 2>$work/error"
        f" || {git} apply --whitespace=nowarn $work/agent.patch 2>>$work/error"
        f" || {git} apply --whitespace=nowarn --ignore-whitespace $work/agent.patch 2>>$work/error"
        f" || {{ cat $work/error >&2; exit {_UNAPPLIED_PATCH}; }}; fi",
        "xargs -0 -r sh -c 'for path; do [ ! -L \"$path\" ] || exit 1; done' sh <$work/touched"
        f" || {{ echo a link >&2; exit {_UNAPPLIED_PATCH}; }}",
        f"{git} apply --whitespace=nowarn $work/test.patch || exit {_UNAPPLIED_TESTS}",
        f"mkdir -p {shlex.quote(str(PurePosixPath(canaries.path).parent))}",
        _write(shlex.quote(canaries.path), canaries.source.encode()),
        "rm -rf $work/*.patch $work/raw $work/touched; mkfifo -m 622 $work/pipe; : >$work/output; chmod 666 $work/output",
        "mkdir -m 1777 $work/home",
        f"head -c {_REPORT_LIMIT} $work/pipe >$work/report 2>/dev/null </dev/null & echo $! >$work/reader",
        # The sticky bit lets the tests add files anywhere and keeps them from replacing those that are there.
        "find . -name .git -prune -o -type d -exec chmod 1777 {} +" if shared else ":",
        _OOM_KILLS,
    ]
    result = await sandbox.exec(
        ["bash", "-s"], input="\n".join(steps), timeout=300, timeout_retry=False, concurrency=False
    )
    if result.returncode == _UNAPPLIED_PATCH:
        raise UnappliedPatch(f"the patch does not apply to its own base: {result.stderr.strip()[:200]}")
    lines = result.stdout.splitlines()
    if not result.success or len(lines) < 2:
        unapplied = result.returncode == _UNAPPLIED_TESTS
        what = "test patch does not apply" if unapplied else "container cannot be prepared"
        why = result.stderr.strip() or result.stdout.strip()
        raise GradingError(f"{instance.instance_id}: the {what}: {why[:500]}")
    touched = base64.b64decode(lines[0]).decode("utf-8", "surrogateescape").split("\0")
    if {path for path in touched if path} != set(patch.files):
        raise UnappliedPatch("git reads other files in the patch than its headers name")
    return Workspace(sandbox, root, lines[1], _counts(lines[2:]))


def _write(target: str, content: bytes) -> str:
    return f"base64 -d >{target} <<'HOTMESS_END'\n{base64.encodebytes(content).decode()}HOTMESS_END"


def _counts(lines: Sequence[str]) -> tuple[int | None, int | None]:
    first, second = [*(int(line) if line.isdigit() else None for line in lines[:2]), None, None][:2]
    return first, second


async def run_tests(
    space: Workspace,
    instance: Instance,
    command: str,
    *,
    environment: Sequence[str],
    twins: Sequence[str],
    timeout: int,
    user: str | None,
) -> TestRun:
    """Run the tests and collect what they report.

    Args:
        space: The prepared container.
        instance: The instance, for messages.
        command: The command, as the format made it.
        environment: Shell lines that come before it.
        twins: Tests that run a second time with a body that must fail.
        timeout: Seconds that the run may take.
        user: Who runs the tests; None is the container's own user.

    Raises:
        GradingError: If the runner does not start or the results cannot be collected.
    """
    nonce = secrets.token_hex(8)
    some = _some(instance.pass_to_pass, _MOST_CHECKED)
    settings = {
        "report": f"{space.folder}/pipe",
        "nonce": nonce,
        "twins": list(twins),
        "tests": instance.tests,
        "checked": [*instance.fail_to_pass, *twins, *some],
        "files": test_files(instance),
    }
    script = "\n".join(
        [
            "exec 3<&0 </dev/null",
            f"cd {shlex.quote(space.root)}",
            *environment,
            *(_own_home(space.folder) if user else ()),
            f"(ulimit -f {_OUTPUT_LIMIT_KIB}; {command}) >{space.folder}/output 2>&1",
        ]
    )
    started = time.monotonic()
    try:
        result = await space.sandbox.exec(
            ["bash", "-c", script],
            input=json.dumps(settings),
            user=user,
            timeout=timeout,
            timeout_retry=False,
            concurrency=False,
        )
        code, errors = result.returncode, result.stderr
    except TimeoutError:
        limit = await _still_there(space, instance)
        said = f"the tests ran longer than {timeout} s"
        return TestRun(-1, (), said, time.monotonic() - started, limit or "time")
    seconds = time.monotonic() - started
    found = await _collect(space, nonce, instance)
    if found is None:
        return TestRun(code, (), errors, seconds, "processes")
    report, output, memory, room = found
    if code in (126, 127) and not report:
        raise GradingError(
            f"{instance.instance_id}: the test runner does not start: {(output or errors)[-300:]!r}"
        )
    if any('"finished"' in line for line in report):
        return TestRun(code, report, output, seconds)
    return TestRun(code, report, output, seconds, _lack(space, instance, code, memory, room))


def _lack(
    space: Workspace, instance: Instance, code: int, memory: tuple[int | None, int | None], room: str
) -> TestsLimit:
    """What a run that did not come to its end was out of, by its own doing.

    Raises:
        GradingError: If it was the machine's lack.
    """
    (kills, limits), (kills_before, limits_before) = memory, space.memory
    if room.isdigit():
        if int(room) >= _OWN_DISK_BLOCKS:
            return "disk"
        raise GradingError(f"{instance.instance_id}: no room on the disk of the containers")
    if (kills or 0) > (kills_before or 0):
        if limits is not None and limits == limits_before:
            raise GradingError(f"{instance.instance_id}: the machine ran out of memory, not the container")
        return "memory"
    return "memory" if code == 137 and kills is None else ""


async def _still_there(space: Workspace, instance: Instance) -> TestsLimit:
    """See whether the container answers after a run that did not end.

    Raises:
        GradingError: If it does not, for a reason that is not the tests'.
    """
    try:
        answer = await _asked(space, ["true"], 60)
    except TimeoutError:
        raise GradingError(f"{instance.instance_id}: the container stopped answering") from None
    if answer.success:
        return "time"
    if _no_process(answer.stdout + answer.stderr):
        return "processes"
    said = (answer.stdout + answer.stderr).strip()[-300:]
    raise GradingError(f"{instance.instance_id}: the container fails: {said!r}")


async def _asked(space: Workspace, command: list[str], timeout: int) -> ExecResult[str]:
    """A command after the tests; again where the engine only says that it could not start one.

    Where the tests left no process free that is one of the two things that are said, at random; the other names it.
    """
    for _ in range(_TRIES):
        result = await space.sandbox.exec(command, timeout=timeout, timeout_retry=False, concurrency=False)
        said = result.stdout + result.stderr
        if "OCI runtime exec failed" not in said or _no_process(said):
            break
    return result


def _no_process(said: str) -> bool:
    return any(words in said.lower() for words in _NO_PROCESS)


def _some(tests: Sequence[str], most: int) -> list[str]:
    return secrets.SystemRandom().sample(tests, min(most, len(tests)))


def twins_of(instance: Instance) -> list[str]:
    """Tests that are to have twins: those that the fix must make pass, and a few that passed before."""
    return [*instance.fail_to_pass, *_some(instance.pass_to_pass, _MOST_NEIGHBOURS)]


def _own_home(folder: str) -> list[str]:
    return [
        f"export HOME={folder}/home XDG_CACHE_HOME={folder}/home/.cache",
        # Git refuses a repository of another owner, and build back ends ask git for versions.
        "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'",
    ]


async def _collect(
    space: Workspace, nonce: str, instance: Instance
) -> tuple[tuple[str, ...], str, tuple[int | None, int | None], str] | None:
    """What root's reader has, as root: the report's lines, the output's end, counts of memory, and the room.

    None where the tests left no process to ask with.
    """
    work = space.folder
    script = "\n".join(
        [
            f"reader=$(cat {work}/reader)",
            # It ends with the last writer; a process that was left behind may hold the pipe open. Where the first
            # process collects no others, an ended one is still listed.
            "for i in $(seq 50); do kill -0 $reader 2>/dev/null && ! grep -q '^State:.Z' /proc/$reader/status"
            " 2>/dev/null || break; sleep 0.02; done; kill $reader 2>/dev/null",
            f"grep -aF {nonce} {work}/report | tail -c {_REPORT_TAIL} | base64 -w0; echo",
            f"tail -c {_OUTPUT_TAIL} {work}/output | base64 -w0; echo",
            f"({_OOM_KILLS}) | paste -sd' '; {_ROOM.format(folder=work)}",
        ]
    )
    result = await _asked(space, ["bash", "-c", script], 120)
    lines = result.stdout.split("\n")
    try:
        report, output = (base64.b64decode(part, validate=True) for part in lines[:2])
    except ValueError:
        if _no_process(result.stdout + result.stderr):
            return None
        raise GradingError(
            f"{instance.instance_id}: the results cannot be read: {result.stderr[-300:]!r}"
        ) from None
    # A line without the nonce was not written by our part of the run.
    return (
        tuple(line for line in report.decode("utf-8", "replace").splitlines() if nonce in line),
        output.decode("utf-8", "replace"),
        _counts((lines[2] if len(lines) > 2 else "").split()),
        lines[3].strip() if len(lines) > 3 else "",
    )
