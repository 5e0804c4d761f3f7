"""Completes a snapshot with what only a history can tell.

A source says what it says; the days that were stored before say the rest: realized volatility
over windows that the source does not have, our own z-score and percentile where the source has
none, IV rank and IV percentile, and all three over 60, 252 and 504 days. Until a symbol has days
enough of its own, the history of its index of implied volatility (VIX for SPY) stands in: that
index today against that index before, never an ATM IV against an index.

What is filled is named in `Snapshot.basis`, what cannot be filled says in `Snapshot.missing` what
would fill it. A figure that the source delivered is never replaced.

Pure: may not import anything of the package outside `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vrp_xl.core import calendar, gaps, splits, standing
from vrp_xl.core.implied import interpolate_iv
from vrp_xl.core.iv_index import INDICES, index_of
from vrp_xl.core.premium import spread, variance_premium
from vrp_xl.core.realized import close_to_close, one_sided
from vrp_xl.core.snapshot import TermPoint
from vrp_xl.errors import InputError, NoNumberError, VrpError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from vrp_xl.core.snapshot import Snapshot

OWN = "own history"
"""Every basis of a figure from the symbol's own series begins with it."""
NEAREST = "nearest expiry"
"""The basis of an ATM IV that is not the 30-day one begins so: no history compares with it."""

SPLIT = "split"
"""The series of marks: first day at the new price -> new shares for an old one (1: no split)."""
CLOSE = "close"
SERIES = (CLOSE, "atm_iv", "vrp_20d", SPLIT)
"""The series of a symbol that `complete` looks at, beside those of `proxy_of`."""

WINDOWS = (60, 252, 504)
"""Trading days over which z-score, IV rank and IV percentile stand side by side."""
DAYS_KEPT = WINDOWS[-1] + 120
"""Days of each series that are looked at: the longest window and what its first days rest on."""

_RV_WINDOWS = {"rv_5d": 5, "rv_10d": 10, "rv_20d": 20, "rv_30d": 30, "rv_60d": 60, "rv_90d": 90}
_SPREAD_RV = 20

_Z = ("z_score", "percentile")
_IV = ("iv_rank", "iv_percentile")
_Z_WINDOWED = {window: f"z_{window}" for window in WINDOWS}
_RANK_WINDOWED = {window: f"iv_rank_{window}" for window in WINDOWS}
_PERCENTILE_WINDOWED = {window: f"iv_percentile_{window}" for window in WINDOWS}
WINDOWED = (
    *_Z_WINDOWED.values(), *_RANK_WINDOWED.values(), *_PERCENTILE_WINDOWED.values(),
)  # fmt: skip
"""The figures over `WINDOWS`; no source delivers them."""
STANDING = (*_Z, "history_days", *_IV, *WINDOWED)

Dated = tuple["date", float]


def proxy_of(symbol: str) -> str | None:
    """The name of the series that stands in for a symbol's own: its index of volatility.

    >>> proxy_of("SPY"), proxy_of("XOM")
    ('VIX', None)
    """
    return index_of(symbol)


@dataclass(frozen=True, slots=True)
class _Limits:
    window: int
    days_min: int
    days_thin: int


