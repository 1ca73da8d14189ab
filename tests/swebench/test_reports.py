"""Reports of other languages' runners: files that the real tools wrote, shortened, and what is broken about them."""

import base64
import io
import json
import tarfile
from pathlib import Path

import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import match

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.schema import FORGEABLE
from hotmess_inspect.swebench.grading import Grade
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.swebench.parsers.reports import BrokenReport
from hotmess_inspect.swebench.parsers.runners import RUNNERS, Runner, steps_of
from hotmess_inspect.swebench.patch import CheckedPatch
from hotmess_inspect.swebench.report_grading import (
    Reports,
    _unpacked,
    check_other_patch,
    judge_reports,
    runners_of,
)
from hotmess_inspect.swebench.rows import Instance, exclusion, languages_of, load_instances, parse_row
from hotmess_inspect.swebench.runs import TestRun

FILES = Path(__file__).parent / "reports"
ROW = next(iter(mini_rows()))
GO = "diff --git a/x_test.go b/x_test.go\n--- a/x_test.go\n+++ b/x_test.go\n@@ -1 +1 @@\n-a\n+b\n"


def row(*tests: str, command: str = "go test -v ./...", log_parser: str = "", **more: object) -> Instance:
    script = f"#!/bin/bash\nset -uxo pipefail\ncd /testbed\n: '>>>>> Start Test Output'\n{command}\n: '>>>>> End Test Output'\n"
    fields = {
        "FAIL_TO_PASS": list(tests[:1]),
        "PASS_TO_PASS": list(tests[1:]),
        "repo": "o/r",
        "test_patch": GO,
        "patch": "",
        "eval_script": script,
        "log_parser": log_parser,
    }
    return parse_row(ROW | fields | more, where="here")


def judged(
    instance: Instance, *parts: bytes, status: int | None = 0, more: dict[int, list[bytes]] | None = None
) -> Grade:
    """A grade of one command's report, as the road makes it."""
    lines = instance.eval_script.split("Start Test Output'\n")[1].split("\n: ")[0].split("\n")
    steps = steps_of(lines, instance.log_parser)
    statuses = {} if status is None else dict.fromkeys(range(len(steps)), status)
    reports = Reports({0: list(parts)} | (more or {}), statuses)
    run = TestRun(0, (), "", 1.0)
    return judge_reports(instance, CheckedPatch(b"", (), ()), run, reports, steps, "/testbed")


def runner(name: str) -> Runner:
    return next(r for r in RUNNERS if r.name == name)


