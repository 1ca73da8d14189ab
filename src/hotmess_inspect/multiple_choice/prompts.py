"""The text that a model reads: instructions, examples, question, choices."""

from __future__ import annotations

from collections.abc import Sequence

from hotmess_inspect.multiple_choice.question import Question
from hotmess_inspect.schema import class_label

__all__ = ["choice_prompt", "closing_question"]

_LETTER = (
    "Answer the following multiple choice question. {think}The last line of your answer has the form "
    "'ANSWER: $LETTER' (without quotes), where $LETTER is one of {letters}."
)
_PROBABILITY = (
    "Answer the following multiple choice question. {think}State how likely each choice is to be the right one. "
    "The last line of your answer has the form\n"
    "<PROB> {slots} </PROB>\n"
    "with {count} numbers from 0 to 1, in the order of the choices, that sum to 1."
)
_COMPLETION = (
    "Answer the following multiple choice question with one of the letters {letters} and nothing else."
)
_CLOSING = "Which one is it? Reply with one of the letters {letters} and nothing else."
_THINK = "Think step by step before you answer. "
_EXAMPLES = "Examples with their right answers:"
_QUESTION = "Now answer this question."

# What the answer of an example looks like, and what the question ends with.
_LEADS = {"letter": "ANSWER: ", "probability": "", "completion": "Answer: "}


def choice_prompt(
    question: Question,
    *,
    format: str,
    order: Sequence[int] | None = None,
    examples: Sequence[Question] = (),
    cot: bool = False,
    completion: bool | None = None,
) -> str:
    """Ask a question in one message.

    Args:
        question: The question.
        format: ``letter``, ``probability`` or ``logprob``.
        order: Indices of the choices in the order in which they are shown; the data set's if not given.
        examples: Questions that are shown with their answers first, choices in the data set's order.
        cot: Whether to ask for reasoning before the answer; of no effect on completions.
        completion: Whether the message ends where the letter is to follow, as base models need it; as for
            ``logprob`` if not given.

    Returns:
        The message.
    """
    if completion is None:
        completion = format == "logprob"
    style = "completion" if completion else format
    shown = list(range(len(question.choices))) if order is None else list(order)
    parts = [instructions(len(shown), style, cot)]
    if examples:
        parts.append(_EXAMPLES)
        parts += [_asked(example, None) + "\n" + _answered(example, style) for example in examples]
        parts.append(_QUESTION)
    parts.append(_asked(question, shown))
    text = "\n\n".join(parts)
    return f"{text}\n{_LEADS['completion'].strip()}" if completion else text


def closing_question(count: int) -> str:
    """What is asked where no letter could be read, for a number of choices."""
    return _CLOSING.format(letters=_letters(count))


def _letters(count: int) -> str:
    labels = [class_label(index) for index in range(count)]
    return ", ".join(labels[:-1]) + f" and {labels[-1]}"


def instructions(count: int, style: str, cot: bool = False) -> str:
    """What to do and in which form ("letter", "probability", "completion"), for a number of choices."""
    labels = [class_label(index) for index in range(count)]
    letters = _letters(count)
    think = _THINK if cot else ""
    if style == "letter":
        return _LETTER.format(think=think, letters=letters)
    if style == "completion":
        return _COMPLETION.format(letters=letters)
    slots = ", ".join(f"p{label}" for label in labels)
    return _PROBABILITY.format(think=think, slots=slots, count=count)


def _asked(question: Question, order: Sequence[int] | None) -> str:
    places = range(len(question.choices)) if order is None else order
    lines = [f"{class_label(place)}) {question.choices[index]}" for place, index in enumerate(places)]
    return f"Question: {question.text}\n\n" + "\n".join(lines)


def _answered(example: Question, style: str) -> str:
    if style == "probability":
        stated = ", ".join("1" if index == example.answer else "0" for index in range(len(example.choices)))
        return f"<PROB> {stated} </PROB>"
    return f"{_LEADS[style]}{class_label(example.answer)}"
