"""Strata, allocation and stopping of adaptive runs."""

import numpy as np
import pytest

from hotmess_inspect.analyses.adaptive import (
    AdaptiveEpochs,
    Allocation,
    allocate,
    influence_of,
    make_strata,
)
from hotmess_inspect.decomposition.adaptive import decompose_adaptive, folds_of


def run(rates: np.ndarray, epochs: int, seed: int) -> AdaptiveEpochs:
    right = np.random.default_rng(seed).random((len(rates), epochs)) < rates[:, None]
    there = np.ones(right.shape, bool)
    pilot = np.broadcast_to(np.arange(epochs) < 3, right.shape)
    return AdaptiveEpochs(
        [f"q{i}" for i in range(len(rates))], (right - 1.0)[:, :, None], right.astype(float), there, pilot
    )


def test_equal_pilots_are_one_stratum() -> None:
    scatter = np.repeat([0.0, 1.0, 2.0], [50, 30, 20])
    stratum = make_strata(scatter, np.zeros(100))
    assert [np.unique(scatter[stratum == s]).tolist() for s in range(3)] == [[0], [1], [2]]


def test_few_odd_questions_are_no_stratum_of_their_own() -> None:
    assert np.bincount(make_strata(np.arange(24.0), np.zeros(24))).min() >= 4


def test_the_scatter_of_a_mean_is_that_of_its_epochs() -> None:
    epochs = run(np.full(4000, 0.7), 6, 0)
    scatter = epochs.scatter("accuracy", epochs.present, epochs.present).at(0.3, 0.09)
    # Epochs times the variance of a mean is the variance of one epoch.
    assert scatter.mean() == pytest.approx(0.21, rel=0.03)


def test_the_scatter_of_incoherence_is_that_of_its_kernel_over_pairs() -> None:
    epochs = run(np.array([0.5, 0.4, 0.8]), 7, 4)
    later = epochs.present & ~epochs.pilot
    found = epochs.scatter("incoherence", epochs.present, later).at(0.5, 0.2)
    for i, d in enumerate(epochs.away[:, :, 0]):
        # Incoherence .6: variance less .6 times the error, over the error.
        means = [
            np.mean([((a - b) ** 2 / 2 - 0.6 * (a * a + b * b) / 2) / 0.5 for k, b in enumerate(d) if k != j])
            for j, a in enumerate(d)
            if j >= 3
        ]
        assert found[i] == pytest.approx(4 * np.var(means, ddof=1) * (6 / 5) ** 2)


def planned(
    epochs: AdaptiveEpochs, stratum: np.ndarray, spread: float, width: float, **more: float
) -> Allocation:
    """What comes next where the interval is so many standard deviations of the influences wide."""
    d = decompose_adaptive(
        np.where(epochs.present[:, :, None], epochs.away + 1.0, np.nan), 1.0, epochs.pilot,
        folds=folds_of(epochs.ids), loss="squared",
    )  # fmt: skip
    z = influence_of(epochs, "error", d.variance, d.error)
    return allocate(
        epochs, stratum, "error", variance=d.variance, error=d.error, width_now=spread * z.std(ddof=1),
        width=width, most=60, **more,
    )  # fmt: skip


def test_no_fold_hears_of_its_own_later_epochs() -> None:
    epochs = run(np.repeat([1.0, 0.5], 40), 5, 3)
    stratum, folds = np.repeat([0, 1], 40), folds_of(epochs.ids)
    before = planned(epochs, stratum, 0.4, 0.01).later
    assert before[:40].max() <= 4 < before[40:].min()
    # Other later answers of one fold change the epochs of the others alone, and whether these go on.
    away = epochs.away.copy()
    own = np.flatnonzero((folds == 0) & (stratum == 0))
    away[own, 3] = -1.0
    changed = AdaptiveEpochs(epochs.ids, away, epochs.correct, epochs.present, epochs.pilot)
    after = planned(changed, stratum, 0.4, 0.01).later
    assert (after[folds == 0] == before[folds == 0]).all() and (after[folds != 0] != before[folds != 0]).any()
    spread = {name: planned(e, stratum, 0.4, 0.17).later > 2 for name, e in (("a", epochs), ("b", changed))}
    assert (spread["a"][folds == 0] == spread["b"][folds == 0]).all()


def test_a_run_ends_where_epochs_cannot_help() -> None:
    found = planned(run(np.repeat([1.0, 0.0], 40), 5, 3), np.zeros(80, int), 0.4, 0.1)
    assert found.enough and found.floor == pytest.approx(0.4 * 0.5, rel=0.02)


def test_each_fold_goes_by_its_own_rule_and_not_by_what_the_others_have() -> None:
    """Later epochs of the other folds make their figures more precise, but a fold's need no smaller."""
    rng = np.random.default_rng(5)
    rates = rng.uniform(0.2, 0.8, 4000)
    wide = run(rates, 30, 6)
    folds, stratum = folds_of(wide.ids), np.zeros(4000, int)
    needs = []
    for many in (8, 30):
        there = np.arange(30) < np.where(folds == 0, 8, many)[:, None]
        epochs = AdaptiveEpochs(
            wide.ids, wide.away * there[:, :, None], wide.correct, there, wide.pilot & there
        )
        # Var z = .03 of the questions; 12 epochs add E[p (1 - p)]/12 = .22/12.
        needs.append(planned(epochs, stratum, 1.0, (0.03 + 0.22 / 12) ** 0.5).later[folds == 0])
    assert needs[0].tolist() == pytest.approx([9] * len(needs[0]), abs=1)
    assert needs[1].tolist() == pytest.approx([9] * len(needs[1]), abs=1)
