"""Completing a snapshot from stored days: what is filled, from what, and what is not."""

from __future__ import annotations

import dataclasses
import math
import statistics
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core import calendar
from vrp_xl.core.history import (
    DAYS_KEPT,
    OWN,
    SPLIT,
    WINDOWS,
    complete,
    of_another_tenor,
    prices_of,
    same_standing,
    z_from,
)
from vrp_xl.core.realized import close_to_close, one_sided
from vrp_xl.core.snapshot import FIGURES, IvPoint, TermPoint
from vrp_xl.errors import VrpError
from vrp_xl.sources.cboe_files import read_file

DAY = date(2026, 3, 27)
DAYS = calendar.trading_days(date(2023, 1, 3), DAY)


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
    made = prices_of("SPY", closes, {}, day=date(2050, 3, 1))
    assert (made.symbol, made.day, made.closes) == ("SPY", date(2050, 3, 1), ())
    assert str(made.error) == got.missing["rv_20d"]


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
    got = complete(snap(atm_iv=20.0), {"atm_iv": series([20.0] * 100, end=DAYS[-2])}, day=DAY)
    assert (got.iv_rank, got.iv_percentile, got.iv_percentile_60) == (None, None, 0.0)
    assert "no range" in got.missing["iv_rank"]
    assert got.missing["iv_percentile"] == got.missing["iv_rank"]


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


# Splits and gaps


def aapl():
    """Closes that wander for 60 days with a 2:1 split 12 days before the end."""
    closes = walk(60)
    return [c * 2 for c in closes[:48]] + closes[48:], closes, DAYS[-12]


def test_an_unadjusted_split_gives_no_figure(snap):
    """The trap of 2005-02-28: HV30 of some 200 instead of 40. It is missing, with the date."""
    raw, true, when = aapl()
    assert close_to_close(raw, 30) > 3 * close_to_close(true, 30)
    got = complete(snap(atm_iv=30.0), {"close": series(raw)}, day=DAY)
    assert (got.rv_20d, got.rv_30d, got.downside_rv, got.vrp_20d, got.z_score) == (None,) * 5
    assert f"on {when}, as in a 2:1 split" in got.missing["rv_30d"]
    assert f"vrp-xl history split SPY {when} 2:1" in got.missing["rv_30d"]
    assert f"on {when}" in got.missing["z_score"]
    assert got.rv_10d == close_to_close(raw, 10)


def test_a_split_overnight_meets_the_spot(snap):
    """The first quote at the new price, before any close of it."""
    closes = walk(40)
    got = complete(
        snap(spot=closes[-1] / 10), {"close": series(closes[:-1], end=DAYS[-2])}, day=DAY
    )
    assert "as in a 10:1 split" in got.missing["rv_5d"]


def test_a_split_that_was_told_is_adjusted(snap):
    """The figures are those of a stock that never split, and name it; what is older does not."""
    raw, true, when = aapl()
    stored = {"close": series(raw), "split": [(when, 2.0)]}
    got = complete(snap(), stored, day=DAY)
    assert got.rv_30d == pytest.approx(close_to_close(true, 30))
    assert got.basis["rv_30d"] == f"{OWN}: 31 closes, adjusted for the 2:1 split of {when}"
    assert got.basis["rv_10d"] == f"{OWN}: 11 closes"
    real = complete(snap(), {"close": series(raw), "split": [(when, 1.0)]}, day=DAY)
    assert real.rv_30d == close_to_close(raw, 30)


TERM = (IvPoint(7, 30.0), IvPoint(14, 29.0), IvPoint(30, 28.0), IvPoint(60, 27.0),
        IvPoint(90, 26.0))  # fmt: skip


