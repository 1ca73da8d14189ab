"""What of an agent's patch may reach the grading container."""

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from hotmess_inspect.swebench.patch import check_patch, is_test_file, patched_files, split_patch

GOLD = """\
diff --git a/pkg/core.py b/pkg/core.py
--- a/pkg/core.py
+++ b/pkg/core.py
@@ -1 +1 @@
-x = 1
+x = 2
"""
TESTS = """\
diff --git a/checks/core_checks.py b/checks/core_checks.py
--- a/checks/core_checks.py
+++ b/checks/core_checks.py
@@ -1 +1 @@
-a
+b
"""


def new_file(path: str, mode: str = "100644") -> str:
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\nindex 000..111\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+pass\n"
    )


def changed_file(path: str) -> str:
    return f"diff --git a/{path} b/{path}\nindex 000..111 100644\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-a\n+b\n"


def check(patch: str) -> tuple[tuple[str, ...], dict[str, str]]:
    result = check_patch(patch.encode(), gold=GOLD, test_patch=TESTS)
    return result.files, dict(result.dropped)


def test_source_files_pass() -> None:
    files, dropped = check(GOLD + new_file("pkg/helper.py") + changed_file("docs/index.rst"))
    assert files == ("pkg/core.py", "pkg/helper.py", "docs/index.rst")
    assert dropped == {}


def test_new_files_in_the_projects_own_package_shadow_nothing() -> None:
    gold = changed_file("src/_pytest/python.py")
    patch = "".join(map(new_file, ("src/_pytest/new.py", "src/pluggy/x.py", "_pytest.py", "json.py")))
    found = check_patch(patch.encode(), gold=gold, test_patch="")
    assert found.files == ("src/_pytest/new.py",)
    assert {path for path, _ in found.dropped} == {"src/pluggy/x.py", "_pytest.py", "json.py"}


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        (new_file("conftest.py"), "configures"),
        (new_file("pkg/conftest.py"), "configures"),
        (changed_file("setup.cfg"), "configures"),
        (changed_file("pyproject.toml"), "configures"),
        (new_file("pytest.ini"), "configures"),
        (new_file("tox.ini"), "configures"),
        (new_file("sitecustomize.py"), "configures"),
        (new_file("evil.pth"), "configures"),
        (new_file("x.Dist-Info/entry_points.txt"), "configures"),
        (new_file("src/X.EGG-INFO/entry_points.txt"), "configures"),
        (new_file("x.egg/EGG-INFO/entry_points.txt"), "configures"),
        (new_file("evil.PTH"), "configures"),
        (changed_file("bin/test"), "configures"),
        (new_file("evil-1.dist-info/entry_points.txt"), "configures"),
        (new_file("src/pkg.egg-info/entry_points.txt"), "configures"),
        (new_file(".gitattributes"), "configures"),
        (changed_file("checks/core_checks.py"), "test file"),
        (changed_file("tests/test_other.py"), "test file"),
        (new_file("test_reproduce.py"), "test file"),
        (new_file("pytest.py"), "shadows"),
        (new_file("json/__init__.py"), "shadows"),
        (new_file("src/_pytest/reports.py"), "shadows"),
        (new_file("pkg/link.py", mode="120000"), "link or submodule"),
        (new_file("vendored", mode="160000"), "link or submodule"),
        (new_file("pkg/link.py", mode="0120000"), "link or submodule"),
        (new_file("pkg/link.py", mode="120000 "), "link or submodule"),
        (new_file("pkg/link.py", mode="\t120000"), "link or submodule"),
        (new_file("pkg/link.py", mode="00000000120777"), "link or submodule"),
        (new_file("vendored", mode="0160000"), "link or submodule"),
        (new_file("pkg/x.py", mode="100644 "), "unusual header"),
        (new_file("pkg/x.py", mode="0100644"), "unusual header"),
        (new_file("pkg/x.py", mode="040000"), "unusual header"),
        (
            changed_file("pkg/x.py").replace("index 000..111 100644", "index 000..111 0120000"),
            "link or submodule",
        ),
        (
            changed_file("pkg/x.py").replace("index 000..111 100644", "index 000..111  120000"),
            "link or submodule",
        ),
        (changed_file("pkg/x.py").replace("index 0", "new mode 120000\nindex 0"), "link or submodule"),
        (changed_file("pkg/x.py").replace("index 0", "rename to conftest.py\nindex 0"), "configures"),
        (changed_file("pkg/x.py").replace("+++ b/pkg/x.py", "+++ b/conftest.py"), "configures"),
        (changed_file("pkg/x.py").replace("+++ b/", "+++ "), "unusual header"),
        ("diff --git a/x b/y\nold mode 100644\nnew mode 100755\n", "names no file"),
        (new_file("../outside.py"), "outside the tree"),
        (new_file(".git/hooks/post-checkout"), "outside the tree"),
        (
            "diff --git a/x.bin b/x.bin\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\n",
            "binary",
        ),
        (
            "diff --git a/x.bin b/x.bin\nindex 1..2 100644\nBinary files a/x.bin and b/x.bin differ\n",
            "binary",
        ),
    ],
)
def test_what_is_left_out(section: str, reason: str) -> None:
    files, dropped = check(section + GOLD)
    assert files == ("pkg/core.py",)
    assert len(dropped) == 1
    assert reason in next(iter(dropped.values()))


