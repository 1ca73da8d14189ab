"""Presets in tasks/: found by Inspect, with the paper's numbers, and planted effects come out."""

import importlib.util
import json
import re
import sys
from contextvars import copy_context
from pathlib import Path

import pytest
from inspect_ai import Task, list_tasks

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> object:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tasks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_inspect_finds_every_preset() -> None:
    found = {task.name for task in list_tasks("tasks", root_dir=ROOT)}
    assert "swebench_paper" in found
    assert {path.stem for path in (ROOT / "tasks").glob("*.py")} <= found


def test_swebench_as_in_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    # An engine that cannot be reached must not matter for what is asserted here.
    import hotmess_inspect.swebench.preflight as preflight

    monkeypatch.setattr(preflight, "prepare", lambda *_, **__: None)
    import hotmess_inspect.swebench.agent as agent

    # The limit is the agent's alone: as the task's own it would cut the time of grading to half of it.
    seconds: list[int] = []
    clock = agent.agent_time
    monkeypatch.setattr(agent, "agent_time", lambda limit: seconds.append(limit) or clock(limit))
    task: Task = load("swebench_paper").swebench_paper(dataset="mini")  # type: ignore[attr-defined]
    assert (task.epochs, task.message_limit, task.time_limit, seconds) == (30, 250, None, [3600])


# Planted effects: small, seeded, and with the knobs of the simulated models turned up.


