"""What FlashAlpha's answers mean: recorded ones, both generations, and anything at all."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp_xl.core.snapshot import FIGURES, IvPoint, Snapshot, TermPoint
from vrp_xl.errors import (
    BadAnswerError,
    KeyRefusedError,
    PlanError,
    QuotaError,
    ServiceError,
    SourceError,
    SymbolNotCoveredError,
    UnknownSymbolError,
)
from vrp_xl.sources import flashalpha_wire as wire
from vrp_xl.sources.base import Observation, daily_observations
from vrp_xl.sources.plain import plain

EXAMPLES = Path(__file__).parents[2] / "../shared/facts/flashalpha_examples"
FLIP = 749.304001148812834
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
MAY_28 = datetime(2026, 5, 28, tzinfo=UTC)

# The record of 2024-08-05, 10:30 in New York, with rounded decimals.
CRASH: dict[str, Any] = {
    "symbol": "SPY",
    "underlying_price": 514.65,
    "as_of": "2024-08-05T10:30:00",
    "market_open": False,
    "vrp": {
        "atm_iv": 20.84,
        "rv_5d": 15.07,
        "rv_10d": 13.77,
        "rv_20d": 10.46,
        "rv_30d": 10.5,
        "vrp_5d": 5.77,
        "vrp_10d": 7.07,
        "vrp_20d": 10.38,
        "vrp_30d": 10.34,
        "z_score": None,
        "percentile": None,
        "history_days": 0,
    },
    "variance_risk_premium": 0.032489,
    "fair_vol": 30.95,
    "directional": {
        "put_wing_iv_25d": 37.88,
        "call_wing_iv_25d": 21.51,
        "downside_rv_20d": 7.17,
        "upside_rv_20d": 9.84,
        "downside_vrp": 30.71,
        "upside_vrp": 11.67,
    },
    "term_vrp": [
        {"dte": 7, "iv": 36.4, "rv": 14.07, "vrp": 22.33},
        {"dte": 14, "iv": 33.82, "rv": 11.65, "vrp": 22.17},
        {"dte": 30, "iv": 28.74, "rv": 10.5, "vrp": 18.24},
    ],
    "gex_conditioned": {"regime": "negative_gamma", "harvest_score": 0.35, "interpretation": "x"},
    "vanna_conditioned": {"outlook": "Vol compression likely", "interpretation": "y"},
    "regime": {
        "gamma": "negative_gamma",
        "vrp_regime": None,
        "net_gex": -9633894255.59396,
        "gamma_flip": 455.996,
    },
    "strategy_scores": None,
    "net_harvest_score": None,
    "dealer_flow_risk": 43,
    "warnings": ["negative_gamma", "poor_wing_liquidity", "term_inversion"],
    "macro": {"vix": 38.57, "vix_3m": 33.71, "vix_term_slope": 0.874, "hy_spread": 3.5},
}
LEVELS: dict[str, Any] = {
    "symbol": "SPY",
    "underlying_price": 749.87,
    "as_of": "2026-05-27T17:58:15.4135509Z",
    "levels": {
        "gamma_flip": FLIP,
        "max_positive_gamma": 750,
        "max_negative_gamma": 749,
        "call_wall": 751,
        "put_wall": 749,
        "highest_oi_strike": 700,
        "zero_dte_magnet": 749,
    },
}
CALM: dict[str, Any] = {
    "symbol": "SPY",
    "underlying_price": 750.0,
    "as_of": "2026-11-20T14:59:58.1234567Z",
    "data_as_of": {"node": "fa2", "equity_options_feed": "2026-11-20T14:59:50.9Z", "oi_feed": None},
    "vrp": {"atm_iv": 18.45, "vrp_20d": 5.41, "z_score": 1.34, "percentile": 82},
    "regime": {"gamma": "positive_gamma", "gamma_flip": None, "gamma_flip_status": "no_boundary"},
    "strategy_scores": {"iron_condor": 85, "short_put_spread": None, "new_one": 12},
    "net_harvest_score": 71,
    "surprise": {"anything": [1]},
}
GROWTH: dict[str, Any] = {
    "symbol": "TSLA",
    "underlying_price": 265.5,
    "as_of": "2026-03-09T15:30:00Z",
    "market_open": True,
    "realized_vol": {"rv_5d": 52.31, "rv_20d": 45.8, "rv_30d": 44.2, "rv_60d": 42.15},
    "atm_iv": 48.5,
    "iv_rv_spreads": {"vrp_20d": 2.7, "assessment": "moderate_premium"},
    "skew_profiles": [
        {"days_to_expiry": 37, "put_25d_iv": 24.0, "atm_iv": 22.0, "call_25d_iv": 21.0},
        {"days_to_expiry": 23, "put_25d_iv": 23.0, "atm_iv": 20.0, "call_25d_iv": 19.0},
        {"days_to_expiry": 90, "atm_iv": None},
        "rubbish",
    ],
    "gex_by_dte": [{"bucket": "0-7d", "net_gex": 5e6}, {"bucket": "8-30d", "net_gex": -2e6}],
    "liquidity": {"atm_avg_spread_pct": 1.85, "wing_avg_spread_pct": 45.2},
}
STOCK: dict[str, Any] = {
    "symbol": "AAPL",
    "as_of": "2026-03-06T14:30:00Z",
    "market_open": True,
    "price": {"bid": 180.5, "ask": 180.52, "mid": 180.51, "last": 180.4},
    "volatility": {
        "atm_iv": 18.45,
        "hv_20": 15.32,
        "hv_60": 16.78,
        "vrp": 3.13,
        "skew_25d": {"days_to_expiry": 8, "put_25d_iv": 20.12, "call_25d_iv": 17.1},
        "iv_term_structure": [
            {"iv": 18.2, "days_to_expiry": 15},
            {"iv": 17.8, "days_to_expiry": 8},
        ],
    },
    "exposure": {
        "net_gex": 2.85e9,
        "gamma_flip": 175.25,
        "call_wall": 185.0,
        "put_wall": 170.0,
        "highest_oi_strike": 180.0,
        "regime": "positive_gamma",
    },
    "macro": {"vix_term_structure": {"levels": {"vix": 18.0, "vix3m": 19.8}}},
}
PARSERS = (
    wire.parse_vrp,
    wire.parse_levels,
    wire.parse_volatility,
    wire.parse_stock_summary,
)


def made(
    answer: dict[str, Any],
    levels: dict[str, Any] | None = None,
    main: str = wire.VRP,
    plan: str = "Alpha",
    **asked: Any,
) -> Snapshot:
    """The record of an answer."""
    symbol = str(answer.get("symbol", "SPY"))
    return wire.to_snapshot(
        symbol,
        answer,
        levels,
        asked=wire.Asked(main, plan, **{"closes": 12, **asked}),
        fetched_at=NOW,
    )


def example(name: str) -> dict[str, Any]:
    """A recorded answer, where the records are at hand."""
    path = EXAMPLES / name
    if not path.exists():
        pytest.skip(f"no recorded answers at {EXAMPLES}")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_record_of_the_crash() -> None:
    """The answer of 2024-08-05 keeps each figure, its null z and its odd regime."""
    got = made(CRASH)
    assert got.as_of == datetime(2024, 8, 5, 14, 30, tzinfo=UTC)
    assert (got.spot, got.atm_iv, got.rv_20d, got.vrp_20d) == (514.65, 20.84, 10.46, 10.38)
    assert (got.put_vrp, got.call_vrp, got.put_wing_iv, got.call_wing_iv) == (
        30.71, 11.67, 37.88, 21.51,
    )  # fmt: skip
    assert (got.downside_rv, got.upside_rv, got.variance_premium) == (7.17, 9.84, 0.032489)
    assert (got.z_score, got.percentile, got.history_days) == (None, None, 0)
    assert (got.gamma, got.gamma_basis, got.gamma_flip) == ("negative", "vendor", 455.996)
    assert got.spot > got.gamma_flip
    assert (got.harvest_score, got.dealer_flow_risk, got.scores) == (0.35, 43, {})
    assert (got.vanna_outlook, got.vix_term_slope) == ("Vol compression likely", 0.874)
    assert got.term_vrp[0] == TermPoint(7, 36.4, 14.07, 22.33)
    assert got.atm_iv_30d == 28.74
    assert got.warnings == ("negative_gamma", "poor_wing_liquidity", "term_inversion")
    assert got.missing["z_score"] == (
        "the vendor has too little history (0 days): it grows by one a day"
    )


def test_recorded_crash() -> None:
    """The recorded answer of 2024-08-05 gives the same as its copy here."""
    got = made(example("capture_historical_vrp_SPY_2024-08-05.json"))
    same = made(CRASH)
    for name in (
        "spot",
        "put_vrp",
        "call_vrp",
        "vrp_20d",
        "atm_iv_30d",
        "gamma",
        "as_of",
        "scores",
    ):
        assert getattr(got, name) == getattr(same, name)
    assert got.gamma_flip == pytest.approx(455.999, abs=0.001)


def test_levels() -> None:
    """Levels come under our names, with seven decimals of a second and the long flip."""
    got = wire.parse_levels(LEVELS)
    assert got == {
        "as_of": datetime(2026, 5, 27, 17, 58, 15, 413550, tzinfo=UTC),
        "spot": 749.87,
        "gamma_flip": FLIP,
        "put_wall": 749.0,
        "call_wall": 751.0,
        "max_gamma": 750.0,
        "max_negative_gamma": 749.0,
        "highest_oi_strike": 700.0,
    }


def test_recorded_levels() -> None:
    """The recorded levels give the same as their copy here."""
    assert wire.parse_levels(example("capture_live_levels_SPY_2026-05-27.json")) == (
        wire.parse_levels(LEVELS)
    )


@pytest.mark.parametrize(
    ("name", "main"),
    [
        ("docs_vrp_SPY_2026-03-27_PARTIAL.json", wire.VRP),
        ("docs_historical_vrp_SPY_2026-03-05_PARTIAL.json", wire.VRP),
        ("docs_volatility.json", wire.VOLATILITY),
        ("docs_stock_summary.json", wire.SUMMARY),
    ],
)
def test_samples_of_the_vendor(name: str, main: str) -> None:
    """Each sample of the vendor's documentation becomes a record that survives the store."""
    got = made(
        example(name), example("docs_exposure_levels.json") if main == wire.VRP else None, main
    )
    assert got.spot is not None
    assert got.atm_iv is not None
    assert got.vrp_20d is not None
    assert Snapshot.from_dict(json.loads(json.dumps(got.to_dict()))) == got


