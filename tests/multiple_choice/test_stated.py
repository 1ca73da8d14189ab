"""The probabilities that an answer states."""

import importlib.util
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.multiple_choice.stated import read_probabilities

_SPEC = importlib.util.spec_from_file_location("answers", Path(__file__).with_name("answers.py"))
assert _SPEC is not None and _SPEC.loader is not None
answers = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(answers)

PIECES = [
    *(
        "<PROB>",
        "</PROB>",
        "0.1",
        "0.7",
        ".2",
        "1",
        "10%",
        "-",
        "NaN",
        "inf",
        ",",
        ";",
        " ",
        "\n",
        "A: ",
        "B=",
        "{",
    ),
    *(
        "}",
        "[",
        "]",
        "1e400",
        "1/0",
        "1/3",
        '"',
        "pA",
        "<think>",
        "</think>",
        "%",
        "0,5",
        "99999999999999999999",
    ),
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))


@pytest.mark.parametrize(("text", "expected"), answers.PROBABILITIES)
def test_statements_are_read_as_expected(text: str, expected: list[float] | None) -> None:
    found = read_probabilities(text, 4)
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<PROB> 0.4, 0.6 </PROB>", [0.4, 0.6]),
        ("<PROB> A: 60%, B: 40% </PROB>", [0.6, 0.4]),
        ("<PROB> 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 </PROB>", [0.1] * 10),
        ("<PROB> 0.5, 0.5, 0 </PROB>", None),
    ],
)
def test_other_numbers_of_choices(text: str, expected: list[float] | None) -> None:
    classes = len(expected) if expected else 2
    found = read_probabilities(text, classes)
    assert found == (None if expected is None else pytest.approx(expected))


@given(TEXTS, st.integers(2, 26))
def test_any_text_gives_a_distribution_or_nothing(text: str, classes: int) -> None:
    found = read_probabilities(text, classes)
    if found is not None:
        assert len(found) == classes
        assert all(math.isfinite(p) and p >= 0 for p in found)
        assert math.fsum(found) == pytest.approx(1, abs=1e-12)


@given(TEXTS, st.lists(st.integers(0, 1000), min_size=2, max_size=10).filter(any))
def test_the_block_that_was_asked_for_is_always_read(text: str, weights: list[int]) -> None:
    total = sum(weights)
    stated = ", ".join(f"{weight / total:.6f}" for weight in weights)
    found = read_probabilities(f"{text}\n<PROB> {stated} </PROB>", len(weights))
    assert found == pytest.approx([weight / total for weight in weights], abs=1e-4)
