"""The examples of docs/survey.md run, and print what the page says."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hotmess_inspect.simulated.distribution import SimulatedArguments

PAGE = Path(__file__).parents[2] / "docs" / "survey.md"


def run(block: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", block],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "220"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    simulated, people = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.S)
    (shown,) = re.findall(r"<!-- output -->\n```text\n(.*?)```", PAGE.read_text(), re.S)
    assert shown.strip() and run(simulated, tmp_path).endswith(shown)
    assert sorted(file.name for file in (tmp_path / "survey").iterdir()) == [
        "survey.csv", "survey.json", "survey.png", "survey.svg"
    ]  # fmt: skip
    found = json.loads(run(people, tmp_path))
    # Intelligence: crow 1.5, driver 1.5, bakery 3; incoherence: crow 4 - 2.5, driver 4 - 2.5, bakery 4 - 1.
    assert found["correlation"]["spearman"] == pytest.approx(1.0)
    assert found["raters"] == {"intelligence": 2, "coherence": 2}


def test_the_python_example_prints_what_its_comments_say() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, str(PAGE), "exec"), {})
    assert said.getvalue().split() == re.findall(r"^# (.*)$", code, re.M)


def test_the_named_model_arguments_exist() -> None:
    for name in re.findall(r"-M (\w+)=", PAGE.read_text()):
        assert hasattr(SimulatedArguments(), name)
