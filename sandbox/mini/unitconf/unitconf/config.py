"""The configuration as a program uses it."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping

from unitconf.interpolate import interpolate, lookup
from unitconf.merge import merge
from unitconf.parser import parse


class Config(Mapping[str, Any]):
    """Values by dotted key; a section is a Config of its own."""

    def __init__(self, tree: Dict[str, Any]) -> None:
        self._tree = tree

    def __getitem__(self, key: str) -> Any:
        value = lookup(self._tree, key)
        return Config(value) if isinstance(value, dict) else value

    def __contains__(self, key: object) -> bool:
        try:
            self[str(key)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __repr__(self) -> str:
        return f"Config({self._tree!r})"

    def keys_below(self) -> List[str]:
        """All dotted keys that hold a value, in the order of the file."""
        found: List[str] = []
        for key, value in self._tree.items():
            if isinstance(value, dict):
                found.extend(f"{key}.{below}" for below in Config(value).keys_below())
            else:
                found.append(key)
        return found

    def over(self, defaults: Dict[str, Any]) -> Config:
        """This configuration on top of defaults."""
        return Config(merge(defaults, self._tree))


def load(text: str) -> Config:
    """Read a configuration file and replace its references.

    Raises:
        ConfigError: With the number of the offending line.
    """
    tree, lines = parse(text)
    return Config(interpolate(tree, lines))
