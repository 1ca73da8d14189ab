"""Official SWE-bench rows made runnable from source distributions, and graded many times over.

    python benchmarks/official_rows.py build ROWS PLAN.json --work DIR     # images under the official names
    python benchmarks/official_rows.py agree ROWS PLAN.json --repeats 10   # gold and empty, ours and theirs
    python benchmarks/official_rows.py run ROWS PLAN.json --official       # the task, from pre-flight to verdict

Where no registry of images can be reached, a row's repository can be had from the package registry: the
source distribution of the release after the fix, with both patches of the row taken back. ``PLAN.json``
names, per instance, the distribution and what its tests need:

    {"django__django-16595": {"sdist": "Django-5.0.tar.gz", "needs": ["asgiref==3.7.2", "sqlparse==0.4.4"]}}

``sdist`` is a file in ``DIR/sdist`` (``pip download --no-deps --no-binary :all: Django==5.0``). The images
stand on ``hotmess/base:1`` and need no network to be built. Nothing of a row becomes part of this project.

Their steps are those of the official recipe from the base commit on: modes 777, an installation into the conda
environment, and an empty commit "SWE-bench" on top. Only the base commit has another hash than the row's.

``run`` runs ``hotmess/swebench`` with an agent that leaves, epoch by epoch, the reference fix, nothing, the fix without
the last line that it adds, and a module that cannot be loaded.

``agree`` grades the reference fix and no fix, each time in a new container, and prints per instance how often
all tests came out as the row says, and how often the swebench package reads the same verdict from the row's
own command (``--official``: needs that package).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import anyio

ENVIRONMENT = """\
FROM hotmess/base:1
RUN python3 -m venv --without-pip --symlinks /opt/miniconda3/envs/testbed && mkdir -p /opt/miniconda3/bin
COPY site /opt/miniconda3/envs/testbed/lib/python3.11/site-packages
RUN echo 'conda() { :; }; export PATH=/opt/miniconda3/envs/testbed/bin:$PATH' > /opt/miniconda3/bin/activate
ENV PATH=/opt/miniconda3/envs/testbed/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN cd /opt/miniconda3/envs/testbed && rm -rf lib/python3.11/site-packages/bin && for m in pip pytest tox; do \\
  printf '#!/bin/sh\\nexec /opt/miniconda3/envs/testbed/bin/python -m %s "$@"\\n' $m > bin/$m; chmod 755 bin/$m; \\
  done; bin/python -m compileall -q lib >/dev/null || true
"""
REPOSITORY = """\
ARG ENVIRONMENT
FROM $ENVIRONMENT
COPY tree /testbed
WORKDIR /testbed/
ARG VERSION
RUN chown -R 0:0 /testbed && chmod -R 777 /testbed && git -c init.defaultBranch=main init -q --template= \\
 && { [ -e .gitignore ] || printf '%s\\n' '__pycache__/' '*.egg-info/' 'build/' > .gitignore; } && git add --all \\
 && GIT_COMMITTER_DATE=2020-01-01T00:00Z git -c user.name=rows -c user.email=rows@example.invalid commit -q -m base \\
    --date 2020-01-01T00:00Z \\
 && git config --system --add safe.directory /testbed \\
 && SETUPTOOLS_SCM_PRETEND_VERSION=$VERSION python -m pip install -q --no-index --no-deps --no-build-isolation -e . \\
 && git config --global user.email setup@swebench.config && git config --global user.name SWE-bench \\
 && git commit -q --allow-empty -am SWE-bench
"""
# SymPy's distributions leave its runner out; this calls the same function with the options that rows use.
SYMPY_TEST = """\
#!/usr/bin/env python
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if "-C" in sys.argv:
    os.environ["SYMPY_USE_CACHE"] = "no"
from sympy.testing.runtests import test