def complete(
    snapshot: Snapshot,
    history: Mapping[str, Sequence[Dated]],
    *,
    day: date,
    z_window: int = standing.Z_WINDOW,
    z_days_min: int = standing.Z_DAYS_MIN,
    z_days_thin: int = standing.Z_DAYS_THIN,
) -> Snapshot:
    """Fills what is missing in `snapshot` from the stored series.

    Args:
        snapshot: as delivered, or as completed before (own figures are made anew).
        history: series by name, each (day, value), oldest first; the snapshot's own day may be
            among them and is taken out where it must be. ``close``, ``atm_iv``, ``vrp_20d``,
            ``split`` (see `SPLIT`), and under the name that `proxy_of` gives (such as ``VIX``) the
            closes of the index.
        day: the trading day of the snapshot.
        z_window: days of history behind the leading z-score, at most.
        z_days_min: fewer days than this give no z-score.
        z_days_thin: fewer days than this are called thin.

    Returns:
        The completed snapshot.
    """
    limits = _Limits(z_window, z_days_min, z_days_thin)
    prices = _prices(snapshot, history, day)
    name = proxy_of(snapshot.symbol) or ""
    index = [dated for dated in history.get(name, ()) if dated[0] <= day]
    done = _without_own(snapshot)
    done = _term(_spread(_realized(done, prices)), prices)
    spreads = _spread_standing(
        done, _before(history.get("vrp_20d", ()), day), prices, name, index, day, limits
    )
    ivs = _iv_standing(done, _before(history.get("atm_iv", ()), day), name, index, day, limits)
    done = _with_iv(_with_z(done, spreads, limits), ivs, limits)
    return done if index else _with_kept(done, snapshot)


def z_from(snapshot: Snapshot) -> str | None:
    """What the leading z-score was made from: ``own history``, an index, or ``as delivered``."""
    if snapshot.z_score is None:
        return None
    basis = snapshot.basis.get("z_score")
    if basis is None:
        return "as delivered"
    return OWN if basis.startswith(OWN) else basis.split(",", 1)[0]


def same_standing(one: Snapshot, other: Snapshot) -> bool:
    """Whether two z-scores compare: one of VIX and one of ATM IV do not."""
    return z_from(one) == z_from(other)


def _is_proxied(basis: str) -> bool:
    return basis.split(" ", 1)[0] in INDICES and " over the " in basis


def _without_own(snapshot: Snapshot) -> Snapshot:
    """The snapshot as it was delivered."""
    own = [
        name
        for name, basis in snapshot.basis.items()
        if basis.startswith(OWN)
        or name == "term_vrp"  # one that was delivered has none
        or (name in STANDING and _is_proxied(basis))
    ]
    if not own:
        return snapshot
    basis = {k: v for k, v in snapshot.basis.items() if k not in own}
    blank: dict[str, Any] = dict.fromkeys(own)
    if "term_vrp" in blank:
        blank["term_vrp"] = ()
    return snapshot.replace(basis=basis, **blank)


def _with_kept(done: Snapshot, before: Snapshot) -> Snapshot:
    """Puts back what an index said, where neither that index nor an own history is there now."""
    back = {
        name: getattr(before, name)
        for name in STANDING
        if _is_proxied(before.basis.get(name, ""))
        and (getattr(done, name) is None or (name == "history_days" and done.z_score is None))
    }
    if not back:
        return done
    basis = dict(done.basis) | {name: before.basis[name] for name in back}
    return done.replace(basis=basis, **back)


def _before(series: Sequence[Dated], day: date) -> list[float]:
    return [value for when, value in series if when < day]


# Closes


@lru_cache(maxsize=64)
def _places(first: date, last: date) -> Mapping[date, int]:
    return {day: n for n, day in enumerate(calendar.trading_days(first, last))}


