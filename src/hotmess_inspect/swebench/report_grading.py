"""Grading of tests in other languages than Python: the runner's own report decides.

The road is that of :mod:`.grading` up to the command: the same checks of the patch, preparation, user, limits. What
differs is said in ``docs/swebench_grading.md``: there are no canaries and nothing of ours in the test process, so a patch
that is written against the runner can forge its report.
"""

import base64
import binascii
import io
import re
import secrets
import shlex
import tarfile
import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from inspect_ai.util import SandboxEnvironment

from hotmess_inspect.swebench.errors import GradingError
from hotmess_inspect.swebench.grading import Grade, OnTestsLimit, Verdict, out_of_limit
from hotmess_inspect.swebench.parsers import Canaries, Format, passed
from hotmess_inspect.swebench.parsers.report import worst
from hotmess_inspect.swebench.parsers.reports import BrokenReport
from hotmess_inspect.swebench.parsers.runners import RUNNERS, Step, steps_of
from hotmess_inspect.swebench.patch import CheckedPatch, check_patch, patched_files, split_patch
from hotmess_inspect.swebench.rows import Instance, marked_lines
from hotmess_inspect.swebench.runs import TestRun, UnappliedPatch, Workspace, prepare, run_tests
from hotmess_inspect.words import counted

_MOST_BYTES = (
    7_000_000  # compressed; in base64 still below the 10 MiB at which Inspect cuts what a command prints
)
_MOST_UNPACKED = 200_000_000
_SIGNALS = range(129, 165)

# Files of tests, and of settings of runners and build tools, which an agent's version never replaces.
_TESTS = re.compile(
    r"(?:.*/)?(?:__tests__|__mocks__|__snapshots__|testdata|src/test)/.*|specs?/.*|.*\.snap|.*_test\.(?:go|rs|rb)"
    r"|.*[._-](?:test|tests|spec)\.[cm]?[jt]sx?|.*_spec\.rb|(?:.*/)?test_[^/]*\.rb|.*[a-z0-9]Tests?\.(?:php|java|kt|groovy)"
)
_SETTINGS = re.compile(
    r"(?:.*/)?(?:package\.json|\.npmrc|\.yarnrc(?:\.yml)?|pnpm-workspace\.yaml|\.(?:mocharc|nycrc|babelrc)(?:\.\w+)?"
    r"|(?:jest|vite|vitest|babel|ava)\.(?:config|setup|workspace)(?:\.\w+)+|karma\.conf\.\w+"
    r"|go\.(?:mod|work)|Cargo\.toml|\.cargo/.*|\.config/nextest\.toml|rust-toolchain.*"
    r"|pom\.xml|\.mvn/.*|mvnw.*|.*\.gradle(?:\.kts)?|gradle\.properties|gradle/.*|gradlew.*|build\.xml"
    r"|phpunit\.xml.*|composer\.json|Gemfile|Rakefile|\.rspec|(?:surefire-reports|test-results)/.*)"
)


def refusal(instance: Instance) -> str:
    """Why the tests of a row cannot be run here; empty if they can."""
    _, steps = _plan(instance)
    if not steps:
        return "the row holds no evaluation script, so how its tests run is not known"
    if not any(step.runner for step in steps):
        known = ", ".join(runner.name for runner in RUNNERS)
        return (
            f"its test command {steps[0].command[:80]!r} is of no runner whose report is read here ({known})"
        )
    return ""


def runners_of(instance: Instance) -> str:
    """Names of the runners whose reports decide, each once."""
    return _names(_plan(instance)[1])


def check_other_patch(patch: bytes, instance: Instance) -> CheckedPatch:
    """What :func:`.check_patch` lets through, without tests and settings of the other languages' runners."""
    checked = check_patch(patch, gold=instance.patch, test_patch=instance.test_patch)
    allowed = set(patched_files(instance.patch))
    kept, dropped = [], list(checked.dropped)
    for part in split_patch(checked.text):
        names = [name for name in (part.path, part.source) if name and name not in allowed]
        if any(_TESTS.fullmatch(name) for name in names):
            dropped.append((part.path, "test file"))
        elif any(_SETTINGS.fullmatch(name) for name in names):
            dropped.append((part.path, "configures the test runner or the build"))
        else:
            kept.append(part)
    return CheckedPatch(b"".join(p.text for p in kept), tuple(p.path for p in kept), tuple(dropped))