@pytest.fixture(scope="module")
def gpqa_rows(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("rows") / "gpqa.csv"
    wrong = ",".join(f"Incorrect Answer {i}" for i in (1, 2, 3))
    lines = [f"Record ID,Question,Correct Answer,{wrong},High-level domain"]
    for i in range(30):
        lines.append(
            f"r{i},What is the rate of process {i}?,{i} per day,{i} per hour,{i} per week,{i} per year,Physics"
        )
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def mmlu_rows(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("rows") / "mmlu.jsonl"
    rows = [
        {
            "question": f"Which bone is next to bone {i}?",
            "subject": "anatomy",
            "choices": [f"bone {i} {side}" for side in ("left", "right", "above", "below")],
            "answer": i % 4,
        }
        for i in range(30)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


HEADS = ("model ", "budget ", "epochs averaged ")  # the first column of each preset's table


def exponent(text: str, name: str) -> float:
    return float(re.findall(rf"{name} ∝ size\^(-?[\d.]+)", text)[0])


def column(text: str, name: str) -> list[float]:
    """A column of the first table, as numbers.

    Inspect keeps the first display of a process, so that results of its own may stand before the table.
    """
    lines = text.splitlines()
    heads = (
        i for i, line in enumerate(lines) if line.startswith(HEADS) and name in re.split(r"\s{2,}", line)
    )
    start = next(heads)
    place = re.split(r"\s{2,}", lines[start]).index(name)
    cells = []
    for line in lines[start + 1 :]:
        words = re.split(r"\s{2,}", line)
        if len(words) <= place:
            break
        cells.append(float(words[place].split()[0].replace(",", "")))
    return cells


def study(name: str, words: str, rows: str, log_dir: Path) -> None:
    fixed = ["--dataset", rows, "--log-dir", str(log_dir), "--display", "none", "--resamples", "100"]
    load(name).main([*words.split(), *fixed])  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_budget_buys_a_little_and_costs_length(
    gpqa_rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "--model hotmess/simulated --contexts 0 --repeats 5 --format letter --budgets low,16k"
    study("reasoning_budgets", words, gpqa_rows, tmp_path)
    shown = capsys.readouterr()
    small, large = column(shown.out, "accuracy")
    # Level -1 and +1 at 0.2 each: log-odds + 0.4, which is less than 0.1 at any probability.
    assert 0.0 < large - small < 0.1
    short, long = column(shown.out, "mean reasoning tokens")
    # Twice as long per level, the same draws.
    assert long / short == pytest.approx(4, rel=0.02)
    assert "30 questions x 5 epochs = 150 epochs" in shown.err and "2 runs" in shown.err
    # The same again reads what is there.
    before = sorted(path.name for path in tmp_path.glob("*.eval"))
    study("reasoning_budgets", words, gpqa_rows, tmp_path)
    # Inspect names its version before its first run.
    assert capsys.readouterr().out.partition("budget")[2] == shown.out.partition("budget")[2] != ""
    assert sorted(path.name for path in tmp_path.glob("*.eval")) == before


@pytest.mark.slow
def test_bias_falls_faster_than_variance_with_size(
    gpqa_rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A line through fewer than three sizes is refused.
    words = "--contexts 0 --repeats 6"
    words += "".join(f" --model hotmess/simulated,{size}" for size in (1, 8, 64))
    knobs = " -M size={size} -M accuracy=0.4 -M spread=0.1 -M concentration=50"
    study("model_families", words + knobs, gpqa_rows, tmp_path)
    text = capsys.readouterr().out
    # The wrong mass w falls as size**-0.25: from about 0.6 to 0.21. Spread evenly over three options, bias² is
    # 4/3 w² (exponent -0.5) and the variance 2w - 4/3 w², from 0.72 to 0.36 (exponent log(0.5)/log(64) = -0.17).
    assert exponent(text, "bias²") == pytest.approx(-0.5, abs=0.12)
    assert exponent(text, "variance") == pytest.approx(-0.17, abs=0.06)


def test_letters_read_by_log_probabilities(
    gpqa_rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "--contexts 4 --questions 12 --model hotmess/simulated,1,base --model hotmess/simulated,16,base"
    study("model_families", f"{words} -M size={{size}} -M context_variance=0.02", gpqa_rows, tmp_path)
    shown = capsys.readouterr()
    assert "base models" in shown.out
    # A model 16 times as large has half the wrong mass: a quarter of the bias², but for the noise of four contexts
    # (a standard deviation of a tenth of the wrong mass, over 12 questions).
    small, large = column(shown.out, "bias²")
    assert large / small == pytest.approx(0.25, abs=0.06)
    assert "12 questions x 4 epochs = 48 epochs of about" in shown.err


@pytest.mark.slow
def test_harder_questions_are_those_of_longer_reference_answers(
    mmlu_rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The reference is the model of size 1, and run once.
    words = "--contexts 0 --repeats 4 --groups 2 --reference hotmess/simulated --model hotmess/simulated,1"
    knobs = " -M size={size} -M spread=0.6 -M length_variance=3 -M length_between=0.1 -M length_spread=0.1"
    study("difficulty_groups", f"{words} --model hotmess/simulated,16{knobs}", mmlu_rows, tmp_path)
    assert len(list(tmp_path.glob("*.eval"))) == 2
    parts = capsys.readouterr().out.split("\n\n")
    easy, hard = (next(part for part in parts if f"group {number} of 2" in part) for number in (0, 1))
    assert "group 0 of 2, 15 questions" in easy and "group 1 of 2, 15 questions" in hard
    # Length was planted to grow with the variance of a question.
    assert column(hard, "variance")[0] > 1.5 * column(easy, "variance")[0]


def test_an_ensembles_variance_falls_as_one_over_its_size(
    gpqa_rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = tmp_path / "ensembling.json"
    words = "--model hotmess/simulated --questions 8 --repeats 24 --format letter --sizes 1,2,4 --ensembles 6"
    study("ensembling", f"{words} --json {numbers}", gpqa_rows, tmp_path / "logs")
    text = capsys.readouterr().out
    assert "loss brier, unbiased" in text and "loss kl, plugin" in text
    made = json.loads(numbers.read_text())
    assert (made["schema"], made["study"]) == (1, "ensembling")
    brier, kl = made["results"]
    assert (brier["loss"], kl["loss"]) == ("brier", "kl")
    low, high = brier["result"]["exponent_ci"]
    assert low < brier["result"]["fit"]["exponent"] < high
    # The logarithm is concave: an average has less KL loss than its members.
    points = kl["result"]["points"]
    assert points[-1]["error"] < points[0]["error"]
    assert exponent(text, "variance") == pytest.approx(-1, abs=0.15)
    bias = column(text, "bias²")
    assert max(bias) - min(bias) < 0.1 * max(bias)


def test_what_a_study_is_told_wrongly(gpqa_rows: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="budget='huge' is neither one of low, medium, high nor"):
        study("reasoning_budgets", "--model hotmess/simulated --budgets huge", gpqa_rows, tmp_path)
    with pytest.raises(ValueError, match="is not NAME,SIZE,KIND"):
        study("model_families", "--model hotmess/simulated,0", gpqa_rows, tmp_path)
    with pytest.raises(ValueError, match="NAME=VALUE"):
        study("model_families", "--model hotmess/simulated,1 -M size", gpqa_rows, tmp_path)
    study("ensembling", "--model hotmess/simulated --cost-only", gpqa_rows, tmp_path)
    assert not list(tmp_path.iterdir())


def test_length_was_planted_to_grow_with_variance(gpqa_rows: str, tmp_path: Path) -> None:
    from inspect_ai import eval

    from hotmess_inspect.io.logs import read_inputs
    from hotmess_inspect.results.analyze import Options, analyze

    (log,) = eval(
        load("gpqa_paper").gpqa_paper(dataset=gpqa_rows, format="letter"),  # type: ignore[attr-defined]
        model="hotmess/simulated",
        model_args={"length_variance": 3.0, "length_between": 0.1, "spread": 0.6},
        limit=20,
        epochs=6,
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.status == "success"
    results, _ = analyze(
        read_inputs([log.location]).outcomes, Options(length="reasoning", buckets=3, resamples=50)
    )
    assert results[0].length == "reasoning_tokens" and results[0].lengths is not None
    short, _, long = results[0].lengths.trend.buckets
    assert long.variance > 2 * short.variance


def test_the_paper_presets_state_their_cost(
    gpqa_rows: str, mmlu_rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "survival-instinct.jsonl"
    row = {
        "question": "May I?\n\nChoices:\n (A) Yes\n (B) No",
        "answer_matching_behavior": " (A)",
        "answer_not_matching_behavior": " (B)",
    }
    rows.write_text(
        "".join(json.dumps(row | {"question": f"{i} {row['question']}"}) + "\n" for i in range(4))
    )
    task = load("gpqa_paper").gpqa_paper(dataset=gpqa_rows)  # type: ignore[attr-defined]
    assert task.epochs == 30
    assert "gpqa_paper: 30 questions x 30 epochs = 900 epochs" in capsys.readouterr().err
    task = load("mmlu_paper").mmlu_paper(dataset=mmlu_rows)  # type: ignore[attr-defined]
    assert task.epochs == 30
    assert "mmlu_paper: 30 questions x 30 epochs" in capsys.readouterr().err
    task = load("model_written_paper").model_written_paper(dataset=str(rows), output_tokens=10)  # type: ignore[attr-defined]
    assert task.epochs == 30
    assert "4 questions x 30 epochs = 120 epochs" in (said := capsys.readouterr().err)
    assert "10 output tokens" in said and "1.2 k output tokens" in said


PAGE = (ROOT / "docs" / "presets.md").read_text("utf-8")


@pytest.mark.slow
def test_the_commands_of_the_page(
    gpqa_rows: str,
    mmlu_rows: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from click.testing import CliRunner
    from inspect_ai._cli.main import inspect

    from hotmess_inspect.cli import main

    (tmp_path / "gpqa.csv").write_text(Path(gpqa_rows).read_text())
    (tmp_path / "mmlu.jsonl").write_text(Path(mmlu_rows).read_text())
    (tmp_path / "tasks").symlink_to(ROOT / "tasks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSPECT_DISPLAY", "none")
    lines = [
        line for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines()
    ]
    assert len(lines) == 6
    for line in lines:
        program, *words = re.sub(
            r"openai/[\w.-]+", "hotmess/simulated", line.replace("$PWD", str(tmp_path))
        ).split()
        if program == "python":
            # Models of one family differ in name; here they differ in the size that they are told.
            sized = ["-M", "size={size}"] if "hotmess/simulated,1" in words else []
            load(Path(words[0]).stem).main([*words[1:], *sized, "--display", "none", "--resamples", "50"])  # type: ignore[attr-defined]
        else:
            # An eval set leaves its model behind as the active one: in a context of its own, for itself alone.
            done = copy_context().run(CliRunner().invoke, inspect if program == "inspect" else main, words)
            assert done.exit_code == 0, done.output
    printed = capsys.readouterr().out
    assert (
        "longer − shorter" in printed and "epochs averaged" in printed and printed.count("bias² ∝ size^") == 6
    )
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    logs = {
        name: str(path) for name, path in zip("ab", sorted(tmp_path.glob("logs/budgets/*.eval")), strict=True)
    }
    exec(compile(code, "presets.md", "exec"), {"logs": logs})
    assert "incoherence" in capsys.readouterr().out


def test_every_preset_is_on_the_page() -> None:
    assert {path.name for path in (ROOT / "tasks").glob("*.py")} == set(re.findall(r"`(\w+\.py)`", PAGE))
