"""One version per package such that every requirement holds."""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional

from pinset.index import Index
from pinset.requirement import Requirement
from pinset.version import Version


class ResolutionError(ValueError):
    """There is no choice of versions that keeps all requirements."""


def resolve(index: Index, wanted: Iterable[str]) -> Dict[str, Version]:
    """Choose versions for the wanted packages and all that they need.

    New versions are preferred. Pre-releases are chosen only if a requirement names one.

    Returns:
        Versions by name, in alphabetical order of the names.

    Raises:
        ResolutionError: If a package is unknown, or no choice keeps all requirements.
    """
    chosen: Dict[str, Version] = {}
    open_requirements: List[Requirement] = [Requirement(text) for text in wanted]
    while open_requirements:
        requirement = open_requirements.pop(0)
        name = requirement.name
        if name in chosen:
            if not requirement.allows(chosen[name]):
                raise ResolutionError(f"{requirement} does not allow {name} {chosen[name]}")
            continue
        version = _newest(index, requirement)
        if version is None:
            raise ResolutionError(f"no version for {requirement}")
        chosen[name] = version
        open_requirements.extend(index.needs(name, version))
    return dict(sorted(chosen.items()))


def _newest(index: Index, requirement: Requirement) -> Optional[Version]:
    if requirement.name not in index:
        raise ResolutionError(f"unknown package {requirement.name}")
    for version in index.versions(requirement.name):
        if requirement.allows(version):
            return version
    return None
