"""Reading the letter that an answer decides on.

What models write is read in the order of how plainly it decides: a last line that is an answer; an announced
answer ("ANSWER: C", boxes, tags, JSON); a sentence that states one ("the answer is C", "C is correct"); an
answer that is the text of a choice; a ticked line of a list; a first line that is a letter; the only option that
is named at all. Of several decisions of one rank the last one counts, and two letters in one are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hotmess_inspect.multiple_choice import words
from hotmess_inspect.multiple_choice.clean import plain_text, split_thoughts

__all__ = ["read_letter"]

_VOWELS = frozenset("AIEOYUАВСЕ")
_LETTER = re.compile(words.LETTER + words.RIGHT, re.IGNORECASE)
# The last line that the prompt asks for: nothing before it can matter.
_ASKED = re.compile(r"\s*ANSWER\s?:\s{0,3}\(?([A-Z])\)?[\s.]*")
_LOWER_END = re.compile(r"\s*(?:$|[\n.,;:!?)\]}\"'”’])")
_NAMED = re.compile(
    r"(?<![^\W\d_])(?i:option|choice|answer|letter|alternative|opción|вариант|选项|選択肢)\s*[(\"']?([A-Z])(?![\w'’-])|\(([A-Z])\)",
)


@dataclass(frozen=True)
class _Decision:
    """A place where an answer is decided on; `choice` is ``None`` where it is none of the choices, or two."""

    place: int
    choice: int | None


def read_letter(text: str, choices: Sequence[str]) -> int | None:
    """Find the choice that an answer decides on.

    Args:
        text: What the model wrote, with or without thoughts, markup and reasoning, in any of some twenty
            languages.
        choices: Texts of the choices in the order shown, 2 to 26; an answer may be one of them in words.

    Returns:
        Position of the choice, ``None`` where none can be told: no answer, a refusal, two answers at once, a
        letter beyond the choices, a text cut off in its thoughts.
    """
    outside, unclosed = split_thoughts(text)
    if unclosed:
        # Thoughts that were never closed, but end with the line that was asked for.
        found = _Reader(plain_text(unclosed), choices).announced_last()
        if found is not None:
            return found
    return _Reader(plain_text(outside), choices).read()


class _Reader:
    def __init__(self, text: str, choices: Sequence[str]) -> None:
        self.text = text.strip()
        self.count = len(choices)
        self.texts: dict[str, int | None] = {}
        for index, choice in enumerate(choices):
            key = _words(plain_text(choice))
            # Two choices that read the same cannot be told apart by their text.
            self.texts[key] = None if key in self.texts else index
        self.texts.pop("", None)
        # No more of a line is looked at than the longest choice and some words behind it.
        self.width = max((len(choice) for choice in choices), default=0) + 200
        self.lines = [line for line in self.text.splitlines() if line.strip()]

    def read(self) -> int | None:
        if not self.lines:
            return None
        asked = _ASKED.fullmatch(self.lines[-1])
        if asked is not None:
            return self._choice(asked[1])
        announced = list(self._announced())
        last = self._bare(self.lines[-1])
        if last is not None:
            announced.append(_Decision(len(self.text), last))
        stated = sorted(self._stated(), key=lambda decision: decision.place)
        if announced:
            final = announced[-1]
            # A sentence overrules an announcement only where it takes it back.
            later = [decision for decision in stated if decision.place > final.place]
            if later and words.CORRECTION.search(self.text, final.place, later[-1].place):
                return later[-1].choice
            return final.choice
        if stated:
            return stated[-1].choice
        for attempt in (self._line_of_text, self._ticked, self._first_line, self._only_one_named):
            choice = attempt()
            if choice is not None:
                return choice
        return None

    def announced_last(self) -> int | None:
        if not self.lines:
            return None
        line = _Reader(self.lines[-1], [])
        line.count, line.texts, line.width = self.count, self.texts, self.width
        found = list(line._announced())
        return found[-1].choice if found else None

    def _announced(self) -> Iterator[_Decision]:
        for marker in words.ANNOUNCED.finditer(self.text):
            decision = self._decision(marker.end(), strict=False)
            if decision is not None:
                yield decision

    def _stated(self) -> Iterator[_Decision]:
        place = 0
        while (marker := words.STATED.search(self.text, place)) is not None:
            place = max(marker.end(), marker.start() + 1)
            if self._is_negated(marker.start()):
                continue
            decision = self._decision(marker.end(), strict=True)
            if decision is not None:
                yield decision
        for found in words.CONFIRMED.finditer(self.text):
            if not (self._is_negated(found.start()) or self._is_listed(found) or self._is_word(found)):
                yield _Decision(found.start("letter"), self._choice(found["letter"]))

    def _is_listed(self, found: re.Match[str]) -> bool:
        """Whether a letter is the last of several, as in "A, B and C are"."""
        before = self.text[max(0, found.start() - 12) : found.start("letter")]
        return (
            re.search(
                r"(?<![^\W\d_])[A-Z]\)?(?:,|\s+(?:and|or|nor|und|et|y|и))\s*(?:and\s|or\s)?\W*$", before
            )
            is not None
        )

    def _is_word(self, found: re.Match[str]) -> bool:
        """Whether a confirmed vowel is a pronoun or the like, as in "I is"; an undecorated A is the choice."""
        letter = found["letter"]
        if letter not in _VOWELS or letter == "A" or found["open"] or found["close"]:
            return False
        return words.CONNECTIVES.match(self.text, found.end("letter")) is None

    def _is_negated(self, place: int) -> bool:
        """Whether the words right before, in the same sentence, turn a statement round or make it a question."""
        before = re.split(r"[.!?;:,\n。！？]", self.text[max(0, place - 24) : place])[-1]
        return words.NEGATED.search(before) is not None

    def _decision(self, place: int, *, strict: bool) -> _Decision | None:
        """What stands at a place where an answer is announced: letters, or the text of a choice."""
        line_end = self.text.find("\n", place)
        line = self.text[place : min(line_end if line_end >= 0 else len(self.text), place + self.width)]
        by_text = None if re.fullmatch(r"\W*[A-Za-z]\W*", line) else self._by_text(line)
        if by_text is not None:
            return _Decision(place, by_text)
        several = words.SEVERAL.match(self.text, place)
        if several is not None and not self._same(several):
            return _Decision(place, None)
        found = _LETTER.match(self.text, place)
        if found is not None and strict and re.match(r"\W{0,3}\?", self.text[found.end() : found.end() + 4]):
            return None
        if found is not None and self._stands_for_choice(found, strict):
            return _Decision(place, self._choice(found["letter"]))
        return None

    def _same(self, several: re.Match[str]) -> bool:
        return several["joined"] is None and several["first"] == several["second"]

    def _stands_for_choice(self, found: re.Match[str], strict: bool) -> bool:
        letter, end = found["letter"], found.end()
        decorated = bool(found["open"].strip() and found["close"]) or bool(
            re.match(r"\s?[).:\]]", self.text[end : end + 2])
        )
        if decorated or found["close"]:
            return True
        if letter.islower():
            return (
                _LOWER_END.match(self.text, end) is not None
                or words.CONNECTIVES.match(self.text, end) is not None
            )
        if letter not in _VOWELS and not strict:
            return True
        word = re.match(r"\s+[^\W\d_A-Z]", self.text[end : end + 8])
        if letter in _VOWELS:
            return word is None or words.CONNECTIVES.match(self.text, end) is not None
        return True

    def _choice(self, letter: str) -> int | None:
        index = ord(words.HOMOGLYPHS.get(letter.upper(), letter.upper())) - ord("A")
        return index if 0 <= index < self.count else None

    def _bare(self, line: str) -> int | None:
        found = words.BARE.match(line)
        return self._choice(found["letter"]) if found else None

    def _by_text(self, line: str) -> int | None:
        """The choice whose text a line is, up to marks and case."""
        if len(line) > self.width:
            return None
        key = _words(line)
        if key in self.texts:
            return self.texts[key]
        listed = words.LISTED.match(line)
        if listed is not None:
            return None
        sentence = _words(
            re.split(r"(?<=[^\s.]{2})[.;](?:\s|$)|,\s+(?:because|since|as|which|weil|car)\b", line)[0]
        )
        return self.texts.get(sentence)

    def _line_of_text(self) -> int | None:
        """A last or first line that is the text of a choice, or a choice with its letter."""
        for line in (self.lines[-1], self.lines[0]):
            choice = self._by_text(line)
            if choice is not None:
                return choice
        listed = [found for line in self.lines if (found := words.LISTED.match(line))]
        letters = {found["letter"] for found in listed}
        if len(letters) == 1 and self._is_plain_choice(listed[0]):
            return self._choice(listed[0]["letter"])
        return None

    def _is_plain_choice(self, listed: re.Match[str]) -> bool:
        """Whether "C) text" is an answer: the first or last line, not negated, and no vowel that begins a sentence."""
        line = listed.string
        if line not in (self.lines[0], self.lines[-1]) or words.DOUBTED.search(listed["rest"][:40]):
            return False
        return not re.match(r"\W*[AI]\s*,", line) and not _NAMED.search(listed["rest"])

    def _ticked(self) -> int | None:
        for pattern in (words.MARKED, words.TICKED_FIRST):
            letters = {found["letter"] for found in pattern.finditer(self.text)}
            if len(letters) == 1:
                return self._choice(letters.pop())
        return None

    def _first_line(self) -> int | None:
        return self._bare(self.lines[0])

    def _only_one_named(self) -> int | None:
        named = list(_NAMED.finditer(self.text))
        letters = {found[1] or found[2] for found in named}
        if len(letters) != 1 or any(self._is_doubted(found) for found in named):
            return None
        return self._choice(letters.pop())

    def _is_doubted(self, found: re.Match[str]) -> bool:
        before = re.split(r"[.!?;\n]", self.text[max(0, found.start() - 120) : found.start()])[-1]
        after = re.split(r"[.!;\n]", self.text[found.end() : found.end() + 120])[0]
        return "?" in after or words.DOUBTED.search(before + " " + after) is not None


def _words(text: str) -> str:
    """A text without case, marks at its ends and uneven blanks."""
    return re.sub(r"\s+", " ", text).strip(" \t\"'“”‘’«».,;:!?()[]{}").casefold()
