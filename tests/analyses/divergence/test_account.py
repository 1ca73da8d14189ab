"""The account of variance by step against a plain loop over pairs of epochs."""

from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.analyses.divergence.account import (
    KINDS,
    Vocabulary,
    account_question,
    summed_account,
)
from hotmess_inspect.analyses.divergence.null import NullQuestion, step_null
from hotmess_inspect.analyses.divergence.tree import prefix_tree
from hotmess_inspect.decomposition import decompose, decompose_nested

# Labels 0..5: two tools with targets, and a tool that submits.
WORDS = Vocabulary(
    tools=("edit", "edit", "edit", "look", "look", "submit"),
    targets=("a.py", "a.py", "b.py", "", "c.py", ""),
    texts=("edit a 1", "edit a 2", "edit b", "look", "look c", "submit"),
    final=(False, False, False, False, False, True),
)


def parting_step(first: list[int], second: list[int]) -> int | None:
    if first == second:
        return None
    return next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )


def kind_of(first: list[int], second: list[int], step: int) -> str:
    one, two = (path[step] if step < len(path) else None for path in (first, second))
    if one is None or two is None or WORDS.final[one] != WORDS.final[two]:
        return "stopped_earlier"
    if WORDS.tools[one] != WORDS.tools[two]:
        return "other_tool"
    return "other_target" if WORDS.targets[one] != WORDS.targets[two] else "other_arguments"


def naive(deviation: np.ndarray, paths: list[list[int]], context: list[int] | None) -> dict[str, Counter]:
    """Every sum by a loop over pairs, in the order of the definition."""
    count = len(paths)
    pairs = [(i, j) for i, j in combinations(range(count), 2) if context is None or context[i] != context[j]]
    partners = Counter(place for pair in pairs for place in pair)
    found: dict[str, Counter] = defaultdict(Counter)
    for i, j in pairs:
        if context is None:
            value = float(np.square(deviation[i] - deviation[j]).sum()) / 2
        else:
            squares = [float(deviation[k] @ deviation[k]) / partners[k] for k in (i, j)]
            value = len(pairs) / count * sum(squares) - float(deviation[i] @ deviation[j])
        value /= len(pairs)
        step = parting_step(paths[i], paths[j])
        found["steps"][step] += value
        found["pairs"][step] += 1
        if step is None:
            continue
        found["kinds"][kind_of(paths[i], paths[j], step)] += value
        for path in (paths[i], paths[j]):
            found["tools"][WORDS.tools[path[step]] if step < len(path) else "(stops)"] += value / 2
            found["files"][WORDS.targets[path[step]] if step < len(path) else ""] += value / 2
    return found


paths_of_epochs = st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=2, max_size=9)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.ndarray, list[list[int]], list[int] | None]:
    paths = draw(paths_of_epochs)
    # Common beginnings, which random sequences rarely have.
    paths = [draw(st.sampled_from(paths))[: draw(st.integers(0, 6))] + path for path in paths]
    dims = draw(st.integers(1, 6))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    shape = (len(paths), dims)
    deviation = rng.standard_normal(shape) if draw(st.booleans()) else rng.integers(0, 2, shape) - 1.0
    context = None
    if draw(st.booleans()):
        context = draw(st.lists(st.integers(0, 3), min_size=len(paths), max_size=len(paths)))
        if len(set(context)) < 2:
            context[0] = 9
    return deviation, paths, context


@given(worlds())
def test_account_is_the_loop_over_pairs(world: tuple[np.ndarray, list[list[int]], list[int] | None]) -> None:
    deviation, paths, context = world
    expected = naive(deviation, paths, context)
    found = account_question(deviation, paths, WORDS, None if context is None else np.array(context))
    never = expected["steps"].pop(None, 0.0)
    assert found.never == pytest.approx(never, abs=1e-12)
    assert found.never_pairs == expected["pairs"].pop(None, 0)
    assert dict(found.pairs) == {k: v for k, v in expected["pairs"].items()}
    for part, known in (
        (found.steps, expected["steps"]), (found.kinds, expected["kinds"]),
        (found.tools, expected["tools"]), (found.files, expected["files"]),
    ):  # fmt: skip
        for name in {*part, *known}:
            assert part.get(name, 0.0) == pytest.approx(known.get(name, 0.0), abs=1e-12), name
    assert sum(found.steps.values()) + found.never == pytest.approx(found.variance, abs=1e-12)
    assert sum(found.kinds.values()) == pytest.approx(sum(found.steps.values()), abs=1e-12)


