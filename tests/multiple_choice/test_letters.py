"""The letter that an answer decides on."""

import importlib.util
import json
import string
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.multiple_choice.letters import read_letter

_SPEC = importlib.util.spec_from_file_location("answers", Path(__file__).with_name("answers.py"))
assert _SPEC is not None and _SPEC.loader is not None
answers = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(answers)

_TEMPLATES = importlib.util.spec_from_file_location("templates", Path(__file__).with_name("templates.py"))
assert _TEMPLATES is not None and _TEMPLATES.loader is not None
templates = importlib.util.module_from_spec(_TEMPLATES)
sys.modules["templates"] = templates
_TEMPLATES.loader.exec_module(templates)

# Pieces of which answers are made, so that the fuzzer meets the reader's rules and not only noise.
PIECES = [
    *("ANSWER: ", "answer", "the answer is ", "A", "B", "C", "D", "E", "a ", "(B)", "**", "\n", "\n\n", " "),
    *(
        "\\boxed{",
        "}",
        "<answer>",
        "</answer>",
        "</think>",
        "not ",
        "wait, actually ",
        " is correct",
        "? ",
        ".",
    ),
    *(
        "Option ",
        "A and C",
        "~~",
        "答案是",
        "Ответ: ",
        "```",
        "$",
        "✅",
        "#### ",
        "A) Paris",
        "Rome",
        "None",
        "\u200b",
    ),
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))


@pytest.mark.parametrize(("text", "expected"), answers.LETTERS)
def test_answers_are_read_as_expected(text: str, expected: str | None) -> None:
    found = read_letter(text, answers.CITIES)
    assert (None if found is None else string.ascii_uppercase[found]) == expected


@pytest.mark.parametrize(("text", "choices", "expected"), answers.OTHERS)
def test_answers_to_other_choices(text: str, choices: tuple[str, ...], expected: str | None) -> None:
    found = read_letter(text, choices)
    assert (None if found is None else string.ascii_uppercase[found]) == expected


@pytest.mark.parametrize(
    ("text", "whole", "cut"),
    [
        ("It flows through the capital of Italy, C", 2, None),
        ("The answer is B", 1, 1),
        ("C) Rome", 2, 2),
        ("B) the one on the Thames\n\nThe Thames flows", 1, 1),
        ("A) the one on the Seine\n", 0, None),
        ("Paris lies on the Seine and so it", 0, None),
    ],
)
def test_a_text_that_ran_into_the_limit_must_announce_its_answer(
    text: str, whole: int, cut: int | None
) -> None:
    assert read_letter(text, answers.CITIES) == whole
    assert read_letter(text, answers.CITIES, truncated=True) == cut


def test_the_corpus_is_large_and_its_texts_differ() -> None:
    for corpus in (answers.LETTERS, answers.PROBABILITIES):
        texts = [text for text, _ in corpus]
        assert len(set(texts)) == len(texts)
    assert len(answers.LETTERS) >= 300
    assert {expected for _, expected in answers.LETTERS} == {"A", "B", "C", "D", None}


@given(TEXTS, st.integers(2, 26))
def test_any_text_is_read_without_an_error(text: str, classes: int) -> None:
    found = read_letter(text, [f"choice number {index}" for index in range(classes)])
    assert found is None or 0 <= found < classes


@given(TEXTS, st.integers(2, 10), st.data())
def test_the_line_that_was_asked_for_is_always_read(text: str, classes: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, classes - 1))
    choices = [f"choice number {index}" for index in range(classes)]
    assert read_letter(f"{text}\nANSWER: {string.ascii_uppercase[right]}", choices) == right


@given(st.sampled_from([text for text, expected in answers.LETTERS if expected]), st.permutations(range(4)))
def test_letters_go_by_their_place_and_not_by_the_texts(text: str, order: list[int]) -> None:
    # A text that names a city by name is the only one that follows the city.
    if any(city.lower() in text.lower() for city in answers.CITIES):
        return
    shown = [answers.CITIES[index] for index in order]
    assert read_letter(text, shown) == read_letter(text, answers.CITIES)


@pytest.mark.parametrize(
    "piece",
    [
        "A, ",
        "the answer is ",
        "(",
        "<think>",
        "\\text{",
        "C is ",
        "x,",
        "The answer is (A).\n",
        "(a) The b is c d. ",
    ],
)
def test_long_texts_take_no_more_than_their_length(piece: str) -> None:
    # Quadratic reading of this would take minutes; the suite's own time is the measure.
    assert read_letter((piece * 20_000)[:20_000] + "\nANSWER: B", answers.CITIES) == 1
    read_letter((piece * 20_000)[:20_000], answers.CITIES)


def shares(rows: Sequence[Any]) -> tuple[Counter[str], dict[bool, Counter[str]]]:
    """Right, wrong and unread over all templates, and by whether a choice's own text negates."""
    counts: Counter[str] = Counter()
    by_negation: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for case in templates.cases(rows, templates.ALL):
        found = read_letter(case.text, case.choices)
        kind = "right" if found == case.expected else "unread" if found is None else "wrong"
        counts[kind] += 1
        if case.expected is not None:
            by_negation[templates.negated(case)][kind] += 1
    return counts, by_negation


def check(rows: Sequence[Any]) -> None:
    counts, by_negation = shares(rows)
    total = counts.total()
    assert counts["right"] >= 0.98 * total, counts
    assert counts["wrong"] <= 0.005 * total, counts
    unread = [part["unread"] / part.total() for part in by_negation.values()]
    assert abs(unread[0] - unread[1]) <= 0.01, by_negation


def test_answers_in_all_templates_to_rows_made_for_it_are_read() -> None:
    assert len({template for _, template, _ in templates.ALL}) >= 180
    check(templates.ROWS)


@pytest.mark.slow
@pytest.mark.shared
def test_answers_in_all_templates_to_real_rows_are_read(shared_data: Path) -> None:
    lines = (shared_data / "mmlu_200.jsonl").read_text("utf-8").splitlines()
    real = [json.loads(line) for line in lines[::4]]
    check([templates.Row(tuple(map(str, row["choices"])), row["subject"]) for row in real])


@pytest.mark.shared
def test_a_choice_with_its_letter_is_read_whatever_it_says(shared_data: Path) -> None:
    for line in (shared_data / "mmlu_200.jsonl").read_text("utf-8").splitlines():
        choices = [str(choice) for choice in json.loads(line)["choices"]]
        for index, (letter, text) in enumerate(zip("ABCD", choices, strict=True)):
            for form in ("{}) {}", "{}. {}", "({}) {}", "**{}) {}**", "{}: {}", "{} {}", "{} - {}"):
                assert read_letter(form.format(letter, text), choices) == index


@pytest.mark.parametrize(
    ("text", "letter"),
    # What Gemma 3 270M wrote after "Answer:", cut at 8 tokens, and what a person reads in it.
    [
        ("\nB because it comes after October but", 1),
        (" D).The working of the hammer produces", 3),
        (" <b>A</b> spider or a chisel", 0),
        (" (A) A\n\nExplanation: a", 0),
        ("\n\nB. calcium.\n\nExplanation:", 1),
        (" A\nAge 14- ", 0),
        ("D\n\nIn NYK, 1", 3),
        ("\n\nA March was at the lower end", None),
        (" 147\nE) ", None),
        ("\n\nThere are more than 50", None),
        (" BODMAS", None),
        ("\n", None),
    ],
)
def test_what_base_models_put_where_the_prompt_left_off(text: str, letter: int | None) -> None:
    from hotmess_inspect.multiple_choice.letters import completed_letter

    assert completed_letter(text, 4) == letter
