"""The NYSE calendar: trading days, sessions and option expiries from 1990 to 2035.

Days come from a generated table (`vrp_xl.core._nyse`), so that importing this costs next to
nothing. Moments are aware datetimes; what is returned is UTC.

Pure: may not import anything of the package outside `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from vrp_xl.core import _nyse
from vrp_xl.errors import InputError, NoNumberError

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(_nyse.FIRST_YEAR, 1, 1)
LAST_DAY = date(_nyse.LAST_YEAR, 12, 31)

_OPEN = time(9, 30)
_DAY = timedelta(days=1)


def _whole(table: dict[int, tuple[int, ...]]) -> frozenset[int]:
    return frozenset(year * 10000 + mark for year, marks in table.items() for mark in marks)


_HOLIDAYS = _whole(_nyse.HOLIDAYS)
_EARLY = _whole(_nyse.EARLY_CLOSES)


def day_number(day: date) -> int:
    """`day` as yyyymmdd.

    >>> day_number(date(2026, 3, 5))
    20260305
    """
    return day.year * 10000 + day.month * 100 + day.day


def is_trading_day(day: date) -> bool:
    """Whether the NYSE trades on `day`, be it for a short session.

    Raises:
        InputError: outside the years of the table.
    """
    if not _nyse.FIRST_YEAR <= day.year <= _nyse.LAST_YEAR:
        raise InputError(
            f"{day:%Y-%m-%d} is outside the trading calendar, which reaches from "
            f"{FIRST_DAY} to {LAST_DAY}.",
            "Use a day within these years.",
        )
    return day.weekday() < 5 and day_number(day) not in _HOLIDAYS


def trading_days(start: date, end: date) -> list[date]:
    """The trading days from `start` to `end`, both included; none where `end` is earlier.

    Raises:
        InputError: outside the years of the table.
    """
    is_trading_day(start)
    is_trading_day(end)
    days = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return [day for day in days if is_trading_day(day)]


def previous_trading_day(day: date) -> date:
    """The last trading day strictly before `day`.

    Raises:
        InputError: outside the years of the table.
    """
    day -= _DAY
    while not is_trading_day(day):
        day -= _DAY
    return day


def next_trading_day(day: date) -> date:
    """The first trading day strictly after `day`.

    Raises:
        InputError: outside the years of the table.
    """
    day += _DAY
    while not is_trading_day(day):
        day += _DAY
    return day


def trading_day(when: datetime) -> date:
    """The trading day that a quote of the moment `when` belongs to.

    That is the New York date from 09:30 on where it is a trading day, else the last trading day
    before it.

    Raises:
        InputError: `when` has no time zone, or is outside the years of the table.
    """
    local = _new_york(when)
    day = local.date()
    if is_trading_day(day) and local.time() >= _OPEN:
        return day
    return previous_trading_day(day)


def date_of(when: datetime) -> date:
    """The New York date of the moment `when`; days to expiry of a figure count from it.

    Raises:
        InputError: `when` has no time zone.
    """
    return _new_york(when).date()


def session_open(when: datetime) -> bool:
    """Whether the NYSE's regular session is on at the moment `when`.

    Raises:
        InputError: `when` has no time zone, or is outside the years of the table.
    """
    local = _new_york(when)
    return is_trading_day(local.date()) and _OPEN <= local.time() < _close(local.date())


def session_start(day: date) -> datetime:
    """The beginning (UTC) of the session of `day`: 09:30 New York time.

    Raises:
        InputError: `day` is no trading day, or is outside the years of the table.
    """
    if not is_trading_day(day):
        raise InputError(f"{day:%Y-%m-%d} is no trading day.", "Use a day on which NYSE trades.")
    return datetime.combine(day, _OPEN, NEW_YORK).astimezone(UTC)


def session_close(day: date) -> datetime:
    """The end (UTC) of the session of `day`: 16:00 New York time, 13:00 on a short day.

    A few short days before 1993 ended at 14:00.

    Raises:
        InputError: `day` is no trading day, or is outside the years of the table.
    """
    if not is_trading_day(day):
        raise InputError(f"{day:%Y-%m-%d} is no trading day.", "Use a day on which NYSE trades.")
    close = datetime(day.year, day.month, day.day, _close(day).hour, tzinfo=NEW_YORK)
    return close.astimezone(UTC)


def session_left(day: date, when: datetime) -> float:
    """The share of the session of `day` that is left at the moment `when`: 1 before it, 0 after it.

    >>> from datetime import UTC, datetime
    >>> session_left(date(2026, 10, 1), datetime(2026, 10, 1, 16, 45, tzinfo=UTC))  # 12:45
    0.5

    Raises:
        InputError: `day` is no trading day, `when` has no time zone, or outside the years of the
            table.
    """
    start, end = _session(day)
    if when.tzinfo is None:
        _new_york(when)
    return min(max((end - when) / (end - start), 0.0), 1.0)


@lru_cache(maxsize=2048)
def _session(day: date) -> tuple[datetime, datetime]:
    return session_start(day), session_close(day)


def time_stop(expiry: date, days: int) -> date:
    """The trading day of a time stop: `days` calendar days before `expiry`, or the day before.

    Where that day is a weekend or a holiday it is the last trading day before it, since a stop
    that waits for the next session would hold longer than was said. A short day is a trading day.

    >>> time_stop(date(2027, 4, 16), 21)  # 26 March 2027 is Good Friday
    datetime.date(2027, 3, 25)

    Raises:
        InputError: outside the years of the table.
    """
    stop = expiry - timedelta(days=days)
    return stop if is_trading_day(stop) else previous_trading_day(stop)


def is_short_day(day: date) -> bool:
    """Whether the session of the trading day `day` ends early."""
    return day_number(day) in _EARLY


def third_friday_expiry(year: int, month: int) -> date:
    """The monthly option expiry: the third Friday, or the trading day before a holiday.

    >>> third_friday_expiry(2026, 6)  # Juneteenth is a Friday
    datetime.date(2026, 6, 18)

    Raises:
        InputError: outside the years of the table, or a month that is none.
    """
    if not 1 <= month <= 12:
        raise InputError(f"{month} is no month.", "Use 1 to 12.")
    if not _nyse.FIRST_YEAR <= year <= _nyse.LAST_YEAR:
        raise InputError(
            f"{year} is outside the trading calendar, which reaches from {FIRST_DAY} to "
            f"{LAST_DAY}.",
            "Use a year within these.",
        )
    first = date(year, month, 1)
    return _expiry_of_friday(first + timedelta(days=(4 - first.weekday()) % 7 + 14))


def expiry_near(today: date, target_dte: int, dte_min: int, dte_max: int) -> date:
    """The option expiry nearest to `target_dte` among those from `dte_min` to `dte_max` days away.

    A monthly expiry is preferred; where none lies in the window, a weekly one is taken. Of two
    that are equally near, the earlier.

    Args:
        today: the day to count from.
        target_dte: wished calendar days to expiry.
        dte_min: fewest calendar days.
        dte_max: most calendar days.

    Raises:
        NoNumberError: no expiry lies in the window.
        InputError: outside the years of the table.
    """
    fridays = _fridays(today + timedelta(days=dte_min), today + timedelta(days=dte_max))
    expiries = [(friday, _expiry_of_friday(friday)) for friday in fridays]
    fitting = [
        (friday, expiry)
        for friday, expiry in expiries
        if dte_min <= days_between(today, expiry) <= dte_max
    ]
    monthly = [expiry for friday, expiry in fitting if 15 <= friday.day <= 21]
    choice = monthly or [expiry for _, expiry in fitting]
    if not choice:
        raise NoNumberError(
            f"No option expiry lies {dte_min} to {dte_max} days after {today:%Y-%m-%d}.",
            "Widen the rules dte_min and dte_max to at least 7 days.",
        )
    return min(choice, key=lambda expiry: abs(days_between(today, expiry) - target_dte))


def days_between(start: date, end: date) -> int:
    """Calendar days from `start` to `end`, negative where `end` is earlier."""
    return (end - start).days


def recent_trading_days(day: date, count: int) -> list[date]:
    """The `count` trading days that end with `day`, or with the last one before it; oldest first.

    Raises:
        InputError: outside the years of the table.
    """
    found: list[date] = []
    day += _DAY
    while len(found) < count:
        day = previous_trading_day(day)
        found.append(day)
    return found[::-1]


def _fridays(start: date, end: date) -> list[date]:
    """The Fridays from `start` to one day after `end` (whose Thursday may still fit)."""
    first = start + timedelta(days=(4 - start.weekday()) % 7)
    return [first + timedelta(days=n) for n in range(0, (end - first).days + 2, 7)]


def _expiry_of_friday(friday: date) -> date:
    return friday if is_trading_day(friday) else previous_trading_day(friday)


def _close(day: date) -> time:
    number = day_number(day)
    if number not in _EARLY:
        return time(16)
    return time(14) if number in _nyse.CLOSED_AT_14 else time(13)


def _new_york(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise InputError(
            f"The moment {when.isoformat()} has no time zone.", "Give a time with its zone, UTC."
        )
    return when.astimezone(NEW_YORK)