# Command, parser, file, and what each official id is worth: spelled as the official parsers read it off the output.
REAL = {
    "go": (
        "go test -v ./sum",
        "parse_log_gotest",
        "go_sum.jsonl",
        {
            "TestPass": "passed",
            "TestAdd": "failed",
            "TestAdd/two_and_two": "passed",
            "TestAdd/bad": "failed",
            "TestSkip": "skipped",
            "TestGone": "absent",
        },
    ),
    "jest": (
        "npx jest t/a.test.js --verbose",
        "parse_log_jest",
        "jest.json",
        {
            "adds # two": "passed",
            "fails": "failed",
            "skipped later": "skipped",
            "deep": "passed",
            "gone": "absent",
        },
    ),
    "jest, all titles": (
        "npx jest t --silent --json | jq -r '.testResults[]'",
        "parse_log_jest_json",
        "jest.json",
        {"sum > adds # two": "passed", "sum > fails": "failed", "sum > inner > fails": "passed"},
    ),
    "jest of a script": (
        "yarn test t/a.test.js --verbose",
        "parse_log_jest",
        "jest.json",
        {"deep": "passed"},
    ),
    "vitest": (
        'pnpm run test t/a.test.js --no-watch --reporter=verbose -t "sum"',
        "parse_log_vitest",
        "vitest.json",
        {
            "t/a.test.js > sum > adds # two": "passed",
            "t/a.test.js > sum > inner > fails": "passed",
            "|unit| t/a.test.js > sum > fails": "failed",
        },
    ),
    "mocha": (
        "npx mocha t/a.test.js -R tap -g 'sum'",
        "parse_log_tap",
        "mocha.xml",
        {
            "sum adds  two": "passed",
            "sum fails": "failed",
            "sum later # SKIP -": "skipped",
            "sum inner fails": "passed",
        },
    ),
    "node": ("node --test n.mjs", "", "node.xml", {"sub": "passed", "bad": "failed", "later": "skipped"}),
    "rspec": (
        "bundle exec rspec spec/sum_spec.rb --no-color --format json | tail -n +2 | jq -r '.examples[] | \"\\(.id)\"'",
        "parse_log_rspec_transformed_json",
        "rspec.json",
        {
            "adds": "passed",
            "fails": "failed",
            "waits": "skipped",
            "adds - ./spec/sum_spec.rb[1:4:1]": "passed",
        },
    ),
    "phpunit": (
        "vendor/bin/phpunit --testdox --colors=never tests/FunctionPrefixTest.php",
        "parse_log_phpunit",
        "phpunit.xml",
        {
            "Function Prefix > Adds two numbers": "passed",
            "Function Prefix > Fails": "failed",
            "Function Prefix > Later": "skipped",
            "Function Prefix > Data with data set #0": "passed",
            'Function Prefix > Data with data set "a name"': "failed",
            "Function Prefix > Snake case": "passed",
        },
    ),
    "maven": (
        "mvnd test -B -pl gson -Dtest=com.acme.SumTest#adds",
        "parse_log_maven",
        "maven.xml",
        {
            "com.acme.SumTest#adds": "passed",
            "com.acme.SumTest#fails": "failed",
            "SumTest#later": "skipped",
            "com.acme.SumTest": "failed",
        },
    ),
    "gradle": (
        "./gradlew test --tests com.acme.SumTest",
        "parse_log_gradle_custom",
        "maven.xml",
        {
            "com.acme.SumTest > adds[1]": "passed",
            "SumTest > fails[1]": "failed",
            "com.acme.SumTest > fails[0]": "passed",
        },
    ),
    "cargo": (
        "RUSTFLAGS=-Awarnings cargo test --package calc --lib -- tests",
        "parse_log_cargo",
        "cargo.txt",
        {"tests::adds": "passed", "tests::fails": "failed", "tests::later": "skipped"},
    ),
    "GoogleTest": (
        "ctest --test-dir build -V -R sums-test",
        "parse_log_googletest",
        "googletest.xml",
        {"sums.adds": "passed", "sums.fails": "failed", "sums.later": "skipped", "All/P.each/1": "passed"},
    ),
    "qunit": (
        "npx qunit q/sum.js",
        "parse_log_tap",
        "qunit.txt",
        {
            "sum > adds": "passed",
            "sum > fails": "failed",
            "sum > later": "skipped",
            "sum > inner > deep": "passed",
        },
    ),
    "minitest": (
        'bundle exec ruby -I test test/mini.rb -v -n "/sum/"',
        "parse_log_minitest",
        "minitest.txt",
        {
            "TestSum#test_adds": "passed",
            "TestSum#test_fails": "failed",
            "TestSum#test_raises": "error",
            "TestSum#test_later": "skipped",
            "TestSum#test_: utils should be fine": "passed",
        },
    ),
    "test-unit": (
        "bundle exec ruby test/unit.rb -v -n '/test_/'",
        "parse_log_ruby_unit",
        "test_unit.txt",
        {
            "test_adds": "passed",
            "test_fails": "failed",
            "test_later": "skipped",
            "test_raises": "error",
            "test_data[b]": "passed",
        },
    ),
}


@pytest.mark.parametrize("case", REAL)
def test_official_ids_find_what_the_real_runner_wrote(case: str) -> None:
    command, log_parser, file, expected = REAL[case]
    instance = row(*expected, command=command, log_parser=log_parser)
    assert exclusion(instance, other_languages=True) is None
    grade = judged(instance, (FILES / file).read_bytes(), status=1)
    assert dict(grade.statuses) == expected
    assert grade.outcomes == tuple(word == "passed" for word in expected.values())
    assert grade.verdict == ("resolved" if all(grade.outcomes) else "unresolved")


@pytest.mark.parametrize("case", REAL)
def test_half_a_report_is_worth_nothing(case: str) -> None:
    """Cut anywhere, a report passes no test that the whole one does not, and a JSON or XML document passes none."""
    command, log_parser, file, expected = REAL[case]
    instance = row(*expected, command=command, log_parser=log_parser)
    whole = (FILES / file).read_bytes().rstrip()
    for end in range(0, len(whole) - 1, 37):
        grade = judged(instance, whole[:end], status=1)
        assert all(
            expected[t] == "passed" for t, o in zip(instance.tests, grade.outcomes, strict=True) if o
        ), end
        if not file.endswith(".txt"):
            assert not any(grade.outcomes), end
            assert grade.note


def test_no_report_is_a_failure_with_its_reason() -> None:
    missing = judged(row("TestPass"))
    assert (missing.verdict, missing.broken_by) == ("unresolved", "ended early")
    assert missing.note == "go test ended with status 0: there is no report"
    killed = judged(row("TestPass"), status=137)
    assert (killed.outcomes, killed.broken_by) == ((False,), "killed")
    compiled_not = judged(row("TestPass"), b"FAIL\tx [build failed]\n", status=1)
    assert compiled_not.broken_by == ""
    assert "its report names no failure" in compiled_not.note


