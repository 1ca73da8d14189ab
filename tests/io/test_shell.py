"""What shell commands do, in short."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.io.shell import ShellAction, normal_path, shell_action

PATCH = "diff --git a/pin/set.py b/pin/set.py\n--- a/pin/set.py\n+++ b/pin/set.py\n@@ -1 +1 @@\n-a\n+b\n"


@pytest.mark.parametrize(
    ("command", "program", "target"),
    [
        ("ls -la", "ls", ""),
        ("ls src", "ls", "src"),
        ("cat Makefile | head -n 20", "cat", "Makefile"),
        ("cd /testbed && sed -n '1,20p' src/a.py | head -5", "sed", "src/a.py"),
        ("cd /testbed/src && cat a.py", "cat", "src/a.py"),
        ("[ -e .git ] || cd elsewhere\ngit log --oneline -n 5", "git log", ""),
        ("sed -i 's/a/b/' ./src/q.py", "sed -i", "src/q.py"),
        ("cat a.py b.py | grep foo", "cat", "a.py, b.py"),
        ("grep -rn --include='*.py' -e word . | head -n 20", "grep", "."),
        ("grep -rn some.thing src/", "grep", "src"),
        ("find . -name '*.py' -not -path './.git/*' | head -n 40", "find", "."),
        ("timeout 60 python3 -m pytest tests/test_a.py::test_x -x", "pytest", "tests/test_a.py"),
        ('"$PYTHON" -B -m pytest -q', "pytest", ""),
        ('$PYTHON -B -m pytest -q 2>&1 | tail -n 15', "pytest", ""),
        ("python - <<'EOF'\nopen('src/x.py', 'w').write('1')\nEOF", "python", "src/x.py"),
        ("cat > foo.py <<EOF\nprint(1)\nEOF", "write", "foo.py"),
        ("echo hi > a.txt", "write", "a.txt"),
        (f"FIX=$(mktemp)\ncat > \"$FIX\" <<'END'\n{PATCH}END\ngit apply \"$FIX\"", "write + git apply", "pin/set.py"),
        ("bash -c 'ls -la src/foo'", "ls", "src/foo"),
        ("git diff HEAD -- a.py && git status", "git diff + git status", "a.py"),
        ("cat /tmp/tmpab12cd34/out.log", "cat", "out.log"),
        ("for f in *.py; do wc -l setup.py; done", "wc", "setup.py"),
        ("cd src", "cd", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_actions(command: str, program: str, target: str) -> None:
    action = shell_action(command)
    assert (action.program, action.target) == (program, target)


@given(st.text(max_size=200))
def test_any_text_has_an_action(text: str) -> None:
    action = shell_action(text)
    assert isinstance(action.program, str) and "\n" not in action.target


@given(st.text(st.characters(min_codepoint=0x100) | st.sampled_from("{}$\"'`<>|&;\n a.,[]()=#"), max_size=60))
@settings(max_examples=300)
def test_no_character_breaks_the_parser(text: str) -> None:
    # The second text ended the process: the grammar looked characters beyond ASCII up in a table of bytes.
    for command in (text, f"n\U00031acd²{{{text}\U0010d136"):
        assert isinstance(shell_action(command).program, str)


def test_names_in_other_scripts_are_kept() -> None:
    assert shell_action("cat 日本/größe.py && sed -i s/ä/🙂/ ж/ф.py") == ShellAction(
        "cat + sed -i", "ж/ф.py, 日本/größe.py"
    )


def test_paths_lose_what_differs_between_sandboxes() -> None:
    assert normal_path("/testbed/a/../b.py") == "b.py"
    assert normal_path("/home/agent/repo/b.py") == "repo/b.py"
    assert normal_path("b.py", "/workspace/src") == "src/b.py"
    assert normal_path("/tmp/tmpxyz12345/b.py") == "b.py"
    assert normal_path("/etc/hosts") == "/etc/hosts"
    assert normal_path("/testbed") == "."
