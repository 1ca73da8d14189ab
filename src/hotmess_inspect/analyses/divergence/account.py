"""The account of variance by step: V = Σ_t V_t, with no remainder, per question and over questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.divergence.pairs import PairDesign, PairSums
from hotmess_inspect.analyses.divergence.tree import END, Node, PrefixTree, prefix_tree
from hotmess_inspect.arrays import FloatArray

KINDS = ("other_tool", "other_target", "other_arguments", "stopped_earlier")
"""How two epochs part: another tool, the same tool on another file or directory, with other arguments, or one
of them ends while the other goes on."""

_STOPS = "(stops)"


@dataclass(frozen=True)
class Vocabulary:
    """What the labels of steps mean, by label.

    Labels are numbered in the order of (tool, target, text), so that labels of one tool are neighbours.

    Attributes:
        tools: Name of the tool.
        targets: File, directory or other object that the step is about; empty where there is none.
        texts: The label in words.
        final: Whether the step ends the epoch, such as a tool that submits.
    """

    tools: tuple[str, ...]
    targets: tuple[str, ...]
    texts: tuple[str, ...]
    final: tuple[bool, ...]


@dataclass(frozen=True)
class Parting:
    """One node of a question's tree with what its partings contribute.

    Attributes:
        node: The node.
        variance: Its part of the question's variance.
        pairs: How many pairs part there.
    """

    node: Node
    variance: float
    pairs: int


@dataclass(frozen=True, eq=False)
class QuestionAccount:
    """Where the variance of one question comes from. All parts are of its variance, not shares.

    Attributes:
        variance: Unbiased variance, the sum over pairs by their number.
        steps: Part of the pairs that part at each step, by step.
        pairs: Number of the pairs that part at each step, by step.
        never: Part of the pairs that never part.
        never_pairs: How many these are.
        all_pairs: Number of pairs.
        kinds: Part by kind of parting, see :data:`KINDS`.
        tools: Part by tool, half to each side of a pair.
        files: Part by target, half to each side of a pair.
        partings: Nodes of the tree, the largest part first.
        tree: The tree.
    """

    variance: float
    steps: Mapping[int, float]
    pairs: Mapping[int, int]
    never: float
    never_pairs: int
    all_pairs: int
    kinds: Mapping[str, float]
    tools: Mapping[str, float]
    files: Mapping[str, float]
    partings: tuple[Parting, ...]
    tree: PrefixTree = field(repr=False)


@dataclass(frozen=True, eq=False)
class GroupAccount:
    """The accounts of several questions as arrays; a question counts 1 whatever its number of epochs.

    Attributes:
        questions: Index of each question whose variance is defined, shape (questions,).
        variance: Unbiased variance, shape (questions,).
        steps: Steps at which any pair parts, ascending.
        by_step: Variance by step, shape (questions, steps).
        never: Variance of the pairs that never part, shape (questions,).
        pairs: Share of the question's pairs that part at each step, shape (questions, steps).
        never_pairs: Share that never parts, shape (questions,).
        by_kind: Variance by kind of parting, shape (questions, kinds).
        tools: Names of tools.
        by_tool: Variance by tool, shape (questions, tools).
        files: Names of targets; the empty one stands for steps without.
        by_file: Variance by target, shape (questions, files).
    """

    questions: NDArray[np.intp]
    variance: FloatArray
    steps: tuple[int, ...]
    by_step: FloatArray
    never: FloatArray
    pairs: FloatArray
    never_pairs: FloatArray
    by_kind: FloatArray
    tools: tuple[str, ...]
    by_tool: FloatArray
    files: tuple[str, ...]
    by_file: FloatArray

    @property
    def undecided(self) -> FloatArray:
        """U(t) = Σ_{s ≥ t} V_s + V_never at each step, shape (questions, steps).

        The variance that is still open among epochs that agree up to step t.
        """
        later: FloatArray = np.cumsum(self.by_step[:, ::-1], axis=1)[:, ::-1] + self.never[:, None]
        return later


def account_question(
    deviation: FloatArray,
    paths: Sequence[Sequence[int]],
    words: Vocabulary,
    context: NDArray[np.integer] | None = None,
) -> QuestionAccount:
    """Split the unbiased variance of one question by the step at which its pairs of epochs part.

    V = Σ_t V_t with V_t = (1/N) Σ over the pairs that part at t of ‖Y_i − Y_j‖²/2; with contexts only pairs of
    different contexts count (see :class:`~hotmess_inspect.analyses.divergence.pairs.PairDesign`). Two epochs part
    at the first step where their labels differ, or where the shorter one ends.

    Args:
        deviation: Outcomes less their target, weighted so that squared norms are the loss's, shape
            (epochs, dims).
        paths: Labels of each epoch's steps.
        words: What the labels mean.
        context: Label of each epoch's few-shot context, shape (epochs,), in nested designs.

    Returns:
        The account; its variance is NaN, and all parts are empty, with fewer than two epochs or contexts.

    Raises:
        ValueError: If there are not as many paths as outcomes.
    """
    if len(paths) != len(deviation):
        raise ValueError(
            f"{len(paths)} paths and {len(deviation)} outcomes: there must be one path per epoch"
        )
    design = PairDesign.of(len(paths), context)
    tree = prefix_tree(paths)
    if not design.pairs:
        return QuestionAccount(np.nan, {}, {}, 0.0, 0, 0, {}, {}, {}, (), tree)
    if context is None:
        # Distances don't depend on the origin; near the mean the sums lose no digits.
        deviation = deviation - deviation.mean(axis=0)
    sums = PairSums(deviation, design, tree.order)
    parts: dict[str, dict[object, float]] = defaultdict(lambda: defaultdict(float))
    steps: dict[int, float] = defaultdict(float)
    pairs: dict[int, int] = defaultdict(int)
    never, never_pairs = 0.0, 0
    partings = []
    for node in tree.nodes:
        if node.labels[0] == END:
            never += sums.within(node.low, node.bounds[1])
            never_pairs += sums.count_within(node.low, node.bounds[1])
        if len(node.labels) < 2:
            continue
        count = sums.count_within(node.low, node.high) - sum(
            sums.count_within(low, high) for _, low, high in node.branches
        )
        if not count:
            continue
        inner = sum(sums.within(low, high) for _, low, high in node.branches)
        here = sums.within(node.low, node.high) - inner
        steps[node.step] += here
        pairs[node.step] += count
        partings.append(Parting(node, here / design.pairs, count))
        _add_kinds(parts, node, sums, words, here)
    total = never + sum(steps.values())
    scale = 1.0 / design.pairs
    named = {name: {str(k): v * scale for k, v in part.items()} for name, part in parts.items()}
    return QuestionAccount(
        total * scale,
        {step: value * scale for step, value in sorted(steps.items())},
        dict(sorted(pairs.items())),
        never * scale,
        never_pairs,
        design.pairs,
        {kind: named.get("kinds", {}).get(kind, 0.0) for kind in KINDS},
        named.get("tools", {}),
        named.get("files", {}),
        tuple(sorted(partings, key=lambda p: (-p.variance, p.node.step, p.node.low))),
        tree,
    )


def summed_account(accounts: Sequence[QuestionAccount]) -> GroupAccount:
    """Put the accounts of a group's questions side by side.

    Args:
        accounts: One per question, in the order of the questions.

    Returns:
        Arrays over the questions whose variance is defined.
    """
    kept = [number for number, account in enumerate(accounts) if account.all_pairs]
    own = [accounts[number] for number in kept]
    steps = sorted({step for account in own for step in account.pairs})

    def column(values: Sequence[Mapping[Any, float]], keys: Sequence[Any]) -> FloatArray:
        return np.array([[row.get(key, 0.0) for key in keys] for row in values]).reshape(len(own), len(keys))

    tools = sorted({name for account in own for name in account.tools})
    files = sorted({name for account in own for name in account.files})
    all_pairs = np.array([max(account.all_pairs, 1) for account in own], dtype=np.float64)
    return GroupAccount(
        questions=np.asarray(kept, dtype=np.intp),
        variance=np.array([account.variance for account in own]),
        steps=tuple(steps),
        by_step=column([account.steps for account in own], steps),
        never=np.array([account.never for account in own]),
        pairs=column([account.pairs for account in own], steps) / all_pairs[:, None],
        never_pairs=np.array([account.never_pairs for account in own]) / all_pairs,
        by_kind=column([account.kinds for account in own], KINDS),
        tools=tuple(tools),
        by_tool=column([account.tools for account in own], tools),
        files=tuple(files),
        by_file=column([account.files for account in own], files),
    )


def _add_kinds(
    parts: dict[str, dict[object, float]], node: Node, sums: PairSums, words: Vocabulary, here: float
) -> None:
    """Distribute what parts at a node over kinds, tools and files."""
    tools = _runs(node, [(words.final[label], words.tools[label]) for label in node.labels])
    targets = _runs(
        node, [(words.final[label], words.tools[label], words.targets[label]) for label in node.labels]
    )
    across_tools = _across(sums, node, tools)
    across_targets = _across(sums, node, targets)
    stopped = 0.0
    ends = [run for run in tools if run[0] == (True, _STOPS)]
    finals = [run for run in tools if run[0][0] and run not in ends]
    others = [run for run in tools if not run[0][0]]
    for number, end in enumerate([*ends, *finals]):
        against = [*finals, *others] if number < len(ends) else others
        stopped += sum(sums.between(end[1:], run[1:]) for run in against)
    parts["kinds"]["stopped_earlier"] += stopped
    parts["kinds"]["other_tool"] += across_tools - stopped
    parts["kinds"]["other_target"] += across_targets - across_tools
    parts["kinds"]["other_arguments"] += here - across_targets
    for label, low, high in node.branches:
        rest = sums.between((low, high), (node.low, low)) + sums.between((low, high), (high, node.high))
        parts["tools"][_STOPS if label == END else words.tools[label]] += rest / 2
        parts["files"]["" if label == END else words.targets[label]] += rest / 2


_Run = tuple[tuple[object, ...], int, int]


def _runs(node: Node, keys: Sequence[tuple[object, ...]]) -> list[_Run]:
    """Branches joined that have one key; labels of one tool and target are neighbours."""
    found: list[_Run] = []
    for key, (label, low, high) in zip(keys, node.branches, strict=True):
        # The key of END is that of the last label, which stands for nothing.
        name = (True, _STOPS) if label == END else key
        if found and found[-1][0] == name and found[-1][2] == low:
            found[-1] = (name, found[-1][1], high)
        else:
            found.append((name, low, high))
    return found


def _across(sums: PairSums, node: Node, runs: list[_Run]) -> float:
    """Sum over the pairs of a node that lie in different runs."""
    return sums.within(node.low, node.high) - sum(sums.within(low, high) for _, low, high in runs)
