"""What FlashAlpha's answers say, in our words: fields of a snapshot, history, quota, errors.

Each leaf of an answer may be null, absent or of another type, and there may be keys and codes that
nobody knew: nothing of that is fatal, and what cannot be used is missing. Answers of both
generations are read (before and since August 2026, when ``gamma_flip_status`` and ``data_as_of``
came). All volatilities of the endpoints used are percent points, as ours are.

Pure: JSON objects in, values out. May not import anything that asks or stores.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from vrp_xl.core.implied import interpolate_iv
from vrp_xl.core.range_volatility import RANGE_FIGURES, WHAT_FILLS_IT
from vrp_xl.core.snapshot import FIGURES, Gamma, IvPoint, Snapshot, TermPoint, finite
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
from vrp_xl.sources.base import Observation, Quota
from vrp_xl.sources.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Fields = dict[str, Any]
"""Field name of `Snapshot` -> value; only what is there."""

VRP, LEVELS, HISTORY = "vrp", "levels", "vrp_history"
VOLATILITY, SUMMARY, ACCOUNT = "volatility", "summary", "account"

_NEW_YORK = ZoneInfo("America/New_York")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?=T|$)", re.ASCII)
_TEXT = 300
_MANY = 100
_LARGEST = 1e12
_LONGEST = 10_000
_APART = timedelta(minutes=5)
_LONGEST_QUOTA = timedelta(days=2)


def parse_time(value: object) -> datetime | None:
    """A time of the wire in UTC; one without a zone is New York wall clock.

    >>> parse_time("2026-05-27T17:58:15.4135509Z").isoformat()
    '2026-05-27T17:58:15.413550+00:00'
    >>> parse_time("2024-08-05T10:30:00").isoformat()
    '2024-08-05T14:30:00+00:00'
    """
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value.strip())
        when = (when if when.tzinfo else when.replace(tzinfo=_NEW_YORK)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return when if 1990 <= when.year <= 2100 else None


def parse_vrp(answer: Mapping[str, Any]) -> Fields:
    """The fields of ``/v1/vrp/{symbol}``."""
    vrp, sides = _object(answer, "vrp"), _object(answer, "directional")
    gex, regime = _object(answer, "gex_conditioned"), _object(answer, "regime")
    term = _term_vrp(answer.get("term_vrp"))
    gamma = _gamma(regime.get("gamma"))
    out = {
        **_common(answer),
        "atm_iv": _positive(vrp.get("atm_iv")),
        **{f"rv_{n}d": _not_negative(vrp.get(f"rv_{n}d")) for n in (5, 10, 20, 30)},
        **{f"vrp_{n}d": finite(vrp.get(f"vrp_{n}d")) for n in (5, 10, 20, 30)},
        "z_score": finite(vrp.get("z_score")),
        "percentile": finite(vrp.get("percentile")),
        "history_days": _whole(vrp.get("history_days")),
        "variance_premium": finite(answer.get("variance_risk_premium")),
        "fair_vol": _positive(answer.get("fair_vol")),
        "put_wing_iv": _positive(sides.get("put_wing_iv_25d")),
        "call_wing_iv": _positive(sides.get("call_wing_iv_25d")),
        "downside_rv": _not_negative(sides.get("downside_rv_20d")),
        "upside_rv": _not_negative(sides.get("upside_rv_20d")),
        "put_vrp": finite(sides.get("downside_vrp")),
        "call_vrp": finite(sides.get("upside_vrp")),
        **_gamma_fields(gamma if gamma != "unknown" else _gamma(gex.get("regime"))),
        **_flip(regime),
        "net_gex": finite(regime.get("net_gex")),
        "vrp_regime": _text(regime.get("vrp_regime")),
        "harvest_score": finite(gex.get("harvest_score")),
        "net_harvest_score": finite(answer.get("net_harvest_score")),
        "dealer_flow_risk": finite(answer.get("dealer_flow_risk")),
        "vanna_outlook": _text(_object(answer, "vanna_conditioned").get("outlook")),
        "vix_term_slope": _positive(_object(answer, "macro").get("vix_term_slope")),
        "scores": _scores(answer.get("strategy_scores")),
        "warnings": _texts(answer.get("warnings")),
        "term_vrp": term,
        **_iv_30d([IvPoint(p.dte, p.iv) for p in term]),
    }
    scored = ("scores", "harvest_score", "net_harvest_score", "dealer_flow_risk")
    if any(out[name] not in (None, {}) for name in scored):
        out["score_kind"] = "simulated" if answer.get("simulated") is True else "vendor"
    return _present(out)


def parse_levels(answer: Mapping[str, Any]) -> Fields:
    """The fields of ``/v1/exposure/levels/{symbol}``."""
    levels = _object(answer, "levels")
    return _present(
        {
            **_common(answer),
            **_flip(levels),
            "put_wall": _positive(levels.get("put_wall")),
            "call_wall": _positive(levels.get("call_wall")),
            "max_gamma": _positive(levels.get("max_positive_gamma")),
            "max_negative_gamma": _positive(levels.get("max_negative_gamma")),
            "highest_oi_strike": _positive(levels.get("highest_oi_strike")),
        }
    )


def parse_volatility(answer: Mapping[str, Any]) -> Fields:
    """The fields of ``/v1/volatility/{symbol}``, which knows no z-score, sides or regime."""
    realized, spreads = _object(answer, "realized_vol"), _object(answer, "iv_rv_spreads")
    skews = [s for s in _objects(answer, "skew_profiles") if _days(s) is not None]
    points = _iv_points((_days(s), s.get("atm_iv")) for s in skews)
    buckets = [finite(b.get("net_gex")) for b in _objects(answer, "gex_by_dte")]
    liquidity = _object(answer, "liquidity")
    out = {
        **_common(answer),
        "atm_iv": _positive(answer.get("atm_iv")),
        **{f"rv_{n}d": _not_negative(realized.get(f"rv_{n}d")) for n in (5, 10, 20, 30, 60)},
        **{f"vrp_{n}d": finite(spreads.get(f"vrp_{n}d")) for n in (5, 10, 20, 30)},
        "atm_spread_pct": _not_negative(liquidity.get("atm_avg_spread_pct")),
        "wing_spread_pct": _not_negative(liquidity.get("wing_avg_spread_pct")),
        "iv_term": points,
    }
    basis: dict[str, str] = {}
    if skews:
        wings = min(skews, key=lambda s: abs((_days(s) or 0) - 30))
        out |= _wings(wings)
        basis |= _wings_basis(wings)
    if buckets and None not in buckets:
        out["net_gex"] = finite(sum(b for b in buckets if b is not None))
        basis["net_gex"] = "the sum over the vendor's groups of expiries"
    return _present(_with_basis({**out, **_iv_30d(points)}, basis))


def parse_stock_summary(answer: Mapping[str, Any]) -> Fields:
    """The fields of ``/v1/stock/{symbol}/summary``."""
    price, vol = _object(answer, "price"), _object(answer, "volatility")
    exposure, skew = _object(answer, "exposure"), _object(vol, "skew_25d")
    points = _iv_points((_days(p), p.get("iv")) for p in _objects(vol, "iv_term_structure"))
    vix = _object(_object(_object(answer, "macro"), "vix_term_structure"), "levels")
    now, later = _positive(vix.get("vix")), _positive(vix.get("vix3m"))
    out = {
        **_common(answer),
        "spot": _positive(price.get("mid")) or _positive(price.get("last")),
        "atm_iv": _positive(vol.get("atm_iv")),
        "rv_20d": _not_negative(vol.get("hv_20")),
        "rv_60d": _not_negative(vol.get("hv_60")),
        "vrp_20d": finite(vol.get("vrp")),
        **_wings(skew),
        **_gamma_fields(_gamma(exposure.get("regime"))),
        **_flip(exposure),
        "net_gex": finite(exposure.get("net_gex")),
        "put_wall": _positive(exposure.get("put_wall")),
        "call_wall": _positive(exposure.get("call_wall")),
        "highest_oi_strike": _positive(exposure.get("highest_oi_strike")),
        "vix_term_slope": _positive(later / now) if now and later else None,
        "iv_term": points,
        **_iv_30d(points),
    }
    basis = _wings_basis(skew)
    if out["vix_term_slope"] is not None:
        basis["vix_term_slope"] = "VIX3M / VIX"
    return _present(_with_basis(out, basis))


def parse_vrp_history(answer: Mapping[str, Any]) -> tuple[Observation, ...]:
    """The series ``close``, ``atm_iv`` and ``vrp_20d`` of ``/v1/vrp/{symbol}/history``.

    Rows without a date add nothing; of two rows of one day, the later one in the answer holds.

    Returns:
        By series, each in the order of days.
    """
    values: dict[tuple[str, date], float] = {}
    for row in _objects(answer, "history", limit=10_000):
        day = _date(row.get("date"))
        if day is None:
            continue
        found = {
            "close": _positive(row.get("spot")),
            "atm_iv": _positive(row.get("atm_iv")),
            "vrp_20d": finite(row.get("vrp_20d")),
        }
        values |= {(series, day): v for series, v in found.items() if v is not None}
    return tuple(Observation(series, day, values[series, day]) for series, day in sorted(values))


def parse_account(answer: Mapping[str, Any], seen_at: datetime) -> Quota:
    """Plan and quota of ``/v1/account``; numbers come as text there, or as "unlimited"."""
    limit, remaining = answer.get("daily_limit"), answer.get("remaining")
    plan = _text(answer.get("plan"))
    return Quota(
        plan=plan.lower() if plan else None,
        limit=_count(limit),
        remaining=_count(remaining),
        unlimited=_unlimited(limit) or _unlimited(remaining),
        resets_at=parse_time(answer.get("resets_at")),
        seen_at=seen_at,
    )


def parse_quota_headers(headers: Mapping[str, str]) -> Quota | None:
    """The quota of an answer's headers (names in lower case), or None where they have none."""
    limit, remaining = headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining")
    unlimited = _unlimited(limit) or _unlimited(remaining)
    if not unlimited and _count(remaining) is None:
        return None
    return Quota(
        limit=_count(limit),
        remaining=_count(remaining),
        unlimited=unlimited,
        resets_at=_unix(headers.get("x-ratelimit-reset")),
    )


