"""The commands of docs/multiple_choice.md, run."""

import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

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


READINGS = PAGE.with_name("multiple_choice_readings.csv")


def readings() -> list[dict[str, str]]:
    with READINGS.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shown(lines: list[dict[str, str]]) -> str:
    """The table of the page, from the lines of the file."""
    columns = ("rows", "part", "texts", "right", "wrong", "unread")
    rows = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    rows += [
        "| "
        + " | ".join(line[name].removeprefix("0") if name == "part" else line[name] for name in columns)
        + " |"
        for line in lines
        if line["by"] not in ("subject", "template")
    ]
    return "\n".join(rows) + "\n"


def benchmark() -> ModuleType:
    path = PAGE.parents[1] / "benchmarks" / "choice_parsers.py"
    spec = importlib.util.spec_from_file_location("choice_parsers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_numbers_of_the_page_are_those_of_the_file() -> None:
    found = re.search(r"<!-- readings -->\n(.*?)<!-- /readings -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    assert found[1] == shown(readings())


def test_the_numbers_of_the_file_are_what_the_reader_does() -> None:
    script = benchmark()
    corpus = script.templates()
    own = [line for line in readings() if line["rows"] == "made for the tests"]
    assert own and own == script.table("made for the tests", corpus.ROWS, corpus)


def test_unread_answers_do_not_depend_on_content() -> None:
    for rows in {line["rows"] for line in readings()}:
        for by in ("negation", "length", "subject"):
            unread = [
                float(line["unread"]) for line in readings() if (line["rows"], line["by"]) == (rows, by)
            ]
            assert unread and max(unread) - min(unread) <= 1
        [whole] = [line for line in readings() if (line["rows"], line["by"]) == (rows, "all")]
        assert float(whole["right"]) >= 97 and float(whole["wrong"]) <= 0.5
