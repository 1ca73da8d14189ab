"""Score values as numbers; NaN for every value that is none."""

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


def verdicts_to_floats(values: Sequence[object], types: set[type] | None = None) -> NDArray[np.float64]:
    """Read many scores, a tenth of a microsecond each.

    Args:
        values: Score values, shape (rows,).
        types: Their types, where these are known.

    Returns:
        Numbers, NaN where there is none, shape (rows,).
    """
    import numpy as np

    types = types or set(map(type, values))
    if types <= {float, bool}:
        numbers = np.array(values, dtype=np.float64)
        numbers[~np.isfinite(numbers)] = np.nan
        return numbers
    if types <= {str, float, bool, int, type(None)}:
        # Equal keys such as 1, 1.0 and True are one entry, and mean the same number.
        known = {value: verdict_to_float(value) for value in set(values)}
        return np.fromiter(map(known.__getitem__, values), dtype=np.float64, count=len(values))
    return np.array([verdict_to_float(value) for value in values], dtype=np.float64)


def read_verdicts(values: Sequence[object], key: str | int | None = None) -> NDArray[np.float64]:
    """Scores as numbers, of dictionaries and lists the entry that `pick` takes; NaN where there is none."""
    types = set(map(type, values))
    if types & {dict, list, tuple} or key is not None:
        return verdicts_to_floats([pick(value, key) for value in values])
    return verdicts_to_floats(values, types)


def entries_of(values: Sequence[object]) -> list[object]:
    """The values that are dictionaries or lists, None in the place of the others: what a key may be looked up in."""
    return [value if isinstance(value, dict | list | tuple) else None for value in values]


def value_keys(values: Sequence[object]) -> list[str | None]:
    """By which keys the scores of one scorer are read, each as a score of its own.

    Args:
        values: Score values, shape (rows,).

    Returns:
        Where most values are dictionaries, their keys in the order of appearance; where most are lists of more
        than one entry, the places "0", "1", …; else one ``None``: the values themselves.
    """
    if set(map(type, values)).isdisjoint((dict, list, tuple)):
        return [None]
    known = [value for value in values if value is not None and value == value]
    dictionaries = [value for value in known if isinstance(value, dict)]
    if 2 * len(dictionaries) > len(known):
        # Dictionaries of one scorer mostly have the same keys: the tuples of them are compared, not each key.
        keys = {str(key): None for names in dict.fromkeys(map(tuple, dictionaries)) for key in names}
        return list(keys) or [None]
    lists = [value for value in known if isinstance(value, list | tuple)]
    longest = max(map(len, lists), default=0)
    return [str(place) for place in range(longest)] if longest > 1 and 2 * len(lists) > len(known) else [None]


def pick(value: object, key: str | int | None) -> object:
    """Take the part of a score that is to be decomposed.

    Args:
        value: Score value.
        key: Key of a dictionary or index of a list, digits too; None takes the only entry there is. A scalar is
            taken whatever the key.

    Returns:
        The entry, or None where there is no such entry or more than one to choose from.
    """
    if isinstance(value, dict):
        if key is None:
            return next(iter(value.values())) if len(value) == 1 else None
        return value.get(key)
    if isinstance(value, list | tuple):
        if isinstance(key, str):
            key = int(key) if key.isascii() and key.isdigit() and len(key) < 10 else None
            return value[key] if key is not None and key < len(value) else None
        index = 0 if key is None and len(value) == 1 else key
        return value[index] if isinstance(index, int) and 0 <= index < len(value) else None
    return value
