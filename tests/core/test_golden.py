"""Figures from the published methods, the recorded answer, and recorded prices."""

from __future__ import annotations

import csv
import itertools
import math
import statistics
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from vrp_xl.core import calendar
from vrp_xl.core.black_scholes import strike_of_delta
from vrp_xl.core.decide import decide, premium_of
from vrp_xl.core.history import complete
from vrp_xl.core.premium import compression, compression_band, funnel, ratio
from vrp_xl.core.realized import close_to_close
from vrp_xl.core.rules import STANDARD, preset
from vrp_xl.core.standing import zscore

VOL = Path(__file__).parents[2] / "../shared/data/vol"
SPX = VOL / "spx_close_1990_2022_skfolio_bsd3.csv"
VIX = VOL / "vix_daily_cboe_1990_2026_pddl.csv"

RATIO_ROWS = [
    # HV90, HV30, IV, structural, tactical, verdict
    (20, 18, 28, 1.40, 1.56, "edge exists"),
    (20, 35, 30, 1.50, 0.86, "edge gone"),
    (20, 25, 28, 1.40, 1.12, "caution"),
    (25, 20, 22, 0.88, 1.10, "skip"),
    (20, 28, 30, 1.50, 1.07, "edge gone"),
    (28, 18, 30, 1.07, 1.67, "skip"),
]


@pytest.mark.parametrize(("hv90", "hv30", "iv", "structural", "tactical", "verdict"), RATIO_ROWS)
def test_rows_of_the_ratio_tables(snap, hv90, hv30, iv, structural, tactical, verdict):
    """Every row of both tables, by the functions and through a snapshot."""
    assert round(ratio(iv, hv90), 2) == structural
    assert round(ratio(iv, hv30), 2) == tactical
    assert funnel(ratio(iv, hv90), ratio(iv, hv30)) == verdict
    p = premium_of(snap(atm_iv=iv, rv_90d=hv90, rv_30d=hv30), STANDARD)
    assert (round(p.structural, 2), round(p.tactical, 2), p.funnel) == (
        structural, tactical, verdict,
    )  # fmt: skip


def test_only_the_first_row_is_a_candidate_of_the_ratio_method(snap):
    """The funnel lets one of the six rows through."""
    rules = preset("ratio")
    passed = [
        decide(
            snap(spot=100.0, atm_iv=iv, rv_90d=hv90, rv_30d=hv30), rules, today=date(2026, 3, 27)
        ).candidate
        for hv90, hv30, iv, *_ in RATIO_ROWS
    ]
    assert passed == [True, False, False, False, False, False]


def test_the_floor():
    """IV 8 over HV 2 counts the HV as 5: 1.60, not 4."""
    assert ratio(8, 2) == 1.60


def test_stocks_a_and_b():
    """The same two points of spread: 20 % markup in one stock, 4 % in the other."""
    assert ratio(12, 10) == pytest.approx(1.20)
    assert ratio(52, 50) == pytest.approx(1.04)


@pytest.mark.parametrize(
    ("hv30", "band"),
    [(11.99, "severe compression"), (12, "mild compression"), (15, "normal"), (23, "normal"),
     (23.01, "mild expansion"), (26, "mild expansion"), (26.01, "severe expansion")],
)  # fmt: skip
def test_compression_bands(snap, hv30, band):
    """Edges 0.60, 0.75, 1.15 and 1.30 over an HV90 of 20, by function and through a snapshot."""
    assert compression_band(compression(hv30, 20)) == band
    assert premium_of(snap(rv_30d=hv30, rv_90d=20), STANDARD).compression_band == band


def article_spy(snap):
    """SPY as the article shows it."""
    return snap(
        spot=580.51, atm_iv=18.45, rv_20d=13.04, vrp_20d=5.41, z_score=1.34, percentile=82,
        put_vrp=7.35, call_vrp=4.21, gamma="positive", gamma_basis="vendor", gamma_flip=572.50,
        put_wall=570, call_wall=590, max_gamma=575, scores={"iron_condor": 85},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["standard", "article"])