def test_levels_and_figures_meet() -> None:
    """The spot and the time are those of the figures, the walls and a flip those of the levels."""
    got = made({**CALM, "regime": {"gamma": "positive_gamma", "gamma_flip": 500.0}}, LEVELS)
    assert (got.spot, got.as_of.year, got.as_of.month) == (750.0, 2026, 11)
    assert (got.gamma_flip, got.put_wall) == (FLIP, 749.0)
    assert got.basis["put_wall"] == "levels of 2026-05-27T17:58+00:00"
    assert "gamma_flip_status" not in got.to_dict()


def test_a_flip_that_is_withheld() -> None:
    """A status other than available leaves no flip, says why, and the regime stays the vendor's."""
    got = made(CALM)
    assert (got.gamma, got.gamma_flip, got.gamma_flip_status) == ("positive", None, "no_boundary")
    assert got.missing["gamma_flip"] == "withheld by the vendor: no_boundary"
    late = copy.deepcopy(LEVELS)
    late["levels"] |= {"gamma_flip": None, "gamma_flip_status": "sensitive_root"}
    assert made(CRASH, late).gamma_flip == 455.996
    assert made(CALM, late).missing["gamma_flip"] == "withheld by the vendor: sensitive_root"
    late["levels"]["gamma_flip"] = 740.0
    assert made(CALM, late).gamma_flip is None


