"""Models of a study as a command line names them: NAME,SIZE,KIND."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with Inspect, without types

KINDS = ("base", "instruct", "thinking")


@dataclass(frozen=True)
class SizedModel:
    """A model and its size.

    Attributes:
        name: As ``--model`` takes it.
        size: In any unit, the same for all models of a study.
        kind: "base" and "instruct" are read by letter log-probabilities, "thinking" by sampling.
        arguments: Model arguments.
    """

    name: str
    size: float
    kind: str = "thinking"
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name, kind and size."""
        return f"{self.name} {self.kind} {self.size:g}"

    @property
    def format(self) -> str:
        """How the answer is read: ``letter`` or ``logprob``."""
        return "letter" if self.kind == "thinking" else "logprob"


def sized_model(text: str, arguments: Sequence[str] = ()) -> SizedModel:
    """Read NAME,SIZE or NAME,SIZE,KIND.

    Args:
        text: Such as ``hf/Qwen/Qwen3-8B,8,thinking``.
        arguments: Model arguments ``name=value`` for every model; ``{size}`` in a value is its size.

    Returns:
        The model.

    Raises:
        ValueError: If the text has another form, the size is no positive number, or the kind is unknown.
    """
    name, _, rest = text.partition(",")
    size, _, kind = rest.partition(",")
    kind = kind or "thinking"
    try:
        number = float(size)
    except ValueError:
        number = math.nan
    if not name or not 0 < number < math.inf or kind not in KINDS:
        raise ValueError(
            f"model {text!r} is not NAME,SIZE,KIND with a positive size and one of {', '.join(KINDS)}, "
            "such as hf/Qwen/Qwen3-8B,8,thinking"
        )
    pairs = [argument.partition("=") for argument in arguments]
    if not all(key and equals for key, equals, _ in pairs):
        raise ValueError(f"model arguments {list(arguments)!r} must be NAME=VALUE")
    return SizedModel(
        name, number, kind, {key: yaml.safe_load(value.replace("{size}", size)) for key, _, value in pairs}
    )
