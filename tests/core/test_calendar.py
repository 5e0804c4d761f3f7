"""The trading calendar: its table against exchange_calendars, sessions, and expiries."""

from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import UTC, date, datetime, timedelta

import exchange_calendars
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vrp_xl.core import calendar
from vrp_xl.core.calendar import (
    days_between,
    expiry_near,
    is_short_day,
    is_trading_day,
    next_trading_day,
    previous_trading_day,
    recent_trading_days,
    session_close,
    session_left,
    session_open,
    session_start,
    third_friday_expiry,
    time_stop,
    trading_day,
    trading_days,
)
from vrp_xl.errors import InputError, NoNumberError

DAYS = st.dates(date(1990, 2, 1), date(2035, 6, 1))


@pytest.fixture(scope="module")
def xnys():
    """The reference calendar over the whole table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns about is inside the reference itself
        return exchange_calendars.get_calendar("XNYS", start="1990-01-01", end="2035-12-31")


def test_table_equals_exchange_calendars(xnys, anew):
    """Every trading day from 1990 to 2035 is the reference's, and every short one; no other."""
    made = anew("vrp_xl.core.calendar")
    ours = made.trading_days(made.FIRST_DAY, made.LAST_DAY)
    assert ours == [stamp.date() for stamp in xnys.sessions]
    short = [stamp.date() for stamp in xnys.early_closes]
    assert [day for day in ours if made.is_short_day(day)] == short


def test_closes_equal_exchange_calendars(xnys):
    """Every session closes when the reference says, short days included."""
    theirs = {stamp.date(): close.to_pydatetime() for stamp, close in xnys.closes.items()}
    assert {day: session_close(day) for day in theirs} == theirs


def test_importing_the_calendar_loads_nothing_heavy():
    """Neither pandas nor exchange_calendars is needed at run time."""
    code = (
        "import sys, vrp_xl.core.calendar;"
        "sys.exit(bool({'pandas', 'numpy', 'exchange_calendars'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(DAYS)
def test_neighbours_are_trading_days_with_none_between(day):
    """Before and after a day lie trading days, and no other lies nearer."""
    before, after = previous_trading_day(day), next_trading_day(day)
    assert before < day < after
    between = [d for d in trading_days(before, after) if d != day]
    assert between == [before, after]


@pytest.mark.parametrize(
    ("when", "day"),
    [
        (datetime(2026, 3, 5, 14, 30, tzinfo=UTC), date(2026, 3, 5)),  # 09:30 in winter
        (datetime(2026, 3, 5, 14, 29, 59, tzinfo=UTC), date(2026, 3, 4)),
        (datetime(2026, 7, 6, 13, 30, tzinfo=UTC), date(2026, 7, 6)),  # 09:30 in summer
        (datetime(2026, 7, 6, 13, 29, tzinfo=UTC), date(2026, 7, 2)),  # before Monday's open
        (datetime(2025, 5, 21, 3, 17, tzinfo=UTC), date(2025, 5, 20)),  # the 20th in New York
        (datetime(2026, 11, 21, 20, 0, tzinfo=UTC), date(2026, 11, 20)),  # Saturday
        (datetime(2026, 11, 26, 20, 0, tzinfo=UTC), date(2026, 11, 25)),  # Thanksgiving
        (datetime(2026, 11, 27, 20, 0, tzinfo=UTC), date(2026, 11, 27)),  # after 13:00, half day
        (datetime(2026, 11, 27, 14, 29, tzinfo=UTC), date(2026, 11, 25)),  # before the half day
        (datetime(2026, 3, 8, 20, 0, tzinfo=UTC), date(2026, 3, 6)),  # the Sunday summer begins
        (datetime(2026, 3, 9, 13, 29, tzinfo=UTC), date(2026, 3, 6)),  # the Monday after: 09:29
        (datetime(2026, 3, 9, 13, 30, tzinfo=UTC), date(2026, 3, 9)),
        (datetime(2026, 11, 2, 14, 29, tzinfo=UTC), date(2026, 10, 30)),  # after it has ended
        (datetime(2026, 11, 2, 14, 30, tzinfo=UTC), date(2026, 11, 2)),
        (datetime(2026, 11, 3, 4, 30, tzinfo=UTC), date(2026, 11, 2)),  # 23:30 in New York
    ],
)
def test_trading_day_of_a_quote(when, day):
    """A quote belongs to its New York day from the open on, else to the trading day before."""
    assert trading_day(when) == day


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        (datetime(2026, 3, 5, 14, 29, tzinfo=UTC), False),
        (datetime(2026, 3, 5, 14, 30, tzinfo=UTC), True),
        (datetime(2026, 3, 5, 20, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 5, 21, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 27, 17, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 27, 18, 0, tzinfo=UTC), False),  # 13:00 after Thanksgiving
        (datetime(2026, 11, 28, 16, 0, tzinfo=UTC), False),
    ],
)
def test_session_open(when, is_open):
    """The session is on from 09:30 to the day's close, New York time."""
    assert session_open(when) is is_open


