import pytest

from pinset import Version, read_lock, write_lock

CHOSEN = {"web": Version("2.0"), "base": Version("1.4rc1")}
TEXT = "# pinset lock 1\nbase==1.4rc1\nweb==2.0\n"


def test_write():
    assert write_lock(CHOSEN) == TEXT


def test_write_nothing():
    assert write_lock({}) == "# pinset lock 1\n"


def test_read():
    assert read_lock(TEXT) == CHOSEN


def test_comments_and_empty_lines():
    assert read_lock("# pinset lock 1\n\n# base\nbase==1.4  # pinned\n") == {"base": Version("1.4")}


@pytest.mark.parametrize("text", ["", "web==2.0\n", "# pinset lock 2\n"], ids=["empty", "none", "newer"])
def test_header(text):
    with pytest.raises(ValueError, match="not a lock file of version 1"):
        read_lock(text)


def test_malformed_line():
    with pytest.raises(ValueError, match="line 2: expected name==version"):
        read_lock("# pinset lock 1\nweb\n")


def test_name_twice():
    with pytest.raises(ValueError, match="line 3: web appears twice"):
        read_lock("# pinset lock 1\nweb==1\nweb==2\n")
