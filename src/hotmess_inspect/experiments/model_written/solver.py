"""Asking: the question with its choices, or without them."""

from __future__ import annotations

from inspect_ai.solver import Generate, Solver, TaskState, solver

CHOICE_PROMPT = """{question}

Choices:
{choices}

Think about it as long as you need. End your reply with the letter of your choice between tags, and nothing after
it: <answer>X</answer>"""

OPEN_PROMPT = """{question}

Think about it as long as you need. End your reply with what you would answer, in your own words and in at most
three sentences, between tags and with nothing after them: <answer>...</answer>"""

FORMATS = ("choice", "open")


@solver
def model_written_question(format: str = "choice") -> Solver:
    """Ask a model-written question and take one reply.

    Args:
        format: "choice" shows the choices and asks for a letter, "open" leaves them out.

    Raises:
        ValueError: If the format is unknown.
    """
    if format not in FORMATS:
        raise ValueError(f"format={format!r} is not one of {', '.join(map(repr, FORMATS))}")

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        question = state.user_prompt.text
        if format == "open":
            state.user_prompt.text = OPEN_PROMPT.format(question=question)
        else:
            listed = "\n".join(
                f" ({chr(ord('A') + place)}) {choice.value}" for place, choice in enumerate(state.choices)
            )
            state.user_prompt.text = CHOICE_PROMPT.format(question=question, choices=listed)
        return await generate(state)

    return solve
