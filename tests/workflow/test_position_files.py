"""Files as traders and brokers write them: what is understood, what is told and not guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from vrp_xl.core.rules import STANDARD
from vrp_xl.errors import InputError
from vrp_xl.workflow.positions import FileRow, columns_of, positions_of, read_csv, review_book

TODAY = date(2026, 11, 25)
HEADER = "symbol,structure,legs,contracts,entry,expiry,credit,mark,cell"
LEGS = "underlying,type,strike,exp,qty,trade price,last,date,cell"
PUT = "SPY,PUT,640,2027-01-15,-2,3.10,2.00,2026-11-02,A"
WING = "SPY,PUT,630,2027-01-15,2,1.45,1.10,2026-11-02,A"


@pytest.fixture
def read(tmp_path):
    """A function that reads a CSV of these lines."""

    def from_lines(*lines):
        file = tmp_path / "positions.csv"
        file.write_text("\n".join(lines), encoding="utf-8")
        return read_csv(file, today=TODAY)

    return from_lines


def line(structure="", legs="-P 640 +P 630", **change):
    """A line under HEADER."""
    cells = {"contracts": "2", "entry": "2026-11-02", "expiry": "2027-01-15", "credit": "1.65",
             "mark": "1"} | change  # fmt: skip
    return ",".join(["SPY", structure, legs, *cells.values(), "A"])


def one(read, **change):
    """The position of one line."""
    (found,) = read(HEADER, line(**change)).positions
    return found


def refused(read, **change):
    """Why a line is refused; a good one stands beside it."""
    found = read(HEADER, line(), line(**change))
    assert len(found.positions) == 1
    (problem,) = found.problems
    assert problem.startswith("line 3: ")
    return problem


# Legs without an id, second lots


def test_leg_lines_without_an_id_are_not_two_naked_positions(read):
    """Both are told, none is judged; what has an id or stands alone is."""
    good = line()
    found = read(LEGS + ",id", PUT, WING, PUT.replace("SPY", "QQQ"), PUT.replace("SPY", "IWM")
                 + ",7", WING.replace("SPY", "IWM") + ",7")  # fmt: skip
    assert [(p.symbol, p.strikes) for p in found.positions] == [
        ("QQQ", "-P 640"), ("IWM", "-P 640 +P 630"),
    ]  # fmt: skip
    why = "two leg lines of SPY 2027-01-15 without an id: give both the same id"
    assert found.problems == [f"line 2: {why}", f"line 3: {why}"]
    with pytest.raises(InputError, match=why):
        read(LEGS, PUT, WING.replace("2027-01-15", "1/15/2027").replace("SPY", "spy"))
    three = read(LEGS, PUT, WING, WING.replace("630", "620"), PUT.replace("SPY", "QQQ"))
    assert "3 leg lines of SPY 2027-01-15 without an id: give those of one" in three.problems[2]
    assert read(HEADER, good).problems == []


def test_a_column_position_is_what_it_can_be():
    """A number in a broker's file of legs, an id beside a number of contracts, else not clear."""
    broker = columns_of(["Symbol", "Position", "Put/Call", "Strike", "Expiry", "Avg Price", "Last"])
    assert broker == {"symbol": 0, "contracts": 1, "right": 2, "strike": 3, "expiry": 4,
                      "price": 5, "leg_mark": 6}  # fmt: skip
    assert columns_of(["position", "symbol", "qty"]) == {"id": 0, "symbol": 1, "contracts": 2}
    assert columns_of(["id", "symbol", "position"]) == {"id": 0, "symbol": 1, "contracts": 2}
    both = columns_of(["id", "symbol", "qty", "position"])
    assert both == {"id": 0, "symbol": 1, "contracts": 2}
    with pytest.raises(InputError, match="may be an id or a number of contracts"):
        columns_of(["position", "symbol", "legs", "expiry"])


def test_a_broker_file_with_an_id(read):
    """Signed numbers of a column Position, prices per leg."""
    (p,) = read(
        "id,Symbol,Position,Put/Call,Strike,Expiry,Avg Price,Last",
        "1,SPY,-2,P,640,20270115,3.10,2.0", "1,SPY,2,P,630,20270115,1.45,1.1",
    ).positions  # fmt: skip
    assert (p.contracts, p.strikes) == (2, "-P 640 +P 630")
    assert (p.credit, p.mark) == (pytest.approx(1.65), pytest.approx(0.9))


def test_a_second_lot_under_one_id_is_told(read):
    """It would be lost without a word; a line that closes is no second lot."""
    header = "id," + HEADER + ",closed,debit,closed contracts"
    with pytest.raises(InputError, match="Line 3: position 1 is opened on line 2 already"):
        read(header, "1," + line() + ",,,", "1," + line() + ",,,")
    (p,) = read(
        header, "1," + line() + ",2026-11-20,0.5,1", "1," + line() + ",2026-11-23,0.4,1"
    ).positions
    assert not p.is_open
    (p,) = read(header, "1," + line() + ",2026-11-20,0.5,1", "1," + line() + ",,,").positions
    assert p.open_contracts == 1