files = [word for word in sys.argv[1:] if not word.startswith("-")]
sys.exit(0 if test(*files, verbose="--verbose" in sys.argv) else 1)
"""
TOOLS = ["pip==23.2.1", "setuptools==68.0.0", "wheel==0.41.2"]


def read_rows(path: Path, wanted: set[str]) -> dict[str, dict[str, Any]]:
    from hotmess_inspect.swebench.rows import read_rows as rows_of

    return {row["instance_id"]: dict(row) for _, row in rows_of(path) if row["instance_id"] in wanted}


def build(rows: dict[str, dict[str, Any]], plan: dict[str, Any], work: Path) -> None:
    for name, how in plan.items():
        needs = [*TOOLS, *how["needs"]]
        environment = f"hotmess-rows/env:{hashlib.sha256(json.dumps(needs).encode()).hexdigest()[:12]}"
        fresh = not has_image(environment)
        if fresh:
            site = work / "site"
            shutil.rmtree(site, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(site), "--no-compile"]
            subprocess.run([*pip, *needs], check=True)
            docker_build(work / "env", {"site": site}, ENVIRONMENT, environment)
        image = f"swebench/sweb.eval.x86_64.{name.replace('__', '_1776_').lower()}:latest"
        if fresh or not has_image(image):
            tree = source_tree(rows[name], work / "sdist" / how["sdist"], work / "tree")
            arguments = {"ENVIRONMENT": environment, "VERSION": how.get("version", "0")}
            docker_build(work / "row", {"tree": tree}, REPOSITORY, image, **arguments)
        print(f"{image} on {environment}", flush=True)


def source_tree(row: dict[str, Any], sdist: Path, tree: Path) -> Path:
    """The distribution with the row's test patch and fix taken back."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    subprocess.run(["tar", "xzf", str(sdist), "-C", str(tree), "--strip-components=1"], check=True)
    git = ["git", "-C", str(tree)]
    subprocess.run([*git, "init", "-q"], check=True)
    for part in ("test_patch", "patch"):
        subprocess.run(
            [*git, "apply", "--whitespace=nowarn", "-R", "-"], input=row[part], text=True, check=True
        )
    shutil.rmtree(tree / ".git")
    if (tree / "sympy").is_dir() and not (tree / "bin" / "test").exists():
        (tree / "bin" / "test").write_text(SYMPY_TEST)
    return tree