def test_the_premium_by_tenor_reads_the_closes_of_the_other_figures(snap):
    """A split of which nobody has spoken gives no tenor over it; one that was told is adjusted."""
    raw, true, when = aapl()
    unsaid = complete(snap(iv_term=TERM), {"close": series(raw)}, day=DAY)
    known = {p.dte: p.rv for p in unsaid.term_vrp}
    assert known == {7: close_to_close(raw, 5), 14: close_to_close(raw, 10), 30: None, 60: None,
                     90: None}  # fmt: skip
    assert "term_vrp" not in unsaid.missing
    told = complete(snap(iv_term=TERM), {"close": series(raw), "split": [(when, 2.0)]}, day=DAY)
    points = {p.dte: p for p in told.term_vrp}
    assert points[30].rv == pytest.approx(close_to_close(true, 20))
    assert points[30].vrp == pytest.approx(28.0 - close_to_close(true, 20))
    assert points[60].rv == pytest.approx(close_to_close(true, 41))
    assert points[90] == (90, 26.0, None, None)
    assert "30 days 20 returns" in told.basis["term_vrp"]
    again = complete(unsaid, {"close": series(raw), "split": [(when, 2.0)]}, day=DAY)
    assert again.term_vrp == told.term_vrp
    bare = complete(told.replace(iv_term=()), {"close": series(raw)}, day=DAY)
    assert bare.term_vrp == ()


def test_the_premium_by_tenor_says_why_there_is_none(snap):
    """Without closes the reason is that of the shortest tenor; what was delivered stays."""
    got = complete(snap(iv_term=TERM), {}, day=DAY)
    assert {p.vrp for p in got.term_vrp} == {None}
    assert got.missing["term_vrp"].startswith("0 of 6 closes are stored")
    given = (TermPoint(30, 28.0, 14.0, 14.0),)
    kept = complete(snap(iv_term=TERM, term_vrp=given), {"close": series(walk(60))}, day=DAY)
    assert kept.term_vrp == given
    assert "term_vrp" not in kept.basis


def test_a_missing_day_is_told(snap):
    """One or two lost days leave the figure and say what they did to it."""
    closes = series(walk(23))
    del closes[5:7]
    got = complete(snap(), {"close": closes}, day=DAY)
    words = "21 closes, 2 trading days are missing: one return spans 3 days"
    assert got.basis["rv_20d"] == f"{OWN}: {words}"


def test_a_return_over_many_days_is_not_a_daily_one(snap):
    """Five days in a row lost are too many for HV90, though a tenth may be missing."""
    closes = series(walk(101))
    scattered = [row for i, row in enumerate(closes) if i not in {20, 35, 50, 65, 80}]
    assert complete(snap(), {"close": scattered}, day=DAY).rv_90d is not None
    del closes[40:45]
    got = complete(snap(), {"close": closes}, day=DAY)
    assert "a return over 6 trading days is not a daily one" in got.missing["rv_90d"]


def test_a_close_of_the_day_or_the_spot_must_be_there(snap):
    """Closes that end days before are not today's volatility."""
    got = complete(snap(), {"close": series(walk(40), end=DAYS[-4])}, day=DAY)
    told = f"There is no close of {DAY}; the last is of {DAYS[-4]}. They grow by one a day"
    assert got.missing["rv_20d"].startswith(told)


# The index that stands in


def indexed(n, *, end=DAY):
    """Closes and an index over n days."""
    vix = [18 + 3 * math.sin(i / 9) + math.cos(i) for i in range(n)]
    return {"close": series(walk(n), end=end), "VIX": series(vix, end=end)}


def test_the_index_stands_in_on_the_first_day(snap):
    """VIX minus RV20 today against the same of the days before, by the plain formulas."""
    stored = indexed(400)
    got = complete(snap(atm_iv=25.0, spot=100.0), stored, day=DAY)
    closes, vix = ([v for _, v in stored[name]] for name in ("close", "VIX"))
    premium = [vix[i] - close_to_close(closes[i - 20 : i + 1]) for i in range(20, 400)]
    past = premium[-253:-1]
    assert got.z_score == pytest.approx(
        (premium[-1] - statistics.mean(past)) / statistics.stdev(past)
    )
    assert got.history_days == 252
    assert got.basis["z_score"] == "VIX minus RV20, over the 252 days before"
    assert z_from(got) == "VIX minus RV20"
    window = vix[-253:-1]
    assert got.iv_rank == pytest.approx(100 * (vix[-1] - min(window)) / (max(window) - min(window)))
    assert got.basis["iv_percentile"] == "VIX over the 252 days before"
    assert got.vrp_20d == pytest.approx(25.0 - got.rv_20d)


