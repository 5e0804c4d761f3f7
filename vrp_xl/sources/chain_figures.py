"""What one option chain says by itself: the figures of a snapshot, before any price history.

Every source that holds a chain goes through here, so that a file, a download and the sample market
give the same figures for the same quotes. Each figure names its convention in `Snapshot.basis`;
what the chain cannot tell says so in `Snapshot.missing`. May not import store, workflow or hosts.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from vrp_xl.core import calendar, history
from vrp_xl.core.chain import clean
from vrp_xl.core.exposure import dollars, exposure_of
from vrp_xl.core.snapshot import STRIKES_KEPT, ExpiryPoint, Snapshot, StrikePoint
from vrp_xl.core.surface import surface_of
from vrp_xl.errors import ServiceError

if TYPE_CHECKING:
    from datetime import datetime

    from vrp_xl.core.chain import Chain, Cleaned
    from vrp_xl.core.exposure import Exposure, Levels
    from vrp_xl.core.surface import Surface


def chain_snapshot(
    chain: Chain,
    *,
    source: str,
    name: str,
    now: datetime,
    window: tuple[int, int] = (30, 60),
) -> Snapshot:
    """What one chain says by itself, before any price history.

    Args:
        chain: as it was read, not cleaned.
        source: name of the source that the snapshot belongs to.
        name: what the chain is called where something is said of it, such as its file's name.
        now: the present moment.
        window: fewest and most days to expiry of the traded window.

    Raises:
        ServiceError: no contract is left of it.
        InputError: its moment is outside the years of the trading calendar.
    """
    cleaned = clean(chain)
    chain = cleaned.chain
    if not len(chain):
        raise ServiceError(f"Every series of {name} has expired by its own date.")
    surface = surface_of(chain, dte_min=window[0], dte_max=window[1])
    exposure = exposure_of(cleaned, dte_min=window[0], dte_max=window[1])
    missing: dict[str, str] = {
        "next_earnings": "a chain tells no earnings date; the watchlist may: vrp-xl watchlist"
    }
    basis: dict[str, str] = {"spot": _left_out(name, cleaned)}
    figures = {
        **_iv_figures(surface, missing, basis, chain.iv30),
        **_gamma_figures(exposure, missing, basis),
        **_liquidity_figures(surface, missing, basis),
    }
    return Snapshot(
        symbol=chain.symbol,
        source=source,
        as_of=chain.as_of,
        fetched_at=now,
        market_open=calendar.session_open(chain.as_of),
        spot=chain.spot,
        iv_term=surface.term,
        crossings=exposure.repriced.crossings,
        window_levels=_window_levels(exposure),
        expiries=_expiries(surface, exposure),
        by_strike=_by_strike(exposure.levels),
        dropped={**cleaned.dropped, **cleaned.marked},
        warnings=(*exposure.notes, *_moment_notes(chain)),
        missing=missing,
        basis=basis,
        made_by=window_rules(window),
        **figures,
    )


def window_rules(window: tuple[int, int]) -> dict[str, float]:
    """The rules that a chain's figures rest on, as `Snapshot.made_by` keeps them."""
    return {"dte_min": window[0], "dte_max": window[1]}


LEVELS = ("net_gex", "put_wall", "call_wall", "max_gamma", "max_negative_gamma",
          "highest_oi_strike")  # fmt: skip


def _window_levels(exposure: Exposure) -> dict[str, float]:
    """The levels of the traded window that there are, and its days."""
    low, high = exposure.window_days
    found = {name: getattr(exposure.window, name) for name in LEVELS}
    found["gamma_flip"] = exposure.window_repriced.flip
    known = {name: value for name, value in found.items() if value is not None}
    return {"dte_min": low, "dte_max": high, **known}


def _expiries(surface: Surface, exposure: Exposure) -> tuple[ExpiryPoint, ...]:
    gex = dict(exposure.levels.by_expiry)
    return tuple(
        ExpiryPoint(
            dte=int(e.days), atm_iv=_short(e.atm_iv), put_wing_iv=_short(e.put_wing_iv),
            call_wing_iv=_short(e.call_wing_iv), straddle=_short(e.straddle),
            expected_move=_short(e.expected_move), net_gex=_short(gex.get(e.ordinal)),
            open_interest=e.open_interest, atm_spread_pct=_short(e.atm_spread_pct),
        )
        for e in surface.expiries
    )  # fmt: skip


def _short(value: float | None) -> float | None:
    """Six digits: more say nothing in a list that is only looked at."""
    return None if value is None else float(f"{value:.6g}")


