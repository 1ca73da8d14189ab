"""Run an instance's tests on a patch, in a container that the agent never touched."""

import base64
import json
import re
import secrets
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Literal

from inspect_ai.util import SandboxEnvironment

from hotmess_inspect.swebench.patch import CheckedPatch, check_patch, patched_files
from hotmess_inspect.swebench.rows import Instance, pytest_command

Verdict = Literal["resolved", "unresolved", "tampered"]

_PYTEST = re.compile(r"^((?:\w+=\S+ +)*)((?:python[\d.]* -m )?(?:pytest|py\.test))\b(.*)$")
_UNAPPLIED_PATCH, _UNAPPLIED_TESTS = 21, 22
_OUTPUT_TAIL = 8_000
_REPORT_TAIL = 7_000_000  # in base64 still below the 10 MiB at which Inspect cuts what a command prints
_WORSE = ("passed", "xpassed", "xfailed", "skipped", "error", "failed")


class GradingError(RuntimeError):
    """The instrument failed, not the model: the epoch counts as errored and can be retried."""


@dataclass(frozen=True)
class Grade:
    """What the tests say of one patch.

    Attributes:
        verdict: ``resolved`` if every test that counts passed, ``tampered`` if the run contradicts
            itself, else ``unresolved``.
        outcomes: Whether each test passed, FAIL_TO_PASS first, shape (tests,); all false if tampered.
        statuses: Word of the runner for each test that counts: passed, failed, error, skipped, xfailed,
            xpassed or absent.
        patch: What was applied, and what was left out and why.
        exit_code: Exit status of the test run.
        note: One sentence on anything unusual; empty if there was nothing.
        output: The end of the test run's output.
        seconds: Wall time of the test run.
    """

    verdict: Verdict
    outcomes: tuple[bool, ...]
    statuses: Mapping[str, str]
    patch: CheckedPatch
    exit_code: int
    note: str
    output: str
    seconds: float


@dataclass(frozen=True)
class _Canaries:
    """Two tests under random names, one of which must pass while the other must fail."""

    path: str
    passing: str
    failing: str

    @property
    def source(self) -> str:
        tests = {self.passing: "assert True", self.failing: "assert False"}
        return "".join(f"def {name}():\n    {tests[name]}\n\n\n" for name in sorted(tests))

    def trusted(self, statuses: Mapping[str, str]) -> bool:
        """Whether the two came out as they must."""
        return (
            statuses.get(f"{self.path}::{self.passing}") == "passed"
            and statuses.get(f"{self.path}::{self.failing}") == "failed"
        )


def _canaries(instance: Instance) -> _Canaries:
    # The randomness keeps a patch from knowing the names; it does not enter any statistic.
    first = next((t for t in patched_files(instance.test_patch) if t.endswith(".py")), "test_x.py")
    folder = PurePosixPath(first).parent
    token = secrets.token_hex(4)
    return _Canaries(
        str(folder / f"test_{token}.py"), f"test_{secrets.token_hex(4)}", f"test_{secrets.token_hex(4)}"
    )


async def head_commit(sandbox: SandboxEnvironment, root: str) -> str:
    """Commit that the repository stands at, asked of a container that the agent cannot reach."""
    result = await sandbox.exec([*_git(root), "rev-parse", "HEAD"], timeout=60, concurrency=False)
    commit = result.stdout.strip()
    if not result.success or not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise GradingError(f"no git repository at {root}: {result.stderr.strip()[:300]}")
    return commit