def test_spy_of_the_article(snap, name):
    """Cell A at 1.75, 1.38 % above the flip, put-heavy, iron condor at 85, and a candidate."""
    d = decide(article_spy(snap), preset(name), today=date(2026, 3, 27))
    assert (d.cell, d.size, d.candidate) == ("A", 1.75, True)
    assert d.flip_distance_pct == pytest.approx(1.38, abs=5e-3)
    assert d.lean == "put-heavy"
    assert (d.structure.name, d.score) == ("iron_condor", 85)
    assert d.premium.spread == 5.41
    assert d.premium.z_band == "normal"
    shorts = {leg.right: (leg.strike, leg.basis) for leg in d.strikes.legs if leg.sign < 0}
    if name == "article":
        assert shorts == {"put": (570, "wall"), "call": (590, "wall")}
        assert d.status == "OK"
    else:
        assert shorts["put"][0] < 570
        assert {basis for _, basis in shorts.values()} == {"delta"}
        assert any("put wall 570" in w for w in d.warnings)
        assert d.status == "UNKNOWN: defense needs IV and HV30"


def test_25_delta_strikes_of_the_article_day():
    """At 30 days from 580.51: the wings lie near 558 and 600."""
    assert round(strike_of_delta("put", 580.51, 7.35 + 13.68, 30, 0.25)) == 558
    assert round(strike_of_delta("call", 580.51, 4.21 + 12.61, 30, 0.25)) == 600


def spy_2024_08_05(snap):
    """SPY in the morning of 2024-08-05, as the vendor recorded it."""
    moment = datetime(2024, 8, 5, 14, 30, tzinfo=UTC)
    return snap(
        as_of=moment, fetched_at=moment, market_open=False, spot=514.65,
        atm_iv=20.84, atm_iv_30d=28.74, rv_5d=15.07, rv_10d=13.77, rv_20d=10.46, rv_30d=10.5,
        vrp_5d=5.77, vrp_10d=7.07, vrp_20d=10.38, vrp_30d=10.34, history_days=0,
        variance_premium=0.032489, fair_vol=30.95, put_wing_iv=37.88, call_wing_iv=21.51,
        downside_rv=7.17, upside_rv=9.84, put_vrp=30.71, call_vrp=11.67,
        gamma="negative", gamma_basis="vendor", gamma_flip=455.9989678497264,
        net_gex=-9633894255.59396, harvest_score=0.35, dealer_flow_risk=43,
        vix_term_slope=0.8739953163389904,
        warnings=("negative_gamma", "poor_wing_liquidity", "term_inversion"),
        missing={"z_score": "the vendor has 0 days of history"},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["standard", "article", "zscore"])
def test_spy_of_2024_08_05(snap, name):
    """No z-score, no cell; negative gamma though spot is above the flip; never OK, never sold."""
    d = decide(spy_2024_08_05(snap), preset(name), today=date(2024, 8, 5))
    assert d.cell is None
    assert d.cell_text is None
    assert (d.gamma, d.gamma_basis) == ("negative", "vendor")
    assert d.flip_distance_pct == pytest.approx(11.3963, abs=5e-5)
    assert d.lean == "put-heavy"
    assert (d.size, d.candidate, d.structure, d.strikes) == (0, False, None, None)
    assert d.action == "WAIT: no z-score: the vendor has 0 days of history"
    assert d.status.startswith("UNKNOWN: inversion needs the z-score")
    assert d.premium.spread == 10.38
    assert d.premium.spread_30d == pytest.approx(18.28)
    assert d.premium.tactical == pytest.approx(28.74 / 10.5)
    assert d.premium.structural is None
    assert d.premium.funnel is None
    assert {"vendor: negative gamma", "vendor: poor wing liquidity", "vendor: term inversion"} <= {
        *d.warnings
    }


def test_the_recorded_figures_agree_with_each_other(snap):
    """Differences and variance of the record are what our own formulas give."""
    record = spy_2024_08_05(snap)
    own = complete(
        record.replace(vrp_20d=None, put_vrp=None, call_vrp=None, variance_premium=None), {},
        day=date(2024, 8, 2),
    )  # fmt: skip
    for name in ("vrp_20d", "put_vrp", "call_vrp"):
        assert getattr(own, name) == pytest.approx(getattr(record, name))
    assert own.variance_premium == pytest.approx(record.variance_premium, abs=5e-7)


