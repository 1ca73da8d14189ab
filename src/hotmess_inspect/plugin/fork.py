"""Run an epoch again from one of its steps: replay what was recorded, then let the model go on N times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect._inspect_private import registered_names
from hotmess_inspect.inference.quantiles import student_quantile
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.io.steps import digest
from hotmess_inspect.io.trajectories import CallsById
from hotmess_inspect.io.variants import FORK
from hotmess_inspect.plugin.replay import STORE, replaying_model
from hotmess_inspect.results.divergence import DivergeOptions, Paths, headline_outcomes
from hotmess_inspect.results.paths import read_with_paths
from hotmess_inspect.schema import Scale
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample
    from inspect_ai.model import Model, ModelOutput

_LIMITS = ("message_limit", "token_limit", "turn_limit", "time_limit", "working_limit")


@dataclass(frozen=True)
class Fork:
    """What going on from a step gave.

    Attributes:
        log: Path of the log that was written.
        question: The question.
        step: Number of the step from which the model went on.
        replayed: Turns that were replayed.
        epochs: Epochs with an outcome.
        variance: Unbiased variance of the outcome given the path up to the step; NaN with one epoch.
        interval: Its 95 % interval.
        observed: Unbiased variance of the recorded epochs that took the same path up to the step; NaN with fewer
            than two.
        observed_epochs: How many these are.
        whole: Unbiased variance of all recorded epochs of the question.
        states: Different states of the sandbox's files after the replay, over the epochs.
        recorded: The state at that turn of the recorded epoch, where it was noted.
        differing: Turns at which a tool answered otherwise than recorded, over all epochs.
    """

    log: str
    question: str
    step: int
    replayed: int
    epochs: int
    variance: float
    interval: tuple[float, float]
    observed: float
    observed_epochs: int
    whole: float
    states: tuple[str | None, ...]
    recorded: str | None
    differing: tuple[int, ...]

    @property
    def verified(self) -> bool:
        """Whether every replay led to one known state, the recorded one, and every tool answered as recorded.

        Few logs note the state of the sandbox; without it, equal answers of all tools and equal states of all
        replays must do.
        """
        one = len(self.states) == 1 and self.states[0] is not None
        return one and self.recorded in (None, *self.states) and not self.differing


def recorded_turns(sample: EvalSample, step: int) -> tuple[list[ModelOutput], list[list[int]]]:
    """The recorded answers of the model before the one that makes a step.

    Args:
        sample: The epoch.
        step: Number of a tool call, from 0; the number of calls goes on after the last one.

    Returns:
        The answers, and for each the digests of what its calls were answered.

    Raises:
        ValueError: If the epoch has no such step, or its model calls were not recorded.
    """
    from inspect_ai.event import ModelEvent, SpanBeginEvent, ToolEvent

    turns: list[ModelOutput] = []
    calls: list[list[int | None]] = []
    """Digest of what each call of each turn was answered, ``None`` where that is not known."""
    asked: CallsById[tuple[int, int]] = CallsById()
    for event in sample.events:
        if isinstance(event, SpanBeginEvent) and event.name == "scorers":
            break
        if isinstance(event, ModelEvent) and event.role is None and not event.error and event.output.choices:
            own = event.output.choices[0].message.tool_calls or []
            for place, call in enumerate(own):
                asked.ask(call.id, (len(turns), place))
            turns.append(event.output)
            calls.append([None] * len(own))
        elif isinstance(event, ToolEvent) and (found := asked.answer(event.id)) is not None:
            if event.error is None and isinstance(event.result, str):
                calls[found[0]][found[1]] = digest(event.result)
    total = sum(len(own) for own in calls)
    if not turns:
        raise ValueError("the log holds no model calls of this epoch: nothing can be replayed")
    if not 0 <= step <= total:
        raise ValueError(
            f"step {step} does not exist: the epoch has the steps 0 to {total - 1}, and {total} for after"
        )
    kept, before = 0, 0
    while kept < len(turns) and before + len(calls[kept]) <= step and not (calls[kept] and before == step):
        before += len(calls[kept])
        kept += 1
        if before == step and kept < len(turns) and calls[kept]:
            break
    # An answer without calls ends most agents' loop: it is the model's to give again.
    while kept and not calls[kept - 1] and kept == len(turns):
        kept -= 1
    known = [[one for one in own if one is not None] for own in calls[:kept]]
    return turns[:kept], [one if len(one) == len(own) else [] for one, own in zip(known, calls, strict=False)]


def fork_log(
    location: str,
    *,
    question: str,
    epoch: int,
    step: int,
    epochs: int,
    model: str | None = None,
    log_dir: str | None = None,
    grain: str = "target",
    every_turn: bool = False,
    display: str = "none",
    scale: Scale | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> Fork:
    """Replay an epoch up to a step in a fresh sandbox, and let the model go on several times.

    The task is made anew as the log describes it, with its own agent and scorer. No model is called for what is
    replayed. The log that is written is an ordinary one, of the same task and model.

    Args:
        location: The log.
        question: The question's id.
        epoch: Number of the epoch.
        step: Number of the tool call, from 0, that the model makes anew.
        epochs: How often it goes on.
        model: Another model to go on; the log's own by default.
        log_dir: Where the new log goes; Inspect's own default otherwise.
        grain: At which grain recorded epochs count as being on the same path.
        every_turn: Whether the sandbox's state is noted at every turn.
        display: Inspect's display while it runs.
        scale: What the scores mean; None takes what the log says.
        told: Called with a sentence on what it costs, when nothing is known against it any more.

    Returns:
        What it gave, and whether the replays are verified.

    Raises:
        ValueError: If the log has no such epoch or step, its task cannot be made again, or the run failed.
    """
    from inspect_ai import eval
    from inspect_ai.log import read_eval_log, read_eval_log_sample
    from inspect_ai.model import GenerateConfig, get_model

    header = read_eval_log(location, header_only=True)
    try:
        sample = read_eval_log_sample(
            location, _sample_id(location, question), epoch, resolve_attachments="full"
        )
    except (IndexError, KeyError) as error:
        raise ValueError(f"{location} has no epoch {epoch} of question {question!r}") from error
    turns, answers = recorded_turns(sample, step)
    spec = header.eval
    real: Model = get_model(
        model or spec.model,
        config=GenerateConfig() if model else spec.model_generate_config,
        **({} if model else spec.model_args),
    )
    task = _task_of(spec)
    told(f"The model goes on {counted(epochs, 'time')} from step {step}; what is replayed costs no tokens.")
    logs = eval(
        task,
        task_args=dict(spec.task_args_passed or spec.task_args),
        model=replaying_model(real, turns, answers, every_turn=every_turn),
        solver=_solver_of(spec),
        sample_id=[sample.id],
        epochs=epochs,
        log_dir=log_dir,
        display=display,  # type: ignore[arg-type]
        metadata={FORK: {"log": location, "question": question, "epoch": epoch, "step": step}},
        **{name: value for name in _LIMITS if (value := getattr(spec.config, name, None)) is not None},
    )
    if not logs:
        raise KeyboardInterrupt  # Inspect returns nothing where it was interrupted
    made = logs[0]
    if made.status != "success":
        failed = next((sample.error for sample in made.samples or [] if sample.error), made.error)
        why = failed.message if failed else made.status
        raise ValueError(f"the run from step {step} on did not succeed: {why}")
    mark_branches(made.location, len(turns))
    return _result(
        location,
        made,
        question=question,
        epoch=epoch,
        step=step,
        replayed=len(turns),
        grain=grain,
        recorded=_state_at((sample.store or {}).get(STORE) or {}, len(turns)),
        scale=scale,
    )


def _sample_id(location: str, question: str) -> int | str:
    """The id as the log has it; questions are known by its text."""
    from inspect_ai.log import read_eval_log_sample_summaries

    for summary in read_eval_log_sample_summaries(location):
        if str(summary.id) == question:
            return summary.id
    raise ValueError(f"{location} has no question {question!r}")


def _task_of(spec: Any) -> str:
    if spec.task_file:
        if not Path(spec.task_file).is_file():
            raise ValueError(f"the log's task is in {spec.task_file}, which {Path.cwd()} does not have")
        return f"{spec.task_file}@{spec.task_registry_name or spec.task}"
    name = str(spec.task_registry_name or spec.task)
    known = registered_names("task", name.partition("/")[0] if "/" in name else "")
    if known and name not in known and not name.startswith("hf/"):
        raise ValueError(f"the log's task {name} is not installed here")
    return name


def _solver_of(spec: Any) -> Any:
    """The solver that was given instead of the task's own; ``None`` where it was the task's."""
    if not spec.solver:
        return None
    from inspect_ai.solver import SolverSpec

    return SolverSpec(spec.solver, dict(spec.solver_args or {}))


def _result(
    location: str,
    made: EvalLog,
    *,
    question: str,
    epoch: int,
    step: int,
    replayed: int,
    grain: str,
    recorded: str | None,
    scale: Scale | None,
) -> Fork:
    notes = [(sample.store or {}).get(STORE) or {} for sample in made.samples or []]
    states = tuple(dict.fromkeys(_state_at(note, replayed) for note in notes))
    differing = sorted({int(turn) for note in notes for turn in note.get("differing", [])})
    outcomes = headline_outcomes(read_inputs([made.location], scale=scale).outcomes).get(question)
    values = np.zeros((0, 1)) if outcomes is None else outcomes.deviation
    largest = 1.0 if outcomes is None else outcomes.largest
    options = DivergeOptions(grain=grain)
    walked = read_with_paths([location], options, scale=scale)
    known = headline_outcomes(walked.inputs.outcomes).get(question)
    same, whole = np.zeros((0, 1)), float("nan")
    if known is not None:
        whole = unbiased_variance(known.deviation)
        same = known.deviation[_same_path(known.epochs, walked.paths, epoch, step)]
    return Fork(
        log=made.location,
        question=question,
        step=step,
        replayed=replayed,
        epochs=len(values),
        variance=unbiased_variance(values),
        interval=variance_interval(values, largest),
        observed=unbiased_variance(same),
        observed_epochs=len(same),
        whole=whole,
        states=states,
        recorded=recorded,
        differing=tuple(differing),
    )


def _state_at(note: dict[str, Any], turn: int) -> str | None:
    return next((state for at, state in note.get("states", []) if at == turn), None)


def _same_path(epochs: Sequence[tuple[str, str, int]], paths: Paths, epoch: int, step: int) -> list[int]:
    """Places of the epochs whose first steps are those of the chosen one."""
    labels = {
        key[2]: [(s.tool, s.target, s.label) for s in path.steps[:step]]
        for key in epochs
        if (path := paths.by_epoch.get(key)) is not None and len(path.steps) >= step
    }
    return [place for place, key in enumerate(epochs) if labels.get(key[2]) == labels.get(epoch, [None])]


def unbiased_variance(values: NDArray[np.float64]) -> float:
    """Mean over pairs of ‖Y_i − Y_j‖²/2; NaN with fewer than two epochs."""
    if len(values) < 2:
        return float("nan")
    pairs = [float(np.square(a - b).sum()) / 2 for a, b in combinations(values, 2)]
    return sum(pairs) / len(pairs)


def variance_interval(values: NDArray[np.float64], largest: float) -> tuple[float, float]:
    """A 95 % interval of the variance of epochs of one path, by the jackknife.

    Where all epochs ended alike, another ending has a probability of at most ε = 1 − .05^(1/N) (95 %), and the
    variance is at most ε(1 − ε) times the largest ‖Y_i − Y_j‖².

    Args:
        values: Outcomes, shape (epochs, dims).
        largest: Largest possible ‖Y_i − Y_j‖².

    Returns:
        Both ends; NaN with fewer than two epochs, or fewer than three that differ.
    """
    count = len(values)
    if count < 2:
        return float("nan"), float("nan")
    whole = unbiased_variance(values)
    if whole <= 1e-15:
        other = min(1 - 0.05 ** (1 / count), 0.5)
        return 0.0, largest * other * (1 - other)
    if count < 3:
        return float("nan"), float("nan")
    left_out = np.array([unbiased_variance(np.delete(values, place, axis=0)) for place in range(count)])
    error = float(np.sqrt((count - 1) / count * np.square(left_out - left_out.mean()).sum()))
    # Balanced outcomes leave every variance without one epoch the same: their spread says nothing.
    error = max(error, 1e-12)
    half = student_quantile(count - 1, 0.975) * error
    return max(0.0, whole - half), min(largest / 2, whole + half)


def mark_branches(location: str, replayed: int) -> None:
    """Mark in a log where its epochs leave the replay, so that the viewer draws them as branches.

    An anchor stands behind what was replayed, and what follows in the agent's span is put into a span of type
    "branch" that starts from it.
    """
    from inspect_ai.event import AnchorEvent, BranchEvent, ModelEvent, SpanBeginEvent, SpanEndEvent
    from inspect_ai.log import read_eval_log, write_eval_log

    log = read_eval_log(location)
    for sample in log.samples or []:
        seen, place = 0, None
        for number, event in enumerate(sample.events):
            if isinstance(event, ModelEvent) and event.role is None and not event.error:
                if seen == replayed:
                    place = number
                    break
                seen += 1
        if place is None:
            continue
        first = sample.events[place]
        outer = first.span_id
        end = next(
            (
                number
                for number, event in enumerate(sample.events[place:], place)
                if isinstance(event, SpanEndEvent) and event.id == outer
            ),
            len(sample.events),
        )
        branch, anchor = f"fork-{sample.epoch}", f"fork-{sample.epoch}-anchor"
        times: dict[str, Any] = {"timestamp": first.timestamp, "working_start": first.working_start}
        for event in sample.events[place:end]:
            if isinstance(event, SpanBeginEvent) and event.parent_id == outer:
                event.parent_id = branch
            elif event.span_id == outer:
                event.span_id = branch
        sample.events[end:end] = [SpanEndEvent(id=branch, span_id=branch, **times)]
        sample.events[place:place] = [
            AnchorEvent(anchor_id=anchor, span_id=outer, source="hotmess fork", **times),
            SpanBeginEvent(
                id=branch,
                name=f"epoch {sample.epoch}",
                type="branch",
                parent_id=outer,
                span_id=branch,
                **times,
            ),
            BranchEvent(from_anchor=anchor, span_id=branch, **times),
        ]
    write_eval_log(log, location)
