"""Quantities: numbers with a unit of time or of memory."""

from __future__ import annotations

import re
from typing import Dict, Optional, Union

Number = Union[int, float]

SECONDS: Dict[str, Number] = {
    "ms": 0.001,
    "s": 1,
    "min": 60,
    "h": 3600,
    "d": 86400,
}

BYTES: Dict[str, Number] = {
    "B": 1,
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1000**3,
}

_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([A-Za-z]+)")


def parse_quantity(text: str) -> Optional[Number]:
    """Read ``1.5 min`` as 90.0 seconds or ``512 MiB`` as 536870912 bytes.

    Returns:
        Seconds or bytes, as an int where the result is whole; None if the text is no quantity.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    amount, unit = match.groups()
    factor = SECONDS.get(unit, BYTES.get(unit))
    if factor is None:
        return None
    if "." in amount:
        return float(amount) * factor
    return int(amount) * factor


def format_bytes(count: int) -> str:
    """Write a number of bytes with the largest binary unit that leaves at least one: ``1.5 MiB``."""
    if count < 0:
        raise ValueError(f"count must not be negative, not {count}")
    for unit in ("GiB", "MiB", "KiB"):
        if count >= BYTES[unit]:
            return f"{count / BYTES[unit]:.4g} {unit}"
    return f"{count} B"