@pytest.mark.parametrize(("own", "told"), [(0, "VIX"), (59, "VIX"), (60, OWN), (200, OWN)])
def test_own_days_take_over_at_sixty(snap, own, told):
    """Under 60 days the index speaks, from then on the symbol itself, and the basis says which."""
    stored = indexed(400)
    stored |= {"vrp_20d": series(spreads(own), end=DAYS[-2]),
               "atm_iv": series([20 + math.sin(i) for i in range(own)], end=DAYS[-2])}  # fmt: skip
    got = complete(snap(atm_iv=25.0, vrp_20d=4.0), stored, day=DAY)
    for name in ("z_score", "percentile", "history_days", "iv_rank", "z_60", "iv_rank_60"):
        assert got.basis[name].startswith(told), name
    if told == OWN:
        assert got.history_days == own
        past = spreads(own)[-252:]
        assert got.z_score == pytest.approx((4 - statistics.mean(past)) / statistics.stdev(past))


def test_an_index_without_today_says_so(snap):
    """Yesterday's value is not today's."""
    stored = indexed(400)
    stored["VIX"].pop()
    got = complete(snap(atm_iv=25.0), stored, day=DAY)
    assert got.z_score is None
    for name in ("z_score", "iv_rank"):
        assert f"VIX has no value of {DAY}; its last is of {DAYS[-2]}" in got.missing[name]
    assert (
        "--symbol VIX --field close" in complete(snap(atm_iv=25.0), {}, day=DAY).missing["iv_rank"]
    )
    other = complete(snap(symbol="XOM", atm_iv=25.0), stored, day=DAY)
    assert "VIX" not in other.missing["iv_rank"]


def test_the_index_skips_days_that_hold_a_split(snap):
    """A step nobody has spoken about takes its 20 days out of the history, no more."""
    stored = indexed(400)
    closes = stored["close"]
    stored["close"] = [(d, c * 2 if i < 300 else c) for i, (d, c) in enumerate(closes)]
    got = complete(snap(atm_iv=25.0), stored, day=DAY)
    whole = complete(snap(atm_iv=25.0), stored | {"close": closes}, day=DAY)
    marked = complete(snap(atm_iv=25.0), stored | {"split": [(closes[300][0], 2.0)]}, day=DAY)
    assert got.z_504 != whole.z_504
    assert abs(got.z_score - whole.z_score) < 0.2
    assert marked.z_score == pytest.approx(whole.z_score)


def test_what_an_index_said_stays_where_no_history_is_handed_over(snap):
    """Completed once with the index and again without: nothing is lost; with it, made anew."""
    stored = indexed(400)
    first = complete(snap(atm_iv=25.0), stored, day=DAY)
    plain = {"close": stored["close"]}
    again = complete(first, plain, day=DAY)
    assert (again.z_score, again.history_days, again.z_252) == (
        first.z_score, first.history_days, first.z_252,
    )  # fmt: skip
    assert complete(first, stored, day=DAY) == first
    grown = complete(first, stored | {"vrp_20d": series(spreads(90), end=DAYS[-2])}, day=DAY)
    assert grown.basis["z_score"].startswith(OWN)


@pytest.mark.parametrize(
    ("day", "spread", "z"),
    [(date(2018, 2, 5), 18.234869, 7.605781), (date(2022, 12, 28), None, -0.104032)],
)
def test_recorded_vix_over_spx(snap, day, spread, z):
    """The published figures of two days, from the index files."""
    folder = Path(__file__).parents[2] / "../shared/data/vol"
    if not folder.is_dir():
        pytest.skip("the recorded prices are not beside this checkout")
    stored = {}
    for name, file in (("close", "spx_close_1990_2022_skfolio_bsd3.csv"),
                       ("VIX", "vix_daily_cboe_1990_2026_pddl.csv")):  # fmt: skip
        prices = read_file(folder / file, now=datetime(2026, 3, 18, tzinfo=UTC)).prices
        stored[name] = [
            (date.fromordinal(d), c)
            for d, c in zip(prices.day.tolist(), prices.close.tolist(), strict=True)
        ]
    got = complete(snap(symbol="SPX"), stored, day=day)
    assert got.z_score == pytest.approx(z, abs=1e-6)
    assert got.history_days == 252
    if spread is not None:
        assert dict(stored["VIX"])[day] - got.rv_20d == pytest.approx(spread, abs=1e-6)


