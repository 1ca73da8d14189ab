import pytest

from daywork import Interval, format_minutes, parse_duration, parse_span, parse_time


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("0:00", 0), ("9:30", 570), ("09:30", 570), ("17:05", 1025), ("24:00", 1440)],
)
def test_time(text, minutes):
    assert parse_time(text) == minutes


@pytest.mark.parametrize("text", ["", "9", "9:5", "9:60", "24:01", "25:00", "nine", "-1:00"])
def test_bad_time(text):
    with pytest.raises(ValueError, match="not a time"):
        parse_time(text)


@pytest.mark.parametrize(("text", "minutes"), [("45m", 45), ("2h", 120), ("1h30m", 90), ("0m", 0)])
def test_duration(text, minutes):
    assert parse_duration(text) == minutes


@pytest.mark.parametrize("text", ["", "90", "m", "1d"])
def test_bad_duration(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_span_from_two_times():
    assert parse_span("9:00-17:00") == Interval(540, 1020)


def test_span_from_time_and_duration():
    assert parse_span("9:00+1h30m") == Interval(540, 630)


@pytest.mark.parametrize("text", ["9:00", "9:00/10:00"], ids=["alone", "slash"])
def test_bad_span(text):
    with pytest.raises(ValueError, match="not a span"):
        parse_span(text)


def test_span_must_not_end_before_it_starts():
    with pytest.raises(ValueError, match="must end after it starts"):
        parse_span("10:00-9:00")


@pytest.mark.parametrize(("minutes", "text"), [(0, "0:00"), (545, "9:05"), (1439, "23:59"), (1985, "+1d 9:05")], ids=["midnight", "morning", "last", "next-day"])
def test_format(minutes, text):
    assert format_minutes(minutes) == text
