"""Score values as numbers, and nothing as a number that is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING

# Inspect imports this at every start; numpy is loaded when there are many values to read.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORDS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_LOWER_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


def verdict_to_float(value: object) -> float:
    """Read a score as Inspect's `value_to_float` does, but unknown is NaN and not 0.

    Args:
        value: "C", "P", "I", "N" → 1, ½, 0, 0; "yes", "true", "no", "false" in any case → 1, 1, 0, 0;
            numbers, booleans and strings that hold a finite number → that number.

    Returns:
        A finite number, or NaN for anything else (None, ±inf, "", unknown words, lists, dictionaries).
    """
    if isinstance(value, str):
        if value in _WORDS:
            return _WORDS[value]
        lowered = value.lower()
        if lowered in _LOWER_WORDS:
            return _LOWER_WORDS[lowered]
    elif not isinstance(value, Real):
        return math.nan
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def verdicts_to_floats(values: Sequence[object]) -> NDArray[np.float64]:
    """Read many scores, a tenth of a microsecond each.

    Args:
        values: Score values, shape (rows,).

    Returns:
        Numbers, NaN where there is none, shape (rows,).
    """
    import numpy as np

    types = set(map(type, values))
    if types <= {float, bool}:
        numbers = np.array(values, dtype=np.float64)
        numbers[~np.isfinite(numbers)] = np.nan
        return numbers
    if types <= {str, float, bool, int, type(None)}:
        # Equal keys such as 1, 1.0 and True are one entry, and mean the same number.
        known = {value: verdict_to_float(value) for value in set(values)}
        return np.array([known[value] for value in values], dtype=np.float64)
    return np.array([verdict_to_float(value) for value in values], dtype=np.float64)


def pick(value: object, key: str | int | None) -> object:
    """Take the part of a score that is to be decomposed.

    Args:
        value: Score value.
        key: Key of a dictionary or index of a list; None takes a scalar, or the only entry there is.

    Returns:
        The entry, or None where there is no such entry or more than one to choose from.
    """
    if isinstance(value, dict):
        if key is None:
            return next(iter(value.values())) if len(value) == 1 else None
        return value.get(key)
    if isinstance(value, list | tuple):
        index = 0 if key is None and len(value) == 1 else key
        return value[index] if isinstance(index, int) and 0 <= index < len(value) else None
    return value
