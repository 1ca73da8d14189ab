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


def benchmark(name: str = "choice_parsers") -> ModuleType:
    path = PAGE.parents[1] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
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


def published() -> str:
    """The table of published readings, from its file."""
    names = {"model": "model", "both": "both", "agree": "agree", "differ": "differ", "ours_right": "ours right",
             "theirs_right": "theirs right", "ours_only": "ours only", "theirs_only": "theirs only", "neither": "neither"}  # fmt: skip
    with PAGE.with_name("published_readings.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    rows = ["| " + " | ".join(names.values()) + " |", "|" + "---|" * len(names)]
    rows += ["| " + " | ".join(line[name] for name in names) + " |" for line in lines]
    return "\n".join(rows) + "\n"


def test_the_published_readings_of_the_page_are_those_of_the_file() -> None:
    found = re.search(r"<!-- published -->\n(.*?)<!-- /published -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None and found[1] == published()
    with PAGE.with_name("published_readings.csv").open(encoding="utf-8") as file:
        *models, every = csv.DictReader(file)
    assert len(models) == 29 and len({line["sha256"] for line in models}) == 29
    for count in ("texts", "both", "differ", "ours_only", "theirs_only", "neither"):
        assert sum(int(line[count]) for line in models) == int(every[count])
    for line in (*models, every):
        read = (int(line[part]) for part in ("both", "ours_only", "theirs_only", "neither"))
        assert sum(read) == int(line["texts"])
        assert float(line["agree"]) == pytest.approx(
            100 * (1 - int(line["differ"]) / int(line["both"])), abs=0.005
        )


def test_published_readings_are_counted_and_judged_by_the_right_answer(tmp_path: Path) -> None:
    import zipfile

    script = benchmark("published_readings")
    options = ["iron", "copper", "silver", "gold"]
    # (text, the published letter, the right one)
    cases = [
        ("The answer is (B).", "B", "B"),
        ("The answer is (B). No, wait: the answer is (C).", "B", "C"),
        ("The closest option is (D).", None, "D"),
        ("The answer is (A) and (B).", "A", "A"),
        ("It is not told.", "C", "C"),
    ]
    rows = [
        {"options": options, "answer": right, "pred": pred, "generated_text": text}
        for text, pred, right in cases
    ]
    path = tmp_path / "model_outputs_one_5shots.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.json", json.dumps([*rows, "a stray word"]))
    found = list(script.readings(script.entries(path)))
    line = script.row("one", found, 0.005)
    assert [line[name] for name in ("texts", "both", "agree", "differ", "ours_right", "theirs_right")] == [
        "5", "2", "50.00", "1", "100.00", "0.00",
    ]  # fmt: skip
    # The last text holds no letter, so the published one was drawn at random.
    assert [line[name] for name in ("ours_only", "ours_only_right", "theirs_only", "theirs_only_right", "neither", "us")] == [
        "1", "100.00", "1", "100.00", "1", "1000",
    ]  # fmt: skip
