import pytest

from pinset import Requirement, Version


def allowed(requirement, *versions):
    return [version for version in versions if Requirement(requirement).allows(Version(version))]


def test_name_alone_allows_everything():
    assert allowed("text", "0.1", "9") == ["0.1", "9"]


@pytest.mark.parametrize(
    ("operator", "versions"),
    [
        ("==", ["1.2"]),
        ("!=", ["1.1", "1.3"]),
        (">=", ["1.2", "1.3"]),
        ("<=", ["1.1", "1.2"]),
        (">", ["1.3"]),
        ("<", ["1.1"]),
    ],
    ids=["eq", "ne", "ge", "le", "gt", "lt"],
)
def test_operators(operator, versions):
    assert allowed(f"text{operator}1.2", "1.1", "1.2", "1.3") == versions


def test_all_bounds_must_hold():
    assert allowed("text>=1.2,<2,!=1.5", "1.1", "1.2", "1.5", "1.9", "2.0") == ["1.2", "1.9"]


def test_compatible_with_two_parts():
    assert allowed("text~=1.4", "1.3", "1.4", "1.9", "2.0") == ["1.4", "1.9"]


def test_spaces():
    assert allowed(" text >= 1.2 , < 2 ", "1.1", "1.2", "2.0") == ["1.2"]


def test_name():
    assert Requirement("text-tools>=1").name == "text-tools"


def test_as_text():
    assert str(Requirement("text >=1.2, <2")) == "text>=1.2,<2"


def test_names_prerelease():
    assert Requirement("text>=2.0rc1").names_prerelease
    assert not Requirement("text>=2.0").names_prerelease


@pytest.mark.parametrize("text", ["", "1text", ">=1.2"])
def test_not_a_requirement(text):
    with pytest.raises(ValueError, match="not a requirement"):
        Requirement(text)


@pytest.mark.parametrize("text", ["text 1.2", "text=1.2", "text>=", "text>=1.2;<2"], ids=["bare", "single", "missing", "semicolon"])
def test_not_a_bound(text):
    with pytest.raises(ValueError, match="not a bound"):
        Requirement(text)