def read(path, column):
    """Date -> value of one column of a recorded file."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return {date.fromisoformat(row[0]): float(row[column]) for row in rows}


@pytest.mark.skipif(not (SPX.exists() and VIX.exists()), reason="no recorded prices in ../shared")
def test_spx_and_vix_on_2018_02_05(snap):
    """The day the short-volatility funds died: every figure, and the same through a history."""
    spx, vix, day = read(SPX, 1), read(VIX, 4), date(2018, 2, 5)
    days = sorted(d for d in spx if d <= day)
    closes = [spx[d] for d in days]
    rv20, hv30, hv90 = (close_to_close(closes, n) for n in (20, 30, 90))
    spreads = {
        d: vix[d] - close_to_close(closes[i - 20 : i + 1])
        for i, d in enumerate(days)
        if i >= len(days) - 253
    }
    assert close_to_close(closes[-21:]) == pytest.approx(19.085131, abs=5e-7)
    assert spreads[day] == pytest.approx(18.234869, abs=5e-7)
    assert zscore(spreads[day], list(spreads.values())[:-1]) == pytest.approx(7.605781, abs=5e-7)
    assert ratio(vix[day], hv90) == pytest.approx(3.603299, abs=5e-7)
    assert ratio(vix[day], hv30) == pytest.approx(2.306191, abs=5e-7)
    assert compression(hv30, hv90) == pytest.approx(1.562446, abs=5e-7)

    stored = {"close": [(d, spx[d]) for d in days], "vrp_20d": list(spreads.items())}
    got = complete(snap(symbol="SPX", atm_iv=vix[day], spot=spx[day]), stored, day=day)
    assert got.rv_20d == pytest.approx(rv20)
    assert got.z_score == pytest.approx(7.605781, abs=5e-7)
    assert got.history_days == 252
    d = decide(got.replace(gamma="positive", gamma_basis="vendor"), STANDARD, today=day)
    assert d.premium.compression_band == "severe expansion"
    assert (d.cell, d.size) == ("A", 1.0)
    assert any("about to flip" in w for w in d.warnings)


@pytest.mark.skipif(not (SPX.exists() and VIX.exists()), reason="no recorded prices in ../shared")
def test_spx_and_vix_on_2022_12_28():
    """An ordinary day: near the middle of its own year, and below what 90 days realized."""
    spx, vix, day = read(SPX, 1), read(VIX, 4), date(2022, 12, 28)
    days = sorted(d for d in spx if d <= day)
    closes = [spx[d] for d in days]
    last = len(days) - 1
    spreads = [vix[days[i]] - close_to_close(closes[i - 20 : i + 1])
               for i in range(last - 252, last + 1)]  # fmt: skip
    assert zscore(spreads[-1], spreads[:-1]) == pytest.approx(-0.104032, abs=5e-7)
    assert ratio(vix[day], close_to_close(closes, 90)) == pytest.approx(0.887248, abs=5e-7)
    assert ratio(vix[day], close_to_close(closes, 30)) == pytest.approx(1.198133, abs=5e-7)


def test_a_small_history_by_hand(snap):
    """The same chain on invented prices, against the standard library."""
    day = date(2026, 3, 27)
    days = calendar.trading_days(day - timedelta(days=260), day)
    closes = [100 * 1.001**i * (1 + 0.01 * math.sin(i * i)) for i in range(len(days))]
    iv = [16 + 2 * math.cos(i) for i in range(len(days))]

    def hv(end, n):
        prices = closes[end - n : end + 1]
        returns = [math.log(b / a) for a, b in itertools.pairwise(prices)]
        return 100 * math.sqrt(252) * statistics.stdev(returns)

    last = len(days) - 1
    spreads = [iv[i] - hv(i, 20) for i in range(20, last)]
    today = 30 - hv(last, 20)
    stored = {
        "close": list(zip(days, closes, strict=True)),
        "vrp_20d": list(zip(days[20:-1], spreads, strict=True)),
    }
    got = complete(snap(atm_iv=30.0, spot=closes[-1]), stored, day=day)
    assert got.vrp_20d == pytest.approx(today)
    expected = (today - statistics.mean(spreads)) / statistics.stdev(spreads)
    assert got.z_score == pytest.approx(expected)
    assert got.history_days == len(spreads)
    p = premium_of(got, STANDARD)
    assert p.structural == pytest.approx(30 / max(hv(last, 90), 5))
    assert p.tactical == pytest.approx(30 / max(hv(last, 30), 5))
    assert p.compression == pytest.approx(hv(last, 30) / hv(last, 90))
