"""What readers of answers read right, wrong and not, per form of answer and by content, and how long they take.

    python benchmarks/choice_parsers.py
    python benchmarks/choice_parsers.py --rows ../shared/data/mmlu_200.jsonl --write docs/multiple_choice_readings.csv

The corpus is ``tests/multiple_choice/templates.py``: forms of answers × questions, the letter known. Without ``--rows`` the
questions are those made for the tests; a file adds rows in MMLU's schema. ``--write`` writes the table of the documentation.
Prints one JSON object: shares of all texts, and microseconds per text (CPU time, best of ``--rounds``) beside the pattern that
Inspect's `multiple_choice` looks for, over the corpus and over long answers.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from hotmess_inspect.multiple_choice.letters import read_letter

ROOT = Path(__file__).parents[1]
COLUMNS = ("rows", "by", "part", "texts", "right", "wrong", "unread")
# What Inspect 0.3.285 looks for in an answer to `multiple_choice`, first line-anchored, then anywhere.
INSPECT_LINE = re.compile(r"(?i)^ANSWER\s*:\s*([A-Za-z\d ,]+)\s*(?:$|\n|\.)", re.MULTILINE)
INSPECT_ANYWHERE = re.compile(r"(?i)ANSWER\s*:\s*([A-Za-z\d ,]+)(?:[^\w]|\n|$|\.)")
LONG_CHOICE = 60
WORDS = (
    "So the case that follows is not quite what one would expect at first, and the rest is left as it was. "
)


def templates() -> ModuleType:
    """The module of the corpus, which is no part of the package."""
    spec = importlib.util.spec_from_file_location(
        "templates", ROOT / "tests" / "multiple_choice" / "templates.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["templates"] = module
    spec.loader.exec_module(module)
    return module


def by_pattern(text: str, choices: Sequence[str]) -> int | None:
    """Inspect's pattern, as a reader."""
    found = INSPECT_LINE.search(text) or INSPECT_ANYWHERE.search(text)
    letter = found[1].strip().upper() if found else ""
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return place if 0 <= place < len(choices) else None


def parts(case: Any, corpus: ModuleType) -> Iterator[tuple[str, str]]:
    """The parts of the table that a case belongs to; those by content are of answers alone."""
    yield "all", "all texts"
    yield "form", case.family
    yield "template", f"{case.family}: {case.template}".replace("\n", "\\n")
    if case.expected is not None:
        yield "negation", "a choice negates" if corpus.negated(case) else "no choice negates"
        longest = max(map(len, case.choices))
        yield "length", f"choices {'over' if longest > LONG_CHOICE else 'up to'} {LONG_CHOICE} characters"
        yield "choices", f"{len(case.choices):02d} choices"
        yield "subject", case.subject


def tally(
    cases: Iterable[Any], corpus: ModuleType, read: Callable[[str, Sequence[str]], int | None]
) -> dict[tuple[str, str], Counter[str]]:
    """Right, wrong and unread texts per part."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for case in cases:
        found = read(case.text, case.choices)
        kind = "right" if found == case.expected else "unread" if found is None else "wrong"
        for part in parts(case, corpus):
            counts.setdefault(part, Counter())[kind] += 1
    return counts


def table(name: str, rows: Sequence[Any], corpus: ModuleType) -> list[dict[str, str]]:
    """The table of the documentation for some questions."""
    counts = tally(corpus.cases(rows, corpus.ALL), corpus, read_letter)
    order = ("all", "form", "negation", "length", "choices", "subject", "template")
    return [
        {
            "rows": name,
            "by": by,
            "part": part,
            "texts": str(count.total()),
            **{kind: f"{100 * count[kind] / count.total():.2f}" for kind in ("right", "wrong", "unread")},
        }
        for (by, part), count in sorted(
            counts.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
        # Of the single forms those alone that are not read right every time.
        if by != "template" or count["right"] < count.total()
    ]


def real_rows(path: Path, corpus: ModuleType) -> list[Any]:
    """Rows of a file in MMLU's schema."""
    lines = path.read_text("utf-8").splitlines()
    return [
        corpus.Row(tuple(map(str, row["choices"])), str(row["subject"])) for row in map(json.loads, lines)
    ]


def best(
    read: Callable[[str, Sequence[str]], object], cases: Sequence[tuple[str, Sequence[str]]], rounds: int
) -> float:
    """Microseconds of CPU time per text in the fastest round."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        for text, choices in cases:
            read(text, choices)
        times.append(time.process_time() - start)
    return round(min(times) / len(cases) * 1e6, 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=Path, help="a file of rows in MMLU's schema (JSON lines)")
    parser.add_argument("--write", type=Path, help="where to write the table (CSV)")
    options = parser.parse_args()
    corpus = templates()
    lines = table("made for the tests", corpus.ROWS, corpus)
    if options.rows:
        lines += table(options.rows.stem, real_rows(options.rows, corpus), corpus)
    if options.write:
        with options.write.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)
    cases = list(corpus.cases(corpus.ROWS, corpus.ALL))
    pattern = tally(cases, corpus, by_pattern)["all", "all texts"]
    texts = [(case.text, case.choices) for case in cases]
    long = {
        f"{n} characters": [(WORDS * (n // len(WORDS)), cases[0].choices)] * 5
        for n in (1000, 10_000, 100_000)
    }
    print(
        json.dumps(
            {
                "ours": [line for line in lines if line["by"] == "all"],
                "pattern": {kind: round(100 * n / pattern.total(), 2) for kind, n in pattern.items()},
                "us_per_text": {
                    "ours": best(read_letter, texts, options.rounds),
                    "pattern": best(by_pattern, texts, options.rounds),
                },
                "us_per_long_text": {
                    name: best(read_letter, some, options.rounds) for name, some in long.items()
                },
            }
        )
    )


if __name__ == "__main__":
    main()
