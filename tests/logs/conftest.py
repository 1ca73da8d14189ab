"""Logs made by real runs of Inspect, once per session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from inspect_ai import Epochs, Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, accuracy, choice, match, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, multiple_choice, solver


def outputs(answers: str) -> Iterator[ModelOutput]:
    """One answer after the other; usage spares Inspect a tokenizer."""
    for number, letter in enumerate(answers, start=1):
        output = ModelOutput.from_content("mockllm/model", f"ANSWER: {letter}")
        output.usage = ModelUsage(
            input_tokens=9, output_tokens=number, total_tokens=9 + number, reasoning_tokens=2 * number
        )
        yield output


def run(task: Task, folder: Path, answers: str = "A" * 99, **options: object) -> Path:
    """Run a task and return its log."""
    model = get_model("mockllm/model", custom_outputs=outputs(answers))
    defaults = {"display": "none", "max_samples": 1, "max_connections": 1, "log_format": "eval"}
    (log,) = eval(task, model=model, log_dir=str(folder), **{**defaults, **options})  # type: ignore[arg-type]
    return Path(log.location)


def letters(questions: int = 2, epochs: int = 3) -> Task:
    """A multiple-choice task whose right answer is always A."""
    samples = [
        Sample(id=f"q{i}", input="?", choices=["w", "x", "y", "z"], target="A") for i in range(questions)
    ]
    return Task(
        name="letters",
        dataset=samples,
        solver=multiple_choice(),
        scorer=choice(),
        epochs=Epochs(epochs, "mean"),
    )


@scorer(metrics={"*": [mean()]})
def several() -> Scorer:
    """A dict-shaped score with a leaf that is missing in the second epoch."""

    async def score(state: TaskState, target: Target) -> Score:
        value: dict[str, object] = {"speed": 0.5, "style": float("nan") if state.epoch == 1 else 1}
        if state.epoch == 1:
            value["once"] = True
        return Score(value=value)  # type: ignore[arg-type]

    return score


@solver
def sometimes_fails() -> Solver:
    """Errors in the second epoch of q1."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if state.sample_id == "q1" and state.epoch == 2:
            raise RuntimeError("no such thing")
        return await generate(state)

    return solve


@pytest.fixture(scope="session")
def letters_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two questions, three epochs, answers A B A / A C D in the order of scheduling (epoch-major)."""
    return run(letters(), tmp_path_factory.mktemp("letters"), "AABCAD")


@pytest.fixture(scope="session")
def json_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as JSON."""
    return run(letters(), tmp_path_factory.mktemp("json"), "AABCAD", log_format="json")


@pytest.fixture(scope="session")
def dict_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scorers, one of them dict-shaped and with NaN in it."""
    samples = [Sample(id=i, input="?", target="ANSWER: A") for i in (1, 2)]
    task = Task(name="several", dataset=samples, solver=generate(), scorer=[several(), match()], epochs=2)
    return run(task, tmp_path_factory.mktemp("dict"), "AABA")


@pytest.fixture(scope="session")
def failing_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One epoch of four errors."""
    samples = [Sample(id=f"q{i}", input="?", target="ANSWER: A") for i in range(2)]
    task = Task(
        name="failing",
        dataset=samples,
        solver=sometimes_fails(),
        scorer=match(),
        metrics=[accuracy()],
        epochs=2,
    )
    return run(task, tmp_path_factory.mktemp("failing"), "ABA", fail_on_error=False)


@pytest.fixture(scope="session")
def limited_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every epoch hits a token limit."""
    task = letters(1, 2)
    return run(task, tmp_path_factory.mktemp("limited"), "AB", token_limit=5)
