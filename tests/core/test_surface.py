"""ATM IV, tenors, wings, liquidity of a chain."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import numpy as np
import pytest

from vrp_xl.core.black_scholes import strike_of_delta
from vrp_xl.core.chain import clean, greeks, make_chain, prices
from vrp_xl.core.surface import surface_of

NOON = datetime(2026, 3, 18, 16, 0, tzinfo=UTC)
DAY = date(2026, 3, 18).toordinal()


def smile_chain(levels, *, spot=100.0, slope=-0.1, step=1.0, half_spread=0.01, root_code=None):
    """Calls and puts around spot for {days: ATM IV}, IV = level + slope x ln(K / S)."""
    strikes = np.arange(60.0, 141.0, step)
    parts = []
    for days, level in levels.items():
        iv = level + slope * np.log(strikes / spot)
        parts += [
            (np.full(len(strikes), days), np.full(len(strikes), right), strikes, iv)
            for right in (-1, 1)
        ]
    days, right, strike, iv = (np.concatenate(p) for p in zip(*parts, strict=True))
    value = prices(spot, strike, iv, days, right.astype(np.int8))
    delta, gamma = greeks(spot, strike, iv, days, right.astype(np.int8))
    return make_chain(
        symbol="XYZ", spot=spot, as_of=NOON, right=right, strike=strike, expiry=DAY + days, iv=iv,
        delta=delta, gamma=gamma, bid=value - half_spread, ask=value + half_spread,
        open_interest=np.full(len(strike), 100.0), root_code=root_code,
    )  # fmt: skip


def test_atm_iv_by_expiry_and_tenor():
    """23 days at 20 and 37 days at 22 give 21.2556 at 30; what is not bracketed says why."""
    s = surface_of(clean(smile_chain({23: 0.20, 37: 0.22})).chain)
    assert [(p.dte, round(p.iv, 6)) for p in s.term] == [(23, 20.0), (37, 22.0)]
    assert s.atm_iv == {30: pytest.approx(21.2556, abs=5e-5)}
    assert (
        s.missing[7] == "no 7-day ATM IV: the first expiry is at 23 days; nothing is extrapolated"
    )
    assert (
        s.missing[60] == "no 60-day ATM IV: the last expiry is at 37 days; nothing is extrapolated"
    )
    assert s.expected_move == pytest.approx(100 * s.atm_iv[30] / 100 * math.sqrt(30 / 365))


def test_of_two_equally_near_strikes_the_lower():
    """Spot 100.5 between 100 and 101 takes 100."""
    s = surface_of(clean(smile_chain({30: 0.2}, spot=100.5)).chain)
    assert s.expiries[0].strike == 100.0
    assert s.atm_iv[30] == pytest.approx(20 - 10 * math.log(100 / 100.5))


def test_atm_is_not_looked_for_far_away():
    """Where none of the three nearest strikes has both IVs there is no ATM IV."""
    raw = smile_chain({30: 0.2})
    iv = raw.iv.copy()
    iv[(abs(raw.strike - 100) < 1.5) & (raw.right > 0)] = 0.0
    no_quotes = np.zeros(len(raw))
    lacking = make_chain(
        symbol="XYZ", spot=100.0, as_of=NOON, right=raw.right, strike=raw.strike, iv=iv,
        expiry=raw.expiry, delta=raw.delta, gamma=raw.gamma, bid=no_quotes, ask=no_quotes,
        open_interest=raw.open_interest,
    )  # fmt: skip
    s = surface_of(clean(lacking).chain)
    assert s.missing[30] == "no 30-day ATM IV: no expiry has an ATM IV"
    assert s.expiries[0].atm_oi == 200.0
    assert s.nearest(30) is None


def test_wings_are_where_delta_is_a_quarter():
    """With strikes every 0.1 the wings meet the exact fixed point of the smile."""
    s = surface_of(clean(smile_chain({30: 0.2}, step=0.1)).chain)
    for right, found in (("put", s.put_wing_iv), ("call", s.call_wing_iv)):
        iv = 20.0
        for _ in range(50):
            iv = 20.0 - 10.0 * math.log(strike_of_delta(right, 100, iv, 30, 0.25) / 100)
        assert found == pytest.approx(iv, abs=1e-3)
    assert s.skew == pytest.approx(s.put_wing_iv - s.call_wing_iv)
    assert s.wings_missing == ""


def test_wings_that_the_strikes_do_not_reach():
    """A chain of ATM strikes alone has no wing, and says so."""
    raw = smile_chain({30: 0.2})
    near = clean(raw.where(np.abs(raw.strike - 100) < 1.5)).chain
    s = surface_of(near)
    assert (s.put_wing_iv, s.call_wing_iv, s.skew) == (None, None, None)
    assert "no 25-delta put and call at 30 days" in s.wings_missing


def test_deltas_are_made_where_the_file_has_none():
    """Deltas of 0 are placeholders: those of the IV count."""
    raw = smile_chain({30: 0.2}, step=0.5)
    bare = make_chain(
        symbol="XYZ", spot=100.0, as_of=NOON, right=raw.right, strike=raw.strike, iv=raw.iv,
        expiry=raw.expiry, delta=np.zeros(len(raw)), gamma=raw.gamma,
        open_interest=raw.open_interest,
    )  # fmt: skip
    expected, found = surface_of(clean(raw).chain), surface_of(clean(bare).chain)
    assert found.put_wing_iv == pytest.approx(expected.put_wing_iv)
    assert found.call_wing_iv == pytest.approx(expected.call_wing_iv)


def test_straddle_and_spreads():
    """The ATM straddle at mid is near sqrt(2 / pi) of a standard deviation; widths in percent."""
    s = surface_of(clean(smile_chain({30: 0.2}, slope=0.0)).chain)
    view = s.expiries[0]
    assert view.straddle == pytest.approx(4.5743, abs=1e-4)
    assert view.expected_move == pytest.approx(5.7338, abs=1e-4)
    assert view.atm_spread_pct == pytest.approx(100 * 0.02 / (view.straddle / 2))
    assert view.wing_spread_pct > view.atm_spread_pct
    assert view.atm_oi == 200.0


def test_without_quotes_there_is_no_width():
    """Quotes of zero give no straddle and no width; IV and open interest still count."""
    raw = smile_chain({30: 0.2})
    zero = np.zeros(len(raw))
    quiet = make_chain(
        symbol="XYZ", spot=100.0, as_of=NOON, right=raw.right, strike=raw.strike, iv=raw.iv,
        expiry=raw.expiry, delta=raw.delta, gamma=raw.gamma, bid=zero, ask=zero,
        open_interest=raw.open_interest,
    )  # fmt: skip
    s = surface_of(clean(quiet).chain)
    view = s.liquid
    assert (view.straddle, view.atm_spread_pct, view.wing_spread_pct) == (None, None, None)
    assert (s.atm_iv[30], view.atm_oi) == (pytest.approx(20.0), 200.0)


def test_the_liquid_series_is_in_the_window_with_most_open_interest():
    """45 days with more open interest beats 35; without any in the window the nearest to it."""
    raw = smile_chain({7: 0.2, 35: 0.2, 45: 0.2})
    held = np.where(raw.expiry == DAY + 45, 500.0, np.where(raw.expiry == DAY + 7, 9e5, 100.0))
    busy = make_chain(
        symbol="XYZ", spot=100.0, as_of=NOON, right=raw.right, strike=raw.strike, iv=raw.iv,
        expiry=raw.expiry, delta=raw.delta, gamma=raw.gamma, open_interest=held,
    )  # fmt: skip
    chain = clean(busy).chain
    assert surface_of(chain).liquid.days == 45
    assert surface_of(chain, dte_min=10, dte_max=20).liquid.days == 7


def test_where_am_and_pm_series_end_on_one_day_the_pm_one_leads():
    """SPX and SPXW of one Friday give one point, SPXW's."""
    am, pm = smile_chain({30: 0.25}), smile_chain({30: 0.20})
    size = len(am)
    joined = {
        name: np.concatenate((getattr(am, name), getattr(pm, name)))
        for name in ("right", "strike", "expiry", "iv", "delta", "gamma", "open_interest")
    }
    both = make_chain(
        symbol="SPX", spot=100.0, as_of=NOON, roots=("SPX", "SPXW"),
        root_code=[0] * size + [1] * size, **joined,
    )  # fmt: skip
    s = surface_of(clean(both).chain)
    assert [(v.root, v.days) for v in s.expiries] == [("SPXW", 30.0)]
    assert s.atm_iv[30] == pytest.approx(20.0)