@given(worlds(), st.integers(1, 3))
def test_variance_is_the_reported_one(
    world: tuple[np.ndarray, list[list[int]], list[int] | None], missing: int
) -> None:
    """Against the decomposition of `analyze`: scores and vectors, missing epochs, flat and nested."""
    deviation, paths, context = world
    epochs, dims = deviation.shape
    padded = np.full((1, epochs + missing, dims), np.nan)
    padded[0, missing:] = deviation + 1.0
    target = np.ones((1, dims))
    if context is None:
        expected = decompose(padded, target, loss="squared", estimator="unbiased").variance[0]
    else:
        labels = np.array([[-1] * missing + context])
        expected = decompose_nested(padded, target, labels, loss="squared").variance[0]
    found = account_question(
        deviation / np.sqrt(dims), paths, WORDS, None if context is None else np.array(context)
    )
    assert found.variance == pytest.approx(expected, abs=1e-12)


@given(paths_of_epochs, st.integers(2, 4), st.randoms(use_true_random=False))
def test_brier_variance_of_letters(paths: list[list[int]], classes: int, random: object) -> None:
    answers = [random.randrange(classes) for _ in paths]  # type: ignore[attr-defined]
    onehot = np.eye(classes)[answers]
    expected = decompose(onehot[None], np.array([0]), loss="brier", estimator="unbiased").variance[0]
    found = account_question(onehot - np.eye(classes)[0], paths, WORDS)
    assert found.variance == pytest.approx(expected, abs=1e-12)
    # One-hot distances are 0 or 1: the part of a step is the share of pairs that part there and disagree.
    pairs = list(combinations(range(len(paths)), 2))
    for step, value in found.steps.items():
        here = [(i, j) for i, j in pairs if parting_step(paths[i], paths[j]) == step]
        disagree = sum(answers[i] != answers[j] for i, j in here)
        assert value == pytest.approx(disagree / len(pairs), abs=1e-12)


def test_undecided_variance_is_what_agreeing_epochs_still_have() -> None:
    # Epochs 0..3 agree on step 0; 0 and 1 go on to edit a, 2 and 3 to edit b; only b's epochs differ in outcome.
    # Pairs: 6. Values of ‖Y_i − Y_j‖²/2 = .5 where outcomes differ: (0,2), (1,2), (2,3).
    outcomes = np.array([[0.0], [0.0], [1.0], [0.0]])
    account = account_question(outcomes, [[3, 0, 5], [3, 0, 5], [3, 2, 5], [3, 2, 4]], WORDS)
    group = summed_account([account])
    assert group.steps == (1, 2)
    assert group.undecided[0].tolist() == pytest.approx([3 * 0.5 / 6, 0.5 / 6])
    assert account.never == 0
    assert account.never_pairs == 1
    assert account.kinds["other_target"] == pytest.approx(2 * 0.5 / 6)
    # Submitting while another one looks on: one of the two stops.
    assert account.kinds["stopped_earlier"] == pytest.approx(0.5 / 6)


def test_one_epoch_has_no_variance() -> None:
    account = account_question(np.zeros((1, 1)), [[0, 1]], WORDS)
    assert np.isnan(account.variance)
    assert len(summed_account([account]).variance) == 0
    with pytest.raises(ValueError, match="one path per epoch"):
        account_question(np.zeros((2, 1)), [[0]], WORDS)


