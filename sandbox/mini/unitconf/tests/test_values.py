import pytest

from unitconf import ConfigError
from unitconf.values import parse_value, split_items, strip_comment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-0.5", -0.5),
        ("true", True),
        ("false", False),
        ("none", None),
        ("fast", "fast"),
        ("10 MB", 10000000),
        ('"10 MB"', "10 MB"),
        ('""', ""),
    ],
    ids=["int", "float", "true", "false", "none", "word", "quantity", "quoted", "empty-text"],
)
def test_value(text, value):
    assert parse_value(text, 1) == value


def test_escapes():
    assert parse_value(r'"a\tb\n\"c\" \\"', 1) == 'a\tb\n"c" \\'


def test_list():
    assert parse_value("[1, two, 3 s]", 1) == [1, "two", 3]


def test_empty_list():
    assert parse_value("[]", 1) == []


def test_comma_at_the_end():
    assert parse_value("[1, 2,]", 1) == [1, 2]


def test_items():
    assert split_items("a, b") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a value is missing"),
        ('"open', "the text is not closed"),
        ("[1, 2", "the list is not closed"),
        ('"a" b', "something follows the closing quote"),
        (r'"\q"', "unknown escape"),
    ],
    ids=["missing", "open-text", "open-list", "rest", "escape"],
)
def test_mistakes_name_the_line(text, message):
    with pytest.raises(ConfigError, match=f"line 7: {message}") as caught:
        parse_value(text, 7)
    assert caught.value.line == 7


def test_comment():
    assert strip_comment("size = 3  # in metres") == "size = 3"


def test_only_a_comment():
    assert strip_comment("# nothing") == ""


def test_no_comment():
    assert strip_comment("size = 3") == "size = 3"
