"""Marked text: one character where something stands for a choice, so that words of choices are no words of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from hotmess_inspect.multiple_choice.clean import plain_text

__all__ = ["BEYOND", "Choices", "choice_of", "has_text", "is_letter", "mark", "read_choices"]

# Private characters: the text of a choice, a letter that is dressed as a label, a letter alone, a letter with its text.
_TEXT, _LABEL, _ALONE, _BOTH = 0xE000, 0xE100, 0xE200, 0xE300
BEYOND = 255
_PRIVATE = re.compile("[\ue000-\ue3ff]")

# Cyrillic letters that look like Latin ones; Russian answers mix them in.
_HOMOGLYPHS = {"А": "A", "В": "B", "С": "C", "Е": "E"}
# Letters that are words in some language.
_WORDS_OF_ONE = frozenset("AIEOYUАВСЕ")
# Words that are too common to be taken for a choice's text wherever they stand.
_COMMON = frozenset(
    "a all always and answer best both choice correct either false incorrect is it left letter me neither never no none not "
    "one option or right same so sure the there this that true two three four false wrong yes you zero".split()
)
_NUMBER = re.compile(r"[-+−±]?[\d.,/:^%°()\s×eE+-]*\d[\d.,/:^%°()\s×eE+-]*")
_BLANKS = re.compile(r"[ \t\f\v]+")

_NAME = (
    r"(?:options?|choice|letter|alternative|answer|statement|opción|opcion|alternativa|opção|opzione|choix|lettre|"
    r"letra|lettera|proposition|réponse|respuesta|antwort|buchstabe|möglichkeit|aussage|optie|opcja|seçenek|şık|pilihan|"
    r"phương án|đáp án|вариант\w{0,3}|буква|пункт|ответ|под буквой|варіант|الخيار|الحرف|选项|選項|選択肢|선택지|보기|विकल्प)"
)
# Letters that words are written with where letters stand apart from each other.
_WORD = r"[0-9A-Za-z_À-ɏͰ-ϿЀ-ӿ]"
_OPEN = r"[(\[{<\"'“„‘«「『【〔]"
_CLOSE = r"[)\]}>\"'”’»」』】〕]"
# What may not follow a letter that stands for a choice: a word, a number, C's, C++, C/D, D-glucose, E =
_RIGHT = r"(?![0-9A-Za-z_À-ɏͰ-ϿЀ-ӿ]|['’](?!dir|dır|dur|dür|\s|$|[\"',.)\]}])[a-zA-Z]|[+#&²³⁺⁻^°%\\]|/(?![A-Z](?![A-Za-z]))|-\w|\s?[=<>≤≥≈∝·×∈→](?![=<>-])|\()"
_LETTERS = re.compile(
    rf"(?<![^\W\d_])(?P<name>{_NAME}\s*(?:{_OPEN}\s?){{0,2}}(?P<named>[A-ZАВСЕ]|(?<=[ ({{\[\"'])[a-z])(?:\s?{_CLOSE}){{0,2}}(?:(?<=[)\]}}\"'”])|{_RIGHT}))"
    rf"|(?<!{_WORD})(?<![\\}}])(?P<dressed>{_OPEN}\s?(?P<inside>[A-ZАВСЕ]|(?<=[(\[{{])[a-z])\s?{_CLOSE})"
    r"|(?P<line>^[^\w\n\ue000-\ue3ff]{0,8}(?P<first>[A-Za-zАВСЕ])(?:\s?[)\]:]|[.](?=\s|$)|(?=\s*(?:[,–—-]\s|$|\|))))"
    rf"|(?<!{_WORD})(?<!['’+*/^=<>·×°|¬\\-])(?<!}}[ \t])(?P<half>(?P<before>[A-Z])\))"
    rf"|(?<!{_WORD})(?<!['’+*^<>·×°\\.-])(?<!(?-i:[0-9a-z])/)(?<!}}{{)(?P<alone>[A-ZАВСЕ]){_RIGHT}",
    re.IGNORECASE | re.MULTILINE,
)
# E = 3: the E of such a text is no choice wherever it stands alone.
_VARIABLE = re.compile(rf"(?<!{_WORD})([A-Z])\s?(?:=(?!=)|\\(?:cdot|times|approx|sim|leq?|geq?|in)\b)")
# "where h is the height, A is the area and T is the temperature": what such a text defines is no choice.
_DEFINES = re.compile(r"\bwhere \$?\\?[A-Za-z]\w*\$? is\b")
_DEFINED = re.compile(rf"(?<!{_WORD})([A-Z])(?= (?:is|are) (?:the|an?) [a-z])")
_UNIT = re.compile(r"[\d}][ \t]$")
_LONE = re.compile(
    rf"(?<!{_WORD})(?:[B-HJ-ZАВСЕA]|I(?!['’]|\s[a-z])|I(?=\s(?:is|because|since|fits|seems|instead|est|ist|jest|es|è|é|(?:and|or)\s[A-Z])\b)|[a-z](?=\s?[).:\]}}>\"'”’»」』】〕,!?;]|\s*$))(?!{_WORD})",
    re.MULTILINE,
)
# The full stop of a choice's own text, with a comment behind it on the same line, ends no sentence.
_STOP = re.compile(
    "([\ue000-\ue0ff\ue300-\ue3ff])[.!?]+(?=[ \t]*(?:\\([^()\n\ue000-\ue3ff]{1,40}\\)|[|\\[←→✅❌✓✗✔✘☑–—]|<-|->|--|=>))"
)
# What follows an A that is an article: a number, a name, and a word of the sentence.
_ARTICLE = re.compile(
    r"[ \t]+(?!(?:The|This|That|It|Because|Since|As|Explanation|Reason|Rationale|Option|Answer)\b)(?:\d[^\s.]{0,30}[ \t]+[a-zA-Z]|[A-Z][^\s.]{0,30}[ \t]+[a-z])"
)
# What a part of a question begins with: a sentence, which says more than that a choice is right.
_PART = re.compile(
    r"[ \t]+(?!(?:because|since|as|for|due|given|it|this|that|which|yes|no|explanation|reason)\b)[\w$\\](?:\S*[^\s.!?][ \t]+){5}",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"(?:^|\n|[.!?:]\s)[^\w\n]?$")
_NARROW = re.compile(r"\s?[).:,]?\s{0,2}")
_SEPARATOR = re.compile(r"[\s]{0,2}[).:,(\]\[\"'“”|–—-]{0,3}[ \t]{0,2}[\"'“(\[]?")
# Words that may follow a letter which is a word itself (A because …, I is …).
_CONNECTIVES = re.compile(
    r"\s+(?:because|since|as|is|and|or|but|for|due|with|given|which|seems|follows|based|being|rather|not|may|will|did|states|refers|implies|supports|contradicts|applies|remains|misses|can|cannot|are|must|"
    r"was|it|on this|would|does|should|fits|also|comes|might|could|looks|sounds|stays|survives|holds|works|wins|stands|satisfies|matches|describes|makes|has|says|weil|da|denn|ist|car|"
    r"parce|est|porque|ya|es|é|è|und|oder|et|ou|instead|over|here|too|i|потому|так)(?![^\W\d_])|\s+(?:yes|no)[ \t]*(?=\n|$)|\s+[A-Z\ue000-\ue3ff(]"
)
_ANNOUNCES = re.compile(
    r"(?:answer|ans|choice|option|is|be|say|pick|choose|select|with|guess|[:=→]|lautet|ist|est|es|é|はい?|是|为)[\s\"'(\[]*$",
    re.IGNORECASE,
)

_ANSWERS = re.compile(
    r"(?:answer|ans|choice|option|letter)[\s\"']*(?:is|be)?[:=→]?[\s\"'(\[]*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Choices:
    """The texts of a question's choices, ready to be found.

    Attributes:
        count: Number of choices.
        keys: Each choice's text without markup, case and marks at its ends.
        found: Texts that are looked for anywhere, the longest first, with the choice; ``BEYOND`` where two are the same.
        placed: Short or common texts, which count only where an answer is announced.
    """

    count: int
    keys: tuple[str, ...]
    found: tuple[tuple[str, int], ...]
    placed: dict[str, int]


@lru_cache(maxsize=4096)
def read_choices(choices: tuple[str, ...]) -> Choices:
    """Prepare the texts of a question's choices."""
    keys = tuple(_key(choice) for choice in choices)
    whose: dict[str, int] = {}
    for index, key in enumerate(keys):
        # Two choices that read the same cannot be told apart by their text.
        whose[key] = BEYOND if key in whose else index
    labels = {chr(ord("a") + index) for index in range(len(choices))}
    placed = {key: index for key, index in whose.items() if key and key not in labels and _is_short(key)}
    found = [(key, index) for key, index in whose.items() if key and key not in labels and key not in placed]
    found.sort(key=lambda pair: -len(pair[0]))
    return Choices(len(choices), keys, tuple(found), placed)


