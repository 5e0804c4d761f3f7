"""Realized volatility by estimator: which bars are used, and what is said where they lack."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.calendar import trading_days
from vrp_xl.core.range_volatility import (
    CONVENTION,
    RANGE_FIGURES,
    DatedBar,
    with_range_volatility,
)
from vrp_xl.core.realized import RANGE_ESTIMATORS, Bar
from vrp_xl.core.snapshot import FIGURES, Snapshot

DAYS = trading_days(date(2026, 1, 5), date(2026, 3, 18))[-35:]
DAY = DAYS[-1]
SHELL = Snapshot(
    symbol="X", source="x", as_of=datetime(2026, 3, 18, 20, tzinfo=UTC),
    fetched_at=datetime(2026, 3, 18, 20, tzinfo=UTC),
)  # fmt: skip


def bars(days=DAYS, size=1.0):
    """A bar a day, one like the other; a gap of half a percent each morning, up and down."""
    out = []
    for n, day in enumerate(days):
        level = 100.0 + n % 2
        bar = Bar(level, level + 2 * size, level - 1.5 * size, level + 0.5 * size)
        out.append(DatedBar(day, bar, out[-1].bar.close if out else None))
    return out


def test_every_figure_has_its_place_and_its_convention():
    """The record knows each of them, and each estimator says what it sees."""
    assert set(RANGE_FIGURES) <= set(FIGURES)
    assert {f.estimator for f in RANGE_FIGURES.values()} == set(CONVENTION)
    assert set(RANGE_ESTIMATORS) | {"yang_zhang"} == set(CONVENTION)


def test_published_three_bars():
    """The hand-checked figures of three bars, as a window of the newest of many."""
    three = (
        Bar(100.5, 102, 99.9, 101.5), Bar(101.2, 101.9, 99.4, 99.7), Bar(99.8, 101.5, 99.1, 101.0),
    )  # fmt: skip
    many = [DatedBar(day, three[n % 3], 100.0) for n, day in enumerate(DAYS[-30:])]
    s = with_range_volatility(SHELL, many, day=DAY)
    # of 20 bars the third to the first stand 7, 7 and 6 times
    weights = (6, 7, 7)
    squares = [RANGE_ESTIMATORS["parkinson"]([bar]) ** 2 for bar in three]
    mean = sum(w * x for w, x in zip(weights, squares, strict=True)) / 20
    assert s.parkinson_20d == pytest.approx(mean**0.5)
    assert sum(squares) / 3 == pytest.approx(22.1705**2, rel=1e-5)


def test_later_bars_do_not_count():
    """A record of an earlier day uses what was there then."""
    early = with_range_volatility(SHELL, bars(), day=DAYS[-3])
    assert early == with_range_volatility(SHELL, bars()[:-2], day=DAYS[-3])
    assert f"20 days to {DAYS[-3]}" in early.basis["parkinson_20d"]


def test_a_step_like_a_split_gives_no_yang_zhang():
    """The gap of that morning is none; what sees no gap stays as it is."""
    half = [
        b if b.day < DAYS[-10] else DatedBar(
            b.day, Bar(*(price / 2 for price in b.bar)),
            b.previous_close if b.day == DAYS[-10] else b.previous_close / 2,
        )
        for b in bars()
    ]  # fmt: skip
    s = with_range_volatility(SHELL, half, day=DAY)
    assert (s.yang_zhang_20d, s.yang_zhang_30d) == (None, None)
    assert f"on {DAYS[-10]}, as in a 2:1 split" in s.missing["yang_zhang_20d"]
    whole = with_range_volatility(SHELL, bars(), day=DAY)
    assert s.parkinson_20d == pytest.approx(whole.parkinson_20d)
    assert whole.yang_zhang_20d is not None


def test_too_few_days_say_how_many():
    """20 bars are enough for the 20-day figures but for the close before the first of them."""
    s = with_range_volatility(SHELL, bars(DAYS[-20:]), day=DAY)
    assert s.parkinson_20d is not None
    assert s.yang_zhang_20d is None
    assert s.missing["yang_zhang_20d"].startswith(f"The close before {DAYS[-20]} is not known.")
    assert s.missing["yang_zhang_30d"].startswith("Open, high and low are there for 20 of 30 days")


def test_a_few_days_may_lack_and_many_may_not():
    """Two of twenty trading days without a bar are stood; three are told."""
    all_bars = bars()
    two = all_bars[:-8] + all_bars[-6:]
    assert with_range_volatility(SHELL, two, day=DAY).parkinson_20d is not None
    three = all_bars[:-8] + all_bars[-5:]
    s = with_range_volatility(SHELL, three, day=DAY)
    assert s.parkinson_20d is None
    assert s.missing["parkinson_20d"].startswith("3 trading days since")


def test_prices_that_ended_long_ago_are_no_volatility_of_today():
    """The bars must be those of the days before the record."""
    s = with_range_volatility(SHELL, bars(DAYS[:25]), day=DAY)
    assert s.parkinson_20d is None


@given(st.floats(0.1, 10))
def test_wider_bars_are_more_volatile(size):
    """Every estimator grows with the size of the bar."""
    small = with_range_volatility(SHELL, bars(size=size), day=DAY)
    large = with_range_volatility(SHELL, bars(size=size * 1.1), day=DAY)
    for name in RANGE_FIGURES:
        assert getattr(large, name) > getattr(small, name) > 0
