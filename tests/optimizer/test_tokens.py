import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hotmess_inspect.experiments.optimizer.tokens import MINUS, PLUS, SYMBOLS, NumberFormat

PUBLISHED = NumberFormat(precision=2)
finite = st.floats(-12, 12, allow_nan=False)
precisions = st.integers(0, 5)


def test_published_examples_are_exact() -> None:
    assert PUBLISHED.to_text(PUBLISHED.encode([0.5, -1.5])) == "+1500 -0150"
    assert PUBLISHED.to_text(PUBLISHED.encode([-0.012, 0.0023])) == "-2120 +3230"


def test_four_dimensions_at_precision_four_take_56_tokens() -> None:
    number = NumberFormat(precision=4)
    assert number.encode(np.zeros(4)).size + number.encode(np.zeros(4)).size == 56
    assert len(SYMBOLS) == 12


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "+900000"),
        (-0.0, "+900000"),
        (9.9999, "+099999"),
        (9.99994, "+099999"),
        (9.99996, "+099999"),  # would round to ten, which has no exponent digit: saturates
        (1234.5, "+099999"),
        (-1234.5, "-099999"),
        (0.999996, "+010000"),  # rounds up into the next decade: 1.0000e0
        (0.999994, "+199999"),
        (1e-9, "+910000"),
        (2.5e-12, "+900025"),  # 0.0025e-9: below 1e-9 the mantissa gets leading zeros
        (-4e-14, "+900000"),  # less than half of the last unit 1e-13: zero, and zero has no minus
        (0.012345, "+212345"),
        (0.0123455, "+212346"),  # halves away from zero
        (-0.0123455, "-212346"),
    ],
)
def test_borders(value: float, text: str) -> None:
    number = NumberFormat(precision=4)
    assert number.to_text(number.encode([value])) == text


def written_by_python(value: float, precision: int) -> float:
    """The number rounded to 1 + precision digits by Python's decimal formatting."""
    return float(f"{value:.{precision}e}")


@given(finite, precisions)
def test_rounds_as_decimal_formatting_does(value: float, precision: int) -> None:
    number = NumberFormat(precision)
    largest = 10 - 10.0**-precision
    if abs(value) >= 1e-9 and abs(written_by_python(value, precision)) <= largest:
        # Numbers are counted in units first and rounded to their digits then: half a digit, half a unit, a hair.
        last_digit = 10.0 ** (np.floor(np.log10(abs(written_by_python(value, precision)))) - precision)
        unit = 1.0 / number.units_per_one
        assert abs(number.quantise([value])[0] - value) <= 0.5000001 * last_digit + 0.5 * unit


def test_rounding_over_units_is_seen_only_just_above_the_smallest_exponent() -> None:
    # 5.96046e-8 is 59604.6 units of 1e-12, so 59605, which is 5.9605e-8 and rounds up to 5.961e-8; one decade
    # higher the same digits are 596046 units, 5.96046e-7, and round down as they should.
    number = NumberFormat(3)
    assert number.quantise([5.96046e-8, 5.96046e-7]).tolist() == [5.961e-8, 5.96e-7]


@given(precisions, st.data())
def test_round_trip_is_exact(precision: int, data: st.DataObject) -> None:
    number = NumberFormat(precision)
    values = data.draw(hnp.arrays(np.float64, (3, 2), elements=finite))
    tokens = number.encode(values)
    np.testing.assert_array_equal(number.encode(number.decode(tokens)), tokens)
    np.testing.assert_array_equal(number.quantise(number.quantise(values)), number.quantise(values))
    np.testing.assert_array_equal(number.from_text(number.to_text(tokens[0]), 2), tokens[0])


@given(precisions, st.data())
def test_every_sequence_that_the_mask_allows_has_a_value(precision: int, data: st.DataObject) -> None:
    number = NumberFormat(precision)
    sign = data.draw(st.sampled_from([MINUS, PLUS]))
    digits = data.draw(st.lists(st.integers(0, 9), min_size=2 + precision, max_size=2 + precision))
    tokens = np.array([sign, *digits])
    assert number.mask(1)[np.arange(len(tokens)), tokens].all()
    mantissa = int("".join(map(str, digits[1:])))
    expected = (-1 if sign == MINUS else 1) * mantissa * 10.0 ** -(precision + digits[0])
    np.testing.assert_allclose(number.decode(tokens)[0], expected, rtol=1e-14)


@given(st.integers(0, 5), finite, st.floats(-0.01, 0.01))
def test_adding_in_units_is_adding_decimals(precision: int, position: float, update: float) -> None:
    from decimal import Decimal

    number = NumberFormat(precision)
    x, u = number.decode_units(number.encode([position])), number.decode_units(number.encode([update]))
    unit = Decimal(1).scaleb(-(9 + precision))
    exact = Decimal(str(number.from_units(x)[0])) + Decimal(str(number.from_units(u)[0]))
    assert Decimal(int((x + u)[0])) * unit == exact


def test_rows_do_not_depend_on_each_other() -> None:
    number = NumberFormat()
    values = np.random.default_rng(0).uniform(-11, 11, (50, 4))
    order = np.random.default_rng(1).permutation(50)
    np.testing.assert_array_equal(number.encode(values)[order], number.encode(values[order]))


def test_rejects_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="1 are NaN or infinite"):
        PUBLISHED.encode([0.0, np.nan])
    with pytest.raises(ValueError, match="precision must be 0 to 5, not 6"):
        NumberFormat(6)
    with pytest.raises(ValueError, match="multiple of 5"):
        PUBLISHED.decode(np.array([PLUS, 0, 0, 0]))
    with pytest.raises(ValueError, match="sign followed by digits"):
        PUBLISHED.decode(np.array([0, 0, 0, 0, 0]))
    with pytest.raises(ValueError, match="sign followed by digits"):
        PUBLISHED.decode(np.array([PLUS, 0, 0, 0, MINUS]))
    for text in ("+1500", "+1500 -0150 +1500", "1500+ -0150", "+15OO -0150", ""):
        with pytest.raises(ValueError):
            PUBLISHED.from_text(text, 2)
