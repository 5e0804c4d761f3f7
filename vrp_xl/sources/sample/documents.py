"""The sample market in the vendor's words: one JSON object per endpoint.

Keys, nesting, nulls, units and types are those of the FlashAlpha API as of August 2026: percent
points, whole strikes as integers, GEX in USD per 1 %, seven-digit UTC times, the seven levels
under ``levels``. Every document of market data carries ``"simulated": true`` at its top, for
three reasons: the market is invented, the vendor's walls follow a rule that is not published, and
these figures of theirs have no published formula, so that ours are stand-ins:

* ``gex_conditioned.harvest_score`` (0 to 1): 0.5 + 0.15 z, plus 0.2 in positive gamma, minus 0.3
  in negative, minus 0.1 in unknown;
* ``strategy_scores`` (0 to 100): the short put spread has the weights that the vendor's article
  gives (35 % put VRP, 30 % put/call asymmetry, 20 % skew, 15 % gamma), our own scales under them;
  the other three mix the z-score, the poorer side's VRP, the term slope and gamma;
* ``net_harvest_score``: the mean of the harvest score and of the best strategy score;
* ``dealer_flow_risk``: 30, 50 or 70 for positive, unknown or negative gamma, plus 10 for an
  inverted term structure, plus 15 within half a percent of the flip;
* ``regime.vrp_regime``: event_only with a report within ten days, toxic_short_vol where implied
  is below realized, cheap_convexity for z below -0.5, surface_distorted where wings hardly trade,
  else harvestable;
* ``fair_vol``, net DEX, VEX and CHEX, ``straddle`` and the profiles by expiry, bucket and
  moneyness: fixed shares of the name's parameters.

Flip, walls, peaks, net GEX, wings and term structure are those of the name's option chain, as the
source ``sample`` shows them. ATM IV is the one at 30 days. The expiries in these documents lie at
fixed distances from the day (`TENORS`), whatever weekday that gives. Where the chain has no flip,
the vendor withholds it, and the regime with it.

Touches no file, no network and no clock.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from vrp_xl.core import calendar
from vrp_xl.sources.sample.market import DAYS, Market, View, path
from vrp_xl.sources.sample.names import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Generation = Literal["2026-05", "2026-08"]
Document = dict[str, Any]

TENORS = (7, 14, 30, 60, 90)
TERM_BUCKETS = (7, 14, 30, 60)
OI_SHARES = (0.24, 0.20, 0.28, 0.16, 0.12)
"""Share of the open interest that each of `TENORS` holds."""
ENDPOINT_VERSION = "2026.08.25"
VIX = 17.42
VIX_3M = 19.11
POOR_WINGS = 25.0
_NEAR_FLIP = 0.5


def wire_time(when: datetime) -> str:
    """`when` (UTC) as the live host writes it: seven digits and a Z."""
    return f"{when:%Y-%m-%dT%H:%M:%S.%f}0Z"


def number(value: float | None) -> float | int | None:
    """A strike as the wire has it: whole ones are integers."""
    return int(value) if value is not None and float(value).is_integer() else value


def _score(value: float) -> int:
    return round(min(100.0, max(0.0, value)))


class Documents:
    """Writes the documents of one market.

    Every method that takes a symbol raises `vrp_xl.errors.UnknownSymbolError` where the market
    does not have it; `back` is 0 for today and 1 for the trading day before.
    """

    def __init__(self, market: Market, generation: Generation = "2026-08") -> None:
        self.market = market
        self._envelope = generation == "2026-08"

    def vrp(self, symbol: str, back: int = 0) -> Document:
        """``/v1/vrp/{symbol}``."""
        v = self.market.view(symbol, back)
        name = v.name
        put_iv, call_iv = v.wing(30, "put"), v.wing(30, "call")
        put_vrp, call_vrp = round(put_iv - v.downside_rv, 2), round(call_iv - v.upside_rv, 2)
        scores = strategy_scores(v, put_vrp, call_vrp)
        harvest = harvest_score(v)
        net = _net_harvest(harvest, scores)
        fair = _fair_vol(v)
        return self._market_data(
            v,
            {
                "symbol": name.symbol,
                "underlying_price": v.spot,
                "as_of": wire_time(v.as_of),
                "market_open": v.market_open,
                "vrp": {
                    "atm_iv": v.atm_iv,
                    **{f"rv_{n}d": v.rv[n] for n in (5, 10, 20, 30)},
                    **{f"vrp_{n}d": v.vrp[n] for n in (5, 10, 20, 30)},
                    "z_score": v.z_score,
                    "percentile": v.percentile,
                    "history_days": v.history_days,
                },
                "variance_risk_premium": round((v.atm_iv / 100) ** 2 - (v.rv[20] / 100) ** 2, 6),
                "convexity_premium": round(fair - v.atm_iv, 2),
                "fair_vol": fair,
                "directional": {
                    "put_wing_iv_25d": put_iv,
                    "call_wing_iv_25d": call_iv,
                    "downside_rv_20d": v.downside_rv,
                    "upside_rv_20d": v.upside_rv,
                    "downside_vrp": put_vrp,
                    "upside_vrp": call_vrp,
                },
                "term_vrp": [
                    {"dte": n, "iv": v.iv(n), "rv": v.rv[n], "vrp": round(v.iv(n) - v.rv[n], 2)}
                    for n in TERM_BUCKETS
                    if n < 60 or name.wing_spread_pct < POOR_WINGS  # a bucket without data is left
                ],
                "gex_conditioned": {
                    "regime": v.gamma,
                    "harvest_score": harvest,
                    "interpretation": _GEX_WORDS[v.gamma],
                },
                "vanna_conditioned": _vanna(v),
                "regime": {
                    "gamma": v.gamma,
                    "vrp_regime": vrp_regime(v),
                    "net_gex": v.net_gex,
                    **self._flip(v),
                },
                "strategy_scores": scores,
                "net_harvest_score": net,
                "dealer_flow_risk": dealer_flow_risk(v),
                "warnings": vendor_warnings(v),
                "macro": {
                    "vix": VIX,
                    "vix_3m": VIX_3M,
                    "vix_term_slope": VIX_3M / VIX,
                    "dgs10": 4.12,
                    "hy_spread": None,
                    "fed_funds": 3.63,
                },
            },
        )

    def composites(self, symbol: str, back: int = 0) -> dict[str, float | str | None]:
        """The vendor's figures that no option chain has, under the names of a snapshot."""
        v = self.market.view(symbol, back)
        put_vrp = round(v.wing(30, "put") - v.downside_rv, 2)
        call_vrp = round(v.wing(30, "call") - v.upside_rv, 2)
        harvest = harvest_score(v)
        return {
            "harvest_score": harvest,
            "net_harvest_score": _net_harvest(harvest, strategy_scores(v, put_vrp, call_vrp)),
            "dealer_flow_risk": dealer_flow_risk(v),
            "vrp_regime": vrp_regime(v),
            "vanna_outlook": _vanna(v)["outlook"],
            "fair_vol": _fair_vol(v),
            "vix_term_slope": VIX_3M / VIX,
        }

    def vrp_history(self, symbol: str, days: int = 30) -> Document:
        """``/v1/vrp/{symbol}/history``: the trading days within the last `days` calendar days.

        A day's row is there from 16:35 New York time on.
        """
        name = self.market.name(symbol)
        found = path(name)
        last = self.market.days[-1]
        filled = calendar.session_close(last) + timedelta(minutes=35) <= self.market.now
        first = max(DAYS - self.market.tracked_days(symbol), 30)
        rows = [
            {
                "date": day.isoformat(),
                "spot": found.close[at],
                "atm_iv": found.atm_iv[at],
                **{f"rv_{n}d": found.rv[n][at] for n in (5, 10, 20, 30)},
                "vrp_20d": found.vrp_20d[at],
                "straddle": round(
                    math.sqrt(2 / math.pi * 30 / 365) * found.close[at] * found.atm_iv[at] / 100, 2
                ),
                "expected_move_1d": round(
                    found.close[at] * found.atm_iv[at] / 100 / math.sqrt(365), 2
                ),
            }
            for at, day in enumerate(self.market.days)
            if at >= first and (last - day).days < days and (filled or day < last)
        ]
        return self._market_data(
            self.market.view(symbol),
            {"symbol": symbol, "days": days, "data_points": len(rows), "history": rows},
        )

    def levels(self, symbol: str, back: int = 0) -> Document:
        """``/v1/exposure/levels/{symbol}``."""
        v = self.market.view(symbol, back)
        name = v.name
        magnet = round(v.spot / name.strike_step) * name.strike_step if name.zero_dte else None
        return self._market_data(
            v,
            {
                "symbol": name.symbol,
                "underlying_price": v.spot,
                "as_of": wire_time(v.as_of),
                "levels": {
                    **self._flip(v),
                    "max_positive_gamma": number(v.figures.max_gamma),
                    "max_negative_gamma": number(v.figures.max_negative_gamma),
                    "call_wall": number(v.figures.call_wall),
                    "put_wall": number(v.figures.put_wall),
                    "highest_oi_strike": number(v.figures.highest_oi_strike),
                    "zero_dte_magnet": number(magnet),
                },
            },
        )

    def exposure_summary(self, symbol: str) -> Document:
        """``/v1/exposure/summary/{symbol}``."""
        v = self.market.view(symbol)
        zero = _zero_dte(v)
        return self._market_data(
            v,
            {
                "symbol": v.name.symbol,
                "underlying_price": v.spot,
                "as_of": wire_time(v.as_of),
                **self._flip(v),
                "regime": v.gamma,
                "exposures": _exposures(v),
                "interpretation": _interpretation(v),
                "hedging_estimate": {
                    f"spot_{side}_1pct": {
                        "dealer_shares_to_trade": shares,
                        "direction": direction,
                        "notional_usd": notional,
                    }
                    for side, move in (("up", 1), ("down", -1))
                    for shares, direction, notional in [_hedge(v, move)]
                },
                "zero_dte": {
                    "net_gex": zero["net_gex"],
                    "pct_of_total_gex": zero["share"],
                    "expiration": zero["expiration"],
                },
            },
        )

    def stock_summary(self, symbol: str, back: int = 0) -> Document:
        """``/v1/stock/{symbol}/summary``; without a key the vendor gives yesterday's."""
        v = self.market.view(symbol, back)
        name = v.name
        put_iv, call_iv = v.wing(TENORS[0], "put"), v.wing(TENORS[0], "call")
        volumes = (round(v.call_oi * 0.11), round(v.put_oi * 0.10))
        return self._market_data(
            v,
            {
                "symbol": name.symbol,
                "as_of": wire_time(v.as_of),
                "market_open": v.market_open,
                "price": {
                    "bid": round(v.spot - 0.01, 2),
                    "ask": round(v.spot + 0.01, 2),
                    "mid": v.spot,
                    "last": v.spot,
                    "last_update": wire_time(v.as_of),
                },
                "volatility": {
                    "atm_iv": v.atm_iv,
                    "hv_20": v.rv[20],
                    "hv_60": v.rv[60],
                    "vrp": v.vrp[20],
                    "skew_25d": {
                        "expiry": _expiry(v, TENORS[0]),
                        "days_to_expiry": TENORS[0],
                        "put_25d_iv": put_iv,
                        "atm_iv": v.iv(TENORS[0]),
                        "call_25d_iv": call_iv,
                        "skew_25d": round(put_iv - call_iv, 2),
                        "smile_ratio": round(put_iv / call_iv, 3),
                    },
                    "iv_term_structure": [
                        {"expiry": _expiry(v, dte), "iv": v.iv(dte), "days_to_expiry": dte}
                        for dte in TENORS
                    ],
                },
                "options_flow": {
                    "total_call_oi": v.call_oi,
                    "total_put_oi": v.put_oi,
                    "total_call_volume": volumes[0],
                    "total_put_volume": volumes[1],
                    "pc_ratio_oi": round(v.put_oi / v.call_oi, 3),
                    "pc_ratio_volume": round(volumes[1] / volumes[0], 3),
                    "active_expirations": len(TENORS),
                },
                "exposure": None if v.net_gex is None else self._stock_exposure(v),
                "macro": _macro(),
            },
        )

    def volatility(self, symbol: str) -> Document:
        """``/v1/volatility/{symbol}``: no z-score and no percentile, as with the vendor."""
        v = self.market.view(symbol)
        name = v.name
        near = 100.0 * (v.iv(30) - v.iv(7)) / v.iv(7)
        far = 100.0 * (v.iv(90) - v.iv(30)) / v.iv(30)
        return self._market_data(
            v,
            {
                "symbol": name.symbol,
                "underlying_price": v.spot,
                "as_of": wire_time(v.as_of),
                "market_open": v.market_open,
                "realized_vol": {f"rv_{n}d": v.rv[n] for n in (5, 10, 20, 30, 60)},
                "atm_iv": v.atm_iv,
                "iv_rv_spreads": {
                    **{f"vrp_{n}d": v.vrp[n] for n in (5, 10, 20, 30)},
                    "assessment": _assessment(v.vrp[20]),
                },
                "skew_profiles": [_skew_profile(v, dte) for dte in TENORS],
                "term_structure": {
                    "near_slope_pct": round(near, 2),
                    "far_slope_pct": round(far, 2),
                    "state": "contango" if near > 0 < far else "backwardation",
                },
                "iv_dispersion": {
                    "cross_expiry": round(abs(v.iv(90) - v.iv(7)) / 2, 2),
                    "cross_strike": round(v.atm_iv * 0.22, 2),
                },
                "gex_by_dte": [
                    {
                        "bucket": bucket,
                        "net_gex": None if v.net_gex is None else round(v.net_gex * share, 2),
                        "pct_of_total": None if v.net_gex is None else round(100 * share, 1),
                        "contract_count": count,
                    }
                    for bucket, share, count in _BUCKETS
                ],
                "theta_by_dte": [
                    {
                        "bucket": bucket,
                        "net_theta": -round(v.call_oi * v.spot * v.atm_iv * share / 4000),
                        "contract_count": count,
                    }
                    for bucket, share, count in _BUCKETS
                ],
                "put_call_profile": _put_call_profile(v),
                "oi_concentration": {
                    "top_3_pct": 17.8,
                    "top_5_pct": 26.4,
                    "top_10_pct": 41.9,
                    "herfindahl": 0.029,
                },
                "hedging_scenarios": [
                    {
                        "move_pct": move,
                        "dealer_shares": shares,
                        "direction": direction,
                        "notional_usd": notional,
                    }
                    for move in (-5, -2, -1, 1, 2, 5)
                    for shares, direction, notional in [_hedge(v, move)]
                ],
                "liquidity": {
                    "atm_avg_spread_pct": name.atm_spread_pct,
                    "wing_avg_spread_pct": name.wing_spread_pct,
                    "atm_contracts": 118,
                    "wing_contracts": 342,
                },
            },
        )

    def symbols(self) -> Document:
        """``/v1/symbols``: what is warm in the vendor's cache, here the whole market."""
        symbols = list(self.market.symbols)
        return self.with_envelope(
            {
                "symbols": symbols,
                "count": len(symbols),
                "note": "Simulated: these invented names are all there is.",
                "last_updated": wire_time(self.market.now),
            }
        )

    def tickers(self) -> Document:
        """``/v1/tickers``."""
        tickers = sorted(self.market.symbols)
        return self.with_envelope({"tickers": tickers, "count": len(tickers)})

    def universe(self, sort: str = "tier", limit: int = 200) -> Document:
        """``/v1/universe``; the funds are tier 1."""
        order = "symbol" if sort == "symbol" else "tier"
        rows = [
            {
                "symbol": symbol,
                "tier": 1 if self.market.name(symbol).etf else 2,
                "is_pre_warmed": True,
            }
            for symbol in self.market.symbols
        ]
        rows.sort(key=lambda row: (row[order], row["symbol"]))
        return self.with_envelope(
            {
                "as_of": wire_time(self.market.now),
                "count": len(rows),
                "returned": min(limit, len(rows)),
                "limit": limit,
                "sort": order,
                "symbols": rows[:limit],
            }
        )

    def account(self, plan: str, limit: int | None, used: int, resets_at: datetime) -> Document:
        """``/v1/account``.

        Args:
            plan: in lower case.
            limit: requests a day; None is unlimited.
            used: requests of today.
            resets_at: when the count starts anew (UTC).
        """
        return self.with_envelope(
            {
                "user_id": "00000000-0000-4000-8000-000000000000",
                "email": "demo@example.com",
                "plan": plan,
                "daily_limit": "unlimited" if limit is None else str(limit),
                "usage_today": 0 if limit is None else used,
                "remaining": "unlimited" if limit is None else str(max(0, limit - used)),
                "resets_at": f"{resets_at:%Y-%m-%dT%H:%M:%SZ}",
            }
        )

    def _flip(self, v: View) -> Document:
        found: Document = {"gamma_flip": v.flip}
        if self._envelope:
            found["gamma_flip_status"] = v.name.flip_status
        return found

    def _stock_exposure(self, v: View) -> Document:
        zero = _zero_dte(v)
        hedges = {"up": _hedge(v, 1), "down": _hedge(v, -1)}
        return {
            **_exposures(v),
            **self._flip(v),
            "call_wall": number(v.figures.call_wall),
            "put_wall": number(v.figures.put_wall),
            "max_pain": number(v.figures.highest_oi_strike),
            "highest_oi_strike": number(v.figures.highest_oi_strike),
            "regime": v.gamma,
            "interpretation": _interpretation(v),
            "hedging_estimate": {
                f"spot_{side}_1pct": {
                    "dealer_shares": None if shares is None else abs(shares),
                    "direction": direction,
                    "notional_usd": notional,
                }
                for side, (shares, direction, notional) in hedges.items()
            },
            "zero_dte": {
                "net_gex": zero["net_gex"],
                "pct_of_total": zero["share"],
                "expiration": zero["expiration"],
            },
            "top_strikes": _top_strikes(v),
            "oi_weighted_dte": round(
                sum(dte * share for dte, share in zip(TENORS, OI_SHARES, strict=True)), 1
            ),
        }

    def _market_data(self, v: View, document: Document) -> Document:
        return self.with_envelope({**document, "simulated": True}, v)

    def with_envelope(self, document: Document, v: View | None = None) -> Document:
        """`document` with version and feed times, in the generation that has them.

        Args:
            document: any answer.
            v: the name and day that it is about, if any.
        """
        if not self._envelope:
            return document
        when = self.market.as_of() if v is None else v.as_of
        before = self.market.as_of(1 if v is None or v.day == self.market.days[-1] else 2)
        feed, oi = _feed_time(when), _feed_time(before)
        return {
            **document,
            "endpoint_version": ENDPOINT_VERSION,
            "data_as_of": {
                "node": "sim1",
                "equity_feed": feed,
                "equity_options_feed": feed,
                "index_feed": None,
                "index_options_feed": None,
                "futures_feed": None,
                "futures_options_feed": None,
                "flow_feed": feed,
                "oi_feed": oi,
                "macro_feed": _feed_time(when - timedelta(minutes=3)),
            },
        }


