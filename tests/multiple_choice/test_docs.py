"""The commands of docs/multiple_choice.md, run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "multiple_choice.md"


def block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.slow
def test_the_commands_run_and_the_analysis_finds_all_three_formats(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(block("rows"), "utf-8")
    bin_folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "INSPECT_DISPLAY": "plain",
    }
    commands = block("commands").splitlines()
    assert len(commands) == 4
    for command in [*commands[:3], commands[3] + " --json"]:
        done = subprocess.run(
            command.split(), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    groups = json.loads(done.stdout)["groups"]
    brier = [group for group in groups if group["loss"] == "brier"]
    assert sorted(group["epochs_planned"] for group in brier) == [12, 40, 120]
    assert {group["questions"] for group in brier} == {4}
    assert sum(group["contexts"] is not None for group in brier) == 1


def test_the_page_names_the_options_that_there_are() -> None:
    import inspect

    from hotmess_inspect.tasks.gpqa import gpqa
    from hotmess_inspect.tasks.mmlu import mmlu

    named = set(re.findall(r"-T (\w+)=", PAGE.read_text("utf-8")))
    permitted = set(inspect.signature(gpqa).parameters) | set(inspect.signature(mmlu).parameters)
    assert named and named <= permitted
