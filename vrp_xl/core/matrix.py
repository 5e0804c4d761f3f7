"""The gamma x VRP matrix: which regime, which cell, how far from the flip.

Pure: numbers in, numbers out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from vrp_xl.core.compare import at_least
from vrp_xl.errors import InputError

if TYPE_CHECKING:
    from vrp_xl.core.snapshot import Gamma, GammaBasis

Cell = Literal["A", "B", "C", "D"]

CELL_NAME: dict[Cell, str] = {
    "A": "Premium Paradise",
    "B": "Tempting Trap",
    "C": "Grind It Out",
    "D": "No Trade",
}

CELL_MEANING: dict[Cell, str] = {
    "A": "high premium, dealers dampen moves: any structure that sells premium",
    "B": "high premium, dealers amplify moves: defined risk only",
    "C": "low premium, dealers dampen moves: tight structures",
    "D": "low premium, dealers amplify moves: no trade",
}


class Regime(NamedTuple):
    """The gamma regime in use, what it rests on, and a word where that needs one."""

    gamma: Gamma
    basis: GammaBasis | None
    note: str = ""


def regime(
    gamma: Gamma,
    basis: GammaBasis | None,
    net_gex: float | None,
    unknown: Literal["net_gex", "none", "negative"],
) -> Regime:
    """The regime to use: as delivered, or what the rule makes of an unknown one.

    Args:
        gamma: as delivered.
        basis: what the delivered regime rests on.
        net_gex: USD per 1 % move, signed; None where it is not known.
        unknown: the rule ``unknown_gamma``.

    >>> regime("unknown", None, -2.0e9, "net_gex").gamma
    'negative'
    >>> regime("unknown", None, -2.0e9, "none").gamma
    'unknown'
    """
    if gamma != "unknown":
        return Regime(gamma, basis or "vendor")
    if unknown == "negative":
        return Regime("negative", None, "the regime is not known; the rule counts it as negative")
    if unknown == "net_gex" and net_gex is not None and (net_gex > 0 or net_gex < 0):
        sign: Gamma = "positive" if net_gex > 0 else "negative"
        return Regime(sign, "net_gex", "the regime is not known; this is the sign of net GEX")
    why = "the rule makes no cell of that" if unknown == "none" else "net GEX has no sign either"
    return Regime("unknown", None, f"the gamma regime is not known and {why}")


def cell_of(z: float | None, gamma: Gamma, z_min: float = 1.0) -> Cell | None:
    """The cell; None where the z-score or the regime is not known.

    >>> cell_of(1.0, "positive"), cell_of(1.34, "negative"), cell_of(0.9, "positive")
    ('A', 'B', 'C')
    >>> cell_of(None, "positive") is None
    True
    """
    if z is None or math.isnan(z) or gamma == "unknown":
        return None
    if at_least(z, z_min):
        return "A" if gamma == "positive" else "B"
    return "C" if gamma == "positive" else "D"


def flip_distance(spot: float, flip: float) -> float:
    """Distance from the gamma flip in percent of spot; negative below it.

    >>> round(flip_distance(580.51, 572.50), 2)
    1.38

    Raises:
        InputError: a spot that is not above 0.
    """
    if not spot > 0:
        raise InputError(f"Spot is {spot:g}; it must be above 0.")
    return (spot - flip) / spot * 100.0
