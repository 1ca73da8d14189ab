import math

import numpy as np
import pytest

from hotmess_inspect.experiments.optimizer.quadratic import (
    Quadratic,
    Teacher,
    random_quadratic,
    random_starts,
    trajectories,
)


def naive_walk(teacher: Teacher, start: list[float], steps: int, first_step: int = 0) -> list[list[float]]:
    """Steepest descent in plain Python: one start, one coordinate at a time."""
    matrix, minimum = teacher.quadratic.matrix.tolist(), teacher.quadratic.minimum.tolist()
    dims, largest = len(start), max(np.linalg.eigvalsh(np.array(matrix)))
    x, walked = list(start), [list(start)]
    for t in range(first_step, first_step + steps):
        g = [sum(matrix[i][j] * (x[j] - minimum[j]) for j in range(dims)) for i in range(dims)]
        norm = math.sqrt(sum(v * v for v in g))
        length = {
            "fixed": teacher.step_norm,
            "harmonic": teacher.step_norm / (1 + t / teacher.half_life),
            "tapered": teacher.step_norm * norm / (norm + teacher.step_norm * largest),
        }[teacher.schedule]
        x = [x[i] - length * g[i] / norm for i in range(dims)]
        walked.append(list(x))
    return walked


@pytest.mark.parametrize("schedule", ["fixed", "harmonic", "tapered"])
@pytest.mark.parametrize("dims", [2, 4])
def test_equals_a_naive_loop(schedule: str, dims: int) -> None:
    rng = np.random.default_rng(3)
    teacher = Teacher(
        random_quadratic(dims, 50, rng, minimum_distance=6), step_norm=0.005, schedule=schedule, half_life=400
    )  # type: ignore[arg-type]
    starts = random_starts(3, dims, 4.0, rng)
    walked = trajectories(teacher, starts, 1500)
    assert walked.shape == (3, 1501, dims)
    for start in range(3):
        # Two walks, each on its own: only while the start is far, since the jumps about the minimum are chaotic
        # and double a difference of one rounding every few steps.
        alone = naive_walk(teacher, starts[start].tolist(), 200)
        np.testing.assert_allclose(walked[start, :201], alone, rtol=0, atol=1e-12)
        # Every later step, from the position where the bulk walk stood.
        for t in range(200, 1500):
            stepped = naive_walk(teacher, walked[start, t].tolist(), 1, first_step=t)[1]
            np.testing.assert_allclose(walked[start, t + 1], stepped, rtol=0, atol=1e-12)


def test_one_step_by_hand() -> None:
    # A = diag(3, 4), b = (1, 0), x = (2, 1): g = (3, 4), |g| = 5, u = -0.5 * (0.6, 0.8)
    teacher = Teacher(Quadratic(np.diag([3.0, 4.0]), np.array([1.0, 0.0])), step_norm=0.5)
    np.testing.assert_allclose(teacher.update(np.array([[2.0, 1.0]])), [[-0.3, -0.4]], atol=1e-15)
    np.testing.assert_array_equal(teacher.update(np.array([[1.0, 0.0]])), [[0.0, 0.0]])
    # |x - b|_A^2 = 3 + 4
    np.testing.assert_allclose(teacher.quadratic.error(np.array([2.0, 1.0])), 7.0)


@pytest.mark.parametrize("dims", [1, 2, 4, 16])
def test_random_quadratic_has_the_condition_number(dims: int) -> None:
    condition = 1.0 if dims == 1 else 50.0
    quadratic = random_quadratic(dims, condition, np.random.default_rng(0))
    eigenvalues = np.linalg.eigvalsh(quadratic.matrix)
    np.testing.assert_allclose(eigenvalues[-1] / eigenvalues[0], condition, rtol=1e-10)
    np.testing.assert_allclose(eigenvalues[-1], 1.0, rtol=1e-12)
    assert (quadratic.matrix == quadratic.matrix.T).all()
    np.testing.assert_allclose(np.linalg.norm(quadratic.minimum), 1.0)
    again = random_quadratic(dims, condition, np.random.default_rng(0))
    assert (again.matrix == quadratic.matrix).all() and (again.minimum == quadratic.minimum).all()


def test_error_is_the_a_norm_and_twice_the_surface() -> None:
    quadratic = random_quadratic(4, 50, np.random.default_rng(1))
    points = np.random.default_rng(2).normal(size=(7, 4))
    delta = points - quadratic.minimum
    expected = np.array([row @ quadratic.matrix @ row for row in delta])
    np.testing.assert_allclose(quadratic.error(points), expected, rtol=1e-12)


def test_gradient_is_the_slope_of_the_surface() -> None:
    quadratic = random_quadratic(3, 20, np.random.default_rng(5))
    x, h = np.array([0.3, -0.7, 1.1]), 1e-6
    slopes = [(quadratic.error(x + h * e) - quadratic.error(x - h * e)) / (4 * h) for e in np.eye(3)]
    np.testing.assert_allclose(quadratic.gradient(x), slopes, rtol=1e-7)


def test_rows_do_not_depend_on_each_other() -> None:
    rng = np.random.default_rng(7)
    teacher = Teacher(random_quadratic(4, 50, rng))
    starts = random_starts(64, 4, 4.0, rng)
    order = rng.permutation(64)
    np.testing.assert_array_equal(
        trajectories(teacher, starts, 300)[order], trajectories(teacher, starts[order], 300)
    )


def test_fixed_steps_never_settle_and_tapered_ones_do() -> None:
    rng = np.random.default_rng(11)
    quadratic = random_quadratic(2, 10, rng)
    starts = random_starts(20, 2, 1.0, rng)
    fixed = trajectories(Teacher(quadratic, step_norm=0.05), starts, 400)
    np.testing.assert_allclose(np.linalg.norm(np.diff(fixed, axis=1), axis=-1), 0.05, rtol=1e-12)
    tapered = trajectories(Teacher(quadratic, step_norm=0.05, schedule="tapered"), starts, 1200)
    assert quadratic.error(tapered[:, -1]).max() < 1e-12 < quadratic.error(fixed[:, -1]).min()


def test_refuses_what_is_no_quadratic() -> None:
    with pytest.raises(ValueError, match="condition_number must be finite and >= 1"):
        random_quadratic(2, 0.5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="at dims=1"):
        random_quadratic(1, 2.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="minimum_distance must be finite and at least 0, not -1"):
        random_quadratic(2, 5.0, np.random.default_rng(0), minimum_distance=-1)
    with pytest.raises(ValueError, match="dims must be at least 1"):
        random_quadratic(0, 1.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="symmetric and positive definite"):
        Quadratic(np.array([[1.0, 2.0], [2.0, 1.0]]), np.zeros(2))
    with pytest.raises(ValueError, match="must be \\(dims, dims\\)"):
        Quadratic(np.eye(3), np.zeros(2))
    quadratic = Quadratic(np.eye(2), np.zeros(2))
    with pytest.raises(ValueError, match="schedule must be one of"):
        Teacher(quadratic, schedule="slow")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="step_norm must be finite and positive, not 0"):
        Teacher(quadratic, step_norm=0)
    with pytest.raises(ValueError, match="steps must be at least 0"):
        trajectories(Teacher(quadratic), np.zeros((1, 2)), -1)