def test_results_that_the_code_prints_do_not_pass() -> None:
    """The code prints `--- PASS` for its failing tests: Go's own tool then reports both."""
    grade = judged(row("TestLoud", "TestOther"), (FILES / "go_loud.jsonl").read_bytes(), status=1)
    assert grade.outcomes == (False, False)
    assert grade.note == "2 tests are reported twice with different results, for example 'TestLoud'"


def test_a_go_binary_that_prints_results_and_exits_has_not_run() -> None:
    """Go 1.19's own tool believes it; the second file is what our script leaves where the binary wrote no profile."""
    report = (FILES / "go_early.jsonl").read_bytes()
    assert judged(row("TestEarly"), report).verdict == "resolved"
    grade = judged(row("TestEarly"), report, b"")
    assert (grade.outcomes, grade.broken_by) == ((False,), "ended early")


def test_a_status_that_the_report_does_not_explain_fails_all() -> None:
    lines = [json.loads(line) for line in (FILES / "go_sum.jsonl").read_text().splitlines()]
    passing = [e for e in lines if e["Action"] != "fail" or "Test" not in e]
    passing = [e for e in passing if e.get("Test") in (None, "TestPass", "TestSkip")]
    report = "\n".join(map(json.dumps, passing)).encode()
    assert judged(row("TestPass"), report).verdict == "resolved"
    grade = judged(row("TestPass"), report, status=2)
    assert (grade.verdict, grade.note) == (
        "unresolved",
        "go test ended with status 2, and its report names no failure",
    )


@pytest.mark.parametrize(
    ("file", "more", "why"),
    [
        (
            "cargo.txt",
            "test tests::fails ... ok\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered",
            "more",
        ),
        ("cargo.txt", "test tests::fails ... ok\n", "has no end"),
        ("minitest.txt", "TestSum#test_fails = 0.00 s = .\n", "has no end"),
    ],
)
def test_lines_beyond_what_a_runner_counts_break_its_report(file: str, more: str, why: str) -> None:
    name = "cargo test" if "cargo" in file else "ruby -v"
    text = (FILES / file).read_text() + more
    with pytest.raises(BrokenReport, match=why):
        runner(name).read([text.encode()], "/testbed")
    before = more.splitlines()[0] + "\n" + (FILES / file).read_text()
    with pytest.raises(BrokenReport, match="more results are printed than the runner counts"):
        runner(name).read([before.encode()], "/testbed")


def test_xml_with_entities_is_not_read() -> None:
    with pytest.raises(BrokenReport, match="entities"):
        runner("Maven").read([b'<!DOCTYPE x [<!ENTITY a "aa">]><testsuite/>'], "/testbed")


def test_each_maven_command_has_a_report_of_its_own() -> None:
    command = "mvnd test -Dtest=com.acme.SumTest#adds\nmvnd test -Dtest=com.acme.SumTest#gone"
    instance = row("com.acme.SumTest#adds", "com.acme.SumTest#gone", command=command)
    passing = b'<testsuite><testcase classname="com.acme.SumTest" name="adds"/></testsuite>'
    grade = judged(instance, passing)
    assert dict(grade.statuses) == {"com.acme.SumTest#adds": "passed", "com.acme.SumTest#gone": "absent"}
    assert grade.note == "Maven ended with status 0: there is no report"
    # A second report of the same command that says otherwise.
    failing = passing.replace(b"/></", b"><failure/></testcase></")
    assert judged(instance, passing, failing).outcomes == (False, False)


def test_commands_are_changed_to_write_reports() -> None:
    def shell(command: str, log_parser: str = "") -> str:
        (step,) = steps_of(command.split("\n"), log_parser)
        return step.shell("/tmp/d").split("{ ", 1)[1].split("\n}")[0]

    assert (
        shell("go test -v ./x -run '^Test'") == "go test -json -exec 'sh /tmp/d.helper' -v ./x -run '^Test'"
    )
    assert shell("NODE_OPTIONS=x ./node_modules/.bin/jest --no-color -c=test/jest.config.js") == (
        "NODE_OPTIONS=x ./node_modules/.bin/jest --json --outputFile=/tmp/d/report --no-color -c=test/jest.config.js"
    )
    assert shell("npm run test a.js", "parse_log_jest") == (
        "npm run test a.js -- --json --outputFile=/tmp/d/report"
    )
    assert shell("yarn test packages/jest/a.test.ts", "parse_log_jest") == (
        "yarn test packages/jest/a.test.ts --json --outputFile=/tmp/d/report"
    )
    assert shell("timeout 10s npx mocha -R tap test/http.js") == (
        "timeout 10s npx mocha --reporter xunit -O output=/tmp/d/report test/http.js"
    )
    assert shell("bundle exec rspec a --format json | sed -n '/^{/,$p' | \\\n  jq -r '.a |\n  .b'") == (
        "bundle exec rspec --format json --out /tmp/d/report a --format json"
    )
    assert (
        shell("ctest --test-dir build -V -R x") == "GTEST_OUTPUT=xml:/tmp/d/ ctest --test-dir build -V -R x"
    )
    cd, tests = steps_of(["cd tests", "npx vitest run packages/jest"], "")
    assert (cd.runner, tests.runner) == (None, runner("vitest"))


