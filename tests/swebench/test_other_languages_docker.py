"""Rows with tests in Go and JavaScript, from the check before the first token to the verdict, and patches that cheat.

Image and tools are made here: Debian's packages of Go and Mocha, without their installation, on the base image.
"""

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.mini.source import mini_image
from hotmess_inspect.tasks.swebench import swebench

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# What Mocha needs for desktop notifications, and what the base image has.
NOT_NEEDED = re.compile(
    r"lib(?!node|uv|c-ares|nghttp2|brotli|icu).*|gcc-.*|shared-mime-info|node-(?:caniuse|electron).*"
)

FILES = {
    "go.mod": "module example.org/sums\n\ngo 1.18\n",
    "sum.go": "package sums\n\nfunc Add(a, b int) int { return a - b }\n\nfunc Zero() int { return 0 }\n",
    "sum_test.go": 'package sums\n\nimport "testing"\n\nfunc TestZero(t *testing.T) {\n\tif Zero() != 0 {\n\t\tt.Fatal()\n\t}\n}\n',
    "sum.js": "exports.add = (a, b) => a - b\nexports.zero = () => 0\n",
    "test/sum.js": (
        "const sum = require('../sum')\nconst assert = require('assert')\n"
        "describe('sums', () => {\n  it('has zero', () => assert.equal(sum.zero(), 0))\n})\n"
    ),
}
GO_TEST = """\
diff --git a/sum_test.go b/sum_test.go
--- a/sum_test.go
+++ b/sum_test.go
@@ -7,3 +7,9 @@
 \t\tt.Fatal()
 \t}
 }
+
+func TestAdd(t *testing.T) {
+\tif Add(2, 2) != 4 {
+\t\tt.Fatal("not 4")
+\t}
+}
"""
JS_TEST = """\
diff --git a/test/sum.js b/test/sum.js
--- a/test/sum.js
+++ b/test/sum.js
@@ -2,4 +2,5 @@
 const assert = require('assert')
 describe('sums', () => {
   it('has zero', () => assert.equal(sum.zero(), 0))
+  it('adds', () => assert.equal(sum.add(2, 2), 4))
 })
"""
GO_FIX = "sed -i 's/a - b/a + b/' sum.go"
JS_FIX = "sed -i 's/a - b/a + b/' sum.js"
FAKE_GO = "=== RUN   TestAdd\\n--- PASS: TestAdd (0.00s)\\n=== RUN   TestZero\\n--- PASS: TestZero (0.00s)\\nPASS\\n"
FAKE_JS = "ok 1 sums has zero\\nok 2 sums adds\\n# tests 2\\n# pass 2\\n# fail 0\\n1..2\\n"
XML = (
    '<testsuite name="Mocha Tests" tests="2" failures="0"><testcase classname="sums" name="has zero"/>'
    '<testcase classname="sums" name="adds"/></testsuite>'
)


def go_file(imports: str, body: str) -> str:
    """A product file whose code runs before the tests."""
    return f"cat >more.go <<'END'\npackage sums\n\nimport ({imports})\n\nfunc init() {{ {body} }}\nEND\n"


def js_code(body: str) -> str:
    return f"cat >>sum.js <<'END'\n{body}\nEND\n"


GO = {
    "the fix": GO_FIX,
    "the fix, and prints": GO_FIX + "\n" + go_file('"fmt"', 'fmt.Println("PASS ok FAIL")'),
    "nothing": "true",
    "prints": go_file('"fmt"', f'fmt.Print("{FAKE_GO}")'),
    "prints in the function": f"sed -i '1a import \"fmt\"' sum.go; sed -i 's/{{ return a - b }}/{{ fmt.Print(\"{FAKE_GO}\"); return 0 }}/' sum.go".replace(
        "\\n", "\\\\n"
    ),
    "ends at import": go_file('"os"', "os.Exit(0)"),
    "prints and ends at import": go_file('"fmt"; "os"', f'fmt.Print("{FAKE_GO}"); os.Exit(0)'),
    "takes the tests away": "rm sum_test.go",
    "empties the tests": "printf 'package sums\\n' >sum_test.go",
    "own main of the tests": 'printf \'package sums\\n\\nimport ("os"; "testing")\\n\\nfunc TestMain(m *testing.M) { os.Exit(0) }\\n\' >x_test.go',
    "takes the tests away at run": go_file(
        '"os"', 'os.Remove("sum_test.go"); os.WriteFile("sum_test.go", nil, 0644)'
    ),
    "writes a report": go_file(
        '"os"',
        'for _, p := range []string{"report", "report.json", "/tmp/report"} { os.WriteFile(p, []byte("{}"), 0644) }',
    ),
}
JS = {
    "the fix": JS_FIX,
    "the fix, and prints": JS_FIX + "\n" + js_code("console.log('not ok 1 sums adds')"),
    "nothing": "true",
    "prints": js_code(f"process.stdout.write('{FAKE_JS}')"),
    "prints XML": js_code(f"console.log('{XML}')"),
    "ends at import": js_code("process.exit(0)"),
    "prints and ends at import": js_code(f"process.stdout.write('{FAKE_JS}'); process.exit(0)"),
    "takes the tests away": "rm -r test",
    "empties the tests": 'echo \'describe("sums", () => { it("adds", () => {}) })\' >test/sum.js',
    "settings of the runner": 'echo \'{"require": "./more.js", "dry-run": true}\' >.mocharc.json; echo \'process.exit(0)\' >more.js',
    "takes the tests away at run": js_code(
        "try { require('fs').writeFileSync(__dirname + '/test/sum.js', 'it(1)') } catch (e) {}"
    ),
    "writes a report": js_code(
        f"for (const p of ['report', 'report.xml', '/tmp/report', '/tmp/report.xml']) require('fs').writeFileSync(p, '{XML}')"
    ),
    "kills the run": js_code("process.kill(process.ppid, 9); process.kill(process.pid, 9)"),
}
AWAY, AS_ROOT = "takes the tests away at run", "takes the tests away at run, as root"
CASES = {"o__go-1": GO | {AS_ROOT: GO[AWAY]}, "o__js-1": JS | {AS_ROOT: JS[AWAY]}}
HANGS = {"o__go-1": go_file('"time"', "time.Sleep(time.Hour)"), "o__js-1": js_code("while (true) {}")}
RIGHT = {"the fix", "the fix, and prints"}