def test_an_empty_chain_has_no_surface():
    """No expiry, no figure, and a reason for each tenor."""
    raw = smile_chain({30: 0.2})
    s = surface_of(clean(raw.where(raw.strike < 0)).chain)
    assert (s.expiries, s.atm_iv, s.liquid) == ((), {}, None)
    assert set(s.missing) == {7, 14, 30, 60, 90}


def changed(raw, **columns):
    """The chain with some columns of its own put in place."""
    held = {n: getattr(raw, n) for n in ("right", "strike", "expiry", "iv", "delta", "gamma")}
    return make_chain(
        symbol="XYZ", spot=raw.spot, as_of=NOON, open_interest=raw.open_interest, **held | columns
    )


def test_atm_is_the_nearest_strike_that_has_both_ivs():
    """Where the nearest lacks a call, the next one speaks."""
    raw = smile_chain({30: 0.2}, spot=100.2)
    iv = raw.iv.copy()
    iv[(raw.strike == 100) & (raw.right > 0)] = 0.0
    s = surface_of(clean(changed(raw, iv=iv)).chain)
    assert s.expiries[0].strike == 101.0
    assert s.atm_iv[30] == pytest.approx(20 - 10 * math.log(101 / 100.2))


def test_deltas_of_the_file_lead_where_they_are_possible():
    """A quarter at 110 and 90 is where the wings are; one bad delta costs no other."""
    raw = smile_chain({30: 0.2})
    delta = np.where(
        raw.right > 0, 0.25 + (110 - raw.strike) / 150, -0.25 - (raw.strike - 90) / 150
    )
    inside = (raw.strike >= 85) & (raw.strike <= 115)
    raw, delta = raw.where(inside), delta[inside]
    s = surface_of(clean(changed(raw, delta=delta)).chain)
    assert s.put_wing_iv == pytest.approx(20 - 10 * math.log(0.90))
    assert s.call_wing_iv == pytest.approx(20 - 10 * math.log(1.10))
    delta[raw.strike == 101] = 0.0
    patched = surface_of(clean(changed(raw, delta=delta)).chain)
    assert patched.call_wing_iv == pytest.approx(s.call_wing_iv)


