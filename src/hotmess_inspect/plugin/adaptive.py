"""Adaptive epochs for any Inspect task: waves, each an ordinary log whose epochs go on where the last one's ended.

A wave is one `inspect_ai.eval` with as many epochs as any question is to have, whose early-stopping manager leaves out
what the wave does not plan. The plan is fixed before the wave starts, so that no order of samples, no parallelism and no
retry changes it. Epoch numbers go on from wave to wave: few-shot contexts, seeds and caches see the epochs that a plain run
would see. A folder of waves is all there is: run again, the same command goes on with whatever lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess_inspect.io.logs import Inputs, read_inputs
from hotmess_inspect.results.adaptive import AdaptiveOptions, Look, group_for, look
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.schema import ADAPTIVE
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.dataset import Sample
    from inspect_ai.log import EvalSpec
    from inspect_ai.scorer import SampleScore
    from inspect_ai.util import EarlyStop

ATTEMPTS = 2
"""An epoch that ended in an error so often counts as missing."""


@dataclass(frozen=True)
class AdaptiveRun:
    """How an adaptive run ended.

    Attributes:
        result: The group of the quantity, over all waves.
        last: What was seen at the end.
        waves: Waves that were run.
        missing: Planned epochs that ended in errors.
    """

    result: GroupResult
    last: Look
    waves: int
    missing: int


class PlannedEpochs:
    """Early-stopping manager that runs the epochs of a plan and no others, whatever the answers are."""

    def __init__(self, planned: set[tuple[str, int]]) -> None:
        self.planned = planned

    async def start_task(self, task: EvalSpec, samples: list[Sample], epochs: int) -> str:
        """Name of the manager."""
        return "hotmess run"

    async def schedule_sample(self, id: str | int, epoch: int) -> EarlyStop | None:
        """Leave out what this wave does not plan."""
        from inspect_ai.util import EarlyStop

        return (
            None
            if (str(id), epoch) in self.planned
            else EarlyStop(id=id, epoch=epoch, reason="not of this wave")
        )

    async def complete_sample(self, id: str | int, epoch: int, scores: dict[str, SampleScore]) -> None:
        """Nothing: no answer changes the plan of a wave."""

    async def complete_task(self) -> dict[str, Any]:
        """Nothing to tell."""
        return {}


def run_adaptive(
    load: Callable[[], Task],
    model: Any,
    options: AdaptiveOptions,
    folder: str,
    *,
    limit: int | None = None,
    told: Callable[[str], None] = lambda text: None,
    **evaluation: Any,
) -> AdaptiveRun:
    """Run waves of epochs until the interval is as narrow as wanted, or nothing more can be done.

    Args:
        load: Makes a new task; called for every wave.
        model: Model or its name.
        options: What the run is for.
        folder: Where the waves' logs are, of this run and of nothing else; what is there counts.
        limit: First questions of the task to take; ``None`` for all.
        told: Called with a sentence before and after every wave.
        **evaluation: Further arguments of `inspect_ai.eval`.

    Raises:
        ValueError: If the folder holds something else, the task stops samples itself, or a wave brings no epoch.
        KeyboardInterrupt: If a wave was interrupted; the same call goes on with it.
    """
    if "://" in folder:
        raise ValueError(f"{folder}: the waves' logs need a folder on this machine")
    if isinstance(model, str):
        from inspect_ai.model import get_model

        # What cannot be called is refused before a task is loaded.
        get_model(model, base_url=evaluation.get("model_base_url"), **evaluation.get("model_args") or {})
    task = load()
    first = _numbered(task)
    if first and first != (again := _numbered(load())) and sorted(first) == sorted(again):
        raise ValueError(
            "the task's questions have no ids and stand in another order each time it is made: give its samples ids, or "
            "shuffle them with a seed"
        )
    dataset = _prepared(task, limit).dataset
    ids = [str(sample.id) for sample in dataset]
    field = options.cluster
    if field not in (None, "none") and any(field not in (sample.metadata or {}) for sample in dataset):
        raise ValueError(f"cluster={field!r}: the metadata of some of the task's samples lack this field")
    Path(folder).mkdir(parents=True, exist_ok=True)
    while True:
        waves = _Waves.read(folder, ids, options)
        todo = waves.lacking()
        if todo:
            told(
                f"wave {waves.number}: {counted(len(todo), 'epoch')} of {counted(len({q for q, _ in todo}), 'question')}"
            )
            _run_wave(load, model, waves, todo, options, folder, limit, evaluation)
            before, waves = waves, _Waves.read(folder, ids, options)
            if waves.lacking() and len(waves.lacking()) == len(todo) and waves.failures == before.failures:
                raise ValueError(f"wave {waves.number} brought no epoch; the newest log in {folder} says why")
            continue
        result = group_for(analyze(waves.inputs.outcomes, Options())[0], options.scorer)
        seen = look(result, waves.until, options)
        told(f"after wave {waves.number}: {seen.said(options)}, {counted(seen.epochs, 'epoch')}")
        if seen.end:
            return AdaptiveRun(result, seen, waves.number, waves.given_up)
        waves = waves.next(seen.until)
        todo = waves.lacking()
        told(
            f"wave {waves.number}: {counted(len(todo), 'epoch')} of {counted(len({q for q, _ in todo}), 'question')}"
        )
        _run_wave(load, model, waves, todo, options, folder, limit, evaluation)


@dataclass(frozen=True)
class _Waves:
    """What a folder holds of a run.

    Attributes:
        inputs: All its rows.
        number: Number of the last wave.
        until: Epochs of each question after it, as planned.
        done: Question and epoch of what is there for good.
        failures: Epochs that ended in an error in a log that ended by itself, each as often as it did.
        given_up: Different epochs among `done` that are only errors.
    """

    inputs: Inputs
    number: int
    until: Mapping[str, int]
    done: frozenset[tuple[str, int]]
    failures: int
    given_up: int

    @classmethod
    def read(cls, folder: str, ids: list[str], options: AdaptiveOptions) -> _Waves:
        if not any(Path(folder).glob("*.eval")) and not any(Path(folder).glob("*.json")):
            inputs = read_inputs([])
            return cls(inputs, 1, dict.fromkeys(ids, options.pilot), frozenset(), 0, 0)
        inputs = read_inputs([folder], cluster=options.cluster)
        number, until = 0, dict[str, int]()
        for log in inputs.logs:
            own = log.adaptive
            if not own:
                raise ValueError(f"{log.path} is no wave of hotmess run; give another --log-dir")
            if own.get("pilot") != options.pilot or own.get("quantity") != options.quantity:
                raise ValueError(
                    f"{log.path} is of a run with --pilot {own.get('pilot')} --quantity {own.get('quantity')}: go on with these, "
                    "or give another --log-dir"
                )
            if own["wave"] > number:
                number, until = own["wave"], dict(own["until"])
        if number and set(until) != set(ids):
            raise ValueError(
                f"the waves in {folder} are of other questions than the task has now; give another --log-dir"
            )
        o = inputs.outcomes
        ended = {log.path for log in inputs.logs if log.status in ("success", "error")}
        question, path = o.question.values(), o.log.values()
        failed = o.status.equals("errored")
        good = ~failed & ~o.status.equals("missing")
        done = {(str(question[i]), int(o.epoch[i])) for i in np.flatnonzero(good)}
        errors: dict[tuple[str, int], set[str]] = {}
        for i in np.flatnonzero(failed):
            if path[i] in ended:
                errors.setdefault((str(question[i]), int(o.epoch[i])), set()).add(str(path[i]))
        hopeless = {pair for pair, logs in errors.items() if len(logs) >= ATTEMPTS} - done
        failures = sum(map(len, errors.values()))
        return cls(inputs, number, until, frozenset(done | hopeless), failures, len(hopeless))

    def lacking(self) -> list[tuple[str, int]]:
        """What the last wave and those before it plan and is not there."""
        return [(q, e) for q, n in self.until.items() for e in range(1, n + 1) if (q, e) not in self.done]

    def next(self, until: Mapping[str, int]) -> _Waves:
        """The next wave, with nothing of it done."""
        return _Waves(self.inputs, self.number + 1, until, self.done, self.failures, self.given_up)


def _numbered(task: Task) -> list[str]:
    """Inputs of the questions that are known by their place in the task alone."""
    return [
        s.input if isinstance(s.input, str) else "\n".join(message.text for message in s.input)
        for s in task.dataset
        if s.id is None
    ]


def _prepared(task: Task, limit: int | None) -> Task:
    """The task with an id for every sample, and with as many of them as are wanted."""
    if getattr(task, "early_stopping", None) is not None:
        raise ValueError("the task has early stopping of its own, which would stop what a wave plans")
    for number, sample in enumerate(task.dataset, 1):
        sample.id = number if sample.id is None else sample.id
    if limit is not None:
        task.dataset = task.dataset[:limit]
    return task


def _run_wave(
    load: Callable[[], Task],
    model: Any,
    waves: _Waves,
    todo: list[tuple[str, int]],
    options: AdaptiveOptions,
    folder: str,
    limit: int | None,
    evaluation: Mapping[str, Any],
) -> None:
    from inspect_ai import eval

    task = _prepared(load(), limit)
    task.early_stopping = PlannedEpochs(set(todo))
    wanted = {question for question, _ in todo}
    some: Any = None
    if len(wanted) < len(task.dataset):
        some = [sample.id for sample in task.dataset if str(sample.id) in wanted]
    record = {"wave": waves.number, **asdict(options), "until": dict(waves.until)}
    logs = eval(
        task,
        model=model,
        epochs=max(epoch for _, epoch in todo),
        sample_id=some,
        metadata={**evaluation.get("metadata", {}), ADAPTIVE: record},
        log_dir=folder,
        **{"fail_on_error": False, **{k: v for k, v in evaluation.items() if k != "metadata"}},
    )
    if not logs or any(log.status == "cancelled" for log in logs):
        raise KeyboardInterrupt  # Inspect returns no log or a cancelled one; to go on would ask for what was just stopped
