"""Spread that is none but rounding, and spread that far offsets must not swallow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect import decompose
from hotmess_inspect.decomposition import decompose_nested
from hotmess_inspect.decomposition.sufficient import SufficientStatistics


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6), epochs=st.integers(2, 30), estimator=st.sampled_from(["plugin", "unbiased"])
)
def test_equal_epochs_have_no_variance_at_all(seed: int, epochs: int, estimator: str) -> None:
    rng = np.random.default_rng(seed)
    stated = np.repeat(rng.dirichlet([0.6, 0.3, 0.3, 0.3], (8, 1)), epochs, axis=1)
    d = decompose(stated, np.zeros(8, int), loss="brier", estimator=estimator)
    assert (d.variance == 0).all() and d.incoherence == 0
    assert np.isnan(d.interval("variance")).all() and np.isnan(d.interval("incoherence")).all()
    points = np.repeat(rng.normal(size=(8, 1, 3)) * 10.0 ** rng.integers(-3, 9), epochs, axis=1)
    assert (decompose(points, 0.0, loss="squared", estimator=estimator).variance == 0).all()
    contexts = np.arange(epochs) % 2
    assert (decompose_nested(stated, np.zeros(8, int), contexts).variance == 0).all()


def test_far_offsets_keep_their_spread() -> None:
    # 1e8 ± 1 about 0: the variance is 1, of squares of 1e16.
    points = np.array([[[1e8 - 1], [1e8 + 1]]])
    d = decompose(points, 0.0, loss="squared", estimator="plugin")
    assert d.variance[0] == 1.0 and d.error[0] == pytest.approx(1e16 + 1)
    rng = np.random.default_rng(0)
    small = rng.normal(size=(5, 7, 3))
    near = decompose(small, 0.0, loss="squared").variance
    far = decompose(small + 1e6, 0.0, loss="squared").variance
    assert far == pytest.approx(near, rel=1e-8)


def test_parts_merge_to_the_spread_of_all() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(size=(6, 9, 2)) + 1e6
    parts = [
        SufficientStatistics.from_predictions(p, 0.0, losses=("squared",))
        for p in (points[:, :4], points[:, 4:])
    ]
    merged = parts[0].merge(parts[1]).decomposition("squared", "unbiased")
    assert merged.variance == pytest.approx(points.var(axis=1, ddof=1).mean(axis=1), rel=1e-8)


def test_one_class_that_sums_to_nearly_one_is_right() -> None:
    predictions = np.array([[[1.0], [1 - 1e-16], [1 + 2.2e-16]]] * 3)
    d = decompose(predictions, np.zeros(3, int), loss="brier")
    assert (d.error == 0).all() and np.isnan(d.incoherence)


def test_tiny_spread_that_is_real_stays() -> None:
    f = np.array([[[0.5, 0.5], [0.5 + 1e-7, 0.5 - 1e-7]]] * 2)
    d = decompose(f, np.zeros(2, int), loss="brier", estimator="plugin")
    # Two classes, each 1e-7/2 from its mean.
    assert d.variance == pytest.approx(2 * (0.5e-7) ** 2, rel=1e-6)


def test_an_interval_needs_two_questions_that_err() -> None:
    nearly = np.full((30, 4, 2), 0.0)
    nearly[..., 0] = 0.98
    nearly[..., 1] = 0.02
    nearly[0, :2] = [0.02, 0.98]
    d = decompose(
        nearly + np.random.default_rng(0).normal(size=(30, 4, 1)) * [1e-4, -1e-4], np.zeros(30, int)
    )
    assert 0 < d.incoherence < 1
    for quantity in ("incoherence", "error", "variance"):
        assert np.isnan(d.interval(quantity)).all()
