"""How a report becomes outcomes and a verdict; the container's part is in test_swebench_docker."""

import json
from typing import Any

import anyio
import pytest
from inspect_ai.util import ExecResult

from hotmess_inspect.swebench import runs
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.swebench.parsers import Report, passed, read_report
from hotmess_inspect.swebench.parsers.pytest_runs import status_of
from hotmess_inspect.swebench.rows import parse_row


def line(test: str, phase: str, outcome: str, xfail: bool = False) -> str:
    return json.dumps({"test": test, "phase": phase, "outcome": outcome, "xfail": xfail, "nonce": "n"})


def phases(test: str, call: str, **options: Any) -> list[str]:
    return [
        line(test, "setup", "passed"),
        line(test, "call", call, **options),
        line(test, "teardown", "passed"),
    ]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (phases("t", "passed"), "passed"),
        (phases("t", "failed"), "failed"),
        (phases("t", "skipped"), "skipped"),
        (phases("t", "skipped", xfail=True), "xfailed"),
        (phases("t", "passed", xfail=True), "xpassed"),
        ([line("t", "setup", "failed"), line("t", "teardown", "passed")], "error"),
        ([line("t", "setup", "skipped"), line("t", "teardown", "passed")], "skipped"),
        (
            [line("t", "setup", "passed"), line("t", "call", "passed"), line("t", "teardown", "failed")],
            "error",
        ),
        (phases("t", "passed") + phases("t", "failed"), "failed"),
        (phases("t", "failed") + phases("t", "passed"), "failed"),
    ],
)
def test_status_of_one_test(lines: list[str], status: str) -> None:
    assert read_report(lines) == Report({"t": status})


def test_the_end_of_the_run_is_noted() -> None:
    assert read_report([*phases("t", "passed"), '{"finished": 1}']) == Report({"t": "passed"}, finished=1)


def test_a_line_cut_off_is_a_missing_line() -> None:
    assert read_report([*phases("a", "passed"), '{"test": "b", "pha']) == Report({"a": "passed"})


@pytest.mark.parametrize(
    ("status", "fail_to_pass", "pass_to_pass"),
    [
        ("passed", True, True),
        ("xfailed", True, True),
        ("xpassed", True, True),
        ("skipped", False, True),
        ("failed", False, False),
        ("error", False, False),
        ("absent", False, False),
    ],
)
def test_which_statuses_count_as_passed(status: str, fail_to_pass: bool, pass_to_pass: bool) -> None:
    assert passed(status, skipped_ok=False) is fail_to_pass
    assert passed(status, skipped_ok=True) is pass_to_pass


@pytest.mark.parametrize(
    ("test", "status"),
    [
        ("t.py::test_a", "passed"),
        ("t.py::test_b", "absent"),
        ("t.py::test[one", "passed"),  # one test begins so
        ('t.py::test[f("x",', "failed"),  # two begin so, and the worse of passed and failed counts
        ("t.py::test[list[int]", "skipped"),  # cut off behind a bracket
        ("t.py::test[on", "absent"),  # cut inside a word: not what the official parsers do
        ("t.py::test", "absent"),
    ],
)
def test_ids_cut_off_at_a_blank(test: str, status: str) -> None:
    statuses = {
        "t.py::test_a": "passed",
        "t.py::test[one two]": "passed",
        't.py::test[f("x", 1)]': "failed",
        't.py::test[f("x", 2)]': "passed",
        "t.py::test[list[int] y]": "skipped",
    }
    assert status_of(test, Report(statuses)) == status


def test_no_process_free_is_told_from_an_engine_that_cannot_start_one() -> None:
    """The engine says one of two things at random; asked again it says what is lacking."""
    vague = ExecResult(
        False, 126, "OCI runtime exec failed: exec failed: read init-p: connection reset by peer", ""
    )
    clear = ExecResult(
        False, 125, "", "/usr/bin/timeout: fork system call failed: Resource temporarily unavailable"
    )

    class Engine:
        def __init__(self, *answers: Any) -> None:
            self.answers = list(answers)

        async def exec(self, *_: Any, **__: Any) -> Any:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def asked(*answers: Any) -> Any:
        space = runs.Workspace(Engine(*answers), "/testbed", "/tmp/x", (None, None))  # type: ignore[arg-type]
        return anyio.run(runs._still_there, space, parse_row(mini_rows()[0], where=""))

    assert asked(vague, vague, clear) == "processes"
    with pytest.raises(runs.GradingError, match="the container fails: 'OCI runtime"):
        asked(vague)
