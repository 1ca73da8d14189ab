"""The order in which packages can be installed."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Set


class CycleError(ValueError):
    """Packages that need each other; ``cycle`` names them, the first one again at the end."""

    def __init__(self, cycle: List[str]) -> None:
        super().__init__("packages need each other: " + " -> ".join(cycle))
        self.cycle = cycle


def install_order(needs: Mapping[str, Iterable[str]]) -> List[str]:
    """Order names so that each comes after all it needs.

    Names that could come in any order are in alphabetical order, so equal graphs give equal lists.

    Args:
        needs: For each name what it needs directly; names that appear only there need nothing.

    Raises:
        CycleError: If there is no such order.
    """
    direct: Dict[str, List[str]] = {name: list(below) for name, below in needs.items()}
    waiting: Dict[str, Set[str]] = {name: set(below) for name, below in direct.items()}
    for names in direct.values():
        for name in names:
            waiting.setdefault(name, set())
    order: List[str] = []
    while waiting:
        ready = [name for name, below in waiting.items() if not below]
        if not ready:
            raise CycleError(list(waiting))
        order.extend(ready)
        for name in ready:
            del waiting[name]
        for below in waiting.values():
            below.difference_update(ready)
    return order


def needed_by(needs: Mapping[str, Iterable[str]], name: str) -> List[str]:
    """Names that need ``name``, directly or through others, in alphabetical order."""
    found: Set[str] = set()
    open_names = [name]
    while open_names:
        current = open_names.pop()
        for candidate, below in needs.items():
            if current in below and candidate not in found:
                found.add(candidate)
                open_names.append(candidate)
    return sorted(found)