@dataclass(frozen=True, slots=True)
class Prices:
    """Closes of trading days up to one day, on the footing of the last, and what is odd in them."""

    symbol: str
    day: date
    days: tuple[date, ...] = ()
    closes: tuple[float, ...] = ()
    places: tuple[int, ...] = ()
    """Trading days since the first close."""
    jumps: Mapping[int, splits.Jump] | None = None
    """Index of a close -> the step to it, which may be a split that nobody has spoken about."""
    applied: tuple[tuple[date, float], ...] = ()
    """Splits that were adjusted."""
    error: VrpError | None = None
    """Why there are none at all."""

    def window(self, returns: int) -> tuple[list[float], str]:
        """The newest closes that so many daily returns need, and what they are, in words.

        Raises:
            NoNumberError: too few of them; too many trading days missing among them, or in a row
                (a return over many days is not a daily one); a step that may be a split; or the
                last close is not of the day.
            InputError: outside the years of the trading calendar.
        """
        if self.error is not None:
            raise self.error
        fix = (
            "They grow by one a day, or: "
            f"vrp-xl history import FILE --symbol {self.symbol} --field close"
        )
        if len(self.closes) <= returns:
            raise NoNumberError(f"{len(self.closes)} of {returns + 1} closes are stored.", fix)
        if self.days[-1] != self.day:
            raise NoNumberError(
                f"There is no close of {self.day}; the last is of {self.days[-1]}.", fix
            )
        start = len(self.closes) - returns - 1
        words = f"{returns + 1} closes"
        jump = self._jump(start)
        if jump is not None:
            raise NoNumberError(
                f"{str(jump)[0].upper()}{str(jump)[1:]}: a split that is not adjusted, or the "
                "price itself?",
                f"Say which: {splits.SAY} {self.symbol} {jump.day} "
                f"{splits.ratio_words(jump.ratio) if jump.clear else 'RATIO'} (or: none)",
            )
        gap = gaps.gap_of(self.places[start:])
        if gap.absent:
            if gap.too_many:
                raise NoNumberError(
                    f"{gap.absent} trading days are missing among {returns + 1} closes.", fix
                )
            if gap.too_long:
                at = start + gap.at
                raise NoNumberError(
                    f"There is no close between {self.days[at - 1]} and {self.days[at]}: a return "
                    f"over {gap.span} trading days is not a daily one.",
                    fix,
                )
            lost = "1 trading day is" if gap.absent == 1 else f"{gap.absent} trading days are"
            words += f", {lost} missing: one return spans {gap.span} days"
        for when, ratio in self.applied:
            if self.days[start] < when:
                words += f", adjusted for the {splits.ratio_words(ratio)} split of {when}"
        return list(self.closes[start:]), words

    def _jump(self, start: int) -> splits.Jump | None:
        found = [jump for at, jump in (self.jumps or {}).items() if at > start]
        return found[-1] if found else None

    def realized_before(self, returns: int) -> list[tuple[date, float]]:
        """Close-to-close volatility of so many returns on every day that has them, by day.

        The days whose closes `window` would refuse are left out.
        """
        import numpy as np  # noqa: PLC0415 (only where an index stands in)

        from vrp_xl.core.panel import realized_panel  # noqa: PLC0415

        if len(self.closes) <= returns:
            return []
        places = np.array(self.places)
        good = ~gaps.broken(places, returns, list(self.jumps or {}))
        closes = np.array(self.closes)
        volatility = realized_panel(np.where(closes > 0, closes, np.nan), returns)
        return [
            (self.days[returns + n], float(volatility[returns + n]))
            for n in np.flatnonzero(good).tolist()
            if np.isfinite(volatility[returns + n])
        ]


def prices_of(
    symbol: str,
    closes: Sequence[Dated],
    marks: Mapping[date, float],
    *,
    day: date,
    spot: float | None = None,
) -> Prices:
    """Closes up to `day`: a close of that day, else the spot, ends them.

    Args:
        symbol: whose closes; for sentences.
        closes: (day, close), oldest first; those of days without trading are passed over.
        marks: what has been said of splits, see `SPLIT`.
        day: the last day that counts.
        spot: the price on `day`, where there is no close of it yet.
    """
    used = [dated for dated in closes if dated[0] <= day][-DAYS_KEPT:]
    if spot is not None and spot > 0 and used and used[-1][0] < day:
        used.append((day, spot))
    if not used:
        return Prices(symbol, day)
    try:
        places = _places(used[0][0], used[-1][0])
    except InputError as error:
        return Prices(symbol, day, error=error)
    used = [dated for dated in used if dated[0] in places]
    found = splits.adjusted(used, marks)
    at = {when: n for n, (when, _) in enumerate(used)}
    return Prices(
        symbol,
        day,
        tuple(when for when, _ in used),
        tuple(close for _, close in found.closes),
        tuple(places[when] for when, _ in used),
        {at[jump.day]: jump for jump in found.unsaid},
        tuple(found.applied),
    )