def test_a_leg_on_two_lines_is_told(read):
    """Two fills of one leg would be two naked options."""
    header = "id," + LEGS
    with pytest.raises(InputError, match="Line 4: the put 640 stands on line 2 already"):
        read(header, "1," + PUT, "1," + WING, "1," + PUT)
    call = PUT.replace("PUT", "CALL")
    assert read(header, "1," + PUT, "1," + call).positions[0].strikes == "-P 640 -C 640"


def test_marks_and_notes_may_differ_between_lines(read):
    """The mark of the line that opened counts, wherever it stands; notes are joined."""
    header = "id,symbol,legs,contracts,expiry,credit,mark,marked,note,closed,debit,closed contracts"
    start = "1,SPY,-P 640 +P 630,5,2027-01-15,1.65"
    opened = f"{start},0.90,2026-11-25,keep,,,"
    closed = f"{start}0,1.10,2026-11-20,took two,2026-11-20,1.0,2"
    for lines in ((opened, closed), (closed, opened)):
        (p,) = read(header, *lines).positions
        assert (p.mark, p.marked, p.open_contracts) == (0.9, TODAY, 3)
        assert set(p.note.split(" / ")) == {"keep", "took two"}
    other = closed.replace("1.650", "1.7")
    with pytest.raises(InputError, match=r"credit is '1\.7', but position 1 has '1\.65'"):
        read(header, opened, other)
    us = opened.replace("2027-01-15", "1/15/2027")
    assert read(header, us, closed).positions[0].expiry == date(2027, 1, 15)


# Names and legs


@pytest.mark.parametrize(
    ("structure", "legs", "made", "strikes"),
    [
        ("put credit spread", "-P 640 +P 630", "short_put_spread", "-P 640 +P 630"),
        ("short put", "-P 640", "short_put", "-P 640"),
        ("csp", "640", "short_put", "-P 640"),
        ("Bull Put Spread", "630/640", "short_put_spread", "+P 630 -P 640"),
        ("strangle", "610/700", "short_strangle", "-P 610 -C 700"),
        ("Iron Butterfly", "610/650/700", "iron_fly", "+P 610 -P 650 -C 650 +C 700"),
        ("my own thing", "-P 640 +P 630", "short_put_spread", "-P 640 +P 630"),
        ("iron condor", "+P 610 -P 650 -C 650 +C 700", "iron_fly", "+P 610 -P 650 -C 650 +C 700"),
        ("", "-SPY270115P00640000 +SPY270115P00630000", "short_put_spread", "-P 640 +P 630"),
    ],
)
def test_signed_legs_win_over_the_name(structure, legs, made, strikes, read):
    """A usual name is understood; an unknown one does not matter where the legs say it."""
    p = one(read, structure=structure, legs=legs)
    assert (p.structure, p.strikes, p.doubts) == (made, strikes, ())


@pytest.mark.parametrize(
    ("structure", "legs", "made", "words"),
    [
        ("iron condor", "-P 640 +P 630", "short_put_spread", "make a short put spread"),
        ("short put spread", "-P 640 -C 700", "short_strangle", "make a short strangle"),
        ("put spread", "-2x P 640 +P 630", None, "make no structure that is known"),
    ],
)
def test_a_contradiction_is_told(structure, legs, made, words, read):
    """The legs count, and the line is to be checked."""
    p = one(read, structure=structure, legs=legs)
    assert p.structure == made
    (doubt,) = p.doubts
    assert doubt.startswith("it is called ")
    assert doubt.endswith(f"but its legs {words}: the legs count")


