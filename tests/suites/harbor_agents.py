"""Agents of the Harbor test: the reference solution, nothing, and the solution in some epochs only."""

from inspect_ai.solver import Generate, Solver, TaskState, solver


@solver
def nothing() -> Solver:
    """Change nothing."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    return solve


@solver
def sometimes(right: int = 3) -> Solver:
    """Solve the task in the first epochs only."""
    from inspect_harbor import oracle

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await oracle()(state, generate) if state.epoch <= right else state

    return solve
