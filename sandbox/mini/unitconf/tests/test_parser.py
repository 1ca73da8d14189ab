import pytest

from unitconf import ConfigError
from unitconf.parser import parse


def tree_of(text):
    return parse(text)[0]


def test_empty():
    assert tree_of("") == {}


def test_keys_and_sections():
    assert tree_of("a = 1\n\n[b]\nc = 2\n") == {"a": 1, "b": {"c": 2}}


def test_nested_sections():
    assert tree_of("[a.b]\nc = 1\n[a]\nd = 2") == {"a": {"b": {"c": 1}, "d": 2}}


def test_comments_and_blank_lines():
    assert tree_of("# head\n\na = 1  # one\n") == {"a": 1}


def test_lines_of_keys():
    assert parse("a = 1\n\n[b]\nc = 2")[1] == {"a": 1, "b.c": 4}


def test_value_may_hold_an_equals_sign():
    assert tree_of("a = x=y") == {"a": "x=y"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "line 1: expected a section or key = value"),
        ("\n[b", "line 2: the section is not closed"),
        ("a = 1\na = 2", "line 2: a is set twice"),
        ("[s]\na = 1\na = 2", "line 3: s.a is set twice"),
        ("1a = 2", "line 1: not a name: '1a'"),
        ("[a..b]", "line 1: not a name: ''"),
        ("a = 1\n[a]", "line 2: a is a value and no section"),
    ],
    ids=["word", "open-section", "twice", "twice-in-section", "name", "section-name", "value-as-section"],
)
def test_mistakes(text, message):
    with pytest.raises(ConfigError, match=message):
        parse(text)
