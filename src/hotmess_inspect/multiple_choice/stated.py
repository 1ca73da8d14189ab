"""Reading the probabilities that a model states."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from hotmess_inspect.multiple_choice.clean import plain_text, split_thoughts
from hotmess_inspect.schema import STATED_SUM_TOLERANCE, class_label

__all__ = ["read_probabilities"]

_BLOCK = re.compile(
    r"<\s*PROBS?\s*>(.*?)(?:<\s*/\s*PROBS?\s*>|(?=<\s*PROBS?\s*>)|\Z)", re.DOTALL | re.IGNORECASE
)
_GROUP = re.compile(r"\[[^\[\]{}]{3,600}\]|\{[^{}\[\]]{3,600}\}")
_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
_VALUE = rf"(?P<top>{_NUMBER})(?:\s*/\s*(?P<bottom>\d+(?:\.\d+)?))?\s*(?P<percent>%|per\s?cent|٪)?"
_LISTED = re.compile(_VALUE)
_LABELLED = re.compile(
    r"(?<![A-Za-z])(?:options?\s*|choice\s*)?(?:[pP]r?\s*_?)?[({]?[\"']?(?P<label>[A-Z])[\"']?[)}]?"
    r"(?![A-Za-z])(?:\s*\([^()\n]{0,80}\))?\s*(?:[:=|)\].→>–—-]+|is|with|at)\s*(?:~|≈|about\s|approx\w*\.?\s|<|≤)?\s*[\"']?\s*"
    + _VALUE
)
_NEGATIVE = re.compile(r"(?:^|[\s,;:=(\[|])-\.?\d")
# Words that say that numbers are probabilities of the choices.
_SPOKEN_OF = re.compile(
    r"probabilit|\bprob|likel|confiden|\bodds\b|distribut|estimate|answer|belief|credence|wahrscheinlich|概率|確率|вероятност",
    re.IGNORECASE,
)
_NOT_A_NUMBER = re.compile(r"(?<![a-z])(?:nan|inf(?:inity)?|null|none)(?![a-z])|∞", re.IGNORECASE)
# What may stand between numbers that are a list and nothing else.
_ONLY_NUMBERS = re.compile(r"[\s\d.,;|/%eE+~≈<>()\[\]-]*")
_COMMA_DECIMAL = re.compile(r"(?<![\d.,])(\d),(\d+)(?![\d.])")


def read_probabilities(text: str, classes: int) -> list[float] | None:
    """Find the distribution that an answer states last.

    It is looked for between ``<PROB>`` and ``</PROB>`` (the second may be missing). Without them numbers count only
    where they say what they are: a list that is called the probabilities or is the whole answer, or a number for the letter
    of every choice (``A: 0.1``). Any other list may be a matrix of the question. A letter alone (``ANSWER: C``) is not
    read either: it states no probabilities, and 1 for it would be a certainty that nobody stated. Percentages, fractions, decimal commas, full-width and Arabic digits are read; labels decide the order where
    there are some. A sum within 0.05 of 1 is made 1.

    Args:
        text: What the model wrote.
        classes: Number of choices, 2 to 26.

    Returns:
        Probabilities in the order shown, shape (classes,), with a sum of 1; ``None`` where nothing can be read:
        another number of numbers, a negative one, NaN, a sum that is far from 1, no numbers at all.
    """
    outside, unclosed = split_thoughts(text)
    if unclosed:
        # Thoughts that were never closed, but end with the line that was asked for.
        lines = plain_text(unclosed).strip().splitlines()
        last = _BLOCK.fullmatch(lines[-1].strip()) if lines else None
        if last is not None:
            return _distribution(last[1], classes)
    plain = plain_text(outside)
    blocks = [
        block
        for block in _BLOCK.findall(plain)
        if any(c.isdigit() for c in block) or _NOT_A_NUMBER.search(block)
    ]
    if blocks:
        return _distribution(blocks[-1], classes)
    for candidate in _without_tags(plain, classes):
        found = _distribution(candidate, classes)
        if found is not None:
            return found
    return None


def _without_tags(text: str, classes: int) -> Iterator[str]:
    """Stretches that say by their words, their labels or by standing alone that they are the answer's probabilities."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return
    spoken = _SPOKEN_OF.search(text) is not None
    for group in reversed(list(_GROUP.finditer(text))):
        before = text[max(0, text.rfind("\n", 0, group.start())) : group.start()]
        alone = group[0] == lines[-1].strip().rstrip(".") and (spoken or len(lines) == 1)
        if alone or _SPOKEN_OF.search(before) or _is_labelled(group[0], classes):
            yield group[0]
    last = re.sub(r"^\s*(?:answer|probabilit(?:y|ies))\s*:?", "", lines[-1], flags=re.IGNORECASE)
    if _ONLY_NUMBERS.fullmatch(last) and (spoken or len(lines) == 1):
        yield last
    starts = [found.start() for found in _LABELLED.finditer(text) if found["label"] == "A"]
    # The labels of the last statement: from its last "A" on.
    if starts and _is_labelled(text[starts[-1] :], classes):
        yield text[starts[-1] :]


def _is_labelled(text: str, classes: int) -> bool:
    """Whether every choice has a number; "let A = 1" is no statement about four choices."""
    return {found["label"] for found in _LABELLED.finditer(text)} >= {class_label(i) for i in range(classes)}


def _distribution(block: str, classes: int) -> list[float] | None:
    if _NEGATIVE.search(block) or _NOT_A_NUMBER.search(block):
        return None
    block = _with_points(block)
    labels = [class_label(index) for index in range(classes)]
    labelled = list(_LABELLED.finditer(block))
    if labelled:
        stated = {found["label"]: _number(found) for found in labelled}
        if len(stated) != len(labelled) or not set(stated) <= set(labels):
            return None
        # Labels say which ones are meant; whatever is left out counts as 0, and the sum decides.
        return _normalised(
            [stated.get(label, 0.0) for label in labels], "%" in block or "percent" in block.lower()
        )
    numbers = list(_LISTED.finditer(block))
    if len(numbers) != classes:
        return None
    return _normalised([_number(found) for found in numbers], any(found["percent"] for found in numbers))


def _with_points(block: str) -> str:
    """Decimal commas as points, where commas cannot be what separates: another separator does, or blanks."""
    if "." in block or not _COMMA_DECIMAL.search(block):
        return block
    if re.search(r"[;|\n:=%]|\d,\s+\d|\d\s+\d", block):
        return _COMMA_DECIMAL.sub(r"\1.\2", block)
    return block


def _number(found: re.Match[str]) -> float:
    value = float(found["top"])
    if found["bottom"] is not None:
        value = value / float(found["bottom"]) if float(found["bottom"]) else math.nan
    return value / 100 if found["percent"] else value


def _normalised(values: list[float], percent: bool) -> list[float] | None:
    total = math.fsum(values)
    if not percent and abs(total - 100) <= 100 * STATED_SUM_TOLERANCE:
        values, total = [value / 100 for value in values], total / 100
    # A tiny excess is rounding of the comparison itself: 0.95 is permitted.
    if not math.isfinite(total) or abs(total - 1) > STATED_SUM_TOLERANCE + 1e-9:
        return None
    return [value / total for value in values]