# Windows


@given(st.integers(0, 530), st.integers(0, 1000))
def test_windows_take_their_newest_days(snap, n, shift):
    """Each is the plain figure over its newest days, or missing under half of them."""
    past = [3 + 2 * math.sin(0.9 * (i + shift)) for i in range(n)]
    ivs = [v + 20 for v in past]
    stored = {"vrp_20d": series(past, end=DAYS[-2]), "atm_iv": series(ivs, end=DAYS[-2])}
    got = complete(snap(symbol="XOM", vrp_20d=4.0, atm_iv=21.0), stored, day=DAY)
    for window in WINDOWS:
        names = (f"z_{window}", f"iv_rank_{window}", f"iv_percentile_{window}")
        newest = past[-window:]
        if len(newest) < max(60, window // 2):
            for name in names:
                assert getattr(got, name) is None
                assert got.missing[name]
            continue
        z, iv_rank, iv_percentile = (getattr(got, name) for name in names)
        assert z == pytest.approx((4 - statistics.mean(newest)) / statistics.stdev(newest))
        low, high = min(newest) + 20, max(newest) + 20
        assert iv_rank == pytest.approx(100 * (21 - low) / (high - low))
        assert iv_percentile == pytest.approx(100 * sum(v + 20 < 21 for v in newest) / len(newest))
        thin = ", thin" if len(newest) < 126 else ""
        assert got.basis[names[0]] == f"{OWN}: spread over the {len(newest)} days before{thin}"
    assert got.z_252 is None or got.z_252 == got.z_score


def test_a_flat_window_has_no_figure(snap):
    """60 days all alike: no z and no rank over 60, while the longer window has both."""
    past = [*spreads(200), *[3.0] * 60]
    ivs = [20 + v for v in past]
    stored = {"vrp_20d": series(past, end=DAYS[-2]), "atm_iv": series(ivs, end=DAYS[-2])}
    got = complete(snap(vrp_20d=4.0, atm_iv=21.0), stored, day=DAY)
    assert (got.z_60, got.iv_rank_60) == (None, None)
    assert "never changes" in got.missing["z_60"]
    assert "never changes" in got.missing["iv_rank_60"]
    assert got.z_252 is not None


def test_a_delivered_z_leads_and_ours_stand_beside_it(snap):
    """The vendor's z stays; the windows are ours."""
    stored = {"vrp_20d": series(spreads(300), end=DAYS[-2])}
    got = complete(snap(vrp_20d=4.0, z_score=2.5, history_days=60), stored, day=DAY)
    assert (got.z_score, got.history_days) == (2.5, 60)
    assert z_from(got) == "as delivered"
    assert got.z_252 is not None
    assert not same_standing(got, got.replace(basis={"z_score": "VIX minus RV20, over"}))
    assert complete(snap(z_score=2.5), {}, day=DAY).history_days is None
    assert complete(snap(history_days=30), {}, day=DAY).history_days == 30


# Edges


def without(n, *at):
    """Closes of n days, some of them missing."""
    return [row for i, row in enumerate(series(walk(n))) if i not in at]


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ((10,), "21 closes, 1 trading day is missing: one return spans 2 days"),
        ((10, 14), "21 closes, 2 trading days are missing: one return spans 2 days"),
        ((10, 11), "21 closes, 2 trading days are missing: one return spans 3 days"),
        ((2,), "21 closes"),
        ((3,), "21 closes, 1 trading day is missing: one return spans 2 days"),
        ((22,), "21 closes, 1 trading day is missing: one return spans 2 days"),
        ((10, 14, 18), "3 trading days are missing among 21 closes."),
        ((-3, -4, -5, -6, 10), "21 closes, 1 trading day is missing: one return spans 2 days"),
        ((0, -1, -2, -3, 10), "21 closes, 1 trading day is missing: one return spans 2 days"),
    ],
)
def test_up_to_a_tenth_of_the_days_may_be_missing(snap, lost, told):
    """2 of 20, counted from the first close that the window uses; a third is too many."""
    got = complete(snap(), {"close": without(32, *(8 + i for i in lost))}, day=DAY)
    if got.rv_20d is None:
        assert got.missing["rv_20d"].startswith(told)
        assert "vrp-xl history import FILE --symbol SPY --field close" in got.missing["rv_20d"]
    else:
        assert got.basis["rv_20d"] == got.basis["upside_rv"] == f"{OWN}: {told}"


