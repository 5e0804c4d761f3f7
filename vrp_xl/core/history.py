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

from vrp_xl.core import standing
from vrp_xl.core.realized import close_to_close, one_sided
from vrp_xl.errors import VrpError

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


def _upto(series: Sequence[Dated], day: date, spot: float | None) -> list[float]:
    """Closes up to the day itself: a stored close of that day, else the spot, ends them."""
    closes = [value for when, value in series if when <= day]
    if spot is not None and spot > 0 and closes and series[-1][0] < day:
        closes.append(spot)
    return closes


def _realized(snapshot: Snapshot, closes: Sequence[float]) -> Snapshot:
    found: dict[str, Any] = {}
    basis = dict(snapshot.basis)
    missing: dict[str, str] = {}
    for name, window in _WINDOWS.items():
        if getattr(snapshot, name) is not None:
            continue
        if len(closes) > window:
            try:
                found[name] = close_to_close(closes, window)
            except VrpError as error:
                missing[name] = str(error)
                continue
            basis[name] = f"{OWN}: {window + 1} closes"
        else:
            missing[name] = (
                f"{len(closes)} of {window + 1} closes are stored; they grow by one a day, or: "
                f"vrp-xl history import FILE --symbol {snapshot.symbol} --field close"
            )
    if snapshot.downside_rv is None and snapshot.upside_rv is None and len(closes) > 20:
        found["downside_rv"], found["upside_rv"] = one_sided(closes, 20)
        basis["downside_rv"] = basis["upside_rv"] = f"{OWN}: 21 closes"
    return snapshot.replace(basis=basis, missing=missing, **found)


def _spread(snapshot: Snapshot) -> Snapshot:
    """ATM IV minus RV20, and the variance premium, where the source gave only the parts."""
    iv, rv = snapshot.atm_iv, snapshot.rv_20d
    if iv is None or rv is None:
        return snapshot
    found: dict[str, Any] = {}
    basis = dict(snapshot.basis)
    if snapshot.vrp_20d is None:
        found["vrp_20d"] = iv - rv
        basis["vrp_20d"] = f"{OWN}: ATM IV minus RV20"
    if snapshot.variance_premium is None:
        found["variance_premium"] = (iv / 100.0) ** 2 - (rv / 100.0) ** 2
        basis["variance_premium"] = f"{OWN}: ATM IV and RV20"
    return snapshot.replace(basis=basis, **found) if found else snapshot


def _z(snapshot: Snapshot, spreads: Sequence[float], window: int, days_min: int) -> Snapshot:
    if snapshot.z_score is not None:
        return snapshot
    days = min(len(spreads), window)
    if snapshot.vrp_20d is None:
        return snapshot.replace(missing={"z_score": "there is no spread to compare"})
    if days < days_min:
        why = (
            f"{days} of {days_min} days of spreads are stored; they grow by one a day, or: "
            f"vrp-xl history import FILE --symbol {snapshot.symbol} --field vrp_20d"
        )
        return snapshot.replace(
            history_days=days,
            basis={**snapshot.basis, "history_days": f"{OWN}: days stored so far"},
            missing={"z_score": why, "percentile": why},
        )
    newest = spreads[-days:]
    try:
        z = standing.zscore(snapshot.vrp_20d, newest)
    except VrpError as error:
        return snapshot.replace(missing={"z_score": str(error), "percentile": str(error)})
    told = f"{OWN}: spread over the {days} days before"
    return snapshot.replace(
        z_score=z,
        percentile=standing.percentile(snapshot.vrp_20d, newest),
        history_days=days,
        basis={**snapshot.basis, "z_score": told, "percentile": told, "history_days": told},
    )


def _iv_standing(snapshot: Snapshot, ivs: Sequence[float], window: int, days_min: int) -> Snapshot:
    """IV rank and IV percentile, where the source gave none."""
    if snapshot.iv_rank is not None or snapshot.atm_iv is None:
        return snapshot
    days = min(len(ivs), window)
    if days < days_min:
        why = (
            f"{days} of {days_min} days of ATM IV are stored; they grow by one a day, or: "
            f"vrp-xl history import FILE --symbol {snapshot.symbol} --field atm_iv"
        )
        return snapshot.replace(missing={"iv_rank": why, "iv_percentile": why})
    newest = ivs[-days:]
    try:
        rank = standing.rank(snapshot.atm_iv, newest)
    except VrpError as error:
        return snapshot.replace(missing={"iv_rank": str(error), "iv_percentile": str(error)})
    told = f"{OWN}: ATM IV over the {days} days before"
    return snapshot.replace(
        iv_rank=rank,
        iv_percentile=standing.percentile(snapshot.atm_iv, newest),
        basis={**snapshot.basis, "iv_rank": told, "iv_percentile": told},
    )
