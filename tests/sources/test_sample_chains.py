"""The sample market's option chains: what they are steered to, and that they could be real."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from vrp_xl.core import calendar
from vrp_xl.core.chain import clean, prices
from vrp_xl.core.exposure import exposure_of
from vrp_xl.sources.chain_figures import chain_snapshot
from vrp_xl.sources.sample.chains import chain_of, expiries, is_third
from vrp_xl.sources.sample.market import path
from vrp_xl.sources.sample.names import NAMES

DAYS = (
    date(2026, 11, 20), date(2026, 11, 19), date(2026, 4, 1), date(2026, 4, 2), date(2024, 2, 29),
    date(2026, 12, 24), date(2027, 1, 4), date(2035, 11, 1),
)  # fmt: skip
"""Fridays and not, before Good Friday, a leap day, a short day, the calendar's end."""
EVERY = pytest.mark.parametrize("name", NAMES, ids=lambda name: name.symbol)
AFTER = calendar.session_close(date(2035, 12, 3))


def made(name, day, back=0):
    """The chain of a name on a day, and what it says."""
    found = path(name)
    chain = chain_of(name, day, found.close[-1 - back], found.atm_iv[-1 - back])
    return chain, chain_snapshot(chain, source="x", name="x", now=AFTER)


@EVERY
@pytest.mark.parametrize("back", [0, 1])
def test_the_figures_are_what_they_are_steered_to(name, back):
    """On any day: 30-day ATM IV, wings, flip, regime, walls, peaks, widths, calls in all."""
    for day in DAYS:
        chain, s = made(name, day, back)
        spot, iv = path(name).close[-1 - back], path(name).atm_iv[-1 - back]
        assert s.atm_iv_30d == pytest.approx(iv, abs=0.0051)
        assert s.put_wing_iv / iv == pytest.approx(name.put_skew, abs=0.03)
        assert s.call_wing_iv / iv == pytest.approx(name.call_skew, abs=0.03)
        assert s.atm_spread_pct == pytest.approx(name.atm_spread_pct, abs=0.8)
        assert s.wing_spread_pct == pytest.approx(name.wing_spread_pct, rel=0.3)
        if not name.oi_delivered:
            assert (s.gamma, s.net_gex, s.put_wall) == ("unknown", None, None)
            continue
        walls = (s.put_wall, s.call_wall, s.max_gamma, s.max_negative_gamma, s.highest_oi_strike)
        assert walls == (
            name.put_wall, name.call_wall, name.max_gamma, name.max_negative_gamma,
            name.highest_oi_strike,
        )  # fmt: skip
        held = chain.open_interest[chain.right > 0].sum()
        assert held == pytest.approx(name.call_oi, abs=0.001 * name.call_oi)
        positive = s.gamma == "positive"
        assert (s.net_gex > 0) == positive
        if name.flip_status == "available":
            assert s.gamma_flip == pytest.approx(name.flip, abs=0.01)
            assert positive == (spot > name.flip)
        else:
            assert s.gamma_flip is None
            assert positive


@EVERY
def test_what_is_delivered_is_rounded_as_a_feed_does_it(name):
    """IV and greeks to four decimals, quotes to cents, whole contracts; puts before calls."""
    chain, _ = made(name, DAYS[0])
    for column, places in (("iv", 4), ("delta", 4), ("gamma", 4), ("bid", 2), ("ask", 2),
                           ("open_interest", 0), ("volume", 0)):  # fmt: skip
        values = getattr(chain, column)
        assert (values == np.round(values, places)).all(), column
        assert np.isfinite(values).all()
    assert (chain.open_interest >= 0).all()
    assert (chain.bid >= 0).all()
    assert (chain.ask > chain.bid).all()
    cleaned = clean(chain)
    assert len(cleaned.chain) == len(chain)
    assert not cleaned.dropped
    assert set(cleaned.marked) <= {"without a two-sided quote"}
    assert not len(cleaned.expired)


@EVERY
def test_quotes_leave_no_free_lunch(name):
    """No quote can be locked in: calls fall with the strike, flies cost, parity holds."""
    chain, _ = made(name, DAYS[0])
    for expiry in np.unique(chain.expiry):
        call = chain.where((chain.expiry == expiry) & (chain.right > 0))
        put = chain.where((chain.expiry == expiry) & (chain.right < 0))
        k = call.strike
        assert (call.bid[1:] <= call.ask[:-1]).all()
        assert (put.bid[:-1] <= put.ask[1:]).all()
        width = np.diff(k)
        for side in (call, put):
            left, right = (
                width[1:] / (width[1:] + width[:-1]),
                width[:-1] / (width[1:] + width[:-1]),
            )
            fly = left * side.ask[:-2] + right * side.ask[2:] - side.bid[1:-1]
            assert (fly >= -0.01).all()
        gap = (call.bid + call.ask - put.bid - put.ask) / 2.0 - (chain.spot - k)
        assert np.abs(gap).max() < 0.011


@EVERY
def test_total_variance_never_falls_with_time(name):
    """Later ATM options hold more variance: no calendar can be locked in."""
    _, s = made(name, DAYS[0])
    total = [point.iv**2 * point.dte for point in s.iv_term]
    assert total == sorted(total)
    assert len(total) >= 9


@EVERY
def test_quotes_stand_around_the_value_of_their_iv(name):
    """The mid is the value of the IV that is delivered, to half a cent and rounding."""
    chain, _ = made(name, DAYS[0])
    value = prices(chain.spot, chain.strike, chain.iv, chain.days, chain.right)
    quoted = chain.bid > 0
    assert np.abs(chain.mid - value)[quoted].max() < 0.011


def test_expiries_are_weekly_monthly_and_quarterly():
    """Fridays for six weeks, third Fridays after, a year of quarters; daily ones on request."""
    day = date(2026, 11, 20)
    listed = expiries(day, daily=False)
    assert listed[:6] == [
        date(2026, 11, 27), date(2026, 12, 4), date(2026, 12, 11), date(2026, 12, 18),
        date(2026, 12, 24), date(2026, 12, 31),
    ]  # fmt: skip
    assert listed[6:] == [
        date(2027, 1, 15), date(2027, 2, 19), date(2027, 3, 19), date(2027, 6, 17),
        date(2027, 9, 17), date(2027, 12, 17),
    ]  # fmt: skip
    assert [d for d in expiries(day, daily=True) if d not in listed] == [
        date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25),
    ]  # fmt: skip
    assert is_third(date(2026, 12, 18))
    assert not is_third(date(2026, 12, 24))


def test_expiries_reach_over_every_tenor():
    """On every day of some years an expiry lies beyond 90 days and two around 30."""
    for day in calendar.trading_days(date(2024, 1, 2), date(2027, 12, 31))[::3]:
        away = [(e - day).days for e in expiries(day, daily=False)]
        assert away == sorted(set(away))
        assert away[0] <= 8
        assert sum(d <= 30 for d in away) >= 3
        assert any(30 <= d <= 42 for d in away)
        assert any(90 < d <= 130 for d in away)


def test_a_chain_is_made_once_a_day():
    """The same chain is handed out again."""
    name = NAMES[0]
    assert made(name, DAYS[0])[0] is made(name, DAYS[0])[0]


def test_open_interest_makes_the_flip():
    """The crossing rises through zero: negative gamma below, positive above."""
    name = NAMES[0]
    exposure = exposure_of(clean(made(name, DAYS[0])[0]))
    nearest = min(exposure.repriced.crossings, key=lambda c: abs(c.spot - name.spot))
    assert nearest.direction == "up"
    assert math.isclose(nearest.spot, name.flip, abs_tol=0.01)