def test_what_is_left_of_a_session():
    """By the clock, from 1 at the open to 0 at the close, on a short day too."""
    whole, short = date(2026, 3, 5), date(2026, 11, 27)
    for hour, minute, left in (
        (13, 0, 1.0), (14, 30, 1.0), (14, 31, 389 / 390), (17, 45, 0.5), (20, 59, 1 / 390),
        (21, 0, 0.0), (23, 0, 0.0),
    ):  # fmt: skip
        moment = datetime(2026, 3, 5, hour, minute, tzinfo=UTC)
        assert session_left(whole, moment) == pytest.approx(left)
    assert session_left(short, datetime(2026, 11, 27, 16, 15, tzinfo=UTC)) == 0.5
    with pytest.raises(InputError, match="has no time zone"):
        session_left(whole, datetime(2026, 3, 5, 15, 0))  # noqa: DTZ001
    with pytest.raises(InputError, match="no trading day"):
        session_left(date(2026, 3, 7), datetime(2026, 3, 7, 15, 0, tzinfo=UTC))


def test_session_close_is_utc_and_needs_a_trading_day():
    """The close is given in UTC; a Saturday has none."""
    assert session_close(date(2026, 3, 5)) == datetime(2026, 3, 5, 21, tzinfo=UTC)
    assert session_close(date(1990, 12, 24)) == datetime(1990, 12, 24, 19, tzinfo=UTC)
    with pytest.raises(InputError, match=r"2026-03-07 is no trading day\. Use a day on which"):
        session_close(date(2026, 3, 7))


@pytest.mark.parametrize(
    ("year", "month", "expiry"),
    [
        (2026, 11, date(2026, 11, 20)),
        (2026, 6, date(2026, 6, 18)),  # Juneteenth
        (2019, 4, date(2019, 4, 18)),  # Good Friday
        (2025, 8, date(2025, 8, 15)),  # the earliest that a third Friday can be
        (2026, 5, date(2026, 5, 15)),
    ],
)
def test_third_friday_expiry(year, month, expiry):
    """The monthly expiry is the third Friday, or the Thursday where that is a holiday."""
    assert third_friday_expiry(year, month) == expiry


def test_expiry_near_prefers_the_monthly():
    """A monthly expiry in the window beats a weekly one that is nearer to the target."""
    today = date(2026, 11, 20)
    assert expiry_near(today, 45, 30, 60) == date(2027, 1, 15)
    assert expiry_near(today, 45, 21, 60) == date(2027, 1, 15)
    assert expiry_near(today, 30, 21, 60) == date(2026, 12, 18)


