"""Days from text, as people and brokers write them, where there is one way to read them.

The year first (2027-01-15, 2027/01/15, 20270115), the month by its name (15-Jan-27, Jan 15 2027),
points (15.01.2027), and with slashes month/day/year as in the US (1/15/2027). A time of day behind
it is passed over. What could be two days is refused, but for a slash with a whole year.

Pure: may import nothing of the package but `vrp_xl.errors`.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from vrp_xl.errors import InputError

_TIME = r"(?:[T ,]+\d{1,2}:\d\d.*)?"
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December")  # fmt: skip
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_YEAR = r"(?P<y>\d{4}|\d\d)"
_FORMS = tuple(
    re.compile(form + _TIME)
    for form in (
        r"(?P<y>\d{4})(?P<s>[-/.]?)(?P<m>\d\d)(?P=s)(?P<d>\d\d)",
        r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})",
        r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
        rf"(?P<d>\d{{1,2}})[ -]?{_NAME}[ -]?{_YEAR}",
        rf"{_NAME}[ -](?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?[ -](?P<y>\d{{4}})",
    )
)
_SLASH = re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4}|\d\d)" + _TIME)
_FIX = "Write it as 2027-01-15."


@lru_cache(maxsize=4096)  # the same few days stand in every line of a book
def read_day(text: str) -> date:
    """The day that `text` says.

    >>> read_day("2027-01-15") == read_day("1/15/2027") == read_day("15-Jan-27")
    True
    >>> read_day("1/15/27"), read_day("2026/11/02 10:31")
    (datetime.date(2027, 1, 15), datetime.date(2026, 11, 2))

    Raises:
        InputError: it is no date from 1990 to 2099, or could be two; the sentence says how to
            write it.
    """
    words = text.strip()
    slash = _SLASH.fullmatch(words)
    if slash is not None:
        return _by_slash(words, int(slash["m"]), int(slash["d"]), slash["y"])
    for form in _FORMS:
        found = form.fullmatch(words)
        if found is not None:
            month = _month(found)
            day = None if month is None else _date(found["y"], month, int(found["d"]))
            if day is not None:
                return day
            break
    raise InputError(f"'{words[:40]}' is no date.", _FIX)


def other_reading(text: str) -> date | None:
    """The day where a date with slashes meant day/month/year; None where it can mean only one.

    >>> other_reading("05/02/2027"), other_reading("05/13/2027"), other_reading("2027-05-02")
    (datetime.date(2027, 2, 5), None, None)
    """
    slash = _SLASH.fullmatch(text.strip())
    if slash is None or slash["m"] == slash["d"]:
        return None
    return _date(slash["y"], int(slash["d"]), int(slash["m"]))


def _by_slash(words: str, month: int, day: int, year: str) -> date:
    """Month/day/year; with a year of two digits only where nothing else can be meant."""
    found = _date(year, month, day)
    if found is None:
        meant = _date(year, day, month)
        if meant is None or len(year) == 2:
            raise InputError(f"'{words[:40]}' is no date written month/day/year.", _FIX)
        raise InputError(
            f"'{words[:40]}' is no date written month/day/year.",
            f"For {day_words(meant)} write {meant}.",
        )
    if len(year) == 2 and day <= 12:
        raise InputError(
            f"'{words[:40]}' can be more than one day.", f"For {day_words(found)} write {found}."
        )
    return found


def day_words(day: date) -> str:
    """Such as ``15 January 2027``, which reads one way alone."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _month(found: re.Match[str]) -> int | None:
    known = found.groupdict()
    if known.get("m") is not None:
        return int(known["m"])
    name = str(known["name"]).lower()
    return next((n for n, full in enumerate(_MONTHS, 1) if full.lower().startswith(name)), None)


def _date(year: str, month: int, day: int) -> date | None:
    whole = int(year) + (2000 if len(year) == 2 else 0)
    try:
        return date(whole, month, day) if 1990 <= whole <= 2099 else None
    except ValueError:
        return None
