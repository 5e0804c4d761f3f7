"""The record that everything meets in: one symbol, one moment, one source.

Every figure may be missing. Missing is ``None``, never zero, and `Snapshot.missing` says why and
what would fill it. Volatilities, IVs and spreads are in percent points (18.45 means 18.45 %),
ratios are plain numbers, GEX is USD per 1 % move, times are UTC.

What cannot be (NaN, a price below 0, a volatility of a million points) is not known either: a
snapshot drops it when it is made and says so in `missing`, so that nothing after it has to ask.

Pure: may not import anything of the package outside `vrp_xl.core`.
"""
# ruff: noqa: RUF009 (the helper of the figures is dataclasses.field)

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Gamma = Literal["positive", "negative", "unknown"]
GammaBasis = Literal["vendor", "repriced", "net_gex"]
ScoreKind = Literal["vendor", "simulated", "local"]

_ANY = (-sys.float_info.max, sys.float_info.max)
_PRICE = (1e-4, 1e9)
_IV = (0.01, 2000.0)
_RV = (0.0, 2000.0)
_POSSIBLE: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        ("spot", "gamma_flip", "put_wall", "call_wall", "max_gamma", "max_negative_gamma",
         "highest_oi_strike"), _PRICE,
    ),
    **dict.fromkeys(("atm_iv", "atm_iv_30d", "put_wing_iv", "call_wing_iv", "fair_vol"), _IV),
    **dict.fromkeys(
        ("rv_5d", "rv_10d", "rv_20d", "rv_30d", "rv_60d", "rv_90d", "downside_rv", "upside_rv",
         "yang_zhang_20d", "yang_zhang_30d", "rogers_satchell_20d", "garman_klass_20d",
         "parkinson_20d"),
        _RV,
    ),
    **dict.fromkeys(
        ("percentile", "iv_percentile", "iv_percentile_60", "iv_percentile_252",
         "iv_percentile_504"), (0.0, 100.0),
    ),
    **dict.fromkeys(("history_days", "atm_oi", "atm_spread_pct", "wing_spread_pct"), (0.0, 1e15)),
}  # fmt: skip
"""Lowest and highest value of the figures that have one; any finite number for the others."""

SCORED_STRUCTURES = ("short_put_spread", "short_strangle", "iron_condor", "calendar_spread")
"""The structures that the vendor scores, 0 to 100."""


STRIKES_KEPT = 40
"""Strikes of a chain that a snapshot keeps, those with the most GEX; the rest hold little of it."""


class TermPoint(NamedTuple):
    """The premium at one tenor: calendar days, then percent points."""

    dte: int
    iv: float
    rv: float | None
    vrp: float | None


class IvPoint(NamedTuple):
    """ATM implied volatility (percent points) at one expiry, in calendar days."""

    dte: int
    iv: float


class Crossing(NamedTuple):
    """A spot at which re-priced gamma is zero; "up": negative below it and positive above."""

    spot: float
    direction: Literal["up", "down"]


class ExpiryPoint(NamedTuple):
    """One expiry of a chain. IVs in percent points, prices in USD; None is not known."""

    dte: int
    """Calendar days; 0 is today."""
    atm_iv: float | None
    put_wing_iv: float | None
    call_wing_iv: float | None
    straddle: float | None
    expected_move: float | None
    net_gex: float | None
    """USD per 1 % move."""
    open_interest: float | None
    atm_spread_pct: float | None


class StrikePoint(NamedTuple):
    """One strike of a chain, all expiries together; GEX in USD per 1 % move."""

    strike: float
    call_gex: float
    put_gex: float
    open_interest: float


