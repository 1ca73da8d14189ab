"""How alike the epochs of a question are, whatever their outcome: histograms, order and amount of actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

MAX_PAIRS = 200
"""Pairs of epochs of a question at most whose edit distance is computed; of more, so many are drawn."""


def mean_js_divergence(paths: Sequence[Sequence[int]]) -> float:
    """Mean Jensen–Shannon divergence between the action histograms of two epochs, in bits, in [0, 1].

    JS(p, q) = H((p + q)/2) − (H(p) + H(q))/2 with H in bits, averaged over all pairs of epochs: a U-statistic,
    hence unbiased for what two new epochs would show. Epochs without a step have no histogram and are left out.

    Args:
        paths: Labels of each epoch's steps.

    Returns:
        The mean, NaN with fewer than two epochs that took a step.

    Example:
        >>> mean_js_divergence([[1, 2], [2, 1]]), mean_js_divergence([[1], [2]])
        (0.0, 1.0)
    """
    taken = [path for path in paths if len(path)]
    if len(taken) < 2:
        return float("nan")
    labels = {label: column for column, label in enumerate(sorted({step for path in taken for step in path}))}
    shares = np.zeros((len(taken), len(labels)))
    for row, path in enumerate(taken):
        for label, count in Counter(path).items():
            shares[row, labels[label]] = count / len(path)
    entropy = _entropy(shares)
    total = 0.0
    for row in range(len(taken) - 1):
        mixed = (shares[row] + shares[row + 1 :]) / 2
        total += float((_entropy(mixed) - (entropy[row] + entropy[row + 1 :]) / 2).sum())
    return max(total, 0.0) / (len(taken) * (len(taken) - 1) / 2)


def _entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    safe = np.where(shares > 0, shares, 1.0)
    entropy: NDArray[np.float64] = -(shares * np.log2(safe)).sum(axis=1)
    return entropy


def mean_edit_distance(paths: Sequence[Sequence[int]], rng: np.random.Generator) -> float:
    """Mean Levenshtein distance between two epochs' steps, divided by the longer one's number, in [0, 1].

    Args:
        paths: Labels of each epoch's steps; two epochs without steps have the distance 0.
        rng: Source of randomness for which pairs are taken where there are more than :data:`MAX_PAIRS`.

    Returns:
        The mean over pairs, NaN with fewer than two epochs.

    Example:
        >>> mean_edit_distance([[1, 2, 3], [1, 3]], np.random.default_rng(0))
        0.3333333333333333
    """
    if len(paths) < 2:
        return float("nan")
    count = len(paths) * (len(paths) - 1) // 2
    if count <= MAX_PAIRS:
        pairs: list[tuple[int, int]] = list(combinations(range(len(paths)), 2))
    else:
        first = rng.integers(0, len(paths), size=MAX_PAIRS)
        second = (first + rng.integers(1, len(paths), size=MAX_PAIRS)) % len(paths)
        pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    distances = [edit_distance(paths[a], paths[b]) / max(len(paths[a]), len(paths[b]), 1) for a, b in pairs]
    return float(np.mean(distances))


def edit_distance(first: Sequence[int], second: Sequence[int]) -> int:
    """Fewest insertions, deletions and substitutions that turn one sequence into the other.

    By bit vectors as long as the first sequence, a few operations on whole numbers per step of the second.

    References:
        Hyyrö (2001), after Myers (1999), A fast bit-vector algorithm for approximate string matching.
    """
    if not first:
        return len(second)
    where: dict[int, int] = {}
    for place, label in enumerate(first):
        where[label] = where.get(label, 0) | (1 << place)
    mask, last, distance = (1 << len(first)) - 1, 1 << (len(first) - 1), len(first)
    up, down = mask, 0
    for label in second:
        equal = where.get(label, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        right = down | (~(diagonal | up) & mask)
        left = up & diagonal
        distance += bool(right & last) - bool(left & last)
        right = ((right << 1) | 1) & mask
        left = (left << 1) & mask
        up = left | (~(diagonal | right) & mask)
        down = right & diagonal
    return distance


def coefficient_of_variation(values: NDArray[np.float64]) -> float:
    """Standard deviation over mean of what the epochs of a question took, corrected for their number.

    s/x̄ · (1 + 1/(4R)) with s² over R − 1, which takes off the bias of order 1/R for normal values.

    Args:
        values: One per epoch; NaN where unknown.

    Returns:
        NaN with fewer than two known values, or where their mean is not positive.

    References:
        Sokal and Rohlf (1995), Biometry, p. 58.
    """
    known = values[~np.isnan(values)]
    if len(known) < 2 or known.mean() <= 0:
        return float("nan")
    return float(known.std(ddof=1) / known.mean() * (1 + 1 / (4 * len(known))))
