"""The solver that asks one question in the context of its epoch."""

from __future__ import annotations

from inspect_ai.model import ChatMessageUser
from inspect_ai.solver import Generate, Solver, TaskState, solver

from hotmess_inspect._inspect_private import prerequisite_error
from hotmess_inspect.multiple_choice.contexts import Contexts
from hotmess_inspect.multiple_choice.formats import FORMATS, check_choice
from hotmess_inspect.multiple_choice.letters import read_letter
from hotmess_inspect.multiple_choice.prompts import choice_prompt, closing_question
from hotmess_inspect.multiple_choice.question import Question
from hotmess_inspect.words import counted

__all__ = ["ASKED_AGAIN", "COMPLETION", "CONTEXT", "FORMAT", "ORDER", "ask_choice", "sample_question"]

# Names in the sample's store, by which the scorer knows what was shown, also in another process.
CONTEXT, FORMAT, ORDER, ASKED_AGAIN = "hm_context", "hm_format", "hm_order", "hm_asked_again"
COMPLETION = "hm_completion"


@solver
def ask_choice(
    contexts: Contexts | None = None,
    format: str = "letter",
    cot: bool = False,
    completion: bool | None = None,
    ask_again: bool = False,
) -> Solver:
    """Ask the sample's question once, with the examples and the order of choices of its epoch.

    Args:
        contexts: The few-shot design; zero-shot in the data set's order if not given.
        format: ``letter``, ``probability`` or ``logprob``.
        cot: Whether to ask for reasoning before the answer.
        completion: Whether the prompt ends where the letter is to follow; as for ``logprob`` if not given.
        ask_again: Whether an answer that cannot be read as a letter is followed by a closing question for the letter
            alone. The second answer counts, the tokens of both do.
    """
    check_choice("format", format, FORMATS)
    # A design given by its name comes from a log, whose task makes the real one.
    design = contexts if isinstance(contexts, Contexts) else Contexts()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        question = sample_question(state)
        order = design.order(question, state.epoch)
        examples = design.examples(question, state.epoch)
        text = choice_prompt(
            question, format=format, order=order, examples=examples, cot=cot, completion=completion
        )
        state.messages = [
            *(message for message in state.messages if message.role == "system"),
            ChatMessageUser(content=text),
        ]
        state.store.set(FORMAT, format)
        if completion:
            state.store.set(COMPLETION, True)
        state.store.set(ORDER, order)
        state.store.set(CONTEXT, design.label(state.epoch))
        state = await generate(state)
        if ask_again and format == "letter":
            shown = [question.choices[index] for index in order or range(len(question.choices))]
            if read_letter(state.output.completion, shown, truncated=_was_cut(state)) is None:
                state.store.set(ASKED_AGAIN, True)
                state.messages.append(ChatMessageUser(content=closing_question(len(shown))))
                state = await generate(state)
        if format == "logprob" and not (state.output.choices and state.output.choices[0].logprobs):
            raise prerequisite_error(
                f"format is 'logprob', but model {state.model} returned no log-probabilities; permitted for it "
                "are: letter, probability (-T format=letter)"
            )
        return state

    return solve


def _was_cut(state: TaskState) -> bool:
    return bool(state.output.choices) and state.output.stop_reason in ("max_tokens", "model_length")


def sample_question(state: TaskState) -> Question:
    """The question of a sample, as the data set gave it.

    Raises:
        PrerequisiteError: If the sample has no choices, or its target is none of their letters.
    """
    from hotmess_inspect.schema import class_index

    choices = tuple(choice.value for choice in state.choices)
    answer = class_index(state.target.text)
    if answer is None or answer >= len(choices):
        raise prerequisite_error(
            f"sample {state.sample_id!r} has the target {state.target.text!r} and {counted(len(choices), 'choice')}; "
            "permitted is the letter of one of them"
        )
    subject = str((state.metadata or {}).get("subject", ""))
    return Question(str(state.sample_id), state.input_text, choices, answer, subject)