@pytest.mark.parametrize(("lowest", "words"), [(100.0, "put"), (60.0, "call")])
def test_a_single_wing_that_is_missing_is_named(lowest, words):
    """The side that the strikes do not reach, and not the other."""
    raw = smile_chain({30: 0.2})
    half = raw.where((raw.strike >= lowest) & ((lowest == 100.0) | (raw.strike <= 100.0)))
    s = surface_of(clean(half).chain)
    assert f"no 25-delta {words} at 30 days" in s.wings_missing


STRIKES = (90.0, 95.0, 100.0, 105.0, 110.0)


def small(puts, calls, *, days=30, put_ivs=None, call_ivs=None, **columns):
    """One series of five strikes with these deltas, and IVs in decimals."""
    size = 2 * len(STRIKES)
    known = {
        "right": [-1] * 5 + [1] * 5, "strike": [*STRIKES] * 2, "expiry": [DAY + days] * size,
        "iv": [*(put_ivs or [0.2] * 5), *(call_ivs or [0.2] * 5)], "delta": [*puts, *calls],
        "gamma": [0.01] * size, "open_interest": [10.0] * size,
        "bid": [0.99] * size, "ask": [1.01] * size,
    }  # fmt: skip
    return make_chain(symbol="XYZ", spot=100.0, as_of=NOON, **known | columns)


PUTS, CALLS = (-0.1, -0.2, -0.5, -0.7, -0.9), (0.9, 0.7, 0.5, 0.3, 0.1)