def test_rows_in_other_languages_run_only_when_asked(tmp_path: Path) -> None:
    good = row("TestX")
    assert languages_of(good) == ("Go",)
    assert runners_of(good) == "go test"
    assert "-T other_languages=true" in (exclusion(good) or "")
    assert exclusion(good, other_languages=True) is None
    unknown = row("x", command="make check")
    assert exclusion(unknown, other_languages=True) == (
        "its tests are in Go: its test command 'make check' is of no runner whose report is read here ("
        + ", ".join(r.name for r in RUNNERS)
        + ")"
    )
    assert "no evaluation script" in (exclusion(row("x", eval_script=""), other_languages=True) or "")
    file = tmp_path / "rows.jsonl"
    file.write_text(
        json.dumps(
            ROW
            | {"FAIL_TO_PASS": ["T"], "PASS_TO_PASS": [], "test_patch": GO, "eval_script": good.eval_script}
        )
    )
    assert [len(part) for part in load_instances(str(file))] == [0, 1]
    assert [len(part) for part in load_instances(str(file), other_languages=True)] == [1, 0]


@pytest.mark.parametrize("asked", [False, True])
def test_rows_of_python_take_the_same_road_whether_asked_or_not(asked: bool) -> None:
    for mini in mini_rows():
        instance = parse_row(mini, where="mini")
        assert languages_of(instance) == ()
        assert exclusion(instance, other_languages=asked) is None


def test_tests_and_settings_of_an_agent_are_left_out() -> None:
    def section(path: str) -> str:
        return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-a\n+b\n"

    tests = [
        "a/b_test.go",
        "src/x.spec.ts",
        "src/__tests__/a.js",
        "spec/a_spec.rb",
        "app/src/test/java/A.java",
    ]
    tests += ["tests/integration.rs", "lib/SumTest.php", "x_test.go"]
    settings = [
        "package.json",
        "a/jest.config.js",
        ".mocharc.yml",
        "go.mod",
        "Cargo.toml",
        "pom.xml",
        "sub/build.gradle",
    ]
    settings += [
        "phpunit.xml.dist",
        ".rspec",
        ".cargo/config.toml",
        "gradlew",
        "target/surefire-reports/TEST-a.xml",
    ]
    product = [
        "a/b.go",
        "pkg/spec/types.go",
        "lib/latest.js",
        "avatar.ts",
        "jest-utils.js",
        "src/Contest.php",
        "go.sum",
    ]
    names = [*tests, *settings, *product]
    checked = check_other_patch("".join(map(section, names)).encode(), row("T"))
    assert checked.files == tuple(product)
    assert {path for path, _ in checked.dropped} == {*tests, *settings}
    # What the reference fix touches is let through.
    fixed = row("T", patch=section("package.json"))
    assert check_other_patch(section("package.json").encode(), fixed).files == ("package.json",)


def test_what_comes_out_of_the_container_is_read_as_a_strangers() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in (
            ("./0/report", b"a"),
            ("./0.status", b"3\n"),
            ("./0.helper", b"x"),
            ("./../1/y", b"z"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("./2/report")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        archive.addfile(link)
    text = base64.b64encode(packed.getvalue()).decode()
    found = _unpacked(text)
    assert (dict(found.files), dict(found.statuses), found.problem) == ({0: [b"a"]}, {0: 3}, "")
    assert "cut off" in _unpacked(text[: len(text) // 8 * 4]).problem
    assert "cannot be read" in _unpacked("?").problem
    assert "cannot be read" in _unpacked(base64.b64encode(b"no archive").decode()).problem


def test_the_analysis_warns_of_reports_that_can_be_forged(tmp_path: Path) -> None:
    def logged(name: str, metadata: dict[str, str] | None) -> list[str]:
        task = Task([Sample(input="?", target="a")], scorer=match(), epochs=2, metadata=metadata)
        (log,) = inspect_eval(task, model="mockllm/model", log_dir=str(tmp_path / name), display="none")
        return [p.message for p in read_inputs([log.location]).problems if p.level == "warning"]

    (warning,) = [w for w in logged("forgeable", {FORGEABLE: "go test, mocha"}) if "forge" in w]
    assert warning.startswith(
        "tests were graded by the reports of go test, mocha, which the code under test can"
    )
    assert not [w for w in logged("other", None) if "forge" in w]