def _feed_time(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def _expiry(v: View, dte: int) -> str:
    return (v.day + timedelta(days=dte)).isoformat()


def _gamma_points(v: View) -> float:
    return {"positive_gamma": 100.0, "negative_gamma": 0.0}.get(v.gamma, 50.0)


def _net_harvest(harvest: float, scores: Mapping[str, int] | None) -> int | None:
    return None if scores is None else _score(50.0 * harvest + 0.5 * max(scores.values()))


def _fair_vol(v: View) -> float:
    return round(v.atm_iv + v.name.smile_lift, 2)


def harvest_score(v: View) -> float:
    """Stand-in for the vendor's harvest score, 0 to 1."""
    gamma = {"positive_gamma": 0.2, "negative_gamma": -0.3}.get(v.gamma, -0.1)
    return round(min(1.0, max(0.0, 0.5 + 0.15 * (v.z_score or 0.0) + gamma)), 2)


def strategy_scores(v: View, put_vrp: float, call_vrp: float) -> dict[str, int] | None:
    """Stand-in for the vendor's structure scores, 0 to 100; None while there is no z-score.

    Args:
        v: the name and day.
        put_vrp: 25-delta put IV minus the falling days' volatility, points.
        call_vrp: 25-delta call IV minus the rising days' volatility, points.
    """
    if v.z_score is None:
        return None
    gamma = _gamma_points(v)
    rich = _score(50 + 25 * v.z_score)
    put_side = _score(200 * put_vrp / v.atm_iv)
    poorer_side = _score(250 * min(put_vrp, call_vrp) / v.atm_iv)
    asymmetry = _score(50 + 150 * (put_vrp - call_vrp) / v.atm_iv)
    skew = _score(50 + 200 * (v.name.put_skew - v.name.call_skew))
    contango = _score(50 + 1000 * v.name.term_slope)
    return {
        "short_put_spread": _score(0.35 * put_side + 0.30 * asymmetry + 0.20 * skew + 0.15 * gamma),
        "short_strangle": _score(0.40 * rich + 0.25 * poorer_side + 0.35 * gamma),
        "iron_condor": _score(0.50 * rich + 0.30 * poorer_side + 0.20 * gamma),
        "calendar_spread": _score(0.50 * contango + 0.30 * (100 - rich) + 0.20 * gamma),
    }


def dealer_flow_risk(v: View) -> int:
    """Stand-in for the vendor's dealer flow risk, 0 to 100."""
    risk = {"positive_gamma": 30, "negative_gamma": 70}.get(v.gamma, 50)
    near = v.flip is not None and abs(v.flip_distance_pct) < _NEAR_FLIP
    return risk + 10 * (v.name.term_slope < 0) + 15 * near


def vrp_regime(v: View) -> str | None:
    """Stand-in for the vendor's word on the premium; None while there is no z-score."""
    if v.z_score is None:
        return None
    if v.event_near:
        return "event_only"
    if v.vrp[20] < 0:
        return "toxic_short_vol"
    if v.z_score < -0.5:
        return "cheap_convexity"
    return "surface_distorted" if v.name.wing_spread_pct > POOR_WINGS else "harvestable"


def vendor_warnings(v: View) -> list[str]:
    """The vendor's warning codes that hold for this name and day."""
    holds = {
        "event_risk": v.event_near,
        "negative_gamma": v.gamma == "negative_gamma",
        "poor_wing_liquidity": v.name.wing_spread_pct > POOR_WINGS,
        "term_inversion": v.name.term_slope < 0,
        "extreme_vrp": abs(v.z_score or 0.0) > 3,
    }
    return [code for code, hold in holds.items() if hold]


def _assessment(spread: float) -> str:
    steps = ((8, "very_high_premium"), (4, "healthy_premium"), (2, "moderate_premium"))
    for least, word in steps:
        if spread >= least:
            return word
    if spread >= 0:
        return "thin_premium"
    return "negative_spread" if spread > -10 else "danger_zone"


def _skew_profile(v: View, dte: int) -> Document:
    name = v.name
    atm, put, call = v.iv(dte), v.wing(dte, "put"), v.wing(dte, "call")
    put_10 = round(atm * (1 + 2.2 * (name.put_skew - 1) + 0.03), 2)
    call_10 = round(atm * (1 + 1.6 * (name.call_skew - 1) + 0.03), 2)
    return {
        "expiry": _expiry(v, dte),
        "days_to_expiry": dte,
        "put_10d_iv": put_10,
        "put_25d_iv": put,
        "atm_iv": atm,
        "call_25d_iv": call,
        "call_10d_iv": call_10,
        "skew_25d": round(put - call, 2),
        "smile_ratio": round(put / call, 3),
        "tail_convexity": round((put_10 - put) - (put - atm), 2),
    }


def _exposures(v: View) -> Document:
    share_value = v.spot * 100
    return {
        "net_gex": v.net_gex,
        "net_dex": round(share_value * (0.45 * v.call_oi - 0.42 * v.put_oi)),
        "net_vex": None if v.net_gex is None else round(0.42 * v.net_gex),
        "net_chex": None if v.net_gex is None else round(0.3 * v.net_gex),
    }


def _hedge(v: View, move: int) -> tuple[int | None, str | None, int | None]:
    """Shares that dealers trade (bought ones positive), the side and its value, per `move` %."""
    if v.net_gex is None:
        return None, None, None
    notional = -v.net_gex * move
    return round(notional / v.spot), "buy" if notional > 0 else "sell", round(abs(notional))


def _zero_dte(v: View) -> Document:
    if not v.name.zero_dte or v.net_gex is None:
        return {"net_gex": None, "share": None, "expiration": None}
    return {"net_gex": round(0.12 * v.net_gex, 2), "share": 12.0, "expiration": v.day.isoformat()}


def _top_strikes(v: View) -> list[Document]:
    """Where the levels lie, by size of net GEX; equal strikes are one row."""
    found = v.figures
    size = abs(v.net_gex or 0.0)
    shares: Mapping[float | None, float] = {
        found.highest_oi_strike: 0.08,
        found.put_wall: -0.14,
        found.call_wall: 0.17,
        found.max_negative_gamma: -0.20,
        found.max_gamma: 0.25,
    }
    rows = []
    for strike, share in shares.items():
        if strike is None:
            continue
        calls = round(v.call_oi * 0.1 * (0.5 + share))
        puts = round(v.put_oi * 0.1 * (0.5 - share))
        rows.append(
            {
                "strike": number(strike),
                "net_gex": round(size * share, 2),
                "call_oi": calls,
                "put_oi": puts,
                "total_oi": calls + puts,
            }
        )
    return sorted(rows, key=lambda row: -abs(row["net_gex"] or 0.0))


def _put_call_profile(v: View) -> Document:
    by_expiry = []
    for dte, share in zip(TENORS, OI_SHARES, strict=True):
        calls, puts = round(v.call_oi * share), round(v.put_oi * share)
        call_volume, put_volume = round(calls * 0.11), round(puts * 0.10)
        by_expiry.append(
            {
                "expiry": _expiry(v, dte),
                "call_oi": calls,
                "put_oi": puts,
                "pc_ratio_oi": round(puts / calls, 3),
                "call_volume": call_volume,
                "put_volume": put_volume,
                "pc_ratio_volume": round(put_volume / call_volume, 3),
            }
        )
    return {
        "by_expiry": by_expiry,
        "by_moneyness": {
            f"{where}_{side}_oi": round(total * share)
            for side, total in (("call", v.call_oi), ("put", v.put_oi))
            for where, share in (("otm", 0.62), ("atm", 0.24), ("itm", 0.14))
        },
    }


def _vanna(v: View) -> Document:
    if v.gamma == "positive_gamma":
        return {
            "outlook": "Vol compression likely",
            "interpretation": "Positive vanna and spot above the gamma flip: dealer hedging "
            "compresses volatility.",
        }
    if v.gamma == "negative_gamma":
        return {
            "outlook": "Vol expansion risk",
            "interpretation": "Spot below the gamma flip: dealer hedging feeds volatility.",
        }
    return {
        "outlook": "No clear vanna signal",
        "interpretation": "The gamma boundary is not known, so neither is the hedging side.",
    }


def _interpretation(v: View) -> Document:
    if v.gamma == "unknown":
        return {"gamma": _GEX_WORDS[v.gamma], "vanna": None, "charm": None}
    calm = v.gamma == "positive_gamma"
    return {
        "gamma": "Dealers long gamma: expect range-bound, mean-reverting price action"
        if calm
        else "Dealers short gamma: expect moves to be amplified",
        "vanna": "Positive vanna: benefits from vol compression"
        if calm
        else "Negative vanna: a vol spike adds selling",
        "charm": "Time decay favors dealers: supports the close"
        if calm
        else "Time decay adds selling into the close",
    }


def _index(value: float, change: float) -> Document:
    return {
        "value": value,
        "change": change,
        "change_pct": round(100 * change / (value - change), 2),
    }


def _macro() -> Document:
    return {
        "vix": _index(VIX, -0.31),
        "vvix": _index(91.8, -1.1),
        "skew": _index(141.2, 0.6),
        "spx": _index(6612.4, 34.8),
        "move": _index(82.5, -0.9),
        "vix_term_structure": {
            "levels": {"vix9d": 15.9, "vix": VIX, "vix3m": VIX_3M, "vix6m": 20.4},
            "near_slope_pct": round(100 * (VIX - 15.9) / 15.9, 2),
            "structure": "contango",
        },
        "vix_futures": {
            "front_month": VIX_3M,
            "spot": VIX,
            "spread": round(VIX_3M - VIX, 2),
            "basis_pct": round(100 * (VIX_3M - VIX) / VIX, 2),
            "basis": "contango",
        },
        "fear_and_greed": {"score": 54, "rating": "Neutral"},
    }


_GEX_WORDS = {
    "positive_gamma": "Dealers long gamma: rich premium can be harvested.",
    "negative_gamma": "Dealers short gamma: rich premium may reflect genuine tail risk.",
    "unknown": "The gamma regime cannot be told from this chain.",
}
_BUCKETS = (("0-7d", 0.31, 460), ("8-30d", 0.34, 1180), ("31-60d", 0.22, 790), ("60d+", 0.13, 610))


FREE_UNIVERSE = frozenset(name.symbol for name in NAMES if not name.etf)
"""The names that the vendor's Free plan covers: single stocks, no funds."""


def snapshot_day(market: Market, text: str) -> int | None:
    """How many trading days before the last one `text` (yyyy-MM-dd) is, if a snapshot is stored.

    Snapshots are stored for the last two trading days; None for any other day or text.
    """
    stored = {day.isoformat(): back for back, day in enumerate(reversed(market.days[-2:]))}
    return stored.get(text)
