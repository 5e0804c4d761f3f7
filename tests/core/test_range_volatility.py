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
from vrp_xl.core.realized import RANGE_ESTIMATORS, Bar, yang_zhang
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


@pytest.mark.parametrize(
    ("name", "estimator", "window", "told"),
    [
        ("yang_zhang_20d", "yang_zhang", 20,
         "Yang-Zhang (overnight gap, open to close, Rogers-Satchell)"),
        ("yang_zhang_30d", "yang_zhang", 30,
         "Yang-Zhang (overnight gap, open to close, Rogers-Satchell)"),
        ("rogers_satchell_20d", "rogers_satchell", 20,
         "Rogers-Satchell (free of drift, no overnight gap)"),
        ("garman_klass_20d", "garman_klass", 20, "Garman-Klass (no overnight gap)"),
        ("parkinson_20d", "parkinson", 20, "Parkinson (high and low alone, no overnight gap)"),
    ],
)  # fmt: skip
def test_each_figure_is_its_estimator_over_its_window(name, estimator, window, told):
    """Of the newest bars, with the close before them; beside it stands what it is."""
    grown = [
        dated._replace(bar=dated.bar._replace(high=dated.bar.high + n / 10))
        for n, dated in enumerate(bars())
    ]
    shell = SHELL.replace(basis={"spot": "a quote"})
    s = with_range_volatility(shell, grown, day=DAY)
    newest = [dated.bar for dated in grown[-window:]]
    before = grown[-window - 1].bar.close
    want = (
        yang_zhang(newest, before)
        if estimator == "yang_zhang"
        else RANGE_ESTIMATORS[estimator](newest)
    )
    assert getattr(s, name) == pytest.approx(want)
    assert s.basis[name] == f"{told}, {window} days to 2026-03-18, x sqrt(252)"
    assert s.basis["spot"] == "a quote"
    assert name not in s.missing


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
    assert s.missing["yang_zhang_20d"] == (
        f"The close goes from 100.5 to 50.75 on {DAYS[-10]}, as in a 2:1 split: the gap of that "
        "morning is none. Prices that are adjusted for the split fill it."
    )
    assert "yang_zhang_20d" not in s.basis
    whole = with_range_volatility(SHELL, bars(), day=DAY)
    assert s.parkinson_20d == pytest.approx(whole.parkinson_20d)
    assert whole.yang_zhang_20d is not None


def test_the_gap_before_the_window_counts_and_of_two_steps_the_newest_is_told():
    """Yang-Zhang of 20 days has 20 gaps, the first of them from the close before."""
    first = bars()[-20:]
    first[0] = first[0]._replace(previous_close=203.0)
    told = with_range_volatility(SHELL, first, day=DAY).missing["yang_zhang_20d"]
    assert f"from 203 to 101.5 on {DAYS[-20]}, as in a 2:1 split" in told
    twice = [
        dated if dated.day < DAYS[-5] else dated._replace(bar=Bar(*(x / 3 for x in dated.bar)))
        for dated in first
    ]
    told = with_range_volatility(SHELL, twice, day=DAY).missing["yang_zhang_20d"]
    assert f"on {DAYS[-5]}, as in a 3:1 split" in told


def test_too_few_days_say_how_many():
    """20 bars are enough for the 20-day figures but for the close before the first of them."""
    s = with_range_volatility(SHELL, bars(DAYS[-20:]), day=DAY)
    assert s.parkinson_20d is not None
    assert s.yang_zhang_20d is None
    fills = "A price history with them fills it (source folder)."
    assert s.missing["yang_zhang_20d"] == f"The close before {DAYS[-20]} is not known. {fills}"
    assert s.missing["yang_zhang_30d"] == (
        f"Open, high and low are there for 20 of 30 days. {fills}"
    )


def test_a_few_days_may_lack_and_many_may_not():
    """Two of twenty trading days without a bar are stood; three are told."""
    all_bars = bars()
    two = all_bars[:-8] + all_bars[-6:]
    assert with_range_volatility(SHELL, two, day=DAY).parkinson_20d is not None
    three = all_bars[:-8] + all_bars[-5:]
    s = with_range_volatility(SHELL, three, day=DAY)
    assert s.parkinson_20d is None
    assert s.missing["parkinson_20d"] == (
        f"3 trading days since {DAYS[-23]} have no open, high and low. A price history with them "
        "fills it (source folder)."
    )


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
