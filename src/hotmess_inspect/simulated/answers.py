"""How the simulated model words an answer: letters, probabilities, refusals, reasoning, verdicts."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.simulated.hashing import stable_hash

__all__ = [
    "no_answer",
    "phrase",
    "probability_line",
    "reasoning_text",
    "verdict",
    "wrong_answer",
]

FloatArray = NDArray[np.float64]

_PHRASES = {
    "answer": "ANSWER: {}",
    "bare": "{}",
    "bold": "**{}**",
    "boxed": r"\boxed{{{}}}",
    "sentence": "The answer is ({}).",
    "tag": "<answer>{}</answer>",
    "hashes": "#### {}",
}
_MIXED = ("answer", "bare", "bold", "boxed", "sentence", "tag")
_MARKS = (("<answer>", "tag"), ("ANSWER:", "answer"), (r"\boxed", "boxed"), ("####", "hashes"))

# None of these holds a capital letter by itself, which a lenient parser could take for an option.
_REFUSALS = (
    "Sorry, but no answer can be given here.",
    "This cannot be decided from what is given.",
    "",
    "Let us look at the options one by one, and first of all at",
)
_WORDS = (
    "so the case that follows from this is then not quite what one would first expect but it holds".split()
)
_SYLLABLES = ("bra", "dol", "fen", "gip", "kam", "lur", "mo", "nex", "pru", "sti", "tav", "vez")
_OPPOSITES = {"yes": "no", "no": "yes", "true": "false", "false": "true"}


def phrase(answer: str, style: str, asked: str, rng: np.random.Generator) -> str:
    """Word an answer.

    Args:
        answer: Letter or free answer.
        style: A named style, ``auto`` (the form that the prompt asks for, else ``ANSWER: X`` for a
            letter and the bare answer otherwise), or ``mixed`` (any form, drawn).
        asked: The prompt.
        rng: Source of randomness for ``mixed``.

    Returns:
        The last line of the completion.
    """
    if style == "mixed":
        style = str(rng.choice(_MIXED))
    if style == "auto":
        usual = "answer" if re.fullmatch(r"[A-Z]", answer) else "bare"
        style = next((style for mark, style in _MARKS if mark in asked), usual)
    return _PHRASES[style].format(answer)


def no_answer(rng: np.random.Generator) -> tuple[str, bool]:
    """A completion that holds no answer, and whether it was cut off."""
    drawn = int(rng.integers(len(_REFUSALS)))
    return _REFUSALS[drawn], drawn == len(_REFUSALS) - 1


def probability_line(probabilities: FloatArray, decimals: int) -> str:
    """``<PROB> p, p, ... </PROB>``; rounded, the largest takes up what is missing to a sum of 1."""
    units = 10**decimals
    whole = np.rint(probabilities * units).astype(np.int64)
    whole[int(np.argmax(probabilities))] += units - int(whole.sum())
    return "<PROB> " + ", ".join(f"{count / units:.{decimals}f}" for count in whole) + " </PROB>"


def reasoning_text(tokens: int, waits: int, rng: np.random.Generator) -> str:
    """A reasoning of one word per token, `waits` of which are "Wait"."""
    words = rng.choice(_WORDS, tokens).tolist()
    for place in rng.choice(tokens, min(waits, tokens), replace=False).tolist():
        words[place] = "Wait"
    return " ".join(words)


def wrong_answer(right: str, number: int, question_key: int) -> str:
    """The made-up wrong answer with a given number to a question without options.

    Args:
        right: The right answer; empty where it is unknown.
        number: From 1; each number gives another answer.
        question_key: Name of the question, from which words are made.

    Returns:
        For a number another number, for yes, no, true and false the opposite, else a word that shares
        none with the right answer.
    """
    opposite = _OPPOSITES.get(right.strip().lower())
    if opposite is not None and number == 1:
        return opposite.capitalize() if right[:1].isupper() else opposite
    if re.fullmatch(r"\s*-?\d+\s*", right):
        return str(int(right) + number)
    if re.fullmatch(r"\s*-?\d*\.\d+\s*", right):
        return f"{float(right) + number:g}"
    word = stable_hash(str(question_key), str(number))
    return "".join(_SYLLABLES[(word >> (8 * place)) % len(_SYLLABLES)] for place in range(4))


def verdict(asked: str, target: str) -> bool | None:
    """The honest verdict of a grader: does the submitted answer hold the right one?

    Args:
        asked: A grading prompt; the submission stands behind a heading such as ``[Submission]:``,
            ``Predicted answer:`` or ``[response]:``, what is right behind ``[Criterion]:``, ``[Expert]:``,
            ``Gold target:`` or ``[correct_answer]:``.
        target: The right answer where it is known from the dataset.

    Returns:
        The verdict, ``None`` where no submission or no right answer can be found.
    """
    submission = _section(asked, r"submission|predicted answer|response|student answer|model answer|answer")
    expected = _section(asked, r"criterion|expert|gold target|correct_answer|reference(?: answer)?") or target
    if submission is None or not expected:
        return None
    return re.search(rf"(?<!\w){re.escape(expected.strip().lower())}(?!\w)", submission.lower()) is not None


def _section(text: str, heading: str) -> str | None:
    """What stands behind the last heading of a sort, up to a line of stars or else the next heading."""
    head = rf"(?ims)^\s*\[?(?:{heading})\]?\s*:\s*(.*?)"
    starred = re.findall(head + r"(?=^\s*\*\*\*)", text)
    plain = re.findall(head + r"(?=^\s*\[|^[a-z][a-z_ ]{0,30}:|\n\s*\n|\Z)", text)
    found = starred or plain
    return found[-1].strip() if found else None
