"""Tasks of somebody's own, in a file: several scorers, metrics in several places, a dictionary, odd values."""

from typing import Any

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, accuracy, match, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate

from hotmess_inspect.plugin.repeat import repeat


def dataset(questions: int = 3) -> MemoryDataset:
    return MemoryDataset(
        [
            Sample(id=f"q{i}", input=f"What is {i} plus {i}?", target=str(2 * i))
            for i in range(1, questions + 1)
        ]
    )


def scorer_of(values: Any) -> Any:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=values(state), answer=state.output.completion)

    return score


@scorer(metrics=[mean(), stderr()])
def points(factor: int = 10) -> Scorer:
    return scorer_of(lambda state: factor * (state.epoch % 2))


@scorer(metrics={"*": [mean()]})
def parts() -> Scorer:
    return scorer_of(lambda state: {"early": state.epoch % 2, "late": 1})


@scorer(metrics=[accuracy()])
def words() -> Scorer:
    return scorer_of(lambda state: "splendid")


@task
def several(questions: int = 3, epochs: int = 1) -> Task:
    return Task(
        dataset=dataset(questions),
        solver=generate(),
        scorer=[match(), points(), points(1), parts()],
        epochs=epochs,
    )


@task
def shared_metrics() -> Task:
    return Task(
        dataset=dataset(), solver=generate(), scorer=points(1), metrics=[accuracy()], epochs=Epochs(3, "mode")
    )


@task
def unreadable() -> Task:
    return Task(dataset=dataset(), solver=generate(), scorer=words())


@task
def unscored() -> Task:
    return Task(dataset=dataset(), solver=generate())


@task
def with_ours() -> Task:
    return Task(dataset=dataset(), solver=generate(), scorer=[match(), repeat(source="match")], epochs=2)