@pytest.mark.parametrize("regime", ["unknown", "neutral", "undetermined", None, 3, "POSITIVE"])
def test_gamma_that_is_neither_is_unknown(regime: object) -> None:
    """Whatever is not the vendor's positive or negative stays unknown, with a reason."""
    got = made({**CALM, "regime": {"gamma": regime}})
    assert (got.gamma, got.gamma_basis) == ("unknown", None)
    assert got.missing["gamma"]


def test_scores_and_where_they_are_from() -> None:
    """Scores that are there are kept, also new ones; simulated ones say so."""
    got = made(CALM)
    assert got.scores == {"iron_condor": 85.0, "new_one": 12.0}
    assert got.score_kind == "vendor"
    assert made({**CALM, "simulated": True}).score_kind == "simulated"
    assert made({**CALM, "simulated": "yes"}).score_kind == "vendor"
    assert made({**CALM, "strategy_scores": None, "net_harvest_score": None}).score_kind is None


def test_age_of_the_quotes_is_kept() -> None:
    """The time of the option quotes stands beside the time of the answer."""
    assert (
        made(CALM).basis["as_of"]
        == "time of the answer; option quotes of 2026-11-20T14:59:50+00:00"
    )


def test_growth() -> None:
    """The Growth plan's answer gives IV at 30 days, net GEX, wings and widths, and no z."""
    got = made(GROWTH, None, wire.VOLATILITY, "Growth", levels_failed="status 503")
    assert got.iv_term == (IvPoint(23, 20.0), IvPoint(37, 22.0))
    assert got.atm_iv_30d == pytest.approx(21.2556, abs=1e-4)
    assert (got.atm_spread_pct, got.wing_spread_pct, got.rv_60d) == (1.85, 45.2, 42.15)
    assert (got.net_gex, got.put_wing_iv) == (3e6, 24.0)
    assert set(got.basis) == {"net_gex", "put_wing_iv", "call_wing_iv"}
    assert (got.gamma, got.z_score) == ("unknown", None)
    assert got.missing["put_vrp"] == (
        "the Growth plan has no directional premium; the Alpha plan's /v1/vrp gives it"
    )
    assert got.missing["put_wall"] == "the levels did not come: status 503"


