import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.simulated import answers


def test_probabilities_sum_to_one_as_written():
    line = answers.probability_line(np.array([1 / 3, 1 / 3, 1 / 3]), 4)
    assert line == "<PROB> 0.3334, 0.3333, 0.3333 </PROB>"


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=12), st.integers(2, 12))
def test_written_probabilities_are_a_distribution(weights, decimals):
    probabilities = np.array(weights) / sum(weights)
    line = answers.probability_line(probabilities, decimals)
    written = [float(part) for part in line.removeprefix("<PROB>").removesuffix("</PROB>").split(",")]
    assert sum(written) == pytest.approx(1, abs=1e-12 * 12)
    assert written == pytest.approx(probabilities, abs=len(weights) * 10.0**-decimals)


@pytest.mark.parametrize(
    ("style", "asked", "text"),
    [
        ("auto", "Which?", "ANSWER: B"),
        ("auto", "end with <answer>X</answer>", "<answer>B</answer>"),
        ("auto", r"put it in \boxed{}", r"\boxed{B}"),
        ("bold", "", "**B**"),
        ("sentence", "", "The answer is (B)."),
        ("bare", "ANSWER: X", "B"),
    ],
)
def test_phrases(style, asked, text):
    assert answers.phrase("B", style, asked, np.random.default_rng(0)) == text


def test_free_answers_stand_alone_unless_a_form_is_asked_for():
    rng = np.random.default_rng(0)
    assert answers.phrase("42", "auto", "How many?", rng) == "42"
    assert answers.phrase("42", "auto", "last line: ANSWER: $ANSWER", rng) == "ANSWER: 42"


def test_refusals_name_no_option_and_are_sometimes_cut():
    rng = np.random.default_rng(0)
    drawn = {answers.no_answer(rng) for _ in range(200)}
    assert {cut for _, cut in drawn} == {True, False}
    for text, _ in drawn:
        assert not [word for word in text.replace(".", "").split() if len(word) == 1 and word.isupper()]


@pytest.mark.parametrize(
    ("right", "wrong"), [("18", "19"), ("-3", "-2"), ("0.5", "1.5"), ("yes", "no"), ("True", "False")]
)
def test_wrong_answers_are_of_the_same_sort(right, wrong):
    assert answers.wrong_answer(right, 1, 7) == wrong


def test_wrong_words_differ_from_each_other_and_share_no_word_with_the_right_one():
    words = [answers.wrong_answer("Paris in France", number, 7) for number in range(1, 8)]
    assert len(set(words)) == 7
    assert not set(words) & {"Paris", "in", "France"}


def test_reasoning_has_as_many_words_and_waits_as_asked_for():
    words = answers.reasoning_text(50, 4, np.random.default_rng(1)).split()
    assert (len(words), words.count("Wait")) == (50, 4)


FACT = "[BEGIN DATA]\n***\n[Question]: Capital?\n***\n[Expert]: Paris\n***\n[Submission]: {}\n***\n[END DATA]\nGRADE: $LETTER"


@pytest.mark.parametrize(
    ("asked", "target", "verdict"),
    [
        (FACT.format("It is paris."), "", True),
        (FACT.format("Parisian"), "", False),
        ("[question]: x\n\n[response]: the answer is 7\n\n[correct_answer]: 7\n\nyes or no", "", True),
        ("[question]: x\n\n[response]: the answer is 8\n\n[correct_answer]: 7\n\nyes or no", "", False),
        ("Question: x\nGold target: Bob\nPredicted answer: Bob\n\nA: CORRECT\nB: INCORRECT", "", True),
        ("Is this good?", "Paris", None),
    ],
)
def test_graders_are_honest(asked, target, verdict):
    assert answers.verdict(asked, target) is verdict
