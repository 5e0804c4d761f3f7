"""Positions from files: what is understood, what is told of a bad line; the book from the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from vrp_xl.core import calendar
from vrp_xl.core.rules import STANDARD
from vrp_xl.core.snapshot import Snapshot
from vrp_xl.errors import InputError
from vrp_xl.sources.base import Fetched, Observation
from vrp_xl.store.database import Store
from vrp_xl.workflow.positions import book_dict, market_words, open_risk, read_csv, review_book

TODAY = date(2026, 3, 27)
NOON = datetime(2026, 3, 27, 16, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def read(tmp_path):
    """A function that reads a CSV of these lines."""

    def from_lines(*lines, encoding="utf-8"):
        file = tmp_path / "positions.csv"
        file.write_bytes("\n".join(lines).encode(encoding))
        return read_csv(file, today=TODAY)

    return from_lines


HEADER = "symbol,legs,contracts,entry,expiry,credit,mark,entry_cell"
LINE = "SPY,-P 560 +P 550,2,2026-03-10,2026-05-15,1.65,1.40,A"


def test_one_line_per_position(read):
    """Every cell in its place; the structure follows from the legs."""
    (p,) = read(HEADER, LINE).positions
    assert (p.symbol, p.contracts, p.structure, p.strikes) == (
        "SPY", 2, "short_put_spread", "-P 560 +P 550",
    )  # fmt: skip
    assert (p.entry, p.expiry) == (date(2026, 3, 10), date(2026, 5, 15))
    assert (p.credit, p.mark, p.entry_cell) == (1.65, 1.4, "A")


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (
            "Ticker;Strikes;Qty;Open Date;Expiration;Premium;Current Price;Cell",
            "spy;-560P +550P;2;2026-03-10;2026-05-15;1.65;1.40;a",
        ),
        (
            "TICKER\tSTRATEGY\tLEGS\tQTY\tOPENED\tEXP\tCREDIT\tMARK\tCELL",
            "SPY\tShort put spread\t550/560\t2\t2026-03-10\t2026-05-15\t1.65\t1.40\tA",
        ),
        (HEADER, LINE.replace("-P", "'-P")),
    ],
)
def test_usual_names_and_separators(read, header, line):
    """Semicolons, tabs, an apostrophe before a minus; the same position."""
    (found,), (wanted,) = read(header, line).positions, read(HEADER, LINE).positions
    assert sorted(found.legs) == sorted(wanted.legs)
    assert replace(found, legs=wanted.legs) == wanted


def test_lines_of_one_id_are_one_position(read):
    """Legs on lines of their own: number and price of each."""
    found = read(
        "id,symbol,expiry,entry,side,right,strike,qty,price,market price",
        "7,QQQ,2026-05-15,2026-03-10,sell,put,560,2,4.10,3.00",
        "7,QQQ,2026-05-15,2026-03-10,buy,put,550,2,2.45,1.60",
    )
    (p,) = found.positions
    assert (p.id, p.contracts, p.strikes) == ("7", 2, "-P 560 +P 550")
    assert p.credit == pytest.approx(1.65)
    assert p.mark == pytest.approx(1.40)


def test_partial_and_full_closes(read):
    """Two closes of one position on two lines; the last without a number takes the rest."""
    header = "id,symbol,legs,contracts,expiry,credit,close date,debit,closed contracts,exit reason"
    one = "1,SPY,-P 560 +P 550,4,2026-05-15,2.00,2026-03-20,1.00,1,profit target"
    found = read(header, one)
    assert found.positions[0].open_contracts == 3
    rest = "1,SPY,-P 560 +P 550,4,2026-05-15,2.00,2026-03-26,0.50,,time stop"
    (p,) = read(header, one, rest).positions
    assert not p.is_open
    assert [(c.contracts, c.debit, c.reason) for c in p.closes] == [
        (1, 1.0, "profit target"), (3, 0.5, "time stop"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (LINE.replace("SPY", ""), "there is no symbol"),
        (LINE.replace("-P 560", "P 560 stuff"), "cannot be read"),
        (LINE.replace(",2,", ",0,"), "contracts is 0"),
        (LINE.replace("1.65", "-1"), "credit is -1"),
        (LINE.replace("1.65", "much"), "credit is 'much', which is no number"),
        (LINE.replace("2026-05-15", "2026-03-01"), "is before the entry"),
        (LINE.replace("2026-03-10", "2026-04-10"), "lies in the future"),
        (LINE.replace("2026-03-10", "soon"), "soon"),
        (LINE[:-1] + "E", "a cell is A, B, C or D"),
    ],
)
def test_a_bad_line_is_told_and_the_good_ones_stay(read, line, why):
    """By its number and reason."""
    found = read(HEADER, LINE, line)
    assert len(found.positions) == 1
    (problem,) = found.problems
    assert "3" in problem
    assert why in problem


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("2026-03-20,,1", "closed without a debit"),
        ("2026-03-20,1.00,9", "9 contracts are closed, but only 2 are on"),
        ("2026-03-01,1.00,1", "is before the entry"),
        ("2026-04-20,1.00,1", "lies in the future"),
    ],
)
def test_closes_that_cannot_be(read, cells, why):
    """A closed position without its debit is never a profit of the whole credit."""
    found = read(HEADER + ",closed,debit,closed contracts", LINE + ",,,", LINE + "," + cells)
    assert why in found.problems[0]


def test_files_that_hold_nothing(read, tmp_path):
    """Missing, empty, no header, no column, no good line: a sentence each."""
    with pytest.raises(InputError, match="nowhere"):
        read_csv(tmp_path / "nowhere.csv", today=TODAY)
    with pytest.raises(InputError, match="is empty"):
        read("")
    with pytest.raises(InputError, match="no column symbol"):
        read("a,b", "1,2")
    with pytest.raises(InputError, match="no column expiry"):
        read("symbol,credit", "SPY,2")
    with pytest.raises(InputError, match=r"no position that can be used\. Line 2"):
        read(HEADER, LINE.replace("1.65", "-1"))


@pytest.fixture
def store(tmp_path):
    """A store with a calm SPY and two years of closes for SPY and QQQ, which move alike."""
    with Store(tmp_path / "store.sqlite") as opened:
        moment = NOON - timedelta(minutes=20)
        for symbol in ("SPY", "QQQ"):
            snapshot = Snapshot(
                symbol=symbol, source="test", as_of=moment, fetched_at=moment, spot=580.0,
                z_score=1.3, gamma="positive", gamma_basis="repriced", gamma_flip=570.0,
                atm_iv=18.0, atm_iv_30d=18.0, rv_20d=13.0, rv_30d=13.0, rv_90d=14.0, vrp_20d=5.0,
            )  # fmt: skip
            days, day = [], date(2026, 3, 26)
            while len(days) < 70:
                close = 500.0 + day.toordinal() * 7919 % 101 % 37
                days.append(Observation("close", day, close))
                day = calendar.previous_trading_day(day)
            opened.save(Fetched(snapshot, tuple(days)))
        yield opened


def test_the_book_from_the_store(store, read):
    """Judged, sorted with the worst first, summed, and one bet told."""
    found = read(
        HEADER, LINE, LINE.replace("SPY", "QQQ").replace("1.40", "0.5"), LINE.replace("SPY", "XXX")
    )
    book = review_book(store, "test", found.positions, STANDARD, equity=50_000, now=NOON)
    assert [(r.position.symbol, r.action) for r in book.reviews] == [
        ("QQQ", "CLOSE"), ("XXX", "UNKNOWN"), ("SPY", "OK"),
    ]  # fmt: skip
    assert book.must_close
    assert book.blind  # XXX has no figures
    seen = review_book(store, "test", found.positions[:2], STANDARD, now=NOON)
    assert not seen.blind
    assert seen.as_of == seen.newest == NOON - timedelta(minutes=20)
    assert review_book(store, "test", found.positions[:2], STANDARD, now=NOON + DAY * 3).blind
    assert book.totals.at_risk_usd == pytest.approx(3 * 1670)
    assert [(p.first, p.second) for p in book.bets.pairs] == [("QQQ", "SPY")]
    told = book_dict(book)
    assert told["totals"]["at_risk_pct_equity"] == pytest.approx(10.02)
    assert told["one_bet"][0]["correlation"] == pytest.approx(1.0)
    assert told["correlation_unknown"] == ["XXX"]
    assert told["positions"][0]["fired"][0]["rule"] == "profit target"


def test_what_the_book_puts_at_risk_in_the_caps(store, read):
    """By the cell of today and by name; closed ones count for nothing, unknown ones are named."""
    lines = (
        LINE,
        LINE.replace("SPY", "QQQ").replace(",A", ",B"),
        LINE.replace("SPY", "XXX").replace(",A", ",C"),
        LINE.replace("SPY", "YYY").replace("-P 560 +P 550", "-P 560"),
        LINE.replace("SPY", "NVDA").replace("1.65", ""),
    )
    positions = read(HEADER, *lines).positions
    risk = open_risk(store, "test", positions, STANDARD, now=NOON)
    assert (risk.positions, risk.uncounted) == (5, 2)
    assert risk.by_cell == {"A": pytest.approx(2 * 1670), "C": pytest.approx(1670)}
    known = {name: pytest.approx(1670) for name in ("SPY", "QQQ", "XXX")}
    assert risk.by_symbol == known | {"YYY": 0.0, "NVDA": 0.0}
    assert risk.incomplete == (
        (
            "a position in YYY counts in no cap: the stress loss needs spot, an implied "
            "volatility and the expiry"
        ),
        "a position in NVDA counts in no cap: the largest loss needs the credit",
        "no figures of NVDA, XXX, YYY are stored: cell of entry counts",
    )
    assert risk.words(STANDARD).startswith(
        "5 open positions put 5,010 USD at risk, counted in the caps without 2 of unknown risk: "
    )
    closed = read(HEADER + ",close date,close debit", LINE + ",2026-03-20,0.8").positions
    none = open_risk(store, "test", closed, STANDARD, now=NOON)
    assert (none.positions, none.usd, none.incomplete) == (0, 0, ())


def test_old_figures_of_a_position_are_told_in_the_caps(store, read):
    """A session has opened since: the cell may be another by now."""
    later = NOON + timedelta(days=3)
    risk = open_risk(store, "test", read(HEADER, LINE).positions, STANDARD, now=later)
    assert risk.incomplete == (
        "figures of SPY (of 2026-03-27) are old: cell and stress loss of positions are by them",
    )
    assert risk.by_cell == {"A": pytest.approx(1670)}


def test_a_file_without_a_position_is_a_flat_book(tmp_path):
    """Nothing is on; but lines of which none can be used are no empty book."""
    file = tmp_path / "positions.csv"
    file.write_text(HEADER + "\n\n")
    assert read_csv(file, today=TODAY).positions == ()
    file.write_text(f"{HEADER}\n{LINE.replace('560', 'x')}\n")
    with pytest.raises(InputError, match="Line 2"):
        read_csv(file, today=TODAY)


def test_a_book_without_any_figures_is_blind(store, read):
    """Nothing fires, and nothing is known."""
    book = review_book(store, "other", read(HEADER, LINE).positions, STANDARD, now=NOON)
    assert (book.blind, book.must_close) == (True, False)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 3, 27, 12, tzinfo=UTC), "before the open of Fri 2026-03-27"),
        (datetime(2026, 3, 28, 16, tzinfo=UTC), "the market is closed on Sat 2026-03-28"),
        (datetime(2026, 4, 3, 16, tzinfo=UTC), "the market is closed on Fri 2026-04-03"),
        (datetime(2026, 11, 27, 16, tzinfo=UTC), "short session: it ends at 13:00 New York"),
        (datetime(2026, 11, 27, 20, tzinfo=UTC), "short session: it ended at 13:00 New York"),
        # 13:31 UTC is 9:31 in New York after the clocks go forward, 8:31 before
        (datetime(2026, 3, 6, 13, 31, tzinfo=UTC), "before the open of Fri 2026-03-06"),
        (datetime(2026, 3, 9, 13, 31, tzinfo=UTC), None),
    ],
)
def test_what_the_figures_stand_for(moment, words):
    """Before the open, weekends, Good Friday, half days, the week in which the clocks change."""
    told = market_words(moment, {})
    assert told == [] if words is None else any(words in line for line in told)
