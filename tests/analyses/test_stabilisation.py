"""Estimates at r epochs against the mean over all subsets, in plain Python; correlation of lengths."""

from itertools import combinations

import numpy as np
import pytest
from tests.analyses.worlds import letters

from hotmess_inspect.analyses.correlation import length_correlation
from hotmess_inspect.analyses.stabilisation import stabilisation
from hotmess_inspect.decomposition import decompose


def over_all_subsets(predictions: np.ndarray, target: np.ndarray, r: int, loss: str, estimator: str) -> float:
    """Mean variance over mean error, over every subset of r epochs."""
    parts = [
        decompose(predictions[:, list(chosen)], target, loss=loss, estimator=estimator)
        for chosen in combinations(range(predictions.shape[1]), r)
    ]
    return sum(part.variance.sum() for part in parts) / sum(part.error.sum() for part in parts)


@pytest.mark.parametrize("loss", ["brier", "squared"])
def test_the_curve_is_the_mean_over_all_subsets(loss: str) -> None:
    rng = np.random.default_rng(1)
    predictions, target = letters(rng, questions=12, epochs=6)
    if loss == "squared":
        predictions, target = rng.random((12, 6, 3)), np.ones((12, 3))
    curve = stabilisation(predictions, target, loss=loss, orders=20)
    assert [point.epochs for point in curve.points] == [2, 3, 4, 5, 6]
    for point in curve.points:
        plugin = over_all_subsets(predictions, target, point.epochs, loss, "plugin")
        assert point.plugin == pytest.approx(plugin, abs=1e-12)
        unbiased = over_all_subsets(predictions, target, point.epochs, loss, "unbiased")
        assert point.unbiased == pytest.approx(unbiased, abs=1e-12)
        assert point.plugin_ci.low <= point.plugin <= point.plugin_ci.high


def test_kl_is_the_mean_over_orders() -> None:
    predictions, target = letters(np.random.default_rng(2), questions=40, epochs=5)
    curve = stabilisation(predictions, target, loss="kl", orders=400)
    for point in curve.points[:-1]:
        exact = over_all_subsets(predictions, target, point.epochs, "kl", "plugin")
        assert point.plugin == pytest.approx(exact, abs=0.01)
    whole = decompose(predictions, target, loss="kl", estimator="plugin")
    assert curve.points[-1].plugin == pytest.approx(whole.incoherence, abs=1e-12)
    assert np.isnan(curve.points[0].unbiased)


def test_questions_with_few_epochs_are_left_out_and_points_with_missing_dimensions_count_by_those_there() -> (
    None
):
    predictions, target = letters(np.random.default_rng(3), questions=20, epochs=6)
    predictions[0, 2:] = np.nan
    curve = stabilisation(predictions, target, orders=20)
    assert (curve.questions, curve.left_out, curve.points[-1].epochs) == (19, 1, 6)
    points = np.random.default_rng(4).integers(0, 2, (6, 4, 3)).astype(float)
    points[1, :, 2] = np.nan
    curve = stabilisation(points, np.ones((6, 3)), loss="squared", orders=20)
    d = decompose(points, np.ones((6, 3)), loss="squared", estimator="plugin")
    assert curve.points[-1].plugin == pytest.approx(d.incoherence, abs=1e-12)
    assert stabilisation(predictions[:, :1], target).points == ()


def test_the_interval_of_few_epochs_holds_what_such_runs_give() -> None:
    """Runs of 4 epochs, drawn anew from the model that the 16 epochs are of, mostly lie within."""
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(60):
        pools = rng.dirichlet(np.ones(3), 60)
        drawn = np.eye(3)[(rng.random((60, 20, 1)) > pools.cumsum(axis=1)[:, None, :-1]).sum(axis=2)]
        low, high = (
            stabilisation(drawn[:, :16], np.zeros(60, dtype=int), orders=200, rng=rng).points[2].unbiased_ci
        )
        other = decompose(drawn[:, 16:], np.zeros(60, dtype=int), loss="brier", estimator="unbiased")
        inside.append(low <= other.incoherence <= high)
    assert 0.85 <= np.mean(inside)