def has_image(name: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", name], capture_output=True).returncode == 0


def docker_build(context: Path, parts: dict[str, Path], recipe: str, name: str, **arguments: str) -> None:
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir(parents=True)
    for part, source in parts.items():
        shutil.move(str(source), context / part)
    (context / "Dockerfile").write_text(recipe)
    options = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
    subprocess.run(
        ["docker", "build", "-q", "--network", "none", *options, "-t", name, str(context)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


async def agree(rows: Path, plan: dict[str, Any], repeats: int, official: bool) -> int:
    from hotmess_inspect.swebench.rows import load_instances

    instances, _ = load_instances(str(rows), instances=list(plan))
    print(f"{'instance':<36}{'F2P':>5}{'P2P':>5}  {'gold':>7}{'empty':>7}{'official':>10}{'seconds':>9}")
    wrong = 0
    for instance in instances:
        counts, seconds, first = Counter[str](), 0.0, None
        for _ in range(repeats):
            for patch, expected in ((instance.patch, True), ("", False)):
                result, same, took = await once(instance, patch, official)
                seconds += took / repeats / 2
                as_stated = all(
                    o is (expected or n >= len(instance.fail_to_pass)) for n, o in enumerate(result.outcomes)
                )
                counts["gold" if expected else "empty"] += as_stated
                counts["same"] += same
                if not as_stated and first is None:
                    odd = [t for t, s in result.statuses.items() if s != "passed"][:3]
                    first = f"{'gold' if expected else 'empty'}: {result.verdict} {result.note} {odd}"
        wrong += (
            counts["gold"] < repeats
            or counts["empty"] < repeats
            or (official and counts["same"] < 2 * repeats)
        )
        theirs = f"{counts['same']}/{2 * repeats}" if official else "–"
        print(
            f"{instance.instance_id:<36}{len(instance.fail_to_pass):>5}{len(instance.pass_to_pass):>5}  "
            f"{counts['gold']:>4}/{repeats}{counts['empty']:>4}/{repeats}{theirs:>10}{seconds:>9.2f}",
            first or "",
            flush=True,
        )
    return int(bool(wrong))


async def once(instance: Any, patch: str, official: bool) -> tuple[Any, bool, float]:
    from hotmess_inspect.swebench.adjudication import read_official, run_official
    from hotmess_inspect.swebench.contained import contained
    from hotmess_inspect.swebench.grading import grade
    from hotmess_inspect.swebench.sandbox import REPOSITORY, Resources, container_service

    service = container_service(instance.image, Resources())
    async with contained(service) as sandbox:
        started = time.perf_counter()
        result = await grade(sandbox, REPOSITORY, instance, patch.encode(), timeout=1800)
        took = time.perf_counter() - started
    if not official:
        return result, True, took
    async with contained(service) as sandbox:
        log = await run_official(sandbox, REPOSITORY, instance, patch.encode(), timeout=1800)
    return result, read_official(instance, log).resolved is (result.verdict == "resolved"), took


def run(rows: dict[str, dict[str, Any]], official: bool, logs: Path) -> int:
    """The task on each row with the hash that its image's base commit has; four epochs, in order."""
    import base64

    from inspect_ai import eval as inspect_eval
    from inspect_ai.solver import solver
    from inspect_ai.util import sandbox

    from hotmess_inspect.swebench.rows import official_image
    from hotmess_inspect.tasks.swebench import swebench

    made = logs / "rows.jsonl"
    logs.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, row in rows.items():
        image = official_image(name)
        first = ["docker", "run", "--rm", image, "git", "rev-list", "--max-parents=0", "HEAD"]
        commit = subprocess.run(first, check=True, capture_output=True, text=True).stdout.strip()
        lines.append(json.dumps(row | {"base_commit": commit, "image": image}))
    made.write_text("\n".join(lines) + "\n")
    expected = {"reference fix": True, "nothing": False, "a line less": False, "cannot be loaded": False}

    @solver
    def agent() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            patch = state.metadata["patch"]
            target = next(w[6:] for w in patch.splitlines() if w.startswith("+++ b/") and w.endswith(".py"))
            encoded = base64.b64encode(patch.encode()).decode()
            fix = f"echo {encoded} | base64 -d | git apply -"
            last = [
                w[1:] for w in patch.splitlines() if w.startswith("+") and w[1:].strip() and w[:3] != "+++"
            ][-1]
            less = "import sys; p, w = sys.argv[1:]; t = open(p).read(); open(p, 'w').write((w + chr(10)).join(t.split(w + chr(10))[:-1]) + t.split(w + chr(10))[-1])"
            scripts = [
                fix,
                "true",
                fix + f" && python3 -c {shlex.quote(less)} {shlex.quote(target)} {shlex.quote(last)}",
                f"echo 'raise RuntimeError' >>{shlex.quote(target)}",
            ]
            done = await sandbox().exec(["bash", "-c", scripts[state.epoch - 1]], timeout=120)
            assert done.success, done.stderr
            return state

        return solve

    task = swebench(dataset=str(made), epochs=len(expected), preflight=1, adjudicate=official)
    (log,) = inspect_eval(
        task,
        solver=agent(),
        model="mockllm/model",
        log_dir=str(logs),
        display="none",
        fail_on_error=False,
        max_sandboxes=2,
        max_samples=2,
    )
    wrong = 0
    for sample in sorted(log.samples or [], key=lambda s: (str(s.id), s.epoch)):
        name = list(expected)[sample.epoch - 1]
        scores = sample.scores or {}
        details = scores["swebench_scorer"].metadata or {} if "swebench_scorer" in scores else {}
        verdict = details.get("verdict", f"error: {sample.error.message[:200] if sample.error else ''}")
        theirs = scores["swebench_official"].value if "swebench_official" in scores else {}
        # What the last line of a fix is worth differs; the official grader says it.
        right = verdict == ("resolved" if expected[name] else "unresolved")
        agrees = bool(theirs.get("agrees")) if theirs else right  # type: ignore[union-attr]
        wrong += not (agrees and (right or name == "a line less"))
        masked = len(sample.metadata.get("unstable_tests") or ())
        print(
            f"{sample.id!s:<36}{name:<18}{verdict:<12}{'agrees' if theirs and agrees else '–' if not theirs else 'DIFFERS':<9}"
            f"{masked:>3} masked  {details.get('tests_seconds', 0):>7.1f} s",
            flush=True,
        )
    return int(bool(wrong))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("build", "agree", "run"))
    parser.add_argument("rows", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--work", type=Path, default=Path("official-rows"))
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--official", action="store_true")
    parser.add_argument("--instance", action="append", default=[])
    arguments = parser.parse_args()
    plan = json.loads(arguments.plan.read_text())
    plan = {name: how for name, how in plan.items() if not arguments.instance or name in arguments.instance}
    if arguments.what == "build":
        build(read_rows(arguments.rows, set(plan)), plan, arguments.work)
        return 0
    if arguments.what == "run":
        return run(read_rows(arguments.rows, set(plan)), arguments.official, arguments.work / "logs")
    return anyio.run(agree, arguments.rows, plan, arguments.repeats, arguments.official)


if __name__ == "__main__":
    sys.exit(main())