def _figure(label: str, unit: str, doc: str) -> Any:
    return field(default=None, metadata={"label": label, "unit": unit, "doc": doc})


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one source said of one symbol at one moment."""

    symbol: str
    source: str
    as_of: datetime
    fetched_at: datetime
    sample: bool = False

    market_open: bool | None = _figure("Market open", "", "Whether the market was open.")
    spot: float | None = _figure("Spot", "USD", "Price of the underlying.")

    atm_iv: float | None = _figure("ATM IV", "points", "ATM implied volatility as delivered.")
    atm_iv_30d: float | None = _figure(
        "ATM IV 30d", "points", "ATM implied volatility at 30 calendar days, from a term structure."
    )
    rv_5d: float | None = _figure("RV5", "points", "Realized volatility of 5 daily returns.")
    rv_10d: float | None = _figure("RV10", "points", "Realized volatility of 10 daily returns.")
    rv_20d: float | None = _figure("RV20", "points", "Realized volatility of 20 daily returns.")
    rv_30d: float | None = _figure("HV30", "points", "Realized volatility of 30 daily returns.")
    rv_60d: float | None = _figure("HV60", "points", "Realized volatility of 60 daily returns.")
    rv_90d: float | None = _figure("HV90", "points", "Realized volatility of 90 daily returns.")
    yang_zhang_20d: float | None = _figure(
        "YZ20", "points", "Yang-Zhang volatility of 20 days of open, high, low and close."
    )
    yang_zhang_30d: float | None = _figure(
        "YZ30", "points", "Yang-Zhang volatility of 30 days of open, high, low and close."
    )
    rogers_satchell_20d: float | None = _figure(
        "RS20", "points", "Rogers-Satchell volatility of 20 days; without the overnight gap."
    )
    garman_klass_20d: float | None = _figure(
        "GK20", "points", "Garman-Klass volatility of 20 days; without the overnight gap."
    )
    parkinson_20d: float | None = _figure(
        "PK20", "points", "Parkinson volatility of 20 days of high and low; without the gap."
    )
    vrp_5d: float | None = _figure("VRP 5d", "points", "ATM IV minus RV5.")
    vrp_10d: float | None = _figure("VRP 10d", "points", "ATM IV minus RV10.")
    vrp_20d: float | None = _figure("Spread", "points", "ATM IV minus RV20, as delivered.")
    vrp_30d: float | None = _figure("VRP 30d", "points", "ATM IV minus RV30.")
    z_score: float | None = _figure(
        "z", "sd", "The 20-day spread against its own history, in standard deviations."
    )
    percentile: float | None = _figure(
        "Percentile", "%", "Share of the history strictly below today's spread (0 to 100)."
    )
    history_days: int | None = _figure("History", "days", "Days of history behind the z-score.")
    iv_rank: float | None = _figure(
        "IV rank", "%", "Where ATM IV lies between the low and the high of its window."
    )
    iv_percentile: float | None = _figure(
        "IV percentile", "%", "Share of days in the window with a lower ATM IV."
    )
    z_60: float | None = _figure("z 60d", "sd", "Our own z-score over the 60 days before.")
    z_252: float | None = _figure("z 252d", "sd", "Our own z-score over the 252 days before.")
    z_504: float | None = _figure("z 504d", "sd", "Our own z-score over the 504 days before.")
    iv_rank_60: float | None = _figure("IV rank 60d", "%", "IV rank over the 60 days before.")
    iv_rank_252: float | None = _figure("IV rank 252d", "%", "IV rank over the 252 days before.")
    iv_rank_504: float | None = _figure("IV rank 504d", "%", "IV rank over the 504 days before.")
    iv_percentile_60: float | None = _figure(
        "IV percentile 60d", "%", "Share of the 60 days before with a lower IV."
    )
    iv_percentile_252: float | None = _figure(
        "IV percentile 252d", "%", "Share of the 252 days before with a lower IV."
    )
    iv_percentile_504: float | None = _figure(
        "IV percentile 504d", "%", "Share of the 504 days before with a lower IV."
    )

    put_vrp: float | None = _figure(
        "Put VRP", "points", "25-delta put IV minus the volatility of the falling days."
    )
    call_vrp: float | None = _figure(
        "Call VRP", "points", "25-delta call IV minus the volatility of the rising days."
    )
    put_wing_iv: float | None = _figure("Put wing IV", "points", "25-delta put IV.")
    call_wing_iv: float | None = _figure("Call wing IV", "points", "25-delta call IV.")
    downside_rv: float | None = _figure("Down RV", "points", "Volatility of falling days, 20 d.")
    upside_rv: float | None = _figure("Up RV", "points", "Volatility of rising days, 20 d.")
    variance_premium: float | None = _figure(
        "Variance premium", "decimal", "IV squared minus RV20 squared, volatilities as decimals."
    )

    gamma: Gamma = field(
        default="unknown",
        metadata={"label": "Gamma", "unit": "", "doc": "Dealer gamma regime as delivered."},
    )
    gamma_basis: GammaBasis | None = _figure(
        "Gamma from", "", "What the regime rests on: vendor, repriced, or nothing."
    )
    gamma_flip: float | None = _figure(
        "Gamma flip", "USD", "Spot level at which dealer gamma changes sign."
    )
    gamma_flip_status: str | None = _figure(
        "Flip status", "", "Why the flip is there or is missing."
    )
    net_gex: float | None = _figure("Net GEX", "USD/1%", "Net dealer gamma exposure.")
    put_wall: float | None = _figure("Put wall", "USD", "Strike with the largest put GEX.")
    call_wall: float | None = _figure("Call wall", "USD", "Strike with the largest call GEX.")
    max_gamma: float | None = _figure(
        "Max gamma", "USD", "Strike with the largest positive net GEX."
    )
    max_negative_gamma: float | None = _figure(
        "Max negative gamma", "USD", "Strike with the most negative net GEX."
    )
    highest_oi_strike: float | None = _figure(
        "Highest OI", "USD", "Strike with the most open interest."
    )

    score_kind: ScoreKind | None = _figure(
        "Score from", "", "Who made the structure scores: vendor, simulated (sample) or local."
    )
    harvest_score: float | None = _figure(
        "Harvest", "0-1", "Vendor: how safely the premium can be harvested."
    )
    net_harvest_score: float | None = _figure("Net harvest", "0-100", "Vendor composite.")
    dealer_flow_risk: float | None = _figure("Flow risk", "0-100", "Vendor composite.")
    vrp_regime: str | None = _figure("VRP regime", "", "Vendor's word for the premium.")
    vanna_outlook: str | None = _figure("Vanna outlook", "", "Vendor's words.")
    fair_vol: float | None = _figure("Fair vol", "points", "Vendor: OI-weighted mean IV.")
    vix_term_slope: float | None = _figure("VIX slope", "ratio", "VIX3M / VIX; above 1: contango.")

    next_earnings: date | None = _figure("Earnings", "date", "Next earnings date.")
    atm_spread_pct: float | None = _figure("ATM spread", "%", "Mean bid-ask spread of ATM options.")
    wing_spread_pct: float | None = _figure("Wing spread", "%", "Mean bid-ask spread of wings.")
    atm_oi: float | None = _figure("ATM OI", "contracts", "Open interest at the ATM strike.")

    iv_term: tuple[IvPoint, ...] = ()
    term_vrp: tuple[TermPoint, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    """Every spot at which re-priced gamma changes its sign, from low to high."""
    window_levels: Mapping[str, float] = field(default_factory=dict)
    """Levels of the traded window alone, by the names of the figures for all expiries, and
    ``dte_min`` and ``dte_max``, its calendar days."""
    expiries: tuple[ExpiryPoint, ...] = ()
    by_strike: tuple[StrikePoint, ...] = ()
    """The strikes with the most GEX, from the lowest up."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason -> contracts of the chain that were left out, or of which one figure was."""
    scores: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    """Field name -> why it is missing and what would fill it."""
    basis: Mapping[str, str] = field(default_factory=dict)
    """Field name -> what it was made from, where that is not "as delivered"."""
    made_by: Mapping[str, float] = field(default_factory=dict)
    """Rule -> its value when the figures were made that rest on it; a changed one asks for them
    anew."""

    def __post_init__(self) -> None:
        impossible = {}
        for name in FIGURES:
            value = getattr(self, name)
            if isinstance(value, (int, float)):
                low, high = _POSSIBLE.get(name, _ANY)
                if not low <= value <= high:
                    impossible[name] = f"the source says {str(value)[:20]}, which cannot be"
                    object.__setattr__(self, name, None)
        if impossible:
            object.__setattr__(self, "missing", {**self.missing, **impossible})
        scores = {k: v for k, v in self.scores.items() if finite(v) is not None}
        if len(scores) < len(self.scores):
            object.__setattr__(self, "scores", scores)

    def replace(self, **changes: Any) -> Snapshot:
        """A copy with `changes`; a field that is filled loses its reason for being missing."""
        gone = {k for k, v in changes.items() if v is not None}
        reasons = {**self.missing, **changes.pop("missing", {})}
        kept = {k: why for k, why in reasons.items() if k not in gone}
        return dataclasses.replace(self, missing=kept, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON; `from_dict` is its inverse."""
        out: dict[str, Any] = {}
        for name in FIELD_NAMES:
            value = getattr(self, name)
            if isinstance(value, datetime):
                value = value.astimezone(UTC).isoformat()
            elif isinstance(value, date):
                value = value.isoformat()
            elif isinstance(value, tuple):
                value = [list(v) if isinstance(v, tuple) else v for v in value]
            elif isinstance(value, dict):
                value = dict(value)
            if value not in (None, [], {}):
                out[name] = value
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Snapshot:
        """Rebuilds what `to_dict` wrote. Keys of a newer version are ignored."""
        known = {k: v for k, v in data.items() if k in _FIELD_SET}
        for name in ("as_of", "fetched_at"):
            known[name] = datetime.fromisoformat(known[name])
        if known.get("next_earnings"):
            known["next_earnings"] = date.fromisoformat(known["next_earnings"])
        for name, kind in _LISTS.items():
            known[name] = tuple(kind(*p) for p in known.get(name, ()))
        known["warnings"] = tuple(known.get("warnings", ()))
        return cls(**known)


FIELD_NAMES: tuple[str, ...] = tuple(f.name for f in dataclasses.fields(Snapshot))
_FIELD_SET = frozenset(FIELD_NAMES)
_LISTS: dict[str, Callable[..., Any]] = {
    "iv_term": IvPoint, "term_vrp": TermPoint, "crossings": Crossing, "expiries": ExpiryPoint,
    "by_strike": StrikePoint,
}  # fmt: skip

FIGURES: dict[str, Mapping[str, str]] = {
    f.name: f.metadata for f in dataclasses.fields(Snapshot) if f.metadata
}
"""Name -> label, unit and meaning of every single figure; sheets and docs are made from it."""


def finite(value: Any) -> float | None:
    """`value` as a float, or None where it is no finite number (null, NaN, text, bool).

    >>> finite(3), finite(None), finite(float("nan")), finite("3"), finite(True)
    (3.0, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
