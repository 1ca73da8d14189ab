"""What a preset will cost in tokens, said before it starts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from inspect_ai import Task
from inspect_ai.dataset import Sample

from hotmess_inspect.words import counted

CHARACTERS_PER_TOKEN = 4
# The instructions around a question: what to answer, and in which form.
INSTRUCTION_TOKENS = 80


@dataclass(frozen=True)
class Cost:
    """Tokens of a plan.

    Attributes:
        name: What is planned.
        questions: Number of questions.
        epochs: Epochs per question.
        input_tokens: Tokens read per epoch, mean.
        output_tokens: Tokens written per epoch, reasoning included, mean.
        basis: Where the two come from, as words of a sentence.
    """

    name: str
    questions: int
    epochs: int
    input_tokens: float
    output_tokens: float
    basis: str

    @property
    def calls(self) -> int:
        """Epochs in all."""
        return self.questions * self.epochs

    @property
    def total(self) -> tuple[float, float]:
        """Tokens read and written in all."""
        return self.calls * self.input_tokens, self.calls * self.output_tokens

    def sentence(self) -> str:
        """The cost in one sentence."""
        read, written = self.total
        return (
            f"{self.name}: {counted(self.questions, 'question')} x {counted(self.epochs, 'epoch')} = {counted(self.calls, 'epoch')} of about "
            f"{self.input_tokens:,.0f} input and {self.output_tokens:,.0f} output tokens ({self.basis}): "
            f"{amount(read)} input and {amount(written)} output tokens"
        )


def planned_cost(
    name: str, task: Task, *, output_tokens: float, shots: int = 0, measured: str | None = None
) -> Cost:
    """Cost of all epochs of a task, before ``--limit`` and ``--epochs``.

    Args:
        name: What to call it.
        task: The task as it will run.
        output_tokens: Declared output tokens per epoch; what a model really writes only a log can tell.
        shots: Few-shot examples that precede each question, each as long as a question is on average.
        measured: A log of the same task, on a few questions: both numbers per epoch are taken from it.

    Returns:
        The cost. Undeclared, input is counted at four characters a token.

    Raises:
        ValueError: If `output_tokens` is negative, or the log cannot be read or tells no tokens.
    """
    if output_tokens < 0:
        raise ValueError(f"output_tokens={output_tokens!r} must be 0 or more")
    samples = list(task.dataset)
    if measured:
        reading, writing = measured_tokens(measured)
        basis = f"measured in {measured}"
    else:
        reading = (1 + shots) * _mean_tokens(samples) + INSTRUCTION_TOKENS
        writing, basis = output_tokens, "input counted at 4 characters a token, output declared"
    return Cost(name, len(samples), task.epochs or 1, reading, writing, basis)


def state_cost(
    name: str, task: Task, *, output_tokens: float, shots: int = 0, measured: str | None = None
) -> Task:
    """Say on the error stream what a task will cost; see `planned_cost`.

    Returns:
        The task.
    """
    say(planned_cost(name, task, output_tokens=output_tokens, shots=shots, measured=measured).sentence())
    return task


def say(sentence: str) -> None:
    """A line on the error stream, at once, where it does not mix with what a command prints."""
    print(f"hotmess: {sentence}", file=sys.stderr, flush=True)


def measured_tokens(log: str) -> tuple[float, float]:
    """Mean input and output tokens per epoch of a log, graders and other roles included.

    Raises:
        ValueError: If the log cannot be read, or no epoch has a count of tokens.
    """
    from inspect_ai.log import read_eval_log_sample_summaries

    try:
        summaries = read_eval_log_sample_summaries(log)
    except (OSError, ValueError) as error:
        raise ValueError(f"measured={log!r} cannot be read as a log: {error}") from error
    usages = [list(summary.model_usage.values()) for summary in summaries if summary.model_usage]
    if not usages:
        raise ValueError(
            f"measured={log!r}: none of its {counted(len(summaries), 'epoch')} has a count of tokens"
        )
    read = sum(usage.input_tokens for epoch in usages for usage in epoch)
    written = sum(usage.output_tokens for epoch in usages for usage in epoch)
    return read / len(usages), written / len(usages)


def amount(tokens: float) -> str:
    """A number of tokens in three digits: 950, 12.3 k, 4.56 M, 1.2 G."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if tokens >= size:
            return f"{tokens / size:.3g}{unit}" if tokens < 1000 * size else f"{tokens / size:,.0f}{unit}"
    return f"{tokens:.0f}"


def _mean_tokens(samples: Sequence[Sample]) -> float:
    if not samples:
        return 0.0
    return sum(map(_characters, samples)) / CHARACTERS_PER_TOKEN / len(samples)


def _characters(sample: Sample) -> int:
    asked = sample.input if isinstance(sample.input, str) else "".join(m.text for m in sample.input)
    return len(asked) + sum(map(len, sample.choices or []))
