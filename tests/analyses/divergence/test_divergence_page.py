"""The commands of docs/divergence.md, and what the page says that they give."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main

PAGE = (Path(__file__).parents[3] / "docs" / "divergence.md").read_text()
COMMANDS = [
    line for block in re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL) for line in block.splitlines()
]


@pytest.mark.slow
def test_commands_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # A login shell of the local sandbox runs no profile of whoever tests, which may say other things each time.
    monkeypatch.setenv("HOME", str(tmp_path))
    first, *rest = COMMANDS
    words = shlex.split(first)
    inspect = Path(sys.executable).with_name("inspect")
    done = subprocess.run(
        [str(inspect), *words[1:]], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, str] = {}
    for command in rest:
        name, *arguments = shlex.split(command)
        assert name == "hotmess"
        run = CliRunner().invoke(main, arguments)
        said[command] = run.output
        assert run.exit_code == 0, f"{command}\n{run.output}"
    tree = said["hotmess diverge logs --measure resolved"]
    assert "step 1: 100.0 % of its variance" in tree
    assert "4 epochs, 4 right: cat daywork/interval.py" in tree
    assert "2 epochs, 0 right: cat daywork/planner.py" in tree
    assert "p = 0.067" in tree or "p = 0.06" in tree or "p = 0.07" in tree
    fork = next(text for command, text in said.items() if command.startswith("hotmess fork"))
    assert "without per-question numbers" not in fork
    assert "variance given the path so far: 0.0000 [0.0000 … 0.2476]" in fork
    assert (tmp_path / "steps.html").read_text().count("<section") == 1
    assert "Where epochs part" in (tmp_path / "report.html").read_text()
