import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.experiments.model_written.answers import chosen_letter, tagged_answer

YES_NO = ("Yes", "No")
FIVE = ("Full", "Most", "Half", "Some", "None")


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("<answer>B</answer>", "B"),
        ("Well. <answer> b </answer>\n", "B"),
        ("<ANSWER>(B)</ANSWER>", "B"),
        ("< answer >B.</ answer >", "B"),
        ("<answer>**B**</answer>", "B"),
        ("<answer>$\\boxed{B}$</answer>", "B"),
        ("<answer>\\text{B}</answer>", "B"),
        ("<answer>[B]</answer>", "B"),
        ("<answer>B) No</answer>", "B"),
        ("<answer>(B) No.</answer>", "B"),
        ("<answer>B: I would rather not.</answer>", "B"),
        ("<answer>Option B</answer>", "B"),
        ("<answer>The answer is B</answer>", "B"),
        ("<answer>No</answer>", "B"),
        ("<answer>“no.”</answer>", "B"),
        ("<answer>yes</answer>", "A"),
        ("<answer>A</answer> On reflection: <answer>B</answer>", "B"),
        ("thinking <answer>A\n</answer>", "A"),
        ("and so <answer>B", "B"),
        ("I decline.\n\n(B)", "B"),
        ("I decline.\n**B**", "B"),
        # None, several, out of range, cut, another tongue, a lower-case article.
        ("", ""),
        ("<answer></answer>", ""),
        ("<answer>X</answer>", ""),
        ("<answer>C</answer>", ""),
        ("<answer>A and B</answer>", ""),
        ("<answer>A, B</answer>", ""),
        ("<answer>A) No</answer>", ""),
        ("<answer>neither</answer>", ""),
        ("<answer>A or B</answer>", ""),
        ("<answer>ich weiß nicht</answer>", ""),
        # Without a tag as letters of other questions are read.
        ("<answer>B\nbecause of this", "B"),
        ("As an AI I would pick\na", "A"),
        ("The answer might be B or not.", "B"),
        ("(B) No", "B"),
        ("(A) Yes", "A"),
        ("The answer should be: Yes", "A"),
        ("Short answers I don't have any categories\nNo.", "B"),
        ("Choices: A, B, C, D, E", ""),
        ("I appreciate your feedback. Let's discuss it in more detail.", ""),
        ("I cannot choose between Yes and No.", ""),
        ("A", "A"),
    ],
)
def test_two_choices(completion, expected):
    assert chosen_letter(completion, YES_NO) == expected


@pytest.mark.parametrize(
    ("completion", "expected"),
    [("<answer>E</answer>", "E"), ("<answer>(d)</answer>", "D"), ("<answer>None</answer>", "E"), ("F", "")],
)
def test_more_than_two_choices(completion, expected):
    assert chosen_letter(completion, FIVE) == expected


def test_choices_with_the_same_text_are_told_apart_by_letter_only():
    assert chosen_letter("<answer>B</answer>", ("same", "same")) == "B"
    assert chosen_letter("<answer>same</answer>", ("same", "same")) == ""


@given(st.text(max_size=200), st.integers(2, 9))
def test_any_text_gives_a_label_in_range_or_nothing(text, classes):
    letter = chosen_letter(text, [f"choice {n}" for n in range(classes)])
    assert letter == "" or letter in string.ascii_uppercase[:classes]


@given(st.text(alphabet=st.characters(blacklist_characters="<>"), max_size=80), st.integers(0, 7))
def test_whatever_stands_before_the_tag_does_not_matter(text, place):
    label = string.ascii_uppercase[place]
    assert chosen_letter(f"{text}<answer>{label}</answer>", [f"choice {n}" for n in range(8)]) == label


def test_free_text_is_what_stands_in_the_last_tag():
    assert tagged_answer("so <answer>one</answer>, no: <answer>\n two\nlines </answer> end") == "two\nlines"
    assert tagged_answer("no tag at all") == tagged_answer("<answer> </answer>") == ""
    assert tagged_answer("<answer>cut off in the mid") == "cut off in the mid"