def test_net_gex_of_a_part_is_none() -> None:
    """A group of expiries without its figure leaves no sum."""
    answer = {**GROWTH, "gex_by_dte": [{"net_gex": 5e6}, {"net_gex": None}]}
    assert made(answer, None, wire.VOLATILITY, "Growth").net_gex is None


def test_stock_summary() -> None:
    """The summary gives spot, spread, regime, walls and the VIX slope."""
    got = made(STOCK, None, wire.SUMMARY, "Basic")
    assert (got.spot, got.atm_iv, got.rv_20d, got.rv_60d, got.vrp_20d) == (
        180.51, 18.45, 15.32, 16.78, 3.13,
    )  # fmt: skip
    assert (got.gamma, got.gamma_flip, got.put_wall, got.call_wall) == (
        "positive", 175.25, 170.0, 185.0,
    )  # fmt: skip
    assert got.vix_term_slope == pytest.approx(1.1)
    assert got.iv_term == (IvPoint(8, 17.8), IvPoint(15, 18.2))
    assert (
        got.missing["atm_iv_30d"] == "no expiries on both sides of 30 days (days to expiry: 8, 15)"
    )
    assert "Growth" in got.missing["rv_30d"]
    none = made({**STOCK, "exposure": None}, None, wire.SUMMARY, "Free")
    assert (none.gamma, none.put_wall) == ("unknown", None)


@pytest.mark.parametrize(
    ("answer", "main", "plan"),
    [(CALM, wire.VRP, "Alpha"), (GROWTH, wire.VOLATILITY, "Growth"), (STOCK, wire.SUMMARY, "Free")],
)
def test_every_missing_figure_has_its_reason(answer: dict[str, Any], main: str, plan: str) -> None:
    """No figure is missing without a sentence, and none that is there has one."""
    got = made(answer, None, main, plan)
    assert {n for n in FIGURES if getattr(got, n) is None} <= set(got.missing)
    assert all(got.missing.values())
    assert not [n for n in got.missing if n != "gamma" and getattr(got, n)]
    symbol = got.symbol
    assert got.missing["next_earnings"] == (
        f"not delivered by FlashAlpha: vrp-xl watchlist add {symbol} --earnings DATE"
    )
    assert got.missing["rv_90d"] == (
        "needs 91 closes; 12 stored: they grow by one a day, or "
        f"vrp-xl history import FILE --symbol {symbol} --field close"
    )


