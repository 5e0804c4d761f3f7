"""Cleaning a chain, its greeks and its IVs."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from vrp_xl.core import calendar
from vrp_xl.core import chain as ch
from vrp_xl.core.black_scholes import price
from vrp_xl.core.exposure import exposure_of
from vrp_xl.errors import InputError

NOON = datetime(2026, 3, 20, 16, 0, tzinfo=UTC)  # 12:00 in New York, a third Friday
TODAY = date(2026, 3, 20)


def make(**columns):
    """A chain of SPX at 100 with sensible defaults for the columns that a test leaves out."""
    size = len(columns["strike"])
    filled = {
        "expiry": [TODAY.toordinal() + 30] * size, "right": [1] * size, "bid": [1.0] * size,
        "ask": [1.1] * size, "iv": [0.2] * size, "delta": [0.5] * size, "gamma": [0.01] * size,
        "open_interest": [10.0] * size, "volume": [0.0] * size,
    }  # fmt: skip
    info = {"symbol": "SPX", "spot": 100.0, "as_of": NOON, "roots": ("SPX", "SPXW")}
    return ch.make_chain(**info | filled | columns)


def test_series_expire_by_the_clock():
    """At noon the AM series of the day is over and the PM series is not; after 16:00 both are."""
    day = TODAY.toordinal()
    columns = {
        "strike": [100.0] * 4,
        "root_code": [0, 1, 0, 1],
        "expiry": [day, day, day + 1, day - 1],
    }
    noon = ch.clean(make(**columns))
    assert noon.dropped == {ch.EXPIRED: 2}
    assert [str(r) for r in noon.chain.root] == ["SPXW", "SPX"]
    assert noon.chain.days.tolist() == pytest.approx([4 / 24, 1.0])
    early = ch.clean(make(**columns, as_of=datetime(2026, 3, 20, 13, 0, tzinfo=UTC)))
    assert early.dropped == {ch.EXPIRED: 1}
    late = ch.clean(make(**columns, as_of=datetime(2026, 3, 20, 20, 0, tzinfo=UTC)))
    assert (late.dropped, len(late.chain), len(late.expired)) == ({ch.EXPIRED: 3}, 1, 3)


def test_short_days_end_early():
    """On the day after Thanksgiving the day's series end at 13:00."""
    friday = date(2025, 11, 28)
    columns = {"strike": [100.0], "root_code": [1], "expiry": [friday.toordinal()]}
    before = make(**columns, as_of=datetime(2025, 11, 28, 17, 59, tzinfo=UTC))
    after = make(**columns, as_of=datetime(2025, 11, 28, 18, 0, tzinfo=UTC))
    assert not ch.clean(before).dropped
    morning = make(**columns, as_of=datetime(2025, 11, 28, 16, 0, tzinfo=UTC))
    assert ch.days_to_expiry(morning).tolist() == [pytest.approx(2 / 24)]
    assert ch.clean(after).dropped == {ch.EXPIRED: 1}


def test_the_last_hour_counts_as_an_hour():
    """A minute before the close a series still has an hour: gamma must not run away."""
    late = make(
        strike=[100.0], root_code=[1], expiry=[TODAY.toordinal()],
        as_of=datetime(2026, 3, 20, 19, 59, tzinfo=UTC),
    )  # fmt: skip
    assert ch.clean(late).chain.days.tolist() == [1 / 24]


def test_what_is_dropped_is_counted_and_the_first_of_two_stays():
    """Impossible strikes and contracts listed twice go; a call and a put are not twice."""
    cleaned = ch.clean(
        make(strike=[0.0, 90, 90, 90, 1e9], right=[1, 1, 1, -1, 1], iv=[0.2, 0.21, 0.3, 0.4, 0.2])
    )
    assert cleaned.dropped == {ch.NO_STRIKE: 2, ch.TWICE: 1}
    assert cleaned.chain.right.tolist() == [-1, 1]
    assert cleaned.chain.iv.tolist() == [0.4, 0.21]
    assert "1 listed twice" in cleaned.words


