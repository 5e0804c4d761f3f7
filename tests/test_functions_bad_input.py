"""What cannot be answered: the right error in the cell, and a sentence that says what to do."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import sqlite3

import numpy as np
import pandas as pd
import pytest

import vrp_xl.functions as f
from vrp_xl import settings
from vrp_xl.definition import LAST
from vrp_xl.excel.boundary import ERRORS, NA, NUM, VALUE, CellError
from vrp_xl.excel.raw import DECIDED_COLUMNS
from vrp_xl.reader import READER
from vrp_xl.sources.sample.names import SYMBOLS
from vrp_xl.store.schema import APPLICATION_ID

DAY = dt.date(2027, 1, 15)
SERIES_60 = [1.0, 3.0] * 30


@pytest.fixture(autouse=True)
def _sample(_own_home):
    settings.choose_source("sample")
    LAST.function = LAST.words = ""
    yield
    READER.close()


BAD = [
    # text where a number is needed
    ("VRP_RATIO", ("abc", "x"), VALUE, "hv (2nd argument) is 'x', not a number"),
    ("VRP_SPREAD", ("abc", 13), VALUE, "iv (1st argument) is 'abc', not a number"),
    ("VRP_SPREAD", (18, "28%"), VALUE, "rv (2nd argument) is '28%', not a number"),
    ("VRP_BAND", ("nan",), VALUE, "z (1st argument) is 'nan', not a number"),
    ("VRP_BAND", ("Infinity",), VALUE, "'Infinity', not a number"),
    ("VRP_BAND", ("1_0",), VALUE, "'1_0', not a number"),
    ("VRP_HV", ([100, "n/a", 101],), VALUE, "cell 2 of closes (1st argument) is 'n/a'"),
    ("VRP_MATRIX", (1.3, "sideways"), VALUE, "gamma is positive, negative, unknown, or"),
    # dates, truth values and other things where a number is needed
    ("VRP_SPREAD", (dt.datetime(2026, 1, 2), 13), VALUE, "iv (1st argument) is the date"),  # noqa: DTZ001
    ("VRP_BAND", (dt.date(2026, 1, 2),), VALUE, "is the date 2026-01-02, not a number"),
    ("VRP_BAND", (dt.time(12),), VALUE, "is the date 12:00:00, not a number"),
    ("VRP_BAND", (True,), VALUE, "z (1st argument) is TRUE, not a number"),
    ("VRP_SCREEN", (1.3, np.bool_(False)), VALUE, "spread (2nd argument) is FALSE, not a number"),
    ("VRP_BAND", (object(),), VALUE, "z (1st argument) is no number"),
    ("VRP_BAND", ({"z": 1},), VALUE, "z (1st argument) is no number"),
    ("VRP_BAND", (decimal.Decimal(2),), VALUE, "z (1st argument) is no number"),
    ("VRP_BAND", (pd.NA,), VALUE, "z (1st argument) is no number"),
    ("VRP_BAND", (b"1",), VALUE, "z (1st argument) is no number"),
    # volatilities that are none
    ("VRP_RATIO", (-28, 18), VALUE, "iv (1st argument) is -28; a volatility is not negative"),
    ("VRP_RATIO", (28, -18), VALUE, "hv (2nd argument) is -18; a volatility is not negative"),
    ("VRP_RATIO", (0.28, 18), VALUE, "0.28; volatility in points: multiply by 100"),
    ("VRP_SPREAD", ("0.28", 18), VALUE, "volatility in points: multiply by 100"),
    ("VRP_MOVE", (100, 0.2, 30), VALUE, "0.2; volatility in points: multiply by 100"),
    ("VRP_SPREAD", (1e6, 18), VALUE, "a volatility in points is far below that"),
    ("VRP_RATIO", (28, 18, 0), VALUE, "floor (3rd argument) is 0; it must be above 0"),
    # no number exists
    ("VRP_BAND", (math.nan,), NUM, "z (1st argument) is not a finite number"),
    ("VRP_SPREAD", (math.inf, 13), NUM, "iv (1st argument) is not a finite number"),
    ("VRP_SPREAD", (10**400, 13), NUM, "iv (1st argument) is not a finite number"),
    ("VRP_SPREAD", ("1e999", 13), NUM, "iv (1st argument) is not a finite number"),
    ("VRP_FLIPDIST", (1e-300, 1e300), NUM, "The result is not a finite number"),
    ("VRP_HV", ([1e-300, 1e300, 1],), NUM, "The result is not a finite number"),
    ("VRP_MOVE", (1e308, 9999, 1e300), NUM, "The arguments are too large or too small"),
    ("VRP_COMPRESSION", (12, 0), NUM, "HV90 is 0"),
    ("VRP_COMPRESSIONBAND", (12, 0), NUM, "HV90 is 0"),
    ("VRP_ZSCORE", (8, [1, 2, 3, 4]), NUM, "The history has 4 days; 60 are needed. Give a longer"),
    ("VRP_ZSCORE", (8, [1, 2, 3, 4], 5), NUM, "The history has 4 days; 5 are needed"),
    ("VRP_ZSCORE", (8, [2.0] * 60), NUM, "The history never changes"),
    ("VRP_HV", ([100],), NUM, "closes"),
    ("VRP_HV", ([100, 101, 102], 5), NUM, "closes"),
    ("VRP_HV", ([100, math.nan, 102],), NUM, "cell 2 of closes (1st argument) is not a finite"),
    # windows, days, shares
    ("VRP_ZSCORE", (8, SERIES_60, 1), VALUE, "window is 1; a deviation needs at least 2 days"),
    ("VRP_ZSCORE", (8, SERIES_60, 0), VALUE, "window is 0; a deviation needs at least 2 days"),
    ("VRP_ZSCORE", (8, SERIES_60, 20.5), VALUE, "window (3rd argument) is 20.5; it must be a "),
    ("VRP_HV", ([100, 101, 102], 1), VALUE, ""),
    ("VRP_HV", ([100, 101, 102], 0), VALUE, ""),
    ("VRP_HV", ([100, -101, 102],), VALUE, "Close 2 is -101; prices must be above 0"),
    ("VRP_HISTORY", ("SPY", "close", 0), VALUE, "days is 0; it must be 1 or more"),
    ("VRP_HISTORY", ("SPY", "close", -5), VALUE, "days is -5; it must be 1 or more"),
    ("VRP_JOURNAL", ("SPY", 0), VALUE, "rows is 0; 1 to 2,000 make sense"),
    ("VRP_SCANLOG", (5000,), VALUE, "rows is 5000; 1 to 2,000 make sense"),
    ("VRP_JOURNAL", ("ZZZ",), NA, "The journal holds no scan with ZZZ of the source sample yet"),
    ("VRP_STRIKES", ("SPY", None, 0), VALUE, "days is 0; 1 to 730 make sense"),
    ("VRP_STRIKES", ("SPY", None, -30), VALUE, "days is -30; 1 to 730 make sense"),
    ("VRP_EDGE", ("SPY", None, 0), VALUE, "days is 0; 1 to 730 make sense"),
    ("VRP_EDGE", ("SPY", None, 731), VALUE, "days is 731; 1 to 730 make sense"),
    ("VRP_EDGE", ("SPY", None, 30.5), VALUE, "days (3rd argument) is 30.5; it must be a whole"),
    ("VRP_TERM", ("SPY", 0), VALUE, "days (2nd argument) is 0; it must be above 0"),
    ("VRP_MOVE", (100, 20, -1), VALUE, "days (3rd argument) is -1; it must not be negative"),
    ("VRP_STOPDATE", (DAY, -1), VALUE, "days is -1; 0 to 3650 make sense"),
    ("VRP_TARGET", (2, 150), VALUE, "percent is 150; a profit is from 0 to 100 %"),
    ("VRP_TARGET", (0,), VALUE, "credit (1st argument) is 0; it must be above 0"),
    ("VRP_KELLY", (1.65, 5, 1.2), VALUE, "p_win (3rd argument) is 1.2; a probability is from 0"),
    ("VRP_KELLY", (1.65, 5, 72), VALUE, "a probability is from 0 to 1"),
    ("VRP_KELLY", (5, 5, 0.7), VALUE, "The credit 5 must be above 0 and below the width 5"),
    ("VRP_CONTRACTS", (-1, 335), VALUE, "equity (1st argument) is -1; it must not be negative"),
    ("VRP_CONTRACTS", (1000, 0), VALUE, "max_loss (2nd argument) is 0; it must be above 0"),
    ("VRP_FLIPDIST", (0, 572), VALUE, "spot (1st argument) is 0; it must be above 0"),
    ("VRP_EXITSTATE", (1, 580, 572, -2), VALUE, "credit (4th argument) is -2"),
    ("VRP_EXITSTATE", (1, 580, 572, None, None, None, "E"), VALUE, "a cell is A, B, C or D"),
    # blanks
    ("VRP_RATIO", (), VALUE, "iv (1st argument) is blank. VRP_RATIO needs it"),
    ("VRP_CELL", ("",), VALUE, "symbol (1st argument) is blank. VRP_CELL needs it"),
    ("VRP_CELL", ("   ",), VALUE, "symbol (1st argument) is blank"),
    ("VRP_GET", ("SPY",), VALUE, "field (2nd argument) is blank"),
    ("VRP_HV", (None,), VALUE, "closes (1st argument) is blank"),
    ("VRP_RATIO", (28, None), NA, "hv (2nd argument) is blank"),
    ("VRP_SPREAD", ("", 13), NA, "iv (1st argument) is blank"),
    ("VRP_BAND", (None,), NA, "z (1st argument) is blank"),
    # ranges
    ("VRP_SPREAD", ([], 13), VALUE, "iv (1st argument) is an empty range"),
    ("VRP_SPREAD", ([[]], 13), VALUE, "iv (1st argument) is an empty range"),
    ("VRP_SPREAD", (np.empty((0, 3)), 13), VALUE, "iv (1st argument) is an empty range"),
    ("VRP_HV", ([],), NUM, "closes (1st argument) holds no number"),
    ("VRP_HV", ([[None], [""], ["  "]],), NUM, "closes (1st argument) holds no number"),
    ("VRP_DECIDE", ([],), VALUE, "raw_table (1st argument) is an empty range. Select cells"),
    ("VRP_SPREAD", ([[1, 2], [3]], 13), VALUE, "rows of unequal length. Select a rectangle"),
    ("VRP_SPREAD", ([[18], [19]], [[13], [14], [15]]), VALUE, "rv (2nd argument) is 3 x 1"),
    ("VRP_SPREAD", ([[18], [19]], [[13, 14]]), VALUE, "Ranges that spill must have one shape"),
    ("VRP_SPREAD", ([[[1, 2], 3], [4, 5]], 13), VALUE, "iv (1st argument) is nested too deep"),
    ("VRP_HV", (np.zeros((2, 2, 2)),), VALUE, "closes (1st argument) is nested too deep"),
    ("VRP_STRIKES", ([["SPY"], ["QQQ"]],), VALUE, "VRP_STRIKES gives a table, so it takes one"),
    ("VRP_EDGE", ([["SPY"], ["QQQ"]],), VALUE, "VRP_EDGE gives a table, so it takes one"),
    ("VRP_HISTORY", ([["SPY"], ["QQQ"]], "close"), VALUE, "so it takes one cell here"),
    ("VRP_WHATIF", (["SPY"], [], [2]), NUM, "z_values (2nd argument) holds no number"),
    ("VRP_WHATIF", (["SPY"], [1], list(range(1001))), VALUE, "(3rd argument) has 1001 thresholds"),
    ("VRP_WHATIF", (["SPY"], ["x"], [2]), VALUE, "z_values (2nd argument)"),
    # errors in cells are passed on
    ("VRP_SPREAD", ("#N/A", 13), NA, "iv (1st argument) holds #N/A. Mend that cell first"),
    ("VRP_SPREAD", (-2146826281, 13), ERRORS["#DIV/0!"], "iv (1st argument) holds #DIV/0!"),
    ("VRP_SPREAD", (np.int64(-2146826246), 13), NA, "iv (1st argument) holds #N/A"),
    ("VRP_CELL", (-2146826246,), NA, "symbol (1st argument) holds #N/A"),
    ("VRP_HV", ([100, ERRORS["#REF!"], 101],), ERRORS["#REF!"], "cell 2 of closes (1st argument) "),
    ("VRP_ZSCORE", (8, [[1], [-2146826252], [3]], 3), NUM, "cell 2 of history (2nd argument)"),
    ("VRP_SCAN", ([["SPY"], ["#NAME?"]],), ERRORS["#NAME?"], "cell 2 of symbols (1st argument)"),
    ("VRP_STOPDATE", ("#VALUE!",), VALUE, "expiry (1st argument) holds #VALUE!"),
    # symbols, names of fields, structures, measures, rules
    ("VRP_CELL", ("ZZZZ",), NA, "ZZZZ is not in the sample market, which holds SPY, QQQ"),
    ("VRP_RATIO", ("ZZZZ", 90), NA, "ZZZZ is not in the sample market"),
    ("VRP_CELL", ("x" * 300,), VALUE, "has 300 characters; at most 255 make sense"),
    ("VRP_CELL", ("x" * 100,), VALUE, "has 100 characters; a symbol is short"),
    ("VRP_GET", ("SPY", "x" * 300), VALUE, "field (2nd argument) has 300 characters"),
    ("VRP_CELL", ("S P Y",), VALUE, "'S P Y' is no symbol. Symbols look like SPY, BRK.B or ES=F"),
    ("VRP_CELL", ("=HYPERLINK(1)",), VALUE, "is no symbol"),
    ("VRP_CELL", (28,), VALUE, "symbol (1st argument) is 28; text is needed"),
    ("VRP_CELL", (DAY,), VALUE, "symbol (1st argument) is 2027-01-15; text is needed"),
    ("VRP_CELL", (True,), VALUE, "text is needed"),
    ("VRP_CELL", ("XOM",), NA, "There is no z-score of XOM"),
    ("VRP_GET", ("SPY", "zscore"), VALUE, "named 'zscore'. Did you mean z_score?"),
    ("VRP_GET", ("SPY", "qqqqqq"), VALUE, "VRP_FIELDS() lists them all"),
    ("VRP_SCAN", (["SPY"], ["cell", "zscore"]), VALUE, "There is no field named 'zscore'"),
    ("VRP_HISTORY", ("SPY", "nothing"), VALUE, "There is no field named 'nothing'"),
    ("VRP_HISTORY", ("SPY", "put_wall"), NA, "SPY has no stored history of put_wall"),
    ("VRP_STRIKES", ("SPY", "butterfly"), VALUE, "There is no structure 'butterfly'. Structures: "),
    ("VRP_STRIKES", ("MSFT",), NA, "There is nothing to sell in MSFT"),
    ("VRP_EDGE", ("SPY", "butterfly"), VALUE, "There is no structure 'butterfly'. Structures: "),
    ("VRP_EDGE", ("SPY", None, None, "profit"), VALUE, "There is no measure 'profit'. Measures: "),
    ("VRP_EDGE", ("SPY", "calendar_spread"), NUM, "A calendar spread has no edge in dollars"),
    ("VRP_EDGE", ("MSFT",), NA, "There is nothing to sell in MSFT"),
    ("VRP_EDGE", ("ZZZZ",), NA, "ZZZZ is not in the sample market"),
    ("VRP_LEVELS", ("SPY", "walls"), VALUE, "There is no table 'walls'. Tables: levels, crossings"),
    ("VRP_LEVELS", ("ZZZZ",), NA, "ZZZZ is not in the sample market"),
    ("VRP_LEVELS", ([["SPY"], ["QQQ"]],), VALUE, "VRP_LEVELS gives a table, so it takes one"),
    ("VRP_RATIO", ("SPY", 45), VALUE, "hv is 45; with a symbol it is a window: 5, 10, 20"),
    ("VRP_TERM", ("SPY", 400), NA, "No tenors of SPY bracket 400 days; there are: 7"),
    ("VRP_WHATIF", (["SPY"], [1], [2], "profit"), VALUE, "There is no measure 'profit'"),
    ("VRP_RULE", ("zmin",), VALUE, "There is no rule named 'zmin'. Did you mean z_min?"),
    ("VRP_CELL", ("SPY", 99), VALUE, "Rule z_min is 99.0; it takes a number from -5 to 10"),
    # dates
    ("VRP_STOPDATE", ("soon",), VALUE, "expiry (1st argument) is 'soon', not a date. Write it as "),
    ("VRP_STOPDATE", ("2027-01-15 or so",), VALUE, "not a date"),
    ("VRP_STOPDATE", ("15.01.2027",), VALUE, "not a date"),
    ("VRP_STOPDATE", ("2027-02-30",), VALUE, "not a date"),
    ("VRP_STOPDATE", (dt.date(1980, 1, 1),), VALUE, "dates from 1990 to 2099 make sense"),
    ("VRP_STOPDATE", (dt.date(9999, 1, 1),), VALUE, "dates from 1990 to 2099 make sense"),
    ("VRP_STOPDATE", (dt.date(2050, 1, 1),), VALUE, "outside the trading calendar"),
    ("VRP_STOPDATE", (dt.date(1990, 1, 5),), VALUE, "outside the trading calendar"),
    ("VRP_DTE", (20270115,), VALUE, "not the serial number of a date"),
    ("VRP_DTE", (-5,), VALUE, "not the serial number of a date"),
    ("VRP_DTE", (1,), VALUE, "expiry (1st argument) is 1899-12-31"),
    ("VRP_DTE", (False,), VALUE, "is FALSE, not a number"),
    ("VRP_GET", ("SPY", "z_score", "1991-01-01"), NA, "No z_score of SPY is stored for 1991-01-01"),
    # too many, unknown
    ("VRP_RATIO", (28, 18, 5, None, 1), VALUE, "VRP_RATIO takes at most 4 arguments; 5 were given"),
    ("VRP_VERSION", (1,), VALUE, "VRP_VERSION takes at most 0 arguments; 1 were given"),
    # the rules range
    ("VRP_CELL", ("SPY", None, [["zmin", 1.5]]), VALUE, "There is no rule named 'zmin'"),
    ("VRP_CELL", ("SPY", None, [["z_min", "high"]]), VALUE, "Rule z_min is 'high'"),
    ("VRP_CELL", ("SPY", None, [["z_min", 99]]), VALUE, "Rule z_min is 99.0; it takes a number"),
    ("VRP_CELL", ("SPY", None, [["z_min", True]]), VALUE, "Rule z_min is True"),
    ("VRP_CELL", ("SPY", None, [["z_min", None]]), VALUE, "Rule z_min is blank"),
    ("VRP_CELL", ("SPY", None, [["z_min", DAY]]), VALUE, "Rule z_min is datetime.date"),
    ("VRP_CELL", ("SPY", None, [["z_min", {}]]), VALUE, "Rule z_min is {}"),
    ("VRP_CELL", ("SPY", None, [["method", "best"]]), VALUE, "one of article, ratio, both"),
    ("VRP_CELL", ("SPY", None, [["z_min", 1.5, "sd"]]), VALUE, "(3rd argument) has 3 columns"),
    ("VRP_CELL", ("SPY", None, ["z_min", "method"]), VALUE, "has 1 columns; it needs two"),
    ("VRP_CELL", ("SPY", None, "z_min"), VALUE, "has 1 columns; it needs two"),
    ("VRP_CELL", ("SPY", None, [["z_min", ERRORS["#REF!"]]]), ERRORS["#REF!"], "z_min in rules"),
    ("VRP_CELL", ("SPY", None, [[ERRORS["#N/A"], 1]]), NA, "a name in rules (3rd argument) holds"),
    ("VRP_CELL", ("SPY", None, [[5, 1]]), VALUE, "a name in rules (3rd argument) is 5; text is"),
    ("VRP_CELL", ("SPY", None, [["preset", "mine"]]), VALUE, "There is no preset 'mine'"),
    ("VRP_CELL", ("SPY", None, [["preset", pd.NA]]), VALUE, "preset in rules (3rd argument) is"),
    ("VRP_CELL", ("SPY", None, [["source", "yahoo"]]), VALUE, "There is no source named 'yahoo'. "),
    ("VRP_CELL", ("SPY", None, [["dte_min", 50], ["dte_max", 40]]), VALUE, "dte_min must not be "),
]  # fmt: skip
"""(function, arguments, the error in the cell, part of what VRP_WHY() says)"""


@pytest.mark.parametrize(
    ("name", "arguments", "error", "words"), BAD, ids=[f"{i}-{b[0]}" for i, b in enumerate(BAD)]
)
def test_bad_input(name, arguments, error, words):
    """The error that fits, and a sentence that names the function and says what is wrong."""
    answer = getattr(f, name)(*arguments)
    assert isinstance(answer, CellError)
    assert answer == error
    why = f.VRP_WHY()
    assert why.startswith(f"{name}: ")
    assert words in why
    assert why.endswith((".", "?")) or "vrp-xl" in why
    assert len(why) < 400
    assert why.isprintable()


def test_there_are_enough_kinds():
    """At least thirty, so that nobody thins the table out unseen."""
    assert len(BAD) >= 30


FINE = [
    ("VRP_CELL", (" spy ",), "A"),
    ("VRP_CELL", ("\u00a0Spy\n",), "A"),
    ("VRP_CELL", ([["spy"]],), "A"),
    ("VRP_CELL", (np.str_("spy"),), "A"),
    ("VRP_CELL", ("spy", "", ""), "A"),
    ("VRP_CELL", ("spy", [[None]], [[None]]), "A"),
    ("VRP_CELL", ("spy", None, [["", ""], [None, None]]), "A"),
    ("VRP_BAND", ("1.6",), "rich"),
    ("VRP_BAND", (" 1.6 ",), "rich"),
    ("VRP_BAND", (((1.6,),),), "rich"),
    ("VRP_BAND", (np.float32(1.75),), "rich"),
    ("VRP_BAND", (np.int64(2),), "rich"),
    ("VRP_BAND", (np.array(1.6),), "rich"),
    ("VRP_BAND", (np.array([1.6]),), "rich"),
    ("VRP_BAND", (np.array([[1.6, 0.0]]),), [["rich", "normal"]]),
    ("VRP_BAND", (np.array([1.6, 0.0]),), [["rich"], ["normal"]]),
    ("VRP_BAND", (pd.Series([1.6, 0.0]),), [["rich"], ["normal"]]),
    ("VRP_BAND", ([1.6, 0.0],), [["rich"], ["normal"]]),
    ("VRP_BAND", ([[1.6, None, "x", "#REF!"]],), [["rich", None, "#VALUE!", "#REF!"]]),
    ("VRP_HV", (np.array([100, 101, 100, 102, 101]),), pytest.approx(23.5899, abs=5e-5)),
    ("VRP_HV", ([[100, 101, 100, 102, 101]],), pytest.approx(23.5899, abs=5e-5)),
    ("VRP_HV", ([100, None, 101, "", 100, "102", 101],), pytest.approx(23.5899, abs=5e-5)),
    ("VRP_RATIO", (28, 18, None, None), pytest.approx(28 / 18)),
    ("VRP_RATIO", (28, 18, ""), pytest.approx(28 / 18)),
    ("VRP_SPREAD", (0, 13), -13),
    ("VRP_DTE", (DAY, 46402), 0),
    ("VRP_DTE", (46402.75, "2027-01-15"), 0),
    ("VRP_DTE", ("46402", "2027-01-15T09:30:00"), 0),
    ("VRP_DTE", (dt.datetime(2027, 1, 15, 23, 59), DAY), 0),  # noqa: DTZ001
    ("VRP_DTE", (pd.Timestamp("2027-01-15"), np.datetime64("2027-01-15")), 0),
    ("VRP_MATRIX", (1.3, "NEGATIVE_GAMMA"), "B"),
    ("VRP_MATRIX", (1.3, "-2.5e9"), "B"),
    ("VRP_GET", ("spy", " Put_Wall "), 630.0),
    ("VRP_GET", ("spy", "price"), 660.0),
    ("VRP_WHATIF", ([], [1], [2]), [[0]]),
    ("VRP_DECIDE", (None,), [[None] * len(DECIDED_COLUMNS)]),
]


@pytest.mark.parametrize(
    ("name", "arguments", "wanted"), FINE, ids=[f"{i}-{x[0]}" for i, x in enumerate(FINE)]
)
def test_odd_input_that_is_fine(name, arguments, wanted):
    """Case, blanks, one-cell ranges, text that is a number, numpy and pandas values are read."""
    assert getattr(f, name)(*arguments) == wanted


def test_keywords():
    """Names work as well as places; unknown and doubled ones are refused by name."""
    assert f.VRP_RATIO(iv=28, hv=18) == pytest.approx(28 / 18)
    assert f.VRP_RATIO(28, hv=18, floor=20) == 1.4
    assert f.VRP_RATIO(28, 18, rate=3) == VALUE
    assert "VRP_RATIO has no argument 'rate'. It has: iv, hv, floor, rules." in f.VRP_WHY()
    assert f.VRP_RATIO(28, 18, hv=3) == VALUE
    assert "was given 'hv' twice" in f.VRP_WHY()


def test_a_long_column():
    """10,000 rows go through, and a bad one among them costs only its own cell."""
    ivs = [[20.0 + i % 7] for i in range(10_000)]
    ivs[4321] = ["oops"]
    out = f.VRP_SPREAD(ivs, 15)
    assert len(out) == 10_000
    assert out[4321] == [VALUE]
    assert out[4322] == [ivs[4322][0] - 15]
    assert f.VRP_HV([[100.0 + i % 3] for i in range(10_000)]) > 0
    cells = f.VRP_CELL([["spy"], ["zzzz"], [None]] * 3000)
    assert cells == [["A"], [NA], [None]] * 3000


def test_whole_columns_are_refused():
    """More than two million cells are a slip, and are not read one by one."""
    row = [1.0] * 1000
    assert f.VRP_HV([row] * 2001) == VALUE
    assert "more than 2,000,000 cells" in f.VRP_WHY()


def test_deep_nests():
    """Lists in lists in lists end in an error, also a list that holds itself."""
    deep = 1.6
    for _ in range(100_000):
        deep = [deep]
    for _ in range(2):
        assert f.VRP_BAND(deep) in (VALUE, "rich")
        assert f.VRP_HV(deep) in (VALUE, NUM)
    loop = []
    loop.append(loop)
    assert f.VRP_BAND(loop) == VALUE
    assert f.VRP_HV([loop, loop]) == VALUE
    while isinstance(deep, list):  # freed step by step
        deep = deep[0]


def test_header_and_names_in_a_rules_range():
    """A header row is passed over, case does not matter, the last of two rows holds."""
    for header in ("Rule", "rules", "NAME"):
        assert f.VRP_RULE("z_min", [[header, "value"], [" Z_MIN ", "1.5"]]) == 1.5
    assert f.VRP_RULE("z_min", [["z_min", 1.5], ["z_min", 1.2]]) == 1.2
    assert f.VRP_RULE("z_min", [["preset", "zscore"]]) == 1.5
    assert f.VRP_RULE("z_min", [["z_min", 1.2], ["preset", "zscore"]]) == 1.2
    assert f.VRP_RULE("hv_floor", [["hv_floor_percent", 7]]) == 7
    assert f.VRP_RULE("tactical_defense", [["tactical_defense", None]]) == ""


def test_one_is_not_true_in_a_rules_range():
    """1 and TRUE are equal in Python; a range with one must not answer for the other."""
    assert f.VRP_RULE("z_min", [["z_min", 1]]) == 1.0
    assert f.VRP_RULE("z_min", [["z_min", True]]) == VALUE
    assert f.VRP_RULE("z_min", [["z_min", 1]]) == 1.0
    assert f.VRP_RULE("strike_guard", [["strike_guard", 0]]) == "off"
    assert f.VRP_RULE("strike_guard", [["strike_guard", False]]) == "off"


@pytest.mark.parametrize(
    "call",
    [
        lambda: f.VRP_CELL("SPY"), lambda: f.VRP_RATIO("SPY", 90), lambda: f.VRP_GET("SPY", "spot"),
        lambda: f.VRP_SCAN(["SPY"], ["symbol"])[0][0] and f.VRP_SCAN(), f.VRP_ASOF, f.VRP_QUOTA,
        lambda: f.VRP_WHATIF(["SPY"], [1], [2]), lambda: f.VRP_WHATIFRATIO(["SPY"], [1], [1]),
        lambda: f.VRP_HISTORY("SPY", "close"), lambda: f.VRP_EXIT("SPY", 2, 1, DAY),
    ],
)  # fmt: skip
def test_no_source_chosen(call):
    """Without a choice every function of the store is #N/A, and the words say what to choose."""
    settings.put_setting("source", None)
    assert call() == NA
    assert "No source is chosen" in f.VRP_WHY()
    assert "vrp-xl source sample" in f.VRP_WHY()
    assert "vrp-xl source sample" in f.VRP_WHY("SPY")
    assert f.VRP_SOURCE() == "none"
    assert f.VRP_RATIO(28, 18) == pytest.approx(28 / 18)


