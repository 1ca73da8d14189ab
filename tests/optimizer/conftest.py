from importlib.util import find_spec

import pytest

from hotmess_inspect.experiments.optimizer.problem import ProblemConfig


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Models this small are slower on several threads, and much slower on a busy machine."""
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)


@pytest.fixture
def small_problem() -> ProblemConfig:
    """Two dimensions, precision 2: sequences of 2 * 2 * 5 = 20 tokens."""
    return ProblemConfig(
        dims=2,
        condition_number=5.0,
        step_norm=0.1,
        train_half_width=2.5,
        start_half_width=1.0,
        minimum_distance=1.5,
        precision=2,
        seed=1,
    )
