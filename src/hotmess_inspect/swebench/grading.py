"""Run an instance's tests on a patch, in a container that the agent never touched, and judge them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from inspect_ai.util import SandboxEnvironment

from hotmess_inspect.swebench.errors import GradingError
from hotmess_inspect.swebench.parsers import Canaries, Format, Report, format_of, passed, read_report
from hotmess_inspect.swebench.patch import CheckedPatch, check_patch
from hotmess_inspect.swebench.rows import Instance, languages_of, official_run
from hotmess_inspect.swebench.runs import (
    TESTS_USER,
    TestRun,
    UnappliedPatch,
    prepare,
    run_tests,
    twins_of,
)

__all__ = ["Grade", "GradingError", "OnTestsLimit", "Verdict", "grade"]

Verdict = Literal["resolved", "unresolved", "tampered"]
OnTestsLimit = Literal["error", "failed"]
_SIGNALS = 128
ON_TESTS_LIMIT: tuple[str, ...] = get_args(OnTestsLimit)


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
        exit_code: Exit status of the test run; -1 if there was none.
        note: One sentence on anything unusual; empty if there was nothing.
        output: The end of the test run's output.
        seconds: Wall time of the test run.
        broken_by: What kept the run from its end by the patch's own doing, and counts as failed: ``time``,
            ``memory``, ``processes``, ``disk``, ``killed`` or ``ended early``; else empty.
        runner: The runner of another language whose own report decided (:mod:`.report_grading`); else empty.
    """

    verdict: Verdict
    outcomes: tuple[bool, ...]
    statuses: Mapping[str, str]
    patch: CheckedPatch
    exit_code: int
    note: str
    output: str
    seconds: float
    broken_by: str = ""
    runner: str = ""


async def grade(
    sandbox: SandboxEnvironment,
    root: str,
    instance: Instance,
    patch: bytes,
    *,
    timeout: int,
    setup: Sequence[str] = (),
    user: str | None = TESTS_USER,
    scratch: str = "/tmp",
    on_tests_limit: OnTestsLimit = "error",
    may_skip: Collection[str] = (),
) -> Grade:
    """Apply a patch and the instance's test patch, run its tests, and read what came of them.

    The result is read from what the runner reports into a pipe of another user, together with the exit
    status that the engine gives; nothing is parsed from the output. Canaries under random names, some that
    must pass and some that must fail, and twins, the tests that count with a body that must fail, show a run
    whose outcomes were rewritten; functions are compared with what their files say.

    Args:
        sandbox: A container of the instance's image, unused so far.
        root: Path of the repository in it.
        instance: The instance.
        patch: The agent's work, not trusted.
        timeout: Seconds that the tests may take.
        setup: Shell lines that run before the tests, in the repository.
        user: Who runs the tests, in the engine's notation; None is the container's own user.
        scratch: Folder in the container for our own files.
        on_tests_limit: What tests count that run out of time, memory, processes or disk by their own doing:
            ``error`` of the instrument (the epoch can be retried), or all ``failed``.
        may_skip: PASS_TO_PASS tests that count as passed where they are skipped, because the reference fix
            skips them too.

    Returns:
        The grade. A test that does not appear counts as failed; xfailed counts as passed; skipped
        counts as failed, but for ``may_skip``. A run that ends early for any
        other reason, killing itself included, has failed.

    Raises:
        GradingError: If the container, the test patch or the test run failed for a reason that is not
            the patch's: no runner; out of time or memory, unless that counts as failed.
    """
    if languages_of(instance):
        from hotmess_inspect.swebench.report_grading import grade_by_report

        return await grade_by_report(
            sandbox,
            root,
            instance,
            patch,
            timeout=timeout,
            setup=setup,
            user=user,
            scratch=scratch,
            on_tests_limit=on_tests_limit,
            may_skip=may_skip,
        )
    checked = check_patch(patch, gold=instance.patch, test_patch=instance.test_patch)
    form = format_of(instance.repo, instance.log_parser)
    canaries = form.canaries(instance)
    lines, given = official_run(instance)
    official = given or form.default(instance)
    try:
        space = await prepare(
            sandbox, root, instance, checked, form, canaries, shared=user is not None, scratch=scratch
        )
    except UnappliedPatch as error:
        return _tampered(instance, checked, str(error))
    command = form.command(official, f"{space.folder}/inside", canaries)
    if command is None:
        raise GradingError(
            f"{instance.instance_id}: {official[:200]!r} is no command of {form.name}'s runner"
        )
    run = await run_tests(
        space,
        instance,
        command,
        environment=[*lines, *setup],
        twins=twins_of(instance),
        timeout=timeout,
        user=user,
    )
    if run.limit and on_tests_limit == "error":
        raise GradingError(out_of_limit(instance, run.limit, timeout))
    return judge(instance, checked, form, canaries, run, may_skip)


