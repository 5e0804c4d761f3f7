"""Chain and price files: every form, and every way in which one is broken."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.sources import chain_files as files
from vrp_xl.core.chain import IV_SOLVED, clean
from vrp_xl.sources import cboe_files
from vrp_xl.sources.cboe_files import occ_columns, read_bytes, read_file

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "../shared/data"


def read(content, name="f"):
    """What is read of text or bytes."""
    raw = content.encode() if isinstance(content, str) else content
    return read_bytes(raw, name=name, now=NOW)


def told(content):
    """The problems of a file, as text."""
    return [str(problem) for problem in read(content).problems]


def test_json_and_csv_hold_the_same_chain():
    """Both forms, gzipped or not, with a byte order mark or in UTF-16, give the same columns."""
    market = files.Market("ABC")
    text = market.csv()
    forms = [
        market.json(), text, gzip.compress(market.json().encode()), gzip.compress(text.encode()),
        b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"), text.replace("\r\n", "\n"),
    ]  # fmt: skip
    cleaned = []
    for form in forms:
        found = read(form)
        assert found.problems == ()
        chain = found.chain
        assert (chain.symbol, chain.spot, chain.as_of) == (
            "ABC", 100.0, datetime(2026, 3, 18, 19, 0, tzinfo=UTC),
        )  # fmt: skip
        cleaned.append(clean(chain).chain)
    assert len(cleaned[0]) == 6 * 61 * 2
    for other in cleaned[1:]:
        for name in ("strike", "right", "expiry", "bid", "iv", "delta", "gamma", "open_interest"):
            np.testing.assert_array_equal(getattr(other, name), getattr(cleaned[0], name))


def test_symbols_come_from_the_root():
    """SPXW is SPX, NDXP NDX, RUTW RUT; other roots in the file are left out and told."""
    for root, symbol in (("SPXW", "SPX"), ("NDXP", "NDX"), ("RUTW", "RUT"), ("BRKB", "BRK.B")):
        assert read(files.Market(root, days=(30,)).json()).chain.symbol == symbol
    mixed = json.loads(files.Market("ABC", days=(30,)).json())
    mixed["data"]["options"][0]["option"] = "ABC1260417C00100000"
    found = read(json.dumps(mixed))
    assert (found.chain.symbol, len(found.chain)) == ("ABC", 121)
    assert str(found.problems[0]) == "f: 1 contracts of ABC1 are not ABC's: left out"


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("March 18, 2026 at 3:00 PM EDT", (19, 0)),
        ("March 18, 2026 at 12:30 PM EST", (17, 30)),
        ("March 18, 2026 at 12:30 AM PDT", (7, 30)),
        ("Mar 18 2026 @ 15:00 ET", (19, 0)),
        ("March 18, 2026 at 8:00 PM GMT+1", (19, 0)),
        ("March 18, 2026 at 8:00 PM GMT+5:30", (14, 30)),
        ("March 18, 2026 at 3:00\u202fPM EDT", (19, 0)),
    ],
)
def test_date_lines_carry_their_zone(line, moment):
    """Every way in which the date line is written."""
    found = read(files.Market(days=(30,)).csv(when=line))
    assert found.chain.as_of == datetime(2026, 3, 18, *moment, tzinfo=UTC)


def test_the_form_of_2020():
    """Name and price on line 1, the date on line 2, Vol and Open Int as column names."""
    market = files.Market(days=(30,))
    header = files.HEADER.replace("Open Interest", "Open Int").replace("Volume", "Vol")
    lines = ["^ABC (A B C INDEX),100.0,-0.5,", "Mar 18 2026 @ 15:00 ET,", header, *market.table()]
    found = read("\n".join(lines))
    assert found.problems == ()
    assert (found.chain.spot, len(found.chain)) == (100.0, 122)


def test_the_form_of_2013_has_no_iv_and_gets_it_from_the_mid():
    """Contracts in words, once per exchange: one each counts, and its IV is solved."""
    market = files.Market("IBM", days=(30,))
    lines = [
        "IBM (INTL BUSINESS MACHINES),100.0,-0.27,",
        "Mar 18 2026 @ 15:00 ET,Bid,99.9,Ask,100.1,Size,1x2,Vol,3382117,",
        "Calls,Last Sale,Net,Bid,Ask,Vol,Open Int,Puts,Last Sale,Net,Bid,Ask,Vol,Open Int,",
    ]
    sides = {}
    for expiry, right, strike, bid, ask, *_, held in market.rows():
        month = "DP"[right < 0]  # April
        name = f"26 Apr {strike:.2f} (IBM26{expiry:%d}{month}{strike:g}"
        for tail in (")", "-4)"):
            sides.setdefault((strike, tail), []).append(
                f"{name}{tail},0.0,0.0,{bid},{ask},0,{int(held)}"
            )
    lines += [",".join(both) + "," for both in sides.values()]
    found = read("\n".join(lines))
    assert found.problems == ()
    cleaned = clean(found.chain)
    near = np.abs(cleaned.chain.strike - 100) < 3
    assert (len(cleaned.chain), set(cleaned.chain.iv_from[near])) == (122, {IV_SOLVED})
    assert cleaned.chain.iv[near] == pytest.approx(0.2 - 0.15 * np.log(
        cleaned.chain.strike[near] / 100), abs=2e-3)  # fmt: skip


def test_history_as_json_and_csv():
    """Numbers as text, index names with a mark, prices of 0 before the listing."""
    rows = [(date(2026, 3, 12), 0.0), *files.walk(4)]
    found = read(files.price_json("^ABC", rows))
    assert (found.prices.symbol, len(found.prices)) == ("ABC", 4)
    assert [p.why for p in found.problems] == ["1 day with a close of 0 (not listed yet): left out"]
    csv = read(files.price_csv(files.walk(4)))
    assert csv.problems == ()
    assert csv.prices.symbol is None
    np.testing.assert_array_equal(csv.prices.close, found.prices.close)
    assert np.isnan(csv.prices.high).all()


@pytest.mark.parametrize(
    "header_and_row",
    [
        ("Date,Open,High,Low,Close,Volume", "2026-03-18,1,3,0.5,2,99"),
        ("DATE,CLOSE", "03/18/2026,2"),
        ("Date,Close/Last,Volume,Open,High,Low", '03/18/2026,"$2.00",99,$1,$3,$0.5'),
        ("timestamp;close", "2026-03-18T00:00:00;2.0"),
        ("Date\tAdj Close\tClose", "2026-03-18\t1.5\t2"),
        ("symbol,date,close", "^abc,20260318,2"),
        ("Date,SP500", "2026-03-18,2"),
    ],
)
def test_price_files_of_many_vendors(header_and_row):
    """The usual names, separators and dates."""
    found = read("\n".join(header_and_row))
    assert found.problems == ()
    assert found.prices.close.tolist() == [2.0]
    assert found.prices.day.tolist() == [date(2026, 3, 18).toordinal()]


GOOD = files.Market(days=(30,))
LINES = GOOD.csv(end="\n").splitlines()
ROWS = files.walk(6)


def with_line(number, line):
    """The good CSV chain with one line (counted from 1) changed."""
    return "\n".join([*LINES[: number - 1], line, *LINES[number:]]) + "\n"


def swap(number, old, new):
    """The good CSV chain with a cell of one line changed."""
    assert old in LINES[number - 1]
    return with_line(number, LINES[number - 1].replace(old, new, 1))


def changed_json(**changes):
    """The good JSON chain with parts of its data changed."""
    return GOOD.json(**changes)


def prices(*lines, header="Date,Close"):
    """A price file of the good days before these lines."""
    return files.price_csv(ROWS, header) + "\n".join(lines) + "\n"


NOTHING_READ = {
    "0 bytes": (b"", "the file is empty"),
    "blank": (" \n\n\t\n", "the file is empty"),
    "web page": ("<!DOCTYPE html><html>", "a web page"),
    "binary": (b"PK\x03\x04\x00\x00\x00", "no text file"),
    "cut json": (GOOD.json()[:5000], "the JSON is cut"),
    "no json": ('{"data": nonsense}', "line 1: it is no JSON"),
    "other json": ('{"items": []}', "neither an option chain (data.options) nor a price history"),
    "json list": ("[1, 2]", "neither an option chain"),
    "nested json": ("[" * 100_000, "JSON"),
    "no contracts": (changed_json(options=[]), "the chain holds no contracts"),
    "odd contracts": (changed_json(options=[{"option": "what"}]), "neither open_interest nor iv"),
    "unreadable contracts": (
        changed_json(options=[{"option": "SPY26", "iv": 0.2}]), "no contract symbol in it",
    ),
    "adjusted only": (
        changed_json(options=[{"option": "ABC1260417C00100000", "iv": 1}]),
        "adjusted contracts only",
    ),
    "json without a price": (changed_json(current_price=None), "no price of the underlying"),
    "json with a negative price": (changed_json(current_price=-5), "its current_price is -5"),
    "json without a time": (GOOD.json(stamp=None), "nowhere when it was made"),
    "json of the future": (GOOD.json("2027-01-04 19:00:00"), "2027-01-04 lies in the future"),
    "csv of the future": (GOOD.csv("March 18, 2027 at 3:00 PM EDT"), "lies in the future"),
    "csv of long ago": (GOOD.csv("March 18, 1926 at 3:00 PM EST"), "is before 1990"),
    "csv without a date": (with_line(3, "Bid: 1"), "its date cannot be read"),
    "csv in another language": (
        GOOD.csv("18 de março de 2026 às 15:00 BRT"), "with the page in English",
    ),
    "csv with a day that is none": (GOOD.csv("February 30, 2026 at 3:00 PM EST"), "does not exist"),
    "csv of an unknown zone": (GOOD.csv("March 18, 2026 at 3:00 PM XYZ"), "zone XYZ"),
    "csv without a price": (with_line(2, "A B C Company"), "no price of the underlying"),
    "csv without columns": (
        GOOD.csv(header=files.HEADER.replace("Open Interest", "Interest")),
        "line 4: the chain lacks the columns open interest",
    ),
    "csv without rows": ("\n".join(LINES[:4]), "line 4: the chain holds no contracts"),
    "gzip cut at once": (gzip.compress(GOOD.csv().encode())[:12], "the gzip file is cut"),
    "gzip damaged": (
        gzip.compress(GOOD.csv().encode())[:40] + b"\xff" * 400, "the gzip file is damaged",
    ),
    "other table": ("name,size\na,1\n", "neither an option chain (columns Calls"),
    "prose": ("Dear reader,\nnothing here\n", "it begins with 'Dear reader,'"),
    "prices without a close": ("Date,Open,High\n2026-03-18,1,2\n", "line 1: the price history has"),
    "prices without days": ("Date,Close\n", "line 1: the price history holds no days"),
    "prices of two names": (
        "symbol,date,close\nA,2026-03-17,1\nB,2026-03-18,2\n", "several symbols (A, B)",
    ),
    "days before months": ("Date,Close\n13/03/2026,1\n", "written day/month/year"),
    "prices of nothing": ("Date,Close\n2026-03-18,NaN\n", "no day of the price history"),
    "json history without a close": (
        '{"data": [{"date": "2026-03-18", "price": 1}]}', "its days have no date and close",
    ),
    "empty json history": ('{"data": []}', "the price history holds no days"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOTHING_READ)
def test_files_that_cannot_be_used(case):
    """Each says what is wrong, with its name, and its line where there is one."""
    content, words = NOTHING_READ[case]
    found = read(content)
    assert (found.chain, found.prices) == (None, None)
    assert any(words in str(problem) for problem in found.problems)
    assert all(str(problem).startswith("f") for problem in found.problems)


CHAIN_STILL_READ = {
    "cut row": (with_line(len(LINES), LINES[-1][:60]), f"f, line {len(LINES)}: the line is cut"),
    "short row": (with_line(7, "a,b"), "f, line 7: too few cells: 2 of 22"),
    "decimal commas": (
        swap(9, ",74.00,", ',"74,00",'), "f, line 9: '74,00' in column strike is no number",
    ),
    "points for thousands": (swap(9, ",74.00,", ",1.074.00,"), "f, line 9: '1.074.00' in column"),
    "words": (swap(9, ",74.00,", ",seventy,"), "f, line 9: 'seventy' in column strike"),
    "wrong strike": (swap(9, ",74.00,", ",75.00,"), "2 contract symbols do not fit the strike"),
    "bad symbol": (swap(9, "ABC260417C00074000", "ABC74"), "('ABC74'): left out"),
    "day that is none": (
        swap(9, "ABC260417C00074000", "ABC260431C00074000"), "1 contract symbols could not be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHAIN_STILL_READ)
def test_one_bad_row_is_told_and_the_others_count(case):
    """At most one strike is lost of 61."""
    content, words = CHAIN_STILL_READ[case]
    found = read(content)
    assert len(found.chain) in (120, 121)
    assert [words in str(problem) for problem in found.problems] == [True]


def test_blank_and_nan_cells_are_missing_not_zero():
    """An empty IV, a NaN and a dash are not given; nothing else of the row is lost."""
    row = LINES[8].split(",")
    row[7], row[8], row[10] = "", "NaN", "--"
    chain = read(with_line(9, ",".join(row))).chain
    at = np.flatnonzero((chain.strike == 74) & (chain.right > 0))[0]
    assert len(chain) == 122
    assert np.isnan([chain.iv[at], chain.delta[at], chain.open_interest[at]]).all()
    assert np.isfinite(chain.gamma[at])


def test_json_values_that_are_no_numbers():
    """Missing is missing, text that is no number is told, text that is one counts."""
    data = json.loads(GOOD.json())
    first, second, third = data["data"]["options"][:3]
    first["iv"], second["iv"], third["iv"] = None, "n/a", "0.25"
    found = read(json.dumps(data))
    assert [p.why for p in found.problems] == ["1 values of iv are no numbers: left out"]
    assert np.isnan(found.chain.iv[:2]).all()
    assert found.chain.iv[2] == 0.25


PRICES_STILL_READ = {
    "nan": (prices("2026-03-19,NaN"), "f, line 8: 'NaN' is no close"),
    "blank": (prices("2026-03-19,"), "f, line 8: there is no close"),
    "negative": (prices("2026-03-19,-5"), "f, line 8: the close -5 is negative"),
    "huge": (prices("2026-03-19,1e300"), "f, line 8: the close 1e+300 cannot be"),
    "future": (prices("2026-12-24,100"), "f, line 8: 2026-12-24 lies in the future"),
    "other form of date": (prices("3/19/2026,100"), "f, line 8: '3/19/2026' is no date written"),
    "day that is none": (prices("2026-02-30,100"), "f, line 8: '2026-02-30' is no date"),
    "no day": (prices(",100"), "f, line 8: no date"),
    "cut": (prices("2026-03-1"), "f, line 8: the line is cut: 1 of 2"),
    "twice": (prices(f"{ROWS[2][0]},{ROWS[2][1]}"), "f: 1 day given more than once"),
    "unsorted": (prices("2026-03-02,100"), "f: its days are not in order: sorted"),
}


@pytest.mark.parametrize("case", PRICES_STILL_READ)
def test_one_bad_day_is_told_and_the_others_count(case):
    """The six good days are read, in order, each once."""
    content, words = PRICES_STILL_READ[case]
    found = read(content)
    assert any(words in str(problem) for problem in found.problems)
    days = found.prices.day.tolist()
    assert days == sorted(set(days))
    assert {day.toordinal() for day, _ in ROWS} <= set(days)


def test_numbers_of_another_language():
    """A decimal comma is no number: every line is told, the first few one by one."""
    lines = [f"{day};{str(close).replace('.', ',')}" for day, close in files.walk(30)]
    found = read("\n".join(["Date;Close", *lines]))
    assert found.prices is None
    problems = [str(p) for p in found.problems]
    assert problems[0].startswith("f, line 2: '")
    assert problems[0].endswith("' is no close")
    assert sum("line" in p.split(":")[0] for p in problems) == cboe_files.PROBLEMS_TOLD
    assert problems[-1].endswith("more lines could not be used")


def test_a_cut_gzip_is_read_up_to_the_cut():
    """What was unpacked counts, and the cut is told."""
    whole = gzip.compress(files.price_csv(files.walk(2000)).encode())
    found = read(whole[: len(whole) // 2])
    assert len(found.prices) > 100
    assert "the gzip file is cut" in str(found.problems[0])


def test_ranges_that_do_not_bracket():
    """A day whose high is below its close keeps only its close."""
    found = read("Date,Open,High,Low,Close\n2026-03-17,1,3,1,2\n2026-03-18,1,1.5,1,2\n")
    assert "1 day whose high or low" in str(found.problems[0])
    assert found.prices.close.tolist() == [2, 2]
    assert np.isnan(found.prices.high).tolist() == [False, True]


def test_a_file_that_is_too_large_or_gone(tmp_path, monkeypatch):
    """Neither is read; each says why."""
    path = tmp_path / "big.csv"
    path.write_text("Date,Close\n2026-03-18,1\n")
    monkeypatch.setattr(cboe_files, "LARGEST", 10)
    assert "larger than" in str(read_file(path, now=NOW).problems[0])
    assert "larger than" in str(read_bytes(gzip.compress(b"x" * 99), name="f", now=NOW).problems[0])
    assert "cannot be read" in str(read_file(tmp_path / "gone.csv", now=NOW).problems[0])


def test_what_a_file_says_is_shown_without_control_characters():
    """Text from a file cannot steer a terminal."""
    assert "\x1b" not in told("\x1b[31mred,1\n")[0]


def test_contract_symbols():
    """Roots of any length, short and odd symbols, letters outside ASCII."""
    symbols = ["SPXW221212C01000000", "F260417P00012500", "", "SPY", "é260417C00100000",
               "SPY26041XC00590000", "SPY260417X00590000"]  # fmt: skip
    roots, code, expiry, right, strike = occ_columns(symbols)
    assert [roots[c] if c >= 0 else None for c in code] == [
        "SPXW",
        "F",
        None,
        None,
        "?",
        None,
        None,
    ]
    assert expiry[:2].tolist() == [date(2022, 12, 12).toordinal(), date(2026, 4, 17).toordinal()]
    assert (right[:2].tolist(), strike[:2].tolist()) == ([1, -1], [1000.0, 12.5])


@pytest.mark.parametrize(
    ("name", "symbol", "spot", "size"),
    [
        ("chains/cboe_rut_2023-09-20_gflows_mit.json", "RUT", 1806.1193, 6680),
        ("chains/cboe_spx_2022-12-12_gflows_mit.csv", "SPX", 3990.5601, 19156),
        ("chains/cboe_spy_2025-05-16_photon1c_mit.csv", "SPY", 589.25, 3160),
    ],
)
def test_recorded_chains(name, symbol, spot, size):
    """Every contract of the recorded files is read, without a problem."""
    path = DATA / name
    if not path.is_file():
        pytest.skip("the recorded chains are not beside this checkout")
    found = read_file(path, now=NOW)
    assert found.problems == ()
    assert (found.chain.symbol, found.chain.spot, len(found.chain)) == (symbol, spot, size)


def test_recorded_prices():
    """Both recorded histories are read whole; VIX lists highs that do not bracket, and says so."""
    if not (DATA / "vol").is_dir():
        pytest.skip("the recorded prices are not beside this checkout")
    spx = read_file(DATA / "vol/spx_close_1990_2022_skfolio_bsd3.csv", now=NOW)
    assert (len(spx.prices), spx.problems) == (8313, ())
    vix = read_file(DATA / "vol/vix_daily_cboe_1990_2026_pddl.csv", now=NOW)
    assert vix.prices.close[0] == 17.24
    assert len(vix.prices) > 9000


@pytest.mark.parametrize("turned", [False, True])
def test_only_the_newest_days_are_read_where_that_is_wanted(turned):
    """Whether the document begins with the oldest day or with the newest."""
    rows = files.walk(50)
    text = files.price_json("ABC", rows[::-1] if turned else rows)
    found = read_bytes(text.encode(), name="f", now=NOW, newest=20)
    days = [date.fromordinal(ordinal) for ordinal in found.prices.day.tolist()]
    assert days == [day for day, _ in rows[-20:]]
    assert found.prices.close.tolist() == [close for _, close in rows[-20:]]


@pytest.mark.parametrize(("told", "known"), [(98.5, 98.5), (None, None), (0.0, None), ("x", None)])
def test_a_chain_tells_the_day_and_the_close_before_it(told, known):
    """Where they are prices."""
    day = {"open": 99.0, "high": 101.0, "low": 98.0}
    found = read(GOOD.json(prev_day_close=told, **day)).session
    assert found == (99.0, 101.0, 98.0, known)


def test_a_symbol_that_ends_in_a_digit_is_not_an_adjusted_one():
    """Where the file names it; other roots with a digit stay out."""
    assert read(files.Market("N0001", days=(30,)).json()).chain.symbol == "N0001"
    other = files.Market("ABC1", days=(30,)).json().replace('"_ABC1"', '"_ABC"')
    assert "adjusted contracts only" in told(other.replace('"^ABC1"', '"^ABC"'))[0]
