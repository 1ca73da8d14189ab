"""Whether epochs are copies of each other rather than independent draws."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class IdenticalEpochs:
    """Epochs that repeat another epoch of their question to the letter.

    Attributes:
        questions: Questions with at least two epochs of known content.
        identical_questions: Of these, questions whose epochs are all the same.
        epochs: Epochs of known content in these questions.
        repeated_epochs: Epochs beyond the first of their kind.
    """

    questions: int
    identical_questions: int
    epochs: int
    repeated_epochs: int


def identical_epochs(contents: Sequence[Sequence[Hashable | None]]) -> IdenticalEpochs:
    """Count epochs whose whole output equals that of another epoch of the question.

    Equal letters are no sign of copies; equal texts of many words are.

    Args:
        contents: Per question the content of its epochs, such as the text or a digest of it; None where
            unknown.
    """
    known = [[content for content in row if content is not None] for row in contents]
    repeated = [row for row in known if len(row) >= 2]
    different = [len(set(row)) for row in repeated]
    epochs = sum(map(len, repeated))
    return IdenticalEpochs(
        questions=len(repeated),
        identical_questions=sum(count == 1 for count in different),
        epochs=epochs,
        repeated_epochs=epochs - sum(different),
    )


def copied_epoch_warnings(
    *,
    temperatures: Sequence[float | None] = (),
    seeds: Sequence[int | None] = (),
    epochs: int = 0,
    cached: int = 0,
    identical: IdenticalEpochs | None = None,
) -> list[str]:
    """Warn when epochs are likely to be copies of each other rather than independent draws.

    Args:
        temperatures: Temperature of each run; None where the provider's default applied.
        seeds: Sampling seed of each run; None where there was none.
        epochs: Epochs in all.
        cached: Epochs served from a cache.
        identical: Counts of `identical_epochs`.
    """
    sentences = []
    cold = sum(temperature == 0 for temperature in temperatures)
    if cold:
        sentences.append(
            f"Temperature is 0 in {cold} of {counted(len(temperatures), 'run')}: epochs repeat each other save "
            "for noise of the hardware, and a variance near 0 says nothing about the model."
        )
    fixed = sum(seed is not None for seed in seeds)
    if fixed:
        sentences.append(
            f"A sampling seed is fixed in {fixed} of {counted(len(seeds), 'run')}: providers that honour it "
            "give every epoch the same answer."
        )
    if cached:
        sentences.append(
            f"{cached:,} of {counted(epochs, 'epoch')} came from a cache: copies of other epochs take variance "
            "away and make intervals too short."
        )
    if identical is not None and identical.repeated_epochs:
        sentences.append(
            f"{identical.repeated_epochs:,} of {counted(identical.epochs, 'epoch')} repeat another epoch of "
            f"their question to the letter, and {identical.identical_questions:,} of "
            f"{counted(identical.questions, 'question')} have nothing but copies: look for a cache, a fixed "
            "seed or a temperature of 0."
        )
    return sentences


def counted(number: int, noun: str) -> str:
    """A number with its noun in the right number."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
