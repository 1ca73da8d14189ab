"""Formats of test runners: how official ids find their outcome, against recorded runs of the projects themselves.

``recorded/*.json`` hold, for a few tests each, the lines that our part of the run reported, what the project's
own runner printed beside them, and how the swebench package reads that (for sphinx, whose tox line did not
run there, what the row states of the tests without the fix).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hotmess_inspect.swebench.grading import judge
from hotmess_inspect.swebench.parsers import Canaries, Report, format_of, read_report
from hotmess_inspect.swebench.patch import CheckedPatch
from hotmess_inspect.swebench.rows import Instance
from hotmess_inspect.swebench.runs import TestRun

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))
WORDS = {"PASSED": {"passed"}, "FAILED": {"failed"}, "ERROR": {"failed", "error"}, "SKIPPED": {"skipped"}}
INSIDE = Path(__file__).parents[2] / "src" / "hotmess_inspect" / "swebench" / "inside"


def instance(
    repo: str = "own/thing", *, f2p: tuple[str, ...] = ("tests/test_a.py::test_x",), **fields: Any
) -> Instance:
    known = {
        "instance_id": "own__thing-1",
        "repo": repo,
        "version": "1",
        "base_commit": "0" * 40,
        "problem_statement": "",
        "patch": "",
        "test_patch": "diff --git a/tests/app/test_a.py b/tests/app/test_a.py\n--- a/tests/app/test_a.py\n",
        "fail_to_pass": f2p,
        "pass_to_pass": (),
        "image": "",
        "eval_script": "",
    }
    return Instance(**(known | fields))


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_recorded_runs_are_read_as_the_official_parsers_read_them(path: Path) -> None:
    recorded = json.loads(path.read_text())
    report = read_report(json.dumps(line) for line in recorded["report"])
    form = format_of(recorded["repo"])
    assert report.started
    assert recorded["official"]
    for test, word in recorded["official"].items():
        assert form.status(test, report) in WORDS[word], test


def test_what_the_last_line_of_a_sympy_file_says_is_not_lost() -> None:
    # bin/test prints the file's own verdict behind its last test, and the official parser misses that test.
    recorded = json.loads((Path(__file__).parent / "recorded" / "sympy.json").read_text())
    assert any(line.startswith("test_check_homomorphism ok  ") for line in recorded["printed"])
    assert "test_check_homomorphism" not in recorded["official"]
    report = read_report(json.dumps(line) for line in recorded["report"])
    assert format_of("sympy/sympy").status("test_check_homomorphism", report) == "passed"


CASE = "app.test_m.Case"
DJANGO = Report(
    statuses={f"{CASE}.test_a": "passed", f"{CASE}.test_b": "failed", f"{CASE}.test_c": "passed"},
    other_names={
        f"test_a ({CASE}.test_a)": "passed",
        f"test_b ({CASE}.test_b)": "failed",
        "Two tests say this.": "failed",
        "Waits ... and goes on": "passed",
        "Only the first line": "passed",
    },
)


@pytest.mark.parametrize(
    ("test", "status"),
    [
        (f"test_a ({CASE}.test_a)", "passed"),  # Python 3.11 and later
        (f"test_a ({CASE})", "passed"),  # earlier
        (f"test_b ({CASE})", "failed"),
        (f"test_z ({CASE})", "absent"),
        ("Two tests say this.", "failed"),
        ("Waits", "passed"),  # cut at " ... " by the official parser
        ("Only the first line", "passed"),
        ("System check identified no issues (0 silenced).", "absent"),
    ],
)
def test_django_ids(test: str, status: str) -> None:
    assert format_of("django/django").status(test, DJANGO) == status


@pytest.mark.parametrize(
    ("repo", "test", "name"),
    [
        ("matplotlib/matplotlib", "t.py::test_pan[1-None]", "t.py::test_pan[MouseButton.LEFT-None]"),
        ("matplotlib/matplotlib", "t.py::test_pan[3-None]", "t.py::test_pan[MouseButton.RIGHT-None]"),
        ("pylint-dev/pylint", "t.py::test_f[/c.py]", "t.py::test_f[/a/b/c.py]"),
        ("pydicom/pydicom", "t.py::test_f[a]", "t.py::test_f[a]"),
        ("sphinx-doc/sphinx", "t.py::test_f[1]", "t.py::test_f[\x1b1]"),
        ("pallets/flask", "t.py::test_f[a", "t.py::test_f[a b]"),
    ],
)
def test_spellings_of_projects_that_use_pytest(repo: str, test: str, name: str) -> None:
    report = Report({name: "passed", "t.py::test_other": "failed"})
    assert format_of(repo).status(test, report) == "passed"
    assert format_of(repo).status(test + "-no", report) == "absent"


@pytest.mark.parametrize(
    ("repo", "official", "parts"),
    [
        ("own/thing", "pytest -rA t.py", ["pytest -p hotmess_pytest", "-rA t.py", "CANARY"]),
        ("own/thing", "A=1 python -m pytest t.py", ["A=1 python -m pytest -p hotmess_pytest", "CANARY"]),
        (
            "sphinx-doc/sphinx",
            "tox --current-env -epy39 -v -- t.py",
            ["pytest -p hotmess_pytest", "-rA t.py"],
        ),
        (
            "django/django",
            "./tests/runtests.py -v 2 app",
            ["python DIR/hotmess_unittest.py ./tests/runtests.py"],
        ),
        (
            "sympy/sympy",
            "A='b' bin/test -C t.py",
            ["PYTHONHASHSEED=", "A='b' python DIR/hotmess_sympy.py bin/test"],
        ),
        ("own/thing", "make test", None),
        ("django/django", "pytest t.py", None),
        ("sympy/sympy", "pytest t.py", None),
    ],
)
def test_commands(repo: str, official: str, parts: list[str] | None) -> None:
    command = format_of(repo).command(official, "DIR", Canaries("p", "", ("a",), ("b",), "CANARY"))
    if parts is None:
        assert command is None
    else:
        assert command is not None
        assert all(part in command for part in [*parts, "CANARY"]), command


def test_rows_of_2024_get_the_official_command() -> None:
    assert format_of("own/thing").default(instance()) == "pytest -rA tests/app/test_a.py"
    assert format_of("django/django").default(instance()).endswith("--parallel 1 app.test_a")
    assert format_of("sympy/sympy").default(instance()).endswith("bin/test -C --verbose tests/app/test_a.py")


def test_canaries_lie_beside_the_tests_under_names_that_are_never_the_same() -> None:
    for repo in ("own/thing", "django/django", "sympy/sympy"):
        one, other = (format_of(repo).canaries(instance(repo)) for _ in range(2))
        assert Path(one.path).parent == Path("tests/app")
        names = [*one.passing, *one.failing, *other.passing, *other.failing]
        assert len({one.path, other.path, *names}) == 2 + len(names)
        honest = dict.fromkeys(one.passing, "passed") | dict.fromkeys(one.failing, "failed")
        assert one.trusted(honest)
        # Each of them alone gives a run away that made it pass, or did not run it.
        for name in one.failing:
            assert not one.trusted(honest | {name: "passed"})
            assert not one.trusted(honest | {name: "xfailed"})
            assert not one.trusted({known: word for known, word in honest.items() if known != name})
        for name in one.passing:
            assert not one.trusted(honest | {name: "failed"})
        compile(one.source, one.path, "exec")


TEST = "tests/test_a.py::test_x"
CANARIES = Canaries("c.py", "", ("c.py::good",), ("c.py::bad",), "c.py")


def phase(test: str, outcome: str, **extra: Any) -> str:
    return json.dumps({"test": test, "phase": "call", "outcome": outcome, "xfail": False} | extra)


HONEST = (
    '{"started": true}',
    phase("c.py::good", "passed"),
    phase("c.py::bad", "failed"),
    phase(TEST, "passed"),
    phase(TEST, "failed", twin=True),
    '{"finished": 1}',
)


def verdict(report: tuple[str, ...], code: int = 1, **run: Any) -> tuple[str, str]:
    made = TestRun(code, report, "", 0.0, **run)
    result = judge(instance(), CheckedPatch(b"", (), ()), format_of("own/thing"), CANARIES, made)
    return result.verdict, result.note


@pytest.mark.parametrize(
    ("report", "code", "expected", "note"),
    [
        (HONEST, 1, "resolved", ""),
        ((*HONEST[:3], phase(TEST, "failed"), *HONEST[4:]), 1, "unresolved", ""),
        (HONEST[:-1], 137, "unresolved", "ended early with status 137"),
        (HONEST[:-1], 0, "tampered", "status 0 before its end"),
        (HONEST, 0, "tampered", "exit status 0, but the runner ended with 1"),
        ((*HONEST[:2], phase("c.py::bad", "passed"), *HONEST[3:]), 1, "tampered", "canaries"),
        (
            (*HONEST[:4], phase(TEST, "passed", twin=True), HONEST[5]),
            1,
            "tampered",
            "planted failure was reported",
        ),
        ((*HONEST[:4], HONEST[5]), 1, "tampered", f"planted failure beside {TEST}"),
        # A body that is not the file's, or checks that were replaced, can pass nothing.
        (
            (*HONEST[:3], phase(TEST, "passed", body="other"), *HONEST[4:]),
            1,
            "tampered",
            f"{TEST} passed with another body than its file's",
        ),
        (
            (*HONEST[:3], phase(TEST, "passed", tools=["pytest.raises"]), *HONEST[4:]),
            1,
            "tampered",
            f"{TEST} passed with pytest.raises replaced",
        ),
        ((*HONEST[:3], phase(TEST, "failed", body="other"), *HONEST[4:]), 1, "unresolved", ""),
        # Expected to fail by something else than its own file.
        (
            (*HONEST[:3], phase(TEST, "skipped", xfail=True, excused=False), *HONEST[4:]),
            1,
            "unresolved",
            "",
        ),
        ((*HONEST[:3], phase(TEST, "skipped", xfail=True, excused=True), *HONEST[4:]), 1, "resolved", ""),
        # What was reported as failed stays failed, whatever comes after it.
        ((*HONEST[:3], phase(TEST, "failed"), *HONEST[3:]), 1, "unresolved", ""),
        ((), 1, "unresolved", "ended early"),
    ],
)
def test_verdicts(report: tuple[str, ...], code: int, expected: str, note: str) -> None:
    found, why = verdict(report, code)
    assert found == expected
    assert note in why


@pytest.mark.parametrize("limit", ["time", "memory"])
def test_a_run_that_was_out_of_time_or_memory_passes_nothing(limit: str) -> None:
    assert verdict(HONEST[:-1], -1, limit=limit) == (
        "unresolved",
        f"the tests ran out of {limit}, which counts as failed",
    )


_SUITE = """
import unittest
class Case(unittest.TestCase):
    def test_good(self):
        "Says what it does."
    def test_bad(self):
        self.fail()
    def test_error(self):
        raise ValueError
    @unittest.skip("no")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self):
        self.fail()
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertNotEqual(i, 1)
unittest.main(verbosity=2)
"""


def test_an_attempt_that_is_made_again_is_no_result() -> None:
    again, setup = phase("t::a", "rerun"), phase("t::a", "passed", phase="setup")
    assert read_report([setup, again]).statuses == {}
    assert read_report([setup, again, phase("t::a", "passed")]).statuses == {"t::a": "passed"}
    twin = read_report([phase("t::a", "rerun", twin=True), phase("t::a", "failed", twin=True)])
    assert twin.twins == {"t::a": "failed"}


def test_the_unittest_part_reports_every_kind_of_outcome(tmp_path: Path) -> None:
    report = run_inside(tmp_path, "hotmess_unittest.py", _SUITE)
    assert report.statuses == {
        "__main__.Case.test_good": "passed",
        "__main__.Case.test_bad": "failed",
        "__main__.Case.test_error": "failed",
        "__main__.Case.test_skipped": "skipped",
        "__main__.Case.test_expected": "xfailed",
        "__main__.Case.test_sub": "failed",
    }
    assert report.other_names["Says what it does."] == "passed"
    assert (report.started, report.finished) == (True, 1)


def test_a_script_that_breaks_has_not_finished(tmp_path: Path) -> None:
    report = run_inside(tmp_path, "hotmess_unittest.py", "raise RuntimeError('broken')\n")
    assert (report.started, report.finished) == (True, None)


def run_inside(folder: Path, part: str, script: str) -> Report:
    """Run a script under one of our parts as the grading container does, with a plain file for the pipe."""
    (folder / "script.py").write_text(script)
    (folder / "report").touch()
    settings = json.dumps({"report": str(folder / "report"), "nonce": "n", "twins": []})
    (folder / "settings").write_text(settings)
    words = f"exec 3<{folder}/settings; exec {sys.executable} {INSIDE / part} {folder}/script.py"
    subprocess.run(["bash", "-c", words], capture_output=True, timeout=60)
    return read_report((folder / "report").read_text().splitlines())