def _prices(snapshot: Snapshot, history: Mapping[str, Sequence[Dated]], day: date) -> Prices:
    return prices_of(
        snapshot.symbol,
        history.get(CLOSE, ()),
        dict(history.get(SPLIT, ())),
        day=day,
        spot=snapshot.spot,
    )


def _realized(snapshot: Snapshot, prices: Prices) -> Snapshot:
    found: dict[str, Any] = {}
    basis = dict(snapshot.basis)
    missing: dict[str, str] = {}
    for name, window in _RV_WINDOWS.items():
        if getattr(snapshot, name) is None:
            try:
                closes, words = prices.window(window)
                found[name] = close_to_close(closes)
            except VrpError as error:
                missing[name] = str(error)
            else:
                basis[name] = f"{OWN}: {words}"
    if snapshot.downside_rv is None and snapshot.upside_rv is None:
        sides = ("downside_rv", "upside_rv")
        try:
            closes, words = prices.window(_SPREAD_RV)
            found.update(zip(sides, one_sided(closes), strict=True))
        except VrpError as error:
            missing.update(dict.fromkeys(sides, str(error)))
        else:
            basis.update(dict.fromkeys(sides, f"{OWN}: {words}"))
    return snapshot.replace(basis=basis, missing=missing, **found)


# Spreads

_SPREADS = (
    ("vrp_5d", "atm_iv", "rv_5d", "ATM IV minus RV5"),
    ("vrp_10d", "atm_iv", "rv_10d", "ATM IV minus RV10"),
    ("vrp_20d", "atm_iv", "rv_20d", "ATM IV minus RV20"),
    ("vrp_30d", "atm_iv", "rv_30d", "ATM IV minus RV30"),
    ("put_vrp", "put_wing_iv", "downside_rv", "put wing IV minus the volatility of falling days"),
    ("call_vrp", "call_wing_iv", "upside_rv", "call wing IV minus the volatility of rising days"),
)


def _spread(snapshot: Snapshot) -> Snapshot:
    """Spreads and the variance premium, where the source gave only the parts."""
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    basis = dict(snapshot.basis)
    for name, iv_name, rv_name, words in _SPREADS:
        iv, rv = getattr(snapshot, iv_name), getattr(snapshot, rv_name)
        if getattr(snapshot, name) is None:
            if iv is not None and rv is not None:
                found[name] = spread(iv, rv)
                basis[name] = f"{OWN}: {words}"
            else:
                part = iv_name if iv is None else rv_name
                why = snapshot.missing.get(part)
                missing[name] = f"no {part}" + (f": {why}" if why else "")
    iv, rv = snapshot.atm_iv, snapshot.rv_20d
    if snapshot.variance_premium is None and iv is not None and rv is not None:
        found["variance_premium"] = variance_premium(iv, rv)
        basis["variance_premium"] = f"{OWN}: ATM IV and RV20"
    return snapshot.replace(basis=basis, missing=missing, **found)


_RETURNS_OF_TENOR = {7: 5, 14: 10, 30: 20, 60: 41, 90: 62}
"""Calendar days -> daily returns in as many; 30 takes the 20 of the spread."""
_TERM_WORDS = (
    f"{OWN}: ATM IV by tenor minus the realized volatility of as many trading days: "
    + ", ".join(f"{tenor} days {returns} returns" for tenor, returns in _RETURNS_OF_TENOR.items())
)


