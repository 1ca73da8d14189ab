"""A planted decision is found, and nothing is found where nothing was planted: a few seeds of the full study.

`benchmarks/divergence_recovery.py` runs 200 seeds; its figures stand in docs/divergence.md.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def study() -> ModuleType:
    path = Path(__file__).parents[3] / "benchmarks" / "divergence_recovery.py"
    spec = spec_from_file_location("divergence_recovery", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(path.parent))
        spec.loader.exec_module(module)
    return module


def test_planted_decision_comes_first(study: ModuleType) -> None:
    trials = [study.trial(seed, 0.7, permutations=199) for seed in range(12)]
    assert sum(t.first == study.STEP for t in trials) >= 11
    assert sum(t.p < 0.05 for t in trials) >= 10


def test_nothing_planted_nothing_found(study: ModuleType) -> None:
    p = [study.trial(seed, 0.0, permutations=99).p for seed in range(20)]
    # 5 % of 20 are 1; six or more have a probability below .001.
    assert sum(value < 0.05 for value in p) < 6
    # And they are spread over (0, 1] rather than piled up at 1.
    assert 0.25 < np.mean(p) < 0.75


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.7, 0.0])
def test_real_runs_take_the_planned_steps_and_end_as_planned(study: ModuleType, effect: float) -> None:
    """Twelve epochs in Inspect's local sandbox; the benchmark runs ten seeds of 120."""
    found = study.real(5, effect, 4, 3)
    assert (found.as_planned, found.epochs) == (12, 12)
    assert found.farthest < 1e-12
