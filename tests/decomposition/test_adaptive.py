"""Unbiased terms under outcome-dependent numbers of epochs: by enumeration of everything that can happen."""

from itertools import product

import numpy as np
import pytest

from hotmess_inspect.decomposition import decompose
from hotmess_inspect.decomposition.adaptive import adaptive_means, decompose_adaptive, folds_of, pair_weights


def every_course(p: float, pilot: int, later: dict[bool, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right and wrong answers of a question in all courses of a run, as rows; which are the pilot's; probabilities.

    Questions whose pilot was always right get other later epochs than the rest.
    """
    most = pilot + max(later.values())
    rows, chances = [], []
    for first in product((0, 1), repeat=pilot):
        n = later[all(first)]
        for rest in product((0, 1), repeat=n):
            own = [*first, *rest]
            rows.append([*own, *[np.nan] * (most - len(own))])
            chances.append(np.prod([p if x else 1 - p for x in own]))
    right = np.array(rows, dtype=float)
    return right, np.broadcast_to(np.arange(most) < pilot, right.shape), np.array(chances)


@pytest.mark.parametrize("p", [0.5, 0.9])
@pytest.mark.parametrize(("pilot", "later"), [(2, {True: 2, False: 4}), (3, {True: 2, False: 5})])
def test_terms_have_the_true_means_whatever_the_pilot_decides(
    p: float, pilot: int, later: dict[bool, int]
) -> None:
    right, first, chance = every_course(p, pilot, later)
    assert chance.sum() == pytest.approx(1)
    letters = np.stack([right, 1 - right], axis=2)
    d = decompose_adaptive(letters, np.zeros(len(right), int), first)
    # Brier of two letters: error 2 (1 - p), variance 2 p (1 - p), exactly.
    assert d.error @ chance == pytest.approx(2 * (1 - p), abs=1e-12)
    assert d.variance @ chance == pytest.approx(2 * p * (1 - p), abs=1e-12)
    assert adaptive_means(right, first) @ chance == pytest.approx(p, abs=1e-12)
    tests = decompose_adaptive(right[:, :, None], 1.0, first, loss="squared")
    assert tests.bias_squared @ chance == pytest.approx((1 - p) ** 2, abs=1e-12)
    # Pooled as if they had been planned, the same epochs are biased: the test would see it.
    naive = decompose(letters, np.zeros(len(right), int), loss="brier", estimator="unbiased")
    assert abs(naive.error @ chance - 2 * (1 - p)) > 0.01


def test_folds_that_decide_for_each_other_leave_terms_unbiased() -> None:
    """Two questions whose pilots each decide how many later epochs the other one gets: every course with its chance."""
    p, courses, chances = (0.8, 0.4), [], []
    for pilots in product(product((0, 1), repeat=2), repeat=2):
        many = [2 if all(pilots[1 - i]) else 4 for i in (0, 1)]
        for rest in product((0, 1), repeat=sum(many)):
            own = [[*pilots[0], *rest[: many[0]]], [*pilots[1], *rest[many[0] :]]]
            chances.append(np.prod([q if x else 1 - q for q, one in zip(p, own, strict=True) for x in one]))
            courses.append([[*one, *[np.nan] * (6 - len(one))] for one in own])
    assert sum(chances) == pytest.approx(1)
    pilot = np.broadcast_to(np.arange(6) < 2, (2, 6))

    def means(folds: np.ndarray | None) -> np.ndarray:
        terms = []
        for right in np.array(courses):
            d = decompose_adaptive(right[:, :, None], 1.0, pilot, folds=folds, loss="squared")
            terms.append([d.error, d.variance])
        return np.tensordot(chances, np.array(terms), axes=1)

    true = np.array([[1 - q for q in p], [q * (1 - q) for q in p]])
    np.testing.assert_allclose(means(np.array([0, 1])), true, atol=1e-12)
    # Weights that hear of a question's own answers through the other's number of epochs are biased.
    assert np.abs(means(None) - true).max() > 1e-3


def test_folds_are_of_names_alone_and_nested() -> None:
    names = [f"q{i}" for i in range(400)]
    folds = folds_of(names)
    assert np.bincount(folds).min() > 20 and folds.max() == 9
    assert folds_of(names[::-1])[::-1].tolist() == folds.tolist()
    # Fewer questions: folds of twice the share, which the many are parts of.
    assert folds_of(names[:100]).tolist() == (folds[:100] % 5).tolist()


def test_equal_numbers_give_the_usual_unbiased_terms() -> None:
    rng = np.random.default_rng(1)
    stated, target = rng.dirichlet([1, 1, 1], size=(40, 9)), rng.integers(0, 3, 40)
    pilot = np.broadcast_to(np.arange(9) < 3, (40, 9))
    found = decompose_adaptive(stated, target, pilot)
    usual = decompose(stated, target, loss="brier", estimator="unbiased")
    for name in ("error", "bias_squared", "variance"):
        np.testing.assert_allclose(getattr(found, name), getattr(usual, name), atol=1e-12)


def test_the_order_of_epochs_changes_no_bit() -> None:
    rng = np.random.default_rng(2)
    stated = rng.dirichlet([1, 1, 1], size=(30, 8))
    stated[rng.random((30, 8)) < 0.2] = np.nan
    pilot = np.broadcast_to(np.arange(8) < 3, (30, 8))
    order = rng.permuted(np.tile(np.arange(8), (30, 1)), axis=1)
    a = decompose_adaptive(stated, np.zeros(30, int), pilot)
    b = decompose_adaptive(
        np.take_along_axis(stated, order[:, :, None], axis=1),
        np.zeros(30, int),
        np.take_along_axis(pilot, order, axis=1),
    )
    assert a.error.tobytes() == b.error.tobytes() and a.variance.tobytes() == b.variance.tobytes()


def test_missing_epochs_take_the_weights_of_the_pairs_that_are_there() -> None:
    pilot = np.array([[1, 1, 1, 0, 0, 0]] * 5, dtype=bool)
    there = np.array(
        [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0], [0, 0, 0, 1, 1, 1], [1, 0, 0, 0, 0, 0]],
        bool,
    )
    weights = pair_weights(pilot & there, there & ~pilot)
    # r = 3 and n* = (9 + 1 + 9)/7 = 19/7: pairs 6, 2·3·19/7 and 19/7·12/7.
    ideal = np.array([6, 6 * 19 / 7, 19 / 7 * 12 / 7])
    np.testing.assert_allclose(weights[0], ideal / ideal.sum())
    assert weights[1:].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    d = decompose_adaptive(np.where(there[:, :, None], [1.0, 0.0], np.nan), np.ones(5, int), pilot)
    assert d.error.tolist() == pytest.approx([2.0] * 5)
    assert d.variance[:4].tolist() == [0, 0, 0, 0] and np.isnan(d.variance[4])


def test_another_shape_of_the_pilot_is_refused() -> None:
    with pytest.raises(ValueError, match="pilot has shape"):
        decompose_adaptive(np.ones((2, 3, 1)), 1.0, np.ones((2, 2), bool), loss="squared")
