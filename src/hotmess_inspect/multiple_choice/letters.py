"""Reading the letter that an answer decides on.

What stands for a choice (its letter, its text, both) is marked first, so that no word of a choice's own text is taken
for a word of the answer. Then the answer is read sentence by sentence: choices are rejected, only thought of, listed, or
decided on, and the last decision counts. Where nothing is decided on in so many words, a short answer means the only
choice that it names and does not reject. What follows the answer as a question of the model's own is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hotmess_inspect.multiple_choice import words
from hotmess_inspect.multiple_choice.clean import plain_text, split_thoughts
from hotmess_inspect.multiple_choice.marks import Choices, choice_of, has_text, is_letter, mark, read_choices

__all__ = ["completed_letter", "read_letter"]

# The last line that the prompt asks for: nothing before it can matter.
_ASKED = re.compile(r"\s*ANSWER\s?:\s{0,3}\(?([A-Z])\)?[\s.]*")
_MARKED = re.compile(words.MARK)
_LAST_MARK = re.compile(rf"({words.MARK})[^\w\ue000-\ue3ff]*$")
_HEADS = re.compile("(?:^|[.!?;:]\\s)[^\\w\n\ue000-\ue3ff]{0,8}([\ue100-\ue3ff])", re.MULTILINE)
_ANNOUNCED_BELOW = re.compile(
    rf"((?<![^\W\d_])(?:answer|is|(?:correct|right|best|final|my) (?:choice|option)|be|pick|choose|select|antwort|lautet|respuesta|réponse|ответ|答案|正解)\W{{0,3}}[:=])\s*\n+\s*(?={words.MARK})",
    re.IGNORECASE,
)
_TICKS = re.compile(r"[✅✓✔☑←]|\[[xX]\]|<--|\(\w")
# Characters before a choice within which a word can reject it.
_LEAD = 120
# "A: C" is the answer of a question that began with "Q: ", and no comment on choice A.
_SHORT_ANSWER = re.compile(r"^[ \t]*A:[ \t]+(?=\(?[A-Z]\)?[.)]?[ \t]*$)", re.MULTILINE)
# A confirming word without a verb or a mark that joins it to its choice.
_LOOSE = re.compile(r"[)\]\"'\s]*(?:(?:the|a|most|only) )*[^\W\d_]+")
# What a choice says in quotation marks, perhaps cut off.
_QUOTED = re.compile(r"[\"“«][^\"“”«»\n]{0,400}(?:[\"”»]|$)")
_COLON_BELOW = re.compile(r"[:=]\s*\n")
_ENDS = re.compile(r"[.!?。！？)\]}\"'”’»*`:\ue000-\ue0ff\ue300-\ue3ff✅✓✔]\s*$")
_LABELLED = re.compile(r"(?<!\w)\(?([A-Z])[).:]+\s+")
_FIRST = re.compile(r"\(?A[).:]\s+")
# Where a prompt ends with "Answer:", a letter that stands first. Before a word "A" and "I" may be an article or a pronoun.
_COMPLETED = re.compile(
    r"(?:[\s(\[*_\"“]|<\w+>){0,8}([A-Z])(?:</\w+>|[)\]*_.:,\"”]|\s*\n|\s*$|(?<![AI])(?=\s+[a-z]))"
)
# An answer of more words than this is no short one.
_SHORT = 70


def completed_letter(text: str, classes: int) -> int | None:
    """The letter that a base model puts where the prompt left off, whatever it goes on to say.

    Args:
        text: What follows a prompt that ends with "Answer:".
        classes: Number of choices.

    Examples:
        >>> completed_letter(" D).The working of the hammer", 4)
        3
        >>> completed_letter(" A spider has eight legs", 4)
    """
    found = _COMPLETED.match(text)
    index = ord(found[1]) - ord("A") if found else classes
    return index if index < classes else None


def read_letter(text: str, choices: Sequence[str], *, truncated: bool = False) -> int | None:
    """Find the choice that an answer decides on.

    Args:
        text: What the model wrote, with or without thoughts, markup and reasoning, in any of some twenty
            languages.
        choices: Texts of the choices in the order shown, 2 to 26; an answer may be one of them in words.
        truncated: Whether the text ran into the limit of tokens; then only what is announced is an answer. A text
            that breaks off in a sentence is taken for one that did.

    Returns:
        Position of the choice, ``None`` where none can be told: no answer, a refusal, two answers at once, a
        letter beyond the choices, a text cut off in its thoughts.
    """
    known = read_choices(tuple(choices))
    outside, unclosed = split_thoughts(text)
    if unclosed:
        # Thoughts that were never closed, but end with the line that was asked for.
        lines = plain_text(unclosed).strip().splitlines()
        found = _Reader(mark(lines[-1], known), known, True).announced() if lines else None
        if found is not None:
            return found
    plain = plain_text(outside).strip()
    if not plain:
        return None
    if _first_of_a_list(plain, known):
        return None
    marked = mark(_SHORT_ANSWER.sub("Answer: ", plain), known)
    answer, cut = _own_answer(marked, known)
    if not cut:
        asked = _ASKED.fullmatch(plain[plain.rfind("\n") + 1 :])
        if asked is not None:
            index = ord(asked[1]) - ord("A")
            return index if index < known.count else None
    truncated = truncated or _ends_in_a_choice(plain, known)
    return _Reader(answer, known, truncated and not cut).read()


def _first_of_a_list(plain: str, choices: Choices) -> bool:
    """Whether a text breaks off in the text of choice A: the beginning of an answer, or of all choices restated."""
    found = _FIRST.match(plain)
    rest = plain[found.end() :] if found else ""
    return len(rest.split()) >= 6 and _is_begun(rest, choices.keys[0])


def _ends_in_a_choice(plain: str, choices: Choices) -> bool:
    """Whether a text breaks off in the text of a choice that follows other words: "… each option. Option B: the sec"."""
    labels = list(_LABELLED.finditer(plain, max(plain.rfind("\n") - 1, 0)))
    if not labels or not plain[: labels[-1].start()].strip():
        return False
    found = labels[-1]
    index = ord(found[1]) - ord("A")
    return index < choices.count and _is_begun(plain[found.end() :], choices.keys[index])


def _is_begun(text: str, key: str) -> bool:
    """Whether a text is the beginning of a choice's text, and not the whole of it."""
    words_so_far = " ".join(text.lower().split())
    return words_so_far not in ("", key) and key.startswith(words_so_far)


