"""The page of results says what its JSON says, and the JSON what the public files give."""

import csv
import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "results"


def script(name: str) -> Any:
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "results.json").read_text("utf-8"))
    return loaded


def same(one: Any, other: Any, place: str = "") -> None:
    """Equal but for the last digits of floating-point sums, which libraries order differently."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            same(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            same(left, right, f"{place}/{number}")
    elif isinstance(one, float):
        assert math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12), f"{place}: {one} and {other}"
    else:
        assert one == other, place


def test_the_page_is_the_one_that_the_numbers_make(found: dict[str, Any]) -> None:
    assert script("results_page").page(found) == (FOLDER / "index.md").read_text("utf-8")


def test_the_numbers_are_those_that_were_worked_out_elsewhere(found: dict[str, Any]) -> None:
    groups = {(group["task"], group["model"]): group for group in found["answers"]}
    for task, kl, brier in (("gpqa", 0.6150, 0.4804), ("mmlu", 0.3536, 0.2915)):
        group = groups[task, "deepseek-v3"]
        assert group["kl"]["value"] == pytest.approx(kl, abs=5e-5)
        assert group["incoherence"]["value"] == pytest.approx(brier, abs=5e-5)
    tau = found["tau"]
    assert tau["accuracy"]["value"] == pytest.approx(0.42)
    assert tau["pass_hat_k"][0]["value"] == pytest.approx(0.20)
    # For verdicts incoherence = (pass^1 - pass^2) / (1 - pass^1), with pass^2 = 0.27333.
    assert tau["incoherence"]["value"] == pytest.approx((0.42 - 0.82 / 3) / 0.58)
    assert found["diverge"]["variance"] == pytest.approx(0.1467, abs=5e-5)
    # The study says: 18 of 100 tasks unstable, one of them only because a missing verdict counts as a failure there.
    assert found["swebench_questions"]["flip_rate"]["value"] == pytest.approx(0.17)


def test_terminal_bench_agrees_with_what_its_own_files_say(found: dict[str, Any]) -> None:
    systems = {row["name"]: row for row in found["terminal"]["systems"]}
    assert len(systems) == 13 and {row["trials"] for row in systems.values()} == {400}
    # Accuracy and pass@2 as `run_metadata.json` has them; pass^2 is twice the accuracy less pass@2.
    for name, accuracy, pass_at_2 in (
        ("20250902_orchestrator_claude-4-sonnet", 0.36, 0.4625),
        ("20250902_orchestrator_qwen-3-coder-480B", 0.1925, 0.2725),
        ("20250906_orchestrator_claude-4.1-opus", 0.3975, 0.48625),
    ):
        group = systems[name]["group"]
        assert group["accuracy"]["value"] == pytest.approx(accuracy)
        wanted = (accuracy - (2 * accuracy - pass_at_2)) / (1 - accuracy)
        assert group["incoherence"]["value"] == pytest.approx(wanted)
    # Means of what the READMEs of two submissions say of their five runs.
    for name, accuracies in (
        ("20250711_openhands_claude-4-sonnet", (0.4, 0.4125, 0.4375, 0.4, 0.4125)),
        ("20250811_cursor-cli_claude-4-sonnet", (0.25, 0.225, 0.25, 0.2875, 0.3)),
    ):
        assert systems[name]["resolved"] / 400 == pytest.approx(sum(accuracies) / 5)


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True)


def test_tables_of_terminal_bench_hold_complete_submissions_only(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    git(clone, "init")

    def run(path: str, verdicts: dict[str, bool | None], attempts: int = 1, mode: str = "unset") -> None:
        times = {
            "agent_started_at": "2025-09-10T07:02:56.5+00:00",
            "agent_ended_at": "2025-09-10T07:03:00+00:00",
        }
        trials: list[dict[str, Any]] = [
            {"task_id": task, "trial_name": f"{task}.{number}-of-{attempts}.{path}", "is_resolved": verdict,
             "failure_mode": mode, "total_output_tokens": 0} | (times if verdict else {})
            for task, verdict in verdicts.items()
            for number in range(1, attempts + 1)
        ]  # fmt: skip
        right = sum(trial["is_resolved"] is True for trial in trials)
        file = clone / "results" / path
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"results": trials, "accuracy": right / len(trials)}))

    for number in range(1, 5):
        run(f"set@0.1.1/1_a_m/r{number}/results.json", {"t.easy": number % 2 == 1, "u": True})
    run("set@0.1.1/1_a_m/r5/results.json", {"t.easy": None, "u": True}, mode="unknown_agent_error")
    for number in range(1, 6):
        run(f"set@0.1.1/1_small_m/r{number}/results.json", {"u": True})
    run("set:0.1.1/1_b_m/results.json", {"t.easy": True, "u": False}, attempts=5)
    run("set@0.1.1/1_four_m/r1/results.json", {"t.easy": True, "u": False}, attempts=4)
    # A single trial's results lie deeper, and another version's do not count.
    run("set@0.1.1/1_a_m/r1/u/u.1-of-1.r1/results.json", {"u": False})
    run("set@0.2/1_c_m/results.json", {"t.easy": True, "u": False}, attempts=5)
    git(clone, "add", ".")
    git(clone, "commit", "-m", "runs")
    git(tmp_path, "clone", "--bare", "clone", "bare")
    script("public_results").gather_terminal(tmp_path / "bare", tmp_path / "tables")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["1_a_m.csv", "1_b_m.csv"]
    with (tmp_path / "tables" / "1_a_m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["question_id"], r["epoch"], r["score"], r["verdict"], r["length"]) for r in rows[:5]] == [
        ("t.easy", "1", "1", "resolved", "3.500"), ("t.easy", "2", "0", "not resolved", ""),
        ("t.easy", "3", "1", "resolved", "3.500"), ("t.easy", "4", "0", "not resolved", ""),
        ("t.easy", "5", "0", "none", ""),
    ]  # fmt: skip
    assert [row["failure_mode"] for row in rows[:5]] == ["unset"] * 4 + ["unknown_agent_error"]
    assert {(row["cluster"], row["model"]) for row in rows} == {("t", "1_a_m"), ("u", "1_a_m")}


def test_every_number_has_an_interval(found: dict[str, Any]) -> None:
    page = (FOLDER / "index.md").read_text("utf-8")
    assert "no interval" not in page and "nan" not in page.lower()
    hints = [change for row in found["hints"] for change in row["change"]]
    assert len(hints) == 36 * 4
    tiers = [change for row in found["terminal"]["tiers"] for change in row["change"]]
    assert len(tiers) == 3 * 4
    for change in hints + tiers:
        low, high = change["ci"]
        assert low <= change["value"] <= high


@pytest.mark.shared
@pytest.mark.slow
def test_the_public_files_give_the_numbers(found: dict[str, Any], shared_data: Path) -> None:
    again = script("public_results").public(shared_data, gathered=False)
    digests = again.pop("inputs")
    assert digests.items() <= found["inputs"].items() and len(digests) == 5
    same(again, {name: found[name] for name in again})


def letters(folder: Path, exponent: float) -> list[dict[str, Any]]:
    """A dial at temperature 1 whose letters are drawn from the stated probabilities raised to an exponent."""
    import numpy as np

    from hotmess_inspect import read
    from hotmess_inspect.io.arrow_tables import write_parquet

    rng = np.random.default_rng(5)
    stated, drawn = ["question_id,epoch,target,token,logprob"], ["question_id,epoch,answer,target"]
    for question in range(12):
        p = rng.dirichlet([1.0] * 4)
        # Half of A's mass is spelt with a blank; a third of everything is no letter.
        masses = [("A", p[0] / 2), (" A", p[0] / 2), *zip("BCD", p[1:], strict=True)]
        stated += [f"q{question},1,B,{token},{math.log(mass * 2 / 3)}" for token, mass in masses]
        shares = p**exponent / (p**exponent).sum()
        for epoch, letter in enumerate(rng.choice([*"ABCD", ""], 400, p=[*(shares * 0.75), 0.25]), 1):
            drawn.append(f"q{question},{epoch},{letter},B")
    (folder / "gemma-3-270m.letters.csv").write_text("\n".join(stated) + "\n")
    (folder / "rows.csv").write_text("\n".join(drawn) + "\n")
    write_parquet(read(folder / "rows.csv").outcomes, str(folder / "gemma-3-270m.dial-1.0.parquet"))
    rows: list[dict[str, Any]] = script("real_results").dial(folder)
    return rows


def test_letters_drawn_from_the_stated_probabilities_agree_and_others_do_not(tmp_path: Path) -> None:
    for exponent, agrees in ((1.0, True), (2.0, False)):
        folder = tmp_path / str(exponent)
        folder.mkdir()
        [row] = letters(folder, exponent)
        assert row["questions"] == 12 and row["epochs"] == 12 * 400
        assert 0.7 * row["epochs"] < row["letters"] < 0.8 * row["epochs"]
        assert row["variance"]["agrees"] is agrees
        # One list of letters per question, so the first call is the last.
        assert row["error"]["first"] == row["error"]["exact"] == row["first_call"]
        for quantity in ("error", "bias_squared", "variance"):
            low, high = row[quantity]["ci"]
            assert 0 < high - low < 0.1 and low < row[quantity]["value"] < high
        if agrees:
            assert row["error"]["exact"] == pytest.approx(
                row["bias_squared"]["exact"] + row["variance"]["exact"], rel=1e-12
            )


def test_surveys_and_disagreements_are_told(tmp_path: Path, found: dict[str, Any]) -> None:
    assert script("real_results").surveys(tmp_path) == []
    (tmp_path / "surveys.csv").write_text("model,answers,pairs,read\ngemma-3-270m,4,10,3\n")
    [row] = script("real_results").surveys(tmp_path)
    assert row == {"model": "Gemma 3 270M (base)", "answers": 4, "pairs": 10, "read": 3}
    page = script("results_page")
    assert script("real_results").agents(tmp_path) == []
    head = "model,instance,epoch,resolved,actions,limit\n"
    (tmp_path / "agents.csv").write_text(head + "gemma-3-270m,i,1,1,4,\ngemma-3-270m,i,2,0,0,time\n")
    [agent] = script("real_results").agents(tmp_path)
    assert (agent["epochs"], agent["resolved"], agent["limited"], agent["idle"]) == (2, 1, 1, 1)
    said = page._learned(found["dial"], [row], [agent])
    assert "decided on 3 of the 40 pairs" in said
    assert (
        "of 2 epochs with a shell" in said
        and "1 resolve it, 1 call no tool at all and 1 end at a limit" in said
    )
    cell = {"value": 0.5, "ci": [0.4, 0.6], "exact": 0.7, "first": 0.55, "agrees": False}
    dial = {"model": "M", "temperature": 0.3, "error": cell}
    dial |= {name: cell | {"agrees": True} for name in ("bias_squared", "variance")}
    assert page._outside([dial]).count("Outside is the error of M at 0.3") == 1
    assert "is 0.550 and lies in it" in page._outside([dial])
    assert "is 0.650 and does not either" in page._outside([dial | {"error": cell | {"first": 0.65}}])


@pytest.mark.slow
def test_the_tables_of_the_models_run_here_give_the_numbers(found: dict[str, Any]) -> None:
    again = script("public_results").ran(FOLDER / "epochs")
    same(again, {name: found[name] for name in again})
