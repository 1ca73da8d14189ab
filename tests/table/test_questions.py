"""Rows lined up as arrays: classes, unparsed answers, unit tests, and independence of the order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.bits import encode_tests
from hotmess_inspect.table import (
    Group,
    Outcomes,
    groups,
    outcomes_from_arrays,
    question_arrays,
)

NAN = np.nan


def only_group(outcomes: Outcomes) -> Group:
    found = groups(outcomes)
    assert len(found) == 1
    return found[0]


def only_note(group: Group) -> str:
    (note,) = group.notes
    assert note.level == "error"
    return note.text


def test_letters_become_one_hot_in_the_order_of_the_alphabet() -> None:
    table = outcomes_from_arrays(["b", "a", "a"], answer=["C", "A", "B"], target=["C", "A", "A"])
    q = question_arrays(only_group(table))
    assert q.ids == ("a", "b")
    np.testing.assert_array_equal(q.predictions, [[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [NAN] * 3]])
    assert q.target.tolist() == [0, 2]
    np.testing.assert_array_equal(q.correct, [[1, 0], [1, NAN]])


@pytest.mark.parametrize(
    ("policy", "row", "correct"),
    [("uniform", [0.25] * 4, 0.0), ("class", [0, 0, 0, 0, 1], 0.0), ("drop", [NAN] * 4, NAN)],
)
def test_unparsed_answers(policy: str, row: list[float], correct: float) -> None:
    table = outcomes_from_arrays(["q", "q"], answer=["D", ""], target=["D", "D"])
    q = question_arrays(only_group(table), unparsed=policy)  # type: ignore[arg-type]
    np.testing.assert_array_equal(q.predictions[0, 1], row)
    np.testing.assert_array_equal(q.correct, [[1.0, correct]])


def test_uniform_is_over_the_choices_of_the_question() -> None:
    table = outcomes_from_arrays(["two", "two", "four"], answer=["A", "", "D"], target=["A", "A", "D"])
    table = replace(table, choices=np.asarray([2, 2, 4], dtype=np.int32))
    q = question_arrays(only_group(table))
    np.testing.assert_array_equal(q.predictions[q.ids.index("two"), 1], [0.5, 0.5, 0, 0])


def test_open_answers_get_classes_per_question() -> None:
    answers = ["Rome", "Oslo", "12", "12"]
    table = outcomes_from_arrays(["a", "a", "b", "b"], answer=answers, target=["Oslo", "Oslo", "13", "13"])
    q = question_arrays(only_group(table))
    # Labels in the order of their text: Oslo, Rome; 12, 13.
    np.testing.assert_array_equal(q.predictions, [[[0, 1], [1, 0]], [[1, 0], [1, 0]]])
    assert q.target.tolist() == [0, 1]


def test_ties_of_probabilities_share_the_credit() -> None:
    table = outcomes_from_arrays(["q"], probabilities=[[0.4, 0.4, 0.2]], target=["B"])
    assert question_arrays(only_group(table)).correct.tolist() == [[0.5]]


def test_choices_beyond_z_are_numbered() -> None:
    # A to Z are 0 to 25, "1" is 26 and "2" is 27, as Inspect labels them.
    row = np.full(28, 0.5 / 27)
    row[27] = 0.5
    table = outcomes_from_arrays(["q"], probabilities=[row.tolist()], target=["2"])
    q = question_arrays(only_group(table))
    assert (q.target.tolist(), q.correct.tolist()) == ([27], [[1.0]])
    group = only_group(outcomes_from_arrays(["q"], probabilities=[[0.5, 0.5]], target=["yes"]))
    assert "label of one of their choices" in only_note(group)
    assert np.isnan(question_arrays(group).predictions).all()


def test_probabilities_without_a_reading_are_uniform() -> None:
    table = outcomes_from_arrays(["q", "q"], probabilities=[[0.9, 0.1], [NAN, NAN]], target=["A", "A"])
    np.testing.assert_array_equal(question_arrays(only_group(table)).predictions, [[[0.9, 0.1], [0.5, 0.5]]])


def unit_test_table(f2p: list[list[bool]], p2p: list[list[bool]]) -> Outcomes:
    columns = {
        "kind": "tests",
        "status": "ok",
        "question": ["q"] * len(f2p),
        "epoch": range(1, len(f2p) + 1),
        "tests": [encode_tests([*f, *p]) for f, p in zip(f2p, p2p, strict=True)],
        "f2p": [len(f) for f in f2p],
        "p2p": [len(p) for p in p2p],
    }
    return Outcomes.build(len(f2p), {**columns, "epoch": list(columns["epoch"])})


def test_unit_tests_give_four_measures() -> None:
    table = unit_test_table([[True, False], [True, True]], [[True], [True]])
    found = {g.measure: question_arrays(g) for g in groups(table)}
    assert list(found) == ["f2p", "p2p", "pooled", "resolved"]
    np.testing.assert_array_equal(found["f2p"].predictions, [[[1, 0], [1, 1]]])
    np.testing.assert_array_equal(found["p2p"].predictions, [[[1], [1]]])
    np.testing.assert_array_equal(found["pooled"].predictions, [[[1, 0, 1], [1, 1, 1]]])
    np.testing.assert_array_equal(found["resolved"].predictions, [[[0], [1]]])
    np.testing.assert_array_equal(found["f2p"].correct, [[0.5, 1.0]])
    assert (found["pooled"].target == 1).all()


def test_epochs_with_other_unit_tests_than_most_are_left_out() -> None:
    table = unit_test_table([[True], [True, True], [True, False]], [[True], [True], [True]])
    group = groups(table)[0]
    assert "1 epoch is left out (such as question 'q', epoch 1)" in only_note(group)
    np.testing.assert_array_equal(question_arrays(group).predictions, [[[NAN, NAN], [1, 1], [1, 0]]])
    # Of equally frequent sets the larger counts.
    pair = question_arrays(groups(unit_test_table([[True], [True, False]], [[True], [True]]))[0])
    np.testing.assert_array_equal(pair.predictions, [[[NAN, NAN], [1, 0]]])


def test_a_bit_string_that_does_not_fit_is_left_out() -> None:
    table = replace(unit_test_table([[True]], [[True]]), f2p=np.asarray([9], dtype=np.int32))
    group = groups(table)[0]
    assert "do not fit their numbers of unit tests" in only_note(group)
    assert np.isnan(question_arrays(group).predictions).all()


def test_where_a_score_lies_outside_the_unit_interval_none_is_read() -> None:
    group = only_group(outcomes_from_arrays(["q"] * 3, score=[1.0, 4.0, 5.0]))
    assert "3 epochs are left out" in only_note(group) and "score such as 5 lies outside" in only_note(group)
    assert not group.outcomes.scored.any()


def test_epochs_with_another_target_than_most_are_left_out() -> None:
    table = outcomes_from_arrays(["q"] * 3, answer=["A", "B", "C"], target=["A", "B", "A"])
    group = only_group(table)
    assert "another target" in only_note(group)
    # The first and the third are about A: right, and wrong.
    np.testing.assert_array_equal(question_arrays(group).correct, [[1, NAN, 0]])


def test_kinds_side_by_side_are_read_by_their_verdicts() -> None:
    columns = {
        "kind": ["answer", "score", "answer", "tests"],
        "status": "ok",
        "question": ["q"] * 4,
        "epoch": [1, 2, 3, 4],
        "answer": ["A", None, "B", None],
        "target": "A",
        "value": [1.0, 0.0, 0.5, 1.0],
    }
    group = only_group(Outcomes.build(4, columns))
    assert group.kind == "score"
    np.testing.assert_array_equal(question_arrays(group).correct, [[1, 0, 0.5, NAN]])
    assert group.outcomes.status.values() == ["ok", "ok", "ok", "other_kind"]


def test_text_has_points_and_no_target() -> None:
    columns = {
        "kind": "text",
        "status": ["ok", "unparsed", "ok"],
        "question": ["q", "q", "q"],
        "epoch": [1, 2, 3],
        "vector": [[1.0, 0.0], None, [0.0, 1.0]],
    }
    group = only_group(Outcomes.build(3, columns))
    found = question_arrays(group)
    np.testing.assert_array_equal(found.predictions, [[[1, 0], [np.nan, np.nan], [0, 1]]])
    assert np.isnan(found.target).all() and np.isnan(found.correct).all() and not found.classes
    # As a class of its own an unparsed answer is the point of zeros.
    own = question_arrays(group, unparsed="class")
    np.testing.assert_array_equal(own.predictions, [[[1, 0], [0, 0], [0, 1]]])


def test_texts_of_two_embedders_are_left_out() -> None:
    columns = {"kind": "text", "status": "ok", "question": ["q", "r"], "vector": [[1.0, 0.0], [1.0]]}
    group = only_group(Outcomes.build(2, {**columns, "epoch": [1, 1]}))
    assert "question 'r'" in only_note(group) and "another number of dimensions than 2" in only_note(group)
    np.testing.assert_array_equal(question_arrays(group).predictions, [[[1, 0]], [[NAN, NAN]]])


def test_points_need_one_goal() -> None:
    columns = {
        "kind": "point",
        "status": "ok",
        "question": ["q", "q"],
        "epoch": [1, 2],
        "vector": [[1.0, 2.0], [3.0, 4.0]],
    }
    q = question_arrays(only_group(Outcomes.build(2, {**columns, "goal": [[0.0, 1.0], [0.0, 1.0]]})))
    np.testing.assert_array_equal(q.target, [[0, 1]])
    without = only_group(Outcomes.build(2, columns))
    assert "2 epochs are left out" in only_note(without) and not without.outcomes.scored.any()
    two = only_group(Outcomes.build(2, {**columns, "goal": [[0.0, 1.0], [0.0, 2.0]]}))
    assert "another goal" in only_note(two) and two.outcomes.scored.sum() == 1


def test_models_tasks_variants_and_scorers_are_never_pooled() -> None:
    columns = {
        "kind": "score",
        "status": "ok",
        "question": ["q"] * 5,
        "model": ["m", "n", "m", "m", "m"],
        "task": ["t", "t", "u", "t", "t"],
        "variant": ["{}", "{}", "{}", '{"x":1}', "{}"],
        "scorer": ["s", "s", "s", "s", "r"],
        "value": [1.0] * 5,
    }
    found = groups(Outcomes.build(5, columns))
    assert [(g.task, g.model, g.variant, g.scorer) for g in found] == [
        ("t", "m", '{"x":1}', "s"),
        ("t", "m", "{}", "r"),
        ("t", "m", "{}", "s"),
        ("t", "n", "{}", "s"),
        ("u", "m", "{}", "s"),
    ]


rows = st.lists(
    st.tuples(st.sampled_from("xyz"), st.integers(1, 4), st.sampled_from(["A", "B", "C", ""])),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:2],
)


@settings(deadline=None)  # other work on the machine is no failure
@given(rows, st.randoms(use_true_random=False))
def test_arrays_do_not_depend_on_the_order_of_the_rows(
    rows: list[tuple[str, int, str]], random: object
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def arrays(given_rows: list[tuple[str, int, str]]) -> tuple[object, ...]:
        question, epoch, answer = zip(*given_rows, strict=True)
        table = outcomes_from_arrays(
            question, answer=answer, epoch=epoch, target=["B"] * len(question), length=epoch
        )
        q = question_arrays(only_group(table))
        return (
            q.ids,
            q.predictions.tobytes(),
            q.target.tobytes(),
            q.correct.tobytes(),
            q.lengths("length").tobytes(),
        )

    assert arrays(rows) == arrays(shuffled)
