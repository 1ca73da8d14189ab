"""The documentation site builds without a broken link, and its page of commands has them all."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hotmess_inspect.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_site_builds_and_no_link_is_broken(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--quiet",
        "--strict",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    commands = (tmp_path / "site" / "reference" / "commands" / "index.html").read_text("utf-8")
    assert all(f"hotmess {name}" in commands for name in COMMANDS)
    assert "decompose" in (tmp_path / "site" / "reference" / "python" / "index.html").read_text("utf-8")


def test_every_command_is_on_the_page() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    assert sorted(re.findall(r":command: (\w+)", page)) == sorted(COMMANDS)


def test_the_picture_is_the_one_that_the_script_draws(tmp_path: Path) -> None:
    made = tmp_path / "two_targets.svg"
    subprocess.run([sys.executable, str(ROOT / "sandbox" / "two_targets.py"), str(made)], check=True)
    assert made.read_text() == (ROOT / "docs" / "images" / "two_targets.svg").read_text()