def test_expiry_near_takes_a_weekly_where_no_monthly_fits():
    """Without a monthly expiry in the window the nearest weekly one is taken."""
    assert expiry_near(date(2026, 11, 20), 11, 5, 15) == date(2026, 12, 4)
    # Christmas 2026 is a Friday: the weekly is the Thursday before, even at the window's edge.
    assert expiry_near(date(2026, 12, 14), 10, 9, 10) == date(2026, 12, 24)


def test_expiry_near_says_when_there_is_none():
    """A window without any expiry is an error, not a guess."""
    with pytest.raises(NoNumberError, match="2 to 4 days after 2026-11-21"):
        expiry_near(date(2026, 11, 21), 3, 2, 4)
    with pytest.raises(NoNumberError):
        expiry_near(date(2026, 11, 21), 45, 60, 30)


@example(date(2001, 9, 1), 0, 10, 7)
@given(DAYS, st.integers(0, 80), st.integers(0, 40), st.integers(7, 60))
def test_expiry_lies_in_the_window(today, target, dte_min, width):
    """An expiry is a trading day inside the window; eight days hold one, but for a closed week."""
    first = today + timedelta(days=dte_min)
    if date(2001, 9, 11) <= first <= date(2001, 9, 14):
        width = max(width, 10)  # the exchange was closed for four days
    expiry = expiry_near(today, target, dte_min, dte_min + width)
    assert dte_min <= days_between(today, expiry) <= dte_min + width
    assert is_trading_day(expiry)


@pytest.mark.parametrize("day", [date(1989, 12, 29), date(2036, 1, 2)])
def test_outside_the_table_is_told(day):
    """A day that the table does not cover is an error that names the range."""
    for ask in (is_trading_day, session_close):
        with pytest.raises(InputError, match="1990-01-01 to 2035-12-31"):
            ask(day)
    with pytest.raises(InputError, match="1990-01-01 to 2035-12-31"):
        third_friday_expiry(day.year, 6)
    with pytest.raises(InputError, match="1990-01-01 to 2035-12-31"):
        trading_day(datetime(day.year, 6, 1, tzinfo=UTC))


def test_senseless_arguments_are_told():
    """A moment without a zone and a thirteenth month are refused."""
    with pytest.raises(InputError, match="time zone"):
        trading_day(datetime(2026, 3, 5, 15))  # noqa: DTZ001 - the very thing to refuse
    with pytest.raises(InputError, match="13 is no month"):
        third_friday_expiry(2026, 13)


def test_days_between_is_signed():
    """Calendar days are counted forwards and backwards."""
    today = date(2026, 3, 5)
    assert days_between(today, today + timedelta(days=45)) == 45
    assert days_between(today, today - timedelta(days=1)) == -1


def test_session_start_is_utc_and_needs_a_trading_day():
    """09:30 in New York, in summer and in winter."""
    assert session_start(date(2026, 3, 5)) == datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
    assert session_start(date(2026, 7, 6)) == datetime(2026, 7, 6, 13, 30, tzinfo=UTC)
    with pytest.raises(InputError, match="no trading day"):
        session_start(date(2026, 7, 4))


def test_recent_trading_days_end_with_the_day_or_before_it():
    """Over a weekend and a holiday, oldest first."""
    friday = [date(2026, 7, 1), date(2026, 7, 2)]
    assert recent_trading_days(date(2026, 7, 5), 2) == friday
    assert recent_trading_days(date(2026, 7, 2), 2) == friday
    assert recent_trading_days(date(2026, 7, 2), 0) == []


@pytest.mark.parametrize("year", [1995, 2008, 2026])
def test_every_monthly_expiry_is_a_third_friday(year):
    """The 15th to the 21st, or the trading day before where that Friday is a holiday."""
    for month in range(1, 13):
        expiry = third_friday_expiry(year, month)
        fridays = [d for d in range(15, 22) if date(year, month, d).weekday() == 4]
        friday = date(year, month, fridays[0])
        assert expiry == (
            friday if calendar.is_trading_day(friday) else calendar.previous_trading_day(friday)
        )