# --- what a refusal means -----------------------------------------------------------------------


class Refusal(NamedTuple):
    """An answer that says no."""

    status: int
    answer: Mapping[str, Any] | None
    text: str
    headers: Mapping[str, str]


_CODES = {
    "tier_restricted": 403,
    "symbol_not_in_free_universe": 403,
    "symbol_not_found": 404,
    "no_data": 404,
    "no_coverage": 404,
    "insufficient_data": 404,
    "quota_exceeded": 429,
    "validation_error": 400,
    "invalid_at": 400,
}


def is_refusal(answer: Mapping[str, Any]) -> bool:
    """Whether an answer with status 200 is an error's body all the same."""
    status, error = answer.get("status"), answer.get("error")
    return (
        (isinstance(status, str) and status.upper() == "ERROR")
        or (isinstance(error, str) and bool(error.strip()))
        or (isinstance(status, int) and not isinstance(status, bool) and status >= 400)
    )


def to_error(
    refusal: Refusal, *, symbol: str, now: datetime, clean: Callable[[str], str]
) -> SourceError:
    """The error that `refusal` is, in the vendor's own words.

    Args:
        refusal: any of the vendor's four shapes of error, or no JSON at all.
        symbol: what was asked for, may be empty.
        now: UTC; the end of a spent quota lies after it.
        clean: makes the vendor's words safe to show.
    """
    answer = refusal.answer or {}
    code = answer.get("error")
    code = "_".join(code.lower().split()) if isinstance(code, str) else ""
    status = refusal.status
    if status < 400:
        inner = answer.get("status")
        if code in _CODES:
            status = _CODES[code]
        elif isinstance(inner, int) and 400 <= inner < 600:
            status = inner
    said = _words(refusal, clean)
    of = f" for {symbol}" if symbol else ""
    if status == 401:
        return KeyRefusedError(
            f"FlashAlpha does not accept the API key{said}.", "Set a key that works: vrp-xl key set"
        )
    if status == 429:
        until = _until(answer, refusal.headers, now)
        return QuotaError(
            f"FlashAlpha's requests for today are spent{said}.",
            f"Nothing can succeed before the quota starts anew at {until:%Y-%m-%d %H:%M} UTC.",
            until=until,
        )
    if status == 403 and refusal.answer is not None:
        plans = {
            "current": clean(str(answer.get("current_plan") or "")),
            "required": clean(str(answer.get("required_plan") or "")),
        }
        if code == "symbol_not_in_free_universe":
            return SymbolNotCoveredError(
                f"The plan does not cover {symbol or 'the symbol'}{said}.",
                "A larger plan covers it.",
                **plans,
            )
        return PlanError(
            f"The plan does not allow this request{of}{said}.", "A larger plan has it.", **plans
        )
    if status == 404:
        return UnknownSymbolError(
            f"FlashAlpha has nothing{of}{said}.", "Check the spelling of the symbol."
        )
    if status in {400, 422}:
        return BadAnswerError(f"FlashAlpha does not accept the request{of}{said}.")
    if status >= 500:
        return ServiceError(
            f"FlashAlpha's server failed{of} (status {status}){said}.", "Try again later."
        )
    return BadAnswerError(
        f"FlashAlpha answered with an error{of} (status {status}){said}.", "Try again later."
    )


