"""Whatever a cell may hold: every function answers with cell values, and the same twice."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from itertools import chain

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vrp_xl.functions as f
from vrp_xl import settings as desk
from vrp_xl.core.rules import PRESETS, SPECS
from vrp_xl.core.structures import STRUCTURES
from vrp_xl.excel.boundary import ERROR_NUMBERS, ERRORS, CellError, cell_out, plain
from vrp_xl.excel.raw import RAW_COLUMNS
from vrp_xl.functions import FUNCTIONS
from vrp_xl.reader import READER

CELL_TYPES = {type(None), bool, int, float, str, dt.date, dt.datetime, CellError}


@pytest.fixture(autouse=True)
def _sample(_own_home):
    desk.choose_source("sample")
    yield
    READER.close()


ODD = st.sampled_from(
    [
        None, "", "  ", "\u00a0", math.nan, math.inf, -math.inf, 10**400, -(10**400), 2**63, 1e308,
        -1e308, 1e-308, 5e-324, -0.0, 0, True, False, "nan", "inf", "-inf", "1e999", "1_000", "²",
        "28%", "=1+1", "#FOO", "'SPY", "\x00", "x" * 300, "١٢", b"SPY", decimal.Decimal("1.5"),
        object(), {}, {"a": 1}, {1, 2}, 1j, pd.NA, pd.NaT, pd.Timestamp("2027-01-15"),
        np.float64(1.5), np.float32("nan"), np.int64(7), np.bool_(True), np.str_("SPY"),
        np.datetime64("2027-01-15"), np.datetime64("NaT"), np.datetime64("2027-01-15", "ns"),
        dt.time(9, 30), dt.timedelta(1), dt.date.min, dt.date.max,
        np.array(3.0), np.array([]), np.empty((0, 2)), np.array([1.5, 2.5]), np.eye(2),
        np.zeros((2, 2, 2)), pd.Series([1.0, 2.0]), np.array([None, "SPY"], dtype=object),
    ]
)  # fmt: skip
ERROR = st.sampled_from([*ERRORS.values(), *ERROR_NUMBERS, "#N/A"])
FIGURE = (
    st.floats(-5, 700)
    | st.integers(-3, 900)
    | st.sampled_from([0.25, 1, 5, 18.5, 30, 90, 1e-300, 5e-324, 1e300, 1e308, -1e308])
)
DATE = st.dates(dt.date(1985, 1, 1), dt.date(2105, 1, 1)) | st.datetimes() | st.integers(1, 90_000)
SYMBOL = st.sampled_from(
    ["SPY", " spy ", "QQQ", "META", "XOM", "AMD", "AMZN", "ZZZZ", "BRK.B", "^SPX"]
)
WORD = st.sampled_from(
    ["positive", "negative_gamma", "unknown", "A", "b", "?", "count", "names", "outcome", "close",
     "atm_iv", "z", "cell", "strikes", "next_earnings", "vrp_20d", "iron condor", "z_min", "symbol",
     "rule", "2027-01-15", "2027-13-15", "28", "1.5", *STRUCTURES]
)  # fmt: skip
CELL = FIGURE | SYMBOL | WORD | DATE | ODD | ERROR | st.floats() | st.text(max_size=8)


def tables(cell, rows=4, columns=4):
    """Rows of one length."""
    return st.integers(1, columns).flatmap(
        lambda n: st.lists(st.lists(cell, min_size=n, max_size=n), min_size=1, max_size=rows)
    )


RULE_ROW = st.tuples(
    st.sampled_from(["source", "preset", "", *SPECS]),
    st.sampled_from(["sample", "flashalpha", "", None, "on", *PRESETS]) | FIGURE | ODD,
).map(list)
RAW_ROW = st.tuples(SYMBOL, *([st.none() | FIGURE | WORD | ODD | ERROR] * (len(RAW_COLUMNS) - 1)))
RANGE = st.one_of(
    st.lists(CELL, max_size=5),
    st.lists(CELL, max_size=4).map(tuple),
    tables(CELL),
    tables(CELL).map(lambda rows: tuple(map(tuple, rows))),
    st.lists(st.lists(CELL, max_size=3), max_size=3),  # rows of any length
    tables(FIGURE, 70, 1),
    tables(FIGURE, 1, 30),
    tables(SYMBOL, 5, 1),
    st.lists(RULE_ROW, min_size=1, max_size=4),
    st.recursive(CELL, lambda inner: st.lists(inner, max_size=3), max_leaves=8),
    st.lists(RAW_ROW, min_size=1, max_size=3).map(lambda rows: [list(r) for r in rows]),
)
ANY = CELL | RANGE

BY_KIND = {
    "symbol": SYMBOL, "volatility": FIGURE,
    "realized volatility": FIGURE, "number": FIGURE, "positive number": FIGURE,
    "number from 0": FIGURE, "probability": st.floats(0, 1), "whole number": st.integers(-2, 400),
    "volatility or symbol": FIGURE | SYMBOL, "text": WORD, "date": DATE, "cell": WORD,
    "gamma": WORD | FIGURE, "column of numbers": tables(FIGURE, 70, 1), "rules": st.lists(
        RULE_ROW, min_size=1, max_size=4),
    "thresholds": tables(FIGURE, 5, 1), "symbols": tables(SYMBOL, 5, 1),
    "names": tables(WORD, 1, 4),
    "table": st.lists(RAW_ROW, min_size=1, max_size=3).map(lambda rows: [list(r) for r in rows]),
}  # fmt: skip
"""What fits an argument, so that calls get past its reading."""


@st.composite
def calls(draw, fitting):
    """A function and arguments: any cells, or mostly ones that fit with one that may not."""
    function = draw(st.sampled_from(list(FUNCTIONS.values())))
    if not fitting:
        return function, draw(st.lists(ANY, max_size=len(function.args) + 1))
    arguments = [draw(BY_KIND[a.kind.name]) for a in function.args]
    arguments = arguments[: draw(st.integers(0, len(arguments)))]
    if arguments and draw(st.booleans()):
        arguments[draw(st.integers(0, len(arguments) - 1))] = draw(ANY)
    return function, arguments


def check(answer):
    """Cell values only: one, or rows of one length, and every number finite."""
    if type(answer) is list:
        assert answer, "an empty table"
        assert all(type(row) is list for row in answer)
        assert len({len(row) for row in answer}) == 1
        assert answer[0]
        cells = [cell for row in answer for cell in row]
    else:
        cells = [answer]
    for cell in cells:
        assert type(cell) in CELL_TYPES, (type(cell), cell)
        if type(cell) is float:
            assert math.isfinite(cell)
        assert type(cell_out(cell)) in CELL_TYPES - {type(None)}
        if type(cell) is str:
            assert len(cell) < 32_768
            assert not cell.startswith("#"), "an error that is no CellError"


def same(one, two):
    """Equal, also in the types: an error is not its text."""
    if type(one) is list:
        return len(one) == len(two) and all(
            map(same, chain.from_iterable(one), chain.from_iterable(two))
        )
    return type(one) is type(two) and one == two


def judged(function, arguments):
    """Calls twice and checks what comes."""
    answer = function.call(*arguments)
    check(answer)
    why = f.VRP_WHY()
    assert type(why) is str
    again = function.call(*arguments)
    assert same(answer, again), (answer, again)
    if isinstance(answer, CellError):
        assert why.startswith(function.name + ": ")
        assert len(why) < 1000
        assert why.isprintable()


LONG = settings(max_examples=1500, suppress_health_check=list(HealthCheck))


@LONG
@given(calls(fitting=False))
def test_any_cells(call):
    """Any mix of values and ranges: a value or a CellError, never an exception."""
    judged(*call)


@LONG
@given(calls(fitting=True))
def test_nearly_right_cells(call):
    """Arguments that fit, one of which may be anything: the same holds deeper inside."""
    judged(*call)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["iv", "hv", "floor", "rules", "x", ""]), CELL, max_size=4))
def test_any_keywords(named):
    """By name it is no different."""
    check(f.VRP_RATIO(**named))


@settings(max_examples=200)
@given(tables(CELL, 5, 5), st.sampled_from(["VRP_BAND", "VRP_CELL", "VRP_DTE", "VRP_TARGET"]))
def test_a_range_gives_its_own_shape(table, name):
    """Each cell of a range has the answer that it would have alone; blank stays blank."""
    call = FUNCTIONS[name].call
    answer = call(table)
    flat = [cell for row in table for cell in row]
    if any(isinstance(c, (list, tuple, np.ndarray, pd.Series)) for c in flat):
        return
    if len(flat) == 1:
        assert same(answer, call(flat[0]))
        return
    for row, got in zip(table, answer, strict=True):
        for cell, value in zip(row, got, strict=True):
            blank = plain(cell) is None
            assert value is None if blank else same(value, call(cell))


@settings(max_examples=200)
@given(tables(st.none() | SYMBOL | FIGURE | ODD | ERROR, 6, 6))
def test_decisions_keep_the_number_of_rows(table):
    """VRP_DECIDE gives a row for a row, or one error for a table that is none."""
    answer = f.VRP_DECIDE(table)
    if not isinstance(answer, CellError):
        assert len(answer) == len(table)


@settings(max_examples=300)
@given(st.floats(1, 200), st.floats(1, 200), st.floats(0.01, 50))
def test_the_ratio_is_bounded_by_its_floor(iv, hv, floor):
    """A higher floor never gives a higher ratio, and the floor itself bounds it."""
    ratio = f.VRP_RATIO(iv, hv, floor)
    assert 0 <= ratio <= iv / floor
    assert f.VRP_RATIO(iv, hv, floor + 1) <= ratio


@settings(max_examples=300)
@given(st.lists(st.floats(-50, 50), min_size=2, max_size=40), st.floats(-50, 50))
def test_standing_in_a_history(history, value):
    """The z-score turns its sign with its input; the percentile stays within 0 and 100."""
    n = len(history)
    z = f.VRP_ZSCORE(value, history, n)
    turned = f.VRP_ZSCORE(-value, [-h for h in history], n)
    if isinstance(z, CellError):
        assert z == "#NUM!"
    else:
        assert turned == pytest.approx(-z)
    assert 0 <= f.VRP_PERCENTILE(value, history) <= 100


@settings(max_examples=300)
@given(st.floats(-5, 9), st.sampled_from(["positive", "negative", "unknown"]), st.floats(-5, 9))
def test_screen_and_matrix_agree(z, gamma, z_min):
    """What the screen calls high premium is A or B, all else C or D."""
    cell = f.VRP_MATRIX(z, gamma, z_min)
    if gamma == "unknown":
        assert cell == "?"
    else:
        assert (cell in "AB") is f.VRP_SCREEN(z, 50, z_min, 0)
        assert (cell in "AC") is (gamma == "positive")


@settings(max_examples=200)
@given(st.dates(dt.date(1991, 1, 1), dt.date(2035, 12, 31)), st.integers(0, 300))
def test_a_stop_date_is_never_late(expiry, days):
    """The time stop is at most five days before its calendar day, and never after it."""
    stop = f.VRP_STOPDATE(expiry, days)
    assert days <= (expiry - stop).days <= days + 6
    assert f.VRP_DTE(expiry, stop) == (expiry - stop).days
