"""Versions and their order."""

from __future__ import annotations

import re
from functools import total_ordering
from typing import Optional, Tuple

_VERSION = re.compile(r"(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?")


@total_ordering
class Version:
    """A version such as ``1.4``, ``2.0.1`` or the pre-release ``2.0rc1``.

    Parts are compared as numbers, and those that are missing at the end count as 0: ``1.4`` and
    ``1.4.0`` are the same version. A pre-release comes before its release.
    """

    def __init__(self, text: str) -> None:
        match = _VERSION.fullmatch(text)
        if match is None:
            raise ValueError(f"not a version: {text!r}")
        numbers, stage, count = match.groups()
        self.text = text
        self.parts: Tuple[int, ...] = tuple(int(part) for part in numbers.split("."))
        self.stage: Optional[Tuple[str, int]] = (stage, int(count)) if stage else None

    @property
    def is_prerelease(self) -> bool:
        return self.stage is not None

    def _key(self) -> Tuple[Tuple[int, ...], Tuple[str, int]]:
        # "z" comes after every stage, so a release follows its pre-releases.
        return self.parts, self.stage or ("z", 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self._key() == other._key()

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"
