"""Prefix trees: where the epochs of one question take different steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

END = -1
"""Label of the branch of epochs that take no further step."""


@dataclass(frozen=True)
class Node:
    """A set of epochs that agree up to a step and then part, or all end there.

    Attributes:
        step: Number of equal steps, which is the index of the step at which they part.
        low: Position of the first epoch of the set in :attr:`PrefixTree.order`.
        high: Position after its last one.
        bounds: Where each branch begins, and ``high``; shape (branches + 1,).
        labels: Label of each branch in ascending order, :data:`END` first where epochs end here.
    """

    step: int
    low: int
    high: int
    bounds: tuple[int, ...]
    labels: tuple[int, ...]

    @property
    def branches(self) -> list[tuple[int, int, int]]:
        """Each branch as (label, low, high)."""
        return list(zip(self.labels, self.bounds[:-1], self.bounds[1:], strict=True))


@dataclass(frozen=True)
class PrefixTree:
    """The paths of one question's epochs, with every node at which two or more of them part or end.

    Attributes:
        order: Epochs in the lexicographic order of their paths, shape (epochs,): the epochs of a node, and
            of each of its branches, are neighbours.
        nodes: A parent before its children.
    """

    order: NDArray[np.intp]
    nodes: tuple[Node, ...]


def prefix_tree(paths: Sequence[Sequence[int]]) -> PrefixTree:
    """Build the tree of some sequences of labels.

    Args:
        paths: One sequence of labels (0 or more) per epoch; an empty one took no step.

    Returns:
        The tree. A stretch of steps on which a set of epochs agrees is passed over in one go, so that
        there are fewer nodes than epochs however long the paths are.

    Example:
        >>> tree = prefix_tree([[5, 1], [5, 2], [5, 1]])
        >>> [(node.step, node.labels) for node in tree.nodes]
        [(1, (1, 2)), (2, (-1,))]
    """
    keys = [tuple(path) for path in paths]
    order = sorted(range(len(keys)), key=lambda epoch: (keys[epoch], epoch))
    ranked = [keys[epoch] for epoch in order]
    # common[i] is the number of equal steps of the epochs at i - 1 and i.
    common = np.zeros(len(ranked) + 1, dtype=np.int64)
    for place in range(1, len(ranked)):
        common[place] = _common_steps(ranked[place - 1], ranked[place])
    nodes: list[Node] = []
    waiting = [(0, len(ranked))] if len(ranked) > 1 else []
    while waiting:
        low, high = waiting.pop()
        inner = common[low + 1 : high]
        step = int(inner.min())
        if step == len(ranked[low]) == len(ranked[high - 1]):
            nodes.append(Node(step, low, high, (low, high), (END,)))
            continue
        # Equal sequences have all their steps in common; they stay together as those that end here.
        starts = [low, *(int(at) + low + 1 for at in np.flatnonzero(inner == step))]
        if len(ranked[low]) == step:
            ended = next((at for at in starts if len(ranked[at]) > step), high)
            starts = [low, *(at for at in starts if at >= ended)]
        bounds = (*starts, high)
        labels = tuple(END if len(ranked[at]) == step else ranked[at][step] for at in starts)
        nodes.append(Node(step, low, high, bounds, labels))
        for label, first, last in reversed(nodes[-1].branches):
            if label != END and last - first > 1:
                waiting.append((first, last))
    return PrefixTree(np.asarray(order, dtype=np.intp), tuple(nodes))


def _common_steps(first: tuple[int, ...], second: tuple[int, ...]) -> int:
    shorter = min(len(first), len(second))
    if first[:shorter] == second[:shorter]:
        return shorter
    return next(place for place in range(shorter) if first[place] != second[place])