def _own_answer(marked: str, choices: Choices) -> tuple[str, bool]:
    """The part of a text that answers this question, and whether another question follows it."""
    for found in words.SEVERAL_ANSWERS.finditer(marked):
        before = marked[: found.start()].strip()
        if len(set(_MARKED.findall(found[0]))) == 1:
            continue  # one answer, over and over
        if before and (_Reader(before, choices, False).read() is not None or words.REFUSAL.search(before)):
            return before, True
    starts = [found.start() for found in words.NEXT_QUESTION.finditer(marked)]
    if not starts:
        return _before_foreign_list(marked, choices)
    begin = 0
    for place, start in enumerate(starts):
        before = marked[begin:start]
        if _MARKED.search(before) and _Reader(before.strip(), choices, False).read() is not None:
            return before.strip(), True
        end = starts[place + 1] if place + 1 < len(starts) else len(marked)
        if before.strip() or place:
            if _lists_others(marked[start:end], choices):
                return before.strip(), True
        elif _lists_others(marked[start:end], choices):
            return "", True
    return marked, False


def _lists_others(part: str, choices: Choices) -> bool:
    """Whether a part lists choices, and they are not the question's own."""
    labels = re.findall(
        "^[^\\w\n\ue000-\ue3ff]{0,4}([\ue100-\ue3ff])[ \t.):]*(?=[^\\s.):])", part, re.MULTILINE
    )
    whole = re.findall("^[^\\w\n\ue000-\ue3ff]{0,4}([\ue000-\ue3ff])[ \t.):]*$", part, re.MULTILINE)
    return len(set(labels)) >= 2 and len(set(whole)) < 2