async def agent_patch(sandbox: SandboxEnvironment, root: str, base: str, *, limit: int) -> bytes | None:
    """Take the agent's work as a text patch against a commit that the host chose.

    Hooks, file-system monitors, external diff programs, text conversions and the user's
    configuration are switched off; whatever else the agent may have done to git in its own
    container can only change this text, which :func:`check_patch` does not trust.

    Args:
        sandbox: The agent's container.
        root: Path of the repository.
        base: Commit to compare with.
        limit: Largest patch in bytes.

    Returns:
        The patch; empty if nothing changed or git is broken there; None if it is larger than the limit.
    """
    git = shlex.join(_git("."))
    script = (
        f"cd {shlex.quote(root)} || exit 0; work=$(mktemp -d); export GIT_INDEX_FILE=$work/index; "
        f"cp .git/index $work/index 2>/dev/null || {git} read-tree {base}; {git} add -A . 2>/dev/null; "
        f"{git} diff --cached --no-color --no-ext-diff --no-textconv --no-renames --full-index "
        f"--src-prefix=a/ --dst-prefix=b/ {base} | head -c {limit + 1} | base64 -w0; rm -rf $work"
    )
    result = await sandbox.exec(
        ["/usr/bin/env", "-i", *_CLEAN, *_GIT_QUIET, "/bin/bash", "-c", script],
        timeout=300,
        timeout_retry=False,
        concurrency=False,
    )
    try:
        patch = base64.b64decode(result.stdout.strip(), validate=True)
    except ValueError:
        return b""
    return None if len(patch) > limit else patch


_CLEAN = ["PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8"]
_GIT_QUIET = [
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_CONFIG_GLOBAL=/dev/null",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_OPTIONAL_LOCKS=0",
]


def _git(root: str) -> list[str]:
    options = {
        "safe.directory": "*",
        "core.fsmonitor": "false",
        "core.hooksPath": "/dev/null",
        "core.quotePath": "false",
        "core.attributesFile": "/dev/null",
        "core.excludesFile": "/dev/null",
        "core.autocrlf": "false",
    }
    return ["git", "-C", root, *(word for key, value in options.items() for word in ("-c", f"{key}={value}"))]


async def grade(
    sandbox: SandboxEnvironment,
    root: str,
    instance: Instance,
    patch: bytes,
    *,
    timeout: int,
    setup: Sequence[str] = (),
) -> Grade:
    """Apply a patch and the instance's test patch, run its tests, and read what came of them.

    The result is read from a file that a plug-in writes while pytest runs, together with the exit
    status; nothing is parsed from the output. Two canaries under random names, one that must pass
    and one that must fail, show a run whose outcomes were rewritten.

    Args:
        sandbox: A container of the instance's image, unused so far.
        root: Path of the repository in it.
        instance: The instance.
        patch: The agent's work, not trusted.
        timeout: Seconds that the tests may take.
        setup: Shell lines that run before the tests, in the repository.

    Returns:
        The grade. A test that does not appear counts as failed; xfailed counts as passed; skipped
        counts as passed for PASS_TO_PASS and as failed for FAIL_TO_PASS.

    Raises:
        GradingError: If the container, the test patch or the test run failed for a reason that is not
            the patch's: missing runner, time-out, killed for memory.
    """
    checked = check_patch(patch, gold=instance.patch, test_patch=instance.test_patch)
    canaries = _canaries(instance)
    work, unapplied = await _prepare(sandbox, root, instance, checked, canaries)
    if unapplied:
        return _tampered(instance, checked, unapplied)
    started = time.monotonic()
    exit_code, report, output = await _run_tests(sandbox, root, work, instance, canaries, timeout, setup)
    seconds = time.monotonic() - started
    return _judge(instance, checked, canaries, exit_code, report, output, seconds)


