"""Measures of likeness against plain definitions."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from hotmess_inspect.analyses.divergence.consistency import (
    coefficient_of_variation,
    edit_distance,
    mean_edit_distance,
    mean_js_divergence,
)

sequences = st.lists(st.integers(0, 4), max_size=12)


def table_distance(first: list[int], second: list[int]) -> int:
    """The textbook table."""
    table = [[i + j if i * j == 0 else 0 for j in range(len(second) + 1)] for i in range(len(first) + 1)]
    for i, a in enumerate(first, 1):
        for j, b in enumerate(second, 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a != b))
    return table[-1][-1]


@given(sequences, sequences)
def test_edit_distance(first: list[int], second: list[int]) -> None:
    assert edit_distance(first, second) == table_distance(first, second)


@given(st.lists(sequences, min_size=2, max_size=6))
def test_means_over_pairs(paths: list[list[int]]) -> None:
    pairs = list(combinations(paths, 2))
    expected = sum(table_distance(a, b) / max(len(a), len(b), 1) for a, b in pairs) / len(pairs)
    assert mean_edit_distance(paths, np.random.default_rng(0)) == pytest.approx(expected)
    taken = [np.bincount(path, minlength=5) / len(path) for path in paths if path]
    if len(taken) < 2:
        assert math.isnan(mean_js_divergence(paths))
        return
    # scipy returns the square root of the divergence.
    known = [np.nan_to_num(jensenshannon(p, q, base=2)) ** 2 for p, q in combinations(taken, 2)]
    assert mean_js_divergence(paths) == pytest.approx(np.mean(known), abs=1e-9)


def test_many_pairs_are_drawn_with_the_seed() -> None:
    paths = [[n % 7, n % 3, n % 2] for n in range(60)]
    one, two = (mean_edit_distance(paths, np.random.default_rng(3)) for _ in range(2))
    exact = np.mean([table_distance(a, b) / 3 for a, b in combinations(paths, 2)])
    assert one == two == pytest.approx(exact, abs=0.08)


def test_coefficient_of_variation() -> None:
    # Mean 4, s² = (4 + 0 + 4)/2 = 4: 2/4 · (1 + 1/12).
    assert coefficient_of_variation(np.array([2.0, 4.0, 6.0, np.nan])) == pytest.approx(0.5 * 13 / 12)
    assert math.isnan(coefficient_of_variation(np.array([3.0])))
    assert math.isnan(coefficient_of_variation(np.zeros(4)))
