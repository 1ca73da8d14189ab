"""What a package needs: a name and bounds on its version."""

from __future__ import annotations

import re
from typing import List, Tuple

from pinset.version import Version

_REQUIREMENT = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*(.*)")
_BOUND = re.compile(r"(==|!=|>=|<=|~=|>|<)\s*([0-9a-z.]+)")


class Requirement:
    """A name with bounds that must all hold, read from ``name>=1.2,<2``.

    ``~=1.4.2`` allows what is at least 1.4.2 and begins with 1.4; ``~=1.4`` what begins with 1.
    """

    def __init__(self, text: str) -> None:
        match = _REQUIREMENT.fullmatch(text.rstrip())
        if match is None:
            raise ValueError(f"not a requirement: {text!r}")
        self.name, bounds = match.groups()
        self.bounds: List[Tuple[str, Version]] = []
        for bound in filter(None, (part.strip() for part in bounds.split(","))):
            parsed = _BOUND.fullmatch(bound)
            if parsed is None:
                raise ValueError(f"not a bound: {bound!r} in {text!r}")
            self.bounds.append((parsed.group(1), Version(parsed.group(2))))

    def allows(self, version: Version) -> bool:
        """Whether a version keeps all bounds."""
        return all(_holds(operator, version, bound) for operator, bound in self.bounds)

    @property
    def names_prerelease(self) -> bool:
        """Whether a bound is itself a pre-release, so that pre-releases are wanted."""
        return any(bound.is_prerelease for _, bound in self.bounds)

    def __str__(self) -> str:
        return self.name + ",".join(f"{operator}{bound}" for operator, bound in self.bounds)


def _holds(operator: str, version: Version, bound: Version) -> bool:
    if operator == "==":
        return version == bound
    if operator == "!=":
        return version != bound
    if operator == ">=":
        return version >= bound
    if operator == "<=":
        return version <= bound
    if operator == ">":
        return version > bound
    if operator == "<":
        return version < bound
    return version >= bound and version.parts[0] == bound.parts[0]
