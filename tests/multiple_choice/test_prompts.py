"""What the model reads, word for word."""

from hotmess_inspect.multiple_choice.prompts import choice_prompt
from hotmess_inspect.multiple_choice.question import Question

ASKED = Question("q", "Which river flows through Rome?", ("Seine", "Thames", "Tiber"), 2)
EXAMPLE = Question("e", "Which river flows through Paris?", ("Tiber", "Seine"), 1)


def test_letters() -> None:
    assert choice_prompt(ASKED, format="letter") == (
        "Answer the following multiple choice question. The last line of your answer has the form "
        "'ANSWER: $LETTER' (without quotes), where $LETTER is one of A, B and C.\n"
        "\n"
        "Question: Which river flows through Rome?\n"
        "\n"
        "A) Seine\nB) Thames\nC) Tiber"
    )


def test_probabilities_with_an_example_and_another_order() -> None:
    assert choice_prompt(ASKED, format="probability", order=[2, 0, 1], examples=[EXAMPLE], cot=True) == (
        "Answer the following multiple choice question. Think step by step before you answer. State how likely "
        "each choice is to be the right one. The last line of your answer has the form\n"
        "<PROB> pA, pB, pC </PROB>\n"
        "with 3 numbers from 0 to 1, in the order of the choices, that sum to 1.\n"
        "\n"
        "Examples with their right answers:\n"
        "\n"
        "Question: Which river flows through Paris?\n"
        "\n"
        "A) Tiber\nB) Seine\n"
        "<PROB> 0, 1 </PROB>\n"
        "\n"
        "Now answer this question.\n"
        "\n"
        "Question: Which river flows through Rome?\n"
        "\n"
        "A) Tiber\nB) Seine\nC) Thames"
    )


def test_log_probabilities_end_where_the_letter_is_to_follow() -> None:
    text = choice_prompt(ASKED, format="logprob", examples=[EXAMPLE], cot=True)
    assert text.endswith("A) Seine\nB) Thames\nC) Tiber\nAnswer:")
    assert "B) Seine\nAnswer: B\n" in text
    assert "step by step" not in text


def test_two_and_ten_choices() -> None:
    two = Question("t", "Is it?", ("yes", "no"), 0)
    ten = Question("n", "How many?", tuple(map(str, range(10))), 0)
    assert "one of A and B.\n" in choice_prompt(two, format="letter")
    assert "one of A, B, C, D, E, F, G, H, I and J.\n" in choice_prompt(ten, format="letter")
    assert choice_prompt(ten, format="letter").endswith("I) 8\nJ) 9")
