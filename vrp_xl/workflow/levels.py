"""What a chain says by expiry and by strike, as tables: levels, crossings, what was left out.

Plain rows for cells, the terminal and JSON; missing is None. Reads a snapshot only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vrp_xl.core.snapshot import FIGURES, Crossing, ExpiryPoint, StrikePoint
from vrp_xl.errors import InputError, MissingError

if TYPE_CHECKING:
    from vrp_xl.core.snapshot import Snapshot

LEVELS = ("gamma_flip", "put_wall", "call_wall", "max_gamma", "max_negative_gamma",
          "highest_oi_strike", "net_gex")  # fmt: skip
"""The figures that the traded window has beside those of all expiries."""

TABLES = ("levels", "crossings", "expiries", "strikes", "dropped")

_EXPIRY_HEAD = ["days", "ATM IV", "put wing IV", "call wing IV", "skew", "straddle",
                "expected move", "net GEX", "open interest", "ATM spread %"]  # fmt: skip
_STRIKE_HEAD = ["strike", "call GEX", "put GEX", "net GEX", "open interest"]


def table(s: Snapshot, name: str) -> list[list[Any]]:
    """One of `TABLES` with its header row.

    Raises:
        InputError: there is no such table.
        MissingError: the source has no chain behind its figures, or nothing of that kind.
    """
    word = name.strip().lower()
    if word not in TABLES:
        raise InputError(f"There is no table {name!r}.", "Tables: " + ", ".join(TABLES) + ".")
    if word == "levels":
        return levels(s)
    if not s.expiries:
        raise MissingError(
            f"{s.symbol} has no {word}: no option chain stands behind its figures.",
            "A source of option chains has them; a record from before is renewed by a refresh.",
        )
    if word == "crossings":
        if not s.crossings:
            raise MissingError(f"{s.symbol} has no crossing: {s.gamma_flip_status}.")
        return crossings(s)
    if word == "expiries":
        return [list(_EXPIRY_HEAD), *map(_expiry, s.expiries)]
    if word == "strikes":
        return [list(_STRIKE_HEAD), *map(_strike, s.by_strike)]
    return [["left out", "contracts"], *([why, n] for why, n in s.dropped.items())]


def window_words(s: Snapshot) -> str:
    """Such as "30 to 60 days"; empty where there is no traded window."""
    w = s.window_levels
    return f"{w['dte_min']:.0f} to {w['dte_max']:.0f} days" if "dte_max" in w else ""


def levels(s: Snapshot) -> list[list[Any]]:
    """Level, all expiries, the traded window, and why one of them is missing."""
    head = ["level", "all expiries", window_words(s) or "traded window", "why one is missing"]
    return [head, *(_level(s, name) for name in LEVELS)]


def _level(s: Snapshot, name: str) -> list[Any]:
    every, window = getattr(s, name), s.window_levels.get(name)
    why = []
    if every is None:
        said = s.gamma_flip_status if name == "gamma_flip" else None
        why.append(s.missing.get(name) or said or "the source does not give it")
    if window is None:
        days = window_words(s)
        why.append(
            f"{days}: none" if days else "traded window: no option chain is behind the figures"
        )
    return [FIGURES[name]["label"], every, window, "; ".join(why) or None]


def crossings(s: Snapshot) -> list[list[Any]]:
    """Spot, which way gamma turns above it, distance in percent of spot."""
    rows = [
        [c.spot, "positive above" if c.direction == "up" else "negative above",
         100.0 * (c.spot / s.spot - 1.0) if s.spot else None]
        for c in s.crossings
    ]  # fmt: skip
    return [["spot", "gamma is", "% from spot"], *rows]


def _expiry(e: ExpiryPoint) -> list[Any]:
    both = e.put_wing_iv is not None and e.call_wing_iv is not None
    skew = (e.put_wing_iv or 0.0) - (e.call_wing_iv or 0.0) if both else None
    return [
        e.dte, e.atm_iv, e.put_wing_iv, e.call_wing_iv, skew, e.straddle, e.expected_move,
        e.net_gex, e.open_interest, e.atm_spread_pct,
    ]  # fmt: skip


def _strike(p: StrikePoint) -> list[Any]:
    return [p.strike, p.call_gex, p.put_gex, p.call_gex + p.put_gex, p.open_interest]


def levels_dict(s: Snapshot) -> dict[str, Any]:
    """All of it in plain types for JSON."""
    return {
        "window": dict(s.window_levels) or None,
        "crossings": [c._asdict() for c in s.crossings],
        "expiries": [e._asdict() for e in s.expiries],
        "strikes": [p._asdict() for p in s.by_strike],
        "dropped": dict(s.dropped),
    }


def crossing_words(c: Crossing) -> str:
    """Such as "positive above 4,006.42"."""
    return f"{'positive' if c.direction == 'up' else 'negative'} above {c.spot:,.2f}"
