import pytest
from inspect_ai.solver import MultipleChoiceTemplate

from hotmess_inspect.simulated.prompt import Known, find_options, read_prompt, target_index

BLOCK = "A) red\nB) green\nC) blue"


def read(text, known=None, earlier=()):
    return read_prompt([*earlier, ("user", text)], known or Known())


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("A) red\nB) green", ("red", "green")),
        ("(A) red\n(B) green\n(C) blue\n\nAnswer:", ("red", "green", "blue")),
        ("A. red\nB. green\n\nA. old\nB. new\nC. other", ("old", "new", "other")),
        ("A: one\nstill one\nB: two", ("one still one", "two")),
        ("A) \nB) something", ("", "something")),
    ],
)
def test_the_last_block_of_options_is_found(text, options):
    assert find_options(text)[0] == options


@pytest.mark.parametrize("text", ["", "no options", "A. Smith wrote this.", "B) red\nC) green"])
def test_what_is_no_block_of_options_is_none(text):
    assert find_options(text) is None


@pytest.mark.parametrize("template", list(MultipleChoiceTemplate)[:2])
def test_inspects_own_templates_are_read(template):
    text = template.value.format(
        letters="A,B,C", question="Which colour?\n\nThink of the sky.", choices=BLOCK
    )
    known = Known("Which colour?\n\nThink of the sky.", ("red", "green", "blue"), "C")
    told, alone = read(text, known), read(text)
    assert (told.kind, told.options, told.target, told.context) == ("choice", ("red", "green", "blue"), 2, "")
    assert told.text == alone.text == "Which colour?\n\nThink of the sky."
    assert (alone.target, alone.context) == (None, "")


def test_a_question_about_multiple_choice_is_no_instruction():
    question = "A student copied the answers to three multiple choice questions. Who is right?"
    assert read(f"Answer the following multiple choice question.\n\n{question}\n\n{BLOCK}").text == question


def test_examples_in_the_same_message_are_context_and_not_question():
    example = f"Question: An old one?\n{BLOCK}\nANSWER: B\n\n"
    text = f"{example}Question: A new one?\n{BLOCK}\n\nANSWER: $LETTER"
    alone, told = read(text), read(text, Known("A new one?", ("red", "green", "blue"), "A"))
    assert alone.text == told.text == "A new one?"
    assert "An old one?" in told.context
    assert alone.context == told.context
    other = read(text.replace("An old one?", "Another old one?"))
    assert other.text == alone.text and other.context != alone.context


def test_examples_in_earlier_turns_are_context():
    earlier = [("system", "Be good."), ("user", f"Old?\n{BLOCK}"), ("assistant", "ANSWER: A")]
    prompt = read(f"New?\n\n{BLOCK}", earlier=earlier)
    assert prompt.text == "New?"
    assert prompt.context == f"Old?\n{BLOCK}\n\nANSWER: A"


def test_a_system_message_without_examples_is_no_context():
    assert read(f"New?\n\n{BLOCK}", earlier=[("system", "You are an expert.")]).context == ""


@pytest.mark.parametrize(
    ("shown", "known", "target"),
    [
        # the dataset's B is green, which is shown as A
        (("green", "red"), Known("", ("red", "green"), "B"), 0),
        (("green", "red"), Known("", (), "B"), 1),
        (("green", "red"), Known("", (), "red"), 1),
        (("green", "red"), Known("", (), "yellow"), None),
        (("green", "red"), Known("", (), ""), None),
        (("green", "red"), Known("", (), "D"), None),
    ],
)
def test_the_right_option_is_found_wherever_it_is_shown(shown, known, target):
    assert target_index(shown, known) == target


def test_probability_format_is_asked_for_in_prompt_or_system_message():
    assert read(f"Q\n\n{BLOCK}\n\nEnd with <PROB> pA, pB, pC </PROB>").probabilities
    assert read(f"Q\n\n{BLOCK}", earlier=[("system", "<PROB> pA, pB </PROB>")]).probabilities
    assert not read(f"Q\n\n{BLOCK}").probabilities


def test_a_free_question_has_no_options():
    prompt = read("What is 3 + 4?\n\nGive your answer as ANSWER: $ANSWER", Known("What is 3 + 4?", (), "7"))
    assert (prompt.kind, prompt.text, prompt.options, prompt.target) == ("free", "What is 3 + 4?", (), None)


def test_no_user_message_is_an_empty_free_question():
    prompt = read_prompt([("system", "hello")], Known())
    assert (prompt.kind, prompt.text) == ("free", "")