def choice_of(mark: str, count: int) -> int | None:
    """The choice that a mark stands for; ``None`` for a letter beyond the choices, and where it is not one choice."""
    index = ord(mark) & 0xFF
    return index if index < count else None


def has_text(mark: str) -> bool:
    """Whether a mark is a letter together with the text of a choice."""
    return ord(mark) >= _BOTH


def is_letter(mark: str) -> bool:
    """Whether a mark is a letter, with or without its text, and not a text alone."""
    return ord(mark) >= _LABEL


def mark(text: str, choices: Choices) -> str:
    """Replace whatever stands for a choice by one character.

    Args:
        text: Plain text.
        choices: The choices.

    Returns:
        The text with the choices' own texts, labels ("(B)", "option B", "B) text") and lone letters marked.
    """
    text = _BLANKS.sub(" ", _PRIVATE.sub(" ", text))
    text = _mark_texts(text, choices)
    text = _mark_letters(text, choices)
    return _STOP.sub(r"\1", _mark_placed(text, choices))


def _key(choice: str) -> str:
    return _lower(re.sub(r"\s+", " ", plain_text(choice))).strip(" \t\"'“”‘’«».,;:!?")


def _is_short(key: str) -> bool:
    return len(key) <= 2 or key in _COMMON or _NUMBER.fullmatch(key) is not None


