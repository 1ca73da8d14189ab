from unitconf import load, merge


def test_new_keys_are_added():
    assert merge({"a": 1}, {"b": 2}) == {"a": 1, "b": 2}


def test_later_values_win():
    assert merge({"a": 1}, {"a": 2}, {"a": 3}) == {"a": 3}


def test_lists_are_replaced():
    assert merge({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


def test_none_is_a_value():
    assert merge({"a": 1}, {"a": None}) == {"a": None}


def test_section_may_replace_a_value():
    assert merge({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


def test_value_may_replace_a_section():
    assert merge({"a": {"b": 2}}, {"a": 1}) == {"a": 1}


def test_nothing_over_something():
    assert merge({"a": 1}) == {"a": 1}


def test_top_level_of_the_base_is_left_alone():
    base = {"a": 1}
    merge(base, {"a": 2})
    assert base == {"a": 1}


def test_defaults():
    config = load("b = 2").over({"a": 1, "b": 1})
    assert config["a"] == 1
    assert config["b"] == 2