def _words(refusal: Refusal, clean: Callable[[str], str]) -> str:
    answer = refusal.answer or {}
    for key in ("message", "detail", "title", "error"):
        value = answer.get(key)
        if isinstance(value, str) and (words := clean(value)):
            return f": {words.rstrip('.')}"
    words = clean(refusal.text)
    return f": {words.rstrip('.')}" if words else ""


def _until(answer: Mapping[str, Any], headers: Mapping[str, str], now: datetime) -> datetime:
    """When a spent quota starts anew: the first source that names a time to come, or midnight."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    candidates = (
        parse_time(answer.get("reset_at")),
        _unix(headers.get("x-ratelimit-reset")),
        _retry_after(headers.get("retry-after"), now),
    )
    near = (c for c in candidates if c and now < c <= now + _LONGEST_QUOTA)
    return next(near, midnight + timedelta(days=1))


def _retry_after(value: str | None, now: datetime) -> datetime | None:
    if not value:
        return None
    try:
        return now + timedelta(seconds=float(value))
    except (ValueError, OverflowError):
        pass
    try:
        when = parsedate_to_datetime(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None


# --- one record from several answers ------------------------------------------------------------


class Asked(NamedTuple):
    """What was asked for one symbol, for the words about what is missing."""

    main: str
    """The endpoint that carries the figures: `VRP`, `VOLATILITY` or `SUMMARY`."""
    plan: str
    closes: int
    """Days of closes that are stored."""
    levels_failed: str = ""
    """Why the levels did not come, empty where they did or were not asked for."""


_PARSERS: dict[str, Callable[[Mapping[str, Any]], Fields]] = {
    VRP: parse_vrp,
    VOLATILITY: parse_volatility,
    SUMMARY: parse_stock_summary,
}
_CORE = ("spot", "atm_iv", "vrp_20d", "z_score")


def to_snapshot(
    symbol: str,
    answer: Mapping[str, Any],
    levels: Mapping[str, Any] | None,
    *,
    asked: Asked,
    fetched_at: datetime,
) -> Snapshot:
    """One record from the answer with the figures and, where it came, the one with the levels.

    The spot and the time are those of the figures; a gamma flip of the levels goes first.

    Raises:
        BadAnswerError: none of spot, IV, spread and z-score is there, or the answer is about
            another symbol.
    """
    fields = _PARSERS[asked.main](answer)
    for one in (answer, levels or {}):
        _check_symbol(symbol, one)
    if not any(name in fields for name in _CORE):
        raise BadAnswerError(
            f"FlashAlpha's answer for {symbol} ({asked.main}) has neither spot nor IV nor spread.",
            "Try again later.",
        )
    basis: dict[str, str] = {**fields.pop("basis", {})}
    if levels is not None:
        fields = _joined(fields, parse_levels(levels), basis)
    if "as_of" not in fields:
        fields["as_of"] = fetched_at
        basis["as_of"] = "the time of the request: the answer has none"
    shell = Snapshot(
        symbol=symbol, source="flashalpha", fetched_at=fetched_at, basis=basis, **fields
    )
    return shell.replace(missing=reasons(shell, asked))


def _joined(fields: Fields, levels: Fields, basis: dict[str, str]) -> Fields:
    """`fields` with what only the levels know, and their flip where they have one."""
    first = levels if "gamma_flip" in levels or "gamma_flip" not in fields else fields
    flip = {name: first.get(name) for name in ("gamma_flip", "gamma_flip_status")}
    if flip["gamma_flip"] is None and flip["gamma_flip_status"] is None:
        flip["gamma_flip_status"] = fields.get("gamma_flip_status")
    when, levels_when = fields.get("as_of"), levels.pop("as_of", None)
    levels.pop("basis", None)
    if when is None and levels_when is not None:
        fields["as_of"] = levels_when
    elif when and levels_when and abs(when - levels_when) > _APART:
        for name in set(levels) - {"spot", "market_open", "gamma_flip_status"}:
            basis[name] = f"levels of {levels_when.isoformat(timespec='minutes')}"
    return _present({**levels, **fields, **flip})


def reasons(snapshot: Snapshot, asked: Asked) -> dict[str, str]:
    """Why each figure that `snapshot` lacks is missing, and what would fill it."""
    lacking = [name for name in FIGURES if getattr(snapshot, name) is None]
    if snapshot.gamma == "unknown":
        lacking.append("gamma")
    lacking += [name for name in ("scores", "iv_term", "term_vrp") if not getattr(snapshot, name)]
    return {name: _reason(name, snapshot, asked) for name in lacking}


_FLIP = frozenset({"gamma_flip", "gamma_flip_status"})
_WALLS = frozenset({"put_wall", "call_wall", "highest_oi_strike"})
_PEAKS = frozenset({"max_gamma", "max_negative_gamma"})
_SPREADS = frozenset({"atm_spread_pct", "wing_spread_pct"})
_VRP_ONLY = frozenset(
    {
        *("put_vrp", "call_vrp", "downside_rv", "upside_rv", "variance_premium", "fair_vol"),
        *("vrp_regime", "vanna_outlook", "harvest_score", "net_harvest_score"),
        *("dealer_flow_risk", "scores", "score_kind", "term_vrp", "history_days"),
    }
)
_WHAT = {
    "put_vrp": "directional premium",
    "call_vrp": "directional premium",
    "scores": "structure scores",
    "score_kind": "structure scores",
    "gamma": "gamma regime",
    "gamma_basis": "gamma regime",
    "vix_term_slope": "VIX term structure",
    "rv_5d": "5-day volatility",
    "rv_10d": "10-day volatility",
    "rv_30d": "30-day volatility",
    "vrp_5d": "5-day spread",
    "vrp_10d": "10-day spread",
    "vrp_30d": "30-day spread",
}
_CLOSES = {"rv_5d": 6, "rv_10d": 11, "rv_20d": 21, "rv_30d": 31, "rv_60d": 61, "rv_90d": 91}


def _reason(name: str, snapshot: Snapshot, asked: Asked) -> str:
    symbol, main = snapshot.symbol, asked.main
    plan = f"the {asked.plan} plan"
    what = _WHAT.get(name) or str(FIGURES.get(name, {}).get("label") or name)
    null = f"FlashAlpha gave none for {symbol}"
    alpha = f"{plan} has no {what}; the Alpha plan's /v1/vrp gives it"
    growth = f"{plan} has no {what}; the Growth plan's /v1/volatility gives it"
    if name == "next_earnings":
        return f"not delivered by FlashAlpha: vrp-xl watchlist add {symbol} --earnings DATE"
    if name in {"iv_rank", "iv_percentile"}:
        return "not delivered by FlashAlpha; it needs stored days of ATM IV: they grow by one a day"
    if name in RANGE_FIGURES:
        return f"not delivered by FlashAlpha. {WHAT_FILLS_IT}"
    if name == "atm_oi":
        return "not delivered by FlashAlpha; an option chain has it"
    if name in _CLOSES and (name == "rv_90d" or (name == "rv_60d" and main == VRP)):
        return (
            f"needs {_CLOSES[name]} closes; {asked.closes} stored: they grow by one a day, or "
            f"vrp-xl history import FILE --symbol {symbol} --field close"
        )
    if name == "atm_iv_30d":
        tenors = sorted({p.dte for p in snapshot.iv_term} | {p.dte for p in snapshot.term_vrp})
        have = ", ".join(str(t) for t in tenors) or "none"
        return f"no expiries on both sides of 30 days (days to expiry: {have})"
    if name in {"z_score", "percentile"}:
        if main != VRP:
            return (
                f"{plan} has none; the Alpha plan's /v1/vrp gives it, or stored days of the "
                "20-day spread, which grow by one a day"
            )
        days = snapshot.history_days
        return "the vendor has too little history" + (
            f" ({days} days): it grows by one a day" if days is not None else ""
        )
    if name in _FLIP | _WALLS | _PEAKS and asked.levels_failed:
        return f"the levels did not come: {asked.levels_failed}"
    if name in _FLIP | {"gamma", "gamma_basis"}:
        status = snapshot.gamma_flip_status
        if status and status != "available":
            return f"withheld by the vendor: {status}"
        if name == "gamma_flip_status":
            return "the answer says nothing of it"
        return alpha if main == VOLATILITY and name not in _FLIP else null
    if name in _PEAKS and main == SUMMARY:
        return "the stock summary has none; from the Growth plan on /v1/exposure/levels is asked"
    if name in _VRP_ONLY and main != VRP:
        return alpha
    if name == "vix_term_slope" and main == VOLATILITY:
        return alpha
    if name in _SPREADS and main != VOLATILITY:
        return (
            growth
            if main == SUMMARY
            else "/v1/vrp has none; an option chain or the Growth plan's /v1/volatility has it"
        )
    if main == SUMMARY and name in {"rv_5d", "rv_10d", "rv_30d", "vrp_5d", "vrp_10d", "vrp_30d"}:
        return growth
    if name == "iv_term" and main == VRP:
        return "/v1/vrp gives its tenors as term VRP"
    return null


# --- leaves -------------------------------------------------------------------------------------


def _object(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _objects(parent: Mapping[str, Any], key: str, limit: int = _MANY) -> list[dict[str, Any]]:
    value = parent.get(key)
    return [v for v in value[:limit] if isinstance(v, dict)] if isinstance(value, list) else []


def _positive(value: object) -> float | None:
    """A price, a strike or an IV."""
    number = finite(value)
    return number if number is not None and 0 < number <= _LARGEST else None


def _not_negative(value: object) -> float | None:
    """A realized volatility, a width or a count."""
    number = finite(value)
    return number if number is not None and 0 <= number <= _LARGEST else None


def _whole(value: object) -> int | None:
    number = _not_negative(value)
    return None if number is None else int(number)


def _text(value: object) -> str | None:
    return (plain(value, _TEXT) or None) if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    texts = (_text(v) for v in value[:_MANY]) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(t for t in texts if t))


def _scores(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        return {}
    found = {_text(k): finite(v) for k, v in list(value.items())[:_MANY]}
    return {k: v for k, v in found.items() if k and v is not None}


def _date(value: object) -> date | None:
    match = _DAY.match(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(match.group()) if match else None
    except ValueError:
        return None


def _unlimited(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "unlimited"


def _count(value: object) -> int | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return _whole(value)


def _unix(value: object) -> datetime | None:
    seconds = _count(value)
    try:
        return None if not seconds else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _days(row: Mapping[str, Any], key: str = "days_to_expiry") -> int | None:
    number = finite(row.get(key))
    return round(number) if number is not None and 1 <= number <= _LONGEST else None


def _common(answer: Mapping[str, Any]) -> Fields:
    market_open = answer.get("market_open")
    feed = parse_time(_object(answer, "data_as_of").get("equity_options_feed"))
    options = feed.isoformat(timespec="seconds") if feed else ""
    return {
        "as_of": parse_time(answer.get("as_of")),
        "spot": _positive(answer.get("underlying_price")),
        "market_open": market_open if isinstance(market_open, bool) else None,
        "sample": answer.get("simulated") is True or None,
        "basis": {"as_of": f"time of the answer; option quotes of {options}"} if feed else None,
    }


def _gamma(value: object) -> Gamma:
    if value == "positive_gamma":
        return "positive"
    return "negative" if value == "negative_gamma" else "unknown"


def _gamma_fields(gamma: Gamma) -> Fields:
    return {"gamma": gamma, "gamma_basis": None if gamma == "unknown" else "vendor"}


def _flip(block: Mapping[str, Any]) -> Fields:
    status = _text(block.get("gamma_flip_status"))
    withheld = status is not None and status != "available"
    return {
        "gamma_flip": None if withheld else _positive(block.get("gamma_flip")),
        "gamma_flip_status": status,
    }


def _wings(skew: Mapping[str, Any]) -> Fields:
    return {
        "put_wing_iv": _positive(skew.get("put_25d_iv")),
        "call_wing_iv": _positive(skew.get("call_25d_iv")),
    }


def _wings_basis(skew: Mapping[str, Any]) -> dict[str, str]:
    days = _days(skew)
    text = f"the expiry in {days} days" if days else "one expiry"
    return {name: text for name, value in _wings(skew).items() if value is not None}


def _with_basis(fields: Fields, basis: dict[str, str]) -> Fields:
    return {**fields, "basis": {**(fields.get("basis") or {}), **basis}}


def _term_vrp(value: object) -> tuple[TermPoint, ...]:
    found: dict[int, TermPoint] = {}
    for row in _objects({"rows": value}, "rows"):
        dte, iv = _days(row, "dte"), _positive(row.get("iv"))
        if dte is not None and iv is not None:
            rv, vrp = _not_negative(row.get("rv")), finite(row.get("vrp"))
            found.setdefault(dte, TermPoint(dte, iv, rv, vrp))
    return tuple(found[dte] for dte in sorted(found))


def _iv_points(rows: Iterable[tuple[int | None, object]]) -> tuple[IvPoint, ...]:
    found: dict[int, float] = {}
    for dte, value in rows:
        iv = _positive(value)
        if dte is not None and iv is not None:
            found.setdefault(dte, iv)
    return tuple(IvPoint(dte, found[dte]) for dte in sorted(found))


def _iv_30d(points: Iterable[IvPoint]) -> Fields:
    return {"atm_iv_30d": interpolate_iv([(float(p.dte), p.iv) for p in points], 30.0)}


def _present(fields: Fields) -> Fields:
    return {k: v for k, v in fields.items() if v is not None and v not in ((), {})}


def _check_symbol(symbol: str, answer: Mapping[str, Any]) -> None:
    told = answer.get("symbol")
    if not isinstance(told, str):
        return
    wanted, came = (
        "".join(c for c in s.upper().partition("=")[0] if c.isalnum()) for s in (symbol, told)
    )
    if came and wanted != came:
        raise BadAnswerError(
            f"FlashAlpha was asked for {symbol} and answered for {plain(told, 20)}.",
            "Try again later.",
        )