@pytest.mark.parametrize(
    ("at", "nearer", "further", "iv", "place"),
    [
        (0.5, 0.3, 0.2, 18.0, 2), (0.5, 0.29, 0.2, 19 - 2 * 4 / 9, 1), (0.5, 0.31, 0.2, None, 2),
        (0.5, 0.25, 0.1, 19.0, 1), (0.4, 0.2, 0.1, 20 - 0.75, 1), (0.3, 0.2, 0.1, 19.5, 1),
        (0.29, 0.2, 0.1, 20 - 4 / 9, 0), (0.25, 0.2, 0.1, 20.0, 0), (0.24, 0.2, 0.1, None, None),
        (0.5, 0.4, 0.26, None, None), (0.5, 0.4, 0.25, 17.0, 2),
    ],
)  # fmt: skip
def test_a_wing_is_straight_in_delta(at, nearer, further, iv, place):
    """IVs of 20, 19, 17 from spot outwards; of the width the nearer contract's, on both sides."""
    bid = np.full(10, 0.99)
    widths = (0.01, 0.02, 0.04)
    for k, width in enumerate(widths):
        bid[[2 - k, 7 + k]] = 1.01 - width * 1.01
    raw = small(
        (-further, -nearer, -at, -0.8, -0.9), (0.9, 0.8, at, nearer, further),
        put_ivs=(0.17, 0.19, 0.2, 0.3, 0.4), call_ivs=(0.4, 0.3, 0.2, 0.19, 0.17), bid=bid,
    )  # fmt: skip
    s = surface_of(clean(raw).chain)
    view = s.expiries[0]
    assert view.put_wing_iv == view.call_wing_iv == s.put_wing_iv == s.call_wing_iv
    if place is None:
        assert (view.put_wing_iv, view.wing_spread_pct, view.skew, s.skew) == (None,) * 4
    else:
        if iv is not None:
            assert view.put_wing_iv == pytest.approx(iv)
        assert (view.skew, s.skew) == (0.0, 0.0)
        width = widths[place]
        assert view.wing_spread_pct == pytest.approx(200 * width / (2 - width))


def test_both_wings_make_the_width_and_the_skew():
    """The mean of the two widths, put less call; of one wing alone there is none."""
    bid = [0.9, 0.9, 0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.8, 0.8]
    puts = (-0.1, -0.25, -0.5, -0.7, -0.9)
    calls = (0.9, 0.7, 0.5, 0.25, 0.1)
    ivs = {"put_ivs": (0.3, 0.25, 0.2, 0.2, 0.2), "call_ivs": (0.2, 0.2, 0.2, 0.18, 0.1)}
    s = surface_of(clean(small(puts, calls, bid=bid, ask=[1.0] * 10, **ivs)).chain)
    view = s.expiries[0]
    assert view.wing_spread_pct == pytest.approx((20 / 1.9 + 40 / 1.8) / 2)
    assert view.skew == s.skew == pytest.approx(25.0 - 18.0)
    one = surface_of(clean(small(puts, (0.9, 0.7, 0.5, 0.4, 0.3), bid=bid, ask=[1.0] * 10)).chain)
    assert (one.put_wing_iv, one.call_wing_iv, one.skew) == (20.0, None, None)
    assert (one.expiries[0].wing_spread_pct, one.expiries[0].skew) == (None, None)
    assert one.wings_missing == (
        "no 25-delta call at 30 days: no expiries with it on both sides of 30 days"
    )


def test_every_figure_of_an_expiry():
    """At the strike nearest to spot: means, sums, widths; open interest of all."""
    held = [1.0, 2.0, 3.0, 4.0, math.nan, 6.0, 7.0, 8.0, 9.0, 10.0]
    raw = small(
        PUTS, CALLS, open_interest=held, put_ivs=(0.3, 0.26, 0.22, 0.2, 0.2),
        bid=[1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 3.0, 1.0, 1.0],
        ask=[1.2, 1.2, 2.2, 1.2, 1.2, 1.2, 1.2, 3.4, 1.2, 1.2],
    )  # fmt: skip
    view = surface_of(clean(raw).chain).expiries[0]
    assert (view.ordinal, view.days, view.root, view.strike) == (DAY + 30, 30.0, "XYZ", 100.0)
    assert view.atm_iv == pytest.approx(21.0)
    assert view.straddle == pytest.approx(2.1 + 3.2)
    assert view.expected_move == pytest.approx(21.0 * math.sqrt(30 / 365))
    assert (view.atm_oi, view.open_interest) == (11.0, 50.0)
    assert view.atm_spread_pct == pytest.approx((100 * 0.2 / 2.1 + 100 * 0.4 / 3.2) / 2)
    bare = small(PUTS, CALLS, open_interest=[math.nan] * 10, iv=[math.nan] * 10, bid=[0.0] * 10)
    view = surface_of(clean(bare).chain).expiries[0]
    assert (view.strike, view.atm_iv, view.expected_move, view.atm_oi) == (100.0, None, None, None)
    assert (view.straddle, view.atm_spread_pct, view.open_interest) == (None, None, 0.0)