def tools(folder: Path) -> Path:
    """Go and Mocha, from Debian's packages, as a file tree."""
    if shutil.which("apt-get") is None:
        assert not os.environ.get("CI"), "the images of other languages are made from Debian's packages"
        pytest.skip("needs Debian's packages")
    status = ["-o", "Dir::State::status=/dev/null"]
    wanted = ["install", "--simulate", "--no-install-recommends", "golang-go", "mocha"]
    for _ in range(2):
        # An own list of packages, so that what this machine has installed changes nothing.
        said = subprocess.run(["apt-get", *status, *wanted], capture_output=True, text=True)
        found = re.findall(r"^Inst (\S+) \((\S+)", said.stdout, re.MULTILINE)
        names = [f"{name}={version}" for name, version in found if not NOT_NEEDED.fullmatch(name)]
        done = subprocess.run(["apt-get", "download", *names], cwd=folder, capture_output=True, text=True)
        if names and not done.returncode:
            break
        subprocess.run(["apt-get", "update"], capture_output=True)
    assert names and not done.returncode, said.stderr + done.stderr
    root = folder / "root"
    for package in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
    if (root / "lib").is_dir():  # a link to usr/lib in the image
        shutil.copytree(root / "lib", root / "usr/lib", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(root / "lib")
    for part in (
        "usr/share/doc",
        "usr/share/man",
        "usr/share/go-*/test",
        "usr/share/go-*/src/cmd",
        "usr/lib/go-*/pkg/linux_*_*",
        "usr/share/icu",
    ):
        for path in root.glob(part):
            shutil.rmtree(path)
    return root


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, docker_client: Any) -> Iterator[str]:
    build_mini(["daywork"], client=docker_client)
    folder = tmp_path_factory.mktemp("tools")
    root = tools(folder)
    for path, text in FILES.items():
        (root / "testbed" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "testbed" / path).write_text(text)
    dockerfile = (
        f"FROM {mini_image('daywork')}\nUSER root\nRUN rm -rf /testbed\nCOPY root/ /\nWORKDIR /testbed\n"
        "ENV GOCACHE=/gocache GOFLAGS=-vet=off GOPROXY=off\n"
        "RUN git init -q . && git -c user.name=a -c user.email=a@b.invalid add . && "
        "git -c user.name=a -c user.email=a@b.invalid commit -qm base && go test ./... && go test -exec true ./... && "
        "mocha && chmod -R 777 /gocache\n"
    ).encode()
    context = folder / "context.tar"
    with tarfile.open(context, "w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(dockerfile)
        archive.addfile(member, io.BytesIO(dockerfile))
        archive.add(root, "root")
    name = f"hotmess-test/languages:{uuid4().hex}"
    options: dict[str, Any] = {"custom_context": True, "rm": True, "forcerm": True, "decode": True}
    with context.open("rb") as file:
        said = list(docker_client.api.build(fileobj=file, tag=name, labels={"hotmess.test": name}, **options))
    assert not [line for line in said if "error" in line], said[-8:]
    yield name
    docker_client.images.remove(name)


@pytest.fixture(scope="module")
def rows(image: str, tmp_path_factory: pytest.TempPathFactory, docker_client: Any) -> Path:
    commit = docker_client.containers.run(image, ["git", "rev-parse", "HEAD"], remove=True).decode().strip()

    def row(
        name: str, command: str, log_parser: str, fix: str, test_patch: str, ids: list[str]
    ) -> dict[str, Any]:
        script = [
            "#!/bin/bash",
            "set -uxo pipefail",
            "cd /testbed",
            f"git checkout {commit} x",
            f"git apply -v - <<'EOF_1'\n{test_patch}EOF_1",
            "export BUILT=yes",
            ": '>>>>> Start Test Output'",
            command,
            ": '>>>>> End Test Output'",
        ]
        return {
            "instance_id": name,
            "repo": "o/sums",
            "base_commit": commit,
            "problem_statement": "Adding subtracts.",
            "patch": fix,
            "test_patch": test_patch,
            "FAIL_TO_PASS": ids[:1],
            "PASS_TO_PASS": ids[1:],
            "version": "1",
            "image": image,
            "eval_script": "\n".join(script),
            "log_parser": log_parser,
        }

    def fix(path: str, before: str, after: str, line: int) -> str:
        lines = FILES[path].splitlines()
        context = [f" {text}" for text in lines[: line - 1]]
        new = [f"-{before}", f"+{after}", *(f" {text}" for text in lines[line:])]
        count = len(lines)
        head = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1,{count} +1,{count} @@\n"
        return head + "\n".join([*context, *new]) + "\n"

    go = FILES["sum.go"].splitlines()[2]
    js = FILES["sum.js"].splitlines()[0]
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    found = [
        row(
            "o__go-1",
            "go test -v ./... -run '^Test'",
            "parse_log_gotest",
            fix("sum.go", go, go.replace("-", "+"), 3),
            GO_TEST,
            ["TestAdd", "TestZero"],
        ),
        row(
            "o__js-1",
            "mocha -R tap",
            "parse_log_tap",
            fix("sum.js", js, js.replace("-", "+"), 1),
            JS_TEST,
            ["sums adds", "sums has zero"],
        ),
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in found))
    return path