@pytest.mark.parametrize(
    ("lost", "known"),
    [
        ((40, 41), True),
        ((40, 41, 42), False),
        ((20, 22, 60, 61), True),
        ((20, 22, 60, 61, 62), False),
    ],
)
def test_a_return_may_span_three_days(snap, lost, known):
    """Two days in a row lost make one of three; three in a row one of four, which is refused."""
    got = complete(snap(), {"close": without(97, *lost)}, day=DAY)
    assert (got.rv_90d is not None) is known
    if known:
        assert got.basis["rv_90d"].endswith(f"{len(lost)} trading days are missing: "
                                            "one return spans 3 days")  # fmt: skip
    else:
        after = DAYS.index(DAY) - 96 + lost[-1] + 1
        assert got.missing["rv_90d"].startswith(
            f"There is no close between {DAYS[after - 4]} and {DAYS[after]}: a return over 4 "
            "trading days is not a daily one."
        )
        assert "--field close" in got.missing["rv_90d"]


@pytest.mark.parametrize(("back", "known"), [(20, True), (19, False)])
def test_a_step_counts_only_inside_the_window(snap, back, known):
    """The first close of the window may be the first at the new price; a day later it may not."""
    closes = series(walk(60))
    raw = [(d, c * 2 if i < 59 - back else c) for i, (d, c) in enumerate(closes)]
    got = complete(snap(), {"close": raw}, day=DAY)
    assert (got.rv_20d is not None) is known
    marked = complete(snap(), {"close": raw, SPLIT: [(raw[59 - back][0], 2.0)]}, day=DAY)
    assert ("adjusted for the 2:1 split" in marked.basis["rv_20d"]) is not known


def test_an_unclear_step_asks_for_its_ratio(snap):
    """The sentence begins large, names the newest step, and leaves the ratio to the user."""
    closes = walk(40)
    raw = [c * 8.88 if i < 30 else c * 2 if i < 35 else c for i, c in enumerate(closes)]
    got = complete(snap(), {"close": series(raw)}, day=DAY)
    assert got.missing["rv_20d"].startswith("The close goes from ")
    assert f"vrp-xl history split SPY {DAYS[-5]} 2:1 (or: none)" in got.missing["rv_20d"]
    wild = [c * 4.44 if i < 30 else c for i, c in enumerate(closes)]
    told = complete(snap(), {"close": series(wild)}, day=DAY).missing["rv_20d"]
    assert f"vrp-xl history split SPY {DAYS[-10]} RATIO (or: none)" in told
    assert "a split that is not adjusted, or the price itself?" in told


def test_the_closes_that_prices_are_made_of():
    """Trading days up to the day, ended by the spot where it has no close; nothing is invented."""
    closes = series(walk(DAYS_KEPT + 5))
    full = prices_of("SPY", closes, {}, day=DAY)
    assert (full.symbol, full.day, len(full.closes)) == ("SPY", DAY, DAYS_KEPT)
    assert full.days[-1] == DAY
    assert full.places == tuple(range(DAYS_KEPT))
    week = closes[-6:-1]
    ended = prices_of("SPY", week, {}, day=DAY, spot=0.5)
    assert (ended.days[-1], ended.closes[-1], ended.places) == (DAY, 0.5, (0, 1, 2, 3, 4, 5))
    assert prices_of("SPY", closes[-5:], {}, day=DAY, spot=1.0).closes[-1] == closes[-1][1]
    for spot in (None, 0.0, -1.0):
        assert prices_of("SPY", week, {}, day=DAY, spot=spot).days[-1] == DAYS[-2]
    none = prices_of("SPY", [], {}, day=DAY, spot=100.0)
    assert (none.symbol, none.day, none.days, none.error) == ("SPY", DAY, (), None)
    friday, saturday = date(2026, 3, 20), date(2026, 3, 21)
    odd = prices_of("SPY", [*series(walk(5), end=friday), (saturday, 1.0)], {}, day=saturday)
    assert (len(odd.closes), odd.days[-1]) == (5, friday)


