"""The paper's analyses across models: planted effects within their intervals, none where none is planted."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.results.study import ANALYSES, StudyOptions
from hotmess_inspect.results.study import study as across
from hotmess_inspect.table import Labels, Outcomes

SIZES = (1, 4, 16, 64)


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    path.write_text(text.getvalue())
    return str(path)


def world(
    path: Path, bias: float, variance: float, *, questions: int = 60, epochs: int = 6, seed: int = 1
) -> str:
    """Models whose bias² falls as size^(2·bias) and whose variance as size^(2·variance), in five groups alike."""
    rng = np.random.default_rng(seed)
    hard, rows = rng.normal(size=questions), []
    for size in SIZES:
        mean, spread = 0.45 * size**bias, 0.1 * size**variance
        for q in range(questions):
            for e in range(epochs):
                wrong = float(np.clip(mean + spread * rng.choice([-1, 1]), 0, 1))
                length = float(np.exp(5 + hard[q] + 0.5 * rng.normal()))
                rows.append(
                    {
                        "question_id": f"q{q}", "model": f"m-{size}B", "task": "t", "epoch": e + 1, "length": length,
                        "target": "A", "p_A": 1 - wrong, "p_B": wrong,
                    }
                )  # fmt: skip
    return write(path, rows)


def study(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(main, ["study", *arguments, "--json", "--loss", "brier"])
    assert done.exit_code == code, done.output
    found = json.loads(done.stdout)
    return {one["name"]: one for one in found["analyses"]} | {"problems": found["problems"]}


def intervals(said: list[str], name: str) -> list[tuple[float, float]]:
    return [
        (float(low), float(high))
        for text in said
        for low, high in re.findall(rf"{name}[^\[;,]*\[(-?[\d.]+) … (-?[\d.]+)\]", text)
    ]


def test_exponents_of_size_in_five_groups(tmp_path: Path) -> None:
    found = study(world(tmp_path / "w.csv", -0.3, -0.05), "--reference", "m-1B", "--only", "scaling")[
        "scaling"
    ]
    assert len({row["group"] for row in found["rows"]}) == 5
    assert len(found["rows"]) == 5 * len(SIZES)
    # Five intervals of 95 %: all hold the planted exponents but with probability .2, four with .02.
    for name, truth in (("bias²", -0.6), ("variance", -0.1), ("difference", -0.5)):
        ends = intervals(found["said"], name)
        assert len(ends) == 5
        assert sum(low <= truth <= high for low, high in ends) >= 4
    first = next(row for row in found["rows"] if row["size"] == 64)
    assert first["incoherence_low"] <= first["incoherence"] <= first["incoherence_high"]


def test_no_difference_where_none_is_planted(tmp_path: Path) -> None:
    path = world(tmp_path / "w.csv", -0.2, -0.2, seed=2)
    found = study(path, "--groups", "1", "--only", "scaling", "--only", "size_length")
    (difference,) = intervals(found["scaling"]["said"], "difference")
    assert difference[0] <= 0 <= difference[1]
    # Incoherence depends on neither size nor length here.
    for row in found["size_length"]["rows"]:
        assert row["exponent_low"] <= 0 <= row["exponent_high"], row


def test_size_and_length_are_told_apart(tmp_path: Path) -> None:
    """Incoherence ∝ size^-0.2 · length^0.3 at one error throughout."""
    rng = np.random.default_rng(3)
    rows = []
    for size in SIZES:
        for q in range(200):
            length = float(np.exp(rng.uniform(0, 4)))
            share = 0.15 * size**-0.2 * length**0.3
            mean, spread = 0.4 * np.sqrt(1 - share), 0.4 * np.sqrt(share)
            for e in range(8):
                wrong = mean + spread * (1 if e % 2 else -1)
                rows.append(
                    {
                        "question_id": f"q{q}", "model": f"m-{size}B", "task": "t", "epoch": e + 1, "length": length,
                        "target": "A", "p_A": 1 - wrong, "p_B": wrong,
                    }
                )  # fmt: skip
    path = write(tmp_path / "w.csv", rows)
    exponents = {row["term"]: row for row in study(path, "--only", "size_length")["size_length"]["rows"]}
    # The unbiased variance of an even split of two values is 8/7 of its square: a factor, no exponent.
    for name, truth in (("size", -0.2), ("length", 0.3)):
        assert exponents[name]["exponent"] == pytest.approx(truth, abs=0.03)
        assert exponents[name]["exponent_low"] <= truth <= exponents[name]["exponent_high"]


def test_answer_changes_as_in_the_paper(tmp_path: Path) -> None:
    """Three questions with 10 contexts × 3 samples, of which one answers otherwise once: 3.33, 0 and 33.33 %."""
    rows = [
        {
            "question_id": f"q{q}", "model": "m", "task": "t", "epoch": 3 * c + s + 1, "context": f"c{c}", "target": "A",
            "answer": "B" if (q, c, s) == (0, 4, 1) else "A",
        }
        for q in range(3)
        for c in range(10)
        for s in range(3)
    ]  # fmt: skip
    found = study(write(tmp_path / "w.csv", rows), "--only", "answer_changes")["answer_changes"]["rows"]
    shares = {row["change"]: row["per_cent"] for row in found}
    assert [round(shares[name], 2) for name in ("by resampling", "by context", "by both")] == [
        3.33,
        0.0,
        33.33,
    ]


def test_lengths_go_together_between_models(tmp_path: Path) -> None:
    rows = study(world(tmp_path / "w.csv", -0.3, -0.1), "--only", "length_correlation")["length_correlation"][
        "rows"
    ]
    assert len(rows) == 6
    # Hard questions have variance 1 and six epochs a noise of 1/24 about it: 1 / (1 + 1/24), but for the logarithm.
    assert all(
        row["correlation_low"] <= 0.96 <= row["correlation_high"] or row["correlation"] > 0.9 for row in rows
    )


def test_plug_in_estimates_settle_as_they_must(tmp_path: Path) -> None:
    rows = study(world(tmp_path / "w.csv", -0.3, -0.1), "--only", "stabilisation")["stabilisation"]["rows"]
    own = [row for row in rows if row["group"] == "m-1B"]
    assert [row["epochs"] for row in own] == [2, 3, 4, 5, 6]
    for row in own:
        assert row["plugin"] == pytest.approx(row["unbiased"] * (row["epochs"] - 1) / row["epochs"])
    # Planted: variance 2·.1², bias² 2·.45².
    assert own[0]["unbiased_low"] <= 0.01 / (0.01 + 0.2025) <= own[0]["unbiased_high"]


def test_csv_report_and_what_is_missing(tmp_path: Path) -> None:
    path = world(tmp_path / "w.csv", -0.3, -0.1, questions=20)
    folder = tmp_path / "tables"
    found = study(path, "--csv", str(folder))
    assert {file.stem for file in folder.glob("*.csv")} == set(found) - {"problems"}
    with open(folder / "scaling.csv") as file:
        assert len(list(csv.DictReader(file))) == 20
    page = tmp_path / "report.html"
    assert CliRunner().invoke(main, ["report", path, "-o", str(page), "--groups", "2"]).exit_code == 0
    text = page.read_text()
    for title in (
        "Size of the model",
        "Size against length",
        "Length between models",
        "Ensembles",
        "Number of epochs",
    ):
        assert f"{title}" in text
    missing = study(path, "--only", "wait_ratio", "--only", "budgets", code=1)["problems"]
    assert ["nothing to show: it needs" in p["message"] for p in missing if p["level"] == "error"] == [
        True,
        True,
    ]
    assert CliRunner().invoke(main, ["study", path, "--only", "nonsense"]).exit_code == 2
    assert CliRunner().invoke(main, ["study", path, "--size", "m-1B"]).exit_code == 2
    shown = CliRunner().invoke(main, ["study", path, "--only", "ensembling"])
    assert shown.exit_code == 0 and "Ensembles" in shown.stdout


@pytest.mark.parametrize(("exponent", "seed"), [(0.0, 1), (0.8, 2)])
def test_open_answers_and_length(exponent: float, seed: int) -> None:
    """Variance of points ∝ length^exponent over 120 questions: within the interval, and 0 where none is planted."""
    rng = np.random.default_rng(seed)
    length = np.exp(rng.normal(4, 1, 120))
    columns: dict[str, Any] = {
        "kind": "text",
        "status": "ok",
        "vector": [],
        "question": [],
        "output_tokens": [],
    }
    for q, mean in enumerate(length):
        for _ in range(6):
            columns["question"].append(f"q{q}")
            columns["vector"].append((rng.normal(size=5) * 0.05 * mean ** (exponent / 2)).tolist())
            columns["output_tokens"].append(mean)
    columns["epoch"] = np.tile(np.arange(1, 7), 120)
    columns["output_tokens"] = np.array(columns["output_tokens"])
    results, _ = analyze(Outcomes.build(720, columns), Options(resamples=200))
    found, problems = across(results[:1], StudyOptions(only=("variance_length",)))
    assert not problems
    (ends,) = intervals(list(found[0].said), "variance")
    assert ends[0] <= exponent <= ends[1]
    assert len(found[0].rows) == 5
    # Five dimensions of .05 each, and the bucket's own length.
    middle = found[0].rows[2]
    assert middle["variance_low"] <= 5 * 0.05**2 * middle["length"] ** exponent * 1.1
    assert middle["variance_high"] >= 5 * 0.05**2 * middle["length"] ** exponent * 0.9


def test_sizes_are_read_off_names() -> None:
    options = StudyOptions(sizes={"mine": 3})
    sizes = ("hf/Qwen/Qwen3-8B", "qwen3-0.6b", "gemma-270m-it", "mine", "gpt-5")
    assert [options.size(name) for name in sizes[:4]] == [8, 0.6, pytest.approx(0.27), 3]
    assert np.isnan(options.size(sizes[4]))
    with pytest.raises(ValueError, match="no analysis 'x'"):
        StudyOptions(only=("x",))
    assert len(ANALYSES) == 13


def two_tasks(path: Path) -> str:
    """Two tasks with the same ids; the largest model is in the first alone."""
    rng, rows = np.random.default_rng(3), []
    for task, models in (("a", (1, 4, 16)), ("b", (1, 4))):
        for size in models:
            for q in range(20):
                for e in range(4):
                    p = float(rng.uniform(0.2, 0.9))
                    rows.append(
                        {
                            "question_id": f"q{q}", "model": f"m-{size}B", "task": task, "epoch": e + 1,
                            "length": 10.0 * (1 + (q if task == "a" else 19 - q)), "target": "A", "p_A": p, "p_B": 1 - p,
                        }
                    )  # fmt: skip
    return write(path, rows)


def test_lengths_of_another_task_sort_no_questions(tmp_path: Path) -> None:
    found = study(two_tasks(tmp_path / "t.csv"), "--only", "scaling", "--reference", "m-16B")["scaling"]
    assert [row["questions"] for row in found["rows"] if row["model"].endswith("· b")] == [20, 20]
    assert "one group of 20 questions: m-16B has no epochs of b" in found["said"]


def test_two_sizes_make_no_power_law_and_one_sentence(tmp_path: Path) -> None:
    rows = "question_id,model,task,epoch,length,target,p_A,p_B\n" + "".join(
        f"q{q},m-{size}B,a,{e},{10 + q},A,{0.3 + 0.02 * q + 0.01 * e},{0.7 - 0.02 * q - 0.01 * e}\n"
        for size in (1, 4)
        for q in range(20)
        for e in (1, 2, 3)
    )
    (tmp_path / "t.csv").write_text(rows)
    said = study(str(tmp_path / "t.csv"), "--only", "scaling")["scaling"]["said"]
    assert [text for text in said if "power law" in text] == ["brier: a power law in size needs 3 sizes"]
    assert not any("no fit" in text for text in said)


def test_a_size_for_no_model_is_told(tmp_path: Path) -> None:
    problems = study(two_tasks(tmp_path / "t.csv"), "--only", "scaling", "--size", "16B=16")["problems"]
    assert [p["message"] for p in problems if p["input"] == "--size 16B"] == [
        "no model has this name, so that the size is not used; there are m-16B, m-1B, m-4B"
    ]


def test_few_questions_in_a_group_have_exponents_without_intervals(tmp_path: Path) -> None:
    said = study(two_tasks(tmp_path / "t.csv"), "--only", "scaling", "--groups", "5")["scaling"]["said"]
    assert intervals([text for text in said if "difficulty" in text], "variance") == []


def test_budgets_are_told_apart_by_the_setting_in_which_runs_differ(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    rows = [
        {"question_id": f"q{q}", "model": "m", "task": "t", "variant": tokens, "epoch": e + 1, "target": "A",
         "choices": 3, "answer": "ABC"[int(rng.integers(3))], "length": tokens + q}
        for tokens in (1000, 4000)
        for q in range(12)
        for e in range(4)
    ]  # fmt: skip
    outcomes = read_inputs([write(tmp_path / "b.csv", rows)]).outcomes
    named = [
        json.dumps({"reasoning_effort": "high", "reasoning_tokens": json.loads(text)["variant"]})
        for text in outcomes.variant.values()
        if text is not None
    ]
    results, _ = analyze(replace(outcomes, variant=Labels.encode(named)), Options(losses=("brier",)))
    (found,), problems = across(results, StudyOptions(only=("budgets",)))
    assert not problems
    assert [row["budget"] for row in found.rows] == ["1000", "4000"]
    right = [np.mean([r["answer"] == "A" for r in rows if r["variant"] == tokens]) for tokens in (1000, 4000)]
    assert [row["accuracy"] for row in found.rows] == pytest.approx(right)
    assert [row["length"] for row in found.rows] == pytest.approx([1005.5, 4005.5])
