"""The solver of ``hotmess/optimizer``: ask for an update, add it, ask again from where that leads."""

from dataclasses import asdict
from typing import Any

from inspect_ai.model import ChatMessageUser, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

# Names in TaskState.metadata.
START, WALK, UNREAD, PLANNED = "start", "walk", "unread_updates", "planned_steps"


@solver
def walk(problem: dict[str, Any], steps: int) -> Solver:
    """Walk from the sample's start by updates that the model writes, one model call per step.

    Every call is Markovian: it holds the position and no earlier one. An update that cannot be read leaves the position
    where it is and is counted. The walk stands in the sample's metadata: ``walk``, a text per position, start first.

    Args:
        problem: Fields of a ``ProblemConfig``.
        steps: Updates to make.
    """
    from hotmess_inspect.experiments.optimizer.problem import ProblemConfig

    config = ProblemConfig(**problem)
    if steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}")

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        from hotmess_inspect.experiments.optimizer.prompt import read_update, step_prompt

        number, surface = config.number, config.teacher().quadratic
        units = number.decode_units(number.from_text(state.metadata[START], config.dims))
        # Put in place before the first call, so that a walk which a limit ends is scored as far as it came.
        walked: list[str] = [state.metadata[START]]
        state.metadata |= {WALK: walked, UNREAD: 0, PLANNED: steps}
        model = get_model()
        for step in range(steps):
            prompt = ChatMessageUser(content=step_prompt(config, surface, units, step))
            state.output = await model.generate([prompt])
            update = read_update(state.output.completion, config)
            if update is None:
                state.metadata[UNREAD] += 1
            else:
                units = number.round_units(units + update)
            walked.append(number.to_text(number.encode_units(units)))
            if state.output.choices:
                state.messages = [prompt, state.output.message]
        return state

    return solve


def problem_fields(problem: Any) -> dict[str, Any]:
    """A problem as the plain values that survive a log."""
    return asdict(problem)
