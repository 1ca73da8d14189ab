import numpy as np
import pytest

from hotmess_inspect import decompose
from hotmess_inspect.experiments.optimizer.measures import (
    about_teacher,
    excess,
    loss_scaling,
    over_starts,
    per_start,
    size_scaling,
    split_squared,
    teacher_walk,
    window_terms,
)
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig
from hotmess_inspect.experiments.optimizer.quadratic import (
    Quadratic,
    random_quadratic,
    random_starts,
    trajectories,
)

STEPS = np.arange(5)


@pytest.fixture
def quadratic() -> Quadratic:
    return random_quadratic(3, 20, np.random.default_rng(0))


def test_two_walks_by_hand() -> None:
    # A = diag(2, 1), b = 0, walks at (1, 0) and (3, 2): errors 2 and 18 + 4 = 22, mean 12.
    # Mean position (2, 1): bias^2 = 8 + 1 = 9. Deviations (-1, -1), (1, 1): 3 each, variance 3. Incoherence 3 / 12.
    surface = Quadratic(np.diag([2.0, 1.0]), np.zeros(2))
    curve = over_starts(np.array([[[1.0, 0.0]], [[3.0, 2.0]]]), np.array([0]), surface)
    np.testing.assert_allclose([curve.error, curve.bias_squared, curve.variance], [[12], [9], [3]])
    np.testing.assert_allclose(curve.incoherence, [0.25])


def test_over_starts_equals_the_general_decomposition(quadratic: Quadratic) -> None:
    points = np.random.default_rng(1).normal(size=(40, 5, 3))
    curve = over_starts(points, STEPS, quadratic)
    for step in range(5):
        # One question whose epochs are the starts; that function averages over dimensions, hence times 3.
        whole = decompose(
            quadratic.whiten(points)[None, :, step], np.zeros((1, 3)), loss="squared", estimator="plugin"
        )
        np.testing.assert_allclose(curve.error[step], 3 * whole.error[0])
        np.testing.assert_allclose(curve.bias_squared[step], 3 * whole.bias_squared[0])
        np.testing.assert_allclose(curve.variance[step], 3 * whole.variance[0])
        np.testing.assert_allclose(curve.incoherence[step], whole.incoherence)


@pytest.mark.parametrize("estimator", ["plugin", "unbiased"])
def test_per_start_equals_the_general_decomposition(quadratic: Quadratic, estimator: str) -> None:
    points = np.random.default_rng(2).normal(size=(6, 9, 5, 3))
    curve = per_start(points, STEPS, quadratic, estimator=estimator)  # type: ignore[arg-type]
    for step in range(5):
        whole = decompose(
            quadratic.whiten(points)[:, :, step],
            np.zeros((6, 3)),
            loss="squared",
            estimator=estimator,  # type: ignore[arg-type]
        )
        np.testing.assert_allclose(curve.bias_squared[step], 3 * whole.bias_squared.mean())
        np.testing.assert_allclose(curve.variance[step], 3 * whole.variance.mean())
        np.testing.assert_allclose(curve.incoherence[step], whole.incoherence)


def test_unbiased_estimates_do_not_depend_on_the_number_of_walks() -> None:
    # x ~ N(mean (1, 0), identity): bias^2 = 1, variance = 2 in the plain norm
    rng = np.random.default_rng(3)
    white = rng.normal(size=(200_000, 2, 2)) + np.array([1.0, 0.0])
    bias_squared, variance = split_squared(white, axis=1, estimator="unbiased")
    np.testing.assert_allclose([bias_squared.mean(), variance.mean()], [1.0, 2.0], atol=0.02)
    # Two walks, plug-in: half of the variance is taken for bias.
    bias_squared, variance = split_squared(white, axis=1)
    np.testing.assert_allclose([bias_squared.mean(), variance.mean()], [2.0, 1.0], atol=0.02)


def test_no_error_no_incoherence(quadratic: Quadratic) -> None:
    curve = over_starts(np.broadcast_to(quadratic.minimum, (4, 5, 3)), STEPS, quadratic)
    assert np.isnan(curve.incoherence).all() and (curve.error == 0).all()


def test_the_teacher_has_no_excess_and_no_distance_to_itself(quadratic: Quadratic) -> None:
    points = np.random.default_rng(4).normal(size=(40, 5, 3))
    curve = over_starts(points, STEPS, quadratic)
    zero = excess(curve, curve)
    assert not zero.error.any() and not zero.variance.any() and not zero.incoherence.any()
    assert not about_teacher(points, points, STEPS, quadratic).error.any()
    # Everyone off by the same vector: all bias.
    off = about_teacher(points + np.array([0.1, 0.0, 0.0]), points, STEPS, quadratic)
    np.testing.assert_allclose(off.bias_squared, 0.01 * quadratic.matrix[0, 0])
    np.testing.assert_allclose(off.variance, 0, atol=1e-15)
    with pytest.raises(ValueError, match="same steps"):
        excess(curve, over_starts(points[:, 1:], STEPS[1:], quadratic))


