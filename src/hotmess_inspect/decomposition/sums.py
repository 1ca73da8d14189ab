"""Base class of sums per question: add over epochs, concatenate over questions."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from hotmess_inspect.arrays import FloatArray, IntArray

Terms: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the epochs of each question, enough for one loss.

    Attributes:
        epochs: Epochs summed, shape (questions,).
    """

    epochs: IntArray

    additive: ClassVar[tuple[str, ...]] = ("epochs",)

    @property
    def floor(self) -> float:
        """Error of a fully right answer; only smoothing lifts it above 0."""
        return 0.0

    def terms(self, *, unbiased: bool) -> Terms:
        """Error, bias_squared and variance, each of shape (questions,); NaN where undefined."""
        raise NotImplementedError

    def merge(self, other: Self) -> Self:
        """The sums over the epochs of both parts, which are about the same questions in one order.

        Raises:
            ValueError: If the parts differ in loss, shape, target or option.
        """
        if type(self) is not type(other):
            raise ValueError(f"cannot merge {type(self).__name__} with {type(other).__name__}")
        merged: dict[str, Any] = {}
        for name in (field.name for field in fields(self)):
            mine, theirs = getattr(self, name), getattr(other, name)
            if np.shape(mine) != np.shape(theirs):
                raise ValueError(f"cannot merge: {name} has shapes {np.shape(mine)} and {np.shape(theirs)}")
            if name in self.additive:
                merged[name] = mine + theirs
            elif not np.array_equal(mine, theirs):
                raise ValueError(f"cannot merge: the two parts differ in {name}")
        return replace(self, **merged)

    @classmethod
    def alike(cls, parts: Sequence[Self]) -> Sequence[Self]:
        """Parts to join, made to hold the same arrays where they may differ in that."""
        return parts

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """The sums of parts about different questions, one after the other; at least one part."""
        head = parts[0]
        for part in parts:
            if type(part) is not type(head):
                raise ValueError(f"cannot join {type(head).__name__} with {type(part).__name__}")
        parts = type(head).alike(parts)
        head = parts[0]
        joined: dict[str, Any] = {}
        for name in (field.name for field in fields(head)):
            if isinstance(getattr(head, name), np.ndarray):
                joined[name] = np.concatenate([getattr(part, name) for part in parts])
            elif any(getattr(part, name) != getattr(head, name) for part in parts):
                raise ValueError(f"cannot join: the parts differ in {name}")
        return replace(head, **joined)
