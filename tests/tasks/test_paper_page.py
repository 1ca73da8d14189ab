"""docs/paper.md: every command of its table runs on simulated models, and the planted hesitation is found."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai import eval

from hotmess_inspect.cli import main
from hotmess_inspect.tasks.gpqa import gpqa
from hotmess_inspect.tasks.model_written import model_written

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

    def run(where: str, arguments: dict[str, object], **config: object) -> None:
        made = gpqa(dataset=str(home / "rows.csv"), contexts=3, repeats=2, shots=2)
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
    for effort in ("low", "high"):
        run("budgets", {}, reasoning_effort=effort)
    return home


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_table(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, command.split())
    # Some intervals of so few questions are undefined, which is a warning and no fault.
    assert done.exit_code == 0, done.output


@pytest.mark.slow
def test_hesitation_is_counted_in_transcripts(folder: Path) -> None:
    done = CliRunner().invoke(main, ["study", str(folder / "logs"), "--only", "wait_ratio", "--json"])
    rows = json.loads(done.stdout)["analyses"][0]["rows"]
    whole = [row for row in rows if row["part"] == "all"]
    assert len(whole) == 3 and all(row["epochs"] == 72 for row in whole)
    # Planted: 2 per 1,000 words of reasoning.
    assert all(row["waits_per_1000_words_low"] <= 2.0 <= row["waits_per_1000_words_high"] for row in whole)


def test_the_table_names_every_preset_and_analysis() -> None:
    from hotmess_inspect.results.study import ANALYSES

    presets = {path.name for path in (ROOT / "tasks").glob("*.py")} - {"behaviour.py"}
    assert presets <= set(re.findall(r"`(\w+\.py)`", PAGE))
    assert set(ANALYSES) <= set(re.findall(r"--only (\w+)", PAGE))
