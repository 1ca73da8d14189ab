"""A hundred questions of our own in GPQA's schema, so that a small model can be asked what nobody published.

    python benchmarks/own_questions.py own_questions.csv

GPQA asks that its questions stay unpublished; these are easy and made by rule, from a fixed seed.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HEADER = [
    "Record ID", "Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3",
    "High-level domain",
]  # fmt: skip

_MONTHS = (
    "January February March April May June July August September October November December".split()
)  # fmt: skip
_SYMBOLS = {
    "hydrogen": "H", "helium": "He", "carbon": "C", "nitrogen": "N", "oxygen": "O", "sodium": "Na", "iron": "Fe",
    "copper": "Cu", "silver": "Ag", "gold": "Au", "lead": "Pb", "tin": "Sn", "zinc": "Zn", "calcium": "Ca",
    "potassium": "K", "chlorine": "Cl", "neon": "Ne", "sulfur": "S", "mercury": "Hg", "silicon": "Si",
}  # fmt: skip
_CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Germany": "Berlin", "Japan": "Tokyo", "Egypt": "Cairo",
    "Norway": "Oslo", "Peru": "Lima", "Kenya": "Nairobi", "Greece": "Athens", "Cuba": "Havana", "Chile": "Santiago",
    "Poland": "Warsaw", "Portugal": "Lisbon", "Austria": "Vienna", "Hungary": "Budapest", "Finland": "Helsinki",
    "Thailand": "Bangkok", "Ireland": "Dublin", "Denmark": "Copenhagen",
}  # fmt: skip
_KINDS = {
    "an animal": "horse eagle salmon spider",
    "a tool": "hammer saw chisel wrench",
    "a fruit": "apple banana cherry pear",
    "a colour": "red green blue yellow",
    "a musical instrument": "violin trumpet piano drum",
    "a vehicle": "bicycle lorry tram canoe",
    "a metal": "copper nickel cobalt titanium",
}


def rows(seed: int = 0) -> list[list[str]]:
    """All rows, the right answer before the three wrong ones, the same for the same seed."""
    rng = np.random.default_rng(seed)
    made = [*_arithmetic(rng), *_months(rng)]
    made += _pairs(rng, _SYMBOLS, "What is the chemical symbol of {}?", "Chemistry")
    made += _pairs(rng, _CAPITALS, "What is the capital of {}?", "Geography")
    made += [*_kinds(rng)]
    return [[f"own-{number}", *row] for number, row in enumerate(made, 1)]


def _arithmetic(rng: np.random.Generator) -> Iterator[list[str]]:
    for _ in range(10):
        a, b = (int(value) for value in rng.integers(12, 90, 2))
        yield [f"What is {a} + {b}?", *(str(a + b + off) for off in (0, 1, 10, -2)), "Mathematics"]
    for _ in range(10):
        a, b = (int(value) for value in rng.integers(3, 13, 2))
        yield [f"What is {a} times {b}?", *(str(a * b + off) for off in (0, a, -1, a + 1)), "Mathematics"]


def _months(rng: np.random.Generator) -> Iterator[list[str]]:
    for place, month in enumerate(_MONTHS):
        after = _MONTHS[(place + 1) % 12]
        others = [other for other in _MONTHS if other not in (month, after)]
        wrong = [others[int(index)] for index in rng.choice(len(others), 3, replace=False)]
        yield [f"Which month comes directly after {month}?", after, *wrong, "Calendar"]


def _pairs(
    rng: np.random.Generator, table: dict[str, str], question: str, domain: str
) -> Iterator[list[str]]:
    for key, right in table.items():
        others = [value for value in table.values() if value != right]
        wrong = [others[int(index)] for index in rng.choice(len(others), 3, replace=False)]
        yield [question.format(key), right, *wrong, domain]


def _kinds(rng: np.random.Generator) -> Iterator[list[str]]:
    for kind, words in _KINDS.items():
        others = [word for other, listed in _KINDS.items() if other != kind for word in listed.split()]
        for word in words.split():
            wrong = [others[int(index)] for index in rng.choice(len(others), 3, replace=False)]
            yield [f"Which of these is {kind}?", word, *wrong, "Words"]


def write(path: Path) -> None:
    """Write the rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows()])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