def test_each_spread_names_its_parts(snap):
    """What it was made from; what lacks names the part that is not there, with its reason."""
    parts = {
        "atm_iv": 20.0, "rv_5d": 11.0, "rv_10d": 12.0, "rv_20d": 13.0, "rv_30d": 14.0,
        "put_wing_iv": 25.0, "downside_rv": 15.0, "call_wing_iv": 18.0, "upside_rv": 16.0,
    }  # fmt: skip
    got = complete(snap(**parts), {}, day=DAY)
    told = {
        "vrp_5d": (9.0, "ATM IV minus RV5"), "vrp_10d": (8.0, "ATM IV minus RV10"),
        "vrp_20d": (7.0, "ATM IV minus RV20"), "vrp_30d": (6.0, "ATM IV minus RV30"),
        "put_vrp": (10.0, "put wing IV minus the volatility of falling days"),
        "call_vrp": (2.0, "call wing IV minus the volatility of rising days"),
        "variance_premium": (pytest.approx(0.0231), "ATM IV and RV20"),
    }  # fmt: skip
    for name, (value, words) in told.items():
        assert (getattr(got, name), got.basis[name]) == (value, f"{OWN}: {words}"), name
    lost = complete(
        snap(rv_20d=13.0, put_wing_iv=25.0, missing={"atm_iv": "no chain"}), {}, day=DAY
    )
    assert lost.missing["vrp_20d"] == "no atm_iv: no chain"
    assert lost.missing["call_vrp"] == "no call_wing_iv"
    assert lost.missing["put_vrp"].startswith("no downside_rv: 0 of 21 closes are stored.")
    assert (lost.variance_premium, "variance_premium" in lost.basis) == (None, False)


def test_what_lacks_says_what_would_fill_it(snap):
    """Own days first, then the index, each with the command that brings it."""
    own = complete(snap(symbol="XOM", atm_iv=20.0, vrp_20d=4.0), {}, day=DAY)
    grow = "they grow by one a day, or: vrp-xl history import FILE --symbol XOM --field"
    assert own.missing["z_score"] == f"0 of 60 days of spreads are stored; {grow} vrp_20d"
    assert own.missing["iv_rank"] == f"0 of 60 days of ATM IV are stored; {grow} atm_iv"
    assert own.missing["z_504"] == own.missing["percentile"] == own.missing["z_score"]
    assert own.missing["iv_percentile_60"] == own.missing["iv_percentile"] == own.missing["iv_rank"]
    assert (own.history_days, own.basis["history_days"]) == (0, f"{OWN}: days stored so far")
    bare = complete(snap(symbol="XOM"), {}, day=DAY)
    assert bare.missing["z_score"] == (f"there is no spread to compare: {bare.missing['vrp_20d']}")
    assert bare.missing["iv_rank"] == "there is no ATM IV to compare"
    spy = complete(snap(atm_iv=20.0, vrp_20d=4.0), {}, day=DAY)
    index = "; the history of VIX could stand in: vrp-xl history import FILE --symbol VIX"
    assert f"vrp_20d{index} --field close" in spy.missing["z_score"]
    assert f"atm_iv{index} --field close" in spy.missing["iv_rank"]


@pytest.mark.parametrize(("days", "known"), [(60, False), (61, True)])
def test_an_index_needs_sixty_days_before_today(snap, days, known):
    """Of the index for the rank, of the index and 20 returns for the z-score."""
    stored = indexed(days)
    rank = complete(snap(atm_iv=25.0), stored, day=DAY)
    assert (rank.iv_rank is not None) is known
    if not known:
        assert rank.missing["iv_rank"].endswith("; VIX has 59 of 60 days")
    assert rank.missing["z_score"].endswith(
        f"; VIX minus RV20 has {days - 21} of 60 days: import closes too"
    )
    z = complete(snap(atm_iv=25.0), indexed(days + 20), day=DAY)
    assert (z.z_score is not None) is known
    if known:
        assert (z.history_days, z.basis["z_score"]) == (
            60,
            "VIX minus RV20, over the 60 days before",
        )
        assert z.basis["z_60"] == "VIX minus RV20, over the 60 days before, thin"
    else:
        assert z.missing["z_score"].endswith("has 59 of 60 days: import closes too")
    alone = complete(snap(atm_iv=25.0), {"VIX": stored["VIX"]}, day=DAY)
    assert alone.missing["z_score"].endswith("has 0 of 60 days: import closes too")
    ended = {"close": indexed(100)["close"][:-1], "VIX": indexed(100)["VIX"]}
    assert (
        complete(snap(atm_iv=25.0), ended, day=DAY)
        .missing["z_score"]
        .endswith(f"; VIX minus RV20 has no value of {DAY}; its last is of {DAYS[-2]}")
    )


