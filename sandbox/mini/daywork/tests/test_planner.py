import pytest

from daywork import BookingError, Interval, Planner, parse_span


@pytest.fixture
def planner():
    plan = Planner(parse_span("9:00-17:00"))
    plan.book("review", parse_span("10:00-11:00"))
    plan.book("lunch", parse_span("12:30-13:30"))
    return plan


def test_length_and_lookup(planner):
    assert len(planner) == 2
    assert planner["review"] == parse_span("10:00-11:00")


def test_conflicts_by_time(planner):
    assert planner.conflicts(parse_span("10:30-13:00")) == ["review", "lunch"]


def test_no_conflict_in_a_free_hour(planner):
    assert planner.conflicts(parse_span("15:00-16:00")) == []


def test_collision_names_the_other_booking(planner):
    with pytest.raises(BookingError, match="call collides with review"):
        planner.book("call", parse_span("10:45-11:15"))
    assert len(planner) == 2


def test_outside_the_working_hours(planner):
    with pytest.raises(BookingError, match="outside the working hours"):
        planner.book("dinner", parse_span("16:30-17:30"))


def test_same_name_twice(planner):
    with pytest.raises(BookingError, match="lunch is booked already"):
        planner.book("lunch", parse_span("15:00-16:00"))


def test_cancel_returns_the_time(planner):
    assert planner.cancel("lunch") == parse_span("12:30-13:30")
    assert len(planner) == 1


def test_cancel_what_is_not_booked(planner):
    with pytest.raises(BookingError, match="dinner is not booked"):
        planner.cancel("dinner")


def test_move(planner):
    assert planner.move("review", 30) == parse_span("10:30-11:30")
    assert planner["review"] == parse_span("10:30-11:30")


def test_free_parts(planner):
    assert planner.free() == [
        parse_span("9:00-10:00"),
        parse_span("11:00-12:30"),
        parse_span("13:30-17:00"),
    ]


def test_first_free_takes_the_earliest_slot(planner):
    assert planner.first_free(30) == parse_span("9:00-9:30")


def test_first_free_leaves_out_short_slots(planner):
    assert planner.first_free(120) == parse_span("13:30-15:30")


def test_first_free_gives_up(planner):
    assert planner.first_free(8 * 60) is None


def test_first_free_after_the_start_of_a_slot(planner):
    assert planner.first_free(30, after=660) == parse_span("11:00-11:30")


def test_first_free_needs_a_positive_length(planner):
    with pytest.raises(ValueError, match="must be positive"):
        planner.first_free(0)


def test_pause_must_not_be_negative():
    with pytest.raises(ValueError, match="pause must not be negative"):
        Planner(Interval(0, 10), pause=-1)


def test_utilisation(planner):
    assert planner.utilisation() == 0.25
