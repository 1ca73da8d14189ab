"""Few-shot contexts: a function of the epoch, never the question itself."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.multiple_choice.contexts import Contexts, shuffled
from hotmess_inspect.multiple_choice.question import Question


def question(number: int, subject: str = "", text: str | None = None) -> Question:
    return Question(
        f"q{number}", text or f"Text {number}?", tuple(f"{number}-{c}" for c in "wxyz"), number % 4, subject
    )


POOL = [question(number, "even" if number % 2 == 0 else "odd") for number in range(12)]


def test_epochs_go_round_the_contexts() -> None:
    design = Contexts(POOL, contexts=3, shots=1, seed=7)
    assert [design.number(epoch) for epoch in range(1, 8)] == [1, 2, 3, 1, 2, 3, 1]
    assert [design.label(epoch) for epoch in (1, 2, 4)] == ["7-1", "7-2", "7-1"]
    assert Contexts().label(5) is None


def test_epochs_of_a_context_share_its_examples_and_contexts_differ() -> None:
    design = Contexts(POOL, contexts=4, shots=3)
    shown = {epoch: [e.id for e in design.examples(POOL[0], epoch)] for epoch in range(1, 13)}
    assert all(shown[epoch] == shown[epoch + 4] == shown[epoch + 8] for epoch in range(1, 5))
    assert len({tuple(ids) for ids in shown.values()}) == 4


def test_questions_share_a_context_but_for_its_own_examples() -> None:
    design = Contexts(POOL, contexts=1, shots=3)
    first = [e.id for e in design.examples(question(99), 1)]
    for asked in POOL:
        own = [e.id for e in design.examples(asked, 1)]
        assert asked.id not in own
        # The fourth of the context's order steps in where the question is an example.
        assert [name for name in first if name != asked.id] == own[: 3 - (asked.id in first)]


@given(st.integers(0, 11), st.integers(1, 40), st.integers(0, 5), st.permutations(range(12)))
def test_examples_depend_on_names_alone_and_leave_the_question_out(
    asked: int, epoch: int, seed: int, order: list[int]
) -> None:
    design = Contexts(POOL, contexts=10, shots=5, seed=seed, by_subject=True)
    again = Contexts([POOL[i] for i in order], contexts=10, shots=5, seed=seed, by_subject=True)
    examples = design.examples(POOL[asked], epoch)
    assert examples == again.examples(POOL[asked], epoch)
    assert len({example.id for example in examples} - {POOL[asked].id}) == 5
    assert {example.subject for example in examples} == {POOL[asked].subject}


def test_a_question_of_the_same_text_is_no_example() -> None:
    twin = question(50, text="  text 3? ")
    design = Contexts([*POOL, twin], contexts=6, shots=11)
    for epoch in range(1, 7):
        examples = design.examples(POOL[3], epoch)
        assert {e.id for e in examples} == {q.id for q in POOL} - {"q3"}


def test_every_question_is_an_example_equally_often() -> None:
    design = Contexts(POOL, contexts=600, shots=2)
    shown = Counter(e.id for epoch in range(1, 601) for e in design.examples(question(99), epoch))
    # 1,200 examples over 12 questions: 100 each, standard deviation √(600 · 1/6 · 5/6) = 9.1.
    assert all(abs(count - 100) < 40 for count in shown.values()) and len(shown) == 12


def test_too_few_questions_are_named() -> None:
    design = Contexts(POOL, contexts=2, shots=6, by_subject=True)
    with pytest.raises(
        ValueError,
        match="question 'q1' needs shots=6 examples of subject 'odd', and 5 other questions are there",
    ):
        design.check([question(99, "even"), POOL[1]])
    Contexts(POOL, contexts=2, shots=5, by_subject=True).check(POOL)
    Contexts([], contexts=0, shots=5).check(POOL)


def test_choices_keep_their_order_unless_shuffled() -> None:
    assert Contexts(POOL, contexts=2, shots=1).order(POOL[0], 1) == [0, 1, 2, 3]
    design = Contexts(POOL, contexts=5, shots=1, shuffle=True)
    assert design.order(POOL[0], 1) == design.order(POOL[0], 6)
    assert len({tuple(design.order(POOL[0], epoch)) for epoch in range(1, 6)}) > 1
    # Zero-shot: every epoch has an order of its own.
    alone = Contexts(shuffle=True)
    assert len({tuple(alone.order(POOL[0], epoch)) for epoch in range(1, 41)}) > 10


@given(st.permutations(range(4)), st.integers(1, 50))
def test_an_order_goes_by_the_texts(order: list[int], number: int) -> None:
    asked = question(1)
    moved = Question("q1", asked.text, tuple(asked.choices[i] for i in order), 0)
    first = [asked.choices[i] for i in shuffled(asked, 0, number)]
    assert first == [moved.choices[i] for i in shuffled(moved, 0, number)]


def test_orders_are_even() -> None:
    orders = Counter(tuple(shuffled(question(1), 0, number)) for number in range(2400))
    # 24 orders, 100 each, standard deviation 9.8.
    assert len(orders) == 24 and all(abs(count - 100) < 45 for count in orders.values())


def test_how_many_examples_there_are_for_every_question() -> None:
    # POOL has six questions of each subject; a question is no example of its own.
    assert Contexts(POOL, contexts=2, shots=1, by_subject=True).available(POOL) == 5
    assert Contexts(POOL, contexts=2, shots=1).available(POOL) == 11
    assert Contexts(POOL[:3], contexts=2, shots=1).available(POOL[3:]) == 3
    assert Contexts(POOL, contexts=2, shots=1).available([]) == 0
