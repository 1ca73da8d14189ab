"""Abilities from pairwise comparisons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]

DEFAULT_PRIOR = 0.1
_STEPS = 100
_TOLERANCE = 1e-10


def win_counts(won: ArrayLike, entities: int, weights: ArrayLike | None = None) -> FloatArray:
    """How often each entity won against each other.

    Args:
        won: Winner and loser, shape (comparisons, 2).
        entities: Number of entities.
        weights: How often each comparison counts, shape (comparisons,).

    Returns:
        Wins of the row over the column, shape (entities, entities).
    """
    pairs = np.asarray(won, dtype=np.int64).reshape(-1, 2)
    wins = np.zeros((entities, entities))
    np.add.at(
        wins, (pairs[:, 0], pairs[:, 1]), 1.0 if weights is None else np.asarray(weights, dtype=np.float64)
    )
    return wins


def bradley_terry(
    wins: ArrayLike, *, prior: float = DEFAULT_PRIOR, start: ArrayLike | None = None
) -> FloatArray:
    r"""Abilities θ with P(i beats j) = 1 / (1 + exp(θ_j - θ_i)), by penalised maximum likelihood.

    Maximised is Σ w_ij log P(i beats j) - λ/2 Σ θ_i², by Newton's method. Without the penalty there is no maximum
    where an entity always won or the comparisons fall into parts that never met (separation); with it, abilities
    stay finite, and parts that never met are each centred on 0. λ = 0.1 is the weight of a prior with a
    standard deviation of 3.2 in log-odds, little against the few dozen comparisons that an entity should have.

    Args:
        wins: Wins of the row over the column, shape (entities, entities); a tie is half a win each.
        prior: λ, above 0 (at most that of tiny numbers where plain maximum likelihood is wanted).
        start: Abilities to begin with, shape (entities,).

    Returns:
        Abilities with mean 0, in log-odds, shape (entities,).

    Raises:
        ValueError: If the counts are not square, negative or not finite, or the prior is not above 0.

    References:
        Bradley & Terry (1952), Biometrika 39; Hunter (2004), MM algorithms for generalized Bradley-Terry models,
        Annals of Statistics 32.
    """
    table = np.asarray(wins, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"wins has shape {table.shape}; needed is (entities, entities)")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("wins holds a count that is negative or not finite")
    if not 0 < prior < np.inf:
        raise ValueError(f"prior={prior!r} must be a number above 0")
    table = table - np.diag(np.diag(table))
    games, total = table + table.T, table.sum(axis=1)
    theta: FloatArray = np.zeros(len(table)) if start is None else np.array(start, dtype=np.float64)
    for _ in range(_STEPS):
        chance = expit(theta[:, None] - theta[None, :])
        slope = total - (games * chance).sum(axis=1) - prior * theta
        curve = games * chance * (1 - chance)
        hessian = np.diag(curve.sum(axis=1) + prior) - curve
        step = np.linalg.solve(hessian, slope)
        # The likelihood is concave; a bounded step keeps Newton from jumping over its maximum.
        theta = theta + step * min(1.0, 2.0 / max(float(np.abs(step).max(initial=0.0)), 1e-300))
        if float(np.abs(step).max(initial=0.0)) < _TOLERANCE:
            break
    centred: FloatArray = theta - theta.mean()
    return centred