def _term(snapshot: Snapshot, prices: Prices) -> Snapshot:
    """The premium by tenor, where the source gave ATM IV by expiry and nothing of it."""
    if snapshot.term_vrp:
        return snapshot
    points: list[TermPoint] = []
    lacking = ""
    for tenor, returns in _RETURNS_OF_TENOR.items():
        iv = interpolate_iv(snapshot.iv_term, tenor)
        if iv is None:
            continue
        rv = None
        try:
            rv = close_to_close(prices.window(returns)[0])
        except VrpError as error:
            lacking = lacking or str(error)
        points.append(TermPoint(tenor, iv, rv, None if rv is None else spread(iv, rv)))
    if not points:
        return snapshot
    done = snapshot.replace(
        term_vrp=tuple(points), basis={**snapshot.basis, "term_vrp": _TERM_WORDS}
    )
    known = any(point.vrp is not None for point in points)
    return done if known else done.replace(missing={"term_vrp": lacking})


# Where today stands in its history


@dataclass(frozen=True, slots=True)
class _Compared:
    """Today's value and the days before it, of one series."""

    words: str
    today: float
    before: Sequence[float]

    def told(self, days: int) -> str:
        return f"{self.words} over the {days} days before"


@dataclass(frozen=True, slots=True)
class _Lacking:
    """Why nothing can be compared, and how many days are there so far."""

    why: str
    days: int = 0


def of_another_tenor(snapshot: Snapshot) -> bool:
    """Whether ATM IV is that of the nearest expiry, for want of a 30-day one."""
    told = snapshot.basis.get("atm_iv", "").startswith(NEAREST)
    return told and "atm_iv_30d" in snapshot.missing


def _spread_standing(
    s: Snapshot,
    own: Sequence[float],
    prices: Prices,
    name: str,
    index: Sequence[Dated],
    day: date,
    limits: _Limits,
) -> _Compared | _Lacking:
    """The spread against its own history, else that of the index against the index's."""
    if of_another_tenor(s):
        return _Lacking(s.missing["atm_iv_30d"], len(own))
    if s.vrp_20d is not None and len(own) >= limits.days_min:
        return _Compared(f"{OWN}: spread", s.vrp_20d, own)
    if s.vrp_20d is None:
        lacking = f"there is no spread to compare: {s.missing['vrp_20d']}"
    else:
        lacking = _too_few(s.symbol, "spreads", "vrp_20d", len(own), limits)
    if not name:
        return _Lacking(lacking, len(own))
    values = dict(index)
    if day in values:
        realized = prices.realized_before(_SPREAD_RV)
        pairs = [(when, values[when] - rv) for when, rv in realized if when in values]
        if pairs and pairs[-1][0] != day:
            told = f"{name} minus RV20 has no value of {day}; its last is of {pairs[-1][0]}"
        elif len(pairs) > limits.days_min:
            *before, today = (value for _, value in pairs)
            return _Compared(f"{name} minus RV20,", today, before)
        else:
            stored = max(len(pairs) - 1, 0)
            told = f"{name} minus RV20 has {stored} of {limits.days_min} days: import closes too"
    else:
        told = _no_index(name, index, day)
    return _Lacking(f"{lacking}; {told}", len(own))


def _iv_standing(
    s: Snapshot,
    own: Sequence[float],
    name: str,
    index: Sequence[Dated],
    day: date,
    limits: _Limits,
) -> _Compared | _Lacking:
    """ATM IV against its own history, else the index against the index's."""
    if of_another_tenor(s):
        return _Lacking(s.missing["atm_iv_30d"])
    if s.atm_iv is not None and len(own) >= limits.days_min:
        return _Compared(f"{OWN}: ATM IV", s.atm_iv, own)
    if s.atm_iv is None:
        lacking = "there is no ATM IV to compare"
    else:
        lacking = _too_few(s.symbol, "ATM IV", "atm_iv", len(own), limits)
    if not name:
        return _Lacking(lacking)
    if index and index[-1][0] == day:
        before = [value for _, value in index[:-1]]
        if len(before) >= limits.days_min:
            return _Compared(name, index[-1][1], before)
        told = f"{name} has {len(before)} of {limits.days_min} days"
    else:
        told = _no_index(name, index, day)
    return _Lacking(f"{lacking}; {told}")