def test_bad_quotes_keep_their_iv_and_open_interest():
    """A zero or crossed quote gives no mid, and nothing else is lost."""
    cleaned = ch.clean(make(strike=[90.0, 95, 100, 105], bid=[0, 2, 1, np.nan], ask=[1, 1, 1.2, 1]))
    assert cleaned.marked == {ch.NO_QUOTE: 2, ch.CROSSED: 1}
    assert np.isfinite(cleaned.chain.mid).tolist() == [False, False, True, False]
    assert cleaned.chain.open_interest.tolist() == [10.0] * 4
    assert cleaned.chain.iv_from.tolist() == [ch.IV_FILE] * 4


def test_iv_from_the_file_or_solved_from_the_mid():
    """0, the placeholder 0.02 and 600 % are not believed; with quotes they are solved by parity."""
    days, iv, forward = 30, 0.25, 101.0
    strikes = [95.0, 100, 100, 105, 105, 110]
    rights = [-1, -1, 1, -1, 1, 1]
    mids = [
        price("call" if r > 0 else "put", forward, k, 100 * iv, days)
        for k, r in zip(strikes, rights, strict=True)
    ]
    cleaned = ch.clean(
        make(
            strike=strikes, right=rights, bid=[m - 0.01 for m in mids],
            ask=[m + 0.01 for m in mids], iv=[0.0, 0.25, 0.02, 6.0, np.nan, 0.25],
        )
    )  # fmt: skip
    assert cleaned.chain.iv.tolist() == pytest.approx([iv] * 6, abs=1e-9)
    file, solved = ch.IV_FILE, ch.IV_SOLVED
    assert cleaned.chain.iv_from.tolist() == [solved, file, solved, solved, solved, file]
    assert cleaned.solved == 4
    assert cleaned.marked == {ch.UNSOLVED: 3, ch.ABSURD: 1}


def test_no_iv_without_a_bid_that_holds_time_value():
    """Deep in the money the spread hides the time value: there is no IV, and none is made up."""
    cleaned = ch.clean(
        make(strike=[50.0, 50, 100, 100], right=[-1, 1, -1, 1], bid=[0, 49.8, 2.2, 2.2],
             ask=[0.05, 50.3, 2.4, 2.4], iv=[0, 0, 0.2, 0.2])
    )  # fmt: skip
    assert cleaned.chain.iv_from.tolist() == [ch.IV_NONE, ch.IV_NONE, ch.IV_FILE, ch.IV_FILE]
    assert np.isnan(cleaned.chain.iv[:2]).all()


def test_missing_greeks_are_made_from_the_iv_and_zero_is_not_missing():
    """Where the file has no delta or gamma the IV gives them; a gamma of 0 stays."""
    cleaned = ch.clean(
        make(strike=[95.0, 100, 105], gamma=[0.0, np.nan, 0.01], delta=[0.9, 0.5, np.nan])
    )
    chain = cleaned.chain
    assert cleaned.marked[ch.NO_GREEKS] == 2
    deviation = 0.2 * math.sqrt(30 / 365)
    d1 = 0.5 * deviation
    expected = math.exp(-0.5 * d1 * d1) / math.sqrt(2 * math.pi) / (100 * deviation)
    assert chain.gamma.tolist() == [0.0, pytest.approx(expected, rel=1e-12), 0.01]
    assert chain.delta[1] == 0.5
    assert 0.1 < chain.delta[2] < 0.3


def test_an_empty_chain_is_clean():
    """A chain without contracts goes through."""
    cleaned = ch.clean(make(strike=[]))
    assert (len(cleaned.chain), cleaned.words) == (0, "")
    assert ch.series_slices(cleaned.chain) == []


@pytest.mark.parametrize(
    "change",
    [{"spot": 0.0}, {"spot": math.nan}, {"as_of": NOON.replace(tzinfo=None)}, {"iv": [0.2, 0.2]}],
)
def test_chains_that_make_no_sense(change):
    """No spot, no time zone, or columns of unequal length."""
    with pytest.raises(InputError):
        make(strike=[100.0], **change)


GRID = [
    (spot, strike, iv, days, right)
    for spot in (100.0,)
    for strike in (60.0, 80.0, 95.0, 100.0, 105.0, 130.0, 180.0)
    for iv in (0.05, 0.2, 0.6, 2.0)
    for days in (1.0, 30.0, 365.0, 730.0)
    for right in (1, -1)
]