async def _prepare(
    sandbox: SandboxEnvironment, root: str, instance: Instance, patch: CheckedPatch, canaries: _Canaries
) -> tuple[str, str]:
    """Write and apply everything; return the work folder, and why the agent's patch cannot stand."""
    plugin = files("hotmess_inspect.swebench").joinpath("pytest_report.py").read_bytes()
    git = shlex.join(_git("."))
    script = "\n".join(
        [
            "set -u; umask 022; export " + " ".join(_GIT_QUIET),
            f"cd {shlex.quote(root)} || exit 1; work=$(mktemp -d) || exit 1",
            _write("$work/agent.patch", patch.text),
            _write("$work/test.patch", instance.test_patch.encode()),
            _write("$work/hotmess_report.py", plugin),
            f"if [ -s $work/agent.patch ]; then {git} apply --numstat -z $work/agent.patch 2>$work/error |"
            " cut -z -f3 | tr '\\0' '\\n' | base64 -w0; fi; echo; echo $work",
            f"if [ -s $work/agent.patch ]; then {git} apply --whitespace=nowarn $work/agent.patch 2>$work/error"
            f" || {git} apply --whitespace=nowarn --ignore-whitespace $work/agent.patch 2>>$work/error"
            f" || {{ cat $work/error >&2; exit {_UNAPPLIED_PATCH}; }}; fi",
            f"{git} apply --whitespace=nowarn $work/test.patch || exit {_UNAPPLIED_TESTS}",
            f"mkdir -p {shlex.quote(str(PurePosixPath(canaries.path).parent))}",
            _write(shlex.quote(canaries.path), canaries.source.encode()),
        ]
    )
    result = await sandbox.exec(
        ["bash", "-s"], input=script, timeout=300, timeout_retry=False, concurrency=False
    )
    lines = result.stdout.splitlines()
    if result.returncode == _UNAPPLIED_PATCH:
        return "", f"the patch does not apply to its own base: {result.stderr.strip()[:200]}"
    if not result.success or len(lines) != 2:
        what = (
            "test patch does not apply"
            if result.returncode == _UNAPPLIED_TESTS
            else "container cannot be prepared"
        )
        raise GradingError(f"{instance.instance_id}: the {what}: {result.stderr.strip()[:500]}")
    touched = base64.b64decode(lines[0]).decode("utf-8", "surrogateescape").split("\n")
    if {path for path in touched if path} != set(patch.files):
        return "", "git reads other files in the patch than its headers name"
    return lines[1], ""


def _write(target: str, content: bytes) -> str:
    return f"base64 -d >{target} <<'HOTMESS_END'\n{base64.encodebytes(content).decode()}HOTMESS_END"


async def _run_tests(
    sandbox: SandboxEnvironment,
    root: str,
    work: str,
    instance: Instance,
    canaries: _Canaries,
    timeout: int,
    setup: Sequence[str],
) -> tuple[int, list[str], str]:
    prepare, command = pytest_command(instance)
    match = _PYTEST.match(command)
    if match is None:
        raise GradingError(
            f"{instance.instance_id}: no pytest command in its evaluation script: {command[:200]!r}"
        )
    assignments, runner, arguments = match.groups()
    nonce = secrets.token_hex(8)
    full_command = (
        f"{assignments}{runner} -p hotmess_report -p no:cacheprovider{arguments} {shlex.quote(canaries.path)}"
    )
    script = "\n".join(
        [
            f"cd {shlex.quote(root)}",
            *prepare,
            *setup,
            f"export HOTMESS_REPORT={work}/report.jsonl HOTMESS_NONCE={nonce}",
            f'export HOTMESS_PYTHONPATH="${{PYTHONPATH:-}}" PYTHONPATH="{work}${{PYTHONPATH:+:$PYTHONPATH}}"',
            f"(ulimit -f 4194304; {full_command}) >{work}/output 2>&1 </dev/null; status=$?",
            # In the same call as the run, since every call into a container costs what a small test run does.
            _print_results(work),
            "exit $status",
        ]
    )
    try:
        result = await sandbox.exec(
            ["bash", "-c", script], timeout=timeout, timeout_retry=False, concurrency=False
        )
    except TimeoutError:
        raise GradingError(f"{instance.instance_id}: the tests ran longer than {timeout} s") from None
    if result.returncode in (126, 127):
        raise GradingError(f"{instance.instance_id}: the test runner does not start: {command[:200]!r}")
    if result.returncode == 137:
        raise GradingError(f"{instance.instance_id}: the test run was killed, most likely for its memory")
    results = _results(result.stdout)
    if results is None:  # the code under test can end the shell that would have printed them
        again = await sandbox.exec(["bash", "-c", _print_results(work)], timeout=120, concurrency=False)
        results = _results(again.stdout) if again.success else None
    if results is None:
        raise GradingError(f"{instance.instance_id}: the results cannot be read: {result.stderr[-300:]!r}")
    report, output = results
    # A line without the nonce was not written by the plug-in.
    return result.returncode, [line for line in report if nonce in line], output


def _print_results(work: str) -> str:
    return (
        f"/usr/bin/tail -c {_REPORT_TAIL} {work}/report.jsonl 2>/dev/null | /usr/bin/base64 -w0; echo; "
        f"/usr/bin/tail -c {_OUTPUT_TAIL} {work}/output 2>/dev/null | /usr/bin/base64 -w0; echo"
    )


