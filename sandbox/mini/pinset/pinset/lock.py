"""A resolution as a text file."""

from __future__ import annotations

from typing import Dict, Mapping

from pinset.version import Version

HEADER = "# pinset lock 1"


def write_lock(chosen: Mapping[str, Version]) -> str:
    """Write one ``name==version`` per line, in alphabetical order."""
    lines = [f"{name}=={chosen[name]}" for name in sorted(chosen)]
    return "\n".join([HEADER, *lines]) + "\n"


def read_lock(text: str) -> Dict[str, Version]:
    """Read what ``write_lock`` wrote; comments and empty lines are allowed.

    Raises:
        ValueError: If the header is missing, a line is malformed, or a name appears twice.
    """
    lines = text.splitlines()
    if not lines or lines[0].strip() != HEADER:
        raise ValueError("not a lock file of version 1")
    chosen: Dict[str, Version] = {}
    for number, line in enumerate(lines[1:], start=2):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        name, equals, version = line.partition("==")
        if not equals:
            raise ValueError(f"line {number}: expected name==version")
        if name in chosen:
            raise ValueError(f"line {number}: {name} appears twice")
        chosen[name] = Version(version)
    return chosen