def columns_of_grid():
    """The grid as columns."""
    return [np.array(column, dtype=float) for column in zip(*GRID, strict=True)]


def test_greeks_and_prices_agree_with_vollib():
    """Delta, gamma and value to 1e-9 over 224 contracts."""
    black_scholes = pytest.importorskip("vollib.black_scholes")
    analytical = pytest.importorskip("vollib.black_scholes.greeks.analytical")
    _, strike, iv, days, right = columns_of_grid()
    delta, gamma = ch.greeks(100.0, strike, iv, days, right.astype(np.int8))
    value = ch.prices(100.0, strike, iv, days, right.astype(np.int8))
    for i, (spot, k, s, d, r) in enumerate(GRID):
        flag, t = "c" if r > 0 else "p", d / 365.0
        assert delta[i] == pytest.approx(analytical.delta(flag, spot, k, t, 0.0, s), abs=1e-9)
        assert gamma[i] == pytest.approx(analytical.gamma(flag, spot, k, t, 0.0, s), abs=1e-9)
        assert value[i] == pytest.approx(
            black_scholes.black_scholes(flag, spot, k, t, 0.0, s), abs=1e-9
        )


def test_greeks_and_prices_agree_with_quantlib():
    """The same against QuantLib's Black calculator."""
    quantlib = pytest.importorskip("QuantLib")
    _, strike, iv, days, right = columns_of_grid()
    delta, gamma = ch.greeks(100.0, strike, iv, days, right.astype(np.int8))
    value = ch.prices(100.0, strike, iv, days, right.astype(np.int8))
    for i, (spot, k, s, d, r) in enumerate(GRID):
        kind = quantlib.Option.Call if r > 0 else quantlib.Option.Put
        payoff = quantlib.PlainVanillaPayoff(kind, k)
        exact = quantlib.BlackCalculator(payoff, spot, s * math.sqrt(d / 365.0), 1.0)
        assert delta[i] == pytest.approx(exact.delta(spot), abs=1e-9)
        assert gamma[i] == pytest.approx(exact.gamma(spot), abs=1e-9)
        assert value[i] == pytest.approx(exact.value(), abs=1e-9)


def test_iv_comes_back_out_of_its_own_price():
    """Where a price holds enough time value to tell, its IV is found to 1e-9; QuantLib agrees."""
    quantlib = pytest.importorskip("QuantLib")
    compared = 0
    for spot, k, s, d, r in GRID:
        kind = quantlib.Option.Call if r > 0 else quantlib.Option.Put
        t = d / 365.0
        value = quantlib.blackFormula(kind, k, spot, s * math.sqrt(t))
        time_value = value - max(r * (spot - k), 0.0)
        if time_value < 1e-4:
            continue
        found = ch.implied_volatility(value, spot, k, d, r)
        assert found == pytest.approx(s, abs=1e-9)
        deviation = quantlib.blackFormulaImpliedStdDev(
            kind, k, spot, value, 1.0, 0.0, s * math.sqrt(t), 1e-13, 1000
        )
        assert found == pytest.approx(deviation / math.sqrt(t), abs=1e-9)
        compared += 1
    assert compared > 120


@pytest.mark.parametrize(
    ("value", "strike", "days"),
    [(0.0, 100, 30), (-1, 100, 30), (101, 100, 30), (9, 90, 30), (2, 100, 0)],
)
def test_prices_without_an_iv(value, strike, days):
    """Nothing, more than the underlying, no time value, no time: there is no IV."""
    assert ch.implied_volatility(value, 100.0, strike, days, 1) is None


def test_the_forward_by_parity():
    """K + C - P where the two are nearest; None without a strike that has both."""
    strikes = np.array([90.0, 100.0, 110.0])
    calls, puts = np.array([12.0, 4.0, np.nan]), np.array([1.0, 3.5, 9.0])
    assert ch.forward_of(strikes, calls, puts) == 100.5
    assert ch.forward_of(strikes, calls * np.nan, puts) is None


