"""Days from text: each form, what is refused, and what a slash could mean besides."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.days import other_reading, read_day
from vrp_xl.errors import InputError

DAY = date(2027, 1, 15)


@pytest.fixture(autouse=True)
def _read_anew():
    """What an earlier test read is not remembered."""
    read_day.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-15", "2027/01/15", "2027/1/15", "2027.01.15", "20270115", "1/15/2027",
        "01/15/2027", "1/15/27", "15.01.2027", "15.1.2027", "15-Jan-27", "15-Jan-2027",
        "15 January 2027", "15JAN27", "Jan 15 2027", "Jan 15, 2027", "January 15th, 2027",
        "2027-01-15T00:00", "2027-01-15 10:31:00", "2027-01-15T09:30:00-05:00",
        "1/15/2027 10:31 AM", " 2027-01-15 ", "15 Jan. 2027",
    ],
)  # fmt: skip
def test_each_form(text):
    """All of them say 15 January 2027."""
    assert read_day(text) == DAY


def test_a_slash_is_the_us_order():
    """2 November is written 11/2; a month name that is longer than three letters is whole."""
    assert read_day("11/02/2026") == date(2026, 11, 2)
    assert read_day("3-Sept-2026") == date(2026, 9, 3)
    assert read_day("5/2/2027") == date(2027, 5, 2)
    assert read_day("12/13/26") == date(2026, 12, 13)


def test_each_month_by_its_name():
    """Short and whole, in any case."""
    for month in range(1, 13):
        day = date(2027, month, 9)
        for form in ("%d-%b-%y", "%d %B %Y"):
            words = day.strftime(form)
            assert read_day(words) == read_day(words.upper()) == read_day(words.lower()) == day


def test_the_years_that_are_days():
    """1990 and 2099 are in."""
    assert read_day("1990-01-02") == date(1990, 1, 2)
    assert read_day("12/31/2099") == date(2099, 12, 31)


@pytest.mark.parametrize("text", ["15/01/2027", "13/13/2027", "11/2/26", "soon"])
def test_what_is_quoted_is_cut(text):
    """Forty letters of what stood there, however long it is."""
    long = f"{text} 10:31 " + "x" * 80
    with pytest.raises(InputError) as error:
        read_day(long)
    assert error.value.why.startswith(f"'{long[:40]}' ")


@pytest.mark.parametrize(
    ("text", "why", "fix"),
    [
        ("15/01/2027", "is no date written month/day/year", "For 15 January 2027 write 2027-01-15"),
        ("15/1/27", "is no date written month/day/year", "Write it as"),
        ("11/2/26", "can be more than one day", "For 2 November 2026 write 2026-11-02"),
        ("11/12/26", "can be more than one day", "For 12 November 2026 write 2026-11-12"),
        ("13/13/2027", "is no date", "Write it as"),
        ("2027-02-30", "is no date", ""), ("2027-13-01", "is no date", ""),
        ("2027-01/15", "is no date", ""), ("15-01-2027", "is no date", ""),
        ("15-Jax-27", "is no date", ""), ("15-Janu-27x", "is no date", ""),
        ("15-Marble-27", "is no date", ""), ("soon", "is no date", ""), ("", "is no date", ""),
        ("1889-01-02", "is no date", ""), ("2100-01-04", "is no date", ""),
        ("2027-01-155", "is no date", ""), ("202701150", "is no date", ""),
    ],
)  # fmt: skip
def test_what_is_refused(text, why, fix):
    """What is no day, or could be two; the fix names the one that is likely meant."""
    with pytest.raises(InputError) as error:
        read_day(text)
    assert why in error.value.why
    assert fix in error.value.fix


@pytest.mark.parametrize(
    ("text", "day"),
    [("05/02/2027", date(2027, 2, 5)), ("5/13/2027", None), ("05/05/2027", None),
     ("2027/05/02", None), ("5 Feb 2027", None)],
)  # fmt: skip
def test_the_other_reading_of_a_slash(text, day):
    """Day before month, where that is another day."""
    assert other_reading(text) == day


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_every_day_survives_each_form(day):
    """Written and read again it is the same."""
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y", "%B %d, %Y"):
        assert read_day(day.strftime(form)) == day