_QUESTION_LIST = re.compile(
    "\n[^\n]{8,400}[?:][ \t]*\n+[^\\w\n\ue000-\ue3ff]{0,4}[\ue100\ue200\ue300][ \t.):]+[^\\s\ue000-\ue3ff][^\n]{0,400}\n+[^\\w\n\ue000-\ue3ff]{0,4}[\ue101\ue201\ue301]"
)


def _before_foreign_list(marked: str, choices: Choices) -> tuple[str, bool]:
    """A text up to a question that is followed by a list of other choices, where it answers before."""
    found = _QUESTION_LIST.search(marked) if "?" in marked else None
    if found is not None:
        before = marked[: found.start()].strip()
        first = words.BARE_LINE.fullmatch(before.split("\n", 1)[0])
        if first is not None:
            return before, True
    return marked, False


class _Reader:
    """One answer in marked text."""

    def __init__(self, text: str, choices: Choices, truncated: bool) -> None:
        self.text = text
        self.count = choices.count
        self.truncated = truncated
        # The letters that lines and sentences begin with.
        self.heads = {ord(head) & 0xFF for head in _HEADS.findall(self.text)}
        self.decisions: list[int | None] = []
        self.verdicts: list[int] = []
        self.named: list[int] = []
        self.rejected: set[int] = set()
        self.refused = False
        # Whether a second line follows the first.
        self.goes_on = "\n" in text
        self.last_named: list[int] = []
        self.unmarked: list[str] = []
        # The choices that had a line of their own, without a decision.
        self.looked: set[int] = set()
        # The choices of which it is told what they say.
        self.quoted: set[int] = set()
        # Whether the text ends within a sentence.
        self.broken = truncated

    def announced(self) -> int | None:
        """The choice that is announced in so many words."""
        for found in words.ANNOUNCED.finditer(self.text):
            group = words.GROUP.match(self.text, found.end())
            if group is not None:
                self.decisions.append(self._single(group[0]))
        return self.decisions[-1] if self.decisions else None

    def read(self) -> int | None:
        text = self.text
        if _MARKED.search(text) is None:
            return None
        if _COLON_BELOW.search(text):
            text = _ANNOUNCED_BELOW.sub(r"\1 ", text)
        if "?" in text:
            text = words.ASKED_AND_ANSWERED.sub(r"\1: ", text)
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        if not lines:
            return None
        listed = self._lists(lines)
        self.broken = self.truncated or (len(lines) > 1 and self._breaks_off(lines))
        concluded = False
        for place, line in enumerate(lines):
            if _MARKED.search(line) is None:
                self._comment(line, lines[place - 1] if place > 1 else "")
                self._plain(line)
                continue
            titled = (
                words.TITLED.fullmatch(line) if place == len(lines) - 1 and listed[place] is None else None
            )
            if titled is not None and not words.DENIED.search(line[: titled.start(1)]):
                self.decisions.append(choice_of(titled[1], self.count))
                continue
            verdicts, decisions = len(self.verdicts), len(self.decisions)
            self._line(line, place, listed[place] is not None, lines[place - 1] if place else "")
            if len(self.verdicts) > verdicts:
                concluded = False
            elif len(self.decisions) > decisions and words.CONCLUSION.match(line):
                concluded = True
            self._look(listed[place])
        self._spare(lines, listed)
        if concluded:
            return self.decisions[-1]
        if len(set(self.verdicts)) == 1:
            self.decisions.append(self.verdicts[0])
        elif self.verdicts and not self.decisions:
            return None
        if self.decisions:
            return self.decisions[-1]
        return self._only_one(text, lines)

    def _spare(self, lines: Sequence[str], listed: Sequence[int | None]) -> None:
        """A list of comments that rejects all its choices but one has decided on that one."""
        spared = {index for index in listed if index is not None} - self.rejected
        if (
            self.verdicts
            or self.decisions
            or len(spared) != 1
            or not self.rejected
            or self._breaks_off(lines)
        ):
            return
        if len(self.rejected) == self.count - 1 or listed[0] in spared:
            self.verdicts += spared

    def _only_one(self, text: str, lines: Sequence[str]) -> int | None:
        """What an answer without a decision means: the only choice that it names and does not reject."""
        standing = {index for index in self.named if index not in self.rejected}
        if self.refused or self._breaks_off(lines) or any(map(words.REFUSAL.search, self.unmarked)):
            return None
        if len(text.split()) <= _SHORT and len(standing) == 1 and self.quoted <= standing:
            return next(iter(standing))
        last = {index for index in self.last_named if index not in self.rejected}
        if len(last) == 1 and _MARKED.search(lines[-1]) and words.CONCLUSION.search(lines[-1]):
            return next(iter(last))
        if not standing and self.count > 2 and len(self.rejected) == self.count - 1:
            return next(index for index in range(self.count) if index not in self.rejected)
        return None

    def _breaks_off(self, lines: Sequence[str]) -> bool:
        """Whether a text ends within a sentence that is more than a short answer."""
        if self.truncated:
            return True
        if _ENDS.search(lines[-1]) is not None:
            # A heading that nothing follows, if it is more than "C:".
            return lines[-1].endswith(":") and len(self.text.split()) > 4
        return len(self.text.split()) > 12 or words.SENTENCE_END.search(self.text) is not None

    def _lists(self, lines: list[str]) -> list[int | None]:
        """The choice that each line of a list of choices begins with; ``None`` for a line that is no part of one."""
        heads = [ord(found[1]) if (found := words.LISTED.match(line)) else None for line in lines]
        first = [None if head is None else head & 0xFF for head in heads]
        listed: list[int | None] = [None] * len(lines)
        place = 0
        while place < len(lines):
            end, seen = place, set[int]()
            while end < len(lines) and (index := first[end]) is not None and index not in seen:
                seen.add(index)
                end += 1
            if len(seen) >= 2:
                listed[place:end] = first[place:end]
                self._begun_before(lines, place, first[place])
            elif (
                seen
                and place
                and (
                    lines[place - 1].endswith((":", "："))
                    if 0 in seen
                    else words.LOOKS.search(lines[place - 1])
                )
            ):
                # "Let's look at each option:", and A is where the look begins.
                listed[place] = first[place]
            place = max(end, place + 1)
        # Headings of an analysis: every choice in order, each with lines of its own.
        places = [place for place, head in enumerate(heads) if head is not None and is_letter(chr(head))]
        order = [first[place] for place in places][: self.count]
        if all(index is None for index in listed) and len(places) >= 3 and order == list(range(len(order))):
            for place in places[: self.count]:
                listed[place] = first[place]
        return listed

    def _begun_before(self, lines: list[str], place: int, index: int | None) -> None:
        """A list whose first choice stands at the end of the line before: "We are given A) …"."""
        if (
            index
            and place
            and (found := _LAST_MARK.search(lines[place - 1]))
            and ord(found[1]) & 0xFF == index - 1
        ):
            lines[place - 1] = lines[place - 1][: found.start()]

    def _comment(self, line: str, above: str) -> None:
        """A choice on a line of its own that the line below it rejects; nobody rejects the answer that a text opens with."""
        bare = words.BARE_LINE.fullmatch(above)
        index = choice_of(bare[1], self.count) if bare is not None else None
        if index is not None and words.DENIED_BELOW.match(line):
            if self.decisions and self.decisions[-1] == index:
                self.decisions.pop()
            self._reject([index])
            self._look(index)

    def _plain(self, line: str) -> None:
        if words.RETRACTION.search(line):
            self.decisions.clear()
        self.unmarked.append(line)

    def _only_begun(self, choice: str, place: int, above: str) -> bool:
        """Whether a choice on a line of its own may be one that is only looked at."""
        index = choice_of(choice, self.count)
        if place == 0:
            return self.truncated and has_text(choice) and index == 0 and not self.goes_on
        if index in self.looked or words.ANNOUNCED.search(above.strip(" #:") + ": " + choice):
            return False
        return (has_text(choice) and bool(self.broken or self.looked)) or (
            self.truncated and bool(self.looked)
        )

    def _heads(self, line: str, place: int, above: str, index: int | None) -> bool:
        """Whether a choice on its own line, or its text below that line, is the heading of what is said of it: "Option B:"."""
        if line.endswith(":"):
            return place > 0
        heading = words.BARE_LINE.fullmatch(above)
        return heading is not None and above.endswith(":") and choice_of(heading[1], self.count) == index

    def _look(self, index: int | None) -> None:
        if index is not None:
            self.looked.add(index)

    def _line(self, line: str, place: int, listed: bool, above: str) -> None:
        bare = words.BARE_LINE.fullmatch(line)
        if bare is not None:
            index = choice_of(bare[1], self.count)
            if listed:
                self._look(index)
                if words.TICK_BEFORE.search(line[: bare.start(1)]) and index is not None:
                    self.verdicts.append(index)
                elif words.TICK_AFTER.match(line, bare.end(1)) and index is not None:
                    self.verdicts.append(index)
                elif words.DENIED.search(line[: bare.start(1)]) or words.DENIED_AFTER.match(
                    line, bare.end(1)
                ):
                    self._reject([index])
            elif self._only_begun(bare[1], place, above) or self._heads(line, place, above, index):
                self._look(index)
            else:
                self.decisions.append(index)
                self.last_named = []
            return
        self.last_named = []
        start = 0
        for end in [*(found.start() for found in words.SENTENCE_END.finditer(line)), len(line)]:
            sentence = line[start:end].strip()
            begins = start == 0
            start = end
            if sentence:
                if _MARKED.search(sentence):
                    self._sentence(sentence, listed, opens=begins and place == 0, begins=begins)
                else:
                    self._plain(sentence)

    def _sentence(self, sentence: str, listed: bool, *, opens: bool, begins: bool) -> None:
        sentence = words.HARMLESS.sub("surely", sentence)
        if words.CONCLUSION.match(sentence):
            self.last_named = []
        asks = sentence.endswith(("?", "？"))
        # The sentence that the limit cut off has not said what it thinks of its choice.
        broken = self.broken and _ENDS.search(sentence) is None
        corrects = words.CORRECTION.search(_QUOTED.sub("", sentence)) is not None
        if words.REFUSAL.search(sentence) and not words.CONTRAST.search(sentence):
            self.refused = True
        condition = words.CONDITION.search(sentence)
        leads = [found.span() for found in words.STATED.finditer(sentence)]
        stated = {end for _, end in leads}
        start = 0
        contrasted = named = quoted = False
        for clause_end in [*self._clauses(sentence, leads), len(sentence)]:
            clause = (start, clause_end)
            groups = list(_groups(sentence, *clause))
            before = start
            thought_of = words.TENTATIVE.search(sentence, *clause)
            concedes = words.CONCESSION.search(sentence, *clause)
            contrasted = named and concedes is None
            for number, group in enumerate(groups):
                members = self._members(group[0])
                after_end = groups[number + 1].start() if number + 1 < len(groups) else clause_end
                lead, tail = sentence[before : group.start()], sentence[group.end() : after_end]
                before = group.end()
                first = opens and group.start() == _lead_length(sentence)
                if self._is_tick(lead, tail, listed):
                    self.verdicts += [index for index in members if index is not None][:1]
                    continue
                announced = group.start() in stated
                if announced and words.ALL_BUT.search(lead):
                    self.decisions.append(self._single(group[0]))
                    continue
                if not tail and not announced:
                    if words.DASHED_NO.match(sentence, group.end()):
                        self._reject(members)
                        continue
                    if words.DASHED_MAYBE.match(sentence, group.end()):
                        self._name(members)
                        continue
                    if words.DASHED_YES.match(sentence, group.end()):
                        self.decisions.append(self._single(group[0]))
                        continue
                lead = words.RELATIVE.sub(" ", lead)
                denied = (not announced or _denies_inside(lead)) and words.DENIED.search(lead[-_LEAD:])
                confirmed = words.CONFIRMED.match(tail)
                if (
                    confirmed
                    and _LOOSE.fullmatch(confirmed[0])
                    and tail[confirmed.end() :].lstrip(" ")[:1].isalnum()
                ):
                    confirmed = None  # "B) right ventricle" confirms nothing
                if (
                    denied
                    or (not confirmed and words.DENIED_AFTER.match(tail))
                    or (confirmed and _denies(tail, confirmed))
                ):
                    self._reject(members)
                    continue
                if (
                    asks
                    or (thought_of and not (number and (confirmed or announced) and _turns_away(lead)))
                    or (concedes and concedes.start() < group.start() and not announced and number == 0)
                    or (
                        condition
                        and condition.start() < group.start()
                        and not (confirmed and condition[0].lower() == "why")
                        and not announced_after(sentence, condition)
                        and not (announced and words.CONSEQUENCE.search(lead))
                    )
                ):
                    continue
                quoted = quoted or (
                    not announced
                    and not confirmed
                    and (words.QUOTED_FROM.match(tail) or words.LOOKED_AT.search(lead)) is not None
                )
                single = self._single(group[0])
                if len(set(members)) >= min(3, self.count):
                    if announced and len(set(members)) < self.count:
                        self.decisions.append(None)
                    continue
                if (
                    confirmed
                    and self.decisions
                    and "would" in confirmed[0]
                    and self._ends_with(tail, confirmed)
                ):
                    continue  # "The answer is A. B would be right", and the condition was cut off
                if confirmed and not words.POLITE_CONDITION.match(tail, confirmed.end()):
                    if listed and begins and group.start() == _lead_length(sentence):
                        self.verdicts += [] if single is None else [single]
                    else:
                        self.decisions.append(single)
                elif listed and begins and group.start() == _lead_length(sentence):
                    continue
                elif confirmed:
                    continue
                elif announced and not re.match(r"\s*(?:if|unless|when)\b", tail):
                    self.decisions.append(single)
                elif announced:
                    self.quoted.update(index for index in members if index is not None)
                elif (
                    not broken
                    and not words.QUOTED_FROM.match(tail)
                    and (
                        ((corrects or contrasted) and len(groups) == 1)
                        or (number and words.CORRECTION.search(lead))
                    )
                ):
                    self.decisions.append(single)
                elif first and not quoted and len(groups) == 1 and self._opens_answer(group[0], tail):
                    self.decisions.append(single)
                elif quoted:
                    self.quoted.update(index for index in members if index is not None)
                else:
                    self._name(members)
            named = named or bool(groups)
            start = clause_end

    def _clauses(self, sentence: str, leads: Sequence[tuple[int, int]]) -> Iterator[int]:
        for found in words.CONTRAST.finditer(sentence):
            # "all but C" is one phrase.
            if not any(start < found.start() < end for start, end in leads):
                yield found.start()

    def _ends_with(self, tail: str, confirmed: re.Match[str]) -> bool:
        """Whether a choice and what confirms it are the last words of a text, without a mark at its end."""
        return tail.endswith(confirmed[0]) and self.text.endswith(tail)

    def _opens_answer(self, group: str, tail: str) -> bool:
        """Whether an answer begins with its letter: "B, because …", and "B) words" where no list follows."""
        alone = len(self.heads) < 2
        if self.truncated and not tail and not self.text.startswith(group) and self.text.endswith(group):
            return False  # the sentence had only begun
        if alone and len(group) == 1 and has_text(group) and not tail.strip(" .!"):
            return True
        label = ord(group[0]) & 0xFF00 in (0xE100, 0xE300)
        # "B) words" on a line of its own; an A may be the first of a list that the end cut off.
        if alone and label and self.goes_on and ord(group[0]) & 0xFF > 0:
            return True
        if self.truncated:
            return False
        if not alone:
            return words.OPENING_REASON.match(tail) is not None
        opening = words.OPENING.match(tail)
        if opening and (
            is_letter(group[0]) or opening[0].strip() != "is" or len(self.text.split()) <= _SHORT
        ):
            return True
        return label and _ENDS.search(tail) is not None

    def _is_tick(self, lead: str, tail: str, listed: bool) -> bool:
        if _TICKS.search(lead) is None and _TICKS.search(tail) is None:
            return False
        if words.TICK_BEFORE.search(lead):
            return True
        return words.TICK_AFTER.match(tail) is not None and (listed or len(tail) < 60)

    def _members(self, group: str) -> list[int | None]:
        return [choice_of(found[0], self.count) for found in _MARKED.finditer(group)]

    def _single(self, group: str) -> int | None:
        members = set(self._members(group))
        return members.pop() if len(members) == 1 else None

    def _reject(self, members: Sequence[int | None]) -> None:
        self.rejected.update(index for index in members if index is not None)

    def _name(self, members: Sequence[int | None]) -> None:
        known = [index for index in members if index is not None]
        self.named += known
        self.last_named += known