def _lower(text: str) -> str:
    """Lower case of the same length."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _ends_there(text: str, start: int, end: int) -> bool:
    """Whether a stretch of text begins and ends with whole words and numbers."""
    before = text[start - 1 : start]
    after = text[end : end + 2]
    if text[start].isalnum() and (before.isalnum() or before in ("_", "\\", "^")):
        return False
    if text[start].isdigit() and before in (".", ",", "-", "/") and text[start - 2 : start - 1].strip():
        return False
    if not after or not text[end - 1].isalnum():
        return True
    if after[0].isalnum() or after[0] in "_^" or (text[end - 1].isdigit() and after[0] in "%/°"):
        return False
    # A hyphen, a decimal point or a comma between digits goes on with the word.
    joins = after[0] == "-" or (after[0] in ".,/:" and text[end - 1].isdigit() and after[1:2].isdigit())
    return not (joins and after[1:2].isalnum())


def _mark_texts(text: str, choices: Choices) -> str:
    low = _lower(text).replace("\n", " ")
    spans: list[tuple[int, int, int]] = []
    taken = bytearray(len(low)) if choices.found else bytearray()
    for key, index in choices.found:
        start = low.find(key)
        while start >= 0:
            end = start + len(key)
            if not taken[start] and not taken[end - 1] and _ends_there(low, start, end):
                spans.append((start, end, index))
                taken[start:end] = b"\1" * len(key)
            start = low.find(key, end)
    if not spans:
        return text
    pieces, place = [], 0
    for start, end, index in sorted(spans):
        pieces += [text[place:start], chr(_TEXT + index)]
        place = end
    return "".join([*pieces, text[place:]])


def _mark_letters(text: str, choices: Choices) -> str:
    pieces: list[str] = []
    place, last = 0, -1
    low: str | None = None
    variables = set(_VARIABLE.findall(text)) if "=" in text or "\\" in text else set()
    if _DEFINES.search(text):
        variables.update(_DEFINED.findall(text))
    for found in _candidates(text):
        if found.start() < place or not (known := _letter(found, text, choices)):
            continue
        kind, index = known
        start, end = found.start(), found.end()
        before, last = last, index
        if found["alone"] and index - 1 != before and _UNIT.search(text, max(0, start - 2), start):
            continue  # 3.2 J; in "A. 5 B. 6" the letters go on
        if found["alone"] in variables and not _ANNOUNCES.search(text, max(0, start - 12), start):
            continue
        low = _lower(text) if low is None else low
        end, index = _own_text(text, low, start, end, index, choices)
        if end > found.end():
            kind = _BOTH
        if kind in (_LABEL, _BOTH) and found["line"]:
            start = found.start("first")
            while start > found.start() and text[start - 1] in "([{\"'":
                start -= 1
        pieces += [text[place:start], chr(kind + index)]
        place = end
    pieces.append(text[place:])
    marked = "".join(pieces)
    # Rome (C): the text first, its letter behind.
    return re.sub(
        "([\ue000-\ue0ff])[ ,]{0,2}[(\\[]?\\s?([\ue100-\ue3ff])[)\\]]?",
        lambda both: (
            chr(_BOTH | ord(both[2]) & 0xFF) if ord(both[1]) & 0xFF == ord(both[2]) & 0xFF else both[0]
        ),
        marked,
    )


def _candidates(text: str) -> Iterator[re.Match[str]]:
    """Letters that may stand for a choice; lines without a lone letter are passed over."""
    end = -1
    for lone in _LONE.finditer(text):
        if lone.start() < end:
            continue
        start = text.rfind("\n", 0, lone.start()) + 1
        end = text.find("\n", lone.start())
        end = len(text) if end < 0 else end
        yield from _LETTERS.finditer(text, start, end)


def _letter(found: re.Match[str], text: str, choices: Choices) -> tuple[int, int] | None:
    """Kind and index of a letter, ``None`` where it is a word, a name of something, or no letter of a list."""
    letter = found["named"] or found["inside"] or found["first"] or found["before"] or found["alone"]
    index = ord(_HOMOGLYPHS.get(letter, letter).upper()) - ord("A")
    if not 0 <= index < 26:
        return None
    end = found.end()
    if index >= choices.count and letter.lower() in choices.placed:
        return None
    if letter.islower():
        return _lower_case(found, text, letter, index, choices)
    if found["before"] and re.search(r"(?:^|\W)[A-Z]\($", text[max(0, found.start() - 3) : found.start()]):
        return None  # P(D)
    if (beside := re.match(r"/([A-Z])(?![A-Za-z])", text[end : end + 3])) and ord(
        beside[1]
    ) - 65 >= choices.count:
        return None  # I/O
    if found["inside"] or found["before"]:
        return _LABEL, index
    if found["first"] and text[end - 1] in ")]:.|":
        # "A: " may begin a question and its answer, "I." a roman number; both are labels by their place.
        return _LABEL, index
    word = re.match(r"[ \t]+[a-zß-ɏа-џ]", text[end : end + 8])
    if letter in _WORDS_OF_ONE and word and not found["first"]:
        start = found.start(found.lastgroup or 0)
        # A capital within a sentence is no article: "all but A fail".
        begins = re.search(r"[a-zß-ɏа-џ,;]\s$", text[max(0, start - 2) : start]) is None
        if begins and _CONNECTIVES.match(text, end) is None:
            return None
        if letter == "I" and not re.match(
            r"\s+(?:is|because|since|fits|seems|instead|est|ist|jest|es|è|é|(?:and|or)\s[A-Z])\b",
            text[end : end + 12],
        ):
            return None
    if found["alone"] and letter == "A" and _is_article(text, found.start(), end, choices):
        return None
    return (_LABEL if found["named"] else _ALONE), index


def _is_article(text: str, start: int, end: int, choices: Choices) -> bool:
    """Whether an A begins a noun: "A 64-year-old man", "A DNA strand"."""
    announced = _ANNOUNCES.search(text, max(0, start - 12), start) is not None
    if _ARTICLE.match(text, end) is None or (
        announced and not text[max(0, start - 12) : start].rstrip().lower().endswith("question:")
    ):
        return False
    following = _lower(text[end : end + 40]).lstrip(" \t\"'“")
    return not following.startswith(choices.keys[0][:6] or "\n")


def _lower_case(
    found: re.Match[str], text: str, letter: str, index: int, choices: Choices
) -> tuple[int, int] | None:
    """A small letter is a label only in a dress or a place that says so."""
    end = found.end()
    if index >= choices.count or _names_a_part(text, found.start(), end, index, choices):
        return None
    closed = text[end - 1 : end] in (")", "]", "}")
    if found["inside"]:
        quoted = _ANNOUNCES.search(text, max(0, found.start() - 12), found.start()) is not None
        return (_LABEL, index) if closed or quoted else None
    ends = re.match(r"\s*(?:$|[\n.,;:!?)\]}\"'”’])", text[end : end + 3]) is not None
    if found["named"]:
        return (_LABEL, index) if closed or ends else None
    if found["before"]:
        announced = _ANNOUNCES.search(text, max(0, found.start() - 12), found.start()) is not None
        return (_LABEL, index) if announced else None
    if found["first"]:
        rest = text[end:].split("\n", 1)[0]
        own = (
            _lower(rest).lstrip(" ").startswith(choices.keys[index][:12])
            or "\ue000" <= rest.strip()[:1] <= "\ue0ff"
        )
        return (_LABEL, index) if closed or not rest.strip(" .)*") or own else None
    if found["alone"]:
        if re.match(r",\s[a-z]\b", text[end : end + 4]):
            return None  # the roots a, b and c
        if letter == "a" and not text[end:].strip():
            # "This is a" broke off; "the answer is a" did not.
            return (
                (_LABEL, index) if _ANSWERS.search(text, max(0, found.start() - 24), found.start()) else None
            )
        announced = _ANNOUNCES.search(text, max(0, found.start() - 12), found.start()) is not None
        return (_LABEL, index) if ends and announced else None
    return None


def _says_more(text: str, start: int, end: int, stop: int) -> bool:
    """Whether a choice's text behind an announced letter begins a sentence: "The answer is (C). Mercury is no gas."."""
    return (
        text[end : end + 2] == ". "
        and re.match(r" [a-z]", text[stop : stop + 2]) is not None
        and _ANNOUNCES.search(text, max(0, start - 12), start) is not None
    )


