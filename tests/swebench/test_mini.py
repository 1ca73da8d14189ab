"""The bundled instances as data: schema, patches, hashes. What they do in containers is in test_mini_docker."""

import gzip
import importlib.util
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import hotmess_inspect.swebench.mini as mini
from hotmess_inspect.swebench.mini import mini_rows, mini_variants
from hotmess_inspect.swebench.mini import source as source_module
from hotmess_inspect.swebench.mini.source import (
    base_commit,
    build_context,
    mini_image,
    mini_packages,
    package_files,
)

ROOT = Path(__file__).parents[2]
OFFICIAL_KEYS = [
    "repo",
    "instance_id",
    "base_commit",
    "patch",
    "test_patch",
    "problem_statement",
    "hints_text",
    "created_at",
    "version",
    "FAIL_TO_PASS",
    "PASS_TO_PASS",
    "environment_setup_commit",
    "difficulty",
    "eval_script",
    "log_parser",
    "eval_type",
    "image",
]

ROWS = {row["instance_id"]: row for row in mini_rows()}
VARIANTS = mini_variants()

every_instance = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def variants_of(row: dict[str, str], kind: str) -> list[dict]:
    return [
        variant
        for variant in VARIANTS
        if variant["instance_id"] == row["instance_id"] and variant["kind"] == kind
    ]


def git(folder: Path, *command: str, text: str | None = None) -> str:
    settings = ["-c", "user.name=x", "-c", "user.email=x@example.invalid", "-c", "core.autocrlf=false"]
    return subprocess.run(
        ["git", *settings, *command], cwd=folder, input=text, text=True, check=True, capture_output=True
    ).stdout.strip()


@pytest.fixture
def checkout(row: dict[str, str], tmp_path: Path) -> Path:
    """The base commit of a row's repository, made by git with the author and dates of the images."""
    for path, content in package_files(row["repo"].removeprefix("hotmess-mini/")).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    git(tmp_path, "init", "--quiet", "--template=")
    git(tmp_path, "add", "--all")
    return tmp_path


def test_there_are_enough_of_them():
    assert len(ROWS) == len(mini_rows()) >= 12
    assert len({row["repo"] for row in ROWS.values()}) == len(mini_packages()) >= 4
    several = [row for row in ROWS.values() if len(json.loads(row["FAIL_TO_PASS"])) >= 4]
    assert len([row for row in several if variants_of(row, "partial")]) >= 4


@every_instance
def test_schema(row):
    assert list(row) == OFFICIAL_KEYS
    assert all(isinstance(value, str) for value in row.values())
    assert row["instance_id"].startswith(row["repo"].replace("/", "__") + "-")
    assert row["log_parser"] == "parse_log_pytest"
    assert row["eval_type"] == "pass_and_fail"


@pytest.mark.shared
def test_schema_is_the_official_one(shared_data):
    with gzip.open(shared_data / "swebench_rows.jsonl.gz", "rt", encoding="utf-8") as lines:
        official = [json.loads(line) for line in lines]
    verified = next(row for row in official if "Verified:test" in row["subsets"])
    assert [key for key in verified if key != "subsets"] == OFFICIAL_KEYS
    difficulties = {row["difficulty"] for row in official if "difficulty" in row}
    assert {row["difficulty"] for row in ROWS.values()} <= difficulties


@every_instance
def test_ids_are_unique_and_disjoint(row):
    f2p, p2p = json.loads(row["FAIL_TO_PASS"]), json.loads(row["PASS_TO_PASS"])
    assert len(set(f2p) | set(p2p)) == len(f2p) + len(p2p)
    assert len(f2p) >= 1
    assert 5 <= len(p2p) <= 60
    # The official parser cuts at blanks, so an id with one in it could never be found again.
    assert not any(" " in test for test in f2p + p2p)


@every_instance
def test_new_tests_are_not_in_the_repository(row):
    files = package_files(row["repo"].removeprefix("hotmess-mini/"))
    for test in json.loads(row["FAIL_TO_PASS"]):
        path, name = test.split("[")[0].split("::")
        assert f"\n+def {name}(" in row["test_patch"]
        assert f"def {name}(" not in files[path].decode()


@every_instance
def test_commit_is_what_git_makes(row, checkout):
    identity = "Hotmess Mini <mini@hotmess.invalid> 1767225600 +0000"
    tree = git(checkout, "write-tree")
    text = f"tree {tree}\nauthor {identity}\ncommitter {identity}\n\nStart of the repository\n"
    made = git(checkout, "hash-object", "-t", "commit", "-w", "--stdin", text=text)
    assert row["base_commit"] == row["environment_setup_commit"] == made


@every_instance
def test_patches_apply(row, checkout):
    for variant in [v for v in VARIANTS if v["instance_id"] == row["instance_id"]]:
        git(checkout, "apply", "--check", "-", text=variant["patch"])
        git(checkout, "apply", "-", text=variant["patch"] + row["test_patch"])
        git(checkout, "apply", "--reverse", "-", text=variant["patch"] + row["test_patch"])
        assert git(checkout, "diff") == ""


