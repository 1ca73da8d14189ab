import pytest

from gridtext.align import align_column, pad


@pytest.mark.parametrize(
    ("alignment", "text"),
    [("left", "ab   "), ("right", "   ab"), ("center", " ab  ")],
    ids=["left", "right", "center"],
)
def test_pad(alignment, text):
    assert pad("ab", 5, alignment) == text


def test_pad_leaves_long_text_alone():
    assert pad("coffee", 3, "left") == "coffee"


def test_pad_counts_wide_characters_twice():
    assert pad("日本", 6, "right") == "  日本"


def test_column_takes_the_widest_cell():
    assert align_column(["a", "bcd"], "left") == ["a  ", "bcd"]


def test_column_has_a_least_width():
    assert align_column(["a"], "right", width=3) == ["  a"]


def test_empty_column():
    assert align_column([], "left") == []


def test_points_below_each_other():
    assert align_column(["1.5", "10.25"], "decimal") == [" 1.5 ", "10.25"]


def test_words_among_numbers():
    assert align_column(["1.5", "n/a"], "decimal") == ["1.5", "n/a"]


def test_short_words_go_to_the_right():
    assert align_column(["10.25", "-"], "decimal") == ["10.25", "    -"]


def test_unknown_alignment():
    with pytest.raises(ValueError, match="alignment must be one of left, right, center, decimal, not 'middle'"):
        align_column(["a"], "middle")
