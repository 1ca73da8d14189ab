import pytest

from daywork import Interval


def test_length():
    assert Interval(540, 600).length == 60


@pytest.mark.parametrize(("start", "end"), [(10, 10), (10, 9)], ids=["empty", "reversed"])
def test_must_end_after_start(start, end):
    with pytest.raises(ValueError, match="must end after it starts"):
        Interval(start, end)


@pytest.mark.parametrize(
    ("minute", "inside"), [(9, False), (10, True), (19, True), (20, False)], ids=["before", "first", "last", "end"]
)
def test_contains_start_and_not_end(minute, inside):
    assert (minute in Interval(10, 20)) is inside


def test_covers_itself_and_parts():
    day = Interval(0, 100)
    assert day.covers(day)
    assert day.covers(Interval(0, 10))
    assert not day.covers(Interval(90, 101))


def test_overlap_of_crossing_intervals():
    assert Interval(0, 10).overlaps(Interval(5, 15))
    assert Interval(5, 15).overlaps(Interval(0, 10))


def test_overlap_of_nested_intervals():
    assert Interval(0, 10).overlaps(Interval(3, 4))
    assert Interval(3, 4).overlaps(Interval(0, 10))


def test_no_overlap_of_distant_intervals():
    assert not Interval(0, 10).overlaps(Interval(20, 30))


def test_touching():
    assert Interval(0, 10).touches(Interval(10, 20))
    assert Interval(10, 20).touches(Interval(0, 10))
    assert not Interval(0, 10).touches(Interval(9, 20))


def test_intersection():
    assert Interval(0, 10).intersect(Interval(5, 15)) == Interval(5, 10)
    assert Interval(0, 10).intersect(Interval(10, 15)) is None


def test_hull_spans_the_gap():
    assert Interval(0, 10).hull(Interval(20, 30)) == Interval(0, 30)


def test_shift():
    assert Interval(0, 10).shift(-5) == Interval(-5, 5)


def test_pieces_end_with_the_rest():
    assert list(Interval(0, 25).pieces(10)) == [Interval(0, 10), Interval(10, 20), Interval(20, 25)]


def test_pieces_need_a_positive_size():
    with pytest.raises(ValueError, match="size must be positive"):
        list(Interval(0, 25).pieces(0))
