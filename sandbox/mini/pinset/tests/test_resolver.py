import pytest

from pinset import Index, ResolutionError, Version, resolve


def index_of(*packages):
    index = Index()
    for name, version, *needs in packages:
        index.add(name, version, needs)
    return index


def pins(index, *wanted):
    return {name: str(version) for name, version in resolve(index, wanted).items()}


def test_nothing():
    assert resolve(Index(), []) == {}


def test_newest_version():
    assert pins(index_of(("a", "1.9"), ("a", "1.10")), "a") == {"a": "1.10"}


def test_bounds():
    assert pins(index_of(("a", "1.0"), ("a", "2.0")), "a<2") == {"a": "1.0"}


def test_needs_are_followed():
    index = index_of(("web", "1.0", "text>=1"), ("text", "1.0", "base"), ("base", "3.0"))
    assert pins(index, "web") == {"base": "3.0", "text": "1.0", "web": "1.0"}


def test_alphabetical():
    assert list(pins(index_of(("b", "1"), ("a", "1")), "b", "a")) == ["a", "b"]


def test_shared_need():
    index = index_of(("a", "1", "base"), ("b", "1", "base"), ("base", "1"))
    assert pins(index, "a", "b") == {"a": "1", "b": "1", "base": "1"}


def test_packages_may_need_each_other():
    index = index_of(("a", "1", "b"), ("b", "1", "a"))
    assert pins(index, "a") == {"a": "1", "b": "1"}


def test_versions_are_versions():
    assert resolve(index_of(("a", "1")), ["a"]) == {"a": Version("1")}


def test_unknown_package():
    with pytest.raises(ResolutionError, match="unknown package nothing"):
        pins(Index(), "nothing")


def test_no_version_fits():
    with pytest.raises(ResolutionError, match="a>2"):
        pins(index_of(("a", "1"), ("a", "2")), "a>2")


def test_contradiction():
    index = index_of(("a", "1", "base<2"), ("b", "1", "base>=2"), ("base", "1"), ("base", "2"))
    with pytest.raises(ResolutionError):
        pins(index, "a", "b")


def test_same_version_twice_in_the_index():
    with pytest.raises(ValueError, match="in the index already"):
        index_of(("a", "1"), ("a", "1"))
