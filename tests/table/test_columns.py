"""The two compact columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.table import LabelBuilder, Labels, Ragged

texts = st.lists(st.none() | st.text(max_size=3), max_size=30)


@settings(deadline=None)  # other work on the machine is no failure
@given(texts)
def test_encoding_keeps_every_value(values: list[str | None]) -> None:
    labels = Labels.encode(values)
    assert labels.values() == values
    assert len(labels.names) == len({v for v in values if v is not None})


@settings(deadline=None)  # other work on the machine is no failure
@given(texts, texts)
def test_concatenating_joins_equal_strings(left: list[str | None], right: list[str | None]) -> None:
    both = Labels.concatenate([Labels.encode(left), Labels.encode(right)])
    assert both.values() == left + right
    assert len(set(both.names)) == len(both.names)


@settings(deadline=None)  # other work on the machine is no failure
@given(texts)
def test_taking_compacting_and_sorting_change_no_value(values: list[str | None]) -> None:
    rows = np.asarray([i for i in range(len(values)) if i % 2], dtype=np.intp)
    taken = Labels.encode(values).take(rows).compact().sorted()
    assert taken.values() == [values[i] for i in rows]
    assert list(taken.names) == sorted({v for v in taken.values() if v is not None})


def test_constant_and_missing() -> None:
    assert Labels.constant("a", 2).values() == ["a", "a"]
    assert Labels.constant(None, 2).missing.tolist() == [True, True]
    assert Labels.encode(["a", None, "b"]).equals("b").tolist() == [False, False, True]
    assert not Labels.encode(["a"]).equals("z").any()


lists = st.lists(st.none() | st.lists(st.floats(-9, 9), max_size=4), max_size=12)


@settings(deadline=None)  # other work on the machine is no failure
@given(lists, lists)
def test_ragged_lists_survive_stacking_and_taking(
    left: list[list[float] | None], right: list[list[float] | None]
) -> None:
    column = Ragged.concatenate([Ragged.encode(left), Ragged.encode(right)])
    expected = [v or [] for v in left + right]
    order = np.arange(len(expected))[::-1]
    taken = column.take(order)
    found = [taken.flat[a:b].tolist() for a, b in zip(taken.offsets[:-1], taken.offsets[1:], strict=True)]
    assert found == expected[::-1]


def test_padding_fills_with_nan() -> None:
    padded = Ragged.encode([[1.0], None, [2.0, 3.0]]).padded(2)
    np.testing.assert_array_equal(padded, [[1, np.nan], [np.nan, np.nan], [2, 3]])


def test_stacking_nothing() -> None:
    assert len(Ragged.concatenate([])) == 0
    assert len(Labels.concatenate([])) == 0


@pytest.mark.parametrize("rows", [0, 3])
def test_empty_ragged(rows: int) -> None:
    assert Ragged.empty(rows).sizes.tolist() == [0] * rows


@given(st.lists(st.tuples(st.one_of(st.none(), st.sampled_from("abc")), st.integers(0, 3)), max_size=8))
def test_a_value_that_repeats_is_so_many_values(batches):
    repeated, listed = LabelBuilder(), LabelBuilder()
    for value, rows in batches:
        repeated.repeat(value, rows)
        listed.extend([value] * rows)
    expected = [value for value, rows in batches for _ in range(rows)]
    assert repeated.labels().values() == listed.labels().values() == expected
    assert repeated.labels().names == listed.labels().names == tuple(dict.fromkeys(filter(None, expected)))
