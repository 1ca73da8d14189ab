"""Whether what tests check with is still what it was before any file of the repository was loaded."""

import builtins
import operator
import unittest
from typing import Any

# Functions and classes that assertions are made of; a program that means well has no reason to replace them.
_BUILTINS = """
AssertionError BaseException Exception ValueError TypeError KeyError IndexError AttributeError RuntimeError
NotImplementedError StopIteration ZeroDivisionError abs all any bool bytes callable dict divmod enumerate filter
float frozenset getattr hasattr hash id int isinstance issubclass iter len list map max min next object ord pow
range repr reversed round set sorted str sum super tuple type vars zip
""".split()

_CHECKS = ("assert", "_baseAssert", "_getAssert", "addTypeEquality")

# Two of each type that are not equal; a type's own comparison has no name that could be looked at.
_UNEQUAL = (
    ([0], [1]),
    ((0,), (1,)),
    ({0: 0}, {0: 1}),
    ({0}, {1}),
    (frozenset({0}), frozenset({1})),
    ("ab", "ba"),
    (b"ab", b"ba"),
    (0.5, 1.5),
    (1j, 2j),
    (70000, 70001),
    (True, False),
    (None, 0),
    (int, float),
)  # type: tuple[tuple[Any, Any], ...]


class Tools:
    """A picture of the tools, taken when it is made.

    Args:
        others: Functions and classes beside the usual ones, by name: the runner's own.
    """

    def __init__(self, others: "dict[str, Any]") -> None:
        self._places = {"builtins." + name: (builtins, name) for name in _BUILTINS}  # type: dict[str, Any]
        for name in dir(unittest.TestCase):
            if name.startswith(_CHECKS) or name in ("fail", "failureException"):
                self._places["TestCase." + name] = (unittest.TestCase, name)
        for name, (holder, attribute) in others.items():
            self._places[name] = (holder, attribute)
        self._before = {name: self._now(name) for name in self._places}

    def _now(self, name: str) -> "Any":
        holder, attribute = self._places[name]
        value = vars(holder).get(attribute)
        return (value, getattr(value, "__code__", None), getattr(value, "__defaults__", None))

    def changed(self) -> "list[str]":
        """Names of those that are not what they were."""
        found = [
            name
            for name, before in self._before.items()
            if any(map(operator.is_not, before, self._now(name)))
        ]
        return found + ["comparison of " + type(a).__name__ for a, b in _UNEQUAL if a == b or not a != b]