SUNDAY = (
    "expiry 05/02/2027 is Sunday 2027-05-02 as month/day/year, and no session is on it: for 5 "
    "February 2027 write 2027-02-05"
)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"structure": "my own thing", "legs": "630/640"}, "There is no structure 'my own thing'"),
        ({"structure": "calendar", "legs": "-C 700 +C 710"}, "is no credit of one expiry"),
        ({"structure": "iron condor", "legs": "610/700"}, "do not make an iron condor"),
        ({"legs": "-QQQ270115P00640000"}, "a leg is of QQQ, but the symbol is SPY"),
        ({"legs": "-SPY270122P00640000"}, "expires on 2027-01-22, but the expiry is 2027-01-15"),
        ({"legs": "-5 P 640 +5 P 630"}, "Write -P 640 +P 630, and 5 as contracts"),
        ({"contracts": "1.5"}, "contracts is 1.5; a contract cannot be held in part"),
        ({"credit": "165"}, "credit 165 is not below the width 10: is it per contract"),
        ({"legs": "-P 640 +P 650"}, "are their signs turned?"),
        ({"entry": "12/11/2026"}, "for 12 November 2026 write 2026-11-12"),
        ({"expiry": "05/02/2027"}, SUNDAY),
        ({"expiry": "15/1/2027"}, "for 15 January 2027 write 2027-01-15"),
        ({"entry": "11/2/26"}, "entry '11/2/26' can be more than one day"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_to_write(change, why, read):
    """And the line beside it is judged."""
    assert why in refused(read, **change)


def test_contracts_in_the_legs_fill_a_blank(read):
    """Said twice they must agree; said once they count."""
    legs = "-5 P 640 +5 P 630"
    for contracts in ("", "5"):
        p = one(read, legs=legs, contracts=contracts)
        assert (p.contracts, p.strikes) == (5, "-P 640 +P 630")


def test_the_roots_and_the_day_of_listed_legs(read):
    """An index has further roots; the expiry may be left to the legs."""
    text = "SPX,,-SPXW270115P06400000 +SPXW270115P06300000,1,2026-11-02,,16,9,A"
    (p,) = read(HEADER, text).positions
    assert (p.expiry, p.strikes) == (date(2027, 1, 15), "-P 6400 +P 6300")


# Dates and prices


@pytest.mark.parametrize(
    "expiry",
    ["2027/01/15", "20270115", "1/15/2027", "1/15/27", "15-Jan-27", "15.01.2027",
     "2027-01-15T16:00"],
)  # fmt: skip
def test_forms_of_a_date(expiry, read):
    """The same day."""
    assert one(read, expiry=expiry).expiry == date(2027, 1, 15)


def test_how_slashes_are_read_is_said_once(read):
    """Only where a date could be meant otherwise."""
    found = read(HEADER, line(entry="11/2/2026"), line(entry="11/3/2026"))
    assert found.notices == ("dates with slashes are month/day/year: 11/2/2026 is 2026-11-02",)
    assert read(HEADER, line(expiry="1/15/2027")).notices == ()
    assert read(HEADER, line()).notices == ()


def test_dates_and_numbers_of_a_workbook():
    """A date cell, a moment, a number that is written like a day."""
    for cell in (date(2027, 1, 15), datetime(2027, 1, 15, 16, tzinfo=UTC), 20270115, 20270115.0):
        row = FileRow(2, {"symbol": "SPY", "legs": "-P 640 +P 630", "expiry": cell, "credit": 1.65})
        (p,) = positions_of([row], ["symbol", "expiry"], "book", today=TODAY).positions
        assert (p.expiry, p.contracts, p.credit) == (date(2027, 1, 15), 1, 1.65)


@pytest.mark.parametrize(
    ("credit", "told"),
    [("1,65", 1.65), ("1,6", 1.6), ("$1.65", 1.65), ("1,650", "may be 1.65 or 1650"),
     ("$1,650", "may be 1.65 or 1650"), ("1,65,0", "which is no number")],
)  # fmt: skip
def test_decimal_commas_of_a_price(credit, told, read):
    """One or two digits behind it are decimals; three could be thousands."""
    header, text = (x.replace(",", ";") for x in (HEADER, line(credit="@")))
    if isinstance(told, float):
        assert read(header, text.replace("@", credit)).positions[0].credit == told
    else:
        with pytest.raises(InputError, match=told):
            read(header, text.replace("@", credit))


def test_closes_that_no_fill_can_be(read):
    """A debit per contract, half a contract; a little above the width may have been paid."""
    header = HEADER + ",closed,debit,closed contracts"
    for cells, why in (
        ("2026-11-20,80,1", "debit 80 is above the width 10: is it per contract"),
        ("2026-11-20,1.0,0.5", "a contract cannot be closed in part"),
    ):
        with pytest.raises(InputError, match=why):
            read(header, f"{line()},{cells}")
    assert read(header, f"{line()},2026-11-20,10.4,1").positions[0].closes[0].debit == 10.4


def test_the_day_of_a_mark(read):
    """Its time is passed over; it cannot lie ahead."""
    header = HEADER + ",mark time"
    assert read(header, line() + ",2026-11-24 15:30").positions[0].marked == date(2026, 11, 24)
    with pytest.raises(InputError, match="the day of the mark 2026-11-26 lies in the future"):
        read(header, line() + ",2026-11-26")


def test_a_header_alone_is_a_flat_book(read):
    """No line is no fault; lines that cannot be used are."""
    for lines in ((HEADER,), (HEADER, "", "# sold all"), (HEADER, ",,,,,,,,")):
        found = read(*lines)
        assert (found.positions, found.problems) == ((), [])
    with pytest.raises(InputError, match="no position that can be used"):
        read(HEADER, line(credit="-1"))


def test_what_is_doubted_comes_before_what_is_fine(read, tmp_path):
    """The order of a book: to act on, warned, doubted, then the rest."""
    from vrp_xl.store.database import Store  # noqa: PLC0415

    found = read(HEADER, line(), line(expiry="2027-01-16"), line(mark="0.5"))
    with Store(tmp_path / "store.sqlite") as store:
        book = review_book(store, "test", found.positions, STANDARD,
                           now=datetime.fromisoformat("2026-11-25T16:00+00:00"))  # fmt: skip
    assert [r.position.mark for r in book.reviews] == [0.5, 1, 1]
    assert book.reviews[1].doubts
    assert not book.reviews[2].doubts