def _names_a_part(text: str, start: int, end: int, index: int, choices: Choices) -> bool:
    """Whether "(a)" at the beginning of a sentence names a part of the question: "(a) The mass is 3 g. (b) The …"."""
    if _PART.match(text, end) is None or _BEGINS.search(text[max(0, start - 3) : start]) is None:
        return False
    rest = _lower(text[end : end + 14]).lstrip(" ")
    return not rest.startswith(choices.keys[index][:12] or " ") and not "\ue000" <= rest[:1] <= "\ue0ff"


def _own_text(text: str, low: str, start: int, end: int, index: int, choices: Choices) -> tuple[int, int]:
    """Where a label ends together with its choice's text, and the choice."""
    key = choices.keys[index] if index < choices.count else ""
    # Two tries: a dash behind a label may be a separator or a sign.
    for pattern in (_NARROW, _SEPARATOR):
        separator = pattern.match(text, end)
        place = separator.end() if separator else end
        if key and place > end and low.startswith(key, place) and _ends_there(low, place, place + len(key)):
            whole = place + len(key)
            return (end if _says_more(text, start, end, whole) else whole), index
    following = text[place : place + 1]
    if following and _TEXT <= ord(following) < _LABEL:
        whose = ord(following) - _TEXT
        if whose == index:
            return (end if _says_more(text, start, end, place + 1) else place + 1), index
        if whose != BEYOND and key.startswith(choices.keys[whose]):
            # Another choice's text that this one's begins with.
            begun = len(choices.keys[whose])
            same = _common(low[place + 1 : place + 1 + len(key)], key[begun:])
            if same and (same == len(key) - begun or place + 1 + same == len(low)):
                return place + 1 + same, index
        # The text of another choice: the letter is what was asked for.
        plain = re.fullmatch(r"\s?[).:\]]?\s?", text[end:place]) is not None
        return (place + 1 if plain and index < choices.count else end), index
    if index >= choices.count or place == end:
        return end, index
    # The beginning of the choice's text: cut off, or put in other words further on.
    rest = low[place : place + len(key)]
    same = _common(rest, key)
    if re.fullmatch(r"[,.\s]+[A-Z][\W_]*", text[end:]):
        return end, index  # "D, B": another letter, and no beginning of a text
    if same == len(low) - place and same > 0 and (same >= 3 or same == len(low.strip()) - place):
        return place + same, index
    if same >= 8 and " " in rest[:same].strip():
        stop = re.compile(r"[.;\n]|$").search(text, place + same)
        return (stop.start() if stop else place + same), index
    return end, index