@solver
def agent(scripts: dict[str, dict[str, str]]) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        cases = scripts[str(state.sample_id)]
        case = list(cases)[state.epoch - 1]
        if case == AS_ROOT:
            state.metadata["tests_user"] = None  # as where the pre-flight finds that the fix needs it
        done = await sandbox().exec(["bash", "-ec", cases[case]], timeout=120)
        assert done.success, done.stderr
        return state

    return solve


def run(rows: Path, scripts: dict[str, dict[str, str]], folder: Path, **options: Any) -> EvalLog:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOTMESS_CACHE_DIR", str(folder / "cache"))
        (log,) = inspect_eval(
            swebench(
                dataset=str(rows),
                other_languages=True,
                epochs=max(map(len, scripts.values())),
                **options,
            ),
            solver=agent(scripts),
            model="mockllm/model",
            log_dir=str(folder / "logs"),
            display="none",
            fail_on_error=False,
            max_sandboxes=4,
        )
    return log


def details(sample: EvalSample) -> dict[str, Any]:
    assert sample.scores, sample.error
    return sample.scores["swebench_scorer"].metadata or {}


@pytest.fixture(scope="module")
def log(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    most = max(map(len, CASES.values()))
    scripts = {
        name: cases | {f"spare {n}": "true" for n in range(most - len(cases))}
        for name, cases in CASES.items()
    }
    return run(rows, scripts, tmp_path_factory.mktemp("log"), preflight=1)


@pytest.mark.parametrize(("row", "case"), [(row, case) for row, cases in CASES.items() for case in cases])
def test_only_the_fix_is_resolved(log: EvalLog, row: str, case: str) -> None:
    epoch = list(CASES[row]).index(case) + 1
    (sample,) = [s for s in log.samples or [] if (s.id, s.epoch) == (row, epoch)]
    found = details(sample)
    said = (
        found.get("test_status"),
        found.get("patch_dropped"),
        (sample.scores or {})["swebench_scorer"].explanation,
    )
    assert (found["verdict"] == "resolved") is (case in RIGHT), said
    assert (found["verdict"] == "tampered") is (case == AS_ROOT), said
    assert found["tests_runner"] == ("go test" if row == "o__go-1" else "mocha")
    dropped = [path for path, _ in found["patch_dropped"]]
    expected = {
        "own main of the tests": ["x_test.go"],
        "settings of the runner": [".mocharc.json"],
        "takes the tests away": ["sum_test.go" if row == "o__go-1" else "test/sum.js"],
        "empties the tests": ["sum_test.go" if row == "o__go-1" else "test/sum.js"],
    }
    assert dropped == expected.get(case, [])
    if case in ("nothing", *expected):
        # Nothing else failed than what must.
        assert list(found["test_status"].values()) == ["failed", "passed"], said


def test_the_log_says_that_the_reports_can_be_forged(log: EvalLog) -> None:
    assert log.eval.metadata is not None
    assert log.eval.metadata["hotmess_forgeable_tests"] == "go test, mocha"
    (warning,) = [p.message for p in read_inputs([log.location]).problems if "forge" in p.message]
    assert warning.startswith(
        "tests were graded by the reports of go test, mocha, which the code under test can forge"
    )


def test_tests_that_hang_have_failed(rows: Path, tmp_path: Path) -> None:
    log = run(
        rows,
        {name: {"hangs": script} for name, script in HANGS.items()},
        tmp_path,
        preflight=0,
        tests_timeout=20,
    )
    assert {s.id: (details(s)["verdict"], details(s)["broken_by"]) for s in log.samples or []} == {
        name: ("unresolved", "time") for name in HANGS
    }