def _by_strike(levels: Levels) -> tuple[StrikePoint, ...]:
    held = np.abs(levels.call_gex) + np.abs(levels.put_gex)
    most = np.sort(np.argsort(-held, kind="stable")[:STRIKES_KEPT])
    columns = (levels.strikes, levels.call_gex, levels.put_gex, levels.open_interest)
    rows = zip(*(column[most].tolist() for column in columns), strict=True)
    return tuple(StrikePoint(*(float(f"{value:.6g}") for value in row)) for row in rows)


def _left_out(name: str, cleaned: Cleaned) -> str:
    words = f"{name}: {len(cleaned.chain):,} contracts"
    return f"{words}; {cleaned.words}" if cleaned.words else words


def _moment_notes(chain: Chain) -> list[str]:
    if calendar.session_open(chain.as_of):
        return []
    day = calendar.trading_day(chain.as_of)
    if day != chain.today:
        return [f"the market was not open yet: the quotes are those of {day}"]
    return []


def _iv_figures(
    surface: Surface, missing: dict[str, str], basis: dict[str, str], iv30: float | None
) -> dict[str, float | None]:
    at_30 = surface.atm_iv.get(30)
    atm = at_30
    if at_30 is not None:
        basis["atm_iv"] = "30-day ATM IV, call and put at the strike nearest to spot"
        basis["atm_iv_30d"] = "between expiries linear in total variance"
        if iv30 is not None:
            basis["atm_iv_30d"] += f"; the file's own iv30 is {iv30:g}"
    else:
        missing["atm_iv_30d"] = surface.missing[30]
        near = surface.nearest(30)
        if near is None:
            missing["atm_iv"] = surface.missing[30]
        else:
            atm = near.atm_iv
            when = date.fromordinal(near.ordinal)
            basis["atm_iv"] = (
                f"{history.NEAREST}, {when} in {near.days:.0f} days; {surface.missing[30]}"
            )
    for name, value in (
        ("put_wing_iv", surface.put_wing_iv), ("call_wing_iv", surface.call_wing_iv),
    ):  # fmt: skip
        if value is None:
            missing[name] = surface.wings_missing
        else:
            basis[name] = "25-delta IV at 30 days, linear in delta, then in total variance"
    return {
        "atm_iv": atm,
        "atm_iv_30d": at_30,
        "put_wing_iv": surface.put_wing_iv,
        "call_wing_iv": surface.call_wing_iv,
    }


def _gamma_figures(
    exposure: Exposure, missing: dict[str, str], basis: dict[str, str]
) -> dict[str, Any]:
    levels, repriced, window = exposure.levels, exposure.repriced, exposure.window
    low, high = exposure.window_days
    flip = exposure.window_repriced.flip
    alone = {
        "net_gex": None if window.net_gex is None else dollars(window.net_gex),
        "put_wall": _price(window.put_wall),
        "call_wall": _price(window.call_wall),
        "max_gamma": _price(window.max_gamma),
        "max_negative_gamma": _price(window.max_negative_gamma),
        "highest_oi_strike": _price(window.highest_oi_strike),
        "gamma_flip": _price(flip),
    }
    for name, words in alone.items():
        how = "re-priced" if name == "gamma_flip" else "the file's gammas"
        how = "open interest" if name == "highest_oi_strike" else how
        basis[name] = f"{how}, all expiries; {low} to {high} days alone: {words or 'none'}"
    basis["gamma"] = (
        "re-priced at spot; dealers long calls and short puts, an index convention, assumed for a "
        "single stock"
    )
    figures: dict[str, Any] = {
        "gamma": repriced.gamma,
        "gamma_basis": "repriced" if repriced.gamma != "unknown" else None,
        "gamma_flip": repriced.flip,
        "gamma_flip_status": repriced.status,
        **{name: getattr(levels, name) for name in LEVELS},
    }  # fmt: skip
    if repriced.flip is None:
        missing["gamma_flip"] = repriced.status
    for name in alone:
        if figures[name] is None:
            missing.setdefault(name, "no contract of the chain has the open interest for one")
    return figures


def _price(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"


def _liquidity_figures(
    surface: Surface, missing: dict[str, str], basis: dict[str, str]
) -> dict[str, float | None]:
    liquid = surface.liquid
    names = ("atm_oi", "atm_spread_pct", "wing_spread_pct")
    figures = {name: getattr(liquid, name) if liquid is not None else None for name in names}
    for name, value in figures.items():
        if value is None:
            missing[name] = "no quotes: bid or ask is zero" if "spread" in name else "not given"
        elif liquid is not None:
            when = date.fromordinal(liquid.ordinal)
            basis[name] = f"{liquid.root} {when}, in {liquid.days:.0f} days"
    return figures
