"""Reading what stands between the answer tags, as a letter or as text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from hotmess_inspect.multiple_choice.letters import read_letter

_TAGGED = re.compile(r"<\s*answer\s*>(.*?)<\s*/\s*answer\s*>", re.IGNORECASE | re.DOTALL)
# A cut or sloppy answer may leave the tag open; it is an answer only where nothing follows on later lines.
_OPEN = re.compile(r"<\s*answer\s*>[ \t]*([^\n<]+?)\s*\Z", re.IGNORECASE)
_LETTER = re.compile(
    r"(?:(?:the\s+)?(?:final\s+|correct\s+)?(?:answer|option|choice)\s*(?:is)?\s*:?\s*)?"
    r"\(?\[?([A-Z])\]?\)?(?:[).:,\-–—]+\s*(.*))?\.?",
    re.IGNORECASE | re.DOTALL,
)
_MARKUP = re.compile(r"\\(?:boxed|text|textbf|mathrm)|[*_`$\"'“”‘’{}]|\\[()\[\]]")


def tagged_answer(completion: str) -> str:
    """The text of the last answer tag, without white space around it; empty where there is none."""
    found = _TAGGED.findall(completion)
    if found:
        return str(found[-1]).strip()
    cut = _OPEN.search(completion)
    return cut[1].strip() if cut else ""


def chosen_letter(completion: str, choices: Sequence[str], *, truncated: bool = False) -> str:
    """The label of the choice that a completion ends on.

    Read are: the last ``<answer>…</answer>`` with a label in any dress ("B", "(b)", "**B**", "B) Yes", "Option B"),
    or with the text of exactly one choice. Without a tag, what `multiple_choice.letters.read_letter` reads, as of
    any other question with choices: a model that does not keep to the tag has answered all the same.

    Args:
        completion: What the model wrote, without its reasoning.
        choices: Texts of the choices, A first.
        truncated: Whether the text ran into the limit of tokens.

    Returns:
        A label, A or later, or an empty string: for none, several, or one beyond the choices.
    """
    text = tagged_answer(completion)
    if text:
        return _letter_of(text, choices)
    if _TAGGED.search(completion):
        return ""  # an empty tag says that there is no answer
    place = read_letter(completion, choices, truncated=truncated)
    return "" if place is None else chr(ord("A") + place)


def _letter_of(text: str, choices: Sequence[str]) -> str:
    same = [place for place, choice in enumerate(choices) if _plain(choice) == _plain(text)]
    if len(same) == 1:
        return chr(ord("A") + same[0])
    letter = _LETTER.fullmatch(_MARKUP.sub("", text).strip())
    if letter is None:
        return ""
    rest = _plain(letter[2] or "")
    label = _in_range(letter[1], choices)
    # "A) Yes" must go with A's own text, "A, B" and "A) No" (the text of B) are two answers.
    other = [choice for choice in choices if _plain(choice) == rest]
    if rest and other and label and _plain(choices[ord(label) - ord("A")]) != rest:
        return ""
    return "" if re.fullmatch(r"(?:(?:and|or)\s+)?[a-z]", rest) and len(rest.split()[-1]) == 1 else label


def _in_range(letter: str, choices: Sequence[str]) -> str:
    label = letter.upper()
    return label if ord(label) - ord("A") < len(choices) else ""


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w\s]", " ", folded).split())