def test_days_count_in_new_york():
    """03:17 UTC on the 21st is the 20th in New York."""
    at_night = make(strike=[100.0], as_of=datetime(2023, 9, 21, 3, 17, tzinfo=UTC))
    assert at_night.today == date(2023, 9, 20)
    expiry = at_night.today + timedelta(days=30)
    assert make(
        strike=[100.0], as_of=at_night.as_of, expiry=[expiry.toordinal()]
    ).days.tolist() == [30.0]


def test_figures_that_no_market_has():
    """Open interest, gammas and IVs beyond reason are not used, and counted; nothing overflows."""
    day = date(2026, 4, 17).toordinal()
    raw = ch.make_chain(
        symbol="ABC", spot=100.0, as_of=datetime(2026, 3, 18, 20, tzinfo=UTC),
        expiry=[day] * 4, right=[1, -1, 1, -1], strike=[100.0, 100.0, 105.0, 105.0],
        iv=[0.2, 1e-300, 0.2, 0.2], delta=[0.5, -0.5, 0.3, -0.7],
        gamma=[0.05, 0.05, 1e300, 0.05], open_interest=[100.0, 100.0, 100.0, 1e308],
    )  # fmt: skip
    cleaned = ch.clean(raw)
    assert cleaned.marked[ch.ABSURD] == 1
    assert cleaned.marked[ch.IMPOSSIBLE] == 2
    assert np.nansum(cleaned.chain.open_interest) == 300.0
    assert np.nanmax(cleaned.chain.gamma) < 1.0
    exposure = exposure_of(cleaned)
    assert exposure.levels.net_gex is not None
    assert np.isfinite(exposure.levels.net_gex)


def test_a_series_of_a_day_without_trading_ends_at_four():
    """A listed Saturday has no session: what is dated on it counts down to 16:00 New York."""
    saturday = date(2026, 3, 21)
    chain = make(
        strike=[100.0], root_code=[1], expiry=[saturday.toordinal()],
        as_of=datetime(2026, 3, 21, 14, 0, tzinfo=UTC),
    )  # fmt: skip
    assert ch.days_to_expiry(chain).tolist() == pytest.approx([6 / 24])


def test_the_largest_gamma_that_is_possible_is_kept():
    """The bound itself is a gamma; what lies beyond is not used, nor is one below 0."""
    cleaned = ch.clean(
        make(strike=[90.0, 100.0, 110.0], gamma=[ch.GAMMA_MOST, 2 * ch.GAMMA_MOST, -0.01])
    )
    assert cleaned.chain.gamma[0] == ch.GAMMA_MOST
    assert cleaned.chain.gamma[1] != 2 * ch.GAMMA_MOST
    assert cleaned.chain.gamma[2] != -0.01


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("strike", 0.01, ""), ("strike", 9999.99, ""),
        ("strike", 10_000.0, ch.NO_STRIKE), ("strike", 0.0, ch.NO_STRIKE),
        ("open_interest", 0.0, ""), ("open_interest", 1e9, ""),
        ("open_interest", 1.1e9, ch.IMPOSSIBLE), ("open_interest", -1.0, ch.IMPOSSIBLE),
        ("open_interest", math.nan, ch.NO_OI),
        ("gamma", 0.0, ""), ("gamma", 1e4, ""),
        ("gamma", 1.1e4, ch.IMPOSSIBLE), ("gamma", -0.01, ch.IMPOSSIBLE),
        ("gamma", math.nan, ch.NO_GREEKS), ("delta", math.nan, ch.NO_GREEKS),
        ("delta", 0.0, ""),
        ("iv", 1e-4, ""), ("iv", 0.0199, ""), ("iv", 0.0201, ""), ("iv", 5.0, ""),
        ("iv", 0.02, ch.UNSOLVED), ("iv", 0.0, ch.UNSOLVED), ("iv", -0.2, ch.UNSOLVED),
        ("iv", math.nan, ch.UNSOLVED), ("iv", 0.99e-4, ch.ABSURD), ("iv", 5.01, ch.ABSURD),
        ("ask", 1.0, ""), ("ask", 0.99, ch.CROSSED), ("ask", 0.0, ch.NO_QUOTE),
        ("ask", math.nan, ch.NO_QUOTE), ("bid", 0.0, ch.NO_QUOTE), ("bid", 0.01, ""),
    ],
)  # fmt: skip
def test_the_limits_of_what_is_believed(column, value, reason):
    """Each limit itself and what lies beyond it: kept, or counted once under its reason."""
    cleaned = ch.clean(make(**{"strike": [100.0], column: [value]}))
    found = {**cleaned.dropped, **cleaned.marked}
    lost = {ch.NO_GREEKS: 1} if reason == ch.IMPOSSIBLE and column == "gamma" else {}
    no_oi = {ch.NO_OI: 1} if reason == ch.IMPOSSIBLE and column == "open_interest" else {}
    assert found == ({reason: 1} if reason else {}) | lost | no_oi
    assert len(cleaned.chain) == (reason != ch.NO_STRIKE)
    if not reason:
        assert getattr(cleaned.chain, column).tolist() == [value]
    if column == "iv":
        assert np.isfinite(cleaned.chain.iv).tolist() == [not reason]
        assert cleaned.chain.iv_from.tolist() == [ch.IV_NONE if reason else ch.IV_FILE]
    if column in ("bid", "ask"):
        for figures in (cleaned.chain.bid, cleaned.chain.ask, cleaned.chain.mid):
            assert np.isfinite(figures).tolist() == [not reason]