def test_an_answer_without_figures() -> None:
    """An empty answer is an error, not an empty record."""
    with pytest.raises(BadAnswerError, match="neither spot nor IV"):
        made({})
    with pytest.raises(BadAnswerError):
        made({"vrp": [], "underlying_price": -4, "as_of": "soon"})


def test_an_answer_about_another_symbol() -> None:
    """Figures of another symbol are not taken, other ways to write the same one are."""
    asked = wire.Asked(wire.VRP, "Alpha", 0)
    for symbol, told in [("BRK.B", "BRK-B"), ("ES=F", "ES"), ("^SPX", "SPX"), ("SPY", "spy")]:
        wire.to_snapshot(symbol, {**CALM, "symbol": told}, None, asked=asked, fetched_at=NOW)
    with pytest.raises(BadAnswerError, match="asked for QQQ and answered for SPY"):
        wire.to_snapshot("QQQ", CALM, None, asked=asked, fetched_at=NOW)
    with pytest.raises(BadAnswerError):
        wire.to_snapshot("SPY", CALM, {**LEVELS, "symbol": "QQQ"}, asked=asked, fetched_at=NOW)


def test_no_time_in_the_answer() -> None:
    """Without a time the time of the request stands in and is marked."""
    got = made({**CALM, "as_of": None, "data_as_of": None})
    assert got.as_of == NOW
    assert "time of the request" in got.basis["as_of"]


@pytest.mark.parametrize(
    "value",
    [None, "", 5, "soon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31"],
)
def test_times_that_are_none(value: object) -> None:
    """Rubbish is no time."""
    assert wire.parse_time(value) is None


def test_history() -> None:
    """Rows in any order, twice, broken or without a price give what can be used, once a day."""
    rows = [
        {"date": "2026-03-05", "spot": 680.0, "atm_iv": 18.37, "vrp_20d": 8.11},
        {"date": "2026-03-03", "spot": 670.0, "atm_iv": None, "vrp_20d": -1.0, "rv_20d": 12.0},
        {"date": "2026-03-05T16:00:00", "spot": 679.46},
        {"date": "2026-03-04", "spot": 0, "atm_iv": "x"},
        {"date": "2026-02-30", "spot": 1.0},
        {"date": "20260303", "spot": 1.0},
        {"date": None, "spot": 1.0},
        {"spot": 1.0},
        "rubbish",
        None,
    ]
    assert wire.parse_vrp_history({"history": rows}) == (
        Observation("atm_iv", date(2026, 3, 5), 18.37),
        Observation("close", date(2026, 3, 3), 670.0),
        Observation("close", date(2026, 3, 5), 679.46),
        Observation("vrp_20d", date(2026, 3, 3), -1.0),
        Observation("vrp_20d", date(2026, 3, 5), 8.11),
    )
    assert wire.parse_vrp_history({"history": None}) == ()


def test_daily_observations() -> None:
    """A record adds its own day to the history, and nothing for what is missing."""
    day = date(2024, 8, 5)
    assert daily_observations(made(CRASH), day) == (
        Observation("close", day, 514.65),
        Observation("atm_iv", day, 20.84),
        Observation("atm_iv_30d", day, 28.74),
        Observation("vrp_20d", day, 10.38),
    )


def test_account() -> None:
    """Plan and quota come from text, from numbers, or as unlimited."""
    got = wire.parse_account(
        {
            "plan": "Growth",
            "daily_limit": "1000",
            "remaining": 958,
            "resets_at": "2026-03-09T00:00:00Z",
        },
        NOW,
    )
    assert (got.plan, got.limit, got.remaining, got.unlimited) == ("growth", 1000, 958, False)
    assert (got.resets_at, got.seen_at) == (datetime(2026, 3, 9, tzinfo=UTC), NOW)
    most = wire.parse_account({"plan": "alpha", "daily_limit": "unlimited"}, NOW)
    assert (most.plan, most.limit, most.unlimited) == ("alpha", None, True)
    assert wire.parse_account({"plan": 7, "remaining": "many"}, NOW).plan is None


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "expected"),
    [
        ("2500", "17", "1779926400", (2500, 17, False, MAY_28)),
        ("unlimited", "unlimited", "1779926400", (None, None, True, MAY_28)),
        ("x", "3.0", "9" * 30, (None, 3, False, None)),
        ("5", "0", "soon", (5, 0, False, None)),
        ("5", "-1", "", None),
        ("", "nan", "", None),
    ],
)  # fmt: skip
def test_quota_headers(limit: str, remaining: str, reset: str, expected: tuple[Any, ...]) -> None:
    """The quota's headers are text, not always numbers, and rubbish at times."""
    got = wire.parse_quota_headers(
        {
            "x-ratelimit-limit": limit,
            "x-ratelimit-remaining": remaining,
            "x-ratelimit-reset": reset,
        }
    )
    told = got and (got.limit, got.remaining, got.unlimited, got.resets_at)
    assert told == expected
    assert wire.parse_quota_headers({}) is None


