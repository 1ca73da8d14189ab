"""Pack the bundled SWE-bench repositories, measure their instances in their images, and bring what is stored up to date.

    python sandbox/refresh_mini.py           # pack sandbox/mini, measure, rewrite rows.jsonl and variants.jsonl
    python sandbox/refresh_mini.py --pack    # pack sandbox/mini as repos.tar and no more; needs no engine
    python sandbox/refresh_mini.py --check   # measure, report what differs from the files, exit status 1 if anything does

A row is kept as its author wrote it (problem statement, patch, test patch, ...); what follows from it and
from the sources is computed: base commit, image, evaluation script, and from test runs in the containers
FAIL_TO_PASS, PASS_TO_PASS and the outcomes of every variant.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import hotmess_inspect.swebench.mini as mini
from hotmess_inspect.swebench.build import build_mini, connect
from hotmess_inspect.swebench.mini import mini_rows, mini_variants
from hotmess_inspect.swebench.mini.source import base_commit, mini_image, mini_packages, tar_of

EVAL_SCRIPT = """\
#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git status
git show
git -c core.fileMode=false diff {commit}
git checkout {commit} {files}
git apply -v - <<'EOF_114329324912'
{test_patch}
EOF_114329324912
: '>>>>> Start Test Output'
pytest -rA {files}
: '>>>>> End Test Output'
git checkout {commit} {files}
"""

# Runs in the container: each job starts from the clean base commit, and its outcomes come from JUnit XML.
RUNNER = """
import json, os, signal, subprocess, sys
from xml.etree import ElementTree

import pytest

def git(*command, text=None):
    return subprocess.run(["git", *command], input=text, text=True, capture_output=True)

def outcomes(path):
    found = {}
    for case in ElementTree.parse(path).iter("testcase"):
        module = case.get("file")[: -len(".py")].replace("/", ".")
        classes = case.get("classname")[len(module) :].replace(".", "::")
        passed = not any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
        found[case.get("file") + classes + "::" + case.get("name")] = passed
    return found

def run_tests(files):
    open("/tmp/junit.xml", "w").write("<testsuites/>")
    options = ["-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", "--junitxml=/tmp/junit.xml"]
    child = os.fork()  # a fresh process for each job, but pytest is imported only once
    if child == 0:
        signal.alarm(60)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.path.insert(0, os.getcwd())
        pytest.main([*options, *files])
        os._exit(0)
    os.waitpid(child, 0)

results = []
for job in json.load(open("/tmp/jobs.json")):
    git("checkout", "--quiet", "--force", "HEAD", "--", ".")
    git("clean", "-fdxq")
    for patch in (job["patch"], job["test_patch"]):
        applied = git("apply", "-", text=patch) if patch else None
        if applied is not None and applied.returncode:
            sys.exit(job["instance_id"] + " " + job["name"] + ": " + applied.stderr)
    run_tests(job["files"])
    results.append({"instance_id": job["instance_id"], "name": job["name"], "passed": outcomes("/tmp/junit.xml")})
json.dump(results, open("/tmp/results.json", "w"))
"""


@dataclass(frozen=True)
class Job:
    """One patch to measure against one instance's tests."""

    instance_id: str
    name: str
    patch: str
    test_patch: str
    files: Sequence[str]


Outcomes = dict[str, bool]
"""Whether each test passed, by pytest id, in the order of the run."""


def test_files(test_patch: str) -> list[str]:
    """Files that a test patch touches, in its order."""
    return re.findall(r"^\+\+\+ b/(.+)$", test_patch, flags=re.MULTILINE)


def package_of(row: dict[str, str]) -> str:
    """Name of the bundled repository of a row."""
    return row["repo"].removeprefix("hotmess-mini/")


def job_for(row: dict[str, str], name: str, patch: str) -> Job:
    """The measurement of one patch, for a row."""
    return Job(row["instance_id"], name, patch, row["test_patch"], test_files(row["test_patch"]))


def measure(client: Any, package: str, jobs: Sequence[Job]) -> list[Outcomes]:
    """Run jobs one after another in one container without network.

    Returns:
        Outcomes in the order of the jobs; empty where the tests could not even be collected.

    Raises:
        RuntimeError: If the run itself fails, for instance because a patch does not apply.
    """
    container = client.containers.create(
        mini_image(package), ["sleep", "3600"], network_mode="none", init=True, working_dir="/testbed"
    )
    try:
        container.start()
        documents = {"jobs.json": json.dumps([asdict(job) for job in jobs]), "runner.py": RUNNER}
        container.put_archive("/tmp", _archive(documents))
        status, output = container.exec_run(["python", "/tmp/runner.py"])
        if status != 0:
            raise RuntimeError(f"measuring {package} failed: {output.decode(errors='replace')}")
        chunks, _ = container.get_archive("/tmp/results.json")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            member = tar.extractfile("results.json")
            results = json.load(member) if member else []
        return [result["passed"] for result in results]
    finally:
        container.remove(force=True)


