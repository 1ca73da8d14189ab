"""The forms in which an epoch can state its prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

from inspect_ai.model import GenerateConfig

from hotmess_inspect._inspect_private import prerequisite_error

__all__ = [
    "FORMATS",
    "TOP_LOGPROBS",
    "Format",
    "check_choice",
    "check_count",
    "check_share",
    "generate_config",
]

Format: TypeAlias = Literal["letter", "probability", "logprob"]
FORMATS: tuple[str, ...] = get_args(Format)

# Enough for what stands before a letter: "**", "(", "The answer is".
LOOK_AHEAD_TOKENS = 4

# Where a base model that has answered goes on with a question of its own.
STOP_SEQUENCES = ["\nQuestion:", "\nQ:"]

# The most that the large providers return.
TOP_LOGPROBS = 20


def generate_config(format: str, completion: bool | None = None) -> GenerateConfig:
    """What a format needs of the model: log-probabilities of a few tokens, an end to a base model's answer, or nothing."""
    if format == "logprob":
        return GenerateConfig(logprobs=True, top_logprobs=TOP_LOGPROBS, max_tokens=LOOK_AHEAD_TOKENS)
    if completion:
        return GenerateConfig(max_tokens=LOOK_AHEAD_TOKENS, stop_seqs=list(STOP_SEQUENCES))
    return GenerateConfig()


def check_choice(name: str, value: object, permitted: Sequence[str]) -> None:
    """Raise an error of the command line unless a word is one of those permitted."""
    if value not in permitted:
        raise prerequisite_error(f"{name} is {value!r}; permitted are: {', '.join(permitted)}")


def check_count(name: str, value: Any, least: int) -> None:
    """Raise an error of the command line unless a value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise prerequisite_error(f"{name} is {value!r}; permitted is a whole number of at least {least}")


def check_share(name: str, value: Any) -> None:
    """Raise an error of the command line unless a value is a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise prerequisite_error(f"{name} is {value!r}; permitted is a number from 0 to 1")
