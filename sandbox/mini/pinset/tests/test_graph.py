import pytest

from pinset import CycleError, install_order
from pinset.graph import needed_by


def test_nothing():
    assert install_order({}) == []


def test_chain():
    assert install_order({"a": ["b"], "b": ["c"]}) == ["c", "b", "a"]


def test_names_that_need_nothing():
    assert install_order({"a": []}) == ["a"]


def test_diamond():
    order = install_order({"top": ["left", "right"], "left": ["base"], "right": ["base"]})
    assert order[0] == "base"
    assert order[-1] == "top"
    assert set(order[1:3]) == {"left", "right"}


def test_cycle_is_an_error():
    with pytest.raises(CycleError, match="need each other"):
        install_order({"a": ["b"], "b": ["a"]})


def test_argument_is_left_alone():
    needs = {"a": {"b"}, "b": set()}
    install_order(needs)
    assert needs == {"a": {"b"}, "b": set()}


def test_needed_by():
    needs = {"top": ["left", "right"], "left": ["base"], "right": [], "other": []}
    assert needed_by(needs, "base") == ["left", "top"]
    assert needed_by(needs, "top") == []


def test_needed_by_in_a_cycle():
    assert needed_by({"a": ["b"], "b": ["a"]}, "a") == ["a", "b"]
