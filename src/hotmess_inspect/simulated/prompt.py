"""Reading a prompt the way the simulated model needs it: question, options, few-shot context, format.

Text in, plain data out: nothing here knows Inspect's messages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Known", "Prompt", "find_options", "read_prompt", "target_index"]

Kind = Literal["choice", "free", "grade"]

_OPTION_LINE = re.compile(r"^[ \t]*[(\[]?([A-Z])[)\].:][ \t]*(\S.*)?$", re.MULTILINE)
# An answered example, as opposed to an instruction such as 'ANSWER: $LETTER'.
_ANSWERED = re.compile(
    r"^[ \t]*(?i:(?:the )?(?:correct )?answer(?:[ \t]+is:?|[ \t]*:))[ \t]*\(?[A-Z0-9\\-][^\n]*$", re.MULTILINE
)
_QUESTION_MARK = re.compile(r"^[ \t]*(?:Question|Q)[ \t]*\d*[ \t]*[:.][ \t]*", re.IGNORECASE | re.MULTILINE)
_INSTRUCTION = re.compile(
    r"^\s*(?:please )?answer the following|^\s*the following (?:is|are) |\$LETTER|\$ANSWER|<PROB>|<answer>|\\boxed"
    r"|format of your (?:answer|response)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Known:
    """What is known of the running question apart from the prompt.

    Attributes:
        text: The question as the dataset gives it; empty where unknown.
        choices: Option texts in the dataset's order; empty where there are none.
        target: Right letters, option text or free answer; empty where unknown.
    """

    text: str = ""
    choices: tuple[str, ...] = ()
    target: str = ""


@dataclass(frozen=True)
class Prompt:
    """A prompt, read.

    Attributes:
        kind: Choice among lettered options, free answer, or the grading of someone else's answer.
        text: The question without instructions, examples and options.
        options: Option texts in the order shown.
        context: The few-shot examples, empty for none.
        probabilities: Whether a ``<PROB>`` line is asked for.
        target: Index of the right option, ``None`` where it is unknown or there are no options.
        asked: The whole last message, whose wording decides how an answer is phrased.
    """

    kind: Kind
    text: str
    options: tuple[str, ...]
    context: str
    probabilities: bool
    target: int | None
    asked: str


def read_prompt(turns: Sequence[tuple[str, str]], known: Known) -> Prompt:
    """Find question, options and context in a conversation.

    The question is the last user message: where the dataset's own text occurs in it that text, else what
    stands before the last block of options, without paragraphs that instruct. The context is what holds
    answered examples: earlier turns, and what precedes the question.

    Args:
        turns: Role (``system``, ``user``, ``assistant``, ``tool``) and text of each message.
        known: What the dataset says about the question.

    Returns:
        The prompt, read; a conversation without a user message is a free question with an empty text.
    """
    asked = next((text for role, text in reversed(turns) if role == "user"), "")
    system = "\n".join(text for role, text in turns if role == "system")
    found = find_options(asked)
    options, start = (found[0], found[1]) if found else ((), len(asked))
    kind: Kind = "grade" if _is_grading(asked, options) else "choice" if options else "free"
    text, begin = _question_text(asked, start, known)
    return Prompt(
        kind=kind,
        text=text,
        options=options,
        context=_context(turns, asked[:begin], system),
        probabilities="<PROB>" in asked or "<PROB>" in system,
        target=target_index(options, known) if kind == "choice" else None,
        asked=asked if "<answer>" not in system and "ANSWER:" not in system else asked + "\n" + system,
    )


def find_options(text: str) -> tuple[tuple[str, ...], int] | None:
    """The last block of lettered options, ``A`` onwards, at least two.

    Args:
        text: A prompt.

    Returns:
        Option texts, and where in `text` the block starts; ``None`` where there is no such block.
    """
    lines = list(_OPTION_LINE.finditer(text))
    for first in range(len(lines) - 1, -1, -1):
        if lines[first].group(1) != "A":
            continue
        count = 1
        while first + count < len(lines) and lines[first + count].group(1) == chr(ord("A") + count):
            count += 1
        if count > 1:
            block = lines[first : first + count]
            ends = [line.start() for line in block[1:]] + [_paragraph_end(text, block[-1].end())]
            options = (text[line.start() : end] for line, end in zip(block, ends, strict=True))
            return tuple(_without_label(option) for option in options), block[0].start()
    return None


def _without_label(option: str) -> str:
    return " ".join(re.sub(r"^[ \t]*[(\[]?[A-Z][)\].:]", "", option).split())


def _paragraph_end(text: str, start: int) -> int:
    blank = re.compile(r"\n[ \t]*(?:\n|answer\b)", re.IGNORECASE).search(text, start)
    return blank.start() if blank else len(text)


def _question_text(asked: str, start: int, known: Known) -> tuple[str, int]:
    """The question, and where it begins in the message."""
    if known.text.strip():
        place = asked.rfind(known.text.strip())
        if place >= 0:
            return known.text.strip(), place
    before = asked[:start]
    answered = [match.end() for match in _ANSWERED.finditer(before)]
    marks = [match.end() for match in _QUESTION_MARK.finditer(before)]
    begin = max([0, *answered, *marks])
    paragraphs = [part for part in re.split(r"\n\s*\n", before[begin:]) if part.strip()]
    plain = [part for part in paragraphs if not _INSTRUCTION.search(part)]
    return "\n\n".join(plain or paragraphs).strip(), begin


def _context(turns: Sequence[tuple[str, str]], preceding: str, system: str) -> str:
    last = max((index for index, (role, _) in enumerate(turns) if role == "user"), default=0)
    earlier = [text for role, text in turns[:last] if role in ("user", "assistant")]
    parts = earlier if any(role == "assistant" for role, _ in turns[:last]) else []
    parts += [text for text in (system, preceding) if _ANSWERED.search(text) or find_options(text)]
    return "\n\n".join(parts)


def target_index(options: tuple[str, ...], known: Known) -> int | None:
    """Where the right answer stands among the options as shown, whatever their order in the dataset.

    Args:
        options: Option texts in the order shown.
        known: What the dataset says: a letter means the choice of that letter in the dataset's order where
            choices are known, else the letter as shown; any other text means the option of that text.

    Returns:
        Index of the right option, ``None`` where it cannot be told.
    """
    target = known.target.strip()
    letter = ord(target.upper()) - ord("A") if len(target) == 1 else -1
    shown = [_plain(option) for option in options]
    if known.choices and 0 <= letter < len(known.choices):
        choice = _plain(known.choices[letter])
        if choice in shown:
            return shown.index(choice)
    if target and _plain(target) in shown:
        return shown.index(_plain(target))
    return letter if 0 <= letter < len(options) else None


def _plain(text: str) -> str:
    return " ".join(text.split())


def _is_grading(asked: str, options: tuple[str, ...]) -> bool:
    """Whether someone else's answer is to be judged, in one of the three forms that suites use."""
    judged = re.search(r"(?im)^\s*\[?(?:correct_answer|submission|expert|criterion)\]?\s*:", asked)
    yes_or_no = re.search(r"(?i)\byes\b.{0,200}\bno\b", asked, re.DOTALL)
    return (
        "GRADE:" in asked
        or {"CORRECT", "INCORRECT"} <= {option.upper() for option in options}
        or bool(judged and yes_or_no and not options)
    )
