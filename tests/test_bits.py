"""The bit string of test outcomes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.bits import decode_tests, encode_tests


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ([], ""),
        ([True], "8"),  # 1000
        ([True, False, True, True], "b"),  # 1011
        ([False] * 4 + [True], "08"),  # 0000 1000
        ([True] * 9, "ff8"),  # 1111 1111 1000
    ],
)
def test_known_strings(outcomes: list[bool], text: str) -> None:
    assert encode_tests(outcomes) == text
    assert decode_tests(text, len(outcomes)).tolist() == outcomes


@given(st.lists(st.booleans(), max_size=300))
def test_round_trip_agrees_with_integer_arithmetic(outcomes: list[bool]) -> None:
    text = encode_tests(outcomes)
    digits = -(-len(outcomes) // 4)
    padded = "".join("1" if o else "0" for o in outcomes).ljust(4 * digits, "0")
    assert text == (f"{int(padded, 2):0{digits}x}" if outcomes else "")
    assert np.array_equal(decode_tests(text, len(outcomes)), np.array(outcomes, dtype=bool))


@pytest.mark.parametrize(("text", "count"), [("ff", 3), ("", 1), ("f", 0), ("f", -1)])
def test_wrong_length_is_named(text: str, count: int) -> None:
    with pytest.raises(ValueError, match="hexadecimal digit"):
        decode_tests(text, count)


def test_other_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="not a hexadecimal"):
        decode_tests("zz", 8)