@every_instance
def test_patches_leave_the_tests_alone(row):
    for variant in [v for v in VARIANTS if v["instance_id"] == row["instance_id"]]:
        assert "+++ b/tests/" not in variant["patch"]
    assert all(line.startswith("+++ b/tests/") for line in row["test_patch"].splitlines() if "+++ " in line)


@every_instance
def test_variants(row):
    f2p, p2p = len(json.loads(row["FAIL_TO_PASS"])), len(json.loads(row["PASS_TO_PASS"]))
    right, partial, wrong = (variants_of(row, kind) for kind in ("right", "partial", "wrong"))
    assert [variant["name"] for variant in right] == ["gold"]
    assert right[0]["patch"] == row["patch"]
    assert right[0]["f2p"] + right[0]["p2p"] == [1] * (f2p + p2p)
    assert len(partial) >= (1 if f2p >= 2 else 0)
    assert all(0 < sum(variant["f2p"]) < f2p for variant in partial)
    assert len(wrong) >= 2
    assert all(sum(variant["f2p"]) == 0 for variant in wrong)
    for variant in [*right, *partial, *wrong]:
        assert (len(variant["f2p"]), len(variant["p2p"])) == (f2p, p2p)
        assert set(variant["f2p"]) | set(variant["p2p"]) <= {0, 1}


def test_every_variant_is_different():
    assert len({(variant["instance_id"], variant["name"]) for variant in VARIANTS}) == len(VARIANTS)
    assert len({(variant["instance_id"], variant["patch"]) for variant in VARIANTS}) == len(VARIANTS)
    assert {variant["kind"] for variant in VARIANTS} == {"right", "partial", "wrong"}
    assert any(sum(v["p2p"]) < len(v["p2p"]) for v in VARIANTS if v["kind"] == "wrong")
    assert any(sum(v["p2p"]) == len(v["p2p"]) for v in VARIANTS if v["kind"] == "wrong")


@every_instance
def test_eval_script_has_the_official_form(row):
    lines = row["eval_script"].splitlines()
    files = [
        line.removeprefix("+++ b/") for line in row["test_patch"].splitlines() if line.startswith("+++ ")
    ]
    assert lines[:3] == ["#!/bin/bash", "set -uxo pipefail", "cd /testbed"]
    restore = f"git checkout {row['base_commit']} {' '.join(files)}"
    assert [line for line in lines if line.startswith("git checkout ")] == [restore, restore]
    start, end = lines.index(": '>>>>> Start Test Output'"), lines.index(": '>>>>> End Test Output'")
    assert lines[start + 1 : end] == [f"pytest -rA {' '.join(files)}"]
    assert row["test_patch"] in row["eval_script"]


@every_instance
def test_image_is_named_by_its_content(row):
    assert row["image"] == mini_image(row["repo"].removeprefix("hotmess-mini/"))


def test_image_name_follows_the_sources(monkeypatch):
    before = mini_image("daywork")
    changed = package_files("daywork") | {"README.md": b"changed"}
    monkeypatch.setattr(source_module, "package_files", lambda package: changed)
    assert source_module.mini_image.__wrapped__("daywork") != before


def test_build_context_is_reproducible():
    assert build_context("daywork").getvalue() == build_context("daywork").getvalue()


def packing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh_mini", ROOT / "sandbox" / "refresh_mini.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def test_the_archive_holds_the_folder():
    folder = ROOT / "sandbox" / "mini"
    listed = git(ROOT, "ls-files", "-z", "sandbox/mini").split("\0")
    held = {f"{package}/{path}" for package in mini_packages() for path in package_files(package)}
    assert held == {path.removeprefix("sandbox/mini/") for path in listed if path}
    for path in held:
        package, _, inside = path.partition("/")
        assert package_files(package)[inside] == (folder / path).read_bytes()
    assert packing().packed(folder) == (Path(mini.__file__).parent / "repos.tar").read_bytes()


def test_caches_do_not_count(tmp_path):
    package = tmp_path / "one"
    (package / "__pycache__").mkdir(parents=True)
    (tmp_path / "__pycache__").mkdir()
    (package / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    (package / "a.py").write_text("")
    with tarfile.open(fileobj=io.BytesIO(packing().packed(tmp_path))) as tar:
        assert tar.getnames() == ["one/a.py"]


@pytest.mark.parametrize("function", [base_commit, build_context, mini_image, package_files])
def test_unknown_package(function):
    with pytest.raises(ValueError, match=r"package must be one of daywork, .*, not 'nothing'"):
        function("nothing")


def test_rows_belong_to_the_caller():
    mini_rows()[0]["patch"] = "spoiled"
    mini_variants()[0]["f2p"].clear()
    assert mini_rows() == list(ROWS.values())
    assert mini_variants() == VARIANTS


@pytest.fixture
def stored_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(mini, "files", lambda name: tmp_path)
    mini._read_lines.cache_clear()
    yield tmp_path
    mini._read_lines.cache_clear()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a"', "rows.jsonl, line 2: not JSON"),
        ("[1]\n", "rows.jsonl, line 1: must be a JSON object, not list"),
    ],
    ids=["cut", "list"],
)
def test_mistakes_name_file_and_line(text, message, stored_elsewhere):
    (stored_elsewhere / "rows.jsonl").write_text(text)
    with pytest.raises(ValueError, match=message):
        mini_rows()
