from daywork import Interval, Spans


def spans(*pairs):
    return Spans(Interval(start, end) for start, end in pairs)


def test_empty():
    assert not Spans()
    assert Spans().total == 0


def test_sorted_whatever_the_order():
    assert list(spans((30, 40), (0, 10))) == [Interval(0, 10), Interval(30, 40)]


def test_neighbours_are_joined():
    assert list(spans((0, 10), (10, 20))) == [Interval(0, 20)]


def test_bridge_joins_both_sides():
    assert list(spans((0, 10), (20, 30), (5, 25))) == [Interval(0, 30)]


def test_total_counts_each_minute_once():
    assert spans((0, 10), (5, 15), (20, 21)).total == 16


def test_contains():
    hours = spans((0, 10), (20, 30))
    assert 0 in hours
    assert 10 not in hours
    assert 29 in hours
    assert -1 not in hours


def test_equality_does_not_depend_on_the_pieces():
    assert spans((0, 5), (5, 10)) == spans((0, 10))
    assert spans((0, 5)) != spans((0, 10))


def test_copy_is_independent():
    first = spans((0, 10))
    second = first.copy()
    second.add(Interval(20, 30))
    assert len(first) == 1
    assert len(second) == 2


def test_union_leaves_both_alone():
    left, right = spans((0, 10)), spans((10, 20))
    assert left.union(right) == spans((0, 20))
    assert left == spans((0, 10))
    assert right == spans((10, 20))


def test_intersection():
    assert spans((0, 10), (20, 30)).intersection(spans((5, 25))) == spans((5, 10), (20, 25))


def test_gaps_inside():
    assert spans((10, 20), (30, 40)).gaps(Interval(0, 50)) == [Interval(0, 10), Interval(20, 30), Interval(40, 50)]


def test_gaps_of_nothing_are_everything():
    assert Spans().gaps(Interval(0, 50)) == [Interval(0, 50)]


def test_gaps_look_only_within():
    assert spans((0, 20), (40, 60)).gaps(Interval(10, 50)) == [Interval(20, 40)]


def test_remove_a_whole_span():
    hours = spans((0, 10), (20, 30))
    hours.remove(Interval(0, 10))
    assert hours == spans((20, 30))


def test_remove_the_tail_of_a_span():
    hours = spans((0, 10))
    hours.remove(Interval(6, 10))
    assert hours == spans((0, 6))


def test_remove_what_is_not_there():
    hours = spans((0, 10))
    hours.remove(Interval(50, 60))
    assert hours == spans((0, 10))


def test_repr_shows_the_intervals():
    assert repr(spans((0, 10), (20, 30))) == "Spans(0..10, 20..30)"