async def grade_by_report(
    sandbox: SandboxEnvironment,
    root: str,
    instance: Instance,
    patch: bytes,
    *,
    timeout: int,
    setup: Sequence[str],
    user: str | None,
    scratch: str,
    on_tests_limit: OnTestsLimit,
    may_skip: Collection[str],
) -> Grade:
    """Apply a patch and the test patch, run the row's own commands, and read the reports that the runners write.

    Arguments, return value and errors are those of :func:`.grading.grade`. A test passes if its report is whole, names
    it, and gives it one result: passed. What is missing, stands in a report that is cut off, or has two results
    counts as failed, and the note says so.
    """
    checked = check_other_patch(patch, instance)
    lines, steps = _plan(instance)

    def failed(run: TestRun, note: str, verdict: Verdict = "unresolved") -> Grade:
        outcomes, statuses = (False,) * len(instance.tests), dict.fromkeys(instance.tests, "absent")
        said = (run.exit_code, note, run.output, run.seconds, run.limit)
        return Grade(verdict, outcomes, statuses, checked, *said, _names(steps))

    nothing = Format("report", (), lambda _: "", lambda *_: None, lambda _: _NO_CANARIES, lambda *_: "absent")
    try:
        space = await prepare(
            sandbox, root, instance, checked, nothing, _NO_CANARIES, shared=user is not None, scratch=scratch
        )
    except UnappliedPatch as error:
        return failed(TestRun(-1, (), "", 0.0), str(error), "tampered")
    folder = f"{space.folder}/{secrets.token_hex(8)}"
    watched = await _root(space, instance, _PREPARE.format(folder=folder, trees=_trees()) + _sums(instance))
    commands = [f"\n{line}" for line in lines]
    commands += [f"\n{step.shell(f'{folder}/{number}')}" for number, step in enumerate(steps)]
    run = await run_tests(
        space,
        instance,
        "".join(commands) + "\ntrue",
        # The settings of our part of the runner, which is not there, must not be read by the tests.
        environment=["exec 3<&-", *setup],
        twins=(),
        timeout=timeout,
        user=user,
    )
    if run.limit:
        if on_tests_limit == "error":
            raise GradingError(out_of_limit(instance, run.limit, timeout))
        return failed(run, f"the tests ran out of {run.limit}, which counts as failed")
    if await _root(space, instance, _sums(instance)) != watched:
        return failed(run, "the run changed the files of its own tests", "tampered")
    said = await _root(space, instance, _COLLECT.format(folder=folder, most=_MOST_BYTES))
    return judge_reports(instance, checked, run, _unpacked(said), steps, root, may_skip)


_NO_CANARIES = Canaries("/dev/null", "", (), (), "")
_PREPARE = "mkdir -m 1733 {folder} || exit 1; find . -type f \\( {trees} \\) -delete\n"  # reports of the image's own runs
_COLLECT = "tar -C {folder} -czf - . 2>/dev/null | head -c {most} | base64 -w0"


def _trees() -> str:
    return " -o ".join(f"-path {shlex.quote(runner.tree)}" for runner in RUNNERS if runner.tree)


def _sums(instance: Instance) -> str:
    # A test that writes its own snapshot changes no source.
    files = [path for path in patched_files(instance.test_patch) if not path.endswith(".snap")]
    return f"sha256sum -- {shlex.join(files)} 2>&1" if files else "true"


async def _root(space: Workspace, instance: Instance, script: str) -> str:
    script = f"cd {shlex.quote(space.root)} || exit 1\n{script}\nexit 0"
    done = await space.sandbox.exec(
        ["bash", "-c", script], timeout=120, timeout_retry=False, concurrency=False
    )
    if not done.success:
        said = (done.stderr or done.stdout).strip()[-300:]
        raise GradingError(f"{instance.instance_id}: the reports of the tests cannot be collected: {said!r}")
    return done.stdout


@dataclass(frozen=True)
class Reports:
    """What the commands left.

    Attributes:
        files: Contents of the report's files, by the command's number.
        statuses: Exit status of each command that ended.
        problem: Why nothing can be read; empty if it can.
    """

    files: Mapping[int, Sequence[bytes]]
    statuses: Mapping[int, int]
    problem: str = ""


