"""The examples of docs/model_written.md run, and its table of sets is the one in use."""

import contextlib
import inspect
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hotmess_inspect.experiments.model_written.sets import SETS
from hotmess_inspect.tasks.model_written import model_written

PAGE = Path(__file__).parents[2] / "docs" / "model_written.md"


@pytest.mark.slow
def test_the_commands_run(tmp_path: Path) -> None:
    (block,) = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.S)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", block],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "COLUMNS": "220"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"answer_embedding\s*│ embedding\s*│ unbiased", done.stdout)
    assert "aligned_choice" in done.stdout and "2 questions, 60 epochs" in done.stdout


def test_the_python_example_prints_what_its_comments_say() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, str(PAGE), "exec"), {})
    assert said.getvalue().split("\n")[:-1] == re.findall(r"^# (\[.*)$", code, re.M)


def test_the_table_of_sets_is_the_one_in_use() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (not matching|matching) \| (.*) \|$", PAGE.read_text(), re.M)
    assert {name: (aligned.replace(" ", "_"), why) for name, aligned, why in rows} == {
        name: (entry.aligned, entry.why) for name, entry in SETS.items()
    }


def test_every_parameter_is_documented() -> None:
    parameters = set(inspect.signature(model_written).parameters)
    assert parameters <= set(re.findall(r"`(\w+)`", PAGE.read_text()))