@pytest.mark.parametrize(
    ("loss", "clustered"), [("brier", False), ("brier", True), ("kl", False), ("squared", False)]
)
def test_the_last_interval_is_the_headlines(loss: str, clustered: bool) -> None:
    predictions, target = letters(np.random.default_rng(8), questions=40, epochs=6)
    if loss == "kl":
        predictions = predictions * 0.9 + 0.025
    if loss == "squared":
        predictions, target = np.random.default_rng(9).random((40, 6, 3)), np.ones((40, 3))
    labels = np.arange(40) // 2 if clustered else None
    curve = stabilisation(predictions, target, loss=loss, orders=20, clusters=labels, rng=3)
    d = decompose(predictions, target, loss=loss, estimator="plugin" if loss == "kl" else "unbiased")
    interval = d.interval("incoherence", clusters=labels, rng=3)
    whole = curve.points[-1]
    assert tuple(whole.plugin_ci if loss == "kl" else whole.unbiased_ci) == pytest.approx(
        tuple(interval), abs=1e-12
    )
    # Of independent epochs fewer scatter more.
    widths = [
        (p.plugin_ci.high - p.plugin_ci.low) * (1 if loss == "kl" else p.epochs / (p.epochs - 1))
        for p in curve.points
    ]
    if loss != "kl":
        assert (np.diff(widths) < 0).all()


def test_intervals_of_few_epochs_are_as_wide_as_those_of_such_runs() -> None:
    predictions, target = letters(np.random.default_rng(10), questions=60, epochs=10)
    rng = np.random.default_rng(11)
    curve = stabilisation(predictions, target, orders=100)
    for r in (2, 3, 5):
        widths = []
        for _ in range(40):
            chosen = np.argsort(rng.random((60, 10)), axis=1)[:, :r]
            part = np.take_along_axis(predictions, chosen[:, :, None], axis=1)
            low, high = decompose(part, target, loss="brier").interval("incoherence", resamples=200)
            widths.append(high - low)
        low, high = curve.points[r - 2].unbiased_ci
        assert high - low == pytest.approx(np.mean(widths), rel=0.07)


@pytest.mark.parametrize("loss", ["brier", "kl", "squared"])
@pytest.mark.parametrize("clusters", [None, [0]])
def test_a_single_question_has_a_curve_without_intervals(loss: str, clusters: list[int] | None) -> None:
    predictions = np.eye(2)[[[0, 1, 0, 1]]] if loss != "squared" else np.array([[[0.0], [1.0], [0.0], [1.0]]])
    curve = stabilisation(predictions, [0] if loss != "squared" else [[1.0]], loss=loss, clusters=clusters)
    assert [point.epochs for point in curve.points] == [2, 3, 4]
    assert all(point.plugin > 0 for point in curve.points)
    assert all(np.isnan(end) for point in curve.points for end in (*point.plugin_ci, *point.unbiased_ci))


@pytest.mark.parametrize("loss", ["brier", "kl", "squared"])
def test_questions_that_are_all_alike_have_a_curve(loss: str) -> None:
    predictions = np.eye(2)[[[0, 1, 0, 1]] * 4] if loss != "squared" else np.array([[[0.0], [1.0]] * 2] * 4)
    curve = stabilisation(predictions, [0] * 4 if loss != "squared" else [[1.0]] * 4, loss=loss, orders=20)
    for point in curve.points:
        assert np.isnan(point.plugin_ci.low) or point.plugin_ci.low <= point.plugin <= point.plugin_ci.high


def test_length_correlation_finds_what_is_planted_and_nothing_else() -> None:
    rng = np.random.default_rng(6)
    held = {"planted": 0, "none": 0}
    for _ in range(200):
        shared = rng.normal(size=80)
        one = np.exp(shared[:, None] + np.zeros((80, 3)))
        other = np.exp(0.6 * shared + 0.8 * rng.normal(size=80))[:, None]
        low, high = length_correlation(one, other).logarithms.interval
        held["planted"] += low <= 0.6 <= high
        low, high = length_correlation(one, np.exp(rng.normal(size=(80, 2)))).logarithms.interval
        held["none"] += low <= 0 <= high
    assert min(held.values()) >= 180


def test_length_correlation_against_numpy() -> None:
    rng = np.random.default_rng(7)
    one, other = np.exp(rng.normal(size=(30, 2))), np.exp(rng.normal(size=(30, 4)))
    other[3] = np.nan
    found = length_correlation(one, other)
    kept = np.delete(np.arange(30), 3)
    means = one.mean(axis=1)[kept], other.mean(axis=1)[kept]
    assert found.questions == 29
    assert found.logarithms.value == pytest.approx(np.corrcoef(np.log(means))[0, 1], abs=1e-12)
    ranks = np.argsort(np.argsort(means, axis=1), axis=1)
    assert found.ranks.value == pytest.approx(np.corrcoef(ranks)[0, 1], abs=1e-12)
    assert np.isnan(length_correlation(one[:3], other[:3]).logarithms.value)
    with pytest.raises(ValueError, match="second 29"):
        length_correlation(one, other[:29])


def test_nothing_but_right_answers_has_no_incoherence_under_kl() -> None:
    curve = stabilisation(np.eye(4)[np.zeros((6, 4), dtype=int)], np.zeros(6, dtype=int), loss="kl")
    assert all(np.isnan([p.plugin, *p.plugin_ci]).all() for p in curve.points) and len(curve.points) == 3