def joined(*parts, roots=("XYZ",)):
    """Several small chains as one."""
    names = ("right", "strike", "expiry", "iv", "delta", "gamma", "open_interest", "bid", "ask")
    columns = {n: np.concatenate([getattr(part, n) for part, _ in parts]) for n in names}
    codes = np.concatenate([np.full(len(part), code, np.int8) for part, code in parts])
    return make_chain(symbol=roots[0], spot=100.0, as_of=NOON, roots=roots, root_code=codes,
                      **columns)  # fmt: skip


def test_of_two_series_of_a_day_the_one_with_an_iv_leads():
    """SPXW leads SPX, but not where it has no ATM IV; both are looked at for liquidity."""
    am, pm = small(PUTS, CALLS, put_ivs=[0.3] * 5, call_ivs=[0.3] * 5), small(PUTS, CALLS)
    dark = small(PUTS, CALLS, iv=[math.nan] * 10, bid=[0.0] * 10)
    roots = ("SPX", "SPXW")
    for first, second, root in ((am, pm, "SPXW"), (am, dark, "SPX"), (dark, pm, "SPXW"),
                                (dark, dark, "SPXW")):  # fmt: skip
        s = surface_of(clean(joined((first, 0), (second, 1), roots=roots)).chain)
        assert [view.root for view in s.expiries] == [root]
    alike = surface_of(clean(joined((pm, 1), (pm, 0), roots=("XYZ", "XYZ1"))).chain)
    assert [view.root for view in alike.expiries] == ["XYZ"]
    busy = small(PUTS, CALLS, open_interest=[99.0] * 10)
    s = surface_of(clean(joined((busy, 0), (pm, 1), roots=roots)).chain)
    assert (s.expiries[0].root, s.liquid.root) == ("SPXW", "SPX")


def test_tenors_between_expiries_and_beyond():
    """Linear in variance between, none beyond; where the nearest is a day away it is said so."""
    flat = [small(PUTS, CALLS, days=days, put_ivs=[iv] * 5, call_ivs=[iv] * 5)
            for days, iv in ((1, 0.3), (10, 0.2), (20, 0.25), (90, 0.22))]  # fmt: skip
    s = surface_of(clean(joined(*((part, 0) for part in flat))).chain)
    assert [(p.dte, p.iv) for p in s.term] == [
        (1, pytest.approx(30.0)), (10, 20.0), (20, 25.0), (90, pytest.approx(22.0)),
    ]  # fmt: skip
    variance = (25**2 * 20 * 60 + 22**2 * 90 * 10) / (70 * 30)
    assert s.atm_iv[30] == pytest.approx(math.sqrt(variance))
    assert s.expected_move == pytest.approx(s.atm_iv[30] * math.sqrt(30 / 365))
    assert (sorted(s.atm_iv), s.missing, s.atm_iv[90]) == ([7, 14, 30, 60, 90], {}, 22.0)
    assert s.put_wing_iv == s.call_wing_iv == pytest.approx(s.atm_iv[30])
    assert (s.nearest(14).days, s.nearest(15).days, s.nearest(16).days) == (10.0, 10.0, 20.0)
    early = surface_of(clean(joined((flat[0], 0))).chain)
    assert early.missing[7] == (
        "no 7-day ATM IV: the last expiry is at 1 day; nothing is extrapolated"
    )
    assert (early.expected_move, early.put_wing_iv, early.atm_iv) == (None, None, {})
    today = surface_of(clean(small(PUTS, CALLS, days=0)).chain)
    assert (today.term, today.missing[7][-49:]) == (
        (), "the last expiry is at 0 days; nothing is extrapolated"[-49:],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "low", "high", "want"),
    [
        ((29, 30, 60, 61), 30, 60, 30), ((29, 61), 30, 60, 29), ((28, 61), 30, 60, 61),
        ((20, 70), 30, 60, 20), ((10, 25, 200), 30, 60, 25), ((45,), 45, 45, 45),
        ((29, 61), 10, 28, 29), ((29, 61), 62, 90, 61), ((30, 50), 10, 29, 30),
    ],
)  # fmt: skip
def test_the_series_that_liquidity_is_judged_by(days, low, high, want):
    """The window holds both its ends; of equal open interest, and of equally near, the first."""
    chain = clean(joined(*((small(PUTS, CALLS, days=d), 0) for d in days))).chain
    assert surface_of(chain, dte_min=low, dte_max=high).liquid.days == want
    if (low, high) == (30, 60):
        assert surface_of(chain).liquid.days == want