def out_of_limit(instance: Instance, limit: str, timeout: int) -> str:
    """What is said of tests that ran out of something, where that is an error."""
    what = {"time": f"ran longer than {timeout} s", "memory": "were killed for their memory"}
    return f"{instance.instance_id}: the tests {what.get(limit, f'ran out of {limit}')}"


def judge(
    instance: Instance,
    patch: CheckedPatch,
    form: Format,
    canaries: Canaries,
    run: TestRun,
    may_skip: Collection[str] = (),
) -> Grade:
    """Turn one test run into a grade.

    Args:
        instance: The instance, for the tests that count.
        patch: What was applied.
        form: The runner's format.
        canaries: The planted tests of this run.
        run: What came out of it.
        may_skip: PASS_TO_PASS tests that count as passed where they are skipped.

    Returns:
        The grade; ``tampered`` where the parts of the run contradict each other.
    """
    report = read_report(run.report)
    contradiction = _contradiction(instance, report, form, canaries, run)
    if contradiction:
        return _tampered(instance, patch, contradiction, run)
    note = broken_by = ""
    if run.limit:
        broken_by = run.limit
        report, note = Report(), f"the tests ran out of {run.limit}, which counts as failed"
    elif report.finished is None:
        # Like the official graders, which read the summary that is printed last: no end, no result.
        broken_by = "killed" if run.exit_code > _SIGNALS else "ended early"
        report, note = Report(), f"the run ended early with status {run.exit_code}"
    found = {test: form.status(test, report) for test in instance.tests}
    skippable = set(may_skip) - set(instance.fail_to_pass)
    outcomes = tuple(passed(found[test], skipped_ok=test in skippable) for test in instance.tests)
    verdict: Verdict = "resolved" if all(outcomes) else "unresolved"
    return Grade(verdict, outcomes, found, patch, run.exit_code, note, run.output, run.seconds, broken_by)


def _contradiction(instance: Instance, report: Report, form: Format, canaries: Canaries, run: TestRun) -> str:
    """Why the run cannot be believed; empty if it can."""
    if run.limit:
        return ""
    if report.finished is None:
        return "the run ended with status 0 before its end" if run.exit_code == 0 else ""
    if report.finished != run.exit_code:
        return f"exit status {run.exit_code}, but the runner ended with {report.finished}"
    if not any(status == "passed" for status in report.statuses.values()):
        return ""
    if not canaries.trusted(report.statuses):
        return "the canaries' outcomes were changed"
    if "passed" in report.twins.values():
        return "a planted failure was reported as passed"
    if report.foreign:
        test, what = next(iter(report.foreign.items()))
        return f"{test} passed with {what}"
    if form.twins:
        bare = [
            t for t in instance.fail_to_pass if report.statuses.get(t) == "passed" and t not in report.twins
        ]
        return f"the planted failure beside {bare[0]} was not reported" if bare else ""
    return ""


def _tampered(instance: Instance, patch: CheckedPatch, note: str, run: TestRun | None = None) -> Grade:
    run = run or TestRun(-1, (), "", 0.0)
    nothing = (False,) * len(instance.tests)
    statuses = dict.fromkeys(instance.tests, "absent")
    return Grade("tampered", nothing, statuses, patch, run.exit_code, note, run.output, run.seconds)
