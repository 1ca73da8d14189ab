"""docs/paper.md: every command of its table runs on simulated models, and the planted hesitation is found."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval, task
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import model_graded_qa

from hotmess_inspect.cli import main
from hotmess_inspect.tasks.gpqa import gpqa
from hotmess_inspect.tasks.model_written import model_written
from hotmess_inspect.tasks.suite import suite

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "paper.md").read_text("utf-8")
COMMANDS = list(dict.fromkeys(re.findall(r"^\|.*\| `hotmess ([^`]+)` \|", PAGE, re.M)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("paper")
    lines = [f"Record ID,Question,Correct Answer,{','.join(f'Incorrect Answer {i}' for i in (1, 2, 3))}"]
    lines += [
        f"r{i},What is the rate of process {i}?,{i} a day,{i} an hour,{i} a week,{i} a year"
        for i in range(12)
    ]
    (home / "rows.csv").write_text("\n".join(lines) + "\n")

    def run(where: str, arguments: dict[str, object], format: str = "letter", **config: object) -> None:
        made = gpqa(dataset=str(home / "rows.csv"), contexts=3, repeats=2, shots=2, format=format)
        options = {"model_args": arguments, "log_dir": str(home / where), "display": "none", **config}
        (log,) = eval(made, model="hotmess/simulated", **options)  # type: ignore[arg-type]
        assert log.status == "success", log.error

    risk = home / "survival-instinct.jsonl"
    row = {"question": "", "answer_matching_behavior": " (A)", "answer_not_matching_behavior": " (B)"}
    asked = [row | {"question": f"May {i} of us?\n\nChoices:\n (A) Yes\n (B) No"} for i in range(8)]
    risk.write_text("".join(json.dumps(one) + "\n" for one in asked))
    made = model_written(dataset=str(risk), format="open")
    (log,) = eval(made, model="hotmess/simulated", epochs=4, log_dir=str(home / "open"), display="none")
    assert log.status == "success", log.error
    for size in (1, 8, 64):
        run("logs", {"size": size})
    # Every question right with probability .6 at medium effort; a level more adds .8 to the log-odds and doubles the length.
    planted = {"accuracy": 0.6, "spread": 0.0, "effort_gain": 0.8}
    for effort in ("low", "high"):
        run("budgets", planted, reasoning_effort=effort)
        run("no_gain", planted | {"effort_gain": 0.0, "effort_length": 1.0}, reasoning_effort=effort)
    run("stated", {}, "probability")
    run("hesitant", {"waits": 20.0})
    run("sure", {"accuracy": 1.0, "spread": 0.0, "waits": 0.0})

    @task(name="judged")
    def judged() -> Task:
        grader = get_model("hotmess/simulated", seed=7, grader_accuracy=0.8)
        asked = [
            Sample(input=f"What is the name of river {i}?", target=f"River {i}", id=i) for i in range(12)
        ]
        return Task(dataset=asked, scorer=model_graded_qa(model=grader))

    (log,) = eval(
        suite(task="judged", gradings=3),
        model="hotmess/simulated",
        epochs=4,
        log_dir=str(home / "judged"),
        display="none",
    )
    assert log.status == "success", log.error
    return home


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_table(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, command.split())
    # Some intervals of so few questions are undefined, which is a warning and no fault.
    assert done.exit_code == 0, done.output


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ["study", str(folder), "--only", name, "--json", "--loss", "brier"])
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["analyses"][0]["rows"]
    return found


@pytest.mark.slow
def test_hesitation_is_counted_in_transcripts(folder: Path) -> None:
    whole = [row for row in rows_of(folder / "logs", "wait_ratio") if row["part"] == "all"]
    assert len(whole) == 3 and all(row["epochs"] == 72 for row in whole)
    # Planted: 2 per 1,000 words of reasoning.
    assert all(row["waits_per_1000_words_low"] <= 2.0 <= row["waits_per_1000_words_high"] for row in whole)
    # Ten times as many, no more in long reasonings than in short ones; and none at all.
    parts = rows_of(folder / "hesitant", "wait_ratio")
    assert len(parts) == 6
    assert all(row["waits_per_1000_words_low"] <= 20.0 <= row["waits_per_1000_words_high"] for row in parts)
    for row in rows_of(folder / "sure", "wait_ratio"):
        assert (row["waits_per_1000_words"], row["waits_per_1000_words_low"]) == (0.0, None)


@pytest.mark.slow
def test_what_a_budget_buys_is_found_and_nothing_where_it_buys_nothing(folder: Path) -> None:
    low, high = sorted(rows_of(folder / "budgets", "budgets"), key=lambda row: str(row["budget"]) != "low")
    odds = math.log(0.6 / 0.4)
    for row, level in ((low, -1), (high, 1)):
        truth = 1 / (1 + math.exp(-odds - 0.8 * level))
        assert row["accuracy_low"] <= truth <= row["accuracy_high"]
    # .77 less .40 over 72 epochs of twelve questions each.
    assert high["accuracy"] - low["accuracy"] > 0.2
    assert high["length"] / low["length"] == pytest.approx(4, rel=0.05)
    rows = rows_of(folder / "no_gain", "budgets")
    assert len(rows) == 2 and rows[0]["length"] == pytest.approx(rows[1]["length"], rel=0.05)
    for row in rows:
        assert row["accuracy_low"] <= 0.6 <= row["accuracy_high"]
        # Lengths have nothing to do with answers in either.
        assert row["longer_less_shorter_low"] <= 0 <= row["longer_less_shorter_high"]


@pytest.mark.slow
def test_answers_that_never_change(folder: Path) -> None:
    for row in rows_of(folder / "sure", "answer_changes"):
        assert (row["per_cent"], row["per_cent_low"]) == (0.0, 0.0) and 0 < row["per_cent_high"] < 30


def test_the_table_names_every_preset_and_analysis() -> None:
    from hotmess_inspect.results.study import ANALYSES

    presets = {path.name for path in (ROOT / "tasks").glob("*.py")} - {"behaviour.py"}
    assert presets <= set(re.findall(r"`(\w+\.py)`", PAGE))
    assert set(ANALYSES) <= set(re.findall(r"--only (\w+)", PAGE))