@pytest.mark.parametrize("end", [30, 60])
def test_the_ends_of_the_window_count_with_their_open_interest(end):
    """The first and the last day of it, where most is held there."""
    held = {30: 5.0, 45: 10.0, 60: 6.0} | {end: 99.0}
    parts = [(small(PUTS, CALLS, days=d, open_interest=[n] * 10), 0) for d, n in held.items()]
    assert surface_of(clean(joined(*parts)).chain).liquid.days == end


def test_possible_deltas_are_used_and_impossible_ones_made():
    """Of size 0 or 1 and beyond they are none; those of the others stay."""
    even = (-0.1, -0.2, -0.5, -0.7, -0.9)
    own = surface_of(clean(small(even, CALLS)).chain).expiries[0]
    assert own.put_wing_iv == pytest.approx(20.0)
    ivs = {"put_ivs": (0.3, 0.26, 0.2, 0.2, 0.2)}
    for bad in (0.0, -1.0, -1.5, math.nan):
        raw = small((-0.1, bad, -0.5, -0.7, -0.9), CALLS, **ivs)
        delta, _ = greeks(100.0, np.array([95.0]), np.array([0.26]), np.array([30.0]),
                          np.array([-1], np.int8))  # fmt: skip
        size = -float(delta[0])
        share = (0.5 - 0.25) / (0.5 - size)
        want = 20 + share * 6 if size <= 0.25 else 26 + (size - 0.25) / (size - 0.1) * 4
        found = surface_of(clean(raw).chain).expiries[0].put_wing_iv
        assert found == pytest.approx(want)


def test_a_wing_is_looked_for_out_of_the_money_among_known_ivs():
    """The strike at spot counts for both sides; one without an IV is passed over."""
    gap = small(
        (-0.1, -0.25, -0.5, -0.7, -0.9), CALLS, put_ivs=(0.3, math.nan, 0.2, 0.2, 0.2),
        bid=[0.0] * 10,
    )  # fmt: skip
    view = surface_of(clean(gap).chain).expiries[0]
    assert view.put_wing_iv == pytest.approx(20 + 0.25 / 0.4 * 10)
    inside = small((-0.3, -0.4, -0.5, -0.2, -0.1), (0.1, 0.2, 0.5, 0.4, 0.3))
    view = surface_of(clean(inside).chain).expiries[0]
    assert (view.put_wing_iv, view.call_wing_iv) == (None, None)


def test_calls_alone_have_a_wing_and_no_money():
    """No strike lists both: nothing at the money, and the call wing all the same."""
    calls = small(PUTS, CALLS).where(slice(5, 10))
    view = surface_of(clean(calls).chain).expiries[0]
    assert (view.strike, view.atm_iv, view.straddle, view.expected_move) == (None,) * 4
    assert (view.atm_oi, view.atm_spread_pct, view.put_wing_iv) == (None, None, None)
    assert (view.call_wing_iv, view.open_interest) == (pytest.approx(20.0), 50.0)