def test_an_iv_of_another_tenor_has_no_standing(snap):
    """ATM IV of the nearest expiry compares with no history of 30 days, and says why."""
    near = {"atm_iv": 25.0, "vrp_20d": 4.0, "basis": {"atm_iv": "nearest expiry, 3 days"},
            "missing": {"atm_iv_30d": "one expiry alone"}}  # fmt: skip
    stored = indexed(400) | {
        "vrp_20d": series(spreads(90), end=DAYS[-2]), "atm_iv": series(walk(90), end=DAYS[-2])
    }  # fmt: skip
    got = complete(snap(**near), stored, day=DAY)
    assert of_another_tenor(got)
    for name in ("z_score", "percentile", "z_60", "iv_rank", "iv_percentile", "iv_rank_252"):
        assert (getattr(got, name), got.missing[name]) == (None, "one expiry alone"), name
    assert got.history_days == 90
    for known in ({"missing": {}}, {"basis": {}}):
        assert complete(snap(**near | known), stored, day=DAY).z_score is not None


def test_where_a_z_comes_from(snap):
    """Nothing, the vendor, the symbol itself, or an index: only like compares with like."""
    z = [
        snap(basis={"z_score": "VIX minus RV20, over the 60 days before"}),
        snap(z_score=1.0),
        snap(z_score=1.0, basis={"z_score": f"{OWN}: spread over the 60 days before"}),
        snap(z_score=1.0, basis={"z_score": "VIX minus RV20, over the 60 days before, thin"}),
    ]
    assert [z_from(one) for one in z] == [None, "as delivered", OWN, "VIX minus RV20"]
    assert same_standing(z[2], z[2].replace(basis={"z_score": f"{OWN}: spread over the 99 days"}))
    assert not same_standing(z[2], z[3])


def test_limits_of_the_caller_hold(snap):
    """Its own window, fewest days and thin days, for the leading figures and the windows."""
    past = spreads(100)
    stored = {
        "vrp_20d": series(past, end=DAYS[-2]),
        "atm_iv": series([v + 20 for v in past], end=DAYS[-2]),
    }
    s = snap(symbol="XOM", vrp_20d=4.0, atm_iv=21.0)
    wide = complete(s, stored, day=DAY, z_window=80, z_days_min=100, z_days_thin=60)
    assert (wide.history_days, wide.basis["iv_rank"]) == (
        80,
        f"{OWN}: ATM IV over the 80 days before",
    )
    assert wide.z_score == pytest.approx(
        (4 - statistics.mean(past[-80:])) / statistics.stdev(past[-80:])
    )
    assert wide.basis["z_60"] == f"{OWN}: spread over the 60 days before"
    assert wide.missing["z_252"] == "100 of the 126 days that a window of 252 needs are stored"
    short = complete(s, stored, day=DAY, z_days_min=101)
    assert short.missing["z_score"].startswith("100 of 101 days of spreads are stored")
    assert short.missing["iv_rank"].startswith("100 of 101 days of ATM IV are stored")
    assert (short.z_score, short.history_days) == (None, 100)
    assert complete(s, stored, day=DAY, z_days_min=101, z_window=99).history_days == 99


ODD = {
    "whole": (80, {}),
    "just enough": (21, {}),
    "too few": (20, {}),
    "two and three lost": (90, {"lost": (30, 34, 60, 64, 68)}),
    "two in a row": (80, {"lost": (40, 41)}),
    "three in a row": (80, {"lost": (40, 41, 42)}),
    "a step": (80, {"steps": {40: 2.0}}),
    "two steps": (90, {"steps": {30: 2.0, 55: 0.1}}),
    "a bad close": (80, {"bad": {40: 0.0}}),
    "a bad close at the end": (60, {"bad": {59: -1.0}}),
    "pennies": (60, {"scale": 0.005}),
}


