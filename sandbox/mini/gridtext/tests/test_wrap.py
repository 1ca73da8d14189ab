import pytest

from gridtext import wrap


def test_short_text_is_one_line():
    assert wrap("tea time", 20) == ["tea time"]


def test_breaks_at_spaces():
    assert wrap("a cup of green tea", 8) == ["a cup of", "green", "tea"]


def test_fits_exactly():
    assert wrap("green tea", 9) == ["green tea"]


def test_one_column_too_few():
    assert wrap("green tea", 8) == ["green", "tea"]


def test_line_breaks_are_kept():
    assert wrap("one\ntwo three", 20) == ["one", "two three"]


def test_runs_of_spaces_become_one():
    assert wrap("green    tea", 20) == ["green tea"]


@pytest.mark.parametrize("width", [0, -1], ids=["zero", "negative"])
def test_width_must_be_positive(width):
    with pytest.raises(ValueError, match="width must be positive"):
        wrap("tea", width)