def test_a_perfect_imitator_ends_at_an_incoherence_of_one(small_problem: ProblemConfig) -> None:
    surface = small_problem.teacher().quadratic
    starts = random_starts(400, 2, 2.0, np.random.default_rng(0)) + 1.0
    walked = teacher_walk(small_problem, starts, 120)
    curve = over_starts(walked, np.arange(121), surface)
    assert curve.incoherence[0] < 0.75 and curve.incoherence[-1] > 0.95


def test_teachers_walk_rounds_as_an_imitator_must(small_problem: ProblemConfig) -> None:
    number, teacher = small_problem.number, small_problem.teacher()
    starts = random_starts(6, 2, 2.0, np.random.default_rng(1))
    walked = teacher_walk(small_problem, starts, 9, record_every=1)
    x = number.quantise(starts)
    for step in range(10):
        np.testing.assert_array_equal(walked[:, step], x)
        x = number.quantise(np.round(x + number.quantise(teacher.update(x)), 12))
    free = teacher_walk(small_problem, starts, 9, written=False, record_every=4)
    expected = trajectories(teacher, number.quantise(starts), 9)[:, [0, 4, 8, 9]]
    np.testing.assert_array_equal(free, expected)


def test_window_terms_equal_the_curve(quadratic: Quadratic) -> None:
    points = np.random.default_rng(5).normal(size=(30, 4, 3))
    curve = over_starts(points, STEPS[:4], quadratic)
    # The second row counts start 0 twice and start 1 never.
    weights = np.ones((2, 30))
    weights[1, :2] = 2, 0
    terms = window_terms(quadratic.whiten(points), weights, np.zeros(2))
    np.testing.assert_allclose(terms["bias_squared"][0], curve.bias_squared.mean())
    np.testing.assert_allclose(terms["variance"][0], curve.variance.mean())
    again = over_starts(points[[0, 0, *range(2, 30)]], STEPS[:4], quadratic)
    np.testing.assert_allclose(terms["bias_squared"][1], again.bias_squared.mean())
    corrected = window_terms(quadratic.whiten(points), weights[:1], np.ones(1))
    bias_squared, variance = split_squared(quadratic.whiten(points), axis=0, estimator="unbiased")
    np.testing.assert_allclose(corrected["bias_squared"], bias_squared.mean())
    np.testing.assert_allclose(corrected["variance"], variance.mean())


def test_exponents_against_size_are_found() -> None:
    # Positions of size N: mean offset N^-1 (bias^2 exponent -2), spread N^-0.5 (variance exponent -1)
    rng = np.random.default_rng(6)
    surface = Quadratic(np.eye(2), np.zeros(2))
    sizes = [10, 100, 1000]
    noise = rng.normal(size=(4000, 1, 2))
    walks = [np.array([3.0, 0.0]) / size + 0.02 * noise * size**-0.5 for size in sizes]
    teacher = np.zeros((4000, 1, 2))
    found = size_scaling(sizes, walks, teacher, surface, rng=np.random.default_rng(0))
    assert found["bias_squared"].law.exponent == pytest.approx(-2, abs=0.1)
    assert found["variance"].law.exponent == pytest.approx(-1, abs=1e-9)
    low, high = found["bias_squared"].interval
    assert low < -2 < high and high - low < 0.5
    assert found["excess_variance"].values == found["variance"].values
    again = size_scaling(sizes, walks, teacher, surface, rng=np.random.default_rng(0))
    assert again["bias_squared"].interval == (low, high)


def test_an_excess_below_zero_is_counted_and_not_fitted() -> None:
    surface = Quadratic(np.eye(2), np.zeros(2))
    noise = np.random.default_rng(7).normal(size=(500, 1, 2))
    found = size_scaling(
        [10, 100, 1000], [noise * 2, noise * 1.5, noise * 0.5], noise, surface, rng=np.random.default_rng(0)
    )
    assert found["excess_variance"].values[2] < 0
    assert found["excess_variance"].law.points == 2 and found["excess_variance"].law.left_out == 1


def test_loss_falls_as_a_power_law() -> None:
    found = loss_scaling([10, 100, 1000], [8.0, 4.0, 2.0])
    # Halved for every factor of ten: -log10(2)
    assert found.law.exponent == pytest.approx(-0.30103, abs=1e-5)
    assert found.fit_interval == pytest.approx((-0.30103, -0.30103), abs=1e-5)
    assert all(np.isnan(found.interval))
    assert all(np.isnan(loss_scaling([10, 100], [8.0, 4.0]).fit_interval))


def test_refuses_what_it_cannot_split() -> None:
    with pytest.raises(ValueError, match="needs at least 2 walks"):
        split_squared(np.zeros((1, 2)), axis=0, estimator="unbiased")
    with pytest.raises(ValueError, match="estimator must be one of"):
        split_squared(np.zeros((3, 2)), axis=0, estimator="jackknife")  # type: ignore[arg-type]
