"""Completes a snapshot with what only a history can tell.

A source says what it says; the days that were stored before say the rest: realized volatility
over windows that the source does not have, our own z-score and percentile where the source has
none, IV rank and IV percentile. What is filled is named in `Snapshot.basis`, what cannot be
filled says in `Snapshot.missing` what would fill it. A figure that the source delivered is
never replaced.

Pure: may not import anything of the package outside `vrp_xl.core` and `vrp_xl.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vrp_xl.core import calendar, standing
from vrp_xl.core.premium import spread, variance_premium
from vrp_xl.core.realized import close_to_close, one_sided
from vrp_xl.errors import NoNumberError, VrpError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from vrp_xl.core.snapshot import Snapshot

OWN = "own history"
"""Every basis that this module writes begins with it, so that it can be made anew."""

_WINDOWS = {"rv_5d": 5, "rv_10d": 10, "rv_20d": 20, "rv_30d": 30, "rv_60d": 60, "rv_90d": 90}

Dated = tuple["date", float]


def complete(
    snapshot: Snapshot,
    history: Mapping[str, Sequence[Dated]],
    *,
    day: date,
    z_window: int = standing.Z_WINDOW,
    z_days_min: int = standing.Z_DAYS_MIN,
) -> Snapshot:
    """Fills what is missing in `snapshot` from the stored series.

    Args:
        snapshot: as delivered, or as completed before (own figures are made anew).
        history: series by name (``close``, ``atm_iv``, ``vrp_20d``), each (day, value), oldest
            first; the snapshot's own day may be among them and is taken out where it must be.
        day: the trading day of the snapshot.
        z_window: days of history behind a z-score, at most.
        z_days_min: fewer days than this give no z-score.

    Returns:
        The completed snapshot.
    """
    done = _without_own(snapshot)
    done = _realized(done, _upto(history.get("close", ()), day, done.spot))
    done = _spread(done)
    done = _z(done, _before(history.get("vrp_20d", ()), day), z_window, z_days_min)
    return _iv_standing(done, _before(history.get("atm_iv", ()), day), z_window, z_days_min)


def _without_own(snapshot: Snapshot) -> Snapshot:
    """The snapshot as it was delivered."""
    own = [name for name, basis in snapshot.basis.items() if basis.startswith(OWN)]
    if not own:
        return snapshot
    basis = {k: v for k, v in snapshot.basis.items() if k not in own}
    return snapshot.replace(basis=basis, **dict.fromkeys(own))


def _before(series: Sequence[Dated], day: date) -> list[float]:
    return [value for when, value in series if when < day]


def _upto(series: Sequence[Dated], day: date, spot: float | None) -> list[Dated]:
    """Closes up to the day itself: a stored close of that day, else the spot, ends them."""
    closes = [dated for dated in series if dated[0] <= day]
    if spot is not None and spot > 0 and closes and closes[-1][0] < day:
        closes.append((day, spot))
    return closes


def _window(dated: Sequence[Dated], window: int, symbol: str) -> list[float]:
    """The newest closes that `window` daily returns need.

    Raises:
        NoNumberError: too few of them, or too many trading days missing among them: a return
            over several days is not a daily one.
        InputError: outside the years of the trading calendar.
    """
    fix = f"They grow by one a day, or: vrp-xl history import FILE --symbol {symbol} --field close"
    if len(dated) <= window:
        raise NoNumberError(f"{len(dated)} of {window + 1} closes are stored.", fix)
    used = dated[-window - 1 :]
    absent = len(calendar.trading_days(used[0][0], used[-1][0])) - len(used)
    if absent > window // 10:
        raise NoNumberError(f"{absent} trading days are missing among {window + 1} closes.", fix)
    return [close for _, close in used]


def _realized(snapshot: Snapshot, dated: Sequence[Dated]) -> Snapshot:
    found: dict[str, Any] = {}
    basis = dict(snapshot.basis)
    missing: dict[str, str] = {}
    for name, window in _WINDOWS.items():
        if getattr(snapshot, name) is None:
            try:
                found[name] = close_to_close(_window(dated, window, snapshot.symbol))
            except VrpError as error:
                missing[name] = str(error)
            else:
                basis[name] = f"{OWN}: {window + 1} closes"
    if snapshot.downside_rv is None and snapshot.upside_rv is None:
        sides = ("downside_rv", "upside_rv")
        try:
            found.update(zip(sides, one_sided(_window(dated, 20, snapshot.symbol)), strict=True))
        except VrpError as error:
            missing.update(dict.fromkeys(sides, str(error)))
        else:
            basis.update(dict.fromkeys(sides, f"{OWN}: 21 closes"))
    return snapshot.replace(basis=basis, missing=missing, **found)


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
    basis = dict(snapshot.basis)
    for name, iv_name, rv_name, words in _SPREADS:
        iv, rv = getattr(snapshot, iv_name), getattr(snapshot, rv_name)
        if getattr(snapshot, name) is None and iv is not None and rv is not None:
            found[name] = spread(iv, rv)
            basis[name] = f"{OWN}: {words}"
    iv, rv = snapshot.atm_iv, snapshot.rv_20d
    if snapshot.variance_premium is None and iv is not None and rv is not None:
        found["variance_premium"] = variance_premium(iv, rv)
        basis["variance_premium"] = f"{OWN}: ATM IV and RV20"
    return snapshot.replace(basis=basis, **found)


def _z(snapshot: Snapshot, spreads: Sequence[float], window: int, days_min: int) -> Snapshot:
    if snapshot.z_score is not None:
        return snapshot
    if _of_another_tenor(snapshot):
        return _lacking(snapshot, _Z, snapshot.missing["atm_iv_30d"])
    if snapshot.vrp_20d is None:
        return _lacking(snapshot, _Z, "there is no spread to compare")
    days = min(len(spreads), window)
    if days < days_min:
        why = (
            f"{days} of {days_min} days of spreads are stored; they grow by one a day, or: "
            f"vrp-xl history import FILE --symbol {snapshot.symbol} --field vrp_20d"
        )
        basis = {**snapshot.basis, "history_days": f"{OWN}: days stored so far"}
        return _lacking(snapshot.replace(history_days=days, basis=basis), _Z, why)
    newest = spreads[-days:]
    try:
        found: dict[str, Any] = {"z_score": standing.zscore(snapshot.vrp_20d, newest)}
    except VrpError as error:
        return _lacking(snapshot, _Z, str(error))
    found["history_days"] = days
    if snapshot.percentile is None:
        found["percentile"] = standing.percentile(snapshot.vrp_20d, newest)
    told = f"{OWN}: spread over the {days} days before"
    return snapshot.replace(basis={**snapshot.basis, **dict.fromkeys(found, told)}, **found)


def _iv_standing(snapshot: Snapshot, ivs: Sequence[float], window: int, days_min: int) -> Snapshot:
    """IV rank and IV percentile, where the source gave none."""
    if snapshot.iv_rank is not None:
        return snapshot
    if snapshot.atm_iv is None:
        return _lacking(snapshot, _IV, "there is no ATM IV to compare")
    if _of_another_tenor(snapshot):
        return _lacking(snapshot, _IV, snapshot.missing["atm_iv_30d"])
    days = min(len(ivs), window)
    if days < days_min:
        why = (
            f"{days} of {days_min} days of ATM IV are stored; they grow by one a day, or: "
            f"vrp-xl history import FILE --symbol {snapshot.symbol} --field atm_iv"
        )
        return _lacking(snapshot, _IV, why)
    newest = ivs[-days:]
    try:
        found: dict[str, Any] = {"iv_rank": standing.rank(snapshot.atm_iv, newest)}
    except VrpError as error:
        return _lacking(snapshot, _IV, str(error))
    if snapshot.iv_percentile is None:
        found["iv_percentile"] = standing.percentile(snapshot.atm_iv, newest)
    told = f"{OWN}: ATM IV over the {days} days before"
    return snapshot.replace(basis={**snapshot.basis, **dict.fromkeys(found, told)}, **found)


NEAREST = "nearest expiry"
"""The basis of an ATM IV that is not the 30-day one begins so: no history compares with it."""


def _of_another_tenor(snapshot: Snapshot) -> bool:
    told = snapshot.basis.get("atm_iv", "").startswith(NEAREST)
    return told and "atm_iv_30d" in snapshot.missing


_Z = ("z_score", "percentile")
_IV = ("iv_rank", "iv_percentile")


def _lacking(snapshot: Snapshot, names: Sequence[str], why: str) -> Snapshot:
    """The snapshot with `why` as the reason of those among `names` that are missing."""
    return snapshot.replace(
        missing={name: why for name in names if getattr(snapshot, name) is None}
    )
