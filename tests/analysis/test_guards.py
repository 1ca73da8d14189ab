"""What stands beside the numbers in `hotmess analyze`: the accuracy-matched range, failures, copies."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Epochs, Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

from hotmess_inspect.cli import main


def analyzed(*inputs: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["analyze", "--json", "--loss", "brier", *inputs])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def write(path: Path, rows: list[tuple[str, int, str, str]], model: str = "m") -> str:
    lines = ["question_id,epoch,answer,target,model"]
    lines += [f"{q},{e},{a},{t},{model}" for q, e, a, t in rows]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_range_and_failures_by_hand(tmp_path: Path) -> None:
    # a: A A B C (right A), b: B B B B (right A), c: A A A A (right A); four classes through the letter D in d.
    answers = {"a": "AABC", "b": "BBBB", "c": "AAAA", "d": "DDDD"}
    rows = [(q, e, x, "D" if q == "d" else "A") for q, text in answers.items() for e, x in enumerate(text, 1)]
    (group,) = analyzed(write(tmp_path / "t.csv", rows))["groups"]
    # Errors 2w: 1, 2, 0, 0. Variances times 4/3: all alike 1 - p² - w²: a: 1/2, b: 0;
    # evenly over three distractors 1 - p² - w²/3: a: 2/3, b: 2/3. Observed: a: 1 - (4 + 1 + 1)/16 = 5/8, b: 0.
    matched = group["accuracy_matched"]
    assert group["incoherence"] == pytest.approx((5 / 8 * 4 / 3) / 3, abs=1e-12)
    assert matched["low"]["value"] == pytest.approx((1 / 2 * 4 / 3) / 3, abs=1e-12)
    assert matched["excess"]["value"] == pytest.approx((5 / 8 - 1 / 2) * 4 / 9, abs=1e-12)
    failures = {name: share["value"] for name, share in group["failures"].items()}
    assert failures == {
        "always_right": 0.5,
        "sometimes_right": 0.25,
        "always_wrong": 0.25,
        "unanimous_failures": 0.25,
        "modal_share": (0.5 + 1 + 1 + 1) / 4,
    }


def test_models_of_unlike_accuracy_are_not_compared_silently(tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv", [("a", 1, "A", "A"), ("a", 2, "A", "A")], "good")
    poor = write(tmp_path / "poor.csv", [("a", 1, "A", "A"), ("a", 2, "B", "A")], "poor")
    problems = [p["message"] for p in analyzed(good, poor)["problems"]]
    assert any("Accuracies reach from 50.0% (poor) to 100.0% (good)" in text for text in problems)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (GenerateConfig(temperature=0.0), "Temperature is 0 in 1 of 1 run"),
        (GenerateConfig(seed=7), "A sampling seed is fixed in 1 of 1 run"),
    ],
)
def test_runs_whose_epochs_are_copies_are_named(tmp_path: Path, config: GenerateConfig, text: str) -> None:
    task = Task(
        dataset=MemoryDataset(
            [Sample(input=f"Q{i}?", choices=["w", "x", "y"], target="A") for i in range(3)]
        ),
        solver=multiple_choice(),
        scorer=choice(),
        config=config,
        epochs=Epochs(2),
    )
    inspect_eval(task, model="hotmess/simulated", log_dir=str(tmp_path), display="none")
    problems = [p["message"] for p in analyzed(str(tmp_path))["problems"]]
    assert any(text in message for message in problems), problems