def _too_few(symbol: str, what: str, field: str, days: int, limits: _Limits) -> str:
    return (
        f"{days} of {limits.days_min} days of {what} are stored; they grow by one a day, or: "
        f"vrp-xl history import FILE --symbol {symbol} --field {field}"
    )


def _no_index(name: str, index: Sequence[Dated], day: date) -> str:
    if not index:
        return (
            f"the history of {name} could stand in: "
            f"vrp-xl history import FILE --symbol {name} --field close"
        )
    return f"{name} has no value of {day}; its last is of {index[-1][0]}"


def _with_z(s: Snapshot, found: _Compared | _Lacking, limits: _Limits) -> Snapshot:
    """The leading z-score with its percentile, and the z-scores over `WINDOWS`."""
    if isinstance(found, _Lacking):
        if s.z_score is None and s.history_days is None:
            days = min(found.days, limits.window)
            basis = {**s.basis, "history_days": f"{OWN}: days stored so far"}
            s = s.replace(history_days=days, basis=basis)
        return _lacking(s, (*_Z, *_Z_WINDOWED.values()), found.why)
    if s.z_score is None:
        days = min(len(found.before), limits.window)
        newest = found.before[-days:]
        try:
            made: dict[str, Any] = {"z_score": standing.zscore(found.today, newest)}
        except VrpError as error:
            s = _lacking(s, _Z, str(error))
        else:
            made["history_days"] = days
            if s.percentile is None:
                made["percentile"] = standing.percentile(found.today, newest)
            s = s.replace(basis=dict(s.basis) | dict.fromkeys(made, found.told(days)), **made)
    return _windowed(s, found, limits, _Z_WINDOWED, standing.zscore)


def _with_iv(s: Snapshot, found: _Compared | _Lacking, limits: _Limits) -> Snapshot:
    """IV rank and IV percentile, where the source gave none, and those over `WINDOWS`."""
    names = (*_IV, *_RANK_WINDOWED.values(), *_PERCENTILE_WINDOWED.values())
    if isinstance(found, _Lacking):
        return _lacking(s, names, found.why)
    if s.iv_rank is None:
        days = min(len(found.before), limits.window)
        newest = found.before[-days:]
        try:
            made: dict[str, Any] = {"iv_rank": standing.rank(found.today, newest)}
        except VrpError as error:
            s = _lacking(s, _IV, str(error))
        else:
            if s.iv_percentile is None:
                made["iv_percentile"] = standing.percentile(found.today, newest)
            s = s.replace(basis=dict(s.basis) | dict.fromkeys(made, found.told(days)), **made)
    s = _windowed(s, found, limits, _RANK_WINDOWED, standing.rank)
    return _windowed(s, found, limits, _PERCENTILE_WINDOWED, standing.percentile)


def _windowed(
    s: Snapshot,
    found: _Compared,
    limits: _Limits,
    names: Mapping[int, str],
    of: Callable[[float, Sequence[float]], float],
) -> Snapshot:
    """One figure over each window. Half a window is enough: less would pass for a longer one."""
    made: dict[str, Any] = {}
    basis: dict[str, str] = {}
    missing: dict[str, str] = {}
    for window, name in names.items():
        days = min(len(found.before), window)
        need = min(window, max(limits.days_min, window // 2))
        if days < need:
            missing[name] = f"{days} of the {need} days that a window of {window} needs are stored"
            continue
        try:
            made[name] = of(found.today, found.before[-days:])
        except VrpError as error:
            missing[name] = str(error)
        else:
            basis[name] = found.told(days) + (", thin" if days < limits.days_thin else "")
    return s.replace(basis=dict(s.basis) | basis, missing=missing, **made)


def _lacking(snapshot: Snapshot, names: Sequence[str], why: str) -> Snapshot:
    """The snapshot with `why` as the reason of those among `names` that are missing."""
    return snapshot.replace(
        missing={name: why for name in names if getattr(snapshot, name) is None}
    )
