"""Time and correctness of the readers of answers, beside the pattern that Inspect's `multiple_choice` looks for.

    python benchmarks/choice_parsers.py

Prints one JSON object: microseconds per answer (best of `--rounds`) over the answers of
``tests/multiple_choice/answers.py``, over long answers that end as asked, and over long answers that never decide, and the
share of letters read as expected.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hotmess_inspect.multiple_choice.letters import read_letter
from hotmess_inspect.multiple_choice.stated import read_probabilities

# What Inspect 0.3.285 looks for in an answer to `multiple_choice`, first line-anchored, then anywhere.
INSPECT_LINE = re.compile(r"(?i)^ANSWER\s*:\s*([A-Za-z\d ,]+)\s*(?:$|\n|\.)", re.MULTILINE)
INSPECT_ANYWHERE = re.compile(r"(?i)ANSWER\s*:\s*([A-Za-z\d ,]+)(?:[^\w]|\n|$|\.)")
WORDS = (
    "So the case that follows is not quite what one would expect at first, and the rest is left as it was. "
)


def corpus() -> Any:
    path = Path(__file__).parents[1] / "tests" / "choices" / "answers.py"
    spec = importlib.util.spec_from_file_location("answers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_pattern(text: str) -> int | None:
    found = INSPECT_LINE.search(text) or INSPECT_ANYWHERE.search(text)
    letter = found[1].strip().upper() if found else ""
    return ord(letter) - ord("A") if len(letter) == 1 and "A" <= letter <= "D" else None


def best(read: Callable[[str], object], texts: Sequence[str], rounds: int) -> float:
    """Microseconds per text of the fastest round."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for text in texts:
            read(text)
        times.append(time.perf_counter() - start)
    return round(min(times) / len(texts) * 1e6, 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    answers = corpus()

    def letter(text: str) -> int | None:
        return read_letter(text, answers.CITIES)

    texts = [text for text, _ in answers.LETTERS]
    stated = [text for text, _ in answers.PROBABILITIES]
    right = {
        name: sum(
            (None if (found := read(text)) is None else "ABCD"[found]) == expected
            for text, expected in answers.LETTERS
        )
        for name, read in (("ours", letter), ("pattern", by_pattern))
    }
    long = WORDS * 100
    print(
        json.dumps(
            {
                "letters": len(texts),
                "letters_right": right,
                "us_per_letter": {
                    "ours": best(letter, texts, rounds),
                    "pattern": best(by_pattern, texts, rounds),
                },
                "us_per_answer_as_asked": best(letter, ["ANSWER: C"] * 100, rounds),
                "us_per_long_answer": best(letter, [long + "\nANSWER: C"] * 10, rounds),
                "us_per_long_answer_without_decision": best(letter, [long] * 10, rounds),
                "long_answer_characters": len(long),
                "probabilities": len(stated),
                "us_per_statement": best(lambda text: read_probabilities(text, 4), stated, rounds),
            }
        )
    )


if __name__ == "__main__":
    main()
