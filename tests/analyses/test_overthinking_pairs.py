"""Overthinking of one run against another: values, the exact test by enumeration, and worlds with and without effect."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.analyses.comparison import RunEpochs
from hotmess_inspect.analyses.overthinking import overthinking
from hotmess_inspect.analyses.overthinking_pairs import compare_overthinking

NAN = float("nan")


def run(right: np.ndarray, lengths: np.ndarray) -> RunEpochs:
    return RunEpochs(right[:, :, None].astype(float), right.astype(float), None, lengths.astype(float))


def compared(a: RunEpochs, b: RunEpochs, **options: object):
    return compare_overthinking(a, b, 1.0, loss="squared", **options)


def world(
    seed: int, effect: tuple[float, float] = (0.0, 0.0), questions: int = 25, epochs: int = 6
) -> list[RunEpochs]:
    """In the longer epochs of a run pass rates are drawn towards a half by its effect."""
    rng = np.random.default_rng(seed)
    p = np.where(rng.random((questions, 1)) < 0.5, 0.95, 0.05)
    runs = []
    for size in effect:
        lengths = rng.permuted(np.tile(np.arange(epochs, dtype=float), (questions, 1)), axis=1)
        rate = np.where(lengths >= epochs // 2, (1 - size) * p + size / 2, p)
        runs.append(run(rng.random((questions, epochs)) < rate, lengths + 1))
    return runs


def terms(scores: list[float]) -> tuple[float, float]:
    n, p = len(scores), sum(scores) / len(scores)
    return p * (1 - p) * n / (n - 1), 1 - p


def statistic(rows: list[tuple[list[tuple[float, float]], list[tuple[float, float]]]]) -> float:
    """|d|/s in plain Python from (length, score) pairs of both runs of every question."""
    halves = []
    for sides in rows:
        own = []
        for epochs in sides:
            ordered = [score for _, score in sorted(epochs)]
            half = len(ordered) // 2
            own += [terms(ordered[:half]), terms(ordered[len(ordered) - half :])]
        halves.append(own)
    sums = [(sum(h[i][0] for h in halves), sum(h[i][1] for h in halves)) for i in range(4)]
    if any(e == 0 for _, e in sums):
        return NAN
    theta = [v / e for v, e in sums]
    signs = (-1, 1, 1, -1)
    d = sum(s * t for s, t in zip(signs, theta, strict=True))
    u = [sum(s * (h[i][0] - theta[i] * h[i][1]) / sums[i][1] for i, s in enumerate(signs)) for h in halves]
    n = len(rows)
    spread = (n / (n - 1) * sum(x * x for x in u)) ** 0.5
    return 0.0 if abs(d) < 1e-12 else abs(d) / spread if spread > 1e-12 else float("inf")


def test_each_run_has_its_own_overthinking() -> None:
    a, b = world(1, (0.9, 0.0))
    found = compared(a, b)
    for side, one in ((found.first, a), (found.second, b)):
        alone = overthinking(one.predictions, 1.0, one.lengths, loss="squared", permutations=0)
        assert side == pytest.approx(alone.difference, abs=1e-12)
    assert found.estimate == pytest.approx(found.first - found.second)
    assert found.questions == 25


def test_p_is_that_of_all_divisions() -> None:
    rng = np.random.default_rng(3)
    right, lengths = rng.random((2, 8)) < 0.5, rng.permuted(np.tile(np.arange(8.0), (2, 1)), axis=1)
    found = compared(
        run(right[:, :4], lengths[:, :4]), run(right[:, 4:], lengths[:, 4:]), permutations=30_000
    )
    pairs = [list(zip(lengths[q].tolist(), right[q].tolist(), strict=True)) for q in range(2)]
    divisions = [
        [
            ([own[i] for i in chosen], [own[i] for i in range(8) if i not in chosen])
            for chosen in combinations(range(8), 4)
        ]
        for own in pairs
    ]
    every = np.array([statistic(list(each)) for each in product(*divisions)])
    observed = statistic([(own[:4], own[4:]) for own in pairs])
    every = every[~np.isnan(every)]
    exact = ((every > observed + 1e-9).mean() + (every >= observed - 1e-9).mean()) / 2
    assert found.p_value == pytest.approx(exact, abs=0.012)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), epochs=st.sampled_from([4, 5, 8]), clustered=st.booleans())
def test_interval_and_test_agree_whatever_the_order(seed: int, epochs: int, clustered: bool) -> None:
    a, b = world(seed, (0.8, 0.0), questions=16, epochs=epochs)
    rng = np.random.default_rng(seed)
    for one in (a, b):
        one.lengths[rng.random(one.lengths.shape) < 0.1] = np.nan
        one.lengths[:] = np.ceil(one.lengths / 2)
    labels = np.arange(16) // 2 if clustered else None
    found = compared(a, b, clusters=labels, permutations=99)
    if found is None or np.isnan(found.low):
        assert found is None or found.note
        return
    assert found.low <= found.estimate <= found.high
    assert (found.p_value < 0.05 - 1e-12) == (found.low > 0 or found.high < 0)
    order, shuffled = rng.permutation(16), rng.permutation(epochs)
    moved = [
        RunEpochs(
            x.predictions[order][:, shuffled],
            x.correct[order][:, shuffled],
            None,
            x.lengths[order][:, shuffled],
        )
        for x in (a, b)
    ]
    again = compared(*moved, clusters=None if labels is None else labels[order], permutations=99)
    assert (again.low, again.high, again.p_value) == (found.low, found.high, found.p_value)


def test_an_effect_of_one_run_alone_is_found_and_none_is_not() -> None:
    found = [compared(*world(seed, (1.0, 0.0), 60, 8), permutations=199) for seed in range(5)]
    assert all(one.low > 0 for one in found)
    nulls = [compared(*world(seed, (0.6, 0.6)), permutations=99).p_value < 0.05 for seed in range(100)]
    # Exact at 5 %: more than 11 of 100 once in a hundred.
    assert sum(nulls) <= 11


def test_what_cannot_be_compared() -> None:
    a, b = world(2)
    assert compared(RunEpochs(a.predictions, a.correct), b) is None
    short = RunEpochs(a.predictions[:, :3], a.correct[:, :3], None, a.lengths[:, :3])
    assert compared(short, b) is None
    right = run(np.ones((10, 4)), np.tile(np.arange(4), (10, 1)))
    found = compared(right, right)
    assert np.isnan(found.estimate) and "no error" in found.note


def halves(lengths: np.ndarray, longer: bool) -> list[tuple[int, ...]]:
    """All halves that an order from short to long allows."""
    places = np.flatnonzero(~np.isnan(lengths)).tolist()
    found = []
    for chosen in combinations(places, len(places) // 2):
        inside, outside = lengths[list(chosen)], lengths[[i for i in places if i not in chosen]]
        if inside.min() >= outside.max() if longer else inside.max() <= outside.min():
            found.append(chosen)
    return found


def by_enumeration(values: np.ndarray, goal: np.ndarray, lengths: np.ndarray, unbiased: bool) -> float:
    """Longer less shorter incoherence; a question's terms are plain means over all choices among epochs of equal length."""
    theta = []
    for longer in (False, True):
        variance = error = 0.0
        for own, right, far in zip(values, goal, lengths, strict=True):
            choices = halves(far, longer)
            for chosen in choices:
                part = own[list(chosen)]
                spread = ((part - part.mean(axis=0)) ** 2).sum() / (len(part) - unbiased)
                variance += spread / len(choices)
                error += ((part - right) ** 2).sum() / len(part) / len(choices)
        theta.append(variance / error)
    return theta[1] - theta[0]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    epochs=st.integers(4, 8),
    kinds=st.integers(1, 4),
    loss=st.sampled_from(["brier", "squared"]),
    estimator=st.sampled_from(["unbiased", "plugin"]),
)
def test_ties_are_means_over_all_choices_in_analyze_and_compare(
    seed: int, epochs: int, kinds: int, loss: str, estimator: str
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.ones(3), (6, epochs)) if loss == "brier" else rng.random((6, epochs, 3))
    lengths = rng.integers(1, 1 + kinds, (6, epochs)).astype(float)
    lengths[::2, 4:][rng.random((3, epochs - 4)) < 0.4] = np.nan
    target = rng.integers(0, 3, 6) if loss == "brier" else np.ones((6, 3))
    goal = np.eye(3)[target][:, None] if loss == "brier" else target[:, None]
    expected = by_enumeration(values, goal, lengths, estimator == "unbiased")
    options = {"loss": loss, "estimator": estimator}
    alone = overthinking(values, target, lengths, permutations=0, resamples=2, **options)
    assert alone.difference == pytest.approx(expected, abs=1e-12)
    assert not alone.note and alone.tie_breaks == 1
    order = rng.permutation(epochs)
    runs = [
        RunEpochs(values[:, own], np.full((6, epochs), np.nan), None, lengths[:, own])
        for own in (np.arange(epochs), order)
    ]
    found = compare_overthinking(*runs, target, permutations=19, **options)
    assert found.first == pytest.approx(expected, abs=1e-12)
    assert (found.second, found.estimate, found.p_value) == (pytest.approx(expected, abs=1e-12), 0.0, 1.0)


def test_equal_runs_with_ties_do_not_differ() -> None:
    rng = np.random.default_rng(2)
    right, lengths = rng.random((12, 6)) < 0.5, rng.integers(1, 3, (12, 6))
    order = rng.permutation(6)
    found = compared(run(right, lengths), run(right[:, order], lengths[:, order]))
    assert found.estimate == 0.0 and found.p_value == 1.0 and np.isnan(found.low)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_swapping_the_runs_mirrors_the_interval_and_keeps_p(seed: int, clustered: bool) -> None:
    rng = np.random.default_rng(seed)
    runs = [run((rng.random((14, 8)) < 0.6) * 1.0, rng.integers(1, 6, (14, 8)) * 1.0) for _ in range(2)]
    clusters = rng.integers(0, 7, 14) if clustered else None
    one, other = (compared(*pair, clusters=clusters, permutations=99) for pair in (runs, runs[::-1]))
    assert [one.estimate, one.low, one.high, one.p_value] == pytest.approx(
        [-other.estimate, -other.high, -other.low, other.p_value], abs=1e-12, nan_ok=True
    )