def _common(one: str, other: str) -> int:
    """Length of the common beginning of two texts."""
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    return same


def _mark_placed(text: str, choices: Choices) -> str:
    """Short texts count on a line of their own, in quotes, and where an answer is announced."""
    if not choices.placed:
        return text
    keys = "|".join(re.escape(key) for key in sorted(choices.placed, key=len, reverse=True))
    pattern = _placed_pattern(keys)

    def marked(found: re.Match[str]) -> str:
        # "1." at the beginning of a line counts points.
        if (
            found[2][0].isdigit()
            and not found[1].strip()
            and re.match(r"[.)]?[ \t]+\S", text[found.end() : found.end() + 4])
        ):
            return found[0]
        return found[1] + chr(_TEXT + choices.placed[_lower(found[2])])

    text = pattern.sub(marked, text)
    return _placed_before(keys).sub(lambda found: chr(_TEXT + choices.placed[_lower(found[1])]), text)


@lru_cache(maxsize=4096)
def _placed_pattern(keys: str) -> re.Pattern[str]:
    return re.compile(
        r"((?:^[^\w\n\ue000-\ue3ff]{0,6}?|[\"“'(]\s?|(?:answer|answers|ans|is|be|choose|pick|say|think|believe|guess|with|go for|opt for|settle on|get|gives|it's|equals|option|"
        r"choice|ist|lautet|est|es|é|是|为|：|ответ)[\"']?(?:\s*[:=—]|\s+[–-](?=\s))?\s*[\"'“(]?\s?|:\s*[\"'“(]?\s?))"
        rf"({keys})(?=\s*(?:$|[.!?]{{1,2}}(?:\s|$|[\"”'*])|[,;)\"”'\]}}。]|\s+(?:because|since|as|which|so)\b|\s+[—–-](?!\s?[$(\d\\])))",
        re.IGNORECASE | re.MULTILINE,
    )


@lru_cache(maxsize=4096)
def _placed_before(keys: str) -> re.Pattern[str]:
    """A short text of which it is said that it is the answer: "12 is the correct answer"."""
    return re.compile(
        rf"(?<![\w.,$^*/+-])(?<![$^*/+=-] )({keys})(?= (?:is|would be|must be) (?:the |my )?"
        r"(?:(?:correct|right|best|final) )?(?:answer|choice|option)\b)",
        re.IGNORECASE,
    )