@pytest.mark.parametrize(
    ("expiry", "days", "stop"),
    [
        (date(2026, 12, 18), 21, date(2026, 11, 27)),  # the short Friday after Thanksgiving
        (date(2026, 12, 17), 21, date(2026, 11, 25)),  # Thanksgiving: the Wednesday
        (date(2026, 12, 18), 0, date(2026, 12, 18)),
        (date(2026, 12, 18), 19, date(2026, 11, 27)),  # a Sunday: the Friday
    ],
)
def test_a_time_stop_never_waits_for_the_next_session(expiry, days, stop):
    """A day without a session counts as the one before it."""
    assert time_stop(expiry, days) == stop
    assert is_short_day(stop) is (stop == date(2026, 11, 27))


@pytest.mark.parametrize(
    ("today", "target", "low", "high", "expiry"),
    [
        (date(2026, 11, 20), 56, 56, 56, date(2027, 1, 15)),  # both edges belong to the window
        (date(2026, 11, 20), 45, 57, 70, date(2027, 1, 22)),
        (date(2026, 11, 20), 45, 41, 55, date(2026, 12, 31)),  # New Year's Day is a Friday
        (date(2026, 6, 8), 10, 10, 10, date(2026, 6, 18)),  # Juneteenth: a monthly on a Thursday
        (date(2026, 6, 8), 10, 3, 18, date(2026, 6, 18)),
        (date(2026, 11, 20), 10, 1, 20, date(2026, 11, 27)),  # 7 and 14 days away
        (date(2026, 11, 20), 11, 1, 20, date(2026, 12, 4)),
        (date(2026, 8, 1), 10, 0, 30, date(2026, 8, 21)),  # the latest that a third Friday can be
        (date(2026, 5, 16), 13, 0, 14, date(2026, 5, 29)),  # the 22nd is the fourth
        (date(2026, 11, 10), 24, 1, 40, date(2026, 11, 20)),  # 10 and 38 days away: the earlier
        (date(2026, 12, 18), 45, 0, 90, date(2027, 1, 15)),  # 28 and 63 days away
        (date(2026, 12, 18), 46, 0, 90, date(2027, 2, 19)),
    ],
)  # fmt: skip
def test_expiry_near_by_hand(today, target, low, high, expiry):
    """Monthlies first, then the nearest; at equal distance the earlier."""
    assert expiry_near(today, target, low, high) == expiry


def test_the_edges_of_the_table():
    """Its first and its last day are answered, and what lies a day outside is not."""
    assert trading_days(date(1990, 1, 1), date(1990, 1, 3)) == [date(1990, 1, 2), date(1990, 1, 3)]
    assert trading_days(date(2035, 12, 31), date(2035, 12, 31)) == [date(2035, 12, 31)]
    assert trading_days(date(2026, 3, 6), date(2026, 3, 5)) == []
    assert third_friday_expiry(1990, 1) == date(1990, 1, 19)
    assert third_friday_expiry(2035, 12) == date(2035, 12, 21)
    assert session_start(date(1990, 1, 2)).date() == date(1990, 1, 2)
    with pytest.raises(InputError, match=r"1989-12-31 is outside .* Use a day within these years"):
        previous_trading_day(date(1990, 1, 2))
    with pytest.raises(InputError, match="2036-01-01 is outside the trading calendar"):
        next_trading_day(date(2035, 12, 31))
    for month in (0, 13):
        with pytest.raises(InputError, match=f"{month} is no month"):
            third_friday_expiry(2026, month)
    with pytest.raises(InputError, match=r"2026-03-05T15:00:00 has no time zone\. Give a time"):
        session_open(datetime(2026, 3, 5, 15))  # noqa: DTZ001


@pytest.mark.usefixtures("elsewhere")
def test_moments_are_utc_wherever_the_computer_is():
    """The zone itself, not only the moment."""
    for moment in (session_start(date(2026, 3, 5)), session_close(date(2026, 3, 5))):
        assert moment.tzinfo is UTC