def _unpacked(packed: str) -> Reports:
    """Read the archive that came out of the container, as that of a stranger."""
    files: dict[int, list[bytes]] = defaultdict(list)
    statuses: dict[int, int] = {}
    try:
        unzip = zlib.decompressobj(wbits=31)
        data = unzip.decompress(base64.b64decode(packed, validate=True), _MOST_UNPACKED)
        if not unzip.eof:
            return Reports({}, {}, "the reports are too large or cut off")
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                number, _, ending = (path.parts[0] if path.parts else "").partition(".")
                content = archive.extractfile(member) if member.isfile() and number.isdigit() else None
                if content is None:
                    continue
                if ending == "status":
                    text = content.read(16).strip()
                    statuses[int(number)] = int(text) if text.isdigit() else -1
                elif len(path.parts) > 1:
                    files[int(number)].append(content.read())
    except (tarfile.TarError, binascii.Error, zlib.error, EOFError, OSError, ValueError) as error:
        return Reports({}, {}, f"the reports cannot be read: {error}")
    return Reports(files, statuses)


def judge_reports(
    instance: Instance,
    patch: CheckedPatch,
    run: TestRun,
    reports: Reports,
    steps: Sequence[Step],
    root: str,
    may_skip: Collection[str] = (),
) -> Grade:
    """Turn the reports of one run into a grade.

    Args:
        instance: The instance, for the tests that count.
        patch: What was applied.
        run: What came out of the run.
        reports: What its commands left.
        steps: The commands.
        root: Path of the repository in the container.
        may_skip: PASS_TO_PASS tests that count as passed where they are skipped.
    """
    notes = [reports.problem] if reports.problem else []
    found: dict[str, dict[tuple[int, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    broken_by = ""
    for number, step in enumerate(steps):
        if step.runner is None:
            continue
        status = reports.statuses.get(number, run.exit_code)
        try:
            cases = step.runner.read(reports.files.get(number, ()), root)
        except BrokenReport as error:
            notes.append(f"{step.runner.name} ended with status {status}: {error}")
            broken_by = broken_by or ("killed" if status in _SIGNALS else "" if status else "ended early")
            continue
        if status != 0 and not any(case.status in ("failed", "error") for case in cases):
            notes.append(f"{step.runner.name} ended with status {status}, and its report names no failure")
            continue
        for case in cases:
            for name in case.names:
                found[step.runner.key(name)][number, case.test].add(case.status)
    keys = {step.runner.key for step in steps if step.runner}
    statuses: dict[str, str] = {}
    twice: list[str] = []
    for test in instance.tests:
        same = [results for key in keys for results in found.get(key(test), {}).values()]
        if any(len(results) > 1 for results in same):
            twice.append(test)
            statuses[test] = "failed"
            continue
        words = [word for results in same for word in results]
        # Under one title several tests may stand, of which a filter leaves some out.
        statuses[test] = worst([word for word in words if word != "skipped"] or words)
    if twice:
        notes.append(
            f"{counted(len(twice), 'test', 'is', 'are')} reported twice with different results, for example {twice[0]!r}"
        )
    absent = [test for test, status in statuses.items() if status == "absent"]
    if absent and not notes:
        notes.append(f"{counted(len(absent), 'test', 'is', 'are')} in no report, for example {absent[0]!r}")
    skippable = set(may_skip) - set(instance.fail_to_pass)
    outcomes = tuple(passed(statuses[test], skipped_ok=test in skippable) for test in instance.tests)
    code = next((status for status in reports.statuses.values() if status), run.exit_code)
    said = (code, "; ".join(notes)[:1000], run.output, run.seconds, "" if any(outcomes) else broken_by)
    return Grade(
        "resolved" if all(outcomes) else "unresolved", outcomes, statuses, patch, *said, _names(steps)
    )


def _names(steps: Sequence[Step]) -> str:
    return ", ".join(dict.fromkeys(step.runner.name for step in steps if step.runner))


_PREAMBLE = re.compile(r"#|set |cd /testbed\s*$|git |: |echo ")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


def _plan(instance: Instance) -> tuple[list[str], tuple[Step, ...]]:
    """Lines of the official script that come before the tests (environment, build), and the commands of the tests."""
    before, inner = marked_lines(instance.eval_script)
    kept: list[str] = []
    end, drop = "", False
    for line in before:
        if end:
            ended, keep = line.strip() == end, not drop
            end = "" if ended else end
            kept += [line] * keep
            continue
        drop = bool(_PREAMBLE.match(line.strip()))
        if found := _HEREDOC.search(line):
            end = found[2]
        kept += [line] * (not drop and bool(line.strip()))
    return kept, steps_of(inner, instance.log_parser)