def test_the_words_of_the_last_error():
    """VRP_WHY() tells the last error, and says so where there was none."""
    assert f.VRP_WHY() == "No error so far."
    assert f.VRP_RATIO(0.28, 18) == VALUE
    assert f.VRP_SPREAD(20, 15) == 5
    assert f.VRP_WHY() == (
        "VRP_RATIO: iv (1st argument) is 0.28; volatility in points: multiply by 100. "
        "A cell that shows 28 % holds 0.28."
    )


def test_a_store_that_cannot_be_read():
    """A store of a newer version: #N/A with the reason; mathematics goes on without it."""
    settings.make_home()
    with sqlite3.connect(settings.store_path()) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 999")
    db.close()
    assert f.VRP_CELL("SPY") == NA
    assert f.VRP_WHY().startswith("VRP_CELL: ")
    assert "newer" in f.VRP_WHY()
    assert "newer" in f.VRP_WHY("SPY")
    assert f.VRP_RATIO(28, 18) == pytest.approx(28 / 18)
    assert f.VRP_DECIDE([["symbol", "z_score", "gamma"], ["SPY", 1.3, "positive"]])[1][0] == "A"


def test_a_store_that_is_a_folder():
    """A store that cannot even be opened is told the same way."""
    settings.make_home()
    settings.store_path().mkdir()
    assert f.VRP_CELL("SPY") == NA
    assert "store" in f.VRP_WHY()
    assert f.VRP_BAND(1.6) == "rich"


