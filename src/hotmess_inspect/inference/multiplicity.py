"""Several comparisons at once: Holm's correction, and groups that cannot be told apart."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.arrays import FloatArray


def holm(p_values: ArrayLike) -> FloatArray:
    """Holm's adjusted p-values: the chance of one false finding among all stays below the level.

    The i-th smallest of m is multiplied by m - i + 1, and never falls below the one before it.

    Args:
        p_values: Shape (tests,), NaN for tests that could not be made; these do not count.

    Returns:
        Adjusted p-values, at most 1, NaN where the test is.

    References:
        Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = len(known) - np.arange(len(known))
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return adjusted


def letter_groups(members: Sequence[str], different: Collection[tuple[str, str]]) -> dict[str, str]:
    """Letters for members: two that share a letter cannot be told apart.

    Every pair that differs shares no letter, every other pair shares one; letters follow the order of the
    members (insert and absorb).

    Args:
        members: Names, best first.
        different: Pairs that differ, in either order.

    Returns:
        The letters of each member, such as "ab".

    References:
        Piepho (2004), An algorithm for a letter-based representation of all-pairwise comparisons,
        doi:10.1198/1061860043515.
    """
    groups: list[frozenset[str]] = [frozenset(members)]
    for one, other in sorted(different):
        split: list[frozenset[str]] = []
        for group in groups:
            split += [group - {one}, group - {other}] if {one, other} <= group else [group]
        # A group inside of another one says nothing that the other does not.
        unique = list(dict.fromkeys(split))
        groups = [group for group in unique if not any(group < larger for larger in unique)]
    place = {name: number for number, name in enumerate(members)}
    groups.sort(key=lambda group: sorted(place[name] for name in group))
    return {
        name: "".join(_letter(number) for number, group in enumerate(groups) if name in group)
        for name in members
    }


def _letter(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else f"({number + 1})"
