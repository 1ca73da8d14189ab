import pytest

from unitconf import format_bytes, parse_quantity


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250 ms", 0.25), ("3s", 3), ("1.5 min", 90.0), ("2 h", 7200), ("1d", 86400)],
    ids=["ms", "s", "min", "h", "d"],
)
def test_time(text, seconds):
    assert parse_quantity(text) == seconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("7 B", 7), ("2 kB", 2000), ("1MB", 1000000), ("3 GB", 3000000000), ("1 KiB", 1024), ("512 MiB", 536870912)],
    ids=["B", "kB", "MB", "GB", "KiB", "MiB"],
)
def test_memory(text, count):
    assert parse_quantity(text) == count


def test_whole_amounts_stay_whole():
    assert isinstance(parse_quantity("2 kB"), int)
    assert isinstance(parse_quantity("2.0 kB"), float)


def test_sign():
    assert parse_quantity("-5 s") == -5


@pytest.mark.parametrize("text", ["5", "min", "5 parsec", "5 Min", "1.5.2 s", ""], ids=["bare", "unit", "unknown", "case", "dots", "empty"])
def test_no_quantity(text):
    assert parse_quantity(text) is None


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1572864, "1.5 MiB")],
    ids=["nothing", "bytes", "kibi", "mebi"],
)
def test_format(count, text):
    assert format_bytes(count) == text


def test_format_needs_a_count():
    with pytest.raises(ValueError, match="must not be negative"):
        format_bytes(-1)
