"""Asking one rater."""

from __future__ import annotations

from inspect_ai.solver import Generate, Solver, TaskState, solver

QUESTION, NAMES, CATEGORIES = "survey_question", "survey_entities", "survey_categories"


@solver
def survey_rater(format: str = "ranking", pairs: int = 60, personas: bool = True, seed: int = 0) -> Solver:
    """Put the question to the rater whose number the epoch gives, and take one reply.

    Args:
        format: "ranking" of the whole list, or "pairs".
        pairs: Pairs that each rater compares.
        personas: Whether each rater is somebody else; else only the order of the list differs.
        seed: Of personas, orders and pairs.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        from hotmess_inspect.experiments.survey import prompts

        question, names = state.metadata[QUESTION], state.metadata[NAMES]
        rater = prompts.rater_number(question, state.epoch)
        who = prompts.persona(rater, seed) if personas else ""
        if format == "pairs":
            asked = prompts.pairs_for(len(names), pairs, rater, seed)
            state.metadata["survey_pairs"] = asked
            state.user_prompt.text = prompts.pairs_prompt(question, names, asked, who)
        else:
            order = prompts.shuffled(len(names), rater, seed)
            state.user_prompt.text = prompts.ranking_prompt(question, names, order, who)
        return await generate(state)

    return solve
