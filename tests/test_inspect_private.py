"""Holds the private accesses to the installed Inspect: a release that moves them fails here."""

import anyio
import pytest
from inspect_ai import Epochs, Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, ScoreReducer, includes, score_reducer
from inspect_ai.solver import solver

from hotmess_inspect._inspect_private import active_epoch, active_sample, prerequisite_error, register_as

SEEN: list[tuple[object, object, object]] = []


@solver
def look():
    async def solve(state, generate):
        sample = active_sample()
        SEEN.append((active_epoch(), sample.id, sample.target))
        return state

    return solve


def test_sample_and_epoch_are_those_of_the_running_sample(tmp_path):
    SEEN.clear()
    quiet = ModelOutput.from_content("mockllm", "x")
    quiet.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    task = Task(
        dataset=MemoryDataset(
            [Sample(id="one", input="a", target="x"), Sample(id="two", input="b", target="y")]
        ),
        solver=look(),
        scorer=includes(),
    )
    model = get_model("mockllm/model", custom_outputs=[quiet] * 10)
    eval(task, model=model, epochs=3, display="none", log_dir=str(tmp_path))
    assert sorted(SEEN) == [
        (epoch, name, target) for epoch in (1, 2, 3) for name, target in (("one", "x"), ("two", "y"))
    ]


def test_outside_a_sample_there_is_neither():
    async def ask():
        return active_sample(), active_epoch()

    assert anyio.run(ask) == (None, None)


def test_prerequisite_errors_are_what_inspect_prints_as_one_sentence():
    problem = prerequisite_error("no model named x")
    assert type(problem).__name__ == "PrerequisiteError"
    with pytest.raises(Exception, match="no model named x"):
        raise problem


@score_reducer
def last_epoch() -> ScoreReducer:
    def reduce(scores: list[Score]) -> Score:
        return scores[-1]

    return reduce


def test_a_component_is_found_under_a_further_name():
    register_as(last_epoch, "further/last")
    reducer = Epochs(2, "further/last").reducer
    assert reducer is not None
    assert reducer[0]([Score(value=0.0), Score(value=1.0)]).value == 1.0


def test_an_installed_restic_is_taken_from_the_cache(tmp_path, monkeypatch):
    resolver = pytest.importorskip(
        "inspect_ai.util._restic.resolver", reason="this Inspect has no checkpoints"
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = resolver.cache_path(resolver._current_platform())
    assert tmp_path in place.parents
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("")
    assert anyio.run(resolver.resolve_restic) == place