def _archive(documents: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in documents.items():
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def measure_all(client: Any, jobs: dict[str, list[Job]]) -> dict[tuple[str, str], Outcomes]:
    """Measure the jobs of several packages, two containers at a time, by (instance_id, name)."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda package: measure(client, package, jobs[package]), jobs)
        return {
            (job.instance_id, job.name): outcomes
            for package, measured in zip(jobs, results, strict=True)
            for job, outcomes in zip(jobs[package], measured, strict=True)
        }


def planned_jobs(rows: Sequence[dict[str, str]], variants: Sequence[dict[str, Any]]) -> dict[str, list[Job]]:
    """All measurements: the empty patch, the gold patch and each variant of each row, by package."""
    jobs: dict[str, list[Job]] = {}
    for row in rows:
        mine = [variant for variant in variants if variant["instance_id"] == row["instance_id"]]
        patches = {"": "", "row": row["patch"]} | {variant["name"]: variant["patch"] for variant in mine}
        jobs.setdefault(package_of(row), []).extend(job_for(row, *item) for item in patches.items())
    return jobs


def completed_row(row: dict[str, str], empty: Outcomes, gold: Outcomes) -> dict[str, str]:
    """A row with everything that follows from the sources and the measurement.

    Raises:
        ValueError: If the gold patch does not pass every test.
    """
    package = package_of(row)
    failing = [test for test, passed in gold.items() if not passed]
    if failing or not gold:
        raise ValueError(f"{row['instance_id']}: the gold patch fails {failing or 'everything'}")
    commit, files = base_commit(package), " ".join(test_files(row["test_patch"]))
    script = EVAL_SCRIPT.format(commit=commit, files=files, test_patch=row["test_patch"])
    return {
        "repo": row["repo"],
        "instance_id": row["instance_id"],
        "base_commit": commit,
        **{key: row[key] for key in ("patch", "test_patch", "problem_statement", "hints_text")},
        **{key: row[key] for key in ("created_at", "version")},
        "FAIL_TO_PASS": json.dumps([test for test in gold if not empty.get(test, False)]),
        "PASS_TO_PASS": json.dumps([test for test in gold if empty.get(test, False)]),
        "environment_setup_commit": commit,
        "difficulty": row["difficulty"],
        "eval_script": script,
        "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail",
        "image": mini_image(package),
    }


def completed_variant(variant: dict[str, Any], row: dict[str, str], outcomes: Outcomes) -> dict[str, Any]:
    """A variant with its measured outcomes, and the kind that follows from them."""
    f2p = [int(outcomes.get(test, False)) for test in json.loads(row["FAIL_TO_PASS"])]
    p2p = [int(outcomes.get(test, False)) for test in json.loads(row["PASS_TO_PASS"])]
    kind = "right" if all(f2p + p2p) else "partial" if any(f2p) else "wrong"
    stated = re.sub(r"-\d+$", "", variant["name"]).replace("gold", "right")
    if kind != stated or (kind == "partial" and all(f2p)):
        raise ValueError(f"{row['instance_id']} {variant['name']}: measured {kind}, f2p {f2p}, p2p {p2p}")
    return {
        **{key: variant[key] for key in ("instance_id", "name")},
        "kind": kind,
        "patch": variant["patch"],
        "f2p": f2p,
        "p2p": p2p,
    }


def refreshed(
    client: Any, rows: Sequence[dict[str, str]], variants: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Rows and variants as measured now."""
    measured = measure_all(client, planned_jobs(rows, variants))
    complete = {
        row["instance_id"]: completed_row(
            row, measured[row["instance_id"], ""], measured[row["instance_id"], "row"]
        )
        for row in rows
    }
    outcomes = [
        completed_variant(
            variant, complete[variant["instance_id"]], measured[variant["instance_id"], variant["name"]]
        )
        for variant in variants
    ]
    return list(complete.values()), outcomes


def packed(folder: Path) -> bytes:
    """The repositories of a folder as one archive, without what test runs and installers leave there."""
    left = {"__pycache__", ".pytest_cache", ".hypothesis"}
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return tar_of(
        {
            path.as_posix(): (folder / path).read_bytes()
            for path in paths
            if left.isdisjoint(path.parts) and not any(part.endswith(".egg-info") for part in path.parts)
        }
    )


def main() -> int:
    """Refresh or check the files beside the package's source."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing, report differences")
    parser.add_argument("--pack", action="store_true", help="pack the repositories and stop")
    arguments = parser.parse_args()
    check = arguments.check
    folder = Path(mini.__file__).parent
    archive, content = folder / "repos.tar", packed(Path(__file__).parent / "mini")
    if not archive.is_file() or archive.read_bytes() != content:
        print("repos.tar is not what sandbox/mini holds")
        if check:
            return 1
        archive.write_bytes(content)
    if arguments.pack:
        return 0
    before = {"rows.jsonl": mini_rows(), "variants.jsonl": mini_variants()}
    client = connect(timeout=900)
    build_mini(mini_packages(), client=client, progress=print)
    after = dict(zip(before, refreshed(client, *before.values()), strict=True))
    for name, entries in after.items():
        changed = [
            entry["instance_id"] for old, entry in zip(before[name], entries, strict=True) if old != entry
        ]
        print(f"{name}: {len(entries)} entries, {len(changed)} changed {' '.join(sorted(set(changed)))}")
        if changed and not check:
            text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
            (folder / name).write_text(text, encoding="utf-8")
    return int(check and after != before)


if __name__ == "__main__":
    sys.exit(main())
