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
from inspect_ai.scorer import Score, Scorer, Target, choice, mean, scorer
from inspect_ai.solver import TaskState, generate, multiple_choice

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.io.tables import outcomes_from_arrow, outcomes_to_arrow
from hotmess_inspect.results.guards import mixed_images

from .conftest import run


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


@scorer(metrics=[mean()])
def in_images() -> Scorer:
    """A score whose image changes between the epochs of q0, stays for q1, and is unknown for q2."""

    async def score(state: TaskState, target: Target) -> Score:
        images = {"q0": ["aaaaaaaaaaaa", "bbbbbbbbbbbb"][state.epoch % 2], "q1": "cccccccccccc"}
        metadata = {"hm_kind": "score", "hm_digest": images.get(str(state.sample_id))}
        return Score(value=float(state.epoch % 2), metadata={k: v for k, v in metadata.items() if v})

    return score


def test_epochs_of_one_question_from_two_images_are_named(tmp_path: Path) -> None:
    samples = [Sample(id=f"q{i}", input="?", target="A") for i in range(3)]
    task = Task(name="images", dataset=samples, solver=generate(), scorer=in_images(), epochs=4)
    log = run(task, tmp_path)
    result = CliRunner().invoke(main, ["analyze", "--json", str(log)])
    found = json.loads(result.stdout)
    assert found["groups"][0]["mixed_image_questions"] == 1
    (warning,) = [p for p in found["problems"] if "sandbox images" in p["message"]]
    assert warning["level"] == "warning"
    assert "1 question has epochs" in warning["message"]
    assert "'q0': aaaaaaaaaaaa, bbbbbbbbbbbb" in warning["message"]
    # The export keeps the digests; one without the column, as written before it existed, tells nothing.
    outcomes = read_inputs([str(log)]).outcomes
    table = outcomes_to_arrow(outcomes)
    assert mixed_images(outcomes_from_arrow(table)) == {"q0": ("aaaaaaaaaaaa", "bbbbbbbbbbbb")}
    assert mixed_images(outcomes_from_arrow(table.drop_columns(["digest"]))) == {}
