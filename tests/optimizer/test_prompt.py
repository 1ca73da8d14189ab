import json

import numpy as np
import pytest

from hotmess_inspect.experiments.optimizer.problem import LAPTOP_PROBLEM, ProblemConfig
from hotmess_inspect.experiments.optimizer.prompt import (
    check_surface,
    read_position,
    read_update,
    step_prompt,
)


def test_a_position_survives_the_prompt(small_problem: ProblemConfig) -> None:
    number, surface = small_problem.number, small_problem.teacher().quadratic
    units = number.decode_units(number.encode([0.5, -1.5]))
    prompt = step_prompt(small_problem, surface, units)
    assert "Position x: +1500 -0150" in prompt
    assert "-0.012 is -2120" in prompt
    np.testing.assert_array_equal(read_position(prompt, small_problem), units)
    check_surface(prompt, small_problem)


def test_the_prompt_holds_all_that_a_step_needs(small_problem: ProblemConfig) -> None:
    surface = small_problem.teacher().quadratic
    prompt = step_prompt(small_problem, surface, np.zeros(2, dtype=np.int64))
    matrix = json.loads(prompt.split("A = ")[1].splitlines()[0])
    minimum = json.loads(prompt.split("b = ")[1].splitlines()[0])
    np.testing.assert_allclose(matrix, surface.matrix, atol=1e-6)
    np.testing.assert_allclose(minimum, surface.minimum, atol=1e-6)
    gradient = np.array(matrix) @ (0 - np.array(minimum))
    update = -small_problem.step_norm * gradient / np.linalg.norm(gradient)
    np.testing.assert_allclose(update, small_problem.teacher().update(np.zeros(2)), atol=1e-6)


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("-2120 +3230", [-0.012, 0.0023]),
        ("The update is `-2120, +3230`.", [-0.012, 0.0023]),
        ("It is -2120 +3230.", [-0.012, 0.0023]),
        ("It is -2120.5 +3230", None),
        ("u = [-2120, +3230]", [-0.012, 0.0023]),
        ("First +1500 -0150, no, rather\n-2120 +3230\n", [-0.012, 0.0023]),
        ("\N{MINUS SIGN}2120 +3230", [-0.012, 0.0023]),
        ("+1500 -0150 +3230", [-1.5, 0.0023]),  # of three numbers the last two
        ("-2120", None),
        ("-2120 and +3230", None),
        ("-212 +3230", None),
        ("", None),
    ],
)
def test_updates_are_read_from_text(
    completion: str, expected: list[float] | None, small_problem: ProblemConfig
) -> None:
    found = read_update(completion, small_problem)
    if expected is None:
        assert found is None
    else:
        np.testing.assert_allclose(small_problem.number.from_units(found), expected)


def test_schedules_are_put_into_words(small_problem: ProblemConfig) -> None:
    surface = small_problem.teacher().quadratic
    harmonic = ProblemConfig(**{**vars(small_problem), "schedule": "harmonic", "half_life": 10.0})
    # After 10 steps the length is halved.
    assert "times 0.5." in step_prompt(harmonic, surface, np.zeros(2, dtype=np.int64), step=10)
    tapered = ProblemConfig(**{**vars(small_problem), "schedule": "tapered"})
    # step_norm 0.1 times the largest eigenvalue 1
    assert "times |g| / (|g| + 0.1)." in step_prompt(tapered, surface, np.zeros(2, dtype=np.int64))


def test_a_prompt_about_something_else_is_refused(small_problem: ProblemConfig) -> None:
    with pytest.raises(ValueError, match="answers the task hotmess/optimizer only"):
        read_position("What is the capital of France?", small_problem)
    surface = LAPTOP_PROBLEM.teacher().quadratic
    prompt = step_prompt(LAPTOP_PROBLEM, surface, np.zeros(2, dtype=np.int64))
    with pytest.raises(ValueError, match="asks about another problem"):
        check_surface(prompt, small_problem)
    with pytest.raises(ValueError, match="is not 2 numbers of 5 symbols"):
        read_position(prompt, small_problem)