def test_what_was_found_is_said_in_a_line():
    """Numbers with their thousands, what was taken out before what was marked, solved IVs last."""
    n = 1200
    raw = make(strike=[0.0] * n + [100.0, 105.0], bid=[1.0] * n + [0.0, 1.0])
    words = ch.clean(raw).words
    assert words == "1,200 with an impossible strike, 1 without a two-sided quote"
    none = ch.clean(raw.where(slice(n + 1, None)))
    assert (none.words, none.dropped, none.marked, none.solved) == ("", {}, {}, 0)
    many = ch.Cleaned(none.chain, none.chain, {}, {}, 1234)
    assert many.words == "1,234 IVs solved from the mid"


@pytest.mark.parametrize("column", ["expiry", "root_code", "strike", "right"])
def test_what_differs_in_one_thing_is_not_listed_twice(column):
    """Two expiries, two roots, two strikes, a call and a put; and the order they are put in."""
    day = TODAY.toordinal() + 30
    high = {"expiry": [day + 1, day], "root_code": [1, 0], "strike": [105.0, 100.0],
            "right": [1, -1]}[column]  # fmt: skip
    known = {"strike": [100.0, 100.0], column: high}
    cleaned = ch.clean(make(**known))
    assert (cleaned.dropped, len(cleaned.chain)) == ({}, 2)
    assert getattr(cleaned.chain, column).tolist() == high[::-1]
    same = ch.clean(make(strike=[100.0, 100.0, 0.0, 0.0]))
    assert (same.dropped, len(same.chain)) == ({ch.TWICE: 1, ch.NO_STRIKE: 2}, 1)


def test_the_order_is_expiry_root_strike_right():
    """Whatever the order of the file."""
    day = TODAY.toordinal() + 30
    rows = [(day + e, r, 100.0 + k, w) for e in (0, 1) for r in (0, 1) for k in (0, 5)
            for w in (-1, 1)]  # fmt: skip
    expiry, root, strike, right = (list(c) for c in zip(*rows[::-1], strict=True))
    chain = ch.clean(make(expiry=expiry, root_code=root, strike=strike, right=right)).chain
    columns = (chain.expiry, chain.root_code, chain.strike, chain.right)
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == rows
    assert [(p.start, p.stop) for p in ch.series_slices(chain)] == [
        (0, 4),
        (4, 8),
        (8, 12),
        (12, 16),
    ]
    strikes, calls, puts = ch.pairs(chain, slice(4, 8))
    assert (strikes.tolist(), calls.tolist(), puts.tolist()) == ([100, 105], [5, 7], [4, 6])


