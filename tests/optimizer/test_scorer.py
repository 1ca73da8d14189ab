import math
from dataclasses import asdict
from typing import Any

import anyio
import numpy as np
import pytest
from inspect_ai.model import ModelName
from inspect_ai.scorer import SampleScore, Score, Target
from inspect_ai.solver import TaskState

from hotmess_inspect import decompose
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig
from hotmess_inspect.experiments.optimizer.scorer import walk_end, walk_incoherence


def scored(start: str, value: Any, epoch: int = 1, **entries: Any) -> SampleScore:
    metadata = {"hm_kind": "point", "hm_epoch": epoch, "hm_status": "ok"} | entries
    return SampleScore(score=Score(value=value, metadata=metadata), sample_id=start)


def test_two_starts_by_hand() -> None:
    # Start a: (1, 0), (3, 2): mean of squares 1/2 and 13/2, error 3.5; mean (2, 1): 5/2; variance 1, unbiased 2,
    # bias^2 3.5 - 2 = 1.5. Start b: twice (1, 1): error 1, variance 0. Incoherence (2 + 0) / (3.5 + 1).
    scores = [
        scored("a", [1.0, 0.0]),
        scored("b", [1.0, 1.0]),
        scored("a", [3.0, 2.0], 2),
        scored("b", [1.0, 1.0], 2),
    ]
    found: Any = walk_incoherence()(scores)
    assert found["error"] == pytest.approx((3.5 + 1) / 2)
    assert found["variance"] == pytest.approx(1.0)
    assert found["bias_squared"] == pytest.approx((1.5 + 1) / 2)
    assert found["incoherence"] == pytest.approx(2 / 4.5)
    assert found["epochs_scored"] == found["epochs_planned"] == 4
    plugin: Any = walk_incoherence(estimator="plugin")(scores)
    assert plugin["incoherence"] == pytest.approx(1 / 4.5)
    assert walk_incoherence()(scores[::-1]) == found


@pytest.mark.parametrize(
    "value",
    [0.5, "C", None, [], [1.0, math.nan], [1.0, "2"], [True, 1.0], [1e200, 0.0], {"x": 1.0}, [1.0, 2.0, 3.0]],
)
def test_what_is_no_point_is_counted(value: Any) -> None:
    good = [scored("a", [1.0, 0.0]), scored("a", [0.0, 1.0], 2)]
    bad = scored("a", 0.0, 3)
    bad.score.value = value
    found: Any = walk_incoherence()([*good, bad])
    assert found["epochs_scored"] == 2 and found["epochs_unscored"] == 1
    assert found["incoherence"] == walk_incoherence()(good)["incoherence"]  # type: ignore[index]


def test_total_on_what_comes_early() -> None:
    empty: Any = walk_incoherence()([])
    assert math.isnan(empty["incoherence"]) and empty["epochs_scored"] == 0
    one: Any = walk_incoherence()([scored("a", [1.0, 0.0])])
    assert math.isnan(one["incoherence"]) and one["error"] == 0.5
    right: Any = walk_incoherence()([scored("a", [0.0, 0.0]), scored("a", [0.0, 0.0], 2)])
    assert math.isnan(right["incoherence"]) and right["error"] == 0
    with pytest.raises(ValueError, match="estimator must be 'unbiased' or 'plugin'"):
        walk_incoherence(estimator="jackknife")


def state_after(walked: list[str], planned: int, unread: int = 0) -> TaskState:
    metadata = {"start": walked[0], "walk": walked, "planned_steps": planned, "unread_updates": unread}
    return TaskState(ModelName("hotmess/optimizer"), "start-0000", 3, "", [], metadata=metadata)


def scores_of(problem: ProblemConfig, state: TaskState) -> Score:
    score = anyio.run(walk_end(problem=asdict(problem)), state, Target(""))
    assert score is not None
    return score


def test_value_decomposes_in_the_a_norm(small_problem: ProblemConfig) -> None:
    number, surface = small_problem.number, small_problem.teacher().quadratic
    ends = number.quantise(np.random.default_rng(0).normal(size=(5, 2)))
    values = [
        scores_of(small_problem, state_after(["+0100 +0100", number.to_text(number.encode(end))], 1)).value
        for end in ends
    ]
    whole = decompose(np.array([values]), np.zeros((1, 2)), loss="squared", estimator="plugin")
    delta = ends - surface.minimum
    a_norm = np.einsum("ri,ij,rj->r", delta, surface.matrix, delta)
    np.testing.assert_allclose(whole.error, a_norm.mean())
    middle = delta.mean(axis=0)
    np.testing.assert_allclose(whole.bias_squared, middle @ surface.matrix @ middle)


def test_metadata_say_how_the_walk_went(small_problem: ProblemConfig) -> None:
    walk = ["+0100 +0100", "+0100 +0110", "+0100 +0120", "+0100 +0130", "+0100 +0140"]
    whole = scores_of(small_problem, state_after(walk, 4))
    assert whole.metadata is not None and whole.answer == "+0100 +0140"
    assert whole.metadata["hm_kind"] == "point" and whole.metadata["hm_epoch"] == 3
    assert whole.metadata["hm_actions"] == 4 and whole.metadata["hm_status"] == "ok"
    assert whole.metadata["hm_walk"] == walk and whole.metadata["hm_walk_steps"] == [0, 1, 2, 3, 4]
    assert list(whole.metadata["hm_walk_points"]) == ["1", "2", "3", "4"]
    assert whole.metadata["hm_walk_points"]["4"] == whole.value
    short = scores_of(small_problem, state_after(walk[:3], 4))
    assert (
        short.metadata is not None
        and short.metadata["hm_status"] == "limit"
        and short.metadata["hm_actions"] == 2
    )
    mute = scores_of(small_problem, state_after(walk, 4, unread=1))
    assert mute.metadata is not None and mute.metadata["hm_status"] == "unparsed"


def test_long_walks_fit_into_a_summary() -> None:
    problem = ProblemConfig(dims=8)
    number = problem.number
    walk = [number.to_text(number.encode(np.full(8, 0.001 * step))) for step in range(2049)]
    score = scores_of(problem, state_after(walk, 2048))
    assert score.metadata is not None
    assert all(len(str(entry)) < 1000 for entry in score.metadata.values())
    steps = score.metadata["hm_walk_steps"]
    assert steps[0] == 0 and steps[-1] == 2048 and len(steps) >= 8


def test_the_metric_follows_the_walk() -> None:
    points = [{"5": [1.0, 1.0], "10": [0.0, 1.0]}, {"5": [1.0, 1.0], "10": [0.0, -1.0]}]
    scores = [scored("a", [0.0, 1.0], 1 + r, hm_walk_points=points[r]) for r in range(2)]
    found: Any = walk_incoherence(estimator="plugin")(scores)
    # After 5 steps both stand at one point, after 10 on either side of the minimum.
    assert found["incoherence_step_5"] == 0 and found["incoherence_step_10"] == 1