def test_a_file_of_the_reference_fix_is_always_allowed() -> None:
    patch = changed_file("setup.cfg")
    result = check_patch(patch.encode(), gold=changed_file("setup.cfg"), test_patch=TESTS)
    assert result.files == ("setup.cfg",)


def test_existing_module_with_the_name_of_a_standard_one_may_change() -> None:
    files, _ = check(changed_file("src/_pytest/logging.py") + changed_file("calendar.py"))
    assert files == ("src/_pytest/logging.py", "calendar.py")


def test_names_as_git_quotes_them() -> None:
    quoted = (
        changed_file("x")
        .replace("a/x", '"a/q\\"\\t\\n\\\\\\303\\251.py"')
        .replace("b/x", '"b/q\\"\\t\\n\\\\\\303\\251.py"')
    )
    assert patched_files(quoted) == ('q"\t\n\\é.py',)


def test_a_rename_of_the_reference_fix_is_read() -> None:
    rename = "diff --git a/old name.py b/new name.py\nsimilarity index 100%\nrename from old name.py\nrename to new name.py\n"
    (part,) = split_patch(rename.encode())
    assert (part.path, part.source) == ("new name.py", "old name.py")
    assert check_patch(rename.encode(), gold=rename, test_patch=TESTS).files == ("new name.py",)
    away = rename.replace("new name.py", "conftest.py")
    assert check_patch(away.encode(), gold=rename, test_patch=TESTS).files == ()


@pytest.mark.shared
def test_nothing_of_a_real_rows_patches_is_left_out(shared_data: Path) -> None:
    with gzip.open(shared_data / "swebench_rows.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        found = check_patch(row["patch"].encode(), gold=row["patch"], test_patch=row["test_patch"])
        assert found.dropped == (), row["instance_id"]
        assert found.text == row["patch"].encode()[row["patch"].encode().index(b"diff --git") :]
        for text in (row["patch"], row["test_patch"]):
            assert len(patched_files(text)) == text.count("\ndiff --git ") + text.startswith("diff --git ")


def test_a_blank_in_a_name() -> None:
    assert patched_files(changed_file("a dir/b file.py")) == ("a dir/b file.py",)


def test_text_before_the_first_header_is_dropped() -> None:
    sneaky = "--- conftest.py\n+++ conftest.py\n@@ -0,0 +1 @@\n+import os\n"
    assert check_patch((sneaky + GOLD).encode(), gold=GOLD, test_patch=TESTS).text == GOLD.encode()


@pytest.mark.parametrize("patch", [b"", b"no patch at all\n", b"\xff\xfe\x00"])
def test_no_section(patch: bytes) -> None:
    assert split_patch(patch) == []


def test_sections_of_a_real_git_diff_are_found_byte_for_byte(tmp_path: Path) -> None:
    def git(*words: str) -> bytes:
        return subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True).stdout

    git("init", "-q")
    names = ["plain.py", "with blank.py", "ümlaut.py", "sub/deep.py", "crlf.txt", "no newline.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"one\r\ntwo\r\n" if "crlf" in name else b"one\ndiff --git a/x b/x\n")
    git("add", "-A")
    git("-c", "user.name=x", "-c", "user.email=x@y.invalid", "commit", "-qm", "x")
    for name in names:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"three")
    diff = git("-c", "core.quotePath=false", "diff", "--no-renames")
    parts = split_patch(diff)
    assert sorted(p.path for p in parts) == sorted(names)
    assert b"".join(p.text for p in parts) == diff


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/test_a.py", True),
        ("lib/matplotlib/tests/test_a.py", True),
        ("testing/python/raises.py", True),
        ("test/cli/commands.py", True),
        ("pkg/sub_test.py", True),
        ("django/test/client.py", False),
        ("lib/matplotlib/testing/decorators.py", False),
        ("pkg/contest.py", False),
        ("pkg/latest.py", False),
    ],
)
def test_which_files_are_tests(path: str, expected: bool) -> None:
    assert is_test_file(path) is expected