def _groups(sentence: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Choices that are named in one breath; in "compared with B, C is better" the C begins anew."""
    for found in words.GROUP.finditer(sentence, start, end):
        last = found.end() - 1
        if len(found[0]) > 1 and re.fullmatch(r"[^,\ue000-\ue3ff]?,\s+", sentence[found.start() + 1 : last]):
            if words.SINGULAR.match(sentence, found.end()):
                yield from (_mark_at(sentence, found.start()), _mark_at(sentence, last))
                continue
        yield found


def _mark_at(sentence: str, place: int) -> re.Match[str]:
    found = _MARKED.match(sentence, place)
    assert found is not None
    return found


def _lead_length(sentence: str) -> int:
    found = words.LISTED.match(sentence)
    return found.start(1) if found else -1


def announced_after(sentence: str, condition: re.Match[str]) -> bool:
    """Whether what looks like a condition is none, as in "if you ask me"."""
    return (
        re.match(
            r"(?:if|si) (?:you|asked|i)(?:'d)? (?:ask|want|had|have|must)",
            sentence[condition.start() :],
            re.I,
        )
        is not None
    )


def _denies_inside(lead: str) -> bool:
    """Whether an announcement itself is turned round: "the answer is not C", "I don't think it's C"."""
    return (
        re.search(
            r"(?:\bnot|n['’]t|\bnever|\bneither|\bcannot|\bnicht|\bpas|\bне|\bno|不)(?![^\W\d_])[^,;:]{0,60}$",
            lead,
            re.I,
        )
        is not None
    )


def _turns_away(lead: str) -> bool:
    """Whether a thought ends at a comma before the next choice: "B is tempting, the answer is C"."""
    _, comma, rest = lead.partition(",")
    return bool(comma) and not re.match(r"\s*(?:or|and)\b", rest, re.I) and not words.TENTATIVE.search(rest)


def _denies(tail: str, confirmed: re.Match[str]) -> bool:
    return re.search(r"(?<![^\W\d_])(?:not|never|in)(?![^\W\d_])", confirmed[0], re.I) is not None
