"""docs/paper.md: every command of its table runs on simulated models, and the planted hesitation is found."""

import json
import re
from pathlib import Path
from typing import Any

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


EFFECTS: dict[str, dict[str, float]] = {
    "planted": {
        "length_variance": 3.0, "length_between": 0.1, "spread": 0.6, "length_coupling": 1.5, "waits": 20.0,
        "size_exponent": 0.25, "effort_gain": 1.0,
    },
    "none": {
        "length_variance": 0.0, "length_between": 0.0, "spread": 0.1, "length_coupling": 0.0, "waits": 0.0,
        "size_exponent": 0.0, "effort_gain": 0.0,
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=EFFECTS)
def effects(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Runs of three sizes and of two budgets on 40 questions × 8 epochs."""
    home = tmp_path_factory.mktemp(request.param)
    lines = [f"Record ID,Question,Correct Answer,{','.join(f'Incorrect Answer {i}' for i in (1, 2, 3))}"]
    lines += [f"r{i},What is the rate of {i}?,{i} a day,{i} an hour,{i} a week,{i} a year" for i in range(40)]
    (home / "rows.csv").write_text("\n".join(lines) + "\n")
    knobs: dict[str, float] = EFFECTS[request.param]
    runs: list[tuple[str, dict[str, object], dict[str, object]]] = [
        *(("sizes", {"size": size}, {}) for size in (1, 8, 64)),
        *(("budgets", {}, {"reasoning_effort": effort}) for effort in ("low", "high")),
    ]
    for where, own, config in runs:
        (log,) = eval(
            gpqa(dataset=str(home / "rows.csv"), contexts=0, repeats=8),
            model="hotmess/simulated",
            model_args={"accuracy": 0.5, "concentration": 50, **knobs, **own},
            log_dir=str(home / where),
            display="none",
            **config,  # type: ignore[arg-type]
        )
        assert log.status == "success", log.error
    return request.param, home


def of_study(home: Path, name: str, *options: str) -> dict[str, Any]:
    done = CliRunner().invoke(
        main, ["study", str(home), "--only", name, "--loss", "brier", *options, "--json"]
    )
    found: dict[str, Any] = json.loads(done.stdout)["analyses"][0]
    return found


@pytest.mark.slow
def test_planted_effects_are_found_and_none_where_none_is(effects: tuple[str, Path]) -> None:
    """Each within its interval where it was planted, and an interval that holds no effect where none was."""
    name, home = effects
    planted, logs = name == "planted", home / "sizes"
    told = ["analyze", str(logs), "--loss", "brier", "--length", "reasoning", "--json"]
    groups = json.loads(CliRunner().invoke(main, told).stdout)["groups"]
    small = next(g for g in groups if float(g["variant"]["model.size"]) == 1)
    # Questions of more variance, and wrong answers, were planned to be longer.
    low, high = small["length_slope"]["slope_ci"]
    assert low > 0 if planted else low <= 0 <= high
    split = small["overthinking"]
    assert (split["p_value"] < 0.05) == planted
    assert (split["difference_ci"][0] <= 0 <= split["difference_ci"][1]) != planted

    waits = [row for row in of_study(logs, "wait_ratio")["rows"] if row["part"] == "all"]
    assert len(waits) == 3
    for row in waits:
        if planted:
            assert row["waits_per_1000_words_low"] <= 20 <= row["waits_per_1000_words_high"]
        else:
            assert row["waits_per_1000_words"] == 0

    # Wrong mass falls as size**-1/4, and bias² as its square.
    (law,) = [text for text in of_study(logs, "scaling", "--groups", "1")["said"] if "bias²" in text]
    ends = [tuple(map(float, found)) for found in re.findall(r"(-?[\d.]+) \[(-?[\d.]+) … (-?[\d.]+)\]", law)]
    assert len(ends) == 3
    assert ends[0][1] <= (-0.5 if planted else 0.0) <= ends[0][2]
    assert (ends[2][1] <= 0 <= ends[2][2]) != planted

    budgets = {row["budget"]: row for row in of_study(home / "budgets", "budgets")["rows"]}
    few, many = budgets["low"], budgets["high"]
    assert (many["accuracy_low"] > few["accuracy_high"]) == planted
    if not planted:
        assert few["accuracy_low"] <= many["accuracy"] <= few["accuracy_high"]

    for row in of_study(logs, "length_correlation", "--length", "reasoning")["rows"]:
        assert (
            row["correlation_low"] > 0 if planted else row["correlation_low"] <= 0 <= row["correlation_high"]
        )

    curve = of_study(logs, "ensembling")["rows"][:7]
    for row in curve:
        assert row["variance"] == pytest.approx(curve[0]["variance"] / row["epochs"])
        assert row["bias_squared"] == pytest.approx(curve[0]["bias_squared"])