@pytest.mark.parametrize(
    ("utc", "gone", "days"),
    [
        ((11, 30), [False, False], [2 / 24, 8.5 / 24]),
        ((13, 0), [False, False], [0.5 / 24, 7 / 24]),
        ((13, 29), [False, False], [1 / 24, 6 / 24 + 31 / 1440]),
        ((13, 30), [True, False], [1 / 24, 6.5 / 24]),
        ((19, 30), [True, False], [1 / 24, 1 / 24]),
        ((19, 59), [True, False], [1 / 24, 1 / 24]),
        ((20, 0), [True, True], [1 / 24, 1 / 24]),
    ],
)
def test_the_day_of_expiry_hour_by_hour(utc, gone, days):
    """SPX ends at 9:30, SPXW at 16:00; what is left of the day counts as an hour at least."""
    chain = make(
        strike=[100.0, 100.0, 100.0], root_code=[0, 1, 1],
        expiry=[TODAY.toordinal()] * 2 + [TODAY.toordinal() + 1],
        as_of=datetime(2026, 3, 20, *utc, tzinfo=UTC),
    )  # fmt: skip
    assert ch.expired_by_the_clock(chain).tolist() == [*gone, False]
    left = [max(days[0], 1 / 24), days[1], 1.0]
    assert ch.days_to_expiry(chain).tolist() == pytest.approx(left)
    assert ch.am_settled(chain).tolist() == [True, False, False]


def test_on_a_day_without_trading_only_the_past_has_expired():
    """A Saturday's own date stays; an AM series of that day counts an hour once it is 9:30."""
    saturday = date(2026, 3, 21).toordinal()
    chain = make(
        strike=[100.0] * 3, root_code=[0, 1, 1], expiry=[saturday, saturday, saturday - 1],
        as_of=datetime(2026, 3, 21, 23, 0, tzinfo=UTC),
    )  # fmt: skip
    assert ch.expired_by_the_clock(chain).tolist() == [False, False, True]
    assert ch.days_to_expiry(chain).tolist() == [1 / 24, 1 / 24, -1.0]


def test_a_chain_as_it_is_made():
    """What is not given is unknown; the moment is kept in UTC, the root is the symbol."""
    local = datetime(2026, 3, 20, 12, 0, tzinfo=calendar.NEW_YORK)
    chain = ch.make_chain(
        symbol="ABC", spot=100, as_of=local, expiry=[TODAY.toordinal()], strike=[95], right=[-1],
        iv30=21.5,
    )  # fmt: skip
    assert (chain.symbol, chain.spot, chain.iv30, chain.roots) == ("ABC", 100.0, 21.5, ("ABC",))
    assert chain.as_of == NOON
    assert chain.as_of.tzinfo is UTC
    assert (chain.root.tolist(), chain.right.tolist(), chain.iv_from.tolist()) == (
        ["ABC"],
        [-1],
        [0],
    )
    for name in ("bid", "ask", "iv", "delta", "gamma", "open_interest", "volume"):
        assert np.isnan(getattr(chain, name)).all()
    assert [getattr(chain, n).dtype for n in ("root_code", "right", "iv_from")] == [np.int8] * 3
    assert (chain.expiry.dtype, chain.strike.dtype) == (np.int64, np.float64)
    assert ch.make_chain(symbol="A", spot=1, as_of=NOON, expiry=[], strike=[]).iv30 is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spot": 0.0}, "The spot of SPX is 0; it must be above 0."),
        ({"spot": math.inf}, "The spot of SPX is inf; it must be above 0."),
        ({"spot": -1.0}, "The spot of SPX is -1; it must be above 0."),
        ({"as_of": NOON.replace(tzinfo=None)}, "The moment of the chain of SPX has no time zone."),
        ({"iv": [0.2, 0.2]}, "Column iv has 2 places, strike has 1."),
        ({"right": []}, "Column right has 0 places, strike has 1."),
        ({"expiry": [1, 2]}, "Column expiry has 2 places, strike has 1."),
    ],
)
def test_what_is_wrong_with_a_chain_is_named(change, words):
    """The symbol, the column, the number."""
    with pytest.raises(InputError) as error:
        make(strike=[100.0], **change)
    assert str(error.value) == words
    assert make(strike=[100.0], spot=0.01).spot == 0.01


