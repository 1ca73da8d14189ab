"""Reading and checking the model arguments (``-M name=value``) of the simulated models.

The arguments of a model are the fields of one frozen dataclass; a field carries its meaning and the
values that it permits, so that checks, error messages and documentation have one source.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

__all__ = ["FileContent", "argument", "argument_table", "read_arguments"]

T = TypeVar("T")


class FileContent(Generic[T]):
    """What the file of an argument holds, read again when it changes: Inspect keeps a model as long as the process.

    Args:
        path: Path of the file; one that is removed leaves what was read of it.
        read: Reads it.

    Raises:
        ValueError: If `read` does.
    """

    def __init__(self, path: str, read: Callable[[str], T]) -> None:
        self._path, self._read = path, read
        self._stamp = self._now()
        self._value = read(path)

    @property
    def value(self) -> T:
        """What the file holds now."""
        now = self._now()
        if now not in (None, self._stamp):
            self._value, self._stamp = self._read(self._path), now
        return self._value

    def _now(self) -> tuple[int, ...] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def argument(
    default: object,
    meaning: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """A dataclass field that is a model argument.

    Args:
        default: Value when the argument is not given; its type is the argument's type, and ``None``
            stands for a number that may be left out.
        meaning: One line for the documentation.
        low: Smallest permitted value, included.
        high: Largest permitted value, included.
        choices: The permitted words, for a text argument.

    Returns:
        A ``dataclasses.field``.
    """
    return dataclasses.field(
        default=default, metadata={"meaning": meaning, "low": low, "high": high, "choices": choices}
    )


def read_arguments(kind: type[T], given: Mapping[str, object], model: str) -> T:
    """Check model arguments and put them into their dataclass.

    Args:
        kind: A frozen dataclass whose fields were made with `argument`.
        given: Names and values as typed; numbers may come as text.
        model: Name of the model, for messages.

    Returns:
        An instance of `kind`.

    Raises:
        ValueError: If a name is unknown or a value is of the wrong type or out of range; the message
            names the argument, the value and what is permitted.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise ValueError(
            f"{model} has no model argument {unknown[0]!r}; permitted are: {', '.join(sorted(fields))}"
        )
    values = {name: _checked(fields[name], value, model) for name, value in given.items()}
    return kind(**values)


def argument_table(kind: type) -> list[tuple[str, object, str]]:
    """Name, default and meaning of every argument, in the order of declaration."""
    return [(field.name, field.default, field.metadata["meaning"]) for field in dataclasses.fields(kind)]


def _checked(field: dataclasses.Field[Any], value: object, model: str) -> object:
    choices = field.metadata["choices"]
    where = f"model argument {field.name!r} of {model}"
    if isinstance(field.default, str):
        text = str(value)
        if choices is not None and text not in choices:
            raise ValueError(f"{where} is {value!r}; permitted are: {', '.join(choices)}")
        return text
    if value is None and field.default is None:
        return None
    return _checked_number(field, value, where)


def _checked_number(field: dataclasses.Field[Any], value: object, where: str) -> int | float:
    low, high = field.metadata["low"], field.metadata["high"]
    whole = isinstance(field.default, int)
    permitted = f"a {'whole ' if whole else ''}number {_range(low, high)}"
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{where} is {value!r}; permitted is {permitted}") from None
    inside = (low is None or number >= low) and (high is None or number <= high)
    if isinstance(value, bool) or not math.isfinite(number) or not inside or (whole and number % 1):
        raise ValueError(f"{where} is {value!r}; permitted is {permitted}")
    # A large whole number keeps its digits only if it never was a float.
    return value if whole and isinstance(value, int) else int(number) if whole else number


def _range(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "of any size"
    if high is None:
        return f"of at least {low:g}"
    return f"from {low:g} to {high:g}" if low is not None else f"up to {high:g}"