@given(paths_of_epochs)
def test_tree_holds_every_parting_pair_once(paths: list[list[int]]) -> None:
    tree = prefix_tree(paths)
    assert sorted(tree.order.tolist()) == list(range(len(paths)))
    seen = Counter()
    for node in tree.nodes:
        members = [tree.order[low:high].tolist() for _, low, high in node.branches]
        for one, two in combinations(range(len(members)), 2):
            for i in members[one]:
                for j in members[two]:
                    assert parting_step(paths[i], paths[j]) == node.step
                    seen[min(i, j), max(i, j)] += 1
    parted = {(i, j) for i, j in combinations(range(len(paths)), 2) if paths[i] != paths[j]}
    assert seen == Counter(parted)


@given(worlds(), st.integers(0, 1000))
def test_permutations_keep_the_variance_and_mean_what_they_say(
    world: tuple[np.ndarray, list[list[int]], list[int] | None], seed: int
) -> None:
    deviation, paths, context = world
    labels = None if context is None else np.array(context)
    account = account_question(deviation, paths, WORDS, labels)
    group = summed_account([account])
    null = step_null(
        [NullQuestion(deviation, account.tree, labels)],
        group.steps,
        permutations=300,
        rng=np.random.default_rng(seed),
    )
    if not account.variance > 1e-9:
        return
    assert null.expected.sum() + null.expected_never == pytest.approx(1.0, abs=1e-9)
    if context is None:
        assert null.expected == pytest.approx(group.pairs[0], abs=1e-9)
    assert ((null.p_values >= null.p_values_alone - 1e-12) & (null.p_values <= 1)).all()


def test_null_equals_all_permutations() -> None:
    """p-values of one small question against the enumeration of all 120 orders."""
    from itertools import permutations

    paths = [[0, 3], [0, 4], [1], [1], [2, 3]]
    outcomes = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    account = account_question(outcomes[:, None], paths, WORDS)
    steps = sorted(account.steps)

    def excess(values: np.ndarray) -> np.ndarray:
        found = naive(values[:, None], paths, None)
        share = np.array([found["steps"][s] for s in steps]) / sum(found["steps"].values())
        counts = found["pairs"]
        return share - np.array([counts[s] for s in steps]) / 10

    drawn = np.array([excess(outcomes[list(order)]) for order in permutations(range(5))])
    observed = excess(outcomes)
    exact = (drawn.max(axis=1)[:, None] >= observed - 1e-10).mean(axis=0)
    null = step_null(
        [NullQuestion(outcomes[:, None], account.tree)],
        steps,
        permutations=40_000,
        rng=np.random.default_rng(1),
    )
    assert null.p_values == pytest.approx(exact, abs=0.01)
    with pytest.raises(ValueError, match="permutations=0"):
        step_null([], steps, permutations=0, rng=np.random.default_rng(1))


def test_nothing_depends_on_the_order_of_epochs() -> None:
    rng = np.random.default_rng(5)
    paths = [rng.integers(0, 6, rng.integers(0, 5)).tolist() for _ in range(12)]
    outcomes = rng.random((12, 2))
    order = rng.permutation(12)
    one = account_question(outcomes, paths, WORDS)
    two = account_question(outcomes[order], [paths[n] for n in order], WORDS)
    assert one.steps == pytest.approx(dict(two.steps), abs=1e-14)
    assert {k: one.kinds[k] for k in KINDS} == pytest.approx(dict(two.kinds), abs=1e-14)


def test_large_group_is_quick_enough_to_finish() -> None:
    """3,000 epochs: 4.5 million pairs, and a tree of as many branches."""
    rng = np.random.default_rng(0)
    paths = [rng.integers(0, 6, 40).tolist() for _ in range(3000)]
    outcomes = rng.integers(0, 2, (3000, 1)).astype(float)
    account = account_question(outcomes, paths, WORDS)
    assert account.all_pairs == 3000 * 2999 // 2
    assert sum(account.steps.values()) + account.never == pytest.approx(outcomes.var(ddof=1), abs=1e-12)
