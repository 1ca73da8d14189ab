"""Reasoning budgets by name: levels of effort and numbers of tokens. Cheap to import: a preset names it."""

from __future__ import annotations

import re
from typing import Any

# Tokens that an epoch takes under a level of effort, before anything is measured.
LEVELS = {"low": 1000.0, "medium": 4000.0, "high": 12000.0}


def budget_config(budget: str) -> dict[str, Any]:
    """Inspect's generation options for a budget.

    Args:
        budget: "low", "medium", "high", or a number of tokens such as "4k" or "4096".

    Returns:
        ``reasoning_effort`` or ``reasoning_tokens``.

    Raises:
        ValueError: If the budget is neither.
    """
    name = budget.strip().lower()
    if name in LEVELS:
        return {"reasoning_effort": name}
    return {"reasoning_tokens": _tokens(name, budget)}


def budget_tokens(budget: str) -> float:
    """Declared output tokens per epoch: those of the level, or half of the tokens allowed."""
    name = budget.strip().lower()
    return LEVELS[name] if name in LEVELS else _tokens(name, budget) / 2


def _tokens(name: str, budget: str) -> int:
    found = re.fullmatch(r"(\d+)(k?)", name)
    if not found or int(found[1]) == 0:
        raise ValueError(
            f"budget={budget!r} is neither one of {', '.join(LEVELS)} nor a number of tokens such as 4k"
        )
    return int(found[1]) * (1024 if found[2] else 1)