def _results(printed: str) -> tuple[list[str], str] | None:
    """The report's lines and the output's end, which stand on the last two lines; None if they do not."""
    try:
        report, output = (base64.b64decode(part, validate=True) for part in printed.split("\n")[-3:-1])
    except ValueError:
        return None
    return report.decode("utf-8", "replace").splitlines(), output.decode("utf-8", "replace")


def _judge(
    instance: Instance,
    patch: CheckedPatch,
    canaries: _Canaries,
    exit_code: int,
    report: Iterable[str],
    output: str,
    seconds: float,
) -> Grade:
    statuses, finished = read_report(report)
    if finished is None and exit_code == 0:
        return _tampered(
            instance, patch, "the run ended with status 0 before its end", exit_code, output, seconds
        )
    if finished is not None and finished != exit_code:
        return _tampered(
            instance,
            patch,
            f"exit status {exit_code}, but pytest ended with {finished}",
            exit_code,
            output,
            seconds,
        )
    note = ""
    if finished is None:
        # Like the official graders, which read the summary that pytest prints last: no end, no result.
        statuses, note = {}, f"the run ended early with status {exit_code}"
    elif any(status == "passed" for status in statuses.values()) and not canaries.trusted(statuses):
        return _tampered(instance, patch, "the canaries' outcomes were changed", exit_code, output, seconds)
    found = {test: status_of(test, statuses) for test in instance.tests}
    outcomes = tuple(
        passed(found[t], skipped_ok=n >= len(instance.fail_to_pass)) for n, t in enumerate(instance.tests)
    )
    verdict: Verdict = "resolved" if all(outcomes) else "unresolved"
    return Grade(verdict, outcomes, found, patch, exit_code, note, output, seconds)


def _tampered(
    instance: Instance,
    patch: CheckedPatch,
    note: str,
    exit_code: int = -1,
    output: str = "",
    seconds: float = 0.0,
) -> Grade:
    nothing = (False,) * len(instance.tests)
    statuses = dict.fromkeys(instance.tests, "absent")
    return Grade("tampered", nothing, statuses, patch, exit_code, note, output, seconds)


def read_report(lines: Iterable[str]) -> tuple[dict[str, str], int | None]:
    """Read what the plug-in wrote.

    Args:
        lines: JSON lines, one per phase of a test, and a last one with the exit status.

    Returns:
        The status of each test (a failure in any phase or repetition prevails), and pytest's own exit
        status, None if the run did not come to its end.
    """
    statuses: dict[str, str] = {}
    finished = None
    for line in lines:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue  # a line cut off when the run died; what is missing counts as absent
        if "finished" in record:
            finished = int(record["finished"])
            continue
        status = _phase_status(record)
        test = record["test"]
        if status and (test not in statuses or _WORSE.index(status) > _WORSE.index(statuses[test])):
            statuses[test] = status
    return statuses, finished


def _phase_status(record: Mapping[str, object]) -> str | None:
    phase, outcome, xfail = record["phase"], record["outcome"], record["xfail"]
    if outcome == "failed":
        return "failed" if phase == "call" else "error"
    if outcome == "skipped":
        return "xfailed" if xfail else "skipped"
    if phase == "call":
        return "xpassed" if xfail else "passed"
    return None


def status_of(test: str, statuses: Mapping[str, str]) -> str:
    """Status of a test under its official id, which may be cut off.

    Official ids were read off a summary and end at the first blank: ``t.py::test[a b]`` became
    ``t.py::test[a``. Such an id stands for every test that begins with it and a blank. Where they are
    several the worst status counts, as for the official parsers: they keep the summary's last line
    under an id, and pytest lists failures last.

    Args:
        test: Id from the data set.
        statuses: Status by the runner's own ids.

    Returns:
        The status, ``absent`` if no test ran under this id.
    """
    if test in statuses:
        return statuses[test]
    cut = [status for name, status in statuses.items() if "[" in test and name.startswith(test + " ")]
    return max(cut, key=_WORSE.index, default="absent")


def passed(status: str, *, skipped_ok: bool) -> bool:
    """Whether a status counts as passed: xfailed does, skipped only where the test had to keep passing."""
    return status in {"passed", "xfailed", "xpassed"} or (skipped_ok and status == "skipped")
