"""The calibration study's other intervals, and with them our resampled sums, against scipy and algebra."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from hotmess_inspect.inference.intervals import ratio_intervals


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., np.ndarray]]:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    module = import_module("other_intervals")
    yield lambda parts, method, **options: module.other_intervals(
        [x[:, None] for x in parts], method, **options
    )[0]
    sys.modules.pop("other_intervals", None)


def pairs(seed: int, questions: int = 40) -> np.ndarray:
    """Numerators below denominators, some of both 0, ascending: the order the bootstrap draws in."""
    rng = np.random.default_rng(seed)
    table = np.round(rng.gamma(0.5, size=(questions, 2)), 1)
    table[:, 1] += table[:, 0]
    return table[np.lexsort(table.T[::-1])].T


def ratio(v, e, axis=-1):
    return v.sum(axis=axis) / e.sum(axis=axis)


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("difference", [False, True])
def test_equals_scipy(other, method, difference):
    parts, statistic = pairs(0), ratio
    if difference:
        parts = np.concatenate([pairs(1), pairs(2)])
        parts = parts[:, np.lexsort(parts[::-1])]
        statistic = lambda v, e, w, f, axis=-1: ratio(v, e, axis) - ratio(w, f, axis)  # noqa: E731
    expected = scipy.stats.bootstrap(
        tuple(parts),
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=500,
        method=method,
        confidence_level=0.9,
        rng=np.random.default_rng(7),
    ).confidence_interval
    found = other(parts, method, level=0.9, resamples=500, rng=np.random.default_rng(7))
    assert found == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_fieller_ends_are_where_the_t_test_turns(other):
    v, e = pairs(6)
    for end in other((v, e), "fieller", level=0.9):
        assert scipy.stats.ttest_1samp(v - end * e, 0.0).pvalue == pytest.approx(0.1, abs=1e-9)
    unbound = other(np.array([[1.0, 2.0, 1.0], [10.0, -9.0, 0.5]]), "fieller")
    assert tuple(unbound) == (-np.inf, np.inf)


def test_percentiles_do_not_cover_where_the_default_does(other):
    # Thirty questions of which one in three errs: E v/E e = 1/2, as in tests/inference/test_intervals.py.
    rng = np.random.default_rng(0)
    e = rng.gamma(1.0, size=(30, 300)) * (rng.random((30, 300)) < 1 / 3)
    v = e * rng.beta(1.0, 1.0, size=e.shape)
    covered = {
        "percentile": [other((v[:, i], e[:, i]), "percentile", resamples=300, rng=1) for i in range(300)],
        "studentised": ratio_intervals(v, e, resamples=300, rng=1),
    }
    inside = {name: np.mean([low <= 0.5 <= high for low, high in ends]) for name, ends in covered.items()}
    assert inside["percentile"] < 0.91 < inside["studentised"]
