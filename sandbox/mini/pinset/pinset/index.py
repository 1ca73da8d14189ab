"""Which versions of which packages there are, and what they need."""

from __future__ import annotations

from typing import Dict, Iterable, List, Sequence

from pinset.requirement import Requirement
from pinset.version import Version


class Index:
    """Packages by name and version."""

    def __init__(self) -> None:
        self._packages: Dict[str, Dict[Version, List[Requirement]]] = {}

    def add(self, name: str, version: str, needs: Iterable[str] = ()) -> None:
        """Add one version of a package.

        Raises:
            ValueError: If the version is there already.
        """
        versions = self._packages.setdefault(name, {})
        key = Version(version)
        if key in versions:
            raise ValueError(f"{name} {version} is in the index already")
        versions[key] = [Requirement(text) for text in needs]

    def __contains__(self, name: str) -> bool:
        return name in self._packages

    def versions(self, name: str) -> List[Version]:
        """All versions of a package, newest first; none if it is unknown."""
        return sorted(self._packages.get(name, {}), reverse=True)

    def needs(self, name: str, version: Version) -> Sequence[Requirement]:
        """What one version of a package requires."""
        return self._packages[name][version]
