"""One multiple-choice question, and names for it that do not depend on where it stands."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

__all__ = ["MOST_CHOICES", "Question", "text_key"]

# Choices are labelled with single letters.
MOST_CHOICES = 26


@dataclass(frozen=True)
class Question:
    """A question with labelled choices.

    Attributes:
        id: Stable name, unique in its data set.
        text: The question.
        choices: Texts of the choices in the data set's order, 2 to 26.
        answer: Index of the right choice.
        subject: Subject or domain, empty where the data set has none.
    """

    id: str
    text: str
    choices: tuple[str, ...]
    answer: int
    subject: str = ""

    @property
    def key(self) -> str:
        """Name of the question's text: equal for questions that read the same."""
        return text_key(self.text)


def text_key(*texts: str) -> str:
    """Sixteen hexadecimal digits that depend on the texts alone, up to white space and case."""
    digest = hashlib.sha256()
    for text in texts:
        plain = re.sub(r"\s+", " ", text).strip().casefold()
        digest.update(plain.encode("utf-8", "surrogatepass") + b"\x1f")
    return digest.hexdigest()[:16]
