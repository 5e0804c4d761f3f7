"""Completing a snapshot from stored days: what is filled, from what, and what is not."""

from __future__ import annotations

import dataclasses
import math
import statistics
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core import calendar
from vrp_xl.core.history import OWN, complete
from vrp_xl.core.realized import close_to_close, one_sided
from vrp_xl.core.snapshot import FIGURES

DAY = date(2026, 3, 27)
DAYS = calendar.trading_days(date(2024, 1, 2), DAY)


def series(values, *, end=DAY):
    """Values on consecutive trading days, the last one on `end`."""
    stop = DAYS.index(end) + 1
    return list(zip(DAYS[stop - len(values) : stop], values, strict=True))


def walk(n):
    """Closes that wander, the same ones every time."""
    return [100 * math.exp(0.02 * math.sin(1.7 * i) + 0.01 * math.cos(0.3 * i)) for i in range(n)]


def spreads(n):
    """Spreads that wander, the same ones every time."""
    return [3 + 2 * math.sin(0.9 * i) for i in range(n)]


def test_realized_volatility_from_closes(snap):
    """Every window that has its closes is filled, named, and loses its reason."""
    closes = walk(91)
    got = complete(snap(spot=closes[-1]), {"close": series(closes)}, day=DAY)
    for name, window in {"rv_5d": 5, "rv_20d": 20, "rv_30d": 30, "rv_90d": 90}.items():
        assert getattr(got, name) == close_to_close(closes, window)
        assert got.basis[name] == f"{OWN}: {window + 1} closes"
        assert name not in got.missing
    assert (got.downside_rv, got.upside_rv) == one_sided(closes, 20)


def test_too_few_closes_say_how_many(snap):
    """90 closes fill HV60, and HV90 says that 91 are needed and how they come."""
    got = complete(snap(), {"close": series(walk(90))}, day=DAY)
    assert got.rv_60d is not None
    assert got.rv_90d is None
    assert got.missing["rv_90d"].startswith("90 of 91 closes are stored")
    assert "vrp-xl history import FILE --symbol SPY --field close" in got.missing["rv_90d"]


def test_spot_ends_the_closes_of_a_running_day(snap):
    """Without today's close the spot stands for it; a stored one is not doubled."""
    closes = walk(21)
    before = series(closes[:-1], end=DAYS[-2])
    running = complete(snap(spot=closes[-1]), {"close": before}, day=DAY)
    assert running.rv_20d == close_to_close(closes)
    done = complete(snap(spot=999.0), {"close": series(closes)}, day=DAY)
    assert done.rv_20d == close_to_close(closes)


def test_later_days_are_not_seen(snap):
    """A snapshot of an earlier day knows nothing of what came after."""
    closes, day = walk(30), DAYS[-6]
    full = series(closes)
    known = [(d, v) for d, v in full if d <= day]
    missing_today = [(d, v) for d, v in full if d != day]
    assert complete(snap(), {"close": full}, day=day).rv_20d == close_to_close(
        [v for _, v in known], 20
    )
    spot = dict(full)[day]
    assert complete(snap(spot=spot), {"close": missing_today}, day=day).rv_20d == pytest.approx(
        close_to_close([v for _, v in known], 20)
    )


def test_gaps_do_not_pass_as_daily_returns(snap):
    """Closes of every second day are not 20 daily returns; one or two lost days may be."""
    sparse = series(walk(101))[::2]
    got = complete(snap(), {"close": sparse}, day=DAY)
    assert got.rv_20d is None
    assert "trading days are missing" in got.missing["rv_20d"]
    assert "downside_rv" in got.missing
    nearly = series(walk(23))
    del nearly[5:7]
    assert complete(snap(), {"close": nearly}, day=DAY).rv_20d is not None


@pytest.mark.parametrize("bad", [0.0, -3.0])
def test_a_price_that_is_none_is_a_reason_not_an_error(snap, bad):
    """A close of 0 in the window gives no figure, on the sides as well."""
    closes = walk(40)
    closes[-3] = bad
    got = complete(snap(), {"close": series(closes)}, day=DAY)
    assert got.rv_20d is None
    assert got.downside_rv is None
    assert "must be above 0" in got.missing["rv_20d"]
    assert "must be above 0" in got.missing["downside_rv"]


def test_days_outside_the_calendar_are_a_reason(snap):
    """A day that the calendar does not know fills nothing and raises nothing."""
    closes = [(date(2050, 1, 1) + timedelta(days=i), v) for i, v in enumerate(walk(40))]
    got = complete(snap(), {"close": closes}, day=date(2050, 3, 1))
    assert "trading calendar" in got.missing["rv_20d"]


def test_spreads_are_made_of_their_parts(snap):
    """Spread, windows, sides and variance from IV and RV, each with its basis."""
    got = complete(
        snap(atm_iv=18.45, rv_20d=13.04, rv_5d=10.0, put_wing_iv=21.03, downside_rv=13.68,
             call_wing_iv=16.82, upside_rv=12.61), {}, day=DAY,
    )  # fmt: skip
    assert got.vrp_20d == pytest.approx(5.41)
    assert got.vrp_5d == pytest.approx(8.45)
    assert got.put_vrp == pytest.approx(7.35)
    assert got.call_vrp == pytest.approx(4.21)
    assert got.variance_premium == pytest.approx(0.1845**2 - 0.1304**2)
    assert got.vrp_30d is None
    for name in ("vrp_20d", "vrp_5d", "put_vrp", "call_vrp", "variance_premium"):
        assert got.basis[name].startswith(OWN)


