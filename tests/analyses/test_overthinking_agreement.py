"""Interval and test of shorter against longer epochs are one construction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.analyses.overthinking import overthinking
from hotmess_inspect.inference.exchange import interval_of_test


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    questions=st.sampled_from([2, 8, 25]),
    rate=st.sampled_from([0.1, 0.5, 0.9]),
    effect=st.sampled_from([0.0, 0.8]),
    level=st.sampled_from([0.8, 0.95]),
)
def test_never_contradict(seed: int, questions: int, rate: float, effect: float, level: float) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.permuted(np.tile(np.arange(1.0, 7.0), (questions, 1)), axis=1)
    if seed % 2:
        lengths = np.ceil(lengths / 4)
    wrong = rng.random((questions, 6)) < rate * (1 - effect * (lengths < 4))
    found = overthinking(
        np.eye(3)[wrong * rng.integers(1, 3, wrong.shape)],
        np.zeros(questions, int),
        lengths,
        permutations=99,
        resamples=99,
        level=level,
    )
    low, high = found.difference_ci
    if not np.isnan(low):
        assert (found.p_value < 1 - level - 1e-12) == (low > 0 or high < 0)
        assert -1 <= low <= found.difference <= high <= 1


@pytest.mark.parametrize(
    ("estimate", "interval", "reach", "differs", "expected"),
    [
        (0.3, (0.1, 0.5), 0.4, False, (-0.1, 0.7)),
        (0.3, (-0.1, 0.7), 0.25, True, (0.05, 0.7)),
        (0.3, (0.02, 0.4), 0.25, True, (0.02, 0.55)),
        (-0.3, (-0.7, 0.1), 0.25, True, (-0.7, -0.05)),
        (0.0, (-0.1, 0.1), 0.0, False, (-0.1, 0.1)),
    ],
)
def test_ends(estimate, interval, reach, differs, expected) -> None:
    assert interval_of_test(estimate, interval, reach, differs) == pytest.approx(expected)
