"""The cost of a plan in tokens."""

from pathlib import Path

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

from hotmess_inspect.experiments.studies.cost import (
    INSTRUCTION_TOKENS,
    amount,
    measured_tokens,
    planned_cost,
    state_cost,
)


def task(**options: object) -> Task:
    samples = [
        # 20 + 4 characters: 6 tokens.
        Sample(input="q" * 20, choices=["ab", "cd"], target="A"),
        # 40 characters in a message: 10 tokens.
        Sample(input=[ChatMessageUser(content="q" * 40)], target="B"),
    ]
    return Task(dataset=samples, **options)  # type: ignore[arg-type]


def test_counted_and_declared() -> None:
    cost = planned_cost("plan", task(epochs=5), output_tokens=100, shots=2)
    assert (cost.questions, cost.epochs, cost.calls) == (2, 5, 10)
    # Three texts of 8 tokens on average, and the instructions.
    assert cost.input_tokens == 3 * 8 + INSTRUCTION_TOKENS
    assert cost.total == (10 * cost.input_tokens, 1000)
    assert (
        "plan: 2 questions x 5 epochs = 10 epochs of about 104 input and 100 output tokens" in cost.sentence()
    )
    assert "1.04 k input and 1 k output tokens" in cost.sentence()


def test_one_epoch_where_none_are_named() -> None:
    assert planned_cost("plan", task(), output_tokens=0).calls == 2


@pytest.mark.slow
def test_measured_in_a_log(tmp_path: Path) -> None:
    sample = Sample(id=1, input="What?", choices=["this", "that"], target="A")
    (log,) = eval(
        Task(dataset=[sample], solver=multiple_choice(), scorer=choice(), epochs=3),
        model="hotmess/simulated",
        log_dir=str(tmp_path),
        display="none",
    )
    usages = [usage for s in log.samples or [] for usage in s.model_usage.values()]
    mean = [sum(getattr(u, name) for u in usages) / 3 for name in ("input_tokens", "output_tokens")]
    assert measured_tokens(log.location) == tuple(mean)
    cost = planned_cost("plan", task(epochs=2), output_tokens=0, measured=log.location)
    assert cost.total == (4 * mean[0], 4 * mean[1]) and f"measured in {log.location}" in cost.sentence()


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="output_tokens=-1 must be 0 or more"):
        planned_cost("plan", task(), output_tokens=-1)
    (tmp_path / "no.eval").write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be read as a log"):
        planned_cost("plan", task(), output_tokens=1, measured=str(tmp_path / "no.eval"))


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (0, "0"),
        (950, "950"),
        (12_345, "12.3 k"),
        (4_560_000, "4.56 M"),
        (1.2e9, "1.2 G"),
        (2.5e12, "2,500 G"),
    ],
)
def test_amounts(tokens: float, text: str) -> None:
    assert amount(tokens) == text


def test_it_is_said_on_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    made = task(epochs=2)
    assert state_cost("plan", made, output_tokens=1) is made
    shown = capsys.readouterr()
    assert not shown.out and shown.err.startswith("hotmess: plan: 2 questions x 2 epochs")