def series(bids, *, spread=0.2, iv=0.0, strikes=(95.0, 100.0, 105.0)):
    """Calls and puts of one series with these bids, by strike: (put, call)."""
    flat = [bid for pair in bids for bid in pair]
    return make(
        strike=[k for k in strikes for _ in "pc"], right=[-1, 1] * len(strikes), bid=flat,
        ask=[bid + spread for bid in flat], iv=[iv] * len(flat),
    )  # fmt: skip


def test_ivs_are_solved_where_the_bid_holds_time_value():
    """Forward 100.5: a call 95 is worth 5.5 at once, and so much of a bid is no time value."""
    bids = [(0.3, 5.5), (1.9, 2.4), (5.0, 0.6)]
    cleaned = ch.clean(series(bids))
    found = dict(zip(zip(cleaned.chain.strike, cleaned.chain.right, strict=True),
                     cleaned.chain.iv_from.tolist(), strict=True))  # fmt: skip
    assert cleaned.solved == 5
    assert found[95.0, 1] == ch.IV_NONE
    assert found[105.0, -1] == ch.IV_SOLVED
    by_hand = ch.implied_volatility(2.5, 100.5, 100.0, 30.0, 1)
    at = (cleaned.chain.strike == 100) & (cleaned.chain.right > 0)
    assert cleaned.chain.iv[at].tolist() == [pytest.approx(by_hand)]
    assert ch.clean(series([(0.3, 5.51), *bids[1:]])).solved == 6
    assert cleaned.words == "6 without an IV of the file, 5 IVs solved from the mid"


def test_a_series_without_a_forward_does_not_stop_the_next():
    """No pair, a forward below 0, nothing wanted: each is passed over; the others are solved."""
    day = TODAY.toordinal() + 30
    good = series([(0.3, 5.6), (1.9, 2.4), (5.0, 0.6)])
    columns = {name: getattr(good, name).tolist() for name in ch.COLUMNS}
    lone = {"expiry": day - 2, "strike": 100.0, "right": 1, "bid": 2.0, "ask": 2.2, "iv": 0.0}
    below_zero = [
        {"expiry": day - 1, "strike": 1.0, "right": r, "bid": b, "ask": b, "iv": 0.0}
        for r, b in ((-1, 50.0), (1, 1.0))
    ]
    whole = [
        {"expiry": day - 3, "strike": 100.0, "right": r, "bid": 2.0, "ask": 2.2, "iv": 0.3}
        for r in (-1, 1)
    ]
    for row in (lone, *below_zero, *whole):
        for name, values in columns.items():
            values.append(row.get(name, 0))
    cleaned = ch.clean(make(**columns))
    assert cleaned.solved == 6
    assert (
        cleaned.chain.iv_from.tolist() == [ch.IV_FILE] * 2 + [ch.IV_NONE] * 3 + [ch.IV_SOLVED] * 6
    )


@pytest.mark.parametrize(
    ("price_", "strike", "right", "has"),
    [
        (99.9, 100, 1, True), (100.0, 100, 1, False), (100.0, 60, 1, False),
        (89.9, 90, -1, True), (90.0, 90, -1, False), (10.0, 90, 1, False), (10.1, 90, 1, True),
        (10.0, 110, -1, False), (10.1, 110, -1, True), (100.0, 110, -1, True),
    ],
)  # fmt: skip
def test_the_prices_that_have_an_iv(price_, strike, right, has):
    """Above what it holds, below the forward for a call and the strike for a put."""
    found = ch.implied_volatility(price_, 100.0, strike, 30, right)
    assert (found is not None) == has
    if has:
        kind = "call" if right > 0 else "put"
        assert price(kind, 100.0, strike, 100 * found, 30) == pytest.approx(price_, rel=1e-6)
    assert ch.implied_volatility(2.0, 100.0, 100.0, 0.5, 1) is not None


def test_the_forward_is_read_where_call_and_put_are_nearest():
    """On either side of the money; of two equally near the lower."""
    strikes = np.array([95.0, 100.0, 105.0])
    assert ch.forward_of(strikes, np.array([7.0, 4.0, 1.0]), np.array([1.0, 2.0, 1.5])) == 104.5
    assert ch.forward_of(strikes, np.array([2.0, 1.0, 1.0]), np.array([1.0, 2.0, 9.0])) == 96.0


