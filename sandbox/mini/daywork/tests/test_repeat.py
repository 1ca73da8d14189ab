import pytest

from daywork import Interval, repeat

FIRST = Interval(540, 600)


def test_count():
    assert repeat(FIRST, every=1440, count=2) == [FIRST, Interval(1980, 2040)]


def test_until():
    assert repeat(FIRST, every=60, until=660) == [FIRST, Interval(600, 660)]


def test_skipped_ones_are_not_counted():
    assert repeat(FIRST, every=60, count=2, skip={1}) == [FIRST, Interval(660, 720)]


def test_whichever_comes_first():
    assert len(repeat(FIRST, every=60, count=10, until=720)) == 3


def test_needs_an_end():
    with pytest.raises(ValueError, match="count or until"):
        repeat(FIRST, every=60)


def test_every_must_be_positive():
    with pytest.raises(ValueError, match="every must be positive"):
        repeat(FIRST, every=0, count=1)
