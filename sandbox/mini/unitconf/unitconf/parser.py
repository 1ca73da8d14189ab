"""Lines into a tree of sections."""

from __future__ import annotations

import re
from typing import Any, Dict, Tuple

from unitconf.errors import ConfigError
from unitconf.values import parse_value, strip_comment

Tree = Dict[str, Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def parse(text: str) -> Tuple[Tree, Dict[str, int]]:
    """Read a configuration file.

    Returns:
        The tree, whose sections are dictionaries, and the line number of each dotted key.

    Raises:
        ConfigError: With the number of the offending line.
    """
    tree: Tree = {}
    lines: Dict[str, int] = {}
    prefix, section = "", tree
    for number, raw in enumerate(text.splitlines(), start=1):
        line = strip_comment(raw).strip()
        if not line:
            continue
        if line.startswith("["):
            if not line.endswith("]"):
                raise ConfigError("the section is not closed", number)
            name = line[1:-1].strip()
            section = _open_section(tree, name, number)
            prefix = f"{name}."
            continue
        key, equals, value = line.partition("=")
        key = key.strip()
        if not equals:
            raise ConfigError("expected a section or key = value", number)
        _check_name(key, number)
        if key in section:
            raise ConfigError(f"{prefix}{key} is set twice", number)
        section[key] = parse_value(value, number)
        lines[prefix + key] = number
    return tree, lines


def _open_section(tree: Tree, name: str, number: int) -> Tree:
    section = tree
    for part in name.split("."):
        _check_name(part, number)
        section = section.setdefault(part, {})
        if not isinstance(section, dict):
            raise ConfigError(f"{part} is a value and no section", number)
    return section


def _check_name(name: str, number: int) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"not a name: {name!r}", number)
