"""The forms in which an epoch can state its prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

from inspect_ai.model import GenerateConfig

from hotmess_inspect._inspect_private import prerequisite_error

__all__ = ["FORMATS", "TOP_LOGPROBS", "Format", "check_choice", "check_count", "generate_config"]

Format: TypeAlias = Literal["letter", "probability", "logprob"]
FORMATS: tuple[str, ...] = get_args(Format)

# The most that the large providers return.
TOP_LOGPROBS = 20


def generate_config(format: str, completion: bool | None = None) -> GenerateConfig:
    """What a format needs of the model: log-probabilities of one token, two tokens, or nothing."""
    if format == "logprob":
        return GenerateConfig(logprobs=True, top_logprobs=TOP_LOGPROBS, max_tokens=1)
    if completion:
        # A base model goes on with questions of its own; some tokenizers take two tokens for a blank and a letter.
        return GenerateConfig(max_tokens=2)
    return GenerateConfig()


def check_choice(name: str, value: object, permitted: Sequence[str]) -> None:
    """Raise an error of the command line unless a word is one of those permitted."""
    if value not in permitted:
        raise prerequisite_error(f"{name} is {value!r}; permitted are: {', '.join(permitted)}")


def check_count(name: str, value: Any, least: int) -> None:
    """Raise an error of the command line unless a value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise prerequisite_error(f"{name} is {value!r}; permitted is a whole number of at least {least}")