@pytest.mark.parametrize(
    ("iv", "spot", "solved"),
    [(1.9, 100.0, 0), (2.1, 100.0, 6), (80.0, 0.8, 6), (499.0, 100.0, 6), (501.0, 100.0, 0)],
)
def test_what_is_solved_must_be_believable_too(iv, spot, solved):
    """Above what a placeholder says and up to 500 points, of a stock of cents as of any other."""
    strikes = [spot * k for k in ((0.998, 1, 1.002) if iv < 3 else (0.9, 1, 1.1)) for _ in "pc"]
    rights = [-1, 1] * 3
    mids = [price("call" if r > 0 else "put", spot, k, iv, 30)
            for k, r in zip(strikes, rights, strict=True)]  # fmt: skip
    raw = make(strike=strikes, right=rights, bid=mids, ask=mids, iv=[0.0] * 6, spot=spot)
    cleaned = ch.clean(raw)
    assert cleaned.solved == solved
    assert np.isfinite(cleaned.chain.iv).sum() == solved
    if solved:
        assert cleaned.chain.iv.tolist() == [pytest.approx(iv / 100, rel=1e-6)] * 6


def test_a_pair_is_a_put_and_a_call_of_one_strike():
    """A put and the call of the next strike are none."""
    chain = ch.clean(make(strike=[90.0, 95, 100, 105, 105], right=[1, -1, 1, -1, 1])).chain
    strikes, calls, puts = ch.pairs(chain, slice(0, 5))
    assert (strikes.tolist(), calls.tolist(), puts.tolist()) == ([105], [4], [3])


def test_at_no_volatility_options_are_worth_what_they_hold():
    """In silence; at the money there is no answer."""
    strike, iv = np.array([90.0, 100.0, 90.0, 110.0]), np.array([0.0, 0.0, 1e-300, 1e-300])
    days, right = np.full(4, 30.0), np.array([1, 1, 1, -1], np.int8)
    with np.errstate(all="raise"):
        delta, _ = ch.greeks(100.0, strike, iv, days, right)
        value = ch.prices(100.0, strike, iv, days, right)
    np.testing.assert_array_equal(delta, [1.0, np.nan, 1.0, -1.0])
    np.testing.assert_allclose(value, [10.0, np.nan, 10.0, 10.0])


def test_unknown_ivs_give_unknown_greeks_and_prices_in_silence():
    """NaN in, NaN out, no warning; the others beside them stay."""
    strike, days = np.array([100.0, 100.0]), np.array([30.0, 30.0])
    iv, right = np.array([np.nan, 0.2]), np.array([1, 1], np.int8)
    with np.errstate(all="raise"):
        delta, gamma = ch.greeks(100.0, strike, iv, days, right)
        value = ch.prices(100.0, strike, iv, days, right)
        far = ch.greeks(100.0, np.array([1e-3]), np.array([1e-4]), np.array([1.0]), right[:1])
    for column in (delta, gamma, value):
        assert np.isnan(column).tolist() == [True, False]
    assert (far[0].tolist(), far[1].tolist()) == ([1.0], [0.0])


def test_what_expired_keeps_its_figures_for_comparison():
    """With those that cannot be taken out, and not counted among the marked."""
    day = TODAY.toordinal()
    raw = make(
        strike=[100.0, 105.0, 110.0, 110.0], expiry=[day - 1, day - 1, day - 1, day - 1],
        gamma=[0.05, -1.0, 0.01, 0.01], open_interest=[10.0, 20.0, 2e9, 1.0],
    )  # fmt: skip
    cleaned = ch.clean(raw)
    assert cleaned.dropped == {ch.TWICE: 1, ch.EXPIRED: 3}
    assert cleaned.marked == {}
    assert cleaned.expired.strike.tolist() == [100.0, 105.0, 110.0]
    np.testing.assert_array_equal(cleaned.expired.gamma, [0.05, np.nan, 0.01])
    np.testing.assert_array_equal(cleaned.expired.open_interest, [10.0, 20.0, np.nan])
