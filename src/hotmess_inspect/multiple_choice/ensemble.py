"""Ensembles as solvers: ask several times within one epoch, and answer once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from copy import deepcopy

from inspect_ai.solver import Generate, Solver, TaskState, multiple_choice, solver
from inspect_ai.solver import generate as plain_generate
from inspect_ai.util import collect, registry_create, sandbox

from hotmess_inspect._inspect_private import ENSEMBLE_MEMBER, prerequisite_error
from hotmess_inspect.multiple_choice.formats import check_choice
from hotmess_inspect.multiple_choice.letters import read_letter
from hotmess_inspect.multiple_choice.solver import FORMAT, ORDER

__all__ = ["VOTES", "ensemble"]

VOTES = "hm_votes"
"""Name in the sample's store: what each member answered."""
COMBINE = ("majority", "average")


@solver
def ensemble(members: int = 5, combine: str = "majority", solver: Solver | str | None = None) -> Solver:
    """Let a solver answer several times from the same start, and answer with what they have in common.

    The members are draws of their own. "average" answers with each choice's share of the votes, as stated
    probabilities: of E members the variance is 1/E of that of one answer and the squared bias is unchanged (Brier
    loss, independent members). "majority" answers with the most frequent answer: its variance falls where one
    answer leads clearly, and so does its squared bias where that is the right one, but grows where it is wrong.

    For tasks whose state can be reset: a sample with a sandbox is refused, since what one member did there the next
    would find. Usage counts all members.

    Args:
        members: Answers per epoch, from 1.
        combine: "majority", or "average" (choices asked by `ask_choice` for letters; scored by `choice_scorer`).
        solver: What a member does: a solver, or its registered name; `multiple_choice` for samples with choices and
            `generate` for others if not given.

    Returns:
        A solver whose state is that of the first member with the answer, and whose store lists all votes.

    Raises:
        PrerequisiteError: If an option is wrong, the sample has a sandbox, or votes cannot be averaged.

    Examples:
        From the command line, zero-shot on any task with choices::

            inspect eval hotmess/mmlu -T contexts=0 --solver hotmess/ensemble -S members=5 -S solver=hotmess/ask_choice
    """
    check_choice("combine", combine, COMBINE)
    if members < 1:
        raise prerequisite_error(f"members is {members}; permitted are numbers from 1")
    given = registry_create("solver", solver) if isinstance(solver, str) else solver

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if _has_sandbox():
            raise prerequisite_error(
                "hotmess/ensemble: the sample has a sandbox, which cannot be reset between members; permitted are tasks without"
            )
        inner = given or (multiple_choice() if len(state.choices) else plain_generate())

        async def member(number: int) -> TaskState:
            token = ENSEMBLE_MEMBER.set(number)
            try:
                return await inner(deepcopy(state), generate)
            finally:
                ENSEMBLE_MEMBER.reset(token)

        ended = await collect(*(member(number) for number in range(members)))
        votes = [_answer(one) for one in ended]
        counted = Counter(vote for vote in votes if vote is not None)
        # Ties go to the answer that came first, which is any of them: members are draws alike.
        most = counted.most_common(1)[0][0] if counted else None
        chosen = ended[votes.index(most)]
        state.messages, state.output, state.completed = chosen.messages, chosen.output, chosen.completed
        for index, choice in enumerate(chosen.choices):
            if choice.correct is not None:
                state.choices.mark_choice(index, choice.correct)
        for key, value in chosen.store.items():
            state.store.set(key, value)
        state.store.set(VOTES, [None if vote is None else str(vote) for vote in votes])
        if combine == "average" and counted:
            _state_shares(state, counted)
        return state

    return solve


def _has_sandbox() -> bool:
    try:
        sandbox()
    except Exception:  # Inspect has no public name for what it raises where a sample has no sandbox
        return False
    return True


def _answer(state: TaskState) -> Hashable | None:
    """What a member answered: its choices in the data set's order, or its text; None where it cannot be read."""
    if not len(state.choices):
        return " ".join(state.output.completion.split()).casefold() or None
    marked = [choice.correct for choice in state.choices]
    if any(mark is not None for mark in marked):
        return tuple(index for index, mark in enumerate(marked) if mark) or None
    asked = state.store.get(FORMAT)
    if asked not in (None, "letter"):
        raise prerequisite_error(
            f"hotmess/ensemble: members state {asked!r}; permitted are letters (-T format=letter)"
        )
    order = state.store.get(ORDER) or list(range(len(state.choices)))
    place = read_letter(state.output.completion, [state.choices[index].value for index in order])
    return None if place is None else order[place]


def _state_shares(state: TaskState, counted: Counter[Hashable]) -> None:
    """Write each choice's share of the votes as stated probabilities, in the order in which choices were shown."""
    if state.store.get(FORMAT) != "letter":
        raise prerequisite_error(
            "hotmess/ensemble: combine is 'average', which needs choices asked by hotmess/ask_choice; permitted here is majority"
        )
    total = sum(counted.values())
    order = state.store.get(ORDER) or list(range(len(state.choices)))
    shares = ", ".join(f"{counted[index] / total:.6g}" for index in order)
    state.output.completion = f"<PROB> {shares} </PROB>"
    state.store.set(FORMAT, "probability")
