"""The distribution over letters from the log-probabilities that a provider returns."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from inspect_ai.model import Logprob, ModelOutput, TopLogprob

from hotmess_inspect.schema import class_label

__all__ = ["MAX_OUTSIDE", "Letters", "letter_probabilities"]

# An answer that is more likely none of the letters than one of them is not read.
MAX_OUTSIDE = 0.5

# Marks that tokenizers put for a blank or a line break before a word.
_BLANKS = " \t\r\n▁ĠĊ"
_DRESS = _BLANKS + "()[]{}<>*_`\"'“”‘’.,:;#$-–—"
# What may stand before the letter and leaves it open: blanks, brackets, markup, the words of an announcement.
_LEAD = re.compile(
    r"(?:(?:the|my|final|correct|right|best|answer|ans|option|choice|letter|response|is|would|be|it|its|it's|therefore|so|thus|"
    r"i|think|choose|\\?boxed|\\?text|\\?mathrm|\\?textbf|\\)\s*){0,6}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Letters:
    """What the log-probabilities say of the letters.

    Attributes:
        probabilities: Probability of each letter given that a letter is answered, in the order shown; ``None`` where
            none can be told.
        outside: Probability of everything that was not seen to lead to a letter, in [0, 1].
        unlisted: The most that letters which the provider did not list can have in all, as a part of `outside`, in [0, 1].
    """

    probabilities: list[float] | None
    outside: float
    unlisted: float


def letter_probabilities(output: ModelOutput, classes: int, max_outside: float = MAX_OUTSIDE) -> Letters:
    r"""Probability of each letter at the place where the answer says it.

    Let t_1 … t_n be the tokens that the model wrote before its letter and that only lead to it ("(", "**", "The answer
    is"). With w_i = Π_{j<i} P(t_j), the mass of letter L is

        m_L = Σ_i w_i · Σ P_i(token) over the tokens that spell L (" A", "A)", "(A", "a")

    up to the first token that is a letter or leads to none. What is not listed is bounded: an unlisted letter has no more
    than the smallest listed probability, and all of them together no more than what the list leaves of 1. It counts with half its
    bound. The outside is 1 - Σ m_L over what is listed.

    Args:
        output: Output with log-probabilities and their alternatives.
        classes: Number of choices.
        max_outside: Above this probability outside the letters there is no answer.

    Returns:
        The letters' probabilities, what is outside, and the bound on what is not listed.
    """
    listed = output.choices[0].logprobs if output.choices else None
    places = {class_label(index): index for index in range(classes)}
    seen, bounds = [0.0] * classes, [0.0] * classes
    weight = 1.0
    for entry in listed.content if listed else []:
        alternatives = _alternatives(entry)
        if not entry.top_logprobs and _letter(entry.token, places) is None:
            # Nothing is listed beside a token that only leads on: it is taken as certain.
            if not _leads(entry.token):
                break
            continue
        here = [0.0] * classes
        known: set[int] = set()
        for other in alternatives:
            index = _letter(other.token, places)
            if index is not None:
                here[index] += _probability(other)
                known.add(index)
        missing = [index for index in range(classes) if index not in known]
        left = max(1.0 - math.fsum(_probability(other) for other in alternatives), 0.0)
        least = min(_probability(other) for other in alternatives)
        for index in range(classes):
            seen[index] += weight * here[index]
        for index in missing:
            bounds[index] += weight * min(least, left / len(missing))
        if _letter(entry.token, places) is not None or not _leads(entry.token):
            break
        weight *= _probability(entry)
    total = math.fsum(seen)
    outside = min(max(1.0 - total, 0.0), 1.0)
    unlisted = min(math.fsum(bounds), outside)
    if not 0 < total or outside > max_outside:
        return Letters(None, outside, unlisted)
    mass = [own + bound / 2 for own, bound in zip(seen, bounds, strict=True)]
    whole = math.fsum(mass)
    return Letters([own / whole for own in mass], outside, unlisted)


def _probability(entry: Logprob | TopLogprob) -> float:
    return math.exp(min(entry.logprob, 0.0))


def _letter(token: str, places: dict[str, int]) -> int | None:
    return places.get(token.strip(_DRESS).upper())


def _leads(token: str) -> bool:
    return _LEAD.fullmatch(token.strip(_DRESS)) is not None and "<" not in token


def _alternatives(entry: Logprob) -> list[Logprob | TopLogprob]:
    """Everything that is listed at a place: the alternatives, and the token itself if it is not among them."""
    listed: list[Logprob | TopLogprob] = list(entry.top_logprobs or [])
    if not any(other.token == entry.token for other in listed):
        listed.append(entry)
    return listed
