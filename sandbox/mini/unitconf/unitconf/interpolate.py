"""Replacing ``${dotted.key}`` in texts by the value of another key."""

from __future__ import annotations

import re
from typing import Any, Dict

from unitconf.errors import ConfigError
from unitconf.parser import Tree

_REFERENCE = re.compile(r"\$\{([A-Za-z0-9_.-]+)\}")


def interpolate(tree: Tree, lines: Dict[str, int]) -> Tree:
    """Return a copy of a tree in which all references in texts are replaced.

    Args:
        tree: As from ``parse``.
        lines: Line number of each dotted key, for errors.

    Raises:
        ConfigError: If a reference leads nowhere.
    """
    return {key: _resolve(value, tree) for key, value in tree.items()}


def lookup(tree: Tree, key: str) -> Any:
    """The value of a dotted key, or KeyError."""
    value: Any = tree
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise KeyError(key)
        value = value[part]
    return value


def _resolve(value: Any, tree: Tree) -> Any:
    if isinstance(value, dict):
        return {key: _resolve(inside, tree) for key, inside in value.items()}
    if not isinstance(value, str):
        return value

    def replacement(match: "re.Match[str]") -> str:
        return str(lookup(tree, match.group(1)))

    return _REFERENCE.sub(replacement, value)
