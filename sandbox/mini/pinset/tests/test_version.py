import pytest

from pinset import Version


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.9", "1.10"), ("1.4", "1.4.1"), ("1.99", "2.0"), ("0.9", "1"), ("2.0rc1", "2.0"), ("2.0a1", "2.0b1"), ("2.0b2", "2.0b10"), ("1.9", "2.0a1")],
    ids=["numbers", "longer", "major", "short", "candidate", "stages", "count", "next"],
)
def test_order(older, newer):
    assert Version(older) < Version(newer)
    assert Version(newer) > Version(older)


def test_equal_text():
    assert Version("1.4") == Version("1.4")
    assert Version("1.4") != Version("1.5")


def test_other_types():
    assert Version("1.4") != "1.4"


def test_prerelease():
    assert Version("2.0rc1").is_prerelease
    assert not Version("2.0").is_prerelease


def test_text_is_kept():
    assert str(Version("01.4")) == "01.4"
    assert repr(Version("1.4")) == "Version('1.4')"


def test_usable_as_key():
    assert {Version("1.4"): "a"}[Version("1.4")] == "a"


@pytest.mark.parametrize("text", ["", "one", "1.", ".1", "1.4rc", "1.4-1", "1.4dev1"])
def test_not_a_version(text):
    with pytest.raises(ValueError, match="not a version"):
        Version(text)
