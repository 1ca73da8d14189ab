"""Which pair of epochs to read first at a node of the tree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hotmess_inspect.analyses.divergence.tree import Node, PrefixTree
from hotmess_inspect.arrays import FloatArray

_MOST = 400
"""Epochs of a branch that are looked at; of more, those of the first so many different outcomes."""


def telling_pair(
    deviation: FloatArray, tree: PrefixTree, node: Node, lengths: Sequence[int]
) -> tuple[int, int] | None:
    """The two epochs that part at a node with the largest ‖Y_i − Y_j‖²; of several the shortest to read.

    Args:
        deviation: Outcomes, shape (epochs, dims).
        tree: The tree.
        node: One of its nodes.
        lengths: Steps of each epoch.

    Returns:
        Two epochs, that of the better branch's label order first; ``None`` where none part here, or all that
        do have one outcome.
    """
    branches = [tree.order[low:high] for _, low, high in node.branches]
    chosen = [_different(deviation, branch, lengths) for branch in branches]
    epochs = np.concatenate(chosen)
    owner = np.repeat(np.arange(len(chosen)), [len(part) for part in chosen])
    values = deviation[epochs]
    squares = np.einsum("ed,ed->e", values, values)
    distance = squares[:, None] + squares[None, :] - 2 * values @ values.T
    distance[owner[:, None] == owner[None, :]] = -1.0
    largest = float(distance.max(initial=-1.0))
    if largest <= 1e-12:
        return None
    rows, columns = np.nonzero(np.triu(distance >= largest - 1e-12))
    total = np.asarray(lengths)[epochs[rows]] + np.asarray(lengths)[epochs[columns]]
    best = int(np.lexsort((epochs[columns], epochs[rows], total))[0])
    return int(epochs[rows[best]]), int(epochs[columns[best]])


def _different(deviation: FloatArray, branch: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """Of a branch, the shortest epoch of each outcome."""
    ranked = branch[np.lexsort((branch, np.asarray(lengths)[branch]))]
    _, first = np.unique(deviation[ranked], axis=0, return_index=True)
    return ranked[np.sort(first)[:_MOST]]
