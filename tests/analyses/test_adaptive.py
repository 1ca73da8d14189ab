"""Strata, allocation and stopping of adaptive runs."""

import numpy as np
import pytest

from hotmess_inspect.analyses.adaptive import AdaptiveEpochs, allocate, influence_of, make_strata
from hotmess_inspect.decomposition.adaptive import decompose_adaptive


def run(rates: np.ndarray, epochs: int, seed: int) -> AdaptiveEpochs:
    right = np.random.default_rng(seed).random((len(rates), epochs)) < rates[:, None]
    there = np.ones(right.shape, bool)
    pilot = np.broadcast_to(np.arange(epochs) < 3, right.shape)
    return AdaptiveEpochs(
        [f"q{i}" for i in range(len(rates))], (right - 1.0)[:, :, None], right.astype(float), there, pilot
    )


def test_equal_pilots_are_one_stratum_and_each_is_halved() -> None:
    scatter = np.repeat([0.0, 1.0, 2.0], [50, 30, 20])
    strata = make_strata([f"q{i}" for i in range(100)], scatter, np.zeros(100))
    assert [np.unique(scatter[strata.stratum == s]).tolist() for s in range(3)] == [[0], [1], [2]]
    for s in range(3):
        halves = np.bincount(strata.half[strata.stratum == s])
        assert abs(halves[0] - halves[1]) <= 1


def test_few_odd_questions_are_no_stratum_of_their_own() -> None:
    strata = make_strata([f"q{i}" for i in range(24)], np.arange(24.0), np.zeros(24))
    assert np.bincount(strata.stratum).min() >= 4


def test_the_scatter_of_a_mean_is_that_of_its_epochs() -> None:
    epochs = run(np.full(4000, 0.7), 6, 0)
    scatter = epochs.scatter("accuracy", 0.3, 0.09, epochs.present, epochs.present)
    # Epochs times the variance of a mean is the variance of one epoch.
    assert scatter.mean() == pytest.approx(0.21, rel=0.03)


def test_half_the_stratum_never_hears_of_its_own_later_epochs() -> None:
    epochs = run(np.repeat([1.0, 0.5], 40), 5, 3)
    d = decompose_adaptive(epochs.away + 1.0, 1.0, epochs.pilot, loss="squared")
    strata = make_strata(epochs.ids, np.repeat([0.0, 1.0], 40), np.zeros(80))

    def later(e: AdaptiveEpochs) -> np.ndarray:
        return allocate(
            e, strata, "error", error=d.mean("error"), bias_squared=d.mean("bias_squared"),
            influence=influence_of(e, "error", d.variance, d.error), width_now=0.2, width=0.01, most=60,
        ).later  # fmt: skip

    before = later(epochs)
    assert (before[:40] == 2).all() and before[40:].min() > 4
    # Other later answers of one half change the epochs of the other half alone.
    away = epochs.away.copy()
    own = np.flatnonzero((strata.half == 0) & (strata.stratum == 0))
    away[own, 3] = -1.0
    after = later(AdaptiveEpochs(epochs.ids, away, epochs.correct, epochs.present, epochs.pilot))
    changed = after[:40] > 2
    assert changed.any() and (strata.half[:40][changed] == 1).all()


def test_a_run_ends_where_epochs_cannot_help() -> None:
    epochs = run(np.repeat([1.0, 0.0], 40), 5, 3)
    d = decompose_adaptive(epochs.away + 1.0, 1.0, epochs.pilot, loss="squared")
    found = allocate(
        epochs, make_strata(epochs.ids, np.zeros(80), np.zeros(80)), "error", error=0.5, bias_squared=0.5,
        influence=influence_of(epochs, "error", d.variance, d.error), width_now=0.22, width=0.1, most=60,
    )  # fmt: skip
    assert found.enough and found.floor == pytest.approx(0.22)