def test_own_z_excludes_today(snap):
    """The stored spread of the day itself is not in its own history."""
    past = spreads(100)
    stored = series([*past, 50.0])
    got = complete(snap(vrp_20d=8.0), {"vrp_20d": stored}, day=DAY)
    expected = (8.0 - statistics.mean(past)) / statistics.stdev(past)
    assert got.z_score == pytest.approx(expected)
    assert got.percentile == 100
    assert got.history_days == 100
    assert got.basis["z_score"] == f"{OWN}: spread over the 100 days before"


def test_own_z_looks_at_the_window_only(snap):
    """Days before the window change nothing."""
    past = spreads(300)
    got = complete(snap(vrp_20d=4.0), {"vrp_20d": series(past, end=DAYS[-2])}, day=DAY)
    newest = past[-252:]
    assert got.history_days == 252
    assert got.z_score == pytest.approx((4 - statistics.mean(newest)) / statistics.stdev(newest))
    short = complete(
        snap(vrp_20d=4.0), {"vrp_20d": series(past, end=DAYS[-2])}, day=DAY, z_window=60
    )
    assert short.history_days == 60


@pytest.mark.parametrize(("n", "known"), [(0, False), (59, False), (60, True)])
def test_too_little_history_has_no_z(snap, n, known):
    """Under 60 days there is none, and the reason counts them."""
    stored = series(spreads(n), end=DAYS[-2])
    got = complete(snap(vrp_20d=4.0), {"vrp_20d": stored}, day=DAY)
    assert (got.z_score is not None) is known
    assert got.history_days == n
    if not known:
        assert got.missing["z_score"].startswith(f"{n} of 60 days")


def test_no_spread_and_flat_history_have_no_z(snap):
    """Nothing to compare, or a history that never changes, is a reason."""
    flat = {"vrp_20d": series([3.0] * 100, end=DAYS[-2])}
    assert "no spread" in complete(snap(), flat, day=DAY).missing["z_score"]
    assert "never changes" in complete(snap(vrp_20d=4.0), flat, day=DAY).missing["z_score"]


def test_iv_rank_and_percentile(snap):
    """Rank within the range, percentile of days below, over the days before."""
    past = [20 + math.sin(i) for i in range(80)]
    got = complete(snap(atm_iv=20.5), {"atm_iv": series(past, end=DAYS[-2])}, day=DAY)
    low, high = min(past), max(past)
    assert got.iv_rank == pytest.approx(100 * (20.5 - low) / (high - low))
    assert got.iv_percentile == pytest.approx(100 * sum(v < 20.5 for v in past) / 80)


def test_what_the_source_delivered_is_never_replaced(snap):
    """Every figure that came with the answer stays, also where one of a pair is missing."""
    given_ = snap(
        spot=100.0, atm_iv=20.0, rv_20d=1.0, vrp_20d=2.0, percentile=12.0, iv_percentile=34.0,
        put_vrp=5.0, downside_rv=6.0, put_wing_iv=30.0, variance_premium=0.5,
    )  # fmt: skip
    stored = {
        "close": series(walk(120)), "vrp_20d": series(spreads(200)), "atm_iv": series(walk(200)),
    }  # fmt: skip
    got = complete(given_, stored, day=DAY)
    for name in FIGURES:
        if getattr(given_, name) is not None:
            assert getattr(got, name) == getattr(given_, name), name
            assert name not in got.basis
    assert got.z_score is not None
    assert got.iv_rank is not None


def test_completing_again_makes_own_figures_anew(snap):
    """The same history gives the same snapshot; a longer one replaces what was ours."""
    closes = walk(60)
    first = complete(snap(atm_iv=20.0), {"close": series(closes)}, day=DAY)
    assert complete(first, {"close": series(closes)}, day=DAY) == first
    closes[-1] *= 1.05
    again = complete(first, {"close": series(closes)}, day=DAY)
    assert again.rv_20d == close_to_close(closes, 20)
    assert complete(first, {}, day=DAY).rv_20d is None


@given(
    st.lists(st.floats(0.5, 1000), max_size=40),
    st.lists(st.floats(-90, 90), max_size=80),
    st.none() | st.floats(0.5, 1000),
    st.none() | st.floats(1, 200),
)
def test_filled_or_explained(snap, closes, past, spot, iv):
    """Nothing raises, and what is ours is either there with a basis or missing with a reason."""
    stored = {
        "close": series(closes), "vrp_20d": series(past, end=DAYS[-2]),
        "atm_iv": series([abs(v) + 1 for v in past], end=DAYS[-2]),
    }  # fmt: skip
    got = complete(snap(spot=spot, atm_iv=iv), stored, day=DAY)
    for name in ("rv_5d", "rv_20d", "rv_90d", "downside_rv", "z_score", "percentile", "iv_rank"):
        if getattr(got, name) is None:
            assert got.missing[name]
        else:
            assert got.basis[name].startswith(OWN)
    assert dataclasses.replace(got) == got