def refused(
    status: int,
    answer: dict[str, Any] | None,
    headers: dict[str, str] | None = None,
    text: str = "",
) -> SourceError:
    """The error that a refusal becomes."""
    return wire.to_error(
        wire.Refusal(status, answer, text, headers or {}), symbol="SPY", now=NOW, clean=plain
    )


NOT_FREE = {
    "status": "ERROR",
    "error": "symbol_not_in_free_universe",
    "message": "ZZTEST isn't one of them.",
    "current_plan": "Free",
    "required_plan": "Basic",
}
TIER = {
    "status": "ERROR",
    "error": "tier_restricted",
    "message": "This endpoint requires more.",
    "current_plan": "Basic",
    "required_plan": "Growth",
}


@pytest.mark.parametrize(
    ("status", "answer", "kind", "words"),
    [
        (401, {"title": "Unauthorized", "status": 401, "detail": "Invalid API key."},
         KeyRefusedError, "Invalid API key"),
        (403, TIER, PlanError, "requires more"),
        (403, NOT_FREE, SymbolNotCoveredError, "isn't one of them"),
        (403, {"message": "Index data needs Basic."}, PlanError, "Index data"),
        (403, None, BadAnswerError, "status 403"),
        (404, {"error": "symbol_not_found", "message": "No data for XYZ."},
         UnknownSymbolError, "No data for XYZ"),
        (404, None, UnknownSymbolError, "SPY"),
        (429, {"error": "Quota exceeded", "message": "You have exceeded."}, QuotaError, "exceeded"),
        (400, {"error": "validation_error", "message": "days"}, BadAnswerError, "days"),
        (503, None, ServiceError, "status 503"),
        (500, {"error": 5, "message": ["x"]}, ServiceError, "status 500"),
        (418, None, BadAnswerError, "418"),
        (200, TIER, PlanError, "requires more"),
        (200, NOT_FREE, SymbolNotCoveredError, ""),
        (200, {"error": "no_data"}, UnknownSymbolError, "no_data"),
        (200, {"status": "ERROR", "error": "Quota exceeded"}, QuotaError, ""),
        (200, {"status": 401, "detail": "Invalid API key."}, KeyRefusedError, ""),
        (200, {"status": "error", "message": "odd"}, BadAnswerError, "odd"),
    ],
)  # fmt: skip
def test_refusals(
    status: int, answer: dict[str, Any] | None, kind: type[SourceError], words: str
) -> None:
    """Each shape of error becomes the kind that says what to do, in the vendor's words."""
    got = refused(status, answer)
    assert type(got) is kind
    assert words in got.why
    assert status != 200 or answer is None or wire.is_refusal(answer)


def test_answers_are_no_refusals() -> None:
    """What carries figures is not taken for an error."""
    for answer in (CRASH, CALM, LEVELS, GROWTH, STOCK, {"status": "ok"}, {"error": None}):
        assert not wire.is_refusal(answer)


def test_plans_in_a_refusal() -> None:
    """A refusal names the plan in force and the one that is needed."""
    got = refused(403, TIER)
    assert isinstance(got, PlanError)
    assert (got.current, got.required) == ("Basic", "Growth")


def test_recorded_refusals() -> None:
    """The recorded and the documented refusals are known."""
    for name, status, kind in [
        ("capture_403_symbol_not_in_free_universe.json", 403, SymbolNotCoveredError),
        ("docs_error_401.json", 401, KeyRefusedError),
        ("docs_error_403_tier.json", 403, PlanError),
        ("docs_error_404.json", 404, UnknownSymbolError),
        ("docs_error_429.json", 429, QuotaError),
    ]:
        assert type(refused(status, example(name))) is kind


MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reset_at", "headers", "until"),
    [
        ("2026-11-20T23:00:00Z", {"retry-after": "60"}, MIDNIGHT - timedelta(hours=1)),
        (None, {"x-ratelimit-reset": "1795219200", "retry-after": "60"}, MIDNIGHT),
        ("soon", {"x-ratelimit-reset": "x", "retry-after": "7200"}, NOW + timedelta(hours=2)),
        (None, {"retry-after": "1.5"}, NOW + timedelta(seconds=1.5)),
        (None, {"retry-after": "Fri, 20 Nov 2026 22:00:00 GMT"}, MIDNIGHT - timedelta(hours=2)),
        (None, {"retry-after": "nan"}, MIDNIGHT),
        (None, {"retry-after": "1e300"}, MIDNIGHT),
        (None, {"retry-after": "later, please"}, MIDNIGHT),
        ("2026-03-01T00:00:00Z", {}, MIDNIGHT),
        ("2027-03-01T00:00:00Z", {}, MIDNIGHT),
        (7, {}, MIDNIGHT),
    ],
)
def test_when_a_quota_starts_anew(
    reset_at: object, headers: dict[str, str], until: datetime
) -> None:
    """The first time to come that an answer names counts, else the next midnight UTC."""
    got = refused(429, {"error": "Quota exceeded", "reset_at": reset_at}, headers)
    assert isinstance(got, QuotaError)
    assert got.until == until


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**400), max_value=10**400),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["2026-03-05", "2026-03-05T10:00:00", "9999-12-31T23:59:59Z", "available"]),
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A good answer in which some leaves or blocks are something else or are gone."""
    answer: dict[str, Any] = copy.deepcopy(
        draw(st.sampled_from([CRASH, CALM, LEVELS, GROWTH, STOCK, {"history": [{}, {}]}, TIER]))
    )
    for _ in range(draw(st.integers(0, 6))):
        place: Any = answer
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and draw(st.booleans()):
                place = place[key]
                continue
            if draw(st.booleans()) and isinstance(place, dict):
                del place[key]
            else:
                place[key] = draw(ANYTHING)
            break
    return answer


@given(damaged() | st.dictionaries(st.text(max_size=5), ANYTHING))
def test_anything_can_be_parsed(answer: dict[str, Any]) -> None:
    """Any JSON object gives fields, never an exception."""
    for parse in PARSERS:
        assert isinstance(parse(answer), dict)
    assert isinstance(wire.parse_vrp_history(answer), tuple)
    wire.parse_account(answer, NOW)
    wire.is_refusal(answer)


@given(damaged(), damaged() | st.none(), st.sampled_from([wire.VRP, wire.VOLATILITY, wire.SUMMARY]))
def test_anything_gives_a_record_or_an_error(
    answer: dict[str, Any], levels: dict[str, Any] | None, main: str
) -> None:
    """Any two answers give a record that can be stored, or an error of ours."""
    try:
        got = wire.to_snapshot(
            "SPY", answer, levels, asked=wire.Asked(main, "Basic", 0), fetched_at=NOW
        )
    except SourceError:
        return
    stored = json.dumps(got.to_dict(), allow_nan=False)
    assert Snapshot.from_dict(json.loads(stored)).to_dict() == got.to_dict()


@given(
    st.integers(200, 599),
    damaged() | st.none() | st.dictionaries(st.sampled_from([*TIER, "reset_at"]), ANYTHING),
    st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset"]), st.text(max_size=12)),
)
def test_any_refusal_is_an_error(
    status: int, answer: dict[str, Any] | None, headers: dict[str, str]
) -> None:
    """Any refusal becomes an error of a source, and a quota always has its end."""
    got = refused(status, answer, headers)
    assert got.why
    if isinstance(got, QuotaError):
        assert got.until is not None
        assert got.until > NOW
    wire.parse_quota_headers({**headers, "x-ratelimit-remaining": headers.get("retry-after", "")})
