"""Short names for the branches of a node, by what tells them apart."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

WIDTH = 90
"""Characters of a name, more only where many branches can't be told apart by fewer."""
_KEPT = 24
"""Characters in common that are shown; of more, an ellipsis."""
_WORD = 16
_CALLED = re.compile(r"^[\w.-]+: ")


def told_apart(texts: Sequence[str], width: int = WIDTH, kept: int = _KEPT) -> list[str]:
    """Texts as single lines, cut so that unlike texts stay unlike and begin with what sets them apart.

    What all have in common at the front is left out, if it is long, at the end too, and where some of them agree
    further on, what these have in common; cuts are at the limits of words and marked by an ellipsis.

    Args:
        texts: The texts; equal ones stay equal.
        width: Characters at which a line is cut.
        kept: Characters in common that are shown.

    Returns:
        The lines, in the order of the texts.

    Example:
        >>> told_apart(["cd /repo/of/some/project && cat spans.py", "cd /repo/of/some/project && cat plan.py"])
        ['… spans.py', '… plan.py']
    """
    lines = _lines(texts)
    distinct = sorted(set(lines))
    front = _agree(distinct[0], distinct[-1]) if len(distinct) > 1 else 0
    back = _common_end(distinct, front, kept)
    cut = sorted(line[: len(line) - back] for line in distinct)
    shown = _unlike([text + " …" if back else text for text in _cut_at_partings(cut, 0, 0, width - 2, kept)])
    named = dict(zip(cut, shown, strict=True))
    return [named[line[: len(line) - back]] for line in lines]


@dataclass(frozen=True)
class Described:
    """A branch as it is to be named.

    Attributes:
        tool: Tool or program, empty where epochs end.
        target: Its files.
        shown: The step in words.
        label: What is compared.
        same: Whether the words are those of every epoch in the branch.
    """

    tool: str
    target: str
    shown: str
    label: str
    same: bool = True


def branch_names(branches: Sequence[Described], width: int = WIDTH) -> list[str]:
    """A name for each branch of a node, unlike for unlike branches.

    A step goes by its tool or program and its files, and a call that names no file by its arguments; branches that
    agree in this, as at finer grains, by what else tells them apart.

    Args:
        branches: The branches of one node.
        width: Characters at which a name is cut.

    Returns:
        The names, in the order of the branches.
    """
    names = [f"{branch.tool} {branch.target}".strip() or branch.shown for branch in branches]
    alike: dict[str, list[Described]] = defaultdict(list)
    for name, branch in zip(names, branches, strict=True):
        alike[name].append(branch)
    more: dict[Described, str] = {}
    for name, own in alike.items():
        call = own[0].shown.startswith(f"{own[0].tool}: ") and not own[0].target and own[0].same
        if len(own) > 1 or call:
            rests = [_arguments(branch) for branch in own]
            if len(set(rests)) < len(rests):
                rests = [branch.label.rsplit("\x1f", 1)[-1] for branch in own]
            more |= zip(own, told_apart(rests, max(width - len(name) - 2, _KEPT)), strict=True)
    whole = [": ".join(filter(None, (n, more.get(b, "")))) for n, b in zip(names, branches, strict=True)]
    return _unlike(whole if max(map(len, whole), default=0) <= width else told_apart(whole, width))


def _arguments(branch: Described) -> str:
    """What a call says beside its tool's name; nothing where it has no arguments."""
    said = branch.shown.removeprefix(f"{branch.tool}: ")
    said = _CALLED.sub("", said) if said == branch.shown else said
    return "" if said == "{}" else said


def _unlike(texts: Sequence[str]) -> list[str]:
    """Texts with a number behind each that was there before, such as for an ellipsis of the text's own."""
    seen: Counter[str] = Counter()
    found = []
    for text in texts:
        seen[text] += 1
        found.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return found


def _agree(first: str, second: str) -> int:
    """How many characters two texts have in common at the front; of sorted ones the outer two tell of all."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def _lines(texts: Sequence[str]) -> list[str]:
    """Texts as single lines of visible characters, unlike for unlike texts."""
    lines = [line if (line := " ".join(text.split())).isprintable() else repr(text)[1:-1] for text in texts]
    return lines if len(set(lines)) == len(set(texts)) else [repr(text)[1:-1] for text in texts]


def _common_end(lines: Sequence[str], front: int, kept: int) -> int:
    """How many characters at the end of all lines are left out: whole words, and none of what sets them apart."""
    if len(lines) < 2:
        return 0
    turned = sorted(line[front:][::-1] for line in lines)
    back = min(_agree(turned[0], turned[-1]), min(map(len, turned)) - 1)
    if back <= kept:
        return 0
    gap = lines[0].find(" ", len(lines[0]) - back)
    return len(lines[0]) - gap if gap >= 0 and len(lines[0]) - gap > kept else 0


def _cut_at_partings(lines: Sequence[str], start: int, needed: int, room: int, kept: int) -> list[str]:
    """What is shown of sorted unlike lines from `start` on, up to which they agree.

    Args:
        lines: The lines.
        start: Where what is shown begins.
        needed: Up to where it has to be shown, since it sets these lines apart from others.
        room: Characters there is room for.
        kept: Characters in common that are shown.
    """
    if len(lines) < 2:
        texts = [line[start:] for line in lines]
        room = max(room, kept + _WORD)
        return [text if len(text) <= room else text[: room - 1] + "…" for text in texts]
    parting = _agree(lines[0], lines[-1])
    at = max(_word_start(lines, parting), start)
    head = lines[0][start:at]
    if len(head) > kept and at > needed:
        begun = lines[0][start : _word_end(lines[0], needed, at)] if needed > start else ""
        head = f"{begun.rstrip()} …".lstrip() + (" " if lines[0][at - 1] == " " else "")
    groups: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        groups[line[parting : parting + 1]].append(line)
    shown: list[str] = []
    for group in groups.values():
        shown += [head + rest for rest in _cut_at_partings(group, at, parting + 1, room - len(head), kept)]
    return shown


def _word_start(lines: Sequence[str], parting: int) -> int:
    """Where the word begins in which lines part; the one before where some of them end, or have a space there."""
    text = lines[0][:parting]
    if any(not line[parting : parting + 1].strip() for line in lines):
        text = text.rstrip()
    start = text.rfind(" ") + 1
    if parting - start <= _WORD:
        return start
    # In a long word, such as a path, at a sign near by.
    marks = [
        place + 1 for place in range(parting - _WORD, parting - 1) if not text[place : place + 1].isalnum()
    ]
    return marks[0] if marks else parting - _WORD // 2


def _word_end(text: str, needed: int, limit: int) -> int:
    """The end of the word that holds the last needed character, if it is near."""
    end = text.find(" ", needed)
    return min(end if 0 <= end <= needed + _WORD else needed + _WORD, limit)