def test_settings_and_rules_that_cannot_be_read():
    """Broken settings or rules are told by VRP_WHY(), which does not need them itself."""
    (settings.home() / "rules.toml").write_text("z_min = 'high'\n")
    READER.close()
    assert f.VRP_CELL("SPY") == VALUE
    assert "rules.toml: Rule z_min is 'high'" in f.VRP_WHY()
    assert "Rule z_min is 'high'" in f.VRP_WHY("SPY")
    (settings.home() / "rules.toml").unlink()
    (settings.home() / "settings.json").write_text("{")
    READER.close()
    assert f.VRP_CELL("SPY") == NA
    assert "settings.json" in f.VRP_WHY()


def test_a_rule_that_the_symbol_lacks_is_no_crash():
    """Every name of the sample market answers every function of a symbol with a cell value."""
    for symbol in SYMBOLS:
        for name in ("CELL", "SIGNAL", "STRUCTURAL", "TACTICAL", "STRUCTURE", "LEAN", "STRIKES",
                     "EDGE", "LEVELS", "SIZE", "STATUS", "ASOF", "WHY"):  # fmt: skip
            answer = getattr(f, f"VRP_{name}")(symbol)
            assert isinstance(answer, (str, float, list, dt.datetime))


def test_words_that_quote_a_cell_show_no_control_characters():
    """What a cell held may be quoted, but never what moves a cursor or breaks a line."""
    answer = f.VRP_WHATIF(["SPY"], [1.0], [2.0], "\x1b[2J\n")
    assert isinstance(answer, CellError)
    assert f.VRP_WHY().isprintable()
    assert "no measure" in f.VRP_WHY()
