"""Score values as numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.scorer import value_to_float

from hotmess_inspect.verdicts import pick, verdict_to_float, verdicts_to_floats

READABLE = [
    ("C", 1.0),
    ("P", 0.5),
    ("I", 0.0),
    ("N", 0.0),
    ("yes", 1.0),
    ("No", 0.0),
    ("TRUE", 1.0),
    ("false", 0.0),
    ("0.5", 0.5),
    ("-3e2", -300.0),
    (True, 1.0),
    (False, 0.0),
    (7, 7.0),
    (0.25, 0.25),
]
UNREADABLE = [
    None,
    math.nan,
    math.inf,
    -math.inf,
    "",
    "c",
    "banana",
    "nan",
    "inf",
    10**400,
    [1.0],
    {"a": 1.0},
    object(),
]


@pytest.mark.parametrize(("value", "number"), READABLE)
def test_readable_values_agree_with_inspect(value: object, number: float) -> None:
    assert verdict_to_float(value) == number
    assert value_to_float()(value) == number  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", UNREADABLE, ids=lambda value: f"{type(value).__name__} {value!r}"[:40].split(" object at")[0]
)
def test_everything_else_is_unknown_and_not_zero(value: object) -> None:
    assert math.isnan(verdict_to_float(value))


@given(
    st.lists(
        st.one_of(
            st.sampled_from([value for value, _ in READABLE]),
            st.sampled_from([value for value in UNREADABLE if not isinstance(value, list | dict)]),
            st.floats(),
            st.integers(),
            st.text(max_size=3),
            st.lists(st.floats(), max_size=2),
        )
    )
)
def test_many_at_once_are_the_same_as_one_by_one(values: list[object]) -> None:
    together = verdicts_to_floats(values).tolist()
    assert [repr(number) for number in together] == [repr(verdict_to_float(value)) for value in values]


@pytest.mark.parametrize(
    ("value", "key", "picked"),
    [
        ("C", None, "C"),
        ({"a": 1, "b": 2}, "b", 2),
        ({"a": 1, "b": 2}, None, None),
        ({"a": 1}, None, 1),
        ({"a": None}, "a", None),
        ({"a": 1}, "missing", None),
        ([5, 6], 1, 6),
        ([5, 6], None, None),
        ([5], None, 5),
        ([5], 1, None),
        ([5], -1, None),
        ([], None, None),
        ([5], "a", None),
        ({}, None, None),
    ],
)
def test_part_of_a_score(value: object, key: str | int | None, picked: object) -> None:
    assert pick(value, key) == picked
