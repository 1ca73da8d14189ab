"""The distribution over letters from the log-probabilities that a provider returns."""

from __future__ import annotations

import math

from inspect_ai.model import Logprob, ModelOutput, TopLogprob

from hotmess_inspect.schema import class_label

__all__ = ["letter_probabilities"]

# Marks that tokenizers put for a blank or a line break before a word.
_BLANKS = " \t\r\n▁ĠĊ"


def letter_probabilities(output: ModelOutput, classes: int) -> tuple[list[float] | None, float]:
    """Probability of each letter at the place of the answer's first token.

    The spellings of a letter (with a blank before it, as tokenizers have several) are added up. What the
    provider does not list counts as no letter.

    Args:
        output: Output with log-probabilities and their alternatives.
        classes: Number of choices.

    Returns:
        Probabilities given that a letter is answered, in the order shown, ``None`` where no letter is
        listed; and the probability of everything else, in [0, 1].
    """
    listed = output.choices[0].logprobs if output.choices else None
    content = [entry for entry in listed.content if entry.token.strip(_BLANKS)] if listed else []
    if not content:
        return None, 1.0
    places = {class_label(index): index for index in range(classes)}
    mass = [0.0] * classes
    for entry in _alternatives(content[0]):
        place = places.get(entry.token.strip(_BLANKS))
        if place is not None:
            mass[place] += math.exp(min(entry.logprob, 0.0))
    total = math.fsum(mass)
    if not 0 < total:
        return None, 1.0
    return [p / total for p in mass], min(max(1.0 - total, 0.0), 1.0)


def _alternatives(entry: Logprob) -> list[Logprob | TopLogprob]:
    """Everything that is listed at a place: the alternatives, and the token itself if it is not among them."""
    listed: list[Logprob | TopLogprob] = list(entry.top_logprobs or [])
    if not any(other.token == entry.token and other.logprob == entry.logprob for other in listed):
        listed.append(entry)
    return listed