def odd(n, *, lost=(), steps=None, bad=None, scale=1.0):
    """Closes of n days on which something is wrong."""
    rows = []
    for i, (day, close) in enumerate(series(walk(n))):
        scale *= (steps or {}).get(i, 1.0)
        if i not in lost:
            rows.append((day, (bad or {}).get(i, close * scale)))
    return rows


@pytest.mark.parametrize(("n", "wrong"), ODD.values(), ids=list(ODD))
def test_the_days_before_are_those_whose_closes_would_do(n, wrong):
    """Every day that has its 21 closes has its volatility, every other day none."""
    closes = odd(n, **wrong)
    wanted = {}
    for i, (day, _) in enumerate(closes):
        try:
            wanted[day] = close_to_close(
                prices_of("SPY", closes[: i + 1], {}, day=day).window(20)[0]
            )
        except VrpError:
            continue
    found = dict(prices_of("SPY", closes, {}, day=closes[-1][0]).realized_before(20))
    assert found == pytest.approx(wanted)
    assert bool(found) is (n > 20)


def test_one_bad_close_costs_the_index_its_days_alone(snap):
    """A close of 0 a year ago takes 21 days out of the history, not all of it."""
    stored = indexed(400)
    stored["close"][120] = (stored["close"][120][0], 0.0)
    got = complete(snap(atm_iv=25.0), stored, day=DAY)
    assert (got.z_score is not None, got.history_days) == (True, 252)
    assert got.basis["z_504"] == "VIX minus RV20, over the 358 days before"


def test_what_others_said_of_a_figure_stays(snap):
    """A basis that is not ours is no reason to drop the figure, and outlives what is made anew."""
    said = {
        "spot": "the last close", "fair_vol": "VIX over the counter",
        "z_score": "vendor, over the 60 days before", "iv_rank": "VIX as the vendor says",
    }  # fmt: skip
    given_ = snap(spot=100.0, fair_vol=20.0, z_score=1.5, iv_rank=40.0, basis=said)
    first = complete(given_, {"close": series(walk(60))}, day=DAY)
    assert first.basis["rv_20d"].startswith(OWN)
    again = complete(first, {}, day=DAY)
    for got in (first, again):
        assert (got.fair_vol, got.z_score, got.iv_rank) == (20.0, 1.5, 40.0)
        assert {k: v for k, v in got.basis.items() if not v.startswith(OWN)} == said
    assert again.basis == said


def test_what_an_index_said_is_kept_with_its_basis_or_made_anew(snap):
    """Without the index it stays; an index that lacks today, or own days, end it."""
    stored = indexed(400)
    first = complete(snap(atm_iv=25.0), stored, day=DAY)
    kept = complete(first, {"close": stored["close"]}, day=DAY)
    for name in ("z_score", "history_days", "iv_rank", "iv_percentile_60"):
        assert kept.basis[name] == first.basis[name]
        assert name not in kept.missing
    assert kept.basis["rv_20d"] == f"{OWN}: 21 closes"
    late = complete(first, stored | {"VIX": stored["VIX"][:-1]}, day=DAY)
    assert (late.z_score, late.iv_rank, late.history_days) == (None, None, 0)
    own = {"close": stored["close"], "vrp_20d": series(spreads(90), end=DAYS[-2])}
    grown = complete(first, own, day=DAY)
    assert (grown.history_days, grown.basis["history_days"][:11]) == (90, OWN)


@pytest.mark.parametrize(("days", "thin"), [(125, ", thin"), (126, "")])
def test_a_window_is_thin_below_126_days(snap, days, thin):
    """Said of each window, not of the leading figure."""
    stored = {"vrp_20d": series(spreads(days), end=DAYS[-2])}
    got = complete(snap(vrp_20d=4.0), stored, day=DAY, z_days_thin=126, z_days_min=60)
    assert got.basis["z_60"] == f"{OWN}: spread over the 60 days before, thin"
    assert got.basis.get("z_252", "") == ("" if thin else f"{OWN}: spread over the 126 days before")
    assert got.basis["z_score"] == f"{OWN}: spread over the {days} days before"
